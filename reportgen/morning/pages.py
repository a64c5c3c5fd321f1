"""A brief becomes its pages: a worker lays out the PDF, this process writes the rest meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.morning import Step
from reportgen.morning.workers import Here, Workers

if TYPE_CHECKING:
    from reportgen.brief.types import Brief
    from reportgen.render.formats import Format


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """One brief as bytes: every format by its file, and the figures as files of their own by name."""

    files: Mapping[str, bytes]
    charts: Mapping[str, bytes]


def make_pages(brief: Brief, templates: Path | None, workers: Workers, step: Step) -> Pages:
    """Write every format; the same brief gives the same bytes.

    Raises:
        RenderError: A template or a chart could not be made.
    """
    from reportgen.render.charts import figure_files
    from reportgen.render.formats import Job, write_formats

    step("Laying out page and PDF")
    job = Job(brief=brief, templates=templates, workers=workers.executor)
    return Pages(files=write_formats(job), charts=figure_files(brief))


def write_one(brief: Brief, form: Format, templates: Path | None = None) -> bytes:
    """Write a brief in one format, in this process: for callers that have threads, beside which nothing may fork.

    Raises:
        RenderError: A template or a chart could not be made.
    """
    from reportgen.render.formats import Job

    return form.begin(Job(brief=brief, templates=templates, workers=Here()))()
