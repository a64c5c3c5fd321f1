"""One symbol's part of the brief: the five steps in order, from MarketData to a section.

The unit of work: a pure function of one market, so that symbols can be mapped over any executor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reportgen import notation
from reportgen.events.flows import NO_FLOWS, FlowReading, read_flows
from reportgen.guide.caveats import symbol_caveats
from reportgen.guide.checklist import ChecklistLine, Confluence, InputReading
from reportgen.guide.confluence import find_confluence
from reportgen.guide.dollars import NO_DOLLARS, DollarBasis
from reportgen.guide.evidence import read_reactions
from reportgen.guide.findings import Findings
from reportgen.guide.inputs import seven_inputs
from reportgen.guide.override import Confidence, confidence_left
from reportgen.guide.plan import Scenarios, Sizing, Stance, ZonePlan
from reportgen.guide.planning import write_plan
from reportgen.guide.positioning import Positioning
from reportgen.guide.positioning_reading import read_positioning
from reportgen.guide.reaction import Reaction
from reportgen.guide.read import figure_finding, heatmap_alt, write_read
from reportgen.guide.routine import walk_checklist
from reportgen.guide.sensitivity import Sensitivity
from reportgen.guide.spot_volume import beside_spot
from reportgen.guide.structure import Structure
from reportgen.guide.structure_reading import read_structure
from reportgen.guide.zones import NoDenseZone, Zone
from reportgen.indicators.bars import close_at
from reportgen.liquidation.exact import ExactLayer, exact_layer
from reportgen.liquidation.heatmap import DEFAULT_ENGINE
from reportgen.liquidation.picture import HeatmapPicture
from reportgen.market.data import Candles, MarketData
from reportgen.market.grade import grade_map
from reportgen.market.quality import Coverage, MapQuality
from reportgen.market.symbols import base_of, quote_of
from reportgen.market.venue_readings import VenueReading, read_venues
from reportgen.section_events import Consumed, consumed_since
from reportgen.section_inputs import cover, first_candles
from reportgen.section_map import Mapped, Reading, draw_map
from reportgen.units import DAY_MS, Fraction, Maybe, Milliseconds, Missing, Price


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
        map_engine=DEFAULT_ENGINE,
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
        map_engine=DEFAULT_ENGINE,
        calibrated=False,
        caveats=(reason.reason,),
        venues=read_venues(market),
    )
