"""config.yaml -> Config, or every problem at once with its line, in plain words and with the nearest name.

The first arrow on the way from config to brief. Paths in the file are relative to the file, so that a brief made by
cron from another folder is the same brief.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, get_args

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from reportgen.config import events, mail, settings, values
from reportgen.config.assumptions import Assumptions
from reportgen.config.settings import Config
from reportgen.config.values import FOLDER, LOOKS, Look, WrittenAs
from reportgen.config.yaml import Problem, Trail, YamlFile, read_yaml
from reportgen.errors import ConfigError, UsageError, without_secrets
from reportgen.market.symbols import unified_symbol

_SENTENCES: Final = {
    "missing": ("is missing", "Add `{name}:`."),
    "string_type": ("expected text, got {shown}", "Put it in quotes if text is meant."),
    "int_type": ("expected a whole number, got {shown}", "Write it in decimals, as 24, without quotes."),
    "int_from_float": ("expected a whole number, got {shown}", "Write it without decimals."),
    "float_type": ("expected a number, got {shown}", "Write it in decimals, as 24 or 0.5, without quotes."),
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
    values.ONE_LINE: ("holds a line break or a control character", "Keep it on one line."),
    values.WEB_ADDRESS: ("{shown} is not a web address", "Start it with http:// or https://."),
    events.COIN: ("{shown} is not a coin's name", "Use capitals, as BTC or ARB."),
    events.SLUG: ("{shown} is not a protocol's name there", "Use its name in the address, as arbitrum."),
    mail.DOMAIN_NAME: ("{shown} is not a domain", "Write it as brief.example.com."),
    settings.HEX_COLOUR: ("{shown} is not a colour", 'Write it in quotes, as "#RRGGBB".'),
    settings.VENUE_NAME: ("{shown} is not a venue's name", "Use lower-case letters, as binance or bybit."),
}
"""By the kind of the error, or by the pattern that a text does not match."""

_SEE_SCHEMA: Final = "See `reportgen config schema`."
_LONGEST_LIST: Final = 12
_LONGEST_VALUE: Final = 40


def did_you_mean(name: str, known: list[str]) -> str:
    """Suggest the nearest known name, or list the known ones where they are few."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = get_close_matches(name.casefold(), by_folded, n=1)
    if close:
        return f"Did you mean `{by_folded[close[0]]}`?"
    return f"Known here: {', '.join(known)}." if len(known) <= _LONGEST_LIST else _SEE_SCHEMA


def schema_problems(parsed: YamlFile, error: ValidationError) -> Iterator[Problem]:
    """Say in plain words what the schema refused, each with the line it stands on."""
    for detail in error.errors(include_url=False):
        trail: Trail = tuple(step for step in detail["loc"] if step not in settings.TAGS)
        reason, suggestion = _sentences(detail, parsed.texts.get(trail))
        yield parsed.problem(trail, reason, suggestion)


def duplicate_symbols(parsed: YamlFile) -> Iterator[Problem]:
    """Find markets that stand twice in the watchlist, under any of their spellings."""
    watchlist = parsed.data.get("watchlist") if isinstance(parsed.data, dict) else None
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
            yield parsed.problem(trail, reason, "Keep one of them.")
        seen.setdefault(symbol, (trail, written))


def _sentences(detail: ErrorDetails, written: str | None) -> tuple[str, str]:
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
            found = f"{_shown(detail, written)} is not one of its values", did_you_mean(str(detail["input"]), choices)
        case "too_short" if name == "watchlist":
            found = "is empty", "Add at least one symbol, as `- BTC`."
        case _:
            reason, suggestion = _SENTENCES.get(str(context.get("pattern", kind)), ("{message}", _SEE_SCHEMA))
            filled = {**context, "name": name, "shown": _shown(detail, written), "message": detail["msg"]}
            found = reason.format_map(filled), suggestion.format_map(filled)
    return found


def _timezone_suggestion(name: str) -> str:
    """Suggest a time zone by its whole name, or by its city alone."""
    known = sorted(zoneinfo.available_timezones())
    cities = {zone.rpartition("/")[2]: zone for zone in known}
    close = get_close_matches(name, known, n=1) or [cities[c] for c in get_close_matches(name, cities, n=1)]
    return f"Did you mean `{close[0]}`?" if close else "Use an IANA name such as Europe/Berlin or UTC."


def _known(location: tuple[int | str, ...]) -> list[str]:
    """List the settings that exist where an unknown one stands, by following its location through the models."""
    if location[:1] == ("assumptions",):
        return [constant.name for constant in fields(Assumptions)]
    model: type[BaseModel] = settings.Config
    inside: dict[str, type[BaseModel]] = {}
    for step in location[:-1]:
        field = next((one for name, one in model.model_fields.items() if step in (one.alias, name)), None)
        if field is not None:
            inside = {tag: found for part in (field.annotation, *field.metadata) for tag, found in _models(part)}
        model = inside.get(str(step)) or inside.get("", model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: Any, tag: str = "") -> Iterator[tuple[str, type[BaseModel]]]:  # noqa: ANN401 - a type is a value
    """Find the sections that an annotation allows, each with its tag where there are several."""
    if isinstance(annotation, WrittenAs):
        yield from _models(annotation.form)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield tag, annotation
    parts = get_args(annotation)
    own = next((part.tag for part in parts if isinstance(part, Tag)), "")
    for part in parts:
        yield from _models(part, own)


def _shown(detail: ErrorDetails, written: str | None) -> str:
    """Show a value as it stands in the file, never a long one."""
    value = detail["input"]
    if isinstance(value, dict):
        return "settings"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    text = str(value) if written is None else written
    if "://" in text or (detail.get("ctx") or {}).get("pattern") == values.WEB_ADDRESS:
        text = without_secrets(text)
    return f"`{text[:_LONGEST_VALUE]}{'…' if len(text) > _LONGEST_VALUE else ''}`"


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
