"""Looking after an archive: what it holds, its site written again, old days removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from reportgen.delivery.layout import Shelf, shelves
from reportgen.delivery.manifest import MANIFEST, Entry, is_part
from reportgen.delivery.records import read_brief_days
from reportgen.delivery.site import every_page, open_site, site_of
from reportgen.delivery.snapshots import FOLDER as SNAPSHOTS
from reportgen.delivery.store import Store
from reportgen.delivery.transaction import commit
from reportgen.delivery.verify import listed_files
from reportgen.errors import DataError, UsageError
from reportgen.render.site_days import BriefDay


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
            raise DataError(f"{store.name} holds no brief. Make one with `reportgen brief`, or name another --output.")
        return found
    return site.briefs(site.state.months)


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
        raise DataError(f"{store.name} holds no brief. Make one with `reportgen brief`, or name another --output.")
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
    gone = sorted({shelf.day for shelf in shelves(listed) if shelf.day < before.isoformat()})
    files = _files_of(listed, gone, snapshots=snapshots)
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


def find_brief(store: Store, day: date, revision: int | None) -> BriefDay:
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


def _files_of(listed: Mapping[str, Entry], days: list[str], *, snapshots: bool) -> list[str]:
    """List the files of some days."""
    folders = {Shelf(day=day, revision=1).day_folder for day in days}
    dates = set(days) if snapshots else set()
    return [
        path
        for path in listed
        if path[:10] in folders
        or (path.startswith(f"{SNAPSHOTS}/") and path.split("/")[2].removeprefix("date=") in dates)
    ]


def _stale_pages(store: Store, pages: Mapping[str, bytes]) -> list[str]:
    """List pages and records of the site that a fresh one does not have."""
    own = [path for folder in ("site", "symbols") for path in store.files(folder)]
    listed = listed_files(store) if store.read(MANIFEST) else {}
    months = [path for path in listed if path.endswith("/index.html") and path[:4].isdigit()]
    return [path for path in (*own, *months) if path not in pages and is_part(path)]
