"""Make calibrations: choose the churn, pool the symbols, fit each, and score what was held out.

Every figure that is shown as a score is walk-forward: span after span is estimated from those before it alone, from a
symbol's own rows, and the churn that is scored was chosen before the scored spans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from typing import Any

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.liquidation.calibration import VERSION, Calibration, FitScore, NotionalRule
from reportgen.liquidation.calibration import fit as fitting
from reportgen.liquidation.calibration.choice import bars_with_open_interest
from reportgen.liquidation.calibration.fit import Observed, interval_rule
from reportgen.liquidation.calibration.sample import Sample
from reportgen.liquidation.conservation import node_distances, reference_weights
from reportgen.market.data import MarketData
from reportgen.units import DAY_MS, Floats, Ints, Maybe, Milliseconds, Missing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pooled:
    """Weights of several symbols fitted together.

    Attributes:
        shared: Shape (k,), what the symbols have in common. weight, prior: by symbol, shape (k,) each.
        strength: How strongly each was pulled to its prior.
    """

    shared: Floats
    weight: tuple[Floats, ...]
    prior: tuple[Floats, ...]
    strength: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walk:
    """Rows estimated walk-forward.

    Attributes:
        span: Shape (n,), which of the sample's equal spans of time each row lies in.
        estimated: Shape (n,), quote currency, from the spans before; 0 in the first.
        control: Shape (n,), what the distance climatology says, from the same spans.
    """

    span: Ints
    estimated: Floats
    control: Floats

    def interval_rule(self, rows: Observed, assumptions: Assumptions) -> Maybe[NotionalRule]:
        """Make the dollar interval from the rows estimated before they came."""
        seen = self.span >= 1
        return interval_rule(self.estimated[seen], rows.realised[seen], rows.time_ms[seen] // DAY_MS, assumptions)


def calibrate(
    samples: Sequence[Sample],
    assumptions: Assumptions,
    rng: np.random.Generator,
    map_units: Callable[..., Iterable[Any]] = map,
) -> tuple[Calibration, ...]:
    """Fit every symbol of the samples.

    Args:
        samples: At least one; one a symbol.
        assumptions: Those named calibration_* and notional_*.
        rng: Draws the days behind `weight_draws`.
        map_units: How to map symbols: `map`, or that of workers.
    """
    a = assumptions
    whole = [sample.by_churn for sample in samples]
    walks: list[list[Walk]] = list(map_units(partial(_walk_each, assumptions=a), whole))
    since = round(a.calibration_split * a.calibration_spans)
    before, now = (choose_churn(whole, walks, until, a) for until in (since, a.calibration_spans))
    recent = [_recent(rows[now], sample.end_ms, a) for rows, sample in zip(whole, samples, strict=True)]
    pooled = fit_pooled(recent, a)
    levels = _levels(pooled, [rows[now] for rows in whole], [one.end_ms for one in samples], a)
    # Chance is drawn here, symbol after symbol; what takes long is to fit on it.
    chances = [fitting.draw_chance(rows.time_ms // DAY_MS, len(pooled.shared), a, rng) for rows in recent]
    refit = partial(_refit, strength=pooled.strength, assumptions=a)
    drawn = list(map_units(refit, zip(recent, pooled.weight, pooled.prior, chances, strict=True)))
    return tuple(
        Calibration(
            version=VERSION,
            symbol=sample.symbol,
            borrowed_from=None,
            sample_start_ms=sample.start_ms,
            sample_end_ms=sample.end_ms,
            interval_ms=sample.interval_ms,
            observations=len(sample.by_churn[0].realised),
            liquidation_venues=sample.liquidation_venues,
            open_interest_venues=sample.open_interest_venues,
            price=sample.price,
            open_interest_base=sample.open_interest_base,
            churn=a.calibration_churns[now],
            volume_share=a.volume_share,
            node_distance=tuple(node_distances(a).tolist()),
            weight=level * weight,
            prior_weight=level * prior,
            identified=fitting.identified_nodes(rows.swept, pooled.strength),
            weight_draws=level * draws,
            fit=_fitted(by_churn[now], weight, a),
            held_out=held_out(by_churn[before], walked[before], since),
            interval=walked[now].interval_rule(by_churn[now], a),
        )
        for sample, by_churn, walked, rows, weight, prior, level, draws in zip(
            samples, whole, walks, recent, pooled.weight, pooled.prior, levels, drawn, strict=True
        )
    )


def _walk_each(by_churn: Sequence[Observed], assumptions: Assumptions) -> list[Walk]:
    """Walk one symbol through at every churn: the unit of work."""
    return [walk(rows, assumptions) for rows in by_churn]


def _refit(given: tuple[Observed, Floats, Floats, fitting.Chance], strength: float, assumptions: Assumptions) -> Floats:
    """Fit one symbol again on the days drawn: the unit of work."""
    return fitting.drawn_weights(*given, strength=strength, assumptions=assumptions)


def borrow(market: MarketData, from_these: Sequence[Calibration]) -> Maybe[Calibration]:
    """Give a symbol without liquidations what the others share.

    Args:
        market: Needs bars and open interest.
        from_these: Fitted together, at least one.
    """
    found = bars_with_open_interest(market)
    if isinstance(found, Missing):
        return found
    venue, bars, level = found
    names = ", ".join(each.symbol for each in from_these)
    none = Missing(f"The weights are borrowed from {names}; {market.symbol} has no liquidations to compare with.")
    first = from_these[0]
    return replace(
        first,
        symbol=market.symbol,
        borrowed_from=names,
        sample_start_ms=min(each.sample_start_ms for each in from_these),
        sample_end_ms=max(each.sample_end_ms for each in from_these),
        observations=0,
        liquidation_venues=tuple(sorted({venue for each in from_these for venue in each.liquidation_venues})),
        open_interest_venues=tuple(sorted(venue.split("+"))),
        price=float(np.median(bars.close)),
        open_interest_base=float(np.median(level)),
        weight=np.mean([each.weight for each in from_these], axis=0),
        prior_weight=np.mean([each.prior_weight for each in from_these], axis=0),
        identified=np.zeros(len(first.weight), dtype=np.bool_),
        weight_draws=_mixed_draws([each.weight_draws for each in from_these]),
        fit=none,
        held_out=none,
        interval=none,
    )


def walk(rows: Observed, assumptions: Assumptions) -> Walk:
    """Estimate span after span, each from the spans before it alone."""
    a = assumptions
    edges = np.linspace(int(rows.time_ms.min()), int(rows.time_ms.max()) + 1, a.calibration_spans + 1)
    span = np.clip(np.searchsorted(edges, rows.time_ms, side="right") - 1, 0, a.calibration_spans - 1)
    estimated, control = np.zeros(len(span)), np.zeros(len(span))
    quick = replace(a, calibration_steps=a.calibration_search_steps)
    for each in range(1, a.calibration_spans):
        before = _recent(rows.rows(span < each), int(edges[each]), a)
        if before.realised.any():
            now = span == each
            pooled = fit_pooled([before], quick)
            (level,) = _levels(pooled, [rows.rows(span < each)], [int(edges[each])], a)
            estimated[now] = level * (rows.swept[now] @ pooled.weight[0])
            control[now] = rows.reached[now] @ _control(before, quick)
    return Walk(span=span, estimated=estimated, control=control)


def choose_churn(
    samples: Sequence[Sequence[Observed]], walks: Sequence[Sequence[Walk]], until: int, assumptions: Assumptions
) -> int:
    """Choose the churn that made held-out spans most likely; all symbols count alike.

    Args:
        samples: By symbol, by churn.
        walks: The same, walked through.
        until: Only spans before this one are looked at.
        assumptions: `calibration_churns`, `calibration_floor`.

    Returns:
        Index into `calibration_churns`.
    """
    total = np.zeros(len(assumptions.calibration_churns))
    for by_churn, walked in zip(samples, walks, strict=True):
        for at, (rows, one) in enumerate(zip(by_churn, walked, strict=True)):
            seen = (one.span >= 1) & (one.span < until)
            if seen.any():
                total[at] += fitting.likelihood(one.estimated[seen], rows.realised[seen], assumptions.calibration_floor)
    return int(np.argmax(total))


def fit_pooled(observed: Sequence[Observed], assumptions: Assumptions) -> Pooled:
    """Fit one symbol, or several with what they share as each one's prior.

    Each symbol counts the same in what is shared, however many dollars it moves.
    """
    a = assumptions
    reference = np.maximum(reference_weights(a), np.finfo(np.float64).tiny)
    if len(observed) == 1:
        (rows,) = observed
        prior = fitting.levelled(reference, rows.swept, rows.realised)
        weight = fitting.fit_weights(
            rows.swept, rows.realised, prior, a.calibration_prior_strength, a.calibration_steps
        )
        return Pooled(shared=weight, weight=(weight,), prior=(prior,), strength=a.calibration_prior_strength)
    totals = [float(rows.realised.sum()) or 1.0 for rows in observed]
    swept = np.concatenate([rows.swept / total for rows, total in zip(observed, totals, strict=True)])
    realised = np.concatenate([rows.realised / total for rows, total in zip(observed, totals, strict=True)])
    prior = fitting.levelled(reference, swept, realised)
    shared = fitting.fit_weights(swept, realised, prior, a.calibration_prior_strength, a.calibration_steps)
    priors = tuple(fitting.levelled(shared, rows.swept, rows.realised) for rows in observed)
    return Pooled(
        shared=shared,
        weight=tuple(
            fitting.fit_weights(rows.swept, rows.realised, own, a.calibration_pool_strength, a.calibration_steps)
            for rows, own in zip(observed, priors, strict=True)
        ),
        prior=priors,
        strength=a.calibration_pool_strength,
    )


def held_out(rows: Observed, walked: Walk, since: int) -> Maybe[FitScore]:
    """Score the spans from one on."""
    late = walked.span >= since
    return _finite(fitting.score(walked.estimated[late], walked.control[late], rows.realised[late]))


def _fitted(rows: Observed, weight: Floats, assumptions: Assumptions) -> Maybe[FitScore]:
    """Score the rows that the weights were fitted on."""
    return _finite(fitting.score(rows.swept @ weight, rows.reached @ _control(rows, assumptions), rows.realised))


def _finite(found: FitScore) -> Maybe[FitScore]:
    if found.ratio > 0 and isfinite(found.ratio) and isfinite(found.correlation) and isfinite(found.climatology):
        return found
    return Missing("Estimated or observed liquidations do not vary, so they cannot be compared.")


def _levels(
    pooled: Pooled, rows: Sequence[Observed], now_ms: Sequence[Milliseconds], assumptions: Assumptions
) -> tuple[float, ...]:
    """Give for each symbol how far the level of its last days stands from what the weights remember."""
    half_life = assumptions.calibration_level_days * DAY_MS
    return tuple(
        fitting.recent_level(own, weight, until, half_life)
        for own, weight, until in zip(rows, pooled.weight, now_ms, strict=True)
    )


def _control(rows: Observed, assumptions: Assumptions) -> Floats:
    return fitting.fit_control(rows, assumptions.calibration_prior_strength, assumptions.calibration_steps)


def _recent(rows: Observed, now_ms: Milliseconds, assumptions: Assumptions) -> Observed:
    return rows.faded(now_ms, assumptions.calibration_half_life_days * DAY_MS)


def _mixed_draws(draws: Sequence[Floats]) -> Floats:
    """Take each draw from the next symbol in turn, so that what differs between symbols widens the whole."""
    return np.stack([draws[at % len(draws)][at] for at in range(min(len(each) for each in draws))])
