"""The place where an archive stands: a folder, or any fsspec URL.

Stands under `commit.py`, which makes many of these small steps one. Paths are relative to the archive's root, with
slashes.
"""

from __future__ import annotations

import errno
import os
import posixpath
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from reportgen.config.places import Place, how_to_install
from reportgen.errors import EnvironmentProblem, UsageError, without_secrets

LOCK: Final = ".reportgen.lock"
LONGEST_WAIT_SECONDS: Final = 60
_HALF: Final = ".unfinished"
_OBJECT_STORES: Final = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "az", "adl", "oss", "oci", "r2", "memory"})
_RENEWED_EVERY_SECONDS: Final = 5.0
_GONE_AFTER_SECONDS: Final = 30.0
_ASKED_EVERY_SECONDS: Final = 0.5
_AT_A_TIME: Final = 8
_clock = partial(time.clock_gettime, time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic
"""Goes on while the machine sleeps, where the system has such a clock: other machines do not sleep with it."""

_Item = TypeVar("_Item")
_Done = TypeVar("_Done")


class Reader(Protocol):
    """Reads files of an archive."""

    def read(self, path: str) -> bytes | None:
        """Read a file by its path relative to the archive's root; None when it is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderStore:
    """A folder on this machine, that keeps files, each written whole or not at all."""

    folder: Path

    @property
    def name(self) -> str:
        """How messages call it: the folder as the user named it."""
        return str(self.folder)

    def path(self, path: str) -> str:
        """Name a file as a user finds it."""
        return str(self.folder / path)

    def read(self, path: str) -> bytes | None:
        """Read a file; None when it is not there."""
        try:
            return (self.folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def refuse_unwritable(self) -> None:
        """Find out, without writing, whether the folder, or the nearest one above that is there, can be written.

        Raises:
            OSError: A file stands in the way, or permission is denied.
        """
        there = self.folder
        while not there.exists() and there != there.parent:
            there = there.parent
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(there))
        if not os.access(there, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(there))

    def guard(self, paths: Iterable[str]) -> None:
        """See to it that nothing at or above these paths leads out of the place.

        Raises:
            UsageError: A symbolic link stands there.
        """
        steps = {step for path in paths for step in (Path(path), *Path(path).parents)}
        for step in sorted(steps - {Path()}):
            if (self.folder / step).is_symlink():
                raise UsageError(
                    f"{self.folder / step} is a symbolic link, and nothing is written or removed through one. "
                    "Put a folder there, or name another --output."
                )

    def tail(self, path: str, count: int) -> tuple[int, bytes]:
        """Give a file's size and its last bytes; 0 and nothing when it is not there."""
        try:
            with (self.folder / path).open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - count))
                return size, file.read()
        except FileNotFoundError:
            return 0, b""

    def write(self, path: str, content: bytes) -> None:
        """Write a file so that it is complete or as it was before, and lasts: beside the place, then moved."""
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
        """Write files down that nobody reads until a later `write` in the same folder has lasted."""
        for path, content in contents.items():
            write_through(self.folder / path, content)

    def compare(self, contents: Mapping[str, bytes]) -> Mapping[str, bool]:
        """Find those of the files that are there; True for one that holds these bytes already."""
        found = ((path, self.read(path)) for path in contents)
        return {path: content == contents[path] for path, content in found if content is not None}

    def append(self, path: str, at: int, content: bytes) -> None:
        """Cut a file to its first bytes and write on from there; a second time changes nothing."""
        target = self.folder / path
        with target.open("r+b" if target.exists() else "w+b") as file:
            file.truncate(at)
            file.seek(at)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def prepare(self, paths: Iterable[str]) -> None:
        """See to it that files can be moved to these paths.

        Raises:
            OSError: A folder stands where a file belongs.
        """
        for path in paths:
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir():
                raise IsADirectoryError(21, "is a folder", str(target))

    def move(self, moves: Iterable[tuple[str, str]]) -> None:
        """Move files over others, from and to; nothing happens to one that has been moved already."""
        for source, target in moves:
            with suppress(FileNotFoundError):
                (self.folder / source).replace(self.folder / target)

    def settle(self, paths: Iterable[str]) -> None:
        """Make moves and removals in these files' folders last; folders that have become empty go."""
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
        """Remove files, those that are there."""
        for path in paths:
            with suppress(FileNotFoundError, NotADirectoryError):
                (self.folder / path).unlink()

    def files(self, below: str = "") -> Iterator[str]:
        """List the files below a folder, hidden ones too, in no certain order; none when there is no such folder."""
        for folder, _, names in os.walk(self.folder / below):
            inside = Path(folder).relative_to(self.folder)
            yield from ((inside / name).as_posix() for name in names)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other writer out meanwhile, by a lock that the system gives back when its holder dies.

        Raises:
            EnvironmentProblem: Another one has been writing for a minute.
        """
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStore:
    """A place behind a URL, by way of fsspec: s3://bucket/briefs, gs://…, sftp://….

    It keeps `FolderStore`'s promises with what such places have: an object is written whole or not at all, and there is
    no lock. So the lock is an object that only one writer can create, which its holder writes again every few seconds;
    one that has not changed for a while belongs to a run that is gone, and is taken over. No clock is compared with
    another machine's. root: what fsspec calls it. fs: its file system.
    """

    url: str
    root: str
    fs: Any

    @property
    def name(self) -> str:
        """Give the URL as the user named it."""
        return self.url

    def path(self, path: str) -> str:
        """Name a file."""
        return f"{self.url}/{path}"

    def read(self, path: str) -> bytes | None:
        """Read an object."""
        with self._asked(path):
            try:
                content: bytes = self.fs.cat_file(self._at(path))
            except FileNotFoundError:
                return None
        return content

    def refuse_unwritable(self) -> None:
        """Do nothing: the first write tells."""

    def guard(self, paths: Iterable[str]) -> None:
        """Do nothing: there are no links."""

    def tail(self, path: str, count: int) -> tuple[int, bytes]:
        """Read the end of an object."""
        with self._asked(path):
            try:
                size = int(self.fs.info(self._at(path))["size"])
                return size, self.fs.cat_file(self._at(path), start=max(0, size - count), end=size) if size else b""
            except FileNotFoundError:
                return 0, b""

    def write(self, path: str, content: bytes) -> None:
        """Write an object, which is seen whole or not at all."""
        self.prepare((path,))
        with self._asked(path):
            self.fs.pipe_file(self._at(path), content)

    def stage(self, contents: Mapping[str, bytes]) -> None:
        """Write objects, several at a time."""
        self._each(lambda item: self.write(*item), contents.items())

    def compare(self, contents: Mapping[str, bytes]) -> Mapping[str, bool]:
        """Read and compare, several at a time."""
        found = zip(contents, self._each(self.read, contents), strict=True)
        return {path: content == contents[path] for path, content in found if content is not None}

    def append(self, path: str, at: int, content: bytes) -> None:
        """Write the whole object again: objects cannot grow."""
        kept = (self.read(path) or b"")[:at] if at else b""
        self.write(path, kept + content)

    def prepare(self, paths: Iterable[str]) -> None:
        """Make the folders where there are such things."""
        if _protocols(self.fs) & _OBJECT_STORES:
            return
        for folder in {self._at(path).rpartition("/")[0] for path in paths}:
            with self._asked(folder):
                self.fs.makedirs(folder, exist_ok=True)

    def move(self, moves: Iterable[tuple[str, str]]) -> None:
        """Copy on the other side, then remove, several at a time."""
        self._each(lambda move: self._move(*move), moves)

    def _move(self, source: str, target: str) -> None:
        with self._asked(target), suppress(FileNotFoundError):
            self.fs.cp_file(self._at(source), self._at(target))
            self.fs.rm_file(self._at(source))

    def settle(self, paths: Iterable[str]) -> None:
        """Do nothing: what was written there lasts."""

    def remove(self, paths: Iterable[str]) -> None:
        """Remove objects, several at a time."""
        self._each(self._remove, paths)

    def _remove(self, path: str) -> None:
        with self._asked(path), suppress(FileNotFoundError):
            self.fs.rm_file(self._at(path))

    def _each(self, work: Callable[[_Item], _Done], items: Iterable[_Item]) -> list[_Done]:
        """Do the same to several objects at a time, since each waits for the network."""
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            return list(pool.map(work, items))

    def files(self, below: str = "") -> Iterator[str]:
        """List the objects."""
        start = self._at(below) if below else self.root
        with self._asked(below):
            try:
                found = self.fs.find(start)
            except FileNotFoundError:
                found = []
        for each in found:
            yield str(each).removeprefix(f"{self.root}/")

    def create(self, path: str, content: bytes) -> bool:
        """Write an object unless there is one (If-None-Match); a request that was sent twice finds its own.

        A place that cannot refuse writes over what is there.
        """
        self.prepare((path,))
        with self._asked(path):
            try:
                self.fs.pipe_file(self._at(path), content, mode="create")
            except FileExistsError:
                return self.read(path) == content
            except Exception:
                if (found := self.read(path)) is None:
                    raise
                return found == content
        return True

    @contextmanager
    def alone(self, lock: str = LOCK, *, refusal: str = "") -> Iterator[Hold]:
        """Hold a lock object, written again every few seconds by a thread.

        Args:
            lock: Which.
            refusal: What to say as soon as another run is seen to be at work; without it that is waited for, a minute.
        """
        token = f"{socket.gethostname()} {os.getpid()} {uuid.uuid4()}"
        hold = Hold(self, lock, token, self._take(lock, token, refusal))
        done = threading.Event()
        keeper = threading.Thread(target=hold.keep, args=(done,), daemon=True)
        keeper.start()
        try:
            yield hold
        finally:
            done.set()
            keeper.join()
            if hold.is_ours():
                self.remove((lock,))

    def _take(self, lock: str, token: str, refusal: str) -> float:
        """Create the lock object, or wait until another's is gone or has stopped changing; gives when it was begun."""
        began = since = time.monotonic()
        seen: bytes | None = None
        while True:
            begun, held = _clock(), self.read(lock)  # looked at again after creating it, as not every place can refuse
            if held is None and self.create(lock, token.encode()) and self.read(lock) == token.encode():
                return begun
            now = time.monotonic()
            if held != seen:
                if held and seen and refusal:
                    raise EnvironmentProblem(refusal)
                seen, since = held, now
            elif held is not None and now - since > _GONE_AFTER_SECONDS:
                self.remove((lock,))
                continue
            if now - began > LONGEST_WAIT_SECONDS:
                raise EnvironmentProblem(refusal or busy(self.name))
            time.sleep(_ASKED_EVERY_SECONDS)

    def holds(self, other: Store, path: str) -> bool:
        """Tell whether a file of another place lies in this one."""
        if not isinstance(other, RemoteStore) or self.fs != other.fs:
            return False
        return f"{posixpath.normpath(other.root)}/{path}".startswith(f"{posixpath.normpath(self.root)}/")

    def _at(self, path: str) -> str:
        return f"{self.root}/{path}"

    @contextmanager
    def _asked(self, path: str) -> Iterator[None]:
        """Turn what a client library raises into one sentence."""
        try:
            yield
        except EnvironmentProblem:
            raise
        except Exception as error:
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise EnvironmentProblem(
                f"{self.path(path)} cannot be read or written: {first}. Check the address and the credentials."
            ) from error


class Hold:
    """A lock object that this run has made its own."""

    def __init__(self, store: RemoteStore, lock: str, token: str, renewed: float) -> None:
        """Take where it is, what it says, and when it was begun to be written."""
        self._store, self._lock, self._token, self._renewed = store, lock, token, renewed
        self._lost = False

    @property
    def lost(self) -> bool:
        """Another run has the lock, or may have it, as this one could not renew it for so long; asks nobody."""
        return self._lost or _clock() - self._renewed > _GONE_AFTER_SECONDS

    def is_ours(self) -> bool:
        """Ask whether the object is still what this run wrote."""
        return (self._store.read(self._lock) or b"").startswith(self._token.encode())

    def keep(self, done: threading.Event) -> None:
        """Write the object again and again while it is ours, so that waiting runs see that this one is at work."""
        turn = 0
        while not done.wait(_RENEWED_EVERY_SECONDS):
            turn, begun = turn + 1, _clock()
            with suppress(EnvironmentProblem, OSError):
                ours = self.is_ours()
                self._lost = self.lost or not ours  # for good: what was late may be read by nobody any more
                if not ours:
                    return
                self._store.write(self._lock, f"{self._token} {turn}".encode())
                self._renewed = begun


Store: TypeAlias = FolderStore | RemoteStore
"""A place that keeps files, each written whole or not at all."""


def open_store(place: Place) -> Store:
    """Open the place where an archive stands or will stand.

    Raises:
        EnvironmentProblem: What reads such URLs is not installed, or the place cannot be reached.
        UsageError: No such kind of URL is known.
    """
    if isinstance(place, Path):
        return FolderStore(folder=place)
    named = without_secrets(place, path=True)
    try:
        import fsspec

        files, root = fsspec.core.url_to_fs(place, use_listings_cache=False)
    except ImportError as error:
        raise EnvironmentProblem(
            f"What writes to {named} is not installed. Run: {how_to_install('s3')}; for other kinds see fsspec."
        ) from error
    except ValueError as error:
        raise UsageError(f"{named} is no kind of URL that fsspec knows. Write it as s3://bucket/briefs.") from error
    if "file" in _protocols(files):
        return FolderStore(folder=Path(root))
    store = RemoteStore(url=place.rstrip("/"), root=root.rstrip("/"), fs=files)
    store.tail("manifest.jsonl", 1)
    return store


def _protocols(files: Any) -> set[str]:  # noqa: ANN401 - fsspec has no types
    return {files.protocol} if isinstance(files.protocol, str) else set(files.protocol)
