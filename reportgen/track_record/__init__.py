"""How good were we: frozen maps and zones held against what happened after them, each beside its control."""
