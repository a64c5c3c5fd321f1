"""Several sources of one event."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.events.calendar import LONGEST_NAME, ScheduledEvent, Status, clean_name, merge
from reportgen.units import DAY_MS, HOUR_MS

AT = 1_796_909_400_000
CPI = ScheduledEvent(name="US CPI", kind="macro", at_ms=AT, source="bls.gov", weight="high", retrieved="2026-08-13")


def test_two_sources_of_one_release_are_one_event_that_names_both() -> None:
    """Another title, a minute's difference: one event, both sources, the heavier weight."""
    other = replace(CPI, name="Consumer Price Index (Nov)", at_ms=AT + 60_000, source="my.ics", weight="medium")
    (one,), notes = merge([other, CPI])
    assert one.source == "bls.gov; my.ics"
    assert one.weight == "high"
    assert notes == ()


def test_a_source_that_knows_the_hour_completes_one_that_knows_the_day() -> None:
    """A date alone and a time on that date are one event at that time."""
    start = AT - AT % DAY_MS
    day = replace(CPI, at_ms=start, ends_ms=start + DAY_MS, time_known=False, source="list.csv")
    (one,), _ = merge([day, CPI])
    assert (one.at_ms, one.time_known, one.source) == (AT, True, "bls.gov; list.csv")


def test_sources_that_disagree_on_the_hour_are_both_kept_and_said() -> None:
    """The same release at 13:30 and at 15:30: both stay, as tentative, and a note names both sources."""
    found, notes = merge([CPI, replace(CPI, at_ms=AT + 2 * HOUR_MS, source="feed.test")])
    assert [event.status for event in found] == ["tentative", "tentative"]
    assert len(notes) == 1
    assert "bls.gov" in notes[0]
    assert "feed.test" in notes[0]


@pytest.mark.parametrize(
    ("read", "status"),
    [("2026-11-01", "cancelled"), ("2026-01-01", "confirmed"), ("2026-08-13", "cancelled"), ("", "cancelled")],
)
def test_the_source_read_later_decides_on_a_cancellation(read: str, status: Status) -> None:
    """A newer cancellation counts, an older one does not; read on the same day or on none that is known, it does."""
    (one,), _ = merge([CPI, replace(CPI, status="cancelled", source="feed", retrieved=read)])
    assert one.status == status


def test_a_press_conference_is_no_other_hour_of_the_decision() -> None:
    """Half an hour after the decision the questions begin: two events, neither in doubt."""
    decision = replace(CPI, name="FOMC decision")
    found, notes = merge(
        [decision, replace(CPI, name="FOMC Press Conference", at_ms=AT + HOUR_MS // 2, source="fed.ics")]
    )
    assert [event.status for event in found] == ["confirmed", "confirmed"]
    assert notes == ()


def test_events_of_different_coins_and_countries_stay_apart() -> None:
    """Unlocks of two coins at one moment are two events, and so are a US and a UK CPI."""
    unlocks = [replace(CPI, name="unlock", kind="unlock", symbols=(coin,)) for coin in ("ARB", "OP")]
    assert len(merge(unlocks)[0]) == 2
    assert len(merge([CPI, replace(CPI, name="UK CPI")])[0]) == 2


@given(st.lists(st.tuples(st.sampled_from(["US CPI", "FOMC", "x"]), st.integers(0, 6)), max_size=8))
def test_merging_again_changes_nothing_and_keeps_order(listed: list[tuple[str, int]]) -> None:
    """Merged events are in order, and each stands for itself."""
    events = [replace(CPI, name=name, at_ms=AT + days * DAY_MS, source=str(i)) for i, (name, days) in enumerate(listed)]
    once = merge(events)[0]
    assert merge(once)[0] == once
    assert [event.at_ms for event in once] == sorted(event.at_ms for event in once)
    assert {source for event in once for source in event.source.split("; ")} == {event.source for event in events}


@given(st.text(max_size=400))
def test_a_title_becomes_one_line_that_neither_hides_nor_turns(text: str) -> None:
    """No control, no zero-width character, no change of direction, no more than 120 characters."""
    name = clean_name(text)
    assert len(name) <= LONGEST_NAME
    assert name == " ".join(name.split())
    assert not set(name) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2069\u200b\u200f\x00\x1b\ufeff")


def test_markup_in_a_title_stays_text() -> None:
    """A script tag is not removed, as the page escapes it; a turn of direction is."""
    assert clean_name("<script>x</script>\u202eCPI") == "<script>x</script> CPI"


def test_thousands_of_events_are_merged_in_passing() -> None:
    """Twenty thousand listings of a few topics become as many events as there are days, each compared to few others."""
    days = 2_500
    events = [
        replace(CPI, name=name, at_ms=AT + day * DAY_MS, source=source)
        for day in range(days)
        for name in ("US CPI", "FOMC", "a", "b")
        for source in ("x", "y")
    ]
    found, notes = merge(events)
    assert len(found) == 4 * days
    assert {event.source for event in found} == {"x; y"}
    assert notes == ()
