"""The brief: the one truth that every page, PDF, mail and JSON file is a view of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reportgen.events.calendar import Event
from reportgen.guide.checklist import ChecklistLine, Confluence, InputReading
from reportgen.guide.plan import Scenarios, Sizing, Stance, ZonePlan
from reportgen.guide.positioning import Positioning
from reportgen.guide.reaction import Reaction
from reportgen.guide.structure import Structure
from reportgen.guide.zones import NoDenseZone, Zone
from reportgen.liquidation.picture import HeatmapPicture
from reportgen.market.quality import Coverage, MapQuality
from reportgen.units import Fraction, Maybe, Milliseconds, Price

SCHEMA_VERSION = 1

__all__ = [
    "SCHEMA_VERSION",
    "AssumptionUsed",
    "Brief",
    "DataQuality",
    "HeatmapPicture",
    "MissingInput",
    "SymbolBrief",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolBrief:
    """The five steps for one symbol. When `price` is Missing everything that needs candles is Missing or empty.

    Attributes:
        symbol: `BTC/USDT:USDT`. base: "BTC". quote: "USDT". venue: the primary venue.
        price: Last close. price_time_ms: its time. price_decimals: one precision for all prices of the symbol.
        change_24h: fraction. inputs: the guide's seven. read: the Read, two or three sentences.
        finding: headline of the figure. heatmap_alt: alt text that states the finding.
        ladder: 60 shares (fraction of the side's mass) of bars of 0.1 ATR from -3 to +3 ATR, or why there is none.
        map_engine: name of the engine. calibrated: False means shares, not dollars.
        caveats: sentences.
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
        events: from config, soonest first. missing: everything absent, by symbol and venue.
        changes, track_record: not built yet: Missing with the reason.
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
    changes: Maybe[str]
    track_record: Maybe[str]
    assumptions: tuple[AssumptionUsed, ...]
    provenance: Mapping[str, str]
