"""Chat services on this machine: a server that answers as ntfy, Matrix and plain webhooks do, and keeps what came."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PNG_BEGINS = b"\x89PNG\r\n\x1a\n"


@dataclass
class Chats:
    """What was posted. requests: method, path and body.

    refuse_after: answer 503 from so many messages on. pictures_get: the answer to a picture. late: seconds before each.
    """

    port: int = 0
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    refuse_after: int | None = None
    pictures_get: int = 200
    late: float = 0

    def texts(self) -> list[str]:
        """Give the messages' words, in order of arrival, as each service was told them."""
        return [text for one in self.requests if (text := _words(*one))]

    def pictures(self) -> int:
        """Count the PNGs that arrived, whole in a body or inside JSON as base64."""
        return sum(PNG_BEGINS in body or b'"base64": "iVBORw0KGgo' in body for _, _, body in self.requests)


def _words(method: str, path: str, body: bytes) -> str:
    """Read the words of a message; "" for a request that only carries a picture or opens a session."""
    if body.startswith(PNG_BEGINS) and "message=" not in path:
        return ""
    query = parse_qs(urlsplit(path).query)
    if "message" in query:  # ntfy, beside a picture
        return query["message"][0]
    if path.startswith("/_matrix"):
        found = json.loads(body) if "/send/m.room.message/" in path else {}
        return str(found["body"]) if found.get("msgtype") == "m.text" else ""
    if path.startswith("/form"):
        part = body.split(b'name="message"\r\n\r\n')
        return part[1].split(b"\r\n--")[0].decode() if len(part) > 1 else parse_qs(body.decode())["message"][0]
    return str(json.loads(body)["message"]) if method == "POST" else ""


class _Handler(BaseHTTPRequestHandler):
    chats: Chats

    def do_POST(self) -> None:
        """Keep the message, or refuse it."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        told = self.chats
        refused = told.refuse_after is not None and len(told.texts()) >= told.refuse_after
        status = 503 if refused else told.pictures_get if Chats(requests=[("", "", body)]).pictures() else 200
        if status == 200:
            told.requests.append((self.command, self.path, body))
        session = {"access_token": "t", "user_id": "@b:h", "home_server": "h", "room_id": "!r:h"}
        content = json.dumps({**session, "content_uri": "mxc://h/1", "event_id": "$1"}).encode()
        time.sleep(told.late)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


@contextmanager
def chats() -> Iterator[Chats]:
    """Serve on a free port of this machine."""
    told = Chats()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"chats": told}))
    told.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
