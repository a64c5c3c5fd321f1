"""Archive dumps of exchanges and data sellers become tables of a market folder."""
