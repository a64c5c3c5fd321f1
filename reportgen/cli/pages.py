"""A brief becomes its pages: workers draw the charts and write the HTML, this process lays out the PDF meanwhile.

Stands between `write_brief` and `delivery.output`.
"""

# ruff: noqa: PLC0415 - heavy imports live inside the functions, that is the point here

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
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
    """The bytes of one brief's page, and of the same to print."""

    html: bytes
    pdf: bytes


def make_pages(brief: Brief, templates: Path | None, workers: Workers, step: Step) -> Pages:
    """Draw the charts and render HTML and PDF; the same brief gives the same bytes.

    Raises:
        RenderError: A template or a chart could not be made.
    """
    from reportgen.render.charts import draw_charts

    step("Drawing the charts")
    with ThreadPoolExecutor(max_workers=1) as waiting:
        drawing = waiting.submit(draw_charts, brief, workers.executor)
        from reportgen.render.html import render_html
        from reportgen.render.pdf import render_pdf

        try:
            charts = drawing.result()
            step("Laying out page and PDF")
            page = workers.executor.submit(render_html, brief, charts, templates=templates)
            return Pages(pdf=render_pdf(brief, charts, templates=templates), html=page.result())
        except BrokenProcessPool as error:
            raise RenderError(
                "A process that draws ended early, most likely for lack of memory. Free some; run again."
            ) from error
