"""The ledger of deliveries: what became of a brief for each subscriber, so that nobody gets it twice or not at all.

    queued -> sending -> sent | deferred | failed | suppressed | unknown

For mail "sending" is kept before DATA, "sent" after the 250; for a post, before and after the channel's answer. A crash
in between leaves "sending", which the next run turns into "unknown": it is never sent again without being asked.

The rule stands here, once. Where the lines are kept is the concern of `Rows`: in a database (`sql.py`: a file in the
ledger's folder, or a PostgreSQL server) or in a bucket (`objects.py`).
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeAlias

from reportgen.config.places import Place, is_database
from reportgen.units import Milliseconds

MAIL_FOLDER: Final = ".mail"
_OURS_ALONE: Final = 0o700

Of: TypeAlias = Literal["deliveries", "posts"]
"""Which ledger: that of the mails, or that of the posts."""


def make_private(folder: Path) -> Path:
    """Make the folder of ledger and dry runs, for its owner alone: it holds addresses, and output/ may be served."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(_OURS_ALONE)
    return folder


class State(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    UNKNOWN = "unknown"


OPEN: Final = (State.QUEUED, State.DEFERRED)
"""What a run still has to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One line of the ledger.

    Attributes:
        subscriber: Key of the address. state: where it stands. attempts: so far. code, reply: the relay's last words.
        message_id: of the message. queued_ms: when it was first queued; the message's Date. changed_ms: last written.
        named: the operator named the address, which may be on no list.
    """

    subscriber: str
    state: State
    attempts: int = 0
    code: int = 0
    reply: str = ""
    message_id: str
    queued_ms: Milliseconds
    changed_ms: Milliseconds
    named: bool = False


def answer_text(code: int, words: str) -> str:
    """Write a receiver's answer as a message ends with it: ": 413 too large"; "" where it said nothing."""
    return f": {' '.join(filter(None, (str(code or ''), words)))}".rstrip(": ")


def in_use(name: str) -> str:
    """Say that another run sends from there."""
    return f"Another run that sends holds {name}. Wait for it; `reportgen send --status` shows how far a mailing is."


class Rows(Protocol):
    """Where a ledger keeps the lines of one brief; one run at a time writes them."""

    def read(self) -> Iterable[Delivery]:
        """Read them all."""

    def write(self, lines: Collection[Delivery], coming: Iterable[Delivery]) -> None:
        """Write lines anew.

        One that is "sending" lasts when this returns. Any other may be lost with the machine, and then reads as before:
        what was "sending" becomes "unknown", and what was open is open.

        Args:
            lines: As they are now.
            coming: What this run has not begun yet, in its order.

        Raises:
            EnvironmentProblem: They could not be written; nothing may be sent that cannot be written down.
        """


@contextmanager
def open_ledger(place: Place, of: Of, brief: str, *, reading: bool = False) -> Iterator[SendLedger]:
    """Open the ledger of a brief and hold it alone until the end, or until this process is gone, however it goes.

    Args:
        place: A folder, the URL of one in a bucket, or that of a PostgreSQL database.
        of: Which ledger.
        brief: Which brief, as its deliveries name it.
        reading: Only look; another run may be sending, and a ledger that is not there yet is empty.

    Raises:
        EnvironmentProblem: Another run holds it; or it is damaged, of a newer version, not reached, or in a bucket
            that cannot keep one.
    """
    from reportgen.delivery.archive.store import RemoteStore, open_store

    opened: AbstractContextManager[Rows]
    if isinstance(place, str) and is_database(place):
        from reportgen.delivery.sql import server_rows

        opened = server_rows(place, of, brief, reading=reading)
    elif isinstance(store := open_store(place), RemoteStore):
        from reportgen.delivery.objects import object_rows

        opened = object_rows(store, of, brief, reading=reading)
    else:
        from reportgen.delivery.sql import file_rows

        opened = file_rows(Path(store.name), of, brief, reading=reading)
    with opened as rows:
        yield SendLedger(rows)


class SendLedger:
    """What became of one brief; several threads may use it.

    What is asked of it raises EnvironmentProblem where the lines cannot be written.
    """

    def __init__(self, rows: Rows) -> None:
        """Read the lines."""
        self._rows = rows
        self._lines = {one.subscriber: one for one in rows.read()}
        self._coming: dict[str, None] = {}
        self._lock = threading.Lock()

    def recover(self) -> int:
        """Turn what a crash left as "sending" into "unknown", for the run that holds the ledger; gives how many."""
        return self._change(replace(one, state=State.UNKNOWN) for one in self.deliveries((State.SENDING,)))

    def queue(self, messages: Iterable[tuple[str, str]], now_ms: Milliseconds, *, named: bool = False) -> int:
        """Queue (subscriber, message id) pairs; who has a line already keeps it. Gives how many are new."""
        return self._change(
            Delivery(
                subscriber=subscriber, state=State.QUEUED, message_id=name, queued_ms=now_ms, changed_ms=now_ms,
                named=named,
            )
            for subscriber, name in messages
            if subscriber not in self._lines
        )  # fmt: skip

    def queue_unknown(self, subscribers: Iterable[str], now_ms: Milliseconds) -> int:
        """Queue again what nobody knows the fate of, as the operator asked; gives how many."""
        asked = set(subscribers)
        unknown = (one for one in self.deliveries((State.UNKNOWN,)) if one.subscriber in asked)
        return self._change(replace(one, state=State.QUEUED, changed_ms=now_ms) for one in unknown)

    def expect(self, subscribers: Iterable[str]) -> None:
        """Hear what this run is going to send, in its order, so that a distant ledger is asked for several at once."""
        self._coming = dict.fromkeys(subscribers)

    def sending(self, subscriber: str, now_ms: Milliseconds) -> None:
        """Write down that the message follows; it lasts when this returns, even through a power cut."""
        self._change_one(subscriber, now_ms, state=State.SENDING)

    def queue_again(self, subscriber: str, now_ms: Milliseconds) -> None:
        """Write down that the line broke before the message could be taken: as if nothing had been tried."""
        self._change_one(subscriber, now_ms, state=State.QUEUED)

    def settle(self, subscriber: str, state: State, now_ms: Milliseconds, *, code: int = 0, reply: str = "") -> None:
        """Write down what became of an attempt, and the receiver's words.

        If that is lost, the line is still "sending", becomes "unknown", and is not sent again.
        """
        attempts = self._lines[subscriber].attempts + 1
        self._change_one(subscriber, now_ms, state=state, code=code, reply=reply, attempts=attempts)

    def suppress(self, subscriber: str, why: str, now_ms: Milliseconds) -> None:
        """Write down that nothing was tried, and why."""
        self._change_one(subscriber, now_ms, state=State.SUPPRESSED, code=0, reply=why)

    def deliveries(self, states: Collection[State] = tuple(State)) -> tuple[Delivery, ...]:
        """List the deliveries in some states, by address."""
        return tuple(one for _, one in sorted(self._lines.items()) if one.state in states)

    def counts(self) -> dict[str, int]:
        """Count the deliveries by state."""
        found = [one.state for one in self._lines.values()]
        return {str(state): found.count(state) for state in State}

    def _change_one(self, subscriber: str, now_ms: Milliseconds, **fields: Any) -> None:  # noqa: ANN401 - its fields
        self._change([replace(self._lines[subscriber], changed_ms=now_ms, **fields)])

    def _change(self, changed: Iterable[Delivery]) -> int:
        """Write changed lines and then know them; gives how many."""
        lines = {one.subscriber: one for one in changed}
        with self._lock:
            for subscriber in lines:
                self._coming.pop(subscriber, None)
            if lines:
                self._rows.write(tuple(lines.values()), (self._lines[one] for one in self._coming))
            self._lines |= lines
        return len(lines)
