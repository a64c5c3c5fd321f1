"""Step 5, whole: the stance first, then a response for every zone, both scenarios, and the size.

Last room of the guide before the brief: Findings and Confluence come in, Plan goes out.
"""

from __future__ import annotations

from reportgen.guide.checklist import Confluence
from reportgen.guide.findings import Findings
from reportgen.guide.plan import Plan, Stance
from reportgen.guide.response import plan_zone
from reportgen.guide.scenario import write_scenarios
from reportgen.guide.sizing import size_idea
from reportgen.guide.wording import because, due, event_name, sentence


def write_plan(findings: Findings, confluence: Confluence) -> Plan:
    """Turn the map into responses.

    Every zone gets levels as long as a typical range is known; both scenarios are always written. The stance is, in
    this order: wait for an event inside the horizon, observe when no dense zone is mapped, stand aside when layers
    conflict, else act on confirmation only.
    """
    plans = tuple(plan for zone in findings.zones if (plan := plan_zone(zone, findings)) is not None)
    return Plan(
        stance=decide_stance(findings, confluence),
        zones=plans,
        scenarios=write_scenarios(findings, plans),
        sizing=size_idea(findings, confluence),
    )


def decide_stance(findings: Findings, confluence: Confluence) -> Stance:
    """Say what to do with all of it, and why."""
    events = findings.overriding
    if events:
        named = " and ".join(f"{event_name(event)} ({due(event)})" for event in events[:2])
        text = (
            f"Wait for {named} to pass; then use it as a post-event map "
            "of acceleration zones, not as a directional bet before it."
        )
        return Stance(kind="wait for event", text=text)
    if findings.no_map is not None:
        return Stance(kind="observe", text=f"Observe: there is no map. {sentence(because(findings.no_map))}")
    if not findings.zones:
        return Stance(kind="observe", text="Observe: no dense zone is mapped on either side.")
    if confluence.conflict:
        return Stance(kind="stand aside", text=f"Stand aside: {confluence.text}.")
    return Stance(kind="conditional", text=_conditional(findings, confluence))


def _conditional(findings: Findings, confluence: Confluence) -> str:
    quality = findings.map_quality.grade
    if quality in ("Low", "None"):
        return (
            f"Act on price confirmation only, in reduced size: map quality is {quality.lower()}, "
            f"so the close counts for more than the map; {confluence.text}."
        )
    return f"Act on confirmation only: {confluence.text}."
