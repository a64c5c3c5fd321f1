"""From measured maps to scores beside their controls: rank given the path, location, and both by distance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

import numpy as np

from reportgen.brief.types import Interval
from reportgen.track_record.maps import PLACEBO, Controls, DayAhead, Measured, path_features
from reportgen.track_record.result import Difference, DistanceSkill, MapScore, Metric, Which
from reportgen.track_record.walk import Fresh, Situation
from reportgen.units import Bools, Floats, Ints, Maybe, Missing, Side

_RIDGE = 1e-9
_TINY = 1e-300
"""Keeps a resample without a single row solvable; it has no score."""

DrawnDays: TypeAlias = Callable[[int], Floats]
"""Gives, for a number of days, how often each came in each draw: shape (draws, days), not to be written to."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankScores:
    """Partial rank correlations of several maps with one outcome.

    Attributes:
        value: Shape (maps,), on all days; NaN where a map or the outcome does not vary.
        drawn: Shape (draws, maps), on resampled days.
        days: How many day blocks. observations: how many rows.
    """

    value: Floats
    drawn: Floats
    days: int
    observations: int

    def estimate(self, one: int, minus: int | None = None, level: float = 0.9) -> Interval:
        """Give one map's score, or its paired difference to another's, with its interval."""
        value, drawn = float(self.value[one]), self.drawn[:, one]
        if minus is not None:
            value, drawn = value - float(self.value[minus]), drawn - self.drawn[:, minus]
        tail = (1 - level) / 2
        low, high = np.nanquantile(drawn, (tail, 1 - tail)) if np.isfinite(drawn).any() else (np.nan, np.nan)
        return Interval(value=value, low=float(low), high=float(high))


def mean_scores(parts: Sequence[RankScores]) -> RankScores:
    """Average scores of the same maps over sides or markets, draw by draw.

    The parts must have been resampled with generators of one seed: then a draw takes the same days everywhere, and what
    sides and markets share in a day stays together.

    Args:
        parts: At least one, with as many maps, draws and days each.
    """
    return RankScores(
        value=np.mean([part.value for part in parts], axis=0),
        drawn=np.mean([part.drawn for part in parts], axis=0),
        days=max(part.days for part in parts),
        observations=sum(part.observations for part in parts),
    )


def ranks(values: Floats) -> Floats:
    """Rank the columns, ties sharing their mean rank, centred and scaled to unit variance.

    Args:
        values: Shape (n,) or (n, columns), finite.

    Returns:
        The same shape; a column that does not vary is all 0.
    """
    table = values[:, None] if values.ndim == 1 else values
    ranked = np.empty(table.shape)
    for column in range(table.shape[1]):
        _, place, count = np.unique(table[:, column], return_inverse=True, return_counts=True)
        ranked[:, column] = (np.cumsum(count) - (count - 1) / 2)[place]
    ranked -= ranked.mean(axis=0)
    spread = ranked.std(axis=0)
    ranked = np.divide(ranked, spread, out=np.zeros_like(ranked), where=spread > 0)
    return np.asarray(ranked[:, 0] if values.ndim == 1 else ranked)


def partial_spearman(
    maps: Floats,
    outcome: Floats,
    given: Floats,
    block: Ints,
    *,
    draws: int,
    rng: np.random.Generator,
    among: Ints | None = None,
) -> RankScores:
    """Correlate the ranks of each map with those of the outcome, both freed of what the given features explain.

    Args:
        maps: Shape (n, m), one column a map: its mass in the prices that were reached.
        outcome: Shape (n,), what was liquidated.
        given: Shape (n, f), what the price path tells; ranked here, so only their order matters. Columns that are
            meant as they are (a constant, seasons) may be given too: ranks of a season are a season's order.
        block: Shape (n,), the day of each row.
        draws: Resamples of days with replacement.
        rng: Seeded generator.
        among: The days to resample, ascending, all of `block` at least; those of `block` by default. Markets that are
            resampled together share them.

    Returns:
        The scores; NaN where something does not vary.
    """
    stacked = np.column_stack([np.ones(len(outcome)), ranks(given), ranks(maps), ranks(outcome)])
    days = np.unique(block) if among is None else among
    day = np.searchsorted(days, block)
    width = stacked.shape[1]
    gram = np.zeros((len(days), width, width))
    order = np.argsort(day, kind="stable")
    cuts = np.searchsorted(day[order], np.arange(len(days) + 1))
    for one in range(len(days)):
        rows = stacked[order[cuts[one] : cuts[one + 1]]]
        gram[one] = rows.T @ rows
    known = 1 + given.shape[1]
    counts = rng.multinomial(len(days), np.full(len(days), 1 / len(days)), size=draws).astype(np.float64)
    drawn = _partial((counts @ gram.reshape(len(days), -1)).reshape(draws, width, width), known)
    value = _partial(gram.sum(axis=0)[None], known)[0]
    return RankScores(value=value, drawn=drawn, days=len(days), observations=len(outcome))


def _partial(gram: Floats, known: int) -> Floats:
    """Take from sums of products the partial correlation of each map with the last column; shape (draws, maps)."""
    scale = np.trace(gram[:, :known, :known], axis1=1, axis2=2)[:, None, None] / known
    inner = gram[:, :known, :known] + (_RIDGE * scale + _TINY) * np.eye(known)
    rest = gram[:, known:, known:] - gram[:, known:, :known] @ np.linalg.solve(inner, gram[:, :known, known:])
    spread = np.sqrt(np.maximum(np.diagonal(rest, axis1=1, axis2=2), 0.0))
    both = spread[:, :-1] * spread[:, -1:]
    floor = _RIDGE * scale[:, :, 0]
    return np.asarray(np.divide(rest[:, :-1, -1], both, out=np.full(both.shape, np.nan), where=both > floor))


def interval(found: Interval, why: str) -> Maybe[Interval]:
    """Take an estimate into the record, or say why there is none."""
    return found if np.isfinite([found.value, found.low, found.high]).all() else Missing(why)


def day_sums(rows: Floats, block: Ints, among: Ints | None = None) -> Floats:
    """Add up rows by day, the days of `block` or those it is `among`; shape (days, columns)."""
    days = np.unique(block) if among is None else among
    day = np.searchsorted(days, block)
    return np.column_stack([np.bincount(day, weights=column, minlength=len(days)) for column in rows.T])


def day_counts(days: int, draws: int, rng: np.random.Generator) -> Floats:
    """Draw days with replacement; shape (draws, days), how often each came."""
    return rng.multinomial(days, np.full(days, 1 / days), size=draws).astype(np.float64)


def drawn_days(draws: int, fresh: Fresh) -> DrawnDays:
    """Give what draws days: each number of days once, however many scores ask for it."""
    return cache(lambda days: day_counts(days, draws, fresh()))


def ratio_scores(
    part: Floats, whole: Floats, block: Ints, *, drawn: DrawnDays, among: Ints | None = None
) -> RankScores:
    """Score sums over sums, such as liquidation-weighted means.

    Args:
        part: Shape (n, maps), what is summed above the line.
        whole: Shape (n,) or (n, maps), below the line.
        block: Shape (n,), the day of each row.
        drawn: Draws days.
        among: The days to resample, those of `block` by default.

    Returns:
        Ratios; NaN where what is below the line sums to 0.
    """
    below = np.broadcast_to(whole[:, None] if whole.ndim == 1 else whole, part.shape)
    above, under = day_sums(part, block, among), day_sums(below, block, among)
    counts = drawn(len(above))
    return RankScores(
        value=_ratio(above.sum(axis=0), under.sum(axis=0)),
        drawn=_ratio(counts @ above, counts @ under),
        days=len(above),
        observations=len(part),
    )


def correlation_scores(
    maps: Floats, outcome: Floats, block: Ints, *, draws: int, rng: np.random.Generator
) -> RankScores:
    """Score plain correlations of several columns with one outcome.

    Args:
        maps: Shape (n, maps).
        outcome: Shape (n,).
        block: Shape (n,), the day of each row.
        draws: Resamples of days.
        rng: Seeded generator.
    """
    x, y = maps - maps.mean(axis=0), (outcome - outcome.mean())[:, None]
    width = maps.shape[1]
    sums = day_sums(np.column_stack([np.ones(len(x)), x, x * x, x * y, y, y * y]), block)
    counts = day_counts(len(sums), draws, rng)
    return RankScores(
        value=_correlation(sums.sum(axis=0)[None], width)[0],
        drawn=_correlation(counts @ sums, width),
        days=len(sums),
        observations=len(x),
    )


_ALIKE: Final = 1e-12
"""Daily scores that differ by no more, as a fraction, are one and the same but for rounding."""


def effective_days(product: Floats, block: Ints) -> float:
    """Say how many independent days the days are worth, from how their scores hang together.

    Days over 1 + 2 x the sum of the autocorrelations of the daily means, up to the first that is not positive.

    Args:
        product: Shape (n,), what a score is the mean of.
        block: Shape (n,), the day of each row.
    """
    sums = day_sums(np.column_stack([np.ones(len(product)), product]), block)
    daily = sums[:, 1] / sums[:, 0]
    days = len(daily)
    apart = daily - daily.mean()
    power = float(apart @ apart)
    if days < 2 or np.allclose(daily, daily[0], rtol=_ALIKE, atol=0.0):
        return float(days)
    together = 0.0
    for lag in range(1, days):
        link = float(apart[lag:] @ apart[:-lag]) / power
        if link <= 0:
            break
        together += link
    return days / (1 + 2 * together)


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.asarray(np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0))


def _correlation(sums: Floats, width: int) -> Floats:
    """Take correlations from sums of products; shape (draws, maps)."""
    n, y, yy = sums[:, :1], sums[:, -2:-1], sums[:, -1:]
    x, xx, xy = (sums[:, 1 + part * width : 1 + (part + 1) * width] for part in range(3))
    spread = np.sqrt(np.maximum(xx - x * x / n, 0.0) * np.maximum(yy - y * y / n, 0.0))
    return np.asarray(np.divide(xy - x * y / n, spread, out=np.full(x.shape, np.nan), where=spread > 0))


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
    near, day = {}, {}
    for side in Side:
        of_bar, of_day = [], []
        for scene in scenes:
            s = scene.situation
            usable = known_rows(s, s.realised[side]) & (s.went(side) > 0)
            weight = s.realised[side][usable]
            density = np.column_stack([one.near_density[side][usable] for one in scene.measured])
            of_bar.append((density * weight[:, None], weight, s.day[usable]))
            known = scene.ahead[side].known > 0
            density = np.column_stack([one.day_density[side][known] for one in scene.measured])
            of_day.append((density, scene.ahead[side].realised[known].sum(axis=1), s.day[known]))
        near[side], day[side] = (_lifted(sums, scenes[0].situation) for sums in (of_bar, of_day))
    measured = scenes[0].measured
    return (*_rows(measured, near, "location lift", ""), *_rows(measured, day, "location lift 24 h", ""))


def _lifted(sums: Sequence[tuple[Floats, Floats, Ints]], situation: Situation) -> RankScores:
    """Divide each market's sums on the same resampled days, and average the markets."""
    among = _union([block for _, _, block in sums])
    drawn = drawn_days(situation.assumptions.backtest_draws, situation.fresh)
    return mean_scores([ratio_scores(part, whole, block, drawn=drawn, among=among) for part, whole, block in sums])


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
