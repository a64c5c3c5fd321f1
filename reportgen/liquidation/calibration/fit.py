"""Find the dollar interval's rule from past sweeps: conformal ratios that follow a drifting market.

The ratios must come from estimates made before their bars (walk-forward): in-sample ratios are too narrow, which is
what broke the coverage of a first prototype in a time split. On top of that only the last sweeps of a class count, and
the tails widen or narrow by what fell outside (adaptive conformal inference, a day at a time).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.liquidation.calibration import FitScore, NotionalRule
from reportgen.units import Bools, Floats, Fraction, Ints, Maybe, Milliseconds, Missing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observed:
    """Bars of one symbol, both sides below each other; n rows in order of time.

    Attributes:
        time_ms: Shape (n,), close of the bar. side: shape (n,), 0 for longs, 1 for shorts.
        swept: Shape (n, k), quote currency of each node that the bar swept, at unit weight, >= 0.
        realised: Shape (n,), quote currency liquidated.
        reached: Shape (n, b), share of each distance band from the close before that the bar ran through: the control.
    """

    time_ms: Ints
    side: Ints
    swept: Floats
    realised: Floats
    reached: Floats

    def rows(self, keep: Bools) -> Observed:
        """Give some of the rows."""
        return Observed(
            time_ms=self.time_ms[keep],
            side=self.side[keep],
            swept=self.swept[keep],
            realised=self.realised[keep],
            reached=self.reached[keep],
        )

    def faded(self, now_ms: Milliseconds, half_life_ms: float) -> Observed:
        """Let older rows count less: both dollars shrink alike, so their ratio stays and their say does not."""
        say = 2.0 ** -((now_ms - self.time_ms) / half_life_ms)
        return Observed(
            time_ms=self.time_ms,
            side=self.side,
            swept=self.swept * say[:, None],
            realised=self.realised * say,
            reached=self.reached * say[:, None],
        )


def fit_weights(swept: Floats, realised: Floats, prior: Floats, strength: float, steps: int) -> Floats:
    """Find the non-negative weights that make the observed dollars most likely (docs/method.md).

    Args:
        swept: Shape (n, k), quote currency.
        realised: Shape (n,), the same currency.
        prior: Shape (k,), > 0.
        strength: How much exposure the prior counts as, in units of the nodes' mean exposure.
        steps: Rounds of expectation maximisation.

    Returns:
        Shape (k,). A node that nothing swept keeps its prior.
    """
    exposure = swept.sum(axis=0)
    tau = strength * float(exposure.mean())
    if tau <= 0:
        return prior.copy()
    shrunk, below = tau * prior, exposure + tau
    weight = prior.copy()
    across = np.ascontiguousarray(swept.T)
    for _ in range(steps):
        estimated = swept @ weight
        ratio = np.divide(realised, estimated, out=np.zeros_like(realised), where=estimated > 0)
        weight = (weight * (across @ ratio) + shrunk) / below
    return weight


def levelled(prior: Floats, swept: Floats, realised: Floats) -> Floats:
    """Scale a prior so that it explains the observed total: its shape is kept, its level always comes from the data."""
    estimated = float((swept @ prior).sum())
    return prior * (float(realised.sum()) / estimated) if estimated > 0 else prior


def recent_level(rows: Observed, weight: Floats, now_ms: Milliseconds, half_life_ms: float) -> float:
    """Give realised over estimated of the last days: how far a market's level has moved from what weights remember.

    Args:
        rows: Unfaded, none later than now.
        weight: Shape (k,).
        now_ms: From when on the weights are used.
        half_life_ms: A bar this much older counts half.

    Returns:
        The factor, 1 where nothing was estimated or realised.
    """
    late = rows.faded(now_ms, half_life_ms)
    estimated, realised = float((late.swept @ weight).sum()), float(late.realised.sum())
    return realised / estimated if estimated > 0 and realised > 0 else 1.0


def identified_nodes(swept: Floats, strength: float) -> Bools:
    """Tell which nodes the data outweigh the prior in, shape (k,)."""
    exposure = swept.sum(axis=0)
    return np.asarray((exposure > 0) & (exposure >= strength * exposure.mean()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chance:
    """What chance decides about weights that are fitted again.

    Attributes:
        place: Shape (n,), which block each row lies in. counts: shape (draws, blocks), how often a block was drawn.
        spread: Shape (k, draws), what a node's prior is multiplied by, 1 on average.
    """

    place: Ints
    counts: Ints
    spread: Floats


def draw_chance(day: Ints, nodes: int, assumptions: Assumptions, rng: np.random.Generator) -> Chance:
    """Draw days with replacement, and how far nodes that stay prior lie from it.

    Args:
        day: Shape (n,), block of each row.
        nodes: How many weights there are.
        assumptions: `calibration_draws`, `draw_concentration`.
        rng: Draws.
    """
    a = assumptions
    blocks, place = np.unique(day, return_inverse=True)
    counts = rng.multinomial(len(blocks), np.full(len(blocks), 1 / len(blocks)), size=a.calibration_draws)
    shape = a.draw_concentration
    spread = rng.gamma(shape, 1 / shape, size=(nodes, a.calibration_draws))
    return Chance(place=place, counts=counts, spread=spread)


def drawn_weights(
    observed: Observed, weight: Floats, prior: Floats, chance: Chance, *, strength: float, assumptions: Assumptions
) -> Floats:
    """Fit again on days drawn with replacement, starting from the weights found.

    Args:
        observed: n rows.
        weight: Shape (k,), the weights found.
        prior: Shape (k,), what they were pulled towards.
        chance: The days drawn, and the priors' spread.
        strength: How strongly they are pulled, as in `fit_weights`.
        assumptions: `calibration_draws`, `calibration_draw_steps`.

    Returns:
        Shape (draws, k). Nodes that stay prior are drawn around it from the assumptions' gamma.
    """
    a = assumptions
    by_block = np.zeros((chance.counts.shape[1], observed.swept.shape[1]))
    np.add.at(by_block, chance.place, observed.swept)
    exposure = by_block.T @ chance.counts.T
    tau = strength * exposure.mean(axis=0)
    priors = prior[:, None] * chance.spread
    drawn = np.repeat(weight[:, None], a.calibration_draws, axis=1)
    times = chance.counts.T[chance.place]
    for _ in range(a.calibration_draw_steps):
        estimated = observed.swept @ drawn
        ratio = np.divide(
            times * observed.realised[:, None], estimated, out=np.zeros_like(estimated), where=estimated > 0
        )
        drawn = (drawn * (observed.swept.T @ ratio) + tau * priors) / (exposure + tau)
    return np.ascontiguousarray(drawn.T)


def score(estimated: Floats, control: Floats, realised: Floats) -> FitScore:
    """Hold estimated against realised, beside the control that knows only how far the bar went; shape (n,) each."""
    total = float(estimated.sum())
    return FitScore(
        ratio=float(realised.sum()) / total if total > 0 else float("nan"),
        correlation=root_correlation(estimated, realised),
        climatology=root_correlation(control, realised),
        observations=len(realised),
    )


def fit_control(observed: Observed, strength: float, steps: int) -> Floats:
    """Fit the distance climatology: quote liquidated per band of distance from the close before, shape (b,)."""
    flat = levelled(np.ones(observed.reached.shape[1]), observed.reached, observed.realised)
    return fit_weights(observed.reached, observed.realised, flat, strength, steps)


def root_correlation(estimated: Floats, realised: Floats) -> float:
    """Correlate square roots, which large bars do not rule alone; NaN where either does not vary."""
    one, other = np.sqrt(estimated), np.sqrt(realised)
    if np.ptp(one) <= 0 or np.ptp(other) <= 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def likelihood(estimated: Floats, realised: Floats, floor: Fraction) -> float:
    """Give the Poisson log likelihood a row, in units of the mean realised: the same whatever the currency.

    Args:
        estimated: Shape (n,), quote currency.
        realised: Shape (n,), the same.
        floor: Estimates count as at least this part of the mean realised: a bar the map calls empty is not impossible.
    """
    scale = float(realised.mean())
    if scale <= 0:
        return 0.0
    expected = estimated / scale + floor
    return float(np.mean(realised / scale * np.log(expected) - expected))


def interval_rule(estimated: Floats, realised: Floats, day: Ints, assumptions: Assumptions) -> Maybe[NotionalRule]:
    """Make the rule from sweeps in order of time, with its coverage in a time split.

    The coverage is that of a rule made from the sweeps before the split alone, and kept as it was, on those after it.

    Args:
        estimated: Shape (n,), quote currency, each from what was known before its bar.
        realised: Shape (n,), quote currency.
        day: Shape (n,), ascending, the day of each.
        assumptions: Those named notional_*, and `calibration_split`.
    """
    a = assumptions
    mean = float(estimated.mean()) if len(estimated) else 0.0
    kept = (estimated > 0) & (estimated >= a.notional_least_size * mean)
    estimated, realised, day = estimated[kept], realised[kept], day[kept]
    split = int(np.searchsorted(day, day[int(len(day) * a.calibration_split)])) if len(day) else 0
    if min(split, len(day) - split) < a.notional_least_sweeps:
        return Missing(
            f"Only {len(day)} past sweeps are large enough to compare estimates with, which is too few for an interval."
        )
    early = rule_of(estimated[:split], realised[:split], day[:split], a)
    inside = within(early, estimated[split:], realised[split:])
    now = rule_of(estimated, realised, day, a)
    return NotionalRule(
        level=a.notional_level,
        edge_quote=now.edge_quote,
        low_ratio=now.low_ratio,
        high_ratio=now.high_ratio,
        covered=int(np.count_nonzero(inside)),
        of=len(inside),
    )


def within(rule: NotionalRule, estimated: Floats, realised: Floats) -> Bools:
    """Tell which sweeps lay inside a rule's intervals, shape (n,)."""
    at = np.searchsorted(rule.edge_quote, estimated, side="right")
    low, high = estimated * rule.low_ratio[at], estimated * rule.high_ratio[at]
    return np.asarray((realised >= low) & (realised <= high))


def rule_of(estimated: Floats, realised: Floats, day: Ints, assumptions: Assumptions) -> NotionalRule:
    """Make the rule as it stands after the last of these sweeps, without its coverage.

    Args:
        estimated: Shape (n,), quote currency, > 0.
        realised: Shape (n,), quote currency.
        day: Shape (n,), ascending.
        assumptions: Those named notional_*.
    """
    classes = assumptions.notional_classes
    edges = np.quantile(estimated, np.arange(1, classes) / classes)
    kind = np.searchsorted(edges, estimated, side="right")
    ratio = realised / estimated
    # Walk through the days: each is judged by those before, and moves the tails by what fell outside.
    a = assumptions
    wanted = 1 - a.notional_level
    tail = wanted
    starts = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    ends = np.append(starts[1:], len(day))
    for start, end in zip(starts, ends, strict=True):
        if start < a.notional_least_sweeps:
            continue
        outside = 0
        for each in np.unique(kind[start:end]):
            past = ratio[:start][kind[:start] == each]
            now = ratio[start:end][kind[start:end] == each]
            if len(past):
                low, high = _bounds(past, tail, a)
                outside += int(np.count_nonzero((now < low) | (now > high)))
        tail += a.notional_adapt * (wanted * (end - start) - outside)
        tail = min(a.notional_largest_tail, max(a.notional_least_tail, tail))

    bounds = np.array([_bounds(ratio[kind == each], tail, assumptions) for each in range(classes)])
    return NotionalRule(
        level=assumptions.notional_level,
        edge_quote=edges,
        low_ratio=bounds[:, 0],
        high_ratio=bounds[:, 1],
        covered=0,
        of=0,
    )


def _bounds(ratio: Floats, tail: Fraction, assumptions: Assumptions) -> tuple[float, float]:
    """Take both tails off the last ratios of a class, with the one sweep more that a conformal quantile counts."""
    last = np.sort(ratio[-assumptions.notional_window :])
    count = len(last)
    high = min(count, int(np.ceil((1 - tail / 2) * (count + 1)))) - 1
    return float(last[count - 1 - high]), float(last[high])
