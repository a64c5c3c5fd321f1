"""Live markets: every venue asked at once, each at its own pace, into the tables of a market folder.

The front door of the live source. What a venue cannot give costs nobody else anything: it becomes a `VenueGap` that
the brief names. `market/folder/keep.py` makes files of what is returned, so that a live brief reads tables as any
other does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from reportgen.errors import DataError, UsageError
from reportgen.market.data import ALL_DATA, VenueGap
from reportgen.market.exchanges.answers import readable
from reportgen.market.exchanges.connection import LINES, Connection
from reportgen.market.exchanges.history import DatumRequest, HistoryCache
from reportgen.market.exchanges.rows import TableRows, ask, ask_brackets
from reportgen.market.exchanges.units import find_contract
from reportgen.market.exchanges.venue import Datum, FaultKind, Listing, Venue, VenueFault
from reportgen.market.exchanges.venues import VENUES
from reportgen.market.folder.tables import CANDLES
from reportgen.market.symbols import base_of
from reportgen.market.web import Patience
from reportgen.units import Milliseconds, Missing

PATIENCE: Final = Patience(total_seconds=600.0, longest_wait_seconds=60.0)
_SECOND_MS: Final = 1000
_PING_PATIENCE: Final = Patience(total_seconds=30.0, attempts=2, longest_wait_seconds=60.0)
CLOCK_WRONG_MS: Final = 30_000
_LISTING_SECONDS: Final = 5.0
"""Longest wait for all venues' lists before their clocks are compared; who is later takes the others' time."""

_NOT_LISTED: Final = "perpetual"


Gap: TypeAlias = tuple[str, VenueGap]
"""The symbol, and what a venue did not give of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One symbol to gather. venues: names, in any order. data: what of it."""

    symbol: str
    venues: tuple[str, ...]
    data: tuple[Datum, ...] = tuple(Datum)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gathering:
    """What the venues gave.

    Attributes:
        as_of_ms: The moment when all of it was known, by the venues' own clocks; nothing in it is later.
        pieces: Rows, sorted by table and keys. gaps: what is missing, by symbol and venue. asked: every symbol and
            venue that was asked. notes: sentences on what was left out or stands apart.
        requests: How many each venue was sent. owed_seconds: how long its limits alone make them take.
    """

    as_of_ms: Milliseconds
    pieces: tuple[TableRows, ...]
    gaps: tuple[Gap, ...]
    asked: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    requests: Mapping[str, int] = field(default_factory=dict)
    owed_seconds: Mapping[str, float] = field(default_factory=dict)

    def but(
        self,
        *,
        pieces: Iterable[TableRows] | None = None,
        gaps: Iterable[Gap] = (),
        notes: Iterable[str] = (),
    ) -> Gathering:
        """Give the same with other pieces, and with more gaps and notes; all in their order."""
        return replace(
            self,
            pieces=tuple(sorted(self.pieces if pieces is None else pieces, key=lambda one: (one.table.name, one.keys))),
            gaps=tuple(sorted((*self.gaps, *gaps), key=lambda gap: (gap[0], gap[1].venue, gap[1].what))),
            notes=tuple(sorted({*self.notes, *notes})),
        )


def gather_live(
    wanted: Iterable[Wanted],
    urls: Mapping[str, str | None],
    *,
    clock: Callable[[], Milliseconds],
    patience: Patience | None = None,
    cache: HistoryCache | None = None,
    done: Callable[[str], None] = lambda _: None,
) -> Gathering:
    """Ask every venue for everything that is wanted of it.

    Args:
        wanted: The symbols and their venues.
        urls: Where to send a venue's requests instead, by its name.
        clock: UTC epoch milliseconds; only a venue that dates no answer is believed to have this time.
        patience: How long to wait.
        cache: Closed history on disk.
        done: Told of every symbol that a venue has been asked for.

    Raises:
        UsageError: A venue is unknown.
        DataError: Not one venue gave candles of any symbol.
    """
    asked = {(one.symbol, venue): one for one in wanted for venue in one.venues}
    refuse_unknown({venue for _, venue in asked})
    patience = patience or PATIENCE
    deadline = time.monotonic() + patience.total_seconds
    lines = {
        name: Connection(VENUES[name], urls.get(name), patience, clock, deadline)
        for name in VENUES
        if any(venue == name for _, venue in asked)
    }
    pool = ThreadPoolExecutor(max(2 * len(lines), 1))
    try:
        listings = {name: pool.submit(_listings, line) for name, line in lines.items()}
        wait(listings.values(), timeout=min(_LISTING_SECONDS, patience.total_seconds / 4))
        notes = agree_on_time(lines.values())
        working = [
            pool.submit(
                _ask_venue, line, listings[name],
                [one for (_, venue), one in asked.items() if venue == name], cache, done,
            )
            for name, line in lines.items()
        ]  # fmt: skip
        answers = [answer for future in working for answer in future.result()]
    except BaseException:
        for line in lines.values():
            line.deadline = 0.0  # whoever is still asking asks no more
        # An interrupt waits for nobody: a venue may hold a thread for as long as it asked us to pause.
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
    return _put_together(answers, lines, clock, tuple(sorted(asked)), notes)


def agree_on_time(lines: Iterable[Connection]) -> list[str]:
    """Let all venues and this machine decide together what time it is: no clock is believed alone.

    The middle one of all clocks counts, the earlier of two: a bar that is still open by it is not over. Each venue
    uses the time that was agreed on from here on.

    Returns:
        Sentences on the clocks that are more than half a minute off it.
    """
    asked = list(lines)
    told = [line.ahead_ms for line in asked if line.ahead_ms is not None]
    clocks = sorted([0, *told])
    agreed = clocks[(len(clocks) - 1) // 2]
    for line in asked:
        line.agreed_ms = agreed
    notes = []
    for line in asked:
        off = (line.ahead_ms or 0) - agreed
        if len(told) == 1 and line.ahead_ms is not None and abs(line.ahead_ms) > CLOCK_WRONG_MS:
            apart = f"{line.venue.display}'s clock is {_span(line.ahead_ms)} this machine's"
            return [f"{apart}; nothing tells which is right, so the earlier time is used."]
        if line.ahead_ms is not None and abs(off) > CLOCK_WRONG_MS:
            notes.append(f"{line.venue.display}'s clock is {_span(off)} the others', whose time is used.")
    if abs(agreed) > CLOCK_WRONG_MS:
        notes.append(f"This machine's clock is {_span(-agreed)} the exchanges', whose time is used.")
    return notes


def _span(off: Milliseconds) -> str:
    """Write how far one clock is from another: 2.0 hours ahead of, 45 seconds behind."""
    seconds = abs(off) / _SECOND_MS
    far = f"{seconds / 3600:,.1f} hours" if seconds >= 3600 else f"{seconds:.0f} seconds"
    return f"{far} {'ahead of' if off > 0 else 'behind'}"


def refuse_unknown(venues: Iterable[str]) -> None:
    """Refuse a venue that nobody knows how to ask.

    Raises:
        UsageError: With the nearest name that is known.
    """
    import difflib

    for venue in sorted(set(venues) - set(VENUES)):
        near = difflib.get_close_matches(venue, VENUES, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(VENUES)}."
        raise UsageError(f"`{venue}` is no venue that can be asked. {hint}")


def _ask_venue(
    line: Connection,
    listing: Future[Mapping[str, Listing]],
    wanted: list[Wanted],
    cache: HistoryCache | None,
    done: Callable[[str], None],
) -> list[TableRows | Gap]:
    """Ask one venue for its symbols, several questions at a time."""
    venue = line.venue
    try:
        listings = listing.result()
    except VenueFault as fault:
        for one in wanted:
            done(f"{venue.display} {base_of(one.symbol)}")
        return [_gap(one.symbol, venue, ALL_DATA, fault) for one in wanted]
    until = line.server_now()
    answers: list[TableRows | Gap] = []
    with ThreadPoolExecutor(LINES) as pool:
        asked: list[tuple[str, list[Future[list[TableRows | Gap]]]]] = []
        for one in wanted:
            contract = find_contract(one.symbol, venue, listings)
            if contract is None:
                reason = f"{venue.display} lists no perpetual of {base_of(one.symbol)}."
                answers.append(_gap(one.symbol, venue, _NOT_LISTED, reason))
            requests = [
                DatumRequest(line=line, contract=contract, datum=datum, cache=cache, until=until)
                for datum in (one.data if contract else ())  # brackets follow the candles
                if contract and datum is not Datum.BRACKETS and not isinstance(venue.rule(datum), Missing)
            ]
            asked.append((one.symbol, [pool.submit(_answer, request) for request in requests]))
        for symbol, futures in asked:
            answers += [answer for future in futures for answer in future.result()]
            done(f"{venue.display} {base_of(symbol)}")
    return answers


def _gap(symbol: str, venue: Venue, what: str, reason: object) -> Gap:
    return symbol, VenueGap(venue=venue.name, what=what, reason=str(reason))


def _listings(line: Connection) -> Mapping[str, Listing]:
    """Ask for the venue's list of perpetuals, without which nothing of it can be told apart."""
    with readable(line.venue):
        listings = line.venue.listings(line)
    if not listings:
        raise VenueFault(FaultKind.BAD_PAYLOAD, f"{line.venue.display} listed no perpetual at all.")
    return listings


def _answer(request: DatumRequest) -> list[TableRows | Gap]:
    """Ask one question and, behind candles, for the brackets that need their price."""
    contract, datum = request.contract, request.datum
    answers: list[TableRows | Gap] = []
    try:
        pieces = ask(request)
        answers += pieces
        if datum is Datum.CANDLES:
            datum = Datum.BRACKETS
            answers += ask_brackets(request, float(pieces[0].columns["close"][-1]) * contract.scale)
    except VenueFault as fault:
        answers.append(_gap(contract.symbol, contract.venue, datum, fault))
    return answers


def _put_together(
    answers: list[TableRows | Gap],
    lines: Mapping[str, Connection],
    clock: Callable[[], Milliseconds],
    asked: tuple[tuple[str, str], ...],
    notes: Iterable[str],
) -> Gathering:
    """Sort what the venues gave; what it says is judged when it is read, as in any market folder."""
    pieces = [one for one in answers if isinstance(one, TableRows)]
    gaps = [one for one in answers if not isinstance(one, TableRows)]
    if not any(piece.table is CANDLES for piece in pieces):
        reasons = " ".join(dict.fromkeys(gap.reason for _, gap in gaps if gap.what in {ALL_DATA, Datum.CANDLES}))
        raise DataError(f"No venue gave candles, so nothing is written. {reasons} Try again later.")
    now = next(iter(lines.values())).server_now() if lines else clock()
    stamps = (piece.columns.get("time_ms") for piece in pieces)
    newest = max((int(times.max()) for times in stamps if times is not None), default=now)
    empty = Gathering(
        as_of_ms=-(-max(now, newest) // _SECOND_MS) * _SECOND_MS,
        pieces=(),
        gaps=(),
        asked=asked,
        notes=(),
        requests={name: line.requests for name, line in lines.items()},
        owed_seconds={name: line.owed_seconds for name, line in lines.items()},
    )
    return empty.but(pieces=pieces, gaps=gaps, notes=(*notes, *(note for piece in pieces for note in piece.notes)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What a venue said. display: its name. answered: whether it did. said: the answer, or why there is none."""

    display: str
    answered: bool
    said: str


def ping(
    venues: Iterable[str], urls: Mapping[str, str | None], *, clock: Callable[[], Milliseconds]
) -> tuple[Greeting, ...]:
    """Ask each venue, by name, its cheapest question, all at once.

    `urls` say where to send a venue's requests instead; `clock` gives UTC epoch milliseconds.

    Raises:
        UsageError: A venue is unknown.
    """
    asked = tuple(venues)
    refuse_unknown(asked)
    deadline = time.monotonic() + _PING_PATIENCE.total_seconds

    lines = [Connection(VENUES[name], urls.get(name), _PING_PATIENCE, clock, deadline) for name in asked]

    def one(line: Connection) -> Greeting:
        begun = time.monotonic()
        try:
            with readable(line.venue):
                said = line.venue.ping(line)
        except VenueFault as fault:
            return Greeting(display=line.venue.display, answered=False, said=str(fault))
        took = round((time.monotonic() - begun) * _SECOND_MS)
        return Greeting(display=line.venue.display, answered=True, said=f"answered within {took} ms; {said}")

    with ThreadPoolExecutor(max(len(asked), 1)) as pool:
        return tuple(pool.map(one, lines))
