"""The whole record: nothing looks ahead, the verdict keeps to its rule, and what is missing is said."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from reportgen.brief.types import Interval
from reportgen.config.assumptions import DEFAULTS
from reportgen.errors import DataError
from reportgen.liquidation.map import CONSERVATION, DEFAULT_ENGINE, ENGINES, PATH_ONLY, Engine
from reportgen.liquidation.margin import brackets_of
from reportgen.market.data import Candles, MarketData, OpenInterest
from reportgen.moments import moment_text
from reportgen.track_record.backtest import (
    BASELINES,
    BacktestQuestion,
    MarketRecord,
    backtest,
    engines_of,
    scored_backtest,
)
from reportgen.track_record.dollars import dollar_scores, interval_held, reach_climatology, scale_so_far
from reportgen.track_record.maps import CONTROLS
from reportgen.track_record.result import Backtest, as_record
from reportgen.track_record.score import distance_skill
from reportgen.track_record.walk import Situation, decision_times
from reportgen.track_record.zones import base_rates, foretell, judged_zones, walk_forward_shares
from reportgen.units import DAY_MS, HOUR_MS, Missing
from tests.track_record.paths import ABSENT, liquidations, market, open_interest, walk

QUICK = replace(DEFAULTS, backtest_draws=40, backtest_warm_up_days=10.0, backtest_lead_days=3.0)
TWO = (DEFAULT_ENGINE, PATH_ONLY)


def question(**changes: object) -> BacktestQuestion:
    """Ask about all of the data."""
    asked = BacktestQuestion(
        from_ms=None, until_ms=None, engines=TWO, provenance={"candles.csv": "00"},
        notes=("A note.",), assumptions=QUICK, fresh=lambda: np.random.default_rng(1),
    )  # fmt: skip
    return replace(asked, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def candles() -> Candles:
    """Give 55 days of hours."""
    return walk(11, 24 * 55)


@pytest.fixture(scope="module")
def whole(candles: Candles) -> MarketData:
    """Give a market with all it needs."""
    return market(candles, liquidations(candles, 1), open_interest(candles, 1))


@pytest.fixture(scope="module")
def scored(whole: MarketData) -> MarketRecord:
    """Score it once."""
    return scored_backtest(whole, question())


@pytest.fixture(scope="module")
def record(scored: MarketRecord) -> Backtest:
    """Take what is written down."""
    return scored.record


def scores(result: Backtest) -> dict[tuple[str, str, str, str], object]:
    """Key the scores by what they are of."""
    return {(row.name, row.metric, row.controls, row.side): row.score for row in result.map_scores}


def test_every_map_is_scored_by_every_metric_on_both_sides(record: Backtest) -> None:
    """Engines, baseline and all controls have a row for each metric, set of controls and side."""
    names = [*(one.name for one in TWO), *CONTROLS]
    metrics = [("liquidation rank", c) for c in ("path", "path+price", "chart")]
    metrics += [("location lift", ""), ("location lift 24 h", "")]
    metrics += [("open interest rank", c) for c in ("path", "path+price", "chart")]
    wanted = {(name, *metric, side) for name in names for metric in metrics for side in ("long", "short", "both")}
    assert set(scores(record)) == wanted
    assert all(
        {one.versus for one in row.minus} == {"path-only", *CONTROLS}
        for row in record.map_scores
        if row.kind == "engine"
    )
    assert (record.engines, record.baselines) == ((DEFAULT_ENGINE.name,), (PATH_ONLY.name,))
    assert len(record.map_scores) == len(wanted)


def test_the_record_is_json_and_the_same_twice(record: Backtest, whole: MarketData) -> None:
    """A record holds plain finite values only, and a second run gives the same bytes."""
    text = json.dumps(as_record(record), allow_nan=False)
    assert text == json.dumps(as_record(backtest(whole, question())), allow_nan=False)
    assert json.loads(text)["schema_version"] == "backtest-1"


def changed_after(told: MarketData, moment: int) -> MarketData:
    """Put another future behind a moment: other bars, liquidations and open interest, from the same last close."""
    assert not isinstance(told.candles, Missing)
    old = told.candles["binance"]
    known = int(np.searchsorted(old.close_time_ms, moment, side="right"))
    other = walk(99, len(old), volatility=0.012)
    scale = old.close[known - 1] / other.close[known - 1]
    bars = replace(
        old,
        open=np.append(old.open[:known], other.open[known:] * scale),
        high=np.append(old.high[:known], other.high[known:] * scale),
        low=np.append(old.low[:known], other.low[known:] * scale),
        close=np.append(old.close[:known], other.close[known:] * scale),
        volume_base=np.append(old.volume_base[:known], other.volume_base[known:]),
    )
    loud, quiet = liquidations(bars, 77), told.liquidations
    assert not isinstance(quiet, Missing)
    joined = replace(
        loud,
        liquidated_long_quote=np.append(quiet.liquidated_long_quote[:known], loud.liquidated_long_quote[known:]),
        liquidated_short_quote=np.append(quiet.liquidated_short_quote[:known], loud.liquidated_short_quote[known:]),
    )
    return replace(
        told,
        candles={"binance": bars},
        liquidations=joined,
        open_interest={"binance": other_interest(told, bars, moment)},
    )


def other_interest(told: MarketData, bars: Candles, moment: int) -> OpenInterest:
    """Put another open interest behind a moment."""
    assert not isinstance(told.open_interest, Missing)
    old, new = told.open_interest["binance"], open_interest(bars, 55)
    assert not isinstance(old.open_interest_quote, Missing)
    assert not isinstance(new.open_interest_quote, Missing)
    early = old.time_ms <= moment
    return replace(
        old,
        open_interest_base=np.where(early, old.open_interest_base, 3 * new.open_interest_base),
        open_interest_quote=np.where(early, old.open_interest_quote, 3 * new.open_interest_quote),
    )


@pytest.mark.parametrize("engine", ENGINES.values(), ids=lambda one: one.name)
def test_another_future_changes_no_earlier_score(whole: MarketData, candles: Candles, engine: Engine) -> None:
    """A backtest that ends before the future differs is the same to the last bit that rounding leaves."""
    until = int(candles.close_time_ms[24 * 40])
    asked = question(until_ms=until - HOUR_MS, engines=(engine,))
    was = backtest(whole, asked)
    # The horizon of the last zone still looks a day ahead, so the future differs from then on.
    now = backtest(changed_after(whole, until + DAY_MS), asked)
    assert flat(as_record(was)) == pytest.approx(flat(as_record(now)), abs=1e-9, nan_ok=True)


def test_another_present_does_change_the_scores(whole: MarketData, candles: Candles) -> None:
    """The comparison above can tell: what differs inside the window shows."""
    until = int(candles.close_time_ms[24 * 40])
    asked = question(until_ms=until - HOUR_MS, engines=(PATH_ONLY,))
    was, now = (flat(as_record(backtest(told, asked))) for told in (whole, changed_after(whole, until - DAY_MS)))
    assert was != pytest.approx(now, abs=1e-9)


def flat(value: object) -> list[float]:
    """List every number of a record."""
    if isinstance(value, dict):
        return [number for part in value.values() for number in flat(part)]
    if isinstance(value, list):
        return [number for part in value for number in flat(part)]
    return [float(value)] if isinstance(value, int | float) else []


def test_a_map_that_knows_wins_and_one_that_guesses_does_not(candles: Candles) -> None:
    """Random liquidations leave every map near zero; the uniform map and every control stay near zero always."""
    told = liquidations(candles, 1)
    rng = np.random.default_rng(0)
    noise = replace(
        told, liquidated_long_quote=rng.random(len(candles)), liquidated_short_quote=rng.random(len(candles))
    )
    blind = backtest(market(candles, noise, ABSENT), question())
    assert blind.verdict == "insufficient evidence"
    for row in blind.map_scores:
        if row.metric == "liquidation rank" and row.side == "both":
            assert isinstance(row.score, Interval)
            assert abs(row.score.value) < 0.15


def test_without_liquidations_only_open_interest_is_scored(candles: Candles) -> None:
    """Falls of open interest are scored, the note says they are weak, and there is no verdict for the map."""
    found = backtest(market(candles, ABSENT, open_interest(candles, 1)), question())
    assert {row.metric for row in found.map_scores} == {"open interest rank"}
    assert found.dollars == Missing("No liquidations are known, so nothing can be scaled to dollars.")
    assert found.skill_by_distance == Missing("No liquidations are known, so there is no skill by distance.")
    assert (found.verdict, found.why) == (
        "insufficient evidence", "No liquidations are known to hold the map against."
    )  # fmt: skip
    weak = f"Only falls of open interest could be scored, which is weak evidence. {ABSENT.reason}"
    assert found.notes[:2] == ("A note.", weak)
    assert not any("lower bounds" in note for note in found.notes)
    assert (found.liquidation_venues, found.horizon_ms) == ((), HOUR_MS)


def test_without_either_reactions_alone_are_scored(candles: Candles) -> None:
    """Candles are enough for zones; all else says why it is missing."""
    found = backtest(replace(market(candles, ABSENT, ABSENT), simulated=True), question())
    assert found.map_scores == ()
    assert not isinstance(found.reactions, Missing)
    assert found.reactions.zones == sum(band.zones for band in found.reactions.bands)
    unknown = "Neither liquidations nor open interest are known for two days of this window."
    mechanism = "Simulated data: it shares the estimator's mechanism, so a good score proves the code, not the market."
    assert (found.verdict, found.why) == ("insufficient evidence", unknown)
    assert found.dollars == found.skill_by_distance == Missing(unknown)
    assert found.notes == ("A note.", unknown, mechanism)
    assert (found.observations, found.days, found.effective) == (0, 0, 0.0)
    assert (found.from_ms, found.until_ms) == (
        int(candles.open_time_ms[0]) + 10 * DAY_MS, int(candles.close_time_ms[-1]) - HOUR_MS
    )  # fmt: skip
    assert found.near_events == Missing("No events were handed to this backtest.")


def test_engines_without_open_interest_are_left_out_and_named(candles: Candles) -> None:
    """All engines are the default; the one that needs open interest is left out with a note."""
    found = backtest(market(candles, liquidations(candles, 1), ABSENT), question(engines=()))
    asked = engines_of(question(engines=()))
    assert set(found.engines) | set(found.baselines) == {one.name for one in asked} - {"conservation"}
    assert set(found.baselines) == set(BASELINES)
    unscored = "The conservation engine was not scored: open interest is not known from the first decision on."
    bounds = "Liquidation feeds are lower bounds: what they do not show may still have happened."
    assert found.notes[1] == unscored
    assert found.notes[-1] == bounds
    day = moment_text(found.from_ms)[:10]
    with pytest.raises(DataError, match=f"BTC/USDT:USDT: conservation needs open interest from before {day}."):
        backtest(market(candles, liquidations(candles, 1), ABSENT), question(engines=(CONSERVATION,)))


SHORT = (
    "is too short to score: its candles run from 2024-10-04 to {}, the first 10 days warm the map up, and two more are "
    "the least."
)


@pytest.mark.parametrize(
    ("bars", "changes", "words"),
    [
        (24 * 11, {}, SHORT.format("2024-10-15")),
        (
            24 * 55,
            {"from_ms": walk(1, 24 * 55).close_time_ms[-1]},
            "has no bars after --from: its candles end on 2024-11-28. Choose an earlier one.",
        ),
        (
            24 * 55,
            {"until_ms": walk(1, 1).open_time_ms[0]},
            "has no bars before --until: they begin on 2024-10-04. Choose a later one.",
        ),
        (24 * 55, {"until_ms": walk(1, 24 * 9).close_time_ms[-1]}, SHORT.format("2024-11-28")),
        (0, {}, ABSENT.reason),
    ],
)
def test_a_window_without_enough_bars_is_refused(bars: int, changes: dict[str, int], words: str) -> None:
    """The message says what is wrong with the window, or with the candles."""
    candles = walk(1, bars or 9)
    whole = market(candles, liquidations(candles, 1), ABSENT)
    with pytest.raises(DataError) as refused:
        backtest(whole if bars else replace(whole, candles=ABSENT), question(**changes))
    assert str(refused.value) == f"BTC/USDT:USDT {'' if bars else 'cannot be scored. '}{words}"


def test_zones_are_found_from_the_past_alone(candles: Candles) -> None:
    """Zones at a decision are those found with the future cut off; mirrored ones lie as far on the other side."""
    moment = candles.close_time_ms[24 * 30 - 1 : 24 * 30]
    brackets = brackets_of(market(candles, ABSENT, ABSENT), DEFAULTS)

    def fresh() -> np.random.Generator:
        return np.random.default_rng(1)

    real, elsewhere = judged_zones(candles, brackets, moment, DEFAULTS, fresh)
    cut, _ = judged_zones(candles.first(24 * 30), brackets, moment, DEFAULTS, fresh)
    assert [one.zone for one in real] == [one.zone for one in cut]
    assert real
    assert {one.fate.outcome for one in cut} <= {"censored", "not_an_event"}
    gaps = [one.zone.distance_atr for one in real]
    assert all(any(one.zone.distance_atr == pytest.approx(gap) for gap in gaps) for one in elsewhere)


def test_shares_move_from_the_prior_to_what_was_seen() -> None:
    """No zones give the prior, very many the seen shares, and shares always sum to 1."""
    prior = base_rates(DEFAULTS)
    assert np.allclose(prior.sum(axis=1), 1)
    none = walk_forward_shares(prior, np.zeros((len(prior), 4)), 100)
    assert np.allclose(none, prior)
    seen = np.tile([4.0, 3.0, 2.0, 1.0], (len(prior), 1))
    assert np.allclose(walk_forward_shares(prior, 1e9 * seen, 100), seen / 10, atol=1e-6)
    assert np.allclose(walk_forward_shares(prior, seen, 100).sum(axis=1), 1)


def test_what_is_foretold_counts_finished_zones_only() -> None:
    """Each zone's shares come from the outcomes known by its decision, in its own band of distance."""
    rng = np.random.default_rng(1)
    outcome, band = rng.integers(0, 4, 30), rng.integers(0, 6, 30)
    known = np.maximum(np.arange(30) - 3, 0)
    by_distance, anywhere = foretell(outcome, band, known, DEFAULTS)
    prior = base_rates(DEFAULTS)
    for zone in range(30):
        before = [outcome[row] for row in range(known[zone]) if band[row] == band[zone]]
        count = np.bincount(np.array(before, dtype=np.int64), minlength=4)
        weight = DEFAULTS.reaction_prior_zones
        assert np.allclose(by_distance[zone], (prior[band[zone]] * weight + count) / (weight + len(before)))
        everywhere = np.bincount(outcome[: known[zone]], minlength=4)
        assert np.allclose(anywhere[zone] * (4 + known[zone]), prior.mean(axis=0) * 4 + everywhere)


def test_dollars_are_scaled_by_the_past() -> None:
    """A map whose liquidations are always 7 times its mass gets the scale 7 from its second bar on."""
    rng = np.random.default_rng(1)
    swept = rng.random(50)
    assert np.allclose(scale_so_far(swept, 7 * swept)[1:], 7)
    went = rng.random(50) / 50
    changed = np.where(np.arange(50) >= 30, 100.0, 1.0)
    assert np.allclose(reach_climatology(went, changed, 5.0)[1:31], 1)


def test_what_is_too_little_to_score_says_how_much_is_needed(scored: MarketRecord) -> None:
    """Dollars name their days, a band of distance its bars, and an interval that no bar had is none."""
    assert not isinstance(scored.scored, Missing)
    measured, situation = scored.scored.scene.measured, scored.scored.scene.situation

    def asked(**changes: float) -> Situation:
        return replace(situation, assumptions=replace(QUICK, **changes))  # type: ignore[arg-type]

    assert dollar_scores(measured, asked(dollars_burn_in_days=30.0)) == Missing(
        "Dollars need 60 days of liquidations: half to scale the map, half to look at it."
    )
    unforetold = dollar_scores(measured, asked(dollars_classes=10**6))
    assert not isinstance(unforetold, Missing)
    assert {one.coverage for one in unforetold} == {Missing("No bar had an interval foretold.")}
    few = distance_skill(measured, asked(skill_least_rows=10**6))
    assert not isinstance(few, Missing)
    assert [(one.skill, one.control) for one in few] == [
        (why, why)
        for one in few
        for why in [Missing(f"Bars in which price came this far: {one.observations}; a score needs 1000000.")]
    ]


def test_dollar_intervals_hold_what_they_should() -> None:
    """Ratios that keep their spread are held as often as meant, whatever the size of the estimate."""
    rng = np.random.default_rng(2)
    estimated = rng.lognormal(0, 1, 4000)
    realised = estimated * rng.lognormal(0, 0.5, 4000)
    day = np.arange(4000, dtype=np.int64) // 20
    later = day >= 100
    held = interval_held(estimated, realised, day, later, 0.9, 3)
    assert np.isnan(held[~later]).all()
    assert held[later].mean() == pytest.approx(0.9, abs=0.03)


def test_decisions_fall_on_whole_steps(candles: Candles) -> None:
    """Daily decisions are midnights UTC."""
    times = decision_times(candles, 0, int(candles.close_time_ms[-1]), DAY_MS)
    assert (times % DAY_MS == 0).all()
    assert len(times) == 55


def test_an_empty_side_has_no_score_and_no_verdict(candles: Candles) -> None:
    """Shorts that were never liquidated leave their scores missing, with a reason, and the longs' as they are."""
    told = liquidations(candles, 1)
    silent = replace(told, liquidated_short_quote=np.zeros(len(candles)))
    found = backtest(market(candles, silent, ABSENT), question())
    by_side = scores(found)
    flat = Missing("This map, or what it is held against, does not vary here.")
    assert by_side["path-only", "liquidation rank", "path", "short"] == flat
    assert isinstance(by_side["path-only", "liquidation rank", "path", "long"], Interval)
    assert found.verdict == "insufficient evidence"
    json.dumps(as_record(found), allow_nan=False)


def test_a_feed_that_stops_and_bars_that_are_missing_are_left_out(candles: Candles, record: Backtest) -> None:
    """Only bars with known liquidations and whole horizons are scored; what came before scores the same."""
    told = liquidations(candles, 1)
    half = 24 * 40
    stopped = replace(
        told,
        open_time_ms=told.open_time_ms[:half],
        liquidated_long_quote=told.liquidated_long_quote[:half],
        liquidated_short_quote=told.liquidated_short_quote[:half],
    )
    found = backtest(market(candles, stopped, ABSENT), question())
    assert found.until_ms == told.open_time_ms[half - 1]
    assert found.observations < record.observations
    keep = np.ones(len(candles), dtype=bool)
    keep[24 * 30 : 24 * 30 + 5] = False
    holed = backtest(market(candles.part(keep), told, ABSENT), question())
    assert record.observations - 12 <= holed.observations < record.observations


@pytest.mark.parametrize(("told", "share"), [(False, "at 0\u202f% of"), (True, "at 100\u202f% of")])
def test_the_report_names_path_and_blur_of_its_baselines(candles: Candles, told: bool, share: str) -> None:  # noqa: FBT001
    """Without marks inside the bars every map lies on the bars; with them along the marks; the note says which."""
    every = candles.interval_ms // 4
    time = candles.open_time_ms[0] + every * np.arange(1, 4 * len(candles) + 1, dtype=np.int64)
    price = np.repeat(candles.close, 4)
    fine = OpenInterest(time_ms=time, open_interest_base=np.full(len(time), 10.0), open_interest_quote=10.0 * price)
    whole = market(candles, liquidations(candles, 1), fine if told else ABSENT)
    (note,) = (one for one in backtest(whole, question()).notes if one.startswith("On one path"))
    assert note == (
        f"On one path, in one grid: kernel+tiers, path-only lie {share} decisions along the marks of open interest "
        "inside the bars, tiers and points sharp and no mass back in swept ground there, and elsewhere on the bars, "
        "blurred by 20\u202f% of the distance; conservation always lies on the bars, so blurred."
    )
