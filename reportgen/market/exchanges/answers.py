"""Reading a venue's answer: each cell is a finite number, or the answer cannot be read.

ccxt's unified methods lose units and sides, so the venues' own endpoints are asked, through ccxt's implicit methods.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from reportgen.market.exchanges.units import coin_of
from reportgen.market.exchanges.venue import Contract, FaultKind, Listing, Page, Row, Transport, Venue, VenueFault
from reportgen.moments import moment_text
from reportgen.units import Maybe, Milliseconds, Missing

NAN: Final = math.nan
UNREADABLE: Final = (ValueError, TypeError, AttributeError, KeyError, IndexError, ZeroDivisionError)
"""What reading an answer of another shape raises."""

Ask: TypeAlias = Callable[[Contract, Milliseconds, Milliseconds], Mapping[str, Any]]
Read: TypeAlias = Callable[[Any], list[Row]]


def unreadable(venue: Venue) -> VenueFault:
    """Say that an answer could not be read: a web page, half a JSON, an empty cell."""
    return VenueFault(FaultKind.BAD_PAYLOAD, f"{venue.display} sent an unreadable answer.")


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


def positive(row: object, cell: str, lacking: str, *, over: float = 1.0) -> Maybe[float]:
    """Read a size or an interval that must be above zero, else say what is lacking; divided by `over`."""
    found = optional(row, cell)
    return found / over if found > 0 else Missing(lacking)


def sides(
    answer: object, bids: str, asks: str, *, price: str | int = 0, size: str | int = 1
) -> tuple[tuple[Row, ...], ...]:
    """Read the two sides of a book."""
    return tuple(tuple(numbers(level, price, size) for level in rows_of(answer, side)) for side in (bids, asks))


def rows(*cells: str | int, at: tuple[str | int, ...] = (), seconds: bool = False) -> Read:
    """Make the reader of a list of rows: some cells of each, the time first; a cell that is null becomes NaN.

    The rules of the table leave such rows out and count them; a time that is null, or a cell that is not there, makes
    the answer unreadable.

    Args:
        cells: Names or places in a row.
        at: Where the list stands in the answer.
        seconds: Whether the venue's times are seconds.
    """

    def read(answer: Any) -> list[Row]:  # noqa: ANN401 - JSON
        time, *others = cells
        found = [
            (
                number(within(row, time)),
                *(NAN if within(row, cell) is None else number(within(row, cell)) for cell in others),
            )
            for row in rows_of(answer, *at)
        ]
        return [(row[0] * 1000, *row[1:]) for row in found] if seconds else found

    return read


def shares(time: str, longs: str, shorts: str, at: tuple[str | int, ...]) -> Read:
    """Make the reader of a ratio that is published as two shares."""

    def read(answer: Any) -> list[Row]:  # noqa: ANN401 - JSON
        found = (numbers(row, time, longs, shorts) for row in rows_of(answer, *at))
        return [(moment, long / short) for moment, long, short in found if short]

    return read


def tiers(read: Iterable[Row]) -> list[Row]:
    """Make brackets of (cap, maintenance rate, highest leverage, deduction or NaN): each begins where one ends."""
    floor = 0.0
    found: list[Row] = []
    for cap, rate, leverage, deduction in sorted(read):
        found.append((floor, cap, rate, leverage, deduction))
        floor = cap
    return found


def listed(found: Iterable[Any], read: Callable[[Any], Listing | None]) -> dict[str, Listing]:
    """Read a venue's list of perpetuals by their names; a row that cannot be read costs itself alone."""

    def readable() -> Iterator[Listing]:
        for row in found:
            try:
                one = read(row)
            except (ValueError, AttributeError):
                continue
            if one is not None:
                yield one

    return {one.market_id: one for one in readable()}


def perpetual(contract: Contract) -> str:
    """Name what is asked about."""
    return f"perpetual of {contract.symbol.partition('/')[0]}"


def spot_pair(contract: Contract, between: str = "") -> str:
    """Give the venue's spot market of the coin: BTCUSDT, BTC_USDT; spot knows no multiplied coins."""
    return f"{coin_of(contract.listing.base)[0]}{between}{contract.listing.quote}"


def spot_name(contract: Contract) -> str:
    """Name the spot market that is asked about."""
    return f"spot market {spot_pair(contract, '/')}"


def asks(endpoint: str, asked: Ask, read: Read, about: Callable[[Contract], str] = perpetual) -> Page:
    """Make a page of a question and the reader of its answer.

    Args:
        endpoint: ccxt's implicit method.
        asked: Gives the parameters for the rows in [since, until).
        read: Reads the answer.
        about: Names what is asked about.
    """

    def page(connection: Transport, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
        return read(connection.ask(endpoint, asked(contract, since, until), about=about(contract)))

    return page


def clock(endpoint: str, *path: str | int) -> Callable[[Transport], str]:
    """Make the cheap question after a venue's time."""

    def ask(connection: Transport) -> str:
        return f"its clock says {moment_text(int(number(within(connection.ask(endpoint), *path))))}"

    return ask
