"""manifest.jsonl: every file of the archive with its SHA-256 and size, in the order it was written.

A line is only ever added. The last line of a path speaks for it, `removed` says that it is gone. Each transaction ends
with a seal, the hash of its lines and of the seal before: a changed or lost line breaks the chain from there on.
Files and folders whose name begins with a dot are no part of the archive.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter, ValidationError

from reportgen.delivery.archive.store import Store
from reportgen.errors import DataError, UsageError

MANIFEST: Final = "manifest.jsonl"
_FIRST_SEAL: Final = hashlib.sha256(b"reportgen archive").hexdigest()
LONGEST_SEAL_LINE: Final = 200
_OWN: Final = re.compile(
    r"index\.html|feed\.xml|\d{4}/\d{2}/index\.html"
    r"|(latest|\d{4}/\d{2}/\d{2}(/r\d+)?)/(brief\.\w+|alerts\.\w+|index\.html|charts/[^/]+\.(png|svg)|input/.+)"
    r"|site/(state\.json|site\.(css|js)|months/\d{4}-\d{2}\.json|search/\d{4}\.js)|symbols/[^/]+/(index|\d{4})\.html"
    r"|snapshots/[a-z]+/date=\d{4}-\d{2}-\d{2}/r\d+\.parquet"
    r"|calibrations/\d{4}-\d{2}-\d{2}\.json|ledger/ledger\.jsonl|backtests/.+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a file must be: its hash, lower-case hexadecimal, and its size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line as it stands: a file, a removal, or a seal."""

    path: str = ""
    sha256: str = ""
    size: int = 0
    removed: bool = False
    seal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A manifest as read.

    Attributes:
        files: What every path must be now.
        damaged: Number of the first line that cannot be read or that breaks the chain of seals, from 1; 0 if none.
    """

    files: Mapping[str, Entry]
    damaged: int


_LINE: Final = TypeAdapter(_Line)


def entry_of(content: bytes) -> Entry:
    """Describe a file's bytes."""
    return Entry(sha256=hashlib.sha256(content).hexdigest(), size=len(content))


def is_part(path: str) -> bool:
    """Tell whether a path belongs to the archive: no hidden file or folder, and not the manifest itself."""
    return path != MANIFEST and not any(part.startswith(".") for part in path.split("/"))


def is_own(path: str) -> bool:
    """Tell whether a path is one that this program writes: where there is no manifest, nothing else is taken in."""
    return _OWN.fullmatch(path) is not None


def continues(before: bytes, lines: bytes) -> bool:
    """Tell whether lines are one whole transaction, sealed upon the end of a manifest."""
    text, _, own = lines.removesuffix(b"\n").rpartition(b"\n")
    head, last = _read_line(before.removesuffix(b"\n").rpartition(b"\n")[2]), _read_line(own)
    if not lines.endswith(b"\n") or last is None or (before and (head is None or not before.endswith(b"\n"))):
        return False
    seal = head.seal if before and head is not None else _FIRST_SEAL
    return bool(seal) and last.seal == _seal(seal, text.decode(errors="replace") + "\n" * bool(text))


def lists(content: bytes, path: str) -> bool:
    """Tell whether a manifest's last word on a path is a file, and no removal."""
    word = f'{{"path":{json.dumps(path)},'.encode()
    at = content.rfind(word)
    return at >= 0 and not content.startswith(b'"removed"', at + len(word))


def write_lines(seal_before: str, files: Mapping[str, Entry], removed: Iterable[str]) -> bytes:
    """Write the lines of one transaction, its seal at the end."""
    lines = [_dump({"path": path, "sha256": entry.sha256, "size": entry.size}) for path, entry in files.items()]
    lines += [_dump({"path": path, "removed": True}) for path in removed]
    text = "".join(lines)
    return (text + _dump({"seal": _seal(seal_before, text)})).encode()


def end_of_manifest(store: Store) -> tuple[int, str]:
    """Read where the manifest ends and the seal it ends with, without reading the rest.

    Raises:
        DataError: It does not end with a seal.
    """
    size, tail = store.tail(MANIFEST, LONGEST_SEAL_LINE)
    if not size:
        return 0, _FIRST_SEAL
    line = _read_line(tail.rstrip(b"\n").rpartition(b"\n")[2])
    if line is None or not line.seal or not tail.endswith(b"\n"):
        raise DataError(
            f"{store.path(MANIFEST)}: the last line is no seal, so the file was changed. "
            f"Restore it, or see what else changed with `reportgen archive verify`."
        )
    return size, line.seal


def read_manifest(content: bytes) -> Listed:
    """Read a manifest and check its chain of seals."""
    files: dict[str, Entry] = {}
    open_lines: list[bytes] = []
    seal, damaged = _FIRST_SEAL, 0
    rows = content.split(b"\n")
    complete = rows.pop() == b""
    for number, row in enumerate(rows, 1):
        line = _read_line(row)
        if line is None:
            damaged = damaged or number
        elif line.seal:
            text = b"".join(each + b"\n" for each in open_lines).decode(errors="replace")
            damaged = damaged or (0 if line.seal == _seal(seal, text) else number)
            seal, open_lines = line.seal, []
            continue
        elif line.removed:
            files.pop(line.path, None)
        else:
            files[line.path] = Entry(sha256=line.sha256, size=line.size)
        open_lines.append(row)
    if not damaged and (open_lines or not complete):
        damaged = len(rows) + (not complete)
    return Listed(files=files, damaged=damaged)


_ANCHOR: Final = re.compile(r"reportgen seal (\d+) ([0-9a-f]{64}) \S+")


def anchor_of(content: bytes, at: str) -> str:
    """Write one line that proves the whole manifest so far: how many lines, the last seal, and when it was read.

    Raises:
        DataError: The manifest does not end with a seal.
    """
    rows = content.splitlines()
    line = _read_line(rows[-1]) if rows and content.endswith(b"\n") else None
    if line is None or not line.seal:
        raise DataError(f"{MANIFEST} does not end with a seal. See what changed with `reportgen archive verify`.")
    return f"reportgen seal {len(rows)} {line.seal} {at}"


def against(content: bytes, anchor: str) -> str:
    """Tell why a manifest does not extend what a line of `anchor_of` proved; "" when it does.

    Raises:
        UsageError: The line is none.
    """
    found = _ANCHOR.search(anchor)
    if found is None:
        raise UsageError("That is no seal. Give the whole line that `reportgen archive seal` printed.")
    count, rows = int(found[1]), content.splitlines()
    if len(rows) < count:
        return f"it has {len(rows)} lines, and {count} were sealed: it was rolled back"
    line = _read_line(rows[count - 1]) if count else None
    return "" if line is not None and line.seal == found[2] else f"line {count} holds another seal: it was written anew"


def _dump(fields: Mapping[str, object]) -> str:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True) + "\n"


def _seal(before: str, text: str) -> str:
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()


def _read_line(row: bytes) -> _Line | None:
    try:
        line = _LINE.validate_json(row)
    except ValidationError:
        return None
    return line if line.path or line.seal else None
