"""The one seam to the network: a venue is asked here, at its own pace, and asked again only when that can help.

ccxt knows hosts, paths, weights and signing; this file borrows its classes and gives them one clock. Several requests
of a venue may be under way at once, but they start no faster than its limits allow. Nothing is asked twice in a run.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from reportgen.market.exchanges.answers import unreadable
from reportgen.market.exchanges.venue import FaultKind, Venue, VenueFault
from reportgen.market.web import LARGEST_ANSWER, Patience
from reportgen.units import Milliseconds

_GEO_WORDS: Final = ("cloudfront", "restricted", "country")
_FINE: Final = frozenset({"0", "00000", "200", "success", "ok", "none", ""})
_CODE_FIELDS: Final = ("retCode", "code", "err-code", "label", "error", "result")
GATEWAY: Final = range(500, 600)
_TOO_MANY: Final = (429, 418)


def judge(
    venue: Venue, status: int, headers: Mapping[str, str], body: str, answer: object, *, what: str
) -> VenueFault | None:
    """Judge one answer by HTTP status, headers in any case, text and JSON, if it is any.

    `what` is the perpetual or spot market asked about, for the sentence about an unknown one.

    Returns:
        The fault, or None when there is something to read.
    """
    if status == 451 or (status == 403 and any(word in body.lower() for word in _GEO_WORDS)):
        return VenueFault(FaultKind.GEO_BLOCKED, f"{venue.display} refused this location (HTTP {status}).")
    code = _own_code(answer)
    kind = FaultKind.RATE_LIMITED if status in _TOO_MANY else venue.codes.get(code)
    if kind is None:
        kind = FaultKind.OUTAGE if status in GATEWAY else None
    shown = f"HTTP {status}" if status >= 400 else f"code {code}"
    known = {
        FaultKind.RATE_LIMITED: f"{venue.display} allowed no more requests ({shown}).",
        FaultKind.BAD_SYMBOL: f"{venue.display} lists no {what}.",
        FaultKind.OUTAGE: f"{venue.display} was out of order ({shown}).",
    }
    if kind is not None:
        return VenueFault(kind, known[kind], _retry_after(headers))
    if status >= 400 or (isinstance(answer, dict) and code.lower() not in _FINE):
        own = f"HTTP {status}, code {code}" if status >= 400 and code.lower() not in _FINE else shown
        return VenueFault(FaultKind.BAD_PAYLOAD, f"{venue.display} refused the question ({own}).")
    return None if isinstance(answer, dict | list) else unreadable(venue)


def _own_code(answer: object) -> str:
    """Find the code that a venue puts into its answers; "" where it puts none."""
    if not isinstance(answer, dict):
        return ""
    found: Any = next((answer[field] for field in _CODE_FIELDS if field in answer), "")
    error = answer.get("error")
    if isinstance(error, str | dict):
        found = error.get("code", "") if isinstance(error, dict) else error
    # Deribit's `result` is what was asked for, Kraken's is a word.
    wordless = isinstance(found, dict | list) or (found is answer.get("result") and not isinstance(found, str))
    return "" if wordless else str(found)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds a venue asks to wait: a number, or a date, counted from that of the answer."""
    known = {name.lower(): value for name, value in headers.items()}
    text = known.get("retry-after", "")
    if text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        return max((parsedate_to_datetime(text) - parsedate_to_datetime(known["date"])).total_seconds(), 0.0)
    except (KeyError, ValueError, TypeError):
        return None


_CHUNK: Final = 65_536
_LONGEST_ANSWER_SECONDS: Final = 10.0

LINES: Final = 4
"""Requests of one venue that may be under way at once."""

_GIVE_UP_AFTER: Final = 3
"""Questions in a row that ended in an outage before a venue is left alone for the run."""

_UNSAID_WAITS: Final = 4
"""First waits to pause for, at least, where a venue does not say; else its documented window is waited out."""

_RETRIED: Final = frozenset({FaultKind.RATE_LIMITED, FaultKind.OUTAGE})


class Connection:
    """One venue during one run."""

    def __init__(
        self, venue: Venue, url: str | None, patience: Patience, clock: Callable[[], Milliseconds], deadline: float
    ) -> None:
        """Open nothing yet.

        `url` says where to send its requests instead, as URL/<original host>/<original path>; `clock` gives UTC epoch
        milliseconds; `deadline` is the reading of `time.monotonic()` when all ends.
        """
        self.venue = venue
        self.patience = patience
        self.deadline = deadline
        self.place = f"{venue.name} {url or ''}"
        self.requests = 0
        self.owed_seconds = 0.0  # how long the venue's limits alone make its requests take
        self.ahead_ms: Milliseconds | None = None  # how far its answers date themselves ahead of this machine's clock
        self.agreed_ms: Milliseconds | None = None  # the same of the time that several clocks agree on, which counts
        self._clock = clock
        self._free_at = 0.0
        self._pace = patience.pace if url else 1.0
        self._closed: VenueFault | None = None
        self._outages = 0
        self._asked: dict[object, Future[Any]] = {}
        self._lock = threading.Lock()
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        self._what = threading.local()
        kind = _exchange_class(self)
        for _ in range(LINES):
            exchange = kind({"timeout": round(patience.request_seconds * 1000)})
            if url:
                hosts = exchange.urls.get("hostnames") or {}
                exchange.urls["api"] = {
                    name: _sent_to(url, place, hosts.get(name, exchange.hostname))
                    for name, place in exchange.urls["api"].items()
                }
            exchange.session = _capped_session(venue)
            self._idle.put(exchange)
        self._unit_seconds = exchange.rateLimit / 1000 * self._pace

    def server_now(self) -> Milliseconds:
        """Give the time that was agreed on; before that the venue's, as its answers date themselves, or ours."""
        return self._clock() + (self.agreed_ms if self.agreed_ms is not None else self.ahead_ms or 0)

    def take_turn(self, cost: float | None) -> None:
        """Wait for one's turn, whichever thread asks; where the venue documents its weights, they count, not ccxt's."""
        own = self._what.weight
        seconds = self._unit_seconds * (own if own is not None else 1.0 if cost is None else cost)
        with self._lock:
            now = time.monotonic()
            start = max(now, self._free_at)
            self._free_at = start + seconds
            self.owed_seconds += seconds
        if start > now:
            time.sleep(start - now)

    def ask(self, endpoint: str, parameters: Mapping[str, Any] | None = None, *, about: str = "such market") -> Any:  # noqa: ANN401 - JSON
        """Ask one question, once a run.

        Args:
            endpoint: Name of ccxt's implicit method, or GROUP:PATH of a part of the API that ccxt has no method for.
            parameters: Of the request.
            about: What is asked about, for the sentence about an unknown one: "perpetual of BTC".

        Returns:
            The JSON answer, a list or a mapping.

        Raises:
            VenueFault: There is no answer; the same question asked again raises the same.
        """
        given = dict(parameters or {})
        key = (endpoint, repr(sorted(given.items())))
        with self._lock:
            future = self._asked.get(key)
            mine = future is None
            if future is None:
                future = self._asked[key] = Future()
        if mine:
            try:
                future.set_result(self._ask_patiently(endpoint, given, about))
            except BaseException as error:  # noqa: BLE001 - raised again below, here and for whoever waits for the same
                future.set_exception(error)
        return future.result()

    def _ask_patiently(self, endpoint: str, parameters: Mapping[str, Any], about: str) -> Any:  # noqa: ANN401 - JSON
        """Ask until there is an answer, or asking cannot help any more."""
        import stamina

        left = self.deadline - time.monotonic()
        try:
            for attempt in stamina.retry_context(
                on=self._again,
                attempts=self.patience.attempts,
                timeout=max(left, 0.001),
                wait_initial=self.patience.first_wait_seconds,
                wait_jitter=self.patience.first_wait_seconds,
            ):
                with attempt:
                    answer = self._ask_now(endpoint, parameters, about)
        except VenueFault as fault:
            self._outages = self._outages + 1 if fault.kind is FaultKind.OUTAGE else 0
            final = fault.kind in {FaultKind.GEO_BLOCKED, FaultKind.RATE_LIMITED} or self._outages >= _GIVE_UP_AFTER
            if final and self._closed is None:
                self._closed = fault  # asking anything more of it in this run would be useless or rude
            raise
        self._outages = 0
        return answer

    def _ask_now(self, endpoint: str, parameters: Mapping[str, Any], about: str) -> Any:  # noqa: ANN401 - JSON
        """Ask once, unless the venue is closed or the run's time is up."""
        if self._closed:
            raise self._closed
        if time.monotonic() >= self.deadline:
            sentence = f"The run's time was up before {self.venue.display} could be asked."
            raise VenueFault(FaultKind.OUT_OF_TIME, sentence)
        import ccxt

        exchange = self._idle.get()
        self._what.about = about
        self._what.weight = self.venue.weight(parameters) if self.venue.weight else None
        group, between, path = endpoint.rpartition(":")
        try:
            self.requests += 1
            if between:
                answer = exchange.request(path, [group or "public"], "GET", dict(parameters), {"cost": 1})
            else:
                answer = getattr(exchange, endpoint)(dict(parameters))
        except ccxt.RequestTimeout as error:
            raise VenueFault(FaultKind.OUTAGE, f"{self.venue.display} did not answer in time.") from error
        except ccxt.NetworkError as error:
            raise VenueFault(FaultKind.OUTAGE, f"{self.venue.display} could not be reached, or hung up.") from error
        except (ccxt.BaseError, ValueError, OSError) as error:
            raise unreadable(self.venue) from error
        finally:
            self._idle.put(exchange)
        if not isinstance(answer, dict | list):
            raise unreadable(self.venue)
        return answer

    def _again(self, error: Exception) -> bool | float:
        """Tell whether to ask again: a wait that the venue asked for holds all its requests."""
        if not isinstance(error, VenueFault) or error.kind not in _RETRIED or error is self._closed:
            return False
        if error.kind is FaultKind.OUTAGE:
            return True
        unsaid = max(_UNSAID_WAITS * self.patience.first_wait_seconds, self.venue.window_seconds * self._pace)
        wait = unsaid if error.retry_after is None else error.retry_after
        if wait > min(self.patience.longest_wait_seconds, self.deadline - time.monotonic()):
            return False
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic() + wait)
        return wait

    def received(self, headers: Mapping[str, str]) -> None:
        """Learn the venue's time from an answer's date; dates are cut to the second, so the latest is nearest."""
        date = headers.get("Date")
        try:
            ahead = round(parsedate_to_datetime(date).timestamp() * 1000) - self._clock() if date else None
        except (ValueError, OverflowError):
            ahead = None
        if ahead is not None and (self.ahead_ms is None or ahead > self.ahead_ms):
            self.ahead_ms = ahead

    def judged(self, status: int, headers: Mapping[str, str], body: str, answer: object) -> None:
        """Raise what an answer shows to be wrong."""
        if fault := judge(self.venue, status, headers, body, answer, what=self._what.about):
            raise fault


def _exchange_class(line: Connection) -> Any:  # noqa: ANN401 - ccxt's
    """Make ccxt's class of a venue, with our eyes on every answer and our turn before every request."""
    import importlib

    import stamina

    stamina.instrumentation.set_on_retry_hooks([])  # retries are told by the brief, not by a log
    logging.getLogger("ccxt").setLevel(logging.WARNING)
    name = line.venue.ccxt_id
    kind: Any = getattr(importlib.import_module(f"ccxt.{name}"), name)

    class Watched(kind):  # type: ignore[misc] # ccxt's, without types
        def throttle(self, cost: float | None = None) -> None:
            line.take_turn(cost)

        def on_rest_response(self, *told: Any) -> str:  # noqa: ANN401 - code, reason, url, method, headers, body and more
            line.received(told[4])
            return str(told[5]).strip()

        def handle_errors(self, status: int, *told: Any) -> bool:  # noqa: ANN401 - reason, url, method, headers, body, answer
            line.judged(status, told[3], told[4], told[5])
            return True

    return Watched


def _capped_session(venue: Venue) -> Any:  # noqa: ANN401 - ccxt's
    """Make a session that unpacks no answer beyond a size, and follows no redirect."""
    import requests

    class Capped(requests.Session):
        def request(self, *given: Any, **more: Any) -> requests.Response:  # noqa: ANN401 - as requests has it
            answer = super().request(*given, **{**more, "stream": True, "allow_redirects": False})
            parts: list[bytes] = []
            size = 0
            until = time.monotonic() + 2 * float(more.get("timeout") or _LONGEST_ANSWER_SECONDS)
            for part in answer.iter_content(_CHUNK):
                parts.append(part)
                size += len(part)
                if size > LARGEST_ANSWER or time.monotonic() > until:
                    answer.close()
                    if size <= LARGEST_ANSWER:
                        raise requests.exceptions.ReadTimeout
                    megabytes = LARGEST_ANSWER // 1_000_000
                    sentence = f"{venue.display} sent an answer larger than {megabytes} MB, which is refused."
                    raise VenueFault(FaultKind.BAD_PAYLOAD, sentence)
            answer._content = b"".join(parts)  # noqa: SLF001 - what the class itself keeps once it has read all
            return answer

    return Capped()


def _sent_to(url: str, place: Any, hostname: Any) -> Any:  # noqa: ANN401 - ccxt nests its addresses
    """Send every address of a venue to URL/<original host>/<original path>."""
    if isinstance(place, dict):
        return {name: _sent_to(url, below, hostname) for name, below in place.items()}
    if not isinstance(place, str):
        return place
    parts = urlsplit(place.replace("{hostname}", hostname if isinstance(hostname, str) else ""))
    return f"{url.rstrip('/')}/{parts.netloc}{parts.path}"
