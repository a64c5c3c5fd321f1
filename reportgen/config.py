"""config.yaml -> Config, or every problem at once with its line.

The first arrow on the way from config to brief. Paths in the file are relative to the file, so that a brief made by
cron from another folder is the same brief.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from pydantic import Field, ValidationError, create_model

from reportgen import config_schema as schema
from reportgen.assumptions import DEFAULTS, Assumptions
from reportgen.config_assumptions import assumption_overrides
from reportgen.config_events import event_sources, flow_sources
from reportgen.config_mail import Mail, settle_mail
from reportgen.config_problems import Problem, duplicate_symbols, schema_problems, yaml_problem
from reportgen.config_yaml import read_yaml
from reportgen.errors import ConfigError
from reportgen.events.origins import EventSources, FlowSource
from reportgen.places import Place, place_of

DEFAULT_PATH: Final = Path("config.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One market of the watchlist. symbol: unified. venues: only these; all that the source has if empty."""

    symbol: str
    venues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the morning brief watches and how.

    Attributes:
        watchlist: In the page's order, without duplicates.
        timeframe: The trading timeframe, "4h". horizon_hours: How far the brief looks ahead. timezone: IANA name.
        output: Folder or URL of the briefs. source: `live`, `sample`, or the absolute path of a market folder.
        templates: Folder whose files replace single templates.
        calibration: File or folder of calibrations; None for `calibrations` in the output folder.
        venue_urls: Where to send the requests meant for a venue.
        leverage_brackets: A file of the user's own brackets, for live runs.
        exact_addresses: Whose positions become exact levels. exact_file: a file that lists them instead.
        events: Those listed, in the file's order, the files and feeds that hold more, the built-in calendars in force.
        etf_flows: Where fund flows stand, beside the market folder.
        assumptions: The defaults with the file's overrides.
    """

    watchlist: tuple[Watched, ...]
    timeframe: str = "4h"
    horizon_hours: float = 24.0
    timezone: str = "UTC"
    output: Place = Path("output")
    source: str = schema.LIVE
    templates: Path | None = None
    calibration: Path | None = None
    venue_urls: Mapping[str, str | None] = field(default_factory=dict)
    leverage_brackets: Path | None = None
    exact_addresses: tuple[str, ...] = ()
    exact_file: Path | None = None
    events: EventSources = field(default_factory=EventSources)
    etf_flows: tuple[FlowSource, ...] = ()
    mail: Mail | None = None
    assumptions: Assumptions = DEFAULTS


def load_config(path: Path) -> Config:
    """Read config.yaml.

    Raises:
        ConfigError: The file is missing or holds problems; all of them, a line each.
    """
    config, problems = read_config(path)
    if config is None or problems:
        raise ConfigError(tuple(str(problem) for problem in problems))
    return config


def read_config(path: Path) -> tuple[Config | None, tuple[Problem, ...]]:
    """Read config.yaml and every problem in it, in the order of the file."""
    name = str(path)
    try:
        parsed = read_yaml(path)
    except OSError as error:
        return None, (_unreadable(name, error),)
    problems = [yaml_problem(name, problem) for problem in parsed.problems]
    if problems and not parsed.data:
        return None, tuple(problems)
    given = {key: value for key, value in parsed.data.items() if value is not None}
    file = assumptions = None
    try:
        file = schema.ConfigFile.model_validate(given)
    except ValidationError as error:
        problems += schema_problems(name, parsed, error)
    try:
        assumptions = _assumptions(parsed.data.get("assumptions"))
    except ValidationError as error:
        problems += schema_problems(name, parsed, error, below=("assumptions",))
    problems += duplicate_symbols(name, parsed)
    config = _settle(file, path.parent, assumptions) if file and assumptions else None
    return config, tuple(sorted(problems, key=lambda problem: problem.line or 0))


def json_schema() -> str:
    """Print the JSON Schema of config.yaml, for editors."""
    whole = create_model(
        "ConfigFile", __base__=schema.ConfigFile, __doc__=schema.ConfigFile.__doc__, **_typed_section()
    )
    described = whole.model_json_schema(by_alias=True)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(head | described, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _typed_section() -> dict[str, Any]:
    """Describe `assumptions:` constant by constant, which the file's own model leaves open."""
    about: Any = Field(default={}, description="Any modelling constant by its name.")
    return {"assumptions": (assumption_overrides(), about)}


def _unreadable(name: str, error: OSError) -> Problem:
    """Say why the file cannot be opened."""
    if isinstance(error, FileNotFoundError):
        reason, suggestion = "there is no such file", "Run `reportgen init` to make one, or name yours with --config."
    elif isinstance(error, IsADirectoryError):
        reason, suggestion = "is a folder", "Name the file in it with --config."
    else:
        reason, suggestion = f"cannot be read ({error.strerror})", "Check its permissions."
    return Problem(file=name, line=None, key="", reason=reason, suggestion=suggestion)


def _settle(file: schema.ConfigFile, folder: Path, assumptions: Assumptions) -> Config:
    """Turn the checked file into the frozen Config, with paths made relative to the file's folder."""
    exact = file.exact_positions
    source = file.source if file.source in {schema.LIVE, schema.SAMPLE} else str(_path(folder, file.source))
    return Config(
        watchlist=tuple(_watched(entry) for entry in file.watchlist),
        timeframe=file.timeframe,
        horizon_hours=file.horizon_hours,
        timezone=file.timezone,
        output=place_of(file.output, folder),
        source=source,
        templates=_path(folder, file.templates) if file.templates else None,
        calibration=_path(folder, file.calibration) if file.calibration else None,
        venue_urls={venue: settings.url for venue, settings in sorted(file.venues.items())},
        leverage_brackets=_path(folder, file.leverage_brackets) if file.leverage_brackets else None,
        exact_addresses=tuple(dict.fromkeys(exact.addresses)) if exact else (),
        exact_file=_path(folder, exact.file) if exact and exact.file else None,
        events=event_sources(file, folder),
        etf_flows=flow_sources(file, folder),
        mail=settle_mail(file.mail, partial(_path, folder)) if file.mail else None,
        assumptions=assumptions,
    )


def _path(folder: Path, text: str) -> Path:
    return folder / Path(text).expanduser()


def _watched(entry: str | schema.WatchlistEntry) -> Watched:
    if isinstance(entry, str):
        return Watched(symbol=entry)
    return Watched(symbol=entry.symbol, venues=tuple(entry.venues))


def _assumptions(overrides: object) -> Assumptions:
    """Lay the file's overrides over the defaults; lists become the tuples that a frozen object holds."""
    if not overrides or not isinstance(overrides, dict):
        return DEFAULTS  # what is not a mapping is reported by the schema of the file
    given = assumption_overrides().model_validate(overrides).model_dump(exclude_none=True).items()
    frozen: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given}
    return replace(DEFAULTS, **frozen)
