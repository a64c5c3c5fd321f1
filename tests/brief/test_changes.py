"""What changed between two briefs: zones matched by overlap, readings by their thresholds, the largest first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reportgen.brief.changes import Reach, compare, reach_since
from reportgen.brief.types import Brief, Change, Changes
from reportgen.guide.positioning import Positioning
from reportgen.guide.structure import Structure
from reportgen.guide.zones import Zone
from reportgen.market.quality import Coverage
from reportgen.render.json import brief_from_json, brief_to_json
from reportgen.units import DAY_MS, HOUR_MS, Missing
from tests.brief_parts import AS_OF_MS
from tests.briefs import STATES, changed, morning
from tests.track_record.mornings import markets_after

BTC = "BTC/USDT:USDT"


def yesterday() -> Brief:
    """Take the morning for that of the day before."""
    return replace(morning(), as_of_ms=AS_OF_MS - DAY_MS, as_of="2026-01-18T07:00Z")


def between(before: Brief, now: Brief, reach: Reach | None = None) -> tuple[Change, ...]:
    """List what changed for BTC, without its price."""
    found = compare(before, now, {BTC: reach} if reach else None)
    return tuple(one for one in found.items if one.symbol == BTC and one.kind != "price")


def zone(label: str, side: str = "above") -> Zone:
    """Take one of the morning's zones of BTC."""
    return next(one for one in morning().symbols[0].zones if (one.label, one.side) == (label, side))


def with_zones(*zones: Zone) -> Brief:
    """Give BTC these zones."""
    return changed(morning(), zones=zones)


A, B, C = zone("A"), zone("B", "below"), zone("C")
STILL = Reach(low=92_000.0, high=93_000.0)


def test_nothing_changes_between_equal_briefs() -> None:
    """The same readings a day later give the price of each symbol, unmoved, and nothing else."""
    found = compare(yesterday(), morning())
    assert {one.kind for one in found.items} == {"price"}
    assert {one.weight for one in found.items} == {0.0}
    assert (found.hours, found.since, found.new_symbols, found.gone_symbols) == (24.0, "2026-01-18T07:00Z", (), ())


def test_a_new_zone_was_built_and_an_untouched_one_that_is_gone_has_faded() -> None:
    """Without overlap a zone is new, and one that price did not reach has faded; each with its edges."""
    far = replace(C, low=101_000.0, high=102_000.0)
    found = {one.kind: one for one in between(with_zones(A, B, C), with_zones(A, B, far), STILL)}
    assert set(found) == {"zone built", "zone faded"}
    assert found["zone built"].now == (far.low, far.high)
    assert found["zone faded"].was == (C.low, C.high)
    assert "15\u202f% of shorts" in found["zone faded"].text


@pytest.mark.parametrize(
    ("high", "words"),
    [(96_000.0, "entered: price reached 96\u202f000"), (96_255.0, "swept: price reached 96\u202f255")],
)
def test_a_zone_that_price_reached_was_swept_or_entered(high: float, words: str) -> None:
    """How far price went decides, whether the zone is still on the map or not."""
    reach = Reach(low=92_000.0, high=high)
    for now in (with_zones(B, C), with_zones(A, B, C)):
        (one,) = between(with_zones(A, B, C), now, reach)
        assert (one.kind, one.label, one.now) == ("zone swept", "A", (high,))
        assert words in one.text


def test_below_the_price_is_the_mirror() -> None:
    """A low inside zone B enters it, a low above it does not."""
    entered = between(with_zones(A, B), with_zones(A), Reach(low=89_200.0, high=92_543.0))
    assert [one.kind for one in entered] == ["zone swept"]
    faded = between(with_zones(A, B), with_zones(A), Reach(low=89_400.0, high=92_543.0))
    assert [one.kind for one in faded] == ["zone faded"]


def test_a_zone_keeps_its_identity_when_its_letter_changes() -> None:
    """C that is called A today was not built."""
    assert between(with_zones(B, C), with_zones(B, replace(C, label="A")), STILL) == ()


@pytest.mark.parametrize(("shift", "kinds"), [(0.14, []), (0.16, ["zone moved"])])
def test_a_zone_has_moved_from_a_threshold_in_atr_on(shift: float, kinds: list[str]) -> None:
    """0.15 of a day's typical range is where an edge counts as moved."""
    moved = replace(C, low=C.low + shift * 2_499, high=C.high + shift * 2_499)
    found = between(with_zones(A, B, C), with_zones(A, B, moved), STILL)
    assert [one.kind for one in found] == kinds
    assert all("away from the price" in one.text for one in found)


@pytest.mark.parametrize(
    ("factor", "kind", "word"), [(1.5, "zone built", "denser"), (0.6, "zone faded", "thinner"), (1.2, "", "")]
)
def test_a_zone_grows_denser_or_thinner(factor: float, kind: str, word: str) -> None:
    """A third more or less of its side is told, less is not."""
    found = between(with_zones(A, B), with_zones(A, replace(B, share=B.share * factor)), STILL)
    assert [one.kind for one in found] == ([kind] if kind else [])
    assert all(word in one.text for one in found)


def test_the_best_overlap_wins() -> None:
    """Of two zones that overlap one of yesterday's, the closer match is the same zone and the other is new."""
    near = replace(C, low=C.low + 50, high=C.high + 50)
    other = replace(C, label="A", low=C.low - 900, high=C.low + 60)
    found = between(with_zones(B, C), with_zones(B, near, other), STILL)
    assert [(one.kind, one.label) for one in found] == [("zone built", "A")]


def positioning(brief: Brief, **fields: object) -> Brief:
    """Replace parts of BTC's readings of open interest and funding."""
    held = brief.symbols[0].positioning
    assert isinstance(held, Positioning)
    assert not isinstance(held.open_interest, Missing)
    assert not isinstance(held.funding, Missing)
    interest: dict[str, Any] = {key: value for key, value in fields.items() if hasattr(held.open_interest, key)}
    rate: dict[str, Any] = {key: value for key, value in fields.items() if key not in interest}
    changed_interest, changed_rate = replace(held.open_interest, **interest), replace(held.funding, **rate)
    return changed(brief, positioning=replace(held, open_interest=changed_interest, funding=changed_rate))


def test_open_interest_is_told_from_two_percent_on_and_on_one_venue_only() -> None:
    """A change in coins has both numbers; another venue's coins are no change."""
    before = positioning(morning(), open_interest_base=100_000.0)
    (one,) = between(before, positioning(morning(), open_interest_base=103_000.0))
    assert (one.kind, one.was, one.now, one.unit) == ("open interest", (100_000.0,), (103_000.0,), "base coins")
    assert "+3.0\u202f%" in one.text
    assert between(before, positioning(morning(), open_interest_base=101_900.0)) == ()
    assert between(before, positioning(morning(), open_interest_base=150_000.0, venue="okx")) == ()


def test_funding_is_told_when_its_word_changes_or_it_moved_far() -> None:
    """From neutral to extreme outweighs a move of one band."""
    base = positioning(morning(), rate_8h=0.0001, bias="neutral", extreme=False)
    (word,) = between(base, positioning(morning(), rate_8h=0.00015, bias="longs pay", extreme=True))
    (move,) = between(base, positioning(morning(), rate_8h=0.0002, bias="neutral", extreme=False))
    assert word.kind == move.kind == "funding"
    assert "neutral \u2192 longs pay, extreme" in word.text
    assert word.weight > move.weight >= 1
    assert between(base, positioning(morning(), rate_8h=0.00015, bias="neutral", extreme=False)) == ()


def test_structure_quality_and_coverage_are_told_with_their_numbers() -> None:
    """Trend, regime, a broken level, the grade and the inputs each give one change with before and after."""
    first = morning().symbols[0]
    assert isinstance(first.structure, Structure)
    assert isinstance(first.coverage, Coverage)
    level = replace(first.structure.resistances[0], price=92_000.0)
    before = changed(
        morning(),
        structure=replace(
            first.structure,
            trend="up",
            trend_strength=0.4,
            regime="compressed",
            atr_percentile=0.1,
            resistances=(level,),
        ),
        map_quality=replace(first.map_quality, grade="Low"),
        coverage=replace(first.coverage, inputs_known=first.coverage.inputs_known - 2),
    )
    found = between(before, morning())
    assert sorted(one.kind for one in found) == ["coverage", "map quality", "structure", "structure", "structure"]
    assert all(one.was and one.now and one.was != one.now for one in found)
    assert any("price now above resistance 92\u202f000" in one.text for one in found)


def test_changes_are_ranked_and_symbols_that_came_and_went_are_named() -> None:
    """The largest change stands first, whichever symbol it is of."""
    before = replace(yesterday(), symbols=morning().symbols[:3])
    grown = positioning(morning(), open_interest_base=9e9)
    now = replace(grown, symbols=(grown.symbols[0], *grown.symbols[2:]))
    found = compare(before, now)
    assert [one.weight for one in found.items] == sorted((one.weight for one in found.items), reverse=True)
    assert found.items[0].kind == "open interest"
    assert (found.new_symbols, found.gone_symbols) == (("WIF",), ("ETH",))


@pytest.mark.parametrize("state", sorted(STATES))
def test_no_state_of_a_brief_breaks_the_comparison(state: str) -> None:
    """Whatever is awkward in either brief, there is an answer, and it survives brief.json."""
    odd = STATES[state]()
    for before, now in ((yesterday(), odd), (replace(odd, as_of_ms=AS_OF_MS - HOUR_MS), morning())):
        made = replace(now, changes=compare(before, now))
        assert isinstance(made.changes, Changes)
        assert brief_from_json(brief_to_json(made)) == made


def test_reach_counts_bars_that_opened_since() -> None:
    """Extremes come from the bars since the moment, and without any there is a reason."""
    market = markets_after(morning(), 24)[BTC]
    assert not isinstance(market.candles, Missing)
    bars = market.candles["binance"]
    after = bars.open_time_ms >= AS_OF_MS
    assert reach_since(market, AS_OF_MS) == Reach(low=bars.low[after].min(), high=bars.high[after].max())
    assert isinstance(reach_since(market, AS_OF_MS + 24 * HOUR_MS), Missing)
