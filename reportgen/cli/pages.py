"""A brief becomes its pages: workers draw the charts and lay out the PDF, this process writes the HTML meanwhile.

Stands between `write_brief` and `delivery.output`.
"""

# ruff: noqa: PLC0415 - heavy imports live inside the functions, that is the point here

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.cli.speech import Step
from reportgen.cli.workers import Workers
from reportgen.errors import RenderError

if TYPE_CHECKING:
    from reportgen.brief import Brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The bytes of one brief's page, of the same to print, and its charts for screens by name."""

    html: bytes
    pdf: bytes
    charts: Mapping[str, bytes]


def make_pages(brief: Brief, templates: Path | None, workers: Workers, step: Step) -> Pages:
    """Draw the charts and render HTML and PDF; the same brief gives the same bytes.

    The PDF takes longest, so the pictures that it needs are drawn first and its layout begins while the others follow.

    Raises:
        RenderError: A template or a chart could not be made.
    """
    from reportgen.render.charts import draw_charts
    from reportgen.render.charts_variant import PRINT, variants
    from reportgen.render.html import render_html
    from reportgen.render.parts import parts_of

    try:
        step("Drawing the charts")
        printed = draw_charts(brief, workers.executor, chosen=(PRINT,))
        short = len(parts_of(brief)) == 1
        laying_out = workers.press.submit(_lay_out, brief, printed, templates) if short else None
        screen = tuple(variant for variant in variants(len(brief.symbols)) if variant is not PRINT)
        charts = draw_charts(brief, workers.executor, chosen=screen)
        step("Laying out page and PDF")
        if laying_out is not None:
            return Pages(html=render_html(brief, charts, templates=templates), pdf=laying_out.result(), charts=charts)
        from reportgen.render.pdf import join_parts, start_parts

        parts = start_parts(brief, printed, templates=templates, map_parts=workers.executor.map)
        page = render_html(brief, charts, templates=templates)
        return Pages(html=page, pdf=join_parts(brief, parts, templates=templates), charts=charts)
    except BrokenProcessPool as error:
        raise RenderError(
            "A process that draws ended early, most likely for lack of memory. Free some; run again."
        ) from error


def _lay_out(brief: Brief, charts: Mapping[str, bytes], templates: Path | None) -> bytes:
    from reportgen.render.pdf import render_pdf

    return render_pdf(brief, charts, templates=templates)
