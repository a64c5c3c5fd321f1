"""A lock, so that two sends from one output folder never run at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from reportgen.errors import EnvironmentProblem

MAIL_FOLDER: Final = ".mail"
_LOCK: Final = "send.lock"
_OURS_ALONE: Final = 0o700


def make_private(folder: Path) -> Path:
    """Make the folder of ledger and dry runs, for its owner alone: it holds addresses, and output/ may be served."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(_OURS_ALONE)
    return folder


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; the system lets go of it when the process ends, however it ends.

    Raises:
        EnvironmentProblem: Another send is running.
    """
    lock = FileLock(folder / _LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise EnvironmentProblem(
            f"Another send holds {folder}. Wait for it; `reportgen send --status` shows how far it is."
        ) from error
    try:
        yield
    finally:
        lock.release()
