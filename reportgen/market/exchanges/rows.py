"""One datum of one market on one venue: asked for, converted to base coins, passed over the border, put into columns.

Stands between the readers and `market/exchanges/gather.py`, which asks for many at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from reportgen.market.exchanges.answers import UNREADABLE, unreadable
from reportgen.market.exchanges.connection import Connection
from reportgen.market.exchanges.history import HistoryCache, HistoryRequest, read_history
from reportgen.market.exchanges.judge import (
    pass_border,
    refuse_bad_bars,
    refuse_frozen,
    refuse_future,
    refuse_stale,
)
from reportgen.market.exchanges.units import (
    coin_of,
    in_base,
    maintenance_amounts,
    settled_times,
)
from reportgen.market.exchanges.venue import Contract, Datum, FaultKind, RawBook, Row, UnitRule, Venue, VenueFault
from reportgen.market.folder.plausible import funding_hours
from reportgen.market.folder.tables import (
    BRACKETS,
    CANDLES,
    FUNDING,
    FUNDING_NOW,
    LIQUIDATIONS,
    LONG_SHORT_RATIO,
    MARK_CANDLES,
    OPEN_INTEREST,
    ORDER_BOOK,
    SPOT_CANDLES,
    TableFormat,
)
from reportgen.market.symbols import base_of
from reportgen.units import DAY_MS, HOUR_MS, Floats, Ints, Maybe, Milliseconds, Missing

_T = TypeVar("_T")
_INTERVAL: Final = "1h"
_OHLC: Final = ("open", "high", "low", "close")
_LONGEST_SILENCE: Final = {Datum.OPEN_INTEREST: 6 * HOUR_MS, Datum.RATIO: 6 * HOUR_MS, Datum.FUNDING: DAY_MS}
"""Age of the newest row at which a series no longer speaks of now."""


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DatumRequest:
    """One datum that is wanted.

    Attributes:
        line: The venue. contract: the market. datum: what. cache: closed history, if kept.
        until: The venue's time when the run began: the same end for every series, so that nothing is asked twice.
    """

    line: Connection
    contract: Contract
    datum: Datum
    cache: HistoryCache | None
    until: Milliseconds

    @property
    def venue(self) -> Venue:
        """Who is asked."""
        return self.contract.venue

    @property
    def rule(self) -> UnitRule:
        """How the venue expresses the datum; nothing is asked that has none."""
        rule = self.venue.rule(self.datum)
        if isinstance(rule, Missing):
            raise VenueFault(FaultKind.BAD_PAYLOAD, rule.reason)
        return rule

    def keys(self, *more: str) -> tuple[str, ...]:
        """Give the keys of a piece."""
        return (self.contract.symbol, self.contract.venue.name, *more)

    def history(self) -> Floats:
        """Read the venue's history of the datum, oldest first; rows of bars that are not over yet are dropped.

        Raises:
            VenueFault: There is none.
        """
        datum, venue = self.datum, self.venue
        since = (self.until - self.rule.days * DAY_MS) // HOUR_MS * HOUR_MS
        wanted = HistoryRequest(
            line=self.line, contract=self.contract, datum=datum, paged=self.venue.paged[datum],
            since=since, until=self.until,
        )  # fmt: skip
        rows = read_history(wanted, self.cache)
        bars = datum in {Datum.CANDLES, Datum.MARK, Datum.SPOT, Datum.LIQUIDATIONS}
        # A statistic of the running hour may be stamped with its end.
        closed = rows[rows[:, 0] + (HOUR_MS if bars else 0) <= self.until] if len(rows) else rows
        if not len(closed):
            raise VenueFault(FaultKind.BAD_PAYLOAD, f"{venue.display} gave no rows of {datum}.")
        return closed


def ask(request: DatumRequest) -> tuple[TableRows, ...]:
    """Ask for one datum.

    Raises:
        VenueFault: The venue did not answer, or answered what cannot be used.
    """
    try:
        return _ASKS[request.datum](request, request.line.server_now())
    except UNREADABLE as error:
        raise unreadable(request.venue) from error


def _candles(request: DatumRequest, now: Milliseconds) -> tuple[TableRows, ...]:
    rows = request.history()
    scale = request.contract.scale
    prices = {name: rows[:, at] / scale for at, name in enumerate(_OHLC, 1)}
    volumes = {"volume_base": rows[:, 5]} | ({"taker_buy_base": rows[:, 6]} if rows.shape[1] > 6 else {})
    sizes = {
        name: _known(in_base(request.rule, request.contract, each, prices["close"])) for name, each in volumes.items()
    }
    piece = _passed(request, CANDLES, (_INTERVAL,), rows[:, 0].astype(np.int64), prices | sizes)
    refuse_bad_bars(request.venue, piece.columns["open_time_ms"], prices, sizes["volume_base"], now)
    return (piece,)


def _plain_bars(table: TableFormat, datum: Datum) -> Callable[[DatumRequest, Milliseconds], tuple[TableRows, ...]]:
    """Read mark or spot bars: spot is priced in single coins, mark like the contract."""

    def read(request: DatumRequest, _now: Milliseconds) -> tuple[TableRows, ...]:
        rows = request.history()
        scale = request.contract.scale if datum is Datum.MARK else _coins_of_symbol(request.contract)
        columns = {name: rows[:, at] / scale for at, name in enumerate(_OHLC, 1)}
        if datum is Datum.SPOT:
            columns |= {"volume_base": rows[:, 5] * scale}
            columns |= {"taker_buy_base": rows[:, 6] * scale} if rows.shape[1] > 6 else {}
        return (_passed(request, table, (_INTERVAL,), rows[:, 0].astype(np.int64), columns),)

    return read


def _coins_of_symbol(contract: Contract) -> float:
    """Give what a price of one coin is divided by, so that it is a price of the symbol's own unit."""
    return 1 / coin_of(contract.symbol.partition("/")[0])[1]


def _open_interest(request: DatumRequest, now: Milliseconds) -> tuple[TableRows, ...]:
    """Put the history and the present snapshot into one series, in base coins, each position once."""
    venue, line, contract = request.venue, request.line, request.contract
    rows = np.empty((0, 3))
    notes: tuple[str, ...] = ()
    if Datum.OPEN_INTEREST in venue.paged:
        try:
            rows = request.history()
        except VenueFault as fault:
            if not venue.interest_now or fault.kind is not FaultKind.BAD_PAYLOAD:
                raise
            notes = (f"Open interest of {base_of(contract.symbol)} on {contract.venue.name} has no history: {fault}",)
    if venue.interest_now:
        rows = np.concatenate([rows, np.array([venue.interest_now(line, contract)])])
    _, last = np.unique(rows[::-1, 0], return_index=True)
    rows = rows[::-1][last]
    times = rows[:, 0].astype(np.int64)
    refuse_future(venue, times, now)
    refuse_stale(venue, "open interest", int(times[-1]), now, _LONGEST_SILENCE[Datum.OPEN_INTEREST])
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
    found = _passed(request, OPEN_INTEREST, (), times, columns)
    return (replace(found, notes=(*found.notes, *notes)),)


def _funding(request: DatumRequest, now: Milliseconds) -> tuple[TableRows, ...]:
    rows = request.history()
    times, first = np.unique(settled_times(rows[:, 0].astype(np.int64)), return_index=True)
    listed = request.contract.listing.funding_hours
    hours = funding_hours(times)
    if np.isnan(hours).any():
        hours = np.full(len(times), _known(listed))
    longest = max(_LONGEST_SILENCE[Datum.FUNDING], round(3 * hours[-1] * HOUR_MS))
    refuse_stale(request.venue, "funding rate", int(times[-1]), now, longest)
    columns = {"funding_rate": rows[first, 1], "interval_hours": hours}
    return (_passed(request, FUNDING, (), times, columns),)


def _funding_now(request: DatumRequest, now: Milliseconds) -> tuple[TableRows, ...]:
    """Read the rate that is running: an estimate until it settles, so it never joins the settled ones."""
    venue = request.venue
    if venue.funding_now is None:
        raise VenueFault(FaultKind.BAD_PAYLOAD, f"{venue.display} is not asked for its running funding.")
    time, rate, own_hours = venue.funding_now(request.line, request.contract)
    times = np.array([time], dtype=np.int64)
    refuse_future(venue, times, now)
    refuse_stale(venue, "running funding", int(time), now, HOUR_MS)
    listed = request.contract.listing.funding_hours
    if np.isnan(own_hours) and isinstance(listed, Missing):
        raise VenueFault(FaultKind.BAD_PAYLOAD, listed.reason)
    hours = listed if np.isnan(own_hours) else own_hours
    columns = {"funding_rate": np.array([rate]), "interval_hours": np.array([hours], dtype=np.float64)}
    return (_passed(request, FUNDING_NOW, (), times, columns),)


def _ratio(request: DatumRequest, now: Milliseconds) -> tuple[TableRows, ...]:
    rows = request.history()
    times = rows[:, 0].astype(np.int64)
    refuse_stale(request.venue, "long/short ratio", int(times[-1]), now, _LONGEST_SILENCE[Datum.RATIO])
    return (_passed(request, LONG_SHORT_RATIO, ("accounts",), times, {"ratio": rows[:, 1]}),)


def _liquidations(request: DatumRequest, now: Milliseconds) -> tuple[TableRows, ...]:
    """Read bars where the venue adds up itself, else add its single liquidations up by the hour."""
    if request.venue.events is None:
        rows = request.history()
    else:
        since = now - request.rule.days * DAY_MS
        known, events = request.venue.events(request.line, request.contract, since)
        rows = _by_hour(request, known, events, now)
    columns = {"liquidated_long_quote": rows[:, 1], "liquidated_short_quote": rows[:, 2]}
    return (_passed(request, LIQUIDATIONS, (_INTERVAL,), rows[:, 0].astype(np.int64), columns),)


def _by_hour(request: DatumRequest, known: Milliseconds, events: list[Row], now: Milliseconds) -> Floats:
    """Add single liquidations up over the whole hours since they are known: without events an hour is a true zero."""
    if not known:
        raise VenueFault(FaultKind.BAD_PAYLOAD, f"{request.venue.display} gave no rows of {request.datum}.")
    found = np.array(events, dtype=np.float64).reshape(-1, 4)
    refuse_future(request.venue, found[:, 0].astype(np.int64), now)
    begin = -(-known // HOUR_MS) * HOUR_MS
    hours = np.arange(begin, now // HOUR_MS * HOUR_MS, HOUR_MS)
    if not len(hours):
        raise VenueFault(FaultKind.BAD_PAYLOAD, f"{request.venue.display} gave less than an hour of liquidations.")
    size = _known(in_base(request.rule, request.contract, found[:, 2], found[:, 3] / request.contract.scale))
    quote = size * found[:, 3] / request.contract.scale
    place = (found[:, 0].astype(np.int64) - begin) // HOUR_MS
    inside = (place >= 0) & (place < len(hours))
    sums = [
        np.bincount(place[inside & (found[:, 1] * sign > 0)], quote[inside & (found[:, 1] * sign > 0)], len(hours))
        for sign in (1, -1)
    ]
    return np.column_stack([hours.astype(np.float64), *sums])


def _order_book(request: DatumRequest, now: Milliseconds) -> tuple[TableRows, ...]:
    if request.venue.order_book is None:
        raise VenueFault(FaultKind.BAD_PAYLOAD, f"{request.venue.display} is not asked for its book.")
    book = request.venue.order_book(request.line, request.contract)
    refuse_future(request.venue, np.array([book.time_ms]), now)
    refuse_stale(request.venue, "order book", book.time_ms, now, HOUR_MS)
    pieces = tuple(
        _side(request, book, name, levels) for name, levels in (("bid", book.bids), ("ask", book.asks)) if levels
    )
    if len(pieces) < 2 or book.bids[0][0] > book.asks[0][0]:
        raise VenueFault(FaultKind.BAD_PAYLOAD, f"{request.venue.display} sent an order book without two sides.")
    return pieces


def _side(request: DatumRequest, book: RawBook, name: str, levels: tuple[Row, ...]) -> TableRows:
    found = np.array(sorted(set(levels)), dtype=np.float64)
    price = found[:, 0] / request.contract.scale
    size = _known(in_base(request.rule, request.contract, found[:, 1], price))
    times = np.full(len(found), book.time_ms, dtype=np.int64)
    return _passed(request, ORDER_BOOK, (name,), times, {"price": price, "size_base": size})


def ask_brackets(request: DatumRequest, price: float) -> tuple[TableRows, ...]:
    """Ask for margin brackets.

    Args:
        request: What is wanted of whom.
        price: Quote per coin of the listing, for bounds in contracts.

    Raises:
        VenueFault: The venue did not answer, or answered what cannot be used.
    """
    try:
        return _brackets(request, price)
    except UNREADABLE as error:
        raise unreadable(request.venue) from error


def _brackets(request: DatumRequest, price: float) -> tuple[TableRows, ...]:
    if request.venue.brackets is None or isinstance(request.venue.rule(Datum.BRACKETS), Missing):
        return ()
    found = request.venue.brackets(request.line, request.contract, price)
    if not found:
        return ()
    table = np.array(found, dtype=np.float64)
    amount = np.where(np.isnan(table[:, 4]), maintenance_amounts(table[:, 0], table[:, 2]), table[:, 4])
    names = ("notional_floor", "notional_cap", "maintenance_margin_rate", "max_leverage")
    columns = {name: table[:, at] for at, name in enumerate(names)} | {"maintenance_amount": amount}
    date = request.venue.brackets_date or str(np.datetime64(request.until, "ms").astype("datetime64[D]"))
    return (_passed(request, BRACKETS, (date,), np.zeros(len(table), dtype=np.int64), columns),)


def _passed(
    request: DatumRequest, table: TableFormat, more: tuple[str, ...], times: Ints, numbers: dict[str, Floats]
) -> TableRows:
    """Pass columns over the border."""
    keys = request.keys(*more)
    kept, columns, notes = pass_border(request.venue, table, keys, times, numbers)
    moment = {} if table.moment in table.keys else {table.moment: kept}
    return TableRows(table=table, keys=keys, columns=moment | columns, notes=notes)


def _known(values: Maybe[_T]) -> _T:
    """Give converted amounts.

    Raises:
        VenueFault: Their unit cannot be known.
    """
    if isinstance(values, Missing):
        raise VenueFault(FaultKind.BAD_PAYLOAD, values.reason)
    return values


_ASKS: Final[Mapping[Datum, Callable[[DatumRequest, Milliseconds], tuple[TableRows, ...]]]] = {
    Datum.CANDLES: _candles,
    Datum.MARK: _plain_bars(MARK_CANDLES, Datum.MARK),
    Datum.SPOT: _plain_bars(SPOT_CANDLES, Datum.SPOT),
    Datum.OPEN_INTEREST: _open_interest,
    Datum.FUNDING: _funding,
    Datum.FUNDING_NOW: _funding_now,
    Datum.BOOK: _order_book,
    Datum.LIQUIDATIONS: _liquidations,
    Datum.RATIO: _ratio,
}
