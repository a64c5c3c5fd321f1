"""The ledger away from this machine: in a bucket and on a real PostgreSQL server, what it keeps and what it refuses."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest
import s3fs

from reportgen.delivery import objects
from reportgen.delivery.archive import store
from reportgen.delivery.ledger import SendLedger, State, open_ledger
from reportgen.delivery.mail.people import add_subscribers, check_entry, read_subscribers, replace_subscriber
from reportgen.errors import DataError, EnvironmentProblem
from tests.delivery.conftest import PASSWORD

BRIEF = "2026-01-19T07:00Z"
EVERYBODY = [f"reader{number:03}" for number in range(200)]


def send_to_all(ledger: SendLedger, readers: list[str]) -> None:
    """Queue and send, as a run does whose relay takes everything."""
    ledger.queue(((one, f"<{one}>") for one in readers), 1)
    ledger.expect(readers)
    for one in readers:
        ledger.sending(one, 2)
        ledger.settle(one, State.SENT, 3, code=250, reply="taken")


@pytest.fixture(params=["bucket", "postgres", "folder"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Give each kind of place in turn."""
    found: str = "" if request.param == "folder" else request.getfixturevalue(request.param)
    return tmp_path if request.param == "folder" else found


def test_each_place_keeps_the_same_lines(place: Path | str) -> None:
    """What was sent, refused, put off and named reads back, and mails and posts are kept apart."""
    with open_ledger(place, "deliveries", BRIEF) as ledger:
        ledger.queue([("anna", "<1>"), ("bob", "<2>"), ("carl", "<3>")], 1, named=True)
        ledger.sending("anna", 2)
        ledger.settle("anna", State.SENT, 3, code=250, reply="taken")
        ledger.sending("bob", 4)
        ledger.settle("bob", State.DEFERRED, 5, code=451, reply="später")
        ledger.suppress("carl", "left", 6)
        lines = ledger.deliveries()
    with open_ledger(place, "deliveries", BRIEF, reading=True) as ledger:
        assert ledger.deliveries() == lines
    with (
        open_ledger(place, "posts", BRIEF) as posts,
        open_ledger(place, "deliveries", "another", reading=True) as other,
    ):
        assert posts.deliveries() == other.deliveries() == ()


def test_a_message_is_unknown_when_its_outcome_was_not_kept(place: Path | str) -> None:
    """A run that ends between "sending" and the outcome leaves it to the next one, which never sends it unasked."""
    with open_ledger(place, "deliveries", BRIEF) as ledger:
        ledger.queue([("anna", "<1>"), ("bob", "<2>")], 1)
        ledger.sending("anna", 2)
    with open_ledger(place, "deliveries", BRIEF) as ledger:
        assert ledger.recover() == 1
        assert [one.subscriber for one in ledger.deliveries((State.QUEUED,))] == ["bob"]
        assert ledger.queue_unknown(["anna", "bob"], 3) == 1
        assert ledger.recover() == 0


@pytest.mark.parametrize("kind", ["bucket", "postgres"])
def test_a_second_run_is_refused(kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named as in a folder, and who looks only is let in."""
    monkeypatch.setattr(store, "_RENEWED_EVERY_SECONDS", 0.05)
    place = request.getfixturevalue(kind)
    with open_ledger(place, "deliveries", BRIEF) as ledger:
        ledger.queue([("anna", "<1>")], 1)
        refused = pytest.raises(EnvironmentProblem, match="Another run that sends holds")
        with refused as said, open_ledger(place, "deliveries", BRIEF):
            pass
        assert PASSWORD not in str(said.value)
        assert "%20" not in str(said.value)
        with open_ledger(place, "deliveries", BRIEF, reading=True) as seen, open_ledger(place, "posts", BRIEF):
            assert len(seen.deliveries()) == (kind == "postgres")  # a bucket hears of it with the first claim


def test_a_mailing_costs_a_bucket_few_requests(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim grows from one message to fifty while they go out quickly, and stays at one where they do not."""
    with open_ledger(bucket, "deliveries", BRIEF) as ledger:
        send_to_all(ledger, EVERYBODY)
    files = s3fs.S3FileSystem()
    folder = f"{bucket.removeprefix('s3://')}/deliveries/2026-01-19T07-00Z"
    claims = [
        sum(line["state"] == "sending" for line in json.loads(files.cat_file(path))["lines"])
        for path in sorted(files.find(folder))
    ]
    assert max(claims) <= 50
    assert sum(claims) == len(EVERYBODY)
    assert len(claims) < 30
    monkeypatch.setattr(objects, "_ABOUT_SECONDS", 0.0)
    with open_ledger(bucket, "deliveries", "slow") as ledger:
        send_to_all(ledger, EVERYBODY[:5])
    assert len(files.find(f"{folder.rpartition('/')[0]}/slow")) == 10


def claimed_together(ledger: SendLedger) -> None:
    """Send to twenty of everybody, quickly, so that more of them are claimed."""
    ledger.queue(((one, one) for one in EVERYBODY), 1)
    ledger.expect(EVERYBODY)
    for one in EVERYBODY[:20]:
        ledger.sending(one, 2)
        ledger.settle(one, State.SENT, 2)


def test_who_was_claimed_and_not_begun_is_open_again(bucket: str) -> None:
    """A run that is interrupted hands back what it had claimed."""
    with open_ledger(bucket, "deliveries", BRIEF) as ledger:
        claimed_together(ledger)
        with open_ledger(bucket, "deliveries", BRIEF, reading=True) as seen:
            assert len(seen.deliveries((State.SENDING,))) > 1  # claimed together
    with open_ledger(bucket, "deliveries", BRIEF, reading=True) as ledger:
        assert (ledger.counts()["sent"], ledger.counts()["queued"]) == (20, 180)


def test_a_run_that_was_taken_for_dead_sends_nothing_more(bucket: str) -> None:
    """Whatever became of the lock: who finds another's object in place of its own next one stops before it sends."""
    with ExitStack() as at_the_end:
        at_the_end.enter_context(pytest.raises(EnvironmentProblem, match="taken over"))  # as it cannot tell either
        first = at_the_end.enter_context(open_ledger(bucket, "deliveries", BRIEF))
        first.queue([("anna", "<1>"), ("bob", "<2>")], 1)
        first.sending("anna", 2)
        s3fs.S3FileSystem().rm_file(f"{bucket.removeprefix('s3://')}/deliveries.lock")
        with open_ledger(bucket, "deliveries", BRIEF) as second:
            assert second.recover() == 1
            second.sending("bob", 3)
            second.settle("bob", State.SENT, 3)
        with pytest.raises(EnvironmentProblem, match="taken over"):
            first.sending("bob", 4)
    with open_ledger(bucket, "deliveries", BRIEF, reading=True) as ledger:
        assert {one.subscriber: str(one.state) for one in ledger.deliveries()} == {"anna": "unknown", "bob": "sent"}


def test_what_a_run_has_claimed_is_not_sent_once_another_holds_the_lock(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops before the next mail, without a claim of its own to stumble over, and leaves the other's lock alone."""
    monkeypatch.setattr(store, "_RENEWED_EVERY_SECONDS", 0.2)
    with ExitStack() as at_the_end:
        at_the_end.enter_context(pytest.raises(EnvironmentProblem, match="taken over"))
        first = at_the_end.enter_context(open_ledger(bucket, "deliveries", BRIEF))
        claimed_together(first)
        until = time.monotonic() + 20
        while not first._rows._hold.lost and time.monotonic() < until:  # type: ignore[attr-defined] # noqa: SLF001 - no promise tells when
            s3fs.S3FileSystem().rm_file(f"{bucket.removeprefix('s3://')}/deliveries.lock")  # it may be just renewing it
            time.sleep(0.05)
        with open_ledger(bucket, "deliveries", BRIEF) as second:
            assert second.recover() > 1
            with pytest.raises(EnvironmentProblem, match="taken over"):
                first.sending(EVERYBODY[20], 3)
            assert second.queue_unknown(EVERYBODY[20:21], 4) == 1
            second.sending(EVERYBODY[20], 5)
            second.settle(EVERYBODY[20], State.SENT, 6)
    with open_ledger(bucket, "deliveries", BRIEF, reading=True) as ledger:
        assert {one.subscriber: one.state for one in ledger.deliveries()}[EVERYBODY[20]] is State.SENT


def test_a_run_that_cannot_renew_its_lock_stops_before_another_takes_it_over(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had claimed and not begun is open again, and the next run has it."""
    with open_ledger(bucket, "deliveries", BRIEF) as ledger:
        claimed_together(ledger)
        monkeypatch.setattr(store, "_GONE_AFTER_SECONDS", 0)
        with pytest.raises(EnvironmentProblem, match="or may have"):
            ledger.sending(EVERYBODY[20], 3)
    with open_ledger(bucket, "deliveries", BRIEF, reading=True) as ledger:
        assert (ledger.counts()["sent"], ledger.counts()["queued"]) == (20, 180)


def test_a_ledger_in_a_bucket_loads_no_database() -> None:
    """An installation without `reportgen[sql]` keeps one."""
    script = (
        "import sys; from reportgen.delivery.ledger import open_ledger\n"
        "with open_ledger('memory://private/mail', 'deliveries', 'one') as ledger: ledger.queue([('anna', '<1>')], 1)\n"
        "sys.exit('sqlalchemy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_bucket_without_conditional_writes_is_refused(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an object is created over another one, nothing is sent, and the sentence names what else would do."""
    plain = s3fs.S3FileSystem._call_s3  # noqa: SLF001 - below it nothing is left out

    async def unconditional(self: object, method: str, *given: object, **named: object) -> object:
        named.pop("IfNoneMatch", None)
        return await plain(self, method, *given, **named)

    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", unconditional)
    with (
        pytest.raises(EnvironmentProblem, match=r"no conditional writes .* a folder, or PostgreSQL"),
        open_ledger(bucket, "deliveries", BRIEF),
    ):
        pass


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("s3cret%20of", "wrong"), "password authentication failed"),
        (("127.0.0.1:", "127.0.0.1:1"), "cannot be read or written"),
        (("@127.0.0.1:", "@127.0.0.1:x"), "is no URL of a database"),
        (("s3cret%20of", "wrong@wrong"), "Write %40 for each @"),
        (("//brief:", "//wrong%40one:"), "…@one"),
    ],
)
def test_what_the_server_says_is_one_sentence_without_the_password(
    postgres: str, change: tuple[str, str], said: str
) -> None:
    """Ledger and list of subscribers alike, with the next step."""
    url = postgres.replace(*change)
    with pytest.raises(EnvironmentProblem, match=said) as ledger, open_ledger(url, "deliveries", BRIEF):
        pass
    with pytest.raises(EnvironmentProblem) as seen, open_ledger(url, "deliveries", BRIEF, reading=True):
        pass
    assert "--resume" not in str(seen.value)
    with pytest.raises((EnvironmentProblem, DataError)) as listed:
        read_subscribers(url)
    for error in (ledger.value, seen.value, listed.value):
        assert "\n" not in str(error)
        assert not any(word in str(error) for word in ("s3cret", "wrong", "%20"))


def test_subscribers_come_from_a_server(postgres: str) -> None:
    """A list is made, read, changed and shortened in a table."""
    with pytest.raises(DataError, match="`reportgen subscribers add` makes it"):
        read_subscribers(postgres)
    anna = check_entry(
        {"address": "anna@example.com", "symbols": "ETH BTC", "only": "yes", "timezone": "Europe/Berlin"}
    )
    bob = check_entry({"address": "bob@example.com", "format": "text"})
    add_subscribers(postgres, bob, anna)
    assert read_subscribers(postgres).subscribers == (anna, bob)
    new = check_entry({"address": "bob@example.com", "name": "Bob"})
    replace_subscriber(postgres, "bob@example.com", new)
    replace_subscriber(postgres, "anna@example.com", None)
    assert read_subscribers(postgres).subscribers == (new,)


@pytest.mark.parametrize("kind", ["file", "postgres"])
def test_a_table_of_the_operators_own_loses_nothing(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Columns of other names are not read and kept, and of a mailbox that stands there thrice one row is left."""
    place = tmp_path / "people.sqlite" if kind == "file" else str(request.getfixturevalue(kind))

    def own(sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(place) if isinstance(place, Path) else psycopg.connect(place)) as base, base:
            found = base.execute(sql)
            return list(found) if found.description else []

    own("CREATE TABLE subscribers (address TEXT, name TEXT, locale DATE, plan TEXT, since DATE, paid DECIMAL, j JSON)")
    own("INSERT INTO subscribers VALUES ('Anna@example.com', 'Anne', NULL, 'gold', '2026-01-19', 9.5, '{}')")
    for who in ("anna@example.com", "anna@example.com", "bob@example.com", "carl@example.com"):
        own(f"INSERT INTO subscribers VALUES ('{who}', '{who[:3]}', NULL, 'free', NULL, 0, '[1]')")  # noqa: S608
    own("UPDATE subscribers SET locale = '2026-01-19' WHERE name = 'car'")
    listed = read_subscribers(place)
    assert [one.name for one in listed.subscribers] == ["Anne", "bob"]
    (problem,) = listed.problems
    assert "locale" in problem
    with pytest.raises(DataError, match="has no column `timezone`"):
        replace_subscriber(
            place, "anna@example.com", check_entry({"address": "anna@example.com", "timezone": "Asia/Tokyo"})
        )
    assert own("SELECT count(*) FROM subscribers") == [(5,)]
    own("ALTER TABLE subscribers DROP COLUMN locale")
    replace_subscriber(place, "anna@example.com", check_entry({"address": "anna@example.com", "name": "Ann"}))
    replace_subscriber(place, "carl@example.com", None)
    assert [one.name for one in read_subscribers(place).subscribers] == ["Ann", "bob"]
    assert own("SELECT address, plan FROM subscribers ORDER BY address") == [
        ("anna@example.com", "gold"),
        ("bob@example.com", "free"),
    ]


def test_rows_that_cannot_be_told_apart_stay_as_they_are(tmp_path: Path) -> None:
    """Where the database's name of a row is a column of its own, an edit that would touch two rows touches none."""
    path = tmp_path / "people.sqlite"
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("CREATE TABLE subscribers (rowid TEXT, address TEXT)")
        base.execute("INSERT INTO subscribers VALUES ('x', 'anna@example.com'), ('x', 'anna@example.com')")
    with pytest.raises(DataError, match="nothing is changed"):
        replace_subscriber(path, "anna@example.com", check_entry({"address": "ann@example.com"}))
    with closing(sqlite3.connect(path)) as base:
        assert list(base.execute("SELECT address FROM subscribers")) == [("anna@example.com",)] * 2


def test_a_damaged_ledger_that_is_only_read_is_told_so(tmp_path: Path) -> None:
    """`--status` sends nothing, so its sentence speaks of no sending and of no --resume."""
    (tmp_path / "deliveries.sqlite").write_bytes(b"no database" * 100)
    with (
        pytest.raises(EnvironmentProblem, match=r"deliveries.sqlite cannot be opened .* move it away") as said,
        open_ledger(tmp_path, "deliveries", BRIEF, reading=True),
    ):
        pass
    assert "is sent" not in str(said.value)
    assert "--resume" not in str(said.value)
