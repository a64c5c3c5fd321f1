"""The one computed sentence that opens the page: what moved, and which dense zones stand close."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reportgen import notation
from reportgen.assumptions import Assumptions
from reportgen.guide.findings import Catalyst, heaviest_first
from reportgen.guide.wording import capital, crowd, distance, due, event_name, listed
from reportgen.guide.zones import Zone
from reportgen.units import Fraction, Maybe, Missing, Where

_SEPARATOR = " · "
_LONGEST_SUFFIX = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolFacts:
    """What the page's headline must know of one symbol.

    Attributes:
        base: "BTC". mapped: False when there is no map of it. change_24h: fraction.
        above, below: the nearest dense zone on each side, None when there is none.
    """

    base: str
    mapped: bool
    change_24h: Maybe[Fraction]
    above: Zone | None
    below: Zone | None


def headline(facts: Sequence[SymbolFacts], event: Catalyst | None, assumptions: Assumptions) -> str:
    """Write the finding over all symbols, watchlist order.

    Args:
        facts: One a symbol, in the order of the watchlist.
        event: The first event inside the horizon that moves the plan, or None.
        assumptions: How near a zone and how large a move must be to be named.
    """
    if not any(fact.mapped for fact in facts):
        return "No symbol has a liquidation map today."
    lead = _event_lead(event) or _move_lead(facts, assumptions)
    return capital(f"{lead}{_zones_text(facts, assumptions)}.")


def subject_suffix(events: Sequence[Catalyst]) -> str:
    """Write what a mail's subject ends with: the first event that moves the plan and its countdown, or nothing.

    One line of at most 80 characters, the separator included: " · US CPI in 6 h".
    """
    moving = heaviest_first(events)
    if not moving:
        return ""
    event, more = moving[0], len(moving) - 1
    tail = f" {due(event)}{f' and {more} more' if more else ''}"
    name = event_name(event)
    room = _LONGEST_SUFFIX - len(_SEPARATOR) - len(tail)
    return f"{_SEPARATOR}{name if len(name) <= room else name[: room - 1].rstrip() + '…'}{tail}"


def _event_lead(event: Catalyst | None) -> str:
    return "" if event is None else f"{event_name(event)} {due(event)} can override the map: "


def _move_lead(facts: Sequence[SymbolFacts], assumptions: Assumptions) -> str:
    """Name the first symbol's move, as it leads the watchlist, when it is large."""
    first = facts[0]
    if isinstance(first.change_24h, Missing) or abs(first.change_24h) < assumptions.headline_move:
        return ""
    word = "fall" if first.change_24h < 0 else "rise"
    return f"after a {notation.percent(abs(first.change_24h))} {word} in {first.base} in 24{notation.THIN}h, "


def _zones_text(facts: Sequence[SymbolFacts], assumptions: Assumptions) -> str:
    near = assumptions.headline_near_atr
    close = [text for side in ("above", "below") if (text := _close_on(side, facts, near))]
    if close:
        return f"{' and '.join(close)} within {notation.atr(near)}"
    zones = [(zone, fact.base) for fact in facts for zone in (fact.above, fact.below) if zone is not None]
    if not zones:
        return "no dense liquidation zone stands out"
    zone, base = min(zones, key=lambda pair: pair[0].distance_atr)
    return f"the nearest dense zone, {crowd(zone.liquidated_side)}, lies {distance(zone)} {base}"


def _close_on(side: Where, facts: Sequence[SymbolFacts], near: float) -> str:
    """Name the symbols with a near zone on a side: dense shorts above BTC and ETH."""
    zones = [(fact.above if side == "above" else fact.below, fact.base) for fact in facts]
    names = [base for zone, base in zones if zone is not None and zone.distance_atr <= near]
    if not names:
        return ""
    return f"dense {'shorts' if side == 'above' else 'longs'} lie {side} {listed(names)}"
