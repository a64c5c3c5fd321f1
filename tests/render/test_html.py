"""The page: one file, escaped, honest about what is missing, and read by a real browser."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reportgen.brief.types import Brief
from reportgen.errors import RenderError
from reportgen.guide.plan import Stance
from reportgen.render.html import environment, render_html
from reportgen.render.overrides import OURS
from reportgen.render.page_helpers import eight
from reportgen.render.site import site_environment
from reportgen.units import Missing
from tests.briefs import HOSTILE, STATES, changed, event, many, morning

VOID = {"meta", "img", "source", "br", "link", "input"}
NEVER = ("will rise", "will fall", "price target", "magnet", "buy signal", "sell signal", "profit")


class Outline(HTMLParser):
    """Collects tags, headings and text, and checks that tags close in order."""

    def __init__(self, page: str) -> None:
        """Read a page."""
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that closes itself."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Check that the tag closes the last one opened."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep what is read, not the style."""
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        """What a reader reads, in one line."""
        return " ".join(" ".join(self.words).split())


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_well_formed_with_headings_in_order(state: str, html_of: Callable[[str], str]) -> None:
    """Tags close in order, one h1 opens the page, and no heading skips a level."""
    outline = Outline(html_of(state))
    assert outline.open == []
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False))


@pytest.mark.parametrize("state", STATES)
def test_the_page_asks_for_nothing(state: str, html_of: Callable[[str], str]) -> None:
    """Each address in the page is inside it; there is no script."""
    outline = Outline(html_of(state))
    asked = [a[k] for _, a in outline.tags for k in ("src", "srcset", "href") if k in a]
    assert asked
    assert all(str(one).startswith(("data:", "#")) for one in asked)
    assert all(one.startswith('url("data:') for one in re.findall(r'url\("?[^)]{5}', html_of(state)))
    assert "script" not in {tag for tag, _ in outline.tags}


@pytest.mark.parametrize("state", STATES)
def test_ids_are_unique_and_links_lead_somewhere(state: str, html_of: Callable[[str], str]) -> None:
    """No id stands twice, and each link inside the page has its id."""
    outline = Outline(html_of(state))
    ids = [a["id"] for _, a in outline.tags if "id" in a]
    assert len(ids) == len(set(ids))
    links = {str(a["href"])[1:] for tag, a in outline.tags if tag == "a"}
    labels = {str(a["aria-labelledby"]) for _, a in outline.tags if "aria-labelledby" in a}
    assert links | labels <= set(ids)


@pytest.mark.parametrize("state", STATES)
def test_tables_and_pictures_speak(state: str, html_of: Callable[[str], str], brief_of: Callable[[str], Brief]) -> None:
    """Each table has a name, each of its head cells a scope, each figure the finding as its label."""
    outline = Outline(html_of(state))
    tables = [a for tag, a in outline.tags if tag == "table"]
    assert tables
    assert all(a.get("aria-labelledby") or a.get("aria-label") for a in tables)
    assert all(a.get("scope") for tag, a in outline.tags if tag == "th")
    labels = [str(a.get("aria-label")) for tag, a in outline.tags if tag == "svg"]
    drawn = [s for s in brief_of(state).symbols if not isinstance(s.heatmap, Missing)]
    assert [labels.count(s.heatmap_alt) for s in drawn] == [2] * len(drawn)  # for a wide screen and for a phone
    assert all(labels)


def test_untrusted_text_is_escaped(html_of: Callable[[str], str]) -> None:
    """Markup in a symbol, an event or a reason is text on the page, and template code stays unread."""
    page = html_of("hostile")
    assert "<script" not in page
    assert html.escape(HOSTILE) in page.replace("&#34;", "&quot;")
    assert HOSTILE in Outline(page).text


@pytest.mark.parametrize("state", STATES)
def test_the_page_never_predicts_and_prints_no_provenance(state: str, html_of: Callable[[str], str]) -> None:
    """Words that promise are absent, and so is where the input came from."""
    text = Outline(html_of(state)).text.lower()
    assert not [word for word in NEVER if word in text]
    assert "secret" not in text
    assert "feedbeef" not in text


def test_a_simulated_market_is_said_on_top_and_in_each_section(html_of: Callable[[str], str]) -> None:
    """The banner stands first, each symbol repeats it, and a real market never says it."""
    assert Outline(html_of("simulated")).text.count("Simulated market") >= 1 + 4
    assert Outline(html_of("simulated")).text.lower().find("simulated market") < 60
    assert "Simulated" not in Outline(html_of("morning")).text


def test_missing_inputs_are_told_with_their_reason(
    html_of: Callable[[str], str], brief_of: Callable[[str], Brief]
) -> None:
    """Every entry of the missing list is on the page in full, and a missing reading says why in its place."""
    text = Outline(html_of("input_missing")).text
    assert all(item.reason in text for item in brief_of("input_missing").missing)
    assert "n/a: Bybit refused this location (HTTP 403)" in text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("no_dense_zone", "none within 8 %"),
        ("no_dense_zone", "No alert: no chart level is known above, and no dense zone within 8 %."),
        ("no_dense_zone", "No dense zone, so no outcome to weigh."),
        ("no_candles", "BTC has no usable price"),
        ("stale_data", "stale: 5 bars old"),
        ("stale_data", "no alert armed"),
        ("stale_data", "The data are too old: no share is given."),
        ("event_inside", "Next heavy event US CPI 19 Jan, 13:30 UTC in 6 h 30 min"),
        ("event_inside", "After 13:30 UTC: if BTC trades into A"),
        ("price_inside", "price inside"),
        ("horizon_unmeasured", "Base rates were measured for 24 h only"),
        ("morning", "Shares, not dollars: not calibrated."),
        ("morning", "map quality low"),
    ],
)
def test_awkward_states_are_said_in_words(state: str, said: str, html_of: Callable[[str], str]) -> None:
    """What is awkward stands on the page as words."""
    assert said in Outline(html_of(state)).text.replace("\u202f", " ")


def test_one_symbol_has_no_summary(html_of: Callable[[str], str]) -> None:
    """A single symbol needs no table to compare it in: its section starts at once."""
    assert 'class="sum"' not in html_of("one_symbol")
    assert 'class="contents"' not in html_of("one_symbol")
    assert 'class="sum"' in html_of("morning")


def test_a_long_watchlist_names_six_first_and_the_others_in_order() -> None:
    """Of 22 symbols six stand in full rows, the others in the watchlist's order; long names differ when cut."""
    brief = many()
    page = render_html(brief).decode()
    rows = re.findall(r'rowheader" class="s-name">(?:<span class="l1">)?<a href="#([^"]+)"', page)
    assert len(rows) == len(set(rows)) == 22
    others = [row.split("-")[0] for row in rows[6:]]
    assert others == [symbol.base for symbol in brief.symbols if symbol.base in others]
    assert "Look here first: 6 of 22" in page
    assert 'class="contents"' in page
    assert 'title="1000000MOG">100\u20260MOG</a>' in page
    assert len({eight(base) for base in ("1000000MOG", "1000000BOB", "1000000BABYDOGE")}) == 3


@pytest.mark.parametrize("state", ["morning", "hostile", "no_candles", "simulated", "one_symbol"])
def test_no_width_scrolls_sideways(
    state: str, html_of: Callable[[str], str], in_browser: Callable[[str], list[dict[str, object]]]
) -> None:
    """In a real browser nothing reaches beyond the window, and the page's own font is in use."""
    assert in_browser(html_of(state)) == [
        {"inner": width, "scroll": width, "wide": [], "font": True, "scripts": 0} for width in (390, 800, 1400)
    ]


def test_an_event_of_a_long_name_is_waited_for_within_the_window(
    in_browser: Callable[..., list[dict[str, object]]],
) -> None:
    """What to do may name an event: between phone and wide screen the words break instead of leaving the page."""
    long = event("Upgrade of a network with a long name", 8.5, inside=True)
    waiting = Stance(kind="wait for event", text="Wait for the event.")
    brief = replace(changed(morning(), stance=waiting), events=(long,))
    page = render_html(brief).decode()
    assert "Wait for Upgrade of a network with a long name" in page
    assert [each["scroll"] for each in in_browser(page, (690, 701, 1000, 1400))] == [690, 701, 1000, 1400]


def test_the_same_brief_gives_the_same_bytes(brief_of: Callable[[str], Brief], html_of: Callable[[str], str]) -> None:
    """Rendering twice gives the same page."""
    assert render_html(brief_of("morning")).decode() == html_of("morning")


def test_a_users_folder_replaces_single_templates(tmp_path: Path, brief_of: Callable[[str], Brief]) -> None:
    """A template of the user's own is taken, every other one stays the shipped one."""
    own = tmp_path / "sections"
    own.mkdir()
    (own / "method.html.j2").write_text("<p>Our own words for {{ brief.timeframe }}.</p>")
    text = Outline(render_html(brief_of("one_symbol"), templates=tmp_path).decode()).text
    assert "Our own words for 4h." in text
    assert "Seven inputs" in text


@pytest.mark.parametrize("broken", ["{{ brief.no_such_field }}", "{% if %}", "{{ 1 + 'a' }}"])
def test_a_broken_template_is_named_with_its_line(
    broken: str, tmp_path: Path, brief_of: Callable[[str], Brief]
) -> None:
    """The error says which file and which line to mend."""
    (tmp_path / "sections").mkdir()
    (tmp_path / "sections" / "method.html.j2").write_text(f"<p>\n{broken}</p>")
    with pytest.raises(RenderError, match=r"method\.html\.j2:2"):
        render_html(brief_of("one_symbol"), templates=tmp_path)


def test_a_folder_of_templates_must_exist(tmp_path: Path) -> None:
    """A folder that is not there is an error, not the shipped look."""
    with pytest.raises(RenderError, match="not a folder"):
        environment(tmp_path / "gone")


def test_the_wheel_and_the_checkout_find_the_same_templates() -> None:
    """Every template the page includes can be loaded by name."""
    for name in environment().list_templates(extensions=["j2"]):
        shipped = name.removeprefix(OURS)
        if shipped.startswith("site/"):
            site_environment().get_template(shipped)
        else:
            environment().get_template(name)


def test_templates_are_compiled_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second process loads what the first one compiled; where nothing can be kept, templates work all the same."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    environment.__wrapped__().get_template("css/tokens.css.j2")
    assert [path.stat().st_size > 0 for path in tmp_path.rglob("*.cache")] == [True]
    second = environment.__wrapped__()
    monkeypatch.setattr(second, "compile", None)
    assert "--paper: #FFFFFF;" in second.get_template("css/tokens.css.j2").render()
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert environment.__wrapped__().bytecode_cache is None
