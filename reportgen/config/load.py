"""config.yaml -> Config, or every problem at once with its line.

The first arrow on the way from config to brief. Paths in the file are relative to the file, so that a brief made by
cron from another folder is the same brief.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError

from reportgen.config.problems import duplicate_symbols, schema_problems
from reportgen.config.settings import Config
from reportgen.config.values import FOLDER, LOOKS, Look
from reportgen.config.yaml import Problem, read_yaml
from reportgen.errors import ConfigError

DEFAULT_PATH: Final = Path("config.yaml")


def load_config(path: Path) -> Config:
    """Read config.yaml.

    Raises:
        ConfigError: The file is missing or holds problems; all of them, a line each.
    """
    config, problems = read_config(path)
    if config is None or problems:
        raise ConfigError(tuple(str(problem) for problem in problems))
    return config


def read_config(
    path: Path, looks: Mapping[str, Look] = MappingProxyType({})
) -> tuple[Config | None, tuple[Problem, ...]]:
    """Read config.yaml and every problem in it, in the order of the file.

    Args:
        path: The file.
        looks: How to look at what settings name, by the word of their `seen`; nothing is looked at by default.
    """
    name, config = str(path), None
    try:
        parsed = read_yaml(path)
    except FileNotFoundError:
        return None, (
            _unreadable(
                name, "there is no such file", "Run `reportgen init` to make one, or name yours with --config."
            ),
        )
    except IsADirectoryError:
        return None, (_unreadable(name, "is a folder", "Name the file in it with --config."),)
    except OSError as error:
        return None, (_unreadable(name, f"cannot be read ({error.strerror})", "Check its permissions."),)
    problems = list(parsed.problems)
    data = {} if parsed.data is None else parsed.data
    if not isinstance(data, dict):
        return None, (parsed.problem((), "holds no settings", "Start with `watchlist:`, or run `reportgen init`."),)
    if problems and not data:
        return None, tuple(problems)
    given = {key: value for key, value in data.items() if value is not None}
    try:
        config = Config.model_validate(given, context={FOLDER: path.parent, LOOKS: looks})
    except ValidationError as error:
        problems += schema_problems(parsed, error)
    problems += duplicate_symbols(parsed)
    return config, tuple(sorted(problems, key=lambda problem: problem.line or 0))


def _unreadable(name: str, reason: str, suggestion: str) -> Problem:
    """Say of the file as a whole why it cannot be read."""
    return Problem(file=name, line=None, key="", reason=reason, suggestion=suggestion)
