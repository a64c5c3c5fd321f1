"""Zones found at past decisions with the product's own functions, and what became of them beside what was expected."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from reportgen.brief.types import Interval
from reportgen.config.assumptions import Assumptions
from reportgen.guide.positioning import Positioning
from reportgen.guide.reactions import Outcome, distance_shares
from reportgen.guide.zones.finding import find_zones
from reportgen.liquidation.cone import cone_touch_rates
from reportgen.liquidation.map import NOT_GIVEN, build_map
from reportgen.liquidation.margin import Brackets
from reportgen.market.data import Candles, OpenInterest
from reportgen.track_record.result import EventSplit, OutcomeBand, ReactionScore, SplitVerdict
from reportgen.track_record.score import RankScores, day_counts, day_sums, drawn_days, interval, ratio_scores
from reportgen.track_record.walk import Fresh, day_ranges
from reportgen.units import DAY_MS, HOUR_MS, Bools, Floats, Ints, Maybe, Milliseconds, Missing, Price, Where

Unscored = Literal["censored", "not_an_event"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of one zone.

    Attributes:
        outcome: One of four, or why it cannot be scored: bars missing up to the horizon (censored), or price in the
            zone or beyond it at the decision.
        timeout: True when a tap was decided by the last close only.
    """

    outcome: Outcome | Unscored
    timeout: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneAt:
    """A zone as it stood at a decision.

    Attributes:
        where: Above or below the price. low, high: its edges.
        price: At the decision. atr: a day's typical range then, price.
        decision_ms: When.
    """

    where: Where
    low: Price
    high: Price
    price: Price
    atr: Price
    decision_ms: Milliseconds

    @property
    def distance_atr(self) -> float:
        """Distance from the price to the near edge, ATR; below 0 inside or beyond."""
        near = self.low - self.price if self.where == "above" else self.price - self.high
        return near / self.atr


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _BarsAfter:
    """Bars after the decision, the zone above the price: shape (n,) each."""

    high: Floats
    low: Floats
    close: Floats


def judge(zone: ZoneAt, candles: Candles, horizon_ms: Milliseconds, assumptions: Assumptions) -> Fate:
    """Say what became of a zone.

    Args:
        zone: As it stood.
        candles: Bars that may reach beyond the horizon on both ends.
        horizon_ms: How long is looked, whole bars.
        assumptions: `reaction_near_atr`, `reaction_reversal_atr`, `reaction_extension_atr`.
    """
    if zone.distance_atr <= 0:
        return Fate(outcome="not_an_event")
    first = int(np.searchsorted(candles.open_time_ms, zone.decision_ms))
    last = int(np.searchsorted(candles.close_time_ms, zone.decision_ms + horizon_ms, side="right"))
    if last - first != horizon_ms // candles.interval_ms or last <= first:
        return Fate(outcome="censored")
    after = candles.part(slice(first, last))
    if zone.where == "above":
        bars = _BarsAfter(high=after.high, low=after.low, close=after.close)
        return _judge_above(bars, zone.low, zone.high, zone.atr, assumptions)
    mirrored = _BarsAfter(high=-after.low, low=-after.high, close=-after.close)
    return _judge_above(mirrored, -zone.high, -zone.low, zone.atr, assumptions)


def _judge_above(bars: _BarsAfter, low: Price, high: Price, atr: Price, a: Assumptions) -> Fate:
    """Judge a zone above the price."""
    tap = _first(bars.high >= low)
    if tap == len(bars.high):
        before = np.maximum.accumulate(bars.high)[:-1]
        near = before >= low - a.reaction_near_atr * atr
        turned = near & (bars.low[1:] <= before - a.reaction_reversal_atr * atr)
        return Fate(outcome="front_run" if turned.any() else "ignore")
    back = low - a.reaction_reversal_atr * atr
    reversal = np.concatenate([bars.close[tap : tap + 1], bars.low[tap + 1 :]]) <= back
    through = bars.close[tap:] >= high + a.reaction_extension_atr * atr
    if through.any() or reversal.any():
        return Fate(outcome="continue" if _first(through) <= _first(reversal) else "reject")
    return Fate(outcome="continue" if bars.close[-1] >= (low + high) / 2 else "reject", timeout=True)


def _first(true: Bools) -> int:
    """Give the first true place, the length when there is none."""
    return int(np.argmax(true)) if true.any() else len(true)


OUTCOMES: Final[tuple[Outcome, ...]] = ("reject", "continue", "front_run", "ignore")
"""The order of every share below."""


def walk_forward_shares(prior: Floats, counted: Floats, prior_zones: float) -> Floats:
    """Blend base rates with outcomes so far: the mean of a Dirichlet posterior.

    Args:
        prior: Shape (..., 4), shares that sum to 1.
        counted: Shape (..., 4), how often each outcome came so far.
        prior_zones: How many zones the prior counts for, > 0.

    Returns:
        Shares that sum to 1, shape (..., 4).
    """
    total = counted.sum(axis=-1, keepdims=True)
    return np.asarray((prior * prior_zones + counted) / (prior_zones + total))


def base_rates(assumptions: Assumptions) -> Floats:
    """Give the distance model's shares in the middle of each band, the open one at its start; shape (bands, 4)."""
    edges = np.array([0.0, *assumptions.reaction_distance_edges])
    middles = [*((edges[1:] + edges[:-1]) / 2).tolist(), float(edges[-1])]
    return _shares([(middle, assumptions.touch_rate) for middle in middles], assumptions)


def _shares(at: Iterable[tuple[float, float]], a: Assumptions) -> Floats:
    """Give the shares that a brief shows at each distance and touch rate, in the horizon it is judged by; (n, 4)."""
    rows = [distance_shares(far, a.reaction_horizon_hours, replace(a, touch_rate=rate)) for far, rate in at]
    return np.array([[row.of(name) for name in OUTCOMES] for row in rows if not isinstance(row, Missing)])


def band_of(distance_atr: float, assumptions: Assumptions) -> int:
    """Give the row of the table for a distance."""
    return bisect_right(assumptions.reaction_distance_edges, distance_atr)


def foretell(outcome: Ints, band: Ints, known: Ints, assumptions: Assumptions) -> tuple[Floats, Floats]:
    """Give each zone its probabilities from what had happened by then, and the climatology's.

    Args:
        outcome: Shape (n,), place in OUTCOMES, in order of decision.
        band: Shape (n,), row of the distance table.
        known: Shape (n,), how many of the first outcomes had happened by each zone's decision.
        assumptions: Base rates, `reaction_prior_zones`, `climatology_prior_zones`.

    Returns:
        Shape (n, 4) each: by distance, and whatever the distance.
    """
    prior = base_rates(assumptions)
    came = np.zeros((len(outcome) + 1, len(prior), len(OUTCOMES)))
    came[1 + np.arange(len(outcome)), band, outcome] = 1.0
    so_far = np.cumsum(came, axis=0)[known]
    by_distance = walk_forward_shares(prior, so_far, assumptions.reaction_prior_zones)
    anywhere = walk_forward_shares(prior.mean(axis=0), so_far.sum(axis=1), assumptions.climatology_prior_zones)
    return by_distance[np.arange(len(outcome)), band], anywhere


_NOT_READ = Missing("A backtest of reactions uses the map alone.")
_NOTHING_READ = Positioning(open_interest=_NOT_READ, funding=_NOT_READ, crowded_side=None, crowded_because="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A zone and its fate, and how fast the share of levels touched fell with distance then (`cone_touch_rates`)."""

    zone: ZoneAt
    fate: Fate
    touch_rate: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZoneSample:
    """Scored zones in order of decision, shape (n,) each: the outcome's place in OUTCOMES, the band, the day.

    `shown`, `climatology` and `learned` have shape (n, 4): the shares that a brief shows, those of earlier zones
    whatever the distance, and those of earlier zones as far away.
    """

    judged: tuple[Judged, ...]
    outcome: Ints
    band: Ints
    day: Ints
    shown: Floats
    climatology: Floats
    learned: Floats


def judged_zones(
    candles: Candles,
    brackets: Brackets,
    decision_ms: Ints,
    assumptions: Assumptions,
    fresh: Fresh,
    open_interest: Maybe[OpenInterest] = NOT_GIVEN,
) -> tuple[tuple[Judged, ...], tuple[Judged, ...]]:
    """Find zones at each decision from the bars closed by then, and judge them by the bars after.

    Args:
        candles: Of the primary venue.
        brackets: Of the venue.
        decision_ms: Shape (m,), closes of bars, ascending.
        assumptions: All constants.
        fresh: Gives the generator that the zone finder wants.
        open_interest: Whose marks make the path finer; each map reads those of its own bars.

    Returns:
        The zones, and the same mirrored to the other side of the price where the map shows none.
    """
    horizon = int(assumptions.reaction_horizon_hours * HOUR_MS)
    real: list[Judged] = []
    elsewhere: list[Judged] = []
    atrs = day_ranges(candles, decision_ms, assumptions)
    known_bars = np.searchsorted(candles.close_time_ms, decision_ms, side="right")
    usual = atrs / candles.close[known_bars - 1]
    rates = cone_touch_rates(candles, known_bars, assumptions.reaction_horizon_hours, usual, assumptions)
    for moment, atr, rate in zip(decision_ms.tolist(), atrs.tolist(), rates.tolist(), strict=True):
        if not math.isfinite(atr):
            continue
        known = candles.first(int(np.searchsorted(candles.close_time_ms, moment, side="right")))
        zones = _zones_at(known, brackets, atr, assumptions, fresh(), open_interest)
        mirrored = [
            replace(
                zone,
                where="below" if zone.where == "above" else "above",
                low=2 * zone.price - zone.high,
                high=2 * zone.price - zone.low,
            )
            for zone in zones
        ]
        free = [one for one in mirrored if not any(one.low <= z.high and z.low <= one.high for z in zones)]
        for found, to in ((zones, real), (free, elsewhere)):
            to += [Judged(zone=z, fate=judge(z, candles, horizon, assumptions), touch_rate=rate) for z in found]
    return tuple(real), tuple(elsewhere)


def reaction_score(
    judged: Sequence[Judged], elsewhere: Sequence[Judged], assumptions: Assumptions, fresh: Fresh
) -> Maybe[ReactionScore]:
    """Score the probabilities against climatology and against the distance table.

    Returns:
        The scores, or why there are none: no zone could be judged.
    """
    sample = scored_zones(judged, assumptions)
    if isinstance(sample, Missing):
        return sample
    scored = sample.judged
    brier = _skill(brier_loss, sample, assumptions, fresh)
    rows = np.arange(len(scored))
    log = _skill(lambda shares, outcome: np.asarray(-np.log(shares[rows, outcome])), sample, assumptions, fresh)
    # Count outcomes by distance beside the mean of what was expected.
    edges = (0.0, *assumptions.reaction_distance_edges, None)
    bands = []
    for band, (start, end) in enumerate(pairwise(edges)):
        here = np.flatnonzero(sample.band == band)
        if start is None or not len(here):
            continue
        came = np.bincount(sample.outcome[here], minlength=len(OUTCOMES)).tolist()
        expected = sample.shown[here].mean(axis=0).tolist()
        bands.append(
            OutcomeBand(
                from_atr=start, to_atr=end, zones=len(here),
                reject=came[0], proceed=came[1], front_run=came[2], ignore=came[3],
                expected_reject=expected[0], expected_proceed=expected[1],
                expected_front_run=expected[2], expected_ignore=expected[3],
                timeout=sum(sample.judged[row].fate.timeout for row in here.tolist()),
            )
        )  # fmt: skip
    return ReactionScore(
        zones=len(scored),
        censored=sum(one.fate.outcome == "censored" for one in judged),
        not_events=sum(one.fate.outcome == "not_an_event" for one in judged),
        brier_skill=brier[0],
        log_skill=log[0],
        brier_skill_distance_only=brier[1],
        log_skill_distance_only=log[1],
        reject_given_tap=_reject_given_tap(scored, assumptions, fresh),
        reject_given_tap_elsewhere=_reject_given_tap(elsewhere, assumptions, fresh),
        bands=tuple(bands),
        independent=len({(one.zone.decision_ms, one.zone.where) for one in scored}),
    )


def _zones_at(
    known: Candles,
    brackets: Brackets,
    atr: float,
    a: Assumptions,
    rng: np.random.Generator,
    open_interest: Maybe[OpenInterest],
) -> list[ZoneAt]:
    """Find the zones that the brief of that moment would have shown; their draws, which move no edge, are spared."""
    moment = int(known.close_time_ms[-1])
    columns = moment - known.interval_ms * np.arange(1, -1, -1, dtype=np.int64)
    estimate = build_map(known, brackets, columns, a, open_interest=open_interest, history=False)
    found = find_zones(
        estimate, _NOT_READ, _NOTHING_READ, atr=atr, horizon_hours=a.reaction_horizon_hours,
        rng=rng, assumptions=replace(a, draws=1),
    )  # fmt: skip
    return [
        ZoneAt(where=z.side, low=z.low, high=z.high, price=estimate.price, atr=atr, decision_ms=moment)
        for z in found.zones
    ]


def scored_zones(judged: Sequence[Judged], a: Assumptions) -> Maybe[ZoneSample]:
    """Lay out the zones that have an outcome with what was expected of each before, or say that there are none."""
    scored = tuple(one for one in judged if one.fate.outcome in OUTCOMES)
    if not scored:
        return Missing("No dense zone stood at any decision with a whole horizon after it.")
    horizon = int(a.reaction_horizon_hours * HOUR_MS)
    moment = np.array([one.zone.decision_ms for one in scored], dtype=np.int64)
    outcome = np.array([OUTCOMES.index(one.fate.outcome) for one in scored], dtype=np.int64)
    band = np.array([band_of(one.zone.distance_atr, a) for one in scored], dtype=np.int64)
    known = np.searchsorted(moment, moment - horizon, side="right")
    learned, climatology = foretell(outcome, band, known, a)
    shown = _shares([(one.zone.distance_atr, one.touch_rate) for one in scored], a)
    return ZoneSample(
        judged=scored, outcome=outcome, band=band, day=moment // DAY_MS,
        shown=shown, climatology=climatology, learned=learned,
    )  # fmt: skip


def brier_loss(shares: Floats, outcome: Ints) -> Floats:
    """Give the Brier score of each row: squared distance of the shares from what came; shape (n,)."""
    return np.asarray(((shares - np.eye(len(OUTCOMES))[outcome]) ** 2).sum(axis=1))


def _skill(
    loss: Callable[[Floats, Ints], Floats], sample: ZoneSample, a: Assumptions, fresh: Fresh
) -> tuple[Maybe[Interval], Maybe[Interval]]:
    """Give 1 - loss / loss of climatology, and the same of the shares learned by distance."""
    own = loss(sample.shown, sample.outcome)
    below = [loss(shares, sample.outcome) for shares in (sample.climatology, sample.learned)]
    whole = np.column_stack(below)
    scores = ratio_scores(whole - own[:, None], whole, sample.day, drawn=drawn_days(a.backtest_draws, fresh))
    flat = "The control never errs here."
    return interval(scores.estimate(0), flat), interval(scores.estimate(1), flat)


def _reject_given_tap(judged: Sequence[Judged], a: Assumptions, fresh: Fresh) -> Maybe[Interval]:
    """Give the share rejected of the zones that were tapped."""
    tapped = [one for one in judged if one.fate.outcome in OUTCOMES[:2]]
    if not tapped:
        return Missing("No zone was tapped.")
    rejected = np.array([[one.fate.outcome == "reject"] for one in tapped], dtype=np.float64)
    day = np.array([one.zone.decision_ms // DAY_MS for one in tapped], dtype=np.int64)
    scores = ratio_scores(rejected, np.ones(len(tapped)), day, drawn=drawn_days(a.backtest_draws, fresh))
    return interval(scores.estimate(0), "No zone was tapped.")


NO_EVENTS: Final = Missing("No events were handed to this backtest.")
_TAPPED: Final = OUTCOMES[:2]


def split_by_events(
    judged: Sequence[Judged], events: Maybe[Sequence[Milliseconds]], assumptions: Assumptions, fresh: Fresh
) -> Maybe[EventSplit]:
    """Compare zones with an event inside their horizon with those without.

    Args:
        judged: Zones and their fates, in order of decision.
        events: Moments of the events, ascending, or why there are none.
        assumptions: Horizon, draws, and how many zones and days a claim needs.
        fresh: Gives a generator that starts anew.

    Returns:
        The comparison, or why there is none.
    """
    if isinstance(events, Missing):
        return events
    sample = scored_zones(judged, assumptions)
    if isinstance(sample, Missing):
        return sample
    a, scored, outcome = assumptions, sample.judged, sample.outcome
    horizon = int(a.reaction_horizon_hours * HOUR_MS)
    moment = np.array([one.zone.decision_ms for one in scored], dtype=np.int64)
    when = np.array(sorted(events), dtype=np.int64)
    inside = np.searchsorted(when, moment + horizon, side="right") > np.searchsorted(when, moment, side="left")
    first_after = np.searchsorted(moment, when - horizon, side="left")
    last_before = np.searchsorted(moment, when, side="right")  # between them lie the decisions an event came after
    tapped = outcome < len(_TAPPED)
    surprise = tapped - sample.shown[:, : len(_TAPPED)].sum(axis=1)
    day = moment // DAY_MS
    everything = np.ones(len(scored), dtype=np.bool_)
    taps = _difference(surprise, everything, inside, day, a, fresh)
    rejects = _difference((outcome == 0).astype(np.float64), tapped, inside, day, a, fresh)
    near_days, away_days = len(np.unique(day[inside])), len(np.unique(day[~inside]))
    verdict, why = _verdict(taps, rejects, (int(inside.sum()), int((~inside).sum())), (near_days, away_days), a)
    return EventSplit(
        events=int((first_after < last_before).sum()),
        zones_near=int(inside.sum()),
        zones_away=int((~inside).sum()),
        days_near=near_days,
        days_away=away_days,
        tapped_near=_mean(tapped.astype(np.float64), inside),
        tapped_away=_mean(tapped.astype(np.float64), ~inside),
        taps_beyond_distance=taps,
        reject_given_tap=rejects,
        verdict=verdict,
        why=why,
    )


def _mean(values: Floats, rows: Bools) -> Maybe[float]:
    return float(values[rows].mean()) if rows.any() else Missing("No zone stands on this side of the split.")


def _difference(values: Floats, rows: Bools, inside: Bools, day: Ints, a: Assumptions, fresh: Fresh) -> Maybe[Interval]:
    """Give the mean near events minus the mean away from them, with its interval from resampled days.

    Days are drawn as they are, each with its zones near and away, so that what hangs together stays together.
    """
    columns = [values * (rows & inside), rows & inside, values * (rows & ~inside), rows & ~inside]
    sums = day_sums(np.column_stack(columns).astype(np.float64), day)
    counts = day_counts(len(sums), a.backtest_draws, fresh())
    scores = RankScores(
        value=_minus(sums.sum(axis=0)[None])[0], drawn=_minus(counts @ sums), days=len(sums), observations=len(values)
    )
    found: Interval = scores.estimate(0)
    return interval(found, "Zones stand on one side of the split only.")


def _minus(sums: Floats) -> Floats:
    """Take mean near minus mean away from sums and counts; shape (draws, 1), NaN where a side is empty."""
    near, far = (
        np.divide(sums[:, at], sums[:, at + 1], out=np.full(len(sums), np.nan), where=sums[:, at + 1] > 0)
        for at in (0, 2)
    )
    return np.asarray((near - far)[:, None])


def _verdict(
    taps: Maybe[Interval],
    rejects: Maybe[Interval],
    zones: tuple[int, int],
    days: tuple[int, int],
    a: Assumptions,
) -> tuple[SplitVerdict, str]:
    """Say what may be claimed: a difference needs enough zones and days on both sides and an interval without zero."""
    if min(zones) < a.event_least_zones or min(days) < a.event_least_days:
        return "insufficient evidence", (
            f"{zones[0]} zones on {days[0]} days had an event in their horizon and {zones[1]} on {days[1]} days had "
            f"none; a claim needs {a.event_least_zones} zones on {a.event_least_days} days on both sides."
        )
    told = {"taps beyond what distance says": taps, "rejections of zones tapped": rejects}
    apart = {name: one for name, one in told.items() if not isinstance(one, Missing) and not one.low <= 0 <= one.high}
    if apart:
        return "different near events", f"Near minus away: {'; '.join(_text(n, one) for n, one in apart.items())}."
    known = {name: one for name, one in told.items() if not isinstance(one, Missing)}
    return "not distinguishable", f"Near minus away: {'; '.join(_text(n, one) for n, one in known.items())}."


def _text(name: str, one: Interval) -> str:
    return f"{name} {one.value:+.3f} [{one.low:+.3f}, {one.high:+.3f}]"
