"""Making a venue's questions from what its file states: the endpoint, its parameters, and where its numbers stand.

A question is a table, not code: a value of its parameters is sent as it is, but a `Slot` becomes what is asked for at
the moment, and a function is given the contract. ccxt's unified methods lose units and sides, so the venues' own
endpoints are asked, through ccxt's implicit methods.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any, Final, TypeAlias

from reportgen.market.exchanges.answers import (
    Cell,
    Path,
    Read,
    listed,
    number,
    numbers,
    optional,
    rows_of,
    tiers,
    within,
)
from reportgen.market.exchanges.units import coin_of
from reportgen.market.exchanges.venue import Contract, Listing, Paged, RawBook, Row, Transport
from reportgen.moments import moment_text
from reportgen.units import HOUR_MS, Milliseconds, Missing

_SECOND_MS: Final = 1000


class Slot(Enum):
    """What only the moment of asking fills into a question.

    MARKET is the contract's name at the venue, SINCE the first moment that is wanted, BEFORE the one before it, UNTIL
    the exclusive end and LAST the one before it, LIMIT the most rows of a page; some venues count in seconds.
    """

    MARKET = auto()
    SINCE = auto()
    BEFORE = auto()
    UNTIL = auto()
    LAST = auto()
    LIMIT = auto()
    SINCE_SECONDS = auto()
    LAST_SECONDS = auto()


ALL_ROWS: Final = 1_000_000
"""Of a page that holds whatever there is."""

Asked: TypeAlias = Mapping[str, object]
"""Parameters of a question: values, slots, functions of the contract, or more parameters within."""


def filled(
    asked: Asked, contract: Contract, since: Milliseconds = 0, until: Milliseconds = 0, limit: int = 0
) -> dict[str, Any]:
    """Fill a question for a contract and a stretch [since, until)."""
    slots: Mapping[object, object] = {
        Slot.MARKET: contract.market_id, Slot.LIMIT: limit,
        Slot.SINCE: since, Slot.BEFORE: since - 1, Slot.UNTIL: until, Slot.LAST: until - 1,
        Slot.SINCE_SECONDS: since // _SECOND_MS, Slot.LAST_SECONDS: (until - 1) // _SECOND_MS,
    }  # fmt: skip
    found: dict[str, Any] = {}
    for name, value in asked.items():
        if isinstance(value, Slot):
            found[name] = slots[value]
        elif isinstance(value, Mapping):
            found[name] = filled(value, contract, since, until, limit)
        else:
            found[name] = value(contract) if callable(value) else value
    return found


def perpetual(contract: Contract) -> str:
    """Name what is asked about."""
    return f"perpetual of {contract.symbol.partition('/')[0]}"


def spot(between: str = "") -> Callable[[Contract], str]:
    """Name the venue's spot market of the coin: BTCUSDT, BTC_USDT; spot knows no multiplied coins."""
    return lambda contract: f"{coin_of(contract.listing.base)[0]}{between}{contract.listing.quote}"


def spot_market(contract: Contract) -> str:
    """Name the spot market that is asked about."""
    return f"spot market {spot('/')(contract)}"


def about(connection: Transport, endpoint: str, asked: Asked, contract: Contract) -> Any:  # noqa: ANN401 - JSON
    """Ask a question about a perpetual."""
    return connection.ask(endpoint, filled(asked, contract), about=perpetual(contract))


def history(
    endpoint: str, asked: Asked, read: Read,
    *, rows: int, step_ms: Milliseconds = HOUR_MS, late_ms: Milliseconds = 0, of: Callable[[Contract], str] = perpetual,
) -> Paged:  # fmt: skip
    """Make a history of a question and the reader of its answer.

    Args:
        endpoint: ccxt's implicit method.
        asked: Parameters for the rows in [since, until).
        read: Reads the answer.
        rows: How many a page holds at most.
        step_ms: Between two rows; 0 for a contract's own funding.
        late_ms: How much later a row is known than its stamp, by which the venue is asked for it.
        of: Names what is asked about.
    """

    def page(connection: Transport, contract: Contract, since: Milliseconds, until: Milliseconds) -> list[Row]:
        parameters = filled(asked, contract, since - late_ms, until - late_ms, rows)
        found = read(connection.ask(endpoint, parameters, about=of(contract)))
        return [(time + late_ms, *cells) for time, *cells in found]

    return Paged(page=page, rows=rows, step_ms=step_ms)


def now(
    endpoint: str, asked: Asked, *cells: Path | float, into: Callable[..., Row] = lambda *told: told
) -> Callable[[Transport, Contract], Row]:
    """Make a question for one moment: the way to each number in its answer, or the number, and what they become."""

    def ask(connection: Transport, contract: Contract) -> Row:
        answer = about(connection, endpoint, asked, contract)
        return into(*(number(within(answer, *cell)) if isinstance(cell, tuple) else cell for cell in cells))

    return ask


def brackets(
    endpoint: str, asked: Asked, at: Path, *cells: str,
    deduction: str = "", contracts: bool = False,
) -> Callable[[Transport, Contract, float], list[Row]]:  # fmt: skip
    """Make the question for margin brackets that begin where the one before ends.

    Args:
        endpoint: ccxt's implicit method.
        asked: Parameters.
        at: Where the list stands in the answer.
        cells: Names of cap, maintenance rate and highest leverage.
        deduction: Name of the deduction, which may be absent.
        contracts: Whether caps are contracts, each worth its size times the price, and not quote currency.
    """

    def ask(connection: Transport, contract: Contract, price: float) -> list[Row]:
        answer = about(connection, endpoint, asked, contract)
        size, each = (contract.listing.contract_size, price) if contracts else (1.0, 1.0)
        if isinstance(size, Missing):
            return []
        found = ((*numbers(row, *cells), optional(row, deduction)) for row in rows_of(answer, *at))
        return tiers((cap * size * each, rate, leverage, deducted) for cap, rate, leverage, deducted in found)

    return ask


def book(
    endpoint: str, asked: Asked, time: Path, sides: tuple[Path, Path],
    *, price: Cell = 0, size: Cell = 1, unit_ms: int = 1,
) -> Callable[[Transport, Contract], RawBook]:  # fmt: skip
    """Make the question for an order book: the ways to its time, in units of `unit_ms`, and to its bids and asks."""

    def ask(connection: Transport, contract: Contract) -> RawBook:
        answer = about(connection, endpoint, asked, contract)
        bids, asks = (tuple(numbers(level, price, size) for level in rows_of(answer, *side)) for side in sides)
        return RawBook(time_ms=round(number(within(answer, *time)) * unit_ms), bids=bids, asks=asks)

    return ask


def listings(
    endpoint: str, asked: Asked, at: Path, read: Callable[[Any], Listing | None]
) -> Callable[[Transport], Mapping[str, Listing]]:
    """Make the question for a venue's list of perpetuals, which stands at a place of the answer."""
    return lambda connection: listed(rows_of(connection.ask(endpoint, asked), *at), read)


def clock(endpoint: str, *path: Cell) -> Callable[[Transport], str]:
    """Make the cheap question after a venue's time."""
    return lambda line: f"its clock says {moment_text(int(number(within(line.ask(endpoint), *path))))}"


def count(endpoint: str, asked: Asked, at: Path, what: str) -> Callable[[Transport], str]:
    """Make the cheap question after anything that can be counted, of a venue that tells no time."""
    return lambda connection: f"{len(within(connection.ask(endpoint, asked), *at))} {what}"
