"""Eight exchanges on one local port: their addresses, shapes, orders and page sizes, and every fault on demand.

Requests come as /<original host>/<original path>, as `venues.<id>.url` sends them. Shapes are those of
exchange_shapes.json and of the samples in ccxt's comments.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.market.live import venue_answers as answers
from tests.market.live.truth import DAY

HOSTS: Mapping[str, str] = {
    "fapi.binance.com": "binance", "api.binance.com": "binance", "api.bybit.com": "bybit", "www.okx.com": "okx",
    "api.gateio.ws": "gate", "api.bitget.com": "bitget", "api.hyperliquid.xyz": "hyperliquid",
    "api.hbdm.vn": "htx", "www.deribit.com": "deribit", "futures.kraken.com": "kraken",
}  # fmt: skip
GEO_BODY = '{"code":0,"msg":"Service unavailable from a restricted location according to \'b. Eligibility\'"}'
CLOUDFRONT = (
    "<HTML><BODY>The Amazon CloudFront distribution is configured to block access from your country.</BODY></HTML>"
)
HTML = "<html><head><title>Scheduled maintenance</title></head><body>We will be back soon.</body></html>"


class Exchanges:
    """The server, its clock and what is wrong with it.

    Attributes:
        faults: By venue, the name of the fault. paths: by venue, a text that a question must hold to be answered so.
        asked: How often each (venue, path) was asked. coins: that are listed.
        dates: By venue, milliseconds that its Date is ahead of its rows, or what stands there.
    """

    def __init__(self, coins: tuple[str, ...] = ("BTC", "ETH", "PEPE")) -> None:
        """Start on a free port."""
        self.coins = coins
        self.faults: dict[str, str] = {}
        self.paths: dict[str, str] = {}
        self.asked: Counter[tuple[str, str]] = Counter()
        self.questions: Counter[str] = Counter()
        self.ahead_ms = 0
        self.dates: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def now(self) -> int:
        """Give the exchanges' time, milliseconds."""
        return int(time.time() * 1000) + self.ahead_ms

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reset(self) -> None:
        """Make everything well and forget who asked."""
        self.faults.clear()
        self.paths.clear()
        self.asked.clear()
        self.questions.clear()
        self.ahead_ms = 0
        self.dates.clear()

    def count(self, venue: str, path: str, question: str) -> int:
        """Note a question; give how often its venue and path were asked before."""
        with self._lock:
            before = self.asked[venue, path]
            self.asked[venue, path] += 1
            self.questions[question] += 1
            return before


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def _handler(exchanges: Exchanges) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        date = ""
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            """Stay silent."""

        def do_GET(self) -> None:
            """Answer a question in the address."""
            parts = urlsplit(self.path)
            self._answer(parts.path, dict(parse_qsl(parts.query)), self.path)

        def do_POST(self) -> None:
            """Answer a question in the body."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(urlsplit(self.path).path, json.loads(body or b"{}"), f"{self.path} {body.decode()}")

        def _answer(self, path: str, asked: dict[str, Any], question: str) -> None:
            _, host, rest = path.split("/", 2)
            venue = HOSTS[host]
            before = exchanges.count(venue, f"/{rest}", question)
            fault = exchanges.faults.get(venue, "") if exchanges.paths.get(venue, "") in f"{path} {asked}" else ""
            now = exchanges.now()
            told = now - 10 * DAY if fault == "stale" else now
            unknown = fault == "unknown symbol" and not _is_list(rest, asked)

            def make() -> tuple[int, Any]:
                if unknown:
                    return answers.UNKNOWN[venue]
                if fault == "own code" or (fault == "own code once" and before == 0):
                    return 200, TOO_MANY[venue]
                return answers.answer(venue, host, f"/{rest}", asked, told, exchanges.coins)

            wrong = exchanges.dates.get(venue, 0)
            self.date = wrong if isinstance(wrong, str) else formatdate((now + wrong) / 1000, usegmt=True)
            with suppress(BrokenPipeError, ConnectionResetError):
                _reply(self, fault, make, before)

    return Handler


def _is_list(path: str, asked: Mapping[str, Any]) -> bool:
    """Tell a question for the venue's list of markets from one about a market."""
    lists = ("exchangeInfo", "fundingInfo", "nstruments", "usdt/contracts", "market/contracts", "swap_contract_info")
    return any(path.endswith(each) or each in path for each in lists) or "metaAndAssetCtxs" in str(asked)


def _reply(handler: Any, fault: str, make: Callable[[], tuple[int, Any]], before: int) -> None:
    """Send the right answer, or the one that the fault makes of it."""
    if fault == "timeout":
        time.sleep(1.5)
        handler.close_connection = True
        return
    if fault == "reset":
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.close_connection = True
        handler.connection.close()
        return
    if fault in PLAIN:
        status, body, headers = PLAIN[fault]
        _send(handler, status, body, headers)
        return
    if fault == "429 once" and before == 0:
        _send(handler, 429, '{"code":-1003,"msg":"Too many requests"}', {"Retry-After": "0.2"})
        return
    if fault == "500 once" and before == 0:
        _send(handler, 500, '{"code":-1001,"msg":"Internal error"}', {})
        return
    status, answer = make()
    if fault in MANGLED:
        answer = _mangled(answer, MANGLED[fault])
    text = json.dumps(answer)
    _send(handler, status, text[: len(text) // 2] if fault == "truncated" else text, {})


def _send(handler: Any, status: int, body: str, headers: Mapping[str, str]) -> None:
    content = body.encode()
    handler.send_response_only(status)
    handler.send_header("Date", handler.date)
    handler.send_header("Content-Type", "text/html" if body.startswith("<") else "application/json")
    handler.send_header("Content-Length", str(len(content)))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(content)


TOO_MANY: Mapping[str, Mapping[str, Any]] = {
    "binance": {"code": -1003, "msg": "Too many requests"},
    "bybit": {"retCode": 10006, "retMsg": "Too many visits!", "result": {}},
    "okx": {"code": "50011", "msg": "Requests too frequent", "data": []},
    "bitget": {"code": "429", "msg": "Too many requests", "data": None},
    "gate": {"label": "TOO_MANY_REQUESTS", "message": "Request Rate limit Exceeded"},
    "deribit": {"jsonrpc": "2.0", "error": {"code": 10028, "message": "too_many_requests"}},
    "kraken": {"result": "error", "error": "apiLimitExceeded"},
}
"""How the venues say in their own codes, with HTTP 200, that they are asked too much."""

PLAIN: Mapping[str, tuple[int, str, Mapping[str, str]]] = {
    "451": (451, GEO_BODY, {}),
    "403": (403, CLOUDFRONT, {}),
    "429": (429, '{"msg":"Too many requests"}', {"Retry-After": "7200"}),
    "a minute": (429, '{"msg":"Too many requests"}', {"Retry-After": "59"}),
    "418": (418, '{"msg":"Way too many requests; IP banned"}', {"Retry-After": "7200"}),
    "500": (500, '{"msg":"Internal error"}', {}),
    "html": (200, HTML, {}),
    "null": (200, "null", {}),
    "empty list": (200, "[]", {}),
}
"""Answers that do not depend on the question: status, body, headers."""

MANGLED: Mapping[str, Callable[[list[Any]], list[Any]]] = {
    "none cells": lambda rows: [_hollow(row) for row in rows],
    "unordered": lambda rows: rows[1::2] + rows[::2],
    "duplicate": lambda rows: [row for row in rows for _ in range(2)],
    "no rows": lambda _: [],
}
"""What is done to every list of rows in a right answer."""


def _hollow(row: Any) -> Any:
    if isinstance(row, dict):
        return {name: None if isinstance(value, str | int | float) else value for name, value in row.items()}
    return [None] * len(row) if isinstance(row, list) else None


def _mangled(answer: Any, change: Callable[[list[Any]], list[Any]]) -> Any:
    """Change the longest list of rows in an answer, wherever it is."""
    if isinstance(answer, list):
        parts = len(answer) == 2 and "universe" in answer[0]  # Hyperliquid's two lists in a list
        return [_mangled(below, change) for below in answer] if parts else change(answer)
    if isinstance(answer, dict):
        return {
            name: _mangled(below, change) if isinstance(below, list | dict) else below for name, below in answer.items()
        }
    return answer
