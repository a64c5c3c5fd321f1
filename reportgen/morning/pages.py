"""A brief becomes its pages: a worker lays out the PDF, this process writes the rest meanwhile."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from reportgen.errors import RenderError
from reportgen.morning import Step

if TYPE_CHECKING:
    from reportgen.brief.types import Brief
    from reportgen.render.formats import Format

_ENDING: Final = (signal.SIGINT, signal.SIGTERM)
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Processes that take work.

    Attributes:
        executor: Lays out the PDF, and reads symbols where it has more than one process.
        count: Processes of the executor.
    """

    executor: Executor
    count: int

    def map_sections(self, make: Callable[[_Given], _Made], given: Iterable[_Given]) -> Iterable[_Made]:
        """Map over symbols: in this process when there is one worker: handing over costs more than it saves."""
        return map(make, given) if self.count == 1 else self.executor.map(make, given)


@contextmanager
def start_workers(count: int) -> Iterator[Workers]:
    """Start processes; an interrupt ends them without a word.

    Args:
        count: How many, at least 1.
    """
    # Forking is quick, and safe here: nothing has started a thread yet. Elsewhere the worker starts from scratch.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    scratch = tempfile.TemporaryDirectory(prefix="reportgen-", ignore_cleanup_errors=True)
    executor = ProcessPoolExecutor(max_workers=count, mp_context=context, initializer=_begin, initargs=(scratch.name,))
    # A worker that is ended before it begins must not know the parent's way of being interrupted, which would be noise.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    for _ in range(count):
        executor.submit(_load_paper)  # begins now, as long as this process has no threads
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    try:
        yield Workers(executor=executor, count=count)
    except Exception:
        # To end the processes now would race with the pools' own threads, which then complain on stderr: let each
        # finish what it has begun, at most the loading of its library.
        executor.shutdown(cancel_futures=True)
        raise
    except BaseException:  # an interrupt: nobody waits for anything
        executor.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    else:
        executor.shutdown()
    finally:
        scratch.cleanup()


def _begin(scratch: str) -> None:
    """Leave interrupts to the parent, and temporary files where it deletes them: a worker ends without cleaning up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    tempfile.tempdir = scratch


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """One brief as bytes: every format by its file, and the figures as files of their own by name."""

    files: Mapping[str, bytes]
    charts: Mapping[str, bytes]


def _load_paper() -> None:
    import reportgen.render.paper  # noqa: F401 - loading it ahead of its use is the point


def make_pages(brief: Brief, templates: Path | None, workers: Workers, step: Step) -> Pages:
    """Write every format; the same brief gives the same bytes.

    Raises:
        RenderError: A template or a chart could not be made.
    """
    from reportgen.render.charts import figure_files
    from reportgen.render.formats import Job, write_formats

    try:
        step("Laying out page and PDF")
        job = Job(brief=brief, templates=templates, workers=workers.executor)
        return Pages(files=write_formats(job), charts=figure_files(brief))
    except BrokenProcessPool as error:
        raise RenderError(
            "A process that draws ended early, most likely for lack of memory. Free some; run again."
        ) from error


def write_one(brief: Brief, form: Format, templates: Path | None = None) -> bytes:
    """Write a brief in one format, in this process: for callers that have threads, beside which nothing may fork.

    Raises:
        RenderError: A template or a chart could not be made.
    """
    from reportgen.render.formats import Job

    return form.begin(Job(brief=brief, templates=templates, workers=_Here()))()


class _Here(Executor):
    """Does what is submitted at once."""

    def submit(self, fn: Callable[..., _Made], /, *args: Any, **kwargs: Any) -> Future[_Made]:  # noqa: ANN401 - of any function
        done: Future[_Made] = Future()
        done.set_result(fn(*args, **kwargs))
        return done
