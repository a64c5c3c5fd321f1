"""What a brief is written as: one entry a format, and whatever writes, keeps, links or shows a brief asks here.

A new format is a module with a `begin` of its own and a line in FORMATS.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from reportgen.brief.types import Brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One brief to be written in every format.

    Attributes:
        brief: What to say.
        templates: A folder whose files replace shipped templates of the same name.
        workers: Processes for what takes long.
    """

    brief: Brief
    templates: Path | None
    workers: Executor


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One form of a brief.

    Attributes:
        name: Its key in `--json`. file: its name in the folder of a brief. title: what links call it.
        media_type: What servers and feeds call it. enclosed: whether the feed hands it out with each brief.
        module: Has `begin(job)`, which starts the work and returns what waits for its bytes; loaded when asked.
    """

    name: str
    file: str
    title: str
    media_type: str
    module: str
    enclosed: bool = False

    def begin(self, job: Job) -> Callable[[], bytes]:
        """Start writing a brief in this format.

        Raises:
            RenderError: A template or a chart could not be made; here, or when the bytes are asked for.
        """
        module: Any = import_module(self.module)
        started: Callable[[], bytes] = module.begin(job)
        return started


PAGE: Final = Format(
    name="html",
    file="brief.html",
    title="Page",
    media_type="text/html; charset=utf-8",
    module="reportgen.render.html",
)
PDF: Final = Format(
    name="pdf",
    file="brief.pdf",
    title="PDF",
    media_type="application/pdf",
    module="reportgen.render.pdf",
    enclosed=True,
)
COPY: Final = Format(
    name="json", file="brief.json", title="JSON", media_type="application/json", module="reportgen.render.json"
)
"""The full copy: what every other format is made from again, and what tells one result of a day from another."""

FORMATS: Final = (PAGE, PDF, COPY)


def write_formats(job: Job) -> dict[str, bytes]:
    """Write a brief in every format, by file; the PDF takes longest and is begun first."""
    begun = {one: one.begin(job) for one in (PDF, *(other for other in FORMATS if other is not PDF))}
    return {one.file: begun[one]() for one in FORMATS}
