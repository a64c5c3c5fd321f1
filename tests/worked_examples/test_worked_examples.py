"""The guide's four worked examples, end to end: a market folder and a config in, the guide's reading out.

`expected.yaml` beside each market holds what the guide's text asks for; relations between prices are tested here.
`brief.json` beside it is the whole section, every number and sentence: a change of either is a change to look at; then
`python -m tests.worked_examples.test_worked_examples` writes it anew. `scripts/make_worked_examples.py` made the
markets.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from reportgen.morning.making import gather, walk
from reportgen.morning.request import Options, take_request
from reportgen.render.json import brief_to_json

HERE = Path(__file__).parent
NAMES = ("btc_range_shorts_above", "eth_downtrend_longs_below", "altcoin_unreliable_map", "macro_event_conflict")
Section = dict[str, Any]
BriefOf = Callable[..., Section]


def make_brief(name: str, *, events: bool = True) -> Section:
    """Walk an example through the five steps, with its events or without; give the whole brief."""
    request = take_request(Options(config=HERE / name / "config.yaml", source=str(HERE / name / "market")))
    if not events:
        request = replace(request, config=request.config.model_copy(update={"events": ()}))
    made = walk(request, gather(request), note=pytest.fail)
    brief: Section = json.loads(brief_to_json(made))
    return brief


@pytest.fixture(scope="module")
def brief_of() -> BriefOf:
    """Make every brief once; give the one asked for."""
    briefs = {name: make_brief(name) for name in NAMES}
    return briefs.__getitem__


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
    free = section_of(make_brief(name, events=False), expected(name)["symbol"])
    assert waiting["zones"] == free["zones"]
    assert zone_of(waiting, "A")["distance_atr"] < 1
    assert all(part["post_event"] for part in waiting["plan"])
    assert not any(part["post_event"] for part in free["plan"])
    assert free["stance"]["kind"] == "two of three"
    assert waiting["sizing"]["factor"] == 0 < free["sizing"]["factor"]
    event = brief_of(name)["events"][0]
    assert event["inside_horizon"]
    assert 0 < event["hours_away"] < 12


def figures_of(brief: Section, symbol: str) -> Section:
    """Give what the brief says and its main section, numbers to six digits; of long rows, what their parts come to."""
    section = section_of(brief, symbol)
    picture = dict(section["heatmap"])
    for side in ("long_levels", "short_levels"):
        cells = np.frombuffer(zlib.decompress(base64.b64decode(picture[side])), dtype=np.uint8)
        grid = cells.reshape(picture["rows"], picture["columns"])
        picture[side] = [block.mean() for band in np.array_split(grid, 8) for block in np.array_split(band, 3, axis=1)]
    said = {key: brief[key] for key in ("as_of", "headline", "data_quality", "missing", "notes", "events")}
    short: Section = shortened(said | {"section": section | {"heatmap": picture}})
    return short


def shortened(value: Any) -> Any:
    """Round every number inside a value; of more than 24 numbers keep the means of 24 parts."""
    if isinstance(value, dict):
        return {key: shortened(part) for key, part in value.items()}
    if isinstance(value, list):
        numbers = (
            isinstance(value[0] if value else None, int | float | list) and np.asarray(value, dtype=object).size > 24
        )
        parts = np.array_split(np.asarray(value, dtype=float).ravel(), 24) if numbers else ()
        return [shortened(float(part.mean())) for part in parts] or [shortened(part) for part in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def differences(found: Any, wanted: Any, path: str = "") -> Iterator[str]:
    """Name each place at which two values differ; numbers may differ in the fourth digit after the first."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in sorted(found.keys() | wanted.keys()):
            yield from differences(found.get(key, "absent"), wanted.get(key, "absent"), f"{path}.{key}")
    elif isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        for number, pair in enumerate(zip(found, wanted, strict=True)):
            yield from differences(*pair, f"{path}[{number}]")
    elif isinstance(found, float) and isinstance(wanted, float):
        if found != pytest.approx(wanted, rel=1e-4, abs=1e-9):
            yield f"{path}: {found} instead of {wanted}"
    elif found != wanted:
        yield f"{path}: {found!r} instead of {wanted!r}"


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_and_sentence_is_the_known_one(brief_of: BriefOf, name: str) -> None:
    """Nothing that a page prints of an example changes unseen."""
    known = json.loads((HERE / name / "brief.json").read_text(encoding="utf-8"))
    assert list(differences(figures_of(brief_of(name), expected(name)["symbol"]), known)) == []


def test_market_folders_are_small_and_whole() -> None:
    """Each example's market is under 300 KB and holds every table of the format."""
    for name in NAMES:
        files = {path.stem: path.stat().st_size for path in (HERE / name / "market").iterdir()}
        assert sum(files.values()) < 300_000
        assert {"candles", "open_interest", "funding", "order_book", "leverage_brackets", "liquidations"} == set(files)


if __name__ == "__main__":
    for one in NAMES:
        text = json.dumps(figures_of(make_brief(one), expected(one)["symbol"]), indent=1, ensure_ascii=False)
        (HERE / one / "brief.json").write_text(f"{text}\n", encoding="utf-8")
