"""What a venue's reader consists of, and how a cell of an answer is read: as a finite number, or not at all.

`market/exchanges/binance.py` and its neighbours fill one `VenueReader` each; `market/exchanges/history.py` turns the
pages. ccxt's unified methods lose units and sides, so the readers call the venues' own endpoints.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from reportgen.market.exchanges.connection import Connection
from reportgen.market.exchanges.units import Contract, Listing, coin_of
from reportgen.market.exchanges.venues import Datum, Venue
from reportgen.moments import moment_text
from reportgen.units import HOUR_MS, Maybe, Milliseconds, Missing

Row: TypeAlias = tuple[float, ...]
"""Cells of a series, time in milliseconds first; NaN where the venue leaves one empty that may be."""

NAN: Final = math.nan

Page: TypeAlias = Callable[[Connection, Contract, Milliseconds, Milliseconds], list[Row]]
"""Asks for the rows in [since, until); more, fewer and any order may come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged:
    """How a history is asked for, page by page.

    Attributes:
        page: Asks for one. rows: how many it holds at most. step_ms: between two rows; 0 for a contract's own funding.
    """

    page: Page
    rows: int
    step_ms: Milliseconds = HOUR_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class RawBook:
    """A snapshot as it came: (price, size) best first; sizes in the venue's unit."""

    time_ms: Milliseconds
    bids: tuple[Row, ...]
    asks: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueReader:
    """Everything that is asked of one venue.

    Attributes:
        venue: Whose. listings: its perpetuals, by its own names. paged: histories by datum: candles are (time, open,
            high, low, close, volume[, bought by takers]), open interest (time, amount, USD or NaN), funding (time,
            rate), ratio (time, long over short), liquidations (time, of longs, of shorts) as bars in quote currency.
        interest_now: (time, amount, USD or NaN) at present. funding_now: (time, rate so far, hours of its interval or
            NaN where the list of perpetuals says). mark_price: at present, per coin of the listing.
        order_book: the book now. brackets: (floor, maintenance rate, highest leverage, deduction or NaN) by notional;
            needs a price where the bounds are contracts. brackets_date: of a bundled table; "" for one read today.
        events: (time, 1 for longs and -1 for shorts, amount, price) of single liquidations, newest first.
        hello: one cheap question and what came back, for the doctor.
    """

    venue: Venue
    listings: Callable[[Connection], Mapping[str, Listing]]
    paged: Mapping[Datum, Paged]
    hello: Callable[[Connection], str]
    order_book: Callable[[Connection, Contract], RawBook] | None = None
    interest_now: Callable[[Connection, Contract], Row] | None = None
    funding_now: Callable[[Connection, Contract], Row] | None = None
    mark_price: Callable[[Connection, Contract], float] | None = None
    brackets: Callable[[Connection, Contract, float], list[Row]] | None = None
    brackets_date: str = ""
    events: Callable[[Connection, Contract, Milliseconds], list[Row]] | None = None


def within(answer: object, *path: str | int) -> Any:  # noqa: ANN401 - JSON
    """Walk into an answer.

    Raises:
        ValueError: It has another shape.
    """
    here: Any = answer
    for step in path:
        fits = isinstance(here, dict) and step in here if isinstance(step, str) else isinstance(here, list)
        if not fits or (isinstance(step, int) and not -len(here) <= step < len(here)):
            raise ValueError(f"no {step} in the answer")
        here = here[step]
    return here


def rows_of(answer: object, *path: str | int) -> list[Any]:
    """Walk to a list.

    Raises:
        ValueError: There is none.
    """
    found = within(answer, *path)
    if not isinstance(found, list):
        raise ValueError("a list was expected")  # noqa: TRY004 - the shape of an answer, not of an argument
    return found


def number(cell: object) -> float:
    """Read a cell that must hold a finite number, written as a number or as text.

    Raises:
        ValueError: It holds anything else.
    """
    if not isinstance(cell, str | int | float) or isinstance(cell, bool):
        raise ValueError("a number was expected")  # noqa: TRY004 - the shape of an answer, not of an argument
    value = float(cell)
    if not math.isfinite(value):
        raise ValueError("a finite number was expected")
    return value


def numbers(row: object, *cells: str | int) -> Row:
    """Read some cells of a row."""
    return tuple(number(within(row, cell)) for cell in cells)


def optional(row: object, cell: str | int) -> float:
    """Read a cell that may be empty or absent: NaN."""
    found = row.get(cell) if isinstance(row, dict) else within(row, cell)
    return NAN if found in (None, "") else number(found)


def text(row: object, cell: str) -> str:
    """Read a name."""
    found = within(row, cell)
    if not isinstance(found, str) or not found:
        raise ValueError("a name was expected")
    return found


def flag(row: object, cell: str) -> bool:
    """Read a yes or no; absent means no."""
    return isinstance(row, dict) and row.get(cell) is True


def sides(
    answer: object, bids: str, asks: str, *, price: str | int = 0, size: str | int = 1
) -> tuple[tuple[Row, ...], ...]:
    """Read the two sides of a book."""
    return tuple(tuple(numbers(level, price, size) for level in rows_of(answer, side)) for side in (bids, asks))


def listed(rows: Iterable[Any], read: Callable[[Any], Listing | None]) -> dict[str, Listing]:
    """Read a venue's list of perpetuals by their names; a row that cannot be read costs itself alone."""
    found: dict[str, Listing] = {}
    for row in rows:
        try:
            one = read(row)
        except (ValueError, AttributeError):
            continue
        if one is not None:
            found[one.market_id] = one
    return found


def positive(row: object, cell: str, lacking: str, *, over: float = 1.0) -> Maybe[float]:
    """Read a size or an interval that must be above zero, else say what is lacking; divided by `over`."""
    found = optional(row, cell)
    return found / over if found > 0 else Missing(lacking)


def clock_says(milliseconds: float) -> str:
    """Say what time a venue has."""
    return f"its clock says {moment_text(int(milliseconds))}"


def perpetual(contract: Contract) -> str:
    """Name what is asked about."""
    return f"perpetual of {contract.symbol.partition('/')[0]}"


def spot_pair(contract: Contract, between: str = "") -> str:
    """Give the venue's spot market of the coin: BTCUSDT, BTC_USDT; spot knows no multiplied coins."""
    return f"{coin_of(contract.listing.base)[0]}{between}{contract.listing.quote}"


def spot_name(contract: Contract) -> str:
    """Name the spot market that is asked about."""
    return f"spot market {spot_pair(contract, '/')}"
