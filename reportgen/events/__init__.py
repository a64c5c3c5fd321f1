"""What can override a map: scheduled events from any mix of sources, and what spot money did.

`calendar*` and `flows*` are pure; the rest reads files and fetches feeds at the edge.
"""
