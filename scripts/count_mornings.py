"""Count what the guide said on many mornings of a market folder: the table of docs/tried.md.

    python -m scripts.count_mornings FOLDER --from 2025-11-20 --until 2026-01-19 [--every DAYS] [--hour 7]

Each morning's brief is made from what was known by then, with the one before it for what changed. Printed are sweeps
that do not hold, zones C that are not larger, plans whose levels contradict the price, the distribution of reward to
risk, and how often each rung of the stance, each verdict of each line and each kind of headline came.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from reportgen.brief.changes import compare
from reportgen.brief.types import Brief, SymbolBrief
from reportgen.brief.write import tell_since, write_brief
from reportgen.config.assumptions import DEFAULTS
from reportgen.events.builtin import builtin_events, unknown_series
from reportgen.guide.structure import Sweep
from reportgen.guide.zones import far_edge, near_edge, outward
from reportgen.market.folder.read import read_market
from reportgen.units import DAY_MS, HOUR_MS, Missing

SERIES = ("macro", "crypto")
FEW_DRAWS = replace(DEFAULTS, draws=20)
"""Draws move no level and no verdict that is counted here."""


def main() -> int:
    """Walk the mornings and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--symbols", default="BTC,ETH,SOL,DOGE,AVAX,ARB,WIF")
    parser.add_argument("--from", dest="first", required=True)
    parser.add_argument("--until", required=True)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--hour", type=int, default=7)
    asked = parser.parse_args()
    count: Counter[tuple[str, str]] = Counter()
    pays: list[float] = []
    before: Brief | None = None
    day = datetime.fromisoformat(asked.first).replace(hour=asked.hour, tzinfo=UTC)
    last = datetime.fromisoformat(asked.until).replace(hour=asked.hour, tzinfo=UTC)
    while day <= last:
        as_of_ms = int(day.timestamp() * 1000)
        gathered = read_market(asked.folder, tuple(asked.symbols.split(",")), as_of_ms=as_of_ms)
        brief = write_brief(
            gathered,
            timeframe="4h",
            timeframe_ms=4 * HOUR_MS,
            horizon_hours=24.0,
            timezone="UTC",
            events=builtin_events(SERIES, as_of_ms, as_of_ms + 3 * DAY_MS),
            unknown_events=unknown_series(SERIES, as_of_ms, as_of_ms + DAY_MS),
            assumptions=FEW_DRAWS,
        )
        if before is not None:
            brief = tell_since(brief, before, compare(before, brief), FEW_DRAWS)
        before = brief
        count["headline", _headline_kind(brief)] += 1
        for symbol in brief.symbols:
            _count_symbol(symbol, count, pays)
        day += timedelta(days=asked.every)
    for (what, which), number in sorted(count.items()):
        total = sum(other for (name, _), other in count.items() if name == what)
        print(f"{what:28} {which:28} {number:6} {number / total:6.0%}")
    rows = np.array(pays)
    parts = ", ".join(f"{one:.0%} {np.quantile(rows, one):.2f}" for one in (0.05, 0.25, 0.5, 0.75, 0.95))
    below = int((rows < DEFAULTS.plan_least_reward).sum())
    print(f"reward to risk: {len(rows)} rows, {below} below 1; quantiles {parts}")
    return 0


def _headline_kind(brief: Brief) -> str:
    text = brief.headline
    if "traded through" in text:
        return f"through a zone: {text.split()[0]}"
    if "stands inside" in text:
        return "inside a zone"
    return "nearest zone of " + text.split(" zone of ")[1].split(",")[0] if " zone of " in text else "none stands out"


def _count_symbol(symbol: SymbolBrief, count: Counter[tuple[str, str]], pays: list[float]) -> None:
    if isinstance(symbol.price, Missing) or isinstance(symbol.structure, Missing) or isinstance(symbol.stance, Missing):
        count["symbol", "without structure"] += 1
        return
    price, day = symbol.price, symbol.structure.atr
    count["symbol", "counted"] += 1
    count["stance", symbol.stance.kind] += 1
    count["trend", symbol.structure.trend] += 1
    for line in symbol.checklist:
        count[f"checklist {line.step} {line.name}", line.verdict] += 1
    for reaction in symbol.reactions:
        count["evidence leans to", reaction.leans_to or "none"] += 1
    _count_zones(symbol, symbol.structure.sweep, price, day, count)
    for plan in symbol.plan:
        sign = outward(plan.side)
        if plan.line is None or plan.reward_to_risk is None:
            count["plan", "without what it pays"] += 1
            continue
        ordered = sign * plan.de_risk > sign * plan.line > sign * plan.invalidation
        ahead = min(sign * plan.line, sign * plan.alert) >= sign * price
        count["plan", "in order" if ordered and ahead else "contradicts the price"] += 1
        count["plan pays", "no trade" if plan.no_trade else "an entry"] += 1
        pays.append(plan.reward_to_risk)
    if isinstance(symbol.scenarios, Missing):
        return
    least = DEFAULTS.plan_noise_days * day * (1 - 1e-9)
    for scenario in (symbol.scenarios.bullish, symbol.scenarios.bearish):
        near = scenario.line is not None and abs(scenario.line.price - price) < least
        count["trigger", "inside the noise" if near else "outside the noise"] += 1


def _count_zones(
    symbol: SymbolBrief, sweep: Sweep | None, price: float, day: float, count: Counter[tuple[str, str]]
) -> None:
    if sweep is not None:
        sign = outward(sweep.where)
        given_back = sign * (sweep.level - price) > 0
        clear = sign * (sweep.extreme - sweep.level) >= DEFAULTS.sweep_least_days * day * (1 - 1e-9)
        count["sweep", "holds" if given_back and clear else "wrong"] += 1
    for zone in symbol.zones:
        first = next((one for one in symbol.zones if one.side == zone.side and one.label != "C"), None)
        if zone.label == "C" and first is not None:
            clear = outward(zone.side) * (near_edge(zone) - far_edge(first)) >= DEFAULTS.second_gap_days * day * 0.99
            count["zone C", "larger and clear" if zone.share > first.share and clear else "wrong"] += 1


if __name__ == "__main__":
    raise SystemExit(main())
