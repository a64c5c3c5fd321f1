"""The brief: the one truth that every page, PDF, mail and JSON file is a view of, and how it is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final, Literal

from reportgen import __version__
from reportgen.assumptions import DEFAULTS, Assumptions
from reportgen.brief_changes import Changes
from reportgen.brief_record import TrackRecord
from reportgen.events.calendar import Event, ScheduledEvent, lately, schedule
from reportgen.guide.findings import heaviest_first
from reportgen.guide.headline import SymbolFacts, headline, subject_suffix
from reportgen.guide.zones import Zone
from reportgen.liquidation.calibration import Calibration
from reportgen.liquidation.picture import HeatmapPicture
from reportgen.market.data import Gathered, MarketData
from reportgen.section import SymbolBrief, write_section
from reportgen.section_inputs import inputs
from reportgen.section_map import Reading
from reportgen.units import Maybe, Milliseconds, Missing, Where

SCHEMA_VERSION = 1
NOTHING_BEFORE: Final = Missing("This is the first brief: there is nothing to compare with.")
NO_LEVELS_BEFORE: Final = Missing("This is the first brief: there are no earlier levels to judge.")

__all__ = [
    "SCHEMA_VERSION",
    "AssumptionUsed",
    "Brief",
    "DataQuality",
    "HeatmapPicture",
    "MissingInput",
    "SymbolBrief",
    "write_brief",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingInput:
    """Something the brief had to do without. symbol and venue are "" when it concerns all."""

    symbol: str
    venue: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumptionUsed:
    """A modelling constant as used: name, value as text, unit, source, effect; changed when config.yaml set it."""

    name: str
    value: str
    unit: str
    source: str
    effect: str
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DataQuality:
    """The badge on the first screen. grade: Good, Limited or Poor. known/total: inputs."""

    grade: Literal["Good", "Limited", "Poor"]
    inputs_known: int
    inputs_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One morning.

    Attributes:
        as_of: The moment the brief speaks of, ISO 8601 UTC. as_of_ms: the same in milliseconds.
        horizon_hours: how far it looks. timeframe: of structure, "4h".
        timezone: IANA name for the local time beside UTC.
        simulated: True when the market is simulated: every page must say so.
        headline: the computed finding that opens the page.
        events: from every source, soonest first; cancelled ones among them. missing: everything absent, by symbol and
            venue.
        past_events: those of the last horizon that mattered, the latest first.
        subject_suffix: what the subject of a mail ends with: " · US CPI in 6 h", or "" without an event that moves the
            plan; one line of at most 80 characters.
        near_events: what backtests have shown about zones near events, a sentence a symbol; empty without any.
        notes: sentences on input that was left out, such as rows that stood in the data twice.
        changes: Since the brief before, or why there is nothing to compare with.
        track_record: How the levels of earlier briefs did, or why that is not known.
        assumptions: every constant used. provenance: where the input came from; the only part that may differ between
            briefs from the same data. Never printed.
    """

    schema_version: int
    as_of: str
    as_of_ms: Milliseconds
    horizon_hours: float
    timeframe: str
    timezone: str
    simulated: bool
    headline: str
    data_quality: DataQuality
    symbols: tuple[SymbolBrief, ...]
    events: tuple[Event, ...]
    missing: tuple[MissingInput, ...]
    notes: tuple[str, ...]
    changes: Maybe[Changes]
    track_record: Maybe[TrackRecord]
    assumptions: tuple[AssumptionUsed, ...]
    provenance: Mapping[str, str]
    past_events: tuple[Event, ...] = ()
    subject_suffix: str = ""
    near_events: tuple[str, ...] = ()


def write_brief(  # noqa: PLR0913 - what a reader may ask for
    gathered: Gathered,
    *,
    timeframe: str,
    timeframe_ms: Milliseconds,
    horizon_hours: float,
    timezone: str,
    events: Sequence[ScheduledEvent] = (),
    absent_feeds: Iterable[str] = (),
    near_events: tuple[str, ...] = (),
    assumptions: Assumptions = DEFAULTS,
    calibrations: Iterable[Calibration] = (),
    map_sections: Callable[[Callable[[MarketData], SymbolBrief], Iterable[MarketData]], Iterable[SymbolBrief]] = map,
) -> Brief:
    """Write the brief of one morning: the five steps for each symbol, then what they say together.

    Args:
        gathered: The markets, nothing in them later than their as-of.
        timeframe: The trading timeframe, "4h", and its length.
        timeframe_ms: Its length in milliseconds.
        horizon_hours: How far the brief looks.
        timezone: IANA name, for display.
        events: From every source, each once.
        absent_feeds: Why a feed of them gave nothing, a sentence each.
        near_events: What backtests have shown about zones near them.
        assumptions: Every modelling constant.
        calibrations: All that were found; each symbol takes the newest that fits it and was known by as-of.
        map_sections: How to map symbols: `map`, or an executor's.
    """
    planned = schedule(events, gathered.as_of_ms, horizon_hours)
    reading = Reading(
        as_of_ms=gathered.as_of_ms,
        timeframe=timeframe,
        timeframe_ms=timeframe_ms,
        horizon_hours=horizon_hours,
        events=planned,
        assumptions=assumptions,
        calibrations=tuple(calibrations),
        past=lately(events, gathered.as_of_ms, horizon_hours),
    )
    walk = partial(write_section, reference=gathered.reference, reading=reading)
    symbols = tuple(map_sections(walk, gathered.markets.values()))
    overriding = next(iter(heaviest_first(planned)), None)
    named = [inputs(m, s.positioning, assumptions) for m, s in zip(gathered.markets.values(), symbols, strict=True)]
    missing = _all_missing(absent_feeds, zip(symbols, named, gathered.markets.values(), strict=True))
    total = sum(len(own) for own in named)
    known = sum(not isinstance(one, Missing) for own in named for one in own.values())
    return Brief(
        schema_version=SCHEMA_VERSION,
        as_of=datetime.fromtimestamp(gathered.as_of_ms / 1000, tz=UTC).isoformat().replace("+00:00", "Z"),
        as_of_ms=gathered.as_of_ms,
        horizon_hours=horizon_hours,
        timeframe=timeframe,
        timezone=timezone,
        simulated=any(market.simulated for market in gathered.markets.values()),
        headline=headline([_facts(s) for s in symbols], overriding, assumptions),
        data_quality=_badge(known, total),
        symbols=symbols,
        events=planned,
        missing=missing,
        notes=gathered.notes,
        changes=NOTHING_BEFORE,
        track_record=NO_LEVELS_BEFORE,
        assumptions=list_assumptions(assumptions),
        provenance={**gathered.provenance, "reportgen": __version__},
        past_events=reading.past,
        subject_suffix=subject_suffix(planned),
        near_events=near_events,
    )


def _badge(known: int, total: int) -> DataQuality:
    """Grade the inputs: Good when all are known, Poor when more than a quarter is missing."""
    missing = total - known
    grade: Literal["Good", "Limited", "Poor"] = "Good"
    if missing:
        grade = "Limited" if 4 * missing <= total else "Poor"
    return DataQuality(grade=grade, inputs_known=known, inputs_total=total)


def _facts(section: SymbolBrief) -> SymbolFacts:
    """Give what the headline must know of a section."""
    return SymbolFacts(
        base=section.base,
        mapped=not isinstance(section.heatmap, Missing),
        change_24h=section.change_24h,
        above=_nearest(section, "above"),
        below=_nearest(section, "below"),
    )


def _nearest(section: SymbolBrief, side: Where) -> Zone | None:
    """Find the nearest zone on a side."""
    zones = [zone for zone in section.zones if zone.side == side]
    return min(zones, key=lambda zone: zone.distance_fraction, default=None)


def _all_missing(
    feeds: Iterable[str], sections: Iterable[tuple[SymbolBrief, Mapping[str, object], MarketData]]
) -> tuple[MissingInput, ...]:
    """List what concerns every symbol, then what each of them lacks."""
    absent = [MissingInput(symbol="", venue="", what="event feed", reason=reason) for reason in feeds]
    for section, own, market in sections:
        absent += (*list_missing(section, own), *list_gaps(market))
    return tuple(absent)


def list_missing(section: SymbolBrief, named: Mapping[str, object]) -> tuple[MissingInput, ...]:
    """List every input that a section lacks, and what could not be made for want of history, with the reason."""
    made: Mapping[str, object] = {"structure": section.structure, "liquidation map": section.heatmap}
    asked: Mapping[str, object] = {"exact positions": section.exact}
    looked_at = {**named, **asked, **({} if isinstance(section.price, Missing) else made)}
    return tuple(
        MissingInput(symbol=section.symbol, venue="", what=what, reason=one.reason)
        for what, one in looked_at.items()
        if isinstance(one, Missing)
    )


def list_gaps(market: MarketData) -> tuple[MissingInput, ...]:
    """List what venues were asked for and did not give."""
    return tuple(
        MissingInput(symbol=market.symbol, venue=gap.venue, what=gap.what, reason=gap.reason) for gap in market.gaps
    )


def list_assumptions(assumptions: Assumptions) -> tuple[AssumptionUsed, ...]:
    """Write down every constant as used, in the order of assumptions.py."""
    return tuple(
        AssumptionUsed(
            name=field.name,
            value=_written(getattr(assumptions, field.name)),
            unit=str(field.metadata["unit"]),
            source=str(field.metadata["source"]),
            effect=str(field.metadata["effect"]),
            changed=getattr(assumptions, field.name) != getattr(DEFAULTS, field.name),
        )
        for field in dataclasses.fields(assumptions)
    )


def _written(value: object) -> str:
    """Write a constant as text."""
    if isinstance(value, tuple):
        return ", ".join(_written(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
