"""The pictures of a mail: one ladder a symbol, one narrow heatmap where a symbol is shown in detail.

Stands inside the last arrow, Brief -> bytes: drawn again from the brief by the page's own charts, light on an opaque
sheet, twice as many pixels as they are shown with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from reportgen.brief import Brief, SymbolBrief
from reportgen.render.charts import draw_symbol, slug
from reportgen.render.charts_ladder_png import ladder_png
from reportgen.render.charts_variant import NARROW_LIGHT

Kind: TypeAlias = Literal["ladder", "map"]

MOST_BYTES: Final = 60_000
"""Of one picture: a mail of four details stays a quarter of a megabyte."""

_SMALLER: Final = (2.0, 1.5, 1.0)
"""Device pixels a CSS pixel, tried in this order until a picture is small enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture that a mail asks for. symbol: unified name. name: of its file, without the folder."""

    symbol: str
    kind: Kind
    name: str

    @property
    def cid(self) -> str:
        """Name it as Content-ID and `cid:` address do."""
        return f"{self.name}@brief"


def picture(symbol: SymbolBrief, kind: Kind) -> Picture:
    """Name a symbol's picture."""
    return Picture(symbol=symbol.symbol, kind=kind, name=f"{slug(symbol)}.{kind}.png")


def draw_pictures(brief: Brief, wanted: Iterable[Picture], executor: Executor | None = None) -> Mapping[str, bytes]:
    """Draw what mails ask for, each picture once.

    Args:
        brief: Where the symbols are.
        wanted: Which; repetition costs nothing.
        executor: Where to draw; here and now when None.

    Returns:
        PNG by Content-ID.

    Raises:
        RenderError: A symbol's picture is damaged.
    """
    asked = tuple(dict.fromkeys(wanted))
    symbols = {symbol.symbol: symbol for symbol in brief.symbols}
    spread = map if executor is None else executor.map
    drawn = spread(_draw, (symbols[one.symbol] for one in asked), (one.kind for one in asked))
    return {one.cid: png for one, png in zip(asked, drawn, strict=True)}


def _draw(symbol: SymbolBrief, kind: Kind) -> bytes:
    """Draw one picture, with fewer pixels where it would weigh too much."""
    png = b""
    for scale in _SMALLER:
        if kind == "ladder":
            png = ladder_png(symbol, theme="light", scale=scale)
        else:
            variant = replace(NARROW_LIGHT, scale=scale)
            png = draw_symbol(symbol, (variant,))[f"{variant.name}.png"]
        if len(png) <= MOST_BYTES:
            break
    return png
