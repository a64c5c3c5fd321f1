"""What is wrong with config.yaml, a line each, as `config.yaml:14: key: reason. Suggestion.` says it.

Stands between `config_schema`, which finds mistakes, and the user, who wants a place, a cause and a next step.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reportgen import config_schema as schema
from reportgen import config_schema_mail as mail
from reportgen import config_settings as ground
from reportgen.assumptions import Assumptions
from reportgen.config_yaml import Trail, YamlFile, YamlProblem, dotted
from reportgen.errors import UsageError
from reportgen.market.symbols import unified_symbol

_SECTIONS: Final[dict[Trail, type[BaseModel]]] = {
    (): schema.ConfigFile,
    ("watchlist", schema.ENTRY): schema.WatchlistEntry,
    ("events", schema.EVENT): schema.ListedEvent,
    ("events", schema.EVENT_FILE): schema.EventFile,
    ("events", schema.EVENT_FEED): schema.EventFeed,
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
