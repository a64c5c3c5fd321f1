"""A brief is written: the five steps for each symbol, a pure function of one market, and what they say together."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Literal

import numpy as np

from reportgen import __version__, notation
from reportgen.brief.changes import consumed_since
from reportgen.brief.refresh import recalculate_if
from reportgen.brief.types import (
    NO_LEVELS_BEFORE,
    NO_VOLUME,
    NOTHING_BEFORE,
    SCHEMA_VERSION,
    AssumptionUsed,
    Brief,
    Changes,
    DataQuality,
    MissingInput,
    SymbolBrief,
)
from reportgen.config.assumptions import DEFAULTS, Assumptions
from reportgen.events.calendar import Event, ScheduledEvent, UnknownEvents, passed, schedule
from reportgen.events.flows import NO_FLOWS, FlowReading, read_flows
from reportgen.guide.checklist import alerts_since, read_inputs, walk_checklist
from reportgen.guide.confluence import confidence_left, find_confluence
from reportgen.guide.context import Context, heaviest_first, nearest_zone
from reportgen.guide.plan.own_position import HeldPosition, read_position
from reportgen.guide.plan.writing import write_plan
from reportgen.guide.positioning import Positioning
from reportgen.guide.positioning.reading import read_positioning
from reportgen.guide.reactions.evidence import read_reactions
from reportgen.guide.structure import Structure
from reportgen.guide.structure.bars import close_at, resample
from reportgen.guide.structure.reading import read_structure
from reportgen.guide.structure.volatility import day_range
from reportgen.guide.structure.volume import beside_spot
from reportgen.guide.summary import (
    SymbolFacts,
    figure_finding,
    headline,
    heatmap_alt,
    subject_suffix,
    symbol_caveats,
    write_summary,
)
from reportgen.guide.zones.dollars import NO_DOLLARS, PricedZones, price_zones
from reportgen.guide.zones.finding import ZoneFinding, find_zones
from reportgen.guide.zones.sensitivity import Sensitivity, zone_sensitivities
from reportgen.liquidation.calibration import Calibration
from reportgen.liquidation.calibration.dollars import CalibratedMap, calibrated_map
from reportgen.liquidation.cone import Cone, cone_touch_rates, range_cone
from reportgen.liquidation.known_positions import exact_layer
from reportgen.liquidation.map import DEFAULT_ENGINE, LiquidationMap, build_map
from reportgen.liquidation.margin import brackets_of
from reportgen.liquidation.picture import HeatmapPicture, draw_picture, ladder
from reportgen.market.data import Candles, Gathered, MarketData
from reportgen.market.quality import (
    Coverage,
    assess_coverage,
    grade_map,
    market_depth,
    read_venues,
    stale_reason,
)
from reportgen.market.symbols import base_of, quote_of
from reportgen.units import DAY_MS, HOUR_MS, Fraction, Ints, Maybe, Milliseconds, Missing, Notional, Side


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
    unknown_events: tuple[UnknownEvents, ...] = (),
    assumptions: Assumptions = DEFAULTS,
    calibrations: Iterable[Calibration] = (),
    positions: tuple[HeldPosition, ...] = (),
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
        unknown_events: What no source told of for this horizon.
        assumptions: Every modelling constant.
        calibrations: All that were found; each symbol takes the newest that fits it and was known by as-of.
        positions: The reader's own.
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
        unknown_events=unknown_events,
        positions=positions,
    )
    walk = partial(write_section, reference=gathered.reference, reading=reading)
    symbols = tuple(map_sections(walk, gathered.markets.values()))
    named = [inputs(m, s, reading) for m, s in zip(gathered.markets.values(), symbols, strict=True)]
    missing = [MissingInput(symbol="", venue="", what="event feed", reason=reason) for reason in absent_feeds]
    for symbol, own, market in zip(symbols, named, gathered.markets.values(), strict=True):
        missing += (*list_missing(symbol, own), *list_gaps(market))
    stale = stale_brief(symbols)
    return Brief(
        schema_version=SCHEMA_VERSION,
        as_of=datetime.fromtimestamp(gathered.as_of_ms / 1000, tz=UTC).isoformat().replace("+00:00", "Z"),
        as_of_ms=gathered.as_of_ms,
        horizon_hours=horizon_hours,
        timeframe=timeframe,
        timezone=timezone,
        simulated=any(market.simulated for market in gathered.markets.values()),
        headline=_led([symbol_facts(s) for s in symbols], planned, stale, assumptions),
        data_quality=badge(named),
        symbols=symbols,
        events=planned,
        missing=tuple(missing),
        notes=gathered.notes,
        changes=NOTHING_BEFORE,
        track_record=NO_LEVELS_BEFORE,
        assumptions=list_assumptions(assumptions),
        provenance={**gathered.provenance, "reportgen": __version__},
        past_events=reading.past,
        subject_suffix=" · STALE" if stale else subject_suffix(planned),
        near_events=near_events,
        unknown_events=unknown_events,
        stale=stale,
    )


def _led(facts: Sequence[SymbolFacts], events: Sequence[Event], stale: str, assumptions: Assumptions) -> str:
    """Write the headline; a brief that is no news says so before all else."""
    if stale:
        return f"STALE. {stale} Stand aside until there are fresh data."
    return headline(facts, next(iter(heaviest_first(events)), None), assumptions)


def stale_brief(symbols: Sequence[SymbolBrief]) -> str:
    """Say why a brief is no news: the age of its youngest last bar, when every symbol with a price is stale, or ""."""
    priced = [symbol for symbol in symbols if symbol.price_time_ms is not None]
    if not priced or not all(symbol.stale for symbol in priced):
        return ""
    return max(priced, key=lambda symbol: symbol.price_time_ms or 0).stale


def symbol_facts(symbol: SymbolBrief, changes: Maybe[Changes] = NOTHING_BEFORE) -> SymbolFacts:
    """Give what the headline must know of a symbol."""
    return SymbolFacts(
        base=symbol.base,
        mapped=not isinstance(symbol.heatmap, Missing),
        change_24h=symbol.change_24h,
        above=nearest_zone(symbol.zones, "above"),
        below=nearest_zone(symbol.zones, "below"),
        liquidity=0.0 if isinstance(symbol.daily_volume, Missing) else symbol.daily_volume,
        usual_day=None if isinstance(symbol.structure, Missing) else symbol.structure.atr_fraction,
        fell_through="" if isinstance(changes, Missing) else _went_through(symbol, changes),
    )


def _went_through(symbol: SymbolBrief, changes: Changes) -> str:
    """Say that price has traded through a zone of the last brief, the heaviest such change first; else ""."""
    for change in changes.items:
        if change.symbol == symbol.symbol and change.kind == "zone swept" and change.now and change.was:
            low, high = change.was
            if change.now[0] >= high if change.side == "above" else change.now[0] <= low:
                moved = ""
                if not isinstance(symbol.change_24h, Missing):
                    moved = f", {notation.percent_change(symbol.change_24h)} in 24{notation.THIN}h"
                return f"{symbol.base} traded through the last brief’s zone {change.label}{moved}"
    return ""


def tell_since(brief: Brief, before: Brief, changes: Changes, assumptions: Assumptions) -> Brief:
    """Put into a brief what only the one before it tells: the changes, the headline, and which alerts are new."""
    then = {symbol.symbol: symbol.plan for symbol in before.symbols}
    symbols = []
    for symbol in brief.symbols:
        usual_day = 0.0 if isinstance(symbol.structure, Missing) else symbol.structure.atr
        lines = alerts_since(
            symbol.checklist,
            symbol.plan,
            then.get(symbol.symbol, ()),
            decimals=symbol.price_decimals,
            least=assumptions.changes_moved_atr * usual_day,
        )
        symbols.append(replace(symbol, checklist=lines))
    facts = [symbol_facts(symbol, changes) for symbol in symbols]
    return replace(
        brief,
        symbols=tuple(symbols),
        changes=changes,
        headline=_led(facts, brief.events, brief.stale, assumptions),
    )


_CORE = ("candles", "open interest", "funding", "order book", "leverage brackets")
"""Inputs without which the map and the plan are weaker; the others stand beside them."""


def badge(named: Sequence[Mapping[str, object]]) -> DataQuality:
    """Grade the inputs that the page uses: Good when all are known, Poor when over a quarter of the core is missing."""
    lost = [what for own in named for what, one in own.items() if isinstance(one, Missing)]
    core = sum(what in _CORE for what in lost)
    grade: Literal["Good", "Limited", "Poor"] = "Limited" if lost else "Good"
    if 4 * core > len(_CORE) * len(named):
        grade = "Poor"
    total = sum(len(own) for own in named)
    return DataQuality(grade=grade, inputs_known=total - len(lost), inputs_total=total)


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


def inputs(market: MarketData, read: SymbolBrief | Context | Missing, reading: Reading) -> dict[str, object]:
    """Name the inputs that the page uses, each with what is known of it: a value, or why there is none.

    An input that is there but too old to speak of as-of counts as missing.

    Args:
        market: All that is known of the symbol.
        read: What steps 1 and 3 made of it, or why they could not.
        reading: What the reader asked for.
    """
    structure = read if isinstance(read, Missing) else read.structure
    positioning = read if isinstance(read, Missing) else read.positioning
    stale = stale_candles(market, reading.assumptions)
    known = None if isinstance(positioning, Missing) else positioning
    unknown = " ".join(one.reason for one in reading.unknown_events)
    return {
        "candles": Missing(stale) if stale else first_candles(market),
        "open interest": known.open_interest if known else market.open_interest,
        "funding": known.funding if known else market.funding,
        "order book": market_depth(market, reading.assumptions),
        "leverage brackets": market.brackets,
        "spot volume": structure if isinstance(structure, Missing) else structure.spot_volume,
        "long/short ratio": known.long_short if known else market.long_short_ratio,
        "event calendar": Missing(unknown) if unknown else reading.events,
    }


def stale_candles(market: MarketData, assumptions: Assumptions) -> str:
    """Say that the last bar is too old to speak of as-of; "" when it is not, or there is none."""
    candles = first_candles(market)
    if isinstance(candles, Missing):
        return ""
    hours = (market.as_of_ms - int(candles.close_time_ms[-1])) / HOUR_MS
    if hours <= assumptions.stale_hours:
        return ""
    return f"The last bar closed {notation.grouped(hours / 24, 1)} days before as-of."


def cover(market: MarketData, read: Context | Missing, reading: Reading) -> Maybe[Coverage]:
    """Say where the symbol's input came from, and how much of it is there."""
    named = inputs(market, read, reading)
    known = sum(not isinstance(one, Missing) for one in named.values())
    return assess_coverage(market, inputs_known=known, inputs_total=len(named), assumptions=reading.assumptions)


def first_candles(market: MarketData) -> Maybe[Candles]:
    """Give the primary venue's candles."""
    return market.candles if isinstance(market.candles, Missing) else next(iter(market.candles.values()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """What the reader asked for, the same for every symbol of a brief.

    Attributes:
        as_of_ms: The moment the brief speaks of. timeframe: of structure, "4h". timeframe_ms: the same.
        horizon_hours: How far the brief looks. events: soonest first. assumptions: every constant.
        calibrations: all that were found, of any symbol and time.
        past: events of the last horizon, the latest first. unknown_events: what nobody told us of
            for this horizon. positions: the reader's own.
    """

    as_of_ms: Milliseconds
    timeframe: str
    timeframe_ms: Milliseconds
    horizon_hours: float
    events: tuple[Event, ...]
    assumptions: Assumptions
    calibrations: tuple[Calibration, ...] = ()
    past: tuple[Event, ...] = ()
    unknown_events: tuple[UnknownEvents, ...] = ()
    positions: tuple[HeldPosition, ...] = ()


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
    market: MarketData,
    candles: Candles,
    structure: Maybe[Structure],
    positioning: Positioning,
    cone: Maybe[Cone],
    reading: Reading,
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
    calibrated: Maybe[CalibratedMap] = NO_DOLLARS
    if reading.calibrations:
        calibrated = calibrated_map(market, estimate.grid, estimate.price, reading.calibrations, a)
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
    marks = (
        estimate.price,
        *(edge for zone in found.zones for edge in (zone.low, zone.high)),
        *(() if isinstance(cone, Missing) else (cone.low[0], cone.high[-1])),
    )
    return Mapped(
        estimate=estimate,
        priced=PricedZones(zones=found.zones, basis=calibrated)
        if isinstance(calibrated, Missing)
        else price_zones(
            found.zones,
            market,
            calibrated,
            estimate=estimate,
            scope={side: one.scope for side, one in found.shares.items()},
            calibrations=reading.calibrations,
            depth=market_depth(market, a),
            assumptions=a,
        ),
        sensitivities=zone_sensitivities(
            candles, brackets_of(market, a), found.zones, {side: one.scope for side, one in found.shares.items()}, a
        ),
        found=found,
        picture=draw_picture(estimate, found.shares, shown, marks=marks, atr=atr, assumptions=a),
        ladder=ladder(found.shares, estimate.price, atr, a),
    )


def column_ends(candles: Candles, assumptions: Assumptions) -> Ints:
    """Lay the heatmap's columns back from the last close, no farther than the candles go; shape (c,)."""
    width = max(int(assumptions.picture_column_hours * HOUR_MS), candles.interval_ms)
    last = int(candles.close_time_ms[-1])
    days = min(assumptions.picture_days * DAY_MS, last - int(candles.open_time_ms[0]))
    count = max(2, int(days // width))
    return last - width * np.arange(count - 1, -1, -1, dtype=np.int64)


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
    cone = range_cone(candles, reading.horizon_hours, reading.assumptions)
    a = reading.assumptions
    usual_day = day_range(candles, a) if isinstance(structure, Missing) else structure.atr
    if not isinstance(usual_day, Missing):
        now = np.array([len(candles)])
        (rate,) = cone_touch_rates(candles, now, reading.horizon_hours, np.array([usual_day / price]), a).tolist()
        reading = replace(reading, assumptions=replace(a, touch_rate=rate))
    mapped = draw_map(market, candles, structure, positioning, cone, reading)
    context = Context(
        base=base_of(market.symbol),
        price=price,
        price_decimals=notation.price_decimals(price),
        timeframe=reading.timeframe,
        horizon_hours=reading.horizon_hours,
        zones=() if isinstance(mapped, Missing) else mapped.priced.zones,
        no_dense_zone=() if isinstance(mapped, Missing) else mapped.found.no_dense_zone,
        structure=structure,
        positioning=positioning,
        map_quality=grade_map(market, Missing("Coverage is assessed below."), reading.assumptions),
        events=tuple(event for event in reading.events if event.concerns(base_of(market.symbol))),
        assumptions=reading.assumptions,
        map_missing=mapped if isinstance(mapped, Missing) else None,
        unknown_events=reading.unknown_events,
        flows=read_flows(market, reading.assumptions),
        stale=stale_reason(market, reading.horizon_hours, reading.assumptions),
        touch_by_cone=reading.assumptions.touch_rate != a.touch_rate,
    )
    coverage = cover(market, context, reading)
    context = replace(context, map_quality=grade_map(market, coverage, reading.assumptions))
    section = _section(market, venue, candles, context, mapped, coverage)
    consumed = consumed_since(
        market, candles, reading.past, section.price_decimals, np.random.default_rng(0), reading.assumptions
    )
    own = tuple(read_position(one, market, context) for one in reading.positions if one.symbol == market.symbol)
    return replace(section, consumed=consumed, stale=context.stale, cone=cone, positions=own)


def _section(
    market: MarketData, venue: str, candles: Candles, context: Context, mapped: Maybe[Mapped],
    coverage: Maybe[Coverage],
) -> SymbolBrief:  # fmt: skip
    """Steps 4 and 5, and everything put in its place."""
    confluence = find_confluence(context)
    plan = write_plan(context, confluence)
    structure = context.structure
    dollars = NO_DOLLARS if isinstance(mapped, Missing) else mapped.priced.basis
    # Why a calibration is not used, where there was one to look at.
    refused = dollars.reason if isinstance(dollars, Missing) and dollars != NO_DOLLARS else ""
    change = close_at(candles, int(candles.close_time_ms[-1]) - DAY_MS, candles.interval_ms)
    return SymbolBrief(
        symbol=market.symbol,
        base=context.base,
        quote=quote_of(market.symbol),
        venue=venue,
        price=context.price,
        price_time_ms=int(candles.close_time_ms[-1]),
        price_decimals=context.price_decimals,
        change_24h=change if isinstance(change, Missing) else context.price / change - 1,
        structure=structure,
        zones=context.zones,
        no_dense_zone=context.no_dense_zone,
        positioning=context.positioning,
        reactions=read_reactions(context),
        plan=plan.zones,
        scenarios=plan.scenarios,
        stance=plan.stance,
        sizing=plan.sizing,
        checklist=walk_checklist(context, plan),
        inputs=read_inputs(context),
        confluence=confluence,
        map_quality=context.map_quality,
        coverage=coverage,
        read=write_summary(context, confluence),
        finding=figure_finding(context),
        heatmap=mapped if isinstance(mapped, Missing) else mapped.picture,
        heatmap_alt=heatmap_alt(context),
        ladder=mapped if isinstance(mapped, Missing) else mapped.ladder,
        map_engine=DEFAULT_ENGINE.name if isinstance(mapped, Missing) else mapped.estimate.engine,
        calibrated=not isinstance(dollars, Missing),
        caveats=symbol_caveats(context, coverage, calibrated=not isinstance(dollars, Missing), refused=refused),
        dollars=dollars,
        sensitivities=() if isinstance(mapped, Missing) else mapped.sensitivities,
        venues=read_venues(market),
        flows=context.flows if isinstance(context.flows, FlowReading) else NO_FLOWS,
        confidence=confidence_left(context),
        exact=exact_layer(market, context.price, context.assumptions),
        daily_volume=daily_volume(candles),
        recalculate=recalculate_if(context),
    )


def _without_candles(market: MarketData, reason: Missing, reading: Reading) -> SymbolBrief:
    """Give the section of a symbol without candles: its name and the reason."""
    coverage = cover(market, reason, reading)
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


def daily_volume(candles: Candles) -> Maybe[Notional]:
    """Add up what was traded in the last day, in quote currency at each bar's close."""
    day = candles.part(candles.close_time_ms > int(candles.close_time_ms[-1]) - DAY_MS)
    traded = float((day.volume_base * day.close).sum())
    return traded if traded > 0 else NO_VOLUME
