"""A brief's bytes become files: output/YYYY/MM/DD/, the same under output/latest/, and its place in the archive.

Last step on the way from config to brief. One run writes everything in one transaction: the brief with its charts and
its input, the rows of the snapshots, the pages of the site, and what else is decided inside the lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from reportgen.delivery.layout import HTML, JSON, LATEST, PDF, Shelf, choose_shelf
from reportgen.delivery.store import FolderStore, Reader, Store, open_store, sync_folder, write_through
from reportgen.delivery.transaction import commit, writing
from reportgen.places import Place
from reportgen.units import Milliseconds

__all__ = [
    "HTML", "JSON", "PDF", "Also", "FolderStore", "Reader", "Store", "WrittenBrief", "add_files", "open_store",
    "replace_files", "write_brief_files",
]  # fmt: skip

Also: TypeAlias = Callable[[Reader], Mapping[str, bytes]]
"""What else a run writes, decided inside the lock: whole new contents by path relative to the output's root."""

_NOTHING: Final[Mapping[str, bytes]] = MappingProxyType({})
_UNFINISHED: Final = ".unfinished"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBrief:
    """Where the three files of one brief stand: paths, or URLs in a remote archive.

    Attributes:
        html, pdf, json: The page, the same to print, its full copy.
        folder: Their folder, relative to the output: 2026/01/19, or 2026/01/19/r2.
        new: False when the archive already held a brief of that day with the same result, which is then left alone.
    """

    html: str
    pdf: str
    json: str
    folder: str
    new: bool


def write_brief_files(
    output: Place,
    as_of_ms: Milliseconds,
    *,
    html: bytes,
    pdf: bytes,
    json: bytes,
    extra: Mapping[str, bytes] = _NOTHING,
    also: Also | None = None,
) -> WrittenBrief:
    """Write one brief into the folder of its UTC day and into `latest/`, in one transaction under one lock.

    A second brief of a day changes nothing when it says the same outside `provenance`; else it goes to r2, r3, ….

    Args:
        output: Folder or URL of all briefs; made if it is not there.
        as_of_ms: The moment that the brief speaks of, UTC epoch milliseconds.
        html: The page.
        pdf: The same to print.
        json: Its full copy.
        extra: Further files of the brief's own folder, by path relative to it: `input/candles.parquet`.
        also: Called inside the lock with a reader of the output; what it returns is written in the same transaction.

    Returns:
        The paths in the folder of the day.

    Raises:
        DataError: `json` is no brief.json, or the archive's own records were changed.
        EnvironmentProblem: Another run has been writing here for a minute.
        OSError: The folder cannot be written; what stood there before is unchanged.
    """
    files = {HTML: html, PDF: pdf, JSON: json, **extra}
    with writing(output) as store:
        shelf, new = choose_shelf(store, as_of_ms, json)
        contents: dict[str, bytes] = {}
        removed: list[str] = []
        if new:
            contents, removed = _filed(store, shelf, files)
        if also is not None:
            contents |= also(store)
        commit(store, contents, removed)
        return WrittenBrief(
            html=store.path(f"{shelf.folder}/{HTML}"),
            pdf=store.path(f"{shelf.folder}/{PDF}"),
            json=store.path(f"{shelf.folder}/{JSON}"),
            folder=shelf.folder,
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


def _filed(store: Store, shelf: Shelf, files: Mapping[str, bytes]) -> tuple[dict[str, bytes], list[str]]:
    """Put a new brief on its shelf: its files, latest/, its rows and its pages; also what latest/ no longer holds."""
    # They load the templates and the tables' writer, which commands that only replace a file can do without.
    from reportgen.delivery.facts import read_facts  # noqa: PLC0415
    from reportgen.delivery.records import brief_day, read_brief_days  # noqa: PLC0415
    from reportgen.delivery.site import newest, open_site, pages_with, site_of, with_brief  # noqa: PLC0415
    from reportgen.delivery.snapshots import snapshot_files  # noqa: PLC0415

    facts = read_facts(files[JSON], JSON)
    new = brief_day(facts, shelf, files)
    site = with_brief(open_site(store) or site_of(read_brief_days(store, store.files()), store), new)
    contents = {f"{shelf.folder}/{name}": content for name, content in files.items()}
    removed: list[str] = []
    if newest(site) == new:
        latest = {f"{LATEST}/{name}": content for name, content in files.items() if "/" not in name}
        contents |= latest
        removed = [path for path in store.files(LATEST) if path not in latest]
    return contents | snapshot_files(facts, shelf) | pages_with(site, new), removed


def replace_files(contents: Mapping[Path, bytes]) -> None:
    """Write several files beside their places, and move them there once all are complete.

    For files outside an archive; inside one use `add_files`, which lists them.

    Raises:
        OSError: One of them could not be written.
    """
    unfinished: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            unfinished[path] = path.with_name(f".{path.name}{_UNFINISHED}")
            write_through(unfinished[path], content)
        _refuse_folders(contents)
        for path, temporary in unfinished.items():
            temporary.replace(path)
    except BaseException:
        for temporary in unfinished.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        raise
    for folder in {path.parent for path in contents}:
        sync_folder(folder)


def _refuse_folders(paths: Mapping[Path, bytes]) -> None:
    """Find a folder that stands where a file belongs before the first file is replaced."""
    for path in paths:
        if path.is_dir():
            raise IsADirectoryError(21, "is a folder", str(path))
