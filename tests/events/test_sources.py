"""Events from any mix of sources: files end the command when they are wrong, feeds become notes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from reportgen.config.events import EventFeed, EventFile, EventSources, ListedEvent, StatusFeed, StatusVenue, UnlockFeed
from reportgen.errors import DataError
from reportgen.events.sources import MOST_EVENTS, gather_events, read_event_file
from reportgen.moments import moment_text, parse_moment
from reportgen.units import DAY_MS, HOUR_MS
from tests.events.servers import NOW_MS, ics, network, serving

SPAN = (NOW_MS - DAY_MS, NOW_MS + 30 * DAY_MS)
ONE = ics("SUMMARY:US CPI\nDTSTART:20261124T133000Z\nCATEGORIES:macro")
WELL: dict[StatusVenue, tuple[str, object, object]] = {
    "binance": ("/sapi/v1/system/status", {"status": 0, "msg": "normal"}, {"status": 1, "msg": "system_maintenance"}),
    "bybit": ("/v5/system/status", {"result": {"list": []}},
              {"result": {"list": [{"title": "Upgrade", "state": "scheduled", "begin": str(NOW_MS + HOUR_MS),
                                    "end": str(NOW_MS + 2 * HOUR_MS)}]}}),
    "okx": ("/api/v5/system/status", {"code": "0", "data": []},
            {"code": "0", "data": [{"title": "Upgrade", "state": "ongoing", "begin": str(NOW_MS), "end": ""}]}),
    "deribit": ("/api/v2/public/status", {"result": {"locked": "false"}}, {"result": {"locked": "partial"}}),
    "hyperliquid": ("/info", {"time": 1, "specialStatuses": None}, {"time": 1, "specialStatuses": "halted"}),
    "kucoin": ("/api/v1/status", {"data": {"status": "open", "msg": ""}}, {"data": {"status": "cancelonly"}}),
}  # fmt: skip


def write(path: Path, text: str) -> EventFile:
    """Write a calendar file."""
    path.write_text(text, encoding="utf-8")
    return EventFile(file=path)


def only(*feeds: EventFeed | UnlockFeed | StatusFeed) -> EventSources:
    """Name feeds and nothing else."""
    return EventSources(listed=feeds, calendars=())


def test_the_same_event_in_yaml_csv_and_ics_is_one(tmp_path: Path) -> None:
    """Three files of one release give one event that names all three."""
    files = (
        write(tmp_path / "a.yaml", "- {name: US CPI, at: '2026-11-24T08:30', zone: America/New_York, kind: macro}\n"),
        write(tmp_path / "b.csv", "name,at,kind\nUS CPI,2026-11-24T13:30Z,macro\n"),
    )
    (tmp_path / "c.ics").write_bytes(ONE)
    sources = EventSources(listed=(*files, EventFile(file=tmp_path / "c.ics")), calendars=())
    (one,) = gather_events(sources, NOW_MS, 24, network()).events
    assert moment_text(one.at_ms) == "2026-11-24T13:30Z"
    assert one.source == "a.yaml; b.csv; c.ics"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", "- {name: A, at: 2026-12-10T13:30}", "event 1: `2026-12-10T13:30` has no time zone"),
        ("a.yaml", "- {name: A, at: '2026-03-29T02:30', zone: Europe/Berlin}", "the clocks skip it"),
        ("a.yaml", "- {name: A, at: '2026-10-25T02:30', zone: Europe/Berlin}", "happens twice"),
        ("a.yaml", "- {name: A, at: '2026-10-25T02:30', zone: Mars/Base}", "`Mars/Base` is not a time zone"),
        ("a.yaml", "- {name: A, at: 2026-12-10T13:30Z, ends: 2026-12-09T13:30Z}", "does not lie after"),
        ("a.yaml", "- {name: A, at: 2026-12-10T13:30Z, kind: makro}", "Did you mean `macro`"),
        ("a.yaml", "- {nam: A, at: 2026-12-10T13:30Z}", "Did you mean `name`"),
        ("a.yaml", "- [", "this is not YAML"),
        ("a.yaml", "x: 1", "holds no list of events"),
        ("a.csv", "title,when\nA,2026-12-10\n", "names no `name` and `at`"),
        ("a.csv", "name,at\nA,soon\n", "line 2: `soon` is not a date"),
        ("a.txt", "x", "is not a calendar by its name"),
    ],
)
def test_a_mistake_in_a_file_is_said_with_its_place(tmp_path: Path, name: str, text: str, said: str) -> None:
    """Each mistake is one sentence that names file, entry and next step."""
    with pytest.raises(DataError) as caught:
        read_event_file(write(tmp_path / name, text), SPAN)
    assert name in str(caught.value)
    assert said in str(caught.value)


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    """Two wrong rows are two lines."""
    with pytest.raises(DataError) as caught:
        read_event_file(write(tmp_path / "a.csv", "name,at\nA,x\nB,2026-12-10\nC,y\n"), SPAN)
    assert len(str(caught.value).splitlines()) == 2


def test_a_feed_is_fetched_once_with_a_user_agent_and_its_day() -> None:
    """The feed is asked by name of the program, and the event says when it was read."""
    with serving() as server:
        server.body["/c.ics"] = ONE
        gathered = gather_events(only(EventFeed(url=f"{server.url}/c.ics")), NOW_MS, 24, network())
    assert [event.retrieved for event in gathered.events] == ["2026-11-20"]
    assert gathered.notes == ()
    ((_, headers, _),) = server.asked
    assert headers["User-Agent"].startswith("reportgen/")


def test_a_feed_that_is_down_is_served_from_its_copy_with_its_age(tmp_path: Path) -> None:
    """After an outage the event is still there, and the page is told how old the copy is."""
    with serving() as server:
        server.body["/secret-token/c.ics"] = ONE
        feed = only(EventFeed(url=f"{server.url}/secret-token/c.ics?key=hush"))
        fresh = gather_events(feed, NOW_MS, 24, network(tmp_path))
        server.status = 503
        later = gather_events(feed, NOW_MS, 24, network(tmp_path, NOW_MS + 5 * HOUR_MS))
    assert later.events == fresh.events
    (note,) = later.notes
    assert "HTTP 503" in note
    assert "the copy of 2026-11-20 " in note
    kept = "".join(path.read_text() for path in tmp_path.glob("*.json"))
    assert "secret" not in note + kept + fresh.events[0].source
    assert "hush" not in note + kept
    assert len(server.asked) == 1 + 2  # what can pass is asked again


def test_a_brief_made_again_days_later_tells_the_same(tmp_path: Path) -> None:
    """An answer of the same bytes keeps the day on which it was first read; another answer has its own."""
    with serving() as server:
        server.body["/c.ics"] = ONE
        feed = only(EventFeed(url=f"{server.url}/c.ics"))
        fresh = gather_events(feed, NOW_MS, 24, network(tmp_path))
        assert gather_events(feed, NOW_MS, 24, network(tmp_path, NOW_MS + 3 * DAY_MS)) == fresh
        server.status = 503
        down = [gather_events(feed, NOW_MS, 24, network(tmp_path, NOW_MS + days * DAY_MS)) for days in (4, 5)]
        assert down[0] == down[1]
        assert down[0].events == fresh.events
        server.status, server.body["/c.ics"] = 200, ONE.replace(b"133000", b"134500")
        (moved,) = gather_events(feed, NOW_MS, 24, network(tmp_path, NOW_MS + 6 * DAY_MS)).events
    assert moved.retrieved == "2026-11-26"


def test_copies_of_feeds_are_for_their_owner_alone(tmp_path: Path) -> None:
    """A private calendar's copy stands in a folder that nobody else can enter, also where one was open before."""
    for kept in (tmp_path / "new" / ".feeds", tmp_path / "old"):
        if kept.name == "old":
            kept.mkdir(mode=0o755)
        with serving() as server:
            server.body["/c.ics"] = ONE
            gather_events(only(EventFeed(url=f"{server.url}/c.ics")), NOW_MS, 24, network(kept))
        assert len(list(kept.iterdir())) == 2
        assert kept.stat().st_mode & 0o777 == 0o700


def test_a_spoilt_copy_is_no_copy(tmp_path: Path) -> None:
    """A copy whose bytes changed is not used."""
    with serving() as server:
        server.body["/c.ics"] = ONE
        feed = only(EventFeed(url=f"{server.url}/c.ics"))
        gather_events(feed, NOW_MS, 24, network(tmp_path))
        for path in tmp_path.iterdir():
            if path.suffix != ".json":
                path.write_bytes(b"other")
        server.status = 404
        gathered = gather_events(feed, NOW_MS, 24, network(tmp_path))
    assert gathered.events == ()
    assert "HTTP 404" in gathered.absent[0]


@pytest.mark.parametrize(
    ("path", "said"),
    [("/gone", "HTTP 404"), ("/page", "is a web page"), ("/huge", "larger than 10 MB"), ("/long", "larger than 10 MB")],
)
def test_what_is_wrong_with_a_feed_is_a_note_and_never_the_end(path: str, said: str) -> None:
    """A missing address, an error page, an announced and an unannounced 50 MB answer each leave a sentence."""
    with serving() as server:
        server.body |= {"/page": b"<html>403</html>", "/huge": b"", "/long": b"x" * 1_000_000}
        server.length = "50000000" if path == "/huge" else None
        server.chunks = 50 if path == "/long" else 1
        gathered = gather_events(only(EventFeed(url=f"{server.url}{path}")), NOW_MS, 24, network())
    assert gathered.events == ()
    assert said in gathered.absent[0]


def test_nobody_listening_is_a_note() -> None:
    """A refused connection is named as one."""
    with serving() as server:
        gone = server.url
    (note,) = gather_events(only(EventFeed(url=f"{gone}/c.ics")), NOW_MS, 24, network()).absent
    assert "no connection" in note


def test_a_feed_may_not_redirect_to_a_file() -> None:
    """A redirect that leaves the web is refused."""
    with serving() as server:
        server.body["/c.ics"], server.status, server.location = b"", 302, "file:///etc/hostname"
        gathered = gather_events(only(EventFeed(url=f"{server.url}/c.ics")), NOW_MS, 24, network())
    assert gathered.events == ()
    assert len(gathered.absent) == 1


def test_cliff_unlocks_of_a_token_are_events_of_its_coin() -> None:
    """Cliffs of one moment add up, with their groups; linear parts and those of other weeks are none."""
    at = NOW_MS // 1000 + 3600
    parts = [
        {"timestamp": at, "noOfTokens": [1_000_000], "category": "insiders", "unlockType": "cliff"},
        {"timestamp": str(at), "noOfTokens": [500_000], "category": "farming", "unlockType": "cliff"},
        {"timestamp": at, "noOfTokens": [5, 7], "category": "linear", "unlockType": "linear"},
        {"timestamp": at + 10**7, "noOfTokens": [9], "category": "insiders", "unlockType": "cliff"},
    ]
    with serving() as server:
        server.body["/emissions/arbitrum"] = json.dumps({"metadata": {"events": parts}, "gecko_id": "x"}).encode()
        feed = UnlockFeed(unlocks="arbitrum", symbol="ARB", url=server.url)
        (one,) = gather_events(only(feed), NOW_MS, 24, network()).events
        server.body["/emissions/arbitrum"] = b'{"message": "Upgrade to a paid plan"}'
        paid = gather_events(only(feed), NOW_MS, 24, network())
    assert one.name == "ARB unlock of 1.5\u202fm tokens (farming, insiders)"
    assert (one.at_ms, one.symbols, one.kind) == (at * 1000, ("ARB",), "unlock")
    assert "is not an unlock schedule" in paid.absent[0]


def test_every_venue_of_the_status_list_is_tried() -> None:
    """The table of this file covers every venue that can be asked."""
    assert set(WELL) == set(get_args(StatusVenue))


@pytest.mark.parametrize("venue", WELL)
def test_a_venue_that_is_well_gives_nothing_and_one_that_is_not_gives_an_event(venue: StatusVenue) -> None:
    """Health is silent; trouble is an event of that venue; an unknown answer is a note."""
    path, well, ill = WELL[venue]
    with serving() as server:
        feed = only(StatusFeed(exchange_status=venue, url=server.url))
        server.body[path] = json.dumps(well).encode()
        quiet = gather_events(feed, NOW_MS, 24, network())
        server.body[path] = json.dumps(ill).encode()
        told = gather_events(feed, NOW_MS, 24, network())
        server.body[path] = b'["what"]'
        strange = gather_events(feed, NOW_MS, 24, network())
    assert (quiet.events, quiet.notes) == ((), ())
    (one,) = told.events
    assert one.name.lower().startswith(venue)
    assert one.at_ms >= NOW_MS
    assert "is not a status" in strange.absent[0]


@pytest.mark.parametrize("end", ["999999999999999999", "-5", "4102444800000"])
def test_a_status_that_ends_at_no_possible_time_is_a_missing_input(end: str) -> None:
    """An end beyond 2100, or before time began, stops no brief: the feed is absent, with the reason."""
    window = {"title": "t", "state": "s", "begin": str(NOW_MS), "end": end}
    with serving() as server:
        server.body["/v5/system/status"] = json.dumps({"result": {"list": [window]}}).encode()
        told = gather_events(only(StatusFeed(exchange_status="bybit", url=server.url)), NOW_MS, 24, network())
    assert told.events == ()
    assert "is not a status" in told.absent[0]


def test_a_status_of_now_says_nothing_about_another_day() -> None:
    """For a brief of last week nobody is asked, and the page says why."""
    gathered = gather_events(only(StatusFeed(exchange_status="binance")), NOW_MS - 7 * DAY_MS, 24, network())
    assert "was not asked" in gathered.notes[0]


def test_a_brief_of_the_past_says_that_a_feed_was_read_with_hindsight() -> None:
    """A feed that is read a week after as-of is used, and the page says that it may know more than was known."""
    with serving() as server:
        server.body["/c.ics"] = ONE
        gathered = gather_events(only(EventFeed(url=f"{server.url}/c.ics")), NOW_MS - 7 * DAY_MS, 24, network())
    assert [event.name for event in gathered.events] == ["US CPI"]
    (note,) = gathered.notes
    assert "first read on 2026-11-20, after as-of" in note


def test_an_error_page_never_takes_the_place_of_a_good_copy(tmp_path: Path) -> None:
    """A server that answers 200 with a web page leaves the earlier copy as it was, and in use."""
    with serving() as server:
        server.body["/c.ics"] = ONE
        feed = only(EventFeed(url=f"{server.url}/c.ics"))
        gather_events(feed, NOW_MS, 24, network(tmp_path))
        server.body["/c.ics"] = b"<html>Sorry</html>"
        for hours in (1, 50):
            gathered = gather_events(feed, NOW_MS, 24, network(tmp_path, NOW_MS + hours * HOUR_MS))
            assert [event.name for event in gathered.events] == ["US CPI"]
            assert "is a web page" in gathered.notes[0]
            assert "the copy of 2026-11-20 " in gathered.notes[0]


def test_a_feed_can_be_thinned_to_the_titles_that_matter() -> None:
    """Of a statistics office's whole calendar only the titles asked for stay, with the weight asked for."""
    with serving() as server:
        server.body["/c.ics"] = ics(
            "SUMMARY:Consumer Price Index\nDTSTART:20261124T133000Z",
            "SUMMARY:Import Prices\nDTSTART:20261125T133000Z",
        )
        feed = EventFeed(url=f"{server.url}/c.ics", kind="macro", weight="medium", only=["consumer price"])
        (one,) = gather_events(only(feed), NOW_MS, 24, network()).events
    assert (one.name, one.kind, one.weight) == ("Consumer Price Index", "macro", "medium")


def test_a_date_of_the_operators_own_makes_a_series_known_again() -> None:
    """After the built-in dates US CPI is unknown until somebody lists the next one, near or far."""
    as_of = parse_moment("2027-01-05T07:00Z")
    bare = gather_events(EventSources(calendars=("us_cpi",)), as_of, 24, network())
    assert [one.name for one in bare.unknown] == ["US CPI"]
    listed = ListedEvent(name="Consumer Price Index", at="2027-01-13T13:30Z", kind="macro")
    told = gather_events(EventSources(listed=(listed,), calendars=("us_cpi",)), as_of, 24, network())
    assert told.unknown == ()
    past = ListedEvent(name="Consumer Price Index", at="2027-01-04T13:30Z", kind="macro")
    assert gather_events(EventSources(listed=(past,), calendars=("us_cpi",)), as_of, 24, network()).unknown


def test_what_an_absent_feed_lists_is_unknown() -> None:
    """A calendar that cannot be read leaves unknown what it lists, with the weight that it would have had."""
    with serving() as server:
        gone = server.url
    gathered = gather_events(only(EventFeed(url=f"{gone}/key/c.ics", kind="macro")), NOW_MS, 24, network())
    (one,) = gathered.unknown
    assert one.weight == "high"
    assert one.reason == gathered.absent[0]
    assert "key" not in one.name + one.reason


def test_as_many_events_as_are_stated_fit_into_a_file_beside_its_header(tmp_path: Path) -> None:
    """Twenty thousand rows are read; one more is refused."""
    rows = "".join(f"E{number},2026-11-20T12:00Z\n" for number in range(MOST_EVENTS))
    assert len(read_event_file(write(tmp_path / "a.csv", f"name,at\n{rows}"), SPAN)[0]) == MOST_EVENTS
    with pytest.raises(DataError, match="more than 20000 events"):
        read_event_file(write(tmp_path / "a.csv", f"name,at\n{rows}X,2026-11-20T12:00Z\n"), SPAN)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_a_csv_file_may_end_its_lines_in_any_way(tmp_path: Path, ends: str) -> None:
    """The line ends of Unix, Windows and old Macs are all read."""
    path = tmp_path / "a.csv"
    path.write_bytes(ends.join(["name,at", "A,2026-12-10", "B,2026-12-11", ""]).encode())
    assert [event.name for event in read_event_file(EventFile(file=path), SPAN)[0]] == ["A", "B"]


def test_a_header_without_end_is_one_sentence(tmp_path: Path) -> None:
    """A cell beyond what CSV allows is named with file and line."""
    with pytest.raises(DataError, match=r"a\.csv:1: this is not CSV"):
        read_event_file(write(tmp_path / "a.csv", "name," + "x" * 200_000), SPAN)


def test_webcal_is_https_and_a_wrong_address_is_never_repeated() -> None:
    """What calendar programs hand out is read as the https address that it is; another scheme is refused unprinted."""
    assert EventFeed(url="webcal://x.test/published/2/key").url == "https://x.test/published/2/key"
    with pytest.raises(ValidationError) as caught:
        EventFeed(url="ftp://me:hush@x.test/c.ics")
    assert "hush" not in caught.value.errors(include_input=False, include_url=False)[0]["msg"]
