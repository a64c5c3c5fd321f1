"""An archive behind a URL, by way of fsspec: s3://bucket/briefs, gs://…, sftp://….

Stands beside `store.py` and keeps its promises with what such places have: an object is written whole or not at all,
and there is no lock. So the lock is an object that only one writer can create, which its holder writes again every few
seconds; one that has not changed for a while belongs to a run that is gone, and is taken over. No clock is compared
with another machine's.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from reportgen.delivery.archive.store import LOCK, LONGEST_WAIT_SECONDS, FolderStore, Store, busy
from reportgen.errors import EnvironmentProblem, UsageError, without_secrets

_OBJECT_STORES: Final = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "az", "adl", "oss", "oci", "r2", "memory"})
_RENEWED_EVERY_SECONDS: Final = 5.0
_GONE_AFTER_SECONDS: Final = 30.0
_ASKED_EVERY_SECONDS: Final = 0.5
_AT_A_TIME: Final = 8

_Item = TypeVar("_Item")
_Done = TypeVar("_Done")


def open_remote(url: str) -> Store:
    """Open the place behind a URL.

    Raises:
        EnvironmentProblem: What reads such URLs is not installed, or the place cannot be reached.
        UsageError: No such kind of URL is known.
    """
    try:
        import fsspec
    except ImportError as error:
        raise EnvironmentProblem(_not_installed(url)) from error
    try:
        files, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
    except ValueError as error:
        raise UsageError(
            f"{without_secrets(url, path=True)} is no kind of URL that fsspec knows. Write it as s3://bucket/briefs."
        ) from error
    except ImportError as error:
        raise EnvironmentProblem(_not_installed(url)) from error
    if "file" in _protocols(files):
        return FolderStore(folder=Path(root))
    store = RemoteStore(url=url.rstrip("/"), root=root.rstrip("/"), fs=files)
    store.tail("manifest.jsonl", 1)
    return store


def _not_installed(url: str) -> str:
    named = without_secrets(url, path=True)
    return f"What writes to {named} is not installed. Run: pip install 'reportgen[s3]'; for other kinds see fsspec."


def _protocols(files: Any) -> set[str]:  # noqa: ANN401 - fsspec has no types
    return {files.protocol} if isinstance(files.protocol, str) else set(files.protocol)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStore:
    """A place behind a URL. root: what fsspec calls it. fs: its file system."""

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

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock object, written again every few seconds by a thread."""
        token = f"{socket.gethostname()} {os.getpid()} {uuid.uuid4()}"
        self._take(token)
        done = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(token, done), daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join()
            if (self.read(LOCK) or b"").startswith(token.encode()):
                self.remove((LOCK,))

    def _take(self, token: str) -> None:
        """Create the lock object, or wait until another's is gone or has stopped changing."""
        began = since = time.monotonic()
        seen: bytes | None = None
        while True:
            held = self.read(LOCK)
            if held is None and self._create(token):
                return
            now = time.monotonic()
            if held != seen:
                seen, since = held, now
            elif held is not None and now - since > _GONE_AFTER_SECONDS:
                self.remove((LOCK,))
                continue
            if now - began > LONGEST_WAIT_SECONDS:
                raise EnvironmentProblem(busy(self.name))
            time.sleep(_ASKED_EVERY_SECONDS)

    def _create(self, token: str) -> bool:
        """Create the lock object unless somebody else has; look again, as not every place can refuse."""
        with self._asked(LOCK):
            try:
                self.fs.pipe_file(self._at(LOCK), token.encode(), mode="create")
            except FileExistsError:
                return False
            except Exception:
                if self.read(LOCK) is None:
                    raise
        return self.read(LOCK) == token.encode()

    def _keep(self, token: str, done: threading.Event) -> None:
        """Write the lock object again and again, so that waiting runs see that this one is at work."""
        turn = 0
        while not done.wait(_RENEWED_EVERY_SECONDS):
            turn += 1
            with suppress(EnvironmentProblem, OSError):
                self.write(LOCK, f"{token} {turn}".encode())

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
