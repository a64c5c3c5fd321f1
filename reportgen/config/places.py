"""Where an archive may stand: a folder, or an fsspec URL such as s3://bucket/briefs; and where this copy came from.

Stands at the edge, between config.yaml or the command line and whatever reads or writes the output.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from reportgen.errors import UsageError, without_secrets

Place: TypeAlias = Path | str
"""A folder as a path; a URL as text, since a path would fold its two slashes into one."""


_VARIABLE: Final = re.compile(r"\$([A-Za-z_]\w*|\{[A-Za-z_]\w*\})")


def is_url(text: str) -> bool:
    """Tell an address with a scheme from the name of a folder."""
    return "://" in text


def is_database(text: str) -> bool:
    """Tell the URL of a PostgreSQL database from any other place."""
    return text.partition("://")[0].partition("+")[0].lower() in {"postgresql", "postgres"}


def place_of(text: str, beside: Path = Path()) -> Place:
    """Read where the briefs go: a URL stays as it is, a folder is relative to `beside`.

    Raises:
        UsageError: Nothing is named, the URL holds a password, or as `local_path`.
    """
    if not text.strip():
        raise UsageError("The output is empty. Name a folder, or a URL such as s3://bucket/briefs.")
    if not is_url(text):
        return local_path(text, beside)
    if ":" in text.partition("://")[2].rpartition("@")[0]:
        raise UsageError(
            f"{without_secrets(text, path=True)} is written with a password in it. "
            "Leave it out: credentials belong into the environment (docs/archive.md)."
        )
    return text.rstrip("/")


def local_path(text: str, beside: Path = Path()) -> Path:
    """Read a path: ~ and $NAME are filled in, what is relative stands in `beside`.

    Raises:
        UsageError: A variable is not set, or there is no such user.
    """
    for name in _VARIABLE.findall(text):
        if not os.environ.get(name.strip("{}")):
            raise UsageError(f"`{text}` names ${name}, which is not set. Set it, or write the path out.")
    try:
        return beside / Path(os.path.expandvars(text)).expanduser()
    except RuntimeError as error:
        raise UsageError(f"`{text}` names a user whose home is not known. Write the path out.") from error


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
        named = without_secrets(place, path=True)
        raise UsageError(f"{what} must stand on this machine, and {named} does not. Name a folder for it.")
    return place


def how_to_install(extra: str = "") -> str:
    """Give the command that installs reportgen again, from where this copy came: folder, wheel or address (PEP 610).

    Never by its bare name, which on PyPI is somebody else's.

    Args:
        extra: What to install with it, as "notify"; "" repairs what is there.
    """
    from importlib.metadata import PackageNotFoundError, distribution
    from urllib.request import url2pathname

    wanted = f"[{extra}]" if extra else ""
    command = "pip install" if extra else "pip install --force-reinstall"
    try:
        origin: dict[str, Any] = json.loads(distribution("reportgen").read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        origin = {}
    url = str(origin.get("url", ""))
    if url.startswith("file:") and (path := Path(url2pathname(urlsplit(url).path))).exists():
        editable = "-e " if origin.get("dir_info", {}).get("editable") else ""
        return f"{command} {editable}{shlex.quote(f'{path}{wanted}')}"
    if url.startswith("https:"):
        vcs = origin.get("vcs_info", {})
        url = f"{vcs['vcs']}+{url}@{vcs['commit_id']}" if vcs else url
        return f"{command} {shlex.quote(f'reportgen{wanted} @ {url}')}"
    return f"{command} {shlex.quote(f'./reportgen{wanted}')} from the folder that holds your copy of reportgen"
