"""The figure: only zones are loud, one denominator, one price axis, no word over another, the same bytes everywhere."""

from __future__ import annotations

import html
import io
import math
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reportgen import notation
from reportgen.brief.types import Brief, FateState, SymbolBrief
from reportgen.guide.structure import Level
from reportgen.liquidation.picture import HeatmapPicture
from reportgen.render import charts
from reportgen.render.charts.axes import (
    FORMS,
    MARGIN,
    FormName,
    Frame,
    nice_step,
    price_ticks,
    price_window,
    profile_scale,
    step_decimals,
    time_ticks,
)  # fmt: skip
from reportgen.render.charts.figure import ROLES, classes, draw_figure
from reportgen.render.charts.panels import merged
from reportgen.render.charts.spine import SpineRow, level_name, shown_levels, spine_rows, stack
from reportgen.render.charts.surface import Drawing, Group, Mark, Raster, Shape, Text
from reportgen.render.charts.svg import palette_pngs
from reportgen.render.colours import DARK, LIGHT, rgb
from reportgen.render.fonts import css_font_faces
from reportgen.units import DAY_MS, HOUR_MS, Missing
from tests.briefs import HOSTILE, STATES
from tests.render import pictures
from tests.render.browser import Browser

NAMES = pytest.mark.parametrize("form", list(FORMS))
MIDNIGHT = 20_472 * DAY_MS
"""19 January 2026."""


def marks_of(drawing: Drawing) -> list[Shape | Text | Raster]:
    """Give every mark, those of groups among them."""
    loose: list[Shape | Text | Raster] = []
    for mark in drawing.marks:
        loose += mark.marks if isinstance(mark, Group) else [mark]
    return loose


def texts_of(drawing: Drawing) -> list[Text]:
    """Give every text."""
    return [mark for mark in marks_of(drawing) if isinstance(mark, Text)]


def said(text: Text) -> str:
    """Give a text's words."""
    return "".join(run.words for run in text.runs)


def drawn(brief: Brief, symbol: SymbolBrief, form: FormName) -> Drawing:
    """Draw a symbol that has a map."""
    made = draw_figure(brief, symbol, form)
    assert made is not None
    return made


def full() -> Brief:
    """Give every zone of a morning its dollars, and every level a name and touches."""
    brief = STATES["morning"]()
    symbols = []
    for symbol in brief.symbols:
        assert not isinstance(symbol.structure, Missing)
        supports, resistances = (
            tuple(replace(level, name="swing high of 12 Jan", touches=12) for level in levels)
            for levels in (symbol.structure.supports, symbol.structure.resistances)
        )
        zones = tuple(replace(zone, notional=133e6, notional_band=(82e6, 630e6)) for zone in symbol.zones)
        chart = replace(symbol.structure, supports=supports, resistances=resistances)
        symbols.append(replace(symbol, zones=zones, structure=chart))
    return replace(brief, symbols=tuple(symbols))


def odd_prices() -> Brief:
    """Give symbols whose prices need eight decimals, and seven digits."""
    tiny = pictures.symbol_brief("PEPE/USDT:USDT", last=0.00001234, decimals=8)
    return replace(STATES["morning"](), symbols=(tiny, pictures.symbol_brief("BIG/USDT:USDT", last=1_234_567.0)))


@cache
def all_drawn() -> tuple[tuple[str, Drawing], ...]:
    """Draw every symbol of every state on every form, and a morning with dollars and long names of levels."""
    briefs = {**{state: make() for state, make in STATES.items()}, "full": full(), "prices": odd_prices()}
    made = (
        (f"{state} {symbol.base[:8]} {form}", draw_figure(brief, symbol, form))
        for state, brief in briefs.items()
        for symbol in (brief.symbols if state in ("morning", "full") else brief.symbols[:2])
        for form in FORMS
    )
    return tuple((name, drawing) for name, drawing in made if drawing is not None)


# ---- The price axis ----


def test_the_range_holds_candles_the_cone_and_what_zones_leave_them_half_the_height() -> None:
    """Nearest zones first; one that would leave the candles under half (the nearest: two fifths) stays out."""
    room = 1 + 2 * MARGIN
    candles = (100.0, 110.0)
    own = math.log(1.1)
    alone = price_window(candles, (105.0,), ())
    assert math.log(alone[1] / alone[0]) == pytest.approx(own * room)
    assert price_window(candles, (99.0, 105.0), ())[0] == pytest.approx(99.0 / (110 / 99) ** MARGIN)
    # The widest range in which the candles keep their share: own / share, margins counted.
    for share, nearest in ((0.5, False), (0.4, True)):
        most = 100.0 * math.exp(own / share / room)
        fits, passes = most * (1 - 1e-9), most * (1 + 1e-9)
        assert price_window(candles, (105.0,), [(fits * 0.99, fits, nearest)])[1] > fits
        assert price_window(candles, (105.0,), [(passes * 0.99, passes, nearest)]) == pytest.approx(alone)


def test_a_far_zone_does_not_keep_a_nearer_one_out() -> None:
    """Each zone is asked by itself, in the order given; one inside anyway costs nothing."""
    candles = (100.0, 110.0)
    low, high = price_window(candles, (105.0,), [(104.0, 106.0, False), (300.0, 310.0, True), (95.0, 97.0, False)])
    assert (low < 95.0, high < 120.0) == (True, True)


def test_a_long_wick_leaves_the_picture() -> None:
    """Seen are four usual days beyond the bodies, at most half their span or one day, and never below half of them."""
    opened, close = np.array([100.0, 102.0]), np.array([101.0, 100.0])
    high, low = np.array([103.0, 130.0]), np.array([99.0, 30.0])
    assert HeatmapPicture.body_range(opened, high, low, close, 2.0) == (98.0, 104.0)
    assert HeatmapPicture.body_range(opened, high, low, close, 40.0) == (60.0, 130.0)
    assert HeatmapPicture.body_range(opened, high, low, close, 60.0) == (50.0, 130.0)
    assert HeatmapPicture.body_range(opened, high, low, close, 0.1) == (99.6, 102.4)


def test_prices_and_hours_have_one_place() -> None:
    """Half the log range is half the height; past and future meet at now, an hour ahead being wider by `stretch`."""
    form = FORMS["wide"]
    frame = Frame(form=form, low=100.0, high=121.0, from_ms=MIDNIGHT - 14 * DAY_MS, now_ms=MIDNIGHT, horizon_hours=24.0)
    assert frame.y(110.0) == pytest.approx((form.top + form.bottom) / 2)
    assert (frame.held(90.0), frame.held(130.0)) == (form.bottom, form.top)
    assert (frame.x(MIDNIGHT - 14 * DAY_MS), frame.x(MIDNIGHT)) == (56.0, 568.0)
    assert frame.x(MIDNIGHT + 12 * HOUR_MS) == pytest.approx(568.0 + 66.0)
    assert frame.stretch == pytest.approx(132.0 / (512.0 / 14))


@pytest.mark.parametrize(
    ("form", "width"), [("wide", 1120), ("phone", 358), ("paper", 504)]
)  # fmt: skip
def test_the_panels_fill_the_width(form: FormName, width: float) -> None:
    """What stands side by side adds up to the form's width; a phone keeps room for its price labels."""
    one = FORMS[form]
    assert one.width == width
    assert one.words + one.spine == (width if form != "phone" else 306)


@pytest.mark.parametrize(
    ("shares", "end"), [([2.4], 2.5), ([2.5], 2.5), ([2.6], 5.0), ([14.9], 15.0), ([140.0], 140.0), ([], 2.5)]
)  # fmt: skip
def test_the_profile_ends_at_a_round_number_that_holds_its_bars(shares: list[float], end: float) -> None:
    """Few ends, so that most days share one; a bar is never cut."""
    assert profile_scale(shares) == end


@pytest.mark.parametrize(
    ("span", "count", "step"), [(10.0, 10, 1.0), (10.0, 5, 2.0), (10.0, 4, 2.5), (10.0, 2, 5.0), (11.0, 1.1, 10.0)]
)
def test_steps_are_one_two_two_and_a_half_five(span: float, count: float, step: float) -> None:
    """The smallest step of the series that gives no more pieces than asked."""
    assert nice_step(span, count) == pytest.approx(step)


def test_price_ticks_are_round_and_inside() -> None:
    """Multiples of the step between low and high, with the decimals that the step needs."""
    assert price_ticks(97.0, 104.0, 4) == ((98.0, 100.0, 102.0, 104.0), 0)
    assert price_ticks(0.31, 0.38, 3)[1] == step_decimals(0.025) == 3


def test_time_ticks_stand_on_midnights() -> None:
    """Days over days, hours over hours."""
    assert time_ticks(MIDNIGHT - 4 * DAY_MS, MIDNIGHT, 3)[-1] == (MIDNIGHT, "19\u202fJan")
    assert [words for _, words in time_ticks(MIDNIGHT, MIDNIGHT + 12 * HOUR_MS, 4)][1] == "03:00"


# ---- The ground: one denominator ----


def cells(then: list[float], now: float, *, low: float = 99.95, zone: bool = False) -> list[str | None]:
    """Class a row as shorts held then and now, percent; the row lies from 100.05 to 100.15, above the price."""
    made = pictures.symbol_brief(last=100.0)
    picture = made.heatmap
    assert isinstance(picture, HeatmapPicture)
    held = np.zeros((2, len(then) + 1))
    held[1] = [*then, now]
    small = replace(
        picture, rows=2, columns=held.shape[1], price_low=low, time_ms=picture.time_ms[-held.shape[1] :],
        short_levels=pictures.packed(held), long_levels=pictures.packed(np.zeros_like(held)),
    )  # fmt: skip
    zones = (pictures.zone("A", 100.05, 100.2, 100.0),) if zone else ()
    return [ROLES[k] for k in classes(small, replace(made, zones=zones), (1, 2))[0]]


def test_a_cell_is_what_still_stands_of_it() -> None:
    """Then or now, whichever is smaller, in steps from .25, .5, 1 and 1.5; half a percent that went is hatched."""
    assert cells([0.0, 1.0, 3.0], 1.0) == ["paper", "short_3", "short_3", "short_3"]
    assert cells([0.2, 0.25, 0.5, 1.5], 5.0) == ["paper", "short_1", "short_2", "short_4", "short_4"]
    assert cells([0.45, 0.5, 4.0], 0.0) == ["paper", None, None, "paper"]


def test_only_a_zone_is_loud() -> None:
    """The same masses inside a zone take its three steps, from .25, 1 and 2."""
    masses = [0.2, 0.25, 1.0, 2.0]
    assert cells(masses, 5.0, zone=True) == ["paper", "short_z1", "short_z2", "short_z3", "short_z3"]
    assert not [one for one in cells(masses, 5.0) if one and "z" in one]


def test_the_right_edge_of_the_past_is_the_profile(brief_of: Callable[[str], Brief]) -> None:
    """The last column is classed by what stands there now: nothing of it is gone."""
    symbol = brief_of("morning").symbols[0]
    picture = symbol.heatmap
    assert isinstance(picture, HeatmapPicture)
    last = classes(picture, symbol, (0, picture.rows))[:, -1]
    assert None not in [ROLES[k] for k in last]
    assert {"short_z2", "long_1"} <= {ROLES[k] for k in last}


def test_a_phone_shows_ten_days_and_the_rest_fourteen(brief_of: Callable[[str], Brief]) -> None:
    """One pixel a cell: as many columns as hours; a shorter history is drawn as wide, and called what it is."""
    brief = brief_of("morning")
    for form, hours in (("wide", 336), ("phone", 240), ("paper", 336)):
        (raster,) = (m for m in marks_of(drawn(brief, brief.symbols[0], form)) if isinstance(m, Raster))  # type: ignore[arg-type]
        assert raster.cells.shape[1] == hours
    young = replace(brief.symbols[0], heatmap=pictures.picture(hours=36))
    made = drawn(brief, young, "wide")
    assert [m.cells.shape[1] for m in marks_of(made) if isinstance(m, Raster)] == [36]
    assert "Past 36\u202fh" in [said(text) for text in texts_of(made)] or "Past 2 days" in [
        said(t) for t in texts_of(made)
    ]


def test_candles_merge_until_they_have_room() -> None:
    """Two of four hours make one of eight: first open, last close, the extremes; a gap stays one."""
    picture = replace(
        pictures.picture(), candle_open_ms=tuple(MIDNIGHT + h * HOUR_MS for h in (0, 4, 16)),
        candle_open=(1.0, 2.0, 5.0),
        candle_high=(3.0, 4.0, 6.0), candle_low=(0.5, 1.5, 4.0), candle_close=(2.0, 3.0, 5.5),
    )  # fmt: skip
    bars = merged(picture, 8 * HOUR_MS, 0)
    assert bars.open_ms.tolist() == [MIDNIGHT, MIDNIGHT + 16 * HOUR_MS]
    assert [bars.open.tolist(), bars.high.tolist()] == [[1.0, 5.0], [4.0, 6.0]]
    assert [bars.low.tolist(), bars.close.tolist()] == [[0.5, 4.0], [3.0, 5.5]]
    assert len(merged(picture, 8 * HOUR_MS, MIDNIGHT + 5 * HOUR_MS).open) == 1


def test_wicks_that_leave_end_in_arrows_and_the_farthest_says_where_to(brief_of: Callable[[str], Brief]) -> None:
    """Two lows beyond the picture are two arrows and one price, the lower; the wick stops at the edge."""
    brief = brief_of("morning")
    symbol = brief.symbols[0]
    picture = symbol.heatmap
    assert isinstance(picture, HeatmapPicture)
    low = list(picture.candle_low)
    low[10], low[20] = 20_000.0, 30_000.0
    made = drawn(brief, replace(symbol, heatmap=replace(picture, candle_low=tuple(low))), "wide")
    assert [said(text) for text in texts_of(made) if said(text).startswith("to ")] == ["to 20\u202f000"]
    bottom = FORMS["wide"].bottom
    tips = [
        path[2]
        for m in marks_of(made)
        if isinstance(m, Shape)
        for path in m.paths
        if m.fill == "ink" and len(path) == 3
    ]
    assert sum(y == bottom for _, y in tips) == 2


def test_a_bar_of_the_profile_tells_its_numbers(brief_of: Callable[[str], Brief]) -> None:
    """Pointed at, a bar says its prices, its density and the draws; on phones and paper nothing points."""
    brief = brief_of("morning")
    symbol = brief.symbols[0]
    picture = symbol.heatmap
    assert isinstance(picture, HeatmapPicture)
    at = next(i for i, price in enumerate(picture.profile_price) if price > 92_543.1)
    low, high = picture.profile_price[at : at + 2]
    draws = f"{picture.profile_low[at]:.2f}\u2013{picture.profile_high[at]:.2f} in 8 of 10 draws"
    wanted = f"{notation.price_range(low, high, 0)}: {picture.profile_share[at]:.2f}\u202f%, {draws}"
    titles = {
        form: [m.title for m in marks_of(drawn(brief, symbol, form)) if isinstance(m, Shape) and "draws" in m.title]
        for form in FORMS
    }
    assert wanted in titles["wide"]
    assert (titles["phone"], titles["paper"]) == ([], [])


# ---- The spine ----


def row_names(symbol: SymbolBrief) -> list[str]:
    """Name the rows of a spine: zones by letter, levels by where they lie."""

    def name(row: SpineRow) -> str:
        if row.zone is not None:
            return row.zone.label
        return row.level.where if row.level else "empty" if row.empty else "price"

    return [name(row) for row in spine_rows(symbol, 24.0)]


def test_the_spine_is_in_the_order_of_prices() -> None:
    """Zones, levels and the price from high to low; a side without a zone says so at its end."""
    symbol = pictures.symbol_brief()
    assert row_names(symbol) == ["C", "above", "A", "above", "price", "below", "below", "B"]
    assert row_names(pictures.without_zones(symbol)) == ["empty", "above", "above", "price", "below", "below", "empty"]
    assert spine_rows(replace(symbol, price=Missing("No candles.")), 24.0) == ()


def test_two_levels_a_side_and_any_that_a_plan_names() -> None:
    """Within half a usual day two levels are one; the third is there when a plan's line or target is its price."""
    symbol = pictures.symbol_brief(last=100.0)
    assert not isinstance(symbol.structure, Missing)
    close, apart = (pictures.level(100 * (1.021 + days * 0.028), "above", 100.0) for days in (0.49, 0.51))
    far = pictures.level(110.0, "above", 100.0)
    first = symbol.structure.resistances[0]

    def shown(*levels: Level) -> list[float]:
        assert not isinstance(symbol.structure, Missing)
        asked = replace(symbol, structure=replace(symbol.structure, resistances=levels, supports=()))
        return [level.price for level in shown_levels(asked)]

    assert shown(first, close) == [first.price]
    assert shown(first, apart, far) == [first.price, apart.price]
    plan = replace(STATES["morning"]().symbols[0].plan[0], line=None, de_risk=110.0)
    symbol = replace(symbol, plan=(plan,))
    assert shown(first, apart, far) == [first.price, apart.price, 110.0]


def test_a_level_is_called_by_its_place_from_the_price() -> None:
    """R1 is the nearest above, S2 the second below; another price has no name; a row begins with it."""
    symbol = pictures.symbol_brief(last=100.0)
    assert not isinstance(symbol.structure, Missing)
    above, below = symbol.structure.resistances, symbol.structure.supports
    assert [level_name(symbol, level.price) for level in (*above, *below)] == ["R1", "R2", "S1", "S2"]
    assert level_name(symbol, 123.0) == ""
    assert spine_rows(symbol, 24.0)[-2].lines[0][0].words == "S2 97"


def test_labels_are_pushed_outward_from_the_price() -> None:
    """The pinned one stays, the others keep their order and their gap, and all stay inside."""
    placed = stack([48.0, 50.0, 51.0], [10.0, 10.0, 10.0], 1, top=0.0, bottom=100.0, gap=2.0)
    assert placed == (38.0, 50.0, 62.0)
    assert stack([5.0, 6.0], [10.0, 10.0], 1, top=0.0, bottom=100.0, gap=2.0) == (5.0, 17.0)
    assert stack([90.0, 99.0], [10.0, 10.0], 0, top=0.0, bottom=100.0, gap=2.0) == (83.0, 95.0)


def test_a_zone_beyond_the_figure_keeps_its_row(brief_of: Callable[[str], Brief]) -> None:
    """It says so, and its dollars stand where they are known."""
    brief = brief_of("far_zone")
    words = [said(text) for text in texts_of(drawn(brief, brief.symbols[0], "wide"))]
    assert any(text.startswith("beyond the figure") for text in words)
    assert any(text.startswith("109\u202f000\u2013110\u202f000") for text in words)


def test_dollars_are_told_where_they_are_calibrated(brief_of: Callable[[str], Brief]) -> None:
    """The middle with its interval, as forced buying above; without a calibration no dollar sign is drawn."""
    brief = brief_of("morning")
    symbol = brief.symbols[0]
    assert not [text for text in texts_of(drawn(brief, symbol, "wide")) if "$" in said(text)]
    zones = tuple(replace(zone, notional=33e6, notional_band=(8.2e6, 63e6)) for zone in symbol.zones)
    words = [said(text) for text in texts_of(drawn(brief, replace(symbol, zones=zones), "wide"))]
    assert "$8\u201363\u202fm, middle $33.0\u202fm of forced buying" in words
    assert "$8\u201363\u202fm, middle $33.0\u202fm of forced selling" in words


def test_stale_data_arm_no_plan_and_give_no_shares(brief_of: Callable[[str], Brief]) -> None:
    """Neither a ruler's R:R nor how often such zones are reached."""
    brief = brief_of("morning")
    first = brief.symbols[0]
    # Just below one is never written as one: the figure says what the card says.
    symbol = replace(first, plan=tuple(replace(plan, reward_to_risk=0.96) for plan in first.plan))
    (ratio,) = (plan.reward_to_risk for plan in symbol.plan if plan.label == "A")
    assert ratio is not None
    fresh, late = (drawn(brief, replace(symbol, stale=why), "wide") for why in ("", "The last bar is 5 days old."))
    assert notation.reward(ratio) == "0.9"
    assert notation.reward(ratio) in [said(text) for text in texts_of(fresh)]
    assert notation.reward(ratio) not in [said(text) for text in texts_of(late)]
    assert not [text for text in texts_of(late) if "such cases" in said(text)]


# ---- What was and what comes ----


def test_yesterdays_zones_are_boxed_and_crossed_out_when_swept(brief_of: Callable[[str], Brief]) -> None:
    """A zone of the brief before that price went through is named and crossed, one it turned in is named alone."""
    brief = brief_of("remembered")
    record = brief.track_record
    assert not isinstance(record, Missing)
    assert not isinstance(record.levels, Missing)
    symbol = brief.symbols[0]
    price = symbol.price
    assert not isinstance(price, Missing)
    fate = replace(record.levels[0], symbol=symbol.symbol, low=price * 0.99, high=price * 0.995, label="B")
    words: dict[str, list[str]] = {}
    states: tuple[FateState, ...] = ("continue", "reject", "ignore")
    for state in states:
        levels = (replace(fate, state=state),)
        judged = replace(record, judged_as_of_ms=brief.as_of_ms - DAY_MS, levels=levels)
        made = drawn(replace(brief, track_record=judged), symbol, "wide")
        words[state] = [said(text) for text in texts_of(made) if said(text).startswith("yesterday")]
    assert words == {
        "continue": ["yesterday\u2019s B, swept"],
        "reject": ["yesterday\u2019s B, turned back"],
        "ignore": [],
    }


def test_at_most_three_events_stand_in_the_hours_ahead(brief_of: Callable[[str], Brief]) -> None:
    """The heaviest, by name and hour; a long name is cut, a cancelled one and one of another coin left out."""
    brief = brief_of("event_inside")
    (near,) = (event for event in brief.events if event.inside_horizon)
    many = tuple(replace(near, name=f"E{n}", hours_away=3.0 + n) for n in range(5))
    gone = replace(near, name="Gone", status="cancelled")
    long = replace(near, name="A very long name of an event", hours_away=2.0)
    made = drawn(replace(brief, events=(*many, gone, long)), brief.symbols[0], "wide")
    turned = [said(text) for text in texts_of(made) if text.turned]
    assert len(turned) == 3
    assert turned[0].startswith("A very long name")
    assert "\u2026 09:00" in turned[0]
    assert turned[1:] == ["E0 10:00", "E1 11:00"]


# ---- Bytes, words and pictures ----


@NAMES
def test_the_same_brief_gives_the_same_bytes(form: FormName, brief_of: Callable[[str], Brief]) -> None:
    """Drawing twice gives the same text, without a moment or a chance in it."""
    brief = brief_of("remembered")
    first, again = (charts.figure(brief, brief.symbols[0], form) for _ in range(2))
    assert first == again != ""
    assert charts.figure_png(brief, brief.symbols[0], form) == charts.figure_png(brief, brief.symbols[0], form)


def test_no_map_gives_no_figure(brief_of: Callable[[str], Brief]) -> None:
    """A symbol without a map has no figure, on no form and in no file."""
    brief = brief_of("morning")
    gone = replace(brief.symbols[0], heatmap=Missing("The book needs days to warm up."))
    assert [charts.figure(brief, gone, form) for form in FORMS] == ["", "", ""]
    assert charts.figure_png(brief, gone, "phone") == b""
    assert charts.figure_files(replace(brief, symbols=(gone,))) == {}


def test_a_page_knows_light_and_dark(brief_of: Callable[[str], Brief]) -> None:
    """On a page colours are classes and both rasters are there; paper has colours of its own and one raster."""
    brief = brief_of("morning")
    page, paper = (charts.figure(brief, brief.symbols[0], form) for form in ("wide", "paper"))
    assert not re.search(r"#[0-9A-F]{6}", page)
    assert page.count("<image ") == 2
    assert paper.startswith("<img ")
    assert html.escape(brief.symbols[0].heatmap_alt) in paper


def test_a_file_stands_alone_and_asks_for_nothing(brief_of: Callable[[str], Brief]) -> None:
    """Both themes' colours stand in it, and no address but its own pictures'."""
    files = charts.figure_files(brief_of("one_symbol"))
    assert list(files) == ["BTC-USDT-USDT.wide.svg", "BTC-USDT-USDT.phone.svg"]
    for content in files.values():
        text = content.decode()
        assert LIGHT.short in text
        assert DARK.short in text
        assert set(re.findall(r'(?:href|src)="(.{10})', text)) == {"data:image"}


def test_both_themes_share_the_maps_pixels(brief_of: Callable[[str], Brief]) -> None:
    """Cells come back as they were, in each theme's colours; what is gone lets the hatching through."""
    brief = brief_of("morning")
    (raster,) = (m for m in marks_of(drawn(brief, brief.symbols[0], "wide")) if isinstance(m, Raster))
    for png, paint in zip(palette_pngs(raster, ("light", "dark")), (LIGHT, DARK), strict=True):
        image = Image.open(io.BytesIO(png))
        assert np.array_equal(np.asarray(image), raster.cells)
        seen = np.asarray(image.convert("RGBA")).reshape(-1, 4)
        gone = raster.cells.reshape(-1) == ROLES.index(None)
        assert gone.any()
        assert set(seen[gone, 3]) == {0}
        loud = raster.cells.reshape(-1) == ROLES.index("short_z1")
        assert {tuple(pixel) for pixel in seen[loud].tolist()} == {(*rgb(paint.short_z1), 255)}


def test_untrusted_text_stays_text(brief_of: Callable[[str], Brief]) -> None:
    """Markup in an event's name or a symbol's is escaped in the figure and in the ladder."""
    brief = brief_of("hostile")
    near = replace(STATES["event_inside"]().events[0], name="<b>&")
    made = charts.figure(replace(brief, events=(near,)), brief.symbols[0], "wide")
    assert "&lt;b&gt;&amp;" in made
    assert HOSTILE not in made
    assert HOSTILE not in charts.ladder(brief.symbols[0], "page")


def test_a_png_shows_zones_in_their_colour(brief_of: Callable[[str], Brief]) -> None:
    """Painted by matplotlib from the same marks: exact paper, exact zone colour, twice the size."""
    brief = brief_of("morning")
    for theme, paint in (("light", LIGHT), ("dark", DARK)):
        made = charts.figure_png(brief, brief.symbols[0], "phone", theme=theme)  # type: ignore[arg-type]
        image = Image.open(io.BytesIO(made))
        assert (image.mode, image.size) == ("P", (716, 800))
        seen = {pixel for _, pixel in image.convert("RGB").getcolors(1 << 20) or []}
        assert {rgb(paint.paper), rgb(paint.short_z2), rgb(paint.ink)} <= seen


NUMBER = re.compile(r"\d[\d\u202f]*(?:\.\d+)?")


def test_the_spine_paints_no_number_of_its_own() -> None:
    """Every number of its words is one of brief.json as it is written everywhere."""
    for make in STATES.values():
        for symbol in make().symbols:
            known = written_forms(symbol)
            for row in spine_rows(symbol, 24.0):
                words = " ".join(run.words for line in row.lines for run in line).replace("24\u202fh", "")
                assert set(NUMBER.findall(words.replace(" of 100", ""))) <= known, words


def written_forms(symbol: SymbolBrief) -> set[str]:
    """Write every number of a symbol in every way that the product writes numbers."""
    made: set[str] = {"1"}

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for part in value.values():
                walk(part)
        elif isinstance(value, list | tuple):
            for part in value:
                walk(part)
        elif isinstance(value, str):
            made.update(NUMBER.findall(value))
        elif isinstance(value, int | float) and math.isfinite(value):
            of = abs(float(value))
            ways = [write(of) for write in (notation.percent, notation.share, notation.times, notation.usual_days)]
            ways += [notation.price(of, symbol.price_decimals), notation.dollars(of), f"{of * 100:.0f}", f"{of:.0f}"]
            made.update(part for way in ways for part in NUMBER.findall(way))

    walk({**asdict(symbol), "heatmap": None})
    return made


# ---- No word over another ----


def boxes(drawing: Drawing) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Give the box of each text, its rims left out."""
    found = []
    for text in texts_of(drawing):
        left, top, right, bottom = text.box
        shrink = 0.1 * text.size
        found.append((said(text), (left, top + shrink, right, bottom - shrink)))
    return found


def test_no_word_lies_over_another_or_leaves_the_figure() -> None:
    """In every state, for every symbol, on every form: by the font's own widths."""
    for name, drawing in all_drawn():
        found = boxes(drawing)
        for (one, a), (other, b) in combinations(found, 2):
            apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
            assert apart, f"{name}: {one!r} over {other!r}"
        for words, (left, top, right, bottom) in found:
            inside = left >= -0.5 and top >= 0 and right <= drawing.width + 0.5 and bottom <= drawing.height
            assert inside, f"{name}: {words!r} leaves the figure"


def test_words_are_large_enough() -> None:
    """12 px on a screen, 7 pt on paper, whose figure is true to size."""
    for name, drawing in all_drawn():
        least = 7 if drawing.kind == "paper" else 12
        letters = {text.size for text in texts_of(drawing) if len(said(text)) > 1}
        assert min(letters) >= least, name


_OVERLAPS = """
document.fonts.ready.then(() => { const bad = [];
  for (const svg of document.querySelectorAll('svg')) {
    const all = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
    const edge = svg.getBoundingClientRect();
    for (const [w, r] of all) if (r.right > edge.right + 1 || r.left < edge.left - 1) bad.push([w, 'leaves']);
    for (let i = 0; i < all.length; i++) for (let j = i + 1; j < all.length; j++) {
      const [v, a] = all[i], [w, b] = all[j], less = 2;
      const lines = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      if (width > less && lines > 0.45 * Math.min(a.height, b.height)) bad.push([v, w]); } }
  return {bad, count: document.querySelectorAll('text').length}; })
"""


def test_a_real_browser_agrees(tmp_path: Path, browser: Browser) -> None:
    """Chromium sets no word over another and none beyond its figure."""
    figures = []
    for state in ("remembered", "event_inside", "far_zone", "no_dense_zone", "price_inside"):
        brief = STATES[state]()
        figures += [charts.figure(brief, symbol, form) for symbol in brief.symbols for form in ("wide", "phone")]
    css = charts.figure_css().replace("display:none", "display:block")
    page = tmp_path / "figures.html"
    page.write_text(
        f"<!doctype html><meta charset=utf-8><style>{css_font_faces('data')}:root{{--font:'Brief Sans'}}{css}</style>"
        f"<body>{''.join(figures)}"
    )
    browser.load(page.as_uri())
    browser.show(width=1400, scheme="light")
    result = browser.run(_OVERLAPS)
    assert result["bad"] == []
    assert result["count"] > 1000


def test_a_zone_can_be_reached_by_keyboard_and_says_itself(brief_of: Callable[[str], Brief]) -> None:
    """Each zone is one stop with its range, distance and share; the figure itself is a group with the finding."""
    brief = brief_of("morning")
    symbol = brief.symbols[0]
    made = charts.figure(brief, symbol, "wide")
    labels = re.findall(r'<g tabindex="0" role="img" aria-label="([^"]*)">', made)
    assert len(labels) == len(symbol.zones)
    assert all((label.startswith("Zone ") and "of shorts" in label) or "of longs" in label for label in labels)
    assert f'role="group" aria-label="{html.escape(symbol.heatmap_alt)}"' in made


def test_marks_are_known_to_every_writer() -> None:
    """What can be drawn is what both writers know: a new kind of mark would be left out silently."""
    kinds: tuple[type[Mark], ...] = (Shape, Text, Raster, Group)
    assert {type(mark) for _, made in all_drawn() if made.kind != "paper" for mark in made.marks} == set(kinds)


def test_a_file_of_its_own_keeps_each_text_to_its_measure(brief_of: Callable[[str], Brief]) -> None:
    """An image gets whatever font there is: each text is told the length that it has in ours; a page needs no word."""
    brief = brief_of("one_symbol")
    files = charts.figure_files(brief)
    assert files
    for content in files.values():
        texts = re.findall(rb"<text [^>]*>", content)
        assert len(texts) > 10
        assert [one for one in texts if b' textLength="' not in one] == []
    assert "textLength" not in charts.figure(brief, brief.symbols[0], "wide")


@pytest.mark.parametrize("hours", [8.0, 72.0])
def test_a_share_names_the_horizon_that_it_is_of(brief_of: Callable[[str], Brief], hours: float) -> None:
    """The figure's words and those for a screen reader say the brief's own hours."""
    brief = replace(brief_of("morning"), horizon_hours=hours)
    drawn = charts.figure(brief, brief.symbols[0], "wide")
    assert f"reached in {hours:g}\u202fh: " in drawn
    assert "reached in 24" not in drawn
