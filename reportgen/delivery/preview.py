"""A look at mail and page on this machine: a few documents in memory, served on loopback only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One thing to look at. kind: its media type."""

    kind: str
    content: bytes


def preview_server(documents: Mapping[str, Document], port: int = 0) -> ThreadingHTTPServer:
    """Make a server of these documents by path, on loopback; 0 takes a free port."""

    class Handler(BaseHTTPRequestHandler):
        """Answers GET and HEAD with what is in memory, and nothing else."""

        def do_GET(self) -> None:
            """Give a document."""
            self._answer(with_content=True)

        def do_HEAD(self) -> None:
            """Give a document's headers."""
            self._answer(with_content=False)

        def _answer(self, *, with_content: bool) -> None:
            document = documents.get(self.path.partition("?")[0].partition("#")[0])
            if document is None:
                self.send_error(404, "not here")
                return
            self.send_response(200)
            self.send_header("Content-Type", document.kind)
            self.send_header("Content-Length", str(len(document.content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if with_content:
                self.wfile.write(document.content)

        def log_message(self, *_: object) -> None:
            """Say nothing: stderr is for messages to the operator."""

    return ThreadingHTTPServer((LOOPBACK, port), Handler)
