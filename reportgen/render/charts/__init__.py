"""All pictures of a brief: which there are, drawing them here or over an executor, and the ladder of a summary row.

Stands at the last arrow, Brief -> bytes. Importing this loads no drawing library: a page from an archive needs only
the names and the ladders; `warm_up` loads it ahead of its first use, in a worker while something else goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from itertools import repeat

from reportgen.brief.types import Brief, SymbolBrief
from reportgen.render.charts.ladder import ladder_svg as ladder_svg
from reportgen.render.charts.variant import Variant, slug, variants
from reportgen.units import Missing


def warm_up() -> None:
    """Load the drawing library, so that the first chart does not wait for it."""
    import reportgen.render.charts.heatmap  # noqa: F401


def draw_charts(
    brief: Brief, executor: Executor | None = None, *, chosen: tuple[Variant, ...] | None = None
) -> Mapping[str, bytes]:
    """Draw every picture of a brief; the same brief gives the same bytes, however it is spread.

    Args:
        brief: What to draw. A symbol without a heatmap has no picture.
        executor: Where to draw, one symbol a task; here and now when None.
        chosen: Which pictures; those that a brief of so many symbols has when None.

    Returns:
        PNG by name, sorted: `BTC-USDT-USDT.wide.light.png`, `.wide.dark`, `.narrow.light`, `.narrow.dark` (up to six
        symbols) and `.print`, the light wide one for paper.

    Raises:
        RenderError: A symbol's picture is damaged.
    """
    wanted = variants(len(brief.symbols)) if chosen is None else chosen
    spread = map if executor is None else executor.map
    drawn = spread(draw_symbol, brief.symbols, repeat(wanted))
    named = {
        f"{slug(symbol)}.{name}": png
        for symbol, pictures in zip(brief.symbols, drawn, strict=True)
        for name, png in pictures.items()
    }
    return dict(sorted(named.items()))


def draw_symbol(symbol: SymbolBrief, chosen: Iterable[Variant]) -> dict[str, bytes]:
    """Draw the pictures of one symbol: a unit of work that any executor can carry.

    Args:
        symbol: Whose.
        chosen: Which pictures.

    Returns:
        PNG by the variant's file name, `wide.light.png`; empty when the symbol has no heatmap.

    Raises:
        RenderError: The symbol's picture is damaged.
    """
    from reportgen.render.charts.heatmap import heatmap_png

    picture = symbol.heatmap
    if isinstance(picture, Missing):
        return {}
    return {f"{v.name}.png": heatmap_png(picture, symbol, theme=v.theme, shape=v.form, scale=v.scale) for v in chosen}
