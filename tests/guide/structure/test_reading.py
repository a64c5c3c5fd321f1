"""Step 1: the chart environment, by what happens to it when prices are scaled, mirrored, moved and cut."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.config.assumptions import DEFAULTS, Assumptions
from reportgen.guide.structure import Level, Structure
from reportgen.guide.structure.bars import slice_until
from reportgen.guide.structure.reading import read_structure
from reportgen.market.data import Candles
from reportgen.units import DAY_MS, HOUR_MS, Maybe, Milliseconds, Missing
from tests.guide.structure.candle_paths import (
    MIDDLE,
    START_MS,
    candles_along,
    later,
    mirrored,
    noisy_range,
    scaled,
    steady,
    walk,
    without,
)

FOUR_HOURS = 4 * HOUR_MS
MONTH = 24 * 30
SEEDS = st.integers(0, 10_000)
few = settings(max_examples=25)


def ask(
    candles: Candles,
    *,
    reference: Maybe[Candles] | None = None,
    as_of_ms: Milliseconds | None = None,
    timeframe: tuple[str, Milliseconds] = ("4h", FOUR_HOURS),
    assumptions: Assumptions = DEFAULTS,
) -> Maybe[Structure]:
    """Read structure at the last close, as BTC unless a reference is given."""
    return read_structure(
        candles,
        Missing("No reference was given.") if reference is None else reference,
        is_reference=reference is None,
        timeframe=timeframe[0],
        timeframe_ms=timeframe[1],
        as_of_ms=int(candles.close_time_ms[-1]) if as_of_ms is None else as_of_ms,
        assumptions=assumptions,
    )


def read(
    candles: Candles,
    *,
    reference: Maybe[Candles] | None = None,
    as_of_ms: Milliseconds | None = None,
    assumptions: Assumptions = DEFAULTS,
) -> Structure:
    """Read structure and insist on an answer."""
    answer = ask(candles, reference=reference, as_of_ms=as_of_ms, assumptions=assumptions)
    assert isinstance(answer, Structure), answer
    return answer


def reason(answer: Maybe[object]) -> str:
    """Insist on a missing answer and give its reason."""
    assert isinstance(answer, Missing), answer
    return answer.reason


def same(one: Structure, other: Structure) -> bool:
    """Compare every field."""
    return all(getattr(one, field.name) == getattr(other, field.name) for field in fields(Structure))


def verdicts(structure: Structure) -> tuple[object, ...]:
    """List what does not depend on the unit of price."""
    sweep = None if structure.sweep is None else (structure.sweep.where, structure.sweep.time_ms)
    sides = (structure.supports, structure.resistances)
    touches = tuple(tuple(level.touches for level in side) for side in sides)
    return (structure.trend, structure.exhausted, structure.volume, structure.regime, sweep, touches)


@few
@given(SEEDS, st.sampled_from([1e-5, 0.3, 7.0, 1e4]))
def test_scaled_prices_scale_levels_and_leave_verdicts(seed: int, by: float) -> None:
    """In another currency every price is another one and nothing else changes."""
    candles = walk(MONTH, seed=seed)
    here, there = read(candles), read(scaled(candles, by))
    assert verdicts(here) == verdicts(there)
    assert there.atr == pytest.approx(by * here.atr)
    assert there.range_high == pytest.approx(by * here.range_high)
    assert [level.price for level in there.supports] == pytest.approx([by * level.price for level in here.supports])
    assert [level.distance_atr for level in there.resistances] == pytest.approx(
        [level.distance_atr for level in here.resistances]
    )
    assert there.change_24h == pytest.approx(here.change_24h)


@few
@given(SEEDS)
def test_mirrored_prices_swap_up_and_down(seed: int) -> None:
    """Upside down a rise is a fall, the range's top is its bottom, and volume and exhaustion stay."""
    candles = walk(MONTH, seed=seed)
    here, there = read(candles), read(mirrored(candles))
    assert there.trend == {"up": "down", "down": "up", "sideways": "sideways"}[here.trend]
    assert there.trend_strength == pytest.approx(-here.trend_strength, abs=1e-9)
    assert there.momentum == pytest.approx(-here.momentum, abs=1e-9)
    assert (there.exhausted, there.volume) == (here.exhausted, here.volume)
    assert there.range_high == pytest.approx(MIDDLE**2 / here.range_low)
    assert (here.sweep is None) == (there.sweep is None)
    if here.sweep is not None and there.sweep is not None:
        assert here.sweep.where != there.sweep.where


@few
@given(SEEDS)
def test_mirrored_prices_swap_supports_and_resistances(seed: int) -> None:
    """Without merging, every support upside down is a resistance at the mirrored price."""
    candles = walk(MONTH, seed=seed)
    alone = replace(DEFAULTS, level_merge_atr=0.0)
    here, there = read(candles, assumptions=alone), read(mirrored(candles), assumptions=alone)
    for supports, resistances in ((here.supports, there.resistances), (there.supports, here.resistances)):
        assert [MIDDLE**2 / level.price for level in supports] == pytest.approx([r.price for r in resistances])


@few
@given(SEEDS, st.integers(1, 400))
def test_another_day_is_the_same_chart(seed: int, days: int) -> None:
    """Moved in time by whole days, only the times change."""
    candles = walk(MONTH, seed=seed)
    here, there = read(candles), read(later(candles, days * DAY_MS))
    assert there.momentum == here.momentum
    assert there.atr_percentile == here.atr_percentile
    assert [level.price for level in there.supports] == [level.price for level in here.supports]
    assert [level.last_touch_ms - days * DAY_MS for level in there.resistances] == [
        level.last_touch_ms for level in here.resistances
    ]


@few
@given(SEEDS, st.integers(400, MONTH - 1))
def test_what_comes_after_as_of_changes_nothing(seed: int, hour: int) -> None:
    """Structure in the middle of the data is structure of the data cut there, relative strength included."""
    candles, btc = walk(MONTH, seed=seed), walk(MONTH, seed=seed + 1)
    moment = START_MS + hour * HOUR_MS
    whole = read(candles, reference=btc, as_of_ms=moment)
    cut = read(slice_until(candles, moment), reference=slice_until(btc, moment), as_of_ms=moment)
    assert same(whole, cut)


def test_a_steady_rise_trends_up_and_a_steady_fall_down() -> None:
    """Where every bar rises the trend is up at full strength, and the reverse."""
    rise, fall = read(steady(MONTH, 0.001)), read(steady(MONTH, -0.001))
    assert (rise.trend, fall.trend) == ("up", "down")
    assert rise.trend_strength == pytest.approx(1)
    assert fall.trend_strength == pytest.approx(-1)
    assert rise.momentum > 0 > fall.momentum


@few
@given(SEEDS)
def test_a_noisy_range_is_sideways(seed: int) -> None:
    """Noise around one price has no trend."""
    assert read(noisy_range(MONTH, seed=seed)).trend == "sideways"


@few
@given(SEEDS)
def test_a_drifting_market_trends(seed: int) -> None:
    """A rise with pauses trends up though it is not straight: highs and lows agree."""
    assert read(walk(MONTH, seed=seed, drift=0.003, volatility=0.005)).trend == "up"


@few
@given(SEEDS)
def test_levels_stand_on_their_sides_and_apart(seed: int) -> None:
    """Supports lie below, resistances above, nearest first, few enough, and never closer than merging allows."""
    candles = walk(MONTH, seed=seed)
    structure = read(candles)
    price = float(candles.close[-1])
    for levels, sign in ((structure.supports, -1), (structure.resistances, 1)):
        distances = [(level.price - price) * sign for level in levels]
        assert all(distance > 0 for distance in distances)
        assert distances == sorted(distances)
        assert len(levels) <= DEFAULTS.levels_per_side
        assert [level.distance_fraction * price for level in levels] == pytest.approx(distances)
        assert [level.distance_atr * structure.atr for level in levels] == pytest.approx(distances)
    every = sorted(level.price for level in structure.supports + structure.resistances)
    assert (np.diff(every) >= DEFAULTS.level_merge_atr * structure.atr).all()


def test_a_range_is_held_by_its_edges() -> None:
    """In a slow wave between two prices the nearest levels are its crest and its trough."""
    wave = MIDDLE * np.exp(0.03 * np.sin(np.arange(MONTH) * 2 * np.pi / 96))
    structure = read(candles_along(wave, wick=0.0005))
    assert structure.resistances[0].price == pytest.approx(wave.max(), rel=1e-3)
    assert structure.supports[0].price == pytest.approx(wave.min(), rel=1e-3)
    assert structure.supports[0].touches > 1
    assert structure.trend == "sideways"


def test_without_swings_the_range_has_the_only_levels() -> None:
    """A straight fall has no swings, so its support is the range's low and its resistance the range's high."""
    structure = read(steady(MONTH, -0.001))
    assert [level.price for level in structure.supports] == [structure.range_low]
    assert [level.price for level in structure.resistances] == [structure.range_high]


def test_the_unfinished_bar_counts_for_the_range_and_not_for_the_trend() -> None:
    """A crash in the hours after the last 4h close moves price, range and the day's change, but no closed bar."""
    calm = walk(MONTH)
    close = np.concatenate([calm.close, calm.close[-1] * np.array([0.95, 0.94])])
    crashed = replace(candles_along(close), open_time_ms=START_MS + HOUR_MS * np.arange(MONTH + 2))
    before, after = read(slice_until(crashed, START_MS + MONTH * HOUR_MS)), read(crashed)
    assert (after.trend_strength, after.momentum, after.bars) == (before.trend_strength, before.momentum, before.bars)
    assert after.range_low < before.range_low
    assert not isinstance(after.change_24h, Missing)
    assert not isinstance(before.change_24h, Missing)
    assert after.change_24h < before.change_24h


def test_a_move_that_stalls_is_exhausted_and_one_that_runs_is_not() -> None:
    """Extreme and fading is exhausted; extreme and steady is not; fading without an extreme is not."""
    quiet = np.random.default_rng(3).normal(0, 0.001, MONTH - 48)
    bursts = {
        "stalls": np.concatenate([np.full(24, 0.004), np.full(24, 0.0)]),
        "runs": np.full(48, 0.004),
        "small": np.concatenate([np.full(24, 0.0002), np.full(24, 0.0)]),
    }
    closes = {name: MIDDLE * np.exp(np.cumsum(np.concatenate([quiet, burst]))) for name, burst in bursts.items()}
    found = {name: read(candles_along(close, wick=0.0002)) for name, close in closes.items()}
    assert {name: structure.exhausted for name, structure in found.items()} == {
        "stalls": True,
        "runs": False,
        "small": False,
    }
    assert found["stalls"].exhaustion > found["runs"].exhaustion


def test_volume_expands_and_contracts_against_its_own_past() -> None:
    """A day of threefold volume expands, a day of a third contracts, a usual day is steady."""
    candles = replace(walk(MONTH), volume_base=np.full(MONTH, 50.0))
    words = []
    for by in (3.0, 1.0, 1 / 3):
        volume = candles.volume_base.copy()
        volume[-24:] *= by
        structure = read(replace(candles, volume_base=volume))
        assert structure.volume_ratio == pytest.approx(by)
        words.append(structure.volume)
    assert words == ["expanding", "steady", "contracting"]


def test_regime_follows_the_size_of_moves() -> None:
    """A market that falls asleep is compressed, one that wakes up is expanding."""
    rng = np.random.default_rng(11)
    moves, last_days = rng.normal(0, 1, MONTH), np.arange(MONTH) >= MONTH - 24 * 6
    asleep = read(candles_along(MIDDLE * np.exp(np.cumsum(moves * np.where(last_days, 0.001, 0.01)))))
    awake = read(candles_along(MIDDLE * np.exp(np.cumsum(moves * np.where(last_days, 0.01, 0.001)))))
    assert (asleep.regime, awake.regime) == ("compressed", "expanding")
    assert asleep.atr_percentile < awake.atr_percentile
    assert asleep.range_percentile < awake.range_percentile


def test_relative_strength_is_the_gap_to_btc() -> None:
    """Against itself it is zero; a coin that gains more is stronger, and BTC has none."""
    candles, faster = steady(MONTH, 0.0005), steady(MONTH, 0.001)
    assert read(candles, reference=candles).relative_strength == 0
    gap = read(faster, reference=candles).relative_strength
    week = 24 * 7
    assert gap == pytest.approx(np.exp(0.001 * week) - np.exp(0.0005 * week))
    assert read(candles).relative_strength == Missing("BTC is what the others are measured against.")


def test_relative_strength_needs_btc_up_to_the_same_close() -> None:
    """Without BTC's candles, with ones that end early, or that begin late, the reason says so."""
    candles = walk(MONTH)
    none = read(candles, reference=Missing("No BTC here.")).relative_strength
    assert none == Missing("BTC's candles are missing: No BTC here.")
    early = candles.part(slice(0, MONTH - 3))
    short = read(candles, reference=early).relative_strength
    assert short == Missing("BTC's candles do not reach the last close of this symbol.")
    late = candles.part(slice(MONTH - 48, None))
    assert "no closed bar" in reason(read(candles, reference=late).relative_strength)


def test_the_day_change_needs_the_price_of_a_day_ago() -> None:
    """The change is from the close 24 hours before the last; a hole there is a reason, not a neighbour."""
    candles = walk(MONTH)
    change = read(candles).change_24h
    assert change == pytest.approx(candles.close[-1] / candles.close[-25] - 1)
    holed = without(candles, [MONTH - 27, MONTH - 26, MONTH - 25])
    assert "no closed bar" in reason(read(holed).change_24h)
    assert read(without(candles, [MONTH - 25])).change_24h == pytest.approx(candles.close[-1] / candles.close[-26] - 1)


def test_old_candles_are_read_at_their_last_bar() -> None:
    """When as-of is days after the last close, the structure is that of the last close."""
    candles = walk(MONTH)
    assert same(read(candles), read(candles, as_of_ms=int(candles.close_time_ms[-1]) + 3 * DAY_MS))


@pytest.mark.parametrize("bars", [0, 5, 59])
def test_too_little_history_names_both_numbers(bars: int) -> None:
    """The reason says how many bars are needed and how many there are."""
    answer = ask(walk(MONTH).part(slice(0, 4 * bars)), as_of_ms=START_MS + MONTH * HOUR_MS)
    assert answer == Missing(f"Structure needs 60 closed bars of 4h; there are {bars}.")


def test_longer_windows_need_more_history() -> None:
    """An assumption that looks farther back raises the number of bars that are needed."""
    answer = ask(walk(MONTH), assumptions=replace(DEFAULTS, trend_bars=500))
    assert "501" in reason(answer)


def test_coarser_candles_than_the_timeframe_are_refused() -> None:
    """A 15-minute structure cannot be read from hours."""
    answer = ask(walk(MONTH), timeframe=("15m", HOUR_MS // 4))
    assert "coarser than 15m" in reason(answer)


def test_a_market_without_volume_or_moves_is_missing() -> None:
    """A frozen price and absent volume give reasons, not zeros."""
    still = candles_along(np.full(MONTH, 5.0), wick=0.0)
    assert "not moved" in reason(ask(still))
    assert "no volume" in reason(ask(replace(walk(MONTH), volume_base=np.zeros(MONTH))))


@pytest.mark.parametrize("timeframe", [("1h", HOUR_MS), ("2h", 2 * HOUR_MS), ("1d", DAY_MS)])
def test_other_timeframes_count_their_own_bars(timeframe: tuple[str, Milliseconds]) -> None:
    """The trading timeframe decides what a bar is; the day's range stays the same."""
    candles = walk(24 * 90)
    answer = ask(candles, timeframe=timeframe)
    assert isinstance(answer, Structure)
    assert answer.timeframe == timeframe[0]
    assert answer.bars * timeframe[1] == len(candles) * HOUR_MS
    assert answer.atr == read(candles).atr


def test_merging_wider_leaves_fewer_levels() -> None:
    """Levels are merged by ATR: the wider, the fewer, and the touches add up."""
    candles = walk(MONTH)
    every = replace(DEFAULTS, levels_per_side=1000)

    def levels(merge: float) -> tuple[Level, ...]:
        structure = read(candles, assumptions=replace(every, level_merge_atr=merge))
        return structure.supports + structure.resistances

    narrow, wide = levels(0.0), levels(1.0)
    assert len(wide) < len(narrow)
    assert sum(level.touches for level in wide) == sum(level.touches for level in narrow)
