"""Damaged and hostile input for every reader: a few hundred in the tests, more by `python -m tests.fuzz`."""
