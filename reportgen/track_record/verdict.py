"""One of three words on a map, by a rule fixed beforehand in config/assumptions.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reportgen import notation
from reportgen.brief.types import Interval
from reportgen.config.assumptions import Assumptions
from reportgen.track_record.dollars import NAME
from reportgen.track_record.maps import CONTROLS
from reportgen.track_record.result import (
    Backtest,
    Difference,
    MapScore,
    ReactionScore,
    Verdict,
)
from reportgen.units import Missing

GIVEN = {"path": "the path", "path+price": "path, price and time", "chart": "the whole chart"}
"""What the rank correlation is partial to, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestFindings:
    """One sentence a section; empty where there is nothing to say.

    Attributes:
        title: The verdict, and how the map stands to the named baselines.
        strictest: The most that a score of the first map could be made partial to: `controls` of its rows.
        standing: How many controls and baselines it is ahead of, all that given.
        rank, skill, dollars, reactions: What the tables show.
    """

    title: str
    strictest: str
    standing: str
    rank: str
    skill: str
    dollars: str
    reactions: str


def findings_of(result: Backtest) -> BacktestFindings:
    """Put a backtest into words."""
    scored = _scored_rows(result)
    strictest = scored[-1].controls if scored else ""
    return BacktestFindings(
        title=title_of(result),
        strictest=strictest,
        standing=standing(scored[-1]) if scored else "",
        rank=rank_finding(result),
        skill=skill_finding(result),
        dollars=dollar_finding(result),
        reactions=reaction_finding(result),
    )


def _scored_rows(result: Backtest) -> list[MapScore]:
    """Give the first map's rank scores of both sides that could be had, the most given last."""
    first = next(iter((*result.engines, *result.baselines)), None)
    rows = [
        row
        for row in result.map_scores
        if row.name == first and row.side == "both" and row.controls and not isinstance(row.score, Missing)
    ]
    return [row for row in rows if row.metric == "liquidation rank"] or rows


def title_of(result: Backtest) -> str:
    """Say the verdict, then which baselines the map is ahead of, behind, or not told apart from by what it judges."""
    row = next((one for one in _scored_rows(result) if one.controls == JUDGED_GIVEN), None)
    beside = [one for one in (row.minus if row else ()) if one.versus not in CONTROLS]
    stands = {
        "ahead of": [one.versus for one in beside if one.by.low > 0],
        "not told apart from": [one.versus for one in beside if one.by.low <= 0 <= one.by.high],
        "behind": [one.versus for one in beside if one.by.high < 0],
    }
    told = [f"{word} {' and '.join(names)}" for word, names in stands.items() if names]
    name = result.symbol.partition("/")[0]
    return "; ".join((f"{name}: {result.verdict}", *told))


def standing(row: MapScore) -> str:
    """Count the controls and the baselines that a row is ahead of with its whole interval."""
    held = {"controls": _controls(row), "baselines": [one for one in row.minus if one.versus not in CONTROLS]}
    counts = [f"{sum(one.by.low > 0 for one in of)} of {len(of)} {kind}" for kind, of in held.items() if of]
    return f"Ahead of {' and '.join(counts)}" if counts else ""


def rank_finding(result: Backtest) -> str:
    """Say how far the first map leads its nearest control, under every control set that was scored."""
    first = result.engines[:1]
    lines = [
        f"given {GIVEN.get(row.controls, row.controls)} by {_within(nearest.by)} over {nearest.versus}"
        for row in result.map_scores
        if row.name in first and row.side == "both" and row.metric == "liquidation rank"
        for nearest in sorted(_controls(row), key=lambda one: one.by.low)[:1]
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
    apart = sum(
        one.skill.low > max(0.0, one.control.high)
        for one in scored
        if not isinstance(one.skill, Missing) and not isinstance(one.control, Missing)
    )
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


def _controls(row: MapScore) -> list[Difference]:
    """List what an engine leads each control by; baselines are maps and no controls."""
    return [one for one in row.minus if one.versus in CONTROLS]


def _within(found: Interval) -> str:
    return f"{notation.signed(found.value, 3)} [{notation.signed(found.low, 3)}, {notation.signed(found.high, 3)}]"


JUDGED_GIVEN: Final = "path+price"
"""Reach, new ground, return, volume, volatility, hour, price and slow time are given before a map is praised."""


def judge_map(
    scores: Sequence[MapScore], engine: str, effective: float, assumptions: Assumptions
) -> tuple[Verdict, str]:
    """Say whether an engine beat every control in liquidations of the next bar, both sides together.

    "better" needs the whole interval of every paired difference above zero, every difference at the margin or more,
    and enough effective days. Without it, many days speak against the map and few say nothing.

    Args:
        scores: All rows.
        engine: Which map is judged.
        effective: Days that the sample is worth.
        assumptions: `verdict_margin`, `verdict_least_days`, `verdict_enough_days`.

    Returns:
        The verdict and one sentence why.
    """
    judged = ("liquidation rank", JUDGED_GIVEN, "both", engine)
    row = next((one for one in scores if (one.metric, one.controls, one.side, one.name) == judged), None)
    if row is None or isinstance(row.score, Missing):
        return "insufficient evidence", "No liquidations are known to hold the map against."
    a = assumptions
    held = _controls(row)
    if len(held) < len(CONTROLS):
        return "insufficient evidence", "Not every control could be scored on these days."
    worst = min(held, key=lambda one: one.by.low)
    beaten = all(one.by.low > 0 and one.by.value >= a.verdict_margin for one in held)
    lead = f"{_signed(worst)} against {worst.versus}, its strongest control"
    nearest = f"Given path, price and time, rank correlation {lead}"
    if beaten and effective >= a.verdict_least_days:
        others = [f"{_signed(one)} against {one.versus}" for one in row.minus if one.versus not in CONTROLS]
        beside = f"; beside the named baselines {' and '.join(others)}" if others else ""
        return "better than its controls", f"{nearest}{beside}."
    if beaten:
        return "insufficient evidence", (
            f"{nearest}, but the sample is worth {effective:.0f} days and a claim needs {a.verdict_least_days:.0f}."
        )
    if effective < a.verdict_enough_days:
        return "insufficient evidence", (
            f"{nearest}; the sample is worth {effective:.0f} days, and fewer than "
            f"{a.verdict_enough_days:.0f} cannot rule a small difference out."
        )
    return (
        "not distinguishable",
        f"{nearest}, over {effective:.0f} effective days.",
    )


def _signed(one: Difference) -> str:
    return _within(one.by)
