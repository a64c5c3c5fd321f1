"""Channels that apprise knows: a refresh that is due, each trigger once, and the short form of a brief.

What was told of a refresh is kept in `.refresh.json` in the output folder until the next brief. An address is a secret:
it may name variables of the environment, is kept as a fingerprint only, and reaches neither a message nor a log.
Silence is noticed: a monitor of cron jobs, by healthchecks' protocol (URL/start, URL, URL/fail), hears how a run went,
and a channel why it failed; one that does not answer never stops a run.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import tempfile
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from reportgen.delivery.archive.store import Reader, Store
from reportgen.delivery.ledger import OPEN, SendLedger, State
from reportgen.errors import EnvironmentProblem, ReportgenError, UsageError
from reportgen.units import Milliseconds

if TYPE_CHECKING:
    from reportgen.config.settings import MonitorSettings


_SECONDS: Final = 10.0
_ATTEMPTS: Final = 3
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A run that is being watched. faults: what is wrong with what it made; it counts as failed with any."""

    faults: list[str] = field(default_factory=list)


@contextmanager
def watched(monitor: MonitorSettings | None, note: Callable[[str], None]) -> Iterator[Watch]:
    """Tell the monitor how a run goes.

    Args:
        monitor: Whom to tell; None for nobody.
        note: Told when the monitor itself does not answer.
    """
    watch = Watch()
    if monitor is None:
        yield watch
        return
    _ping(monitor, "/start", note)
    try:
        yield watch
    except BaseException as error:
        words = str(error) if isinstance(error, (ReportgenError, OSError)) else type(error).__name__
        _failed(monitor, f"The morning brief failed: {words}", note)
        raise
    if watch.faults:
        _failed(monitor, f"The morning brief: {watch.faults[0]}", note)
    else:
        _ping(monitor, "", note)


def _failed(monitor: MonitorSettings, why: str, note: Callable[[str], None]) -> None:
    _ping(monitor, "/fail", note)
    if monitor.channel is None:
        return
    from reportgen.delivery.notify import channel_at, tell_channel

    line = " ".join(why.split())[:_LONGEST]
    try:
        if not tell_channel(channel_at(monitor.channel.read(), "monitor.channel"), "reportgen", line):
            note("monitor.channel did not take the message that this run failed.")
    except ReportgenError as error:
        note(f"monitor.channel could not be told that this run failed: {error}")


def _ping(monitor: MonitorSettings, end: str, note: Callable[[str], None]) -> None:
    if monitor.url is None:
        return
    from reportgen.market.web import Patience, ping

    patience = Patience(attempts=_ATTEMPTS, request_seconds=_SECONDS, total_seconds=_ATTEMPTS * _SECONDS)
    try:
        ping(f"{monitor.url.read().rstrip('/')}{end}", "The monitor", patience)
    except ReportgenError as error:
        note(f"monitor.url: {error}")


STATE: Final = ".refresh.json"

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)")
_FINGERPRINT: Final = 12
_SCHEME: Final = re.compile(r"[a-z0-9.+-]{1,20}(?=:)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One place to tell. address: the secret, with variables filled in. name: its number and scheme, for messages."""

    address: str
    name: str

    @property
    def fingerprint(self) -> str:
        """A short hash: enough to know the channel again, not enough to find its address."""
        return hashlib.sha256(self.address.encode()).hexdigest()[:_FINGERPRINT]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What each channel was told about one brief. brief: which. ids: by the channel's fingerprint."""

    brief: str
    ids: Mapping[str, frozenset[str]]

    def unheard(self, channel: Channel, ids: Collection[str]) -> frozenset[str]:
        """Give what a channel has not been told."""
        return frozenset(ids) - self.ids.get(channel.fingerprint, frozenset())

    def with_told(self, channel: Channel, ids: Collection[str]) -> Told:
        """Add what a channel has now been told."""
        heard = self.ids.get(channel.fingerprint, frozenset()) | frozenset(ids)
        return Told(brief=self.brief, ids={**self.ids, channel.fingerprint: heard})


def channels(addresses: Sequence[str], environment: Mapping[str, str]) -> tuple[Channel, ...]:
    """Fill in the variables that addresses name, `$NAME` or `${NAME}`, and check that apprise knows each.

    Raises:
        UsageError: A variable is not set, or an address is of no kind that apprise knows.
        EnvironmentProblem: apprise is not installed.
    """
    made = []
    for number, address in enumerate(addresses, start=1):
        filled = _VARIABLE.sub(lambda found: _value(found[1] or found[2], environment), address)
        scheme = _SCHEME.match(filled)
        name = f"channel {number} ({scheme[0]})" if scheme else f"channel {number}"
        made.append(channel_at(filled, name, option="--notify: "))
    return tuple(made)


def channel_at(address: str, name: str, option: str = "") -> Channel:
    """Check that apprise knows an address.

    Raises:
        UsageError: It knows none such; says the name, never the address.
        EnvironmentProblem: apprise is not installed.
    """
    with _quiet():
        known = _apprise().Apprise().add(address)
    if not known:
        raise UsageError(
            f"{option}{name} is no address that apprise knows. Write it as ntfy://host/topic or json://host; "
            "its documentation lists every kind."
        )
    return Channel(address=address, name=name)


def tell_channel(channel: Channel, title: str, body: str, picture: bytes = b"") -> bool:
    """Send one message, with a PNG where one is given; False when the channel did not take it.

    A channel that takes no attachments gets the words alone.
    """
    with _quiet(), tempfile.TemporaryDirectory(prefix="reportgen-") as scratch:
        service = _apprise().Apprise()
        if not service.add(channel.address):
            return False
        attached: list[str] = []
        if picture and any(one.attachment_support for one in service):
            file = Path(scratch) / "figure.png"
            file.write_bytes(picture)
            attached.append(str(file))
        return bool(service.notify(title=title, body=body, attach=attached or None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to a channel. line: what the ledger calls it. picture: draws its PNG, b"" for none."""

    line: str
    title: str
    text: str
    picture: Callable[[], bytes]


def post_messages(
    ledger: SendLedger,
    channel: Callable[[], Channel],
    messages: Sequence[Message],
    now: Callable[[], Milliseconds],
) -> None:
    """Send a channel what it has not got of a brief, in order, until it refuses one: the rest would stand without it.

    A message is "sending" before the channel hears of it, so that a crash leaves "unknown", never a second one.

    Args:
        ledger: Of the brief's posts, held alone.
        channel: Finds the channel; asked only when there is something to send.
        messages: In the order in which they are read.
        now: The time, UTC epoch milliseconds.
    """
    ledger.queue(((one.line, one.line) for one in messages), now())
    waiting = {one.subscriber for one in ledger.deliveries(OPEN)}
    due = [one for one in messages if one.line in waiting]
    ledger.expect(one.line for one in due)
    place = channel() if due else None
    for one in due:
        picture = one.picture()
        ledger.sending(one.line, now())
        taken = place is not None and tell_channel(place, one.title, one.text, picture)
        ledger.settle(one.line, State.SENT if taken else State.DEFERRED, now())
        if not taken:
            return


def read_told(store: Reader, brief: str) -> Told:
    """Read what was told about a brief; nothing when the state is of another brief, absent or unreadable."""
    try:
        state = json.loads(store.read(STATE) or b"")
        kept = {str(key): frozenset(map(str, ids)) for key, ids in state.get("told", {}).items()}
        return Told(brief=brief, ids=kept if state.get("brief") == brief else {})
    except (ValueError, AttributeError, TypeError):
        return Told(brief=brief, ids={})


def write_told(store: Store, told: Told) -> None:
    """Keep what was told, whole or not at all.

    Raises:
        OSError: The folder cannot be written.
    """
    state = {"brief": told.brief, "told": {key: sorted(ids) for key, ids in sorted(told.ids.items())}}
    store.write(STATE, f"{json.dumps(state, indent=1)}\n".encode())


def _value(name: str, environment: Mapping[str, str]) -> str:
    if name not in environment:
        raise UsageError(f"--notify names the variable {name}, which is not set. Set it, or correct its name.")
    return environment[name]


def _apprise() -> ModuleType:
    try:
        import apprise
    except ImportError as error:
        raise EnvironmentProblem(
            "Channels need apprise, which is not installed. Install it with: pip install 'reportgen[notify]'"
        ) from error
    return apprise


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep apprise's remarks, which hold addresses, from stderr and from any log, and its warnings to itself."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
