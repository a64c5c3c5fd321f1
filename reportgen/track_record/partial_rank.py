"""Partial rank correlation with day-block intervals: what a map knows beyond what the price path tells.

The statistic of MODEL section 0. Ranks are taken once; everything else is linear in the sums of products of each day,
so that resampling days costs one small matrix product a draw and every map is scored on the same draws: differences
between maps are paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reportgen.units import Floats, Ints

_RIDGE = 1e-9
_TINY = 1e-300
"""Keeps a resample without a single row solvable; it has no score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A statistic with its resampled interval.

    Attributes:
        value: On all days. low, high: Quantiles of the resampled values (90 % unless asked otherwise).
    """

    value: float
    low: float
    high: float


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

    def estimate(self, one: int, minus: int | None = None, level: float = 0.9) -> Estimate:
        """Give one map's score, or its paired difference to another's, with its interval."""
        value, drawn = float(self.value[one]), self.drawn[:, one]
        if minus is not None:
            value, drawn = value - float(self.value[minus]), drawn - self.drawn[:, minus]
        tail = (1 - level) / 2
        low, high = np.nanquantile(drawn, (tail, 1 - tail)) if np.isfinite(drawn).any() else (np.nan, np.nan)
        return Estimate(value=value, low=float(low), high=float(high))


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
