"""Live markets: one file a venue, asked over one connection, judged by the rules of a market folder."""
