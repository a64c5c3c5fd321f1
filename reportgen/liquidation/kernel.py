"""Where the positions opened by one bar would be liquidated: distance nodes with weights and an age law.

A node stands for all positions whose liquidation level lies about one distance away from their entry. The kernel
engine has a continuous kernel, cut here into log-spaced nodes; the path-only book has nine leverage
tiers with the exchange's maintenance margin. Both are the same type, so one engine runs both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.liquidation.margin import Brackets, liquidation_distance
from reportgen.units import HOUR_MS, Floats, Side


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nodes:
    """Distances at which one deposit spreads, for one side.

    Attributes:
        distance: Shape (k,), absolute log distance from entry to liquidation level, ascending.
        cell: Shape (k,), width in log price over which the node is spread; 0 for a sharp tier.
        weight: Shape (k,), share of a deposit; sums to 1.
        decay_rate: Shape (r,), per millisecond, the exponentials that make up the age law.
        decay_weight: Shape (k, r), part of each node in each exponential; rows sum to 1 at age 0.
    """

    distance: Floats
    cell: Floats
    weight: Floats
    decay_rate: Floats
    decay_weight: Floats

    def survival(self, age_ms: Floats) -> Floats:
        """Give what is left of each node at each age, shape (ages, k)."""
        return np.exp(-np.outer(age_ms, self.decay_rate)) @ self.decay_weight.T


def kernel_nodes(assumptions: Assumptions) -> Nodes:
    """Cut the continuous kernel into log-spaced nodes; both sides share it."""
    a = assumptions
    anchors = np.log(np.asarray(a.kernel_distances))
    edges = np.linspace(anchors[0], anchors[-1], a.kernel_nodes + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    weight = np.interp(middle, anchors, np.asarray(a.kernel_weights))
    distance = np.exp(middle)
    tau_ms = a.age_tau_hours * HOUR_MS * (distance / a.age_tau_distance) ** a.age_tau_power
    rate, decay_weight = age_law(tau_ms, a.age_exponent, a.age_log_step, a.age_longest_days * 24 * HOUR_MS)
    return Nodes(
        distance=distance,
        cell=np.diff(np.exp(edges)),
        weight=weight / weight.sum(),
        decay_rate=rate,
        decay_weight=decay_weight,
    )


def age_law(tau_ms: Floats, exponent: float, log_step: float, longest_ms: float) -> tuple[Floats, Floats]:
    """Write (1 + age / tau) ** -exponent as one shared set of exponentials.

    The power law is the Laplace transform of a gamma density; the trapezoid rule on the log rate turns the integral
    into few exponentials with an error that falls exponentially in 1 / log_step. What is slower than the longest age
    asked for is one constant term.

    Args:
        tau_ms: Shape (k,), milliseconds.
        exponent: > 0.
        log_step: Spacing of the rates in log.
        longest_ms: Ages up to here are approximated.

    Returns:
        Rates, shape (r,), per millisecond, the first 0; weights, shape (k, r), rows sum to 1.
    """
    slowest = np.log(1 / (longest_ms * np.exp(log_step)))
    fastest = np.log(np.exp(2) / tau_ms.min())
    rate = np.exp(np.arange(slowest, fastest + log_step, log_step))
    scaled = tau_ms[:, None] * rate[None, :]
    weight = log_step * scaled**exponent * np.exp(-scaled)
    edge = tau_ms * rate[0] * np.exp(-log_step / 2)
    constant = edge**exponent / exponent
    weight = np.column_stack([constant, weight])
    return np.concatenate([[0.0], rate]), weight / weight.sum(axis=1, keepdims=True)


def tier_nodes(side: Side, price: float, brackets: Brackets, assumptions: Assumptions) -> Nodes:
    """Give the path-only book's leverage tiers, with the exchange's maintenance margin and no ageing.

    Args:
        side: Longs and shorts liquidate at slightly different distances.
        price: Quote per base; brackets are chosen by position notional at the liquidation price.
        brackets: The exchange's table, or the generic one.
        assumptions: `tier_leverages` and `typical_position_notional`.
    """
    distances = [
        liquidation_distance(side, price, leverage, assumptions.typical_position_notional, brackets)
        for leverage in assumptions.tier_leverages
    ]
    allowed = np.sort(np.array([d for d in distances if d is not None]))
    count = len(allowed)
    return Nodes(
        distance=allowed,
        cell=np.zeros(count),
        weight=np.full(count, 1 / count),
        decay_rate=np.zeros(1),
        decay_weight=np.ones((count, 1)),
    )
