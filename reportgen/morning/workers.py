"""Where work is done: in this process, in processes beside it, or on a dask cluster.

The unit of work is a pure function of one market or one file, so that the bytes are the same wherever it is done.
Paper is always laid out on this machine, whose Pango it needs.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import platform
import re
import signal
import sys
import tempfile
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any, Final, TypeVar

from reportgen import __version__
from reportgen.config.places import how_to_install
from reportgen.errors import EnvironmentProblem, UsageError

_ENDING: Final = (signal.SIGINT, signal.SIGTERM)
_SILENCE_S: Final = 30
"""After so long without a result a cluster is asked whether it has workers left, and given as long to find one."""

_ANSWER_S: Final = 10
"""What is no scheduler may keep silent for ever, or say what is taken for a length of exabytes."""

_AHEAD: Final = 64
"""Units that a cluster holds at least, so that it can grow and the front keeps what waits."""

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


class Here(Executor):
    """Does what is submitted at once, in this process."""

    def submit(self, fn: Callable[..., _Made], /, *args: Any, **kwargs: Any) -> Future[_Made]:  # noqa: ANN401 - of any function
        """Do it; an error is raised here and now."""
        done: Future[_Made] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Takes work.

    Attributes:
        executor: Lays out paper, on this machine.
        units: Takes markets and files, one a call.
        ahead: Units that it holds beside the one that is waited for.
        ask: Asked when nothing comes for long; raises when nothing will.
        versions: What a worker elsewhere must have; nothing for this machine's own.
    """

    executor: Executor
    units: Executor
    ahead: int = 0
    ask: Callable[[], object] = int
    versions: tuple[str, ...] = ()

    def map(self, make: Callable[[_Given], _Made], given: Iterable[_Given]) -> Iterator[_Made]:
        """Map a pure function over units of work; results come in order, and few units are on their way at once."""
        work = partial(as_front, self.versions, make) if self.versions else make
        begun: deque[Future[_Made]] = deque()
        for one in given:
            begun.append(self.units.submit(work, one))
            if len(begun) > self.ahead:
                yield self._result(begun.popleft())
        while begun:
            yield self._result(begun.popleft())

    def _result(self, begun: Future[_Made]) -> _Made:
        while not wait((begun,), timeout=_SILENCE_S).done:
            self.ask()
        return begun.result()


@contextmanager
def start_workers(count: int, cluster: str | None = None, *, paper: bool = True) -> Iterator[Workers]:
    """Start what takes work; an interrupt ends it without a word.

    Args:
        count: Processes of this machine, at least 1; with one, units are done in this process: handing over costs more.
        cluster: Address of a dask scheduler that takes the units instead.
        paper: Whether something will be laid out.

    Raises:
        UsageError: The address is none.
        EnvironmentProblem: The cluster cannot be used, or a worker ended early.
    """
    with ExitStack() as stack:
        here: Executor = Here()
        if paper or (count > 1 and cluster is None):  # before a cluster's client starts threads
            here = stack.enter_context(_processes(count, _load_paper if paper else int))
        if cluster is not None:
            yield stack.enter_context(_cluster(cluster, here))
        elif count > 1:
            yield Workers(executor=here, units=here, ahead=2 * count)
        else:
            yield Workers(executor=here, units=Here())


@contextmanager
def _processes(count: int, first: Callable[[], object]) -> Iterator[Executor]:
    """Start processes of this machine, and let each begin with something."""
    # Forking is quick, and safe here: nothing has started a thread yet. Elsewhere the worker starts from scratch.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    scratch = tempfile.TemporaryDirectory(prefix="reportgen-", ignore_cleanup_errors=True)
    executor = ProcessPoolExecutor(max_workers=count, mp_context=context, initializer=_begin, initargs=(scratch.name,))
    # A worker that is ended before it begins must not know the parent's way of being interrupted, which would be noise.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    for _ in range(count):
        executor.submit(first)  # begins now, as long as this process has no threads
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    try:
        yield executor
    except Exception as error:
        # To end the processes now would race with the pools' own threads, which then complain on stderr: let each
        # finish what it has begun, at most the loading of its library.
        executor.shutdown(cancel_futures=True)
        if isinstance(error, BrokenProcessPool):
            raise EnvironmentProblem(
                "A process that works ended early, most likely for lack of memory. Free some; run again."
            ) from error
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
    """Leave interrupts and temporary files to the parent: a worker ends without cleaning up, and with the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    tempfile.tempdir = scratch

    def end_with(parent: multiprocessing.process.BaseProcess) -> None:
        parent.join()
        os._exit(1)

    if parent := multiprocessing.parent_process():
        threading.Thread(target=end_with, args=(parent,), daemon=True).start()


def _load_paper() -> None:
    import reportgen.render.paper  # noqa: F401 - loading it ahead of its use is the point


@contextmanager
def _cluster(address: str, here: Executor) -> Iterator[Workers]:
    """Hand units to the workers of a scheduler; one that dies costs a retry, which dask sees to."""
    if not re.fullmatch(r"(tcp|tls)://.+:\d+", address):
        raise UsageError(f"--cluster {address} is not an address. Give the scheduler's, as tcp://10.0.0.5:8786.")
    try:
        import dask.config

        dask.config.set({"logging": dict.fromkeys(("distributed", "distributed.client", "tornado"), "critical")})
        from distributed import Client, Security
        from distributed.comm.core import connect
    except ModuleNotFoundError as error:
        raise EnvironmentProblem(
            f"A cluster needs dask.distributed, which is not installed. Run: {how_to_install('cluster')}"
        ) from error
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"})  # a market is sent once, on purpose

    async def greet() -> None:
        asked = connect(address, **Security().get_connection_args("client"))
        (await asyncio.wait_for(asked, _ANSWER_S)).abort()

    try:
        asyncio.run(greet())
        with warnings.catch_warnings(action="ignore"):  # other versions are judged below
            client = Client(address, set_as_default=False)
    except (OSError, ImportError, ValueError, MemoryError) as error:
        raise EnvironmentProblem(
            f"No scheduler answers at {address}. Start one (dask scheduler), or correct --cluster."
        ) from error

    def ask() -> None:
        try:
            client.wait_for_workers(1, timeout=_SILENCE_S)
        except TimeoutError as error:
            raise EnvironmentProblem(
                f"The cluster at {address} has no worker. Start some (dask worker {address}); run again."
            ) from error

    with client:
        try:
            ask()
            ahead = max(_AHEAD, 2 * sum(client.nthreads().values()))
            units = client.get_executor(pure=False)
            yield Workers(executor=here, units=units, ahead=ahead, ask=ask, versions=_versions())
        except Exception as error:
            problem = _problem_of(error, address, running=client.status == "running")
            if problem:
                raise EnvironmentProblem(problem) from error
            raise


def _problem_of(error: Exception, address: str, *, running: bool) -> str:
    """Say what is wrong with the cluster and what to do; nothing where the error is the work's own."""
    from distributed import KilledWorker

    cause = error.__cause__ or error  # where the scheduler could not read the work, why stands behind it
    if isinstance(error, KilledWorker):
        return (
            f"{error.allowed_failures + 1} workers of the cluster died over the same piece of work, most likely for "
            "lack of memory. Give each more (dask worker --memory-limit); run again."
        )
    if isinstance(cause, ModuleNotFoundError | AttributeError) and "reportgen" in str(cause):
        return f"The cluster at {address} lacks reportgen {__version__}. Install it for its scheduler and its workers."
    if isinstance(error, CancelledError) or not running:
        return f"The cluster at {address} has gone. Start it; run again."
    return ""


def _versions() -> tuple[str, ...]:
    """Name what the bytes of a result hang on."""
    python = ".".join(platform.python_version_tuple()[:2])
    return f"reportgen {__version__}", f"Python {python}", f"numpy {version('numpy')}"


def as_front(versions: tuple[str, ...], make: Callable[[_Given], _Made], given: _Given) -> _Made:
    """Do a unit of work on a worker that has what the front has.

    Raises:
        EnvironmentProblem: It has not.
    """
    if versions != _versions():
        raise EnvironmentProblem(
            f"A worker of the cluster has {', '.join(_versions())}; this machine has {', '.join(versions)}. "
            "Install the same on both."
        )
    return make(given)
