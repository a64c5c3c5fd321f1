"""One seam to the network for calendars, unlocks, exchange status and fund flows: bytes of an address, or why not.

Stands at the edge. A fetch has a timeout, a largest size, a few retries for what can pass, and keeps a copy; when the
source is down, the copy is given with its age. A key travels in a header and never reaches an error, a copy or a page.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit

from reportgen import __version__
from reportgen.errors import DataError
from reportgen.units import Milliseconds

_T = TypeVar("_T")

LARGEST_BYTES: Final = 10_000_000
TIMEOUT_SECONDS: Final = 10.0
"""Longest wait for one answer to begin or go on; twice this is the longest for all of it."""

ATTEMPTS: Final = 3
USER_AGENT: Final = f"reportgen/{__version__} (calendar of a morning brief)"

_CHUNK: Final = 65_536
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to ask for.

    Attributes:
        url: An http or https address. headers: beside the User-Agent; may hold a key. body: sent as JSON by POST.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: str | None = None

    @property
    def shown(self) -> str:
        """The host alone, for people: user, path and query of a private calendar's address are its key."""
        parts = urlsplit(self.url)
        return f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Generic[_T]):
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
    """How to fetch in one run of a command.

    Attributes:
        now_ms: The time of day. kept: folder of the copies; None keeps none.
        timeout_seconds, attempts, pause_seconds: patience; pauses grow from the last.
    """

    now_ms: Milliseconds
    kept: Path | None
    timeout_seconds: float = TIMEOUT_SECONDS
    attempts: int = ATTEMPTS
    pause_seconds: float = 0.2

    def read(self, request: Request, parse: Callable[[bytes], _T]) -> Read[_T] | str:
        """Fetch an address and read it, or its last kept copy when either fails.

        Only what could be read is kept, so that an error page never takes the place of a good copy.

        Args:
            request: What to ask for.
            parse: Reads an answer; raises DataError where it is of another kind.

        Returns:
            What was read, or the reason as a clause: "x.test could not be read (HTTP 503)".
        """
        try:
            content = self._ask(request)
            value = parse(content)
        except (_NotFetchedError, DataError) as error:
            return self._from_copy(request, parse, str(error).rstrip(".").removeprefix(f"{request.shown}: "))
        return Read(value=value, since_ms=self._keep(request, content))

    def _from_copy(self, request: Request, parse: Callable[[bytes], _T], why: str) -> Read[_T] | str:
        """Read the kept copy, and say why and how old it is."""
        failed = f"{request.shown} could not be read ({why})"
        copy = self._copy(request)
        if copy is None:
            return failed
        try:
            value = parse(copy.content)
        except DataError:
            return failed
        # The time itself, not its age: the age would differ from one making of the same brief to the next.
        at = datetime.fromtimestamp(copy.fetched_ms / 1000, tz=UTC)
        note = f"{failed}; the copy of {at:%Y-%m-%d %H:%M} UTC stands in."
        return Read(value=value, since_ms=copy.since_ms, note=note)

    def _ask(self, request: Request) -> bytes:
        """Ask, again where that may help."""
        import stamina

        logging.getLogger("stamina").setLevel(logging.ERROR)  # a repetition that helps is no news for the reader
        for attempt in stamina.retry_context(
            on=_PassingError, attempts=self.attempts, wait_initial=self.pause_seconds, wait_max=4, timeout=None
        ):
            with attempt:
                return _answer(request, self.timeout_seconds)
        raise _NotFetchedError("it was not asked")

    def _keep(self, request: Request, content: bytes) -> Milliseconds:
        """Keep a copy, and tell since when it says the same; a folder that cannot be written costs only the copy."""
        if self.kept is None:
            return self.now_ms
        before = self._copy(request)
        since_ms = before.since_ms if before is not None and before.content == content else self.now_ms
        about = {
            "address": request.shown,
            "fetched_ms": self.now_ms,
            "since_ms": since_ms,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        with suppress(OSError):
            self.kept.mkdir(parents=True, exist_ok=True)
            for path, data in ((self._path(request), content), (self._about(request), json.dumps(about).encode())):
                beside = path.with_suffix(f".{os.getpid()}.unfinished")
                beside.write_bytes(data)
                beside.replace(path)
        return since_ms

    def _copy(self, request: Request) -> _Copy | None:
        """Give the kept copy when it is whole."""
        if self.kept is None:
            return None
        try:
            about, content = json.loads(self._about(request).read_bytes()), self._path(request).read_bytes()
            if about.get("sha256") != hashlib.sha256(content).hexdigest():
                return None
            fetched_ms = int(about.get("fetched_ms"))
            return _Copy(content=content, fetched_ms=fetched_ms, since_ms=int(about.get("since_ms", fetched_ms)))
        except (OSError, ValueError, TypeError, AttributeError):
            return None

    def _path(self, request: Request) -> Path:
        name = hashlib.sha256(f"{request.url}\n{request.body or ''}".encode()).hexdigest()[:24]
        return (self.kept or Path()) / name

    def _about(self, request: Request) -> Path:
        return self._path(request).with_suffix(".json")


class _NotFetchedError(Exception):
    """An address gave nothing usable; asking again would not help."""


class _PassingError(_NotFetchedError):
    """The same, but it may pass."""


class _Secure(urllib.request.HTTPRedirectHandler):
    """Follows redirects to other http addresses only, and takes no key to another host."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str,  # noqa: ANN401
    ) -> urllib.request.Request | None:  # fmt: skip
        """Follow to http and https alone."""
        if urlsplit(newurl).scheme not in {"http", "https"}:
            raise _NotFetchedError("it redirects to an address that is not http")
        made = super().redirect_request(req, fp, code, msg, headers, newurl)
        if made is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            made.headers = {"User-agent": USER_AGENT}
        return made


def _answer(request: Request, timeout: float) -> bytes:
    """Ask once, within the time and the size allowed."""
    body = None if request.body is None else request.body.encode()
    headers = {"User-Agent": USER_AGENT, **request.headers} | ({"Content-Type": "application/json"} if body else {})
    asked = urllib.request.Request(request.url, data=body, headers=headers)  # noqa: S310 - the schema allows http only
    until = time.monotonic() + 2 * timeout
    try:
        with urllib.request.build_opener(_Secure()).open(asked, timeout=timeout) as answer:
            if int(answer.headers.get("Content-Length") or 0) > LARGEST_BYTES:
                raise _NotFetchedError(f"it is larger than {LARGEST_BYTES // 1_000_000} MB")
            parts: list[bytes] = []
            size = 0
            while part := answer.read1(_CHUNK):
                parts.append(part)
                size += len(part)
                if size > LARGEST_BYTES:
                    raise _NotFetchedError(f"it is larger than {LARGEST_BYTES // 1_000_000} MB")
                if time.monotonic() > until:
                    raise _PassingError(f"it took longer than {2 * timeout:g} s")
            return b"".join(parts)
    except urllib.error.HTTPError as error:
        error.close()
        kind = _PassingError if error.code in _PASSING else _NotFetchedError
        raise kind(f"HTTP {error.code}") from None
    except TimeoutError:
        raise _PassingError(f"no answer within {timeout:g} s") from None
    except urllib.error.URLError as error:
        why = "no answer in time" if isinstance(error.reason, TimeoutError) else "no connection"
        raise _PassingError(why) from None
    except (OSError, HTTPException):
        raise _PassingError("the connection broke off") from None
    except ValueError:
        raise _NotFetchedError("the address or the answer is malformed") from None
