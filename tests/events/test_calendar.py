"""Events against the horizon."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from reportgen.events.calendar import ScheduledEvent, schedule
from reportgen.units import DAY_MS, HOUR_MS

AS_OF = 1_768_806_000_000


def listed(name: str, hours: float) -> ScheduledEvent:
    """List an event some hours after as-of."""
    return ScheduledEvent(name=name, kind="macro", at_ms=AS_OF + round(hours * HOUR_MS), source="config.yaml")


def test_soonest_comes_first_and_the_past_is_dropped() -> None:
    """What has happened can no longer override the map; what is next stands first."""
    found = schedule([listed("late", 30), listed("past", -1), listed("soon", 2)], AS_OF, 24)
    assert [event.name for event in found] == ["soon", "late"]
    assert [event.hours_away for event in found] == [2, 30]


def test_both_ends_of_the_horizon_are_inside() -> None:
    """An event at as-of and one at the very end count; a millisecond later does not."""
    end = ScheduledEvent(name="after", kind="macro", at_ms=AS_OF + DAY_MS + 1, source="config.yaml")
    found = schedule([listed("now", 0), listed("end", 24), end], AS_OF, 24)
    assert [event.inside_horizon for event in found] == [True, True, False]


def test_events_at_the_same_moment_keep_their_order() -> None:
    """Two events at one time stand as the operator listed them."""
    names = ["b", "a", "c"]
    assert [event.name for event in schedule([listed(name, 5) for name in names], AS_OF, 24)] == names


@example(hours=[0.579], horizon=0.579)
@given(st.lists(st.floats(-100, 100), max_size=8), st.floats(0, 72))
def test_hours_and_horizon_agree(hours: list[float], horizon: float) -> None:
    """Every event kept is ahead, in order, and inside exactly when its hours are within the horizon."""
    found = schedule([listed(str(i), one) for i, one in enumerate(hours)], AS_OF, horizon)
    assert [event.hours_away for event in found] == sorted(event.hours_away for event in found)
    assert all(event.hours_away >= 0 for event in found)
    assert all(event.inside_horizon == (event.at_ms <= AS_OF + round(horizon * HOUR_MS)) for event in found)
