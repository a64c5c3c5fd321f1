"""The short form of a brief: what it says, and that each channel gets it once, through services on this machine."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reportgen.delivery.archive.commit import write_brief_files
from reportgen.delivery.archive.days import morning_of
from reportgen.delivery.ledger import State, open_ledger
from reportgen.delivery.notify import Message, channel_at, post_messages, tell_channel
from reportgen.render.card import card_of
from reportgen.render.json import brief_to_json
from reportgen.render.post import LONGEST, posts_of
from tests import briefs
from tests.cli.cli_process import reportgen_here
from tests.delivery.archives import files_of
from tests.delivery.chats import PNG_BEGINS, chats

BRIEF = "2026-01-19T07:00Z"
KILLS = int(os.environ.get("REPORTGEN_KILLS", "40"))
MESSAGES = 30
LAST_LIVES = 5
"""A channel may refuse for a moment where a machine is busy; as an operator would, the run is started again."""
PICTURE = PNG_BEGINS + bytes(64)


def nothing() -> bytes:
    """Draw no picture."""
    return b""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the brief of one day and a configuration without channels."""
    brief = briefs.simulated()
    write_brief_files(tmp_path / "output", morning_of(brief), files=files_of(brief_to_json(brief), b"<h1>page</h1>"))
    return tmp_path


def configure(folder: Path, *channels: str) -> None:
    """Write the channels into config.yaml."""
    listed = "\n".join(f"    - {one}" for one in channels)
    (folder / "config.yaml").write_text(
        f"watchlist: [BTC, ETH]\npost:\n  link: https://briefs.example.com\n  channels:\n{listed}\n", encoding="utf-8"
    )


def test_a_symbol_takes_one_message_with_what_its_card_says() -> None:
    """Stance, both nearest zones, both alerts and yesterday, each once, from the card, and never too long."""
    brief = briefs.simulated()
    first, *others = posts_of(brief, (), "https://briefs.example.com/2026/01/19/brief.html")
    assert first.text.splitlines()[0] == brief.headline
    assert first.text.splitlines()[-1] == "https://briefs.example.com/2026/01/19/brief.html"
    assert [one.symbol for one in others] == [one.symbol for one in brief.symbols]
    for post, symbol in zip(others, brief.symbols, strict=True):
        card = card_of(brief, symbol)
        stance, above, below, _, yesterday = card.rows
        lines = post.text.splitlines()
        assert post.title == f"Simulated. {card.base} {card.price} {card.moved} in 24 h"
        assert len(lines) == 6
        assert lines[0] == stance.text
        assert [line.partition(": ")[2] for line in lines[3:]] == [above.text, below.text, yesterday.text]
        assert lines[1].startswith("Nearest zone above: ")
        assert lines[2].startswith("Nearest zone below: ")
        assert len(post.text) <= LONGEST


def test_a_long_message_is_split_between_lines_and_never_cut() -> None:
    """Every word arrives; only the first part carries the figure, and each says which it is."""
    brief = briefs.simulated()
    long = replace(brief, headline=" ".join(f"word{number}" for number in range(400)))
    parts = [one for one in posts_of(long, (), "") if one.key.startswith("headline")]
    assert len(parts) > 1
    assert all(len(one.text) <= LONGEST for one in parts)
    assert " ".join(one.text for one in parts).split()[:400] == long.headline.split()
    assert [one.key for one in parts][:2] == ["headline", "headline/2"]
    assert parts[0].title.endswith(f"(1/{len(parts)})")


def test_a_channel_may_want_only_some_symbols() -> None:
    """The headline comes all the same."""
    keys = [one.key for one in posts_of(briefs.simulated(), ("ETH/USDT:USDT",), "")]
    assert keys == ["headline", "ETH/USDT:USDT"]


@pytest.mark.parametrize(
    "address",
    ["json://127.0.0.1:{port}/hook", "form://127.0.0.1:{port}/form", "ntfy://127.0.0.1:{port}/topic",
     "matrix://bot:password@127.0.0.1:{port}/%23general"],
)  # fmt: skip
def test_each_service_gets_words_and_picture(address: str) -> None:
    """A webhook, a form, ntfy and Matrix take both; the words arrive whole."""
    with chats() as told:
        channel = channel_at(address.format(port=told.port), "desk")
        assert tell_channel(channel, "BTC 92 543", "one\ntwo")
        assert tell_channel(channel, picture=PICTURE)
    (text,) = told.texts()
    assert [line.strip() for line in text.splitlines()][-2:] == ["one", "two"]
    assert told.pictures() == 1


def test_a_channel_without_attachments_gets_the_words() -> None:
    """Gotify takes no files: the message is no failure for it."""
    with chats() as told:
        channel = channel_at(f"gotify://127.0.0.1:{told.port}/token", "desk")
        assert tell_channel(channel, "title", "words")
        assert tell_channel(channel, picture=PICTURE)
    assert told.texts() == ["words"]
    assert told.pictures() == 0


def test_the_command_posts_each_message_once(folder: Path) -> None:
    """Headline and symbols arrive in order with the figures; again posts nothing, and a new channel gets its own."""
    with chats() as told:
        address = f"json://127.0.0.1:{told.port}/hook"
        configure(folder, "{name: desk, address: {env: DESK}}")
        first = reportgen_here(folder, "post", DESK=address)
        assert (first.returncode, first.stdout) == (0, "desk: 5 sent\n")
        wanted = [
            one.text for one in posts_of(briefs.simulated(), (), "https://briefs.example.com/2026/01/19/brief.html")
        ]
        assert told.texts() == wanted
        assert told.pictures() == 4
        assert reportgen_here(folder, "post", DESK=address).stdout == "desk: 5 sent\n"
        assert len(told.texts()) == 5
        configure(
            folder, "{name: desk, address: {env: DESK}}",
            "{name: eth, address: {env: DESK}, symbols: [ETH], figure: false}",
        )  # fmt: skip
        assert reportgen_here(folder, "post", DESK=address).stdout == "desk: 5 sent\neth: 2 sent\n"
        page = "https://briefs.example.com/2026/01/19/brief.html"
        assert told.texts()[5:] == [one.text for one in posts_of(briefs.simulated(), ("ETH/USDT:USDT",), page)]
        assert told.texts()[5].startswith("ETH: ")  # whoever asked for ETH alone reads no headline of BTC's
        assert told.pictures() == 4


def test_a_runner_that_starts_with_nothing_knows_from_the_bucket_what_was_posted(bucket: str, tmp_path: Path) -> None:
    """The first died over the headline, the second names it and posts the rest, and the third has nothing to do."""
    brief = briefs.simulated()
    write_brief_files(bucket, morning_of(brief), files=files_of(brief_to_json(brief), b"<h1>page</h1>"))
    with open_ledger(f"{bucket}/.mail", "posts", f"{BRIEF} simulated") as ledger:
        ledger.queue([("desk headline", "desk headline")], 1)
        ledger.sending("desk headline", 2)
    with chats() as told:
        for runner in ("second", "third"):
            folder = tmp_path / runner
            folder.mkdir()
            configure(folder, "{name: desk, address: {env: DESK}, figure: false}")
            done = reportgen_here(folder, "post", "--output", bucket, DESK=f"json://127.0.0.1:{told.port}/hook")
            assert (done.returncode, done.stdout) == (0, "desk: 4 sent, 1 unknown\n")
            assert "unknown desk headline\nunknown: it may have arrived. Post it again" in done.stderr
            assert ("cut off by an earlier crash" in done.stderr) == (runner == "second")
            assert [path.name for path in folder.iterdir()] == ["config.yaml"]
    assert len(told.texts()) == 4


def test_a_refusal_stops_the_channel_and_the_next_run_goes_on(folder: Path) -> None:
    """Exit code 4; what arrived is not posted again."""
    with chats() as told:
        configure(folder, "{name: desk, address: {env: DESK}, figure: false}")
        address = f"json://127.0.0.1:{told.port}/hook"
        told.refuse_after = 1
        refused = reportgen_here(folder, "post", DESK=address)
        assert (refused.returncode, refused.stdout) == (4, "desk: 1 deferred, 3 queued, 1 sent\n")
        assert "deferred desk BTC/USDT:USDT: 503 Service Unavailable\n" in refused.stderr
        assert "desk did not take every message" in refused.stderr
        told.refuse_after = None
        assert reportgen_here(folder, "post", DESK=address).stdout == "desk: 5 sent\n"
        assert len(told.texts()) == len(set(told.texts())) == 5


def three(picture: bytes = b"") -> list[Message]:
    """Three messages, each with the picture."""
    return [Message(line=f"desk {n}", title="t", text=f"message {n}", picture=lambda: picture) for n in range(3)]


def test_what_may_have_arrived_is_not_posted_again(tmp_path: Path) -> None:
    """A service that takes the message and answers too late leaves "unknown"; another run posts nothing."""
    with chats() as told:
        told.late = 0.4
        place = channel_at(f"json://127.0.0.1:{told.port}/hook?rto=0.1", "desk")
        for _ in range(2):
            with open_ledger(tmp_path, "posts", BRIEF) as ledger:
                post_messages(ledger, lambda: place, three(PICTURE), lambda: 1, print)
                states = [(one.state, one.reply) for one in ledger.deliveries()]
        assert states == [(State.UNKNOWN, "no answer from the service")] * 3
    assert told.texts() == ["message 0", "message 1", "message 2"]


def test_who_meets_no_service_tries_again(tmp_path: Path) -> None:
    """A refused connection delivered nothing: the first message is deferred and the rest waits."""
    with chats() as gone:
        address = f"json://127.0.0.1:{gone.port}/hook"
    with open_ledger(tmp_path, "posts", BRIEF) as ledger:
        post_messages(ledger, lambda: channel_at(address, "desk"), three(), lambda: 1, print)
        assert [one.state for one in ledger.deliveries()] == [State.DEFERRED, State.QUEUED, State.QUEUED]
        assert ledger.deliveries()[0].reply == "no connection to the service"


@pytest.mark.parametrize(
    "address",
    ["json://127.0.0.1:{port}/hook", "ntfy://127.0.0.1:{port}/topic",
     "matrix://bot:password@127.0.0.1:{port}/%23general"],
)  # fmt: skip
def test_a_refused_picture_costs_no_words(address: str, tmp_path: Path) -> None:
    """The words arrive once, and one line says what became of the figure."""
    said: list[str] = []
    with chats() as told:
        told.pictures_get = 413
        with open_ledger(tmp_path, "posts", BRIEF) as ledger:
            place = channel_at(address.format(port=told.port), "desk")
            post_messages(ledger, lambda: place, three(PICTURE)[:1], lambda: 1, said.append)
            assert {one.state for one in ledger.deliveries()} == {State.SENT}
    assert [text.split()[-1] for text in told.texts()] == ["0"]
    assert [line.partition(" 413 ")[0] for line in said] == ["desk 0: the words arrived, the figure did not:"]


@pytest.mark.parametrize(
    ("channel", "words", "said"),
    [
        ("{name: desk, address: {env: NO_SUCH}}", ("post",), "NO_SUCH holds no secret"),
        ("{name: desk, address: {env: DESK}}", ("post", "--to", "pub"), "is called `pub`. There are desk"),
        ("{name: desk, address: 'json://s3cret'}", ("post",), "a secret may not stand in the file itself"),
        ("{name: desk, address: {env: DESK}}", ("post",), "post: desk is no address that apprise knows"),
    ],
)
def test_a_mistake_is_named_and_no_address_is(folder: Path, channel: str, words: tuple[str, ...], said: str) -> None:
    """One sentence, exit code of a mistake, and the secret in no message."""
    configure(folder, channel)
    done = reportgen_here(folder, *words, DESK="no-such-service://s3cret")
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "s3cret" not in done.stderr + done.stdout


def test_a_bad_channel_stops_no_other(folder: Path) -> None:
    """The good one gets its brief though the first has no address and the second a wrong one; both are named."""
    with chats() as told:
        configure(
            folder, "{name: unset, address: {env: NO_SUCH}}", "{name: wrong, address: {env: WRONG}}",
            "{name: desk, address: {env: DESK}, figure: false}",
        )  # fmt: skip
        done = reportgen_here(folder, "post", DESK=f"json://127.0.0.1:{told.port}/hook", WRONG="no-such://s3cret")
    assert done.returncode in (1, 2)
    assert "desk: 5 sent" in done.stdout
    assert len(told.texts()) == 5
    assert "NO_SUCH holds no secret" in done.stderr
    assert "post: wrong is no address that apprise knows" in done.stderr


def test_a_dry_run_shows_the_messages_and_asks_nobody(folder: Path) -> None:
    """No address is read and no ledger is written."""
    configure(folder, "{name: desk, address: {env: NO_SUCH}}")
    done = reportgen_here(folder, "post", "--dry-run")
    assert done.returncode == 0
    assert done.stdout.count("--- desk: ") == 1 + len(briefs.simulated().symbols)
    assert not (folder / "output/.mail").exists()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {"stale": "The last bar closed 5 days before as-of."},
            "is stale: The last bar closed 5 days before as-of. Make a new one",
        ),
        ({"simulated": False}, "hours old. Make a new one"),
    ],
    ids=["its data were old", "it is old itself, of a real market"],
)
def test_what_is_no_news_is_posted_only_when_asked(folder: Path, fields: dict[str, Any], says: str) -> None:
    """As with mail: exit code 1 and the reason, and --stale posts it."""
    old = replace(briefs.simulated(), as_of="2026-01-20T07:00:00Z", **fields)
    old = replace(old, as_of_ms=old.as_of_ms + 86_400_000)
    write_brief_files(folder / "output", morning_of(old), files=files_of(brief_to_json(old), b"<h1>page</h1>"))
    configure(folder, "{name: desk, address: {env: DESK}}")
    refused = reportgen_here(folder, "post", "--dry-run")
    assert refused.returncode == 1
    assert says in refused.stderr
    assert reportgen_here(folder, "post", "--dry-run", "--stale").returncode == 0


def post_once(folder: Path, port: int, ready: int) -> None:
    """Do what a run does, and say when it begins."""
    messages = [Message(line=f"desk {n}", title="t", text=f"message {n}", picture=nothing) for n in range(MESSAGES)]
    with open_ledger(folder, "posts", BRIEF) as ledger:
        ledger.recover()
        os.write(ready, b"!")
        post_messages(ledger, lambda: channel_at(f"json://127.0.0.1:{port}/hook", "desk"), messages, lambda: 1, print)


def kill_posts(folder: Path, port: int, kills: int) -> int:
    """Fork a run, kill it at a random moment, again and again; the last ones finish. Gives how many were killed."""
    dice, killed = random.Random(5), 0  # noqa: S311 - no secret
    with chats() as warm, open_ledger(folder, "posts", BRIEF, reading=True):  # loads what a child would load
        tell_channel(channel_at(f"json://127.0.0.1:{warm.port}/hook", "desk"), "t", "t")
    for life in range(kills + LAST_LIVES):
        heard, said = os.pipe()
        child = os.fork()
        if not child:
            post_once(folder, port, said)
            os._exit(0)
        os.close(said)
        os.read(heard, 1)
        os.close(heard)
        if life < kills:
            time.sleep(dice.random() * 0.03)
            os.kill(child, signal.SIGKILL)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
    return killed


def test_a_post_that_is_killed_again_and_again_arrives_once(tmp_path: Path) -> None:
    """After every kill each message arrived once and is "sent", or is "unknown" and arrived at most once."""
    with chats() as told:
        call = f"kill_posts(Path({str(tmp_path)!r}), {told.port}, {KILLS})"
        script = f"from pathlib import Path; from tests.delivery.test_post import kill_posts; print({call})"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        arrived = Counter(told.texts())
    with open_ledger(tmp_path, "posts", BRIEF, reading=True) as ledger:
        states = {one.subscriber: one.state for one in ledger.deliveries()}
    assert int(done.stdout) > KILLS / 2
    assert len(states) == MESSAGES
    assert set(states.values()) <= {State.SENT, State.UNKNOWN}
    assert [text for text, times in arrived.items() if times > 1] == []
    assert [line for line, state in states.items() if state is State.SENT and not arrived[f"message {line[5:]}"]] == []
