"""One run: every queued message through the relay, each state in the ledger before the next step.

Each connection is a thread with one message in flight. A refusal for now is tried again later, with waits that double
and jitter; a run of failures ends the run, and what is left stays queued for `send --resume`.
"""

from __future__ import annotations

import heapq
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from reportgen.delivery.mail.ledger import Delivery, MailLedger, State
from reportgen.delivery.mail.people import Address, Suppressions
from reportgen.delivery.mail.smtp import Answer, CannotConnect, Connection, Outcome, Relay
from reportgen.errors import EnvironmentProblem
from reportgen.units import Milliseconds

_IDLE_SECONDS: Final = 20.0
"""After a longer rest the line is asked whether it still stands."""

_END: Final = {
    Outcome.SENT: State.SENT,
    Outcome.FAILED: State.FAILED,
    Outcome.SUPPRESS: State.SUPPRESSED,
    Outcome.UNKNOWN: State.UNKNOWN,
    Outcome.RETRY: State.DEFERRED,
    Outcome.RECONNECT: State.DEFERRED,
    Outcome.STOP: State.QUEUED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast, and how patiently.

    Attributes:
        connections: At a time. per_second: messages over all of them, None without a limit.
        per_connection: connect anew after so many, None for never. attempts: for one message in one run.
        first_wait_seconds: before the second attempt; doubles. pause_after: failures in a row that end the run.
    """

    connections: int = 1
    per_second: float | None = None
    per_connection: int | None = None
    attempts: int = 4
    first_wait_seconds: float = 3.0
    pause_after: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a run works on.

    Attributes:
        brief: Which, as the ledger names it. sender: envelope address. addresses: by key.
        write: makes the bytes of one message. now: the time, UTC epoch milliseconds.
    """

    brief: str
    sender: str
    addresses: Mapping[str, Address]
    write: Callable[[Delivery], bytes]
    now: Callable[[], Milliseconds]


class Run:
    """One run over the queue; `start` gives why it ended early, or None."""

    def __init__(self, errand: Errand, ledger: MailLedger, relay: Relay, pace: Pace, suppressed: Suppressions) -> None:
        """Take everything that is needed; nothing is sent yet."""
        self._errand, self._ledger, self._relay, self._pace = errand, ledger, relay, pace
        self._suppressed = suppressed
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Delivery]] = []
        self._tries: dict[str, int] = {}
        self._working = 0
        self._running = 0
        self._failures = 0
        self._ended: str | None = None
        self._error: BaseException | None = None
        self._next_slot = 0.0

    def start(self, deliveries: Iterable[Delivery]) -> str | None:
        """Send what is given until all is settled or the run must end.

        Returns:
            Why it ended before all was settled, or None.

        Raises:
            EnvironmentProblem: The relay refuses us altogether; what is left stays queued.
        """
        self._due = [(0.0, number, delivery) for number, delivery in enumerate(deliveries)]
        self._running = min(self._pace.connections, len(self._due))
        for _ in range(self._running):
            threading.Thread(target=self._guarded).start()
        try:
            self._await_all()
        except BaseException:
            self._end("interrupted")
            self._await_all()  # what is in flight gets its answer, and its line in the ledger
            raise
        if self._error is not None:
            raise self._error
        return self._ended

    def _guarded(self) -> None:
        """Work; an error of one connection ends all of them."""
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - raised again by `start`
            self._error = self._error or error
            self._end(str(error))
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _await_all(self) -> None:
        """Wait for every connection; joining a thread is of no use here, for an interrupt makes it look ended."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running)

    def _work(self) -> None:
        """Take one message after the other through one connection."""
        line: Connection | None = None
        used = 0.0
        try:
            while (taken := self._take()) is not None:
                number, delivery = taken
                try:
                    if self._is_suppressed(delivery):
                        continue
                    data = self._errand.write(delivery)
                    if line is not None and time.monotonic() - used > _IDLE_SECONDS and not line.alive():
                        line = self._hang_up(line)
                    line = line or self._connect()
                    if line is None:
                        self._put_back(0.0, number, delivery)
                        continue
                    answer = self._deliver(line, delivery, data)
                    used = time.monotonic()
                    if self._spent(line, answer):
                        line = self._hang_up(line)
                    self._settle(number, delivery, answer)
                finally:
                    self._done()
        finally:
            if line is not None:
                line.close()

    def _take(self) -> tuple[int, Delivery] | None:
        """Wait for the next message that is due and for its turn; None when there is nothing left to do."""
        with self._changed:
            while self._ended is None and (self._due or self._working):
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    pause = self._slot()
                    if pause <= 0:
                        _, number, delivery = heapq.heappop(self._due)
                        self._working += 1
                        return number, delivery
                    wait = pause
                self._changed.wait(wait)
            self._changed.notify_all()
            return None

    def _slot(self) -> float:
        """Give the seconds until the rate allows another message, and take the slot when it is now."""
        if self._pace.per_second is None:
            return 0.0
        now = time.monotonic()
        if self._next_slot > now:
            return self._next_slot - now
        self._next_slot = now + 1 / self._pace.per_second
        return 0.0

    def _put_back(self, due: float, number: int, delivery: Delivery) -> None:
        with self._changed:
            heapq.heappush(self._due, (due, number, delivery))

    def _done(self) -> None:
        with self._changed:
            self._working -= 1
            self._changed.notify_all()

    def _end(self, why: str) -> None:
        with self._changed:
            self._ended = self._ended or why
            self._changed.notify_all()

    def _is_suppressed(self, delivery: Delivery) -> bool:
        """Look at the list as it stands now; the run may have begun long before."""
        if delivery.subscriber not in self._suppressed:
            return False
        self._ledger.suppress(
            self._errand.brief, delivery.subscriber, "on the suppression list", self._errand.now()
        )  # fmt: skip
        return True

    def _connect(self) -> Connection | None:
        """Connect, patiently; when the relay stays away the run ends and everything stays queued."""
        for attempt in range(1, self._pace.attempts + 1):
            try:
                return Connection(self._relay)
            except CannotConnect as error:
                if attempt == self._pace.attempts:
                    self._end(f"the relay was not reached in {attempt} tries: {error}")
                    return None
                with self._changed:
                    self._changed.wait_for(lambda: self._ended is not None, self._wait(attempt, self._relay.name))
                if self._ended is not None:
                    return None
        return None

    def _deliver(self, line: Connection, delivery: Delivery, data: bytes) -> Answer:
        key = delivery.subscriber

        def before_data() -> None:
            self._ledger.sending(self._errand.brief, key, self._errand.now())

        return line.deliver(self._errand.sender, self._errand.addresses[key].envelope, data, before_data)

    def _spent(self, line: Connection, answer: Answer) -> bool:
        """Tell whether a connection is of no more use."""
        most = self._pace.per_connection
        broken = answer.code == 0 or answer.outcome is Outcome.RECONNECT
        return broken or (most is not None and line.sent >= most)

    @staticmethod
    def _hang_up(line: Connection) -> None:
        line.close()

    def _settle(self, number: int, delivery: Delivery, answer: Answer) -> None:
        """Write down what became of a message, plan its next attempt, and end the run where it must end."""
        key, now = delivery.subscriber, self._errand.now()
        self._ledger.settle(self._errand.brief, key, _END[answer.outcome], answer, now)
        if answer.outcome is Outcome.SUPPRESS:
            self._suppressed.add(self._errand.addresses[key].written, f"{answer.code} {answer.reply}")
        if answer.outcome is Outcome.STOP:
            raise EnvironmentProblem(
                f"{self._relay.name} does not let us send ({answer.code} {answer.reply}). Check mail.smtp.security, "
                "username and password; everything that is left stays queued."
            )
        self._count(answer)
        if answer.outcome in (Outcome.RETRY, Outcome.RECONNECT):
            self._tries[key] = self._tries.get(key, 0) + 1
            if self._tries[key] < self._pace.attempts:
                self._put_back(time.monotonic() + self._wait(self._tries[key], key), number, delivery)

    def _count(self, answer: Answer) -> None:
        """Count failures in a row; a relay that knows no address at all has lost its table, not we our readers."""
        with self._changed:
            self._failures = 0 if answer.outcome is Outcome.SENT else self._failures + 1
            failures = self._failures
        if failures >= self._pace.pause_after:
            self._end(f"paused after {failures} failures in a row, the last: {answer.code} {answer.reply}")

    def _wait(self, attempt: int, what: str) -> float:
        """Double the wait with each attempt, spread over half to one and a half, differently for each message."""
        jitter = 0.5 + zlib.crc32(f"{what} {attempt}".encode()) / 2**32
        return float(self._pace.first_wait_seconds * 2 ** (attempt - 1) * jitter)
