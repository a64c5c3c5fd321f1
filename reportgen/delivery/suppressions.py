"""The suppression list: addresses that get nothing any more, read again before every message.

One address a line; what follows # is a note. People write it, and so do a 5.1.x answer and `subscribers remove`.
"""

from __future__ import annotations

import os
from pathlib import Path

from reportgen.delivery.addresses import address_key
from reportgen.delivery.output import replace_files


class Suppressions:
    """A suppression list on disk; an absent file is an empty list."""

    def __init__(self, path: Path) -> None:
        """Remember where it is."""
        self.path = path
        self._seen: tuple[int, ...] = ()
        self._keys: frozenset[str] = frozenset()

    def __contains__(self, key: str) -> bool:
        """Tell whether an address's key is on the list as it stands on disk now."""
        state = _state(self.path)
        if state != self._seen:
            self._keys = frozenset(_key(line) for line in _lines(self.path))
            self._seen = state
        return key in self._keys

    def add(self, address: str, why: str) -> None:
        """Put an address on the list, in one write so that two processes do not mix their lines."""
        reason = " ".join(why.split())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        ended = not self.path.exists() or self.path.read_bytes()[-1:] in (b"", b"\n")
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            os.write(handle, f"{'' if ended else chr(10)}{address}  # {reason}\n".encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def lift(self, key: str) -> bool:
        """Take an address off the list; tells whether it was on it."""
        if key not in self:
            return False
        kept = "".join(f"{line}\n" for line in _lines(self.path) if _key(line) != key)
        replace_files({self.path: kept.encode()})
        return True


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _key(line: str) -> str:
    written = line.partition("#")[0].strip()
    return address_key(written) if written else ""


def _state(path: Path) -> tuple[int, ...]:
    """Tell one state of the file from another."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
