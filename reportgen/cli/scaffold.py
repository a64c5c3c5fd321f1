"""A first config.yaml for a new user, with the schema that lets an editor help.

Stands before the first step on the way from config to brief.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from reportgen.config.settings import json_schema
from reportgen.delivery.archive.commit import replace_files
from reportgen.errors import EnvironmentProblem, UsageError

CONFIG: Final = "config.yaml"
SCHEMA: Final = "config.schema.json"


def write_scaffold(folder: Path, *, force: bool) -> tuple[Path, Path]:
    """Write config.yaml and its schema into a folder.

    Args:
        folder: Made if it is not there.
        force: Write over files that stand there.

    Returns:
        The paths of the configuration and of the schema.

    Raises:
        UsageError: A file stands there already and `force` is off; nothing is written.
        EnvironmentProblem: The installation lacks the scaffold.
        OSError: The folder cannot be written.
    """
    contents = {folder / CONFIG: scaffold_text().encode(), folder / SCHEMA: json_schema().encode()}
    for path in contents:
        if path.exists() and not force:
            raise UsageError(f"{path} exists already and is kept as it is. Add --force to write over it.")
    replace_files(contents)
    return folder / CONFIG, folder / SCHEMA


def scaffold_text() -> str:
    """Read the commented config.yaml, pointing at the schema beside it.

    Raises:
        EnvironmentProblem: The installation lacks it.
    """
    for place in _places():
        if place.is_file():
            return place.read_text(encoding="utf-8").replace("$schema=./docs/", "$schema=./", 1)
    raise EnvironmentProblem("The installation lacks templates/config.yaml. Install reportgen again.")


def _places() -> tuple[Traversable, Traversable]:
    """List where the scaffold stands: in an installed wheel, and in a checkout."""
    package = files("reportgen")
    return package / "templates" / CONFIG, Path(str(package)).parent / CONFIG
