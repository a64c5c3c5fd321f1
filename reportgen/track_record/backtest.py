"""Several markets as one record: scores are means over markets, and a resampled day is the same day in all of them.

What markets share in a day, such as a crash, stays together, so that four coins of one day are not four days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reportgen import notation
from reportgen.config.assumptions import Assumptions
from reportgen.errors import DataError
from reportgen.liquidation.map import CONSERVATION, CONSTANT_NODES, ENGINES, PATH_ONLY, Engine, NodeEngine, maps_at
from reportgen.liquidation.margin import Brackets, brackets_of
from reportgen.liquidation.path import cut_by_marks
from reportgen.market.data import Candles, MarketData, OpenInterest
from reportgen.track_record.dollars import CalibratedDollars, calibrated_dollars, dollar_scores
from reportgen.track_record.maps import CONTROLS, Measured, controls_of, day_ahead, measure
from reportgen.track_record.reliability import Forecasts, cone_forecasts, outcome_forecasts, reliabilities
from reportgen.track_record.result import (
    Backtest,
    DistanceSkill,
    DollarScore,
    MapKind,
    MapScore,
    Metric,
    PooledMarket,
    Verdict,
)
from reportgen.track_record.score import (
    Scene,
    distance_skill,
    drawn_days,
    known_rows,
    location_scores,
    rank_scores,
    worth_in_days,
)
from reportgen.track_record.verdict import JUDGED_GIVEN, judge_map
from reportgen.track_record.walk import Fresh, FrozenMaps, Situation, decision_times, outward, situation_of
from reportgen.track_record.zones import NO_EVENTS, Judged, judged_zones, reaction_score, scored_zones, split_by_events
from reportgen.units import DAY_MS, HOUR_MS, Floats, Ints, Maybe, Milliseconds, Missing, Side

BASELINES: Final = (PATH_ONLY.name, CONSTANT_NODES.name)
"""Engines that stand beside the others to be beaten: they know no open interest and no volume."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestQuestion:
    """What a backtest is to find out.

    Attributes:
        from_ms: First decision, None for the first after the warm-up. until_ms: last, None for the end of the data.
        engines: The one the verdict speaks of first; empty for all, the default first.
        provenance: sha256 of each input file by its name. notes: from reading the data.
        assumptions: All constants. fresh: gives a generator that starts anew from one seed.
        events: moments of scheduled events that matter, to split the zones' outcomes by, or why there are none.
    """

    from_ms: Milliseconds | None
    until_ms: Milliseconds | None
    engines: tuple[Engine, ...]
    provenance: Mapping[str, str]
    notes: tuple[str, ...]
    assumptions: Assumptions
    fresh: Fresh
    events: Maybe[tuple[Milliseconds, ...]] = NO_EVENTS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """What came out of the maps of one market.

    Attributes:
        scene: The maps, measured, and what followed. map_scores, by_distance: what they scored.
        unscored: Engines that were left out. observations: bars. effective: days that the sample is worth.
    """

    scene: Scene
    map_scores: tuple[MapScore, ...]
    by_distance: Maybe[tuple[DistanceSkill, ...]]
    unscored: tuple[str, ...]
    observations: int
    effective: float

    @property
    def metric(self) -> Metric:
        """Tell what the maps are held against: liquidations, else falls of open interest."""
        return "liquidation rank" if self.scene.situation.has_liquidations else "open interest rank"


def engines_of(question: BacktestQuestion) -> tuple[Engine, ...]:
    """List the engines to score, the one the verdict speaks of first."""
    return question.engines or tuple(ENGINES.values())


def backtest(market: MarketData, question: BacktestQuestion) -> Backtest:
    """Score one market; see `scored_backtest`."""
    return scored_backtest(market, question).record


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketRecord:
    """One market's record and what it was made from, which pooling needs.

    Attributes:
        record: What is written down. scored: its maps, or why there are none. forecasts: what was foretold, any kind.
    """

    record: Backtest
    scored: Maybe[Scored]
    forecasts: tuple[Forecasts, ...]


def scored_backtest(market: MarketData, question: BacktestQuestion) -> MarketRecord:
    """Score one market.

    Args:
        market: All that is known of it.
        question: Window, engines, constants.

    Returns:
        The record and what it was made from.

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
    fitted: Maybe[CalibratedDollars] = (
        scored
        if isinstance(scored, Missing)
        else calibrated_dollars(market, window[1], question.assumptions, question.fresh)
    )
    forecasts = tuple(_forecasts(candles, daily, judged, fitted, question.assumptions))
    asked = [one.name for one in engines_of(question)]
    engines = [name for name in asked if isinstance(scored, Missing) or name not in scored.unscored]
    verdict: Verdict = "insufficient evidence"
    why = scored.reason if isinstance(scored, Missing) else ""
    if not isinstance(scored, Missing):
        verdict, why = judge_map(scored.map_scores, engines[0], scored.effective, question.assumptions)
    record = Backtest(
        symbol=market.symbol,
        venue=venue,
        simulated=market.simulated,
        liquidation_venues=() if isinstance(market.liquidations, Missing) else market.liquidations.venues,
        provenance=question.provenance,
        from_ms=window[0] if isinstance(scored, Missing) else int(scored.scene.situation.decision_ms[0]),
        until_ms=window[1] if isinstance(scored, Missing) else int(scored.scene.situation.decision_ms[-1]),
        interval_ms=candles.interval_ms,
        horizon_ms=horizon,
        warm_up_days=question.assumptions.backtest_warm_up_days,
        engines=tuple(name for name in engines if name not in BASELINES),
        baselines=tuple(name for name in engines if name in BASELINES),
        control_names=CONTROLS,
        observations=0 if isinstance(scored, Missing) else scored.observations,
        days=0 if isinstance(scored, Missing) else len(np.unique(scored.scene.situation.day)),
        effective=0.0 if isinstance(scored, Missing) else scored.effective,
        map_scores=() if isinstance(scored, Missing) else scored.map_scores,
        skill_by_distance=scored if isinstance(scored, Missing) else scored.by_distance,
        dollars=scored if isinstance(scored, Missing) else _dollars(scored, fitted),
        reactions=reaction_score(judged, elsewhere, question.assumptions, question.fresh),
        verdict=verdict,
        why=why,
        notes=(*question.notes, *_notes(market, scored, question.assumptions)),
        near_events=split_by_events(judged, question.events, question.assumptions, question.fresh),
        reliability=reliabilities(
            forecasts, question.assumptions, drawn_days(question.assumptions.backtest_draws, question.fresh)
        ),
    )
    return MarketRecord(record=record, scored=scored, forecasts=forecasts)


def _forecasts(
    candles: Candles, daily: Ints, judged: Sequence[Judged], fitted: Maybe[CalibratedDollars], a: Assumptions
) -> Iterator[Forecasts]:
    """Give what a brief would have foretold, beside what came: touch and outcomes of zones, the cone, dollars."""
    zones = scored_zones(judged, a)
    if not isinstance(zones, Missing):
        yield from outcome_forecasts(zones.shown, zones.climatology, zones.outcome, zones.day)
    told = (
        cone_forecasts(candles, daily, a.reaction_horizon_hours, a),
        fitted if isinstance(fitted, Missing) else fitted.forecasts,
    )
    yield from (one for one in told if not isinstance(one, Missing))


def _dollars(scored: Scored, fitted: Maybe[CalibratedDollars]) -> Maybe[tuple[DollarScore, ...]]:
    """Score the dollars that a brief would have shown, where a calibration can be made, then each map's own scale."""
    scaled = dollar_scores(scored.scene.measured, scored.scene.situation)
    if isinstance(scaled, Missing):
        return fitted.scores if not isinstance(fitted, Missing) else scaled
    return scaled if isinstance(fitted, Missing) else (*fitted.scores, *scaled)


def horizon_of(market: MarketData, candles: Candles) -> Milliseconds:
    """Look one bar ahead: the coarser of candles and liquidations, an hour at least."""
    told = market.liquidations
    return max(candles.interval_ms, HOUR_MS, 0 if isinstance(told, Missing) else told.interval_ms)


def window_of(
    symbol: str, candles: Candles, question: BacktestQuestion, horizon_ms: Milliseconds
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
    question: BacktestQuestion,
    window: tuple[Milliseconds, Milliseconds],
    horizon: Milliseconds,
) -> Maybe[Scored]:
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
    interest = market.leading_open_interest
    began = not isinstance(interest, Missing) and len(interest.time_ms) and int(interest.time_ms[0]) <= first
    engines = tuple(
        one for one in engines_of(question) if began or not (isinstance(one, NodeEngine) and one.reads_open_interest)
    )
    if not engines:
        raise DataError(f"{market.symbol}: {question.engines[0].name} needs open interest from before {_day(first)}.")
    scene, by_distance = _measure_all(candles, brackets, interest, engines, question, decisions, situation)
    scores: tuple[MapScore, ...] = ()
    if situation.has_liquidations:
        scores = (*rank_scores((scene,), "liquidation rank"), *location_scores((scene,)))
    if known_rows(situation, situation.fall).sum() >= a.skill_least_rows:
        scores += rank_scores((scene,), "open interest rank")
    return Scored(
        scene=scene,
        map_scores=scores,
        by_distance=by_distance,
        unscored=tuple(one.name for one in engines_of(question) if one not in engines),
        observations=int(known_rows(situation, _outcome(situation)[Side.LONG]).sum()),
        effective=worth_in_days((scene,), "liquidation rank" if situation.has_liquidations else "open interest rank"),
    )


def _measure_all(
    candles: Candles,
    brackets: Brackets,
    interest: Maybe[OpenInterest],
    engines: tuple[Engine, ...],
    question: BacktestQuestion,
    decisions: Ints,
    situation: Situation,
) -> tuple[Scene, Maybe[tuple[DistanceSkill, ...]]]:
    """Reduce each engine's maps, and the first engine's controls, to columns; the maps are let go one by one."""
    a = question.assumptions
    ahead = {side: day_ahead(situation, side) for side in Side}
    lead = len(decisions) - len(situation.decision_ms)
    price = candles.close[np.searchsorted(candles.close_time_ms, decisions, side="right") - 1]
    farthest = max(float(max(ahead[side].reached.max(), situation.went(side).max())) for side in Side)
    found: list[Measured] = []
    held: list[Measured] = []
    for engine in engines:
        grid, mass = maps_at(candles, brackets, decisions, a, engine, open_interest=interest)
        maps = FrozenMaps(grid=grid, decision_ms=decisions, mass=mass)
        width = int(max(farthest, -float(np.log1p(-a.zone_scope_fraction))) / grid.step) + 2
        own = {side: outward(maps, price, side, width) for side in Side}
        kind: MapKind = "baseline" if engine.name in BASELINES else "engine"
        found.append(measure(engine.name, kind, {s: own[s][lead:] for s in Side}, grid.step, situation, ahead))
        if not held:
            controls = controls_of(own, decisions, lead, grid.step, question.fresh(), a)
            held = [measure(one, "control", rows, grid.step, situation, ahead) for one, rows in controls]
    scene = Scene(measured=(*found, *held), situation=situation, ahead=ahead)
    if not situation.has_liquidations:
        return scene, Missing("No liquidations are known, so there is no skill by distance.")
    return scene, distance_skill(scene.measured, situation)


def _outcome(situation: Situation) -> Mapping[Side, Floats]:
    """Take liquidations, and the fall of open interest where there are none."""
    return situation.realised if situation.has_liquidations else dict.fromkeys(Side, situation.fall)


def _notes(market: MarketData, scored: Maybe[Scored], a: Assumptions) -> Iterator[str]:
    """Say what the reader must know beside the numbers."""
    if isinstance(scored, Missing):
        yield scored.reason
    else:
        if not scored.scene.situation.has_liquidations:
            why = market.liquidations.reason if isinstance(market.liquidations, Missing) else "None lie in this window."
            yield f"Only falls of open interest could be scored, which is weak evidence. {why}"
        for name in scored.unscored:
            yield f"The {name} engine was not scored: open interest is not known from the first decision on."
        # Name the path, blur and bins of the maps, so that a reader sees that baselines stand on equal terms.
        situation = scored.scene.situation
        cut = cut_by_marks(situation.candles, market.leading_open_interest, situation.decision_ms, a)
        own = [one.name for one in scored.scene.measured if one.kind != "control" and one.name != CONSERVATION.name]
        blur = f"blurred by {notation.share(a.smooth_distance_share)} of the distance"
        fine = f"at {notation.share(float(cut.mean()))} of decisions along the marks of open interest inside the bars"
        yield (
            f"On one path, in one grid: {', '.join(own)} lie {fine}, tiers and points sharp and no mass back in swept "
            f"ground there, and elsewhere on the bars, {blur}; {CONSERVATION.name} always lies on the bars, so blurred."
        )
    if not isinstance(market.liquidations, Missing):
        yield "Liquidation feeds are lower bounds: what they do not show may still have happened."
    if market.simulated:
        yield "Simulated data: it shares the estimator's mechanism, so a good score proves the code, not the market."


def _day(milliseconds: Milliseconds) -> str:
    return str(np.datetime64(milliseconds, "ms").astype("datetime64[D]"))


_APART = Missing("It stands in each market's own report.")


def pooled_backtest(parts: Sequence[MarketRecord], question: BacktestQuestion) -> Maybe[Backtest]:
    """Pool the records of several markets that one question was asked of.

    Markets with liquidations are pooled, and the others named in a note; only where none has any are falls of open
    interest pooled.

    Args:
        parts: Each market's record and what it was made from, at least two.
        question: Resamples, and the rule of the verdict.

    Returns:
        A record with `pooled` filled, or why there is none.
    """
    assumptions = question.assumptions
    told = [(one.record, one.scored) for one in parts if not isinstance(one.scored, Missing)]
    judged = [part for part in told if part[1].metric == "liquidation rank"] or told
    if len(judged) < 2:
        names = ", ".join(record.symbol for record, _ in judged) or "none"
        return Missing(f"Two markets with liquidations are the least that can be pooled; here are: {names}.")
    horizons = {record.horizon_ms for record, _ in judged}
    if len(horizons) > 1:
        return Missing("Markets whose bars or liquidations differ in length look ahead differently and are not pooled.")
    records = [record for record, _ in judged]
    shared = [name for name in _names(judged[0][1]) if all(name in _names(scored) for _, scored in judged)]
    scenes = [_of(scored.scene, shared) for _, scored in judged]
    metric: Metric = judged[0][1].metric
    # Score all maps on all markets.
    falls: Metric = "open interest rank"
    scores: tuple[MapScore, ...] = ()
    if metric != falls:
        scores = (*rank_scores(scenes, metric), *location_scores(scenes))
    known = [int(known_rows(scene.situation, scene.outcome(falls)[Side.LONG]).sum()) for scene in scenes]
    if min(known) >= assumptions.skill_least_rows:
        scores += rank_scores(scenes, falls)

    engines = tuple(name for name in records[0].engines if name in shared)
    baselines = tuple(name for name in records[0].baselines if name in shared)
    effective = worth_in_days(scenes, metric)
    verdict, why = judge_map(scores, shared[0], effective, assumptions)
    return replace(
        records[0],
        symbol=f"{len(records)} markets pooled",
        venue=", ".join(dict.fromkeys(record.venue for record in records)),
        simulated=any(record.simulated for record in records),
        liquidation_venues=tuple(sorted({venue for record in records for venue in record.liquidation_venues})),
        from_ms=min(record.from_ms for record in records),
        until_ms=max(record.until_ms for record in records),
        interval_ms=max(record.interval_ms for record in records),
        engines=engines,
        baselines=baselines,
        observations=sum(record.observations for record in records),
        days=len(np.unique(np.concatenate([scene.situation.day for scene in scenes]))),
        effective=effective,
        map_scores=scores,
        skill_by_distance=_APART,
        dollars=_APART,
        reactions=_APART,
        verdict=verdict,
        why=why,
        notes=tuple(_pooled_notes(records, [one.record for one in parts], shared)),
        reliability=reliabilities(
            [told for one in parts for told in one.forecasts],
            assumptions,
            drawn_days(assumptions.backtest_draws, question.fresh),
        ),
        pooled=tuple(_market(record, shared[0]) for record in records),
    )


def _names(scored: Scored) -> tuple[str, ...]:
    return tuple(one.name for one in scored.scene.measured)


def _of(scene: Scene, names: Sequence[str]) -> Scene:
    """Keep the maps that all markets have, in one order."""
    by_name = {one.name: one for one in scene.measured}
    return replace(scene, measured=tuple(by_name[name] for name in names))


def _market(record: Backtest, engine: str) -> PooledMarket:
    """Take from one market's record what stands beside the pooled figure."""
    judged = [
        row for row in record.map_scores if row.name == engine and row.controls == JUDGED_GIVEN and row.side == "both"
    ]  # the rank by liquidations comes first where there are any
    row = judged[0] if judged else None
    controls = [] if row is None else [one for one in row.minus if one.versus in CONTROLS]
    return PooledMarket(
        symbol=record.symbol,
        days=record.days,
        observations=record.observations,
        score=Missing("The map could not be scored here.") if row is None else row.score,
        strongest=min(controls, key=lambda one: one.by.low) if controls else Missing("No control could be scored."),
        verdict=record.verdict,
    )


def _pooled_notes(records: Sequence[Backtest], asked: Sequence[Backtest], shared: Sequence[str]) -> list[str]:
    """Say what was pooled how, and what was not."""
    names = ", ".join(record.symbol for record in records)
    notes = [f"Scores are means over {names}; a resampled day is the same day in every market."]
    pooled = {record.symbol for record in records}
    left = [record.symbol for record in asked if record.symbol not in pooled]
    if left:
        notes.append(f"Not pooled, for want of liquidations to hold maps against: {', '.join(left)}.")
    lost = dict.fromkeys(
        name for record in records for name in (*record.engines, *record.baselines) if name not in shared
    )
    if lost:
        notes.append(f"Not pooled, for want of scores in every market: {', '.join(lost)}.")
    return [*notes, *dict.fromkeys(note for record in records for note in record.notes)]
