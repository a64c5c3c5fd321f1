"""What changed since the last brief: Brief, Brief -> Changes, each change with its numbers, the largest first.

A change counts once it is as large as its threshold in config/assumptions.py; `weight` says how many thresholds it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from reportgen import notation
from reportgen.brief.types import Brief, Change, ChangeKind, Changes, SymbolBrief
from reportgen.config.assumptions import DEFAULTS, Assumptions
from reportgen.guide.context import typical_range
from reportgen.guide.positioning import FundingReading, OpenInterestReading
from reportgen.guide.structure import Structure
from reportgen.guide.zones import Zone, far_edge, near_edge, outward
from reportgen.market.data import MarketData
from reportgen.units import HOUR_MS, Maybe, Milliseconds, Missing, Price

_ARROW: Final = "\u2192"
_GRADES: Final = ("None", "Low", "Medium", "High")
_STATE_CHANGE: Final = 2.0
"""A new word (trend, regime, who pays, grade) weighs as much as a number at twice its threshold."""
_SWEPT_AT_LEAST: Final = 2.0
"""What price did stands before what the map did: a sweep weighs this much before its size counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far price went since the brief before."""

    low: Price
    high: Price


def compare(
    before: Brief, now: Brief, reached: Mapping[str, Reach] | None = None, assumptions: Assumptions = DEFAULTS
) -> Changes:
    """Say what changed from one brief to the next.

    Args:
        before: The earlier brief.
        now: The later one.
        reached: How far price went between the two, by symbol; where it is not known, the two prices stand for it.
        assumptions: The section "changes".
    """
    then = {symbol.symbol: symbol for symbol in before.symbols}
    known = {symbol.symbol for symbol in now.symbols}
    items = [
        change
        for symbol in now.symbols
        if symbol.symbol in then
        for change in _symbol_changes(then[symbol.symbol], symbol, (reached or {}).get(symbol.symbol), assumptions)
    ]
    return Changes(
        since=before.as_of,
        since_ms=before.as_of_ms,
        hours=(now.as_of_ms - before.as_of_ms) / HOUR_MS,
        items=tuple(sorted(items, key=lambda change: -change.weight)),
        new_symbols=tuple(symbol.base for symbol in now.symbols if symbol.symbol not in then),
        gone_symbols=tuple(symbol.base for symbol in before.symbols if symbol.symbol not in known),
    )


def reach_since(market: MarketData, since_ms: Milliseconds) -> Maybe[Reach]:
    """Find how far price went since a moment, on bars that opened at it or later."""
    if isinstance(market.candles, Missing):
        return market.candles
    candles = next(iter(market.candles.values()))
    first = int(np.searchsorted(candles.open_time_ms, since_ms))
    if first == len(candles):
        return Missing("No bar has closed since the last brief.")
    return Reach(low=float(candles.low[first:].min()), high=float(candles.high[first:].max()))


def _symbol_changes(was: SymbolBrief, now: SymbolBrief, reach: Reach | None, a: Assumptions) -> Iterator[Change]:
    """Compare one symbol with itself, reading by reading."""
    if isinstance(was.price, Missing) or isinstance(now.price, Missing):
        if isinstance(was.price, Missing) != isinstance(now.price, Missing):
            word = "a price again" if isinstance(was.price, Missing) else "no usable price any more"
            yield _change_of(now, "coverage", (), (), "", word, 2 * _STATE_CHANGE)
        return
    atr = typical_range(now.structure, now.zones, now.price) or typical_range(was.structure, was.zones, was.price)
    moved = abs(now.price - was.price) / atr if atr else 0.0
    far = f", {notation.usual_days(moved)}" if atr else ""
    old, new = (notation.price(one, now.price_decimals) for one in (was.price, now.price))
    text = f"price {old} {_ARROW} {new}, {notation.percent_change(now.price / was.price - 1)}{far}"
    yield _change_of(now, "price", (was.price,), (now.price,), "price", text, moved)  # all else is read against it
    if atr:
        spanned = reach or Reach(low=min(was.price, now.price), high=max(was.price, now.price))
        yield from zone_changes(was, now, spanned, atr, a)
    if not isinstance(was.structure, Missing) and not isinstance(now.structure, Missing):
        yield from _structure(was.structure, now.structure, now)
    if not isinstance(was.positioning, Missing) and not isinstance(now.positioning, Missing):
        yield from _open_interest(was.positioning.open_interest, now.positioning.open_interest, now, a)
        yield from _funding(was.positioning.funding, now.positioning.funding, now, a)
    yield from _quality(was, now)
    yield from _coverage(was, now)


def zone_changes(before: SymbolBrief, now: SymbolBrief, reach: Reach, atr: Price, a: Assumptions) -> Iterator[Change]:
    """List what became of each zone, and which are new: built, swept, faded and moved.

    Zones of one side are paired by overlap, the largest overlap first; what is left stands alone.

    Args:
        before: The symbol then.
        now: The symbol now.
        reach: How far price went since.
        atr: A day's typical range now, price.
        a: `changes_moved_atr`, `changes_share`, `zone_gate_share`, `lean_floor_atr`.
    """
    overlaps = sorted(
        ((_overlap(was, one), i, j) for i, was in enumerate(before.zones) for j, one in enumerate(now.zones)),
        reverse=True,
    )
    partner: dict[int, int] = {}
    for overlap, i, j in overlaps:
        if overlap > 0 and i not in partner and j not in partner.values():
            partner[i] = j
    for i, was in enumerate(before.zones):
        yield from _kept_zone(was, now.zones[partner[i]] if i in partner else None, now, reach, atr, a)
    for j, one in enumerate(now.zones):
        if j not in partner.values():
            where = "price inside" if one.price_inside else f"{notation.usual_days(one.distance_atr)} {one.side}"
            weight = _near(one, a) * one.share / a.zone_gate_share
            yield _zone_change("zone built", None, one, now, f"new, {_of_side(one)}, {where}", weight)


def _overlap(was: Zone, now: Zone) -> float:
    """Give the shared part of the narrower zone; nothing across sides."""
    if was.liquidated_side != now.liquidated_side:
        return 0.0
    shared = min(was.high, now.high) - max(was.low, now.low)
    return shared / max(min(was.high - was.low, now.high - now.low), shared) if shared > 0 else 0.0


def _kept_zone(
    was: Zone, now: Zone | None, symbol: SymbolBrief, reach: Reach, atr: Price, a: Assumptions
) -> Iterator[Change]:
    """Say what became of one zone of the earlier brief: price first, then its density, then its edges."""
    extreme = reach.high if was.side == "above" else reach.low
    if not was.price_inside and outward(was.side) * (extreme - near_edge(was)) >= 0:
        through = outward(was.side) * (extreme - far_edge(was)) >= 0
        how = "swept: price reached" if through else "entered: price reached"
        edge = "beyond its far edge" if through else "short of its far edge"
        text = f"{how} {notation.price(extreme, symbol.price_decimals)}, {edge}"
        weight = _SWEPT_AT_LEAST + was.share / a.zone_gate_share
        yield _zone_change("zone swept", was, None, symbol, text, weight, (extreme,))
        return
    if now is None:
        text = f"faded: no longer dense, untouched; it held {_of_side(was)}"
        yield _zone_change("zone faded", was, None, symbol, text, _near(was, a) * was.share / a.zone_gate_share)
        return
    grown = now.share / was.share - 1 if was.share > 0 else 0.0
    shift = max(abs(now.low - was.low), abs(now.high - was.high)) / atr
    if abs(grown) >= a.changes_share:
        kind: ChangeKind = "zone built" if grown > 0 else "zone faded"
        text = f"{'denser' if grown > 0 else 'thinner'}: {notation.share(was.share)} to {_of_side(now)}"
        yield _zone_change(kind, was, now, symbol, text, _near(now, a) * abs(grown) / a.changes_share)
    elif shift >= a.changes_moved_atr:
        edge_shift = outward(was.side) * (near_edge(now) - near_edge(was))
        way = f"its near edge {'away from' if edge_shift > 0 else 'toward'} the price"
        if abs(edge_shift) < abs(far_edge(now) - far_edge(was)):
            way = "its far edge"
        old = notation.price_range(was.low, was.high, symbol.price_decimals)
        text = f"moved by {notation.usual_days(shift)} ({way}), from {old}"
        yield _zone_change("zone moved", was, now, symbol, text, _near(now, a) * shift / a.changes_moved_atr)


def _zone_change(
    kind: ChangeKind, was: Zone | None, now: Zone | None, symbol: SymbolBrief, text: str, weight: float,
    reached: tuple[float, ...] = (),
) -> Change:  # fmt: skip
    shown = now or was
    assert shown is not None  # noqa: S101 - a pair holds at least one zone
    band = notation.price_range(shown.low, shown.high, symbol.price_decimals)
    return Change(
        symbol=symbol.symbol,
        base=symbol.base,
        kind=kind,
        side=shown.side,
        label=shown.label,
        was=(was.low, was.high) if was else (),
        now=(now.low, now.high) if now else reached,
        unit="price",
        text=f"{band} {text}",
        weight=weight,
    )


def _of_side(zone: Zone) -> str:
    return f"{notation.share(zone.share)} of {zone.liquidated_side.value}s"


def _near(zone: Zone, a: Assumptions) -> float:
    """Weigh nearness: 1 at `zone_near_atr`, more before it, less beyond."""
    return (a.zone_near_atr + a.lean_floor_atr) / (zone.distance_atr + a.lean_floor_atr)


def _structure(was: Structure, now: Structure, symbol: SymbolBrief) -> Iterator[Change]:
    """Trend, regime, and the nearest level that was broken."""
    if was.trend != now.trend:
        text = (
            f"trend {was.trend} {_ARROW} {now.trend}, net move over path "
            f"{notation.signed(was.trend_strength, 2)} {_ARROW} {notation.signed(now.trend_strength, 2)}"
        )
        yield _change_of(
            symbol, "structure", (was.trend_strength,), (now.trend_strength,), "net move over path", text,
            _STATE_CHANGE,
        )  # fmt: skip
    if was.regime != now.regime:
        text = (
            f"volatility {was.regime} {_ARROW} {now.regime}, true-range percentile "
            f"{was.atr_percentile * 100:.0f} {_ARROW} {now.atr_percentile * 100:.0f}, range percentile "
            f"{was.range_percentile * 100:.0f} {_ARROW} {now.range_percentile * 100:.0f}"
        )
        yield _change_of(
            symbol, "structure", (was.atr_percentile,), (now.atr_percentile,), "percentile", text, _STATE_CHANGE
        )
    assert not isinstance(symbol.price, Missing)  # noqa: S101 - compared symbols have a price
    # The farthest support or resistance of the earlier brief that price stands beyond.
    for name, levels, sign in (("resistance", was.resistances, 1), ("support", was.supports, -1)):
        broken = [level.price for level in levels if sign * (symbol.price - level.price) > 0]
        if broken:
            level = max(broken, key=lambda price: sign * price)
            side = "above" if sign > 0 else "below"
            beyond = sign * (symbol.price - level) / now.atr
            where = notation.price(level, symbol.price_decimals)
            text = f"price now {side} {name} {where}, by {notation.usual_days(beyond)}"
            yield _change_of(symbol, "structure", (level,), (symbol.price,), "price", text, 1 + beyond)


def _open_interest(
    was: Maybe[OpenInterestReading], now: Maybe[OpenInterestReading], symbol: SymbolBrief, a: Assumptions
) -> Iterator[Change]:
    """Compare in base coins, and only on one venue: two venues differ by more than a day does."""
    if isinstance(was, Missing) or isinstance(now, Missing) or was.venue != now.venue or not was.open_interest_base:
        return
    grown = now.open_interest_base / was.open_interest_base - 1
    if abs(grown) < a.open_interest_moving:
        return
    coins = f"{_coins(was.open_interest_base)} {_ARROW} {_coins(now.open_interest_base)}\u00a0{symbol.base}"
    text = f"open interest {notation.percent_change(grown)}, {coins}"
    yield _change_of(
        symbol, "open interest", (was.open_interest_base,), (now.open_interest_base,), "base coins", text,
        abs(grown) / a.open_interest_moving,
    )  # fmt: skip


def _coins(amount: float) -> str:
    """Write an amount of coins: whole ones where there are many."""
    return notation.grouped(amount, 0 if abs(amount) >= 1000 else notation.price_decimals(abs(amount)))


def _funding(
    was: Maybe[FundingReading], now: Maybe[FundingReading], symbol: SymbolBrief, a: Assumptions
) -> Iterator[Change]:
    """A rate that moved by the neutral band, or that changed its word."""
    if isinstance(was, Missing) or isinstance(now, Missing):
        return
    moved = abs(now.rate_8h - was.rate_8h) / a.funding_neutral_band
    then, today = _funding_word(was), _funding_word(now)
    if then == today and moved < 1:
        return
    rates = f"{notation.signed(was.rate_8h * 100, 3)} {_ARROW} {notation.funding(now.rate_8h)}"
    word = today if then == today else f"{then} {_ARROW} {today}"
    weight = max(moved, _STATE_CHANGE if then != today else 0.0)
    yield _change_of(
        symbol, "funding", (was.rate_8h,), (now.rate_8h,), "fraction per 8 h", f"funding {rates}, {word}", weight
    )


def _funding_word(reading: FundingReading) -> str:
    return f"{reading.bias}, extreme" if reading.extreme else reading.bias


def _quality(was: SymbolBrief, now: SymbolBrief) -> Iterator[Change]:
    then, today = (_GRADES.index(symbol.map_quality.grade) for symbol in (was, now))
    if then == today:
        return
    because = f": {now.map_quality.reasons[0]}" if today < then and now.map_quality.reasons else ""
    text = f"map quality {was.map_quality.grade} {_ARROW} {now.map_quality.grade}{because}"
    yield _change_of(
        now, "map quality", (float(then),), (float(today),), "grade, 0 to 3", text, _STATE_CHANGE * abs(today - then)
    )


def _coverage(was: SymbolBrief, now: SymbolBrief) -> Iterator[Change]:
    """Inputs that came or went, and venues."""
    if isinstance(was.coverage, Missing) or isinstance(now.coverage, Missing):
        return
    then, today = was.coverage, now.coverage
    if then.inputs_known != today.inputs_known:
        text = f"inputs known {then.inputs_known} {_ARROW} {today.inputs_known} of {today.inputs_total}"
        change = float(abs(today.inputs_known - then.inputs_known))
        yield _change_of(
            now, "coverage", (float(then.inputs_known),), (float(today.inputs_known),), "inputs", text,
            _STATE_CHANGE * change,
        )  # fmt: skip
    had, have = ({venue.venue for venue in one.venues} for one in (then, today))
    if had != have:
        lost = f"lost {', '.join(sorted(had - have))}" if had - have else ""
        gained = f"gained {', '.join(sorted(have - had))}" if have - had else ""
        text = f"venues {len(had)} {_ARROW} {len(have)}: {' and '.join(part for part in (lost, gained) if part)}"
        yield _change_of(now, "coverage", (float(len(had)),), (float(len(have)),), "venues", text, _STATE_CHANGE)


def _change_of(
    symbol: SymbolBrief, kind: ChangeKind, was: tuple[float, ...], now: tuple[float, ...], unit: str, text: str,
    weight: float,
) -> Change:  # fmt: skip
    return Change(
        symbol=symbol.symbol, base=symbol.base, kind=kind, side=None, label=None,
        was=was, now=now, unit=unit, text=text, weight=weight,
    )  # fmt: skip
