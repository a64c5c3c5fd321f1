"""The mail of a brief: the same numbers as the page, always small enough, personal, and fit for a phone."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from reportgen import notation
from reportgen.brief.types import Brief
from reportgen.errors import RenderError
from reportgen.moments import parse_moment
from reportgen.render.card import card_of
from reportgen.render.first_screen import FULL_ROWS
from reportgen.render.json import brief_from_json, brief_to_json
from reportgen.render.mail import (
    MOST_BYTES,
    TEXT_COLUMNS,
    WAY_OUT,
    MailPage,
    Reader,
    chosen,
    draw_pictures,
    local_time,
    plain,
    render_mail,
)
from reportgen.render.page_helpers import eight
from reportgen.units import Missing
from tests import briefs

PAGE: Final = "https://briefs.example.com/2026/01/19/brief.html"
EVERY_STATE: Final = pytest.mark.parametrize("state", list(briefs.STATES))
GMAIL_BYTES: Final = 100_000
NUMBER: Final = re.compile(r"\d+(?:[\u202f.]\d+)*")


class Words(HTMLParser):
    """Collects the text that a reader sees, and the attributes that matter."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.text: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep pictures and links."""
        given = dict(attrs)
        self._hidden += tag in ("style", "title", "script")
        if tag == "img":
            self.images.append(given)
        if tag == "a":
            self.links.append(given["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        """Leave what is not shown."""
        self._hidden -= tag in ("style", "title", "script")

    def handle_data(self, data: str) -> None:
        """Keep what is shown."""
        if not self._hidden:
            self.text.append(data)


def read(page: str) -> Words:
    """Read a page as its reader does."""
    words = Words()
    words.feed(page)
    return words


def seen(page: str) -> str:
    """Give a page's text with single spaces."""
    return " ".join("".join(read(page).text).split(" "))


def mail(brief: Brief, **reader: object) -> MailPage:
    """Write the mail of a brief that was read back from its JSON, as `send` does."""
    kept = brief_from_json(brief_to_json(brief))
    return render_mail(kept, Reader(**reader), page=PAGE)  # type: ignore[arg-type]


@cache
def morning_of(state: str) -> tuple[Brief, MailPage]:
    """Make the brief of a state and its mail, once a run."""
    brief = briefs.STATES[state]()
    return brief, mail(brief)


def figures(brief: Brief) -> list[str]:
    """List what must be readable: each symbol's price, nearest zones and alerts; of the headline's, its whole card."""
    found = []
    for symbol in brief.symbols:
        if isinstance(symbol.price, Missing):
            continue
        card = card_of(brief, symbol)
        found += [card.price, card.moved, *(one.level for one in card.armed)]
        for cell in (card.below, card.above):
            found += [cell.distance, cell.days, cell.reach, cell.nothing]
    first = chosen(brief, brief.headline)
    if first is not None:
        found += [part for row in card_of(brief, first).rows for part in (row.level, row.text)]
    return [one for one in found if one]


@EVERY_STATE
def test_both_parts_say_the_numbers_of_the_brief(state: str) -> None:
    """Prices, zones, alerts and the card of brief.json stand in the HTML and in the plain text alike."""
    brief, page = morning_of(state)
    assert page.html is not None
    for text in (seen(page.html).replace("\xa0", ""), page.text):
        told = plain(text).replace(" ", "").replace("\n", "")
        assert [one for one in figures(brief) if plain(one).replace(" ", "") not in told] == []


@EVERY_STATE
def test_the_mail_has_no_number_of_its_own(state: str, html_of: Callable[[str], str]) -> None:
    """Every number in the mail stands on the web page of the same brief too."""
    _, page = morning_of(state)
    assert page.html is not None
    known = set(NUMBER.findall(seen(html_of(state))))
    assert set(NUMBER.findall(seen(page.html))) - known == set()


@EVERY_STATE
def test_a_mail_is_read_in_two_minutes(state: str) -> None:
    """At most 400 words that a reader sees, of the few symbols of every state."""
    brief, page = morning_of(state)
    assert page.html is not None
    words = [
        word
        for word in seen(page.html.partition("<h1")[2]).replace(notation.THIN, "").split()
        if word.isalnum() or len(word) > 1
    ]
    assert len(brief.symbols) > FULL_ROWS or len(words) <= 400


@EVERY_STATE
def test_the_mail_is_well_made(state: str) -> None:
    """Small enough, a preheader, colours for both schemes, and the way out at top and bottom."""
    brief, page = morning_of(state)
    assert page.html is not None
    words, alts = read(page.html), [s.heatmap_alt.replace("<", "‹") for s in brief.symbols]
    assert len(page.html.encode()) < GMAIL_BYTES
    assert words.links.count(WAY_OUT) == 2
    assert page.html.index(WAY_OUT) < page.html.index("<h1") < page.html.rindex(WAY_OUT)
    assert '<meta name="color-scheme" content="light dark">' in page.html
    assert "prefers-color-scheme:dark" in page.html
    assert html.escape(brief.headline, quote=False) in page.html.partition("<h1")[0]
    assert [image["src"] for image in words.images] == [f"cid:{one.cid}" for one in page.pictures]
    assert all("ladder: " in (image["alt"] or "") or (image["alt"] or "none") in alts for image in words.images)
    assert sum(one.kind == "map" for one in page.pictures) <= 1
    assert "data:" not in page.html
    assert "<script" not in page.html


@EVERY_STATE
def test_plain_text_fits_a_terminal(state: str) -> None:
    """No line is over 78 columns but one that is a link, and typewriter spaces and minus signs are enough."""
    text = morning_of(state)[1].text
    assert [line for line in text.splitlines() if len(line) > TEXT_COLUMNS and "://" not in line] == []
    assert not set(text) & {notation.THIN, notation.MINUS}
    assert f"Unsubscribe: {WAY_OUT}" in text


def test_a_simulated_market_is_called_one_everywhere() -> None:
    """Subject, HTML, preheader and plain text say it first."""
    page = mail(briefs.simulated())
    assert page.subject.startswith("Simulated market: ")
    assert page.html is not None
    assert "Simulated market." in page.html.partition("<h1")[0]
    assert "SIMULATED MARKET" in page.text.partition("Symbol")[0]
    assert "imulated" not in mail(briefs.morning()).subject


def test_stale_data_are_no_news_for_any_reader() -> None:
    """STALE stands in subject, preheader and headline, for who reads all of it and for who reads one symbol."""
    late = "Its last bar closed 30 h before as-of."
    stale = replace(briefs.morning(), stale=late, headline=f"STALE. {late} {briefs.morning().headline}")
    for page in (mail(stale), mail(stale, symbols=("SOL/USDT:USDT",), only=True)):
        assert page.subject.startswith("STALE: Morning brief 19 Jan 2026")
        assert f"STALE. {late}" in " ".join(page.text.split())
        assert seen(page.html or "").count("STALE.") >= 1
    one = replace(briefs.morning().symbols[2], stale=late)
    some = replace(briefs.morning(), symbols=(*briefs.morning().symbols[:2], one, *briefs.morning().symbols[3:]))
    assert mail(some, symbols=(one.symbol,), only=True).subject.startswith("STALE: ")
    assert mail(some).subject.startswith("Morning brief")


def test_an_event_inside_the_horizon_is_in_the_subject() -> None:
    """Its countdown ends the subject; one that is days off does not."""
    assert mail(briefs.event_inside()).subject.endswith("US CPI in 6 h 30 min")
    assert "FOMC" not in mail(briefs.morning()).subject


@pytest.mark.parametrize("count", [1, 8, 9, 60, 1000])
def test_every_symbol_is_in_the_summary_however_many_there_are(count: int) -> None:
    """A thousand symbols still fit under Gmail's limit, each with its price; up to eight have a ladder."""
    brief = briefs.many(count)
    page = render_mail(brief, Reader(), page=PAGE)
    assert page.html is not None
    assert len(page.html.encode()) < GMAIL_BYTES
    text = seen(page.html)
    assert all(eight(s.base) in text for s in brief.symbols)
    assert [one.kind for one in page.pictures] == ["ladder"] * (count if count <= 8 else 0) + ["map"]


def test_figure_and_card_are_of_the_symbol_that_the_headline_names_last() -> None:
    """Without a name in it the first symbol with a price is shown; one without a price never is."""
    brief = briefs.no_candles()
    bare, *others = (s.base for s in sorted(brief.symbols, key=lambda s: not isinstance(s.price, Missing)))

    def shown(headline: str) -> str:
        found = chosen(brief, headline)
        assert found is not None
        return found.base

    assert shown(f"{others[0]} fell. The zone most likely to be reached is {others[1]}'s.") == others[1]
    assert shown(f"{others[1]} fell. The zone most likely to be reached is {others[0]}'s.") == others[0]
    assert shown("A quiet night.") == next(s.base for s in brief.symbols if not isinstance(s.price, Missing))
    assert shown(f"{bare} is missing.") != bare


def test_a_reader_sees_their_symbols_first() -> None:
    """Wished symbols lead in the reader's order, and the others follow; what is not there is said."""
    page = mail(briefs.morning(), symbols=("WIF/USDT:USDT", "XRP/USDT:USDT", "ETH/USDT:USDT"))
    order = [one.symbol.partition("/")[0] for one in page.pictures if one.kind == "ladder"]
    assert order == ["WIF", "ETH", "BTC", "SOL"]
    assert "Not in this brief: XRP/USDT:USDT." in page.text
    assert "WIF 0.3386" in page.subject


def test_a_reader_who_wants_only_theirs_gets_no_other() -> None:
    """With `only` no other symbol is named anywhere, not in the headline either."""
    page = mail(briefs.morning(), symbols=("SOL/USDT:USDT",), only=True)
    assert page.html is not None
    for part in (page.html, page.text, page.subject):
        assert "SOL" in part
        assert "WIF" not in part
        assert "BTC 92" not in part


def test_a_reader_none_of_whose_symbols_is_there_gets_all() -> None:
    """An empty mail would look like a quiet market."""
    page = mail(briefs.morning(), symbols=("XRP/USDT:USDT",), only=True)
    assert "Here is all of it instead." in page.text
    assert "BTC 92 543" in page.text


def test_times_are_the_readers_own() -> None:
    """UTC comes first, then the reader's zone, written as their region does."""
    page = mail(briefs.morning(), timezone="America/New_York", locale="en-US")
    assert "As of 07:00 UTC, 2:00 AM New York." in page.text
    assert "Jan 19, 2026" in page.subject
    assert local_time(briefs.morning().as_of_ms, "Asia/Tokyo", "ja-JP") == "16:00 Tokyo"
    assert local_time(briefs.morning().as_of_ms + 5 * 3_600_000, "UTC", "en-US") == ""


def test_a_mail_is_of_the_readers_own_morning() -> None:
    """07:00 in Tokyo is 22:00 UTC of the day before: subject and head name Tokyo's day, the UTC hour its weekday."""
    evening = replace(briefs.morning(), as_of="2026-01-18T22:00:00Z", as_of_ms=parse_moment("2026-01-18T22:00Z"))
    tokyo, utc = mail(evening, timezone="Asia/Tokyo"), mail(evening)
    assert tokyo.subject.startswith("Morning brief 19 Jan 2026, 07:00 Tokyo")
    assert utc.subject.startswith("Morning brief 18 Jan 2026, 22:00 UTC")
    assert "MORNING BRIEF 19 Jan 2026" in tokyo.text
    assert "As of Sun 22:00 UTC, Mon 07:00 Tokyo." in tokyo.text
    assert "19 Jan 2026" in seen(tokyo.html or "")


def test_how_yesterday_went_is_told_where_it_is_known() -> None:
    """What became of the last zones stands in both parts; while unknown neither says so; a reader sees their own."""
    page = mail(briefs.remembered())
    for part in (seen(page.html or ""), page.text):
        told = " ".join(plain(part).split())
        assert "zones: 3 reached." in told
        assert "swept, price went on; given 33 %" in told
    assert "reached." not in mail(briefs.morning()).text.partition("BTC 92")[0]
    narrow = mail(briefs.remembered(), symbols=("BTC/USDT:USDT",), only=True)
    assert "2 zones: 1 reached." in " ".join(narrow.text.split())
    assert "SOL" not in narrow.text


def test_plain_text_alone_asks_for_no_picture() -> None:
    """A reader of plain text costs no HTML and no drawing."""
    page = mail(briefs.morning(), html=False)
    assert (page.html, page.pictures) == (None, ())


@pytest.mark.parametrize("text", ["CPI\r\nBcc: a@b.example", "CPI\x00", "a\u2028b"])
@pytest.mark.parametrize("where", ["event", "symbol"])
def test_nothing_breaks_out_of_the_subject(text: str, where: str) -> None:
    """A line break in an event's title or a symbol's name is refused."""
    brief = briefs.event_inside()
    if where == "event":
        brief = replace(brief, events=(replace(brief.events[0], name=text),))
    else:
        brief = briefs.changed(brief, base=text)
    with pytest.raises(RenderError, match="control character"):
        mail(brief)


def test_hostile_text_stays_text() -> None:
    """Markup and template code in a name is shown as it was written."""
    page = mail(briefs.hostile())
    assert page.html is not None
    assert "<script>" not in page.html
    assert briefs.HOSTILE in seen(page.html)


def test_pictures_are_small_sharp_and_opaque() -> None:
    """Twice the pixels shown, a palette without transparency, at most 60 KB; the alt text states the finding."""
    brief = briefs.one_symbol()
    page = mail(brief)
    for name, png in draw_pictures(brief, page.pictures).items():
        image = Image.open(io.BytesIO(png))
        assert (image.mode, image.width, "transparency" in image.info) == ("P", 1200, False), name
        assert len(png) <= MOST_BYTES
    assert page.html is not None
    assert read(page.html).images[-1]["alt"] == brief.symbols[0].heatmap_alt


def test_the_same_brief_and_reader_give_the_same_mail() -> None:
    """Nothing in a mail comes from a clock."""
    assert mail(briefs.morning()) == mail(briefs.morning())


def test_a_template_of_the_readers_own_replaces_ours(tmp_path: Path) -> None:
    """A user's folder may hold one template, and an error in it names the file."""
    (tmp_path / "mail").mkdir()
    own = tmp_path / "mail/mail.txt.j2"
    own.write_text("{{ brief.headline }} mine", encoding="utf-8")
    assert render_mail(briefs.morning(), Reader(html=False), templates=tmp_path).text.endswith("mine\n")
    own.write_text("{{ brief.nothing }}", encoding="utf-8")
    with pytest.raises(RenderError, match="nothing"):
        render_mail(briefs.morning(), Reader(html=False), templates=tmp_path)


def test_no_width_scrolls_sideways(in_browser: Callable[..., list[dict[str, object]]]) -> None:
    """In a browser at the width of a phone, a pane and a desk nothing is wider than the window."""
    widths = (320, 600, 1200)
    seen = in_browser(mail(briefs.event_inside()).html or "", widths)
    assert [(one["inner"], one["scroll"], one["wide"]) for one in seen] == [(width, width, []) for width in widths]


def test_what_was_hit_yesterday_is_told_whole_and_the_least_expected_first() -> None:
    """Of twelve zones the ten that were reached are told in both parts, by the share that the brief gave them."""
    track = briefs.remembered().track_record
    assert not isinstance(track, Missing)
    assert not isinstance(track.levels, Missing)
    one = replace(track.levels[0], symbol="BTC/USDT:USDT", base="BTC")
    hits = [replace(one, base=f"B{number}", shown=number / 20, touched_ms=1) for number in range(10)]
    others = [replace(one, base=f"N{number}", shown=0.0, touched_ms=None) for number in range(2)]
    brief = replace(briefs.morning(), track_record=replace(track, levels=(*others, *reversed(hits))))
    page = mail(brief)
    for part in (seen(page.html or ""), page.text):
        places = [part.index(f"{hit.base} ") for hit in hits]
        assert places == sorted(places)
        assert places[-1] < part.index("2 not reached")
