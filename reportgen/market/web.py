"""The one HTTP client: a question to a service of its own, or the bytes of an address with the copy kept of them.

`market/exchanges/connection.py` asks the venues through ccxt; all else that is asked over the web is asked here. Each
fetch has a timeout, a largest size and a few retries for what can pass. What went wrong is one sentence that names who
was asked and never a header, a path or a query, so that no key reaches a log or a page.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import ipaddress
import json
import logging
import os
import socket
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Generic, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener
from urllib.request import Request as UrllibRequest

from reportgen import __version__
from reportgen.errors import DataError
from reportgen.units import Milliseconds

_T = TypeVar("_T")

LARGEST_BYTES: Final = 10_000_000
"""Of one answer, unpacked."""

LARGEST_ANSWER: Final = 64 * 2**20
"""The same for a service whose answers we know."""

USER_AGENT: Final = f"reportgen/{__version__} (calendar of a morning brief)"
_CHUNK: Final = 65_536
_GZIP: Final = 47
"""zlib's window for gzip and zlib alike."""

_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_REFUSED_PLACE: Final = ("country", "restricted", "location", "cloudfront")
_FORBIDDEN, _LEGAL, _TIMEOUT, _OUTAGE = 403, 451, 408, 500
_TOO_MANY: Final = (429, 418)
_KEY_REFUSED: Final = (401, 407)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long is waited.

    Attributes:
        attempts: Requests for one answer. request_seconds: for each. total_seconds: for all of them.
        first_wait_seconds: before the first repetition; it doubles, with as much again at random.
        longest_wait_seconds: that a server may ask for before it counts as closed.
        pace: Share of the pauses between requests that a venue's limits ask for; less than 1 is for a server of one's
            own, never for a venue itself.
    """

    attempts: int = 4
    request_seconds: float = 10.0
    total_seconds: float = 60.0
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 30.0
    pace: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to ask for.

    Attributes:
        url: An http or https address. headers: beside the User-Agent; may hold a key, and are never repeated.
        body: Sent as JSON by POST; None asks with GET.
        who: Whom a sentence names: "Hyperliquid"; else the host. instead: where to send it: a proxy or a test server.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: str | None = None
    who: str = ""
    instead: str | None = None

    @property
    def shown(self) -> str:
        """The host alone, for people: user, path and query of a private calendar's address are its key."""
        parts = urlsplit(self.url)
        return self.who or f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"


class WebError(DataError):
    """No usable answer.

    Attributes:
        again: Whether asking again could help. wait_seconds: what the server asked to wait, if it did.
        final: True when the service refuses this place or this key, so that no other question can succeed either.
        clause: Why, without who: "HTTP 503".
    """

    def __init__(
        self,
        sentence: str,
        *,
        clause: str = "",
        again: bool = False,
        wait_seconds: float | None = None,
        final: bool = False,
    ) -> None:
        """Keep the sentence and what follows from it."""
        super().__init__(sentence)
        self.clause = clause or sentence
        self.again = again
        self.wait_seconds = wait_seconds
        self.final = final


def redirected(url: str, instead: str | None) -> str:
    """Send a request elsewhere: https://api.x.com/info becomes URL/api.x.com/info."""
    if not instead:
        return url
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{instead.rstrip('/')}/{parts.netloc}{parts.path}{query}"


def ask(request: Request, patience: Patience) -> object:
    """Ask a service until there is an answer or asking cannot help any more; it may redirect nowhere.

    Returns:
        The parsed JSON.

    Raises:
        WebError: There is none, with the reason in one sentence.
    """
    headers = {"Accept": "application/json", **request.headers}
    sent = replace(request, headers=headers, url=redirected(request.url, request.instead), who=request.shown)
    content = _patiently(lambda: _open(sent, patience.request_seconds, LARGEST_ANSWER, _NoRedirect), patience)
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise unreadable(request.shown) from None


def ping(url: str, who: str, patience: Patience) -> None:
    """Ask for an address whose answer does not matter, as monitors of cron jobs want it.

    Raises:
        WebError: It did not answer, with the reason in one sentence.
    """
    request = Request(url=url, who=who)
    _patiently(lambda: _open(request, patience.request_seconds, LARGEST_BYTES, _CarefulRedirect), patience)


def unreadable(who: str) -> WebError:
    """Say that an answer was none."""
    return WebError(f"{who} sent an unreadable answer.")


def _patiently(once: Callable[[], bytes], patience: Patience) -> bytes:
    """Ask again where that may help."""
    import stamina

    def again(error: Exception) -> bool | float:
        if not isinstance(error, WebError) or not error.again:
            return False
        if error.wait_seconds is None:
            return True
        return error.wait_seconds if error.wait_seconds <= patience.longest_wait_seconds else False

    logging.getLogger("stamina").setLevel(logging.ERROR)  # a repetition that helps is no news for the reader
    for attempt in stamina.retry_context(
        on=again,
        attempts=patience.attempts,
        timeout=patience.total_seconds,
        wait_initial=patience.first_wait_seconds,
        wait_jitter=patience.first_wait_seconds,
        wait_max=patience.longest_wait_seconds,
    ):
        with attempt:
            return once()
    raise WebError("Nobody was asked.")  # pragma: no cover - the loop returns or raises


class _NoRedirect(HTTPRedirectHandler):
    """Follow nobody: a redirect would carry the headers, and a key in them, to whoever it names."""

    def redirect_request(self, *_: object) -> None:
        """Make of a redirect the error that it is here."""


class _CarefulRedirect(HTTPRedirectHandler):
    """Follow to http and https alone, never from the world into this network, and take no key to another host."""

    def redirect_request(
        self, req: UrllibRequest, fp: Any, code: int, msg: str, headers: Any, newurl: str,  # noqa: ANN401
    ) -> UrllibRequest | None:  # fmt: skip
        """Follow, or refuse by name."""
        target, here = urlsplit(newurl), urlsplit(req.full_url)
        why = ""
        if target.scheme not in {"http", "https"}:
            why = "it redirects to an address that is not http"
        elif is_private(target.hostname) and not is_private(here.hostname):
            why = "it redirects to an address of this machine or its network"
        if why:
            fp.close()
            raise WebError(why, clause=why)
        made = super().redirect_request(req, fp, code, msg, headers, newurl)
        if made is not None and target.netloc != here.netloc:
            made.headers = {"User-agent": USER_AGENT}
        return made


def is_private(host: str | None) -> bool:
    """Tell whether a name leads to loopback, a private network or a link of this machine."""
    try:
        found = socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False  # nobody is there, as the fetch will find
    return any(not ipaddress.ip_address(str(address[4][0]).partition("%")[0]).is_global for address in found)


def _open(request: Request, timeout: float, largest: int, redirect: type[HTTPRedirectHandler]) -> bytes:
    """Ask once, within the time and the size allowed.

    Raises:
        WebError: There is no answer.
    """
    parts, who = urlsplit(request.url), request.shown
    user, _, host = parts.netloc.rpartition("@")
    url = parts._replace(netloc=host).geturl() if user else request.url
    headers = {"User-Agent": USER_AGENT}
    if user:  # user and password of an address mean a header
        secret = ":".join(map(unquote, user.partition(":")[::2]))
        headers["Authorization"] = f"Basic {base64.b64encode(secret.encode()).decode()}"
    headers |= {**request.headers, **({"Content-Type": "application/json"} if request.body else {})}
    body = None if request.body is None else request.body.encode()
    try:
        asked = UrllibRequest(url, data=body, headers=headers)  # noqa: S310 - the schema allows http only
        with build_opener(redirect).open(asked, timeout=timeout) as answer:
            return _read(answer, who, largest, time.monotonic() + 2 * timeout)
    except HTTPError as error:
        raise _refused(who, error) from None
    except TimeoutError:
        raise WebError(f"{who} did not answer in time.", clause=f"no answer within {timeout:g} s", again=True) from None
    except URLError as error:
        late = isinstance(error.reason, TimeoutError)
        raise WebError(
            f"{who} {'did not answer in time' if late else 'could not be reached'}.",
            clause="no answer in time" if late else "no connection",
            again=True,
        ) from None
    except (OSError, http.client.HTTPException):
        raise WebError(f"{who} could not be reached.", clause="the connection broke off", again=True) from None
    except ValueError:
        clause = "the address or the answer is malformed"
        raise WebError(f"{who} could not be reached.", clause=clause) from None


def _read(answer: Any, who: str, largest: int, until: float) -> bytes:  # noqa: ANN401 - urllib's
    """Read a body part by part, unpacked where it is packed, no more than allowed of either."""
    clause = f"it is larger than {largest // 1_000_000} MB"
    too_large = WebError(
        f"{who} sent an answer larger than {largest // 1_000_000} MB, which is refused.", clause=clause
    )
    if int(answer.headers.get("Content-Length") or 0) > largest:
        raise too_large
    unpack = zlib.decompressobj(_GZIP) if answer.headers.get("Content-Encoding") in {"gzip", "deflate"} else None
    parts: list[bytes] = []
    size = 0
    while part := answer.read1(_CHUNK):
        try:
            parts.append(unpack.decompress(part, largest + 1 - size) if unpack else part)
        except zlib.error:
            raise WebError(f"{who} sent an unreadable answer.", clause="the answer is malformed") from None
        size += len(parts[-1])
        if size > largest:
            raise too_large
        if time.monotonic() > until:
            raise WebError(f"{who} did not answer in time.", clause="it took too long", again=True)
    return b"".join(parts)


def _refused(who: str, error: HTTPError) -> WebError:
    """Judge an answer that is an error."""
    with error:
        said = error.read(_CHUNK).decode(errors="replace").lower()
    code, clause = error.code, f"HTTP {error.code}"
    if code == _LEGAL or (code == _FORBIDDEN and any(word in said for word in _REFUSED_PLACE)):
        return WebError(f"{who} refused this location ({clause}).", clause=clause, final=True)
    if code in _KEY_REFUSED or code == _FORBIDDEN:
        return WebError(f"{who} refused the request ({clause}).", clause=clause, final=True)
    if code in _TOO_MANY:
        wait = None
        with suppress(ValueError):  # a date there is left to the usual waiting
            wait = max(0.0, float((error.headers.get("Retry-After") or "").strip()))
        return WebError(f"{who} was asked too often ({clause}).", clause=clause, again=True, wait_seconds=wait)
    if code >= _OUTAGE or code == _TIMEOUT or code in _PASSING:
        return WebError(f"{who} is out of order ({clause}).", clause=clause, again=True)
    return WebError(f"{who} did not understand the request ({clause}).", clause=clause)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched(Generic[_T]):
    """What an answer held, or a kept copy of an earlier one.

    Attributes:
        value: As it was read. since_ms: when these very bytes were first fetched, so that a brief made again later
            from the same answer is the same. note: "" for a fresh one, else why a copy stands in.
    """

    value: _T
    since_ms: Milliseconds
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """A kept answer: when it was last fetched, and since when it says the same."""

    content: bytes
    fetched_ms: Milliseconds
    since_ms: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How to fetch addresses in one run of a command, and where the copies of what was fetched are kept.

    Attributes:
        now_ms: The time of day. kept: folder of the copies; None keeps none.
        timeout_seconds: Longest wait for one answer to begin or go on; twice this is the longest for all of it.
        attempts, pause_seconds: patience; pauses grow from the last.
    """

    now_ms: Milliseconds
    kept: Path | None
    timeout_seconds: float = 10.0
    attempts: int = 3
    pause_seconds: float = 0.2

    def read(self, request: Request, parse: Callable[[bytes], _T]) -> Fetched[_T] | str:
        """Fetch an address and read it, or its last kept copy when either fails.

        Only what could be read is kept, so that an error page never takes the place of a good copy.

        Args:
            request: What to ask for.
            parse: Reads an answer; raises DataError where it is of another kind.

        Returns:
            What was read, or the reason as a clause: "x.test could not be read (HTTP 503)".
        """
        patience = Patience(
            attempts=self.attempts,
            first_wait_seconds=self.pause_seconds,
            longest_wait_seconds=4.0,
            total_seconds=10 * self.timeout_seconds,
        )
        copy = self._copy(request)
        try:
            content = _patiently(
                lambda: _open(request, self.timeout_seconds, LARGEST_BYTES, _CarefulRedirect), patience
            )
            value = parse(content)
        except DataError as error:
            why = (error.clause if isinstance(error, WebError) else str(error)).rstrip(".")
            failed = f"{request.shown} could not be read ({why.removeprefix(f'{request.shown}: ')})"
            if copy is None:
                return failed
            # The time itself, not its age: the age would differ from one making of the same brief to the next.
            at = datetime.fromtimestamp(copy.fetched_ms / 1000, tz=UTC)
            note = f"{failed}; the copy of {at:%Y-%m-%d %H:%M} UTC stands in."
            try:
                return Fetched(value=parse(copy.content), since_ms=copy.since_ms, note=note)
            except DataError:
                return failed
        since_ms = copy.since_ms if copy is not None and copy.content == content else self.now_ms
        if self.kept is not None:
            about = {
                "address": request.shown,
                "fetched_ms": self.now_ms,
                "since_ms": since_ms,
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            path = self._path(request)
            with suppress(OSError):  # a folder that cannot be written costs only the copy
                self.kept.mkdir(parents=True, exist_ok=True, mode=0o700)
                self.kept.chmod(0o700)  # also where an older version made it: an address may be a key
                for place, data in ((path, content), (path.with_suffix(".json"), json.dumps(about).encode())):
                    beside = place.with_suffix(f".{os.getpid()}.unfinished")
                    beside.write_bytes(data)
                    beside.replace(place)
        return Fetched(value=value, since_ms=since_ms)

    def _copy(self, request: Request) -> _Copy | None:
        """Give the kept copy when it is whole."""
        if self.kept is None:
            return None
        path = self._path(request)
        try:
            about, content = json.loads(path.with_suffix(".json").read_bytes()), path.read_bytes()
            if about.get("sha256") != hashlib.sha256(content).hexdigest():
                return None
            fetched_ms = int(about.get("fetched_ms"))
            return _Copy(content=content, fetched_ms=fetched_ms, since_ms=int(about.get("since_ms", fetched_ms)))
        except (OSError, ValueError, TypeError, AttributeError):
            return None

    def _path(self, request: Request) -> Path:
        name = hashlib.sha256(f"{request.url}\n{request.body or ''}".encode()).hexdigest()[:24]
        return (self.kept or Path()) / name
