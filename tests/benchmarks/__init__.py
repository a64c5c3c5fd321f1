"""Tests of what benchmarks/ compares the product with."""
