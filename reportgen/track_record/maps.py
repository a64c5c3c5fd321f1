"""One maker's maps become a few columns, so that the maps themselves need not be kept.

Swept mass answers "how much"; the two densities answer "where", as far as totals by the hour permit: an hour's
liquidations took place somewhere between that hour's extremes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.market.data import Candles
from reportgen.track_record.result import MapKind
from reportgen.track_record.walk import Reach, Situation, between, reach_after, running
from reportgen.units import DAY_MS, HOUR_MS, Floats, Ints, Milliseconds, Side

UNIFORM: Final = "uniform in reach"
CLIMATOLOGY: Final = "distance climatology"
PLACEBO: Final = "own map of 24 h earlier"
OTHER_TIMES: Final = "own maps of other times"
SHIFTED: Final = "own map, bins shifted"
CONTROLS: Final = (UNIFORM, CLIMATOLOGY, PLACEBO, OTHER_TIMES, SHIFTED)


def controls_of(
    own: dict[Side, Floats], decision_ms: Ints, lead: int, step: float, rng: np.random.Generator, a: Assumptions
) -> Iterator[tuple[str, dict[Side, Floats]]]:
    """Yield each control's name and maps for the decisions after the lead.

    Args:
        own: Per side, shape (lead + m, width), the engine's maps outwards from the price.
        decision_ms: Shape (lead + m,), ascending.
        lead: How many of the first decisions only serve as a past.
        step: Log width of a bin.
        rng: Seeded generator, for other times.
        a: `placebo_hours`, `other_times_hours`, `control_shift`, `zone_scope_fraction`.
    """
    earlier = _rows_before(decision_ms, a.placebo_hours)[lead:]
    other = (rng.random(len(decision_ms)) * (_rows_before(decision_ms, a.other_times_hours) + 1)).astype(np.int64)[
        lead:
    ]
    shift = max(1, round(a.control_shift / step))
    scope = round(-float(np.log1p(-a.zone_scope_fraction)) / step)
    yield UNIFORM, {side: np.ones_like(mass[lead:]) for side, mass in own.items()}
    count = np.maximum(np.arange(len(decision_ms)), 1)[:, None]
    earlier_mean = {side: (np.cumsum(mass, axis=0) - mass) / count for side, mass in own.items()}
    for mean in earlier_mean.values():
        mean[0] = 1.0  # the first has no past
    yield CLIMATOLOGY, {side: mean[lead:] for side, mean in earlier_mean.items()}
    yield PLACEBO, {side: mass[earlier] for side, mass in own.items()}
    yield OTHER_TIMES, {side: mass[other] for side, mass in own.items()}
    yield SHIFTED, {side: _shifted(mass[lead:], shift, scope) for side, mass in own.items()}


def _rows_before(decision_ms: Ints, hours: float) -> Ints:
    """Find for each decision the last one at least so much earlier; the first one where there is none."""
    found = np.searchsorted(decision_ms, decision_ms - int(hours * HOUR_MS), side="right") - 1
    return np.maximum(found, 0)


def _shifted(mass: Floats, bins: int, scope: int) -> Floats:
    """Move each row outwards; what leaves the scope comes back in at the price."""
    moved = mass.copy()
    moved[:, :scope] = np.roll(mass[:, :scope], bins, axis=1)
    return moved


Controls = Literal["path", "path+price", "chart"]

_EXTREME_DAYS = (1, 7, 30)
_RETURN_HOURS = (1, 4, 24, 168)
_VOLATILITY_HOURS = (24, 168)
_TURNS = (1, 2)


def path_features(
    candles: Candles, decision_ms: Ints, horizon_ms: Milliseconds, reach: Reach, side: Side, controls: Controls
) -> Floats:
    """Lay out the features of each decision time, shape (m, features); all finite.

    Args:
        candles: Bars from before the first decision time to the last horizon.
        decision_ms: Shape (m,), closes of bars.
        horizon_ms: How far each outcome looks.
        reach: What price did up to the horizon.
        side: Whose liquidations.
        controls: How much is given.
    """
    at = np.maximum(np.searchsorted(candles.close_time_ms, decision_ms, side="right") - 1, 0)
    end = np.searchsorted(candles.close_time_ms, decision_ms + horizon_ms, side="right") - 1
    price = np.log(reach.price)
    down = side is Side.LONG
    went = price - np.log(reach.low) if down else np.log(reach.high) - price
    other = np.log(reach.high) - price if down else price - np.log(reach.low)
    total = np.concatenate([[0.0], np.cumsum(candles.volume_base * candles.close)])
    volume = total[np.maximum(end, at) + 1] - total[at + 1]  # of the bars up to the horizon, quote currency
    gaps = [_gap(candles, at, days, side) for days in _EXTREME_DAYS]
    columns = [went, other, np.log(candles.close[np.maximum(end, at)]) - price, volume]
    columns += [np.maximum(went - gap, 0.0) for gap in gaps]
    columns += [_volatility(candles, at, hours) for hours in _VOLATILITY_HOURS]
    turn = 2 * np.pi * (decision_ms % DAY_MS) / DAY_MS
    columns += [wave(times * turn) for times in _TURNS for wave in (np.sin, np.cos)]
    if controls != "path":
        columns += [price, decision_ms.astype(np.float64)]
    if controls == "chart":
        bars = [max(1, hours * HOUR_MS // candles.interval_ms) for hours in _RETURN_HOURS]
        columns += gaps + [np.log(candles.close[at] / candles.close[np.maximum(at - back, 0)]) for back in bars]
    return np.column_stack(columns)


def _gap(candles: Candles, at: Ints, days: int, side: Side) -> Floats:
    """Log distance from each close to the extreme of the trailing days, >= 0."""
    bars = max(1, days * DAY_MS // candles.interval_ms)
    if side is Side.LONG:
        extreme = _trailing(candles.low, int(bars), np.minimum)
        return np.asarray(np.log(candles.close[at] / extreme[at]))
    extreme = _trailing(candles.high, int(bars), np.maximum)
    return np.asarray(np.log(extreme[at] / candles.close[at]))


def _trailing(values: Floats, bars: int, pick: np.ufunc) -> Floats:
    """Running extreme over trailing windows by doubling, shape (n,)."""
    result, covered = values.copy(), 1
    while covered < min(bars, len(values)):
        shift = min(covered, bars - covered)
        moved = result.copy()
        moved[shift:] = pick(result[shift:], result[:-shift])
        result, covered = moved, covered + shift
    return result


def _volatility(candles: Candles, at: Ints, hours: int) -> Floats:
    """Mean log range of the bars of the hours before each decision time."""
    bars = max(1, hours * HOUR_MS // candles.interval_ms)
    total = np.concatenate([[0.0], np.cumsum(np.log(candles.high / candles.low))])
    start = np.maximum(at + 1 - bars, 0)
    return np.asarray((total[at + 1] - total[start]) / (at + 1 - start))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """What is left of m maps.

    Attributes:
        name: Of the maker. kind: engine, baseline or control.
        swept: Per side, shape (m,), mass in the prices reached up to the horizon.
        banded: Per side, shape (m, bands), that mass by distance in ATR.
        near_density: Per side, shape (m,), density where price went over density all around; 1 is uniform.
        day_density: Per side, shape (m,), sum over the next 24 h of what was liquidated x the density of the frozen map
            in the ground that the bar was first to reach over its density in all that the day reached.
    """

    name: str
    kind: MapKind
    swept: Mapping[Side, Floats]
    banded: Mapping[Side, Floats]
    near_density: Mapping[Side, Floats]
    day_density: Mapping[Side, Floats]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DayAhead:
    """Which prices each bar of the 24 h after a decision was the first to reach, on one side.

    Levels touched earlier in the day are gone, and what is liquidated there again is none of the frozen map's.

    Attributes:
        near, far: Shape (m, bars), log distances from the price at decision between which the bar broke new ground.
        reached: Shape (m,), the farthest of the day.
        realised: Shape (m, bars), liquidated in the bar, quote currency; 0 where it broke no new ground.
        known: Shape (m,), the day is whole and its liquidations are known.
    """

    near: Floats
    far: Floats
    reached: Floats
    realised: Floats
    known: Floats


def day_ahead(situation: Situation, side: Side) -> DayAhead:
    """Follow the day after each decision."""
    s = situation
    bars = int(DAY_MS // s.horizon_ms)
    step = s.horizon_ms * np.arange(bars)
    moment = (s.decision_ms[:, None] + step).ravel()
    row = np.minimum(np.searchsorted(s.decision_ms, moment), len(s.decision_ms) - 1)
    there = (s.decision_ms[row] == moment).reshape(-1, bars)
    after = reach_after(s.candles, moment, s.horizon_ms)
    low, high = (np.log(x).reshape(-1, bars) for x in (after.low, after.high))
    price = np.log(s.reach.price)[:, None]
    near, far = (price - high, price - low) if side is Side.LONG else (low - price, high - price)
    far = np.maximum(far, 0.0)
    before = np.maximum.accumulate(np.column_stack([np.zeros(len(far)), far[:, :-1]]), axis=1)
    near = np.maximum(near, before)
    realised = s.realised[side][row].reshape(-1, bars)
    known = there.all(axis=1) & after.whole.reshape(-1, bars).all(axis=1) & np.isfinite(realised).all(axis=1)
    return DayAhead(
        near=near, far=far, reached=far.max(axis=1), realised=np.where(far > near, realised, 0.0), known=known * 1.0
    )


def measure(
    name: str,
    kind: MapKind,
    mass: Mapping[Side, Floats],
    step: float,
    situation: Situation,
    ahead: Mapping[Side, DayAhead],
) -> Measured:
    """Reduce one maker's maps to what the scores need.

    Args:
        name: Of the maker.
        kind: Engine, baseline or control.
        mass: Per side, shape (m, width), outwards from the price of each decision.
        step: Log width of a bin.
        situation: What followed.
        ahead: The day after, per side.
    """
    held = {side: running(mass[side]) for side in Side}
    edges = np.array([0.0, *situation.assumptions.skill_distance_edges, np.inf])
    atr = np.nan_to_num(situation.atr / situation.reach.price)  # unknown ATR: no band is reached, and rows are left out
    return Measured(
        name=name,
        kind=kind,
        swept={side: between(held[side], 0 * atr, situation.went(side), step) for side in Side},
        banded={side: _banded(held[side], situation.went(side), atr, edges, step) for side in Side},
        near_density={side: _near_density(held[side], situation, side, step) for side in Side},
        day_density={side: _day_density(held[side], ahead[side], step) for side in Side},
    )


def _banded(held: Floats, went: Floats, atr: Floats, edges: Floats, step: float) -> Floats:
    """Sum the reached mass inside each band, shape (m, bands)."""
    to = [np.minimum(went, np.where(atr > 0, edge, 0.0) * np.maximum(atr, step)) for edge in edges[1:]]
    return np.column_stack([between(held, edge * atr, far, step) for edge, far in zip(edges[:-1], to, strict=True)])


def _near_density(held: Floats, situation: Situation, side: Side, step: float) -> Floats:
    """Divide the density where price went by the density all around."""
    went = situation.went(side)
    reach = situation.assumptions.location_reach_atr * situation.atr / situation.reach.price
    around = np.where(np.isfinite(reach), reach, 0.0)
    return _times(_density(held, 0 * went, went, step), _density(held, 0 * went, around, step))


def _day_density(held: Floats, ahead: DayAhead, step: float) -> Floats:
    """Weigh the densities of the day's bars by what was liquidated in them."""
    whole = _density(held, 0 * ahead.reached, ahead.reached, step)
    total = np.zeros(len(held))
    for bar in range(ahead.far.shape[1]):
        density = _density(held, ahead.near[:, bar], ahead.far[:, bar], step)
        total += np.where(ahead.known > 0, ahead.realised[:, bar], 0.0) * _times(density, whole)
    return total


def _density(held: Floats, near: Floats, far: Floats, step: float) -> Floats:
    width = far - near
    return np.divide(between(held, near, far, step), width, out=np.zeros(len(held)), where=width > 0)


def _times(one: Floats, other: Floats) -> Floats:
    return np.divide(one, other, out=np.zeros(len(one)), where=other > 0)
