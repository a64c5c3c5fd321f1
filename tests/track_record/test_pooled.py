"""Several markets pooled: means of scores, days resampled together, and a verdict from the pooled figure alone."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from reportgen.brief.types import Interval
from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.map import DEFAULT_ENGINE, PATH_ONLY
from reportgen.track_record.backtest import BacktestQuestion, MarketRecord, pooled_backtest, scored_backtest
from reportgen.track_record.maps import CONTROLS
from reportgen.track_record.result import Backtest, as_record
from reportgen.track_record.verdict import judge_map
from reportgen.units import DAY_MS, HOUR_MS, Missing
from tests.track_record.paths import ABSENT, liquidations, market, open_interest, walk

QUICK = replace(DEFAULTS, backtest_draws=60, backtest_warm_up_days=6.0, backtest_lead_days=2.0)
QUESTION = BacktestQuestion(
    from_ms=None, until_ms=None, engines=(DEFAULT_ENGINE, PATH_ONLY), provenance={}, notes=("A note.",),
    assumptions=QUICK, fresh=lambda: np.random.default_rng(1),
)  # fmt: skip
DAYS = 16


@cache
def scored(name: str, seed: int, *, days: int = DAYS, interval_ms: int = HOUR_MS, told: bool = True) -> MarketRecord:
    """Make one market and score it."""
    candles = walk(seed, days * DAY_MS // interval_ms, interval_ms=interval_ms)
    feed = liquidations(candles, seed) if told else ABSENT
    return scored_backtest(replace(market(candles, feed, open_interest(candles, seed)), symbol=name), QUESTION)


def pooled(*parts: MarketRecord) -> Backtest | Missing:
    """Pool some records."""
    return pooled_backtest(parts, QUESTION)


def figures(record: Backtest) -> dict[tuple[str, str, str, str], Interval | Missing]:
    """Key the scores by what they are of."""
    return {(row.name, row.metric, row.controls, row.side): row.score for row in record.map_scores}


def test_a_market_pooled_with_itself_is_itself() -> None:
    """The same market twice has its own scores and, as days are resampled together, its own intervals."""
    alone = scored("A", 3).record
    found = pooled(scored("A", 3), scored("B", 3))
    assert isinstance(found, Backtest)
    assert figures(found) == pytest.approx(figures(alone))
    assert (found.days, found.observations) == (alone.days, 2 * alone.observations)
    assert found.effective == pytest.approx(alone.effective)
    assert [row.minus for row in found.map_scores] == [row.minus for row in alone.map_scores]


def test_the_pooled_score_is_the_mean_of_the_markets() -> None:
    """Each figure is the mean over markets; the record says of each market what it said alone."""
    parts = [scored(name, seed) for name, seed in (("A", 3), ("B", 4), ("C", 5))]
    records = [one.record for one in parts]
    found = pooled(*parts)
    assert isinstance(found, Backtest)
    for key, value in figures(found).items():
        own = [figures(record)[key] for record in records]
        assert isinstance(value, Interval)
        assert value.value == pytest.approx(np.mean([one.value for one in own if isinstance(one, Interval)]))
        assert value.low <= value.value <= value.high or value.low == pytest.approx(value.high)
    judged = [figures(record)[DEFAULT_ENGINE.name, "liquidation rank", "path+price", "both"] for record in records]
    assert [one.score for one in found.pooled] == judged
    assert [one.verdict for one in found.pooled] == [record.verdict for record in records]
    json.dumps(as_record(found), allow_nan=False)


def test_the_verdict_comes_from_the_pooled_figures() -> None:
    """It is what the rule says of the pooled scores and of what their days are worth."""
    found = pooled(scored("A", 3), scored("B", 4))
    assert isinstance(found, Backtest)
    assert (found.verdict, found.why) == judge_map(found.map_scores, DEFAULT_ENGINE.name, found.effective, QUICK)


def test_the_open_interest_is_that_of_the_venue_whose_bars_are_scored() -> None:
    """A venue that stands before it, with a level of its own, changes no score."""
    candles = walk(3, DAYS * DAY_MS // HOUR_MS)
    own, other = open_interest(candles, 3), open_interest(candles, 77)
    whole = market(candles, liquidations(candles, 3), {"aaa": other, "binance": own})
    found = scored_backtest(replace(whole, symbol="A"), QUESTION).record
    assert figures(found) == figures(scored("A", 3).record)


def test_markets_of_different_days_share_the_union() -> None:
    """A market that ends earlier counts with the days that it has, and the longer one keeps all of its own."""
    short, long = scored("A", 3, days=12), scored("B", 4)
    found = pooled(short, long)
    assert isinstance(found, Backtest)
    assert found.days == long.record.days
    key = (DEFAULT_ENGINE.name, "liquidation rank", "path", "both")
    alone = [figures(one.record)[key] for one in (short, long)]
    now = figures(found)[key]
    assert isinstance(now, Interval)
    assert now.value == pytest.approx(np.mean([one.value for one in alone if isinstance(one, Interval)]))


def test_markets_without_liquidations_are_named_not_pooled() -> None:
    """They are left out where two others have some, and with only one left there is nothing to pool."""
    quiet = scored("QUIET", 6, told=False)
    found = pooled(scored("A", 3), quiet, scored("B", 4))
    assert isinstance(found, Backtest)
    assert [one.symbol for one in found.pooled] == ["A", "B"]
    assert found.notes[:3] == (
        "Scores are means over A, B; a resampled day is the same day in every market.",
        "Not pooled, for want of liquidations to hold maps against: QUIET.",
        "A note.",
    )
    least = "Two markets with liquidations are the least that can be pooled; here are:"
    assert pooled(scored("A", 3), quiet) == Missing(f"{least} A.")
    nothing = replace(quiet, scored=Missing("x"))
    assert pooled(nothing, nothing) == Missing(f"{least} none.")


def test_falls_of_open_interest_are_pooled_where_nobody_has_liquidations() -> None:
    """The scores are the weak ones, and no verdict is drawn from them."""
    found = pooled(scored("A", 3, told=False), scored("B", 4, told=False))
    assert isinstance(found, Backtest)
    assert {row.metric for row in found.map_scores} == {"open interest rank"}
    assert found.verdict == "insufficient evidence"


def test_markets_that_look_ahead_differently_are_not_pooled() -> None:
    """Hours and four-hour bars are no one score."""
    found = pooled(scored("A", 3), scored("B", 4, days=24, interval_ms=4 * HOUR_MS))
    assert found == Missing(
        "Markets whose bars or liquidations differ in length look ahead differently and are not pooled."
    )


def test_what_the_markets_share_is_written_over_the_pool() -> None:
    """Venues in order, feeds once, the earliest and the latest moment; a map that one lacks is named and left out."""
    one, other = scored("A", 3), scored("B", 4)
    assert not isinstance(other.scored, Missing)
    lacking = [map_ for map_ in other.scored.scene.measured if map_.name != PATH_ONLY.name]
    told = replace(one.record, venue="okx", liquidation_venues=("okx", "bybit"), from_ms=5, until_ms=10, interval_ms=2)
    bare = replace(
        other.record, venue="binance", liquidation_venues=("bybit",), from_ms=3, until_ms=9, interval_ms=1,
        simulated=True, map_scores=(),
    )  # fmt: skip
    scene = replace(other.scored.scene, measured=tuple(lacking))
    found = pooled(replace(one, record=told), replace(other, record=bare, scored=replace(other.scored, scene=scene)))
    assert isinstance(found, Backtest)
    assert (found.symbol, found.venue, found.liquidation_venues) == (
        "2 markets pooled",
        "okx, binance",
        ("bybit", "okx"),
    )
    assert (found.from_ms, found.until_ms, found.interval_ms, found.simulated) == (3, 10, 2, True)
    assert (found.engines, found.baselines) == ((DEFAULT_ENGINE.name,), ())
    assert found.notes[1] == "Not pooled, for want of scores in every market: path-only."
    apart = Missing("It stands in each market's own report.")
    assert found.skill_by_distance == found.dollars == found.reactions == apart
    key = (DEFAULT_ENGINE.name, "liquidation rank", "path+price", "both")
    judged = figures(told)[key]
    controls = next(row.minus for row in told.map_scores if (row.name, row.metric, row.controls, row.side) == key)
    strongest = min((by for by in controls if by.versus in CONTROLS), key=lambda by: by.by.low)
    assert (found.pooled[0].score, found.pooled[0].strongest) == (judged, strongest)
    assert (found.pooled[1].score, found.pooled[1].strongest) == (
        Missing("The map could not be scored here."), Missing("No control could be scored.")
    )  # fmt: skip
