"""The site around the briefs: every link leads somewhere, a new day costs the same however many there are."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin
from xml.etree import ElementTree as ET

import pytest

from reportgen.delivery.archive.commit import writing
from reportgen.delivery.archive.days import BriefFolder
from reportgen.delivery.archive.rows import brief_days
from reportgen.delivery.archive.site import every_page, site_of
from reportgen.delivery.archive.store import open_store
from reportgen.delivery.archive.upkeep import rebuild, verify
from reportgen.moments import day_of
from reportgen.render.site import Neighbours, day_page, symbol_folder
from tests.briefs import HOSTILE
from tests.cli.cli_process import REPOSITORY
from tests.delivery.archives import brief_of, keep, tree
from tests.render.browser import Browser

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an archive over a turn of year, with a day of two revisions and a gap."""
    folder = tmp_path_factory.mktemp("archive")
    for day in (-40, -20, -19, 0, 1, 2, 20):
        keep(folder, day, headline=f"Finding of day {day}.")
    keep(folder, 2, headline="Second thoughts.")
    return folder


class Links(HTMLParser):
    """Collect what a page points at."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take every address of a tag."""
        self.found += [value for name, value in attrs if name in {"href", "src", "srcset"} and value]


def pages(folder: Path) -> dict[str, str]:
    """List the pages of the site, without the briefs themselves."""
    found = {path: data for path, data in tree(folder).items() if path.endswith(".html") and "brief.html" not in path}
    return {path: data.decode() for path, data in found.items()}


def test_every_link_is_relative_and_leads_to_a_file(archive: Path) -> None:
    """From the start page to the last chart the site can be opened from a file, a bucket or any sub-path."""
    seen = set()
    for page, text in pages(archive).items():
        for link in Links(text).found:
            assert not re.match(r"[a-z]+:|/", link), (page, link)
            target = unquote(urljoin(f"http://site/{page}", link).removeprefix("http://site/")).partition("#")[0]
            if not target.endswith("brief.pdf") and not re.search(r"\.phone\.", f".{target}"):
                assert (archive / target).is_file() or ".png" in target, (page, link)
            seen.add(target)
    assert {path for path in pages(archive) if path != "index.html"} <= seen


def test_the_calendar_keeps_its_rows_on_a_phone(archive: Path) -> None:
    """The months' table shares no class with one that the briefs' stylesheets lay out line by line on a phone."""
    (name,) = set(
        re.findall(r'<table class="(\w+)">\s*<caption class="vh">Briefs of', (archive / "index.html").read_text())
    )
    others = (path for path in (REPOSITORY / "templates/css").iterdir() if path.name != "site.css")
    assert not [path.name for path in others if re.search(rf"\.{name}\b", path.read_text())]


def test_every_brief_can_be_reached_without_a_script(archive: Path) -> None:
    """The start page leads to each month, each month to each day, each day to its brief and its earlier revisions."""
    start = Links((archive / "index.html").read_text()).found
    for month in ("2025/12", "2026/01", "2026/02"):
        assert f"{month}/index.html" in start
    month_links = Links((archive / "2026/01/index.html").read_text()).found
    assert {f"../../2026/01/{day}/index.html" for day in ("19", "20", "21")} <= set(month_links)
    day = (archive / "2026/01/21/index.html").read_text()
    assert "r2/brief.html" in Links(day).found
    assert "../../../2026/01/21/brief.html" in Links(day).found
    assert "Second thoughts." in day


def test_days_lead_to_their_neighbours_across_months(archive: Path) -> None:
    """Before and after are the days that have a brief, whatever month they lie in."""
    text = (archive / "2026/01/19/index.html").read_text()
    assert re.findall(r'rel="(prev|next)" href="([^"]+)"', text) == [
        ("prev", "../../../2025/12/31/index.html"),
        ("next", "../../../2026/01/20/index.html"),
    ]


def test_the_feed_is_atom_with_stable_ids(archive: Path) -> None:
    """Each revision has an id that names its day and nothing of the place; times are those of the briefs."""
    feed = ET.fromstring((archive / "feed.xml").read_bytes())  # noqa: S314 - our own
    entries = feed.findall(f"{ATOM}entry")
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert ids[:3] == [
        f"tag:reportgen.invalid,2026:brief/{day}" for day in ("2026-02-08/r1", "2026-01-21/r2", "2026-01-21/r1")
    ]
    assert all(entry.findtext(f"{ATOM}updated") == "2026-02-08T07:00:00Z" for entry in entries[:1])
    for entry in entries:
        links = [link.get("href") or "" for link in entry.findall(f"{ATOM}link")]
        assert all((archive / link).is_file() for link in links)
    assert feed.findtext(f"{ATOM}updated") == "2026-02-08T07:00:00Z"


def test_the_feed_keeps_the_last_thirty(tmp_path: Path) -> None:
    """An id that once stood in the feed is the same later, and the feed does not grow."""
    store = open_store(tmp_path)
    places = {BriefFolder(day=day_of(brief_of(day)[0]), revision=1): brief_of(day)[1] for day in range(33)}
    days = brief_days(places, {place: ["brief.html"] for place in places})
    early, late = (
        re.findall(r"<id>(tag:[^<]+/r1)</id>", every_page(site_of(some, store))["feed.xml"].decode())
        for some in (days[:21], days)
    )
    assert (len(early), len(late)) == (21, 30)
    assert early[:18] == late[-18:]


def changed_by_a_day(folder: Path, day: int) -> int:
    """Count the files of the site that a new day writes."""
    before = tree(folder)
    keep(folder, day)
    after = tree(folder)
    own = {path for path in after if before.get(path) != after[path]}
    return len([path for path in own if not path.startswith(("20", "snapshots/"))])


def test_a_new_day_writes_as_many_files_in_a_long_archive_as_in_a_short_one(tmp_path: Path) -> None:
    """The work for a day does not grow with the archive."""
    few = tmp_path / "few"
    many = tmp_path / "many"
    for day in range(6, 10):
        keep(few, day)
    for day in range(-50, 10, 5):
        keep(many, day)
    assert changed_by_a_day(many, 10) == changed_by_a_day(few, 10)


def test_rebuilding_changes_nothing_and_mends_what_was_lost(archive: Path, tmp_path: Path) -> None:
    """`archive index` gives the bytes that the runs gave, from its records and from the briefs alike."""
    before = tree(archive)
    for reread in (False, True):
        with writing(archive) as store:
            done = rebuild(store, reread=reread)
        assert (done.changed, done.briefs) == (0, 8)
    for path in before:
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not path.startswith(("site/", "symbols/")) and path not in {"manifest.jsonl", "index.html", "feed.xml"}:
            target.write_bytes(before[path])
    with writing(tmp_path) as store:
        rebuild(store, reread=True)
    after = tree(tmp_path)
    assert {path: data for path, data in after.items() if path != "manifest.jsonl"} == {
        path: data for path, data in before.items() if path != "manifest.jsonl"
    }
    assert verify(open_store(tmp_path)).findings == ()


def test_nothing_a_brief_says_becomes_markup(tmp_path: Path) -> None:
    """A finding full of tags and braces is text on every page, in the feed and in the search."""
    keep(tmp_path, 0, headline=HOSTILE)
    keep(tmp_path, 1, headline="</script><script>alert(1)</script>")
    for page, text in pages(tmp_path).items():
        assert "<script>alert" not in text, page
    feed = ET.fromstring((tmp_path / "feed.xml").read_bytes())  # noqa: S314 - our own
    entries = feed.findall(f"{ATOM}entry")
    assert entries[1].findtext(f"{ATOM}title") == HOSTILE


def test_the_search_finds_days_from_a_file(archive: Path, browser: Browser) -> None:
    """Opened from disk in a browser, a linked search lists the days that match and says how many."""
    browser.load(f"file://{archive}/index.html#q=finding+eth")
    shown = browser.run("document.documentElement.outerHTML")
    found = re.search(r'<ol id="q-found">(.*?)</ol>', shown, re.DOTALL)
    assert found
    assert re.findall(r'href="(20[^"]+)"', found[1])[:2] == ["2026/02/08/index.html", "2026/01/20/index.html"]
    assert re.search(r'id="q-count"[^>]*>6 days<', shown)


def test_symbols_have_folders_of_their_own() -> None:
    """The common names are short, and no two symbols share one."""
    symbols = ["BTC/USDT:USDT", "BTC/USD:BTC", "BTC/USDC:USDC", "BTC/USDT", "BTC/USDT:USDC", "btc/usdt:usdt", "../x:x"]
    folders = [symbol_folder(symbol) for symbol in symbols]
    assert folders[:3] == ["BTC-USDT", "BTC-USD-BTC", "BTC-USDC"]
    assert len({folder.lower() for folder in folders}) == len(symbols)
    assert all(re.fullmatch(r"[A-Za-z0-9-]+", folder) for folder in folders)


def test_a_symbol_has_its_years_and_its_last_mornings(archive: Path) -> None:
    """The page lists every morning; a year's page holds whole months; a day without a price is n/a, not zero."""
    eth = (archive / "symbols/ETH-USDT/index.html").read_text()
    assert eth.count('<tr><th scope="row"') == 7
    assert "2025.html" in eth
    assert "2026.html" in eth
    assert (archive / "symbols/ETH-USDT/2026.html").read_text().count('<tr><th scope="row"') == 3
    assert eth.count('<svg class="mornings"') == 1  # bars are known of 18 January alone, which only a desk shows
    assert "of 0 zones reached within a day" in eth
    btc = (archive / "symbols/BTC-USDT/index.html").read_text()
    assert '<span class="na">n/a</span>' in btc
    assert 'mornings"' not in btc


def test_a_row_holds_the_last_day_of_bars_the_zones_and_what_was_judged() -> None:
    """A bar of 4 h counts that ends within the 24 h before as-of, none that ends there; a ladder keeps two digits."""
    level = {"symbol": "ETH/USDT:USDT", "label": "A", "side": "above", "low": 1.0, "high": 2.0, "touched_ms": None}
    record = {"judged_as_of_ms": 5, "settled": True, "levels": [level | {"touched_ms": 7, "state": "reject"}, level]}
    as_of, content = brief_of(0, track_record=record)
    brief = json.loads(content)
    eth = next(symbol for symbol in brief["symbols"] if symbol["base"] == "ETH")
    eth["ladder"] = [0.123, 2.0]
    eth["heatmap"]["candle_open_ms"][-2:] = [as_of - 100_800_000, as_of - 100_799_999]
    place = BriefFolder(day=day_of(as_of), revision=1)
    (day,) = brief_days({place: json.dumps(brief).encode()}, {place: ["brief.html"]})
    found = next(symbol for symbol in day.symbols if symbol.base == "ETH")
    assert (day.judged_ms, day.settled, [one.touched_ms for one in day.judged]) == (5, True, [7, None])
    assert min(bar.open_ms for bar in found.bars) == as_of - 100_799_999
    assert eth["heatmap"]["candle_high"][-1] in [bar.high for bar in found.bars]
    assert found.ladder == (0.12, 2.0)
    assert [(zone.label, zone.low) for zone in found.zones] == [("C", 3520.0), ("A", 3400.0)]
    nearest = found.nearest("above")
    assert nearest is not None
    assert nearest.label == "A"
    assert found.nearest("below") is None


def test_records_of_an_older_form_are_made_anew_from_the_briefs(tmp_path: Path) -> None:
    """The next brief in such an archive writes every month's records and pages again."""
    for day in (-20, 0):
        keep(tmp_path, day)
    state = json.loads((tmp_path / "site/state.json").read_text())
    (tmp_path / "site/state.json").write_text(json.dumps({key: state[key] for key in ("months", "symbols")}))
    for month in (tmp_path / "site/months").iterdir():
        month.write_text("[]")
    keep(tmp_path, 1)
    assert json.loads((tmp_path / "site/state.json").read_text())["form"] == 2
    assert [len(json.loads(month.read_text())) for month in sorted((tmp_path / "site/months").iterdir())] == [1, 2]
    assert verify(open_store(tmp_path)).findings == ()


def test_a_day_page_has_its_symbols_and_their_figures(archive: Path) -> None:
    """Price and zones of every symbol stand above the figures; a day without figures has ladders instead."""
    text = (archive / "2026/01/19/index.html").read_text()
    assert text.count('<th scope="row" class="c-sym">') == 2
    assert "c-lad" not in text
    place = BriefFolder(day="2026-01-19", revision=1)
    bare = day_page(brief_days({place: brief_of(0)[1]}, {place: ["brief.html"]}), Neighbours()).decode()
    assert bare.count('<td class="c-lad"><svg') == 2
    assert "<picture>" not in bare
    assert 'src="charts/ETH-USDT-USDT.wide.svg"' in text
    assert 'srcset="charts/ETH-USDT-USDT.phone.svg"' in text
    assert "dense shorts 1.8 usual days above" in text


def test_an_older_schema_and_fields_of_a_newer_one_are_read(tmp_path: Path) -> None:
    """The archive reads what it needs of a brief, and passes over what it does not know."""
    _, content = brief_of(0)
    brief = json.loads(content)
    for gone in ("missing", "events"):
        del brief[gone]
    for symbol in brief["symbols"]:
        for gone in ("flows", "coverage", "stance", "calibrated", "map_engine"):
            del symbol[gone]
        symbol["mood"] = "new in version 9"
    target = tmp_path / "2026" / "01" / "19" / "brief.json"
    target.parent.mkdir(parents=True)
    target.write_text(json.dumps(brief))
    with writing(tmp_path) as store:
        assert rebuild(store, reread=True).briefs == 1
    assert verify(open_store(tmp_path)).findings == ()
