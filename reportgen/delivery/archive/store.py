"""What an archive asks of the place where it stands, and the place most have: a folder.

Stands under `transaction.py`, which makes many of these small steps one. Paths are relative to the archive's root, with
slashes. `store_remote.py` is the same for any fsspec URL.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from reportgen.config.places import Place
from reportgen.errors import EnvironmentProblem, UsageError

LOCK: Final = ".reportgen.lock"
LONGEST_WAIT_SECONDS: Final = 60
_HALF: Final = ".unfinished"


class Reader(Protocol):
    """Reads files of an archive."""

    def read(self, path: str) -> bytes | None:
        """Read a file by its path relative to the archive's root; None when it is not there."""


class Store(Reader, Protocol):
    """A place that keeps files, each written whole or not at all."""

    @property
    def name(self) -> str:
        """How messages call it."""

    def refuse_unwritable(self) -> None:
        """Find out, without writing, whether the place can be written, as far as that can be told.

        Raises:
            OSError: A file stands in the way, or permission is denied.
        """

    def guard(self, paths: Iterable[str]) -> None:
        """See to it that nothing at or above these paths leads out of the place.

        Raises:
            UsageError: A symbolic link stands there.
        """

    def tail(self, path: str, count: int) -> tuple[int, bytes]:
        """Give a file's size and its last bytes; 0 and nothing when it is not there."""

    def write(self, path: str, content: bytes) -> None:
        """Write a file so that it is complete or as it was before, and lasts."""

    def stage(self, contents: Mapping[str, bytes]) -> None:
        """Write files down that nobody reads until a later `write` in the same folder has lasted."""

    def compare(self, contents: Mapping[str, bytes]) -> Mapping[str, bool]:
        """Find those of the files that are there; True for one that holds these bytes already."""

    def append(self, path: str, at: int, content: bytes) -> None:
        """Cut a file to its first bytes and write on from there; a second time changes nothing."""

    def prepare(self, paths: Iterable[str]) -> None:
        """See to it that files can be moved to these paths.

        Raises:
            OSError: Something else stands there.
        """

    def move(self, moves: Iterable[tuple[str, str]]) -> None:
        """Move files over others, from and to; nothing happens to one that has been moved already."""

    def settle(self, paths: Iterable[str]) -> None:
        """Make moves and removals in these files' folders last."""

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files, those that are there."""

    def files(self, below: str = "") -> Iterator[str]:
        """List the files below a folder, hidden ones too, in no certain order; none when there is no such folder."""

    def alone(self) -> AbstractContextManager[None]:
        """Keep every other writer out meanwhile.

        Raises:
            EnvironmentProblem: Another one has been writing for a minute.
        """

    def path(self, path: str) -> str:
        """Name a file as a user finds it."""


def open_store(place: Place) -> Store:
    """Open the place where an archive stands or will stand.

    Raises:
        EnvironmentProblem: It is a URL, and what reads such URLs is not installed.
        UsageError: No such kind of URL is known.
    """
    if isinstance(place, Path):
        return FolderStore(folder=place)
    from reportgen.delivery.archive.remote import open_remote

    return open_remote(place)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderStore:
    """A folder on this machine."""

    folder: Path

    @property
    def name(self) -> str:
        """Give the folder as the user named it."""
        return str(self.folder)

    def path(self, path: str) -> str:
        """Name a file."""
        return str(self.folder / path)

    def read(self, path: str) -> bytes | None:
        """Read a file."""
        try:
            return (self.folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def refuse_unwritable(self) -> None:
        """Look at the folder, or at the nearest one above that is there."""
        there = self.folder
        while not there.exists() and there != there.parent:
            there = there.parent
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(there))
        if not os.access(there, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(there))

    def guard(self, paths: Iterable[str]) -> None:
        """Look at each folder on the way once, and at what stands at the end."""
        steps = {step for path in paths for step in (Path(path), *Path(path).parents)}
        for step in sorted(steps - {Path()}):
            if (self.folder / step).is_symlink():
                raise UsageError(
                    f"{self.folder / step} is a symbolic link, and nothing is written or removed through one. "
                    "Put a folder there, or name another --output."
                )

    def tail(self, path: str, count: int) -> tuple[int, bytes]:
        """Read the end of a file without its beginning."""
        try:
            with (self.folder / path).open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - count))
                return size, file.read()
        except FileNotFoundError:
            return 0, b""

    def write(self, path: str, content: bytes) -> None:
        """Write beside the place, then move."""
        target = self.folder / path
        half = target.with_name(f".{target.name.lstrip('.')}{_HALF}")
        try:
            write_through(half, content)
            half.replace(target)
        except BaseException:
            with suppress(OSError):
                half.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)

    def stage(self, contents: Mapping[str, bytes]) -> None:
        """Write in place; the folder is synced by the write that follows."""
        for path, content in contents.items():
            write_through(self.folder / path, content)

    def compare(self, contents: Mapping[str, bytes]) -> Mapping[str, bool]:
        """Read and compare."""
        found = ((path, self.read(path)) for path in contents)
        return {path: content == contents[path] for path, content in found if content is not None}

    def append(self, path: str, at: int, content: bytes) -> None:
        """Cut and write on, down to the disk."""
        target = self.folder / path
        with target.open("r+b" if target.exists() else "w+b") as file:
            file.truncate(at)
            file.seek(at)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def prepare(self, paths: Iterable[str]) -> None:
        """Make the folders, and find a folder that stands where a file belongs."""
        for path in paths:
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir():
                raise IsADirectoryError(21, "is a folder", str(target))

    def move(self, moves: Iterable[tuple[str, str]]) -> None:
        """Move each in one step."""
        for source, target in moves:
            with suppress(FileNotFoundError):
                (self.folder / source).replace(self.folder / target)

    def settle(self, paths: Iterable[str]) -> None:
        """Sync the folders, and remove those that have become empty."""
        for folder in {(self.folder / path).parent for path in paths}:
            if folder.is_dir():
                sync_folder(folder)
                self._remove_empty(folder)

    def _remove_empty(self, folder: Path) -> None:
        while folder != self.folder and self.folder in folder.parents:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent

    def remove(self, paths: Iterable[str]) -> None:
        """Remove each."""
        for path in paths:
            with suppress(FileNotFoundError, NotADirectoryError):
                (self.folder / path).unlink()

    def files(self, below: str = "") -> Iterator[str]:
        """Walk the folder."""
        for folder, _, names in os.walk(self.folder / below):
            inside = Path(folder).relative_to(self.folder)
            yield from ((inside / name).as_posix() for name in names)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold a lock that the system gives back when its holder dies."""
        from filelock import FileLock, Timeout

        self.folder.mkdir(parents=True, exist_ok=True)
        self.guard((LOCK,))
        lock = FileLock(self.folder / LOCK, timeout=LONGEST_WAIT_SECONDS)
        try:
            lock.acquire()
        except Timeout as error:
            raise EnvironmentProblem(busy(self.name)) from error
        try:
            yield
        finally:
            lock.release()


def busy(name: str) -> str:
    """Say that another run did not finish in time."""
    return f"Another run has been writing to {name} for {LONGEST_WAIT_SECONDS} seconds. Wait for it, or end it."


def write_through(path: Path, content: bytes) -> None:
    """Write a file down to the disk, over what an earlier interrupted run may have left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make renames last through a power cut, where the system can."""
    with suppress(OSError):  # some file systems cannot sync a folder, and the files are complete without it
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
