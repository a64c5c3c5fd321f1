"""The Read: two or three computed sentences for a symbol, with the finding, alt text and caveats of its figure.

Risk language only. A sentence may say which side looks more exposed and what must happen first; none says what price
is going to do. The last sentence is always the guide's own: possible fuel, not guaranteed destinations.
"""

from __future__ import annotations

from reportgen import notation
from reportgen.guide.checklist import Confluence
from reportgen.guide.findings import Catalyst, Findings
from reportgen.guide.inputs import no_dense_zone
from reportgen.guide.reaction import touch_probability
from reportgen.guide.structure import Level
from reportgen.guide.terrain import aligned_level, level_on_the_way, near_edge
from reportgen.guide.wording import (
    at,
    band,
    because,
    capital,
    crowd,
    distance,
    distance_percent,
    due,
    event_name,
    fuel,
    level_name,
    sentence,
    zone_with_band,
)
from reportgen.guide.zones import Zone
from reportgen.units import Missing, Where

CLOSING = "Possible fuel, not guaranteed destinations."
_SIDES: tuple[Where, Where] = ("above", "below")


def write_read(findings: Findings, confluence: Confluence) -> tuple[str, ...]:
    """Write two or three sentences: what weakens the map or how the layers stand, the asymmetry, the closing words.

    An event inside the horizon comes first, then a low map quality; without either, the layers follow the asymmetry
    where they have something to say.
    """
    caution = _caution(findings)
    asymmetry = sentence(_asymmetry(findings, confluence))
    if caution:
        return (sentence(caution), asymmetry, CLOSING)
    layers = _layers(findings, confluence)
    return (asymmetry, sentence(layers), CLOSING) if layers else (asymmetry, CLOSING)


def figure_finding(findings: Findings) -> str:
    """Write the figure's headline: Dense shorts +3.3 % above, dense longs −3.4 % below."""
    if findings.no_map is not None:
        return "No liquidation map"
    above, below = (findings.nearest_zone(side) for side in _SIDES)
    if above is None and below is None:
        return capital(no_dense_zone(findings))
    parts = (_side_finding(above, "above"), _side_finding(below, "below"))
    return capital(", ".join(parts))


def heatmap_alt(findings: Findings) -> str:
    """Write the picture's alt text: price, each zone with range, distance and share, or that nothing stands out."""
    price = at(findings.price, findings)
    if findings.no_map is not None:
        return f"No liquidation map of {findings.base} at {price}: {because(findings.no_map)}."
    zones = " ".join(_zone_alt(zone, findings) for zone in findings.zones)
    empty = " ".join(f"No dense zone {answer.side}." for answer in findings.no_dense_zone)
    start = f"Estimated liquidation map of {findings.base} around the last price {price}."
    return " ".join(part for part in (start, zones, empty) if part)


def _caution(findings: Findings) -> str:
    """Say what weakens the map: an event inside the horizon, a low quality, or both in one sentence."""
    events, quality = findings.overriding, findings.map_quality
    low = quality.grade in ("Low", "None") and findings.no_map is None
    weak = f"map quality is {quality.grade.lower()}"
    if events:
        first = " and ".join(_is_due(event) for event in events[:2])
        state = f"{first} and {weak}" if low else first
        useful = "the map remains useful, but " if findings.no_map is None else ""
        more = ", and execution risk is much higher" if low else ""
        return f"{state}: {useful}confidence in any one direction is lower{more}"
    if not low:
        return ""
    reason = f" ({quality.reasons[0].rstrip('.')})" if quality.reasons else ""
    return f"the map may be directionally useful, but {weak}{reason}, so execution risk is much higher"


def _is_due(event: Catalyst) -> str:
    """Write US CPI is due in 6 h; what is under way is not due any more."""
    under_way = event.time_known and not event.hours_away > 0
    return f"{event_name(event)} is {'' if under_way else 'due '}{due(event)}"


def _asymmetry(findings: Findings, confluence: Confluence) -> str:
    if findings.no_map is not None:
        return f"there is no liquidation map to read: {because(findings.no_map)}"
    nearest = [zone for side in _SIDES if (zone := findings.nearest_zone(side)) is not None]
    if not nearest:
        return f"nothing stands out on either side: {no_dense_zone(findings)}"
    leaning = {"up": "above", "down": "below"}
    favoured = [zone for zone in nearest if leaning.get(confluence.map_lean) == zone.side]
    if favoured:
        return _lean_text(favoured[0], findings)
    where = " and ".join(f"{zone.label} {distance(zone)}" for zone in nearest)
    closest = min(nearest, key=lambda zone: zone.distance_atr)
    if closest.distance_atr > findings.assumptions.lean_reach_atr:
        verb = "zone is" if len(nearest) == 1 else "zones are"
        return f"the nearest dense {verb} far, {where}{_seldom_touched(closest, findings)}"
    return f"dense zones lie on both sides, {where}, without a clear asymmetry"


def _seldom_touched(zone: Zone, findings: Findings) -> str:
    """Give the measured share of zones that far that were tapped, where it was measured."""
    touched = touch_probability(zone.distance_atr, findings.horizon_hours, findings.assumptions)
    if touched is None:
        return ""
    hours = f"{findings.horizon_hours:g}{notation.THIN}h"
    return f": price tapped {notation.share(touched)} of zones that far within {hours}"


def _lean_text(zone: Zone, findings: Findings) -> str:
    """Say which side is more exposed and what must give way first."""
    where = f"{zone_with_band(zone, findings)}, {distance(zone)}"
    if zone.side == "above":
        return (
            f"the asymmetry favours an upside squeeze if {_barrier(zone, findings)} breaks cleanly: "
            f"{fuel(zone)} could add momentum in {where}"
        )
    return (
        f"the asymmetry favours a downside flush if {_barrier(zone, findings)} fails: "
        f"the breakdown may accelerate as {fuel(zone)} adds momentum in {where}"
    )


def _barrier(zone: Zone, findings: Findings) -> str:
    """Name what stands between price and the move: the level in line with the zone, the one before it, or its edge."""
    level: Level | None = aligned_level(zone, findings) or level_on_the_way(zone, findings)
    return f"the zone edge {at(near_edge(zone), findings)}" if level is None else level_name(level, findings)


def _layers(findings: Findings, confluence: Confluence) -> str:
    """Say how structure and positioning stand to the map, when there is something to say."""
    if confluence.conflict:
        return confluence.text
    positioning = findings.positioning
    if findings.crowded_side is not None and not isinstance(positioning, Missing):
        return f"{crowd(findings.crowded_side)} look crowded ({positioning.crowded_because.rstrip('.')})"
    return confluence.text if confluence.agree > 1 else ""


def _side_finding(zone: Zone | None, side: Where) -> str:
    if zone is None:
        return f"no dense zone {side}"
    holders = f"dense {crowd(zone.liquidated_side)}"
    return f"price inside {holders}" if zone.price_inside else f"{holders} {distance_percent(zone)} {side}"


def _zone_alt(zone: Zone, findings: Findings) -> str:
    holders, share = crowd(zone.liquidated_side), notation.share(zone.share)
    where = "price inside" if zone.price_inside else f"{distance_percent(zone)}, {distance(zone)}"
    return f"Zone {zone.label} {zone.side}: {band(zone, findings)}, {where}, {share} of the mapped {holders}."
