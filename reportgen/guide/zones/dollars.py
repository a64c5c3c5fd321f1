"""Dollars beside the zones, where a calibration gives them: how much, how far that may be off, and on what it rests.

Zones are found on the kernel map. Where a calibration fits, their dollars and their shares of a side both come from the
conservation nodes with weights fitted to observed liquidations, so that share x the side's total is the dollars;
without one there are no dollars, and shares are the kernel map's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import numpy as np

from reportgen import notation
from reportgen.config.assumptions import Assumptions
from reportgen.guide.zones import Zone
from reportgen.liquidation.calibration import Calibration
from reportgen.liquidation.calibration.choice import refusal
from reportgen.liquidation.calibration.dollars import CalibratedMap
from reportgen.liquidation.map import LiquidationMap
from reportgen.market.data import Depth, MarketData
from reportgen.units import DAY_MS, Fraction, Maybe, Milliseconds, Missing, Notional, Side

NO_DOLLARS: Final = Missing("No calibration was found; `reportgen calibrate` makes one from observed liquidations.")
"""What a brief says where nobody has calibrated anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DollarBasis:
    """What the dollars of a map rest on.

    Attributes:
        sample_start_ms, sample_end_ms: The liquidations fitted. observations: bars times sides of them, 0 if borrowed.
        borrowed_from: Whose weights, where the symbol had no liquidations of its own.
        liquidation_venues, open_interest_venues: Whose data.
        held_out_ratio: Realised over estimated on days not fitted. held_out_correlation: of square roots there.
        control_correlation: The same of a control that knows only how far price went.
        interval_level: What the intervals should hold. interval_held: what they held later in time. interval_tried: of
            how many sweeps.
        identified_to: Log distance up to which the nodes were fitted; farther ones kept their prior.
        text: All that as sentences for the reader, and why a newer calibration was not used.
        age_days: From the sample's end to as-of.
        long_total, short_total: All longs, all shorts within the map's scope: zone share x it = zone dollars.
    """

    sample_start_ms: Milliseconds
    sample_end_ms: Milliseconds
    observations: int
    borrowed_from: str | None
    liquidation_venues: tuple[str, ...]
    open_interest_venues: tuple[str, ...]
    held_out_ratio: float | None
    held_out_correlation: float | None
    control_correlation: float | None
    interval_level: Fraction | None
    interval_held: int | None
    interval_tried: int | None
    identified_to: float | None
    text: tuple[str, ...]
    age_days: float = 0.0
    long_total: Notional | None = None
    short_total: Notional | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PricedZones:
    """Zones with their dollars, and what those rest on, or why there are none."""

    zones: tuple[Zone, ...]
    basis: Maybe[DollarBasis]


def price_zones(
    zones: tuple[Zone, ...],
    market: MarketData,
    calibrated: CalibratedMap,
    *,
    estimate: LiquidationMap,
    scope: Mapping[Side, int],
    calibrations: Sequence[Calibration],
    depth: Maybe[Depth],
    assumptions: Assumptions,
) -> PricedZones:
    """Give each zone its notional from a map in dollars.

    Args:
        zones: As found on the map.
        market: Known up to as-of.
        calibrated: The market's nodes in dollars.
        estimate: The map that the zones were found on.
        scope: Bins from the price that count, per side.
        calibrations: All that were found, to say which newer ones were passed over.
        depth: Resting size near the price, for the zone as a multiple of it.
        assumptions: Refusal rules.
    """
    chosen = calibrated.calibration
    by_distance = {side: calibrated.notional(side) for side in Side}
    total = {side: float(by_distance[side][: scope[side]].sum()) for side in Side}
    priced = []
    for zone in zones:
        edges = (abs(float(np.log(edge / estimate.price))) for edge in (zone.low, zone.high))
        near, far = sorted(round(edge / estimate.grid.step) for edge in edges)
        notional = float(by_distance[zone.liquidated_side][near:far].sum())
        resting = 0.0
        if not isinstance(depth, Missing):  # what rests on the side that its liquidations would take from
            resting = depth.ask_quote if zone.side == "above" else depth.bid_quote
        priced.append(
            replace(
                zone,
                share=notional / total[zone.liquidated_side] if total[zone.liquidated_side] > 0 else zone.share,
                notional=notional,
                notional_band=None if isinstance(chosen.interval, Missing) else chosen.interval.bounds(notional),
                depth_multiple=notional / resting if resting > 0 else None,
            )
        )
    refused = tuple(
        f"The one of {_day(one.sample_end_ms)} was not used: {refusal(one, market, market.as_of_ms, assumptions)}"
        for one in calibrations
        if one.symbol == market.symbol and chosen.sample_end_ms < one.sample_end_ms <= market.as_of_ms
    )
    age = (market.as_of_ms - chosen.sample_end_ms) / DAY_MS
    # Say what the shares are of, and how old the weights are.
    a = assumptions
    within = f"Within {notation.share(a.zone_scope_fraction)} of the price all longs come to"
    both = f"{notation.dollars(total[Side.LONG])} and all shorts to {notation.dollars(total[Side.SHORT])}"
    lines = [
        f"{within} {both}; a zone's share is its part of that.",
        f"The sample ended {notation.grouped(age, 0)} days before as-of.",
    ]
    if age > a.calibration_drift_days:
        lines.append(
            f"That is more than {a.calibration_drift_days:.0f} days, after which levels have drifted: 1.5 times in "
            "three months, 2.2 times in four. Calibrate again."
        )
    basis = _basis(chosen, (*lines, *refused))
    return PricedZones(
        zones=tuple(priced),
        basis=replace(basis, age_days=age, long_total=total[Side.LONG], short_total=total[Side.SHORT]),
    )


def _basis(chosen: Calibration, refused: tuple[str, ...]) -> DollarBasis:
    """Write down what a calibration rests on: where the dollars come from, and how well they held."""
    fitted = np.asarray(chosen.node_distance)[np.asarray(chosen.identified, dtype=bool)]
    reach = float(fitted.max()) if len(fitted) else None
    whose = "its own liquidations" if chosen.borrowed_from is None else f"weights borrowed from {chosen.borrowed_from}"
    span = f"{_day(chosen.sample_start_ms)} to {_day(chosen.sample_end_ms)}"
    venues = ", ".join(chosen.liquidation_venues) or "no venue"
    interest = ", ".join(chosen.open_interest_venues)
    lines = [f"Dollars are estimates calibrated on {whose}, {span} ({venues}; open interest of {interest})."]
    lines.append(
        "They and the shares of a side come from the conservation nodes, the zones' edges from the kernel map; how far "
        "edges may lie off and how often a zone recurs come from draws of the calibrated weights."
    )
    held, rule = chosen.held_out, chosen.interval
    if isinstance(held, Missing):
        lines.append(f"How they hold on later days is not known: {held.reason}")
    else:
        lines.append(
            f"On later days realised over estimated was {held.ratio:.2f}; the square roots correlate "
            f"{held.correlation:.2f}, those of a distance-only control {held.climatology:.2f}."
        )
    if isinstance(rule, Missing):
        lines.append(f"No interval is given: {rule.reason}")
    else:
        lines.append(
            f"The {notation.share(rule.level)} intervals held {rule.covered} of {rule.of} later sweeps "
            f"({notation.share(rule.coverage)}), each of one bar; a whole zone may be swept over several."
        )
    if reach is not None:
        lines.append(f"Nodes beyond {notation.percent(reach, 0)} were not identified and keep their prior.")
    return DollarBasis(
        sample_start_ms=chosen.sample_start_ms,
        sample_end_ms=chosen.sample_end_ms,
        observations=chosen.observations,
        borrowed_from=chosen.borrowed_from,
        liquidation_venues=chosen.liquidation_venues,
        open_interest_venues=chosen.open_interest_venues,
        held_out_ratio=None if isinstance(held, Missing) else held.ratio,
        held_out_correlation=None if isinstance(held, Missing) else held.correlation,
        control_correlation=None if isinstance(held, Missing) else held.climatology,
        interval_level=None if isinstance(rule, Missing) else rule.level,
        interval_held=None if isinstance(rule, Missing) else rule.covered,
        interval_tried=None if isinstance(rule, Missing) else rule.of,
        identified_to=reach,
        text=(*lines, *refused),
    )


def _day(moment_ms: Milliseconds) -> str:
    return datetime.fromtimestamp(moment_ms / 1000, tz=UTC).date().isoformat()
