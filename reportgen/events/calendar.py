"""Events: what a source lists, how several sources of one become one, and how they stand to the horizon of a brief.

What files, feeds and the built-in calendars list comes in, what the guide and the page read goes out. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, get_args

from reportgen.events.sessions import funds_shut_over_weekend
from reportgen.units import DAY_MS, HOUR_MS, Milliseconds

Kind = Literal[
    "macro", "crypto", "expiry", "holiday", "funding", "unlock", "listing", "maintenance", "outage", "other"
]  # fmt: skip
Weight = Literal["high", "medium", "low"]
Status = Literal["confirmed", "tentative", "cancelled"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
WEIGHTS: Final[tuple[Weight, ...]] = get_args(Weight)
STATUSES: Final[tuple[Status, ...]] = get_args(Status)

WEIGHT_OF_KIND: Final[dict[Kind, Weight]] = {
    "macro": "high", "crypto": "medium", "expiry": "medium", "holiday": "low", "funding": "low", "unlock": "medium",
    "listing": "medium", "maintenance": "medium", "outage": "high", "other": "medium",
}  # fmt: skip
"""The weight of an event whose source gives none. High and medium move the plan; low only lowers confidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledEvent:
    """An event as a source lists it.

    Attributes:
        name: Untrusted text. kind: one of KINDS. at_ms: when; the start of the day where only the date is known.
        source: where the date comes from; all of them where several agree. retrieved: ISO date on which it was read
            there, or "".
        weight: how much it can override. status: confirmed, tentative or cancelled.
        ends_ms: its end, exclusive; the end of the day where only the date is known; None for a moment.
        time_known: False when only the date is known. symbols: base coins that it concerns; empty for all.
    """

    name: str
    kind: Kind
    at_ms: Milliseconds
    source: str
    weight: Weight = "medium"
    status: Status = "confirmed"
    ends_ms: Milliseconds | None = None
    time_known: bool = True
    retrieved: str = ""
    symbols: tuple[str, ...] = ()

    @property
    def matters(self) -> bool:
        """Whether it is heavy enough to override a map, and takes place."""
        return self.weight != "low" and self.status != "cancelled"

    @property
    def last_ms(self) -> Milliseconds:
        """The last moment that belongs to it."""
        return self.at_ms if self.ends_ms is None else max(self.at_ms, self.ends_ms - 1)

    def concerns(self, base: str) -> bool:
        """Tell whether it concerns a coin."""
        return not self.symbols or base in self.symbols


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(ScheduledEvent):
    """A listed event as it stands to a brief: something that can override local leverage.

    Attributes:
        inside_horizon: True when any of it falls between as-of and as-of + horizon.
        hours_away: From as-of; 0 while it is under way, negative when past.
        in_weekend: True when US funds are shut over a weekend at that time, so that part of what they make of it
            comes with their next session.
    """

    inside_horizon: bool
    hours_away: float
    in_weekend: bool = False

    @property
    def overrides(self) -> bool:
        """Whether it moves the plan to the post-event map: inside the horizon, heavy enough, not cancelled."""
        return self.inside_horizon and self.matters

    @property
    def lowers(self) -> bool:
        """Whether it lowers confidence in one direction: inside the horizon and not cancelled."""
        return self.inside_horizon and self.status != "cancelled"

    @property
    def urgency(self) -> tuple[bool, bool, float]:
        """Their order: the heaviest first, of equals those whose hour is known, then the soonest."""
        return self.weight != "high", not self.time_known, self.hours_away


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvents:
    """Events that nobody told us of for this horizon: not known, which is not absent.

    Attributes:
        name: What is not known: "US CPI", or what a feed that gave nothing lists. weight: what one could override.
        reason: one sentence that names it.
    """

    name: str
    weight: Weight
    reason: str


def schedule(events: Iterable[ScheduledEvent], as_of_ms: Milliseconds, horizon_hours: float) -> tuple[Event, ...]:
    """Place events against as-of: soonest first, those before it dropped, ties in the order they were listed.

    Args:
        events: As listed, in any order.
        as_of_ms: The moment of the brief; an event at exactly that moment, or one still under way, is kept.
        horizon_hours: How far the brief looks; an event at exactly its end is inside.
    """
    ahead = sorted((event for event in events if event.last_ms >= as_of_ms), key=lambda event: event.at_ms)
    return tuple(_placed(event, as_of_ms, horizon_hours) for event in ahead)


def passed(events: Iterable[ScheduledEvent], as_of_ms: Milliseconds, horizon_hours: float) -> tuple[Event, ...]:
    """Give the events that passed within the last horizon and mattered, the latest first; `hours_away` is negative."""
    first = as_of_ms - round(horizon_hours * HOUR_MS)
    past = [event for event in events if event.matters and first <= event.at_ms and event.last_ms < as_of_ms]
    return tuple(_placed(event, as_of_ms, horizon_hours) for event in sorted(past, key=lambda event: -event.at_ms))


def _placed(event: ScheduledEvent, as_of_ms: Milliseconds, horizon_hours: float) -> Event:
    listed: dict[str, Any] = {field.name: getattr(event, field.name) for field in fields(ScheduledEvent)}
    if any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in event.name):
        listed["name"] = f"\u2068{event.name}\u2069"  # isolated: what stands beside it in a sentence keeps its order
    ahead, past = event.at_ms - as_of_ms, event.last_ms < as_of_ms
    return Event(
        **listed,
        inside_horizon=not past and ahead <= round(horizon_hours * HOUR_MS),
        hours_away=(ahead if past else max(0, ahead)) / HOUR_MS,
        in_weekend=event.time_known and event.kind != "holiday" and funds_shut_over_weekend(event.at_ms),
    )


SAME_MOMENT_MS: Final = HOUR_MS // 4
"""Sources that are this close agree on the time."""

_NEAR_MS: Final = 2 * DAY_MS


def merge(events: Iterable[ScheduledEvent]) -> tuple[tuple[ScheduledEvent, ...], tuple[str, ...]]:
    """Join the events that are one: the same topic and coins, at the same time, or on a day where one knows no hour.

    The first with a known time gives name and time; the heavier weight counts; a source read later decides whether it
    is cancelled. Two sources that put one topic at different times of one day are both kept, as tentative.

    Returns:
        The events, soonest first, and a sentence for each disagreement.
    """
    by_topic: dict[str, list[ScheduledEvent]] = {}
    for event in sorted(events, key=lambda one: (one.at_ms, not one.time_known)):
        kept = by_topic.setdefault(topic_of(event.name), [])
        near = len(kept)
        while near and event.at_ms - kept[near - 1].at_ms <= _NEAR_MS:
            near -= 1
        place = next((at for at in range(near, len(kept)) if _same(event, kept[at])), None)
        if place is None:
            kept.append(event)
        else:
            kept[place] = _joined(kept[place], event)
    notes = [note for kept in by_topic.values() for note in _disagreements(kept)]
    found = (event for kept in by_topic.values() for event in kept)
    return tuple(sorted(found, key=lambda event: (event.at_ms, event.name))), tuple(notes)


def _same(one: ScheduledEvent, other: ScheduledEvent) -> bool:
    """Tell whether two events of one topic are one."""
    if one.symbols and other.symbols and not set(one.symbols) & set(other.symbols):
        return False
    if one.time_known and other.time_known:
        return abs(one.at_ms - other.at_ms) <= SAME_MOMENT_MS
    return one.at_ms <= other.last_ms and other.at_ms <= one.last_ms


def _joined(one: ScheduledEvent, other: ScheduledEvent) -> ScheduledEvent:
    """Make one event of two; the source read later decides on a cancellation, which counts where a day is not known."""
    lead, second = (one, other) if one.time_known or not other.time_known else (other, one)
    states = {lead.status, second.status}
    status: Status = "confirmed" if "confirmed" in states else lead.status
    if "cancelled" in states and len(states) > 1:
        dated = lead.retrieved and second.retrieved and lead.retrieved != second.retrieved
        status = max(lead, second, key=lambda event: event.retrieved).status if dated else "cancelled"
    sources = dict.fromkeys([*lead.source.split("; "), *second.source.split("; ")])
    symbols = tuple(dict.fromkeys((*lead.symbols, *second.symbols))) if lead.symbols and second.symbols else ()
    return replace(
        lead,
        source="; ".join(sources),
        weight=min(lead.weight, second.weight, key=WEIGHTS.index),
        status=status,
        retrieved=max(lead.retrieved, second.retrieved),
        symbols=symbols,
    )


def _disagreements(kept: list[ScheduledEvent]) -> Iterator[str]:
    """Mark neighbours of one macro topic that two sources put at different hours of a day, and say so."""
    for at in range(1, len(kept)):
        event, other = kept[at - 1], kept[at]
        known = event.time_known and other.time_known and "cancelled" not in (event.status, other.status)
        far = SAME_MOMENT_MS < abs(event.at_ms - other.at_ms) < DAY_MS // 2
        if known and far and event.source != other.source and event.kind == other.kind == "macro":
            kept[at - 1], kept[at] = replace(event, status="tentative"), replace(other, status="tentative")
            yield (
                f"Two sources put {event.name} at different times of one day ({event.source}; {other.source}): "
                "both are shown, as tentative."
            )


LONGEST_NAME: Final = 120

_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Controls, zero-width characters and everything that turns the writing direction."""

_TOPICS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (topic, re.compile(words, re.IGNORECASE))
    for topic, words in (
        ("us-cpi", r"\bcpi\b|consumer price index"),
        ("us-jobs", r"employment situation|non-?farm|\bnfp\b|payrolls"),
        ("fomc", r"\bfomc\b|federal open market committee|fed(eral reserve)? (interest )?rate decision"),
        ("ecb", r"\becb\b.*(decision|policy|rate)|(policy|rate) decision.*\becb\b"),
        ("deribit", r"deribit.*expir|expir.*deribit"),
        ("cme", r"\bcme\b.*expir|expir.*\bcme\b"),
        ("us-markets", r"us markets (shut|close)"),
    )
)
_ELSEWHERE: Final = re.compile(
    r"\b(uk|british|euro|eurozone|germany?|japan(ese)?|chin(a|ese)|canad(a|ian)|australian?|swiss|india|french|france"
    r"|italy|spain)\b",
    re.IGNORECASE,
)

_ABOUT_A_DECISION: Final = re.compile(
    r"^(?!.*\bdecision\b).*(press conference|minutes|speech|testimony)", re.IGNORECASE
)
"""What a central bank says half an hour or weeks after a decision is an event of its own."""


def clean_name(text: str) -> str:
    """Put a title on one line without characters that hide or turn text; at most 120 characters.

    Markup stays as the text that it is: whoever writes it into a page escapes it.
    """
    line = unicodedata.normalize("NFC", " ".join(_UNSEEN.sub(" ", text).split()))
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1].rstrip() + "…"


def topic_of(name: str) -> str:
    """Name what an event is about, so that two titles of one event compare equal."""
    if not _ELSEWHERE.search(name) and not _ABOUT_A_DECISION.search(name):
        for topic, words in _TOPICS:
            if words.search(name):
                return topic
    return " ".join(re.findall(r"\w+", name.casefold()))
