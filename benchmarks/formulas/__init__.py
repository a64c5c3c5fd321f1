"""Published formulas for liquidation maps, written from their descriptions, to be beaten; never part of the product.

tape.py           what a formula may read
level_book.py     levels that are swept, fade and are added, bar by bar
catalogue.py      the formulas by name
market_scores.py  engines, formulas and controls on a market folder
worlds.py         the same on simulated markets, whose true book is known
__main__.py       `python -m benchmarks.formulas`
"""
