"""The brief from real parts: no look-ahead, one truth, missing data said and never counted as zero."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reportgen.brief.types import Brief
from reportgen.brief.write import stale_brief, write_brief
from reportgen.config.assumptions import DEFAULTS
from reportgen.events.calendar import ScheduledEvent
from reportgen.market.data import Gathered
from reportgen.market.folder.keep import read_sample
from reportgen.market.folder.read import read_market
from reportgen.render.json import brief_to_json
from reportgen.units import DAY_MS, HOUR_MS, Missing

SAMPLE = Path(__file__).parents[2] / "reportgen" / "market" / "sample_data"
TIME_OF = {
    "candles": "open_time_ms + 3600000",
    "liquidations": "open_time_ms + 3600000",
    "open_interest": "time_ms",
    "funding": "time_ms",
    "order_book": "time_ms",
    "spot_candles": "open_time_ms + 3600000",
    "long_short_ratio": "time_ms",
}
BOTH = ("BTC/USDT:USDT", "ETH/USDT:USDT")


@cache
def _sample() -> Gathered:
    return read_sample(BOTH, None)


def _brief(gathered: Gathered, **changes: Any) -> Brief:
    """Write a brief with the usual settings."""
    settings: dict[str, Any] = {
        "timeframe": "4h",
        "timeframe_ms": 4 * HOUR_MS,
        "horizon_hours": 24.0,
        "timezone": "Europe/Berlin",
    }
    return write_brief(gathered, **(settings | changes))


def _without_provenance(brief: Brief) -> bytes:
    return brief_to_json(replace(brief, provenance={}))


@pytest.mark.parametrize("hours_before_end", [25, 14 * 24 + 1])
def test_nothing_after_as_of_is_used(tmp_path: Path, hours_before_end: int) -> None:
    """As-of in the middle of the data and the data cut there give briefs that differ in provenance alone."""
    as_of = _sample().as_of_ms - hours_before_end * HOUR_MS
    for table, moment in TIME_OF.items():
        duckdb.connect().execute(
            f"copy (select * from '{SAMPLE / table}.parquet' where {moment} <= {as_of})"  # noqa: S608 - own paths
            f" to '{tmp_path / table}.parquet' (format parquet)"
        )
    duckdb.connect().execute(
        f"copy (select * from '{SAMPLE}/etf_flows.csv' where epoch_ms(date + interval 1 day) <= {as_of})"  # noqa: S608
        f" to '{tmp_path}/etf_flows.csv'"
    )
    (tmp_path / "leverage_brackets.parquet").write_bytes((SAMPLE / "leverage_brackets.parquet").read_bytes())
    whole = _brief(read_market(SAMPLE, BOTH, as_of_ms=as_of))
    cut = _brief(read_market(tmp_path, BOTH, as_of_ms=as_of))
    assert _without_provenance(whole) == _without_provenance(cut)
    assert whole.provenance != cut.provenance


def test_a_table_without_rows_yet_equals_an_absent_one(tmp_path: Path) -> None:
    """A table whose rows all come later is missing with the reason that an absent table has."""
    as_of = _sample().as_of_ms - DAY_MS
    for table in ("candles", "open_interest"):
        (tmp_path / f"{table}.parquet").write_bytes((SAMPLE / f"{table}.parquet").read_bytes())
    absent = _brief(read_market(tmp_path, BOTH, as_of_ms=as_of))
    duckdb.connect().execute(
        f"copy (select * replace (time_ms + {90 * DAY_MS} as time_ms) from '{SAMPLE}/funding.parquet')"  # noqa: S608
        f" to '{tmp_path}/funding.parquet' (format parquet)"
    )
    later = _brief(read_market(tmp_path, BOTH, as_of_ms=as_of))
    assert _without_provenance(absent) == _without_provenance(later)
    assert any(one.what == "funding" for one in absent.missing)


def test_same_input_same_bytes() -> None:
    """Two briefs from the same data are equal to the byte."""
    assert brief_to_json(_brief(_sample())) == brief_to_json(_brief(_sample()))


def test_the_outline_that_others_read() -> None:
    """brief.json has the fields of the published outline."""
    read = json.loads(brief_to_json(_brief(_sample())))
    assert {
        "schema_version", "as_of", "horizon_hours", "symbols", "events", "missing", "changes", "track_record",
        "assumptions", "provenance",
    } <= set(read)  # fmt: skip
    assert {
        "symbol", "price", "structure", "zones", "no_dense_zone", "positioning", "reactions", "plan", "scenarios",
        "checklist", "map_quality", "coverage",
    } <= set(read["symbols"][1])  # fmt: skip
    zones = [zone for symbol in read["symbols"] for zone in symbol["zones"]]
    assert zones
    for zone in zones:
        assert {
            "label", "side", "liquidated_side", "low", "high", "share", "notional", "distance_fraction",
            "distance_atr", "persistence", "reasons",
        } <= set(zone)  # fmt: skip
        assert zone["notional"] is None


def test_each_step_speaks_for_every_symbol() -> None:
    """Every symbol with candles has a full checklist, seven inputs, both scenarios, and each side answered."""
    for section in _brief(_sample()).symbols:
        assert [line.step for line in section.checklist] == [1, 2, 3, 4, 5, 6, 7]
        assert len(section.inputs) == 7
        assert not isinstance(section.scenarios, Missing)
        answered = {zone.side for zone in section.zones} | {answer.side for answer in section.no_dense_zone}
        assert answered == {"above", "below"}
        assert len(section.plan) == len(section.zones) == len(section.reactions)


def test_missing_tables_are_said_and_counted(tmp_path: Path) -> None:
    """With candles alone the brief is written, lists what it lacks, and its badge says so."""
    (tmp_path / "candles.parquet").write_bytes((SAMPLE / "candles.parquet").read_bytes())
    brief = _brief(read_market(tmp_path, BOTH, as_of_ms=None))
    lost = {"open interest", "funding", "order book", "leverage brackets", "spot volume", "long/short ratio"}
    assert {one.what for one in brief.missing} == lost
    assert brief.data_quality.grade == "Poor"
    assert brief.data_quality.inputs_known == 2 * len(BOTH)  # candles and the calendar
    assert brief.data_quality.inputs_total == (2 + len(lost)) * len(BOTH)


def test_unknown_symbol_keeps_its_row() -> None:
    """A symbol without candles stays in the brief with the reason, beside those that have them."""
    gathered = read_market(SAMPLE, ("NOPE/USDT:USDT", "BTC/USDT:USDT"), as_of_ms=None)
    nope, btc = _brief(gathered).symbols
    assert isinstance(nope.price, Missing)
    assert "NOPE" in nope.price.reason or nope.price.reason
    assert not isinstance(btc.price, Missing)


def test_an_event_inside_the_horizon_turns_the_plan() -> None:
    """An event within the horizon makes every plan a post-event plan; one beyond it changes none."""
    as_of = _sample().as_of_ms
    soon = ScheduledEvent(name="US CPI", kind="macro", at_ms=as_of + 6 * HOUR_MS, source="test")
    far = replace(soon, at_ms=as_of + 60 * HOUR_MS)
    for event, turned in ((soon, True), (far, False)):
        for section in _brief(_sample(), events=(event,)).symbols:
            assert all(plan.post_event == turned for plan in section.plan)
            assert not isinstance(section.stance, Missing)
            assert (section.stance.kind == "wait for event") == turned


def test_changed_constants_are_marked() -> None:
    """A constant that the config sets is listed as changed, with its new value."""
    brief = _brief(_sample(), assumptions=replace(DEFAULTS, zone_gate_share=0.09))
    changed = [one for one in brief.assumptions if one.changed]
    assert [(one.name, one.value) for one in changed] == [("zone_gate_share", "0.09")]


def test_sections_map_over_any_executor() -> None:
    """Symbols may be mapped by something other than the built-in map."""

    def backwards_and_back(function: Any, markets: Any) -> Any:
        return reversed([function(market) for market in reversed(list(markets))])

    assert brief_to_json(_brief(_sample(), map_sections=backwards_and_back)) == brief_to_json(_brief(_sample()))


def test_old_data_counts_as_missing() -> None:
    """Data that ends long before as-of is no input: it is listed with its age, and the badge says Poor."""
    brief = _brief(read_market(SAMPLE, BOTH, as_of_ms=_sample().as_of_ms + 90 * DAY_MS))
    assert {"candles", "open interest", "funding"} <= {one.what for one in brief.missing}
    assert brief.data_quality.grade == "Poor"


def test_too_little_history_is_listed() -> None:
    """A few bars give a price, and say that structure and map are missing, and why."""
    early = int(duckdb.connect().execute(f"select min(open_time_ms) from '{SAMPLE}/candles.parquet'").fetchall()[0][0])  # noqa: S608
    brief = _brief(read_market(SAMPLE, BOTH, as_of_ms=early + 12 * HOUR_MS))
    assert not isinstance(brief.symbols[0].price, Missing)
    reasons = {one.what: one.reason for one in brief.missing}
    assert {"structure", "liquidation map"} <= set(reasons)
    assert "12" in reasons["liquidation map"] or "0.5" in reasons["liquidation map"]


def test_a_brief_is_stale_when_every_symbol_is() -> None:
    """One symbol without a young bar is stale alone; the brief speaks of the youngest when none has one."""
    fresh = _brief(_sample())
    late = _brief(replace(_sample(), as_of_ms=_sample().as_of_ms + 5 * HOUR_MS, markets={
        name: replace(market, as_of_ms=market.as_of_ms + 5 * HOUR_MS) for name, market in _sample().markets.items()
    }))  # fmt: skip
    assert (fresh.stale, [symbol.stale for symbol in fresh.symbols]) == ("", ["", ""])
    assert late.stale == "The last bar closed 5.0 hours before as-of."
    assert late.headline.startswith("STALE. The last bar closed 5.0 hours before as-of.")
    assert (late.subject_suffix, fresh.subject_suffix) == (" · STALE", "")
    one = (late.symbols[0], fresh.symbols[1])
    assert stale_brief(one) == ""
