"""A local HTTP server whose answers a test sets, and ICS text: the outside world of the calendar's tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from reportgen.market.web import Network

NOW_MS = 1_795_158_000_000
"""20 November 2026, 07:00 UTC."""


@dataclass
class Answers:
    """What the server says, and what it was asked.

    Attributes:
        body: By path; anything else is a 404. status: of every answer. chunks: how often the body is sent.
        asked: paths with their queries and headers, in order.
    """

    body: dict[str, bytes] = field(default_factory=dict)
    status: int = 200
    chunks: int = 1
    length: str | None = None
    location: str = ""
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving() -> Iterator[Answers]:
    """Run a server on a free port until the block ends."""
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answers.asked.append((self.path, dict(self.headers.items()), sent))
            body = answers.body.get(self.path.partition("?")[0])
            self.send_response(answers.status if body is not None else 404)
            if answers.location:
                self.send_header("Location", answers.location)
            if answers.length is not None:
                self.send_header("Content-Length", answers.length)
            self.end_headers()
            try:
                for _ in range(answers.chunks):
                    self.wfile.write(body or b"")
            except (BrokenPipeError, ConnectionResetError):
                return

        do_POST = do_GET  # noqa: N815 - the same for both

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    answers.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield answers
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def network(kept: Path | None = None, now_ms: int = NOW_MS) -> Network:
    """Fetch with little patience."""
    return Network(now_ms=now_ms, kept=kept, timeout_seconds=5, attempts=2, pause_seconds=0.01)


def ics(*entries: str, head: str = "") -> bytes:
    """Write a calendar of entries, each given as its lines."""
    parts = [
        "\r\n".join(("BEGIN:VEVENT", f"UID:{number}@test", *entry.strip().splitlines(), "END:VEVENT", ""))
        for number, entry in enumerate(entries)
    ]
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n{head}{''.join(parts)}END:VCALENDAR\r\n".encode()
