"""A brief is kept: one transaction a run, a manifest with hashes, rows to ask, and a site to read."""
