"""The HTTP client at its edges: sizes, redirects and secrets."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest

from reportgen.market import web
from reportgen.market.web import LARGEST_BYTES, Network, Patience, Request, WebError, ask
from tests.market.answers import Answer, serving


class Pages(BaseHTTPRequestHandler):
    """Says who asked, packs, bombs and redirects."""

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        """Answer by the path."""
        body, headers, status = b"", {}, 200
        if self.path == "/who":
            body = json.dumps(self.headers.get("Authorization")).encode()
        elif self.path == "/packed":
            body, headers = gzip.compress(b"plain"), {"Content-Encoding": "gzip"}
        elif self.path == "/bomb":
            body, headers = gzip.compress(b"0" * (LARGEST_BYTES + 1)), {"Content-Encoding": "gzip"}
        else:
            status, headers = 302, {"Location": self.path.removeprefix("/to/")}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def place() -> Iterator[str]:
    """Serve them on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def fetched(url: str) -> str:
    """Fetch an address as text, or the reason why not."""
    found = Network(now_ms=0, kept=None, attempts=1).read(Request(url=url), bytes.decode)
    return found if isinstance(found, str) else found.value


def test_user_and_password_become_a_header(place: str) -> None:
    """user:pass@host asks with Basic credentials, percent signs undone."""
    assert fetched(f"http://anna:p%40ss@{place}/who") == '"Basic YW5uYTpwQHNz"'
    assert fetched(f"http://{place}/who") == "null"


def test_a_packed_answer_is_unpacked_up_to_a_size(place: str) -> None:
    """What unpacks beyond 10 MB is refused with the size."""
    assert fetched(f"http://{place}/packed") == "plain"
    assert fetched(f"http://{place}/bomb") == f"{place} could not be read (it is larger than 10 MB)"


def test_the_world_redirects_into_no_private_network(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a public address to loopback is refused by name; between private ones, as configured, it is followed."""
    assert fetched(f"http://{place}/to/http://{place}/who") == "null"
    refused = "it redirects to an address of this machine or its network"
    with monkeypatch.context() as outside:
        outside.setattr(web, "is_private", lambda host: host == "localhost")
        port = place.partition(":")[2]
        assert refused in fetched(f"http://{place}/to/http://localhost:{port}/who")


@pytest.mark.parametrize(
    ("host", "private"),
    [("127.0.0.1", True), ("10.1.2.3", True), ("169.254.169.254", True), ("::1", True), ("1.1.1.1", False)],
)
def test_private_addresses_are_known(host: str, *, private: bool) -> None:
    """Loopback, private networks and link-local addresses, the metadata service among them."""
    assert web.is_private(host) is private


def test_each_repetition_waits_twice_as_long() -> None:
    """Four requests, the pauses between them at least 40, 80 and 160 ms: never sooner the more often it failed."""
    moments: list[float] = []

    def busy(*_: object) -> Answer:
        moments.append(time.monotonic())
        return Answer(body="busy", status=503)

    patience = Patience(attempts=4, first_wait_seconds=0.04, total_seconds=30)
    with serving(busy) as server, pytest.raises(WebError, match="is out of order") as caught:
        ask(Request(url=f"{server.url}/x?key=secret", who="Somebody"), patience)
    assert "secret" not in str(caught.value)
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert len(pauses) == 3
    assert [pause >= least for pause, least in zip(pauses, (0.04, 0.08, 0.16), strict=True)] == [True] * 3
