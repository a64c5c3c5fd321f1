"""What steps 1 to 3 found for one symbol, in one frozen value: the input of reactions, plan, checklist and Read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reportgen.config.assumptions import Assumptions
from reportgen.events.calendar import Event, UnknownEvents
from reportgen.events.flows import NO_FLOWS, FlowReading
from reportgen.guide.positioning import FundingReading, OpenInterestReading, Positioning
from reportgen.guide.structure import Level, Structure
from reportgen.guide.zones import NoDenseZone, Zone, near_edge, outward
from reportgen.liquidation.cone import touch_probability
from reportgen.market.quality import MapQuality
from reportgen.units import Fraction, Maybe, Missing, Price, Side, Where


def typical_range(structure: Maybe[Structure], zones: tuple[Zone, ...], price: Price) -> Price | None:
    """Give the day's typical range in price, > 0: structure's, else as the farthest zone implies it, else None."""
    if not isinstance(structure, Missing):
        return structure.atr if structure.atr > 0 else None
    farthest = max(zones, key=lambda zone: zone.distance_atr, default=None)
    if farthest is None or not farthest.distance_fraction or not farthest.distance_atr:
        return None
    return farthest.distance_fraction * price / farthest.distance_atr or None


def heaviest_first(events: Iterable[Event]) -> tuple[Event, ...]:
    """Give the events that move the plan: the heaviest first, of equals those whose hour is known, then the soonest."""
    moving = (event for event in events if event.overrides)
    return tuple(sorted(moving, key=lambda event: event.urgency))


def nearest_zone(zones: Iterable[Zone], side: Where) -> Zone | None:
    """Find the nearest zone on a side."""
    return min((zone for zone in zones if zone.side == side), key=lambda zone: zone.distance_fraction, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Structure, zones and positioning of one symbol, with what surrounds them.

    Attributes:
        base: "BTC". price: last close. price_decimals: one precision for all prices of the symbol.
        timeframe: of structure, "4h". horizon_hours: how far the brief looks.
        zones, no_dense_zone: what the map shows; both empty means that there is no map.
        map_missing: why there is no map; None when there is one.
        structure, positioning, map_quality: steps 1 and 3, and how far the map can be trusted.
        events: soonest first, none of them past. assumptions: every constant. flows: what spot money did.
        unknown_events: what nobody told us of for this horizon.
        stale: why the last bar is too old to act on, or "". touch_by_cone: `touch_rate` is that of the range forecast.
    """

    base: str
    price: Price
    price_decimals: int
    timeframe: str
    horizon_hours: float
    zones: tuple[Zone, ...]
    no_dense_zone: tuple[NoDenseZone, ...]
    structure: Maybe[Structure]
    positioning: Maybe[Positioning]
    map_quality: MapQuality
    events: tuple[Event, ...]
    assumptions: Assumptions
    map_missing: Missing | None = None
    unknown_events: tuple[UnknownEvents, ...] = ()
    flows: Maybe[FlowReading] = NO_FLOWS
    stale: str = ""
    touch_by_cone: bool = False

    @property
    def no_map(self) -> Missing | None:
        """Say why there is no map, or None when there is one."""
        if self.map_missing is not None or self.zones or self.no_dense_zone:
            return self.map_missing
        return Missing("No liquidation map could be made.")

    @property
    def open_interest(self) -> Maybe[OpenInterestReading]:
        """Open interest, or why it is not known."""
        return self.positioning if isinstance(self.positioning, Missing) else self.positioning.open_interest

    @property
    def funding(self) -> Maybe[FundingReading]:
        """Funding, or why it is not known."""
        return self.positioning if isinstance(self.positioning, Missing) else self.positioning.funding

    @property
    def crowded_side(self) -> Side | None:
        """The side that looks crowded, or None when neither does or nothing is known."""
        return None if isinstance(self.positioning, Missing) else self.positioning.crowded_side

    @property
    def leading_event(self) -> Event | None:
        """The event inside the horizon that moves the plan most, or None."""
        return next(iter(self.moving_events), None)

    @property
    def moving_events(self) -> tuple[Event, ...]:
        """Every event inside the horizon that moves the plan, in the order of `heaviest_first`."""
        return heaviest_first(self.events)

    @property
    def atr(self) -> Price | None:
        """A day's typical range in price, > 0: structure's, else as the farthest zone implies it, else None."""
        return typical_range(self.structure, self.zones, self.price)

    def nearest_zone(self, side: Where) -> Zone | None:
        """Find the nearest zone on a side."""
        return nearest_zone(self.zones, side)

    def looked_within(self, side: Where) -> Fraction | None:
        """Tell how far was looked on a side without a dense zone."""
        return next((answer.within_fraction for answer in self.no_dense_zone if answer.side == side), None)

    @property
    def surprise(self) -> str:
        """What spot money did so far beyond its usual that it is a catalyst, a clause with its numbers, or ""."""
        shocks = () if isinstance(self.flows, Missing) else self.flows.shocks
        return " and ".join(shock.text for shock in shocks)

    @property
    def unknown_movers(self) -> tuple[str, ...]:
        """Names of what could move the plan within the horizon and nobody told us of: unknown, which is not absent."""
        return tuple(one.name for one in self.unknown_events if one.weight != "low")

    def touch(self, price: Price) -> Fraction | None:
        """Give the share of levels as far away that price touches within the horizon; None without a usual day."""
        if self.atr is None:
            return None
        return touch_probability(abs(price - self.price) / self.atr, self.horizon_hours, self.assumptions)

    def in_reach(self, zone: Zone) -> bool:
        """Tell whether a zone is likely enough to be touched within the horizon to count today."""
        touched = touch_probability(zone.distance_atr, self.horizon_hours, self.assumptions)
        return touched is not None and touched >= self.assumptions.reach_touch

    def levels(self, side: Where) -> tuple[Level, ...]:
        """List resistances (above) or supports (below), nearest first; none when structure is missing."""
        if isinstance(self.structure, Missing):
            return ()
        return self.structure.resistances if side == "above" else self.structure.supports

    def aligned_level(self, zone: Zone) -> Level | None:
        """Find the chart level in the zone or next to it: the nearest to the band, then the one with most touches."""
        if self.atr is None:
            return None
        reach, sign = self.assumptions.zone_chart_level_atr * self.atr, outward(zone.side)

        def off(level: Level) -> Price:
            return max(zone.low - level.price, level.price - zone.high, 0.0)

        ahead = (level for level in self.levels(zone.side) if sign * (level.price - self.price) > 0)
        return min((one for one in ahead if off(one) <= reach), key=lambda one: (off(one), -one.touches), default=None)

    def level_on_the_way(self, zone: Zone) -> Level | None:
        """Find the first chart level that price meets before the zone, unless it is in line with the zone."""
        sign, aligned = outward(zone.side), self.aligned_level(zone)
        ahead = sign * (near_edge(zone) - self.price)
        others = (level for level in self.levels(zone.side) if level != aligned)
        return next((level for level in others if 0 < sign * (level.price - self.price) < ahead), None)

    def next_cluster(self, zone: Zone) -> Zone | None:
        """Find the nearest zone that starts beyond this one on the same side."""
        sign = outward(zone.side)
        same = (other for other in self.zones if other.side == zone.side)
        beyond = (other for other in same if sign * (near_edge(other) - near_edge(zone)) > 0)
        return min(beyond, key=lambda other: sign * near_edge(other), default=None)
