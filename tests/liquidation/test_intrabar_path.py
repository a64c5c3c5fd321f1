"""The finer path: bars cut at the mark prices of open interest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.map import CONSTANT_NODES, DEFAULT_ENGINE, NOT_GIVEN, PATH_ONLY, maps_at
from reportgen.liquidation.margin import flat
from reportgen.liquidation.path import Grid, Path, along_marks, cut_by_marks, mirrored
from reportgen.market.data import Candles, OpenInterest
from reportgen.units import HOUR_MS, Bools, Floats, Maybe, Missing, Side

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


def along_path(path: Path, side: Side, interest: Maybe[OpenInterest]) -> Path:
    """Cut one side's path."""
    if side is Side.LONG:
        return along_marks(path, GRID, HOUR_MS, interest)
    return mirrored(along_marks(mirrored(path, GRID.bins), GRID, HOUR_MS, interest), GRID.bins)


def both_paths(side: Side) -> tuple[Path, Path]:
    """Give the bars' path with uneven deposits and the finer one."""
    candles, interest = ticks()
    coarse = path_of(candles, GRID, side, np.linspace(1, 2, len(candles)))
    return coarse, along_path(coarse, side, interest)


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
    fine = along_marks(coarse, GRID, HOUR_MS, replace(interest, open_interest_quote=wild))
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
        same = along_path(coarse, Side.SHORT, given)
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
    fine = along_marks(coarse, GRID, HOUR_MS, interest)
    assert len(fine.deposit) == len(coarse.deposit) * EACH
    np.testing.assert_allclose(fine.deposit, 1 / EACH)


def test_later_marks_change_no_earlier_map() -> None:
    """With marks the map is another one than on bars alone, and marks after the decision change nothing."""
    candles, interest = ticks()
    decision = candles.close_time_ms[120:140]
    _, bars = maps_at(candles, BRACKETS, decision, DEFAULTS)
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
        assert not np.allclose(fine[side], bars[side])
        np.testing.assert_allclose(early[side], fine[side], rtol=1e-9, atol=1e-12)


def told(interest: OpenInterest, rows: Bools) -> OpenInterest:
    """Keep some snapshots."""
    assert not isinstance(interest.open_interest_quote, Missing)
    return OpenInterest(
        time_ms=interest.time_ms[rows],
        open_interest_base=interest.open_interest_base[rows],
        open_interest_quote=interest.open_interest_quote[rows],
    )


@pytest.mark.parametrize(("cut", "fine"), [(12, False), (13, True)])
def test_a_path_is_fine_where_marks_cut_most_bars_of_the_day(cut: int, fine: bool) -> None:  # noqa: FBT001
    """Twelve cut bars of the last 24 leave the map blurred as uncut bars are; thirteen make it a fine one."""
    candles, interest = ticks()
    moment = candles.close_time_ms[99:100]
    since = candles.close_time_ms[99] - cut * HOUR_MS
    kept = (interest.time_ms > since) | (interest.time_ms % HOUR_MS == 0)
    assert cut_by_marks(candles, told(interest, kept), moment, DEFAULTS).tolist() == [fine]


def test_tiers_are_blurred_only_where_bars_are_uncut() -> None:
    """Along marks a wider blur moves the kernel and not the tiers; on bars alone it moves both."""
    candles, interest = ticks()
    decision = candles.close_time_ms[150:151]
    wide = replace(DEFAULTS, smooth_distance_share=0.5)
    for engine, moves in ((PATH_ONLY, False), (DEFAULT_ENGINE, True)):
        _, fine = maps_at(candles, BRACKETS, decision, DEFAULTS, engine, open_interest=interest)
        _, wider = maps_at(candles, BRACKETS, decision, wide, engine, open_interest=interest)
        assert np.array_equal(fine[Side.LONG], wider[Side.LONG]) is not moves
        _, uncut = maps_at(candles, BRACKETS, decision, DEFAULTS, engine)
        _, wider = maps_at(candles, BRACKETS, decision, wide, engine)
        assert not np.allclose(uncut[Side.LONG], wider[Side.LONG])


def test_blur_brings_nothing_back_where_price_swept() -> None:
    """A fine map holds mass in exactly the bins in which its unblurred book does; on uncut bars the blur leaks."""
    candles, interest = ticks()
    decision = candles.close_time_ms[150:151]
    sharp = replace(DEFAULTS, smooth_distance_share=1e-9, smooth_log_width=1e-9)
    for given, leaks in ((interest, False), (NOT_GIVEN, True)):
        _, mass = maps_at(candles, BRACKETS, decision, DEFAULTS, open_interest=given)
        _, book = maps_at(candles, BRACKETS, decision, sharp, open_interest=given)
        assert (book[Side.LONG] == 0).any()
        assert not np.allclose(mass[Side.LONG], book[Side.LONG])
        assert np.array_equal(mass[Side.LONG] > 0, book[Side.LONG] > 0) is not leaks


def test_baselines_walk_the_same_fine_path() -> None:
    """The path-only book and the constant nodes are cut at the marks too: with them they are other maps."""
    candles, interest = ticks()
    decision = candles.close_time_ms[150:152]
    for engine in (PATH_ONLY, CONSTANT_NODES):
        _, bars = maps_at(candles, BRACKETS, decision, DEFAULTS, engine)
        _, fine = maps_at(candles, BRACKETS, decision, DEFAULTS, engine, open_interest=interest)
        assert not np.allclose(bars[Side.LONG], fine[Side.LONG])
