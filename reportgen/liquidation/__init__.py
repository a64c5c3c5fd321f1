"""How leverage becomes a map: margin arithmetic, deposits and sweeps, uncertainty."""
