"""What no single row shows: venues that contradict each other, bad prints, frozen markets, units that changed.

Runs once over the checked tables of a market folder, which live answers pass through like any other. Whatever is not
used is named: rows by a note, a series by a gap. What stays but deserves less trust becomes a doubt, which lowers the
quality of the map. docs/data-formats.md states every threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final, TypeAlias

import numpy as np

from reportgen import notation
from reportgen.market.data import ALL_DATA, VenueGap
from reportgen.market.exchanges.venue import Datum
from reportgen.market.exchanges.venues import shown
from reportgen.market.folder import tables
from reportgen.market.folder.columns import Rows, Series
from reportgen.market.folder.tables import CANDLES, MARK_CANDLES, OPEN_INTEREST, SPOT_CANDLES, TableFormat
from reportgen.market.folder.validate import WIDEST_JUMP, moment_of, notes_by_series
from reportgen.market.symbols import base_of
from reportgen.units import DAY_MS, HOUR_MS, Bools, Floats, Ints, Milliseconds, Missing

SAME_PRICE: Final = 0.05
"""Distance between two venues' prices, over a day's common closes, beyond which they are of different things."""

_NOTEWORTHY: Final = 0.02
_WICK: Final = 0.05
"""How far beyond its own body, and beyond every witness, a low or high must lie to be a bad print."""

_LONE_WICK: Final = 0.2
_LONE_RANGES: Final = 50
_LONE_FACTOR: Final = 4.0
_CRASH_VOLUME: Final = 5.0
"""Without a witness: a wick beyond a quarter of the body or fourfold; or of a fifth of the body and fifty usual ranges
of the bars around it, unless it was traded in: more than five times their usual volume is a crash, not a bad print."""

_AROUND_BARS: Final = 24
_FROZEN_MS: Final = 3 * HOUR_MS
_VALUE_OFF: Final = 0.1
"""How far the price that open interest implies (value over coins) may lie outside the bar of its moment."""

_FEW: Final = 0.02
_STILL_ROWS: Final = 24
_OUTAGE: Final = 2.0
_OUTAGE_LONGEST_MS: Final = DAY_MS
_BACK_WITHIN: Final = 0.25
_UNIT_STEP: Final = 2.5
_NEIGHBOURS_MS: Final = 6 * HOUR_MS
_HIGHEST_FUNDING: Final = 0.003
"""Median rate an interval beyond which rates are percent, not fractions: 0.3 %."""

_PILED_UP: Final = (0.01, 0.005, 0.00125)
"""The venues' base rates of 8, 4 and 1 hours in percent; as fractions nothing settles there again and again."""

_PILE: Final = 0.3
_LEAST_RATES: Final = 4
_USUAL_HOURS: Final = (1.0, 2.0, 4.0, 8.0)
_SAME_HOURS: Final = 0.1
_LONGER: Final = 1.5
_PRICED: Final = (CANDLES, MARK_CANDLES, SPOT_CANDLES)
Closes: TypeAlias = tuple[Ints, Floats]
"""Times and prices at the ends of a venue's bars, shape (n,) each."""

_DATUM: Final = {CANDLES.name: Datum.CANDLES, MARK_CANDLES.name: Datum.MARK, SPOT_CANDLES.name: Datum.SPOT}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """The tables of a folder, and what was found wrong across their rows.

    Attributes:
        tables: By name, without what is not used. notes: sentences. gaps: by symbol, series that are not used.
        doubts: By symbol, clauses that lower the quality.
        refused: By symbol and table name, why the last rows that were left out of it are not used.
    """

    tables: dict[str, Rows]
    notes: list[str]
    gaps: dict[str, list[VenueGap]]
    doubts: dict[str, list[str]]
    refused: dict[tuple[str, str], Missing]

    def series(self, table: TableFormat, symbol: str) -> Iterator[tuple[Rows, Series]]:
        """Give a symbol's series of a table."""
        rows = self.tables.get(table.name)
        yield from ((rows, each) for each in rows.series if each.keys[0] == symbol) if rows else ()

    def one(self, table: TableFormat, symbol: str, venue: str) -> tuple[Rows, Series] | None:
        """Find a venue's series of a symbol."""
        return next(((rows, each) for rows, each in self.series(table, symbol) if each.keys[1] == venue), None)

    def bars(self, symbol: str, venue: str) -> tuple[Rows, Series] | None:
        """Find the candles that a venue's numbers are held beside: its own, else the first."""
        return self.one(CANDLES, symbol, venue) or next(iter(self.series(CANDLES, symbol)), None)

    def leave_out(self, of: tuple[TableFormat, ...], symbol: str, venue: str, what: str, reason: str) -> None:
        """Take a venue's rows of a symbol out of some tables."""
        for table in of:
            rows = self.tables.get(table.name)
            if rows is not None:
                drop = rows.per_row(int(each.keys[:2] == (symbol, venue)) for each in rows.series) == 1
                self.tables[table.name] = rows.only(~drop)
                if drop.any():
                    self.refused[symbol, table.name] = Missing(reason)
        self.gaps.setdefault(symbol, []).append(VenueGap(venue=venue, what=what, reason=reason))

    def leave_out_rows(self, rows: Rows, series: Series, bad: Bools, why: str) -> None:
        """Take rows of a series, shape (n of the series,), out of its table, and count them."""
        whole = np.zeros(len(rows.row), dtype=np.bool_)
        whole[series.rows] = bad
        self.notes.extend(notes_by_series(rows, whole, "left out", why))
        self.tables[rows.table.name] = rows.only(~whole)

    def doubt(self, symbol: str, clause: str) -> None:
        """Note something that makes a symbol's map less trustworthy."""
        self.doubts.setdefault(symbol, []).append(clause)
        self.notes.append(f"{base_of(symbol)}: {clause}.")


def judge_together(checked: Mapping[str, Rows]) -> Judged:
    """Judge tables, by name, every row possible by itself, across their rows, series and venues."""
    judged = Judged(tables=dict(checked), notes=[], gaps={}, doubts={}, refused={})
    for symbol in sorted({each.keys[0] for rows in checked.values() for each in rows.series}):
        _leave_out_jumps(judged, symbol)
        _compare_prices(judged, symbol)
        _clip_wicks(judged, symbol)
        _name_frozen(judged, symbol)
        _check(judged, symbol, OPEN_INTEREST, _name_still, _check_value, _leave_out_outage, _leave_out_other_unit)
        _check_books(judged, symbol)
        _check(judged, symbol, tables.FUNDING, _check_rates)
    return judged


# ---- Prices ----


def _leave_out_jumps(judged: Judged, symbol: str) -> None:
    """Leave out bars whose closes jump as no market does: a renamed coin, or another unit from there on."""
    for table in _PRICED:
        for rows, each in list(judged.series(table, symbol)):
            close = rows.number("close")[each.rows]
            steps = np.abs(np.diff(np.log(close)))
            if len(steps) and steps.max() > np.log(WIDEST_JUMP):
                at = int(np.argmax(steps)) + 1
                judged.leave_out(
                    (table,), symbol, each.keys[1], _DATUM[table.name],
                    f"{shown(each.keys[1])}'s {table.says} jump from {_price(close[at - 1])} to {_price(close[at])} at "
                    f"{moment_of(rows, each.start + at)}: another unit or another coin from there on.",
                )  # fmt: skip


def _compare_prices(judged: Judged, symbol: str) -> None:
    """Leave out the venues whose price is of something else; where no majority agrees, withhold the symbol."""
    closes: dict[str, Closes] = {}
    for table in _PRICED:  # a venue without candles still has a say
        for rows, each in judged.series(table, symbol):
            offered, known = _closes(rows, each), closes.get(each.keys[1])
            if known is None or (table is CANDLES and len(offered[0]) > len(known[0])):
                closes[each.keys[1]] = offered
    base = base_of(symbol)
    wrong, notes, withheld = judge_prices(closes)
    wrong |= dict.fromkeys(closes if withheld else (), f"{base}: {withheld}")
    every = tuple(rows.table for rows in judged.tables.values())
    for venue, reason in wrong.items():
        judged.leave_out(every, symbol, venue, ALL_DATA, reason)
    judged.notes.extend(f"{base}: {clause}." for clause in notes)
    own = {each.keys[1]: closes[each.keys[1]] for _, each in judged.series(CANDLES, symbol)}
    for table in (MARK_CANDLES, SPOT_CANDLES) if own else ():
        for rows, each in list(judged.series(table, symbol)):
            ratio = _ratio(_closes(rows, each), own.get(each.keys[1]) or next(iter(own.values())))
            if abs(np.log(ratio)) > np.log1p(SAME_PRICE):
                venue, apart = shown(each.keys[1]), _times(ratio)
                reason = f"{venue}'s {table.says} stand {apart} the candles, so they are of something else."
                judged.leave_out((table,), symbol, each.keys[1], _DATUM[table.name], reason)


def _closes(rows: Rows, series: Series) -> Closes:
    return rows.time_ms[series.rows] + series.bar_ms, rows.number("close")[series.rows]


def judge_prices(closes: Mapping[str, Closes]) -> tuple[dict[str, str], tuple[str, ...], str]:
    """Tell which venues' prices of one symbol are of something else.

    Returns:
        The odd ones out with the reason; clauses on those that merely stand apart; a sentence where nothing decides.
    """
    ratios = {one: {other: _ratio(closes[one], closes[other]) for other in closes} for one in closes}
    friends = (
        [other for other, ratio in ratios[one].items() if abs(np.log(ratio)) <= np.log1p(SAME_PRICE)] for one in closes
    )
    most = max(friends, key=len, default=[])
    if len(most) * 2 <= len(closes):
        last = ", ".join(f"{shown(venue)} says {_price(prices[-1])}" for venue, (_, prices) in closes.items())
        return {}, (), f"{last}; nothing tells which price is of this coin, so none is used." if len(closes) > 1 else ""
    names = [shown(each) for each in most]
    others = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    off = {venue: ratios[venue][most[0]] for venue in closes}
    wrong = {
        venue: f"{shown(venue)}'s price is {_times(ratio)} {others}'s, so it is of something else."
        for venue, ratio in off.items()
        if venue not in most
    }
    apart = tuple(
        f"{shown(venue)}'s price stands {notation.percent(abs(off[venue] - 1))} from {names[0]}'s"
        for venue in most
        if abs(off[venue] - 1) > _NOTEWORTHY
    )
    return wrong, apart, ""


def _ratio(one: Closes, other: Closes) -> float:
    """Give the median ratio of two venues' closes over the last day that both have, else of the last closes."""
    since = min(int(one[0][-1]), int(other[0][-1])) - DAY_MS
    _, mine, theirs = np.intersect1d(one[0], other[0], return_indices=True)
    recent = one[0][mine] > since
    if not recent.any():
        return float(one[1][-1] / other[1][-1])
    return float(np.median(one[1][mine][recent] / other[1][theirs][recent]))


def _clip_wicks(judged: Judged, symbol: str) -> None:
    """Clip lows and highs that neither mark prices nor another venue saw: nobody is liquidated by a bad print."""
    rows = judged.tables.get(CANDLES.name)
    if rows is None:
        return
    witnesses = [*judged.series(CANDLES, symbol), *judged.series(MARK_CANDLES, symbol)]
    numbers = {name: rows.number(name).copy() for name in ("low", "high")}
    opened, close = rows.number("open"), rows.number("close")
    for _, each in list(judged.series(CANDLES, symbol)):
        others = [(t, s) for t, s in witnesses if t.table is MARK_CANDLES or s.keys[1] != each.keys[1]]
        length = each.bar_ms
        for name, body, sign in (("low", np.minimum(opened, close), -1), ("high", np.maximum(opened, close), 1)):
            beyond = sign * (rows.number(name) / body - 1)
            for at in np.flatnonzero(beyond[each.rows] > _WICK) + each.start:
                begin = int(rows.time_ms[at])
                seen = [
                    edge for table, other in others if (edge := _extreme(table, other, name, begin, begin + length))
                ]
                limit = float(body[at]) if not seen else max([float(body[at]), *seen], key=lambda price: sign * price)
                value = float(rows.number(name)[at])
                if seen and sign * (value / limit - 1) <= _WICK:
                    continue
                if not seen and not _lone_print(rows, each, int(at), value, float(body[at])):
                    continue
                numbers[name][at] = limit
                who = "no mark price and no other venue saw" if seen else "is many times the bars around it"
                judged.doubt(
                    symbol,
                    f"{shown(each.keys[1])}'s {name} of {_price(value)} at {moment_of(rows, int(at))}, which "
                    f"{who}, is taken for a bad print and read as {_price(limit)}",
                )
    judged.tables[CANDLES.name] = rows.but(numbers)


def _extreme(rows: Rows, series: Series, name: str, begin: Milliseconds, end: Milliseconds) -> float:
    """Give the lowest low or highest high of another series' bars between two moments; 0 where it has none."""
    opens = rows.time_ms[series.rows]
    length = series.bar_ms
    first, last = np.searchsorted(opens, begin - length, side="right"), np.searchsorted(opens, end)
    values = rows.number(name)[series.rows][first:last]
    return float(values.min() if name == "low" else values.max()) if len(values) else 0.0


def _lone_print(rows: Rows, series: Series, at: int, value: float, body: float) -> bool:
    """Tell whether a wick that nobody else could have seen is out of all proportion to the bars around it."""
    around = np.arange(max(series.start, at - _AROUND_BARS), min(series.stop, at + _AROUND_BARS + 1))
    around = around[around != at]
    wick, volume = abs(value - body), rows.number("volume_base")
    if abs(np.log(value / body)) > np.log(_LONE_FACTOR):
        return True
    if not len(around) or wick <= _LONE_WICK * body:
        return False
    usual = float(np.median(rows.number("high")[around] - rows.number("low")[around]))
    return bool(wick > _LONE_RANGES * usual and volume[at] <= _CRASH_VOLUME * np.median(volume[around]))


def _name_frozen(judged: Judged, symbol: str) -> None:
    """Name venues whose newest bars hold no trade: their price is as old as the last one."""
    named: set[str] = set()
    for rows, each in list(judged.series(CANDLES, symbol)):
        volume, high, low, close = (rows.number(name)[each.rows] for name in ("volume_base", "high", "low", "close"))
        still = (volume == 0) & (high == low) & (close == close[-1])
        bars = len(still) if still.all() else int(np.argmin(still[::-1]))
        span = bars * each.bar_ms
        if span >= _FROZEN_MS and each.keys[1] not in named:
            named.add(each.keys[1])
            hours, where = span // HOUR_MS, shown(each.keys[1])
            judged.doubt(symbol, f"nothing has traded on {where} for {hours} hours: its price is that old")


# ---- Open interest ----


def _check(judged: Judged, symbol: str, table: TableFormat, *checks: Callable[[Judged, Rows, Series], None]) -> None:
    """Hold each venue's series against some checks, one after the other on what the one before has left."""
    for _, each in list(judged.series(table, symbol)):
        for check in checks:
            if found := judged.one(table, symbol, each.keys[1]):
                check(judged, *found)


def _name_still(judged: Judged, rows: Rows, each: Series) -> None:
    """Name open interest that has been the same to the last digit for a day."""
    amount, times = rows.number("open_interest_base")[each.rows], rows.time_ms[each.rows]
    same = amount == amount[-1]
    since = 0 if same.all() else len(same) - int(np.argmin(same[::-1]))
    if len(same) - since >= _STILL_ROWS and times[-1] - times[since] >= DAY_MS:
        hours = int(times[-1] - times[since]) // HOUR_MS
        judged.doubt(each.keys[0], f"{shown(each.keys[1])}'s open interest has not changed for {hours} hours")


def _check_value(judged: Judged, rows: Rows, each: Series) -> None:
    """Leave out open interest whose value over coins is no price of its moment: one of the two is in another unit."""
    symbol, venue = each.keys
    bars = judged.bars(symbol, venue)
    if bars is None:
        return
    implied = rows.number("open_interest_quote")[each.rows] / rows.number("open_interest_base")[each.rows]
    known, off, close = _beside_bars(bars, rows.time_ms[each.rows], implied)
    if not off.any():
        return
    last = int(np.flatnonzero(known)[-1])
    many = off.sum() > _FEW * known.sum()
    if many and off[last]:
        judged.leave_out(
            (OPEN_INTEREST,), symbol, venue, Datum.OPEN_INTEREST,
            f"{shown(venue)}'s open interest and its value imply a price of {_price(implied[last])} beside candles at "
            f"{_price(close[last])}: coins or value are in another unit, so neither is used.",
        )  # fmt: skip
        return
    judged.leave_out_rows(rows, each, off, "value over coins is no price of that time")
    if many:
        judged.doubt(symbol, f"{shown(venue)}'s open interest changed its unit; the older rows are not used")


def _beside_bars(bars: tuple[Rows, Series], times: Ints, prices: Floats) -> tuple[Bools, Bools, Floats]:
    """Compare prices with the bars of their moments, or the last closed ones before them.

    Returns:
        Shape (n,) each: where there is a price and a bar, where the price lies outside it, the bar's close.
    """
    table, candles = bars
    opens = table.time_ms[candles.rows]
    at = np.searchsorted(opens, times, side="right") - 1
    near = (at >= 0) & (times - opens[np.maximum(at, 0)] <= 2 * candles.bar_ms)
    low, high, close = (table.number(name)[candles.rows][np.maximum(at, 0)] for name in ("low", "high", "close"))
    known = near & np.isfinite(prices)
    off = known & ((prices < low / (1 + _VALUE_OFF)) | (prices > high * (1 + _VALUE_OFF)))
    return known, off, close


def _leave_out_outage(judged: Judged, rows: Rows, each: Series) -> None:
    """Leave out snapshots that fall to less than half, or rise to more than double, and come back within a day."""
    amount, times = np.log(rows.number("open_interest_base")[each.rows]), rows.time_ms[each.rows]
    away = np.zeros(len(amount), dtype=np.bool_)
    at = 1
    while at < len(amount):
        if abs(amount[at] - amount[at - 1]) > np.log(_OUTAGE):
            soon = np.arange(at + 1, int(np.searchsorted(times, times[at - 1] + _OUTAGE_LONGEST_MS, side="right")))
            back = soon[np.abs(amount[soon] - amount[at - 1]) < np.log1p(_BACK_WITHIN)]
            if len(back):
                away[at : back[0]] = True
                at = int(back[0])
        at += 1
    if away.any():
        judged.leave_out_rows(rows, each, away, "it left and came back within a day, as in an outage")


def _leave_out_other_unit(judged: Judged, rows: Rows, each: Series) -> None:
    """Leave out what stands before a step of open interest that its value does not take: its unit changed there."""
    amount, value = (rows.number(name)[each.rows] for name in ("open_interest_base", "open_interest_quote"))
    steps, valued = np.abs(np.diff(np.log(amount))), np.abs(np.diff(np.log(value)))
    near = np.diff(rows.time_ms[each.rows]) <= _NEIGHBOURS_MS
    confirmed = np.isfinite(valued) & (valued > np.log(_UNIT_STEP) / 2)
    changes = np.flatnonzero((steps > np.log(_UNIT_STEP)) & near & ~confirmed)
    if not len(changes):
        return
    at = int(changes[-1]) + 1
    judged.leave_out_rows(rows, each, np.arange(len(amount)) < at, "a unit changed after them")
    judged.doubt(
        each.keys[0],
        f"{shown(each.keys[1])}'s open interest steps {float(np.exp(steps[at - 1])):.1f}-fold at "
        f"{moment_of(rows, each.start + at)}, as when a unit changes: what stands before is not used",
    )


def _check_books(judged: Judged, symbol: str) -> None:
    """Leave out order books whose best prices are no price of their moment."""
    for venue, of_venue in groupby(judged.series(tables.ORDER_BOOK, symbol), key=lambda one: one[1].keys[1]):
        bars, sides = judged.bars(symbol, venue), list(of_venue)
        if bars is None:
            continue
        prices = [(each.keys[2], rows.number("price")[each.rows]) for rows, each in sides]
        best = np.array([price.max() if side == "bid" else price.min() for side, price in prices])
        _, off, close = _beside_bars(bars, np.array([rows.time_ms[each.start] for rows, each in sides]), best)
        if off.any():
            at = int(np.argmax(off))
            reason = f"{shown(venue)}'s order book stands at {_price(best[at])} beside candles at {_price(close[at])}."
            judged.leave_out((tables.ORDER_BOOK,), symbol, venue, Datum.BOOK, reason)


# ---- Funding ----


def _check_rates(judged: Judged, rows: Rows, each: Series) -> None:
    """Leave out rates in percent, and read the hours of the others from the gaps between them."""
    symbol, venue = each.keys
    rates = np.abs(rows.number("funding_rate")[each.rows])
    middle = float(np.median(rates))
    piled = max(float(np.mean(np.isclose(rates, base, rtol=1e-6, atol=0))) for base in _PILED_UP)
    if middle > _HIGHEST_FUNDING or (piled > _PILE and len(rates) >= _LEAST_RATES):
        judged.leave_out(
            (tables.FUNDING, tables.FUNDING_NOW), symbol, venue, Datum.FUNDING,
            f"{shown(venue)}'s funding rates stand at {middle:.6g} in the median: percent, where fractions are meant "
            "(0.0001 is 0.01 %), so they are not used.",
        )  # fmt: skip
        return
    stated = rows.number("interval_hours")[each.rows]
    # A sum over venues has no settlements of its own.
    hours = stated if venue == "all" or "+" in venue else funding_hours(rows.time_ms[each.rows], stated)
    if (differs := hours != stated).any():
        whole = rows.number("interval_hours").copy()
        whole[each.rows] = hours
        judged.tables[tables.FUNDING.name] = rows.but({"interval_hours": whole})
        last = int(np.flatnonzero(differs)[-1])
        judged.notes.append(
            f"Funding rates of {base_of(symbol)} on {venue}: {int(differs.sum())} rows say an interval of "
            f"{stated[last]:g} h, their settlements stand {hours[last]:g} h apart; the times count."
        )


def funding_hours(times_ms: Ints, stated_hours: Floats | None = None) -> Floats:
    """Give the hours that each settled rate covers, from the gaps between settlements.

    A gap that is a multiple of its neighbours' is a hole, and so is one that is a multiple of what is stated. A stated
    interval that is longer than the gap is wrong; a longer gap counts where the settlements keep to it throughout.

    Args:
        times_ms: Shape (n,), ascending, n > 0.
        stated_hours: Shape (n,), what the source says, where it does; NaN where it does not.

    Returns:
        Shape (n,); NaN where neither gaps nor source say.
    """
    count = len(times_ms)
    stated = np.full(count, np.nan) if stated_hours is None else stated_hours
    gaps = np.round(np.diff(times_ms) / HOUR_MS * 60) / 60
    if count < _LEAST_RATES:
        shorter = np.concatenate([[False], gaps < stated[1:]]) if count > 1 else np.zeros(count, dtype=np.bool_)
        own = np.where(shorter, np.concatenate([[np.nan], gaps])[:count], stated)
        return np.where(np.isnan(own), gaps.min() if len(gaps) else np.nan, own)
    # The median of up to six gaps around each, itself left out: three on each side, more where one side ends.
    begins = [max(0, min(at - 3, count - 8)) for at in range(count - 1)]
    usual = np.array([np.median(np.delete(gaps[begin : begin + 7], at - begin)) for at, begin in enumerate(begins)])
    with np.errstate(invalid="ignore"):
        told = stated[1:]
        settled = np.isin(usual, _USUAL_HOURS)
        hole = (gaps > _LONGER * usual) & _is_multiple(gaps, usual)
        read = np.where(hole & (gaps != told), usual, gaps)
        # Where the times keep to no interval of any venue, a stated one that divides them stands: rows are a sample.
        sample = ~settled & (told < read) & _is_multiple(read, told)
        hours = np.where(sample, told, read)
        hours = np.concatenate([hours[:1], hours])
        return np.where(np.abs(hours - stated) < _SAME_HOURS, stated, hours)


def _is_multiple(hours: Floats, of: Floats) -> Bools:
    ratio = hours / of
    multiple: Bools = np.abs(ratio - np.round(ratio)) < _SAME_HOURS / 2
    return multiple


def _price(value: float) -> str:
    return notation.price(value, notation.price_decimals(value))


def _times(ratio: float) -> str:
    """Write how far one price stands from another: 1,000 times, 0.001 times, 7.3 % above, 12.0 % below."""
    if ratio >= 2 or ratio <= 1 / 2:
        return f"{ratio:,.4g} times"
    return f"{notation.percent(abs(ratio - 1))} {'above' if ratio > 1 else 'below'}"
