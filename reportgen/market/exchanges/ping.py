"""One cheap question to each venue: can it be reached from here, and what does it say?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from reportgen.market.exchanges.connection import Connection, Patience, VenueFault, unreadable
from reportgen.market.exchanges.gather import refuse_unknown
from reportgen.market.exchanges.registry import READERS
from reportgen.market.exchanges.venues import VENUES
from reportgen.units import Milliseconds

_PATIENCE: Final = Patience(run_seconds=30.0, attempts=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What a venue said. display: its name. answered: whether it did. said: the answer, or why there is none."""

    display: str
    answered: bool
    said: str


def greet(
    venues: Iterable[str], urls: Mapping[str, str | None], *, clock: Callable[[], Milliseconds]
) -> tuple[Greeting, ...]:
    """Ask each venue its cheapest question, all at once.

    Args:
        venues: By name.
        urls: Where to send a venue's requests instead.
        clock: UTC epoch milliseconds.

    Raises:
        UsageError: A venue is unknown.
    """
    asked = tuple(venues)
    refuse_unknown(asked)
    deadline = time.monotonic() + _PATIENCE.run_seconds
    lines = [Connection(VENUES[name], urls.get(name), _PATIENCE, clock, deadline) for name in asked]
    with ThreadPoolExecutor(max(len(lines), 1)) as pool:
        return tuple(pool.map(_greet, lines))


def _greet(line: Connection) -> Greeting:
    begun = time.monotonic()
    try:
        said = _hello(line)
    except VenueFault as fault:
        return Greeting(display=line.venue.display, answered=False, said=str(fault))
    took = round((time.monotonic() - begun) * 1000)
    return Greeting(display=line.venue.display, answered=True, said=f"answered within {took} ms; {said}")


def _hello(line: Connection) -> str:
    try:
        return READERS[line.venue.name].hello(line)
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise unreadable(line.venue) from error
