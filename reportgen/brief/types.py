"""The brief: the one truth that every page, PDF, mail and JSON file is a view of, and how it is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final, Literal

from reportgen import __version__
from reportgen.brief.section import Reading, SymbolBrief, inputs, write_section
from reportgen.config.assumptions import DEFAULTS, Assumptions
from reportgen.events.calendar import Event, ScheduledEvent, passed, schedule
from reportgen.guide.context import heaviest_first
from reportgen.guide.reactions import Outcome
from reportgen.guide.summary import SymbolFacts, headline, subject_suffix
from reportgen.guide.zones import Label, Zone
from reportgen.liquidation.calibration import Calibration
from reportgen.market.data import Gathered, MarketData
from reportgen.units import Fraction, Maybe, Milliseconds, Missing, Price, Where

# ---- What changed since the brief before, in types; `brief/changes.py` fills them, the page prints them ----

ChangeKind = Literal[
    "zone built",
    "zone swept",
    "zone faded",
    "zone moved",
    "price",
    "open interest",
    "funding",
    "structure",
    "map quality",
    "coverage",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is not as it was.

    Attributes:
        symbol: `BTC/USDT:USDT`. base: "BTC".
        kind: What changed.
        side, label: Of the zone, as it is called now, or was when it is gone; None for what is no zone.
        was, now: The numbers before and after, in `unit`; a zone's edges are two; () where there is none.
        unit: "price", "base coins", "fraction per 8 h", ….
        text: One clause with those numbers.
        weight: How many of its thresholds the change measures; changes are ranked by it.
    """

    symbol: str
    base: str
    kind: ChangeKind
    side: Where | None
    label: Label | None
    was: tuple[float, ...]
    now: tuple[float, ...]
    unit: str
    text: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Everything that differs from the brief before.

    Attributes:
        since: The moment that brief spoke of, ISO 8601 UTC. since_ms: the same. hours: between the two.
        items: The changes of all symbols, the largest first.
        new_symbols, gone_symbols: base coins that only one of the two briefs has.
    """

    since: str
    since_ms: Milliseconds
    hours: float
    items: tuple[Change, ...]
    new_symbols: tuple[str, ...]
    gone_symbols: tuple[str, ...]


# ---- How the levels of earlier briefs did, in types; `track_record/record.py` fills them, the page prints them ----

FateState = Literal["reject", "continue", "front_run", "ignore", "open", "censored", "not_an_event"]
"""One of the four outcomes; the horizon is not over; bars are missing; price stood in the zone from the start."""

SkillVerdict = Literal["insufficient evidence", "better", "worse", "not distinguishable", "the same by construction"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFate:
    """One zone of an earlier brief, and what price did there.

    Attributes:
        symbol, base, label, side, low, high: The zone as it was shown. price_decimals: how to write its prices.
        distance_atr: From the price then to its near edge, day ATR.
        state: What became of it. timeout: only the last close decided. reason: why it has no outcome, else "".
        shown: The share that the brief gave to what came, or why there is none.
        touched_ms: Close of the first bar that touched it, None when none did.
        excursion_atr: How far price went beyond the near edge, day ATR; negative when it fell short; None without bars.
        alert_ms, entry_ms: Close of the bar that met the alert level, and of the bar that met the price part of the
            entry condition (volume is not checked); None when none did or there was no plan.
        invalidation_ms, de_risk_ms: the same after the entry.
    """

    symbol: str
    base: str
    label: Label
    side: Where
    low: Price
    high: Price
    price_decimals: int
    distance_atr: float
    state: FateState
    timeout: bool
    reason: str
    shown: Maybe[Fraction]
    touched_ms: Milliseconds | None
    excursion_atr: float | None
    alert_ms: Milliseconds | None
    entry_ms: Milliseconds | None
    invalidation_ms: Milliseconds | None
    de_risk_ms: Milliseconds | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillInterval:
    """A skill and its 90 % interval from resampled days: 0 is the control, 1 is no error at all."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSkill:
    """Brier skill of the shown shares against one control.

    Attributes:
        versus: The control. skill: with its interval, or why there is none. verdict: what may be said.
    """

    versus: Literal["distance alone", "climatology"]
    skill: Maybe[SkillInterval]
    verdict: SkillVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeCount:
    """How often one outcome came, and how often the shown shares said it would."""

    outcome: Outcome
    came: int
    expected: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningRecord:
    """Every zone that was scored so far.

    Attributes:
        zones: Scored, with shares shown. independent: of them, zones of one symbol, side and day counted once.
        days: Days with a score. effective_days: how many independent days these are worth.
        censored, not_events: Zones without an outcome. from_ms, until_ms: first decision, last horizon.
        outcomes: Counts of the four.
        against_distance, against_climatology: The shown shares beside each control.
        text: One sentence with the sample and the verdict.
    """

    zones: int
    independent: int
    days: int
    effective_days: float
    censored: int
    not_events: int
    from_ms: Milliseconds
    until_ms: Milliseconds
    outcomes: tuple[OutcomeCount, ...]
    against_distance: RecordSkill
    against_climatology: RecordSkill
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRecord:
    """How the last levels did, and how all of them did.

    Attributes:
        judged_as_of_ms: The brief whose levels are listed. settled: its horizon has passed.
        levels: Its zones, or why there are none.
        record: The running record, or why there is none. simulated: of the simulated market or of real ones.
        ledger_rows, ledger_sha256: Rows that stood in the ledger before this run, and the hash of the last of them:
            with it a ledger that was rewritten as a whole is seen too.
    """

    judged_as_of_ms: Milliseconds
    settled: bool
    levels: Maybe[tuple[LevelFate, ...]]
    record: Maybe[RunningRecord]
    simulated: bool
    ledger_rows: int
    ledger_sha256: str


SCHEMA_VERSION = 1
NOTHING_BEFORE: Final = Missing("This is the first brief: there is nothing to compare with.")
NO_LEVELS_BEFORE: Final = Missing("This is the first brief: there are no earlier levels to judge.")


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
        past=passed(events, gathered.as_of_ms, horizon_hours),
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
    """Write down every constant as used, in the order of config/assumptions.py."""
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
