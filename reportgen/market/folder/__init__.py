"""A market folder: tables as CSV or Parquet, judged once, read up to a moment, and added to."""
