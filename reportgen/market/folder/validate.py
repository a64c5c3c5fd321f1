"""The rules for single rows of a market folder, held once for files, dumps and live answers.

Rows come typed from `market/folder/columns.py`. A few impossible ones are left out and counted; more than that, or
times in another unit, refuse the table with every rule that was broken. What only several rows or venues together show
is judged in `market/folder/plausible.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reportgen.errors import DataError
from reportgen.market.folder.columns import EARLIEST_MS, SHARE_LEFT_OUT, Rows, also
from reportgen.market.folder.files import LATEST_MS
from reportgen.market.folder.tables import TableFormat
from reportgen.market.symbols import base_of
from reportgen.units import HOUR_MS, Bools, Milliseconds

CORRECT: Final = "Correct or remove the row"
_PRICES: Final = ("open", "high", "low", "close")
_WIDEST_BAR: Final = 100
"""High over low beyond which no bar is true."""

WIDEST_JUMP: Final = 5.0
"""Close or open interest over the one before, either way, beyond which another unit is the likelier story."""


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


def _spikes(rows: Rows) -> Bools:
    """Find single bars that close many times above or below both the bar before them and the one after."""
    close, inside = rows.number("close"), rows.continues()
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(inside, np.log(close / np.concatenate([close[:1], close[:-1]])), 0.0)
    after = np.concatenate([step[1:], [0.0]])
    most = np.log(WIDEST_JUMP)
    spikes: Bools = ((step > most) & (after < -most)) | ((step < -most) & (after > most))
    return spikes


def _between_bars(rows: Rows) -> Bools:
    """Find bars that open on no whole multiple of their length, or beyond an hour on no whole hour."""
    lengths = rows.per_row(min(rows.source.intervals[each.keys[2]], HOUR_MS) for each in rows.series)
    between: Bools = rows.time_ms % lengths != 0
    return between


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
_OPENS: Final = Rule(
    bad=_between_bars,
    shows=(),
    fault="no bar of this length opens at that time",
    next_step="Give the time at which the bar opened, not its close",
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
    Rule(
        bad=_spikes,
        shows=("close",),
        fault=f"the close is more than {WIDEST_JUMP:.0f} times off the bars before and after it",
    ),
    _OPENS,
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
        _OPENS,
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
        Rule(
            bad=lambda rows: rows.number("maintenance_margin_rate") * rows.number("max_leverage") > 1,
            shows=("maintenance_margin_rate", "max_leverage"),
            fault="a position at that leverage would be liquidated when it is opened",
            next_step="Give the rate as a fraction, 0.004 is 0.4 %",
        ),
        _not_negative("maintenance_amount"),
    ),
}


def cell_rules(table: TableFormat) -> tuple[Rule, ...]:
    """Give every rule for the cells of a table: first that numbers are numbers, then what they may say."""
    return (*map(_finite, table.numbers), *map(_finite_or_empty, table.optional), *_RULES[table.name])


_MONTHS_OF_SECONDS: Final = 10**8
_SIDES: Final = {"order_book": ("bid", "ask"), "positions": ("long", "short")}


def checked(rows: Rows) -> tuple[Rows, tuple[str, ...]]:
    """Hold a table against its rules.

    Returns:
        The rows that can be true, each moment once, and sentences on what was left out.

    Raises:
        DataError: Times are in another unit, sides are unknown or crossed, or more than `SHARE_LEFT_OUT` of a series is
            impossible; one line a rule, each with file, first row and next step.
    """
    notes = rows.notes
    if not len(rows.row):
        return rows, notes
    # Wrong units make every later rule complain too, so each stage must be clean before the next.
    if problems := _time_problems(rows):
        raise DataError("\n".join(problems))
    rows, more = _without_impossible(rows)
    notes += more
    if problems := _side_problems(rows):
        raise DataError("\n".join(problems))
    rows, more = _each_moment_once(rows)
    notes += more
    if rows.source.table.name == "open_interest":
        rows, more = _without_outages(rows)
        notes += more
    return rows, notes


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


def _without_impossible(rows: Rows) -> tuple[Rows, tuple[str, ...]]:
    """Leave out the rows that break a rule, where they are few."""
    impossible = np.zeros(len(rows.row), dtype=np.bool_)
    lines: list[str] = []
    notes: list[str] = []
    for rule in cell_rules(rows.source.table):
        bad = rule.bad(rows)
        if not bad.any():
            continue
        at = _first(rows, bad)
        values = ", ".join(f"{column} {_shown(rows.number(column)[at])}" for column in rule.shows)
        says = f"{values}: {rule.fault}" if values else rule.fault
        lines.append(f"{_place(rows, at, int(bad.sum()))}: {says}. {rule.next_step}.")
        notes += notes_by_series(rows, bad & ~impossible, "left out", says)
        impossible |= bad
    if lines and _too_many(rows, impossible):
        raise DataError("\n".join(lines))
    return rows.only(~impossible), tuple(notes)


def _too_many(rows: Rows, bad: Bools) -> bool:
    """Tell whether a series would lose more than a few of its rows."""
    return any(bad[each.rows].sum() > SHARE_LEFT_OUT * (each.stop - each.start) for each in rows.series)


def _side_problems(rows: Rows) -> list[str]:
    """Report books and positions whose sides are unknown, and books that are crossed."""
    sides = _SIDES.get(rows.source.table.name)
    if sides is None:
        return []
    at = rows.source.table.keys.index("side")
    lines = [
        f"{_place(rows, each.start, 1)}: side `{each.keys[at]}` is unknown; a side is {' or '.join(sides)}. {CORRECT}."
        for each in rows.series
        if each.keys[at] not in sides
    ]
    return lines + (_crossed(rows) if rows.source.table.name == "order_book" else [])


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


def _each_moment_once(rows: Rows) -> tuple[Rows, tuple[str, ...]]:
    """Keep one row a moment: of bars the one with the larger volume, which is the later answer; else the last."""
    same: Bools = rows.continues() & (np.diff(rows.time_ms, prepend=-1) == 0)
    for column in rows.source.table.order:
        if column in rows.numbers:
            same &= np.diff(rows.number(column), prepend=np.nan) == 0
    if not same.any():
        return rows, ()
    repeats = same.copy()
    for column in rows.numbers:
        values = rows.number(column)
        before = np.concatenate([values[:1], values[:-1]])
        repeats &= (values == before) | (np.isnan(values) & np.isnan(before))
    conflict = same & ~repeats
    if _too_many(rows, conflict):
        at = _first(rows, conflict)
        raise DataError(
            f"{_place(rows, at, int(conflict.sum()))}: says something else than row {rows.row[at - 1]} about the same "
            "moment. Keep one of them."
        )
    moment = np.cumsum(~same)
    size = np.nan_to_num(rows.number("volume_base"))  # 0 where a table has none: the last row counts
    order = np.lexsort((np.arange(len(moment)), size, moment))
    keep = np.zeros(len(moment), dtype=np.bool_)
    keep[order[np.append(np.diff(moment[order]) > 0, [True])]] = True
    notes = notes_by_series(rows, repeats, "stood in the data twice; each counts once")
    notes += notes_by_series(rows, conflict, "left out", "another row of the same moment counts")
    return rows.only(keep), notes


def _without_outages(rows: Rows) -> tuple[Rows, tuple[str, ...]]:
    """Leave out open interest of zero, and take a value of zero beside coins for an empty cell."""
    base, quote = rows.number("open_interest_base"), rows.number("open_interest_quote")
    valueless = (quote == 0) & (base > 0)
    # A market that trades has open positions: a zero is a venue's outage, not a value.
    notes = notes_by_series(rows, base == 0, "of zero left out: a venue's outage, not a value")
    notes += notes_by_series(rows, valueless, "with a value of zero: read as an unknown value")
    if valueless.any():
        rows = replace(rows, numbers={**rows.numbers, "open_interest_quote": np.where(valueless, np.nan, quote)})
    return rows.only(base != 0), notes


def notes_by_series(rows: Rows, chosen: Bools, says: str, why: str = "") -> tuple[str, ...]:
    """Write one sentence for each series that has chosen rows, shape (n,); it may reach the page, so it names no file.

    Args:
        rows: The table.
        chosen: Shape (n,), True for the rows.
        says: What happened to them.
        why: The reason, written beside the moment of the first.
    """
    table = rows.source.table
    found = []
    for each in rows.series:
        count = int(chosen[each.rows].sum())
        if count:
            first = moment_of(rows, each.start + int(np.argmax(chosen[each.rows])))
            counted = "1 row" if count == 1 else f"{count} rows"
            reason = f" ({': '.join(part for part in (first, why) if part)})" if why else ""
            where = f"{base_of(each.keys[0])} on {' '.join(each.keys[1:])}"
            found.append(f"{table.says.capitalize()} of {where}: {counted} {says}{reason}.")
    return tuple(found)


def moment_of(rows: Rows, at: int) -> str:
    """Write the moment of a row: 2026-01-19T07:00:00Z; nothing for a table without times."""
    return "" if rows.source.table.known_at == "date" else _moment(int(rows.time_ms[at]))


def _first(rows: Rows, bad: Bools) -> int:
    """Find the bad row that comes first in the file."""
    places = np.flatnonzero(bad)
    return int(places[np.argmin(rows.row[places])])


def _place(rows: Rows, at: int, count: int) -> str:
    """Say where a row stands and whose it is."""
    keys = next(each.keys for each in rows.series if each.start <= at < each.stop)
    named = ", ".join(part for part in (*keys, moment_of(rows, at)) if part)
    return f"{rows.source.file}: row {rows.row[at]}{also(count)} ({named})"


def _moment(time_ms: Milliseconds) -> str:
    """Write a time for an error message: 2026-01-19T07:00:00Z."""
    return f"{np.datetime64(time_ms, 'ms').astype('datetime64[s]')}Z"


def _shown(value: float) -> str:
    """Write a cell's value: an empty cell and a NaN are the same."""
    return "is empty or NaN" if np.isnan(value) else f"{value:.12g}"
