"""What became of a zone: the product's judge against a slow one that walks bar by bar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.market.data import Candles
from reportgen.track_record.zones import ZoneAt, judge
from reportgen.units import DAY_MS, HOUR_MS
from tests.track_record.paths import START_MS, walk

HOURS = 24


def slow(zone: ZoneAt, bars: Candles) -> tuple[str, bool]:
    """Walk the bars one by one, as docs/method.md is written; zones below with their own comparisons."""
    up = zone.where == "above"
    near, far = (zone.low, zone.high) if up else (zone.high, zone.low)
    sign = 1 if up else -1
    toward = bars.high if up else bars.low
    away = bars.low if up else bars.high
    tapped = False
    extreme = -np.inf
    fronted = False
    for bar in range(len(bars)):
        first = not tapped and sign * (toward[bar] - near) >= 0
        if not tapped and not first:
            if sign * near - extreme <= 0.25 * zone.atr and sign * away[bar] <= extreme - zone.atr:
                fronted = True
            extreme = max(extreme, sign * toward[bar])
            continue
        tapped = True
        back = bars.close[bar] if first else away[bar]
        if sign * (bars.close[bar] - far) >= 0.5 * zone.atr:
            return "continue", False
        if sign * (near - back) >= zone.atr:
            return "reject", False
    if tapped:
        return ("continue" if sign * (bars.close[-1] - (zone.low + zone.high) / 2) >= 0 else "reject"), True
    return ("front_run" if fronted else "ignore"), False


def test_the_judge_agrees_with_one_who_walks_bar_by_bar() -> None:
    """On thousands of random paths and zones on both sides each fate is that of the slow reference; all four occur."""
    rng = np.random.default_rng(5)
    seen: dict[str, int] = {}
    timeouts = 0
    for seed in range(150):
        bars = walk(seed, HOURS, volatility=0.006)
        for _ in range(20):
            atr = 100 * rng.uniform(0.005, 0.03)
            gap, width = rng.uniform(0.01, 2.0) * atr, rng.uniform(0.05, 1.0) * atr
            above = bool(rng.random() < 0.5)
            low = 100 + gap if above else 100 - gap - width
            zone = ZoneAt(
                where="above" if above else "below", low=low, high=low + width, price=100.0, atr=atr,
                decision_ms=START_MS,
            )  # fmt: skip
            fate = judge(zone, bars, DAY_MS, DEFAULTS)
            assert (fate.outcome, fate.timeout) == slow(zone, bars)
            seen[fate.outcome] = seen.get(fate.outcome, 0) + 1
            timeouts += fate.timeout
    assert set(seen) == {"reject", "continue", "front_run", "ignore"}
    assert min(seen.values()) > 20
    assert timeouts > 20


def path(*bars: tuple[float, float, float]) -> Candles:
    """Make bars of (high, low, close), the last one repeated up to a day."""
    rows = np.array([*bars, *[(bars[-1][2], bars[-1][2], bars[-1][2])] * (HOURS - len(bars))])
    return replace(walk(0, HOURS), open=rows[:, 2], high=rows[:, 0], low=rows[:, 1], close=rows[:, 2])


ZONE = ZoneAt(where="above", low=104.0, high=106.0, price=100.0, atr=4.0, decision_ms=START_MS)


@pytest.mark.parametrize(
    ("bars", "outcome", "timeout"),
    [
        (((104.0, 100.0, 101.0), (102.0, 100.0, 101.0)), "reject", False),
        (((105.0, 99.0, 104.5), (105.0, 101.0, 104.0)), "reject", True),
        (((104.0, 99.0, 99.9),), "reject", False),
        (((109.0, 104.0, 108.0),), "continue", False),
        (((104.5, 103.0, 104.0), (109.0, 99.0, 108.0)), "continue", False),
        (((105.5, 103.0, 105.0),), "continue", True),
        (((103.0, 100.0, 102.0), (102.0, 99.0, 100.0)), "front_run", False),
        (((103.0, 99.0, 102.0), (102.0, 99.1, 100.0)), "ignore", False),
        (((102.9, 100.0, 102.0), (102.0, 98.0, 99.0)), "ignore", False),
    ],
)
def test_each_rule_at_its_edge(
    bars: tuple[tuple[float, float, float], ...],
    outcome: str,
    timeout: bool,  # noqa: FBT001 - a case
) -> None:
    """Taps, closes beyond, falls back and near misses count from exactly the distances of docs/method.md."""
    fate = judge(ZONE, path(*bars), DAY_MS, DEFAULTS)
    assert (fate.outcome, fate.timeout) == (outcome, timeout)


def test_a_missing_bar_censors_and_a_price_inside_is_no_event() -> None:
    """Fewer bars than the horizon, a gap in them, or a price already at the zone give no outcome."""
    bars = walk(1, HOURS)
    keep = np.ones(HOURS, dtype=bool)
    keep[7] = False
    assert judge(ZONE, bars.part(keep), DAY_MS, DEFAULTS).outcome == "censored"
    assert judge(ZONE, bars.first(HOURS - 1), DAY_MS, DEFAULTS).outcome == "censored"
    assert judge(replace(ZONE, price=104.0), bars, DAY_MS, DEFAULTS).outcome == "not_an_event"
    assert judge(replace(ZONE, price=110.0), bars, DAY_MS, DEFAULTS).outcome == "not_an_event"


def test_bars_before_the_decision_and_after_the_horizon_say_nothing() -> None:
    """The fate is that of the day after the decision, whatever came before and after."""
    longer = walk(3, 3 * HOURS, volatility=0.006)
    zone = replace(ZONE, price=float(longer.close[HOURS - 1]), decision_ms=START_MS + HOURS * HOUR_MS)
    moved = replace(zone, low=zone.price + 0.5, high=zone.price + 1.0, atr=1.0)
    alone = longer.part(slice(HOURS, 2 * HOURS))
    assert judge(moved, longer, DAY_MS, DEFAULTS) == judge(moved, alone, DAY_MS, DEFAULTS)
