"""Channels are told once, and their addresses stay secret."""

from __future__ import annotations

import builtins
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from reportgen.delivery.archive.store import open_store
from reportgen.delivery.notify import Told, channels, read_told, tell_channel, write_told
from reportgen.errors import EnvironmentProblem, UsageError

Messages = list[dict[str, Any]]


@contextmanager
def endpoint(status: int = 200) -> Iterator[tuple[str, Messages]]:
    """Serve an address on this machine that keeps what it is told; hand out its apprise address."""
    kept: Messages = []

    class Keeper(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.append({"path": self.path, **json.loads(body)})
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing on stderr."""

    server = HTTPServer(("127.0.0.1", 0), Keeper)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"json://127.0.0.1:{server.server_port}/hook", kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_channel_takes_title_and_text() -> None:
    """A real endpoint gets both; one that refuses is said to have failed."""
    with endpoint() as (address, kept):
        (channel,) = channels([address], {})
        assert tell_channel(channel, "title", "one\ntwo")
    assert [(one["path"], one["title"], one["message"]) for one in kept] == [("/hook", "title", "one\ntwo")]
    with endpoint(status=500) as (address, _):
        assert not tell_channel(channels([address], {})[0], "title", "text")
    assert not tell_channel(channels([address], {})[0], "nobody", "listens any more")


def test_variables_are_filled_in_and_never_shown() -> None:
    """`$NAME` and `${NAME}` come from the environment; names for messages hold neither the address nor the secret."""
    both = channels(["json://host/${TOKEN}/a", "json://$TOKEN@host/"], {"TOKEN": "s3cret"})
    assert [one.address for one in both] == ["json://host/s3cret/a", "json://s3cret@host/"]
    assert [one.name for one in both] == ["channel 1 (json)", "channel 2 (json)"]
    assert all("s3cret" not in one.name + one.fingerprint for one in both)


@pytest.mark.parametrize("address", ["json://$UNSET/a", "no-such-service://s3cret", "s3cret"])
def test_an_address_that_cannot_be_used_is_one_sentence_without_it(
    address: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The message names variable or number, not what the address holds, and the library stays silent."""
    with pytest.raises(UsageError, match=r"--notify") as raised:
        channels([address], {})
    assert "s3cret" not in str(raised.value)
    assert capfd.readouterr() == ("", "")


def test_without_apprise_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without it is told what to install."""
    load = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "apprise":
            raise ImportError(name)
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EnvironmentProblem, match=r"\[notify\]"):
        channels(["json://host"], {})


def test_what_was_told_is_kept_until_the_next_brief(tmp_path: Path) -> None:
    """Each channel has its own list; another brief begins anew, and so does a state that cannot be read."""
    one, two = channels(["json://one", "json://two"], {})
    write_told(open_store(tmp_path), Told(brief="b1", ids={}).with_told(one, {"a", "b"}))
    kept = read_told(open_store(tmp_path), "b1")
    assert kept.unheard(one, {"a", "c"}) == {"c"}
    assert kept.unheard(two, {"a", "c"}) == {"a", "c"}
    assert read_told(open_store(tmp_path), "b2").ids == {}
    text = (tmp_path / ".refresh.json").read_text()
    assert "json://" not in text
    for broken in ("", "{", "[]", '{"told": 3}', '{"brief": "b1", "told": {"x": 1}}'):
        (tmp_path / ".refresh.json").write_text(broken)
        assert read_told(open_store(tmp_path), "b1").ids == {}
