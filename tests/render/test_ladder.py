"""The ladder: one scale for all symbols, what its bars and letters say, and hostile names."""

from __future__ import annotations

import html
import io
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from PIL import Image

from reportgen.brief.types import SymbolBrief
from reportgen.render import charts
from reportgen.render.charts.ladder import BARS, FULL, LadderForm, Spot, rungs_of
from reportgen.render.charts.ladder import draw_ladder as draw_rungs
from reportgen.render.charts.ladder import spots as spots_of
from reportgen.render.charts.surface import Drawing, Shape, Text
from reportgen.render.colours import LIGHT, Role, rgb
from reportgen.units import Missing
from tests.briefs import HOSTILE
from tests.render import pictures

LAST = 100.0
FORMS = pytest.mark.parametrize("form", ["page", "phone", "mail", "paper"])


def draw_ladder(symbol: SymbolBrief, form: LadderForm) -> Drawing:
    """Draw a symbol's ladder."""
    return draw_rungs(rungs_of(symbol), form)


def spots(symbol: SymbolBrief) -> tuple[Spot, ...]:
    """Place a symbol's zones."""
    return spots_of(rungs_of(symbol))


def symbol_of(*spans: tuple[str, float, float], ladder: tuple[float, ...] = (0.5,) * BARS) -> SymbolBrief:
    """Make a symbol at 100, a usual day 2.8, with zones and a ladder."""
    zones = tuple(pictures.zone(label, low, high, LAST) for label, low, high in spans)  # type: ignore[arg-type]
    return replace(pictures.symbol_brief(last=LAST), zones=zones, ladder=ladder)


def boxes(symbol: SymbolBrief, role: Role, form: LadderForm = "page") -> list[tuple[float, float, float, float]]:
    """Give left, top, right and bottom of the areas of a colour."""
    shapes = [m for m in draw_ladder(symbol, form).marks if isinstance(m, Shape) and m.fill == role]
    corners = [(path[0], path[2]) for shape in shapes for path in shape.paths if len(path) == 4]
    return [(left, top, right, bottom) for (left, top), (right, bottom) in corners]


def letters(symbol: SymbolBrief, form: LadderForm = "page") -> list[Text]:
    """Give the zones' letters."""
    return [mark for mark in draw_ladder(symbol, form).marks if isinstance(mark, Text)]


def test_a_bar_is_as_high_as_its_density_and_a_clipped_one_wears_a_cap() -> None:
    """Linear, full at 2 % per 0.1 %: half there is half the height; nothing is drawn for nothing; more is capped."""
    densities = [0.0] * BARS
    densities[0], densities[1], densities[40], densities[41] = FULL / 2, FULL, FULL, 3 * FULL
    symbol = symbol_of(ladder=tuple(densities))
    longs, shorts = boxes(symbol, "long_4"), boxes(symbol, "short_4")
    assert [bottom - top for _, top, _, bottom in longs] == pytest.approx([16.5, 33.0])
    assert [bottom - top for _, top, _, bottom in shorts] == pytest.approx([33.0, 33.0])
    caps = [box for box in boxes(symbol, "ink") if box[2] - box[0] > 2]
    assert [(round(left, 1), top, bottom) for left, top, _, bottom in caps] == [(149.0, 1.0, 3.0)]


def test_pale_bars_end_in_their_sides_colour() -> None:
    """The palest step alone would be under 3 to 1 on paper: every pale bar has a top in the side's colour."""
    symbol = symbol_of()
    for side in ("short", "long"):
        pale, tops = boxes(symbol, f"{side}_4"), boxes(symbol, side)  # type: ignore[arg-type]
        assert [box[:2] for box in pale] == [box[:2] for box in tops]
        assert all(bottom - top == pytest.approx(1.2) for _, top, _, bottom in tops)


def test_a_zone_is_solid_on_its_own_side_alone() -> None:
    """Bars whose middle lies in the zone are whole in the side's colour: a usual day wide is four bars of 64."""
    symbol = symbol_of(("A", 102.8, 105.6))
    whole = [box for box in boxes(symbol, "short") if box[3] - box[1] > 2]
    assert len(whole) == 4
    assert [whole[0][0], whole[-1][2]] == pytest.approx([116 * 9 / 8 + 0.4, 116 * 10 / 8 - 0.4])


def test_a_distance_has_one_place_on_every_ladder() -> None:
    """A usual day is an eighth of a side, whatever the price."""
    (spot,) = spots(symbol_of(("A", 105.6, 111.2)))
    assert [spot.left, spot.right, spot.beyond] == pytest.approx([0.5 + 2 / 16, 0.5 + 4 / 16, 0])
    assert [one.beyond for one in spots(symbol_of(("B", 70.0, 77.0), ("A", 123.0, 130.0)))] == [-1, 1]
    assert spots(replace(symbol_of(("A", 105.6, 111.2)), price=Missing("No candles."))) == ()


@FORMS
@pytest.mark.parametrize(
    "spans",
    [
        (("A", 101.0, 101.2), ("C", 101.21, 101.4), ("B", 98.5, 99.0), ("C", 98.2, 98.4)),
        (("B", 70.0, 72.0), ("C", 60.0, 62.0), ("A", 130.0, 131.0), ("C", 140.0, 141.0)),
        (("A", 121.9, 122.0), ("C", 122.1, 122.3)),
    ],
)
def test_letters_keep_apart_and_inside(spans: tuple[tuple[str, float, float], ...], form: LadderForm) -> None:
    """Letters stand in the order of prices, do not touch, and none leaves the ladder."""
    symbol = symbol_of(*spans)
    placed = letters(symbol, form)
    assert ["".join(run.words for run in text.runs) for text in placed] == [s.zone.label for s in spots(symbol)]
    for one, other in pairwise(placed):
        assert one.left + one.width <= other.left + 0.01
    width = draw_ladder(symbol, form).width
    assert all(text.left >= 0 and text.left + text.width <= width for text in placed)


@FORMS
def test_sizes_are_those_of_the_page(form: LadderForm) -> None:
    """232 by 52 in a row, 358 on a phone, 600 in a mail, 122 by 27 points on paper; letters 12 px or 7 pt at least."""
    made = draw_ladder(symbol_of(("A", 102.8, 105.6)), form)
    sizes = {"page": (232, 52), "phone": (358, 52), "mail": (600, 52), "paper": (122, 27)}
    assert (made.width, made.height) == sizes[form]
    assert all(text.size >= (7 if form == "paper" else 12) for text in letters(symbol_of(("A", 102.8, 105.6)), form))


def test_a_ladder_says_what_it_shows() -> None:
    """Its label names each zone, where it lies and how far, or that there is none, or why there is no ladder."""
    said = draw_ladder(symbol_of(("A", 102.8, 105.6)), "page").label
    assert "zone A above, 103\u2013106, 1.0 usual day" in said
    assert draw_ladder(symbol_of(), "page").label.endswith("no dense zone.")
    gone = replace(symbol_of(), ladder=Missing("The book needs 30 days."))
    assert draw_ladder(gone, "page").label == "BTC: no ladder. The book needs 30 days."
    older = symbol_of(ladder=(0.01,) * 60)
    assert "older than the ladder" in draw_ladder(older, "page").label
    assert len(draw_ladder(older, "page").marks) == 1


def test_a_hostile_name_stays_text() -> None:
    """Markup in a symbol's name is escaped in page and paper."""
    symbol = replace(symbol_of(("A", 102.8, 105.6)), base=HOSTILE)
    for form in ("page", "paper"):
        made = charts.ladder(symbol, form)
        assert HOSTILE not in made
        assert html.escape(HOSTILE) in made


def test_the_png_for_mails_is_the_same_ladder() -> None:
    """Exact colours of both sides on exact paper, twice as many pixels, the same bytes twice."""
    symbol = symbol_of(("A", 102.8, 105.6))
    made = charts.ladder_png(symbol, "mail")
    assert made == charts.ladder_png(symbol, "mail")
    image = Image.open(io.BytesIO(made))
    assert image.size == (1200, 104)
    seen = {pixel for _, pixel in image.convert("RGB").getcolors(1 << 16) or []}
    assert {rgb(LIGHT.of(role)) for role in ("paper", "ink", "short", "short_4", "long_4", "axis")} <= seen


def test_one_path_a_colour() -> None:
    """Bars of one look are one path: few nodes for a page of a hundred symbols."""
    made = charts.ladder(symbol_of(("A", 102.8, 105.6)), "page")
    assert len(re.findall("<path", made)) <= 14
