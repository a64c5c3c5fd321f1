"""When to look again: the last brief and the market now become the guide's six reasons to recalculate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reportgen import notation
from reportgen.brief.types import Brief, RecalculateIf, SymbolBrief, TriggerKind
from reportgen.config.assumptions import Assumptions
from reportgen.events.flows import FlowReading
from reportgen.guide.context import Context
from reportgen.guide.positioning import FundingReading, OpenInterestReading
from reportgen.guide.wording import due, event_name
from reportgen.units import HOUR_MS, Maybe, Missing

_LONG_HOURS = 10
"""From here on whole hours tell enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One of the guide's six reasons, for one symbol or for all.

    Attributes:
        id: Stable within one brief, so that nobody is told twice.
        kind: Which. symbol, base: whose; "" for all.
        fired: Whether it asks for a new map, or why that cannot be told.
        number: What was measured, None when missing or a word. threshold: what it is held against. unit: of both.
        text: One sentence with both.
    """

    id: str
    kind: TriggerKind
    symbol: str
    base: str
    fired: Maybe[bool]
    number: float | None
    threshold: float | None
    unit: str
    text: str


def triggers(last: Brief, now: Brief, assumptions: Assumptions) -> tuple[Trigger, ...]:
    """Hold the market against the last brief.

    Args:
        last: The brief whose map is in use.
        now: The same steps walked with the market's present data.
        assumptions: The section "refresh"; what is extreme or a regime is decided as in a brief.

    Returns:
        Five for each symbol of `now`, then the events; in the order of the guide.
    """
    then = {symbol.symbol: symbol for symbol in last.symbols}
    found: list[Trigger] = []
    for symbol in now.symbols:
        was = then.get(symbol.symbol)
        if was is None:
            why = Missing(f"{symbol.base} does not stand in the last brief.")
            kinds: tuple[TriggerKind, ...] = ("breakout", "open interest", "funding", "flows", "volatility")
            found += [_missing(kind, symbol, why) for kind in kinds]
            continue
        found += (
            _breakout(was, symbol, assumptions),
            _open_interest(_interest(was), _interest(symbol), symbol, assumptions),
            _funding(_rate(was), _rate(symbol), symbol, assumptions),
            _flows(was.flows, symbol.flows, symbol, assumptions),
            _volatility(was, symbol, assumptions),
        )
    return (*found, *_events(last, now, assumptions))


def recalculate_if(context: Context) -> tuple[RecalculateIf, ...]:
    """Write the six reasons as today's levels: what a later price, position, rate or release must be to count."""
    a, structure, interest, funding = context.assumptions, context.structure, context.open_interest, context.funding
    if isinstance(structure, Missing):
        breakout = _not_known("breakout", "price", structure)
        volatility = _not_known("volatility", "percentile", structure)
    else:
        room = a.refresh_break_atr * structure.atr
        above = min([structure.range_high, *(one.price for one in structure.resistances[:1])]) + room
        below = max([structure.range_low, *(one.price for one in structure.supports[:1])]) - room
        high, low = (notation.price(one, context.price_decimals) for one in (above, below))
        text = f"price beyond {high} above or {low} below"
        breakout = RecalculateIf(kind="breakout", levels=(below, above), unit="price", text=text)
        bounds = (a.regime_compressed, a.regime_expanding)
        now = f"{_hundredth(structure.atr_percentile)} and {_hundredth(structure.range_percentile)}"
        text = (
            f"volatility leaves {structure.regime}: percentiles of true range and range, now {now}; compressed when "
            f"both are up to {_hundredth(bounds[0])}, expanding when both are from {_hundredth(bounds[1])}"
        )
        volatility = RecalculateIf(kind="volatility", levels=bounds, unit="percentile", text=text)
    if isinstance(interest, Missing):
        held = _not_known("open interest", "base coins", interest)
    else:
        limit = a.refresh_open_interest
        levels = (interest.open_interest_base * (1 - limit), interest.open_interest_base * (1 + limit))
        low, high = (notation.grouped(one, 0 if one >= 1000 else notation.price_decimals(one)) for one in levels)
        beyond = f"below {low} or above {high}\u00a0{context.base}"
        text = f"open interest ±{notation.percent(limit, 0)} ({interest.venue}): {beyond}"
        held = RecalculateIf(kind="open interest", levels=levels, unit="base coins", text=text)
    if isinstance(funding, Missing):
        paid = _not_known("funding", "fraction per 8 h", funding)
    else:
        levels = (a.funding_baseline_8h - a.funding_extreme_8h, a.funding_baseline_8h + a.funding_extreme_8h)
        state = "extreme already" if funding.extreme else f"{funding.bias} now"
        text = f"funding below {notation.funding(levels[0])} or above {notation.funding(levels[1])} ({state})"
        paid = RecalculateIf(kind="funding", levels=levels, unit="fraction per 8 h", text=text)
    return (breakout, held, paid, *_events_and_flows_at(context), volatility)


def _events_and_flows_at(context: Context) -> tuple[RecalculateIf, RecalculateIf]:
    """From when on the next release counts, and what spot money must do."""
    a, event = context.assumptions, next((one for one in context.events if one.matters), None)
    text = "; ".join(one.reason.rstrip(".") for one in context.unknown_events) or "an event: none is listed"
    release = RecalculateIf(kind="event", levels=(), unit="hours", text=text)
    if event is not None:
        window = a.refresh_event_hours
        text = f"{event_name(event)} {due(event)}: from {window:g}{notation.THIN}h before it"
        release = RecalculateIf(kind="event", levels=(event.hours_away - window,), unit="hours", text=text)
    if isinstance(context.flows, Missing):
        return release, _not_known("flows", "z-score", context.flows)
    limits = (a.flow_surprise, a.spot_surprise)
    text = f"ETF flow beyond z {_digits(limits[0])}, or spot share of volume beyond z {_digits(limits[1])}"
    return release, RecalculateIf(kind="flows", levels=limits, unit="z-score", text=text)


def _not_known(kind: TriggerKind, unit: str, why: Missing) -> RecalculateIf:
    return RecalculateIf(kind=kind, levels=(), unit=unit, text=f"{kind} n/a: {why.reason.rstrip('.')}")


def is_due(found: tuple[Trigger, ...]) -> bool:
    """Tell whether any trigger fired."""
    return any(trigger.fired is True for trigger in found)


def _breakout(was: SymbolBrief, now: SymbolBrief, a: Assumptions) -> Trigger:
    """Has price left the nearest resistance, the nearest support, or the range of the last brief?"""
    structure, price = was.structure, now.price
    if isinstance(structure, Missing):
        return _missing("breakout", now, structure)
    if isinstance(price, Missing):
        return _missing("breakout", now, price)
    lines = (
        *(("resistance", one.price, 1) for one in structure.resistances[:1]),
        ("the range’s high", structure.range_high, 1),
        *(("support", one.price, -1) for one in structure.supports[:1]),
        ("the range’s low", structure.range_low, -1),
    )
    name, level, sign = max(lines, key=lambda line: line[2] * (price - line[1]))
    beyond = sign * (price - level) / structure.atr
    side = "above" if sign > 0 else "below"
    stands = f"{notation.usual_days(beyond)} {side}" if beyond > 0 else f"inside: {notation.usual_days(-beyond)} from"
    at, where = (notation.price(one, now.price_decimals) for one in (price, level))
    text = f"price {at} is {stands} {name} {where}"
    return _made(
        "breakout", now, beyond >= a.refresh_break_atr, beyond, a.refresh_break_atr, "usual days beyond the level",
        f"{text}; a break counts from {_digits(a.refresh_break_atr)}{notation.THIN}usual days beyond",
    )  # fmt: skip


def _open_interest(
    was: Maybe[OpenInterestReading], now: Maybe[OpenInterestReading], symbol: SymbolBrief, a: Assumptions
) -> Trigger:
    """Has open interest jumped or dropped since the brief, in base coins, on one venue?"""
    if isinstance(was, Missing) or isinstance(now, Missing):
        return _missing("open interest", symbol, was, now)
    if was.venue != now.venue or not was.open_interest_base:
        return _missing("open interest", symbol, Missing(f"The brief read {was.venue}, now {now.venue} speaks."))
    grown = now.open_interest_base / was.open_interest_base - 1
    limit = a.refresh_open_interest
    counts = f"a jump or drop counts from {notation.percent(limit)}"
    text = f"open interest {notation.percent_change(grown)} since the brief; {counts}"
    return _made("open interest", symbol, abs(grown) >= limit, grown, limit, "fraction since the brief", text)


def _funding(was: Maybe[FundingReading], now: Maybe[FundingReading], symbol: SymbolBrief, a: Assumptions) -> Trigger:
    """Has funding gone from neutral to extreme, or to extreme on the other side?"""
    if isinstance(was, Missing) or isinstance(now, Missing):
        return _missing("funding", symbol, was, now)
    fired = now.extreme and not (was.extreme and was.bias == now.bias)
    far = now.rate_8h - a.funding_baseline_8h
    words = f"{was.bias}{', extreme' if was.extreme else ''}", f"{now.bias}{', extreme' if now.extreme else ''}"
    text = (
        f"funding {notation.funding(now.rate_8h)}, {words[1]} (in the brief {words[0]}); extreme from "
        f"{notation.percent(a.funding_extreme_8h, 3)} off the baseline, or in the last "
        f"{notation.percent(a.funding_extreme_tail, 0)} of its history"
    )
    return _made("funding", symbol, fired, far, a.funding_extreme_8h, "fraction per 8 h off the baseline", text)


def _flows(was: Maybe[FlowReading], now: Maybe[FlowReading], symbol: SymbolBrief, a: Assumptions) -> Trigger:
    """Have fund flows or spot volume shifted since?"""
    if isinstance(now, Missing):
        return _missing("flows", symbol, now)
    before = not isinstance(was, Missing) and was.shifted
    same = not isinstance(was, Missing) and was.etf_date == now.etf_date
    limits = ((now.etf_z, a.flow_surprise), (now.spot_z, a.spot_surprise))
    known = [(abs(z), limit) for z, limit in limits if not isinstance(z, Missing)]
    number, limit = max(known, key=lambda score: score[0] - score[1], default=(None, None))
    counts = "" if limit is None else f"; a shift counts from z {_digits(limit)}"
    text = f"{now.reading.rstrip('.')}{' (the brief knew it)' if now.shifted and before and same else ''}{counts}"
    fired = now.shifted and not (before and same)
    return _made("flows", symbol, fired, number, limit, "z-score, the one nearer to its threshold", text)


def _volatility(before: SymbolBrief, symbol: SymbolBrief, a: Assumptions) -> Trigger:
    """Has the regime changed, or price left the range that the brief forecast?"""
    was, now = before.structure, symbol.structure
    if isinstance(was, Missing) or isinstance(now, Missing):
        return _missing("volatility", symbol, was, now)
    wide = now.regime == "expanding" or (now.regime == "normal" and was.regime == "expanding")
    limit = a.regime_expanding if wide else a.regime_compressed
    own, whole = _hundredth(now.atr_percentile), _hundredth(now.range_percentile)
    text = (
        f"volatility {was.regime} in the brief, {now.regime} now: true-range percentile {own}, range percentile "
        f"{whole}; compressed up to {_hundredth(a.regime_compressed)}, expanding from {_hundredth(a.regime_expanding)}"
    )
    left = False
    hours = ((symbol.price_time_ms or 0) - (before.price_time_ms or 0)) / HOUR_MS
    if (
        not isinstance(before.cone, Missing)
        and not isinstance(symbol.price, Missing)
        and hours <= before.cone.horizon_hours
    ):
        low, high = before.cone.low[0], before.cone.high[-1]
        left = not low <= symbol.price <= high
        at = notation.price(symbol.price, symbol.price_decimals)
        band = notation.price_range(low, high, symbol.price_decimals)
        text += f"; price {at} is {'outside' if left else 'within'} the range that the brief forecast, {band}"
    fired = was.regime != now.regime or left
    return _made("volatility", symbol, fired, now.atr_percentile, limit, "true-range percentile", text)


def _events(last: Brief, now: Brief, a: Assumptions) -> Iterator[Trigger]:
    """Is an event near, before or behind, that the last brief did not stand as near to?"""
    window = a.refresh_event_hours
    listed = {(event.name, event.at_ms): event for event in (*last.events, *now.events) if event.matters}
    hours = {key: (event.at_ms - now.as_of_ms) / HOUR_MS for key, event in listed.items()}
    near = [key for key in listed if abs(hours[key]) <= window and listed[key].at_ms >= last.as_of_ms]
    following = [key for key in listed if hours[key] > window]
    if not near:
        name, at = min(following, key=lambda key: hours[key], default=("", 0))
        away = f"{name} in {_hours(hours[name, at])}" if name else "no event is listed"
        yield _event("event", False, hours.get((name, at)), window, away)
    for key in sorted(near, key=lambda key: hours[key]):
        knew = last.as_of_ms >= listed[key].at_ms - window * HOUR_MS and hours[key] >= 0
        way = f"in {_hours(hours[key])}" if hours[key] >= 0 else f"{_hours(-hours[key])} ago"
        passed = "" if hours[key] >= 0 else ":passed"
        text = f"{key[0]} {way}{' (the brief was made as near to it)' if knew else ''}"
        yield _event(f"event:{key[0]}:{key[1]}{passed}", not knew, hours[key], window, text)


def _event(name: str, fired: bool, hours: float | None, window: float, text: str) -> Trigger:  # noqa: FBT001 - a field
    return Trigger(
        id=name, kind="event", symbol="", base="", fired=fired, number=hours, threshold=window, unit="hours",
        text=f"{text}; one counts within {window:g}{notation.THIN}h",
    )  # fmt: skip


def _made(
    kind: TriggerKind, symbol: SymbolBrief, fired: bool, number: float | None, threshold: float | None, unit: str,  # noqa: FBT001
    text: str,
) -> Trigger:  # fmt: skip
    return Trigger(
        id=f"{kind}:{symbol.symbol}", kind=kind, symbol=symbol.symbol, base=symbol.base,
        fired=fired, number=number, threshold=threshold, unit=unit, text=text,
    )  # fmt: skip


def _missing(kind: TriggerKind, symbol: SymbolBrief, *readings: object) -> Trigger:
    """Say that a trigger cannot be told, for the first reading that is missing."""
    why = next(reading for reading in readings if isinstance(reading, Missing))
    return Trigger(
        id=f"{kind}:{symbol.symbol}", kind=kind, symbol=symbol.symbol, base=symbol.base, fired=why, number=None,
        threshold=None, unit="", text=f"n/a: {why.reason.rstrip('.')}",
    )  # fmt: skip


def _interest(symbol: SymbolBrief) -> Maybe[OpenInterestReading]:
    return symbol.positioning if isinstance(symbol.positioning, Missing) else symbol.positioning.open_interest


def _rate(symbol: SymbolBrief) -> Maybe[FundingReading]:
    return symbol.positioning if isinstance(symbol.positioning, Missing) else symbol.positioning.funding


def _hours(value: float) -> str:
    """Write a span: 2.5 h below ten hours, 212 h above."""
    return f"{notation.grouped(value, 0 if value >= _LONG_HOURS else 1)}{notation.THIN}h"


def _digits(value: float) -> str:
    return notation.grouped(value, 2)


def _hundredth(fraction: float) -> str:
    return f"{fraction * 100:.0f}"
