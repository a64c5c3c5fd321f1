"""Three mornings from a simulated market: changes, the levels of the day before, a growing record, and refresh."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reportgen.brief.refresh import triggers
from reportgen.cli import refresh as refresh_command
from reportgen.config.assumptions import DEFAULTS
from reportgen.delivery.archive.store import open_store
from reportgen.moments import parse_moment
from reportgen.morning.compare_with_past import remember
from reportgen.morning.making import gather, walk
from reportgen.morning.request import Options, take_request
from reportgen.render.json import brief_from_json
from reportgen.track_record.ledger import LEDGER_FILE, read_rows, verify_ledger
from reportgen.units import Missing
from tests.briefs import event, morning
from tests.cli.cli_process import REPOSITORY, reportgen_here
from tests.delivery.mail.test_notify import endpoint

MARKET = REPOSITORY / "reportgen" / "market" / "sample_data"
DAYS = ("2026-11-17T07:00Z", "2026-11-18T07:00Z", "2026-11-19T07:00Z")
NEXT = "2026-11-20T07:00Z"
TOLD = "s3cret-topic"


def make(folder: Path, as_of: str, *words: object) -> dict[str, Any]:
    """Make one brief of BTC and ETH from the folder of a simulated market."""
    options = ("--source", MARKET, "--symbols", "BTC,ETH", "--as-of", as_of, "--output", "out", "--json")
    asked = reportgen_here(folder, "brief", *options, *words)
    assert asked.returncode == 0, asked.stderr
    answer: dict[str, Any] = json.loads(asked.stdout)
    return answer


def look(folder: Path, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Ask whether the last brief of a folder still stands."""
    market = () if "--source" in words else ("--source", MARKET)
    return reportgen_here(folder, "refresh", *market, "--symbols", "BTC,ETH", "--output", "out", *words, **environment)


@pytest.fixture(scope="module")
def mornings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make three briefs, a day apart, in one folder."""
    folder = tmp_path_factory.mktemp("mornings")
    for day in DAYS:
        make(folder, day)
    return folder


@pytest.fixture
def folder(mornings: Path, tmp_path: Path) -> Path:
    """Take a copy of the three mornings that a test may change."""
    shutil.copytree(mornings / "out", tmp_path / "out")
    return tmp_path


def ledger(folder: Path) -> bytes:
    """Read the ledger's bytes."""
    return (folder / "out" / LEDGER_FILE).read_bytes()


def test_each_morning_remembers_those_before(mornings: Path) -> None:
    """The first has nothing to compare with; the second and third have changes, judged levels and a longer record."""
    briefs = [
        brief_from_json((mornings / "out" / "2026" / "11" / day / "brief.json").read_bytes())
        for day in ("17", "18", "19")
    ]
    first, *others = briefs
    assert isinstance(first.changes, Missing)
    assert isinstance(first.track_record, Missing)
    counts = []
    for before, brief in zip(briefs, others, strict=False):
        assert not isinstance(brief.changes, Missing)
        assert not isinstance(brief.track_record, Missing)
        assert not isinstance(brief.track_record.record, Missing)
        assert not isinstance(brief.track_record.levels, Missing)
        assert brief.changes.since_ms == brief.track_record.judged_as_of_ms == before.as_of_ms
        assert {change.base for change in brief.changes.items} == {"BTC", "ETH"}
        assert len(brief.track_record.levels) == sum(len(symbol.zones) for symbol in before.symbols)
        assert brief.track_record.settled
        counts.append(brief.track_record.record.zones)
    assert counts == [
        sum(len(s.zones) for s in first.symbols),
        sum(len(s.zones) for b in briefs[:2] for s in b.symbols),
    ]


def test_the_ledger_is_sound_and_holds_each_zone_once(mornings: Path) -> None:
    """Rows come in the order of the briefs, none before its horizon had passed, and the brief anchors the chain."""
    assert verify_ledger(ledger(mornings)) is None
    rows = read_rows(ledger(mornings))
    assert len({row.zone for row in rows}) == len(rows)
    assert all(row.until_ms <= row.scored_as_of_ms for row in rows)
    assert {row.decision_ms for row in rows} == {parse_moment(day) for day in DAYS[:2]}


def test_the_page_says_it(mornings: Path) -> None:
    """The first screen holds what changed and how the levels did; the last part the record with its controls."""
    page = (mornings / "out" / "latest" / "brief.html").read_text()
    for words in (
        "What changed in 24",
        "Yesterday’s 4 zones: 1 reached",
        "8 zones on 2 days",
        "insufficient evidence of any skill",
        '<th scope="row">distance alone</th>',
        "climatology",
    ):
        assert words in page


def test_the_same_run_again_changes_no_byte(folder: Path) -> None:
    """A second run of the last day writes the same brief and no row twice."""
    before = {path: path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()}
    make(folder, DAYS[-1])
    assert {path: path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()} == before


def test_a_changed_ledger_is_said_and_left_alone(folder: Path) -> None:
    """The next brief names the line in its notes, has no record, and adds nothing to what was tampered with."""
    changed = ledger(folder).replace(b'"outcome":"', b'"outcome":"x', 1)
    (folder / "out" / LEDGER_FILE).write_bytes(changed)
    request = take_request(Options(source=str(MARKET), symbols=["BTC"], as_of=NEXT))
    gathered = gather(request)
    found = remember(walk(request, gathered, print), gathered, open_store(folder / "out"), DEFAULTS)
    assert found.rows == ()
    assert found.also() is None
    assert any("ledger.jsonl:1" in note for note in found.brief.notes)
    assert not isinstance(found.brief.changes, Missing)
    assert not isinstance(found.brief.track_record, Missing)
    assert isinstance(found.brief.track_record.record, Missing)
    assert not isinstance(found.brief.track_record.levels, Missing)


def test_archive_verify_names_the_line_of_a_changed_ledger(folder: Path) -> None:
    """The archive is as it was written, ledger and alerts among its files, until somebody edits a row."""
    sound = reportgen_here(folder, "archive", "verify", "--output", "out")
    assert (sound.returncode, sound.stdout) == (0, ""), sound.stderr
    lines = ledger(folder).splitlines(keepends=True)
    lines[1] = lines[1].replace(b'"timeout":', b'"timeouT":')
    (folder / "out" / LEDGER_FILE).write_bytes(b"".join(lines))
    changed = reportgen_here(folder, "archive", "verify", "--output", "out")
    assert (changed.returncode, changed.stdout.split()) == (1, ["changed", LEDGER_FILE])
    assert "line 2 breaks its chain" in changed.stderr


def test_alerts_stand_beside_the_brief(mornings: Path) -> None:
    """alerts.json and alerts.csv are in the day's folder and in latest/, with the same bytes."""
    for name in ("alerts.json", "alerts.csv"):
        day = (mornings / "out" / "2026" / "11" / "19" / name).read_bytes()
        assert day == (mornings / "out" / "latest" / name).read_bytes()
        assert b"BTC/USDT:USDT" in day


def test_refresh_ends_with_0_while_the_map_stands_and_with_10_when_it_is_due(mornings: Path) -> None:
    """At the brief's own moment nothing has fired; a day later something has, with number and threshold."""
    still = look(mornings, "--as-of", DAYS[-1], "--json")
    assert (still.returncode, json.loads(still.stdout)["due"]) == (0, False), still.stderr
    due = look(mornings, "--as-of", NEXT, "--json")
    answer = json.loads(due.stdout)
    assert (due.returncode, answer["due"], answer["brief"]) == (10, True, DAYS[-1])
    fired = [one for one in answer["triggers"] if one["fired"]]
    assert fired
    assert {one["kind"] for one in answer["triggers"]} == {
        "breakout", "open interest", "funding", "event", "flows", "volatility"
    }  # fmt: skip
    assert all(one["text"] and one["missing"] is None and one["number"] is not None for one in fired)
    assert all(one["missing"] for one in answer["triggers"] if one["fired"] is None)
    assert answer["alerts"]
    assert all(DAYS[-1] < one["met"] <= NEXT for one in answer["alerts"])


def test_refresh_without_a_brief_asks_for_one(tmp_path: Path) -> None:
    """An empty folder is due, and nothing is written into it."""
    asked = look(tmp_path, "--as-of", NEXT)
    assert asked.returncode == 10
    assert "no brief yet" in asked.stdout
    assert not list(tmp_path.iterdir())


def test_a_fired_trigger_is_told_exactly_once(folder: Path) -> None:
    """Two looks at the same brief send one message, and neither says the address nor keeps it."""
    with endpoint() as (address, kept):
        words = ("--as-of", NEXT, "--notify", f"{address}/$TOPIC")
        looks = [look(folder, *words, TOPIC=TOLD) for _ in range(2)]
        assert [one.returncode for one in looks] == [10, 10], looks[0].stderr
        assert [one["path"] for one in kept] == [f"/hook/{TOLD}"]
        assert "refresh due" in kept[0]["title"]
        assert "open interest" in kept[0]["message"]
    said = "".join(one.stdout + one.stderr for one in looks) + (folder / "out" / ".refresh.json").read_text()
    assert TOLD not in said
    assert address not in said


def test_a_channel_that_failed_is_tried_again(folder: Path) -> None:
    """A refused message is said without its address, and sent by the next look; the other channel hears it once."""
    with endpoint() as (good, heard), endpoint(status=503) as (bad, refused):
        both = ("--as-of", NEXT, "--notify", good, "--notify", bad)
        looks = [look(folder, *both) for _ in range(2)]
    assert (len(heard), len(refused)) == (1, 2)
    assert all("channel 2 (json) did not take the message" in one.stderr for one in looks)
    assert bad not in "".join(one.stdout + one.stderr for one in looks)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--watch", "15"), "span of time"),
        (("--watch", "15m", "--as-of", NEXT), "--watch"),
        (("--notify", "json://$NO_SUCH_VARIABLE"), "NO_SUCH_VARIABLE"),
    ],
)
def test_a_mistake_is_one_sentence_with_exit_code_2(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    """What makes no sense is said before anything is read."""
    asked = look(tmp_path, *words)
    assert asked.returncode == 2
    assert asked.stderr.count("Error: ") == 1
    assert message in asked.stderr


def test_watch_looks_again_and_survives_a_source_that_breaks(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every interval is one more look; a market folder that cannot be read is complained of and asked again."""
    market = folder / "market"
    shutil.copytree(MARKET, market)
    (folder / "output").symlink_to("out")
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 1:
            (market / "candles.parquet").rename(folder / "away")
        elif len(waited) == 2:
            (folder / "away").rename(market / "candles.parquet")
        else:
            raise KeyboardInterrupt

    monkeypatch.setattr("reportgen.cli.refresh.time.sleep", sleep)
    monkeypatch.chdir(folder)
    with pytest.raises(KeyboardInterrupt):
        refresh_command.refresh(source=str(market), symbols=["BTC"], watch="15m", as_json=True)
    said = capsys.readouterr()
    assert waited == [900.0] * 3
    assert [json.loads(line)["due"] is not None for line in said.out.splitlines()] == [True, True]
    assert said.err.count("Error: ") == 1


def test_an_event_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters in an operator's event names are printed as replacement signs."""
    near = replace(morning(), events=(event("\x1b[31mUS CPI\x07", 1.0),))
    found = triggers(replace(morning(), as_of_ms=0), near, DEFAULTS)
    refresh_command.report(
        refresh_command.Look(brief=NEXT, as_of=NEXT, due=True, triggers=found, alerts=(), notes=()), as_json=False
    )
    said = capsys.readouterr().out
    assert "[31mUS CPI" in said
    assert not {"\x1b", "\x07"} & set(said)


def test_an_interrupt_ends_a_watch_with_130(folder: Path) -> None:
    """Ctrl-C while it waits leaves with 130 and without a traceback."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "reportgen", "refresh", "--source", str(MARKET), "--symbols", "BTC", "--json",
         "--output", str(folder / "out"), "--watch", "1h"],
        cwd=REPOSITORY, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["brief"] == DAYS[-1]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, err) == ("", "")
