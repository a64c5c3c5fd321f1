"""The guide's closing seven-step routine, walked once for one symbol: each line with its number and its verdict."""

from __future__ import annotations

from reportgen import notation
from reportgen.guide.checklist import ChecklistLine, InputReading, Verdict
from reportgen.guide.findings import Findings
from reportgen.guide.inputs import (
    nearest_levels,
    no_dense_zone,
    read_catalysts,
    read_clusters,
    read_funding,
    read_open_interest,
    read_trend,
    trend_text,
)
from reportgen.guide.plan import Plan, Scenario
from reportgen.guide.terrain import aligned_level
from reportgen.guide.wording import at, band, distance, distance_percent, not_available
from reportgen.guide.zones import Zone
from reportgen.units import Missing, Where

_SIDES: tuple[Where, Where] = ("above", "below")


def walk_checklist(findings: Findings, plan: Plan) -> tuple[ChecklistLine, ...]:
    """Walk the routine in the guide's order: zones, chart, open interest, funding, events, scenarios, alerts."""
    return (
        _mark_zones(findings),
        _note_structure(findings),
        _from_input(3, read_open_interest(findings)),
        _from_input(4, read_funding(findings)),
        _list_events(findings),
        _scenarios_written(findings, plan),
        _alerts_set(findings, plan),
    )


def _from_input(step: int, reading: InputReading) -> ChecklistLine:
    return ChecklistLine(step=step, name=reading.name, reading=reading.reading, verdict=reading.verdict)


def _mark_zones(findings: Findings) -> ChecklistLine:
    clusters = read_clusters(findings)
    name, quality = "Nearest zones", findings.map_quality.grade.lower()
    if findings.no_map is not None:
        return ChecklistLine(step=1, name=name, reading=clusters.reading, verdict="unknown")
    found = [zone for side in _SIDES if (zone := findings.nearest_zone(side)) is not None]
    where = "; ".join(_marked(zone, findings) for zone in found) or no_dense_zone(findings)
    return ChecklistLine(step=1, name=name, reading=f"{where}; map quality {quality}", verdict=clusters.verdict)


def _marked(zone: Zone, findings: Findings) -> str:
    return f"{zone.label} {band(zone, findings)}, {distance_percent(zone)}, {distance(zone)}"


def _note_structure(findings: Findings) -> ChecklistLine:
    """A level in line with a zone adds, as does a trend that leads into one; else the trend's own verdict stands."""
    name, structure = "Structure", findings.structure
    if isinstance(structure, Missing):
        return ChecklistLine(step=2, name=name, reading=not_available(structure), verdict="unknown")
    aligned = any(aligned_level(zone, findings) is not None for zone in findings.zones)
    verdict: Verdict = "adds" if aligned else read_trend(findings).verdict
    lead = structure.relative_strength
    strength = ""
    if not isinstance(lead, Missing):
        days = f"{structure.relative_strength_days:g}{notation.THIN}d"
        strength = f"; {notation.percent_change(lead)} against BTC over {days}"
    reading = f"{trend_text(structure)}; {nearest_levels(findings)}{strength}"
    return ChecklistLine(step=2, name=name, reading=reading, verdict=verdict)


def _list_events(findings: Findings) -> ChecklistLine:
    catalysts = read_catalysts(findings)
    override = "; can override the map" if findings.override is not None else ""
    return ChecklistLine(step=5, name="Event risk", reading=f"{catalysts.reading}{override}", verdict=catalysts.verdict)


def _scenarios_written(findings: Findings, plan: Plan) -> ChecklistLine:
    """Both are always written; the line names the close that each waits for."""
    sides = (_waits_for(plan.scenarios.bullish, findings), _waits_for(plan.scenarios.bearish, findings))
    known = all(sides)
    reading = "bullish {}, bearish {}".format(*(side or "has no level yet" for side in sides))
    return ChecklistLine(step=6, name="Scenarios", reading=reading, verdict="neutral" if known else "unknown")


def _waits_for(scenario: Scenario, findings: Findings) -> str:
    where = "above" if scenario.direction == "bullish" else "below"
    level = next((part.level for part in scenario.trigger if part.kind == f"closes_{where}"), None)
    return "" if level is None else f"{where} {at(level, findings)}"


def _alerts_set(findings: Findings, plan: Plan) -> ChecklistLine:
    """Alerts stand before each zone; without zones at the nearest chart levels."""
    by_price = sorted(plan.zones, key=lambda zone: -zone.alert)
    alerts = [f"{at(zone.alert, findings)} ({zone.label} {zone.side})" for zone in by_price]
    if not alerts:
        alerts = [
            f"{at(levels[0].price, findings)} ({levels[0].where})"
            for side in _SIDES
            if (levels := findings.levels(side))
        ]
    if not alerts:
        reading = not_available(Missing("Neither a zone nor a chart level is known."))
        return ChecklistLine(step=7, name="Alerts", reading=reading, verdict="unknown")
    return ChecklistLine(step=7, name="Alerts", reading=f"at {', '.join(alerts)}", verdict="neutral")
