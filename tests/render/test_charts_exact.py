"""Exact levels on the heatmap: drawn where they are, apart from the estimate, and only where there are any."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from reportgen.brief.types import SymbolBrief
from reportgen.liquidation.known_positions import ExactLayer, ExactLevel
from reportgen.render.charts.frame import NARROW, WIDE, Shape
from reportgen.render.charts.heatmap import heatmap_png, make_frame, shown_exact
from reportgen.render.charts.variant import Form
from reportgen.render.colours import DARK, LIGHT, Theme, rgb
from reportgen.units import Ints, Missing, Side
from tests.render import pictures

LAST = 92_543.0


def level(part: float, notional: float = 1e6) -> ExactLevel:
    """Hold a position that is liquidated at a part of the price."""
    price = LAST * part
    return ExactLevel(
        price=price, side=Side.LONG if part < 1 else Side.SHORT, size_base=notional / price, notional=notional,
        share=0.001, distance_fraction=abs(part - 1), address="0x1234…cdef", venue="hyperliquid",
    )  # fmt: skip


def with_exact(*levels: ExactLevel) -> SymbolBrief:
    """Make a symbol with exact levels."""
    layer = ExactLayer(
        levels=levels, long_share=0.01, short_share=0.01, share_of="hyperliquid", time_ms=0, positions=len(levels),
        unreachable=0, passed=0,
    )  # fmt: skip
    return replace(pictures.symbol_brief(last=LAST), exact=layer)


def pixels(symbol: SymbolBrief, theme: Theme, shape: Form) -> Ints:
    """Draw one figure at its own size."""
    assert not isinstance(symbol.heatmap, Missing)
    png = heatmap_png(symbol.heatmap, symbol, theme=theme, shape=shape, scale=1.0)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(np.int64)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("form", "shape"), [("wide", WIDE), ("narrow", NARROW)])
def test_a_diamond_in_ink_stands_at_its_price_on_the_profiles_edge(theme: Theme, form: Form, shape: Shape) -> None:
    """What changes against a figure without levels is the diamond, hollow and ink, and its entry in the legend."""
    symbol = with_exact(level(0.975))
    assert not isinstance(symbol.heatmap, Missing)
    frame = make_frame(symbol.heatmap, shape)
    changed = (pixels(symbol, theme, form) != pixels(replace(symbol, exact=None), theme, form)).any(axis=2)
    y, x = round(float(frame.y(LAST * 0.975))), round(frame.profile_right)
    assert changed[y - 8 : y + 9, x - 8 : x + 9].any()
    outside = changed.copy()
    outside[y - 9 : y + 10, x - 9 : x + 10] = False
    assert not outside[: round(frame.bottom) + 2].any()
    assert outside[round(frame.bottom) + 2 :].any()
    colours = DARK if theme == "dark" else LIGHT
    drawn = pixels(symbol, theme, form)
    near = drawn[y - 8 : y + 9, x - 8 : x + 9].reshape(-1, 3)
    assert (np.abs(near - rgb(colours.ink)).sum(axis=1) < 60).any()
    assert np.abs(drawn[y, x] - rgb(colours.paper)).sum() < 60


def test_levels_beyond_the_frame_are_not_drawn_and_none_leaves_the_figure_alone() -> None:
    """Only what lies inside the y range stands in the figure; a figure without any is the same as before."""
    far = with_exact(level(0.2), level(3.0))
    assert not isinstance(far.heatmap, Missing)
    assert shown_exact(far, make_frame(far.heatmap, WIDE)) == ()
    for exact in (far.exact, Missing("Hyperliquid could not be reached."), None):
        drawn = pixels(replace(far, exact=exact), "light", "wide")
        assert (drawn == pixels(replace(far, exact=None), "light", "wide")).all()


def test_the_largest_position_is_drawn_last() -> None:
    """A large diamond is not hidden by a small one at the same price."""
    symbol = with_exact(level(0.975, 9e6), level(0.976, 1e3), level(1.02, 5e5))
    assert not isinstance(symbol.heatmap, Missing)
    found = shown_exact(symbol, make_frame(symbol.heatmap, WIDE))
    assert [one.notional for one in found] == [1e3, 5e5, 9e6]
