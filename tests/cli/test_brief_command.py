"""The main job from the command line, on the bundled sample: files, paths, exit codes, and nothing half done."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reportgen.market.folder.keep import sample_folder
from reportgen.moments import day_of, moment_text, parse_moment
from reportgen.morning.making import FIRST_MORNING
from reportgen.render.json import brief_from_json, brief_to_json
from tests.cli.cli_process import REPOSITORY, reportgen, reportgen_here, reportgen_printing
from tests.cli.conftest import Cluster

HOUR_MS = 3_600_000
FILES = ("html", "pdf", "json")
MADE = ("brief", "--sample", "--symbols", "BTC,ETH", "--output")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Make one brief from the sample, and keep its folder and what stdout said."""
    folder = tmp_path_factory.mktemp("first")
    asked = reportgen_printing(folder, *MADE, "out", "--json")
    assert asked.returncode == 0, asked.stderr
    answer: dict[str, Any] = json.loads(asked.stdout)
    return folder, answer


def test_the_answer_names_files_moment_symbols_and_what_is_missing(made: tuple[Path, dict[str, Any]]) -> None:
    """With --json stdout is one object of seven fields, and its paths lead to the three files of the day."""
    folder, answer = made
    assert list(answer) == ["html", "pdf", "json", "as_of", "symbols", "stale", "missing"]
    day = Path("out").joinpath(*day_of(parse_moment(answer["as_of"])).split("-"))
    assert [answer[kind] for kind in FILES] == [str(day / f"brief.{kind}") for kind in FILES]
    assert (folder / answer["html"]).read_bytes().startswith(b"<!")
    assert (folder / answer["pdf"]).read_bytes().startswith(b"%PDF-")
    assert [symbol["symbol"] for symbol in json.loads((folder / answer["json"]).read_bytes())["symbols"]] == answer[
        "symbols"
    ]


def test_latest_holds_the_same_bytes(made: tuple[Path, dict[str, Any]]) -> None:
    """`latest/` is the brief of the day, file for file."""
    folder, answer = made
    for kind in FILES:
        assert (folder / answer[kind]).read_bytes() == (folder / "out" / "latest" / f"brief.{kind}").read_bytes()


def test_a_second_process_in_another_folder_writes_the_same_bytes(
    made: tuple[Path, dict[str, Any]], tmp_path: Path, cluster: Cluster
) -> None:
    """Time, folder, process and a cluster leave no trace in the files; without --json stdout is their three paths."""
    folder, answer = made
    asked = reportgen(
        tmp_path, *MADE, tmp_path / "elsewhere", "--cluster", cluster.address, PYTHONHASHSEED="7", TZ="Asia/Tokyo"
    )
    assert asked.returncode == 0, asked.stderr
    paths = [Path(line) for line in asked.stdout.splitlines()]
    assert [path.suffix for path in paths] == [f".{kind}" for kind in FILES]
    for kind, path in zip(FILES, paths, strict=True):
        assert path.read_bytes() == (folder / answer[kind]).read_bytes()


def test_render_gives_the_same_bytes(made: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """HTML and PDF made from brief.json alone are those of its day."""
    folder, answer = made
    asked = reportgen_printing(tmp_path, "render", folder / answer["json"], "--output", "again")
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.split() == ["again/brief.html", "again/brief.pdf"]
    for kind in ("html", "pdf"):
        assert (tmp_path / "again" / f"brief.{kind}").read_bytes() == (folder / answer[kind]).read_bytes()


def test_a_morning_is_called_as_its_time_zone_calls_it(tmp_path: Path) -> None:
    """07:00 in Tokyo on the 20th: page, folder and site say so, though UTC still has the 19th; refresh finds it."""
    market = {"watchlist": ["BTC"], "source": "sample", "timezone": "Asia/Tokyo", "output": "out"}
    (tmp_path / "config.yaml").write_text(json.dumps(market), encoding="utf-8")
    asked = reportgen_here(tmp_path, "brief", "--as-of", "2026-11-19T22:00Z")
    assert asked.returncode == 0, asked.stderr
    page = (tmp_path / "out" / "2026" / "11" / "20" / "brief.html").read_text(encoding="utf-8")
    assert "Friday 20 November 2026" in page
    assert "<b>Thu 22:00 UTC</b> Fri 07:00 Tokyo" in page
    day = (tmp_path / "out" / "2026" / "11" / "20" / "index.html").read_text(encoding="utf-8")
    assert "Friday 20 November 2026" in day
    assert "As of 19 Nov, 22:00 UTC" in day
    assert reportgen_here(tmp_path, "archive", "list").stdout.startswith("2026-11-20  r1")
    looked = reportgen_here(tmp_path, "refresh", "--as-of", "2026-11-19T23:00Z", "--json")
    assert json.loads(looked.stdout)["brief"] == "2026-11-19T22:00Z"


def test_the_sample_alone_is_the_tour(tmp_path: Path) -> None:
    """Two mornings and every input: changes, yesterday, record, dollars, an event, a thin coin and an own position."""
    (tmp_path / "config.yaml").write_text("watchlist: [SOL]\n", encoding="utf-8")
    asked = reportgen_here(tmp_path, "brief", "--sample", REPORTGEN_CALLED="./run")
    assert asked.returncode == 0, asked.stderr
    assert "simulated market" in asked.stderr
    for step in ("1. Open output/latest/brief.html", "2. `./run init", "3. `./run brief --config"):
        assert step in asked.stderr
    made = json.loads((tmp_path / "output/latest/brief.json").read_bytes())
    bitcoin, ether, thin = made["symbols"]
    assert made["simulated"]
    assert made["changes"]["hours"] == 24
    assert made["track_record"]["record"]["zones"] == len(made["track_record"]["levels"]) > 3
    assert bitcoin["stance"]["size"] > 0
    assert ether["stance"]["kind"] == "wait for event"
    for large in (bitcoin, ether):
        assert all(zone["notional_band"][0] < zone["notional_band"][1] for zone in large["zones"])
    assert thin["map_quality"]["grade"] == "Low"
    assert {(each["symbol"], each["what"]) for each in made["missing"]} == {
        (thin["symbol"], what) for what in ("spot volume", "long/short ratio")
    }
    assert "Your position" in (tmp_path / "output/.own/brief.html").read_text(encoding="utf-8")
    days = [line.split()[0] for line in reportgen_here(tmp_path, "archive", "list").stdout.splitlines()]
    assert days == ["2026-11-19", "2026-11-20"]
    for page in (tmp_path / "output").rglob("index.html"):
        for link in re.findall(r'href="([^"#?:]+)"', page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), (page, link)


def test_the_mornings_of_the_tour_are_of_this_version() -> None:
    """The kept first morning is written as it was read; `python -m scripts.make_sample --kept` makes it anew."""
    with sample_folder() as folder:
        kept = gzip.decompress((folder / FIRST_MORNING).read_bytes())
    assert brief_to_json(brief_from_json(kept)) == kept


def test_strict_ends_with_3_when_something_is_missing(tmp_path: Path, made: tuple[Path, dict[str, Any]]) -> None:
    """--strict writes the brief all the same, names what is missing on stderr, and ends with 3."""
    del made
    asked = reportgen_here(
        tmp_path, "brief", "--sample", "--symbols", "BTC,NOSUCH", "--strict", "--json", "--output", "out"
    )
    assert asked.returncode == 3, asked.stderr
    answer = json.loads(asked.stdout)
    assert (tmp_path / answer["pdf"]).exists()
    assert any(missing["symbol"].startswith("NOSUCH/") for missing in answer["missing"])
    assert "NOSUCH/USDT:USDT" in asked.stderr


@pytest.mark.parametrize(
    "words", [["--symbols", "NOSUCH"], ["--as-of", "2001-01-01T00:00Z"]], ids=["unknown market", "before the data"]
)
def test_without_usable_candles_nothing_is_written(tmp_path: Path, words: list[str]) -> None:
    """No market to speak of is one error with exit code 1, no data on stdout, and no file."""
    asked = reportgen_here(tmp_path, "brief", "--sample", "--output", "out", *words)
    assert asked.returncode == 1
    assert asked.stdout == ""
    assert asked.stderr.count("Error: ") == 1
    assert "Traceback" not in asked.stderr
    assert not list(tmp_path.rglob("*"))


def test_an_output_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """A file in the place of the output folder ends with 1 and names the place and the way out."""
    (tmp_path / "taken").write_text("a file")
    asked = reportgen_here(tmp_path, "brief", "--sample", "--output", "taken")
    assert asked.returncode == 1
    assert asked.stderr.startswith("Error: taken")
    assert "--output" in asked.stderr
    assert "Traceback" not in asked.stderr


def test_an_interrupt_ends_with_130_and_without_noise(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a command ends it and its chart worker, without a traceback."""
    pipe = tmp_path / "brief.json"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [sys.executable, "-m", "reportgen", "render", str(pipe)],
        cwd=REPOSITORY, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with pipe.open("wb"):  # opens once the command reads it
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, err) == ("", "")


def test_an_interrupt_while_the_program_loads_ends_it_in_the_same_way() -> None:
    """Ctrl-C that comes before the command line is there: exit code 130 and not a word."""
    hook = (
        "import os, runpy, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "runpy.run_module('reportgen', run_name='__main__')\n"
    )
    asked = subprocess.run([sys.executable, "-c", hook], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (asked.returncode, asked.stdout, asked.stderr) == (130, "", "")


def test_a_file_that_is_no_brief_is_one_sentence(tmp_path: Path) -> None:
    """`render` on something else says so, and a path that is not there is named."""
    (tmp_path / "other.json").write_text("{}")
    for name in ("other.json", "absent.json"):
        asked = reportgen_here(tmp_path, "render", name)
        assert asked.returncode == 1
        assert name in asked.stderr
        assert "Traceback" not in asked.stderr


def test_exported_maps_have_the_shape_that_other_tools_read(made: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """An npz holds decision times, ascending edges of at most 10 bp that cover 20 % either way, and both sides."""
    folder, answer = made
    end = parse_moment(answer["as_of"])
    words = (
        "--from",
        moment_text(end - 6 * HOUR_MS),
        "--until",
        moment_text(end),
        "--every",
        "2h",
        "--out",
        "maps.npz",
    )
    asked = reportgen_here(tmp_path, "map", "--sample", "--symbol", answer["symbols"][0], *words, "--json")
    assert asked.returncode == 0, asked.stderr
    maps = np.load(tmp_path / "maps.npz")
    price = json.loads((folder / answer["json"]).read_bytes())["symbols"][0]["price"]
    edges = np.atleast_2d(maps["price_edges"])
    assert maps["time_ms"].tolist() == [end - hours * HOUR_MS for hours in (6, 4, 2, 0)]
    assert maps["long"].shape == maps["short"].shape == (4, edges.shape[1] - 1)
    assert np.diff(np.log(edges)).min() > 0
    assert np.diff(np.log(edges)).max() <= 0.001
    assert edges[-1, 0] <= price * 0.8
    assert edges[-1, -1] >= price * 1.2
    assert maps["long"].min() >= 0
    assert maps["long"].sum() > 0
    assert json.loads(asked.stdout)["times"] == 4


def test_a_brief_keeps_the_input_that_makes_it_again(made: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """From `input/` alone comes the same brief, outside provenance and `simulated`, which only the sample is."""
    folder, answer = made
    kept = (folder / answer["html"]).parent / "input"
    words = ("--source", kept, "--symbols", ",".join(answer["symbols"]), "--as-of", answer["as_of"])
    asked = reportgen_here(tmp_path, "brief", *words, "--output", "again", "--json")
    assert asked.returncode == 0, asked.stderr
    first, again = (
        json.loads(path.read_bytes()) for path in (folder / answer["json"], tmp_path / json.loads(asked.stdout)["json"])
    )
    assert first.pop("provenance")["input"] == again.pop("provenance")["input"]
    assert first | {"simulated": False} == again


def test_own_positions_stay_on_this_machine(tmp_path: Path) -> None:
    """The card of a page beside the archive has them; what is kept and published holds only a shared one."""
    held = "{symbol: BTC, side: long, entry: 95000, size: 0.5, leverage: 10"
    (tmp_path / "config.yaml").write_text(
        f"watchlist: [BTC]\nsource: sample\npositions:\n  - {held}}}\n  - {{symbol: BTC, side: short, entry: 91000, "
        "size: 2, liquidation_price: 140000, share: true}\n",
        encoding="utf-8",
    )
    done = reportgen_here(tmp_path, "brief")
    assert done.returncode == 0
    own = tmp_path / "output/.own"
    assert f"Your own page, with your positions: {own.relative_to(tmp_path)}/brief.html" in done.stderr
    assert (own.stat().st_mode | (own / "brief.html").stat().st_mode) & 0o077 == 0
    assert "long 0.5 from 95" in (own / "brief.html").read_text(encoding="utf-8")
    kept = json.loads((tmp_path / "output/latest/brief.json").read_bytes())["symbols"][0]["positions"]
    assert [(one["side"], one["size"]) for one in kept] == [("short", 2)]
    public = [path for path in (tmp_path / "output").rglob("*") if path.is_file() and ".own" not in path.parts]
    assert [path for path in public if b"long 0.5 from" in path.read_bytes()] == []
    page = (tmp_path / "output/latest/brief.html").read_text(encoding="utf-8")
    assert "short 2 from 91" in page
    (tmp_path / "config.yaml").write_text("watchlist: [BTC]\nsource: sample\n", encoding="utf-8")
    assert reportgen_here(tmp_path, "brief").returncode == 0
    assert not (own / "brief.html").exists()
    assert reportgen_here(tmp_path, "archive", "verify").returncode == 0
