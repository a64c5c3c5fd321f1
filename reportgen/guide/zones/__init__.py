"""Step 2: the nearest dense liquidation zones, or that there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reportgen.units import Fraction, Notional, Price, Side, Where

Label = Literal["A", "B", "C"]


Rule = Literal["nearest", "chart_level", "open_interest", "funding", "persistence", "intensity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneReason:
    """One of the guide's assumptions applied to a zone.

    Attributes:
        rule: Which assumption. adds: +1 makes the zone matter more, -1 less, 0 neither.
        value: The number behind it, None when its input is missing. text: one clause for the reader.
    """

    rule: Rule
    adds: int
    value: float | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A dense run of estimated liquidation levels.

    Attributes:
        label: A nearest above, B nearest below, C a larger one clear beyond it, on each side.
        side: Where it lies. liquidated_side: shorts above the price, longs below.
        low, high: Its edges. low_band, high_band: 10-90 % of draws for each edge, (from, to).
        share: Its part of the side's mass within the scope, in [0, 1].
        intensity: Mean density / median density of the side.
        notional: Quote currency; None while the map is not calibrated. notional_band: its interval, None when unknown.
        depth_multiple: Notional over the resting size its liquidations would take from, None when either is unknown.
        distance_fraction: From the price to the near edge, >= 0; 0 when the price is inside.
        distance_atr: the same in usual days.
        touch_probability: Share of levels at that distance that price touches within the horizon.
        persistence: Share of draws in which the zone recurs, in [0, 1].
        rank: 1 is the zone that deserves attention first. score: the sum behind the rank.
        price_inside: True when the price stands in it.
        reasons: Why it ranks there.
    """

    label: Label
    side: Where
    liquidated_side: Side
    low: Price
    high: Price
    low_band: tuple[Price, Price]
    high_band: tuple[Price, Price]
    share: Fraction
    intensity: float
    notional: Notional | None
    distance_fraction: Fraction
    distance_atr: float
    touch_probability: Fraction | None
    persistence: Fraction
    rank: int
    score: float
    price_inside: bool
    reasons: tuple[ZoneReason, ...]
    notional_band: tuple[Notional, Notional] | None = None
    depth_multiple: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDenseZone:
    """A side on which nothing stands out: a normal answer.

    Attributes:
        side: Where. within_fraction: how far was looked. reason: one sentence.
    """

    side: Where
    within_fraction: Fraction
    reason: str


def outward(side: Where) -> int:
    """Give +1 above and -1 below: the direction that leads away from the price."""
    return 1 if side == "above" else -1


def near_edge(zone: Zone) -> Price:
    """Give the edge that price meets first."""
    return zone.low if zone.side == "above" else zone.high


def far_edge(zone: Zone) -> Price:
    """Give the edge that price meets last."""
    return zone.high if zone.side == "above" else zone.low


def gap_atr(zone: Zone, beyond: Zone, atr: Price) -> float:
    """Measure the gap between a zone's far edge and the next cluster in usual days, 0 where they touch."""
    return max(0.0, outward(zone.side) * (near_edge(beyond) - far_edge(zone))) / atr
