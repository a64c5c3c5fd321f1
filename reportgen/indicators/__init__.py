"""Arrays in, arrays out: volatility, swings, flow."""
