"""A brief becomes its pages: charts are drawn in a worker process while this one loads the PDF engine.

The worker is any `concurrent.futures.Executor`; it starts before the market data is read, so that matplotlib is
loaded by the time there is something to draw. Stands between `write_brief` and `delivery.output`.
"""

# ruff: noqa: PLC0415 - heavy imports live inside the functions, that is the point here

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.cli.speech import Step
from reportgen.errors import RenderError

if TYPE_CHECKING:
    from reportgen.brief import Brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The bytes of one brief's page, and of the same to print."""

    html: bytes
    pdf: bytes


@contextmanager
def chart_worker() -> Iterator[Executor]:
    """Start a process that loads the chart library at once; an interrupt ends it without a word."""
    # Forking is quick, and safe here: nothing has started a thread yet. Elsewhere the worker starts from scratch.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    worker = ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=_leave_interrupts_to_parent)
    worker.submit(_load_charts)
    try:
        yield worker
    except BaseException:
        worker.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    worker.shutdown()


def make_pages(brief: Brief, templates: Path | None, worker: Executor, step: Step) -> Pages:
    """Draw the charts and render HTML and PDF; the same brief gives the same bytes.

    Raises:
        RenderError: A template or a chart could not be made.
    """
    step("Drawing the charts")
    drawing = worker.submit(_draw, brief)
    from reportgen.render.html import render_html
    from reportgen.render.pdf import render_pdf

    try:
        charts = drawing.result()
    except BrokenProcessPool as error:
        raise RenderError(
            "The process that draws the charts ended early, most likely for lack of memory. Free some and run again."
        ) from error
    step("Laying out the page")
    html = render_html(brief, charts, templates=templates)
    step("Laying out the PDF")
    return Pages(html=html, pdf=render_pdf(brief, charts, templates=templates))


def _leave_interrupts_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _load_charts() -> None:
    import reportgen.render.charts  # noqa: F401 - loaded ahead of its first use


def _draw(brief: Brief) -> Mapping[str, bytes]:
    from reportgen.render.charts import draw_charts

    return draw_charts(brief)
