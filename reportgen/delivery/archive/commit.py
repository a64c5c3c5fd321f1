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
    LONGEST_SEAL_LINE,
    MANIFEST,
    Entry,
    continues,
    end_of_manifest,
    entry_of,
    is_own,
    is_part,
    lists,
    read_manifest,
    write_lines,
)
from reportgen.delivery.archive.store import LOCK, Reader, Store, open_store, sync_folder, write_through
from reportgen.errors import DataError, UsageError
from reportgen.render.formats import FORMATS

STAGING: Final = ".transaction"
JOURNAL: Final = f"{STAGING}/journal.json"


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
_START: Final = frozenset({"index.html", "feed.xml"})
_WAITING: Final = re.compile(rf"{re.escape(STAGING)}/\d{{5}}")
_KEPT_BY_OTHERS: Final = ("calibrations/", "ledger/", "backtests/")


@contextmanager
def writing(place: Place) -> Iterator[Store]:
    """Open an archive for one writer, and finish what an earlier run may have left half done.

    Raises:
        EnvironmentProblem: Another run has been writing there for a minute.
        OSError: The place cannot be written.
    """
    store = open_store(place)
    with store.alone():
        judge_place(store)
        recover(store)
        yield store


def judge_place(store: Store) -> None:
    """Find, before any work, why a run could not write here or what it would lose: links, and files of somebody else.

    Where there is a manifest it says what is ours. Where there is none, names of ours are taken only if a brief of some
    day stands there, as in an archive of the first version, and its pages are ours.

    Raises:
        OSError: A file stands where a folder is needed, or permission is denied.
        UsageError: Something of the user's is in the way; names it.
    """
    store.refuse_unwritable()
    store.guard((MANIFEST, LOCK, JOURNAL, LATEST, "site/months", "site/search", "symbols", "snapshots", "ledger"))
    if store.tail(MANIFEST, 1)[0] or store.read(JOURNAL) is not None:
        return
    ours = sorted(path for path in store.files() if is_own(path) and not path.startswith(_KEPT_BY_OTHERS))
    known = bool(brief_folders(ours))
    for path in ours:
        if not known or (path in _START and b"reportgen" not in (store.read(path) or b"")):
            raise _in_the_way(store, path)


def _in_the_way(store: Store, path: str) -> UsageError:
    return UsageError(
        f"{store.path(path)} is in the way: it would be replaced, and no {MANIFEST} says that this program wrote it. "
        "Move it, or name another folder with --output."
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
        UsageError: A file would be replaced that the manifest does not list, so that it is somebody else's.
    """
    gone = tuple(removed)
    for path in (*contents, *gone):
        if not _is_inside(path):
            raise UsageError(f"`{path}` is no path inside the archive. Name it relative to the output, as input/a.csv.")
    store.guard((*contents, *gone))
    there = store.compare(contents)
    new = {path: content for path, content in contents.items() if not there.get(path)}
    if not new and not gone:
        return 0
    listed = store.read(MANIFEST) or b""
    for path in new.keys() & there if listed else ():
        if is_part(path) and not lists(listed, path):
            raise _in_the_way(store, path)
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
        fault = _fault_of(store, journal)
    except ValidationError:
        fault = "it cannot be read"
    if fault:
        raise DataError(
            f"{store.path(JOURNAL)} is not as it was written: {fault}. Restore it, or remove the folder {STAGING}."
        )
    return journal


def _is_inside(path: str) -> bool:
    """Tell whether a path names a file of the archive that a transaction may write or remove."""
    parts = path.split("/")
    outside = path.startswith("/") or "\\" in path or "\0" in path or not {"", ".", ".."}.isdisjoint(parts)
    return not outside and parts[0] not in {STAGING, MANIFEST, LOCK}


def _fault_of(store: Store, journal: Journal) -> str:
    """Say what in a journal no run of ours has written; "" when all of it fits."""
    paths = (*(staged.path for staged in journal.files), *journal.removed)
    if not all(map(_is_inside, paths)) or not all(_WAITING.fullmatch(staged.waits_at) for staged in journal.files):
        return "a path leads out of the archive"
    store.guard((*paths, *(staged.waits_at for staged in journal.files), MANIFEST))
    before, after = _around(store, journal.manifest_size)
    lines = journal.lines.encode()
    if not lines.startswith(after) or len(before) < min(journal.manifest_size, 1) or not continues(before, lines):
        return f"its lines do not follow the last seal of {MANIFEST}"
    listed = read_manifest(lines).files
    for staged in journal.files:
        entry = Entry(sha256=staged.sha256, size=staged.size)
        content = store.read(staged.waits_at)
        if content is None:
            content = store.read(staged.path)
        if content is None or entry_of(content) != entry or listed.get(staged.path, entry) != entry:
            return f"what waits for {staged.path} is not what it says"
    return ""


def _around(store: Store, at: int) -> tuple[bytes, bytes]:
    """Give the last line of a manifest before a place, and all that stands behind the place."""
    size = store.tail(MANIFEST, 1)[0]
    if at < 0 or at > size:
        return b"", b"" if not at else b"?"
    tail = store.tail(MANIFEST, size - at + LONGEST_SEAL_LINE)[1]
    return tail[: len(tail) - (size - at)], tail[len(tail) - (size - at) :]


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
        found = ((path, store.read(path)) for path in sorted(store.files()) if is_own(path))
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
    """Remove what waits below .transaction/, and the folder, which a run may have left empty when it was killed."""
    store.remove(sorted(store.files(STAGING)))
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
    day: str,
    *,
    files: Mapping[str, bytes],
    extra: Mapping[str, bytes] = _NOTHING,
    also: Also | None = None,
) -> WrittenBrief:
    """Write one brief into the folder of its day and into `latest/`, in one transaction under one lock.

    A second brief of a day changes nothing when it says the same outside `provenance`; else it goes to r2, r3, ….

    Args:
        output: Folder or URL of all briefs; made if it is not there.
        day: Its morning, as `days.morning_of` names it: 2026-01-19.
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
        place, new = choose_folder(store, day, files[JSON])
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
        others = [path for path in store.files(LATEST) if path not in latest]
        listed = read_manifest(store.read(MANIFEST) or b"").files if others else {}
        removed = [path for path in others if path in listed]
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
