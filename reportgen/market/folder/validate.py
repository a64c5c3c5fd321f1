"""The rules for single rows of a market folder, held once for files, dumps and live answers.

Rows come typed from `market/folder/columns.py`. A few impossible ones are left out and counted; more than that, or
times in another unit, refuse the table with every rule that was broken. What only several rows or venues together show
is judged in `market/folder/plausible.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from reportgen.errors import DataError
from reportgen.market.folder.columns import EARLIEST_MS, SHARE_LEFT_OUT, Rows, also, counted_rows
from reportgen.market.folder.files import LATEST_MS
from reportgen.market.symbols import base_of
from reportgen.units import HOUR_MS, Bools, Floats

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
    fault: str
    shows: tuple[str, ...] = ()
    next_step: str = CORRECT


def _rule(fault: str, columns: tuple[str, ...], bad: Callable[..., Bools], next_step: str = CORRECT) -> Rule:
    """Make a rule on the values of some columns, shape (n,) each, which are shown where it is broken."""
    return Rule(bad=lambda rows: bad(*map(rows.number, columns)), shows=columns, fault=fault, next_step=next_step)


def _each(fault: str, bad: Callable[[Floats], Bools], *columns: str) -> tuple[Rule, ...]:
    """Make the same rule for some columns, each by itself."""
    return tuple(_rule(fault, (column,), bad) for column in columns)


_positive: Final = partial(_each, "it must be above zero", lambda values: values <= 0)
_not_negative: Final = partial(_each, "it cannot be negative", lambda values: values < 0)


def before(values: Floats) -> Floats:
    """Give the value of the row before each, shape (n,); the first row's own."""
    return np.concatenate([values[:1], values[:-1]])


def _spikes(rows: Rows) -> Bools:
    """Find single bars that close many times above or below both the bar before them and the one after."""
    close = rows.number("close")
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(rows.continues(), np.log(close / before(close)), 0.0)
    after = np.concatenate([step[1:], [0.0]])
    most = np.log(WIDEST_JUMP)
    spikes: Bools = ((step > most) & (after < -most)) | ((step < -most) & (after > most))
    return spikes


_TIMES: Final = (
    Rule(
        # Bars open on whole multiples of their length, those beyond an hour on whole hours.
        bad=lambda rows: rows.time_ms % rows.per_row(min(each.bar_ms, HOUR_MS) for each in rows.series) != 0,
        fault="no bar of this length opens at that time",
        next_step="Give the time at which the bar opened, not its close",
    ),
    Rule(
        bad=lambda rows: (
            rows.continues()
            & ((step := np.diff(rows.time_ms, prepend=rows.time_ms[:1])) > 0)
            & (step < rows.per_row(each.bar_ms for each in rows.series))
        ),
        fault="the bar begins before the one before it has ended",
        next_step="Correct `interval`, which is the length of the bar",
    ),
)
_BARS: Final = (
    *_positive(*_PRICES),
    _rule("the high is below the low", ("high", "low"), lambda high, low: high < low),
    _rule(
        f"the high is more than {_WIDEST_BAR} times the low, which no bar is",
        ("high", "low"),
        lambda high, low: (low > 0) & (high > _WIDEST_BAR * low),
    ),
    _rule(
        "open and close must lie between low and high",
        _PRICES,  # a bar with its high below its low has a line of its own
        lambda opened, high, low, close: (
            (high >= low) & ((np.minimum(opened, close) < low) | (np.maximum(opened, close) > high))
        ),
    ),
    *_not_negative("volume_base", "taker_buy_base"),
    _rule(
        "takers cannot have bought more than was traded",
        ("taker_buy_base", "volume_base"),  # the last digits may differ
        lambda taker, volume: (taker > volume) & ~np.isclose(taker, volume),
    ),
    Rule(
        bad=_spikes,
        shows=("close",),
        fault=f"the close is more than {WIDEST_JUMP:.0f} times off the bars before and after it",
    ),
    *_TIMES,
)
_RATES: Final = (
    _rule(
        "a rate is a fraction per interval, 0.0001 is 0.01 %",
        ("funding_rate",),
        lambda rate: np.abs(rate) > 1,
        "Divide percentages by 100",
    ),
    *_positive("interval_hours"),
)
_BRACKETS: Final = (
    *_not_negative("notional_floor"),
    _rule("the cap must be above the floor", ("notional_floor", "notional_cap"), lambda floor, cap: cap <= floor),
    Rule(  # two of one floor are duplicates instead
        bad=lambda rows: (
            rows.continues()
            & ((floor := rows.number("notional_floor")) != before(rows.number("notional_cap")))
            & (floor != before(floor))
        ),
        shows=("notional_floor",),
        fault="a bracket must begin where the one before it ends",
        next_step="Add or correct the bracket before it",
    ),
    *_each("a rate is a fraction, 0.004 is 0.4 %", lambda rate: (rate <= 0) | (rate > 1), "maintenance_margin_rate"),
    *_each("it must be 1 or more", lambda leverage: leverage < 1, "max_leverage"),
    _rule(
        "a position at that leverage would be liquidated when it is opened",
        ("maintenance_margin_rate", "max_leverage"),
        lambda rate, leverage: rate * leverage > 1,
        "Give the rate as a fraction, 0.004 is 0.4 %",
    ),
    *_not_negative("maintenance_amount"),
)
_EVEN: Final = "a ratio is long over short, 1 where they are even, above zero"
_RULES: Final[dict[str, tuple[Rule, ...]]] = {
    **dict.fromkeys(("candles", "spot_candles", "mark_candles"), _BARS),
    **dict.fromkeys(("funding", "funding_now"), _RATES),
    "open_interest": _not_negative("open_interest_base", "open_interest_quote"),
    "gathering": (),  # the record of who was asked holds words alone
    "liquidations": (*_not_negative("liquidated_long_quote", "liquidated_short_quote"), *_TIMES),
    "long_short_ratio": _each(_EVEN, lambda ratio: ratio <= 0, "ratio"),
    "positions": _positive("size_base", "entry_price", "liquidation_price"),
    "order_book": (*_positive("price"), *_not_negative("size_base")),
    "leverage_brackets": _BRACKETS,
}


_MONTHS_OF_SECONDS: Final = 10**8
_OTHER_UNITS: Final = (
    (_MONTHS_OF_SECONDS, EARLIEST_MS, "looks like seconds", "Multiply by 1000"),
    (-(2**63), _MONTHS_OF_SECONDS, "is no date", CORRECT),
    (LATEST_MS, LATEST_MS * 1000, "looks like microseconds", "Divide by 1000"),
    (LATEST_MS * 1000, 2**63 - 1, "looks like nanoseconds", "Divide by 1000000"),
)
"""Times that are not milliseconds: from, up to, what they are and what to do."""

_SIDES: Final = {"order_book": ("bid", "ask"), "positions": ("long", "short")}


def checked(rows: Rows) -> tuple[Rows, tuple[str, ...]]:
    """Hold a table against its rules.

    Returns:
        The rows that can be true, each moment once, and sentences on what was left out.

    Raises:
        DataError: Times are in another unit, sides are unknown or crossed, or more than `SHARE_LEFT_OUT` of a series is
            impossible; one line a rule, each with file, first row and next step.
    """
    notes = list(rows.notes)
    if not len(rows.row):
        return rows, rows.notes
    # Wrong units make every later rule complain too, so each stage must be clean before the next.
    problems = [
        f"{rows.file}: row {rows.row[at]}{also(int(bad.sum()))}: {rows.table.moment} {rows.time_ms[at]} "
        f"{says}; times are UTC epoch milliseconds. {next_step}."
        for least, most, says, next_step in (_OTHER_UNITS if rows.table.known_at != "date" else ())
        if (bad := (rows.time_ms >= least) & (rows.time_ms < most)).any()
        for at in [_first(rows, bad)]
    ]
    if problems:
        raise DataError("\n".join(problems))
    rows = _without_impossible(rows, notes)
    if problems := _side_problems(rows):
        raise DataError("\n".join(problems))
    rows = _each_moment_once(rows, notes)
    if rows.table.name == "open_interest":
        # A market that trades has open positions: a zero is a venue's outage, not a value.
        base, quote = rows.number("open_interest_base"), rows.number("open_interest_quote")
        valueless = (quote == 0) & (base > 0)
        notes += notes_by_series(rows, base == 0, "of zero left out: a venue's outage, not a value")
        notes += notes_by_series(rows, valueless, "with a value of zero: read as an unknown value")
        if valueless.any():
            rows = rows.but({"open_interest_quote": np.where(valueless, np.nan, quote)})
        rows = rows.only(base != 0)
    return rows, tuple(notes)


def _without_impossible(rows: Rows, notes: list[str]) -> Rows:
    """Leave out the rows that break a rule, where they are few."""
    impossible = np.zeros(len(rows.row), dtype=np.bool_)
    lines: list[str] = []
    table, empty = rows.table, "it must be finite, or left empty where it is not known"
    finite = _each("it must be a finite number", lambda values: ~np.isfinite(values), *table.numbers)
    for rule in (*finite, *_each(empty, np.isinf, *table.optional), *_RULES[table.name]):
        bad = rule.bad(rows)
        if not bad.any():
            continue
        at = _first(rows, bad)
        cells = ((column, rows.number(column)[at]) for column in rule.shows)  # an empty cell and a NaN are the same
        values = ", ".join(f"{name} {'is empty or NaN' if np.isnan(cell) else f'{cell:.12g}'}" for name, cell in cells)
        says = f"{values}: {rule.fault}" if values else rule.fault
        lines.append(f"{_place(rows, at, int(bad.sum()))}: {says}. {rule.next_step}.")
        notes += notes_by_series(rows, bad & ~impossible, "left out", says)
        impossible |= bad
    if lines and _too_many(rows, impossible):
        raise DataError("\n".join(lines))
    return rows.only(~impossible)


def _too_many(rows: Rows, bad: Bools) -> bool:
    """Tell whether a series would lose more than a few of its rows."""
    return any(bad[each.rows].sum() > SHARE_LEFT_OUT * (each.stop - each.start) for each in rows.series)


def _side_problems(rows: Rows) -> list[str]:
    """Report unknown sides, and books that are crossed: each snapshot by itself, for a folder may hold many of one."""
    sides = _SIDES.get(rows.table.name)
    if sides is None:
        return []
    at = rows.table.keys.index("side")
    lines = [
        f"{_place(rows, each.start, 1)}: side `{each.keys[at]}` is unknown; a side is {' or '.join(sides)}. {CORRECT}."
        for each in rows.series
        if each.keys[at] not in sides
    ]
    price = rows.number("price")
    asks = {each.keys[:2]: each for each in rows.series if each.keys[at] == "ask"}
    for bid in rows.series:
        ask = asks.get(bid.keys[:2])
        if bid.keys[at] != "bid" or not ask:
            continue
        # Rows come by time, then by price: the last bid of a snapshot is its best, and so is the first ask.
        times, back = np.unique(rows.time_ms[bid.rows][::-1], return_index=True)
        ask_times, ahead = np.unique(rows.time_ms[ask.rows], return_index=True)
        _, mine, theirs = np.intersect1d(times, ask_times, return_indices=True)
        best = bid.stop - 1 - back[mine]
        crossed = best[price[best] > price[ask.start + ahead[theirs]]]
        if len(crossed):
            where = _place(rows, int(crossed[0]), len(crossed))
            lines.append(f"{where}: the best bid is above the best ask. Check `side`.")
    return lines


def _each_moment_once(rows: Rows, notes: list[str]) -> Rows:
    """Keep one row a moment: of bars the one with the larger volume, which is the later answer; else the last."""
    same: Bools = rows.continues() & (np.diff(rows.time_ms, prepend=-1) == 0)
    for column in rows.table.within:
        same &= np.diff(rows.number(column), prepend=np.nan) == 0
    if not same.any():
        return rows
    repeats = same.copy()
    for values in rows.numbers.values():
        repeats &= (values == before(values)) | (np.isnan(values) & np.isnan(before(values)))
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
    notes += notes_by_series(rows, repeats, "stood in the data twice; each counts once")
    notes += notes_by_series(rows, conflict, "left out", "another row of the same moment counts")
    return rows.only(keep)


def notes_by_series(rows: Rows, chosen: Bools, says: str, why: str = "") -> list[str]:
    """Write one sentence for each series that has chosen rows, shape (n,); it may reach the page, so it names no file.

    Args:
        rows: The table.
        chosen: Shape (n,), True for the rows.
        says: What happened to them.
        why: The reason, written beside the moment of the first.
    """
    found = []
    for each in rows.series:
        if count := int(chosen[each.rows].sum()):
            first = moment_of(rows, each.start + int(np.argmax(chosen[each.rows])))
            reason = f" ({': '.join(part for part in (first, why) if part)})" if why else ""
            where = f"{base_of(each.keys[0])} on {' '.join(each.keys[1:])}"
            found.append(f"{rows.table.says.capitalize()} of {where}: {counted_rows(count)} {says}{reason}.")
    return found


def moment_of(rows: Rows, at: int) -> str:
    """Write the moment of a row: 2026-01-19T07:00:00Z; nothing for a table without times."""
    if rows.table.known_at == "date":
        return ""
    return f"{np.datetime64(int(rows.time_ms[at]), 'ms').astype('datetime64[s]')}Z"


def _first(rows: Rows, bad: Bools) -> int:
    """Find the bad row that comes first in the file."""
    places = np.flatnonzero(bad)
    return int(places[np.argmin(rows.row[places])])


def _place(rows: Rows, at: int, count: int) -> str:
    """Say where a row stands and whose it is."""
    keys = next(each.keys for each in rows.series if each.start <= at < each.stop)
    named = ", ".join(part for part in (*keys, moment_of(rows, at)) if part)
    return f"{rows.file}: row {rows.row[at]}{also(count)} ({named})"
