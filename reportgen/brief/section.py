"""One symbol's part of the brief: the five steps in order, from MarketData to a section.

The unit of work: a pure function of one market, so that symbols can be mapped over any executor.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np

from reportgen import notation
from reportgen.brief.events import Consumed, consumed_since
from reportgen.config.assumptions import Assumptions
from reportgen.events.calendar import Event
from reportgen.events.flows import NO_FLOWS, FlowReading, read_flows
from reportgen.guide.checklist import ChecklistLine, Confluence, InputReading, seven_inputs, walk_checklist
from reportgen.guide.confluence import find_confluence
from reportgen.guide.context import Findings
from reportgen.guide.event_confidence import Confidence, confidence_left
from reportgen.guide.plan import Scenarios, Sizing, Stance, ZonePlan
from reportgen.guide.plan.writing import write_plan
from reportgen.guide.positioning import Positioning
from reportgen.guide.positioning.reading import read_positioning
from reportgen.guide.positioning.spot import beside_spot
from reportgen.guide.reactions import Reaction
from reportgen.guide.reactions.evidence import read_reactions
from reportgen.guide.structure import Structure
from reportgen.guide.structure.bars import close_at, resample
from reportgen.guide.structure.reading import read_structure
from reportgen.guide.structure.volatility import day_range
from reportgen.guide.summary import figure_finding, heatmap_alt, symbol_caveats, write_read
from reportgen.guide.zones import NoDenseZone, Zone
from reportgen.guide.zones.dollars import NO_DOLLARS, DollarBasis, PricedZones, price_zones
from reportgen.guide.zones.finding import ZoneFinding, find_zones
from reportgen.guide.zones.sensitivity import Sensitivity, zone_sensitivities
from reportgen.liquidation.calibration import Calibration
from reportgen.liquidation.calibration.dollars import CalibratedMap, calibrated_map
from reportgen.liquidation.known_positions import ExactLayer, exact_layer
from reportgen.liquidation.map import DEFAULT_ENGINE, LiquidationMap, build_map
from reportgen.liquidation.margin import brackets_of
from reportgen.liquidation.picture import HeatmapPicture, draw_picture, ladder
from reportgen.market.data import Candles, MarketData
from reportgen.market.quality import (
    Coverage,
    MapQuality,
    VenueReading,
    assess_coverage,
    grade_map,
    market_depth,
    read_venues,
)
from reportgen.market.symbols import base_of, quote_of
from reportgen.units import DAY_MS, HOUR_MS, Fraction, Ints, Maybe, Milliseconds, Missing, Price, Side

# ---- What a section is made from: its inputs by name, and where they came from ----


def inputs(market: MarketData, positioning: Maybe[Positioning], assumptions: Assumptions) -> dict[str, object]:
    """Name the inputs that a section is made from, each with what is known of it: a value, or why there is none.

    An input that is there but too old to speak of as-of counts as missing.
    """
    read = None if isinstance(positioning, Missing) else positioning
    return {
        "candles": _fresh(market, assumptions),
        "open interest": read.open_interest if read else market.open_interest,
        "funding": read.funding if read else market.funding,
        "order book": market_depth(market, assumptions),
        "leverage brackets": market.brackets,
    }


def _fresh(market: MarketData, assumptions: Assumptions) -> object:
    """Give the candles unless the last one closed too long before as-of."""
    candles = first_candles(market)
    if isinstance(candles, Missing):
        return candles
    hours = (market.as_of_ms - int(candles.close_time_ms[-1])) / HOUR_MS
    if hours <= assumptions.stale_hours:
        return candles
    return Missing(f"The last bar closed {notation.grouped(hours / 24, 1)} days before as-of.")


def cover(market: MarketData, positioning: Maybe[Positioning], assumptions: Assumptions) -> Maybe[Coverage]:
    """Say where the symbol's input came from, and how much of it is there."""
    named = inputs(market, positioning, assumptions)
    known = sum(not isinstance(one, Missing) for one in named.values())
    return assess_coverage(market, inputs_known=known, inputs_total=len(named), assumptions=assumptions)


def first_candles(market: MarketData) -> Maybe[Candles]:
    """Give the primary venue's candles."""
    return market.candles if isinstance(market.candles, Missing) else next(iter(market.candles.values()))


# ---- Step 2 of one symbol's section: the map, its zones with their uncertainty and dollars, and what the chart keeps -
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """What the reader asked for, the same for every symbol of a brief.

    Attributes:
        as_of_ms: The moment the brief speaks of. timeframe: of structure, "4h". timeframe_ms: the same.
        horizon_hours: How far the brief looks. events: soonest first. assumptions: every constant.
        calibrations: all that were found, of any symbol and time.
        past: events of the last horizon, the latest first.
    """

    as_of_ms: Milliseconds
    timeframe: str
    timeframe_ms: Milliseconds
    horizon_hours: float
    events: tuple[Event, ...]
    assumptions: Assumptions
    calibrations: tuple[Calibration, ...] = ()
    past: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mapped:
    """Step 2 for one symbol: the map, its zones in dollars where that is known, its picture."""

    estimate: LiquidationMap
    priced: PricedZones
    sensitivities: tuple[Sensitivity, ...]
    found: ZoneFinding
    picture: HeatmapPicture
    ladder: tuple[Fraction, ...]


def draw_map(
    market: MarketData, candles: Candles, structure: Maybe[Structure], positioning: Positioning, reading: Reading
) -> Maybe[Mapped]:
    """Step 2: the map, its zones with their uncertainty, and what the chart keeps of it."""
    a = reading.assumptions
    atr = structure.atr if not isinstance(structure, Missing) else day_range(candles, a)
    if isinstance(atr, Missing):
        return atr
    span = (int(candles.close_time_ms[-1]) - int(candles.open_time_ms[0])) / DAY_MS
    if span < a.map_least_days:
        return Missing(f"The book needs {a.map_least_days:g} days of candles to warm up; there are {span:.1f}.")
    shown = resample(candles, max(a.picture_candle_hours * HOUR_MS, candles.interval_ms), reading.as_of_ms)
    if isinstance(shown, Missing):
        return shown
    interest = market.leading_open_interest
    estimate = build_map(candles, brackets_of(market, a), column_ends(candles, a), a, open_interest=interest)
    calibrated = _calibrated(market, estimate, reading)
    found = find_zones(
        estimate,
        structure,
        positioning,
        atr=atr,
        horizon_hours=reading.horizon_hours,
        rng=np.random.default_rng([zlib.crc32(market.symbol.encode()), int(candles.close_time_ms[-1])]),
        assumptions=a,
        tilts=None if isinstance(calibrated, Missing) else {side: calibrated.tilts(side) for side in Side},
    )
    return Mapped(
        estimate=estimate,
        priced=_priced(market, estimate, found, calibrated, reading),
        sensitivities=zone_sensitivities(
            candles, brackets_of(market, a), found.zones, {side: one.scope for side, one in found.shares.items()}, a
        ),
        found=found,
        picture=draw_picture(estimate, found.shares, shown, marks=_edges(found), atr=atr, assumptions=a),
        ladder=ladder(found.shares, estimate.price, atr, a),
    )


def _calibrated(market: MarketData, estimate: LiquidationMap, reading: Reading) -> Maybe[CalibratedMap]:
    """Price the market's nodes, if any calibration was found that fits it."""
    if not reading.calibrations:
        return NO_DOLLARS
    return calibrated_map(market, estimate.grid, estimate.price, reading.calibrations, reading.assumptions)


def _priced(
    market: MarketData, estimate: LiquidationMap, found: ZoneFinding, calibrated: Maybe[CalibratedMap], reading: Reading
) -> PricedZones:
    """Give the zones their dollars, if there are any."""
    if isinstance(calibrated, Missing):
        return PricedZones(zones=found.zones, basis=calibrated)
    return price_zones(
        found.zones,
        market,
        calibrated,
        step=estimate.grid.step,
        price=estimate.price,
        calibrations=reading.calibrations,
        depth=market_depth(market, reading.assumptions),
        assumptions=reading.assumptions,
    )


def _edges(found: ZoneFinding) -> tuple[Price, ...]:
    """List the edges of the zones."""
    return tuple(edge for zone in found.zones for edge in (zone.low, zone.high))


def column_ends(candles: Candles, assumptions: Assumptions) -> Ints:
    """Lay the heatmap's columns back from the last close, no farther than the candles go; shape (c,)."""
    width = max(int(assumptions.picture_column_hours * HOUR_MS), candles.interval_ms)
    last = int(candles.close_time_ms[-1])
    days = min(assumptions.picture_days * DAY_MS, last - int(candles.open_time_ms[0]))
    count = max(2, int(days // width))
    return last - width * np.arange(count - 1, -1, -1, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolBrief:
    """The five steps for one symbol. When `price` is Missing everything that needs candles is Missing or empty.

    Attributes:
        symbol: `BTC/USDT:USDT`. base: "BTC". quote: "USDT". venue: the primary venue.
        price: Last close. price_time_ms: its time. price_decimals: one precision for all prices of the symbol.
        change_24h: fraction. inputs: the guide's seven. read: the Read, two or three sentences.
        finding: headline of the figure. heatmap_alt: alt text that states the finding.
        ladder: 60 shares (fraction of the side's mass) of bars of 0.2 ATR from -6 to +6 ATR, or why there is none.
        map_engine: name of the engine. calibrated: False means shares, not dollars.
        dollars: what the zones' notional rests on, or why there is none.
        sensitivities: what each assumption does to each zone, zone by zone, the strongest first.
        caveats: sentences. flows: what spot money did. venues: what each says, in one unit, with the rule.
        confidence: what events inside the horizon leave of confidence in one direction; None without a price.
        consumed: what events of the last horizon used up of the map, the latest first.
        exact: levels of known positions, why they are not known, or None when nobody asked for any.
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


def write_section(market: MarketData, reference: MarketData, reading: Reading) -> SymbolBrief:
    """Walk the five steps for one symbol.

    Args:
        market: All that is known of the symbol.
        reference: BTC, for relative strength.
        reading: What the reader asked for.

    Returns:
        The section; where candles are missing, one that says so and nothing else.
    """
    if isinstance(market.candles, Missing):
        return _without_candles(market, market.candles, reading)
    venue, candles = next(iter(market.candles.items()))
    price = float(candles.close[-1])
    structure = read_structure(
        candles,
        first_candles(reference),
        is_reference=market.symbol == reference.symbol,
        timeframe=reading.timeframe,
        timeframe_ms=reading.timeframe_ms,
        as_of_ms=reading.as_of_ms,
        assumptions=reading.assumptions,
    )
    structure = beside_spot(structure, market, reading.timeframe_ms, reading.assumptions)
    positioning = read_positioning(market, structure, price=price, assumptions=reading.assumptions)
    mapped = draw_map(market, candles, structure, positioning, reading)
    coverage = cover(market, positioning, reading.assumptions)
    findings = Findings(
        base=base_of(market.symbol),
        price=price,
        price_decimals=notation.price_decimals(price),
        timeframe=reading.timeframe,
        horizon_hours=reading.horizon_hours,
        zones=() if isinstance(mapped, Missing) else mapped.priced.zones,
        no_dense_zone=() if isinstance(mapped, Missing) else mapped.found.no_dense_zone,
        structure=structure,
        positioning=positioning,
        map_quality=grade_map(market, coverage, reading.assumptions),
        events=tuple(event for event in reading.events if event.concerns(base_of(market.symbol))),
        assumptions=reading.assumptions,
        map_missing=mapped if isinstance(mapped, Missing) else None,
        flows=read_flows(market, reading.assumptions),
    )
    section = _section(market, venue, candles, findings, mapped, coverage)
    consumed = consumed_since(market, candles, reading.past, section.price_decimals, reading.assumptions)
    return replace(section, consumed=consumed)


def _section(
    market: MarketData, venue: str, candles: Candles, findings: Findings, mapped: Maybe[Mapped],
    coverage: Maybe[Coverage],
) -> SymbolBrief:  # fmt: skip
    """Steps 4 and 5, and everything put in its place."""
    confluence = find_confluence(findings)
    plan = write_plan(findings, confluence)
    structure = findings.structure
    dollars = NO_DOLLARS if isinstance(mapped, Missing) else mapped.priced.basis
    change = close_at(candles, int(candles.close_time_ms[-1]) - DAY_MS, candles.interval_ms)
    return SymbolBrief(
        symbol=market.symbol,
        base=findings.base,
        quote=quote_of(market.symbol),
        venue=venue,
        price=findings.price,
        price_time_ms=int(candles.close_time_ms[-1]),
        price_decimals=findings.price_decimals,
        change_24h=change if isinstance(change, Missing) else findings.price / change - 1,
        structure=structure,
        zones=findings.zones,
        no_dense_zone=findings.no_dense_zone,
        positioning=findings.positioning,
        reactions=read_reactions(findings),
        plan=plan.zones,
        scenarios=plan.scenarios,
        stance=plan.stance,
        sizing=plan.sizing,
        checklist=walk_checklist(findings, plan),
        inputs=seven_inputs(findings),
        confluence=confluence,
        map_quality=findings.map_quality,
        coverage=coverage,
        read=write_read(findings, confluence),
        finding=figure_finding(findings),
        heatmap=mapped if isinstance(mapped, Missing) else mapped.picture,
        heatmap_alt=heatmap_alt(findings),
        ladder=mapped if isinstance(mapped, Missing) else mapped.ladder,
        map_engine=DEFAULT_ENGINE.name if isinstance(mapped, Missing) else mapped.estimate.engine,
        calibrated=not isinstance(dollars, Missing),
        caveats=symbol_caveats(
            findings, coverage, calibrated=not isinstance(dollars, Missing), refused=_refused(dollars)
        ),
        dollars=dollars,
        sensitivities=() if isinstance(mapped, Missing) else mapped.sensitivities,
        venues=read_venues(market),
        flows=findings.flows if isinstance(findings.flows, FlowReading) else NO_FLOWS,
        confidence=confidence_left(findings),
        exact=exact_layer(market, findings.price, findings.assumptions),
    )


def _refused(dollars: Maybe[DollarBasis]) -> str:
    """Say why a calibration is not used, where there was one to look at."""
    return dollars.reason if isinstance(dollars, Missing) and dollars != NO_DOLLARS else ""


def _without_candles(market: MarketData, reason: Missing, reading: Reading) -> SymbolBrief:
    """Give the section of a symbol without candles: its name and the reason."""
    coverage = cover(market, reason, reading.assumptions)
    return SymbolBrief(
        symbol=market.symbol,
        base=base_of(market.symbol),
        quote=quote_of(market.symbol),
        venue="",
        price=reason,
        price_time_ms=None,
        price_decimals=0,
        change_24h=reason,
        structure=reason,
        zones=(),
        no_dense_zone=(),
        positioning=reason,
        reactions=(),
        plan=(),
        scenarios=reason,
        stance=reason,
        sizing=reason,
        checklist=(),
        inputs=(),
        confluence=reason,
        map_quality=grade_map(market, coverage, reading.assumptions),
        coverage=coverage,
        read=(),
        finding="",
        heatmap=reason,
        heatmap_alt="",
        ladder=reason,
        map_engine=DEFAULT_ENGINE.name,
        calibrated=False,
        caveats=(reason.reason,),
        venues=read_venues(market),
    )
