"""Scripts that make what the project ships: its sample, fonts and generated pages."""
