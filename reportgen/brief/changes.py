"""What changed since the last brief: Brief, Brief -> Changes, each change with its numbers, the largest first.

A change counts once it is as large as its threshold in config/assumptions.py; `weight` says how many thresholds it is.
Below it what an event that has passed did to the map: which zones of its moment, as a brief of then would have shown
them from the bars that had closed, price has traded through since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reportgen import notation
from reportgen.brief.types import Brief, Change, ChangeKind, Changes, Consumed, ConsumedZone, SymbolBrief
from reportgen.config.assumptions import DEFAULTS, Assumptions
from reportgen.events.calendar import Event
from reportgen.guide.context import typical_range
from reportgen.guide.positioning import FundingReading, Positioning
from reportgen.guide.structure import Structure
from reportgen.guide.structure.volatility import day_range
from reportgen.guide.zones import Zone, far_edge, near_edge, outward
from reportgen.guide.zones.finding import find_zones
from reportgen.liquidation.map import build_map
from reportgen.liquidation.margin import brackets_of
from reportgen.market.data import Candles, MarketData
from reportgen.market.symbols import base_of
from reportgen.units import DAY_MS, HOUR_MS, Maybe, Milliseconds, Missing, Price

_ARROW: Final = "\u2192"
_GRADES: Final = ("None", "Low", "Medium", "High")
_STATE_CHANGE: Final = 2.0
"""A new word (trend, regime, who pays, grade) weighs as much as a number at twice its threshold."""
_SWEPT_AT_LEAST: Final = 2.0
"""What price did stands before what the map did: a sweep weighs this much before its size counts."""
_NOT_READ: Final = Missing("Zones of an earlier moment are found from the map alone.")


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
        yield from _positioning(was.positioning, now.positioning, now, a)
    yield from _trust(was, now)


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


def _positioning(was: Positioning, now: Positioning, symbol: SymbolBrief, a: Assumptions) -> Iterator[Change]:
    """Open interest in base coins and on one venue alone, as two differ by more than a day does; then funding."""
    held, holds = was.open_interest, now.open_interest
    if not isinstance(held, Missing) and not isinstance(holds, Missing) and held.venue == holds.venue:
        had, has = held.open_interest_base, holds.open_interest_base
        grown = has / had - 1 if had else None
        if grown is not None and abs(grown) >= a.open_interest_moving:
            coins = f"{_coins(had)} {_ARROW} {_coins(has)}\u00a0{symbol.base}"
            text = f"open interest {notation.percent_change(grown)}, {coins}"
            weight = abs(grown) / a.open_interest_moving
            yield _change_of(symbol, "open interest", (had,), (has,), "base coins", text, weight)
    paid, pays = was.funding, now.funding
    if isinstance(paid, Missing) or isinstance(pays, Missing):
        return
    moved = abs(pays.rate_8h - paid.rate_8h) / a.funding_neutral_band
    then, today = _funding_word(paid), _funding_word(pays)
    if then == today and moved < 1:
        return
    rates = f"{notation.signed(paid.rate_8h * 100, 3)} {_ARROW} {notation.funding(pays.rate_8h)}"
    words = today if then == today else f"{then} {_ARROW} {today}"
    weight = max(moved, _STATE_CHANGE if then != today else 0.0)
    text = f"funding {rates}, {words}"
    yield _change_of(symbol, "funding", (paid.rate_8h,), (pays.rate_8h,), "fraction per 8 h", text, weight)


def _coins(amount: float) -> str:
    """Write an amount of coins: whole ones where there are many."""
    return notation.grouped(amount, 0 if abs(amount) >= 1000 else notation.price_decimals(abs(amount)))


def _funding_word(reading: FundingReading) -> str:
    return f"{reading.bias}, extreme" if reading.extreme else reading.bias


def _trust(was: SymbolBrief, now: SymbolBrief) -> Iterator[Change]:
    """The map's grade, then inputs that came or went, and venues."""
    graded, grade = (_GRADES.index(symbol.map_quality.grade) for symbol in (was, now))
    if graded != grade:
        because = f": {now.map_quality.reasons[0]}" if grade < graded and now.map_quality.reasons else ""
        text = f"map quality {was.map_quality.grade} {_ARROW} {now.map_quality.grade}{because}"
        weight = _STATE_CHANGE * abs(grade - graded)
        yield _change_of(now, "map quality", (float(graded),), (float(grade),), "grade, 0 to 3", text, weight)
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


def consumed_since(
    market: MarketData,
    candles: Candles,
    past: tuple[Event, ...],
    decimals: int,
    rng: np.random.Generator,
    assumptions: Assumptions,
) -> tuple[Consumed, ...]:
    """Tell for each event that passed lately which zones of its moment are used up.

    Args:
        market: All that is known of the symbol.
        candles: Of its primary venue, up to as-of.
        past: Events of the last horizon, the latest first; those that do not concern it are left out.
        decimals: Of its prices.
        rng: For the draws that finding zones asks for; no edge depends on them.
        assumptions: Every constant.
    """
    concerning = [event for event in past if event.concerns(base_of(market.symbol))]
    chosen = concerning[: assumptions.events_seen_through]
    return tuple(_consumed(market, candles, event, decimals, rng, assumptions) for event in chosen)


def _consumed(
    market: MarketData, candles: Candles, event: Event, decimals: int, rng: np.random.Generator, a: Assumptions
) -> Consumed:
    def told(text: str, zones: tuple[ConsumedZone, ...] = ()) -> Consumed:
        return Consumed(event=event.name, at_ms=event.at_ms, zones=zones, text=f"{text}.")

    name = " ".join(event.name.split())
    if not event.time_known:
        return told(f"{name} took place at an hour that is not known, so what it consumed cannot be told")
    before = candles.first(int(np.searchsorted(candles.close_time_ms, event.at_ms, side="right")))
    # The bar that the event falls into opened before it: its range may be older than the event.
    after = candles.part(candles.open_time_ms >= event.at_ms)
    zones = _zones_before(market, before, rng, a)
    if isinstance(zones, Missing):
        return told(f"What {name} consumed is not known: {zones.reason.rstrip('.')}")
    if not len(after):
        return told(f"No bar has opened and closed since {name}")
    low, high = float(after.low.min()), float(after.high.max())
    # A zone that price stood in already counts by its far edge.
    found = tuple(
        ConsumedZone(
            label=zone.label,
            side=zone.side,
            low=zone.low,
            high=zone.high,
            how="through" if outward(zone.side) * (extreme - far_edge(zone)) >= 0 else "into",
        )
        for zone in zones
        for extreme in (high if zone.side == "above" else low,)
        if outward(zone.side) * (extreme - near_edge(zone)) >= 0
    )
    ranged = f"since {name} price ranged {notation.price_range(low, high, decimals)}"
    expected = (int(after.close_time_ms[-1]) - int(after.open_time_ms[0])) // candles.interval_ms
    lacking = "; bars are absent, so more may have been reached" if len(after) < expected else ""
    if not found:
        none = "no dense zone of its moment was reached" if zones else "no dense zone was mapped at its moment"
        return told(f"{ranged[:1].upper()}{ranged[1:]}: {none}{lacking}")
    listed = ", ".join(
        f"{one.label} {one.side} {notation.price_range(one.low, one.high, decimals)} "
        f"({'traded through' if one.how == 'through' else 'traded into'})"
        for one in found
    )
    return told(f"{ranged[:1].upper()}{ranged[1:]} and consumed, of the zones of its moment, {listed}{lacking}", found)


def _zones_before(
    market: MarketData, before: Candles, rng: np.random.Generator, a: Assumptions
) -> tuple[Zone, ...] | Missing:
    """Find the zones as they stood after some bars."""
    if len(before) < 2 or int(before.close_time_ms[-1] - before.open_time_ms[0]) < a.map_least_days * DAY_MS:
        return Missing(f"the bars before it span less than {a.map_least_days:g} days")
    atr = day_range(before, a)
    if isinstance(atr, Missing):
        return atr
    ends = int(before.close_time_ms[-1]) - before.interval_ms * np.arange(1, -1, -1, dtype=np.int64)
    estimate = build_map(before, brackets_of(market, a), ends, a, open_interest=market.leading_open_interest)
    nothing = Positioning(open_interest=_NOT_READ, funding=_NOT_READ, crowded_side=None, crowded_because="")
    found = find_zones(
        estimate,
        _NOT_READ,
        nothing,
        atr=atr,
        horizon_hours=a.reaction_horizon_hours,
        rng=rng,
        assumptions=replace(a, draws=1),
    )
    return tuple(sorted(found.zones, key=lambda zone: zone.distance_atr))
