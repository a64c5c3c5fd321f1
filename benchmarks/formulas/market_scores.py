"""Every engine and formula on a market folder: the rank score of the product's own backtest, markets pooled by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.formulas.entrants import BASELINE, DEFAULT, Entrant, field, laid_out
from benchmarks.formulas.tape import tape_of
from reportgen.brief.types import Interval
from reportgen.config.assumptions import DEFAULTS
from reportgen.errors import DataError
from reportgen.liquidation.margin import brackets_of
from reportgen.market.data import MarketData
from reportgen.market.folder.read import read_market, symbols_in
from reportgen.track_record.backtest import BacktestQuestion, horizon_of, window_of
from reportgen.track_record.maps import CONTROLS, PLACEBO, Controls, Measured, day_ahead, measure
from reportgen.track_record.score import RankScores, Scene, known_rows, mean_scores, ranked
from reportgen.track_record.walk import decision_times, situation_of
from reportgen.units import DAY_MS, Ints, Milliseconds, Missing, Side

_SEED: Final = 1
_INTEREST_DAYS: Final = 7
"""Days of open interest before the first decision, so that formulas that know nothing else have a book."""
NO_TRADES: Final = Missing("Market folders hold no single trades.")


def fresh() -> np.random.Generator:
    """Start anew from the one seed, so that every score resamples the same days."""
    return np.random.default_rng(_SEED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One map on one data set.

    Attributes:
        name: Of the map. published: it is a published formula, as published.
        score: Rank given path, price and time, by set of controls: `path+price` and `chart`.
        minus_placebo: Against its own map of 24 h earlier. minus_baseline: against path-only, by set of controls.
        default_minus: The default engine minus this map.
    """

    name: str
    published: bool
    score: Mapping[str, Interval]
    minus_placebo: Interval
    minus_baseline: Mapping[str, Interval]
    default_minus: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketScores:
    """A market folder's table.

    Attributes:
        symbols: Pooled, days resampled together. horizon_ms: what a score looks ahead. days: blocks.
        observations: Bars, all symbols. rows: engines, formulas, controls. left_out: formulas, with what they lack.
    """

    symbols: tuple[str, ...]
    horizon_ms: Milliseconds
    days: int
    observations: int
    rows: tuple[Row, ...]
    left_out: Mapping[str, str]


def score_folder(folder: Path) -> MarketScores:
    """Score every symbol of a folder that has liquidations and open interest, and pool them.

    Raises:
        DataError: The folder is unusable, or no symbol in it has both.
    """
    gathered = read_market(folder, symbols_in(folder, None), as_of_ms=None)
    markets = [
        one
        for one in gathered.markets.values()
        if not isinstance(one.liquidations, Missing) and not isinstance(one.open_interest, Missing)
    ]
    if not markets:
        raise DataError(f"No symbol of {folder} has both liquidations and open interest. Name another --source.")
    found = [_scene(market) for market in markets]
    scenes = [scene for scene, _, _ in found]
    _, entrants, left_out = found[0]
    names = tuple(one.name for one in entrants)
    published = frozenset(one.name for one in entrants if one.published)
    first = scenes[0].situation
    return MarketScores(
        symbols=tuple(one.symbol for one in markets),
        horizon_ms=first.horizon_ms,
        days=len(np.unique(np.concatenate([scene.situation.day for scene in scenes]))),
        observations=sum(int(known_rows(s.situation, s.situation.realised[Side.LONG]).sum()) for s in scenes),
        rows=_rows(scenes, names, published),
        left_out=left_out,
    )


def _scene(market: MarketData) -> tuple[Scene, tuple[Entrant, ...], dict[str, str]]:
    """Measure every map of one market."""
    if isinstance(market.candles, Missing):
        raise DataError(f"{market.symbol} cannot be scored. {market.candles.reason}")
    candles = next(iter(market.candles.values()))
    interest = market.leading_open_interest
    horizon = horizon_of(market, candles)
    decisions, lead = _decisions(market, horizon)
    situation = situation_of(market, candles, decisions[lead:], horizon, DEFAULTS, fresh)
    ahead = {side: day_ahead(situation, side) for side in Side}
    entrants, left_out = field(tape_of(candles, brackets_of(market, DEFAULTS), interest, NO_TRADES), interest, DEFAULTS)
    farthest = max(float(max(ahead[side].reached.max(), situation.went(side).max())) for side in Side)
    measured: list[Measured] = [
        measure(f"{one.of}, {one.name}" if one.of else one.name, "engine", one.mass, one.step, situation, ahead)
        for one in laid_out(entrants, candles, decisions, lead, farthest, fresh(), DEFAULTS)
    ]
    return Scene(measured=measured, situation=situation, ahead=ahead), entrants, dict(left_out)


def _decisions(market: MarketData, horizon: Milliseconds) -> tuple[Ints, int]:
    """Give the decisions with known outcomes after the warm-up, behind a lead of a few days."""
    if isinstance(market.candles, Missing) or isinstance(market.leading_open_interest, Missing):
        raise DataError(f"{market.symbol} has no open interest.")
    candles = next(iter(market.candles.values()))
    begins = int(market.leading_open_interest.time_ms[0]) + _INTEREST_DAYS * DAY_MS
    question = BacktestQuestion(
        from_ms=begins, until_ms=None, engines=(), provenance={}, notes=(), assumptions=DEFAULTS, fresh=fresh
    )
    asked = decision_times(candles, *window_of(market.symbol, candles, question, horizon), horizon)
    whole = situation_of(market, candles, asked, horizon, DEFAULTS, fresh)
    known = [known_rows(whole, whole.realised[side]) for side in Side]
    usable = asked[known[0] & known[1]]
    start = int(usable[0]) - int(DEFAULTS.backtest_lead_days * DAY_MS)
    decisions = decision_times(candles, start, int(usable[-1]), horizon)
    return decisions, int(np.searchsorted(decisions, usable[0]))


def _rows(scenes: Sequence[Scene], names: Sequence[str], published: frozenset[str]) -> tuple[Row, ...]:
    """Score all maps under two sets of controls, both sides together."""
    sets: tuple[Controls, ...] = ("path+price", "chart")
    found: dict[str, RankScores] = {
        controls: mean_scores([ranked(scenes, side, "liquidation rank", controls) for side in Side])
        for controls in sets
    }
    at = {one.name: number for number, one in enumerate(scenes[0].measured)}
    shown = (*names, *(f"{DEFAULT}, {control}" for control in CONTROLS))
    main = found[sets[0]]
    rows = []
    for name in shown:
        own = at[name]
        placebo = at.get(f"{name}, {PLACEBO}", own)
        rows.append(
            Row(
                name=name,
                published=name in published,
                score={controls: found[controls].estimate(own) for controls in sets},
                minus_placebo=main.estimate(own, minus=placebo),
                minus_baseline={controls: found[controls].estimate(own, minus=at[BASELINE]) for controls in sets},
                default_minus=main.estimate(at[DEFAULT], minus=own),
            )
        )
    return tuple(rows)
