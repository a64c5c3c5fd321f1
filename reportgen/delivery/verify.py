"""Is every file of the archive what it was when it was written? Missing, changed and unlisted files by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from reportgen.delivery.manifest import MANIFEST, Entry, Listed, entry_of, is_part, read_manifest
from reportgen.delivery.store import Store
from reportgen.delivery.transaction import JOURNAL, Journal, unfinished
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
    for _ in range(_MOST_LOOKS - 1):
        before = _moment(store)
        verdict = _look(store)
        if not verdict.findings or _moment(store) == before:
            return verdict
    return _look(store)


def _moment(store: Store) -> tuple[int, bytes | None]:
    """Tell one state of the archive from the next: where the manifest ends, and the journal."""
    return store.tail(MANIFEST, 1)[0], store.read(JOURNAL)


def _look(store: Store) -> Verdict:
    """Hash every file once."""
    journal = unfinished(store)
    listed = _listed(store, journal)
    waiting = {staged.path: staged.waits_at for staged in journal.files} if journal else {}
    going = set(journal.removed) if journal else set()
    found = list(_manifest_findings(listed))
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


def _manifest_findings(listed: Listed) -> Iterator[Finding]:
    if listed.damaged:
        yield Finding(fault="changed", path=MANIFEST, detail=f"line {listed.damaged} breaks the chain of seals")


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
