"""A drawing as SVG text: with classes for a page of two themes, or with colours of its own for paper and files.

Stands inside the last arrow, Brief -> bytes. The same drawing gives the same bytes. Text stays text.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from itertools import pairwise
from typing import Final, Literal, TypeAlias

import numpy as np

from reportgen.render.charts.surface import Drawing, Group, Mark, Point, Raster, Shape, Text
from reportgen.render.colours import CHART_ROLES, LIGHT, Role, Theme, colours, rgb
from reportgen.render.fonts import FAMILY

Look: TypeAlias = Literal["page", "paper", "file"]
"""Inside a page that has `figure_css`; on paper, light; a file of its own that knows light and dark."""

_PHONE = 1000
"""CSS pixels of a window up to which the phone's form is shown."""
_XML = "http://www.w3.org/2000/svg"
_FAMILIES = f"{FAMILY}, IBM Plex Sans, Helvetica, Arial, sans-serif"


def figure_css() -> str:
    """Write the rules that give the classes of a page's figures their colours; the page holds the variables."""
    rules = [f".f-{name}{{fill:var(--{name})}}.s-{name}{{stroke:var(--{name})}}" for name in map(_dashed, CHART_ROLES)]
    dark = ".on-light{display:none}.on-dark{display:inline}"
    base = (
        ".fig{display:block;max-width:100%;height:auto}.fig-phone{display:none}"
        f"@media screen and (max-width:{_PHONE}px){{.fig-wide{{display:none}}.fig-phone{{display:block}}}}"
        ".fig text{font-family:var(--font);font-variant-numeric:tabular-nums}.fig .on-dark{display:none}"
        ".fig .hit{fill:none;pointer-events:all}"
        ".fig image{image-rendering:pixelated}.fig g[tabindex]:focus-visible{outline:2px solid var(--ink)}"
    )
    return "\n".join(
        [base, *rules, f"@media screen and (prefers-color-scheme:dark){{{dark.replace('.on', '.fig .on')}}}"]
    )


def svg(drawing: Drawing, look: Look) -> str:
    """Write a drawing.

    Args:
        drawing: What.
        look: For where.
    """
    width, height = _n(drawing.width), _n(drawing.height)
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    label = escape(drawing.label, quote=True)
    role = "group" if any(isinstance(mark, Group) for mark in drawing.marks) and look == "page" else "img"
    name = f' class="fig fig-{drawing.kind}"' if look == "page" else ' class="fig"' if look == "file" else ""
    parts = [f'<svg xmlns="{_XML}"{name} {size} role="{role}" aria-label="{label}" font-family="{_FAMILIES}">']
    if look == "file":
        light, dark = (
            "".join(f"--{_dashed(role)}:{colours(theme).of(role)};" for role in CHART_ROLES)
            for theme in ("light", "dark")
        )
        dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
        parts.append(f"<style>{f':root{{--font:{_FAMILIES};{light}}}{dark}{figure_css()}'}</style>")
        parts.append(f'<rect class="f-paper" width="{width}" height="{height}"/>')
    parts += [_mark(mark, look) for mark in drawing.marks]
    return f"{''.join(parts)}</svg>"


def _mark(mark: Mark, look: Look) -> str:
    if isinstance(mark, Shape):
        return _shape(mark, look)
    if isinstance(mark, Text):
        return _text(mark, look)
    if isinstance(mark, Raster):
        themes: tuple[Theme, ...] = ("light",) if look == "paper" else ("light", "dark")
        place = f'x="{_n(mark.x)}" y="{_n(mark.y)}" width="{_n(mark.width)}" height="{_n(mark.height)}"'
        # Paper has no CSS that reaches in: there the pixels are told to stay square by an attribute.
        square = ' image-rendering="pixelated"' if look == "paper" else ""
        made = []
        for theme, png in zip(themes, palette_pngs(mark, themes), strict=True):
            name = "" if look == "paper" else f' class="on-{theme}"'
            data = base64.b64encode(png).decode()
            made.append(
                f'<image{name} {place}{square} preserveAspectRatio="none" href="data:image/png;base64,{data}"/>'
            )
        return "".join(made)
    inner = "".join(_mark(one, look) for one in mark.marks)
    if look == "paper":
        return inner
    label = escape(mark.label, quote=True)
    return f'<g tabindex="0" role="img" aria-label="{label}"><title>{label}</title>{inner}</g>'


def _shape(shape: Shape, look: Look) -> str:
    d = "".join(_path(path, closed=shape.closed) for path in shape.paths)
    if not d:
        return ""
    style = _paint(shape.fill, shape.stroke, look)
    if shape.stroke is not None:
        style += f' stroke-width="{_n(shape.width)}"'
    if shape.dashes:
        style += f' stroke-dasharray="{" ".join(_n(dash) for dash in shape.dashes)}"'
    if shape.opacity < 1:
        # Not `opacity`, for which a PDF would need a group of its own.
        style += f' {"fill" if shape.fill else "stroke"}-opacity="{_n(shape.opacity)}"'
    if shape.fill is None and shape.stroke is None:  # nothing to see: a place to point at
        style = ' class="hit"'
    if shape.title and look != "paper":
        return f'<path{style} d="{d}"><title>{escape(shape.title)}</title></path>'
    return f'<path{style} d="{d}"/>'


def _paint(fill: Role | None, stroke: Role | None, look: Look) -> str:
    if look == "paper":
        return f' fill="{LIGHT.of(fill) if fill else "none"}"' + (f' stroke="{LIGHT.of(stroke)}"' if stroke else "")
    names = [f"f-{_dashed(fill)}"] if fill else []
    names += [f"s-{_dashed(stroke)}"] if stroke else []
    return f' class="{" ".join(names)}"' + ("" if fill else ' fill="none"')


def _path(path: tuple[Point, ...], *, closed: bool) -> str:
    at = [(_n(x), _n(y)) for x, y in path]
    if not at:
        return ""
    steps = [f"M{at[0][0]} {at[0][1]}"]
    for (x0, y0), (x1, y1) in pairwise(at):
        if y0 == y1:
            steps.append(f"H{x1}")
        elif x0 == x1:
            steps.append(f"V{y1}")
        else:
            steps.append(f"L{x1} {y1}")
    return "".join(steps) + ("z" if closed else "")


def _text(text: Text, look: Look) -> str:
    anchor = "" if text.align == "left" else f' text-anchor="{"middle" if text.align == "center" else "end"}"'
    place = f'x="{_n(text.x)}" y="{_n(text.y)}"'
    turned = f' transform="rotate(-90 {_n(text.x)} {_n(text.y)})"' if text.turned else ""
    size = f' font-size="{_n(text.size)}"'
    if look == "file":  # shown as an image it gets another font, which must not run over the edge
        size += f' textLength="{_n(text.width)}" lengthAdjust="spacingAndGlyphs"'
    if len(text.runs) == 1:
        run = text.runs[0]
        return f"<text {place}{size}{anchor}{turned}{_run(run.role, run.weight, look)}>{escape(run.words)}</text>"
    inner = "".join(f"<tspan{_run(run.role, run.weight, look)}>{escape(run.words)}</tspan>" for run in text.runs)
    kept = ' xml:space="preserve"' if look == "paper" else ""  # there spaces between runs would be lost
    return f"<text {place}{size}{anchor}{turned}{kept}>{inner}</text>"


def _run(role: Role, weight: int, look: Look) -> str:
    return _paint(role, None, look) + (f' font-weight="{weight}"' if weight != 400 else "")


def palette_pngs(raster: Raster, themes: Sequence[Theme]) -> list[bytes]:
    """Encode cells, one pixel each, once for all themes: only the palette differs."""
    rows, columns = raster.cells.shape
    unfiltered = np.concatenate([np.zeros((rows, 1), dtype=np.uint8), raster.cells], axis=1)
    head = _chunk(b"IHDR", struct.pack("!IIBBBBB", columns, rows, 8, 3, 0, 0, 0))
    clear = _chunk(b"tRNS", bytes(0 if role is None else 255 for role in raster.roles))
    body = _chunk(b"IDAT", zlib.compress(unfiltered.tobytes(), _EFFORT)) + _chunk(b"IEND", b"")
    made = []
    for theme in themes:
        paint = colours(theme)
        table = bytes(part for role in raster.roles for part in rgb(paint.of(role or "paper")))
        made.append(b"\x89PNG\r\n\x1a\n" + head + _chunk(b"PLTE", table) + clear + body)
    return made


_EFFORT: Final = 8
"""Of compression: more costs several times as long for a few bytes."""


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack("!I", len(content)) + kind + content + struct.pack("!I", zlib.crc32(kind + content))


def _dashed(role: str) -> str:
    return role.replace("_", "-")


@lru_cache(maxsize=4096)  # the corners of boxes, and the places of bars in every ladder, come again and again
def _n(value: float) -> str:
    """Write a number to a tenth, or a hundredth below one, without what says nothing."""
    text = f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text
