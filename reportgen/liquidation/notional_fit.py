"""Find the dollar interval's rule from past sweeps: conformal ratios that follow a drifting market.

The ratios must come from estimates made before their bars (walk-forward): in-sample ratios are too narrow, which is
what broke the coverage of a first prototype in a time split. On top of that only the last sweeps of a class count, and
the tails widen or narrow by what fell outside (adaptive conformal inference, a day at a time).
"""

from __future__ import annotations

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.liquidation.notional import NotionalRule
from reportgen.units import Bools, Floats, Fraction, Ints, Maybe, Missing


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
    early = _rule(estimated[:split], realised[:split], day[:split], a)
    inside = within(early, estimated[split:], realised[split:])
    now = _rule(estimated, realised, day, a)
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


def _rule(estimated: Floats, realised: Floats, day: Ints, assumptions: Assumptions) -> NotionalRule:
    """Make the rule as it stands after the last of these sweeps."""
    classes = assumptions.notional_classes
    edges = np.quantile(estimated, np.arange(1, classes) / classes)
    kind = np.searchsorted(edges, estimated, side="right")
    ratio = realised / estimated
    tail = _adapted_tail(ratio, kind, day, assumptions)
    bounds = np.array([_bounds(ratio[kind == each], tail, assumptions) for each in range(classes)])
    return NotionalRule(
        level=assumptions.notional_level,
        edge_quote=edges,
        low_ratio=bounds[:, 0],
        high_ratio=bounds[:, 1],
        covered=0,
        of=0,
    )


def _adapted_tail(ratio: Floats, kind: Ints, day: Ints, assumptions: Assumptions) -> Fraction:
    """Walk through the days: each is judged by those before, and moves the tails by what fell outside."""
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
    return tail


def _bounds(ratio: Floats, tail: Fraction, assumptions: Assumptions) -> tuple[float, float]:
    """Take both tails off the last ratios of a class, with the one sweep more that a conformal quantile counts."""
    last = np.sort(ratio[-assumptions.notional_window :])
    count = len(last)
    high = min(count, int(np.ceil((1 - tail / 2) * (count + 1)))) - 1
    return float(last[count - 1 - high]), float(last[high])
