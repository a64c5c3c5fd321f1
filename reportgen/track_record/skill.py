"""From measured maps to scores beside their controls: rank given the path, location, and both by distance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from reportgen.track_record.blocks import effective_days, interval, ratio_scores
from reportgen.track_record.controls import PLACEBO
from reportgen.track_record.measure import DayAhead, Measured
from reportgen.track_record.partial_rank import RankScores, mean_scores, partial_spearman, ranks
from reportgen.track_record.path_features import Controls, path_features
from reportgen.track_record.result import Difference, DistanceSkill, Interval, MapScore, Metric, Which
from reportgen.track_record.situation import Situation
from reportgen.units import Bools, Floats, Ints, Maybe, Missing, Side

CONTROL_SETS: Final[tuple[Controls, ...]] = ("path", "path+price", "chart")
_FLAT: Final = "This map, or what it is held against, does not vary here."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """One market's maps, measured, and what followed them.

    Attributes:
        measured: By map, in the order of the tables.
        situation: Decisions and what was realised. ahead: the day after each, per side.
    """

    measured: Sequence[Measured]
    situation: Situation
    ahead: Mapping[Side, DayAhead]

    def outcome(self, metric: Metric) -> Mapping[Side, Floats]:
        """Give what a metric holds maps against, shape (m,) a side."""
        falls = metric == "open interest rank"
        return dict.fromkeys(Side, self.situation.fall) if falls else self.situation.realised


def rank_scores(scenes: Sequence[Scene], metric: Metric) -> tuple[MapScore, ...]:
    """Correlate swept mass with what was realised, given the path, under each set of controls; per side and both.

    Args:
        scenes: One market, or several with the same maps: then scores are means over markets, and a resampled day is
            the same day in all of them.
        metric: One of the two rank metrics.
    """
    rows: list[MapScore] = []
    for controls in CONTROL_SETS:
        sides = {side: ranked(scenes, side, metric, controls) for side in Side}
        rows += _rows(scenes[0].measured, sides, metric, controls)
    return tuple(rows)


def location_scores(scenes: Sequence[Scene]) -> tuple[MapScore, ...]:
    """Weigh each map's density where price went by what was liquidated there: over the next bar, and the next day.

    Several markets are averaged as in `rank_scores`.
    """
    near = {side: _lifted([_near_sums(scene, side) for scene in scenes], scenes[0].situation) for side in Side}
    day = {side: _lifted([_day_sums(scene, side) for scene in scenes], scenes[0].situation) for side in Side}
    measured = scenes[0].measured
    return (*_rows(measured, near, "location lift", ""), *_rows(measured, day, "location lift 24 h", ""))


def _near_sums(scene: Scene, side: Side) -> tuple[Floats, Floats, Ints]:
    """Give weighted densities of the next bar, shape (n, maps), their weights, and the days."""
    s = scene.situation
    usable = known_rows(s, s.realised[side]) & (s.went(side) > 0)
    weight = s.realised[side][usable]
    stacked = np.column_stack([one.near_density[side][usable] for one in scene.measured])
    return stacked * weight[:, None], weight, s.day[usable]


def _day_sums(scene: Scene, side: Side) -> tuple[Floats, Floats, Ints]:
    """Give the same of the next day."""
    known = scene.ahead[side].known > 0
    stacked = np.column_stack([one.day_density[side][known] for one in scene.measured])
    return stacked, scene.ahead[side].realised[known].sum(axis=1), scene.situation.day[known]


def _lifted(sums: Sequence[tuple[Floats, Floats, Ints]], situation: Situation) -> RankScores:
    """Divide each market's sums on the same resampled days, and average the markets."""
    among = _union([block for _, _, block in sums])
    draws, fresh = situation.assumptions.backtest_draws, situation.fresh
    return mean_scores(
        [ratio_scores(part, whole, block, draws=draws, rng=fresh(), among=among) for part, whole, block in sums]
    )


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


def worth_in_days(scenes: Sequence[Scene], metric: Metric) -> float:
    """Say how many independent days the sample is worth for the first map's rank score: the mean of its sides."""
    found = []
    for side in Side:
        product, block = [], []
        for scene in scenes:
            s, outcome = scene.situation, scene.outcome(metric)[side]
            usable = known_rows(s, outcome)
            given = np.column_stack([np.ones(int(usable.sum())), ranks(_given(s, side, "path+price")[usable])])
            both = np.column_stack([ranks(scene.measured[0].swept[side][usable]), ranks(outcome[usable])])
            rest = both - given @ np.linalg.lstsq(given, both, rcond=None)[0]
            product.append(rest[:, 0] * rest[:, 1])
            block.append(s.day[usable])
        found.append(effective_days(np.concatenate(product), np.concatenate(block)))
    return float(np.mean(found))


def known_rows(situation: Situation, outcome: Floats) -> Bools:
    """Mark the decisions whose bars, ATR and outcome are all known."""
    return np.asarray(situation.reach.whole & np.isfinite(situation.atr) & np.isfinite(outcome))


def ranked(scenes: Sequence[Scene], side: Side, metric: Metric, controls: Controls) -> RankScores:
    """Score one side of each market on the same resampled days, and average the markets; maps as in `measured`."""
    rows = [known_rows(scene.situation, scene.outcome(metric)[side]) for scene in scenes]
    among = _union([scene.situation.day[usable] for scene, usable in zip(scenes, rows, strict=True)])
    return mean_scores(
        [
            partial_spearman(
                np.column_stack([one.swept[side][usable] for one in scene.measured]),
                scene.outcome(metric)[side][usable],
                _given(scene.situation, side, controls)[usable],
                scene.situation.day[usable],
                draws=scene.situation.assumptions.backtest_draws,
                rng=scene.situation.fresh(),
                among=among,
            )
            for scene, usable in zip(scenes, rows, strict=True)
        ]
    )


def _union(blocks: Sequence[Ints]) -> Ints:
    """List the days that any market has, ascending."""
    return np.unique(np.concatenate(blocks))


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
