"""A brief's bytes become files: `output/YYYY/MM/DD/` and the same under `output/latest/`.

Last step on the way from config to brief. All files are written beside their places first and moved there at the very
end, so a run that is interrupted or meets a full disk leaves the earlier brief as it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from filelock import FileLock, Timeout

from reportgen.errors import EnvironmentProblem
from reportgen.moments import day_of

HTML: Final = "brief.html"
PDF: Final = "brief.pdf"
JSON: Final = "brief.json"

_LOCK: Final = ".reportgen.lock"
_UNFINISHED: Final = ".unfinished"
_LONGEST_WAIT_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBrief:
    """Where the three files of one brief stand, in the folder of its day."""

    html: Path
    pdf: Path
    json: Path


class Reader(Protocol):
    """Reads what stands in the output while nobody else may write there."""

    def read(self, path: str) -> bytes | None:
        """Read a file by its path relative to the output; None when it is not there."""


class Store(Reader, Protocol):
    """A place that keeps files, each written whole or not at all."""

    def files(self, below: str = "") -> Iterator[str]:
        """List the files below a folder, in no certain order; none when there is no such folder."""

    def write(self, path: str, content: bytes) -> None:
        """Write a file so that it is complete or as it was before."""


Also: TypeAlias = Callable[[Reader], Mapping[str, bytes]]
"""Makes the whole new content of further files, by their path below the output, from what stands there."""


def write_brief_files(
    output: Path,
    as_of_ms: int,
    *,
    html: bytes,
    pdf: bytes,
    json: bytes,
    extra: Mapping[str, bytes] | None = None,
    also: Also | None = None,
) -> WrittenBrief:
    """Write one brief into the folder of its UTC day and into `latest/`, and all that belongs to the run with it.

    Args:
        output: Folder of all briefs; made if it is not there.
        as_of_ms: The moment that the brief speaks of, UTC epoch milliseconds.
        html: The page.
        pdf: The same to print.
        json: Its full copy.
        extra: Further files of the brief's own folder, by name.
        also: Called once nobody else can write; what it gives is written in the same transaction.

    Returns:
        The paths in the folder of the day.

    Raises:
        EnvironmentProblem: Another run has been writing here for a minute.
        OSError: The folder cannot be written; what stood there before is unchanged.
    """
    day = output.joinpath(*day_of(as_of_ms))
    files = {HTML: html, PDF: pdf, JSON: json, **(extra or {})}
    with _alone_in(output):
        further = also(open_store(output)) if also else {}
        replace_files(
            {folder / name: content for folder in (day, output / "latest") for name, content in files.items()}
            | {output / path: content for path, content in further.items()}
        )
    return WrittenBrief(html=day / HTML, pdf=day / PDF, json=day / JSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderStore:
    """An output that is a folder of this machine."""

    folder: Path

    def read(self, path: str) -> bytes | None:
        """Read a file."""
        try:
            return (self.folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def files(self, below: str = "") -> Iterator[str]:
        """Walk the folder."""
        for folder, _, names in os.walk(self.folder / below):
            inside = Path(folder).relative_to(self.folder)
            yield from ((inside / name).as_posix() for name in names)

    def write(self, path: str, content: bytes) -> None:
        """Write beside the place, then move."""
        replace_files({self.folder / path: content})


def open_store(output: Path) -> Store:
    """Open the place where the briefs stand or will stand."""
    return FolderStore(folder=output)


def replace_files(contents: Mapping[Path, bytes]) -> None:
    """Write several files beside their places, and move them there once all are complete.

    Raises:
        OSError: One of them could not be written.
    """
    unfinished: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            unfinished[path] = path.with_name(f".{path.name}{_UNFINISHED}")
            _write_through(unfinished[path], content)
        _refuse_folders(contents)
        for path, temporary in unfinished.items():
            temporary.replace(path)
    except BaseException:
        for temporary in unfinished.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        raise
    for folder in {path.parent for path in contents}:
        _sync_folder(folder)


def _write_through(path: Path, content: bytes) -> None:
    """Write a file down to the disk, over what an earlier interrupted run may have left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _refuse_folders(paths: Mapping[Path, bytes]) -> None:
    """Find a folder that stands where a file belongs before the first file is replaced."""
    for path in paths:
        if path.is_dir():
            raise IsADirectoryError(21, "is a folder", str(path))


def _sync_folder(folder: Path) -> None:
    """Make the renames last through a power cut, where the system can."""
    with suppress(OSError):  # some file systems cannot sync a folder, and the files are complete without it
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _alone_in(output: Path) -> Iterator[None]:
    """Keep two runs from writing into one folder at the same time."""
    output.mkdir(parents=True, exist_ok=True)
    lock = FileLock(output / _LOCK, timeout=_LONGEST_WAIT_SECONDS)
    try:
        lock.acquire()
    except Timeout as error:
        raise EnvironmentProblem(
            f"Another run has been writing to {output} for {_LONGEST_WAIT_SECONDS} seconds. Wait for it, or end it."
        ) from error
    try:
        yield
    finally:
        lock.release()
