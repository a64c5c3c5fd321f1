"""`reportgen send`, `preview` and `subscribers` as an operator types them, against a real SMTP server."""

# ruff: noqa: S106, S310 - made-up secrets, and our own server on loopback

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from filelock import FileLock
from fsspec.implementations.memory import MemoryFileSystem

from reportgen.delivery.archive.commit import write_brief_files
from reportgen.delivery.archive.days import morning_of
from reportgen.delivery.ledger import open_ledger
from reportgen.moments import parse_moment
from reportgen.render.card import card_of
from reportgen.render.json import brief_to_json
from reportgen.render.mail import plain
from tests import briefs
from tests.cli.cli_process import REPOSITORY, reportgen_here
from tests.delivery.archives import files_of
from tests.delivery.mail.relay import Script, relay
from tests.delivery.mail.test_dkim import pem, verifies

ANNA, BOB, CARL = "anna@example.com", "bob@example.com", "carl@xn--bcher-kva.example"
PEOPLE = f"""\
- {{address: {ANNA}, name: Anna, symbols: [ETH], timezone: Europe/Berlin, format: html}}
- {{address: {BOB}, symbols: [BTC], only: true, format: text}}
- {{address: carl@bücher.example, format: text}}
"""
PLAIN = PEOPLE.replace("html", "text")
"""The same people, all of whom read plain text: nothing is drawn, which takes most of a run."""


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep the brief of one day, once a run."""
    kept = tmp_path_factory.mktemp("kept") / "output"
    brief = briefs.simulated()
    written = write_brief_files(kept, morning_of(brief), files=files_of(brief_to_json(brief), b"<h1>page</h1>"))
    assert Path(written.files["json"]).exists()
    return kept


@pytest.fixture
def folder(archive: Path, tmp_path: Path) -> Path:
    """Make a folder with a configuration, three subscribers and the brief of one day."""
    shutil.copytree(archive, tmp_path / "output")
    (tmp_path / "subscribers.yaml").write_text(PLAIN, encoding="utf-8")
    configure(tmp_path, 9)
    return tmp_path


def configure(folder: Path, port: int, **more: object) -> None:
    """Write config.yaml; JSON is YAML."""
    mail = {
        "from": "Morning brief <brief@example.com>",
        "link": "https://briefs.example.com",
        "smtp": {"host": "127.0.0.1", "port": port, "security": "none", "timeout_seconds": 10},
        "retry": {"attempts": 2, "first_wait_seconds": 0.01},
        **more,
    }
    text = json.dumps({"watchlist": ["BTC"], "source": "sample", "mail": mail})
    (folder / "config.yaml").write_text(text, encoding="utf-8")


def facts(done: subprocess.CompletedProcess[str]) -> Any:
    """Read what --json printed."""
    return json.loads(done.stdout)


def test_the_newest_brief_reaches_each_subscriber_once(folder: Path) -> None:
    """Each gets their own version of brief.json's numbers, a second send adds nothing, and status agrees."""
    (folder / "subscribers.yaml").write_text(PEOPLE, encoding="utf-8")
    script = Script()
    with relay(script) as port:
        configure(folder, port)
        first = reportgen_here(folder, "send", "--attach-pdf")
        again = reportgen_here(folder, "send", "--json")
    assert (first.returncode, again.returncode) == (0, 0), first.stderr
    assert facts(again)["counts"]["sent"] == 3
    messages = script.messages()
    assert len(script.accepted) == 3
    assert set(messages) == {ANNA, BOB, CARL}
    for message in messages.values():
        assert message["Subject"].startswith("Simulated market: Morning brief")
        assert [part.get_payload(decode=True) for part in message.iter_attachments()] == [b"%PDF-1.7 small"]
    anna, bob, carl = (messages[address] for address in (ANNA, BOB, CARL))
    assert "ETH 3 194" in anna["Subject"]
    assert "08:00 Berlin" in text_of(anna)
    assert "https://briefs.example.com/2026/01/19/brief.html" in text_of(anna)
    assert "WIF" not in text_of(bob)
    assert carl.get_body(("html",)) is None
    assert_numbers(anna)
    status = reportgen_here(folder, "send", "--status", "--json")
    assert status.returncode == 0
    assert [(one["subscriber"], one["state"]) for one in facts(status)["deliveries"]] == [
        (who, "sent") for who in (ANNA, BOB, CARL)
    ]


def text_of(message: EmailMessage) -> str:
    """Give the plain text part."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def assert_numbers(message: EmailMessage) -> None:
    """Find each price and zone of brief.json in both parts of a parsed message."""
    page = message.get_body(("html",))
    assert page is not None
    pictures = [part["Content-ID"].strip("<>") for part in message.walk() if part.get_content_maintype() == "image"]
    assert all(f"cid:{cid}" in page.get_content() for cid in pictures)
    assert len(pictures) == 5
    for symbol in briefs.simulated().symbols:
        card = card_of(briefs.simulated(), symbol)
        for written in filter(None, (card.price, card.below.distance, card.above.distance)):
            assert written in page.get_content()
            assert plain(written) in text_of(message).replace("\n", " ")


def test_refusals_lead_to_exit_code_four_and_resume_finishes(folder: Path) -> None:
    """A deferred message makes the exit code 4; --resume sends what is left and adds nobody."""
    script = Script()
    script.at_rcpt[BOB] = ["451 4.7.1 later"] * 2
    script.at_data[CARL] = ["550 5.7.1 no"]
    with relay(script) as port:
        configure(folder, port)
        first = reportgen_here(folder, "send")
        with (folder / "subscribers.yaml").open("a", encoding="utf-8") as file:
            file.write("- new@example.com\n")
        second = reportgen_here(folder, "send", "--resume", "--json")
    assert first.returncode == 4
    assert "451" in first.stderr
    assert "send --resume" in first.stderr
    assert second.returncode == 0
    assert facts(second)["counts"] | {"sent": 2, "failed": 1} == facts(second)["counts"]
    assert [address for address, _ in script.accepted] == [ANNA, BOB]


def test_who_left_the_list_is_not_waited_for(folder: Path) -> None:
    """A deferred message to somebody who is no longer on the list ends as suppressed, and the exit code is 0 again."""
    script = Script()
    script.at_rcpt[BOB] = ["451 4.7.1 later"] * 2
    with relay(script) as port:
        configure(folder, port)
        first = reportgen_here(folder, "send")
        (folder / "subscribers.yaml").write_text(f"- {{address: {ANNA}, format: text}}\n", encoding="utf-8")
        second = reportgen_here(folder, "send", "--resume")
    assert (first.returncode, second.returncode) == (4, 0)
    assert states(folder) == {ANNA: "sent", BOB: "suppressed", CARL: "sent"}


def test_who_was_named_is_not_lost_by_resume(folder: Path) -> None:
    """An address of no list that --to named and the relay put off gets its mail, signed, from --resume."""
    script, key = Script(), generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "dkim.pem").write_text(pem(key), encoding="ascii")
    script.at_rcpt["guest@example.com"] = ["451 4.7.1 later"] * 2
    with relay(script) as port:
        configure(folder, port, dkim={"domain": "example.com", "selector": "s", "private_key": {"file": "dkim.pem"}})
        first = reportgen_here(folder, "send", "--to", "guest@example.com")
        second = reportgen_here(folder, "send", "--resume", "--json")
    assert (first.returncode, second.returncode) == (4, 0)
    ((address, message),) = script.accepted
    assert address == "guest@example.com"
    assert verifies(message, key.public_key())
    assert [(one["subscriber"], one["state"]) for one in facts(second)["deliveries"]] == [("guest@example.com", "sent")]


def test_what_nobody_can_know_is_listed_and_sent_again_only_when_asked(folder: Path) -> None:
    """A broken line leaves "unknown", exit code 0 and its address on stderr; --resend-unknown sends it."""
    script = Script()
    script.at_data[ANNA] = ["drop after"]
    with relay(script) as port:
        configure(folder, port)
        first = reportgen_here(folder, "send")
        second = reportgen_here(folder, "send")
        assert [address for address, _ in script.accepted].count(ANNA) == 1
        third = reportgen_here(folder, "send", "--resend-unknown")
    assert [done.returncode for done in (first, second, third)] == [0, 0, 0]
    assert f"unknown {ANNA}" in second.stderr
    assert [address for address, _ in script.accepted].count(ANNA) == 2


def test_a_crash_between_data_and_answer_becomes_unknown(folder: Path) -> None:
    """A process that is killed while the server thinks leaves a line that the next run lists and does not send."""
    script = Script()
    script.at_data[ANNA] = ["stall"]
    with relay(script) as port:
        configure(folder, port)
        command = [sys.executable, "-m", "reportgen", "send"]
        child = subprocess.Popen(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(REPOSITORY)})
        while not any(address == ANNA for address in script.tried):
            assert child.poll() is None
        while "sending" not in set(states(folder).values()):
            assert child.poll() is None
        child.send_signal(signal.SIGKILL)
        child.wait()
        done = reportgen_here(folder, "send")
    assert "cut off by an earlier crash" in done.stderr
    assert states(folder) == {ANNA: "unknown", BOB: "sent", CARL: "sent"}
    assert script.tried.count(ANNA) == 1


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_lets_what_is_in_flight_find_its_line(folder: Path, asked: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end with 130 once the message in flight is settled, and nobody after it is tried."""
    script = Script()
    script.at_data[ANNA] = ["stall"]
    with relay(script) as port:
        configure(folder, port, smtp={"host": "127.0.0.1", "port": port, "security": "none", "timeout_seconds": 1})
        command = [sys.executable, "-m", "reportgen", "send"]
        child = subprocess.Popen(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(REPOSITORY)})
        while "sending" not in set(states(folder).values()):
            assert child.poll() is None
        child.send_signal(asked)
        assert child.wait(30) == 130
    assert states(folder) == {ANNA: "unknown", BOB: "queued", CARL: "queued"}


def states(folder: Path) -> dict[str, str]:
    """Read the ledger; empty while the process under test has not made it yet."""
    with open_ledger(folder / "output/.mail", "deliveries", "2026-01-19T07:00Z simulated", reading=True) as ledger:
        return {one.subscriber: str(one.state) for one in ledger.deliveries()}


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_a_refused_login_fails_without_the_password(folder: Path) -> None:
    """535 is exit code 1 and one sentence; the secret from the environment is nowhere."""
    with relay(Script(), password="right") as port:
        smtp = {
            "host": "127.0.0.1", "port": port, "security": "none",
            "username": {"command": "echo me"}, "password": {"env": "RELAY_PASSWORD"},
        }  # fmt: skip
        configure(folder, port, smtp=smtp)
        unset = reportgen_here(folder, "send")
        done = reportgen_here(folder, "send", RELAY_PASSWORD="hunter2hunter2")
    assert (unset.returncode, done.returncode) == (1, 1)
    assert "RELAY_PASSWORD holds no secret" in unset.stderr
    assert "refused the login" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout
    assert set(states(folder).values()) == {"queued"}


def test_a_bad_line_is_named_and_the_others_get_their_mail(folder: Path) -> None:
    """One mistake in the file costs nobody else the brief, and the exit code says that something is wrong."""
    (folder / "subscribers.yaml").write_text(f"- {ANNA}\n- nonsense\n", encoding="utf-8")
    script = Script()
    with relay(script) as port:
        configure(folder, port)
        done = reportgen_here(folder, "send")
    assert done.returncode == 1
    assert "subscribers.yaml:2: 'nonsense' is no mail address" in done.stderr
    assert [address for address, _ in script.accepted] == [ANNA]


def test_to_sends_to_one_address_only(folder: Path) -> None:
    """--to takes a subscriber's own wishes, and takes addresses that are on no list."""
    script = Script()
    with relay(script) as port:
        configure(folder, port)
        done = reportgen_here(folder, "send", "2026-01-19", "--to", BOB.upper(), "--to", "guest@example.com")
    assert done.returncode == 0, done.stderr
    assert sorted(script.messages()) == [BOB, "guest@example.com"]
    assert "WIF" not in text_of(script.messages()[BOB])


def test_a_dry_run_writes_what_would_be_sent(folder: Path) -> None:
    """Messages and a page are written, twice the same bytes, and no ledger begins."""
    (folder / "subscribers.yaml").write_text(PEOPLE, encoding="utf-8")
    done = reportgen_here(folder, "send", "--dry-run")
    paths = [folder / line for line in done.stdout.split()]
    assert done.returncode == 0, done.stderr
    assert [path.name for path in paths] == [f"{ANNA}.eml", f"{BOB}.eml", f"{CARL}.eml", "preview.html"]
    message = message_from_bytes(paths[0].read_bytes(), policy=default)
    assert message["To"].addresses[0].display_name == "Anna"
    assert "data:image/png;base64," in paths[-1].read_text(encoding="utf-8")
    before = [path.read_bytes() for path in paths]
    reportgen_here(folder, "send", "--dry-run")
    assert [path.read_bytes() for path in paths] == before
    assert not (folder / "output/.mail/deliveries.sqlite").exists()


def test_every_reader_holds_the_archives_seal(folder: Path) -> None:
    """The foot of text and page carries the line that `archive verify --against` takes, as a reader copies it."""
    (folder / "subscribers.yaml").write_text(PEOPLE, encoding="utf-8")
    done = reportgen_here(folder, "send", "--dry-run", "--to", ANNA)
    message = message_from_bytes((folder / done.stdout.split()[0]).read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    page = message.get_body(("html",))
    assert page is not None
    for said in (text_of(message), page.get_content()):
        line = " ".join(said.split("Archive seal:")[1].split()[:5]).partition("<")[0]
        assert reportgen_here(folder, "archive", "verify", "--against", line).returncode == 0
        other = " ".join(word[::-1] if len(word) == 64 else word for word in line.split())
        assert reportgen_here(folder, "archive", "verify", "--against", other).returncode == 1


def test_a_dry_run_leaves_out_who_has_left(folder: Path) -> None:
    """Who is on the suppression list gets no file, not even one of an earlier dry run; status needs no send before."""
    reportgen_here(folder, "send", "--dry-run")
    (folder / "suppressed.txt").write_text(f"{BOB.upper()}\n", encoding="utf-8")
    done = reportgen_here(folder, "send", "--dry-run")
    mails = sorted(path.name for path in (folder / "output/.mail/dry-run/2026-01-19").iterdir())
    assert mails == [f"{ANNA}.eml", f"{CARL}.eml"]
    assert "1 on the suppression list" in done.stderr
    status = reportgen_here(folder, "send", "--status", "--json")
    assert (status.returncode, sum(facts(status)["counts"].values())) == (0, 0)


def test_no_password_crosses_the_network_in_the_clear(folder: Path) -> None:
    """A login without encryption is refused before anybody is called, unless the relay is this machine."""
    login = {"username": {"command": "echo me"}, "password": {"command": "echo hunter2hunter2"}}
    configure(folder, 9, smtp={"host": "relay.invalid", "port": 25, "security": "none", **login})
    done = reportgen_here(folder, "send")
    assert done.returncode == 2
    assert "in the clear" in done.stderr
    assert "hunter2" not in done.stderr


def test_a_dry_run_needs_no_mail_section(folder: Path) -> None:
    """Without `mail:`, even without a configuration, sender and reader are made up and said to be."""
    (folder / "config.yaml").write_text("watchlist: [BTC]\n")
    listed = reportgen_here(folder, "send", "--dry-run")
    (folder / "subscribers.yaml").unlink()
    (folder / "config.yaml").unlink()
    alone = reportgen_here(folder, "send", "--dry-run", "--output", "output")
    assert (listed.returncode, alone.returncode) == (0, 0), alone.stderr
    assert f"{ANNA}.eml" in listed.stdout
    assert "reader@example.com.eml" in alone.stdout
    assert "has no `mail:`" in alone.stderr
    assert reportgen_here(folder, "send", "--output", "output").returncode == 2


def test_nobody_is_mailed_before_the_suppression_list_can_be_read(folder: Path) -> None:
    """A line that is no address ends the run before the first mail, and leaving works all the same."""
    script = Script()
    (folder / "suppressed.txt").write_text("anna(at)example.com\n")
    with relay(script) as port:
        configure(folder, port)
        done = reportgen_here(folder, "send")
        assert (done.returncode, script.tried) == (1, [])
        assert "suppressed.txt:1: 'anna(at)example.com'" in done.stderr
        gone = reportgen_here(folder, "subscribers", "remove", BOB)
    assert gone.returncode == 0
    assert BOB in (folder / "suppressed.txt").read_text()


def test_a_run_in_which_nobody_was_sent_anything_has_failed(folder: Path) -> None:
    """All refused is exit code 1; all said not to exist is 4 and suppresses nobody; all suppressed is 1."""
    script = Script()
    script.at_rcpt = {who: ["550 5.7.1 no"] for who in (ANNA, BOB, CARL)}
    with relay(script) as port:
        configure(folder, port)
        refused = reportgen_here(folder, "send")
        (folder / "output/.mail/deliveries.sqlite").unlink()
        script.at_rcpt = {who: ["550 5.1.1 who?"] for who in (ANNA, BOB, CARL)}
        unknown = reportgen_here(folder, "send")
        (folder / "suppressed.txt").write_text(f"{ANNA}\n{BOB}\n{CARL}\n")
        left = reportgen_here(folder, "send")
    assert (refused.returncode, unknown.returncode, left.returncode) == (1, 4, 1)
    assert "Nobody was put on the suppression list" in unknown.stderr
    assert "Nobody was sent anything" in left.stderr


def test_a_stale_brief_is_sent_when_asked_only(folder: Path) -> None:
    """A brief that is no news stays here without --stale."""
    old = replace(briefs.simulated(), stale="its last bar closed 30 h before as-of")
    for name in ("latest", "2026/01/19"):
        (folder / "output" / name / "brief.json").write_bytes(brief_to_json(old))
    script = Script()
    with relay(script) as port:
        configure(folder, port)
        refused = reportgen_here(folder, "send")
        assert (refused.returncode, script.tried) == (1, [])
        assert "is stale: its last bar closed 30 h before as-of" in refused.stderr
        assert reportgen_here(folder, "send", "--stale").returncode == 0
    assert len(script.accepted) == 3


def test_a_brief_of_the_future_is_not_the_newest(folder: Path) -> None:
    """The newest is never later than now: what lies ahead is passed over by name, and taken where its day is named."""
    ahead = replace(briefs.simulated(), as_of="2099-01-19T07:00Z", as_of_ms=parse_moment("2099-01-19T07:00Z"))
    write_brief_files(folder / "output", morning_of(ahead), files=files_of(brief_to_json(ahead)))
    script = Script()
    with relay(script) as port:
        configure(folder, port)
        done = reportgen_here(folder, "send")
        named = reportgen_here(folder, "send", "2099-01-19", "--to", ANNA)
    assert (done.returncode, named.returncode) == (0, 0), named.stderr
    assert "2099-01-19T07:00Z simulated" in done.stderr
    assert done.stdout.startswith("2026-01-19T07:00Z simulated: 3 sent")
    assert named.stdout.startswith("2099-01-19T07:00Z simulated: 1 sent")


def test_what_stands_before_a_fresh_brief_is_named(folder: Path) -> None:
    """Nothing to send is no success when the brief that was made last waits behind a newer one."""
    script = Script()
    with relay(script) as port:
        configure(folder, port)
        assert reportgen_here(folder, "send").returncode == 0
        assert reportgen_here(folder, "send").returncode == 0
        fresh = replace(briefs.simulated(), as_of="2026-01-18T07:00Z", as_of_ms=parse_moment("2026-01-18T07:00Z"))
        write_brief_files(folder / "output", morning_of(fresh), files=files_of(brief_to_json(fresh)))
        done = reportgen_here(folder, "send")
    assert done.returncode == 1
    assert "2026-01-19T07:00Z simulated" in done.stderr
    assert "reportgen send 2026-01-18" in done.stderr


@pytest.mark.parametrize("ledger", [None, "memory://briefs/morning/private", "memory://briefs"])
def test_addresses_never_lie_in_an_archive_that_may_be_served(folder: Path, ledger: str | None) -> None:
    """With briefs behind a URL the ledger is asked for, outside of them, before anything is sent or kept."""
    output = "memory://briefs/deliveries" if ledger == "memory://briefs" else "memory://briefs/morning"
    brief = briefs.simulated()
    write_brief_files(output, morning_of(brief), files=files_of(brief_to_json(brief)))
    before = list(MemoryFileSystem.store)
    with relay(Script()) as port:
        configure(folder, port, **({"ledger": ledger} if ledger else {}))
        for words in ([], ["--status"]):
            done = reportgen_here(folder, "send", *words, "--output", output)
            assert done.returncode == 2
            assert "Set mail.ledger in config.yaml to a place of its own" in done.stderr
            assert done.stderr.count("\n") == 1
    assert list(MemoryFileSystem.store) == before
    assert reportgen_here(folder, "send", "--dry-run", "--output", output).returncode == 0  # keeps nothing there


@pytest.mark.parametrize("ledger", ["memory://private/mail", "memory://briefs/morning-mail", "kept/mail"])
def test_a_ledger_of_its_own_serves_an_archive_behind_a_url(folder: Path, ledger: str) -> None:
    """Each reader gets one mail, whichever run begins, and the archive holds nothing of them."""
    brief, script = briefs.simulated(), Script()
    write_brief_files("memory://briefs/morning", morning_of(brief), files=files_of(brief_to_json(brief)))
    with relay(script) as port:
        configure(folder, port, ledger=ledger)
        done = [reportgen_here(folder, "send", "--output", "memory://briefs/morning") for _ in range(2)]
    assert [one.returncode for one in done] == [0, 0], done[0].stderr
    assert sorted(address for address, _ in script.accepted) == [ANNA, BOB, CARL]
    files = MemoryFileSystem()
    assert not [path for path in files.find("/briefs/morning") if ANNA.encode() in files.cat_file(path)]


def test_two_sends_at_once_are_refused(folder: Path) -> None:
    """While one send holds the lock another ends at once and says so; nobody else may read the folder."""
    reportgen_here(folder, "send", "--dry-run")
    assert (folder / "output/.mail").stat().st_mode & 0o077 == 0
    with FileLock(folder / "output/.mail/send.lock"):
        done = reportgen_here(folder, "send")
    assert done.returncode == 1
    assert "Another run that sends holds" in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["2026-01-20"], "holds no brief of 2026-01-20"),
        (["yesterday"], "is no day"),
        (["--to", "x"], "no mail address"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_sentence(folder: Path, words: list[str], sentence: str) -> None:
    """A day without a brief, no day at all, or no address ends with exit code 2."""
    done = reportgen_here(folder, "send", *words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_the_last_revision_of_a_day_is_sent(folder: Path) -> None:
    """Where a day was made again the newest revision counts."""
    later = folder / "output/2026/01/19/r10"
    for name in ("r2", "r10"):
        (folder / "output/2026/01/19" / name).mkdir()
        (folder / "output/2026/01/19" / name / "brief.json").write_bytes(brief_to_json(briefs.morning()))
    done = reportgen_here(folder, "send", "2026-01-19", "--dry-run", "--to", BOB)
    message = message_from_bytes((folder / done.stdout.split()[0]).read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    assert later.exists()
    assert "Simulated" not in message["Subject"]
    assert "https://briefs.example.com/2026/01/19/r10/brief.html" in text_of(message)


def test_subscribers_come_and_go(folder: Path) -> None:
    """add, list, remove and import do what they say; who has left comes back by add only."""
    assert (
        reportgen_here(folder, "subscribers", "add", "dora@example.com", "--symbols", "SOL", "--only").returncode == 0
    )
    assert reportgen_here(folder, "subscribers", "remove", ANNA).returncode == 0
    (folder / "more.csv").write_text(f"address,name\n{ANNA},Anna\neve@example.com,Eve\nbad,\n", encoding="utf-8")
    brought = reportgen_here(folder, "subscribers", "import", "more.csv")
    assert brought.returncode == 1
    assert "more.csv:4: 'bad'" in brought.stderr
    assert f"{ANNA} has left" in brought.stderr
    listed = facts(reportgen_here(folder, "subscribers", "list", "--json"))["subscribers"]
    assert [one["address"] for one in listed] == [BOB, "carl@bücher.example", "dora@example.com", "eve@example.com"]
    back = reportgen_here(folder, "subscribers", "add", ANNA)
    assert "off it now" in back.stderr
    assert ANNA in reportgen_here(folder, "subscribers", "list").stdout


def test_one_subscriber_is_changed(folder: Path) -> None:
    """Edit changes what is named; a market that is not on the watchlist is worth a note."""
    done = reportgen_here(folder, "subscribers", "edit", ANNA, "--symbols", "BTC,SOL", "--format", "html")
    assert (done.returncode, "SOL/USDT:USDT is not on the watchlist" in done.stderr) == (0, True), done.stderr
    anna, *others = facts(reportgen_here(folder, "subscribers", "list", "--json"))["subscribers"]
    assert (anna["symbols"], anna["format"]) == (["BTC/USDT:USDT", "SOL/USDT:USDT"], "html")
    assert (anna["name"], anna["timezone"], len(others)) == ("Anna", "Europe/Berlin", 2)
    for words in (["zoe@example.com", "--only"], [ANNA, "--address", BOB], [ANNA, "--timezone", "Moon"]):
        assert reportgen_here(folder, "subscribers", "edit", *words).returncode == 2


def test_a_token_from_a_link_is_enough_to_leave(folder: Path) -> None:
    """An endpoint hands on the token of the link; a forged one is refused."""
    way_out = {"url": "https://example.com/leave/{token}", "secret": {"env": "LEAVE_SECRET"}}
    configure(folder, 9, unsubscribe=way_out)
    secret = {"LEAVE_SECRET": "a long secret, of which nobody knows a word"}
    short = reportgen_here(folder, "send", "--dry-run", "--to", ANNA, LEAVE_SECRET="fifteen letters")
    assert (short.returncode, "has 15 bytes" in short.stderr, "fifteen" in short.stderr) == (2, True, False)
    reportgen_here(folder, "send", "--dry-run", "--to", ANNA, **secret)
    (mail,) = (folder / "output/.mail/dry-run").rglob("*.eml")
    message = message_from_bytes(mail.read_bytes(), policy=default)
    token = message["List-Unsubscribe"].split(">")[0].rpartition("/")[2]
    forged = reportgen_here(folder, "subscribers", "remove", "--token", f"A{token}", **secret)
    done = reportgen_here(folder, "subscribers", "remove", "--token", token, **secret)
    assert (forged.returncode, done.returncode) == (2, 0)
    assert ANNA not in (folder / "subscribers.yaml").read_text(encoding="utf-8")


@pytest.fixture
def preview(folder: Path) -> Iterator[str]:
    """Start `reportgen preview` and give its address."""
    command = [sys.executable, "-m", "reportgen", "preview", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdout is not None
        yield json.loads(child.stdout.readline())["url"]
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 130


def test_preview_shows_mail_and_page_on_this_machine_only(preview: str) -> None:
    """The mail, its plain text and the page are served on 127.0.0.1, and no other file is."""
    assert preview.startswith("http://127.0.0.1:")
    pages = {
        path: urllib.request.urlopen(preview + path).read() for path in ("", "mail.html", "mail.txt", "brief.html")
    }
    assert b'src="/mail.html"' in pages[""]
    assert b"Simulated market" in pages["mail.html"]
    assert b"MORNING BRIEF" in pages["mail.txt"]
    assert pages["brief.html"] == b"<h1>page</h1>"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(preview + "../config.yaml")
    assert refused.value.code == 404
    refused.value.close()
    for host in ("evil.example", "evil.example:80", ""):
        with pytest.raises(urllib.error.HTTPError) as foreign:
            urllib.request.urlopen(urllib.request.Request(f"{preview}mail.html", headers={"Host": host}))
        assert foreign.value.code == 403
        foreign.value.close()
