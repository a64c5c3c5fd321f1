"""Where an archive may stand: a folder on this machine, or an fsspec URL such as s3://bucket/briefs.

Stands at the edge, between config.yaml or the command line and whatever reads or writes the output.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from reportgen.errors import UsageError

Place: TypeAlias = Path | str
"""A folder as a path; a URL as text, since a path would fold its two slashes into one."""


def is_url(text: str) -> bool:
    """Tell an address with a scheme from the name of a folder."""
    return "://" in text


def place_of(text: str, beside: Path = Path()) -> Place:
    """Read what the user wrote: a URL stays as it is, a folder is relative to `beside`."""
    return text.rstrip("/") if is_url(text) else beside / Path(text).expanduser()


def inside(place: Place, path: str) -> str:
    """Name a file of a place as its user finds it."""
    return str(place / path) if isinstance(place, Path) else f"{place}/{path}"


def local_folder(place: Place, what: str) -> Path:
    """Give the folder, for what can only be kept on this machine.

    Args:
        place: Where the briefs go.
        what: What needs the folder, to begin the sentence: "The mail ledger".

    Raises:
        UsageError: The place is a URL.
    """
    if isinstance(place, str):
        raise UsageError(f"{what} must stand on this machine, and {place} does not. Name a folder for it.")
    return place
