"""What moves a simulated price from outside: volatility, shocks, jumps and the anchor of its regime.

The first half of the simulator; `market.simulate` lets a crowd of levered positions live in it. Markets become
correlated by sharing conditions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reportgen.units import Floats, Fraction, Milliseconds
from scripts.simulator.worlds import Leg, SimulatorWorld

MINUTE_MS: Milliseconds = 60_000
MINUTES_A_DAY = 1_440
_MINUTES_A_YEAR = 365 * MINUTES_A_DAY


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Conditions:
    """Exogenous conditions, every array of shape (minutes,).

    Attributes:
        start_ms: Time of the first minute. warm_up: minutes before the tape begins.
        shock: Standard normal. jump: log price. calm: log volatility around its mean (variance-corrected).
        volatility: Standard deviation of a minute's log return. busy: activity of the hour and the mood, mean about 1.
        anchor: Log price relative to the start, what price reverts to. pull: part of the gap closed in a minute.
        long_bias: Added to the odds of a long. activity: multiple of arrivals.
    """

    start_ms: Milliseconds
    warm_up: int
    shock: Floats
    jump: Floats
    calm: Floats
    volatility: Floats
    busy: Floats
    anchor: Floats
    pull: Floats
    long_bias: Floats
    activity: Floats

    def __len__(self) -> int:
        """Count the minutes."""
        return len(self.shock)


def half_life_factor(half_life: float) -> float:
    """Return what is left after one step when a half is left after `half_life` steps."""
    return math.exp(-math.log(2) / half_life)


def draw_legs(rng: np.random.Generator, world: SimulatorWorld, days: float) -> tuple[Leg, ...]:
    """Draw regimes one after the other until `days` are covered, each of exponential length around its own."""
    legs: list[Leg] = []
    left = days
    while left > 0:
        leg = world.regimes[int(rng.integers(len(world.regimes)))]
        length = min(left, leg.days * (1 + rng.exponential()) / 2)
        legs.append(
            Leg(
                days=length,
                log_move=leg.log_move * length / leg.days,
                pull_hours=leg.pull_hours,
                volatility=leg.volatility,
                long_bias=leg.long_bias,
                activity=leg.activity,
            )
        )
        left -= length
    return tuple(legs)


def _leg_arrays(legs: Sequence[Leg], minutes: int) -> dict[str, Floats]:
    """Spread the legs over minutes; the last one is stretched where rounding leaves a gap."""
    ends = np.rint(np.cumsum([leg.days for leg in legs]) * MINUTES_A_DAY).astype(np.int64)
    which = np.minimum(np.searchsorted(ends, np.arange(minutes), side="right"), len(legs) - 1)
    length = np.diff(ends, prepend=0)
    slope = np.array([leg.log_move for leg in legs]) / np.maximum(length, 1)
    half_life = np.array([leg.pull_hours for leg in legs]) * 60
    return {
        "anchor": np.cumsum(slope[which]),
        "pull": (1 - np.exp(-math.log(2) / half_life))[which],
        "volatility": np.array([leg.volatility for leg in legs])[which],
        "long_bias": np.array([leg.long_bias for leg in legs])[which],
        "activity": np.array([leg.activity for leg in legs])[which],
    }


def mean_reverting(noise: Floats, half_life: float, sd: float) -> Floats:
    """Run an Ornstein-Uhlenbeck process of standard deviation `sd` on standard normal `noise`, shape (n,)."""
    keep = half_life_factor(half_life)
    kick = sd * math.sqrt(1 - keep * keep)
    out = np.empty_like(noise)
    state = sd * float(noise[0])
    for i, z in enumerate(noise.tolist()):
        state = keep * state + kick * z
        out[i] = state
    return out


def _mixed(own: Floats, common: Floats | None, correlation: Fraction) -> Floats:
    """Correlate standard noise with a common one, keeping its variance."""
    if common is None:
        return own
    return correlation * common + math.sqrt(1 - correlation * correlation) * own


def draw_conditions(
    rng: np.random.Generator,
    world: SimulatorWorld,
    *,
    start_ms: Milliseconds,
    days: float,
    legs: Sequence[Leg] | None = None,
    common: Conditions | None = None,
    correlation: Fraction = 0.0,
) -> Conditions:
    """Draw the conditions of one market.

    Args:
        rng: Seeded generator.
        world: Constants.
        start_ms: When the tape begins; the warm-up lies before it.
        days: Length of the tape.
        legs: Regimes over the tape; the first one also rules the warm-up, without its move. Drawn when None.
        common: Conditions of a leading market with the same times.
        correlation: With that market's shocks, in [0, 1].

    Returns:
        Conditions of (warm-up + tape) minutes.
    """
    warm_up = round(world.warm_up_days * MINUTES_A_DAY)
    minutes = warm_up + round(days * MINUTES_A_DAY)
    chosen = tuple(legs) if legs is not None else draw_legs(rng, world, days)
    first = chosen[0]
    before = Leg(days=world.warm_up_days, pull_hours=first.pull_hours, volatility=first.volatility,
                 long_bias=first.long_bias, activity=first.activity)  # fmt: skip
    by_leg = _leg_arrays((before, *chosen), minutes)
    shock = _mixed(rng.standard_normal(minutes), None if common is None else common.shock, correlation)
    mood = mean_reverting(
        rng.standard_normal(minutes), world.log_volatility_half_life_hours * 60, world.log_volatility_sd
    )
    calm = _mixed(mood, None if common is None else common.calm, correlation)
    jumps = (rng.random(minutes) < world.jumps_per_day / MINUTES_A_DAY) * rng.normal(0, world.jump_sd, minutes)
    jump = jumps if common is None else jumps * (1 - correlation) + common.jump * correlation
    begin_ms = start_ms - warm_up * MINUTE_MS
    hour = (begin_ms // MINUTE_MS + np.arange(minutes)) % MINUTES_A_DAY / 60
    season = 1 + world.day_swing * np.cos(2 * math.pi * (hour - world.busiest_hour) / 24)
    relative = season * np.exp(calm - world.log_volatility_sd**2) * by_leg["volatility"]
    return Conditions(
        start_ms=begin_ms,
        warm_up=warm_up,
        shock=shock,
        jump=jump,
        calm=calm,
        volatility=relative * world.annual_volatility / math.sqrt(_MINUTES_A_YEAR),
        busy=season * np.exp(calm - world.log_volatility_sd**2 / 2),
        anchor=by_leg["anchor"],
        pull=by_leg["pull"],
        long_bias=by_leg["long_bias"] + world.base_long_bias,
        activity=by_leg["activity"],
    )
