"""Where a brief stands: YYYY/MM/DD for the first of its UTC day, YYYY/MM/DD/r2 for the second that says otherwise.

Stands between a brief's bytes and the transaction that writes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from reportgen.delivery.store import Store
from reportgen.moments import day_of
from reportgen.units import Milliseconds

HTML: Final = "brief.html"
PDF: Final = "brief.pdf"
JSON: Final = "brief.json"
LATEST: Final = "latest"

_BRIEF: Final = re.compile(r"(\d{4})/(\d{2})/(\d{2})(?:/r([1-9]\d*))?/brief\.json")
_OWN_PAGE: Final = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Shelf:
    """The place of one brief. day: "2026-01-19". revision: 1 for the first of the day."""

    day: str
    revision: int

    @property
    def day_folder(self) -> str:
        """Give the folder of the day: 2026/01/19."""
        return self.day.replace("-", "/")

    @property
    def folder(self) -> str:
        """Give the brief's own folder: 2026/01/19, or 2026/01/19/r2."""
        return self.day_folder if self.revision == 1 else f"{self.day_folder}/r{self.revision}"


def shelf_of(path: str) -> Shelf | None:
    """Read which brief a path to a brief.json belongs to; None for any other path."""
    found = _BRIEF.fullmatch(path)
    if not found:
        return None
    year, month, day, revision = found.groups()
    return Shelf(day=f"{year}-{month}-{day}", revision=int(revision or 1))


def shelves(paths: Iterable[str]) -> list[Shelf]:
    """List the briefs among many paths, oldest first."""
    return sorted(shelf for shelf in map(shelf_of, paths) if shelf is not None)


def choose_shelf(store: Store, as_of_ms: Milliseconds, brief_json: bytes) -> tuple[Shelf, bool]:
    """Find the place of a brief, and whether it is new there.

    Args:
        store: The archive.
        as_of_ms: The moment that the brief speaks of.
        brief_json: Its bytes.

    Returns:
        The last shelf of the day and False when the brief there says the same outside `provenance`; else the next one
        and True.
    """
    day = "-".join(day_of(as_of_ms))
    taken = shelves(store.files(day.replace("-", "/")))
    if not taken:
        return Shelf(day=day, revision=1), True
    last = taken[-1]
    if same_result(store.read(f"{last.folder}/{JSON}") or b"", brief_json):
        return last, False
    return Shelf(day=day, revision=last.revision + 1), True


def same_result(one: bytes, other: bytes) -> bool:
    """Tell whether two brief.json say the same, wherever their input came from."""
    return one == other or _without_provenance(one) == _without_provenance(other)


def _without_provenance(content: bytes) -> Any:  # noqa: ANN401 - JSON of any shape
    try:
        parsed = json.loads(content)
    except ValueError:
        return content
    return {key: value for key, value in parsed.items() if key != "provenance"} if isinstance(parsed, dict) else parsed


def belongs_to(path: str, shelf: Shelf) -> bool:
    """Tell whether a file stands in a brief's own folder, and not in that of a later revision of the day."""
    if not path.startswith(f"{shelf.folder}/"):
        return False
    inside = path.removeprefix(f"{shelf.folder}/")
    return shelf.revision > 1 or (not re.match(r"r[1-9]\d*/", inside) and inside != _OWN_PAGE)
