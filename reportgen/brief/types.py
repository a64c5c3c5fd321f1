"""What a brief is: the one truth that every page, PDF, mail and JSON file is a view of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from reportgen.events.calendar import Event, UnknownEvents
from reportgen.events.flows import NO_FLOWS, FlowReading
from reportgen.guide.checklist import ChecklistLine, InputReading
from reportgen.guide.confluence import Confidence, Confluence
from reportgen.guide.plan import Scenarios, Sizing, Stance, ZonePlan
from reportgen.guide.plan.own_position import OwnPosition
from reportgen.guide.positioning import Positioning
from reportgen.guide.reactions import Outcome, Reaction
from reportgen.guide.structure import Structure
from reportgen.guide.zones import Label, NoDenseZone, Zone
from reportgen.guide.zones.dollars import NO_DOLLARS, DollarBasis
from reportgen.guide.zones.sensitivity import Sensitivity
from reportgen.liquidation.cone import NO_CONE, Cone
from reportgen.liquidation.known_positions import ExactLayer
from reportgen.liquidation.picture import HeatmapPicture
from reportgen.market.quality import Coverage, MapQuality, VenueReading
from reportgen.units import Fraction, Maybe, Milliseconds, Missing, Notional, Price, Where

SCHEMA_VERSION = 2
NOTHING_BEFORE: Final = Missing("This is the first brief: there is nothing to compare with.")
NO_LEVELS_BEFORE: Final = Missing("This is the first brief: there are no earlier levels to judge.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumedZone:
    """A zone of the event's moment. how: price has traded through all of it since, or into it."""

    label: Label
    side: Where
    low: Price
    high: Price
    how: Literal["through", "into"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumed:
    """What one past event consumed of one symbol's map.

    Attributes:
        event: Its name (untrusted text). at_ms: when it was. text: one sentence.
        zones: Those that price has reached since, nearest first.
    """

    event: str
    at_ms: Milliseconds
    zones: tuple[ConsumedZone, ...]
    text: str


TriggerKind = Literal["breakout", "open interest", "funding", "event", "flows", "volatility"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecalculateIf:
    """One of the guide's six reasons to recalculate, as today's levels.

    Attributes:
        kind: Which. levels: the values from which it counts, in `unit`; () where it is no number, or not known.
        unit: "price", "base coins", "fraction per 8 h", "z-score", "percentile", "hours". text: one clause.
    """

    kind: TriggerKind
    levels: tuple[float, ...]
    unit: str
    text: str


NO_VOLUME: Final = Missing("The candles carry no volume of the last day.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolBrief:
    """The five steps for one symbol. When `price` is Missing everything that needs candles is Missing or empty.

    Attributes:
        symbol: `BTC/USDT:USDT`. base: "BTC". quote: "USDT". venue: the primary venue.
        price: Last close. price_time_ms: its time. price_decimals: one precision for all prices of the symbol.
        change_24h: fraction. inputs: the guide's. read: the Read, two or three sentences.
        finding: headline of the figure. heatmap_alt: alt text that states the finding.
        ladder: 64 bars of 1/4 usual day from 8 usual days below to 8 above, percent of the side's mass now per 0.1 %
            of price, or why there is none. A brief from before them holds 60 shares; no ladder is drawn then.
        map_engine: name of the engine. calibrated: False means shares, not dollars.
        dollars: what the zones' notional rests on, or why there is none.
        sensitivities: what each assumption does to each zone, zone by zone, the strongest first.
        caveats: sentences. flows: what spot money did. venues: what each says, in one unit, with the rule.
        confidence: what events inside the horizon leave of confidence in one direction; None without a price.
        consumed: what events of the last horizon used up of the map, the latest first.
        exact: levels of known positions, why they are not known, or None when nobody asked for any.
        stale: why the last bar is too old to act on at as-of, or "".
        daily_volume: quote currency traded on the primary venue in the last day.
        recalculate: the guide's reasons to make the map again, as today's levels.
        cone: how far price may go within the horizon, 10, 50 and 90 % of its high and low, or why that is not known.
        positions: the reader's own; what is kept and published holds those alone that may be seen by others.
    """

    symbol: str
    base: str
    quote: str
    venue: str
    price: Maybe[Price]
    price_time_ms: Milliseconds | None
    price_decimals: int
    change_24h: Maybe[Fraction]
    structure: Maybe[Structure]
    zones: tuple[Zone, ...]
    no_dense_zone: tuple[NoDenseZone, ...]
    positioning: Maybe[Positioning]
    reactions: tuple[Reaction, ...]
    plan: tuple[ZonePlan, ...]
    scenarios: Maybe[Scenarios]
    stance: Maybe[Stance]
    sizing: Maybe[Sizing]
    checklist: tuple[ChecklistLine, ...]
    inputs: tuple[InputReading, ...]
    confluence: Maybe[Confluence]
    map_quality: MapQuality
    coverage: Maybe[Coverage]
    read: tuple[str, ...]
    finding: str
    heatmap: Maybe[HeatmapPicture]
    heatmap_alt: str
    ladder: Maybe[tuple[Fraction, ...]]
    map_engine: str
    calibrated: bool
    caveats: tuple[str, ...]
    dollars: Maybe[DollarBasis] = NO_DOLLARS
    sensitivities: tuple[Sensitivity, ...] = ()
    flows: Maybe[FlowReading] = NO_FLOWS
    venues: tuple[VenueReading, ...] = ()
    confidence: Confidence | None = None
    consumed: tuple[Consumed, ...] = ()
    exact: Maybe[ExactLayer] | None = None
    stale: str = ""
    daily_volume: Maybe[Notional] = NO_VOLUME
    recalculate: tuple[RecalculateIf, ...] = ()
    cone: Maybe[Cone] = NO_CONE
    positions: tuple[OwnPosition, ...] = ()


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
class Interval:
    """A value and its 90 % interval from resampled days; of a skill, 0 is the control and 1 is no error at all."""

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
    skill: Maybe[Interval]
    verdict: SkillVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeCount:
    """How often one outcome came, and how often the shown shares said it would."""

    outcome: Outcome
    came: int
    expected: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBand:
    """Of all shares shown between two bounds, how many came.

    Attributes:
        low, high: The bounds, low <= share < high; both are the level where a quantile was given. given: how many
            shares. came: how many of their outcomes came, or of their values lay at or below the quantile.
        expected: the sum of the shares.
    """

    low: Fraction
    high: Fraction
    given: int
    came: int
    expected: float


ForecastOf = Literal["touch", "reject", "continue", "front_run", "ignore", "outcomes", "cone", "dollars"]
"""Of a zone: its touch, each outcome, the four together. Of a day: high and low. Of a bar and side: liquidations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """How often what was foretold of one kind came.

    Attributes:
        of: Which kind. forecasts: how many. days: on how many days.
        loss: Brier for shares; pinball for quantiles (the cone's 10, 50 and 90 %, the ends of the dollar interval).
        skill: 1 - loss / loss of climatology as known by then, or why there is none.
        bands: The reliability table, by share given or by quantile.
    """

    of: ForecastOf
    forecasts: int
    days: int
    loss: Literal["Brier", "pinball"]
    skill: Maybe[Interval]
    bands: tuple[ReliabilityBand, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeanCount:
    """How often the evidence leaned to an outcome that came, and how often the likeliest by the shares did there."""

    zones: int
    evidence_came: int
    shares_came: int


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
        reliability: All shares shown, in bands. leans: how zones ended where the evidence leaned to an outcome.
        by_kind: The same apart, with skill: touch, each outcome, the four together, and the cone that was printed.
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
    reliability: tuple[ReliabilityBand, ...] = ()
    leans: LeanCount | None = None
    by_kind: tuple[Reliability, ...] = ()


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
    """The badge on the first screen. grade: Good, Limited or Poor. known/total: of the inputs that the page uses."""

    grade: Literal["Good", "Limited", "Poor"]
    inputs_known: int
    inputs_total: int


_BRAND_FORMS: Final = {
    "logo": r"(data:image/(png|svg\+xml);base64,[A-Za-z0-9+/=]+)?",
    "accent": r"(#[0-9A-F]{6})?",
    "accent_dark": r"(#[0-9A-F]{6})?",
    "link": r"(https?://[^\x00-\x1f]*)?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """Under whose name a brief appears; "" where nothing is set.

    Attributes:
        name: In place of "Morning brief". line: what it is, beside the name. link: where the name leads.
        logo: The picture itself as a data: address, PNG or an SVG without scripts and references.
        accent, accent_dark: `#RRGGBB` of the rule above a page, light and dark; at least 3 to 1 on its paper.
        footer: Behind the sentence that every page ends with.
    """

    name: str
    line: str
    logo: str = ""
    accent: str = ""
    accent_dark: str = ""
    footer: str = ""
    link: str = ""

    def __post_init__(self) -> None:
        """See to it, in a brief that was read too, that nothing here can run or fetch.

        Raises:
            ValueError: A field is not of its form.
        """
        for field, form in _BRAND_FORMS.items():
            if not re.fullmatch(form, getattr(self, field)):
                raise ValueError(f"a brand's {field} is not of its form")


OWN_BRAND: Final = Brand(name="Morning brief", line="Crypto liquidation risk")
"""What stands there without another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One morning.

    Attributes:
        as_of: The moment the brief speaks of, ISO 8601 UTC. as_of_ms: the same in milliseconds.
        horizon_hours: how far it looks. timeframe: of structure, "4h".
        timezone: IANA name of the zone whose mornings these are, for the local time beside UTC.
        simulated: True when the market is simulated: every page must say so.
        headline: the computed finding that opens the page.
        events: from every source, soonest first; cancelled ones among them. missing: everything absent, by symbol and
            venue.
        past_events: those of the last horizon that mattered, the latest first.
        unknown_events: what nobody told us of for this horizon, which is not the same as none.
        subject_suffix: what the subject of a mail ends with: " · US CPI in 6 h", or "" without an event that moves the
            plan; one line of at most 80 characters.
        near_events: what backtests have shown about zones near events, a sentence a symbol; empty without any.
        notes: sentences on input that was left out, such as rows that stood in the data twice.
        changes: Since the brief before, or why there is nothing to compare with.
        track_record: How the levels of earlier briefs did, or why that is not known.
        stale: why no symbol's last bar is young enough to act on, or "": the brief is no news.
        brand: The operator's; absent from brief.json where there is none.
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
    unknown_events: tuple[UnknownEvents, ...] = ()
    stale: str = ""
    brand: Brand | None = None
