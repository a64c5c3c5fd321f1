"""The market simulator: a seeded generator in, a market with its true book out."""
