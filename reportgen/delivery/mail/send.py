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

from reportgen.config.mail import MailSettings
from reportgen.delivery.ledger import Delivery, SendLedger, State
from reportgen.delivery.mail.letters import sender_address
from reportgen.delivery.mail.people import Address, Suppressions
from reportgen.delivery.mail.smtp import Answer, CannotConnect, Connection, Login, Outcome
from reportgen.errors import EnvironmentProblem
from reportgen.units import Milliseconds

_IDLE_SECONDS: Final = 20.0
"""After a longer rest the line is asked whether it still stands."""

MOST_SUPPRESSED: Final = 0.1
"""Of the list, by one run, unless the operator asks for more; at least one address. A relay that says of more readers
that they do not exist has probably lost its table."""

_END: Final = {
    Outcome.SENT: State.SENT,
    Outcome.FAILED: State.FAILED,
    Outcome.SUPPRESS: State.DEFERRED,
    Outcome.UNKNOWN: State.UNKNOWN,
    Outcome.RETRY: State.DEFERRED,
    Outcome.RECONNECT: State.DEFERRED,
    Outcome.STOP: State.QUEUED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """What a run sends.

    Attributes:
        addresses: By key.
        write: makes the bytes of one message. now: the time, UTC epoch milliseconds.
        suppress_all: suppress whoever is said not to exist, however many they are.
    """

    addresses: Mapping[str, Address]
    write: Callable[[Delivery], bytes]
    now: Callable[[], Milliseconds]
    suppress_all: bool = False


class Run:
    """One run over the queue; `start` gives why it ended early, or None.

    Attributes:
        sent: Messages that the relay took. unproven: addresses that it says do not exist, and that are not suppressed
            for it: it took no message at all, or there are too many of them.
    """

    def __init__(self, mailing: Mailing, mail: MailSettings, login: Login | None, ledger: SendLedger) -> None:
        """Take everything that is needed; nothing is sent yet."""
        self._mailing, self._mail, self._login, self._ledger = mailing, mail, login, ledger
        self._sender = sender_address(mail)
        self._suppressed = Suppressions(mail.suppressions)
        self._changed = threading.Condition()
        self.sent = 0
        self.unproven = 0
        self._nobody: list[tuple[Delivery, Answer]] = []
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
        self._ledger.expect(delivery.subscriber for *_, delivery in self._due)
        self._running = min(self._mail.smtp.connections, len(self._due))
        for _ in range(self._running):
            threading.Thread(target=self._work).start()
        try:
            self._await_all()
        except BaseException:
            self._end("interrupted")
            self._await_all()  # what is in flight gets its answer, and its line in the ledger
            raise
        finally:
            self._suppress()
        if self._error is not None:
            raise self._error
        return self._ended

    def _suppress(self) -> None:
        """Put who does not exist on the list, once another message shows that the relay still knows our readers."""
        most = max(1, int(MOST_SUPPRESSED * len(self._mailing.addresses)))
        if not self.sent or (len(self._nobody) > most and not self._mailing.suppress_all):
            self.unproven = len(self._nobody)
            return
        for delivery, answer in self._nobody:
            said = f"{answer.code} {answer.reply}"
            self._suppressed.add(self._mailing.addresses[delivery.subscriber].written, said)
            self._ledger.suppress(delivery.subscriber, said, self._mailing.now())

    def _await_all(self) -> None:
        """Wait for every connection; joining a thread is of no use here, for an interrupt makes it look ended."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running)

    def _work(self) -> None:
        """Send through one connection until nothing is left; an error of one ends all of them."""
        line: Connection | None = None
        used = 0.0
        try:
            while (taken := self._take()) is not None:
                number, delivery = taken
                try:
                    if line is not None and time.monotonic() - used > _IDLE_SECONDS and not line.alive():
                        line.close()
                        line = None
                    line = self._send(line, number, delivery)
                    used = time.monotonic()
                finally:
                    with self._changed:
                        self._working -= 1
                        self._changed.notify_all()
        except BaseException as error:  # noqa: BLE001 - raised again by `start`
            self._error = self._error or error
            self._end(str(error))
        finally:
            if line is not None:
                line.close()
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _take(self) -> tuple[int, Delivery] | None:
        """Wait for the next message that is due and allowed by the rate; None when there is nothing left to do."""
        per_second = self._mail.smtp.messages_per_second
        with self._changed:
            while self._ended is None and (self._due or self._working):
                now = time.monotonic()
                wait = max(self._due[0][0], self._next_slot) - now if self._due else None
                if wait is not None and wait <= 0:
                    _, number, delivery = heapq.heappop(self._due)
                    self._working += 1
                    self._next_slot = now + 1 / per_second if per_second else 0.0
                    return number, delivery
                self._changed.wait(wait)
            self._changed.notify_all()
            return None

    def _send(self, line: Connection | None, number: int, delivery: Delivery) -> Connection | None:
        """Send one message and write down what became of it; gives the line as long as it is of use."""
        key, now = delivery.subscriber, self._mailing.now
        if key in self._suppressed:  # looked at now: the run may have begun long before
            self._ledger.suppress(key, "on the suppression list", now())
            return line
        data = self._mailing.write(delivery)
        used = line is not None and line.sent > 0
        line = line or self._connect()
        if line is None:
            self._put_back(0.0, number, delivery)
            return None
        most = self._mail.smtp.messages_per_connection
        spent = True
        try:
            envelope = self._mailing.addresses[key].envelope
            answer = line.deliver(self._sender, envelope, data, lambda: self._ledger.sending(key, now()))
            broken = answer.outcome is Outcome.RECONNECT or answer.code == 0
            if used and broken and answer.outcome is not Outcome.UNKNOWN:
                self._ledger.queue_again(key, now())  # closed after the message before: that costs no attempt
                self._put_back(0.0, number, delivery)
            else:
                self._settle(number, delivery, answer)
            spent = broken or (most is not None and line.sent >= most)
        finally:
            if spent:
                line.close()
        return None if spent else line

    def _connect(self) -> Connection | None:
        """Connect, patiently; when the relay stays away the run ends and everything stays queued."""
        smtp, attempts = self._mail.smtp, self._mail.retry.attempts
        for attempt in range(1, attempts + 1):
            try:
                return Connection(smtp, self._login)
            except CannotConnect as error:
                if attempt == attempts:
                    self._end(f"the relay was not reached in {attempt} tries: {error}")
                    return None
                with self._changed:
                    self._changed.wait_for(lambda: self._ended is not None, self._wait(attempt, smtp.name))
                if self._ended is not None:
                    return None
        return None

    def _settle(self, number: int, delivery: Delivery, answer: Answer) -> None:
        """Write down what became of a message, plan its next attempt, and end the run where it must end."""
        key, retry = delivery.subscriber, self._mail.retry
        self._ledger.settle(key, _END[answer.outcome], self._mailing.now(), code=answer.code, reply=answer.reply)
        if answer.outcome is Outcome.STOP:
            raise EnvironmentProblem(
                f"{self._mail.smtp.name} does not let us send ({answer.code} {answer.reply}). Check "
                "mail.smtp.security, username and password; everything that is left stays queued."
            )
        with self._changed:
            self.sent += answer.outcome is Outcome.SENT
            if answer.outcome is Outcome.SUPPRESS:
                self._nobody.append((delivery, answer))
            self._failures = 0 if answer.outcome is Outcome.SENT else self._failures + 1
            failures = self._failures
        if failures >= retry.pause_after:
            self._end(f"paused after {failures} failures in a row, the last: {answer.code} {answer.reply}")
        if answer.outcome in (Outcome.RETRY, Outcome.RECONNECT):
            self._tries[key] = self._tries.get(key, 0) + 1
            if self._tries[key] < retry.attempts:
                self._put_back(time.monotonic() + self._wait(self._tries[key], key), number, delivery)

    def _put_back(self, due: float, number: int, delivery: Delivery) -> None:
        with self._changed:
            heapq.heappush(self._due, (due, number, delivery))

    def _end(self, why: str) -> None:
        with self._changed:
            self._ended = self._ended or why
            self._changed.notify_all()

    def _wait(self, attempt: int, what: str) -> float:
        """Double the wait with each attempt, spread over half to one and a half, differently for each message."""
        jitter = 0.5 + zlib.crc32(f"{what} {attempt}".encode()) / 2**32
        return float(self._mail.retry.first_wait_seconds * 2 ** (attempt - 1) * jitter)
