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
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from reportgen.config.places import how_to_install
from reportgen.delivery.archive.store import Reader, Store
from reportgen.delivery.ledger import OPEN, SendLedger, State, answer_text
from reportgen.errors import EnvironmentProblem, ReportgenError, UsageError
from reportgen.units import Milliseconds

if TYPE_CHECKING:
    from reportgen.config.settings import MonitorSettings


STATE: Final = ".refresh.json"

_SECONDS: Final = 10.0
_ATTEMPTS: Final = 3
_LONGEST: Final = 300
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)")
_FINGERPRINT: Final = 12
_SCHEME: Final = re.compile(r"[a-z0-9.+-]{1,20}(?=:)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A run that is being watched. faults: what is wrong with what it made; it counts as failed with any."""

    faults: list[str] = field(default_factory=list)


@contextmanager
def watched(monitor: MonitorSettings | None, note: Callable[[str], None]) -> Iterator[Watch]:
    """Tell the monitor how a run goes; not that it failed while REPORTGEN_TRIED_AGAIN says that another try follows.

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
        if os.environ.get("REPORTGEN_TRIED_AGAIN") and not isinstance(error, UsageError):
            raise  # whoever started this run tries once more, and the last try tells
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a channel took a message. state: sent, deferred (known not to have arrived) or unknown. said: why, no secret.

    It is true when the channel took the message.
    """

    state: State
    code: int = 0
    said: str = ""

    def __bool__(self) -> bool:
        """Say whether the channel took it."""
        return self.state is State.SENT


def tell_channel(channel: Channel, title: str = "", body: str = "", picture: bytes = b"") -> Answer:
    """Send one message, or a PNG; one that takes no attachments takes a PNG alone by doing nothing.

    apprise itself says only yes or no, so what became of each request is heard below it: a message counts as not
    delivered only where every request of it was refused or met no server.
    """
    with _quiet(), _listening() as heard, tempfile.TemporaryDirectory(prefix="reportgen-") as scratch:
        service = _apprise().Apprise()
        if not service.add(channel.address):
            return Answer(state=State.DEFERRED, said="no address that apprise knows")
        attached: list[str] = []
        if picture and any(one.attachment_support for one in service):
            file = Path(scratch) / "figure.png"
            file.write_bytes(picture)
            attached.append(str(file))
        if not (title or body or attached) or service.notify(title=title, body=body, attach=attached or None):
            return Answer(state=State.SENT)
    last = next(
        (one for one in reversed(heard) if not one), Answer(state=State.UNKNOWN, said="the service says no more")
    )
    return last if all(one.state is State.DEFERRED for one in heard) else replace(last, state=State.UNKNOWN)


@contextmanager
def _listening() -> Iterator[list[Answer]]:
    """Hear how each request of this process ends, until the end."""
    from requests import PreparedRequest, RequestException, Response
    from requests.adapters import HTTPAdapter

    heard: list[Answer] = []
    send = HTTPAdapter.send

    def listen(self: HTTPAdapter, request: PreparedRequest, *rest: Any, **named: Any) -> Response:  # noqa: ANN401
        try:
            response = send(self, request, *rest, **named)
        except RequestException as error:
            heard.append(_unanswered(error))
            raise
        heard.append(_answered(response.status_code))
        return response

    HTTPAdapter.send = listen  # type: ignore[method-assign]
    try:
        yield heard
    finally:
        HTTPAdapter.send = send  # type: ignore[method-assign]


def _answered(code: int) -> Answer:
    if code in range(200, 300):
        return Answer(state=State.SENT)
    said = HTTPStatus(code).phrase if code in set(HTTPStatus) else ""
    refused = code in range(400, 500) or code == HTTPStatus.SERVICE_UNAVAILABLE
    return Answer(state=State.DEFERRED if refused else State.UNKNOWN, code=code, said=said)


def _unanswered(error: Exception) -> Answer:
    """A request that met no server was not heard; of any other without an answer nobody knows."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return Answer(state=State.DEFERRED, said="no connection to the service")
    return Answer(state=State.UNKNOWN, said="no answer from the service")


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
    note: Callable[[str], None],
) -> None:
    """Send a channel what it has not got of a brief, in order, until it refuses one: the rest would stand without it.

    A message is "sending" before the channel hears of it, so that a crash leaves "unknown", never a second one; so does
    an answer that leaves open whether it arrived. Its picture follows by itself, once: no picture costs the words.

    Args:
        ledger: Of the brief's posts, held alone.
        channel: Finds the channel; asked only when there is something to send.
        messages: In the order in which they are read.
        now: The time, UTC epoch milliseconds.
        note: Told of each picture that was not taken.
    """
    ledger.queue(((one.line, one.line) for one in messages), now())
    waiting = {one.subscriber for one in ledger.deliveries(OPEN)}
    due = [one for one in messages if one.line in waiting]
    if not due:
        return
    place = channel()
    ledger.expect(one.line for one in due)
    for one in due:
        picture = one.picture()
        ledger.sending(one.line, now())
        taken = tell_channel(place, one.title, one.text)
        ledger.settle(one.line, taken.state, now(), code=taken.code, reply=taken.said)
        if taken.state is State.DEFERRED:
            return
        shown = tell_channel(place, picture=picture) if taken and picture else taken
        if taken and not shown:
            note(f"{one.line}: the words arrived, the figure did not{answer_text(shown.code, shown.said)}")


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
            f"Channels need apprise, which is not installed. Run: {how_to_install('notify')}"
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
