"""What an event that has passed did to the map: which zones of its moment price has traded through since.

The zones are those that a brief of that moment would have shown: found from the bars that had closed by then.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reportgen import notation
from reportgen.brief.types import Consumed, ConsumedZone
from reportgen.config.assumptions import Assumptions
from reportgen.events.calendar import Event
from reportgen.guide.positioning import Positioning
from reportgen.guide.structure.volatility import day_range
from reportgen.guide.zones import Zone, far_edge, near_edge, outward
from reportgen.guide.zones.finding import find_zones
from reportgen.liquidation.map import build_map
from reportgen.liquidation.margin import brackets_of
from reportgen.market.data import Candles, MarketData
from reportgen.market.symbols import base_of
from reportgen.units import DAY_MS, Missing

_NOT_READ = Missing("Zones of an earlier moment are found from the map alone.")


def consumed_since(
    market: MarketData, candles: Candles, past: tuple[Event, ...], decimals: int, assumptions: Assumptions
) -> tuple[Consumed, ...]:
    """Tell for each event that passed lately which zones of its moment are used up.

    Args:
        market: All that is known of the symbol.
        candles: Of its primary venue, up to as-of.
        past: Events of the last horizon, the latest first; those that do not concern it are left out.
        decimals: Of its prices.
        assumptions: Every constant.
    """
    concerning = [event for event in past if event.concerns(base_of(market.symbol))]
    chosen = concerning[: assumptions.events_seen_through]
    return tuple(_consumed(market, candles, event, decimals, assumptions) for event in chosen)


def _consumed(market: MarketData, candles: Candles, event: Event, decimals: int, a: Assumptions) -> Consumed:
    def told(text: str, zones: tuple[ConsumedZone, ...] = ()) -> Consumed:
        return Consumed(event=event.name, at_ms=event.at_ms, zones=zones, text=f"{text}.")

    name = " ".join(event.name.split())
    if not event.time_known:
        return told(f"{name} took place at an hour that is not known, so what it consumed cannot be told")
    before = candles.first(int(np.searchsorted(candles.close_time_ms, event.at_ms, side="right")))
    # The bar that the event falls into opened before it: its range may be older than the event.
    after = candles.part(candles.open_time_ms >= event.at_ms)
    zones = _zones(market, before, a)
    if isinstance(zones, Missing):
        return told(f"What {name} consumed is not known: {zones.reason.rstrip('.')}")
    if not len(after):
        return told(f"No bar has opened and closed since {name}")
    low, high = float(after.low.min()), float(after.high.max())
    # A zone that price stood in already counts by its far edge.
    found = tuple(
        ConsumedZone(
            label=zone.label,
            side=zone.side,
            low=zone.low,
            high=zone.high,
            how="through" if outward(zone.side) * (extreme - far_edge(zone)) >= 0 else "into",
        )
        for zone in zones
        for extreme in (high if zone.side == "above" else low,)
        if outward(zone.side) * (extreme - near_edge(zone)) >= 0
    )
    ranged = f"since {name} price ranged {notation.price_range(low, high, decimals)}"
    expected = (int(after.close_time_ms[-1]) - int(after.open_time_ms[0])) // candles.interval_ms
    lacking = "; bars are absent, so more may have been reached" if len(after) < expected else ""
    if not found:
        none = "no dense zone of its moment was reached" if zones else "no dense zone was mapped at its moment"
        return told(f"{ranged[:1].upper()}{ranged[1:]}: {none}{lacking}")
    listed = ", ".join(
        f"{one.label} {one.side} {notation.price_range(one.low, one.high, decimals)} "
        f"({'traded through' if one.how == 'through' else 'traded into'})"
        for one in found
    )
    return told(f"{ranged[:1].upper()}{ranged[1:]} and consumed, of the zones of its moment, {listed}{lacking}", found)


def _zones(market: MarketData, before: Candles, a: Assumptions) -> tuple[Zone, ...] | Missing:
    """Find the zones as they stood after some bars."""
    if len(before) < 2 or int(before.close_time_ms[-1] - before.open_time_ms[0]) < a.map_least_days * DAY_MS:
        return Missing(f"the bars before it span less than {a.map_least_days:g} days")
    atr = day_range(before, a)
    if isinstance(atr, Missing):
        return atr
    ends = int(before.close_time_ms[-1]) - before.interval_ms * np.arange(1, -1, -1, dtype=np.int64)
    estimate = build_map(before, brackets_of(market, a), ends, a, open_interest=market.leading_open_interest)
    nothing = Positioning(open_interest=_NOT_READ, funding=_NOT_READ, crowded_side=None, crowded_because="")
    found = find_zones(
        estimate,
        _NOT_READ,
        nothing,
        atr=atr,
        horizon_hours=a.reaction_horizon_hours,
        rng=np.random.default_rng(int(ends[-1])),
        assumptions=replace(a, draws=1),  # draws move no edge
    )
    return tuple(sorted(found.zones, key=lambda zone: zone.distance_atr))
