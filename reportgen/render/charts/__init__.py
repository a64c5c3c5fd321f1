"""The pictures of a brief: the figure of a symbol in three forms and the ladder of a summary row, as SVG and as PNG.

Stands at the last arrow, Brief -> bytes. SVG loads no drawing library; PNG, for mails and posts, is matplotlib's.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape

from reportgen.brief.types import Brief, SymbolBrief
from reportgen.render.charts.axes import FormName
from reportgen.render.charts.figure import draw_figure
from reportgen.render.charts.ladder import LadderForm, Rungs, draw_ladder, rungs_of
from reportgen.render.charts.spine import SpineRow as SpineRow
from reportgen.render.charts.spine import spine_rows as spine_rows
from reportgen.render.charts.surface import Drawing
from reportgen.render.charts.svg import figure_css as figure_css
from reportgen.render.charts.svg import svg
from reportgen.render.colours import Theme
from reportgen.render.page_helpers import slug


def figure(brief: Brief, symbol: SymbolBrief, form: FormName) -> str:
    """Draw a symbol's figure as markup: `<svg>` for a page, `<img>` for paper.

    Args:
        brief: Whose events and yesterday's zones it shows.
        symbol: One of the brief's.
        form: "wide" and "phone" for a page that has `figure_css`, light and dark in one; "paper" in points, light.

    Returns:
        Markup; "" when the symbol has no map.

    Raises:
        RenderError: The symbol's picture is damaged.
    """
    drawn = draw_figure(brief, symbol, form)
    return "" if drawn is None else _image(drawn) if form == "paper" else svg(drawn, "page")


def figure_files(brief: Brief) -> Mapping[str, bytes]:
    """Draw every figure as an SVG file of its own, light and dark: `BTC-USDT-USDT.wide.svg` and `.phone.svg`."""
    names: tuple[FormName, ...] = ("wide", "phone")
    drawn = {f"{slug(s)}.{form}.svg": draw_figure(brief, s, form) for s in brief.symbols for form in names}
    return {name: svg(made, "file").encode() for name, made in drawn.items() if made is not None}


def figure_png(
    brief: Brief, symbol: SymbolBrief, form: FormName, *, theme: Theme = "light", scale: float = 2.0
) -> bytes:
    """Draw a symbol's figure as a PNG for mails and posts; empty when the symbol has no map."""
    return _png(draw_figure(brief, symbol, form), theme, scale)


def ladder(symbol: SymbolBrief | Rungs, form: LadderForm) -> str:
    """Draw a symbol's ladder as markup: `<svg>` for a page that has `figure_css`, `<img>` for paper."""
    drawn = draw_ladder(symbol if isinstance(symbol, Rungs) else rungs_of(symbol), form)
    return _image(drawn) if form == "paper" else svg(drawn, "page")


def ladder_png(symbol: SymbolBrief, form: LadderForm, *, theme: Theme = "light", scale: float = 2.0) -> bytes:
    """Draw a symbol's ladder as a PNG for mails and posts."""
    return _png(draw_ladder(rungs_of(symbol), form), theme, scale)


def _image(drawn: Drawing) -> str:
    """Write a drawing in points as an image: the page's style then is not matched against each of its nodes."""
    data = base64.b64encode(svg(drawn, "paper").encode()).decode()
    size = f"width:{drawn.width:g}pt;height:{drawn.height:g}pt"
    label = escape(drawn.label, quote=True)
    return f'<img class="drawn" style="{size}" alt="{label}" src="data:image/svg+xml;base64,{data}">'


def _png(drawn: Drawing | None, theme: Theme, scale: float) -> bytes:
    if drawn is None:
        return b""
    from reportgen.render.charts.png import png

    return png(drawn, theme=theme, scale=scale)
