"""Every sentence and number of steps 4 and 5, in every branch: said.json holds the exact words of each reading.

`calm` stands there whole; of every other reading what no reading before it said. `python -m tests.guide.test_said`
writes the file anew: read what it changes before it is kept.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.events.calendar import Event, UnknownEvents
from reportgen.events.flows import FlowReading, FlowShock
from reportgen.guide.checklist import alerts_since
from reportgen.guide.confluence import confidence_left
from reportgen.guide.context import Context
from reportgen.guide.structure import SpotVolume, Sweep, TakerFlow
from reportgen.guide.summary import subject_suffix
from reportgen.guide.zones import Zone
from reportgen.market.data import Depth
from reportgen.units import Missing, Side
from tests.guide.readings import (
    PRICE,
    context,
    event,
    funding,
    level,
    mirrored,
    nothing,
    open_interest,
    positioning,
    quality,
    structure,
    surprise,
    zone,
)
from tests.guide.readings_grid import everything

KEPT: Final = Path(__file__).parent / "said.json"
LATE = Missing("The last open interest is 40 hours older than as-of.")
REFUSED = Missing("Bybit refused this location (HTTP 403).")

# Two of everything, none in order: the nearest stands last.
CROWD = (
    zone("C", "below", 3.4, share=0.21), zone("C", "above", 2.6, share=0.3), zone("B", "below", 1.5, share=0.09),
    zone("A", "above", 0.7, share=0.16),
)  # fmt: skip
SUPPORTS = (level("below", 0.55, 1, "swing low of 9 Jan"), level("below", 1.1, 3), level("below", 2.2, 2, "14-day low"))
RESISTANCES = (level("above", 0.1, 2), level("above", 0.75, 4, "14-day high"), level("above", 1.9, 1))
CHART = structure(supports=SUPPORTS, resistances=RESISTANCES)


def weighty(name: str, hours: float, weight: Any = "high", **changes: Any) -> Event:
    """Make an event of a weight."""
    return replace(event(name, hours), weight=weight, **changes)


def chart(**changes: Any) -> Context:
    """Change the chart of a symbol with two zones and three levels a side."""
    return context(zones=CROWD, structure=replace(CHART, **changes))


def held(**changes: Any) -> Context:
    """Change who holds what."""
    return context(zones=CROWD, structure=CHART, positioning=positioning(**changes))


def graded(**changes: Any) -> Context:
    """Change the quality of the map."""
    return context(zones=CROWD, structure=CHART, map_quality=quality(**changes))


def eventful(*events: Event, **changes: Any) -> Context:
    """Put events into the horizon."""
    return context(zones=CROWD, structure=CHART, events=events, **changes)


def of_flows(etf: float | Missing, *, etf_shifted: bool) -> FlowReading:
    """Make an unusual reading of spot money."""
    shock = FlowShock(what="spot share", z=-4.0, amount=0.31, session="2026-01-12", text="spot share 31 %, z −4.0")
    return replace(
        surprise(), etf_z=etf, etf_shifted=etf_shifted, shocks=(*surprise().shocks, shock)[not etf_shifted :]
    )


def moved(one: Zone, **changes: Any) -> Zone:
    """Change a zone."""
    return replace(one, **changes)


def book(bids: float, asks: float) -> Depth:
    """Make an order book."""
    return Depth(within=0.004, bid_quote=bids, ask_quote=asks, time_ms=0, venue="okx")


A, B = zone("A", "above", 1.2), zone("B", "below", 1.2)
BIG_C = zone("C", "above", 2.5, share=0.3)
GAP = 1.2 + 0.3  # where A ends, in usual days
UNKNOWN = (
    UnknownEvents(name="US CPI", weight="high", reason="no source"),
    UnknownEvents(name="FOMC minutes", weight="medium", reason="no source"),
    UnknownEvents(name="token unlock", weight="low", reason="no source"),
)
HOUR_UNKNOWN = weighty("ETF ruling", 1.0, time_known=False)

READINGS: Final[dict[str, Context]] = {
    "calm": context(zones=CROWD, structure=CHART),
    "no chart": context(zones=CROWD, structure=REFUSED),
    "no level": context(zones=CROWD),
    "levels above only": context(zones=CROWD, structure=structure(resistances=RESISTANCES)),
    "no zone above": context(zones=(CROWD[0], CROWD[2]), no_dense_zone=(nothing("above"),), structure=CHART),
    "no zone below": context(zones=(CROWD[1], CROWD[3]), no_dense_zone=(nothing("below"),), structure=CHART),
    "no zone": context(zones=(), no_dense_zone=(nothing("above"), nothing("below")), structure=CHART),
    "no zone, no level": context(zones=(), no_dense_zone=(nothing("above"), replace(nothing("below"),
        within_fraction=0.12))),
    "no map": context(zones=(), map_missing=REFUSED, structure=CHART),
    "no map and no reason": context(zones=()),
    "nothing known": context(zones=(), map_missing=REFUSED, structure=REFUSED, positioning=REFUSED,
                             map_quality=quality(grade="None", depth=REFUSED, venue_concentration=LATE, gap_risk=LATE)),
    "price inside A": context(zones=(zone("A", "above", -0.1), B, BIG_C), structure=CHART),
    "price inside A, level ahead": context(zones=(zone("A", "above", -0.1), B),
                                           structure=structure(resistances=(level("above", 0.15, 2),))),
    "price inside B": context(zones=(A, zone("B", "below", -0.1, width=0.9)), structure=CHART),
    "zones out of reach": context(zones=(zone("A", "above", 4.0), zone("B", "below", 4.5))),
    "A in reach, B not": context(zones=(zone("A", "above", 1.2), zone("B", "below", 4.5))),
    "alike": context(),
    "B nearer by less than it takes": context(zones=(A, zone("B", "below", 1.2 - DEFAULTS.lean_nearer_days + 0.01))),
    "B nearer by what it takes": context(zones=(zone("A", "above", 1.5), zone("B", "below",
        1.5 - DEFAULTS.lean_nearer_days))),
    "A larger by what it takes": context(zones=(zone("A", "above", 1.2, share=0.1 * DEFAULTS.lean_ratio), B)),
    "A larger by less": context(zones=(zone("A", "above", 1.2, share=0.0999 * DEFAULTS.lean_ratio), B)),
    "B larger and farther": context(zones=(zone("A", "above", 0.5), zone("B", "below", 2.0, share=0.4))),
    "B farther and as large as it takes": context(zones=(zone("A", "above", 0.5), zone("B", "below", 2.0,
        share=0.1 * DEFAULTS.lean_ratio))),
    "touch unknown": context(zones=(moved(A, touch_probability=None), moved(B, touch_probability=None)),
        horizon_hours=0.0),
    "two days": context(zones=CROWD, structure=CHART, horizon_hours=48.0),
    "a week": context(zones=CROWD, structure=CHART, horizon_hours=168.0),
    "all levels inside the noise": context(
        zones=(zone("A", "above", 0.05, width=0.05), zone("B", "below", 0.02, width=0.04)),
        structure=structure(supports=(level("below", 0.03), level("below", 0.1)), resistances=(level("above", 0.12),)),
    ),
    "a price as small as its day": replace(context(zones=(zone("A", "above", 0.2),)), price=PRICE,
                                           structure=structure(atr=1.7 * PRICE)),
    "second cluster close": context(zones=(A, B, zone("C", "above", GAP + DEFAULTS.cluster_near_atr, share=0.3))),
    "second cluster just not close": context(zones=(A, B, zone("C", "above", GAP + DEFAULTS.cluster_near_atr + 0.01,
        share=0.3))),
    "second cluster at the limit": context(zones=(A, B, zone("C", "above", GAP + DEFAULTS.cluster_far_atr, share=0.3))),
    "second cluster too far": context(zones=(A, B, zone("C", "above", GAP + DEFAULTS.cluster_far_atr + 0.01,
        share=0.3))),
    "a wide zone": context(zones=(zone("A", "above", 0.6, width=1.5), zone("B", "below", 0.6, width=0.2)),
        structure=CHART),
    "it pays little": context(zones=(A, B), structure=structure(resistances=(level("above", 1.35),), supports=())),
    "up": chart(trend="up", trend_strength=0.42, trend_change=0.081, trend_days=7.0),
    "down": chart(trend="down", trend_strength=-0.42, trend_change=-0.081, trend_days=7.0),
    "up, zone below only": context(zones=(B,), structure=structure(trend="up", trend_strength=0.3)),
    "momentum up": chart(momentum=DEFAULTS.evidence_momentum),
    "momentum weak": chart(momentum=DEFAULTS.evidence_momentum - 0.01),
    "momentum down": chart(momentum=-1.7),
    "exhausted up": chart(momentum=3.1, exhausted=True, exhaustion=0.44),
    "exhausted down": chart(momentum=-3.1, exhausted=True, exhaustion=0.44),
    "volume expands": chart(volume="expanding", volume_ratio=2.1),
    "volume contracts": chart(volume="contracting", volume_ratio=0.6),
    "spot confirms": chart(volume="expanding", volume_ratio=2.1, spot_volume=SpotVolume(volume="expanding", ratio=1.8,
        venue="okx")),
    "spot does not confirm": chart(volume="expanding", volume_ratio=2.1, spot_volume=SpotVolume(volume="steady",
        ratio=1.1, venue="okx")),
    "spot in a steady market": chart(spot_volume=SpotVolume(volume="contracting", ratio=0.5, venue="okx")),
    "takers buy": chart(taker=TakerFlow(share=0.58, percentile=0.97, bias="buyers")),
    "takers sell": chart(taker=TakerFlow(share=0.41, percentile=0.02, bias="sellers")),
    "takers balanced": chart(taker=TakerFlow(share=0.5, percentile=0.4, bias="balanced")),
    "compressed": chart(regime="compressed", atr_percentile=0.11),
    "expanding": chart(regime="expanding", atr_percentile=0.93),
    "swept above": chart(sweep=Sweep(level=94_105.0, where="above", time_ms=0, extreme=94_612.0)),
    "swept below": chart(sweep=Sweep(level=90_210.0, where="below", time_ms=0, extreme=89_804.0)),
    "stronger than BTC": chart(relative_strength=DEFAULTS.evidence_relative_strength),
    "weaker than BTC": chart(relative_strength=-0.061),
    "in line with BTC": chart(relative_strength=DEFAULTS.evidence_relative_strength - 0.001),
    "open interest rises": held(open_interest=open_interest(trend="rising", change_24h=0.052)),
    "open interest falls": held(open_interest=open_interest(trend="falling", change_24h=-0.052)),
    "open interest elevated": held(open_interest=open_interest(elevated=True, percentile=0.91)),
    "open interest elevated but falls": held(open_interest=open_interest(trend="falling", change_24h=-0.04,
        elevated=True, percentile=0.91)),
    "a flush": held(open_interest=open_interest(trend="falling", change_24h=-0.12, flush=True)),
    "open interest unknown": held(open_interest=LATE),
    "longs crowded": held(funding=funding(rate_8h=0.0006, extreme=True, percentile=0.97), crowded_side=Side.LONG,
                          crowded_because="longs pay, funding is +0.0600 %/8h, extreme."),
    "shorts crowded": held(funding=funding(rate_8h=-0.0004, bias="shorts pay", extreme=True, turned_extreme=True,
        percentile=0.03),
                           crowded_side=Side.SHORT, crowded_because="shorts pay"),
    "longs crowded, not extreme": held(crowded_side=Side.LONG,
        crowded_because="longs pay, and open interest is rising"),
    "funding neutral": held(funding=funding(rate_8h=0.0001, bias="neutral", percentile=0.5)),
    "funding neutral, high for its history": held(funding=funding(bias="neutral",
        percentile=1 - DEFAULTS.funding_extreme_tail)),
    "funding neutral, low for its history": held(funding=funding(bias="neutral",
        percentile=DEFAULTS.funding_extreme_tail - 0.01)),
    "funding unknown": held(funding=REFUSED),
    "positioning unknown": context(zones=CROWD, structure=CHART, positioning=REFUSED),
    "two of three": context(zones=CROWD, structure=replace(CHART, trend="up", trend_strength=0.4)),
    "aligned": context(zones=CROWD, structure=replace(CHART, trend="up", trend_strength=0.4),
                       positioning=positioning(crowded_side=Side.SHORT, crowded_because="shorts pay")),
    "conflict": context(zones=CROWD, structure=replace(CHART, trend="down", trend_strength=-0.4)),
    "medium quality": graded(grade="Medium"),
    "low quality": graded(grade="Low", reasons=("one venue.", "thin book")),
    "low quality without a reason": graded(grade="Low"),
    "no quality": graded(grade="None"),
    "depth unknown": graded(depth=REFUSED),
    "thin bids": graded(depth=book(20_000.0, 9e6)),
    "book as large as the order": graded(depth=book(DEFAULTS.slippage_order, 9e6)),
    "slippage wide": graded(depth=book(9e6, 190_000.0)),
    "slippage at the limit": graded(depth=book(9e6, 0.004 * DEFAULTS.slippage_order / 2 / DEFAULTS.slippage_wide)),
    "slippage tiny": graded(depth=book(1e9, 2e9)),
    "concentrated": graded(venue_concentration=DEFAULTS.caveat_concentration),
    "hardly concentrated": graded(venue_concentration=DEFAULTS.caveat_concentration - 0.01),
    "concentration unknown": graded(venue_concentration=LATE),
    "gaps": graded(gap_risk=DEFAULTS.evidence_gap_risk),
    "few gaps": graded(gap_risk=DEFAULTS.evidence_gap_risk - 0.001),
    "gaps unknown": graded(gap_risk=LATE),
    "an event": eventful(event()),
    "a medium and a high event": eventful(weighty("Token unlock", 2.0, "medium"), weighty("US CPI", 5.0)),
    "two events of one weight": eventful(weighty("US PPI", 9.0), weighty("US CPI", 5.0), event("GDP", 30.0,
        inside=False)),
    "an event of unknown hour": eventful(HOUR_UNKNOWN, weighty("US CPI", 5.0)),
    "an event under way": eventful(weighty("Outage", 0.0)),
    "a light event": eventful(weighty("Holiday", 3.0, "low"), weighty("Funding", 1.0, "low")),
    "three events": eventful(weighty("Holiday", 3.0, "low"), weighty("US CPI", 5.0), weighty("Unlock", 2.0, "medium")),
    "a cancelled event": eventful(weighty("US CPI", 5.0, status="cancelled")),
    "a later event": eventful(event("ETF ruling", 40.0, inside=False), event("GDP", 70.0, inside=False)),
    "an event on a map of low quality": eventful(event(), map_quality=quality(grade="Low", reasons=("thin",))),
    "an event without a map": context(zones=(), map_missing=REFUSED, events=(event(),)),
    "an event, no usual day": context(zones=(), structure=REFUSED, no_dense_zone=(nothing("above"), nothing("below")),
        events=(event(),)),
    "unknown dates": eventful(unknown_events=UNKNOWN),
    "unknown light dates": eventful(unknown_events=UNKNOWN[2:]),
    "an event and unknown dates": eventful(event(), unknown_events=UNKNOWN[:1]),
    "stale": context(zones=CROWD, structure=CHART, stale="the last bar closed 20 hours before as-of."),
    "money surprised upwards": context(zones=CROWD, structure=CHART, flows=surprise()),
    "money surprised downwards": context(zones=CROWD, structure=CHART, flows=of_flows(-18.0, etf_shifted=True)),
    "spot share alone shifted": context(zones=CROWD, structure=CHART, flows=of_flows(0.3, etf_shifted=False)),
    "flows without a score": context(zones=CROWD, structure=CHART, flows=of_flows(REFUSED, etf_shifted=True)),
    "money surprised, event": eventful(event(), flows=surprise()),
}  # fmt: skip
READINGS["calm, upside down"] = mirrored(READINGS["calm"])
READINGS["inside A, upside down"] = mirrored(READINGS["price inside A"])


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one reading: its texts, its numbers to six digits, and how often each short answer is given."""

    texts: frozenset[str]
    numbers: frozenset[float]
    answers: Counter[str]


def said(market: Context) -> Said:
    """Collect all that steps 4 and 5 say of a reading."""
    whole = everything(market)
    before = tuple(
        replace(plan, alert=plan.alert + step) for plan, step in zip(whole.plan.zones, (0.0, 200.0), strict=False)
    )
    since = alerts_since(whole.checklist, whole.plan.zones, before, decimals=0, least=150.0)
    found = list(leaves((whole, confidence_left(market), subject_suffix(market.events), since[-1:]), ""))
    texts = {value for _, value in found if isinstance(value, str) and " " in value}
    numbers = {float(f"{value:.6g}") for _, value in found if isinstance(value, float)}
    short = Counter(
        f"{name}: {value}" for name, value in found if not isinstance(value, float) and " " not in f"{value}"
    )
    return Said(frozenset(texts), frozenset(numbers), short)


def leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Give every value inside a value with the name of its field."""
    if is_dataclass(value):
        for field in fields(value):
            yield from leaves(getattr(value, field.name), field.name)
    elif isinstance(value, tuple):
        for part in value:
            yield from leaves(part, name)
    else:
        yield name, value


def new_in_each() -> dict[str, dict[str, Any]]:
    """Give of each reading the texts and numbers that none before it had, and how its answers differ from calm's."""
    texts: set[str] = set()
    numbers: set[float] = set()
    calm: Counter[str] = Counter()
    found: dict[str, dict[str, Any]] = {}
    for name, market in READINGS.items():
        now = said(market)
        answers = {what: now.answers[what] - calm[what] for what in sorted(now.answers | calm)}
        found[name] = {
            "texts": sorted(now.texts - texts),
            "numbers": sorted(now.numbers - numbers),
            "answers": {what: count for what, count in answers.items() if count},
        }
        texts |= now.texts
        numbers |= now.numbers
        calm = calm or now.answers
    return found


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Any]]:
    """Say everything once."""
    return new_in_each()


@pytest.fixture(scope="module")
def kept() -> dict[str, dict[str, Any]]:
    """Read the exact words."""
    words: dict[str, dict[str, Any]] = json.loads(KEPT.read_text(encoding="utf-8"))
    return words


@pytest.mark.parametrize("name", READINGS)
def test_every_reading_is_said_in_its_exact_words(
    name: str, found: dict[str, dict[str, Any]], kept: dict[str, dict[str, Any]]
) -> None:
    """Every text and number of reactions, plan, checklist, Read, caveats and headline is the one in the file."""
    assert found[name] == kept[name]


if __name__ == "__main__":
    KEPT.write_text(f"{json.dumps(new_in_each(), indent=1, ensure_ascii=False)}\n", encoding="utf-8")
