"""Zones of two briefs, matched by overlap: built, swept, faded and moved.

A zone keeps its identity through its prices, not its letter: C becomes A once A is swept, and nothing was built.
"""

from __future__ import annotations

from dataclasses import dataclass

from reportgen import notation
from reportgen.assumptions import Assumptions
from reportgen.brief_changes import Change, ChangeKind
from reportgen.guide.terrain import far_edge, near_edge, outward
from reportgen.guide.zones import Zone
from reportgen.section import SymbolBrief
from reportgen.units import Price

_SWEPT_AT_LEAST = 2.0
"""What price did stands before what the map did: a sweep weighs this much before its size counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far price went since the brief before."""

    low: Price
    high: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """One zone in two briefs, or in one of them."""

    was: Zone | None
    now: Zone | None


def zone_changes(
    before: SymbolBrief, now: SymbolBrief, reach: Reach, atr: Price, assumptions: Assumptions
) -> list[Change]:
    """List what became of each zone, and which are new.

    Args:
        before: The symbol then.
        now: The symbol now.
        reach: How far price went since.
        atr: A day's typical range now, price.
        assumptions: `changes_moved_atr`, `changes_share`, `zone_gate_share`, `lean_floor_atr`.
    """
    told = [_change(pair, now, reach, atr, assumptions) for pair in _matched(before.zones, now.zones)]
    return [change for change in told if change is not None]


def _matched(before: tuple[Zone, ...], now: tuple[Zone, ...]) -> list[_Pair]:
    """Pair zones of one side by overlap, the largest overlap first; what is left stands alone."""
    overlaps = sorted(
        ((_overlap(was, one), i, j) for i, was in enumerate(before) for j, one in enumerate(now)), reverse=True
    )
    partner: dict[int, int] = {}
    for overlap, i, j in overlaps:
        if overlap > 0 and i not in partner and j not in partner.values():
            partner[i] = j
    pairs = [_Pair(was=was, now=now[partner[i]] if i in partner else None) for i, was in enumerate(before)]
    return pairs + [_Pair(was=None, now=one) for j, one in enumerate(now) if j not in partner.values()]


def _overlap(was: Zone, now: Zone) -> float:
    """Give the shared part of the narrower zone; nothing across sides."""
    if was.liquidated_side != now.liquidated_side:
        return 0.0
    shared = min(was.high, now.high) - max(was.low, now.low)
    return shared / max(min(was.high - was.low, now.high - now.low), shared) if shared > 0 else 0.0


def _change(pair: _Pair, symbol: SymbolBrief, reach: Reach, atr: Price, a: Assumptions) -> Change | None:
    was, now = pair.was, pair.now
    if was is None:
        return None if now is None else _built(now, symbol, a)
    if not was.price_inside and _reached(was, reach):
        return _swept(was, symbol, reach, a)
    if now is None:
        return _faded(was, symbol, a)
    grown = now.share / was.share - 1 if was.share > 0 else 0.0
    if abs(grown) >= a.changes_share:
        return _reweighed(was, now, symbol, grown, a)
    shift = max(abs(now.low - was.low), abs(now.high - was.high)) / atr
    return _moved(was, now, symbol, shift, a) if shift >= a.changes_moved_atr else None


def _reached(zone: Zone, reach: Reach) -> bool:
    return reach.high >= zone.low if zone.side == "above" else reach.low <= zone.high


def _built(zone: Zone, symbol: SymbolBrief, a: Assumptions) -> Change:
    where = "price inside" if zone.price_inside else f"{notation.atr(zone.distance_atr)} {zone.side}"
    text = f"new, {_of_side(zone)}, {where}"
    return _made("zone built", None, zone, symbol, text, _mass(zone, a))


def _swept(was: Zone, symbol: SymbolBrief, reach: Reach, a: Assumptions) -> Change:
    extreme = reach.high if was.side == "above" else reach.low
    through = outward(was.side) * (extreme - far_edge(was)) >= 0
    how = "swept: price reached" if through else "entered: price reached"
    edge = "beyond its far edge" if through else "short of its far edge"
    text = f"{how} {notation.price(extreme, symbol.price_decimals)}, {edge}"
    return _made("zone swept", was, None, symbol, text, _SWEPT_AT_LEAST + was.share / a.zone_gate_share, (extreme,))


def _faded(was: Zone, symbol: SymbolBrief, a: Assumptions) -> Change:
    text = f"faded: no longer dense, untouched; it held {_of_side(was)}"
    return _made("zone faded", was, None, symbol, text, _mass(was, a))


def _reweighed(was: Zone, now: Zone, symbol: SymbolBrief, grown: float, a: Assumptions) -> Change:
    kind: ChangeKind = "zone built" if grown > 0 else "zone faded"
    word = "denser" if grown > 0 else "thinner"
    text = f"{word}: {notation.share(was.share)} to {_of_side(now)}"
    return _made(kind, was, now, symbol, text, _near(now, a) * abs(grown) / a.changes_share)


def _moved(was: Zone, now: Zone, symbol: SymbolBrief, shift: float, a: Assumptions) -> Change:
    edge = outward(was.side) * (near_edge(now) - near_edge(was))
    way = "its near edge away from the price" if edge > 0 else "its near edge toward the price"
    if abs(edge) < abs(far_edge(now) - far_edge(was)):
        way = "its far edge"
    old = notation.price_range(was.low, was.high, symbol.price_decimals)
    text = f"moved by {notation.atr(shift)} ({way}), from {old}"
    return _made("zone moved", was, now, symbol, text, _near(now, a) * shift / a.changes_moved_atr)


def _made(
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


def _mass(zone: Zone, a: Assumptions) -> float:
    """Weigh a zone by what it holds and how near it is."""
    return _near(zone, a) * zone.share / a.zone_gate_share


def _near(zone: Zone, a: Assumptions) -> float:
    """Weigh nearness: 1 at `zone_near_atr`, more before it, less beyond."""
    return (a.zone_near_atr + a.lean_floor_atr) / (zone.distance_atr + a.lean_floor_atr)
