"""The brief: how it is written, what changed since the last, its alerts, and when to look again."""
