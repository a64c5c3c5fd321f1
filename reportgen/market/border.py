"""The border: what the cells of a market folder say is judged here, once, before anything is computed from it.

Stands between `market/scan.py`, which reads typed rows up to as-of, and `market/files.py`, which builds frozen market
data from them. Every mistake of a table is collected; nothing is repaired but rows that stand twice word for word.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from reportgen.errors import DataError
from reportgen.market.opening import EARLIEST_MS, LATEST_MS
from reportgen.market.rules import CORRECT, Rule, cell_rules
from reportgen.market.scan import Rows, Series, also
from reportgen.market.symbols import base_of
from reportgen.units import Bools, Floats, Milliseconds

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
