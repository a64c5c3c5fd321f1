"""From measured maps to scores beside their controls: rank given the path, location, and both by distance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from reportgen.track_record.blocks import effective_days, interval, ratio_scores
from reportgen.track_record.controls import PLACEBO
from reportgen.track_record.measure import DayAhead, Measured
from reportgen.track_record.partial_rank import RankScores, mean_scores, partial_spearman, ranks
from reportgen.track_record.path_features import Controls, path_features
from reportgen.track_record.result import Difference, DistanceSkill, Interval, MapScore, Metric, Which
from reportgen.track_record.situation import Situation
from reportgen.units import Bools, Floats, Maybe, Missing, Side

CONTROL_SETS: Final[tuple[Controls, ...]] = ("path", "path+price", "chart")
_FLAT: Final = "This map, or what it is held against, does not vary here."


def rank_scores(
    measured: Sequence[Measured], situation: Situation, outcome: Mapping[Side, Floats], metric: Metric
) -> tuple[MapScore, ...]:
    """Correlate swept mass with what was realised, given the path, under each set of controls; per side and both."""
    rows: list[MapScore] = []
    for controls in CONTROL_SETS:
        sides = {side: _ranked(measured, situation, outcome[side], side, controls) for side in Side}
        rows += _rows(measured, sides, metric, controls)
    return tuple(rows)


def location_scores(
    measured: Sequence[Measured], situation: Situation, ahead: Mapping[Side, DayAhead]
) -> tuple[MapScore, ...]:
    """Weigh each map's density where price went by what was liquidated there: over the next bar, and the next day."""
    near: dict[Side, RankScores] = {}
    day: dict[Side, RankScores] = {}
    s = situation
    draws = s.assumptions.backtest_draws
    for side in Side:
        usable = known_rows(s, s.realised[side]) & (s.went(side) > 0)
        weight = s.realised[side][usable]
        stacked = np.column_stack([one.near_density[side][usable] for one in measured])
        near[side] = ratio_scores(stacked * weight[:, None], weight, s.day[usable], draws=draws, rng=s.fresh())
        known = ahead[side].known > 0
        total = ahead[side].realised[known].sum(axis=1)
        stacked = np.column_stack([one.day_density[side][known] for one in measured])
        day[side] = ratio_scores(stacked, total, s.day[known], draws=draws, rng=s.fresh())
    return (*_rows(measured, near, "location lift", ""), *_rows(measured, day, "location lift 24 h", ""))


def distance_skill(measured: Sequence[Measured], situation: Situation) -> tuple[DistanceSkill, ...]:
    """Score the first map and the placebo inside each band of distance, on the bars in which price came into it."""
    s = situation
    placebo = next(one for one in measured if one.name == PLACEBO)
    edges = (0.0, *s.assumptions.skill_distance_edges)
    ends = (*s.assumptions.skill_distance_edges, None)
    cells: list[DistanceSkill] = []
    for side in Side:
        for band, (start, end) in enumerate(zip(edges, ends, strict=True)):
            came = known_rows(s, s.realised[side]) & (s.went(side) * s.reach.price > start * s.atr)
            skill, control = _banded(measured[0], placebo, s, side, band, came)
            cells.append(
                DistanceSkill(
                    side=_which(side), from_atr=start, to_atr=end, skill=skill, control=control,
                    control_name=PLACEBO, observations=int(came.sum()),
                )
            )  # fmt: skip
    return tuple(cells)


def worth_in_days(one: Measured, situation: Situation, outcome: Mapping[Side, Floats]) -> float:
    """Say how many independent days the sample is worth for one map's rank score: the mean of its sides."""
    found = []
    for side in Side:
        usable = known_rows(situation, outcome[side])
        given = np.column_stack([np.ones(int(usable.sum())), ranks(_given(situation, side, "path+price")[usable])])
        both = np.column_stack([ranks(one.swept[side][usable]), ranks(outcome[side][usable])])
        rest = both - given @ np.linalg.lstsq(given, both, rcond=None)[0]
        found.append(effective_days(rest[:, 0] * rest[:, 1], situation.day[usable]))
    return float(np.mean(found))


def known_rows(situation: Situation, outcome: Floats) -> Bools:
    """Mark the decisions whose bars, ATR and outcome are all known."""
    return np.asarray(situation.reach.whole & np.isfinite(situation.atr) & np.isfinite(outcome))


def _ranked(
    measured: Sequence[Measured], situation: Situation, outcome: Floats, side: Side, controls: Controls
) -> RankScores:
    usable = known_rows(situation, outcome)
    return partial_spearman(
        np.column_stack([one.swept[side][usable] for one in measured]),
        outcome[usable],
        _given(situation, side, controls)[usable],
        situation.day[usable],
        draws=situation.assumptions.backtest_draws,
        rng=situation.fresh(),
    )


def _given(situation: Situation, side: Side, controls: Controls) -> Floats:
    s = situation
    return path_features(s.candles, s.decision_ms, s.horizon_ms, s.reach, side, controls)


def _banded(
    first: Measured, placebo: Measured, situation: Situation, side: Side, band: int, came: Bools
) -> tuple[Maybe[Interval], Maybe[Interval]]:
    """Score one band for the map and for the placebo."""
    least = situation.assumptions.skill_least_rows
    if came.sum() < least:
        few = Missing(f"Bars in which price came this far: {int(came.sum())}; a score needs {least}.")
        return few, few
    scores = partial_spearman(
        np.column_stack([one.banded[side][came][:, band] for one in (first, placebo)]),
        situation.realised[side][came],
        _given(situation, side, "path+price")[came],
        situation.day[came],
        draws=situation.assumptions.backtest_draws,
        rng=situation.fresh(),
    )
    return interval(scores.estimate(0), _FLAT), interval(scores.estimate(1), _FLAT)


def _rows(
    measured: Sequence[Measured], sides: Mapping[Side, RankScores], metric: Metric, controls: str
) -> list[MapScore]:
    """Lay out the scores of each side and of their mean, engines with their differences to all others."""
    parts: list[tuple[Which, RankScores]] = [(_which(side), sides[side]) for side in Side]
    parts.append(("both", mean_scores([scores for _, scores in parts])))
    return [
        MapScore(
            name=one.name, kind=one.kind, metric=metric, controls=controls, side=side,
            score=interval(scores.estimate(number), _FLAT), minus=_differences(measured, scores, number),
        )
        for side, scores in parts
        for number, one in enumerate(measured)
    ]  # fmt: skip


def _differences(measured: Sequence[Measured], scores: RankScores, number: int) -> tuple[Difference, ...]:
    """Set an engine beside every baseline and control, on the same days."""
    if measured[number].kind != "engine":
        return ()
    found = [
        (other.name, interval(scores.estimate(number, minus), _FLAT))
        for minus, other in enumerate(measured)
        if other.kind != "engine"
    ]
    return tuple(Difference(versus=name, by=by) for name, by in found if not isinstance(by, Missing))


def _which(side: Side) -> Which:
    return "long" if side is Side.LONG else "short"
