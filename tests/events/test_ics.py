"""ICS calendars: what they may hold, and what must never hang or hide."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.config.events import EventFile
from reportgen.errors import DataError
from reportgen.events.calendar import ScheduledEvent
from reportgen.events.ics import read_ics
from reportgen.events.sources import read_event_file
from reportgen.moments import moment_text
from reportgen.units import DAY_MS
from tests.events.servers import NOW_MS, ics

SPAN = (NOW_MS - DAY_MS, NOW_MS + 30 * DAY_MS)


def found(*entries: str, head: str = "") -> tuple[ScheduledEvent, ...]:
    """Read a calendar without problems."""
    read = read_ics(ics(*entries, head=head), "a.ics", SPAN)
    assert read.problems == ()
    return read.events


def problem(*entries: str, head: str = "") -> str:
    """Read a calendar with one problem and no event."""
    read = read_ics(ics(*entries, head=head), "a.ics", SPAN)
    assert read.events == ()
    assert read.left_out == read.entries
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
    events = read_ics(content, "a.ics", SPAN).events
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


def test_a_rule_that_never_comes_true_takes_no_other_entry_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 30th of February is looked for no longer than the time allowed and named; the entry beside it is listed."""
    monkeypatch.setattr("reportgen.events.ics.LONGEST_SECONDS", 2.0)
    endless = "SUMMARY:f\nDTSTART:19000101T000000Z\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
    read = read_ics(ics(endless, "SUMMARY:good\nDTSTART:20261201T133000Z"), "a.ics", SPAN)
    assert [event.name for event in read.events] == ["good"]
    assert "could not be followed in time" in read.problems[0]
    assert (read.entries, read.left_out) == (2, 1)


NEW_YORK = "DTSTART;TZID=America/New_York:20261106T083000\nRRULE:FREQ=WEEKLY"
EASTERN = """BEGIN:VTIMEZONE
TZID:{tzid}
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+1100
TZOFFSETTO:+1000
RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+1000
TZOFFSETTO:+1100
RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=10
END:DAYLIGHT
END:VTIMEZONE
"""


@pytest.mark.parametrize(
    ("entry", "listed", "said"),
    [
        ("DTSTART;TZID=America/New_York:20261125T133000Z", "25T13:30 ", "both Z and the zone"),
        ("DTSTART;VALUE=DATE:20261125\nDTEND:20261125T150000Z", "25T00:00day ", "its hour is not known"),
        ("DTSTART:20261125T133000Z\nDTEND;VALUE=DATE:20261126", "25T13:30 ", "its end is not known"),
        ("DTSTART;VALUE=DATE:20261125T133000Z", "25T00:00day ", "its hour is not known"),
        ("DTSTART:20261125T133000Z\nDTEND:20261124T133000Z", "25T13:30 ", "ends before it starts"),
        ("DTSTART:20261125T133000Z\nDURATION:-PT2H", "25T13:30 ", "ends before it starts"),
        ("DTSTART:20261125T133000Z\nDURATION:2 hours", "25T13:30 ", "DURATION `2 hours`"),
        ("DTSTART:20261125T133000Z\nDTEND:99991231T235959Z", "25T13:30 ", ""),
        ("DTSTART:20261125T133000Z\nSEQUENCE:x", "25T13:30 ", "SEQUENCE `x`"),
        ("DTSTART:20261125T133000Z\nSTATUS: Canceled ", "25T13:30cancelled ", ""),
        ("DTSTART:20261125T133000Z\nSTATUS:OFF", "25T13:30 ", "STATUS `OFF` that is not known"),
        ("DTSTART:20261125T133000Z\nDTSTART:20261126T133000Z", "25T13:30 ", "several DTSTARTs"),
        ("DTSTART:20261125T133000Z\nno property at all", "25T13:30 ", "a line that is no property"),
        ("DTSTART;TZID=Eastern Standard Time:20261125T083000", "25T13:30 ", ""),
        ("DTSTART;TZID=/mozilla.org/20050126_1/Europe/London:20261125T083000", "25T08:30 ", ""),
        ("DTSTART:20261125T133000Z\nRRULE:FREQ=WEEKLY;X-FOO=1", "25T13:30 ", "`X-FOO=1`"),
        ("DTSTART:20261125T133000Z\nRRULE:FREQ=WEEKLY;BYMONTH=13", "25T13:30 ", "`BYMONTH=13`"),
        ("DTSTART:20261125T133000Z\nRRULE:INTERVAL=2", "25T13:30 ", "without FREQ"),
        ("DTSTART:20261125T133000Z\nRDATE:foo,20261127T133000Z", "25T13:30 27T13:30 ", "RDATE `foo`"),
        (f"{NEW_YORK};UNTIL=20261127", "20T13:30 27T13:30 ", ""),
        (f"{NEW_YORK};UNTIL=20261127T083000", "20T13:30 27T13:30 ", ""),
        (f"{NEW_YORK};UNTIL=20261127T132959Z", "20T13:30 ", ""),
        (f"{NEW_YORK};COUNT=3;UNTIL=20261231", "20T13:30 ", "both COUNT and UNTIL"),
        (f"{NEW_YORK};COUNT=4\nEXDATE:", "20T13:30 27T13:30 ", ""),
        (f"{NEW_YORK};COUNT=4\nEXDATE:foo", "20T13:30 27T13:30 ", "EXDATE `foo`"),
        (f"{NEW_YORK};COUNT=4\nEXDATE;VALUE=DATE:20261127", "20T13:30 ", ""),
        (f"{NEW_YORK};COUNT=4\nEXDATE:20261127T133000Z", "20T13:30 ", ""),
        (f"{NEW_YORK};COUNT=4\nEXRULE:FREQ=WEEKLY;INTERVAL=3", "20T13:30 ", ""),
        (f"{NEW_YORK};COUNT=5;BYHOUR=8", "20T13:30 27T13:30 04T13:30 ", ""),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_said_and_no_hour_is_made_up(entry: str, listed: str, said: str) -> None:
    """Each entry is listed at the time that is sure, or for its day alone, and its fault is named with its title."""
    read = read_ics(ics(f"SUMMARY:it\n{entry}"), "a.ics", SPAN)
    told = (
        f"{moment_text(one.at_ms)[8:16]}{'' if one.time_known else 'day'}"
        f"{'' if one.status == 'confirmed' else one.status} "
        for one in sorted(read.events, key=lambda event: event.at_ms)
    )
    assert "".join(told) == listed
    assert [said in problem and "“it”" in problem for problem in read.problems] == ([True] if said else [])
    assert read.left_out == 0


WEEKLY = f"UID:x\nSUMMARY:w\n{NEW_YORK}"


@pytest.mark.parametrize(
    ("entries", "listed", "said"),
    [
        (("UID:x\nSUMMARY:a\nDTSTART:20261125T133000Z", "UID:x\nSUMMARY:b\nDTSTART:20261126T133000Z"), "a25 b26 ", ""),
        (("UID:\nSUMMARY:a\nDTSTART:20261125T133000Z", "UID:\nSUMMARY:b\nDTSTART:20261126T133000Z"), "a25 b26 ", ""),
        (("UID:x\nSEQUENCE:2\nSUMMARY:a\nDTSTART:20261125T133000Z", "UID:x\nSUMMARY:b\nDTSTART:20261126T133000Z"),
         "a25 ", "“b” is replaced"),
        ((WEEKLY, "UID:x\nSUMMARY:m\nRECURRENCE-ID;VALUE=DATE:20261127\nDTSTART:20261128T150000Z"),
         "w20 m28 w04 w11 w18 ", ""),
        ((WEEKLY, "UID:x\nSUMMARY:m\nRECURRENCE-ID:20261127T133000Z\nDTSTART:20261128T150000Z"),
         "w20 m28 w04 w11 w18 ", ""),
        ((WEEKLY, "UID:x\nSUMMARY:m\nRECURRENCE-ID:foo\nDTSTART:20261128T150000Z"),
         "w20 w27 m28 w04 w11 w18 ", "RECURRENCE-ID `foo`"),
        ((WEEKLY, "UID:x\nSUMMARY:m\nRECURRENCE-ID:20261126T133000Z\nDTSTART:20261128T150000Z"),
         "w20 w27 m28 w04 w11 w18 ", "does not have"),
        ((WEEKLY, "UID:x\nSTATUS:CANCELLED\nRECURRENCE-ID;TZID=America/New_York:20261127T083000"),
         "w20 w27cancelled w04 w11 w18 ", ""),
        (("UID:x\nSUMMARY:a\nDTSTART:20261125T133000Z", "UID:x\nSTATUS:CANCELLED"), "a25cancelled ", ""),
    ],
)  # fmt: skip
def test_entries_of_one_identity(entries: tuple[str, ...], listed: str, said: str) -> None:
    """Equal and empty UIDs lose no entry; a changed instance takes the place of its own; what fits none is named."""
    content = ics(*entries).replace(b"UID:0@test\r\n", b"").replace(b"UID:1@test\r\n", b"")
    read = read_ics(content, "a.ics", SPAN)
    told = (
        f"{one.name}{moment_text(one.at_ms)[8:10]}{'' if one.status == 'confirmed' else one.status} "
        for one in sorted(read.events, key=lambda event: event.at_ms)
    )
    assert "".join(told) == listed
    assert [said in problem for problem in read.problems] == ([True] if said else [])


@pytest.mark.parametrize("tzid", ["EST", "GMT", "America/New_York", "Their Own"])
def test_the_files_own_zone_counts_before_the_systems(tzid: str) -> None:
    """08:30 at +11:00 is 21:30 of the day before in UTC, whatever the zone is called; a name of two zones is said."""
    head = EASTERN.format(tzid=tzid).replace("\n", "\r\n")
    read = read_ics(ics(f"SUMMARY:it\nDTSTART;TZID={tzid}:20261125T083000", head=head), "a.ics", SPAN)
    assert [moment_text(one.at_ms) for one in read.events] == ["2026-11-24T21:30Z"]
    assert [("UTC+11:00" in one, "the file's own counts" in one) for one in read.problems] == (
        [] if tzid == "Their Own" else [(True, True)]
    )


def test_a_zone_without_rules_costs_its_own_entries_alone() -> None:
    """An empty VTIMEZONE is named with the entry that stands in it, and the next entry is listed."""
    entries = ("SUMMARY:a\nDTSTART;TZID=Broken:20261125T083000", "SUMMARY:b\nDTSTART:20261126T133000Z")
    head = "BEGIN:VTIMEZONE\r\nTZID:Broken\r\nEND:VTIMEZONE\r\n"
    read = read_ics(ics(*entries, head=head), "a.ics", SPAN)
    assert [one.name for one in read.events] == ["b"]
    assert "VTIMEZONE `Broken` has no rules" in read.problems[0]
    assert (read.entries, read.left_out) == (2, 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_a_title_survives_every_usual_encoding(encoding: str) -> None:
    """UTF-8 with and without a mark, both UTF-16s and Windows-1252 are read; the last is said to be a guess."""
    content = ics("SUMMARY:Réunion\nDTSTART:20261125T133000Z").decode().encode(encoding)
    read = read_ics(content, "a.ics", SPAN)
    assert [one.name for one in read.events] == ["Réunion"]
    assert len(read.problems) == (encoding == "cp1252")


def test_a_fold_within_a_character_is_undone_first() -> None:
    """A line that is folded between the two bytes of é is one line with one é."""
    content = ics("SUMMARY:caf@ rest\nDTSTART:20261125T133000Z").replace(
        b"@", "é".encode()[:1] + b"\r\n " + "é".encode()[1:]
    )
    assert [one.name for one in read_ics(content, "a.ics", SPAN).events] == ["café rest"]


def test_several_calendars_of_one_file_keep_their_own_zones() -> None:
    """Each VCALENDAR has its X-WR-TIMEZONE, also by its Windows name and twice."""
    first = ics("SUMMARY:a\nDTSTART:20261125T083000", head="X-WR-TIMEZONE:Eastern Standard Time\r\n" * 2)
    second = ics("SUMMARY:b\nDTSTART:20261125T083000", head="X-WR-TIMEZONE:Europe/London\r\n")
    read = read_ics(first + second.replace(b"UID:0", b"UID:1"), "a.ics", SPAN)
    assert [(one.name, moment_text(one.at_ms)[11:16]) for one in read.events] == [("a", "13:30"), ("b", "08:30")]
    assert read.problems == ()


@given(st.lists(st.sampled_from([
    "DTSTART:20261125T133000Z", "DTSTART:foo", "DTSTART;TZID=Mars/Base:20261125T133000", "DTSTART:20261125T133000",
    "X:y", "DTSTART;VALUE=DATE:20261126", "DTSTART:20261125T133000Z\nSTATUS:?", "DTSTART:20261125T133000Z\nDTEND:bar",
]), max_size=6))  # fmt: skip
def test_every_entry_becomes_an_event_or_a_named_problem(starts: list[str]) -> None:
    """Whatever stands in a file, entries in are events out and entries left out, and each of those is named."""
    read = read_ics(ics(*(f"SUMMARY:n{number}\n{start}" for number, start in enumerate(starts))), "a.ics", SPAN)
    assert read.entries == len(starts) == len(read.events) + read.left_out
    named = {number for number in range(len(starts)) if any(f"“n{number}” is left out" in one for one in read.problems)}
    assert len(named) == read.left_out


def test_a_file_of_the_operators_lists_the_rest_and_names_what_is_left_out(tmp_path: Path) -> None:
    """A bad entry of an ICS file no longer ends the command: it is counted and named with the file."""
    path = tmp_path / "a.ics"
    path.write_bytes(ics("SUMMARY:bad\nDTSTART:foo", "SUMMARY:good\nDTSTART:20261125T133000Z"))
    events, odd = read_event_file(EventFile(file=path), SPAN)
    assert [one.name for one in events] == ["good"]
    assert odd[0] == "a.ics: 1 of 2 entries could not be listed."
    assert "“bad”" in odd[1]


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
