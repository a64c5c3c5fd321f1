"""config.yaml -> Config, or every problem at once with its line.

The first arrow on the way from config to brief. Paths in the file are relative to the file, so that a brief made by
cron from another folder is the same brief.
"""

from __future__ import annotations

import json
import re
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

from pydantic import BaseModel, Field, ValidationError, create_model
from pydantic_core import ErrorDetails

from reportgen.config import events, mail, schema
from reportgen.config import values as ground
from reportgen.config.assumptions import DEFAULTS, Assumptions
from reportgen.config.events import EventSources, FlowSource
from reportgen.config.mail import Mail, settle_mail
from reportgen.config.places import Place, place_of
from reportgen.config.values import Settings
from reportgen.config.yaml import Trail, YamlFile, YamlProblem, dotted, read_yaml
from reportgen.errors import ConfigError, UsageError
from reportgen.market.symbols import unified_symbol

# ---- The `assumptions:` section of config.yaml, made from the constants themselves ----

FURTHEST: Final = 1000
"""How many times above or below its default an assumption may be set."""

_MAY_BE_ZERO: Final = ("1", "fraction", "share", "weight", "percentile")


@cache
def assumption_overrides() -> type[Settings]:
    """Make the `assumptions:` section from the constants themselves, each with its own range."""
    hints = get_type_hints(Assumptions)
    made: dict[str, Any] = {}
    for constant in fields(Assumptions):
        about = f"{constant.metadata['effect']} ({constant.metadata['unit']}; {constant.metadata['source']})"
        kind = _ranged(hints[constant.name], constant.default, constant.metadata["unit"])
        made[constant.name] = (kind | None, Field(default=None, description=about, examples=[constant.default]))
    return create_model("AssumptionOverrides", __base__=Settings, **made)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _ranged(hint: Any, default: Any, unit: str) -> Any:  # noqa: ANN401 - types are values here
    """Narrow a constant's type: finite, near its default in size, and a fraction within 0 and 1."""
    if isinstance(default, tuple):
        item: Any = _ranged(type(default[0]), max(default, key=abs), "1") if _is_number(default[0]) else Any
        several: Any = list[item]
        return Annotated[several, Field(min_length=len(default), max_length=len(default))]
    if not _is_number(default):
        return hint
    most = abs(default) * FURTHEST or FURTHEST
    if unit == "fraction" and 0 <= default <= 1:
        return Annotated[hint, Field(ge=0, le=1, allow_inf_nan=False)]
    least = -most if default < 0 else 0
    if isinstance(default, int):
        return Annotated[hint, Field(ge=min(1, default), le=int(most))]
    if default > 0 and not unit.startswith(_MAY_BE_ZERO):
        return Annotated[hint, Field(ge=default / FURTHEST, le=most, allow_inf_nan=False)]
    return Annotated[hint, Field(ge=least, le=most, allow_inf_nan=False)]


# ---- What is wrong with config.yaml, a line each, as `config.yaml:14: key: reason. Suggestion.` says it ----

_SECTIONS: Final[dict[Trail, type[BaseModel]]] = {
    (): schema.ConfigFile,
    ("watchlist", schema.ENTRY): schema.WatchlistEntry,
    ("events", events.EVENT): events.ListedEvent,
    ("events", events.EVENT_FILE): events.EventFile,
    ("events", events.EVENT_FEED): events.EventFeed,
    ("events", events.UNLOCK_FEED): events.UnlockFeed,
    ("events", events.STATUS_FEED): events.StatusFeed,
    ("etf_flows", events.FLOW_FILE): events.FlowFile,
    ("etf_flows", events.FLOW_API): events.FlowApi,
    ("exact_positions",): schema.ExactPositions,
    ("mail",): mail.MailSettings,
    ("mail", "smtp"): mail.SmtpSettings,
    ("mail", "unsubscribe"): mail.UnsubscribeSettings,
    ("mail", "retry"): mail.RetrySettings,
    ("mail", "dkim"): mail.DkimSettings,
    **{
        ("mail", *secret): ground.SecretReference
        for secret in (("smtp", "username"), ("smtp", "password"), ("unsubscribe", "secret"), ("dkim", "private_key"))
    },
}
_SENTENCES: Final = {
    "missing": ("is missing", "Add `{name}:`."),
    "string_type": ("expected text, got {shown}", "Put it in quotes if text is meant."),
    "int_type": ("expected a whole number, got {shown}", "Write it without quotes."),
    "int_from_float": ("expected a whole number, got {shown}", "Write it without decimals."),
    "float_type": ("expected a number, got {shown}", "Write it without quotes, as 24 or 0.5."),
    "bool_type": ("expected true or false, got {shown}", "Write it without quotes."),
    "list_type": ("expected a list, got {shown}", "Start each item on its own line with `- `."),
    "dict_type": ("expected settings, got {shown}", "Write `name: value` lines below it, indented by two spaces."),
    "model_type": ("expected settings, got {shown}", "Write `name: value` lines below it, indented by two spaces."),
    "greater_than_equal": ("must be at least {ge:g}, got {shown}", "Choose a larger number."),
    "greater_than": ("must be more than {gt:g}, got {shown}", "Choose a larger number."),
    "less_than_equal": ("must be at most {le:g}, got {shown}", "Choose a smaller number."),
    "finite_number": ("must be a finite number, got {shown}", "Write it out, as 24 or 0.5."),
    "string_too_short": ("is empty", "Write a value, or leave the line out."),
    "string_too_long": ("is longer than {max_length} characters", "Shorten it."),
    "too_short": ("holds {actual_length} items where {min_length} are meant", "Add some."),
    "too_long": ("holds {actual_length} items where {max_length} are the most", "Remove some."),
    ground.ONE_LINE: ("holds a line break or a control character", "Keep it on one line."),
    ground.WEB_ADDRESS: ("{shown} is not a web address", "Start it with http:// or https://."),
    events.COIN: ("{shown} is not a coin's name", "Use capitals, as BTC or ARB."),
    events.SLUG: ("{shown} is not a protocol's name there", "Use its name in the address, as arbitrum."),
    mail.DOMAIN_NAME: ("{shown} is not a domain", "Write it as brief.example.com."),
    schema.VENUE_NAME: ("{shown} is not a venue's name", "Use lower-case letters, as binance or bybit."),
}
"""By the kind of the error, or by the pattern that a text does not match."""

_SEE_SCHEMA: Final = "See `reportgen config schema`."
_LONGEST_LIST: Final = 12
_LONGEST_VALUE: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake of the user.

    Attributes:
        file: As the user named it. line: 1-based, or None where the file as a whole is meant.
        key: Dotted, or "". reason, suggestion: without a full stop at the end of the reason.
    """

    file: str
    line: int | None
    key: str
    reason: str
    suggestion: str

    def __str__(self) -> str:
        """Write it as compilers do, so that editors jump to the place."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.key, f"{self.reason}. {self.suggestion}") if part)


def did_you_mean(name: str, known: list[str]) -> str:
    """Suggest the nearest known name, or list the known ones where they are few."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = get_close_matches(name.casefold(), by_folded, n=1)
    if close:
        return f"Did you mean `{by_folded[close[0]]}`?"
    return f"Known here: {', '.join(known)}." if len(known) <= _LONGEST_LIST else _SEE_SCHEMA


def yaml_problem(file: str, problem: YamlProblem) -> Problem:
    """Give a problem of the YAML text its file."""
    return Problem(file=file, line=problem.line, key=problem.key, reason=problem.reason, suggestion=problem.suggestion)


def schema_problems(file: str, parsed: YamlFile, error: ValidationError, below: Trail = ()) -> Iterator[Problem]:
    """Say in plain words what the schema refused, each with the line it stands on.

    Args:
        file: As the user named it.
        parsed: Where everything stands.
        error: What the schema refused.
        below: The section that the schema is of; empty for the whole file.
    """
    for detail in error.errors(include_url=False):
        detail["loc"] = (*below, *detail["loc"])
        trail = _trail(detail["loc"])
        reason, suggestion = _sentences(detail)
        yield Problem(file=file, line=parsed.line_of(trail), key=dotted(trail), reason=reason, suggestion=suggestion)


def duplicate_symbols(file: str, parsed: YamlFile) -> Iterator[Problem]:
    """Find markets that stand twice in the watchlist, under any of their spellings."""
    watchlist = parsed.data.get("watchlist")
    seen: dict[str, tuple[Trail, object]] = {}
    for index, entry in enumerate(watchlist if isinstance(watchlist, list) else []):
        written = entry.get("symbol") if isinstance(entry, dict) else entry
        if not isinstance(written, str):
            continue
        try:
            symbol = unified_symbol(written)
        except UsageError:
            continue  # reported by the schema
        trail: Trail = ("watchlist", index)
        if symbol in seen:
            first, spelling = seen[symbol]
            reason = f"`{written}` is the same market as `{spelling}` in line {parsed.line_of(first)}"
            yield Problem(
                file=file, line=parsed.line_of(trail), key=dotted(trail), reason=reason, suggestion="Keep one of them."
            )
        seen.setdefault(symbol, (trail, written))


def _trail(location: tuple[int | str, ...]) -> Trail:
    """Drop the names that the schema put into a location and that do not stand in the file."""
    return tuple(step for step in location if step not in schema.TAGS)


def _sentences(detail: ErrorDetails) -> tuple[str, str]:
    """Find the reason and the suggestion for one error of the schema."""
    kind, name = detail["type"], str(detail["loc"][-1]) if detail["loc"] else ""
    context = detail.get("ctx") or {}
    match kind:
        case "setting":
            found = str(context["reason"]), str(context["suggestion"])
        case "timezone":
            found = detail["msg"], _timezone_suggestion(str(context["name"]))
        case "extra_forbidden":
            found = f"`{name}` is not a setting", did_you_mean(name, _known(detail["loc"]))
        case "literal_error":
            choices = re.findall(r"'([^']*)'", str(context["expected"]))
            found = f"{_shown(detail)} is not one of its values", did_you_mean(str(detail["input"]), choices)
        case "too_short" if name == "watchlist":
            found = "is empty", "Add at least one symbol, as `- BTC`."
        case _:
            reason, suggestion = _SENTENCES.get(str(context.get("pattern", kind)), ("{message}", _SEE_SCHEMA))
            filled = {**context, "name": name, "shown": _shown(detail), "message": detail["msg"]}
            found = reason.format_map(filled), suggestion.format_map(filled)
    return found


def _timezone_suggestion(name: str) -> str:
    """Suggest a time zone by its whole name, or by its city alone."""
    known = sorted(zoneinfo.available_timezones())
    cities = {zone.rpartition("/")[2]: zone for zone in known}
    close = get_close_matches(name, known, n=1) or [cities[c] for c in get_close_matches(name, cities, n=1)]
    return f"Did you mean `{close[0]}`?" if close else "Use an IANA name such as Europe/Berlin or UTC."


def _known(location: tuple[int | str, ...]) -> list[str]:
    """List the settings that exist where an unknown one stands."""
    section = tuple(step for step in location[:-1] if isinstance(step, str))
    if section == ("assumptions",):
        return [constant.name for constant in fields(Assumptions)]
    model = schema.VenueSettings if section[:1] == ("venues",) else _SECTIONS.get(section, schema.ConfigFile)
    return [field.alias or name for name, field in model.model_fields.items()]


def _shown(detail: ErrorDetails) -> str:
    """Show a value as the user would recognise it, never a long or a secret one."""
    value = detail["input"]
    if isinstance(value, dict):
        return "settings"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text[:_LONGEST_VALUE]}{'…' if len(text) > _LONGEST_VALUE else ''}`"


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
        events: Those listed, the files and feeds that hold more, the built-in calendars in force.
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
        events=EventSources(
            listed=tuple(events.placed(one, folder) for one in file.events), calendars=tuple(file.calendars)
        ),
        etf_flows=tuple(events.placed(one, folder) for one in file.etf_flows),
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
