"""Exported maps are the maps of each moment, and a moment without bars is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.errors import DataError
from reportgen.liquidation.map import export_maps
from reportgen.units import HOUR_MS, Missing
from tests.liquidation.test_calibration import market_of

MARKET = market_of(6)
assert not isinstance(MARKET.candles, Missing)
BARS = MARKET.candles["a"]


def test_a_map_is_that_of_its_moment() -> None:
    """Each row is the map of its moment: bars after it change nothing, and the price parts the sides."""
    times = BARS.close_time_ms[-25::12]
    found = export_maps(MARKET, times, DEFAULTS)
    assert found.time_ms.tolist() == times.tolist()
    assert found.long.shape == found.short.shape == (3, len(found.price_edges) - 1)
    middle = np.sqrt(found.price_edges[1:] * found.price_edges[:-1])
    for row, moment in enumerate(times.tolist()):
        price = float(BARS.close[int(np.searchsorted(BARS.close_time_ms, moment))])
        assert found.long[row][middle > price * 1.001].sum() == found.short[row][middle < price / 1.001].sum() == 0
        assert found.long[row].sum() > 0 < found.short[row].sum()
    last = BARS.close.copy()
    last[-1] *= 1.01
    other = replace(MARKET, candles={"a": replace(BARS, close=last, high=np.maximum(BARS.high, last))})
    again = export_maps(other, times, DEFAULTS)
    assert again.long[0].sum() == pytest.approx(found.long[0].sum())


def test_a_moment_without_bars_is_refused() -> None:
    """Without candles, before the first close and a bar after the last, one sentence says what to choose instead."""
    first, last = int(BARS.close_time_ms[0]), int(BARS.close_time_ms[-1])
    bare = replace(MARKET, candles=Missing("There is no such table."))
    early = "has no closed bar at the first decision time. Start --from after the first bar closes."
    for market, moment, said in (
        (bare, first, "cannot be mapped. There is no such table."),
        (MARKET, first - 1, early),
    ):
        with pytest.raises(DataError) as refused:
            export_maps(market, np.array([moment]), DEFAULTS)
        assert str(refused.value) == f"BTC/USDT:USDT {said}"
    with pytest.raises(DataError) as refused:
        export_maps(MARKET, np.array([last + HOUR_MS]), DEFAULTS)
    assert str(refused.value) == (
        "The candles of BTC/USDT:USDT end before --until: later maps would repeat the last one. Choose an earlier "
        "--until."
    )
    assert export_maps(MARKET, np.array([last + HOUR_MS - 1]), DEFAULTS).long.sum() > 0
