"""The guide's four worked examples, end to end: a market folder and a config in, the guide's reading out.

`expected.yaml` beside each market holds what the guide's text asks for; relations between prices are tested here.
`scripts/make_worked_examples.py` made the markets.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).parent
NAMES = ("btc_range_shorts_above", "eth_downtrend_longs_below", "altcoin_unreliable_map", "macro_event_conflict")
Section = dict[str, Any]
BriefOf = Callable[..., Section]


@pytest.fixture(scope="module")
def brief_of(tmp_path_factory: pytest.TempPathFactory) -> BriefOf:
    """Run the command on an example once, with other events when asked; give the whole brief."""

    @cache
    def run(name: str, *, events: bool = True) -> Section:
        output = tmp_path_factory.mktemp(name)
        config = yaml.safe_load((HERE / name / "config.yaml").read_text(encoding="utf-8"))
        config["source"] = str(HERE / name / config["source"])
        if not events:
            del config["events"]
        chosen = output / "config.yaml"
        chosen.write_text(yaml.safe_dump(config), encoding="utf-8")
        command = [sys.executable, "-m", "reportgen", "brief", "--config", str(chosen)]
        done = subprocess.run(
            [*command, "--output", str(output / "briefs"), "--json"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert Path(answer["html"]).stat().st_size > 0
        assert Path(answer["pdf"]).read_bytes().startswith(b"%PDF")
        brief: Section = json.loads(Path(answer["json"]).read_text(encoding="utf-8"))
        return brief

    return run


def expected(name: str) -> Section:
    """Read what the guide asks for."""
    read: Section = yaml.safe_load((HERE / name / "expected.yaml").read_text(encoding="utf-8"))
    return read


def section_of(brief: Section, symbol: str) -> Section:
    """Find a symbol's section."""
    return next(section for section in brief["symbols"] if section["symbol"] == symbol)


def at(section: Section, path: str) -> Any:
    """Follow a dotted path."""
    value: Any = section
    for key in path.split("."):
        value = value[key]
    return value


def text_at(section: Section, path: str) -> str:
    """Read the text at a path; sentences of a list are joined."""
    value = at(section, path)
    return value if isinstance(value, str) else " ".join(value)


def main_section(brief_of: BriefOf, name: str) -> Section:
    """Give the section that an example is about."""
    return section_of(brief_of(name), expected(name)["symbol"])


def zone_of(section: Section, label: str) -> Section:
    """Find a zone by its letter."""
    return next(zone for zone in section["zones"] if zone["label"] == label)


@pytest.mark.parametrize("name", NAMES)
def test_states_are_the_guides(brief_of: BriefOf, name: str) -> None:
    """Trend, leans, positioning, map quality and stance are those of the guide's example."""
    section = main_section(brief_of, name)
    states = expected(name)["states"]
    assert {path: at(section, path) for path in states} == states


@pytest.mark.parametrize("name", NAMES)
def test_zones_are_the_guides(brief_of: BriefOf, name: str) -> None:
    """The clusters that the example describes are found, on its sides and in its order of attention."""
    section = main_section(brief_of, name)
    for zone in expected(name)["zones"]:
        found = zone_of(section, zone["label"])
        assert {key: found[key] for key in zone} == zone


@pytest.mark.parametrize("name", NAMES)
def test_checklist_answers_the_guides_questions(brief_of: BriefOf, name: str) -> None:
    """Each question of the example's checklist is answered on its line, in words and with a number."""
    section, wanted = main_section(brief_of, name), expected(name)
    lines = {line["step"]: line["reading"] for line in section["checklist"]}
    inputs = {line["name"]: line["reading"] for line in section["inputs"]}
    assert sorted(lines) == [1, 2, 3, 4, 5, 6, 7]
    missing = [
        (key, word)
        for given, asked in ((lines, wanted["checklist"]), (inputs, wanted["inputs"]))
        for key, words in asked.items()
        for word in words
        if word not in given[key]
    ]
    assert missing == []


@pytest.mark.parametrize("name", NAMES)
def test_texts_say_what_the_guide_says(brief_of: BriefOf, name: str) -> None:
    """Read, scenarios, stance and size hold the guide's conditions and cautions."""
    section = main_section(brief_of, name)
    missing = [
        (path, phrase)
        for path, phrases in expected(name)["says"].items()
        for phrase in phrases
        if phrase not in text_at(section, path)
    ]
    assert missing == []


def test_shorts_stand_just_above_the_range(brief_of: BriefOf) -> None:
    """Example 1: price is inside its range, A begins just above the range high, B ends below the range low, farther."""
    section = main_section(brief_of, "btc_range_shorts_above")
    structure, above, below = section["structure"], zone_of(section, "A"), zone_of(section, "B")
    height = structure["range_high"] - structure["range_low"]
    assert 0.25 < (section["price"] - structure["range_low"]) / height < 0.75
    assert structure["range_high"] < above["low"] < structure["range_high"] + height / 2
    assert below["high"] < structure["range_low"]
    assert above["distance_atr"] < below["distance_atr"]
    assert section["positioning"]["funding"]["rate_8h"] > 0


def test_longs_stand_just_below_a_shelf_that_held_twice(brief_of: BriefOf) -> None:
    """Example 2: the nearest support was touched twice, B begins just below it, and ETH lags BTC."""
    section = main_section(brief_of, "eth_downtrend_longs_below")
    structure, zone = section["structure"], zone_of(section, "B")
    shelf = structure["supports"][0]
    assert shelf["touches"] >= 2
    assert zone["high"] < shelf["price"] < section["price"]
    assert shelf["price"] - zone["high"] < structure["atr"] / 2
    assert structure["relative_strength"] < 0
    plan = next(part for part in section["plan"] if part["label"] == "B")
    assert "follow-through has no mapped fuel" in plan["cascade"]


def test_thin_map_reduces_size_and_widens_slippage(brief_of: BriefOf) -> None:
    """Example 3: the thin coin gets a small size and a far larger slippage note than Bitcoin in example 1."""
    thin = main_section(brief_of, "altcoin_unreliable_map")
    deep = main_section(brief_of, "btc_range_shorts_above")
    assert thin["sizing"]["factor"] <= 0.25
    assert thin["sizing"]["risk_fraction"] <= deep["sizing"]["risk_fraction"]
    assert thin["map_quality"]["depth"]["ask_quote"] < deep["map_quality"]["depth"]["ask_quote"] / 100
    assert thin["map_quality"]["gap_risk"] > deep["map_quality"]["gap_risk"]
    assert thin["coverage"]["venues"][0]["gaps"] > 0


def test_event_turns_the_plan_into_a_post_event_map(brief_of: BriefOf) -> None:
    """Example 4: the same market without the event has the same zones, acts on confirmation, and risks something."""
    name = "macro_event_conflict"
    waiting = main_section(brief_of, name)
    free = section_of(brief_of(name, events=False), expected(name)["symbol"])
    assert waiting["zones"] == free["zones"]
    assert zone_of(waiting, "A")["distance_atr"] < 1
    assert all(part["post_event"] for part in waiting["plan"])
    assert not any(part["post_event"] for part in free["plan"])
    assert free["stance"]["kind"] == "two of three"
    assert waiting["sizing"]["factor"] == 0 < free["sizing"]["factor"]
    event = brief_of(name)["events"][0]
    assert event["inside_horizon"]
    assert 0 < event["hours_away"] < 12


def test_market_folders_are_small_and_whole() -> None:
    """Each example's market is under 300 KB and holds every table of the format."""
    for name in NAMES:
        files = {path.stem: path.stat().st_size for path in (HERE / name / "market").iterdir()}
        assert sum(files.values()) < 300_000
        assert {"candles", "open_interest", "funding", "order_book", "leverage_brackets", "liquidations"} == set(files)
