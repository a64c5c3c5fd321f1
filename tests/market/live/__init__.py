"""Live markets, proved against eight local exchanges."""
