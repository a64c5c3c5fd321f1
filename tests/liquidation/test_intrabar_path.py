"""The finer path: bars cut at the mark prices of open interest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.map import DEFAULT_ENGINE, maps_at
from reportgen.liquidation.margin import flat
from reportgen.liquidation.path import Grid, Path, along_marks
from reportgen.market.data import Candles, OpenInterest
from reportgen.units import HOUR_MS, Floats, Missing, Side

from .markets import path_of

BRACKETS = flat(0.005, 125, "a test")
GRID = Grid(log_low=float(np.log(50)), step=0.001, bins=1400)
EACH = 12
STEP = HOUR_MS // EACH
UNTIL = 200


def ticks(hours: int = UNTIL) -> tuple[Candles, OpenInterest]:
    """Make hourly bars and the 5-minute marks that they were built from; the first mark ends the first 5 minutes."""
    price = 100 * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.001, hours * EACH)))
    hourly = price.reshape(hours, EACH)
    opens = np.concatenate([[100.0], hourly[:-1, -1]])
    candles = Candles(
        interval_ms=HOUR_MS,
        open_time_ms=np.arange(hours, dtype=np.int64) * HOUR_MS,
        open=opens,
        high=np.maximum(opens, hourly.max(axis=1)) * 1.0005,
        low=np.minimum(opens, hourly.min(axis=1)) / 1.0005,
        close=hourly[:, -1],
        volume_base=np.ones(hours),
        taker_buy_base=Missing("A random walk has no takers."),
    )
    base = np.full(price.size, 1000.0)
    times = (np.arange(price.size, dtype=np.int64) + 1) * STEP
    return candles, OpenInterest(time_ms=times, open_interest_base=base, open_interest_quote=base * price)


def both_paths(side: Side) -> tuple[Path, Path]:
    """Give the bars' path with uneven deposits and the finer one."""
    candles, interest = ticks()
    coarse = path_of(candles, GRID, side, np.linspace(1, 2, len(candles)))
    return coarse, along_marks(coarse, GRID, side, HOUR_MS, interest)


def of_each_bar(values: Floats) -> Floats:
    """Lay pieces out a bar a row."""
    return values.reshape(-1, EACH)


@pytest.mark.parametrize("side", list(Side))
def test_a_bar_keeps_its_deposit_extremes_and_close(side: Side) -> None:
    """The pieces of a bar deposit what it deposited, in equal parts, touch what it touched and end at its close."""
    coarse, fine = both_paths(side)
    np.testing.assert_allclose(of_each_bar(fine.deposit), np.repeat(coarse.deposit[:, None] / EACH, EACH, axis=1))
    np.testing.assert_array_equal(of_each_bar(fine.near).min(axis=1), coarse.near)
    np.testing.assert_array_equal(of_each_bar(fine.far).max(axis=1), coarse.far)
    np.testing.assert_array_equal(of_each_bar(fine.close)[:, -1], coarse.close)
    assert (np.diff(fine.close_time_ms) == STEP).all()


@pytest.mark.parametrize("side", list(Side))
def test_pieces_join(side: Side) -> None:
    """Each piece starts where the one before ended, and holds its own end."""
    _, fine = both_paths(side)
    assert ((fine.near <= fine.close) & (fine.close <= fine.far)).all()
    assert (fine.near[1:] <= fine.close[:-1] + 1e-9).all()
    assert (fine.far[1:] >= fine.close[:-1] - 1e-9).all()


def test_marks_beyond_the_bar_are_held_to_it() -> None:
    """A mark that left its bar's range moves no extreme."""
    candles, interest = ticks()
    assert not isinstance(interest.open_interest_quote, Missing)
    wild = interest.open_interest_quote.copy()
    wild[3::7] *= 1.2
    coarse = path_of(candles, GRID, Side.LONG, np.ones(len(candles)))
    fine = along_marks(coarse, GRID, Side.LONG, HOUR_MS, replace(interest, open_interest_quote=wild))
    np.testing.assert_array_equal(of_each_bar(fine.near).min(axis=1), coarse.near)
    np.testing.assert_array_equal(of_each_bar(fine.far).max(axis=1), coarse.far)


def test_without_finer_marks_bars_stay_whole() -> None:
    """No open interest, none in quote, none above zero, or snapshots at the bars' closes alone change nothing."""
    candles, interest = ticks()
    coarse = path_of(candles, GRID, Side.SHORT, np.ones(len(candles)))
    hourly = slice(EACH - 1, None, EACH)
    assert not isinstance(interest.open_interest_quote, Missing)
    at_closes = OpenInterest(
        time_ms=interest.time_ms[hourly],
        open_interest_base=interest.open_interest_base[hourly],
        open_interest_quote=interest.open_interest_quote[hourly],
    )
    for given in (
        Missing("The venue gives none."),
        replace(interest, open_interest_quote=Missing("Base alone.")),
        replace(interest, open_interest_base=np.zeros(len(interest.time_ms))),
        at_closes,
    ):
        same = along_marks(coarse, GRID, Side.SHORT, HOUR_MS, given)
        np.testing.assert_array_equal(same.close_time_ms, coarse.close_time_ms)
        np.testing.assert_allclose([same.near, same.far, same.close, same.deposit], [
            coarse.near, coarse.far, coarse.close, coarse.deposit,
        ])  # fmt: skip


def test_a_missing_bar_is_not_drawn_over() -> None:
    """After a gap the first piece starts at its own mark, and a piece never deposits more than its share of a bar."""
    candles, interest = ticks()
    keep = np.ones(len(candles), dtype=bool)
    keep[100:110] = False
    coarse = path_of(candles.part(keep), GRID, Side.LONG, np.ones(int(keep.sum())))
    fine = along_marks(coarse, GRID, Side.LONG, HOUR_MS, interest)
    assert len(fine.deposit) == len(coarse.deposit) * EACH
    np.testing.assert_allclose(fine.deposit, 1 / EACH)


def test_the_engine_without_marks_is_the_range_kernel() -> None:
    """With no open interest the two engines are one; with marks they differ, and later marks change nothing."""
    candles, interest = ticks()
    decision = candles.close_time_ms[120:140]
    _, bars = maps_at(candles, BRACKETS, decision, DEFAULTS, replace(DEFAULT_ENGINE, marks=False))
    _, none = maps_at(candles, BRACKETS, decision, DEFAULTS)
    _, fine = maps_at(candles, BRACKETS, decision, DEFAULTS, open_interest=interest)
    known = interest.time_ms <= decision[-1]
    assert not isinstance(interest.open_interest_quote, Missing)
    cut = OpenInterest(
        time_ms=interest.time_ms[known],
        open_interest_base=interest.open_interest_base[known],
        open_interest_quote=interest.open_interest_quote[known],
    )
    _, early = maps_at(candles.first(140), BRACKETS, decision, DEFAULTS, open_interest=cut)
    for side in Side:
        np.testing.assert_array_equal(none[side], bars[side])
        assert not np.allclose(fine[side], bars[side])
        np.testing.assert_allclose(early[side], fine[side], rtol=1e-9, atol=1e-12)
