"""Zones of earlier briefs meet the bars that came after: rows for the ledger, and how far the last ones have come.

No zone is scored before its horizon has passed, none from bars that opened before its brief, and the brief itself is
only read. Where bars are late a zone waits some days for them, and is then written down as censored.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from reportgen.assumptions import Assumptions
from reportgen.brief import Brief, SymbolBrief
from reportgen.brief_record import FateState
from reportgen.guide.plan import ZonePlan
from reportgen.guide.reaction import Shares, distance_shares
from reportgen.guide.typical_range import typical_range
from reportgen.guide.zones import Zone
from reportgen.indicators.bars import interval_length, interval_name
from reportgen.market.data import Candles, MarketData
from reportgen.track_record.ledger import FourShares, LedgerRow
from reportgen.track_record.outcomes import ZoneAt, judge
from reportgen.track_record.passage import Passage, PlannedLevels, first_whole_bar, follow
from reportgen.units import DAY_MS, HOUR_MS, Maybe, Milliseconds, Missing, Price

_RANGE_GONE = "The brief had no typical range to measure distances in."
_NO_OUTCOME: Final = {
    "censored": "Bars are missing within the horizon.",
    "not_an_event": "Price stood inside the zone when the brief was made.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What a run knows.

    Attributes:
        as_of_ms: Its moment; no bar closed later. markets: by symbol. assumptions: every constant.
    """

    as_of_ms: Milliseconds
    markets: Mapping[str, MarketData]
    assumptions: Assumptions


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Bars:
    """The bars that judge a symbol's zones, and the span in which they count."""

    candles: Maybe[Candles]
    venue: str
    from_ms: Milliseconds
    until_ms: Milliseconds


def due_rows(briefs: Iterable[Brief], held: Container[object], now: Now) -> list[LedgerRow]:
    """Score every zone of some briefs whose horizon has passed and that no ledger holds yet.

    Args:
        briefs: Earlier briefs, in the order in which their rows shall stand.
        held: What identifies the zones that are in the ledger (`LedgerRow.zone`).
        now: What this run knows.
    """
    return [row for brief in briefs for row in rows_of(brief, now) if row.outcome != "open" and row.zone not in held]


def rows_of(brief: Brief, now: Now) -> Iterator[LedgerRow]:
    """Give each zone of a brief as far as it has come; `open` marks one whose horizon, or whose bars, are not over."""
    for symbol in brief.symbols:
        if isinstance(symbol.price, Missing):
            continue
        bars = _bars(brief, symbol, now)
        for zone in symbol.zones:
            yield _row(brief, symbol, symbol.price, zone, bars, now)


def is_closed(brief: Brief, held: Container[object], now: Now) -> bool:
    """Tell whether nothing of a brief, nor of any before it, is left to score: all its zones are held, no bar is late.

    A brief without zones closes nothing: one before it may still be open.
    """
    patience = round(brief.horizon_hours * HOUR_MS + now.assumptions.record_patience_days * DAY_MS)
    zones = [row.zone for row in rows_of(brief, now)] if now.as_of_ms - brief.as_of_ms > patience else []
    return bool(zones) and all(zone in held for zone in zones)


def _bars(brief: Brief, symbol: SymbolBrief, now: Now) -> _Bars:
    """Take the bars of the venue that the brief read, else of the one that leads now."""
    horizon = round(brief.horizon_hours * HOUR_MS)
    market = now.markets.get(symbol.symbol)
    found = Missing("The symbol is watched no more.") if market is None else market.candles
    if isinstance(found, Missing):
        return _Bars(candles=found, venue="", from_ms=brief.as_of_ms, until_ms=brief.as_of_ms + horizon)
    venue = symbol.venue if symbol.venue in found else next(iter(found))
    start = first_whole_bar(brief.as_of_ms, found[venue].interval_ms)
    return _Bars(candles=found[venue], venue=venue, from_ms=start, until_ms=start + horizon)


def _row(brief: Brief, symbol: SymbolBrief, price: Price, zone: Zone, bars: _Bars, now: Now) -> LedgerRow:
    """Write down one zone and what became of it so far."""
    atr = typical_range(symbol.structure, symbol.zones, price)
    at = ZoneAt(where=zone.side, low=zone.low, high=zone.high, price=price, atr=atr or 1.0, decision_ms=bars.from_ms)
    plan = next((one for one in symbol.plan if (one.label, one.side) == (zone.label, zone.side)), None)
    state, timeout, reason = _state(at, bars, now) if atr else ("censored", False, _RANGE_GONE)
    passage = Passage()
    if atr and not isinstance(bars.candles, Missing):
        levels = _levels(plan, brief) if plan else None
        passage = follow(at, levels, bars.candles, min(bars.until_ms, now.as_of_ms))
    return LedgerRow(
        symbol=symbol.symbol, label=zone.label, side=zone.side, low=zone.low, high=zone.high,
        price=price, atr=atr or 0.0, distance_atr=zone.distance_atr, price_decimals=symbol.price_decimals,
        decision_ms=brief.as_of_ms, from_ms=bars.from_ms, until_ms=bars.until_ms, horizon_hours=brief.horizon_hours,
        venue=bars.venue, bars="" if isinstance(bars.candles, Missing) else interval_name(bars.candles.interval_ms),
        simulated=brief.simulated, shown=_shown(symbol, zone), control=_control(brief, zone, now.assumptions),
        outcome=state, timeout=timeout, reason=reason, planned=plan is not None,
        touched_ms=passage.touched_ms, excursion_atr=passage.excursion_atr, alert_ms=passage.alert_ms,
        entry_ms=passage.entry_ms, invalidation_ms=passage.invalidation_ms, de_risk_ms=passage.de_risk_ms,
        scored_as_of_ms=now.as_of_ms,
    )  # fmt: skip


def _state(zone: ZoneAt, bars: _Bars, now: Now) -> tuple[FateState, bool, str]:
    """Find a zone's outcome, or that it is still open, or why it will never have one."""
    over_ms = now.as_of_ms - bars.until_ms
    waits = over_ms <= now.assumptions.record_patience_days * DAY_MS
    candles = bars.candles
    arrived = not isinstance(candles, Missing) and len(candles) and int(candles.close_time_ms[-1]) >= bars.until_ms
    if over_ms < 0 or (waits and not arrived):
        return "open", False, ""
    if isinstance(candles, Missing):
        return "censored", False, candles.reason
    fate = judge(zone, candles, bars.until_ms - bars.from_ms, now.assumptions)
    return fate.outcome, fate.timeout, _NO_OUTCOME.get(fate.outcome, "")


def _levels(plan: ZonePlan, brief: Brief) -> PlannedLevels:
    """Take the prices from a plan; an event inside the horizon holds the entry back until it has passed."""
    line = next((c.level for c in plan.entry if c.kind in ("closes_above", "closes_below")), None)
    return PlannedLevels(
        alert=plan.alert,
        entry=plan.de_risk if line is None else line,
        invalidation=plan.invalidation,
        de_risk=plan.de_risk,
        timeframe_ms=interval_length(brief.timeframe),
        after_ms=_waits_until(plan, brief),
    )


def _waits_until(plan: ZonePlan, brief: Brief) -> Milliseconds:
    """Find when the event has passed that the entry waits for: the one that the condition names; 0 without one."""
    named = next((c.text for c in plan.entry if c.kind == "event_passed"), None)
    if named is None:
        return 0
    inside = [event for event in brief.events if event.inside_horizon]
    return next(
        (event.at_ms for event in inside if " ".join(event.name.split()) in named), inside[0].at_ms if inside else 0
    )


def _shown(symbol: SymbolBrief, zone: Zone) -> FourShares | None:
    """Find the shares that the brief showed for a zone."""
    shown = next((one.shares for one in symbol.reactions if (one.label, one.side) == (zone.label, zone.side)), None)
    return None if shown is None or isinstance(shown, Missing) else _four(shown)


def _control(brief: Brief, zone: Zone, assumptions: Assumptions) -> FourShares | None:
    """Ask the distance-only model what it would have shown."""
    found = (
        Missing("inside") if zone.price_inside else distance_shares(zone.distance_atr, brief.horizon_hours, assumptions)
    )
    return None if isinstance(found, Missing) else _four(found)


def _four(shares: Shares) -> FourShares:
    return shares.reject, shares.tap_continue, shares.front_run, shares.ignore
