"""What price did at a zone: outcomes and plan levels against a slow reference, and nothing from before or after."""

from __future__ import annotations

from dataclasses import astuple, replace

import numpy as np

from reportgen.config.assumptions import DEFAULTS
from reportgen.market.data import Candles
from reportgen.track_record.ledger import Passage, PlannedLevels, first_whole_bar, follow
from reportgen.track_record.zones import ZoneAt, judge
from reportgen.units import DAY_MS, HOUR_MS
from tests.track_record.paths import START_MS, walk

HOURS = 24
NEAR, REVERSAL, EXTENSION = 0.25, 1.0, 0.5  # docs/method.md
Rows = list[tuple[int, float, float, float]]


def rows_of(candles: Candles, first_ms: int, until_ms: int) -> Rows:
    """Take plain Python rows of (open time, high, low, close) from the bars that lie inside a span."""
    columns = candles.open_time_ms.tolist(), candles.high.tolist(), candles.low.tolist(), candles.close.tolist()
    return [row for row in zip(*columns, strict=True) if row[0] >= first_ms and row[0] + HOUR_MS <= until_ms]


def slow_outcome(zone: ZoneAt, rows: Rows) -> tuple[str, bool]:
    """Walk through the definitions of docs/method.md bar by bar, with the zone above the price."""
    if zone.where == "below":
        mirrored = [(when, -low, -high, -close) for when, high, low, close in rows]
        above = replace(zone, where="above", low=-zone.high, high=-zone.low, price=-zone.price)
        return slow_outcome(above, mirrored)
    if zone.price >= zone.low or len(rows) < HOURS:
        return ("not_an_event" if zone.price >= zone.low else "censored"), False
    running, fronted, tapped = -1e18, False, False
    for _, high, low, close in rows:
        fronted |= running >= zone.low - NEAR * zone.atr and low <= running - REVERSAL * zone.atr
        running = max(running, high)
        fresh = not tapped and high >= zone.low
        tapped |= fresh
        if tapped and close >= zone.high + EXTENSION * zone.atr:
            return "continue", False
        if tapped and (close if fresh else low) <= zone.low - REVERSAL * zone.atr:
            return "reject", False
    if not tapped:
        return ("front_run" if fronted else "ignore"), False
    return ("continue" if rows[-1][3] >= (zone.low + zone.high) / 2 else "reject"), True


def slow_passage(zone: ZoneAt, plan: PlannedLevels, rows: Rows) -> Passage:
    """Follow touch, excursion and the plan's levels bar by bar, with the zone above the price."""
    if zone.where == "below":
        mirrored = [(when, -low, -high, -close) for when, high, low, close in rows]
        above = replace(zone, where="above", low=-zone.high, high=-zone.low, price=-zone.price)
        turned = replace(
            plan, alert=-plan.alert, entry=-plan.entry, invalidation=-plan.invalidation, de_risk=-plan.de_risk
        )
        return slow_passage(above, turned, mirrored)
    touched = alert = entry = invalidation = de_risk = None
    farthest, into = None, False
    for when, high, low, close in rows:
        end = when + HOUR_MS
        farthest = high if farthest is None or high > farthest else farthest
        if entry is not None and invalidation is None and low <= plan.invalidation:
            invalidation = end
        if entry is not None and de_risk is None and high >= plan.de_risk:
            de_risk = end
        if alert is None and high >= plan.alert:
            alert = end
        if touched is None and high >= zone.low:
            touched = end
        if end > plan.after_ms and high >= zone.low:
            into = True
        if entry is None and into and end % plan.timeframe_ms == 0 and close > plan.entry:
            entry = end
    return Passage(
        touched_ms=touched,
        excursion_atr=None if farthest is None else (farthest - zone.low) / zone.atr,
        alert_ms=alert,
        entry_ms=entry,
        invalidation_ms=invalidation,
        de_risk_ms=de_risk,
    )


def case(rng: np.random.Generator, seed: int) -> tuple[Candles, ZoneAt, PlannedLevels]:
    """Draw a path of two days, a zone near its price, and a plan around the zone; some bars are gone now and then."""
    bars = walk(seed, 2 * HOURS, volatility=float(rng.uniform(0.003, 0.012)))
    if rng.random() < 0.1:
        keep = np.ones(len(bars), dtype=bool)
        keep[int(rng.integers(0, 2 * HOURS))] = False
        bars = bars.part(keep)
    start = START_MS + int(rng.integers(0, 8)) * HOUR_MS
    price = float(bars.close[max(0, int(np.searchsorted(bars.close_time_ms, start, side="right")) - 1)])
    atr = price * float(rng.uniform(0.005, 0.03))
    gap, width = float(rng.uniform(-0.1, 2.0)) * atr, float(rng.uniform(0.05, 1.0)) * atr
    above = bool(rng.random() < 0.5)
    low = price + gap if above else price - gap - width
    sign, near, far = (1, low, low + width) if above else (-1, low + width, low)
    zone = ZoneAt(
        where="above" if above else "below", low=low, high=low + width, price=price, atr=atr, decision_ms=start
    )
    plan = PlannedLevels(
        alert=near - sign * 0.25 * atr,
        entry=near + float(rng.uniform(-0.3, 1.0)) * (far - near),
        invalidation=near - sign * 0.5 * atr,
        de_risk=far + sign * float(rng.uniform(0.1, 1.0)) * atr,
        timeframe_ms=int(rng.choice([1, 4])) * HOUR_MS,
        after_ms=start + 9 * HOUR_MS if rng.random() < 0.2 else 0,
    )
    return bars, zone, plan


def test_ten_thousand_paths_agree_with_a_slow_reference() -> None:
    """Outcome, timeout, touch, excursion and every plan level equal a plain bar-by-bar walk on 10,000 random paths."""
    rng = np.random.default_rng(11)
    seen: dict[str, int] = {}
    met = np.zeros(6, dtype=np.int64)
    for seed in range(10_000):
        bars, zone, plan = case(rng, seed)
        until = zone.decision_ms + DAY_MS
        fate, passage = judge(zone, bars, DAY_MS, DEFAULTS), follow(zone, plan, bars, until)
        rows = rows_of(bars, zone.decision_ms, until)
        assert (fate.outcome, fate.timeout) == slow_outcome(zone, rows)
        assert passage == slow_passage(zone, plan, rows)
        seen[fate.outcome] = seen.get(fate.outcome, 0) + 1
        met += [value is not None for value in astuple(passage)]
    assert min(seen[name] for name in ("reject", "continue", "front_run", "ignore", "censored", "not_an_event")) > 100
    assert met.min() > 500


def test_bars_before_the_brief_and_after_the_horizon_say_nothing() -> None:
    """Other bars before the decision or after the horizon leave fate and passage as they are."""
    rng = np.random.default_rng(3)
    for seed in range(200):
        bars, zone, plan = case(rng, seed)
        until = zone.decision_ms + DAY_MS
        inside = (bars.open_time_ms >= zone.decision_ms) & (bars.close_time_ms <= until)
        wild = rng.uniform(0.5, 2.0, len(bars))
        other = replace(
            bars,
            high=np.where(inside, bars.high, bars.high * wild * 2),
            low=np.where(inside, bars.low, bars.low * wild / 2),
            close=np.where(inside, bars.close, bars.close * wild),
        )
        assert follow(zone, plan, other, until) == follow(zone, plan, bars, until)
        assert judge(zone, other, DAY_MS, DEFAULTS) == judge(zone, bars, DAY_MS, DEFAULTS)


def test_the_first_bar_that_counts_holds_nothing_from_before_the_brief() -> None:
    """A brief in the middle of a bar is judged from the next whole bar on, one at its border from the bar itself."""
    assert first_whole_bar(START_MS, HOUR_MS) == START_MS
    assert first_whole_bar(START_MS + 1, HOUR_MS) == START_MS + HOUR_MS
    assert first_whole_bar(START_MS + 13 * 60_000, 5 * 60_000) == START_MS + 15 * 60_000


def test_without_a_bar_nothing_is_said() -> None:
    """No bar since the brief gives no touch, no excursion and no level, rather than zeros."""
    bars, zone, plan = case(np.random.default_rng(5), 5)
    assert follow(zone, plan, bars, zone.decision_ms) == Passage()
