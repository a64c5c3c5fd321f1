"""The data alone decide which venue leads and which of its bars are used."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reportgen.config.assumptions import DEFAULTS
from reportgen.market.data import Candles
from reportgen.market.folder.build import best_interval, choose_candles, missing_bars
from reportgen.units import HOUR_MS
from tests.market.bars import END_MS, bars, thinned

MINUTES_3 = HOUR_MS // 20
THREE_MINUTE_MONTH = 31 * 24 * 20


def order(offered: dict[str, Sequence[Candles]]) -> list[str]:
    """Give the venues as chosen, the primary first."""
    return list(choose_candles(offered, END_MS, DEFAULTS))


def test_the_finest_bars_with_enough_history_are_used() -> None:
    """A month of 3-minute bars beats a longer hourly history; a week of them does not."""
    hourly = bars(24 * 90)
    month, week = bars(THREE_MINUTE_MONTH, interval_ms=MINUTES_3), bars(7 * 24 * 20, interval_ms=MINUTES_3)
    assert best_interval([hourly, month], DEFAULTS) is month
    assert best_interval([hourly, week], DEFAULTS) is hourly


def test_bars_that_end_early_are_not_used_however_fine() -> None:
    """3-minute bars that stop two days before the hourly ones would draw the map from an old price."""
    hourly = bars(24 * 90)
    stopped = bars(THREE_MINUTE_MONTH, interval_ms=MINUTES_3, end_ms=END_MS - 48 * HOUR_MS)
    assert best_interval([hourly, stopped], DEFAULTS) is hourly


def test_without_enough_history_the_longest_is_used() -> None:
    """A young market is read from the bars that reach back farthest."""
    hourly, daily = bars(24 * 10), bars(12, interval_ms=24 * HOUR_MS)
    assert best_interval([hourly, daily], DEFAULTS) is daily


def test_the_longest_fine_history_leads() -> None:
    """Length counts before volume, and a hole is no history."""
    long, short = bars(24 * 60, volume=1.0), bars(24 * 40, volume=9.0)
    keep = np.ones(24 * 60, dtype=np.bool_)
    keep[100:700] = False
    assert order({"a": [short], "z": [long]}) == ["z", "a"]
    assert order({"a": [short], "z": [thinned(long, keep)]}) == ["a", "z"]


def test_between_equal_histories_volume_leads_then_the_name() -> None:
    """The order in which venues stand in a file decides nothing."""
    assert order({"a": [bars(volume=1.0)], "z": [bars(volume=2.0)]}) == ["z", "a"]
    assert order({"z": [bars()], "b": [bars()], "a": [bars()]}) == ["a", "b", "z"]


def test_a_venue_that_stopped_does_not_lead() -> None:
    """However long its history: its last price is not the market's."""
    stopped = bars(24 * 90, end_ms=END_MS - 3 * HOUR_MS)
    late = bars(24 * 90, end_ms=END_MS - 2 * HOUR_MS)
    assert order({"a": [bars(24 * 30)], "z": [stopped]}) == ["a", "z"]
    assert order({"a": [bars(24 * 30)], "z": [late]}) == ["z", "a"]


def test_coarse_bars_lead_only_where_nobody_has_fine_ones() -> None:
    """A year of 4h bars gives way to a month of hourly ones, but is better than nothing."""
    coarse = bars(6 * 365, interval_ms=4 * HOUR_MS)
    assert order({"a": [coarse], "z": [bars(24 * 30)]}) == ["z", "a"]
    assert order({"a": [coarse]}) == ["a"]


def test_absent_bars_are_counted_between_the_first_and_the_last() -> None:
    """What lies before a history is not missing from it."""
    candles = bars(50)
    keep = np.ones(50, dtype=np.bool_)
    keep[[0, 1, 7, 30, 49]] = False
    assert missing_bars(candles.open_time_ms, HOUR_MS) == 0
    assert missing_bars(candles.open_time_ms[keep], HOUR_MS) == 2
