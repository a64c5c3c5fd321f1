"""What reportgen's speed and memory are: `python -m benchmarks`, never a timed test."""
