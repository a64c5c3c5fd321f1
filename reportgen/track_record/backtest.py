"""One market's honest record: walk forward over its past, score every map beside its controls, and say what it means.

    MarketData -> decisions -> maps frozen at each -> columns -> scores -> Backtest

A map at t uses the bars closed by t. Everything a map is scaled with or held against comes from before t.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, get_args

import numpy as np

from reportgen.assumptions import Assumptions
from reportgen.errors import DataError
from reportgen.liquidation.heatmap import DEFAULT_ENGINE, Engine, maps_at
from reportgen.liquidation.margin import Brackets, brackets_of
from reportgen.market.data import Candles, MarketData, OpenInterest
from reportgen.track_record.calibrated import calibrated_scores
from reportgen.track_record.controls import CONTROLS, controls_of
from reportgen.track_record.dollars import dollar_scores
from reportgen.track_record.frozen import FrozenMaps, decision_times
from reportgen.track_record.measure import DayAhead, Measured, day_ahead, measure
from reportgen.track_record.outward import outward
from reportgen.track_record.reactions import judged_zones, reaction_score
from reportgen.track_record.result import Backtest, DistanceSkill, DollarScore, MapKind, MapScore, Verdict
from reportgen.track_record.situation import Fresh, Situation, situation_of
from reportgen.track_record.skill import distance_skill, known_rows, location_scores, rank_scores, worth_in_days
from reportgen.track_record.verdict import judge_map
from reportgen.units import DAY_MS, HOUR_MS, Floats, Ints, Maybe, Milliseconds, Missing, Side

BASELINES: Final = ("path-only", "constant-nodes")
"""Engines that stand beside the others to be beaten: they know no open interest and no volume."""

NEED_OPEN_INTEREST: Final = ("conservation",)
"""Engines that are left out, with a note, where open interest begins after the first decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a backtest is to find out.

    Attributes:
        from_ms: First decision, None for the first after the warm-up. until_ms: last, None for the end of the data.
        engines: Names, the one the verdict speaks of first; empty for all, the default first.
        provenance: sha256 of each input file by its name. notes: from reading the data.
        assumptions: All constants. fresh: gives a generator that starts anew from one seed.
    """

    from_ms: Milliseconds | None
    until_ms: Milliseconds | None
    engines: tuple[Engine, ...]
    provenance: Mapping[str, str]
    notes: tuple[str, ...]
    assumptions: Assumptions
    fresh: Fresh


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scored:
    """What came out of the maps of one market."""

    situation: Situation
    map_scores: tuple[MapScore, ...]
    by_distance: Maybe[tuple[DistanceSkill, ...]]
    measured: tuple[Measured, ...]
    unscored: tuple[str, ...]
    observations: int
    effective: float


def engines_of(question: Question) -> tuple[Engine, ...]:
    """List the engines to score, the one the verdict speaks of first."""
    if question.engines:
        return question.engines
    return (DEFAULT_ENGINE, *(name for name in get_args(Engine) if name != DEFAULT_ENGINE))


def backtest(market: MarketData, question: Question) -> Backtest:
    """Score one market.

    Args:
        market: All that is known of it.
        question: Window, engines, constants.

    Raises:
        DataError: There are no candles, or no decision in the window has a warm-up before and a bar after it.
    """
    if isinstance(market.candles, Missing):
        raise DataError(f"{market.symbol} cannot be scored. {market.candles.reason}")
    venue, candles = next(iter(market.candles.items()))
    brackets = brackets_of(market, question.assumptions)
    horizon = horizon_of(market, candles)
    window = window_of(market.symbol, candles, question, horizon)
    scored = _score_maps(market, candles, brackets, question, window, horizon)
    daily = decision_times(candles, window[0], window[1], DAY_MS)
    judged, elsewhere = judged_zones(
        candles, brackets, daily, question.assumptions, question.fresh, market.leading_open_interest
    )
    engines = [one for one in engines_of(question) if isinstance(scored, Missing) or one not in scored.unscored]
    verdict, why = _verdict(scored, engines[0], question.assumptions)
    return Backtest(
        symbol=market.symbol,
        venue=venue,
        simulated=market.simulated,
        liquidation_venues=() if isinstance(market.liquidations, Missing) else market.liquidations.venues,
        provenance=question.provenance,
        from_ms=window[0] if isinstance(scored, Missing) else int(scored.situation.decision_ms[0]),
        until_ms=window[1] if isinstance(scored, Missing) else int(scored.situation.decision_ms[-1]),
        interval_ms=candles.interval_ms,
        horizon_ms=horizon,
        warm_up_days=question.assumptions.backtest_warm_up_days,
        engines=tuple(name for name in engines if name not in BASELINES),
        baselines=tuple(name for name in engines if name in BASELINES),
        control_names=CONTROLS,
        observations=0 if isinstance(scored, Missing) else scored.observations,
        days=0 if isinstance(scored, Missing) else len(np.unique(scored.situation.day)),
        effective=0.0 if isinstance(scored, Missing) else scored.effective,
        map_scores=() if isinstance(scored, Missing) else scored.map_scores,
        skill_by_distance=scored if isinstance(scored, Missing) else scored.by_distance,
        dollars=scored if isinstance(scored, Missing) else _dollars(market, scored, window[1], question),
        reactions=reaction_score(judged, elsewhere, question.assumptions, question.fresh),
        verdict=verdict,
        why=why,
        notes=(*question.notes, *_notes(market, scored)),
    )


def _dollars(
    market: MarketData, scored: _Scored, until_ms: Milliseconds, question: Question
) -> Maybe[tuple[DollarScore, ...]]:
    """Score the dollars that a brief would have shown, where a calibration can be made, then each map's own scale."""
    scaled = dollar_scores(scored.measured, scored.situation)
    fitted = calibrated_scores(market, until_ms, question.assumptions, question.fresh)
    if isinstance(scaled, Missing):
        return fitted if not isinstance(fitted, Missing) else scaled
    return scaled if isinstance(fitted, Missing) else (*fitted, *scaled)


def horizon_of(market: MarketData, candles: Candles) -> Milliseconds:
    """Look one bar ahead: the coarser of candles and liquidations, an hour at least."""
    told = market.liquidations
    return max(candles.interval_ms, HOUR_MS, 0 if isinstance(told, Missing) else told.interval_ms)


def window_of(
    symbol: str, candles: Candles, question: Question, horizon_ms: Milliseconds
) -> tuple[Milliseconds, Milliseconds]:
    """Find the first and the last decision time that can be scored.

    Raises:
        DataError: There is none; the message says why.
    """
    begins, ends = int(candles.open_time_ms[0]), int(candles.close_time_ms[-1])
    warm = begins + int(question.assumptions.backtest_warm_up_days * DAY_MS)
    start = warm if question.from_ms is None else max(warm, question.from_ms)
    until = ends if question.until_ms is None else min(ends, question.until_ms)
    if question.from_ms is not None and question.from_ms >= ends:
        raise DataError(f"{symbol} has no bars after --from: its candles end on {_day(ends)}. Choose an earlier one.")
    if question.until_ms is not None and question.until_ms <= begins:
        raise DataError(f"{symbol} has no bars before --until: they begin on {_day(begins)}. Choose a later one.")
    times = decision_times(candles, start, until - horizon_ms, horizon_ms)
    if len(times) * horizon_ms < 2 * DAY_MS:
        raise DataError(
            f"{symbol} is too short to score: its candles run from {_day(begins)} to {_day(ends)}, the first "
            f"{question.assumptions.backtest_warm_up_days:g} days warm the map up, and two more are the least."
        )
    return int(times[0]), int(times[-1])


def _score_maps(
    market: MarketData,
    candles: Candles,
    brackets: Brackets,
    question: Question,
    window: tuple[Milliseconds, Milliseconds],
    horizon: Milliseconds,
) -> Maybe[_Scored]:
    """Freeze every engine's maps at each decision with a known outcome, and score them."""
    a = question.assumptions
    asked = decision_times(candles, *window, horizon)
    whole = situation_of(market, candles, asked, horizon, a, question.fresh)
    outcome = _outcome(whole)
    usable = np.flatnonzero(known_rows(whole, outcome[Side.LONG]) & known_rows(whole, outcome[Side.SHORT]))
    if len(usable) * horizon < 2 * DAY_MS:
        return Missing("Neither liquidations nor open interest are known for two days of this window.")
    first, last = int(asked[usable[0]]), int(asked[usable[-1]])
    decisions = decision_times(candles, first - int(a.backtest_lead_days * DAY_MS), last, horizon)
    lead = int(np.searchsorted(decisions, first))
    situation = situation_of(market, candles, decisions[lead:], horizon, a, question.fresh)
    interest = _open_interest(market)
    engines = tuple(name for name in engines_of(question) if name not in NEED_OPEN_INTEREST or _began(interest, first))
    if not engines:
        raise DataError(f"{market.symbol}: {question.engines[0]} needs open interest from before {_day(first)}.")
    measured, by_distance = _measure_all(candles, brackets, interest, engines, question, decisions, situation)
    outcome = _outcome(situation)
    if situation.has_liquidations:
        scores = rank_scores(measured, situation, outcome, "liquidation rank")
        scores += location_scores(measured, situation, _ahead(situation))
    else:
        scores = ()
    fall = dict.fromkeys(Side, situation.fall)
    if known_rows(situation, situation.fall).sum() >= a.skill_least_rows:
        scores += rank_scores(measured, situation, fall, "open interest rank")
    return _Scored(
        situation=situation,
        map_scores=scores,
        by_distance=by_distance,
        measured=measured,
        unscored=tuple(name for name in engines_of(question) if name not in engines),
        observations=int(known_rows(situation, outcome[Side.LONG]).sum()),
        effective=worth_in_days(measured[0], situation, outcome),
    )


def _measure_all(
    candles: Candles,
    brackets: Brackets,
    interest: Maybe[OpenInterest],
    engines: tuple[Engine, ...],
    question: Question,
    decisions: Ints,
    situation: Situation,
) -> tuple[tuple[Measured, ...], Maybe[tuple[DistanceSkill, ...]]]:
    """Reduce each engine's maps, and the first engine's controls, to columns; the maps are let go one by one."""
    a = question.assumptions
    ahead = _ahead(situation)
    lead = len(decisions) - len(situation.decision_ms)
    price = candles.close[np.searchsorted(candles.close_time_ms, decisions, side="right") - 1]
    farthest = max(float(max(ahead[side].reached.max(), situation.went(side).max())) for side in Side)
    found: list[Measured] = []
    held: list[Measured] = []
    for name in engines:
        grid, mass = maps_at(candles, brackets, decisions, a, name, open_interest=interest)
        maps = FrozenMaps(grid=grid, decision_ms=decisions, mass=mass)
        width = int(max(farthest, -float(np.log1p(-a.zone_scope_fraction))) / grid.step) + 2
        own = {side: outward(maps, price, side, width) for side in Side}
        kind: MapKind = "baseline" if name in BASELINES else "engine"
        found.append(measure(name, kind, {s: own[s][lead:] for s in Side}, grid.step, situation, ahead))
        if not held:
            controls = controls_of(own, decisions, lead, grid.step, question.fresh(), a)
            held = [measure(one, "control", rows, grid.step, situation, ahead) for one, rows in controls]
    measured = (*found, *held)
    if not situation.has_liquidations:
        return measured, Missing("No liquidations are known, so there is no skill by distance.")
    return measured, distance_skill(measured, situation)


def _open_interest(market: MarketData) -> Maybe[OpenInterest]:
    """Take the primary venue's, else the first there is."""
    told = market.open_interest
    return told if isinstance(told, Missing) else next(iter(told.values()), Missing("No venue has open interest."))


def _began(interest: Maybe[OpenInterest], by_ms: Milliseconds) -> bool:
    """Tell whether open interest is known by a moment."""
    return not isinstance(interest, Missing) and len(interest.time_ms) > 0 and int(interest.time_ms[0]) <= by_ms


def _ahead(situation: Situation) -> Mapping[Side, DayAhead]:
    return {side: day_ahead(situation, side) for side in Side}


def _outcome(situation: Situation) -> Mapping[Side, Floats]:
    """Take liquidations, and the fall of open interest where there are none."""
    return situation.realised if situation.has_liquidations else dict.fromkeys(Side, situation.fall)


def _verdict(scored: Maybe[_Scored], engine: str, a: Assumptions) -> tuple[Verdict, str]:
    if isinstance(scored, Missing):
        return "insufficient evidence", scored.reason
    return judge_map(scored.map_scores, engine, scored.effective, a)


def _notes(market: MarketData, scored: Maybe[_Scored]) -> Iterator[str]:
    """Say what the reader must know beside the numbers."""
    if isinstance(scored, Missing):
        yield scored.reason
    else:
        if not scored.situation.has_liquidations:
            why = market.liquidations.reason if isinstance(market.liquidations, Missing) else "None lie in this window."
            yield f"Only falls of open interest could be scored, which is weak evidence. {why}"
        for name in scored.unscored:
            yield f"The {name} engine was not scored: open interest is not known from the first decision on."
    if not isinstance(market.liquidations, Missing):
        yield "Liquidation feeds are lower bounds: what they do not show may still have happened."
    if market.simulated:
        yield "Simulated data: it shares the estimator's mechanism, so a good score proves the code, not the market."


def _day(milliseconds: Milliseconds) -> str:
    return str(np.datetime64(milliseconds, "ms").astype("datetime64[D]"))
