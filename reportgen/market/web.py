"""One seam to the web for what ccxt does not carry: a JSON question, asked again only when that can help.

`market/exchanges/positions.py` and `market/dumps/coinalyze.py` ask through here. A request goes to its host, or to an
operator's
proxy or a test server as URL/<original host>/<original path>. What went wrong is one sentence that names who was asked
and never a header, so that no key reaches a log or a page.
"""

from __future__ import annotations

import http.client
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from reportgen.errors import DataError

_AGENT: Final = "reportgen"
_REFUSED_PLACE: Final = (b"country", b"restricted", b"location", b"cloudfront")
_LARGEST: Final = 64 * 2**20
_FORBIDDEN, _TOO_MANY, _BANNED, _LEGAL, _TIMEOUT = 403, 429, 418, 451, 408
_KEY_REFUSED: Final = (401, 407)
_OUTAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long is waited.

    Attributes:
        attempts: Requests for one answer. request_seconds: for each. total_seconds: for all of them.
        first_wait_seconds: before the first repetition; it doubles, with as much again at random.
        longest_wait_seconds: that a server may ask for before it counts as closed.
    """

    attempts: int = 4
    request_seconds: float = 10.0
    total_seconds: float = 60.0
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request.

    Attributes:
        who: Whom the sentence names: "Hyperliquid". url: of the service itself.
        body: Sent as JSON with POST; None asks with GET. headers: secrets may stand here; they are never repeated.
        instead: Where to send it: an operator's proxy or a test server.
    """

    who: str
    url: str
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    instead: str | None = None


class _NoRedirect(HTTPRedirectHandler):
    """Follow nobody: a redirect would carry the headers, and a key in them, to whoever it names."""

    def redirect_request(self, *_: object) -> None:
        """Make of a redirect the error that it is here."""


class WebError(DataError):
    """No usable answer.

    Attributes:
        again: Whether asking again could help. wait_seconds: what the server asked to wait, if it did.
        final: True when the service refuses this place or this key, so that no other question can succeed either.
    """

    def __init__(
        self, sentence: str, *, again: bool = False, wait_seconds: float | None = None, final: bool = False
    ) -> None:
        """Keep the sentence and what follows from it."""
        super().__init__(sentence)
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


def ask(question: Question, patience: Patience) -> object:
    """Ask until there is an answer or asking cannot help any more.

    Returns:
        The parsed JSON.

    Raises:
        WebError: There is none, with the reason in one sentence.
    """
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
            return _ask_once(question, patience)
    raise WebError(f"{question.who} was not asked.")  # pragma: no cover - the loop returns or raises


def _ask_once(question: Question, patience: Patience) -> object:
    body = None if question.body is None else json.dumps(question.body).encode()
    headers = {"User-Agent": _AGENT, "Accept": "application/json", **question.headers}
    if body is not None:
        headers["Content-Type"] = "application/json"
    request = Request(redirected(question.url, question.instead), data=body, headers=headers)  # noqa: S310 - http(s) only
    try:
        with build_opener(_NoRedirect).open(request, timeout=patience.request_seconds) as answer:
            raw = answer.read(_LARGEST)
    except HTTPError as error:
        raise _refused(question.who, error) from None
    except (URLError, OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        why = "did not answer in time" if isinstance(reason, TimeoutError) else "could not be reached"
        raise WebError(f"{question.who} {why}.", again=True) from None
    try:
        return json.loads(raw)
    except ValueError:
        raise unreadable(question.who) from None


def unreadable(who: str) -> WebError:
    """Say that an answer was none."""
    return WebError(f"{who} sent an unreadable answer.")


def _refused(who: str, error: HTTPError) -> WebError:
    """Judge an answer that is an error."""
    with error:
        said = error.read(_LARGEST).lower()
    code = error.code
    if code == _LEGAL or (code == _FORBIDDEN and any(word in said for word in _REFUSED_PLACE)):
        return WebError(f"{who} refused this location (HTTP {code}).", final=True)
    if code in _KEY_REFUSED or code == _FORBIDDEN:
        return WebError(f"{who} refused the request (HTTP {code}).", final=True)
    if code in (_TOO_MANY, _BANNED):
        wait = _asked_to_wait(error.headers)
        return WebError(f"{who} was asked too often (HTTP {code}).", again=True, wait_seconds=wait)
    if code >= _OUTAGE or code == _TIMEOUT:
        return WebError(f"{who} is out of order (HTTP {code}).", again=True)
    return WebError(f"{who} did not understand the request (HTTP {code}).")


def _asked_to_wait(headers: Message) -> float | None:
    """Read Retry-After in seconds; a date there is left to the usual waiting."""
    text = (headers.get("Retry-After") or "").strip()
    try:
        return max(0.0, float(text))
    except ValueError:
        return None
