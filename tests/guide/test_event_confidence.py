"""What events do to the read: confidence, countdowns, the order of several, and what light or cancelled ones leave."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.events.calendar import ScheduledEvent, Weight, passed, schedule
from reportgen.events.flows import FlowReading
from reportgen.guide.checklist import read_catalysts
from reportgen.guide.confluence import confidence_left, find_confluence
from reportgen.guide.context import Context
from reportgen.guide.plan.writing import write_plan
from reportgen.guide.reactions.evidence import gather_evidence
from reportgen.guide.summary import subject_suffix, write_summary
from reportgen.units import DAY_MS, HOUR_MS, Missing
from tests.guide.readings import context

AS_OF = 1_768_806_000_000
LEFT = {"high": DEFAULTS.event_confidence_high, "medium": DEFAULTS.event_confidence_medium, "low": 0.9}


def due(name: str, hours: float, weight: Weight = "high", **more: object) -> ScheduledEvent:
    """List an event some hours after as-of."""
    listed = ScheduledEvent(
        name=name, kind="macro", at_ms=AS_OF + round(hours * HOUR_MS), source="test", weight=weight
    )  # fmt: skip
    return replace(listed, **more)  # type: ignore[arg-type]


def market(*events: ScheduledEvent) -> Context:
    """Give a market with these events, 24 h ahead."""
    return context(events=schedule(events, AS_OF, 24))


@pytest.mark.parametrize("weight", ["high", "medium", "low"])
def test_an_event_leaves_what_its_weight_says(weight: Weight) -> None:
    """One event inside the horizon multiplies confidence by the constant of its weight, and is named."""
    left = confidence_left(market(due("US CPI", 6, weight)))
    assert left.left == LEFT[weight]
    assert "US CPI" in left.text


def test_no_event_beyond_the_horizon_and_none_cancelled_costs_anything() -> None:
    """What comes later, or not at all, leaves confidence, plan and subject as they are."""
    calm = market(due("FOMC", 30), due("US CPI", 6, status="cancelled"))
    assert confidence_left(calm).left == 1
    assert calm.leading_event is None
    assert write_plan(calm, find_confluence(calm)).stance.kind != "wait for event"
    assert subject_suffix(calm.events) == ""


def test_adding_an_event_never_raises_confidence_and_never_falls_through_the_floor() -> None:
    """Events multiply, down to the floor and no further."""
    left = [confidence_left(market(*(due(f"event {i}", 1 + i) for i in range(count)))).left for count in range(7)]
    assert left == sorted(left, reverse=True)
    assert left[2] == LEFT["high"] ** 2
    assert left[-1] == DEFAULTS.event_confidence_floor


def test_a_light_event_is_listed_and_moves_nothing() -> None:
    """A weekly expiry within the hour is on the checklist; the plan stays what it was."""
    light = market(due("Weekly expiry", 1, "low"))
    assert read_catalysts(light).reading == "1 inside 24\u202fh, low weight"
    assert read_catalysts(light).verdict == "neutral"
    assert not any(zone.post_event for zone in write_plan(light, find_confluence(light)).zones)


def test_every_zone_waits_for_the_event_with_its_countdown() -> None:
    """Each zone's plan is a post-event map and carries the countdown."""
    plan = write_plan(market(due("US CPI", 6)), find_confluence(market(due("US CPI", 6))))
    assert plan.zones
    for zone in plan.zones:
        assert zone.post_event
        assert zone.countdown == "US CPI in 6\u202fh"
        assert zone.entry[0].kind == "event_passed"


def test_of_two_events_both_are_waited_for_and_the_heavier_leads() -> None:
    """A release in six hours leads over maintenance in one; stance and Read name both."""
    two = market(due("Maintenance", 1, "medium"), due("US CPI", 6))
    assert subject_suffix(two.events) == " · US CPI in 6\u202fh and 1 more"
    stance = write_plan(two, find_confluence(two)).stance
    assert stance.kind == "wait for event"
    assert stance.text.index("US CPI") < stance.text.index("Maintenance")
    read = write_summary(two, find_confluence(two))[0]
    assert "US CPI is due" in read
    assert "Maintenance is due" in read


def test_an_event_of_unknown_hour_overrides_all_day_and_says_so() -> None:
    """A date alone counts from the start of its day to the end, and no countdown pretends to an hour."""
    start = AS_OF - AS_OF % DAY_MS
    day = due("Court date", 0, at_ms=start, ends_ms=start + DAY_MS, time_known=False)
    for as_of in (start - 6 * HOUR_MS, AS_OF, start + DAY_MS - 1):
        (event,) = schedule([day], as_of, 24)
        assert event.overrides
        assert event.hours_away >= 0
    assert schedule([day], start + DAY_MS, 24) == ()
    assert "hour not known" in subject_suffix(schedule([day], AS_OF, 24))


def test_what_is_under_way_still_overrides() -> None:
    """Maintenance that began an hour ago and ends in one is inside the horizon, and not due any more."""
    on = due("Maintenance", -1, ends_ms=AS_OF + HOUR_MS)
    (event,) = schedule([on], AS_OF, 24)
    assert event.overrides
    assert event.hours_away == 0
    assert write_summary(market(on), find_confluence(market(on)))[0].startswith("Maintenance is under way")


def test_only_the_horizon_behind_is_looked_back_on_and_only_at_what_mattered() -> None:
    """Light, cancelled and older events are not asked what they consumed; the latest comes first."""
    events = [due("old", -30), due("first", -20), due("last", -2), due("light", -1, "low"),
              due("off", -3, status="cancelled"), due("ahead", 2)]  # fmt: skip
    assert [event.name for event in passed(events, AS_OF, 24)] == ["last", "first"]


def test_a_weekend_is_marked() -> None:
    """A Saturday's event falls into the weekend of US funds; the same hour on a Wednesday does not."""
    saturday = 1_768_647_600_000  # 17 January 2026, 11:00 UTC
    marked = [
        schedule([due("x", 0, at_ms=saturday + days * DAY_MS)], saturday, 24 * 8)[0].in_weekend for days in (0, 4)
    ]
    assert marked == [True, False]


@pytest.mark.parametrize("name", ["x" * 400, "a\nb\tc", "Κόσμος " * 30])
def test_the_subject_suffix_is_one_short_line(name: str) -> None:
    """Whatever the title, at most 80 characters on one line, with the countdown at the end."""
    suffix = subject_suffix(schedule([due(name, 6)], AS_OF, 24))
    assert len(suffix) <= 80
    assert suffix.splitlines() == [suffix]
    assert suffix.endswith("in 6\u202fh")


def test_an_event_of_another_coin_does_not_concern_this_one() -> None:
    """An unlock of ARB is an event for ARB alone."""
    (event,) = schedule([due("unlock", 3, symbols=("ARB",))], AS_OF, 24)
    assert event.concerns("ARB")
    assert not event.concerns("BTC")


def shocked(z: float) -> FlowReading:
    """Write a surprise in ETF flows."""
    return FlowReading(
        etf_date="2026-01-18", etf_net_quote=z * 1e9, etf_z=z, etf_sessions=20, spot_share=Missing("none"),
        spot_z=Missing("none"), shifted=True, reading="A surprise.", etf_shifted=True,
    )  # fmt: skip


@pytest.mark.parametrize("z", [2.4, -2.4])
def test_a_flow_surprise_argues_for_one_side_and_against_the_other(z: float) -> None:
    """Inflows support a move on above and argue against one below; outflows the reverse."""
    shifted = replace(market(), flows=shocked(z))
    for zone in shifted.zones:
        (one,) = (line for line in gather_evidence(zone, shifted) if line.feature == "ETF flows")
        assert one.supports == ((z > 0) == (zone.side == "above"))
        assert one.outcome == "continue"
