"""Looking after an archive: is it what it was, what it holds, its site written again, old days removed."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, TypeAlias

from reportgen.delivery.archive.commit import JOURNAL, Journal, commit, unfinished
from reportgen.delivery.archive.days import brief_folders
from reportgen.delivery.archive.manifest import MANIFEST, Entry, Listed, entry_of, is_part, read_manifest
from reportgen.delivery.archive.rows import FOLDER as SNAPSHOTS
from reportgen.delivery.archive.rows import read_brief_days
from reportgen.delivery.archive.site import every_page, open_site, site_of
from reportgen.delivery.archive.store import Store
from reportgen.errors import DataError, UsageError
from reportgen.render.site.days import BriefDay
from reportgen.track_record.ledger import LEDGER_FILE, verify_ledger

_MOST_LOOKS: Final = 4
_AT_A_TIME: Final = 8

Fault: TypeAlias = Literal["missing", "changed", "unlisted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A file that is not as the manifest says. path: relative to the archive. detail: one clause."""

    fault: Fault
    path: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check found.

    Attributes:
        findings: Every file at fault, by path.
        files, size: How many files are listed, and their bytes.
        unfinished: True when a run was ended between its journal and its last file: nothing is lost, the next run
            finishes it, and the files were judged as they will be then.
    """

    findings: tuple[Finding, ...]
    files: int
    size: int
    unfinished: bool


def verify(store: Store) -> Verdict:
    """Hash every file and compare it with the manifest; a few times over while another run writes.

    Args:
        store: The archive; nothing in it is changed, and no lock is taken: it may stand on a disk that is read-only.

    Raises:
        DataError: The journal of an unfinished transaction was changed.
    """
    for _ in range(_MOST_LOOKS):
        before = store.tail(MANIFEST, 1)[0], store.read(JOURNAL)
        verdict = _look(store)
        if not verdict.findings or before == (store.tail(MANIFEST, 1)[0], store.read(JOURNAL)):
            break
    return verdict


def _look(store: Store) -> Verdict:
    """Hash every file once."""
    journal = unfinished(store)
    listed = _listed(store, journal)
    waiting = {staged.path: staged.waits_at for staged in journal.files} if journal else {}
    going = set(journal.removed) if journal else set()
    found = []
    if listed.damaged:
        found.append(Finding(fault="changed", path=MANIFEST, detail=f"line {listed.damaged} breaks the chain of seals"))
    with ThreadPoolExecutor(_AT_A_TIME) as pool:  # a bucket answers slowly, and hashing leaves the interpreter free
        compared = pool.map(lambda item: _compare(store, item[0], item[1], waiting), listed.files.items())
        found += [finding for finding in compared if finding is not None]
    found += [
        Finding(fault="unlisted", path=path, detail="the manifest does not name it")
        for path in store.files()
        if is_part(path) and path not in listed.files and path not in going
    ]
    return Verdict(
        findings=tuple(sorted(found, key=lambda finding: (finding.path, finding.fault))),
        files=len(listed.files),
        size=sum(entry.size for entry in listed.files.values()),
        unfinished=journal is not None,
    )


def listed_files(store: Store) -> Mapping[str, Entry]:
    """Read what the manifest lists now, an unfinished transaction taken as done."""
    return _listed(store, unfinished(store)).files


def _listed(store: Store, journal: Journal | None) -> Listed:
    content = store.read(MANIFEST) or b""
    if journal is not None:
        content = content[: journal.manifest_size] + journal.lines.encode()
    return read_manifest(content)


def _compare(store: Store, path: str, entry: Entry, waiting: Mapping[str, str]) -> Finding | None:
    """Compare one file; one that still waits for its place is judged where it waits."""
    content = store.read(waiting[path]) if path in waiting else None
    if content is None:
        content = store.read(path)
    if content is None:
        return Finding(fault="missing", path=path, detail=f"{entry.size} bytes were written")
    if entry_of(content) != entry:
        size = len(content)
        detail = f"{size} bytes instead of {entry.size}" if size != entry.size else "other bytes of the same number"
        line = verify_ledger(content) if path == LEDGER_FILE else None
        return Finding(fault="changed", path=path, detail=f"line {line} breaks its chain" if line else detail)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What writing the site again did. briefs: how many it shows. pages: how many there are. changed: how many were."""

    briefs: int
    pages: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What pruning removes. days: "2026-01-19", …. files: their paths. size: in bytes."""

    days: tuple[str, ...]
    files: tuple[str, ...]
    size: int


def briefs_of(store: Store) -> list[BriefDay]:
    """List every brief of an archive, oldest first, every revision.

    Raises:
        DataError: There is no archive.
    """
    site = open_site(store)
    if site is None:
        found = read_brief_days(store, store.files())
        if not found:
            raise _no_brief(store)
        return found
    return site.briefs(site.state.months)


def _no_brief(store: Store) -> DataError:
    return DataError(f"{store.name} holds no brief. Make one with `reportgen brief`, or name another --output.")


def rebuild(store: Store, *, reread: bool) -> Rebuilt:
    """Write every page of the site again, and list what stands there when there is no manifest yet.

    Args:
        store: Held by the caller, see `transaction.writing`.
        reread: Read every brief.json again instead of the site's own records.
    """
    site = None if reread else open_site(store)
    every = list(store.files()) if site is None else []
    fresh = site or site_of(read_brief_days(store, every), store)
    pages = every_page(fresh)
    if not pages:
        raise _no_brief(store)
    stale = _stale_pages(store, pages)
    changed = commit(store, pages, stale)
    return Rebuilt(briefs=len(fresh.briefs(fresh.state.months)), pages=len(pages), changed=changed)


def prune(store: Store, before: date, *, dry_run: bool, snapshots: bool) -> Pruned:
    """Remove the days before a date: their folders and their place on the site.

    Args:
        store: Held by the caller, see `transaction.writing`.
        before: The first day that stays.
        dry_run: Only say what would go.
        snapshots: Remove their rows too; they are small, and stay otherwise.
    """
    listed = listed_files(store)
    gone = sorted({place.day for place in brief_folders(listed) if place.day < before.isoformat()})
    folders = {day.replace("-", "/") for day in gone}
    dates = {f"date={day}" for day in gone} if snapshots else set()
    files = [
        path
        for path in listed
        if path[:10] in folders or (path.startswith(f"{SNAPSHOTS}/") and path.split("/")[2] in dates)
    ]
    pruned = Pruned(days=tuple(gone), files=tuple(files), size=sum(listed[path].size for path in files))
    if dry_run or not gone:
        return pruned
    site = open_site(store) or site_of(read_brief_days(store, listed), store)
    kept = [brief for brief in site.briefs(site.state.months) if brief.day >= before.isoformat()]
    if not kept:
        raise UsageError("That would remove every brief. Choose an earlier day, or delete the folder itself.")
    pages = every_page(site_of(kept, store))
    commit(store, pages, [*files, *(path for path in _stale_pages(store, pages) if path not in files)])
    return pruned


def first_day_kept(store: Store, days: int) -> date:
    """Count back from the newest brief: the first of so many days."""
    newest = max(brief.day for brief in briefs_of(store))
    return date.fromisoformat(newest) - timedelta(days=days - 1)


def brief_of_day(store: Store, day: date, revision: int | None) -> BriefDay:
    """Find the brief of a day, its last revision when none is named.

    Raises:
        DataError: There is none; names the nearest day that has one.
    """
    every = briefs_of(store)
    found = [b for b in every if b.date == day and revision in (None, b.revision)]
    if found:
        return found[-1]
    near = min(every, key=lambda brief: abs(brief.date - day))
    which = f" revision {revision}" if revision is not None else ""
    raise DataError(f"There is no brief{which} of {day}. The nearest is {near.day}, revision {near.revision}.")


def _stale_pages(store: Store, pages: Mapping[str, bytes]) -> list[str]:
    """List pages and records of the site that a fresh one does not have."""
    listed = listed_files(store) if store.read(MANIFEST) else {}
    own = [path for path in listed if path.startswith(("site/", "symbols/"))]  # what others put there stays
    months = [path for path in listed if path.endswith("/index.html") and path[:4].isdigit()]
    return [path for path in (*own, *months) if path not in pages and path in listed]
