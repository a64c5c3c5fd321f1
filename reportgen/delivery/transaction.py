"""Many files at once: all of them are written, or none is, whenever the run is ended.

    1 every new file is written below .transaction/          a run that ends here leaves nothing but rubbish
    2 .transaction/journal.json says what goes where         from here on the next run finishes what this one began
    3 the manifest's lines are added, the files moved to their places, the journal removed

Steps 3 can be done again from any point on, so that finishing is doing them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter, ValidationError

from reportgen.delivery.manifest import MANIFEST, Entry, end_of_manifest, entry_of, is_part, write_lines
from reportgen.delivery.store import Store, open_store
from reportgen.errors import DataError, UsageError
from reportgen.places import Place

STAGING: Final = ".transaction"
JOURNAL: Final = f"{STAGING}/journal.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A complete new file that waits below .transaction/ for its place."""

    path: str
    waits_at: str
    sha256: str
    size: int

    @property
    def entry(self) -> Entry:
        """Describe its bytes."""
        return Entry(sha256=self.sha256, size=self.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """What a transaction does. manifest_size: where its lines begin in the manifest."""

    files: tuple[Staged, ...]
    removed: tuple[str, ...]
    manifest_size: int
    lines: str


_JOURNAL: Final = TypeAdapter(Journal)


@contextmanager
def writing(place: Place) -> Iterator[Store]:
    """Open an archive for one writer, and finish what an earlier run may have left half done.

    Raises:
        EnvironmentProblem: Another run has been writing there for a minute.
        OSError: The place cannot be written.
    """
    store = open_store(place)
    with store.alone():
        recover(store)
        yield store


def commit(store: Store, contents: Mapping[str, bytes], removed: Iterable[str] = ()) -> int:
    """Write and remove files in one transaction; files that already hold these bytes are left as they are.

    The first transaction of a place also lists what stands there already.

    Args:
        store: Held by the caller, see `writing`.
        contents: Whole new content by path.
        removed: Paths to remove.

    Returns:
        How many files were written or removed.

    Raises:
        OSError: Something could not be written; what stood there before is unchanged.
    """
    for path in contents:
        _check(path)
    held = store.same(contents)
    new = {path: content for path, content in contents.items() if path not in held}
    gone = tuple(removed)
    if not new and not gone:
        return 0
    try:
        journal = _stage(store, new, gone)
        store.write(JOURNAL, _JOURNAL.dump_json(journal))
    except BaseException:
        with suppress(OSError):
            _clear(store)
        raise
    try:
        store.append(MANIFEST, journal.manifest_size, journal.lines.encode())
    except OSError:
        with suppress(OSError):
            store.append(MANIFEST, journal.manifest_size, b"")
            store.remove((JOURNAL,))
            _clear(store)
        raise
    _finish(store, journal)
    return len(new) + len(gone)


def unfinished(store: Store) -> Journal | None:
    """Read the journal of a transaction that was begun and not finished, if there is one.

    Raises:
        DataError: It cannot be read; it is written in one step, so somebody changed it.
    """
    content = store.read(JOURNAL)
    if content is None:
        return None
    try:
        return _JOURNAL.validate_json(content)
    except ValidationError as error:
        raise DataError(f"{store.path(JOURNAL)} was changed. Restore it, or remove the folder {STAGING}.") from error


def recover(store: Store) -> bool:
    """Finish an earlier run's transaction, or clear what it left before it became one; True when finished."""
    journal = unfinished(store)
    if journal is None:
        _clear(store)
        return False
    store.prepare(staged.path for staged in journal.files)
    store.append(MANIFEST, journal.manifest_size, journal.lines.encode())
    _finish(store, journal)
    return True


def _stage(store: Store, contents: Mapping[str, bytes], removed: tuple[str, ...]) -> Journal:
    """Write every new file beside the archive."""
    size, seal = end_of_manifest(store)
    waiting = {path: f"{STAGING}/{number:05}" for number, path in enumerate(contents)}
    store.stage({waiting[path]: content for path, content in contents.items()})
    staged = []
    for path, content in contents.items():
        entry = entry_of(content)
        staged.append(Staged(path=path, waits_at=waiting[path], sha256=entry.sha256, size=entry.size))
    store.prepare(contents)
    listed = {each.path: each.entry for each in staged if is_part(each.path)}
    if not size:
        listed = _standing(store) | listed
    lines = write_lines(seal, listed, [path for path in removed if is_part(path)])
    return Journal(files=tuple(staged), removed=removed, manifest_size=size, lines=lines.decode())


def _standing(store: Store) -> dict[str, Entry]:
    """Describe the files of a place that has no manifest yet."""
    found = ((path, store.read(path)) for path in sorted(store.files()) if is_part(path))
    return {path: entry_of(content) for path, content in found if content is not None}


def _finish(store: Store, journal: Journal) -> None:
    """Move the files to their places; doing it again is harmless."""
    store.move((staged.waits_at, staged.path) for staged in journal.files)
    store.remove(journal.removed)
    store.settle((*(staged.path for staged in journal.files), *journal.removed))
    store.remove((JOURNAL,))
    store.settle((JOURNAL,))
    _clear(store)


def _clear(store: Store) -> None:
    """Remove what waits below .transaction/."""
    left = sorted(store.files(STAGING))
    store.remove(left)
    if left:
        store.settle((JOURNAL,))


def _check(path: str) -> None:
    """Refuse a path that leads out of the archive."""
    parts = path.split("/")
    if path.startswith("/") or "\\" in path or not all(parts) or {".", ".."} & set(parts):
        raise UsageError(f"`{path}` is no path inside the archive. Name it relative to the output, as input/a.csv.")
