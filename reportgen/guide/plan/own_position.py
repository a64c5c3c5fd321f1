"""The reader's own position: where it is liquidated, what lies before that, and how often price goes that far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reportgen.guide.context import Context, typical_range
from reportgen.guide.zones import Label
from reportgen.liquidation.cone import touch_probability
from reportgen.liquidation.margin import brackets_of, from_table, liquidation_price
from reportgen.market.data import MarketData
from reportgen.units import Fraction, Maybe, Missing, Price, Side, Where

_ADDS_FEE: Final = frozenset({"okx", "gate"})
"""Venues that add the taker fee to the maintenance margin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPosition:
    """A position as its holder states it.

    Attributes:
        symbol: `BTC/USDT:USDT`. side: long or short. entry: quote per base, > 0. size: base coins, > 0.
        leverage: of an isolated position, >= 1; None when `liquidation` is known.
        liquidation: the price that the venue names; None when `leverage` is known.
        venue: whose margin rule counts, "" for the primary venue's. taker_fee: fraction.
        share: whether others may see it.
    """

    symbol: str
    side: Side
    entry: Price
    size: float
    leverage: float | None
    liquidation: Price | None
    venue: str
    taker_fee: Fraction
    share: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPosition:
    """How a held position stands.

    Attributes:
        side, entry, size, share: As its holder states them.
        liquidation: Where it is liquidated, or why that is not known. basis: whose rule says so.
        distance: From the price, fraction; negative when price is beyond it. usual_days: the same, None when not known.
        toward: Where that is. zone: The zone that price reaches before it, None when there is none.
        reach: Share of like distances that price goes within the horizon, None when not known.
    """

    side: Side
    entry: Price
    size: float
    share: bool
    liquidation: Maybe[Price]
    basis: str
    distance: Fraction
    usual_days: float | None
    toward: Where
    zone: Label | None
    reach: Fraction | None


def read_position(held: HeldPosition, market: MarketData, context: Context) -> OwnPosition:
    """Read a position beside the symbol's zones."""
    toward: Where = "below" if held.side is Side.LONG else "above"
    price, basis = _liquidation(held, market, context)
    known = None if isinstance(price, Missing) else price
    sign = -1.0 if toward == "below" else 1.0
    distance = 0.0 if known is None else sign * (known / context.price - 1)
    day = typical_range(context.structure, context.zones, context.price)
    days = None if known is None or day is None else distance * context.price / day
    before = None
    if known is not None:
        edges = [(zone, zone.high if toward == "below" else zone.low) for zone in context.zones if zone.side == toward]
        nearer = [(sign * (edge - context.price), zone.label) for zone, edge in edges if sign * (known - edge) > 0]
        before = min(nearer, default=(0.0, None))[1]
    return OwnPosition(
        side=held.side,
        entry=held.entry,
        size=held.size,
        share=held.share,
        liquidation=price,
        basis=basis,
        distance=distance,
        usual_days=days,
        toward=toward,
        zone=before,
        reach=None if days is None else touch_probability(max(days, 0.0), context.horizon_hours, context.assumptions),
    )


def _liquidation(held: HeldPosition, market: MarketData, context: Context) -> tuple[Maybe[Price], str]:
    """Find where a position is liquidated, and say whose rule that is."""
    if held.leverage is None:
        named = Missing("Neither leverage nor liquidation price is known.")
        return (named if held.liquidation is None else held.liquidation), "the venue’s own figure"
    tables = {} if isinstance(market.brackets, Missing) else market.brackets
    primary = "" if isinstance(market.candles, Missing) else next(iter(market.candles))
    venue = held.venue or primary
    if venue in tables:
        brackets = from_table(tables[venue], venue)
    elif held.venue:
        return Missing(f"No margin brackets of {venue} are known. State liquidation_price instead."), ""
    else:
        brackets = brackets_of(market, context.assumptions)
    most = float(brackets.max_leverage[brackets.tier_at(held.entry * held.size)])
    if held.leverage > most:
        return Missing(
            f"A position of this size may have at most {most:g}x. Correct it, or state liquidation_price."
        ), ""
    margin = held.entry * held.size / held.leverage
    fee = held.taker_fee if venue in _ADDS_FEE else 0.0
    found = liquidation_price(held.side, held.entry, held.size, margin, brackets, fee=fee)
    if found is None:
        return Missing("No price above zero liquidates it."), brackets.source
    return found, brackets.source
