"""ICS calendars: what they may hold, and what must never hang or hide."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportgen.config.events import EventFile
from reportgen.errors import DataError
from reportgen.events.calendar import ScheduledEvent
from reportgen.events.ics import parse_ics, read_ics
from reportgen.events.sources import read_event_file
from reportgen.moments import moment_text
from reportgen.units import DAY_MS
from tests.events.servers import NOW_MS, ics

SPAN = (NOW_MS - DAY_MS, NOW_MS + 30 * DAY_MS)


def found(*entries: str, head: str = "") -> tuple[ScheduledEvent, ...]:
    """Read a calendar without problems."""
    read = parse_ics(ics(*entries, head=head), "a.ics", SPAN, "other")
    assert read.problems == ()
    return read.events


def problem(*entries: str, head: str = "") -> str:
    """Read a calendar with one problem and no event."""
    read = parse_ics(ics(*entries, head=head), "a.ics", SPAN, "other")
    assert read.events == ()
    (one,) = read.problems
    return one


def test_times_of_every_sort_become_moments() -> None:
    """UTC, a named zone, the calendar's own zone and a whole day are read as what they mean."""
    events = found(
        "SUMMARY:utc\nDTSTART:20261201T133000Z",
        "SUMMARY:zone\nDTSTART;TZID=America/New_York:20261202T083000",
        "SUMMARY:calendar\nDTSTART:20261203T083000",
        "SUMMARY:day\nDTSTART;VALUE=DATE:20261204",
        head="X-WR-TIMEZONE:America/New_York\r\n",
    )
    assert {one.name: (moment_text(one.at_ms)[5:], one.time_known) for one in events} == {
        "utc": ("12-01T13:30Z", True),
        "zone": ("12-02T13:30Z", True),
        "calendar": ("12-03T13:30Z", True),
        "day": ("12-04T00:00Z", False),
    }


def test_recurrence_exceptions_and_cancelled_instances() -> None:
    """A weekly event skips its exception; an instance that was called off is kept as cancelled."""
    weekly = "SUMMARY:w\nDTSTART:20261123T100000Z\nRRULE:FREQ=WEEKLY;COUNT=4\nEXDATE:20261130T100000Z"
    off = "SUMMARY:w\nRECURRENCE-ID:20261207T100000Z\nDTSTART:20261207T100000Z\nSTATUS:CANCELLED"
    content = ics(weekly, off).replace(b"UID:1@test", b"UID:0@test")
    events = parse_ics(content, "a.ics", SPAN, "other").events
    assert {moment_text(one.at_ms)[5:10]: one.status for one in events} == {
        "11-23": "confirmed",
        "12-07": "cancelled",
        "12-14": "confirmed",
    }


def test_a_calendar_that_withdraws_its_events_cancels_them() -> None:
    """What a publisher sends to call events off is not read as news of events."""
    (one,) = found("SUMMARY:off\nDTSTART:20261201T133000Z", head="METHOD:CANCEL\r\n")
    assert one.status == "cancelled"


def test_a_category_gives_the_kind_and_with_it_the_weight() -> None:
    """CATEGORIES:macro makes a heavy event; an unknown one leaves the feed's own kind."""
    macro, other = found(
        "SUMMARY:a\nDTSTART:20261201T133000Z\nCATEGORIES:Economy,Macro", "SUMMARY:b\nDTSTART:20261202T133000Z"
    )
    assert (macro.kind, macro.weight) == ("macro", "high")
    assert other.kind == "other"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("SUMMARY:n\nDTSTART:20261203T101010", "has no time zone"),
        ("SUMMARY:m\nDTSTART;TZID=Mars/Base:20261203T101010", "`Mars/Base` is not a time zone"),
        ("SUMMARY:g\nDTSTART;TZID=Europe/Berlin:20260329T023000", "the clocks skip"),
        ("SUMMARY:e\nDTSTART:20261203T101010Z\nDTEND:20261202T101010Z", "ends before it starts"),
        ("SUMMARY:s\nDTSTART:garbage", "cannot be read"),
        ("SUMMARY:s\nDTEND:20261203T101010Z", "has no DTSTART"),
        ("SUMMARY:r\nDTSTART:19700101T000000Z\nRRULE:FREQ=SECONDLY", "recurs more than"),
        ("SUMMARY:r\nDTSTART:20261101T000000Z\nRRULE:FREQ=SECONDLY;COUNT=1000000", "recurs more than"),
        (f"SUMMARY:r\nDTSTART:20200101T000000Z\nRRULE:FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE={','.join(map(str, range(60)))}",
         "recurs more than"),
    ],
)  # fmt: skip
def test_an_entry_that_makes_no_sense_is_named_with_its_fault(entry: str, said: str) -> None:
    """Naive times, wrong zones, skipped hours, ends before starts and endless rules are each one clear sentence."""
    assert said in problem(entry)


def test_a_rule_that_never_comes_true_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 30th of February is looked for no longer than the time allowed, and the error says so."""
    monkeypatch.setattr("reportgen.events.ics.LONGEST_SECONDS", 0.4)
    endless = ics("SUMMARY:f\nDTSTART:19000101T000000Z\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")
    with pytest.raises(DataError, match="could not be read within"):
        read_ics(endless, "a.ics", SPAN)


def test_a_calendar_is_read_in_a_process_of_its_own() -> None:
    """The answer of the other process is what this one would have found."""
    content = ics("SUMMARY:a\nDTSTART:20261201T133000Z", "SUMMARY:b\nDTSTART:20261202T133000")
    assert read_ics(content, "a.ics", SPAN) == parse_ics(content, "a.ics", SPAN, "other")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xef\xbb\xbf<!DOCTYPE html><html>403 Forbidden</html>", "is a web page"),
        (b"just text", "is not an ICS calendar"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:x", "is not a readable ICS calendar"),
    ],
)
def test_what_is_no_calendar_is_said_to_be_none(content: bytes, said: str) -> None:
    """An error page, a text and a torn file each get their own sentence."""
    with pytest.raises(DataError, match=said):
        read_ics(content, "a.ics", SPAN)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """Fifty megabytes are turned away by their size alone."""
    path = tmp_path / "big.ics"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(DataError, match="larger than 10 MB"):
        read_event_file(EventFile(file=path), SPAN)


def test_a_hostile_title_becomes_safe_text() -> None:
    """Markup stays text and bidi controls go."""
    (one,) = found("SUMMARY:<script>alert(1)</script>\u202egnihtyna\nDTSTART:20261201T133000Z")
    assert one.name == "<script>alert(1)</script> gnihtyna"
