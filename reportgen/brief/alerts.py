"""The plan's levels as alerts: what to set once instead of staring at the chart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from reportgen import notation
from reportgen.brief.types import Brief, SymbolBrief
from reportgen.guide.plan import ZonePlan
from reportgen.guide.zones import Label, Zone
from reportgen.units import Price, Where

LevelKind = Literal["alert", "entry", "invalidation", "de_risk"]

_NO_LETTER: Final = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One level of one zone's plan.

    Attributes:
        id: The same for the same level of the same brief, in every run: `20260119T0700Z-BTC-USDT-USDT-A-above-alert`.
        symbol, zone, side: Whose level. kind: which.
        price: Rounded as the page shows it. direction: how price gets there.
        basis: A trade at the price, or a close of the trading timeframe beyond it.
        armed: From the brief's moment, or only after the entry.
        condition: The whole condition in words.
    """

    id: str
    symbol: str
    zone: Label
    side: Where
    kind: LevelKind
    price: Price
    direction: Literal["up", "down"]
    basis: Literal["trade", "close"]
    armed: Literal["now", "after entry"]
    condition: str


def alerts_of(brief: Brief) -> tuple[Alert, ...]:
    """List every level of every plan, symbols and zones in the order of the brief; none where the data are stale."""
    return tuple(
        alert
        for symbol in brief.symbols
        if not symbol.stale
        for plan in symbol.plan
        for zone in symbol.zones
        if (zone.label, zone.side) == (plan.label, plan.side)
        for alert in _levels(brief, symbol, zone, plan)
    )


def _levels(brief: Brief, symbol: SymbolBrief, zone: Zone, plan: ZonePlan) -> Iterator[Alert]:
    """Write the four levels of one zone."""
    out: Literal["up", "down"] = "up" if zone.side == "above" else "down"
    back: Literal["up", "down"] = "down" if out == "up" else "up"
    at = f"{symbol.base} trades at"
    band = notation.price_range(zone.low, zone.high, symbol.price_decimals)
    line = next((c.level for c in plan.entry if c.kind in ("closes_above", "closes_below")), None)
    moment = brief.as_of[:16].replace("-", "").replace(":", "")
    name = f"{moment}Z-{_NO_LETTER.sub('-', symbol.symbol)}-{zone.label}-{zone.side}"

    def level(kind: LevelKind, price: Price, direction: Literal["up", "down"], words: str) -> Alert:
        return Alert(
            id=f"{name}-{kind.replace('_', '-')}",
            symbol=symbol.symbol,
            zone=zone.label,
            side=zone.side,
            kind=kind,
            price=round(price, symbol.price_decimals),
            direction=direction,
            basis="close" if kind == "entry" else "trade",
            armed="now" if kind in ("alert", "entry") else "after entry",
            condition=words.format(price=notation.price(price, symbol.price_decimals)),
        )

    yield level("alert", plan.alert, out, f"{at} {{price}}: zone {zone.label} {zone.side} ({band}) is near, look")
    if plan.no_trade:
        return
    if line is not None:
        event = "the event has passed, " if plan.post_event else ""
        closes = f"{symbol.base} trades into {band} and closes {zone.side} {{price}} ({brief.timeframe})"
        yield level("entry", line, out, f"{event}{closes} on rising volume")
    yield level("invalidation", plan.invalidation, back, f"{at} {{price}} after the entry: the idea is wrong")
    yield level("de_risk", plan.de_risk, out, f"{at} {{price}} after the entry: first de-risk")
