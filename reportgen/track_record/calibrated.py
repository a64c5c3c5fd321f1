"""The dollars that a brief would have shown: calibrated again and again on the past alone, beside distance only.

The other rows of the dollar table scale a map by one number; this one fits the conservation nodes as `calibrate` does,
span after span from the spans before, and scores those after the split; churn and intervals were made before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.liquidation.calibration_fit import Observed
from reportgen.liquidation.calibration_make import Walk, choose_churn, walk
from reportgen.liquidation.calibration_sample import sample_of
from reportgen.liquidation.notional_fit import interval_rule
from reportgen.market.data import MarketData
from reportgen.track_record.blocks import correlation_scores, interval, ratio_scores
from reportgen.track_record.result import DollarScore, Which
from reportgen.track_record.situation import Fresh
from reportgen.units import DAY_MS, Bools, Fraction, Maybe, Milliseconds, Missing

NAME: Final = "calibrated nodes"


def calibrated_scores(
    market: MarketData, until_ms: Milliseconds, assumptions: Assumptions, fresh: Fresh
) -> Maybe[tuple[DollarScore, ...]]:
    """Score calibrated dollars walk-forward: longs, shorts, both.

    Args:
        market: All that is known of it.
        until_ms: Bars that close later are left out.
        assumptions: Those named calibration_* and notional_*.
        fresh: Gives the generator that resamples days.

    Returns:
        Three scores, or why nothing could be calibrated.
    """
    sample = sample_of(market, 0, assumptions)
    if isinstance(sample, Missing):
        return sample
    by_churn = [rows.rows(rows.time_ms <= until_ms) for rows in sample.by_churn]
    if not len(by_churn[0].time_ms):
        return Missing("No liquidations are known in the window that was scored.")
    walks = [walk(rows, assumptions) for rows in by_churn]
    since = round(assumptions.calibration_split * assumptions.calibration_spans)
    chosen = choose_churn([by_churn], [walks], since, assumptions)
    rows, walked = by_churn[chosen], walks[chosen]
    late = walked.span >= since
    if not late.any() or not walked.estimated[late].any():
        return Missing("Too few spans could be estimated from those before them.")
    held = _coverage(rows, walked, assumptions)
    sides: Sequence[tuple[Which, Bools]] = (("long", rows.side == 0), ("short", rows.side == 1), ("both", late))
    return tuple(_score(side, rows, walked, late & of_side, held, assumptions, fresh) for side, of_side in sides)


def _coverage(rows: Observed, walked: Walk, assumptions: Assumptions) -> Maybe[Fraction]:
    """Give the share of later sweeps that lay inside intervals made before the split."""
    seen = walked.span >= 1
    rule = interval_rule(walked.estimated[seen], rows.realised[seen], rows.time_ms[seen] // DAY_MS, assumptions)
    return rule if isinstance(rule, Missing) else rule.coverage


def _score(
    side: Which, rows: Observed, walked: Walk, chosen: Bools, held: Maybe[Fraction], assumptions: Assumptions,
    fresh: Fresh,
) -> DollarScore:  # fmt: skip
    """Hold one side's estimates against what was realised, days resampled."""
    realised, estimated, control = rows.realised[chosen], walked.estimated[chosen], walked.control[chosen]
    day = rows.time_ms[chosen] // DAY_MS
    draws = assumptions.backtest_draws
    ratio = ratio_scores(realised[:, None], estimated, day, draws=draws, rng=fresh())
    roots = np.sqrt(np.column_stack([estimated, control]))
    linked = correlation_scores(roots, np.sqrt(realised), day, draws=draws, rng=fresh())
    flat = "Nothing was estimated or realised here."
    return DollarScore(
        name=NAME,
        side=side,
        ratio=interval(ratio.estimate(0), flat),
        root_correlation=interval(linked.estimate(0), flat),
        climatology_root_correlation=interval(linked.estimate(1), flat),
        coverage=held if side == "both" else Missing("Counted for both sides together."),
        coverage_meant=assumptions.notional_level,
        realised=float(realised.sum()),
        estimated=float(estimated.sum()),
    )
