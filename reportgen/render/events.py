"""How events are written on the page: their times, and the note of each kind, Markdown from a folder that users own.

Stands at the last arrow, Brief -> bytes. A note is text from a file: Markdown without raw HTML, then sanitised, so that
neither a script nor a picture from elsewhere can come in with it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from markupsafe import Markup

from reportgen.brief import Brief, SymbolBrief
from reportgen.errors import RenderError
from reportgen.events.calendar import Event
from reportgen.notation import EN_DASH
from reportgen.render.filters import clock, countdown, day_and_clock, local, short_date

NOTES = "events"
"""Folder of the notes below a templates folder: events/macro.md, one a kind."""

_LARGEST_NOTE = 20_000
_TAGS = {"p", "b", "strong", "i", "em", "ul", "ol", "li", "code", "br", "a", "h5"}


def overriding(brief: Brief, symbol: SymbolBrief | None = None) -> tuple[Event, ...]:
    """Give the events that move the plan, the heaviest first as the guide does; those of a symbol when one is given."""
    moving = (event for event in brief.events if event.overrides and (symbol is None or event.concerns(symbol.base)))
    return tuple(sorted(moving, key=_urgency))


def _urgency(event: Event) -> tuple[bool, bool, float]:
    """Order events that move the plan: the heaviest first, of equals those whose hour is known, then the soonest."""
    return event.weight != "high", not event.time_known, event.hours_away


def next_event(brief: Brief) -> Event | None:
    """Find the event that moves the plan most, else the soonest that takes place."""
    ahead = [event for event in brief.events if event.hours_away >= 0 and event.status != "cancelled"]
    return next(iter((*overriding(brief), *sorted(ahead, key=lambda event: event.at_ms))), None)


def beside(brief: Brief, event: Event) -> int:
    """Count the other events inside the horizon that take place."""
    return sum(other.lowers and other is not event for other in brief.events)


def event_when(event: Event, timezone: str) -> str:
    """Write when an event is, UTC first: 10 Dec, 13:30 UTC, 14:30 Berlin; a date alone where the hour is not known."""
    if event.kind == "holiday" and event.ends_ms is not None:
        return f"{short_date((event.at_ms + event.ends_ms) // 2)}, all day in New York"
    if not event.time_known:
        return f"{short_date(event.at_ms)}, hour not known"
    until = ""
    if event.ends_ms is not None:
        same = short_date(event.ends_ms) == short_date(event.at_ms)
        until = f"{EN_DASH}{clock(event.ends_ms) if same else day_and_clock(event.ends_ms)}"
    there = local(event.at_ms, timezone)
    return f"{day_and_clock(event.at_ms)}{until} UTC{', ' + there if there else ''}"


def event_due(event: Event) -> str:
    """Write the countdown from as-of: in 6 h 30 min; under way; 3 h ago; hour not known."""
    if event.hours_away < 0:
        return f"{countdown(event.hours_away)} ago"
    if not event.time_known:
        return (
            f"in {countdown(event.hours_away)} or later that day" if event.hours_away > 0 else "today, hour not known"
        )
    return f"in {countdown(event.hours_away)}" if event.hours_away > 0 else "under way"


def kinds_inside(brief: Brief) -> tuple[str, ...]:
    """List the kinds of the events inside the horizon that take place, soonest first, each once."""
    return tuple(dict.fromkeys(event.kind for event in brief.events if event.lowers))


def event_note(kind: str, folders: tuple[Path, ...]) -> Markup:
    """Render the note of a kind from the first folder that has one; empty where none has.

    Raises:
        RenderError: A note cannot be read.
    """
    for folder in folders:
        path = folder / NOTES / f"{kind}.md"
        if path.is_file():
            try:
                return _rendered(path.read_text(encoding="utf-8")[:_LARGEST_NOTE])
            except (OSError, UnicodeDecodeError) as error:
                raise RenderError(f"{path} cannot be read. Save it as UTF-8 text, or remove it.") from error
    return Markup()


@lru_cache(maxsize=32)
def _rendered(text: str) -> Markup:
    """Turn Markdown into the few tags that a note may have."""
    import nh3  # noqa: PLC0415 - only where a note is shown
    from markdown_it import MarkdownIt  # noqa: PLC0415 - the same

    markdown = MarkdownIt("commonmark", {"html": False})
    tokens = markdown.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = "h5"  # whatever its rank in the note, on the page it stands below the kind's own heading
    made = markdown.renderer.render(tokens, markdown.options, {})
    safe = nh3.clean(made, tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"https", "http"})
    return Markup(safe)  # noqa: S704 - sanitised in the line above
