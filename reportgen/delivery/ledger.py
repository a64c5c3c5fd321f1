"""The ledger of deliveries: what became of each brief for each subscriber, so that nobody gets it twice or not at all.

    queued -> sending -> sent | deferred | failed | suppressed | unknown

For mail "sending" is on disk before DATA, "sent" after the 250; for a post, before and after the channel's answer. A
crash in between leaves "sending", which the next run turns into "unknown": it is never sent again without being asked.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from filelock import FileLock, Timeout

from reportgen.errors import EnvironmentProblem
from reportgen.units import Milliseconds

MAIL_FOLDER: Final = ".mail"
LEDGER: Final = "deliveries.sqlite"
_LOCK: Final = "send.lock"
_OURS_ALONE: Final = 0o700
_VERSION: Final = 1
_WAIT_SECONDS: Final = 30.0
"""For another process that is writing."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS deliveries (
  brief TEXT NOT NULL,
  subscriber TEXT NOT NULL,
  state TEXT NOT NULL
    CHECK (state IN ('queued', 'sending', 'sent', 'deferred', 'failed', 'suppressed', 'unknown')),
  attempts INTEGER NOT NULL DEFAULT 0,
  code INTEGER NOT NULL DEFAULT 0,
  reply TEXT NOT NULL DEFAULT '',
  message_id TEXT NOT NULL,
  queued_ms INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL,
  named INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (brief, subscriber)
) WITHOUT ROWID
"""
_COLUMNS: Final = "subscriber, state, attempts, code, reply, message_id, queued_ms, named"


def make_private(folder: Path) -> Path:
    """Make the folder of ledger and dry runs, for its owner alone: it holds addresses, and output/ may be served."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(_OURS_ALONE)
    return folder


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; the system lets go of it when the process ends, however it ends.

    Raises:
        EnvironmentProblem: Another send is running.
    """
    lock = FileLock(folder / _LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise EnvironmentProblem(
            f"Another run that sends holds {folder}. Wait for it; `reportgen send --status` shows how far a mailing is."
        ) from error
    try:
        yield
    finally:
        lock.release()


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
        message_id: of the message. queued_ms: when it was first queued; the message's Date.
        named: the operator named the address, which may be on no list.
    """

    subscriber: str
    state: State
    attempts: int
    code: int
    reply: str
    message_id: str
    queued_ms: Milliseconds
    named: bool = False


class SendLedger:
    """The ledger on disk; several threads may use it."""

    def __init__(self, path: Path, *, reading: bool = False) -> None:
        """Open it, and make it where there is none.

        Args:
            path: The file.
            reading: Only look; another process may be writing.

        Raises:
            EnvironmentProblem: The file is damaged, in use, or of a newer version.
        """
        self._path = path
        self._lock = threading.Lock()
        place = f"{path.resolve().as_uri()}{'?mode=ro' if reading else ''}"
        with ExitStack() as on_failure:
            try:
                self._base = sqlite3.connect(
                    place, uri=True, isolation_level=None, check_same_thread=False, timeout=_WAIT_SECONDS
                )
                on_failure.callback(self._base.close)
                self._prepare(reading=reading)
            except sqlite3.OperationalError as error:
                raise EnvironmentProblem(
                    f"{path} cannot be opened ({error}). Check its permissions, or try again."
                ) from error
            except sqlite3.Error as error:
                raise EnvironmentProblem(
                    f"{path} cannot be read ({error}). Move it away to begin a new ledger: "
                    "who got earlier briefs is lost then."
                ) from error
            on_failure.pop_all()

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._base.close()

    def recover(self) -> int:
        """Turn what a crash left as "sending" into "unknown", for the run that holds the lock; gives how many."""
        return self._run("UPDATE deliveries SET state = 'unknown' WHERE state = 'sending'", ()).rowcount

    def queue(
        self, brief: str, messages: Iterable[tuple[str, str]], now_ms: Milliseconds, *, named: bool = False
    ) -> int:
        """Queue (subscriber, message id) pairs; who has a line already keeps it. Gives how many are new."""
        rows = [(brief, subscriber, name, now_ms, now_ms, named) for subscriber, name in messages]
        with self._lock, self._base:
            self._base.execute("BEGIN IMMEDIATE")
            return self._base.executemany(
                "INSERT OR IGNORE INTO deliveries (brief, subscriber, state, message_id, queued_ms, changed_ms, "
                "named) VALUES (?, ?, 'queued', ?, ?, ?, ?)",
                rows,
            ).rowcount

    def queue_unknown(self, brief: str, subscribers: Iterable[str], now_ms: Milliseconds) -> int:
        """Queue again what nobody knows the fate of, as the operator asked; gives how many."""
        rows = [(now_ms, brief, subscriber) for subscriber in subscribers]
        with self._lock, self._base:
            self._base.execute("BEGIN IMMEDIATE")
            return self._base.executemany(
                "UPDATE deliveries SET state = 'queued', changed_ms = ? "
                "WHERE brief = ? AND subscriber = ? AND state = 'unknown'",
                rows,
            ).rowcount

    def sending(self, brief: str, subscriber: str, now_ms: Milliseconds) -> None:
        """Write down that DATA follows; on disk when this returns, even through a power cut."""
        self._run(
            "UPDATE deliveries SET state = 'sending', changed_ms = ? WHERE brief = ? AND subscriber = ?",
            (now_ms, brief, subscriber),
        )

    def queue_again(self, brief: str, subscriber: str, now_ms: Milliseconds) -> None:
        """Write down that the line broke before the message could be taken: as if nothing had been tried."""
        self._run(
            "UPDATE deliveries SET state = 'queued', changed_ms = ? WHERE brief = ? AND subscriber = ?",
            (now_ms, brief, subscriber),
        )

    def settle(
        self, brief: str, subscriber: str, state: State, now_ms: Milliseconds, *, code: int = 0, reply: str = ""
    ) -> None:
        """Write down what became of an attempt, and the receiver's words.

        It outlives this process at once, and a power cut with the next "sending": if one comes between them the line
        is still "sending", becomes "unknown", and is not sent again.
        """
        self._run(
            "UPDATE deliveries SET state = ?, code = ?, reply = ?, attempts = attempts + 1, changed_ms = ? "
            "WHERE brief = ? AND subscriber = ?",
            (str(state), code, reply, now_ms, brief, subscriber),
            synced=False,
        )

    def suppress(self, brief: str, subscriber: str, why: str, now_ms: Milliseconds) -> None:
        """Write down that nothing was tried, and why."""
        self._run(
            "UPDATE deliveries SET state = 'suppressed', code = 0, reply = ?, changed_ms = ? "
            "WHERE brief = ? AND subscriber = ?",
            (why, now_ms, brief, subscriber),
        )

    def deliveries(self, brief: str, states: Iterable[State] = tuple(State)) -> tuple[Delivery, ...]:
        """List a brief's deliveries in some states, by address."""
        wanted = [str(state) for state in states]
        marks = ", ".join("?" * len(wanted))
        rows = self._run(
            f"SELECT {_COLUMNS} FROM deliveries WHERE brief = ? AND state IN ({marks}) ORDER BY subscriber",  # noqa: S608 - only question marks
            (brief, *wanted),
        ).fetchall()
        return tuple(
            Delivery(
                subscriber=subscriber, state=State(state), attempts=attempts, code=code, reply=reply,
                message_id=message_id, queued_ms=queued_ms, named=bool(named),
            )
            for subscriber, state, attempts, code, reply, message_id, queued_ms, named in rows
        )  # fmt: skip

    def counts(self, brief: str) -> dict[str, int]:
        """Count a brief's deliveries by state."""
        rows = self._run("SELECT state, COUNT(*) FROM deliveries WHERE brief = ? GROUP BY state", (brief,)).fetchall()
        found = dict(rows)
        return {str(state): int(found.get(str(state), 0)) for state in State}

    def _prepare(self, *, reading: bool) -> None:
        """Set the file up: readers do not wait for the writer, and what is committed survives a power cut."""
        (version,) = self._base.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            raise EnvironmentProblem(f"{self._path} was written by a newer version. Update reportgen.")
        if reading:
            return
        self._base.execute("PRAGMA synchronous = FULL")
        if version < _VERSION:
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute(_SCHEMA)
            self._base.execute(f"PRAGMA user_version = {_VERSION}")

    def _run(self, statement: str, values: tuple[object, ...], *, synced: bool = True) -> sqlite3.Cursor:
        """Run one statement, which is committed when this returns.

        Raises:
            EnvironmentProblem: It could not be written; nothing may be sent that cannot be written down.
        """
        try:
            with self._lock:
                if synced:
                    return self._base.execute(statement, values)
                self._base.execute("PRAGMA synchronous = NORMAL")
                try:
                    return self._base.execute(statement, values)
                finally:
                    self._base.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error as error:
            raise EnvironmentProblem(
                f"{self._path} cannot be written ({error}), so nothing more is sent. Free some space, or mend its "
                "permissions, and run it again with --resume."
            ) from error
