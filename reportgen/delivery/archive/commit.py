"""A brief's bytes become files: output/YYYY/MM/DD/, the same under output/latest/, and its place in the archive.

Last step on the way from config to brief. One run writes everything in one transaction: the brief with its charts and
its input, the rows of the snapshots, the pages of the site, and what else is decided inside the lock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from pydantic import TypeAdapter, ValidationError

from reportgen.config.places import Place
from reportgen.delivery.archive.days import JSON, LATEST, BriefFolder, brief_folders, choose_folder
from reportgen.delivery.archive.manifest import (
    MANIFEST,
    Entry,
    end_of_manifest,
    entry_of,
    is_part,
    read_manifest,
    write_lines,
)
from reportgen.delivery.archive.store import FolderStore, Reader, Store, open_store, sync_folder, write_through
from reportgen.errors import DataError, UsageError
from reportgen.render.formats import FORMATS
from reportgen.units import Milliseconds

_OWN_FILES: Final = frozenset({"index.html", "feed.xml"})
_OWN_FOLDERS: Final = frozenset({LATEST, "site", "symbols", "snapshots", "ledger"})
"""What an archive writes at its root, beside its years, its manifest and what begins with a dot."""

_YEAR: Final = re.compile(r"\d{4}")
STAGING: Final = ".transaction"
JOURNAL: Final = f"{STAGING}/journal.json"
_STAGED: Final = re.compile(rf"{re.escape(STAGING)}/\d{{5,}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A complete new file that waits below .transaction/ for its place."""

    path: str
    waits_at: str
    sha256: str
    size: int


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
    refuse_foreign(store)
    with store.alone():
        recover(store)
        yield store


def refuse_foreign(store: Store) -> None:
    """Refuse a place where an archive would write over, or through, what is not its own; cheap, so ask it first.

    Raises:
        UsageError: A folder of the archive is a link to elsewhere, or a folder that never was an archive holds files
            of the names that it writes.
    """
    if isinstance(store, FolderStore):
        own = _OWN_FILES | _OWN_FOLDERS | {STAGING}
        links = sorted(name for name in store.links() if name in own or _YEAR.fullmatch(name))
        if links:
            raise UsageError(
                f"{store.path(links[0])} is a link to elsewhere, and what stands there is not reportgen's to change. "
                "Remove the link, or name another output."
            )
    if store.tail(MANIFEST, 1)[0]:
        return
    found = {name for name in _OWN_FOLDERS if next(iter(store.files(name)), None) is not None}
    found |= {name for name in _OWN_FILES if store.tail(name, 1)[0]}
    if found and not brief_folders(store.files()):  # an archive older than manifests has briefs
        raise UsageError(
            f"{store.name} holds {', '.join(sorted(found))}, which reportgen did not write and would write over. "
            "Name an empty folder as output, or move them away."
        )


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
        if not _inside(path):
            raise UsageError(f"`{path}` is no path inside the archive. Name it relative to the output, as input/a.csv.")
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
        journal = _JOURNAL.validate_json(content)
    except ValidationError as error:
        raise _changed(store, "it is no journal") from error

    fault = _fault(store, journal)
    if fault:
        raise _changed(store, fault)
    return journal


def _changed(store: Store, fault: str) -> DataError:
    return DataError(
        f"{store.path(JOURNAL)} is not as it was written: {fault}. Restore it, or remove the folder {STAGING}."
    )


def _inside(path: str) -> bool:
    """Tell whether a path stays inside the archive, written as the archive writes paths."""
    return not path.startswith("/") and "\\" not in path and {"", ".", ".."}.isdisjoint(path.split("/"))


def _fault(store: Store, journal: Journal) -> str:
    """Say what a journal asks for that no transaction of ours does; nothing of it is believed."""
    outside = [path for path in (*(one.path for one in journal.files), *journal.removed) if not _inside(path)]
    if outside:
        return f"it names {outside[0]!r}, outside the archive"
    for one in journal.files:
        if not _STAGED.fullmatch(one.waits_at):
            return f"it takes {one.path} from {one.waits_at!r}"
        held = store.read(one.waits_at)
        content = store.read(one.path) if held is None else held
        if content is None or entry_of(content) != Entry(sha256=one.sha256, size=one.size):
            return f"the bytes of {one.path} are others"
    lines, before = journal.lines.encode(), store.read(MANIFEST) or b""
    if not 0 <= journal.manifest_size <= len(before) or not lines.startswith(before[journal.manifest_size :]):
        return f"it would write over lines of {MANIFEST}"
    sealed = before[: journal.manifest_size]
    if read_manifest(sealed + lines).damaged != read_manifest(sealed).damaged:
        return f"its lines do not go on from {MANIFEST}"
    return ""


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
    listed = {each.path: Entry(sha256=each.sha256, size=each.size) for each in staged if is_part(each.path)}
    if not size:
        found = ((path, store.read(path)) for path in sorted(store.files()) if is_part(path))
        listed = {path: entry_of(content) for path, content in found if content is not None} | listed
    lines = write_lines(seal, listed, [path for path in removed if is_part(path)])
    return Journal(files=tuple(staged), removed=removed, manifest_size=size, lines=lines.decode())


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


Also: TypeAlias = Callable[[Reader], Mapping[str, bytes]]
"""What else a run writes, decided inside the lock: whole new contents by path relative to the output's root."""

_NOTHING: Final[Mapping[str, bytes]] = MappingProxyType({})
_PERMISSIONS: Final = 0o777
_OURS_ALONE: Final = 0o600
_UNFINISHED: Final = ".unfinished"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBrief:
    """Where the files of one brief stand.

    Attributes:
        files: A path, or a URL in a remote archive, by the format's name.
        folder: Their folder, relative to the output: 2026/01/19, or 2026/01/19/r2.
        new: False when the archive already held a brief of that day with the same result, which is then left alone.
    """

    files: Mapping[str, str]
    folder: str
    new: bool


def write_brief_files(
    output: Place,
    as_of_ms: Milliseconds,
    *,
    files: Mapping[str, bytes],
    extra: Mapping[str, bytes] = _NOTHING,
    also: Also | None = None,
) -> WrittenBrief:
    """Write one brief into the folder of its UTC day and into `latest/`, in one transaction under one lock.

    A second brief of a day changes nothing when it says the same outside `provenance`; else it goes to r2, r3, ….

    Args:
        output: Folder or URL of all briefs; made if it is not there.
        as_of_ms: The moment that the brief speaks of, UTC epoch milliseconds.
        files: Each format's bytes, by its file; brief.json is among them.
        extra: Further files of the brief's own folder, by path relative to it: `input/candles.parquet`.
        also: Called inside the lock with a reader of the output; what it returns is written in the same transaction.

    Returns:
        The paths in the folder of the day.

    Raises:
        DataError: brief.json is none, or the archive's own records were changed.
        EnvironmentProblem: Another run has been writing here for a minute.
        OSError: The folder cannot be written; what stood there before is unchanged.
    """
    with writing(output) as store:
        place, new = choose_folder(store, as_of_ms, files[JSON])
        contents: dict[str, bytes] = {}
        removed: list[str] = []
        if new:
            contents, removed = _with_pages(store, place, {**files, **extra})
        if also is not None:
            contents |= also(store)
        commit(store, contents, removed)
        return WrittenBrief(
            files={one.name: store.path(f"{place.folder}/{one.file}") for one in FORMATS if one.file in files},
            folder=place.folder,
            new=new,
        )


def add_files(output: Place, contents: Mapping[str, bytes]) -> None:
    """Write files of an archive that are not a brief's, such as a calibration, and list them.

    Args:
        output: Folder or URL of all briefs.
        contents: Whole new content by path relative to it.
    """
    with writing(output) as store:
        commit(store, contents)


def _with_pages(store: Store, place: BriefFolder, files: Mapping[str, bytes]) -> tuple[dict[str, bytes], list[str]]:
    """Give a new brief's files, latest/, its rows and its pages; also what latest/ no longer holds."""
    # They load the templates and the tables' writer, which commands that only replace a file can do without.
    from reportgen.delivery.archive.rows import brief_days, read_brief_days, snapshot_files
    from reportgen.delivery.archive.site import newest, open_site, pages_with, site_of, with_brief

    (new,) = brief_days({place: files[JSON]}, {place: files})
    site = with_brief(open_site(store) or site_of(read_brief_days(store, store.files()), store), new)
    contents = {f"{place.folder}/{name}": content for name, content in files.items()}
    removed: list[str] = []
    if newest(site) == new:
        latest = {f"{LATEST}/{name}": content for name, content in files.items() if "/" not in name}
        contents |= latest
        other = [path for path in store.files(LATEST) if path not in latest]
        listed = read_manifest(store.read(MANIFEST) or b"").files if other else {}
        removed = [path for path in other if path in listed]  # what others put there stays
    return contents | snapshot_files(files[JSON], place) | pages_with(site, new), removed


def replace_files(contents: Mapping[Path, bytes], *, mode: int | None = None) -> None:
    """Write several files beside their places, and move them there once all are complete.

    For files outside an archive; inside one use `add_files`, which lists them.

    Args:
        contents: Whole new content by path; a file that stands there already keeps its permissions.
        mode: Permissions of files that are new; the system's default if not named.

    Raises:
        OSError: One of them could not be written.
    """
    for path in contents:
        if path.is_dir():
            raise IsADirectoryError(21, "is a folder", str(path))
    halves = {path: path.with_name(f".{path.name}{_UNFINISHED}") for path in contents}
    try:
        for path, half in halves.items():
            permissions = path.stat().st_mode & _PERMISSIONS if path.exists() else mode
            if permissions is not None:
                half.parent.mkdir(parents=True, exist_ok=True)
                half.touch(mode=_OURS_ALONE)
            write_through(half, contents[path])
            if permissions is not None:
                half.chmod(permissions)
        for path, half in halves.items():
            half.replace(path)
    except BaseException:
        for half in halves.values():
            with suppress(OSError):
                half.unlink(missing_ok=True)
        raise
    for folder in {path.parent for path in contents}:
        sync_folder(folder)
