"""The guide's seven inputs on one strip, each with its number and what it does to zone risk.

`adds` means that a zone matters more today, `eases` less: never a direction to trade in.
"""

from __future__ import annotations

from reportgen import notation
from reportgen.guide.checklist import InputReading, Verdict
from reportgen.guide.findings import Findings
from reportgen.guide.positioning import FundingReading
from reportgen.guide.spot_volume import volume_text
from reportgen.guide.structure import Structure
from reportgen.guide.terrain import aligned_level
from reportgen.guide.wording import (
    countdown,
    crowd,
    distance,
    event_name,
    level_kind,
    level_name,
    not_available,
    ordinal,
)
from reportgen.units import Missing, Side, Where

_SIDES: tuple[Where, Where] = ("above", "below")


def seven_inputs(findings: Findings) -> tuple[InputReading, ...]:
    """Read the guide's seven inputs in its order; a missing one reads `n/a: reason` and its verdict is unknown."""
    return (
        read_clusters(findings),
        read_trend(findings),
        read_open_interest(findings),
        read_funding(findings),
        read_chart_levels(findings),
        read_volume(findings),
        read_catalysts(findings),
    )


def read_clusters(findings: Findings) -> InputReading:
    """Price against the nearest clusters: a near one adds, none at all eases."""
    name = "Price vs clusters"
    if findings.no_map is not None:
        return _unknown(name, findings.no_map)
    nearest = [zone for side in _SIDES if (zone := findings.nearest_zone(side)) is not None]
    if not nearest:
        return InputReading(name=name, reading=no_dense_zone(findings), verdict="eases")
    near = any(zone.distance_atr <= findings.assumptions.checklist_near_atr for zone in nearest)
    reading = ", ".join(f"{zone.label} {distance(zone)}" for zone in nearest)
    return InputReading(name=name, reading=reading, verdict="adds" if near else "neutral")


def no_dense_zone(findings: Findings) -> str:
    """Say that nothing stands out, and how far was looked."""
    looked = [within for side in _SIDES if (within := findings.looked_within(side)) is not None]
    return f"no dense zone within {notation.percent(min(looked), 0)}" if looked else "no dense zone"


def read_trend(findings: Findings) -> InputReading:
    """Trend: into a side with a dense zone adds, away from all of them eases."""
    name, structure = "Trend", findings.structure
    if isinstance(structure, Missing):
        return _unknown(name, structure)
    return InputReading(name=name, reading=trend_text(structure), verdict=_trend_verdict(findings, structure))


def trend_text(structure: Structure) -> str:
    """Write trend, strength and regime: down (−0.42) on 4h, expanding."""
    strength = notation.signed(structure.trend_strength, 2)
    return f"{structure.trend} ({strength}) on {structure.timeframe}, {structure.regime} regime"


def read_open_interest(findings: Findings) -> InputReading:
    """Open interest: rising or elevated adds, falling eases."""
    name, reading = "Open interest", findings.open_interest
    if isinstance(reading, Missing):
        return _unknown(name, reading)
    level = f"{'elevated, ' if reading.elevated else ''}{ordinal(reading.percentile)}"
    flush = ", a flush" if reading.flush else ""
    change = f"{notation.percent_change(reading.change_24h)} in 24{notation.THIN}h"
    verdict: Verdict = "adds" if reading.trend == "rising" or reading.elevated else "neutral"
    if reading.trend == "falling":
        verdict = "eases"
    return InputReading(name=name, reading=f"{reading.trend}, {change}{flush}; {level}", verdict=verdict)


def read_funding(findings: Findings) -> InputReading:
    """Funding: an extreme or a crowded side adds, a mild bias does neither."""
    name, reading = "Funding", findings.funding
    if isinstance(reading, Missing):
        return _unknown(name, reading)
    verdict: Verdict = "adds" if reading.extreme or findings.crowded_side is not None else "neutral"
    text = f"{notation.funding(reading.rate_8h)}, {_bias(reading)}{_crowding(findings.crowded_side)}"
    return InputReading(name=name, reading=f"{text}; {ordinal(reading.percentile)}", verdict=verdict)


def read_chart_levels(findings: Findings) -> InputReading:
    """Support and resistance: a level in line with a zone adds."""
    name = "Support, resistance"
    if isinstance(findings.structure, Missing):
        return _unknown(name, findings.structure)
    aligned = any(aligned_level(zone, findings) is not None for zone in findings.zones)
    return InputReading(name=name, reading=nearest_levels(findings), verdict="adds" if aligned else "neutral")


def nearest_levels(findings: Findings) -> str:
    """Write the nearest support and resistance, or that one is not known."""
    sides: tuple[Where, Where] = ("below", "above")
    return ", ".join(
        level_name(levels[0], findings) if (levels := findings.levels(side)) else f"no {level_kind(side)} known"
        for side in sides
    )


def read_volume(findings: Findings) -> InputReading:
    """Volume: expanding adds, contracting eases; spot stands beside it."""
    name, structure = "Volume", findings.structure
    if isinstance(structure, Missing):
        return _unknown(name, structure)
    reading = volume_text(structure, unknown="; spot n/a")
    verdict: Verdict = "neutral"
    if structure.volume != "steady":
        verdict = "adds" if structure.volume == "expanding" else "eases"
    return InputReading(name=name, reading=reading, verdict=verdict)


def read_catalysts(findings: Findings) -> InputReading:
    """Catalysts: an event inside the horizon adds risk, one beyond it does not."""
    name, event = "Catalysts", findings.override
    hours = f"{findings.horizon_hours:g}{notation.THIN}h"
    if event is not None:
        inside = sum(other.inside_horizon for other in findings.events)
        more = f" and {inside - 1} more within {hours}" if inside > 1 else ""
        reading = f"{event_name(event)} in {countdown(event.hours_away)}{more}"
        return InputReading(name=name, reading=reading, verdict="adds")
    later = next(iter(findings.events), None)
    after = "" if later is None else f"; next {event_name(later)} in {countdown(later.hours_away)}"
    return InputReading(name=name, reading=f"none listed within {hours}{after}", verdict="neutral")


def _trend_verdict(findings: Findings, structure: Structure) -> Verdict:
    if structure.trend == "sideways" or not findings.zones:
        return "neutral"
    ahead = findings.nearest_zone("above" if structure.trend == "up" else "below")
    return "eases" if ahead is None else "adds"


def _bias(reading: FundingReading) -> str:
    if reading.extreme:
        moved = ", turned from neutral" if reading.turned_extreme else ""
        return f"{reading.bias}, stretched{moved}"
    return "neutral, not stretched" if reading.bias == "neutral" else f"{reading.bias}, mild"


def _crowding(side: Side | None) -> str:
    return "" if side is None else f", {crowd(side)} crowded"


def _unknown(name: str, missing: Missing) -> InputReading:
    return InputReading(name=name, reading=not_available(missing), verdict="unknown")
