"""Maps scaled to dollars by the past alone, and how that went: ratio, correlation of square roots, coverage.

The scale of each decision is all liquidations realised by then over all mass swept by then, per side: the least that a
calibration does. The control knows only how far the bar went.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.liquidation.calibration.fit import Observed, rule_of
from reportgen.liquidation.calibration.make import Walk, choose_churn, walk
from reportgen.liquidation.calibration.sample import sample_of
from reportgen.market.data import MarketData
from reportgen.track_record.maps import Measured
from reportgen.track_record.reliability import Forecasts, quantile_forecasts
from reportgen.track_record.result import DollarScore, Which
from reportgen.track_record.score import correlation_scores, drawn_days, interval, known_rows, ratio_scores
from reportgen.track_record.walk import Fresh, Situation
from reportgen.units import DAY_MS, Bools, Floats, Fraction, Ints, Maybe, Milliseconds, Missing, Side

NAME: Final = "calibrated nodes"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibratedDollars:
    """Calibrated dollars walk-forward.

    Attributes:
        scores: Longs, shorts, both. forecasts: the interval's ends against what came, or why they are not known.
    """

    scores: tuple[DollarScore, ...]
    forecasts: Maybe[Forecasts]


def calibrated_dollars(
    market: MarketData, until_ms: Milliseconds, assumptions: Assumptions, fresh: Fresh
) -> Maybe[CalibratedDollars]:
    """Score calibrated dollars walk-forward.

    Args:
        market: All that is known of it.
        until_ms: Bars that close later are left out.
        assumptions: Those named calibration_* and notional_*.
        fresh: Gives the generator that resamples days.

    Returns:
        The scores, or why nothing could be calibrated.
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
    rule = walked.interval_rule(rows, assumptions)
    held: Maybe[Fraction] = rule if isinstance(rule, Missing) else rule.coverage
    sides: Sequence[tuple[Which, Bools]] = (("long", rows.side == 0), ("short", rows.side == 1), ("both", late))
    day = (rows.time_ms // DAY_MS).astype(np.float64)
    apart = Missing("Counted for both sides together.")
    scores = tuple(
        _score(
            NAME,
            side,
            tuple(x[late & own] for x in (rows.realised, walked.estimated, walked.control, day)),
            held if side == "both" else apart,
            assumptions.notional_level,
            assumptions,
            fresh,
        )
        for side, own in sides
    )
    return CalibratedDollars(scores=scores, forecasts=interval_forecasts(rows, walked, since, assumptions))


def interval_forecasts(rows: Observed, walked: Walk, since: int, assumptions: Assumptions) -> Maybe[Forecasts]:
    """Hold the ends of the dollar interval against what came, each span by the rule made from the spans before it.

    Climatology is the same rule on what the distance alone estimates. Losses are in roots of quote currency, so that no
    single bar decides; sweeps too small for the rule are left out, as they are there.

    Args:
        rows: Bars of both sides.
        walked: The same, estimated walk-forward.
        since: First span that is scored.
        assumptions: Those named notional_*.
    """
    a = assumptions
    levels = ((1 - a.notional_level) / 2, (1 + a.notional_level) / 2)
    day = rows.time_ms // DAY_MS
    large = walked.estimated >= a.notional_least_size * walked.estimated[walked.estimated > 0].mean()
    large &= (walked.estimated > 0) & (walked.control > 0)
    told: list[tuple[Floats, Floats, Floats, Ints]] = []
    for span in range(since, a.calibration_spans):
        past, now = (np.flatnonzero(large & part) for part in (walked.span < span, walked.span == span))
        if min(len(past) - a.notional_least_sweeps, len(now) - 1) < 0:
            continue
        ends = []
        for estimate in (walked.estimated, walked.control):
            rule = rule_of(estimate[past], rows.realised[past], day[past], a)
            kind = np.searchsorted(rule.edge_quote, estimate[now], side="right")
            ends.append(estimate[now, None] * np.column_stack([rule.low_ratio[kind], rule.high_ratio[kind]]))
        told.append((ends[0], ends[1], rows.realised[now], day[now]))
    if not told:
        return Missing("Too few sweeps came before the spans that are scored to make intervals from.")
    own, control, realised, days = (np.concatenate(columns) for columns in zip(*told, strict=True))
    return quantile_forecasts("dollars", levels, np.sqrt(own), np.sqrt(control), np.sqrt(realised), days)


def _score(
    name: str,
    side: Which,
    columns: tuple[Floats, ...],
    coverage: Maybe[Fraction],
    meant: Fraction,
    assumptions: Assumptions,
    fresh: Fresh,
) -> DollarScore:
    """Hold estimates against what was realised, days resampled; columns are realised, estimated, control and day."""
    realised, estimated, control, day = columns
    draws = assumptions.backtest_draws
    ratio = ratio_scores(realised[:, None], estimated, day.astype(np.int64), drawn=drawn_days(draws, fresh))
    roots = np.sqrt(np.column_stack([estimated, control]))
    linked = correlation_scores(roots, np.sqrt(realised), day.astype(np.int64), draws=draws, rng=fresh())
    flat = "Nothing was estimated or realised here."
    return DollarScore(
        name=name,
        side=side,
        ratio=interval(ratio.estimate(0), flat),
        root_correlation=interval(linked.estimate(0), flat),
        climatology_root_correlation=interval(linked.estimate(1), flat),
        coverage=coverage,
        coverage_meant=meant,
        realised=float(realised.sum()),
        estimated=float(estimated.sum()),
    )


_REACH_EDGES = np.geomspace(1e-4, 1e-1, 25)
"""Log distances, three decades in 24 parts: the classes of the distance climatology."""


def dollar_scores(measured: Sequence[Measured], situation: Situation) -> Maybe[tuple[DollarScore, ...]]:
    """Score each engine and baseline in dollars, per side and for both sides' bars together.

    Returns:
        The scores, or why there are none: liquidations unknown, or too few days after the burn-in.
    """
    if not situation.has_liquidations:
        return Missing("No liquidations are known, so nothing can be scaled to dollars.")
    kept = {side: known_rows(situation, situation.realised[side]) for side in Side}
    first = situation.decision_ms[kept[Side.LONG] & kept[Side.SHORT]]
    burn_in = int(situation.assumptions.dollars_burn_in_days * DAY_MS)
    if not len(first) or int(first[-1] - first[0]) < 2 * burn_in:
        days = situation.assumptions.dollars_burn_in_days
        return Missing(f"Dollars need {2 * days:g} days of liquidations: half to scale the map, half to look at it.")
    start = int(first[0]) + burn_in
    makers = [one for one in measured if one.kind != "control"]
    return tuple(score for one in makers for score in _of_maker(one, situation, kept, start))


def _of_maker(one: Measured, situation: Situation, kept: dict[Side, Bools], start: int) -> list[DollarScore]:
    """Score one maker's sides, then both together: realised, estimated, climatology, day, and held (NaN unknown)."""
    a = situation.assumptions
    parts: list[list[Floats]] = []
    for side in Side:
        rows = kept[side]
        realised, swept, day = situation.realised[side][rows], one.swept[side][rows], situation.day[rows]
        estimated = swept * scale_so_far(swept, realised)
        control = reach_climatology(situation.went(side)[rows], realised, a.dollars_prior_bars)
        later = situation.decision_ms[rows] >= start
        held = interval_held(estimated, realised, day, later, a.dollars_level, a.dollars_classes)
        parts.append([column[later] for column in (realised, estimated, control, day.astype(np.float64), held)])
    both = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
    names: tuple[Which, ...] = ("long", "short", "both")
    scores = []
    for which, (*columns, held) in zip(names, (*parts, both), strict=True):
        inside = held[np.isfinite(held)]
        none = Missing("No bar had an interval foretold.")
        share = float(inside.mean()) if len(inside) else none
        scores.append(_score(one.name, which, tuple(columns), share, a.dollars_level, a, situation.fresh))
    return scores


def scale_so_far(swept: Floats, realised: Floats) -> Floats:
    """Divide what was realised by what was swept, each over all earlier rows; shape (n,), 0 before there is any."""
    above, below = np.cumsum(realised) - realised, np.cumsum(swept) - swept
    return np.asarray(np.divide(above, below, out=np.zeros(len(swept)), where=below > 0))


def reach_climatology(went: Floats, realised: Floats, prior: float) -> Floats:
    """Give the mean of earlier bars that went about as far, drawn towards the mean of all earlier bars; shape (n,)."""
    count = np.arange(len(went))
    overall = np.divide(np.cumsum(realised) - realised, count, out=np.zeros(len(went)), where=count > 0)
    cell = np.searchsorted(_REACH_EDGES, went)
    result = np.empty(len(went))
    for one in np.unique(cell):
        rows = np.flatnonzero(cell == one)
        own = realised[rows]
        result[rows] = (np.cumsum(own) - own + prior * overall[rows]) / (np.arange(len(rows)) + prior)
    return result


def interval_held(estimated: Floats, realised: Floats, day: Ints, later: Bools, level: float, classes: int) -> Floats:
    """Say for each later row whether it lay in the interval that ratios of earlier days foretold.

    Each size of estimate has its own ratios.

    Returns:
        Shape (n,): 1 inside, 0 outside, NaN before `later` or where nothing was estimated.
    """
    result = np.full(len(estimated), np.nan)
    tails = ((1 - level) / 2, 1 - (1 - level) / 2)
    for today in np.unique(day[later]):
        past = (day < today) & (estimated > 0)
        now = np.flatnonzero((day == today) & later & (estimated > 0))
        if past.sum() < classes or not len(now):
            continue
        cuts = np.quantile(estimated[past], np.arange(1, classes) / classes)
        ratio, size = realised[past] / estimated[past], np.searchsorted(cuts, estimated[past])
        for one in np.unique(size):
            rows = now[np.searchsorted(cuts, estimated[now]) == one]
            low, high = np.quantile(ratio[size == one], tails)
            got = realised[rows] / estimated[rows]
            result[rows] = (got >= low) & (got <= high)
    return result
