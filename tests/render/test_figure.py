"""The figure: only zones are loud, one denominator, one price axis, the same bytes, on screen, phone and paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from reportgen.brief.types import Brief
from reportgen.liquidation.picture import HeatmapPicture
from reportgen.render import charts
from reportgen.render.charts.axes import FORMS, FormName
from reportgen.render.charts.ground import ROLES, classes
from reportgen.units import Missing
from tests.render import pictures

NAMES = pytest.mark.parametrize("form", list(FORMS))


def drawn(symbol_state: str, form: FormName, brief_of: Callable[[str], Brief]) -> str:
    """Draw the first symbol of a state."""
    brief = brief_of(symbol_state)
    return charts.figure(brief, brief.symbols[0], form)


@NAMES
def test_the_same_brief_gives_the_same_bytes(form: FormName, brief_of: Callable[[str], Brief]) -> None:
    """Drawing twice gives the same text, without a moment or a chance in it."""
    assert drawn("morning", form, brief_of) == drawn("morning", form, brief_of) != ""


def test_no_map_gives_no_figure(brief_of: Callable[[str], Brief]) -> None:
    """A symbol without a map has no figure, on no form."""
    brief = brief_of("morning")
    gone = replace(brief.symbols[0], heatmap=Missing("The book needs days to warm up."))
    assert [charts.figure(brief, gone, form) for form in FORMS] == ["", "", ""]
    assert charts.figure_png(brief, gone, "phone") == b""


def cells(then: list[float], now: float) -> list[str | None]:
    """Class a row outside zones that lies above the price, as shorts held then and now, percent."""
    made = pictures.symbol_brief(last=100.0)
    picture = made.heatmap
    assert isinstance(picture, HeatmapPicture)
    held = np.zeros((2, len(then) + 1))
    held[1] = [*then, now]
    small = replace(
        picture, rows=2, columns=held.shape[1], price_low=99.95, time_ms=picture.time_ms[-held.shape[1] :],
        short_levels=pictures.packed(held), long_levels=pictures.packed(np.zeros_like(held)),
    )  # fmt: skip
    return [ROLES[k] for k in classes(small, replace(made, zones=()))[1]]


def test_a_cell_is_what_still_stands_of_it() -> None:
    """Then or now, whichever is smaller, in steps from .25, .5, 1 and 1.5; half a percent that went is hatched."""
    assert cells([0.0, 1.0, 3.0], 1.0) == ["paper", "short_3", "short_3", "short_3"]
    assert cells([0.2, 0.25, 0.5, 1.5], 5.0) == ["paper", "short_1", "short_2", "short_4", "short_4"]
    assert cells([0.45, 0.5, 4.0], 0.0) == ["paper", None, None, "paper"]


def test_a_page_knows_light_and_dark(brief_of: Callable[[str], Brief]) -> None:
    """On a page colours are classes and both rasters are there; paper has colours of its own and one raster."""
    page, paper = (drawn("morning", form, brief_of) for form in ("wide", "paper"))
    assert not re.search(r"#[0-9A-F]{6}", page)
    assert page.count("<image ") == 2
    assert paper.startswith("<img ")
