"""A Brief becomes bytes: charts, HTML, PDF, JSON."""
