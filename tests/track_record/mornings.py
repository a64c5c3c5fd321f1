"""Hand-made briefs and random markets that go on from them, for the tests of the ledger and of `refresh`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from reportgen.brief.types import Brief
from reportgen.config.assumptions import DEFAULTS
from reportgen.market.data import Candles, MarketData
from reportgen.track_record.ledger import Now
from reportgen.units import HOUR_MS, Missing
from tests.brief_parts import AS_OF_MS
from tests.briefs import morning
from tests.track_record.paths import ABSENT, market, walk

BEFORE_HOURS, LONGEST_HOURS = 48, 240


def path(price: float, hours: int, seed: int, volatility: float = 0.006) -> Candles:
    """Make hourly bars that stand at a price at as-of, and go on for some hours."""
    bars = walk(seed, LONGEST_HOURS, volatility=volatility).first(BEFORE_HOURS + hours)
    scale = price / float(bars.close[BEFORE_HOURS - 1])
    first = AS_OF_MS - BEFORE_HOURS * HOUR_MS
    return replace(
        bars,
        open_time_ms=first + HOUR_MS * np.arange(len(bars), dtype=np.int64),
        open=bars.open * scale, high=bars.high * scale, low=bars.low * scale, close=bars.close * scale,
    )  # fmt: skip


def markets_after(brief: Brief, hours: int, seed: int = 1) -> Mapping[str, MarketData]:
    """Let every market of a brief go on for some hours after as-of."""
    made = {}
    for place, symbol in enumerate(brief.symbols):
        assert not isinstance(symbol.price, Missing)
        bars = path(symbol.price, hours, 100 * seed + place)
        made[symbol.symbol] = replace(market(bars, ABSENT, ABSENT), symbol=symbol.symbol)
    return made


def later(hours: int, *, bars: int | None = None, seed: int = 1, brief: Brief | None = None) -> Now:
    """Say what a run knows some hours after the morning; `bars` when fewer than these have closed."""
    told = markets_after(brief or morning(), hours if bars is None else bars, seed)
    return Now(as_of_ms=AS_OF_MS + hours * HOUR_MS, markets=told, assumptions=DEFAULTS)
