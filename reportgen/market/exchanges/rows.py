"""One datum of one market on one venue: asked for, in base coins, passed over the border, put into columns.

Stands between the readers and `market/exchanges/gather.py`, which asks for many at once. The border holds a venue's
rows against the rules of the market folder and those that only live data need, so that one venue's nonsense costs its
own datum and nobody else's: `market/folder/validate.py` would refuse the whole folder. Each fault is a VenueFault with
the sentence for the reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from reportgen.errors import DataError
from reportgen.market.exchanges.answers import readable
from reportgen.market.exchanges.history import DatumRequest, read_history
from reportgen.market.exchanges.units import coin_of, hourly_liquidations, in_base, maintenance_amounts, settled_times
from reportgen.market.exchanges.venue import Datum, FaultKind, Venue, VenueFault
from reportgen.market.folder import tables
from reportgen.market.folder.columns import Rows, Series
from reportgen.market.folder.plausible import funding_hours
from reportgen.market.folder.tables import TableFormat, interval_ms
from reportgen.market.folder.validate import checked
from reportgen.market.symbols import base_of
from reportgen.units import DAY_MS, HOUR_MS, Floats, Ints, Maybe, Milliseconds, Missing

_T = TypeVar("_T")
_INTERVAL: Final = "1h"
_PRICES: Final = ("open", "high", "low", "close")
_VOLUMES: Final = ("volume_base", "taker_buy_base")
_BRACKET: Final = ("notional_floor", "notional_cap", "maintenance_margin_rate", "max_leverage")
_BARS: Final = {Datum.CANDLES: tables.CANDLES, Datum.MARK: tables.MARK_CANDLES, Datum.SPOT: tables.SPOT_CANDLES}
_CLOCKS_DIFFER_MS: Final = 5 * 60_000
"""How far ahead of its own clock a venue may stamp a row."""

_STALE_BARS: Final = 3
_FROZEN_ROWS: Final = 24
_LONGEST_SILENCE_MS: Final = 6 * HOUR_MS
"""Age of the newest row at which a series of every hour no longer speaks of now; funding may be a day old."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TableRows:
    """Rows of one table with the same keys.

    Attributes:
        table: Whose. keys: symbol and venue first. columns: moment and numbers by name, shape (n,) each.
        notes: Sentences on what was left out.
    """

    table: TableFormat
    keys: tuple[str, ...]
    columns: Mapping[str, NDArray[Any]]
    notes: tuple[str, ...] = ()


Ask: TypeAlias = Callable[[DatumRequest, Milliseconds], tuple[TableRows, ...]]
_ASKS: Final[dict[Datum, Ask]] = {}


def _asks(*data: Datum) -> Callable[[Ask], Ask]:
    """Say for which data a function asks, and at which moment of the venue's."""

    def register(function: Ask) -> Ask:
        _ASKS.update(dict.fromkeys(data, function))
        return function

    return register


def ask(request: DatumRequest) -> tuple[TableRows, ...]:
    """Ask for one datum.

    Raises:
        VenueFault: The venue did not answer, or answered what cannot be used.
    """
    with readable(request.venue):
        return _ASKS[request.datum](request, request.line.server_now())


@_asks(*_BARS)
def _bars(request: DatumRequest, now: Milliseconds) -> tuple[TableRows, ...]:
    """Read bars of the contract, of its mark price, which has no volume, or of spot, which is priced by the coin."""
    rows, contract = read_history(request), request.contract
    if request.datum is Datum.SPOT:
        contract = replace(contract, scale=1 / coin_of(base_of(contract.symbol))[1])
    prices = {name: rows[:, at] / contract.scale for at, name in enumerate(_PRICES, 1)}
    sizes = {
        name: _known(in_base(request.rule, contract, rows[:, at], prices["close"]))
        for at, name in enumerate(_VOLUMES[: rows.shape[1] - 5], 5)
    }
    times = rows[:, 0].astype(np.int64)
    found = _passed(request, _BARS[request.datum], (_INTERVAL,), times, prices | sizes)
    if request.datum is Datum.CANDLES:
        refuse_late(request.venue, found.columns["open_time_ms"], now)
        refuse_frozen(request.venue, "bar", np.column_stack([*prices.values(), sizes["volume_base"]]))
    return (found,)


@_asks(Datum.OPEN_INTEREST)
def _open_interest(request: DatumRequest, now: Milliseconds) -> tuple[TableRows, ...]:
    """Put the history and the present snapshot into one series, in base coins, each position once."""
    venue, line, contract = request.venue, request.line, request.contract
    rows = np.empty((0, 3))
    notes: tuple[str, ...] = ()
    if Datum.OPEN_INTEREST in venue.paged:
        try:
            rows = read_history(request)
        except VenueFault as fault:
            if not venue.interest_now or fault.kind is not FaultKind.BAD_PAYLOAD:
                raise
            notes = (f"Open interest of {base_of(contract.symbol)} on {venue.name} has no history: {fault}",)
    if venue.interest_now:
        rows = np.concatenate([rows, np.array([venue.interest_now(line, contract)])])
    _, last = np.unique(rows[::-1, 0], return_index=True)
    rows = rows[::-1][last]
    times = rows[:, 0].astype(np.int64)
    refuse_stale(venue, "open interest", times, now, _LONGEST_SILENCE_MS)
    price: Maybe[float] = Missing("It lists no mark price.")
    if venue.mark_price:
        price = venue.mark_price(line, contract) / contract.scale
    rule = request.rule
    if venue.sides:
        sides, note = venue.sides(line, contract, float(rows[-1, 1]))
        rule, notes = replace(rule, sides=sides), (*notes, *([note] if note else []))
    base = _known(in_base(rule, contract, rows[:, 1], price))
    refuse_frozen(venue, "open interest", base[:, None])
    columns = {"open_interest_base": base, "open_interest_quote": rows[:, 2] / rule.sides}
    found = _passed(request, tables.OPEN_INTEREST, (), times, columns)
    return (replace(found, notes=(*found.notes, *notes)),)


@_asks(Datum.FUNDING)
def _funding(request: DatumRequest, now: Milliseconds) -> tuple[TableRows, ...]:
    rows = read_history(request)
    times, first = np.unique(settled_times(rows[:, 0].astype(np.int64)), return_index=True)
    hours = funding_hours(times)
    if np.isnan(hours).any():
        hours = np.full(len(times), _known(request.contract.listing.funding_hours))
    longest = max(DAY_MS, round(3 * hours[-1] * HOUR_MS))
    refuse_stale(request.venue, "funding rate", times, now, longest)
    columns = {"funding_rate": rows[first, 1], "interval_hours": hours}
    return (_passed(request, tables.FUNDING, (), times, columns),)


@_asks(Datum.FUNDING_NOW)
def _funding_now(request: DatumRequest, now: Milliseconds) -> tuple[TableRows, ...]:
    """Read the rate that is running: an estimate until it settles, so it never joins the settled ones."""
    venue = request.venue
    time, rate, own_hours = _asked(venue.funding_now, request, "running funding")(request.line, request.contract)
    times = np.array([time], dtype=np.int64)
    refuse_stale(venue, "running funding", times, now, HOUR_MS)
    hours = _known(request.contract.listing.funding_hours) if np.isnan(own_hours) else own_hours
    columns = {"funding_rate": np.array([rate]), "interval_hours": np.array([hours], dtype=np.float64)}
    return (_passed(request, tables.FUNDING_NOW, (), times, columns),)


@_asks(Datum.RATIO)
def _ratio(request: DatumRequest, now: Milliseconds) -> tuple[TableRows, ...]:
    rows = read_history(request)
    times = rows[:, 0].astype(np.int64)
    refuse_stale(request.venue, "long/short ratio", times, now, _LONGEST_SILENCE_MS)
    return (_passed(request, tables.LONG_SHORT_RATIO, ("accounts",), times, {"ratio": rows[:, 1]}),)


@_asks(Datum.LIQUIDATIONS)
def _liquidations(request: DatumRequest, now: Milliseconds) -> tuple[TableRows, ...]:
    """Read bars where the venue adds up itself, else add its single liquidations up by the hour."""
    venue, contract = request.venue, request.contract
    if venue.events is None:
        hours, longs, shorts = read_history(request).T
        sides = {"liquidated_long_quote": longs, "liquidated_short_quote": shorts}
        return (_passed(request, tables.LIQUIDATIONS, (_INTERVAL,), hours.astype(np.int64), sides),)
    known, events = venue.events(request.line, contract, now - request.rule.days * DAY_MS)
    if not known:
        raise VenueFault(FaultKind.BAD_PAYLOAD, f"{venue.display} gave no rows of {request.datum}.")
    found = np.array(events, dtype=np.float64).reshape(-1, 4)
    times = found[:, 0].astype(np.int64)
    refuse_future(venue, times, now)
    # The whole hours since they are known: without events an hour is a true zero.
    begin, end = -(-known // HOUR_MS) * HOUR_MS, now // HOUR_MS * HOUR_MS
    if begin >= end:
        raise VenueFault(FaultKind.BAD_PAYLOAD, f"{venue.display} gave less than an hour of liquidations.")
    size = _known(in_base(request.rule, contract, found[:, 2], found[:, 3] / contract.scale))
    quote, inside = size * found[:, 3] / contract.scale, (times >= begin) & (times < end)
    columns = hourly_liquidations(times[inside], quote[inside], found[inside, 1] > 0, (begin, end))
    return (_passed(request, tables.LIQUIDATIONS, (_INTERVAL,), columns.pop("open_time_ms"), columns),)


@_asks(Datum.BOOK)
def _order_book(request: DatumRequest, now: Milliseconds) -> tuple[TableRows, ...]:
    venue, contract = request.venue, request.contract
    book = _asked(venue.order_book, request, "book")(request.line, contract)
    refuse_stale(venue, "order book", np.array([book.time_ms]), now, HOUR_MS)
    pieces = []
    for side, levels in (("bid", book.bids), ("ask", book.asks)):
        if levels:
            found = np.array(sorted(set(levels)), dtype=np.float64)
            price = found[:, 0] / contract.scale
            columns = {"price": price, "size_base": _known(in_base(request.rule, contract, found[:, 1], price))}
            times = np.full(len(found), book.time_ms, dtype=np.int64)
            pieces.append(_passed(request, tables.ORDER_BOOK, (side,), times, columns))
    if len(pieces) < 2 or book.bids[0][0] > book.asks[0][0]:
        raise VenueFault(FaultKind.BAD_PAYLOAD, f"{venue.display} sent an order book without two sides.")
    return tuple(pieces)


def ask_brackets(request: DatumRequest, price: float) -> tuple[TableRows, ...]:
    """Ask for margin brackets.

    Args:
        request: What is wanted of whom.
        price: Quote per coin of the listing, for bounds in contracts.

    Raises:
        VenueFault: The venue did not answer, or answered what cannot be used.
    """
    venue = request.venue
    if venue.brackets is None or isinstance(venue.rule(Datum.BRACKETS), Missing):
        return ()
    with readable(venue):
        table = np.array(venue.brackets(request.line, request.contract, price), dtype=np.float64)
        if not len(table):
            return ()
        amount = np.where(np.isnan(table[:, 4]), maintenance_amounts(table[:, 0], table[:, 2]), table[:, 4])
        columns = {name: table[:, at] for at, name in enumerate(_BRACKET)} | {"maintenance_amount": amount}
        date = venue.brackets_date or str(np.datetime64(request.until, "ms").astype("datetime64[D]"))
        return (_passed(request, tables.BRACKETS, (date,), np.zeros(len(table), dtype=np.int64), columns),)


def _passed(
    request: DatumRequest, table: TableFormat, more: tuple[str, ...], times: Ints, numbers: Mapping[str, Floats]
) -> TableRows:
    """Pass columns over the border; `more` are the keys beyond symbol and venue."""
    return pass_border(request.venue, table, (request.contract.symbol, request.venue.name, *more), times, numbers)


def _asked(question: _T | None, request: DatumRequest, what: str) -> _T:
    """Give the question that a venue's file states; without one the venue is not asked."""
    if question is None:
        raise VenueFault(FaultKind.BAD_PAYLOAD, f"{request.venue.display} is not asked for its {what}.")
    return question


def _known(values: Maybe[_T]) -> _T:
    """Give what was converted; where its unit cannot be known, the venue's number is of no use."""
    if isinstance(values, Missing):
        raise VenueFault(FaultKind.BAD_PAYLOAD, values.reason)
    return values


def pass_border(
    venue: Venue, table: TableFormat, keys: tuple[str, ...], time_ms: Ints, numbers: Mapping[str, Floats]
) -> TableRows:
    """Hold one series against the rules of its table.

    Args:
        venue: Who sent it.
        table: Where it belongs.
        keys: Symbol and venue first.
        time_ms: Shape (n,), n > 0, ascending.
        numbers: By column, shape (n,) each.

    Raises:
        VenueFault: A cell cannot be true; without the advice that a file's owner would get.
    """
    bar_ms = next((interval_ms(key) or 0 for name, key in zip(table.keys, keys, strict=True) if name == "interval"), 0)
    rows = Rows(
        file=venue.display,
        table=table,
        series=(Series(keys=keys, start=0, stop=len(time_ms), bar_ms=bar_ms),),
        row=np.arange(1, len(time_ms) + 1),
        time_ms=time_ms,
        numbers=numbers,
    )
    try:
        kept, notes = checked(rows)
    except DataError as error:
        first = str(error).splitlines()[0].removeprefix(f"{venue.display}: ")
        why = (first.partition("): ")[2] or first).partition(". ")[0].rstrip(".")
        sentence = f"{venue.display} sent {table.says} that cannot be true: {why}."
        raise VenueFault(FaultKind.BAD_PAYLOAD, sentence) from error
    moment = {} if table.moment in table.keys else {table.moment: kept.time_ms}
    return TableRows(table=table, keys=keys, columns={**moment, **kept.numbers}, notes=notes)


def refuse_late(venue: Venue, time_ms: Ints, now: Milliseconds) -> None:
    """Refuse hourly bars, opens of shape (n,), n > 0, whose newest closed hours ago."""
    late = (now - int(time_ms[-1])) // HOUR_MS - 1
    if late > _STALE_BARS:
        raise VenueFault(FaultKind.BAD_PAYLOAD, f"{venue.display}'s newest bar closed {late} hours ago.")


def refuse_frozen(venue: Venue, what: str, cells: Floats) -> None:
    """Refuse rows, shape (n, cells), whose last day is one row again and again."""
    last = cells[-_FROZEN_ROWS:]
    if len(last) == _FROZEN_ROWS and bool(np.all(last == last[0])):
        sentence = f"{venue.display} has repeated the same {what} for {_FROZEN_ROWS} hours."
        raise VenueFault(FaultKind.BAD_PAYLOAD, sentence)


def refuse_future(venue: Venue, time_ms: Ints, now: Milliseconds) -> None:
    """Refuse rows that are stamped after the venue's own time."""
    if len(time_ms) and int(time_ms.max()) > now + _CLOCKS_DIFFER_MS:
        raise VenueFault(FaultKind.BAD_PAYLOAD, f"{venue.display} stamped rows with times to come.")


def refuse_stale(venue: Venue, what: str, time_ms: Ints, now: Milliseconds, longest: Milliseconds) -> None:
    """Refuse a series, shape (n,), n > 0, with rows to come, or whose newest row is too old to speak of now."""
    refuse_future(venue, time_ms, now)
    if time_ms[-1] < now - longest:
        hours = (now - int(time_ms[-1])) // HOUR_MS
        raise VenueFault(FaultKind.BAD_PAYLOAD, f"{venue.display}'s newest {what} is {hours} hours old.")
