"""Published formulas for liquidation maps, written from their descriptions, to be beaten; never part of the product.

tape.py                what a formula may read
level_book.py          levels that are swept, fade and are added, bar by bar
from_open_interest.py, from_trades.py, catalogue.py   the formulas, and their names
entrants.py            engines and formulas freeze maps of one shape, with their controls
market_scores.py       ranks on a market folder
worlds.py, lift.py, ceiling.py, calibrated.py, simulated_scores.py, pooled.py   simulated markets with a known book
tables.py, __main__.py   `python -m benchmarks.formulas`
"""
