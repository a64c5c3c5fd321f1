"""The one truth: what a brief is, how it is written, and what changed since the one before."""
