"""Bytes go out into the world: the output folder."""
