"""Bars cut at a moment, gathered into coarser ones, looked up by time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.guide.structure.bars import close_at, interval_length, interval_name, resample, slice_from, slice_until
from reportgen.market.data import Candles
from reportgen.units import DAY_MS, HOUR_MS, Maybe, Milliseconds, Missing
from tests.guide.structure.candle_paths import START_MS, later, walk, without

FOUR_HOURS = 4 * HOUR_MS


def gathered(candles: Candles, interval_ms: Milliseconds, until_ms: Milliseconds | None = None) -> Candles:
    """Resample and insist on an answer."""
    until = int(candles.close_time_ms[-1]) if until_ms is None else until_ms
    bars: Maybe[Candles] = resample(candles, interval_ms, until)
    assert not isinstance(bars, Missing), bars
    return bars


@given(st.integers(4, 60), st.integers(0, 30))
def test_cut_keeps_exactly_the_closed_bars(bars: int, cut: int) -> None:
    """A bar that closes at the moment is kept, one that closes a millisecond later is not."""
    candles = walk(bars)
    moment = int(candles.close_time_ms[min(cut, bars - 1)])
    assert slice_until(candles, moment).close_time_ms[-1] == moment
    assert len(slice_until(candles, moment - 1)) == len(slice_until(candles, moment)) - 1


def test_slice_from_keeps_bars_that_open_at_the_moment() -> None:
    """What is cut off before a moment and kept from it on make the whole."""
    candles = walk(30)
    moment = int(candles.open_time_ms[12])
    assert len(slice_until(candles, moment)) + len(slice_from(candles, moment)) == len(candles)


def test_coarse_bars_hold_what_their_parts_hold() -> None:
    """A day gathered from hours opens with the first, closes with the last, and spans and adds up the rest."""
    candles = walk(48)
    days = gathered(candles, DAY_MS)
    second = slice(24, 48)
    assert len(days) == 2
    assert days.open[1] == candles.open[24]
    assert days.close[1] == candles.close[47]
    assert days.high[1] == candles.high[second].max()
    assert days.low[1] == candles.low[second].min()
    assert days.volume_base[1] == pytest.approx(candles.volume_base[second].sum())


def test_gathering_twice_is_gathering_once() -> None:
    """Hours to 4h to days give the same days as hours to days."""
    candles = walk(240)
    at_once, by_steps = gathered(candles, DAY_MS), gathered(gathered(candles, FOUR_HOURS), DAY_MS)
    for name in ("open_time_ms", "open", "high", "low", "close"):
        np.testing.assert_array_equal(getattr(at_once, name), getattr(by_steps, name))
    np.testing.assert_allclose(at_once.volume_base, by_steps.volume_base)


def test_bars_begin_at_utc_multiples() -> None:
    """Candles that begin in the middle of a bar still give bars that open at multiples of the interval."""
    candles = later(walk(50), 3 * HOUR_MS)
    bars = gathered(candles, FOUR_HOURS)
    assert set(bars.open_time_ms % FOUR_HOURS) == {0}


@given(st.integers(8, 60))
def test_unfinished_bar_is_left_out(bars: int) -> None:
    """The last bar closes no later than the candles do, and less than one bar before them."""
    candles = walk(bars)
    last = int(gathered(candles, FOUR_HOURS).close_time_ms[-1])
    assert 0 <= int(candles.close_time_ms[-1]) - last < FOUR_HOURS


@given(st.integers(8, 55))
def test_nothing_after_the_moment_counts(at: int) -> None:
    """Bars gathered up to a moment are those gathered from candles cut there."""
    candles = walk(60)
    moment = START_MS + at * HOUR_MS
    whole, cut = gathered(candles, FOUR_HOURS, moment), gathered(slice_until(candles, moment), FOUR_HOURS, moment)
    np.testing.assert_array_equal(whole.close, cut.close)
    np.testing.assert_array_equal(whole.volume_base, cut.volume_base)


def test_half_of_the_parts_make_a_bar() -> None:
    """A 4h bar with two of its four hours stands; with one it is left out."""
    candles = walk(24)
    assert START_MS + FOUR_HOURS in gathered(without(candles, [4, 6]), FOUR_HOURS).open_time_ms
    assert START_MS + FOUR_HOURS not in gathered(without(candles, [4, 5, 6]), FOUR_HOURS).open_time_ms


@pytest.mark.parametrize("interval_ms", [HOUR_MS // 2, HOUR_MS * 3 // 2])
def test_bars_that_do_not_fit_are_missing(interval_ms: Milliseconds) -> None:
    """Finer bars, and bars that hours do not fill evenly, are refused by name."""
    answer = resample(walk(24), interval_ms, START_MS + DAY_MS)
    finer = "The candles are 1h bars, coarser than 30m."
    assert answer == Missing(finer if interval_ms < HOUR_MS else "Bars of 1h do not fill bars of 90m evenly.")


def test_same_interval_changes_nothing() -> None:
    """Hours gathered into hours are the hours."""
    candles = walk(24)
    np.testing.assert_array_equal(gathered(candles, HOUR_MS).high, candles.high)


def test_no_bars_give_no_bars() -> None:
    """Candles that had not begun at the moment give an empty set of bars, not an error."""
    assert len(gathered(walk(24), FOUR_HOURS, START_MS)) == 0


def test_unknown_taker_volume_stays_unknown() -> None:
    """A reason for missing taker volume survives gathering; known taker volume adds up."""
    candles = walk(24)
    unknown = replace(candles, taker_buy_base=Missing("The venue does not publish it."))
    assert gathered(unknown, DAY_MS).taker_buy_base == unknown.taker_buy_base
    taker, parts = gathered(candles, DAY_MS).taker_buy_base, candles.taker_buy_base
    assert isinstance(taker, np.ndarray)
    assert isinstance(parts, np.ndarray)
    assert taker.sum() == pytest.approx(parts.sum())


def test_close_is_looked_up_within_the_tolerance() -> None:
    """Over a gap the close before it answers as long as the tolerance reaches back so far."""
    candles = without(walk(24), [10, 11])
    moment = START_MS + 12 * HOUR_MS
    assert close_at(candles, moment, 2 * HOUR_MS) == candles.close[9]
    too_old = close_at(candles, moment, HOUR_MS)
    assert isinstance(too_old, Missing)
    assert "12:00 UTC" in too_old.reason


@pytest.mark.parametrize(("hours", "name"), [(1, "1h"), (4, "4h"), (24, "1d"), (36, "36h"), (168, "7d")])
def test_intervals_have_the_names_that_venues_use(hours: int, name: str) -> None:
    """Whole days are written in days, the rest in hours."""
    assert interval_name(hours * HOUR_MS) == name


@pytest.mark.parametrize("hours", [0.25, 1, 4, 24, 36, 168])
def test_a_name_leads_back_to_its_interval(hours: float) -> None:
    """What is named is read again; a word, a count without a unit and a unit without a count name no interval."""
    length = round(hours * HOUR_MS)
    assert interval_length(interval_name(length)) == length
    assert [interval_length(name) for name in ("", "h", "4", "4x", "-4h", "1500ms", "fourh")] == [0] * 7


def test_intervals_under_an_hour_are_named_in_minutes() -> None:
    """A quarter of an hour is 15m; what is no whole minute is written in milliseconds."""
    assert interval_name(HOUR_MS // 4) == "15m"
    assert interval_name(1500) == "1500ms"
