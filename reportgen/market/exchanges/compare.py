"""What only a live exchange can settle: clocks, ages, and two numbers of one venue that must be the same.

`reportgen doctor --online` prints each comparison as right, wrong or unknown, so that a run where the exchanges can be
reached says what recorded answers could not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from reportgen.market.exchanges.answers import UNREADABLE, unreadable
from reportgen.market.exchanges.connection import Connection
from reportgen.market.exchanges.gather import CLOCK_WRONG_MS
from reportgen.market.exchanges.units import find_contract
from reportgen.market.exchanges.venue import Contract, Datum, Row, VenueFault
from reportgen.market.exchanges.venues import VENUES
from reportgen.market.symbols import REFERENCE_SYMBOL
from reportgen.market.web import Patience
from reportgen.units import DAY_MS, HOUR_MS, Milliseconds

Verdict: TypeAlias = Literal["right", "wrong", "unknown"]
_PATIENCE: Final = Patience(total_seconds=60.0, attempts=2, longest_wait_seconds=60.0)
_OLDEST_HOURS: Final = {Datum.FUNDING: 9.0}
_OLDEST: Final = 3.0
"""Hours by which the newest row may be old: one to end, one to be published, one to spare; funding settles every 8."""

_SAME: Final = 0.03
"""Distance of two numbers for the same moment: open interest moves within the hour that lies between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One thing that was compared. name: venue and what. verdict: what it showed. finding: the numbers."""

    name: str
    verdict: Verdict
    finding: str


def compare_venues(
    venues: Iterable[str], urls: Mapping[str, str | None], *, clock: Callable[[], Milliseconds]
) -> tuple[Comparison, ...]:
    """Compare what each venue says of Bitcoin with itself and with this machine's clock.

    Args:
        venues: By name.
        urls: Where to send a venue's requests instead.
        clock: UTC epoch milliseconds.
    """
    deadline = time.monotonic() + _PATIENCE.total_seconds
    lines = [Connection(VENUES[name], urls.get(name), _PATIENCE, clock, deadline) for name in venues]
    with ThreadPoolExecutor(max(len(lines), 1)) as pool:
        found = pool.map(lambda line: tuple(_compare(line)), lines)
    return tuple(one for each in found for one in each)


def _compare(line: Connection) -> Iterator[Comparison]:
    """Compare what one venue says; a venue that cannot be reached was named by its ping."""
    venue = line.venue
    try:
        contract = find_contract(REFERENCE_SYMBOL, venue, venue.listings(line))
    except (VenueFault, *UNREADABLE):
        return
    if line.ahead_ms is not None:
        seconds = line.ahead_ms / 1000
        verdict: Verdict = "right" if abs(line.ahead_ms) <= CLOCK_WRONG_MS else "wrong"
        yield Comparison(
            name=f"{venue.display} clock", verdict=verdict, finding=f"{seconds:+.1f} s from this machine's"
        )
    if contract is None:
        return
    newest: dict[Datum, Row] = {}
    for datum in venue.paged:
        yield _age(line, contract, datum, newest)
    if Datum.OPEN_INTEREST in newest and venue.interest_now:
        yield _same_interest(line, contract, newest[Datum.OPEN_INTEREST][1])
    if Datum.OPEN_INTEREST in newest and venue.sides:
        sides, note = venue.sides(line, contract, newest[Datum.OPEN_INTEREST][1])
        finding = note or f"each position counts {'once' if sides == 1 else 'twice, so it is halved'}"
        yield Comparison(
            name=f"{venue.display} sides of open interest", verdict="unknown" if note else "right", finding=finding
        )


def _age(line: Connection, contract: Contract, datum: Datum, newest: dict[Datum, Row]) -> Comparison:
    """Ask for the newest rows of a datum, and tell how old the last is."""
    name, now = f"{line.venue.display} {datum}", line.server_now()
    try:
        rows = line.venue.paged[datum].page(line, contract, now - 2 * DAY_MS, now)
        newest[datum] = max(row for row in rows if row[0] <= now)
    except VenueFault as fault:
        return Comparison(name=name, verdict="unknown", finding=str(fault))
    except UNREADABLE:
        return Comparison(name=name, verdict="unknown", finding=str(unreadable(line.venue)))
    hours = (now - newest[datum][0]) / HOUR_MS
    verdict: Verdict = "right" if hours <= _OLDEST_HOURS.get(datum, _OLDEST) else "wrong"
    return Comparison(name=name, verdict=verdict, finding=f"the newest row is {hours:.1f} hours old")


def _same_interest(line: Connection, contract: Contract, last: float) -> Comparison:
    """Compare the newest row of the history with open interest now: the unit and the period's end show."""
    name = f"{line.venue.display} open interest history"
    try:
        present = line.venue.interest_now(line, contract)[1] if line.venue.interest_now else last
    except VenueFault as fault:
        return Comparison(name=name, verdict="unknown", finding=str(fault))
    except UNREADABLE:
        return Comparison(name=name, verdict="unknown", finding=str(unreadable(line.venue)))
    verdict: Verdict = "right" if abs(last / present - 1) <= _SAME else "wrong"
    return Comparison(
        name=name, verdict=verdict, finding=f"its newest row is {last / present:.3f} of open interest now"
    )
