"""What a backtest found, in one sentence a part: what the tables show, their controls included, and no more.

Stands between a `Backtest` and its page: the sentences open each section and are the text of its pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

from reportgen import notation
from reportgen.track_record.calibrated import NAME
from reportgen.track_record.controls import CONTROLS
from reportgen.track_record.result import Backtest, Difference, DistanceSkill, Interval, ReactionScore
from reportgen.units import Missing

GIVEN = {"path": "the path", "path+price": "path, price and time", "chart": "the whole chart"}
"""What the rank correlation is partial to, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """One sentence a section; empty where there is nothing to say."""

    rank: str
    skill: str
    dollars: str
    reactions: str


def findings_of(result: Backtest) -> Findings:
    """Put a backtest into words."""
    return Findings(
        rank=rank_finding(result),
        skill=skill_finding(result),
        dollars=dollar_finding(result),
        reactions=reaction_finding(result),
    )


def rank_finding(result: Backtest) -> str:
    """Say how far the first map leads its nearest control, under every control set that was scored."""
    first = result.engines[:1]
    lines = [
        f"given {GIVEN.get(row.controls, row.controls)} by {_within(nearest.by)} over {nearest.versus}"
        for row in result.map_scores
        if row.name in first and row.side == "both" and row.metric == "liquidation rank"
        for nearest in _nearest_control(row.minus)
    ]
    if not lines:
        return "No liquidations are known here to rank the map by."
    return f"{first[0]} leads its nearest control {'; '.join(lines)}."


def skill_finding(result: Backtest) -> str:
    """Say in how many bands of distance the map's interval lies above its placebo's."""
    if isinstance(result.skill_by_distance, Missing):
        return ""
    scored = [one for one in result.skill_by_distance if not isinstance(one.skill, Missing)]
    if not scored:
        return "Price came into no band often enough to score it."
    apart = sum(_stands_apart(one) for one in scored)
    name = scored[0].control_name
    return f"In {apart} of {len(scored)} bands that could be scored the map's whole interval lies above that of {name}."


def dollar_finding(result: Backtest) -> str:
    """Say how the dollars came out that a brief would have shown, else the first map's, and beside what."""
    if isinstance(result.dollars, Missing):
        return ""
    both = {one.name: one for one in result.dollars if one.side == "both"}
    row = next((both[name] for name in (NAME, *result.engines[:1]) if name in both), None)
    if row is None or isinstance(row.ratio, Missing) or isinstance(row.root_correlation, Missing):
        return ""
    beside = row.climatology_root_correlation
    control = "" if isinstance(beside, Missing) else f", distance alone {notation.grouped(beside.value, 2)}"
    how = "Calibrated as for a brief, span after span from the past" if row.name == NAME else "Scaled on the past"
    return (
        f"{how} alone, {row.name} had {notation.grouped(row.ratio.value, 2)} realised for every dollar estimated; "
        f"square roots correlate {notation.grouped(row.root_correlation.value, 2)}{control}."
    )


def reaction_finding(result: Backtest) -> str:
    """Say whether zones turn price back more often than places without one, and whether the shares held."""
    if isinstance(result.reactions, Missing):
        return ""
    found: ReactionScore = result.reactions
    parts = []
    here, elsewhere = found.reject_given_tap, found.reject_given_tap_elsewhere
    if not isinstance(here, Missing) and not isinstance(elsewhere, Missing):
        apart = here.low > elsewhere.high or here.high < elsewhere.low
        more = "more" if here.value > elsewhere.value else "less"
        read = f"zones turned price back {more} often than" if apart else "the two cannot be told apart: zones are no"
        tail = " places without one" if apart else " magnets and no barriers here"
        parts.append(
            f"Once tapped, {notation.share(here.value)} of zones were rejected and {notation.share(elsewhere.value)} "
            f"of mirrored places without a zone; {read}{tail}."
        )
    skill = found.brier_skill
    if not isinstance(skill, Missing):
        verdict = "better than" if skill.low > 0 else "not distinguishable from"
        parts.append(f"The shares shown beside zones were {verdict} one table for all distances ({_within(skill)}).")
    return " ".join(parts)


def _nearest_control(minus: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """Choose the control with the smallest lead over it, none when none was scored."""
    held = [one for one in minus if one.versus in CONTROLS]
    return (min(held, key=lambda one: one.by.low),) if held else ()


def _stands_apart(cell: DistanceSkill) -> bool:
    """Tell whether a band's interval clears zero and its placebo's."""
    if isinstance(cell.skill, Missing) or isinstance(cell.control, Missing):
        return False
    return cell.skill.low > max(0.0, cell.control.high)


def _within(found: Interval) -> str:
    return f"{notation.signed(found.value, 3)} [{notation.signed(found.low, 3)}, {notation.signed(found.high, 3)}]"
