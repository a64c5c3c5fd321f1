"""What must not stand in a market folder, table by table: the rules that `market/border.py` enforces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from reportgen.market.scan import Rows
from reportgen.market.tables import TableFormat
from reportgen.units import Bools

CORRECT: Final = "Correct or remove the row"
_PRICES: Final = ("open", "high", "low", "close")
_WIDEST_BAR: Final = 100
"""High over low beyond which a bar is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What must not be in a row.

    Attributes:
        bad: Gives the rows that break the rule, shape (n,). shows: columns whose values the user gets to see.
        fault: What is wrong. next_step: what to do.
    """

    bad: Callable[[Rows], Bools]
    shows: tuple[str, ...]
    fault: str
    next_step: str = CORRECT


def _finite(column: str) -> Rule:
    return Rule(bad=lambda rows: ~np.isfinite(rows.number(column)), shows=(column,), fault="it must be a finite number")


def _finite_or_empty(column: str) -> Rule:
    fault = "it must be finite, or left empty where it is not known"
    return Rule(bad=lambda rows: np.isinf(rows.number(column)), shows=(column,), fault=fault)


def _positive(column: str) -> Rule:
    return Rule(bad=lambda rows: rows.number(column) <= 0, shows=(column,), fault="it must be above zero")


def _not_negative(column: str) -> Rule:
    return Rule(bad=lambda rows: rows.number(column) < 0, shows=(column,), fault="it cannot be negative")


def _outside_bar(rows: Rows) -> Bools:
    """Find bars whose open or close lies outside [low, high]."""
    opened, closed = rows.number("open"), rows.number("close")
    below = np.minimum(opened, closed) < rows.number("low")
    above = np.maximum(opened, closed) > rows.number("high")
    # A bar with its high below its low has a line of its own already.
    outside: Bools = (below | above) & (rows.number("high") >= rows.number("low"))
    return outside


def _implausible(rows: Rows) -> Bools:
    """Find bars whose high is so many times the low that a slip of units is the likelier story."""
    low = rows.number("low")
    wide: Bools = (low > 0) & (rows.number("high") > _WIDEST_BAR * low)
    return wide


def _taker_above_volume(rows: Rows) -> Bools:
    """Find bars whose takers bought more than was traded; the last digits may differ."""
    taker, volume = rows.number("taker_buy_base"), rows.number("volume_base")
    return (taker > volume) & ~np.isclose(taker, volume)


def _overlaps(rows: Rows) -> Bools:
    """Find bars that begin before the bar before them has ended."""
    lengths = rows.per_row(rows.source.intervals[each.keys[2]] for each in rows.series)
    step = np.diff(rows.time_ms, prepend=rows.time_ms[:1])
    return rows.continues() & (step > 0) & (step < lengths)


def _bracket_leaves(rows: Rows) -> Bools:
    """Find brackets that do not begin where the one before them ends."""
    floor, cap = rows.number("notional_floor"), rows.number("notional_cap")
    before = np.concatenate([cap[:1], cap[:-1]])
    # Rows of one floor are duplicates, which are told apart elsewhere.
    again = floor == np.concatenate([floor[:1], floor[:-1]])
    leaves: Bools = rows.continues() & (floor != before) & ~again
    return leaves


_WHOLE_BARS: Final = Rule(
    bad=_overlaps,
    shows=(),
    fault="the bar begins before the one before it has ended",
    next_step="Correct `interval`, which is the length of the bar",
)
_BARS: Final = (
    *(_positive(column) for column in _PRICES),
    Rule(
        bad=lambda rows: rows.number("high") < rows.number("low"),
        shows=("high", "low"),
        fault="the high is below the low",
    ),
    Rule(
        bad=_implausible,
        shows=("high", "low"),
        fault=f"the high is more than {_WIDEST_BAR} times the low, which no bar is",
    ),
    Rule(bad=_outside_bar, shows=_PRICES, fault="open and close must lie between low and high"),
    _not_negative("volume_base"),
    _not_negative("taker_buy_base"),
    Rule(
        bad=_taker_above_volume,
        shows=("taker_buy_base", "volume_base"),
        fault="takers cannot have bought more than was traded",
    ),
    _WHOLE_BARS,
)
_RATES: Final = (
    Rule(
        bad=lambda rows: np.abs(rows.number("funding_rate")) > 1,
        shows=("funding_rate",),
        fault="a rate is a fraction per interval, 0.0001 is 0.01 %",
        next_step="Divide percentages by 100",
    ),
    _positive("interval_hours"),
)
_RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "candles": _BARS,
    "spot_candles": _BARS,
    "mark_candles": _BARS,
    "open_interest": (_not_negative("open_interest_base"), _not_negative("open_interest_quote")),
    "gathering": (),  # the record of who was asked holds words alone
    "funding": _RATES,
    "funding_now": _RATES,
    "liquidations": (
        _not_negative("liquidated_long_quote"),
        _not_negative("liquidated_short_quote"),
        _WHOLE_BARS,
    ),
    "long_short_ratio": (
        Rule(
            bad=lambda rows: rows.number("ratio") <= 0,
            shows=("ratio",),
            fault="a ratio is long over short, 1 where they are even, above zero",
        ),
    ),
    "positions": (_positive("size_base"), _positive("entry_price"), _positive("liquidation_price")),
    "order_book": (_positive("price"), _not_negative("size_base")),
    "leverage_brackets": (
        _not_negative("notional_floor"),
        Rule(
            bad=lambda rows: rows.number("notional_cap") <= rows.number("notional_floor"),
            shows=("notional_floor", "notional_cap"),
            fault="the cap must be above the floor",
        ),
        Rule(
            bad=_bracket_leaves,
            shows=("notional_floor",),
            fault="a bracket must begin where the one before it ends",
            next_step="Add or correct the bracket before it",
        ),
        Rule(
            bad=lambda rows: (
                (rows.number("maintenance_margin_rate") <= 0) | (rows.number("maintenance_margin_rate") > 1)
            ),
            shows=("maintenance_margin_rate",),
            fault="a rate is a fraction, 0.004 is 0.4 %",
        ),
        Rule(bad=lambda rows: rows.number("max_leverage") < 1, shows=("max_leverage",), fault="it must be 1 or more"),
        _not_negative("maintenance_amount"),
    ),
}


def cell_rules(table: TableFormat) -> tuple[Rule, ...]:
    """Give every rule for the cells of a table: first that numbers are numbers, then what they may say."""
    finite = tuple(_finite(column) for column in table.numbers)
    bounded = tuple(_finite_or_empty(column) for column in table.optional)
    return (*finite, *bounded, *_RULES[table.name])
