"""Calibration on synthetic data whose weights are known, and its relations: units, priors, pooling, choices."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.calibration import Calibration, FitScore, NotionalRule
from reportgen.liquidation.calibration.fit import (
    Observed,
    draw_chance,
    drawn_weights,
    fit_weights,
    identified_nodes,
    levelled,
    likelihood,
    recent_level,
    root_correlation,
)
from reportgen.liquidation.calibration.make import Walk, calibrate, choose_churn, fit_pooled, held_out, walk
from reportgen.liquidation.calibration.sample import common_bars, sample_of, unit_fault
from reportgen.liquidation.conservation import reference_weights
from reportgen.market.data import Liquidations, MarketData, OpenInterest
from reportgen.units import DAY_MS, HOUR_MS, Floats, Missing
from tests.liquidation.markets import START_MS, random_walk

NODES = len(DEFAULTS.node_weights)
QUICK = replace(DEFAULTS, calibration_draws=40, calibration_draw_steps=15, calibration_search_steps=30)


def swept_by(rows: int, nodes: int, seed: int = 3) -> Floats:
    """Sweep near nodes more often and far ones never."""
    rng = np.random.default_rng(seed)
    often = np.linspace(1.0, 0.3, nodes)
    return np.asarray(rng.gamma(0.7, 1e6, (rows, nodes)) * (rng.random((rows, nodes)) < often))


def observed(weight: Floats, *, rows: int = 1200, seed: int = 3, noise: float = 0.3, factor: float = 1.0) -> Observed:
    """Build hourly rows whose liquidations follow known weights, with noise of mean one."""
    rng = np.random.default_rng(seed)
    swept = swept_by(rows, len(weight), seed)
    drawn = np.exp(noise * rng.standard_normal(rows) - noise**2 / 2)
    return Observed(
        time_ms=START_MS + HOUR_MS * (np.arange(rows) // 2),
        side=np.arange(rows) % 2,
        swept=swept * factor,
        realised=(swept @ weight) * drawn * factor,
        reached=(swept > 0).astype(np.float64),
    )


def true_weights(nodes: int = NODES, seed: int = 1) -> Floats:
    """Draw positive weights."""
    return np.asarray(np.random.default_rng(seed).gamma(1.0, 0.02, nodes))


def market_of(days: int, **changes: object) -> MarketData:
    """Build a market on a random walk whose liquidations are a fixed part of how far each bar went."""
    candles = random_walk(24 * days, volatility=0.008)
    down = np.maximum(np.log(np.roll(candles.close, 1) / candles.low), 0)
    up = np.maximum(np.log(candles.high / np.roll(candles.close, 1)), 0)
    volume = float(np.mean(candles.volume_base * candles.close))
    liquidations = Liquidations(
        venues=("a", "b"),
        interval_ms=HOUR_MS,
        open_time_ms=candles.open_time_ms,
        liquidated_long_quote=down * volume,
        liquidated_short_quote=up * volume,
    )
    level = OpenInterest(
        time_ms=candles.open_time_ms,
        open_interest_base=np.full(len(candles), 6 * float(candles.volume_base.mean())),
        open_interest_quote=Missing("not needed here"),
    )
    market = MarketData(
        symbol="BTC/USDT:USDT",
        as_of_ms=int(candles.close_time_ms[-1]),
        candles={"a": candles},
        open_interest={"a": level},
        funding=Missing("not needed here"),
        order_book=Missing("not needed here"),
        liquidations=liquidations,
        brackets=Missing("not needed here"),
        simulated=True,
    )
    return replace(market, **changes)  # type: ignore[arg-type]


def with_liquidations(market: MarketData, longs: Floats, shorts: Floats, keep: slice = slice(None)) -> MarketData:
    """Replace what was liquidated, on some of the bars."""
    assert not isinstance(market.liquidations, Missing)
    given = market.liquidations
    return replace(
        market,
        liquidations=Liquidations(
            venues=given.venues,
            interval_ms=given.interval_ms,
            open_time_ms=given.open_time_ms[keep],
            liquidated_long_quote=longs[keep],
            liquidated_short_quote=shorts[keep],
        ),
    )


def both_sides(market: MarketData) -> tuple[Floats, Floats]:
    """Give what was liquidated, longs and shorts."""
    assert not isinstance(market.liquidations, Missing)
    return market.liquidations.liquidated_long_quote, market.liquidations.liquidated_short_quote


def test_known_weights_are_recovered() -> None:
    """Without noise and with a weak prior the fit finds the weights that made the liquidations."""
    truth = true_weights(8)
    rows = observed(truth, noise=0.0)
    found = fit_weights(rows.swept, rows.realised, np.full(8, truth.mean()), 1e-6, 3000)
    np.testing.assert_allclose(found, truth, rtol=0.02, atol=1e-4)


def test_each_round_climbs_the_posterior() -> None:
    """More rounds never make the penalised likelihood smaller."""
    rows = observed(true_weights())
    prior = levelled(np.ones(NODES), rows.swept, rows.realised)
    tau = 0.1 * rows.swept.sum(axis=0).mean()

    def posterior(weight: Floats) -> float:
        fitted = float(rows.realised @ np.log(rows.swept @ weight) - (rows.swept @ weight).sum())
        return fitted + float(tau * (prior * np.log(weight) - weight).sum())

    heights = [posterior(fit_weights(rows.swept, rows.realised, prior, 0.1, steps)) for steps in (0, 1, 3, 10, 50, 300)]
    assert np.all(np.diff(heights) >= -1e-9 * abs(heights[0]))


def test_a_market_that_doubles_is_followed_within_weeks() -> None:
    """When liquidations double half-way, the last spans are estimated at the new level and the shape stays."""
    rows = observed(true_weights(), rows=2400, noise=0.0)
    doubled = replace(rows, realised=np.where(np.arange(2400) < 1200, 1.0, 2.0) * rows.realised)
    slow = replace(QUICK, calibration_level_days=1e6)
    steady, moved, late = walk(rows, QUICK), walk(doubled, QUICK), walk(doubled, slow)
    last = steady.span == steady.span.max()
    times = moved.estimated[last] / steady.estimated[last]
    assert late.estimated[last].sum() < 0.9 * moved.estimated[last].sum()
    assert 1.7 < times.min() <= times.max() < 2.1


def test_what_nothing_tells_of_changes_nothing() -> None:
    """Without any sweep the prior stays, and without a liquidation no churn is likelier than another."""
    prior = np.linspace(0.1, 0.4, 4)
    nothing = np.zeros((6, 4))
    np.testing.assert_array_equal(fit_weights(nothing, np.zeros(6), prior, 0.1, 50), prior)
    assert likelihood(np.ones(6), np.zeros(6), 0.01) == 0.0
    dead = replace(observed(true_weights(), rows=200), realised=np.zeros(200))
    walked = walk(dead, QUICK)
    assert walked.estimated.sum() == walked.control.sum() == 0
    assert choose_churn([[dead, dead]], [[walked, walked]], QUICK.calibration_spans, QUICK) == 0


def test_the_level_of_steady_weights_is_one() -> None:
    """Weights that made the liquidations are at their level, and a level without data changes nothing."""
    truth = true_weights()
    rows = observed(truth, noise=0.0)
    assert recent_level(rows, truth, int(rows.time_ms[-1]), 7.0 * DAY_MS) == pytest.approx(1.0)
    assert recent_level(rows, 3 * truth, int(rows.time_ms[-1]), 7.0 * DAY_MS) == pytest.approx(1 / 3)
    nothing = replace(rows, realised=np.zeros_like(rows.realised))
    assert recent_level(nothing, truth, int(rows.time_ms[-1]), 7.0 * DAY_MS) == 1.0


@pytest.mark.parametrize("factor", [1e-6, 1e3])
def test_the_currency_does_not_matter(factor: float) -> None:
    """All dollars times a factor give the same weights, the same likelihood and the same nodes."""
    one, other = observed(true_weights()), observed(true_weights(), factor=factor)
    first, second = (fit_pooled([rows], DEFAULTS).weight[0] for rows in (one, other))
    np.testing.assert_allclose(second, first, rtol=1e-9)
    assert likelihood(other.swept @ second, other.realised, 0.01) == pytest.approx(
        likelihood(one.swept @ first, one.realised, 0.01)
    )
    np.testing.assert_array_equal(identified_nodes(other.swept, 0.1), identified_nodes(one.swept, 0.1))


def test_liquidations_times_a_factor_are_weights_times_it() -> None:
    """A market that liquidates three times as much has weights three times as high."""
    rows = observed(true_weights())
    tripled = replace(rows, realised=3 * rows.realised)
    np.testing.assert_allclose(
        fit_pooled([tripled], DEFAULTS).weight[0], 3 * fit_pooled([rows], DEFAULTS).weight[0], rtol=1e-9
    )


def test_a_node_that_nothing_swept_stays_prior() -> None:
    """Unswept nodes keep the prior exactly and are not called identified; swept ones move."""
    rows = observed(true_weights())
    swept = rows.swept.copy()
    swept[:, -5:] = 0.0
    prior = levelled(reference_weights(DEFAULTS), swept, rows.realised)
    found = fit_weights(swept, rows.realised, prior, 0.1, 300)
    np.testing.assert_allclose(found[-5:], prior[-5:], rtol=1e-12)
    known = identified_nodes(swept, 0.1)
    assert not known[-5:].any()
    assert known[:-5].all()


def test_nodes_are_identified_from_the_priors_own_exposure_on() -> None:
    """Exposures of 6, 2, 1 and 3 are 3 on average: at strength 1 those of 3 and more outweigh the prior."""
    swept = np.array([[4.0, 2, 0, 3], [2.0, 0, 1, 0]])
    for strength, known in ((0.5, [1, 1, 0, 1]), (1.0, [1, 0, 0, 1]), (2.0, [1, 0, 0, 0]), (0.0, [1, 1, 1, 1])):
        assert identified_nodes(swept, strength).tolist() == known
    assert not identified_nodes(0 * swept, 0.0).any()


@np.errstate(all="raise")
def test_square_roots_are_correlated_where_both_vary() -> None:
    """Roots 1, 2, 3 beside 1, 3, 2 go together by one half; beside what does not vary nothing is said."""
    rising = np.array([1.0, 4, 9])
    for other, wanted in ((rising, 1.0), (rising[::-1], -1.0), (np.array([1.0, 9, 4]), 0.5)):
        assert root_correlation(rising, other) == pytest.approx(wanted)
        assert root_correlation(other, rising) == pytest.approx(wanted)
    for other in (np.zeros(3), np.full(3, 4.0)):
        assert np.isnan([root_correlation(rising, other), root_correlation(other, rising)]).all()


def test_older_rows_count_less() -> None:
    """When the level doubles midway, a short half-life finds the later level and a long one stays between."""
    truth = true_weights()
    rows = observed(truth, rows=4000, noise=0.1)
    late = np.arange(4000) >= 2000
    drifted = replace(rows, realised=rows.realised * np.where(late, 2.0, 1.0))
    end = int(rows.time_ms[-1])
    short, long = (
        fit_pooled([drifted.faded(end, days * DAY_MS)], DEFAULTS).weight[0].sum() / truth.sum() for days in (5, 1e6)
    )
    assert short == pytest.approx(2.0, rel=0.15)
    assert long == pytest.approx(1.5, rel=0.15)


def test_the_pool_pulls_between_its_limits() -> None:
    """No pull leaves each symbol its own fit; an endless pull gives all of them one shape, each at its own level."""
    rows = [observed(true_weights(seed=seed), seed=seed) for seed in (1, 2)]
    loose = fit_pooled(rows, replace(DEFAULTS, calibration_pool_strength=1e-9, calibration_steps=3000))
    for each, found in zip(rows, loose.weight, strict=True):
        alone = fit_pooled([each], replace(DEFAULTS, calibration_prior_strength=1e-9, calibration_steps=3000)).weight[0]
        np.testing.assert_allclose(each.swept @ found, each.swept @ alone, rtol=0.05)
    tight = fit_pooled(rows, replace(DEFAULTS, calibration_pool_strength=1e9))
    shapes = [weight / weight.sum() for weight in tight.weight]
    np.testing.assert_allclose(shapes[0], shapes[1], rtol=1e-6)
    for each, found in zip(rows, tight.weight, strict=True):
        assert (each.swept @ found).sum() == pytest.approx(each.realised.sum(), rel=1e-6)


def test_one_large_symbol_does_not_rule_the_pool() -> None:
    """What is shared stays the same when one symbol's dollars grow a thousandfold."""
    small, large = observed(true_weights(seed=1), seed=1), observed(true_weights(seed=2), seed=2)
    grown = observed(true_weights(seed=2), seed=2, factor=1000.0)
    np.testing.assert_allclose(
        fit_pooled([small, grown], DEFAULTS).shared, fit_pooled([small, large], DEFAULTS).shared, rtol=1e-9
    )


def test_draws_scatter_around_the_fit_and_more_with_less_data() -> None:
    """Draws of identified nodes centre on the fit, and a sample of ten days scatters more than one of fifty."""
    spread = []
    for rows in (observed(true_weights(), rows=2 * 24 * 50), observed(true_weights(), rows=2 * 24 * 10)):
        pooled = fit_pooled([rows], QUICK)
        chance = draw_chance(rows.time_ms // DAY_MS, NODES, QUICK, np.random.default_rng(1))
        draws = drawn_weights(
            rows, pooled.weight[0], pooled.prior[0], chance, strength=pooled.strength, assumptions=QUICK
        )
        assert draws.shape == (40, NODES)
        total = draws.sum(axis=1) / pooled.weight[0].sum()
        assert np.mean(total) == pytest.approx(1.0, abs=0.1)
        spread.append(float(np.std(total)))
    assert spread[1] > spread[0]


def test_the_churn_that_made_the_data_is_chosen() -> None:
    """Of several books the one that the liquidations came from wins on held-out spans."""
    truth = true_weights()
    right = observed(truth)
    wrong = [replace(right, swept=observed(truth, seed=seed).swept) for seed in (11, 12, 13)]
    books = [wrong[0], wrong[1], right, wrong[2]]
    walks = [walk(rows, QUICK) for rows in books]
    assert choose_churn([books], [walks], QUICK.calibration_spans, QUICK) == 2


def test_churns_are_chosen_and_scored_on_the_spans_that_are_asked_for() -> None:
    """Realised 1 everywhere: off by -1, -1.3, -1.9 and -6.8 at estimates of 1, 2, 3 and 9, summed by span by hand."""
    rows = replace(observed(np.ones(1), rows=4), realised=np.ones(4))
    one, other = (
        Walk(span=np.arange(4), estimated=np.array(estimated), control=np.array([9.0, 9, 2, 1]))
        for estimated in ([9.0, 1, 2, 9], [1.0, 3, 1, 1])
    )
    two = replace(DEFAULTS, calibration_churns=(0.3, 1.0))
    for until, better in ((1, None), (2, one), (3, one), (4, other)):
        assert choose_churn([[rows, rows]], [[one, other]], until, two) == (better is other)
        assert choose_churn([[rows, rows]], [[other, one]], until, two) == (better is one)
    scored = held_out(replace(rows, realised=np.array([9.0, 9, 4, 6])), replace(one, estimated=np.arange(4.0) - 1), 2)
    assert isinstance(scored, FitScore)
    assert (scored.ratio, scored.observations) == (10 / 3, 2)
    assert (scored.correlation, scored.climatology) == pytest.approx((1.0, -1.0))


def test_a_walk_never_looks_ahead() -> None:
    """Changing the last span changes no estimate: each comes from the spans before it."""
    rows = observed(true_weights())
    before = walk(rows, QUICK)
    last = before.span == QUICK.calibration_spans - 1
    after: Walk = walk(replace(rows, realised=np.where(last, 100 * rows.realised, rows.realised)), QUICK)
    np.testing.assert_array_equal(after.estimated, before.estimated)
    np.testing.assert_array_equal(after.control, before.control)
    assert not before.estimated[before.span == 0].any()


def test_bars_of_two_intervals_meet_in_the_longer() -> None:
    """Hourly candles and four-hourly liquidations share four-hourly bars, and no dollar is lost or doubled."""
    candles = random_walk(24 * 12)
    given = Liquidations(
        venues=("a",),
        interval_ms=4 * HOUR_MS,
        open_time_ms=candles.open_time_ms[::4],
        liquidated_long_quote=np.arange(len(candles) // 4, dtype=np.float64),
        liquidated_short_quote=np.ones(len(candles) // 4),
    )
    aligned = candles.open_time_ms[0] % (4 * HOUR_MS)
    shared = common_bars(candles, replace(given, open_time_ms=given.open_time_ms - aligned), 0)
    assert shared.interval_ms == 4 * HOUR_MS
    assert np.bincount(shared.place[shared.place >= 0]).tolist() == [4] * len(shared.open_time_ms)
    finer = common_bars(candles, replace(given, interval_ms=HOUR_MS, open_time_ms=candles.open_time_ms[: 24 * 3]), 0)
    assert finer.interval_ms == HOUR_MS
    assert finer.realised[:, 1].sum() == 24 * 3


def test_a_sound_market_gives_a_sample() -> None:
    """A month of liquidations gives rows for both sides and for each churn, after the book has filled."""
    market = market_of(30)
    sample = sample_of(market, 0, DEFAULTS)
    assert not isinstance(sample, Missing)
    assert len(sample.by_churn) == len(DEFAULTS.calibration_churns)
    assert len(sample.by_churn[0].realised) == 2 * 24 * 27
    assert sample.liquidation_venues == ("a", "b")
    assert sample.open_interest_venues == ("a",)


def test_the_first_bar_of_all_counts_too() -> None:
    """With no days to fill the book the first bar is in the medians, and its reach is told from its own close."""
    market, bare = market_of(30), replace(DEFAULTS, calibration_warm_up_days=0.0, calibration_churns=(1.0,))
    assert not isinstance(market.candles, Missing)
    bars, sample = market.candles["a"], sample_of(market, 0, bare)
    assert not isinstance(sample, Missing)
    assert (sample.start_ms, sample.end_ms) == (bars.open_time_ms[0], bars.close_time_ms[-1])
    assert sample.price == np.median(bars.close)
    (rows,) = sample.by_churn
    assert rows.time_ms.tolist() == np.repeat(bars.close_time_ms, 2).tolist()
    edges = (0.0, *DEFAULTS.control_distances)
    for bar in (0, 1, 2, len(bars) - 1):
        before = bars.close[max(bar - 1, 0)]
        for side, gone in enumerate((np.log(before / bars.low[bar]), np.log(bars.high[bar] / before))):
            run = [min(max((gone - a) / (b - a), 0.0), 1.0) for a, b in pairwise(edges)]
            assert rows.reached[2 * bar + side] == pytest.approx(run)


@pytest.mark.parametrize(
    ("dollars", "coins", "said"),
    [
        (250, 60, ""), (500, 960, ""), (249, 60, "liquidations"), (501, 60, "liquidations"),
        (250, 59, "daily volume"), (250, 961, "daily volume"),
    ],
)  # fmt: skip
def test_units_are_refused_beyond_their_limits_alone(dollars: float, coins: float, said: str) -> None:
    """Of three bars only the first is common: 10 coins at 100, so 1000 a bar and 240 coins a day."""
    limits = replace(
        DEFAULTS, calibration_least_share=0.25, calibration_largest_share=0.5, calibration_largest_turnover=4.0
    )
    candles = replace(random_walk(3), close=np.array([100.0, 1, 1]), volume_base=np.array([10.0, 7e9, 7e9]))
    place, realised = np.array([0, -1, -1]), np.array([[dollars - 50.0, 50.0]])
    found = unit_fault("BTC", place, realised, candles, np.array([coins, 1e9, 1e9]), limits)
    assert found.startswith(f"The {said}") if said else not found


def test_a_feed_in_other_units_is_refused() -> None:
    """Liquidations in thousandths or thousands of what they are end in one sentence about units."""
    market = market_of(30)
    longs, shorts = both_sides(market)
    assert not isinstance(market.candles, Missing)
    bars = market.candles["a"]
    used = slice(24 * 3, None)
    share = float((longs + shorts)[used].sum() / (bars.volume_base * bars.close)[used].sum())
    for factor in (1e-3, 1e3):
        assert sample_of(with_liquidations(market, longs * factor, shorts * factor), 0, DEFAULTS) == Missing(
            f"The liquidations of BTC/USDT:USDT are {share * factor:.2g} of its volume, which cannot be: they must be "
            "in quote currency, not in contracts or coins. Multiply by contract size and price."
        )
    at_edge = with_liquidations(market, 0.199 / share * longs, 0.199 / share * shorts)
    assert not isinstance(sample_of(at_edge, 0, DEFAULTS), Missing)


def test_coins_in_other_units_are_refused() -> None:
    """Open interest a thousand times too small or large, no volume and a table that begins too late are named."""
    market = market_of(30)
    assert not isinstance(market.open_interest, Missing)
    assert not isinstance(market.candles, Missing)
    level, bars = market.open_interest["a"], market.candles["a"]
    daily = 24 * float(bars.volume_base[24 * 3 :].mean())
    for factor in (1e-3, 1e3):
        base = level.open_interest_base * factor
        turned = daily / float(base[0])
        other = replace(market, open_interest={"a": replace(level, open_interest_base=base)})
        assert sample_of(other, 0, DEFAULTS) == Missing(
            f"The daily volume of BTC/USDT:USDT is {turned:.2g} of its open interest, which cannot be: both must be in "
            "base coins, not in contracts. Multiply by the contract size."
        )
    still = replace(market, candles={"a": replace(bars, volume_base=np.zeros(len(bars)))})
    assert sample_of(still, 0, DEFAULTS) == Missing(
        "The bars of BTC/USDT:USDT have no volume, so nothing can be compared with it."
    )
    late = replace(market, open_interest={"a": replace(level, time_ms=level.time_ms + 40 * DAY_MS)})
    assert sample_of(late, 0, DEFAULTS) == Missing("There is no open interest of BTC/USDT:USDT by the last bar.")
    assert sample_of(market, market.as_of_ms, DEFAULTS) == Missing(
        "No bar of BTC/USDT:USDT has candles, open interest and liquidations at once, after the book has filled."
    )
    for name in ("candles", "open_interest", "liquidations"):
        assert sample_of(replace(market, **{name: Missing("No table.")}), 0, DEFAULTS) == Missing("No table.")  # type: ignore[arg-type]


def test_one_empty_side_is_refused() -> None:
    """Without a single liquidated short nothing is fitted."""
    market = market_of(30)
    longs, shorts = both_sides(market)
    said = "The liquidations of BTC/USDT:USDT hold {}; at least 50 bars are needed."
    none = sample_of(with_liquidations(market, longs, 0 * shorts), 0, DEFAULTS)
    assert none == Missing(said.format("not one liquidated short"))
    some = np.flatnonzero(longs[24 * 3 :] > 0) + 24 * 3
    few = np.where(np.arange(len(longs)) < some[49], longs, 0)
    assert sample_of(with_liquidations(market, few, shorts), 0, DEFAULTS) == Missing(
        said.format("49 bars with liquidated longs")
    )


def test_a_feed_that_stops_is_refused_with_its_last_moment() -> None:
    """A feed that falls silent midway is named, by zeros and by absent bars alike, and the way out is said."""
    market = market_of(30)
    assert not isinstance(market.liquidations, Missing)
    longs, shorts = both_sides(market)
    quiet = np.arange(len(longs)) >= 24 * 20
    zeros = with_liquidations(market, np.where(quiet, 0, longs), np.where(quiet, 0, shorts))
    absent = with_liquidations(market, longs, shorts, slice(24 * 20))
    last = np.datetime64(int(market.liquidations.open_time_ms[24 * 20 - 1]), "ms").astype("datetime64[m]")
    for given in (zeros, absent):
        assert sample_of(given, 0, DEFAULTS) == Missing(
            f"The liquidations of BTC/USDT:USDT are silent for 10.0 days from {last}Z on: the feed stopped. End the "
            f"sample there with --until {last}Z, or start after it with --from."
        )


def test_three_days_are_too_few() -> None:
    """A sample below the minimum is refused and the sentence says how many days are needed."""
    assert sample_of(market_of(8), 0, DEFAULTS) == Missing(
        "The liquidations of BTC/USDT:USDT cover 5.0 days after the book has filled; at least 7 are needed, and 14 to "
        "30 are better."
    )


def test_two_markets_are_calibrated_together() -> None:
    """What is written down is the sample's; where thrice as many dollars go, weights and draws are thrice as high."""
    few = replace(QUICK, calibration_draws=3, calibration_churns=(0.3, 1.0), calibration_spans=4, calibration_steps=40)
    markets = (market_of(16), replace(market_of(20), symbol="ETH/USDT:USDT"))

    def fitted(times: float) -> tuple[Calibration, ...]:
        sides = [both_sides(one) for one in markets]
        told = [
            with_liquidations(one, times * longs, times * shorts)
            for one, (longs, shorts) in zip(markets, sides, strict=True)
        ]
        samples = [one for one in (sample_of(market, 0, few) for market in told) if not isinstance(one, Missing)]
        return calibrate(samples, few, np.random.default_rng(1))

    one, other = fitted(1.0)
    assert (one.symbol, other.symbol, other.borrowed_from) == ("BTC/USDT:USDT", "ETH/USDT:USDT", None)
    assert (one.observations, other.observations) == (2 * 24 * 13, 2 * 24 * 17)
    assert (other.sample_end_ms - other.sample_start_ms, other.interval_ms) == (17 * DAY_MS, HOUR_MS)
    assert one.churn == other.churn
    assert one.churn in few.calibration_churns
    assert one.weight_draws.shape == (3, NODES)
    np.testing.assert_allclose(one.weight_draws.sum(axis=1) / one.weight.sum(), 1.0, atol=0.3)
    for made in (one, other):
        assert isinstance(made.fit, FitScore)
        assert made.fit.observations == made.observations
        assert made.fit.ratio == pytest.approx(1.0, abs=0.2)
        assert isinstance(made.held_out, FitScore)
        assert made.held_out.observations == pytest.approx(made.observations / 2, rel=0.1)
        assert made.identified.any()
        assert isinstance(made.interval, NotionalRule)
    for made, thrice in zip((one, other), fitted(3.0), strict=True):
        for name in ("weight", "prior_weight", "weight_draws"):
            np.testing.assert_allclose(getattr(thrice, name), 3 * getattr(made, name), rtol=1e-6)
    flat = replace(one, held_out=held_out(observed(np.zeros(NODES)), walk(observed(np.zeros(NODES)), few), 2))
    assert flat.held_out == Missing("Estimated or observed liquidations do not vary, so they cannot be compared.")
