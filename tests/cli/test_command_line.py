"""The commands around the brief: usage errors, init, check, config schema, and what --help costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reportgen import __version__
from reportgen.config.settings import json_schema
from reportgen.moments import parse_moment
from tests.cli.cli_process import REPOSITORY
from tests.cli.cli_process import reportgen_here as reportgen

HEAVY = ("pandas", "matplotlib", "weasyprint", "ccxt", "numpy", "duckdb", "pydantic", "rich", "yaml", "jinja2")
MAP = ("map", "--sample", "--symbol", "BTC", "--out", "m.npz")


def test_help_loads_nothing_heavy() -> None:
    """The list of commands needs none of the libraries that make a brief."""
    code = (
        "import sys; sys.argv = ['reportgen', '--help']\n"
        "from reportgen.cli import main\n"
        "try: main()\n"
        "except SystemExit as left:\n"
        f"    print([name for name in {HEAVY} if name in sys.modules], left.code, file=sys.stderr)"
    )
    asked = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert asked.stderr == "[] 0\n"
    assert "brief" in asked.stdout


def test_version_and_short_help(tmp_path: Path) -> None:
    """--version prints one line, and -h is --help, also after a command."""
    assert reportgen(tmp_path, "--version").stdout == f"reportgen {__version__}\n"
    assert reportgen(tmp_path, "brief", "-h").stdout == reportgen(tmp_path, "brief", "--help").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["brif"], "Did you mean 'brief'?"),
        (["brief", "--confg", "x"], "--config"),
        (["brief", "--sample", "--source", "x"], "Keep one"),
        (["brief", "--sample", "--as-of", "20260119"], "no time of day"),
        (["brief", "--sample", "--as-of", "2026-01-19T07:00"], "no time zone"),
        (["brief", "--sample", "--symbols", "BTC,BTCUSDT"], "twice"),
        (["brief", "--sample", "--symbols", ","], "empty"),
        (["brief", "--sample", "--symbols", "??"], "names no market"),
        (["brief", "--sample", "--timeframe", "5h"], "4h"),
        (["brief", "--sample", "--horizon", "-1"], "out of range"),
        (["brief", "--sample", "--horizon", "nan"], "out of range"),
        (["brief", "--sample", "--templates", "absent"], "not there"),
        (["brief", "--source", "absent", "--symbols", "BTC"], "not there"),
        (["brief", "--source", "live", "--symbols", "BTC", "--as-of", "2026-01-19T07:00Z"], "reportgen fetch"),
        ([*MAP, "--from", "2026-01-01T00:00Z", "--until", "2026-01-02T00:00Z", "--source", "live"], "--source"),
        (["brief"], "reportgen init"),
        (["brief", "--config", "absent.yaml", "--sample"], "absent.yaml: there is no such file"),
        (["check"], "reportgen init"),
        (["map", "--sample"], "--symbol"),
        (
            [*MAP, "--from", "2026-01-02T00:00Z", "--until", "2026-01-01T00:00Z"],
            "Swap them",
        ),
        (
            [*MAP, "--from", "2026-01-01T00:00Z", "--until", "2026-01-02T00:00Z", "--every", "1w"],
            "30m, 4h or 1d",
        ),
    ],
)
def test_a_usage_error_is_one_sentence_and_exit_code_2(words: list[str], said: str, tmp_path: Path) -> None:
    """An option that makes no sense ends with 2, says what to do on stderr, prints no data and writes nothing."""
    asked = reportgen(tmp_path, *words)
    assert asked.returncode == 2
    assert said in asked.stderr
    assert "Traceback" not in asked.stderr
    assert asked.stdout == ""
    assert not list(tmp_path.iterdir())


def test_an_unknown_venue_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    """A live brief from a venue that nobody knows ends with 2 and names the nearest one."""
    (tmp_path / "config.yaml").write_text("watchlist: [BTC]\nsource: live\nvenues: {binanze: {}}\n")
    asked = reportgen(tmp_path, "brief")
    assert asked.returncode == 2
    assert "Did you mean binance?" in asked.stderr
    assert not (tmp_path / "output").exists()
    checked = reportgen(tmp_path, "check")
    assert checked.returncode == 2
    assert "`binanze` is no venue that can be asked. Did you mean `binance`?" in checked.stderr


def test_init_writes_a_configuration_that_check_accepts(tmp_path: Path) -> None:
    """The scaffold points at the schema beside it, holds no problem, and its two paths are stdout."""
    asked = reportgen(tmp_path, "init", "briefs")
    config, schema = tmp_path / "briefs" / "config.yaml", tmp_path / "briefs" / "config.schema.json"
    assert asked.stdout.split() == [str(config.relative_to(tmp_path)), str(schema.relative_to(tmp_path))]
    assert config.read_text().startswith("# yaml-language-server: $schema=./config.schema.json\n")
    assert schema.read_text() == json_schema()
    assert reportgen(tmp_path, "check", "--config", config).returncode == 0


def test_init_keeps_what_stands_there(tmp_path: Path) -> None:
    """A configuration is written over only with --force, and a refusal writes nothing at all."""
    (tmp_path / "config.yaml").write_text("mine")
    refused = reportgen(tmp_path, "init")
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"config.yaml": "mine"}
    assert reportgen(tmp_path, "init", "--force").returncode == 0
    assert "watchlist:" in (tmp_path / "config.yaml").read_text()


def test_check_as_json_carries_line_key_reason_and_suggestion(tmp_path: Path) -> None:
    """A program gets every problem as an object; a person gets the same as lines on stderr."""
    (tmp_path / "config.yaml").write_text("watchlist: []\ntimefrme: 4h\n")
    asked = reportgen(tmp_path, "check", "--json")
    answer = json.loads(asked.stdout)
    assert asked.returncode == 2
    assert answer["ok"] is False
    assert [(found["line"], found["key"]) for found in answer["problems"]] == [(1, "watchlist"), (2, "timefrme")]
    assert all(found["reason"] and found["suggestion"] for found in answer["problems"])
    assert len(reportgen(tmp_path, "check").stderr.splitlines()) == len(answer["problems"])


def test_check_looks_for_the_folders_that_are_named(tmp_path: Path) -> None:
    """A market folder that is not there is found before the morning it is needed."""
    (tmp_path / "config.yaml").write_text("watchlist: [BTC]\nsource: nowhere\n")
    asked = reportgen(tmp_path, "check")
    assert asked.returncode == 2
    assert "nowhere" in asked.stderr


def test_check_names_every_mistake_at_once_each_with_its_line(tmp_path: Path) -> None:
    """A key that is none hides no file that is missing or damaged: templates, calibration, venues, calendars, flows."""
    (tmp_path / "tpl").mkdir()
    (tmp_path / "tpl" / "brief.html.j2").write_text("<p>\n{% if %}")
    (tmp_path / "weights.json").write_text("{}")
    (tmp_path / "own.csv").write_text("name,at\nA,2026-13-40\n")
    (tmp_path / "suppressed.txt").write_bytes(b"anna@example.com\nnobody\n")
    lines = (
        *("watchlist: [BTC, {symbol: ETH, venues: [binanse]}]", "timefrme: 4h", "templates: tpl"),
        *("calibration: weights.json", "venues: {okey: {}}", "leverage_brackets: gone.csv"),
        *(
            "exact_positions: {file: gone.txt}",
            "events: [{file: own.csv}]",
            "etf_flows: [{asset: BTC, file: gone.txt}]",
        ),
        "mail: {from: a@example.com, smtp: {host: localhost}}",
    )
    (tmp_path / "config.yaml").write_text("\n".join(lines))
    asked = reportgen(tmp_path, "check", "--json")
    found = {each["line"]: each["reason"] for each in json.loads(asked.stdout)["problems"]}
    assert list(found) == list(range(1, 11)), asked.stdout
    for line, said in {
        1: "`binanse` is no venue", 2: "not a setting", 3: "brief.html.j2:2", 4: "weights.json: ", 5: "`okey` is no",
        6: "gone.csv is not there", 7: "gone.txt is not there", 8: "`2026-13-40` is not a date", 9: "gone.txt is not",
        10: "suppressed.txt:2: 'nobody' holds no mail address",
    }.items():  # fmt: skip
        assert said in found[line]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("source: nowhere", "the market folder nowhere is not there"),
        ("source: .", "holds no market table"),
        ("source: sample\ncalibration: nowhere", "the calibration nowhere is not there"),
        ("source: sample\ntemplates: nowhere", "the folder nowhere is not there"),
    ],
)
def test_check_looks_where_a_setting_points(tmp_path: Path, setting: str, said: str) -> None:
    """A folder that is not there, or is no market, is a problem of its own line."""
    (tmp_path / "config.yaml").write_text(f"watchlist: [BTC]\n{setting}\n")
    asked = reportgen(tmp_path, "check")
    assert asked.returncode == 2
    assert f"config.yaml:{1 + len(setting.splitlines())}: " in asked.stderr
    assert said in asked.stderr


def test_the_schema_is_printed_as_it_is_published(tmp_path: Path) -> None:
    """`config schema` prints the bytes of docs/config.schema.json."""
    assert reportgen(tmp_path, "config", "schema").stdout == (REPOSITORY / "docs" / "config.schema.json").read_text()


def test_the_pages_made_from_the_program_are_current() -> None:
    """The pages of docs/ that are made from the program are what scripts/write_docs.py would write now."""
    command = [sys.executable, "-m", "scripts.write_docs", "--check"]
    asked = subprocess.run(
        command, cwd=REPOSITORY, env={"PYTHONPATH": "."}, capture_output=True, text=True, check=False
    )
    assert asked.stdout == ""
    assert asked.returncode == 0


def test_a_reader_that_leaves_early_causes_no_noise() -> None:
    """Piping into `head` ends quietly."""
    command = f"{sys.executable} -m reportgen config schema | head -c 1"
    asked = subprocess.run(command, shell=True, cwd=REPOSITORY, capture_output=True, text=True, check=False)  # noqa: S602
    assert asked.stdout == "{"
    assert asked.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_one_sentence() -> None:
    """Output that cannot be written ends with 1 where it is all that the command makes, and says why."""
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "reportgen", "config", "schema"]
        asked = subprocess.run(command, cwd=REPOSITORY, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert asked.returncode == 1
    assert asked.stderr.startswith("Error: ")
    assert "Standard output could not be written" in asked.stderr
    assert "Traceback" not in asked.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_what_was_written_stands_when_its_paths_cannot_be_printed(tmp_path: Path) -> None:
    """A full or closed standard output changes neither files nor exit code, and the message blames no folder."""
    for number, where in enumerate((">/dev/full", ">&-", ">&- 2>&- <&-")):
        folder = tmp_path / str(number)
        command = f"{sys.executable} -m reportgen init {folder} {where}"
        asked = subprocess.run(command, shell=True, cwd=REPOSITORY, capture_output=True, text=True, check=False)  # noqa: S602
        assert asked.returncode == 0
        assert (folder / "config.yaml").read_text().startswith("# yaml-language-server")
        assert "Traceback" not in asked.stderr
        if number == 0:
            assert f"The configuration stands at {folder / 'config.yaml'}." in asked.stderr
            assert "unchanged" not in asked.stderr


def test_decision_times_include_both_ends() -> None:
    """The map's times run from --from to --until, both included when the step meets them."""
    from reportgen.cli.maps import decision_times

    times = decision_times("2026-01-01T00:00Z", "2026-01-02T00:00Z", "1h")
    assert (times[0], times[-1], len(times)) == (
        parse_moment("2026-01-01T00:00Z"),
        parse_moment("2026-01-02T00:00Z"),
        25,
    )
