"""The border: what the cells of a market folder say is judged here, once, before anything is computed from it.

Stands between `market/folder/columns.py`, which reads typed rows up to as-of, and `market/folder/read.py`, which
builds frozen market
data from them. Every mistake of a table is collected; nothing is repaired but rows that stand twice word for word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from reportgen.errors import DataError
from reportgen.market.folder.columns import EARLIEST_MS, LATEST_MS, Rows, Series, also
from reportgen.market.folder.tables import TableFormat
from reportgen.market.symbols import base_of
from reportgen.units import Bools, Floats, Milliseconds

# ---- What must not stand in a market folder, table by table: the rules that `market/folder/validate.py` enforces ----

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


_MONTHS_OF_SECONDS: Final = 10**8
_SIDES: Final = {"order_book": ("bid", "ask"), "positions": ("long", "short")}


def checked(rows: Rows) -> tuple[Rows, tuple[str, ...]]:
    """Pass a table over the border.

    Returns:
        The rows, each moment once, and sentences on what was left out.

    Raises:
        DataError: Cells are impossible; one line a rule, each with file, first row and next step.
    """
    if not len(rows.row):
        return rows, ()
    # Wrong units make every later rule complain too, so each stage must be clean before the next.
    for stage in (_time_problems, _cell_problems, _order_problems):
        if problems := stage(rows):
            raise DataError("\n".join(problems))
    again = _repeats(rows)
    notes = _notes(rows, again, "stood in the data twice; each counts once")
    empty = np.zeros(len(rows.row), dtype=np.bool_)
    if rows.source.table.name == "open_interest":
        # A market that trades has open positions: a zero is a venue's outage, not a value.
        empty = (rows.number("open_interest_base") == 0) & ~again
        notes = (*notes, *_notes(rows, empty, "of zero left out: a venue's outage, not a value"))
    return _keep(rows, ~(again | empty)), notes


def _time_problems(rows: Rows) -> list[str]:
    """Report times that are not milliseconds."""
    if rows.source.table.known_at == "date":
        return []
    column, time = rows.source.table.moment, rows.time_ms
    wanted = "times are UTC epoch milliseconds"
    rules = (
        ((time < EARLIEST_MS) & (time >= _MONTHS_OF_SECONDS), f"looks like seconds; {wanted}. Multiply by 1000"),
        (time < _MONTHS_OF_SECONDS, f"is no date; {wanted}. {CORRECT}"),
        ((time >= LATEST_MS) & (time < LATEST_MS * 1000), f"looks like microseconds; {wanted}. Divide by 1000"),
        (time >= LATEST_MS * 1000, f"looks like nanoseconds; {wanted}. Divide by 1000000"),
    )
    lines = []
    for bad, says in rules:
        if bad.any():
            at = _first(rows, bad)
            count = also(int(bad.sum()))
            lines.append(f"{rows.source.file}: row {rows.row[at]}{count}: {column} {time[at]} {says}.")
    return lines


def _cell_problems(rows: Rows) -> list[str]:
    """Report cells that are empty or impossible, one line a rule."""
    return [line for rule in cell_rules(rows.source.table) if (line := _judge(rows, rule))]


def _judge(rows: Rows, rule: Rule) -> str:
    """Write the line for one rule, or "" when no row breaks it."""
    bad = rule.bad(rows)
    if not bad.any():
        return ""
    at = _first(rows, bad)
    values = ", ".join(f"{column} {_shown(rows.number(column)[at])}" for column in rule.shows)
    says = f"{values}: {rule.fault}" if values else rule.fault
    return f"{_place(rows, at, int(bad.sum()))}: {says}. {rule.next_step}."


def _order_problems(rows: Rows) -> list[str]:
    """Report rows that contradict each other, and books whose sides are unknown or crossed."""
    conflict = _same_moment(rows) & ~_repeats(rows)
    lines = []
    if conflict.any():
        at = _first(rows, conflict)
        other = rows.row[at - 1]
        lines.append(
            f"{_place(rows, at, int(conflict.sum()))}: says something else than row {other} about the same moment. "
            "Keep one of them."
        )
    sides = _SIDES.get(rows.source.table.name)
    if sides:
        at = rows.source.table.keys.index("side")
        lines += [
            f"{_place(rows, each.start, 1)}: side `{each.keys[at]}` is unknown; "
            f"a side is {' or '.join(sides)}. {CORRECT}."
            for each in rows.series
            if each.keys[at] not in sides
        ]
    if rows.source.table.name == "order_book":
        lines += _crossed(rows)
    return lines


def _crossed(rows: Rows) -> list[str]:
    """Report snapshots whose best bid is above the best ask: each by itself, for a folder may hold many of one book."""
    price = rows.number("price")
    asks = {each.keys[:2]: each for each in rows.series if each.keys[2] == "ask"}
    lines = []
    for bid in rows.series:
        ask = asks.get(bid.keys[:2])
        if bid.keys[2] != "bid" or not ask:
            continue
        # Rows are sorted by time: the edges of the snapshots on both sides.
        times, first = np.unique(rows.time_ms[bid.rows], return_index=True)
        ask_times, ask_first = np.unique(rows.time_ms[ask.rows], return_index=True)
        highest = np.maximum.reduceat(price[bid.rows], first)
        lowest = np.minimum.reduceat(price[ask.rows], ask_first)
        _, mine, theirs = np.intersect1d(times, ask_times, return_indices=True)
        bad = mine[highest[mine] > lowest[theirs]]
        if len(bad):
            begin = bid.start + int(first[bad[0]])
            end = bid.start + int(first[bad[0] + 1]) if bad[0] + 1 < len(first) else bid.stop
            at = begin + int(np.argmax(price[begin:end]))
            lines.append(f"{_place(rows, at, len(bad))}: the best bid is above the best ask. Check `side`.")
    return lines


def _same_moment(rows: Rows) -> Bools:
    """Find the rows that speak of the same moment as the row before them, shape (n,)."""
    same: Bools = rows.continues() & (np.diff(rows.time_ms, prepend=-1) == 0)
    for column in rows.source.table.order:
        if column in rows.numbers:
            same &= np.diff(rows.number(column), prepend=np.nan) == 0
    return same


def _repeats(rows: Rows) -> Bools:
    """Find the rows that repeat the row before them in every column, shape (n,)."""
    same = _same_moment(rows)
    for column in rows.numbers:
        same &= _as_before(rows.number(column))
    return same


def _as_before(values: Floats) -> Bools:
    """Find the values that equal the one before them, two empty ones included, shape (n,)."""
    before = np.concatenate([values[:1], values[:-1]])
    same: Bools = (values == before) | (np.isnan(values) & np.isnan(before))
    return same


def _keep(rows: Rows, keep: Bools) -> Rows:
    """Keep some rows; series without any are gone."""
    if keep.all():
        return rows
    kept_before = np.concatenate([[0], np.cumsum(keep)])
    series = tuple(
        Series(keys=each.keys, start=int(kept_before[each.start]), stop=int(kept_before[each.stop]))
        for each in rows.series
        if kept_before[each.stop] > kept_before[each.start]
    )
    numbers = {name: values[keep] for name, values in rows.numbers.items()}
    return Rows(source=rows.source, series=series, row=rows.row[keep], time_ms=rows.time_ms[keep], numbers=numbers)


def _notes(rows: Rows, left_out: Bools, says: str) -> tuple[str, ...]:
    """Write one sentence for each series that lost rows; it may reach the page, so it names no file."""
    table = rows.source.table
    counted = ((each, int(left_out[each.rows].sum())) for each in rows.series)
    return tuple(
        f"{table.says.capitalize()} of {base_of(each.keys[0])} on {' '.join(each.keys[1:])}: "
        f"{count} {'row' if count == 1 else 'rows'} {says}."
        for each, count in counted
        if count
    )


def _first(rows: Rows, bad: Bools) -> int:
    """Find the bad row that comes first in the file."""
    places = np.flatnonzero(bad)
    return int(places[np.argmin(rows.row[places])])


def _place(rows: Rows, at: int, count: int) -> str:
    """Say where a row stands and whose it is."""
    keys = next(each.keys for each in rows.series if each.start <= at < each.stop)
    dated = rows.source.table.known_at != "date"
    moment = f", {_moment(int(rows.time_ms[at]))}" if dated else ""
    return f"{rows.source.file}: row {rows.row[at]}{also(count)} ({', '.join(keys)}{moment})"


def _moment(time_ms: Milliseconds) -> str:
    """Write a time for an error message: 2026-01-19T07:00:00Z."""
    return f"{np.datetime64(time_ms, 'ms').astype('datetime64[s]')}Z"


def _shown(value: float) -> str:
    """Write a cell's value: an empty cell and a NaN are the same."""
    return "is empty or NaN" if np.isnan(value) else f"{value:.12g}"
