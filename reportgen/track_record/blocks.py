"""Day-block intervals of ratios and correlations, drawn like those of `partial_rank`: same seed, same days."""

from __future__ import annotations

import numpy as np

from reportgen.track_record.partial_rank import Estimate, RankScores
from reportgen.track_record.result import Interval
from reportgen.units import Floats, Ints, Maybe, Missing


def interval(found: Estimate, why: str) -> Maybe[Interval]:
    """Take an estimate into the record, or say why there is none."""
    if not np.isfinite([found.value, found.low, found.high]).all():
        return Missing(why)
    return Interval(value=found.value, low=found.low, high=found.high)


def day_sums(rows: Floats, block: Ints, among: Ints | None = None) -> Floats:
    """Add up rows by day, the days of `block` or those it is `among`; shape (days, columns)."""
    days = np.unique(block) if among is None else among
    day = np.searchsorted(days, block)
    return np.column_stack([np.bincount(day, weights=column, minlength=len(days)) for column in rows.T])


def day_counts(days: int, draws: int, rng: np.random.Generator) -> Floats:
    """Draw days with replacement; shape (draws, days), how often each came."""
    return rng.multinomial(days, np.full(days, 1 / days), size=draws).astype(np.float64)


def ratio_scores(
    part: Floats, whole: Floats, block: Ints, *, draws: int, rng: np.random.Generator, among: Ints | None = None
) -> RankScores:
    """Score sums over sums, such as liquidation-weighted means.

    Args:
        part: Shape (n, maps), what is summed above the line.
        whole: Shape (n,) or (n, maps), below the line.
        block: Shape (n,), the day of each row.
        draws: Resamples of days.
        rng: Seeded generator.
        among: The days to resample, those of `block` by default.

    Returns:
        Ratios; NaN where what is below the line sums to 0.
    """
    below = np.broadcast_to(whole[:, None] if whole.ndim == 1 else whole, part.shape)
    above, under = day_sums(part, block, among), day_sums(below, block, among)
    counts = day_counts(len(above), draws, rng)
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
    if days < 2 or power <= 0:
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
