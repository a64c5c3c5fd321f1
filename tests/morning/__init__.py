"""Tests of the morning's work below the command line."""
