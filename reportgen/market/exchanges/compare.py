"""What only a live exchange can settle: clocks, ages, and two numbers of one venue that must be the same.

`reportgen doctor --online` prints each comparison as right, wrong or unknown, so that a run where the exchanges can be
reached says what recorded answers could not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, TypeAlias

from reportgen.market.exchanges.answers import readable
from reportgen.market.exchanges.connection import Connection
from reportgen.market.exchanges.gather import CLOCK_WRONG_MS
from reportgen.market.exchanges.units import find_contract
from reportgen.market.exchanges.venue import Datum, Row, VenueFault
from reportgen.market.exchanges.venues import VENUES
from reportgen.market.symbols import REFERENCE_SYMBOL
from reportgen.market.web import Patience
from reportgen.units import DAY_MS, HOUR_MS, Milliseconds

Verdict: TypeAlias = Literal["right", "wrong", "unknown"]
Finding: TypeAlias = tuple[bool | None, str]
"""Whether it is right, None where nothing tells, and the numbers."""

_VERDICTS: Final[Mapping[bool | None, Verdict]] = {True: "right", False: "wrong", None: "unknown"}
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
    """Compare what each venue, by name, says of Bitcoin with itself and with this machine's clock.

    `urls` say where to send a venue's requests instead; `clock` gives UTC epoch milliseconds.
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
        with readable(venue):
            contract = find_contract(REFERENCE_SYMBOL, venue, venue.listings(line))
    except VenueFault:
        return
    if line.ahead_ms is not None:
        said = abs(line.ahead_ms) <= CLOCK_WRONG_MS, f"{line.ahead_ms / 1000:+.1f} s from this machine's"
        yield _compared(line, "clock", lambda: said)
    if contract is None:
        return
    newest: dict[Datum, Row] = {}

    def age(datum: Datum) -> Finding:
        now = line.server_now()
        rows = venue.paged[datum].page(line, contract, now - 2 * DAY_MS, now)
        newest[datum] = max(row for row in rows if row[0] <= now)
        hours = (now - newest[datum][0]) / HOUR_MS
        return hours <= _OLDEST_HOURS.get(datum, _OLDEST), f"the newest row is {hours:.1f} hours old"

    for datum in venue.paged:
        yield _compared(line, datum, partial(age, datum))
    if Datum.OPEN_INTEREST not in newest:
        return
    last = newest[Datum.OPEN_INTEREST][1]
    if present := venue.interest_now:  # the unit and the period's end show beside it

        def same() -> Finding:
            ratio = last / present(line, contract)[1]
            return abs(ratio - 1) <= _SAME, f"its newest row is {ratio:.3f} of open interest now"

        yield _compared(line, "open interest history", same)
    if venue.sides:
        sides, note = venue.sides(line, contract, last)
        counted = f"each position counts {'once' if sides == 1 else 'twice, so it is halved'}"
        yield _compared(line, "sides of open interest", lambda: (None if note else True, note or counted))


def _compared(line: Connection, what: str, look: Callable[[], Finding]) -> Comparison:
    """Look at something; a venue that does not answer leaves it unknown."""
    try:
        with readable(line.venue):
            right, finding = look()
    except VenueFault as fault:
        right, finding = None, str(fault)
    return Comparison(name=f"{line.venue.display} {what}", verdict=_VERDICTS[right], finding=finding)
