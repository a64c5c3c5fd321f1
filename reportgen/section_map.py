"""Step 2 of one symbol's section: the map, its zones with their uncertainty and dollars, and what the chart keeps.

Stands beside `section.py`, which walks the five steps. Pure.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.events.calendar import Event
from reportgen.guide.dollars import NO_DOLLARS, PricedZones, price_zones
from reportgen.guide.positioning import Positioning
from reportgen.guide.sensitivity import Sensitivity, zone_sensitivities
from reportgen.guide.structure import Structure
from reportgen.guide.zone_finding import ZoneFinding, find_zones
from reportgen.indicators.bars import resample
from reportgen.indicators.volatility import day_range
from reportgen.liquidation.calibration import Calibration
from reportgen.liquidation.dollars import CalibratedMap, calibrated_map
from reportgen.liquidation.heatmap import LiquidationMap, build_map
from reportgen.liquidation.margin import brackets_of
from reportgen.liquidation.picture import HeatmapPicture, draw_picture, ladder
from reportgen.market.data import Candles, MarketData
from reportgen.market.grade import market_depth
from reportgen.units import DAY_MS, HOUR_MS, Fraction, Ints, Maybe, Milliseconds, Missing, Price, Side


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
