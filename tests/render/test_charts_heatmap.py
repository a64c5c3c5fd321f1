"""The heatmap's pixels mean what they say, its words keep apart, and awkward states are drawn too."""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib import rc_context
from PIL import Image

from reportgen.brief.types import SymbolBrief
from reportgen.errors import RenderError
from reportgen.liquidation.picture import HeatmapPicture
from reportgen.render.charts.frame import NARROW, WIDE, Frame
from reportgen.render.charts.heatmap import heatmap_png, make_frame, merged, shown_levels
from reportgen.render.charts.labels import Box
from reportgen.render.charts.sheet import Sheet, text_width
from reportgen.render.charts.variant import Form
from reportgen.render.colours import CLASS_EDGES, DARK, LIGHT, Theme, rgb
from reportgen.units import HOUR_MS, Missing
from tests.render import pictures

LAST = 92_543.0


def symbol_at(*spans: tuple[str, float, float], last: float = LAST) -> SymbolBrief:
    """Make a symbol with zones at fractions of the price."""
    zones = tuple(pictures.zone(label, last * low, last * high, last) for label, low, high in spans)  # type: ignore[arg-type]
    return replace(pictures.symbol_brief(last=last), zones=zones)


def narrow_market() -> SymbolBrief:
    """Make a symbol with a single candle in a single column."""
    return pictures.symbol_brief(map_picture=pictures.picture(hours=1))


def candleless() -> SymbolBrief:
    """Make a symbol with a map, but neither candles nor a price nor structure."""
    made = pictures.symbol_brief()
    empty = replace(
        pictures.picture(), candle_open_ms=(), candle_open=(), candle_high=(), candle_low=(), candle_close=()
    )
    gone = Missing("Nothing was read.")
    return replace(made, heatmap=empty, price=gone, structure=gone, zones=())


STATES: dict[str, Callable[[], SymbolBrief]] = {
    "plain": pictures.symbol_brief,
    "no dense zone": lambda: pictures.without_zones(pictures.symbol_brief()),
    "price inside": lambda: symbol_at(("A", 0.998, 1.006), ("C", 1.012, 1.015), ("B", 0.99, 0.995), ("C", 0.98, 0.985)),
    "beyond": lambda: symbol_at(("A", 1.006, 1.01), ("C", 1.25, 1.28), ("B", 0.8, 0.82), ("C", 0.7, 0.72)),
    "at the edge": lambda: symbol_at(("A", 1.06, 1.3), ("B", 0.7, 0.95)),
    "tiny price": lambda: pictures.symbol_brief("1000$PEPE$/USDT:USDT", last=0.00001234, decimals=8),
    "huge price": lambda: pictures.symbol_brief("BTC/IDR:IDR", last=1_523_456_789.0, decimals=0),
    "one candle": narrow_market,
    "wild": lambda: pictures.symbol_brief(map_picture=pictures.picture(seed=9, volatility=0.008)),
    "no candles": candleless,
}
EVERY_STATE = pytest.mark.parametrize("state", STATES)
SHAPES = pytest.mark.parametrize("shape", ["wide", "narrow"])


def picture_of(symbol: SymbolBrief) -> HeatmapPicture:
    """Take the picture of a symbol that has one."""
    assert not isinstance(symbol.heatmap, Missing)
    return symbol.heatmap


def drawn(symbol: SymbolBrief, shape: Form = "wide", theme: Theme = "light", scale: float = 2.0) -> Image.Image:
    """Draw a symbol and read the PNG back."""
    png = heatmap_png(picture_of(symbol), symbol, theme=theme, shape=shape, scale=scale)
    return Image.open(io.BytesIO(png))


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A text as it was asked for, and the box of its capitals."""

    words: str
    box: Box


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Word]]:
    """Collect every text that is drawn."""
    found: list[Word] = []
    draw = Sheet.text

    def text(self: Sheet, x: float, y: float, words: str, size: float, colour: str, **looks: object) -> None:
        width = text_width(words, size, looks.get("weight", 400))
        left = x - width * {"left": 0.0, "center": 0.5, "right": 1.0}[str(looks.get("align", "left"))]
        found.append(Word(words=words, box=Box(left=left, top=y - 0.7 * size, right=left + width, bottom=y)))
        draw(self, x, y, words, size, colour, **looks)  # type: ignore[arg-type]

    monkeypatch.setattr(Sheet, "text", text)
    yield found
    assert found


@EVERY_STATE
@SHAPES
def test_words_keep_apart_and_inside(written: list[Word], state: str, shape: Form) -> None:
    """In every state no label lies over another or leaves the figure."""
    symbol = STATES[state]()
    image = drawn(symbol, shape)
    form = WIDE if shape == "wide" else NARROW
    assert image.size == (2 * form.width, 2 * form.height)
    for word in written:
        box = word.box
        assert box.left >= 0, word
        assert box.right <= form.width, word
        assert box.top >= 0, word
        assert box.bottom <= form.height, word
    for one, other in combinations(written, 2):
        assert not one.box.meets(other.box), (one, other)


@SHAPES
def test_zones_stand_in_the_order_of_prices(written: list[Word], shape: Form) -> None:
    """From top to bottom the right edge reads from the highest zone over the price to the lowest."""
    drawn(STATES["price inside"](), shape)
    letters = [word for word in written if word.words in {"A", "B", "C"}]
    assert [word.words for word in sorted(letters, key=lambda word: word.box.top)] == ["C", "A", "B", "C"]
    assert any(word.words == "price inside" for word in written)


def test_an_empty_side_says_so(written: list[Word]) -> None:
    """Where nothing stands out the figure says it, and how far was looked."""
    drawn(STATES["no dense zone"]())
    words = [word.words for word in written]
    assert words.count("No dense zone") == 2
    assert "within 8\u202f% above" in words
    assert "within 8\u202f% below" in words


def packed(cells: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> str:
    """Pack levels as a brief keeps them."""
    return base64.b64encode(zlib.compress(cells.tobytes())).decode()


def striped(longs: list[int], shorts: list[int], columns: int = 40) -> SymbolBrief:
    """Make a symbol whose rows each hold one level of each side, with nothing over the heatmap."""
    made = candleless()
    base = picture_of(made)
    rows = len(longs)
    grid = replace(
        base,
        rows=rows,
        columns=columns,
        row_log_step=0.16 / rows,
        time_ms=tuple(base.time_ms[-columns:]),
        long_levels=packed(np.repeat(np.array(longs, dtype=np.uint8)[:, None], columns, axis=1)),
        short_levels=packed(np.repeat(np.array(shorts, dtype=np.uint8)[:, None], columns, axis=1)),
        level_step=0.05,
    )
    return replace(made, heatmap=grid)


def row_colours(symbol: SymbolBrief, theme: Theme = "light", part: float = 0.5) -> list[tuple[int, ...]]:
    """Read the middle of each row, lowest first, at a part of the heatmap's width."""
    image = drawn(symbol, theme=theme).convert("RGB")
    picture = picture_of(symbol)
    frame = make_frame(picture, WIDE)
    x = round(2 * (frame.left + part * (frame.right - frame.left)))
    heights = frame.bottom - (np.arange(picture.rows) + 0.5) / picture.rows * (frame.bottom - frame.top)
    return [tuple(map(int, np.asarray(image)[int(2 * y), x])) for y in heights]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_colour_is_a_class(theme: Theme) -> None:
    """A value on a class's lower edge has exactly that class's colour, one below the first edge is paper."""
    colours = LIGHT if theme == "light" else DARK
    on_edge = [round(edge / 0.05) for edge in CLASS_EDGES]
    found = row_colours(striped([4, *on_edge, *[0] * 8], [0, *[0] * 7, 4, *on_edge]), theme)
    longs = [rgb(c) for c in (colours.paper, *colours.long_classes)]
    shorts = [rgb(c) for c in (colours.paper, *colours.short_classes)]
    assert found == [*longs, *shorts]


def test_the_larger_side_wins_a_cell() -> None:
    """Where a swept price holds mass of both sides the cell shows the larger."""
    found = row_colours(striped([10, 30], [30, 10]))
    assert found == [rgb(LIGHT.short_classes[5]), rgb(LIGHT.long_classes[5])]


def test_a_time_without_a_column_is_paper() -> None:
    """A gap in the columns stays empty; nothing is stretched over it."""
    symbol = striped([40, 40], [0, 0], columns=40)
    picture = picture_of(symbol)
    gapped = tuple(t - 40 * HOUR_MS if i < 20 else t for i, t in enumerate(picture.time_ms))
    holed = replace(symbol, heatmap=replace(picture, time_ms=gapped))
    assert set(row_colours(holed, part=0.5)) == {rgb(LIGHT.paper)}
    assert set(row_colours(holed, part=0.1)) == set(row_colours(holed, part=0.9)) == {rgb(LIGHT.long_classes[-1])}


@pytest.mark.parametrize("theme", ["light", "dark"])
@SHAPES
def test_the_ground_is_exactly_the_page(theme: Theme, shape: Form) -> None:
    """All four corners are the paper of the theme, so that the image is no box on the page."""
    image = drawn(pictures.symbol_brief(), shape, theme)
    assert image.mode == "P"
    pixels = np.asarray(image.convert("RGB"))
    paper = rgb((LIGHT if theme == "light" else DARK).paper)
    assert {tuple(map(int, pixels[y, x])) for y in (0, -1) for x in (0, -1)} == {paper}


def test_the_same_symbol_gives_the_same_bytes() -> None:
    """A second drawing, after another theme and under a reader's own matplotlib settings, changes no byte."""
    symbol = pictures.symbol_brief()
    first = heatmap_png(picture_of(symbol), symbol, theme="light", shape="wide")
    heatmap_png(picture_of(symbol), symbol, theme="dark", shape="narrow")
    own = {"path.sketch": (5, 100, 2), "font.size": 30, "text.usetex": True, "lines.scale_dashes": False}
    with rc_context(own):  # type: ignore[arg-type]
        assert heatmap_png(picture_of(symbol), symbol, theme="light", shape="wide") == first


@SHAPES
def test_pictures_stay_small(shape: Form) -> None:
    """A page that carries four pictures a symbol stays small, and paper gets fewer pixels."""
    symbol = pictures.symbol_brief()
    screen = heatmap_png(picture_of(symbol), symbol, theme="light", shape=shape)
    assert len(screen) < 60_000
    assert len(heatmap_png(picture_of(symbol), symbol, theme="light", shape=shape, scale=1.4)) < len(screen)


@pytest.mark.parametrize(
    "change",
    [
        {"long_levels": "no base64!"},
        {"short_levels": base64.b64encode(b"no zlib").decode()},
        {"long_levels": base64.b64encode(zlib.compress(b"short")).decode()},
        {"long_levels": base64.b64encode(zlib.compress(bytes(10_000_000))).decode()},
        {"rows": 0},
        {"price_low": -1.0},
    ],
)
def test_a_damaged_picture_is_one_clear_error(change: dict[str, object]) -> None:
    """A brief.json that was edited by hand ends in a sentence with the next step."""
    symbol = pictures.symbol_brief()
    broken = replace(picture_of(symbol), **change)  # type: ignore[arg-type]
    with pytest.raises(RenderError, match="make the brief again"):
        heatmap_png(broken, symbol, theme="light", shape="wide")


def test_merging_candles_keeps_their_extremes() -> None:
    """Two 4 h candles become one of 8 h with the first open, the last close and both extremes."""
    picture = pictures.picture()
    bars = merged(picture, 8 * HOUR_MS)
    assert bars.slot_ms == 8 * HOUR_MS
    assert len(bars.open_ms) < 0.6 * len(picture.candle_open_ms)
    assert bars.high.max() == max(picture.candle_high)
    assert bars.low.min() == min(picture.candle_low)
    assert (bars.open[0], bars.close[-1]) == (picture.candle_open[0], picture.candle_close[-1])
    assert np.all(np.diff(bars.open_ms) == 8 * HOUR_MS)
    assert np.all(bars.low <= np.minimum(bars.open, bars.close))
    same = merged(picture, 4 * HOUR_MS)
    assert same.close.tolist() == list(picture.candle_close)


def test_crowded_levels_are_thinned() -> None:
    """At most two levels a side are named, the nearest first, and none within 0.7 ATR of one that is."""
    symbol = pictures.symbol_brief()
    assert not isinstance(symbol.structure, Missing)
    many = tuple(pictures.level(LAST * f, "above", LAST) for f in (1.01, 1.012, 1.03, 1.05, 1.9))
    crowded = replace(symbol, structure=replace(symbol.structure, resistances=many, supports=()))
    frame: Frame = make_frame(picture_of(symbol), WIDE)
    found = [(name, round(level.price / LAST, 6)) for name, level in shown_levels(crowded, frame)]
    assert found == [("R1", 1.01), ("R2", 1.03)]
