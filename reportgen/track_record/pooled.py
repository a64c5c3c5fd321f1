"""Several markets as one record: scores are means over markets, and a resampled day is the same day in all of them.

What markets share in a day, such as a crash, stays together, so that four coins of one day are not four days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.track_record.backtest import Scored
from reportgen.track_record.controls import CONTROLS
from reportgen.track_record.result import Backtest, MapScore, Metric, PooledMarket
from reportgen.track_record.skill import Scene, known_rows, location_scores, rank_scores, worth_in_days
from reportgen.track_record.verdict import JUDGED_GIVEN, judge_map
from reportgen.units import Maybe, Missing, Side

_APART = Missing("It stands in each market's own report.")


def pooled_backtest(parts: Sequence[tuple[Backtest, Maybe[Scored]]], assumptions: Assumptions) -> Maybe[Backtest]:
    """Pool the records of several markets that one question was asked of.

    Markets with liquidations are pooled, and the others named in a note; only where none has any are falls of open
    interest pooled.

    Args:
        parts: Each market's record and what it was made from, at least two.
        assumptions: Resamples, and the rule of the verdict.

    Returns:
        A record with `pooled` filled, or why there is none.
    """
    told = [(record, scored) for record, scored in parts if not isinstance(scored, Missing)]
    judged = [part for part in told if part[1].metric == "liquidation rank"] or told
    if len(judged) < 2:
        names = ", ".join(record.symbol for record, _ in judged) or "none"
        return Missing(f"Two markets with liquidations are the least that can be pooled; here are: {names}.")
    horizons = {record.horizon_ms for record, _ in judged}
    if len(horizons) > 1:
        return Missing("Markets whose bars or liquidations differ in length look ahead differently and are not pooled.")
    records = [record for record, _ in judged]
    shared = [name for name in _names(judged[0][1]) if all(name in _names(scored) for _, scored in judged)]
    scenes = [_of(scored.scene, shared) for _, scored in judged]
    metric: Metric = judged[0][1].metric
    scores = _scores(scenes, metric, assumptions)
    engines = tuple(name for name in records[0].engines if name in shared)
    baselines = tuple(name for name in records[0].baselines if name in shared)
    effective = worth_in_days(scenes, metric)
    verdict, why = judge_map(scores, shared[0], effective, assumptions)
    return replace(
        records[0],
        symbol=f"{len(records)} markets pooled",
        venue=", ".join(dict.fromkeys(record.venue for record in records)),
        simulated=any(record.simulated for record in records),
        liquidation_venues=tuple(sorted({venue for record in records for venue in record.liquidation_venues})),
        from_ms=min(record.from_ms for record in records),
        until_ms=max(record.until_ms for record in records),
        interval_ms=max(record.interval_ms for record in records),
        engines=engines,
        baselines=baselines,
        observations=sum(record.observations for record in records),
        days=len(np.unique(np.concatenate([scene.situation.day for scene in scenes]))),
        effective=effective,
        map_scores=scores,
        skill_by_distance=_APART,
        dollars=_APART,
        reactions=_APART,
        verdict=verdict,
        why=why,
        notes=tuple(_notes(records, [record for record, _ in parts], shared)),
        pooled=tuple(_market(record, shared[0]) for record in records),
    )


def _names(scored: Scored) -> tuple[str, ...]:
    return tuple(one.name for one in scored.scene.measured)


def _of(scene: Scene, names: Sequence[str]) -> Scene:
    """Keep the maps that all markets have, in one order."""
    by_name = {one.name: one for one in scene.measured}
    return replace(scene, measured=tuple(by_name[name] for name in names))


def _scores(scenes: Sequence[Scene], metric: Metric, a: Assumptions) -> tuple[MapScore, ...]:
    """Score all maps on all markets."""
    falls: Metric = "open interest rank"
    scores: tuple[MapScore, ...] = ()
    if metric != falls:
        scores = (*rank_scores(scenes, metric), *location_scores(scenes))
    known = [int(known_rows(scene.situation, scene.outcome(falls)[Side.LONG]).sum()) for scene in scenes]
    if min(known) >= a.skill_least_rows:
        scores += rank_scores(scenes, falls)
    return scores


def _market(record: Backtest, engine: str) -> PooledMarket:
    """Take from one market's record what stands beside the pooled figure."""
    judged = [
        row for row in record.map_scores if row.name == engine and row.controls == JUDGED_GIVEN and row.side == "both"
    ]  # the rank by liquidations comes first where there are any
    row = judged[0] if judged else None
    controls = [] if row is None else [one for one in row.minus if one.versus in CONTROLS]
    return PooledMarket(
        symbol=record.symbol,
        days=record.days,
        observations=record.observations,
        score=Missing("The map could not be scored here.") if row is None else row.score,
        strongest=min(controls, key=lambda one: one.by.low) if controls else Missing("No control could be scored."),
        verdict=record.verdict,
    )


def _notes(records: Sequence[Backtest], asked: Sequence[Backtest], shared: Sequence[str]) -> list[str]:
    """Say what was pooled how, and what was not."""
    names = ", ".join(record.symbol for record in records)
    notes = [f"Scores are means over {names}; a resampled day is the same day in every market."]
    pooled = {record.symbol for record in records}
    left = [record.symbol for record in asked if record.symbol not in pooled]
    if left:
        notes.append(f"Not pooled, for want of liquidations to hold maps against: {', '.join(left)}.")
    lost = dict.fromkeys(
        name for record in records for name in (*record.engines, *record.baselines) if name not in shared
    )
    if lost:
        notes.append(f"Not pooled, for want of scores in every market: {', '.join(lost)}.")
    return [*notes, *dict.fromkeys(note for record in records for note in record.notes)]
