"""How reliable what is foretold was: of shares between two bounds how many came, and skill over climatology.

Shares (touch, the four outcomes) are scored by Brier, quantiles (the cone, dollars) by pinball loss; both beside what
was known by then without the forecast. Days are resampled, the same ones in every market.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from reportgen.brief.types import ForecastOf, Interval, Reliability, ReliabilityBand
from reportgen.config.assumptions import Assumptions
from reportgen.liquidation.cone import cone_lines, cone_reached, past_quantiles
from reportgen.market.data import Candles
from reportgen.track_record.score import DrawnDays, interval, ratio_scores
from reportgen.units import DAY_MS, HOUR_MS, Bools, Floats, Ints, Maybe, Missing

TAPPED = slice(0, 2)
"""Of reject, continue, front-run and ignore: those that a touch begins."""

CONE_LEVELS = (0.1, 0.5, 0.9)
"""Shares of days that price should stay within the cone's near, middle and far line of a side."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecasts:
    """What was foretold of one kind, in order of decision, and what came.

    Attributes:
        of: Which kind.
        day: Shape (n,), the day of each decision.
        shown: Shape (n, k): the shares given, or the level of each quantile given.
        came: Shape (n, k): whether that outcome came, or the value lay at or below that quantile.
        loss: Shape (n,), of the forecast. control: the same of climatology.
    """

    of: ForecastOf
    day: Ints
    shown: Floats
    came: Bools
    loss: Floats
    control: Floats


def outcome_forecasts(shown: Floats, climatology: Floats, outcome: Ints, day: Ints) -> tuple[Forecasts, ...]:
    """Lay out the touch, each outcome alone and the four together.

    Args:
        shown: Shape (n, 4), shares of reject, continue, front-run and ignore.
        climatology: The same, known by each decision whatever the distance.
        outcome: Shape (n,), which of the four came.
        day: Shape (n,).
    """
    came = np.arange(shown.shape[1]) == outcome[:, None]
    kinds: tuple[tuple[ForecastOf, slice], ...] = (
        ("reject", slice(0, 1)), ("continue", slice(1, 2)), ("front_run", slice(2, 3)), ("ignore", slice(3, 4)),
        ("outcomes", slice(0, 4)),
    )  # fmt: skip
    touched, told, flat = (one[:, TAPPED].sum(axis=1, keepdims=True) for one in (came, shown, climatology))
    rows: list[tuple[ForecastOf, Floats, Floats, Bools]] = [("touch", told, flat, touched > 0)]
    rows += [(of, shown[:, part], climatology[:, part], came[:, part]) for of, part in kinds]
    return tuple(
        Forecasts(
            of=of, day=day, shown=told, came=true,
            loss=np.square(told - true).sum(axis=1), control=np.square(flat - true).sum(axis=1),
        )
        for of, told, flat, true in rows
    )  # fmt: skip


def quantile_forecasts(
    of: ForecastOf, levels: Sequence[float], told: Floats, control: Floats, value: Floats, day: Ints
) -> Forecasts:
    """Hold quantiles against what came.

    Args:
        of: Which kind.
        levels: k levels, ascending.
        told: Shape (n, k), the quantiles. control: those of climatology.
        control: Shape (n, k).
        value: Shape (n,), what came.
        day: Shape (n,).
    """
    return Forecasts(
        of=of,
        day=day,
        shown=np.broadcast_to(np.asarray(levels), told.shape),
        came=value[:, None] <= told,
        loss=pinball_loss(levels, told, value),
        control=pinball_loss(levels, control, value),
    )


def pinball_loss(levels: Sequence[float], told: Floats, value: Floats) -> Floats:
    """Give each row's pinball loss over its quantiles, in the value's unit; shapes (n, k), (n,) -> (n,)."""
    short = value[:, None] - told
    return np.asarray(np.maximum(np.asarray(levels) * short, (np.asarray(levels) - 1) * short).sum(axis=1))


def cone_forecasts(
    candles: Candles, decision_ms: Ints, horizon_hours: float, assumptions: Assumptions
) -> Maybe[Forecasts]:
    """Forecast high and low of the hours after each decision by the cone, beside the market's own past highs and lows.

    Args:
        candles: Bars that may reach beyond.
        decision_ms: Shape (m,), closes of bars, a day apart.
        horizon_hours: > 0.
        assumptions: Those named cone_*.

    Returns:
        Two rows a decision, logs of how far price went up and down; or why there are none.
    """
    a = assumptions
    bars = max(1, round(horizon_hours * HOUR_MS / candles.interval_ms))
    step = max(1, DAY_MS // candles.interval_ms)
    at = np.searchsorted(candles.close_time_ms, decision_ms, side="right")
    every = np.arange(int(at[0]) % step or step, len(candles) + 1, step) if len(at) else at
    reached, lines = cone_reached(candles, at, bars), cone_lines(candles, at, horizon_hours, a)
    known = 2 * np.searchsorted(every + bars, at, side="right")
    control = cone_climatology(cone_reached(candles, every, bars).ravel(), known, a)
    usable = np.flatnonzero(np.isfinite(reached).all(axis=1) & np.isfinite(lines[:, 0]) & np.isfinite(control[:, 0]))
    if not len(usable):
        return Missing("No day of this window has a range forecast before it and a whole horizon after it.")
    told, flat = (np.repeat(one[usable], 2, axis=0) for one in (lines, control))
    day = np.repeat(decision_ms[usable] // DAY_MS, 2)
    return quantile_forecasts("cone", CONE_LEVELS, told, flat, reached[usable].ravel(), day)


def cone_climatology(reached: Floats, known: Ints, assumptions: Assumptions) -> Floats:
    """Give quantiles of the last highs and lows known at each moment; shape (m, 3), NaN where too few were known.

    Args:
        reached: Shape (n,), log distances in the order in which they became known, two a day; NaN where not known.
        known: Shape (m,), how many were known at each moment.
        assumptions: `cone_past_days`, of which `cone_least_days` at least must be there.
    """
    count, quantiles = past_quantiles(reached, known, CONE_LEVELS, 2 * assumptions.cone_past_days)
    return np.where((count >= 2 * assumptions.cone_least_days)[:, None], quantiles, np.nan)


def reliability_of(parts: Sequence[Forecasts], assumptions: Assumptions, drawn: DrawnDays) -> Reliability:
    """Score forecasts of one kind, of one market or of several.

    Args:
        parts: At least one, all of one kind and with the same columns.
        assumptions: `reliability_edges`, `record_least_days`.
        drawn: Draws days.
    """
    first = parts[0]
    day, shown, came, loss, control = (
        np.concatenate(columns)
        for columns in zip(*((one.day, one.shown, one.came, one.loss, one.control) for one in parts), strict=True)
    )
    days = len(np.unique(day))
    skill: Maybe[Interval] = Missing(
        f"Insufficient evidence: {days} days; an interval needs {assumptions.record_least_days:g}."
    )
    if days >= assumptions.record_least_days:
        scores = ratio_scores((control - loss)[:, None], control, day, drawn=drawn)
        skill = interval(scores.estimate(0), "Climatology never errs here.")
    of_quantiles = first.of in ("cone", "dollars")
    bands = (
        tuple(_band(float(level), float(level), shown[:, at], came[:, at]) for at, level in enumerate(shown[0]))
        if of_quantiles
        else reliability_bands(shown, came, assumptions.reliability_edges)
    )
    return Reliability(
        of=first.of,
        forecasts=len(loss),
        days=days,
        loss="pinball" if of_quantiles else "Brier",
        skill=skill,
        bands=bands,
    )


def reliabilities(parts: Sequence[Forecasts], assumptions: Assumptions, drawn: DrawnDays) -> tuple[Reliability, ...]:
    """Score forecasts of any kinds, each kind pooled, in the order in which the kinds first come."""
    kinds = dict.fromkeys(one.of for one in parts)
    return tuple(reliability_of([one for one in parts if one.of == of], assumptions, drawn) for of in kinds)


def reliability_bands(shown: Floats, came: Bools, edges: Sequence[float]) -> tuple[ReliabilityBand, ...]:
    """Count, of all shares shown between two bounds, how many of their outcomes came.

    Args:
        shown: Shape (n, k), shares. came: the same shape.
        came: Whether each came.
        edges: Inner bounds of the bands; the last band holds 1.
    """
    band = np.searchsorted(edges, shown, side="right")
    return tuple(
        _band(low, high, shown[band == place], came[band == place])
        for place, (low, high) in enumerate(pairwise((0.0, *edges, 1.0)))
    )


def _band(low: float, high: float, shown: Floats, came: Bools) -> ReliabilityBand:
    return ReliabilityBand(low=low, high=high, given=len(shown), came=int(came.sum()), expected=float(shown.sum()))
