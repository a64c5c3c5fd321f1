"""Outcomes split by events: what may be claimed, from zones whose fates are known beforehand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.guide.reactions import Outcome
from reportgen.track_record.result import EventSplit
from reportgen.track_record.zones import NO_EVENTS, Fate, Judged, ZoneAt, split_by_events
from reportgen.units import DAY_MS, HOUR_MS, Missing

START = 1_700_000_000_000 - 1_700_000_000_000 % DAY_MS
DAYS = 240
EVENTS = tuple(START + day * DAY_MS + 5 * HOUR_MS for day in range(0, DAYS, 4))
"""An event five hours into every fourth day."""


def rng() -> np.random.Generator:
    """Give the generator that every draw starts from."""
    return np.random.default_rng(7)


def judged(tap_near: float, tap_away: float, seed: int = 1) -> list[Judged]:
    """Judge two zones a day at one distance, tapped with these chances on event days and on others."""
    draw = np.random.default_rng(seed)
    made = []
    for day in range(DAYS):
        for where in ("above", "below"):
            tapped = draw.random() < (tap_near if day % 4 == 0 else tap_away)
            outcome: Outcome = ("reject" if draw.random() < 0.7 else "continue") if tapped else "ignore"
            low = 101.0 if where == "above" else 98.0
            zone = ZoneAt(
                where="above" if where == "above" else "below", low=low, high=low + 1, price=100, atr=1.3,
                decision_ms=START + day * DAY_MS,
            )  # fmt: skip
            made.append(Judged(touch_rate=1.108, zone=zone, fate=Fate(outcome=outcome)))
    return made


def split(zones: list[Judged], events: tuple[int, ...] = EVENTS) -> EventSplit:
    """Split what can be split."""
    found = split_by_events(zones, events, DEFAULTS, rng)
    assert isinstance(found, EventSplit)
    return found


def test_a_difference_that_is_there_is_found() -> None:
    """Zones tapped twice as often near events are said to behave differently, with an interval above zero."""
    found = split(judged(0.8, 0.4))
    assert found.verdict == "different near events"
    assert not isinstance(found.taps_beyond_distance, Missing)
    taps = found.taps_beyond_distance
    assert found.why == (
        f"Near minus away: taps beyond what distance says {taps.value:+.3f} [{taps.low:+.3f}, {taps.high:+.3f}]."
    )
    assert (found.zones_away, found.days_near, found.days_away, found.events) == (360, 60, 180, 60)
    assert (found.tapped_near, found.tapped_away) == pytest.approx((0.8, 0.4), abs=0.1)
    assert found.taps_beyond_distance.low > 0.2
    assert found.zones_near == DAYS // 4 * 2


def test_no_difference_is_seldom_claimed() -> None:
    """Where chances are alike, at most a few of twenty markets are called different, as two 90 % intervals allow."""
    told = [split(judged(0.45, 0.45, seed)) for seed in range(20)]
    level = [one for one in told if one.verdict == "not distinguishable"]
    assert len(level) >= 12
    number = r"[+-]0\.\d{3}"
    words = rf" {number} \[{number}, {number}\]"
    said = rf"Near minus away: taps beyond what distance says{words}; rejections of zones tapped{words}\."
    assert all(re.fullmatch(said, one.why) for one in level)


@pytest.mark.parametrize("events", [EVENTS[:4], (), (START - DAY_MS,)])
def test_too_few_days_near_events_allow_no_claim(events: tuple[int, ...]) -> None:
    """However large the difference, a handful of days is insufficient evidence, and the sentence counts them."""
    found = split(judged(1.0, 0.2), events)
    assert found.verdict == "insufficient evidence"
    near = len([one for one in events if one >= START])
    assert found.why == (
        f"{2 * near} zones on {near} days had an event in their horizon and {2 * (DAYS - near)} on {DAYS - near} days "
        f"had none; a claim needs {DEFAULTS.event_least_zones} zones on {DEFAULTS.event_least_days} days on both sides."
    )
    if not near:
        assert found.tapped_near == Missing("No zone stands on this side of the split.")
        assert found.taps_beyond_distance == Missing("Zones stand on one side of the split only.")


def test_an_event_at_either_end_of_the_horizon_counts() -> None:
    """The decision's own moment and the end of its day are inside; a millisecond later belongs to the next zone."""
    zones = judged(0.5, 0.5)[:2]
    for moment, near in ((START, 2), (START + DAY_MS, 2), (START + DAY_MS + 1, 0), (START - 1, 0)):
        assert split(zones, (moment,)).zones_near == near


def test_zones_that_could_not_be_scored_are_left_out() -> None:
    """Censored zones count on neither side; without any other there is no split."""
    zones = judged(0.5, 0.5)
    gone = [replace(one, fate=Fate(outcome="censored")) for one in zones[:10]]
    found = split([*gone, *zones[10:]])
    assert found.zones_near + found.zones_away == len(zones) - 10
    assert split_by_events(gone, EVENTS, DEFAULTS, rng) == Missing(
        "No dense zone stood at any decision with a whole horizon after it."
    )


def test_without_events_there_is_a_reason() -> None:
    """Nothing is split by events that nobody named."""
    assert split_by_events(judged(0.5, 0.5), NO_EVENTS, DEFAULTS, rng) == NO_EVENTS


def test_the_order_of_events_does_not_matter() -> None:
    """Events are a set of moments."""
    zones = judged(0.6, 0.4)
    shuffle: Callable[[tuple[int, ...]], tuple[int, ...]] = lambda events: events[::-1]  # noqa: E731 - one line
    assert split(zones) == split(zones, shuffle(EVENTS))
