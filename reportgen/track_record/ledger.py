"""The ledger: one line a scored zone, each holding the sha256 of the line before, so that editing is visible.

JSON Lines in UTF-8, keys sorted. `sha256` is the hash of the row's own line without that field, `previous` the hash of
the whole line before; `sha256sum` on a line finds the same. Rows are only ever appended. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache, lru_cache
from itertools import chain
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import numpy as np

from reportgen.brief.alerts import Alert, LevelKind, alerts_of
from reportgen.brief.types import Brief, FateState, SymbolBrief
from reportgen.config.assumptions import Assumptions
from reportgen.errors import DataError
from reportgen.guide.context import typical_range
from reportgen.guide.plan import ZonePlan
from reportgen.guide.reactions import Shares, distance_shares
from reportgen.guide.structure.bars import interval_length, interval_name
from reportgen.guide.zones import Label, Zone
from reportgen.liquidation.cone import Cone
from reportgen.market.data import Candles, MarketData
from reportgen.track_record.zones import ZoneAt, judge
from reportgen.units import DAY_MS, HOUR_MS, Bools, Maybe, Milliseconds, Missing, Price, Where

LEDGER_FILE: Final = "ledger/ledger.jsonl"
"""Where the ledger stands, relative to the output folder."""

_NOTHING_BEFORE: Final = "0" * 64
_VERSION: Final = 1
_OWN: Final = b',"sha256":"'
_HASH_LENGTH: Final = 64

FourShares = tuple[float, float, float, float]
"""Shares of reject, continue, front-run and ignore, in this order."""

ThreePrices = tuple[float, float, float]
"""The 10, 50 and 90 % lines of the cone on a zone's side, nearest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One zone of an earlier brief, scored once its horizon had passed.

    Attributes:
        symbol, label, side, low, high, price, atr, distance_atr, price_decimals: The zone as it was shown.
        decision_ms: The moment that its brief spoke of. from_ms: when the first bar opened that counts; until_ms: when
            the last one closed. horizon_hours: between the two. venue, bars: whose bars, and how long, "1h".
        simulated: Of the simulated market.
        shown: The shares that the brief showed, None when it showed none. control: those of distance alone.
        outcome: One of four, `censored` or `not_an_event`. timeout: only the last close decided. reason: why it has no
            outcome, else "".
        planned: Whether the brief had a plan for the zone; the six that follow are those of `Passage`.
        scored_as_of_ms: The moment of the run that scored it; nothing later was known.
        lean: The outcome that the brief's evidence leaned to, "none" where it leaned to none, "" where it did not say.
        cone: The range that the brief showed on the zone's side, None when it showed none.
    """

    symbol: str
    label: Label
    side: Where
    low: Price
    high: Price
    price: Price
    atr: Price
    distance_atr: float
    price_decimals: int
    decision_ms: Milliseconds
    from_ms: Milliseconds
    until_ms: Milliseconds
    horizon_hours: float
    venue: str
    bars: str
    simulated: bool
    shown: FourShares | None
    control: FourShares | None
    outcome: FateState
    timeout: bool
    reason: str
    planned: bool
    touched_ms: Milliseconds | None
    excursion_atr: float | None
    alert_ms: Milliseconds | None
    entry_ms: Milliseconds | None
    invalidation_ms: Milliseconds | None
    de_risk_ms: Milliseconds | None
    scored_as_of_ms: Milliseconds
    lean: str = ""
    cone: ThreePrices | None = None

    @property
    def zone(self) -> tuple[bool, int, str, str, str]:
        """What makes a zone the same zone: market, moment, symbol, side and letter."""
        return self.simulated, self.decision_ms, self.symbol, self.side, self.label


def append_rows(ledger: bytes, rows: Iterable[LedgerRow]) -> bytes:
    """Add rows to a ledger; zones that it holds already are left out, and nothing that stands in it changes.

    Args:
        ledger: Its bytes; b"" when there is none yet.
        rows: New rows, in the order in which they shall stand.

    Raises:
        DataError: A line of the ledger was changed; nothing may be added to it.
    """
    held = {row.zone for row in read_rows(ledger)}
    count = ledger.count(b"\n")
    previous = line_sha256(ledger[:-1].rpartition(b"\n")[2]) if ledger else _NOTHING_BEFORE
    lines: list[bytes] = []
    for row in rows:
        if row.zone not in held:
            held.add(row.zone)
            place = {"ledger_version": _VERSION, "row": count + len(lines) + 1, "previous": previous}
            content = {**asdict(row), **place}
            lines.append(_canonical({**content, "sha256": line_sha256(_canonical(content))}))
            previous = line_sha256(lines[-1])
    return ledger + b"".join(line + b"\n" for line in lines)


@lru_cache(maxsize=1)
def read_rows(ledger: bytes) -> tuple[LedgerRow, ...]:
    """Read all rows of a ledger; the same bytes, which a run meets again in its transaction, only once.

    Raises:
        DataError: A line was changed; names the first.
    """
    parsed, bad = _checked(ledger)
    if bad is not None:
        raise DataError(
            f"{LEDGER_FILE}:{bad}: this line was changed or lost: its hash does not fit. "
            "Restore the ledger from a copy; until then nothing is added to it."
        )
    known = {field.name for field in fields(LedgerRow)}
    kept: list[dict[str, Any]] = [
        {k: tuple(v) if isinstance(v, list) else v for k, v in row.items() if k in known} for row in parsed
    ]
    return tuple(LedgerRow(**row) for row in kept)


def verify_ledger(ledger: bytes) -> int | None:
    """Find the first line that is not as it was written.

    Args:
        ledger: The bytes of the file.

    Returns:
        Its number, counted from 1, or None when every line is sound. Lines cut off at the very end are not seen from
        the ledger alone: each brief keeps how many rows there were, and the hash of the last.
    """
    return _checked(ledger)[1]


def line_sha256(line: bytes) -> str:
    """Give the hash that the next row holds of this line."""
    return hashlib.sha256(line).hexdigest()


def _checked(ledger: bytes) -> tuple[list[dict[str, Any]], int | None]:
    """Parse the lines as far as they are sound, and give the number of the first that is not."""
    *lines, rest = ledger.split(b"\n")
    known = _at_once(lines)
    parsed: list[dict[str, Any]] = []
    previous = _NOTHING_BEFORE
    for number, line in enumerate(lines, start=1):
        row = _sound(line, number, previous, known[number - 1] if known else None)
        if row is None:
            return parsed, number
        parsed.append(row)
        previous = line_sha256(line)
    return parsed, len(lines) + 1 if rest else None


def _at_once(lines: Sequence[bytes]) -> list[dict[str, Any]]:
    """Parse all lines in one go, in a third of the time; nothing where one of them wants a look of its own."""
    try:
        rows: list[dict[str, Any]] = json.loads(b"[" + b",".join(lines) + b"]")
        return rows if len(rows) == len(lines) and _have_fields(rows) else []
    except (ValueError, AttributeError, RecursionError):
        return []


def _sound(line: bytes, number: int, previous: str, known: dict[str, Any] | None) -> dict[str, Any] | None:
    """Parse a line that is exactly what was written for its place, or take it as known; None for any other."""
    before, mark, after = line.partition(_OWN)
    own, rest = after[:_HASH_LENGTH], after[_HASH_LENGTH:]
    if not mark or rest[:1] != b'"' or line_sha256(before + rest[1:]) != own.decode("latin-1"):
        return None
    try:
        row: dict[str, Any] = known or json.loads(line)
        placed = (row.get("row"), row.get("previous")) == (number, previous)
        return row if placed and (known or _have_fields([row])) else None
    except (ValueError, AttributeError, RecursionError):  # somebody signed what is no row
        return None


def _have_fields(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether signed lines hold rows: every field without a default, each of its type."""
    for name, default, kinds, words, length in _row_types():
        column = [row.get(name, default) for row in rows]
        if not {type(value) for value in column} <= kinds or (words and not set(column) <= set(words)):
            return False
        lists = [value for value in column if type(value) is list]
        numbers = chain(chain.from_iterable(lists), (value for value in column if type(value) is float))
        if any(len(value) != length for value in lists) or not all(map(_is_number, numbers)):
            return False
    return True


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]


@cache
def _row_types() -> tuple[tuple[str, object, frozenset[type], tuple[str, ...], int], ...]:
    """Give each field's name, default, types it may have in JSON, words it may be if those are few, and list length."""
    found = []
    for name, hint in get_type_hints(LedgerRow).items():
        parts = (hint,) if get_origin(hint) in (Literal, tuple) else get_args(hint) or (hint,)
        kinds = {list if get_origin(part) is tuple else str if get_origin(part) is Literal else part for part in parts}
        words = get_args(hint) if get_origin(hint) is Literal else ()
        default = LedgerRow.__dataclass_fields__[name].default
        length = next((len(get_args(part)) for part in parts if get_origin(part) is tuple), 0)
        found.append((name, default, frozenset(kinds | ({int} if float in kinds else set())), words, length))
    return tuple(found)


def _canonical(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLevels:
    """The levels of one zone's plan.

    Attributes:
        alert, entry, invalidation, de_risk: Prices; the entry is the line that a close must cross.
        timeframe_ms: Length of the bars whose close counts. after_ms: no entry before it, an event's time; 0 for none.
    """

    alert: Price
    entry: Price
    invalidation: Price
    de_risk: Price
    timeframe_ms: Milliseconds
    after_ms: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """When price met what, as the close of the bar that showed it; None where it did not.

    Attributes:
        touched_ms: The zone's near edge. excursion_atr: the farthest that price went beyond that edge, day ATR;
            negative when it fell short; None without bars.
        alert_ms: The alert level. entry_ms: a close of the trading timeframe beyond the entry line, once the zone was
            traded into and the event had passed; the volume that the plan asks for is not checked.
        invalidation_ms, de_risk_ms: after that entry.
    """

    touched_ms: Milliseconds | None = None
    excursion_atr: float | None = None
    alert_ms: Milliseconds | None = None
    entry_ms: Milliseconds | None = None
    invalidation_ms: Milliseconds | None = None
    de_risk_ms: Milliseconds | None = None


def first_whole_bar(decision_ms: Milliseconds, interval_ms: Milliseconds) -> Milliseconds:
    """Give the first moment at which a bar can open without holding anything from before the decision."""
    return -(-decision_ms // interval_ms) * interval_ms


def follow(zone: ZoneAt, plan: PlannedLevels | None, candles: Candles, until_ms: Milliseconds) -> Passage:
    """Follow price at a zone over the bars from its decision up to a moment.

    Args:
        zone: As it stood; `decision_ms` is when its first bar may open.
        plan: Its levels; None when there is no plan.
        candles: Bars that may reach beyond on both ends.
        until_ms: The last close that counts.
    """
    first = int(np.searchsorted(candles.open_time_ms, zone.decision_ms))
    last = int(np.searchsorted(candles.close_time_ms, until_ms, side="right"))
    if last <= first:
        return Passage()
    sign = 1 if zone.where == "above" else -1
    after = candles.part(slice(first, last))
    # As seen from the price toward the zone: below the price bars are mirrored.
    far, back = (after.high, after.low) if sign > 0 else (-after.low, -after.high)
    near = sign * (zone.low if sign > 0 else zone.high)
    touched = far >= near
    excursion = (float(far.max()) - near) / zone.atr
    if plan is None:
        return Passage(touched_ms=_when(touched, after), excursion_atr=excursion)
    # The bar whose close met the price part of the entry condition.
    into = np.maximum.accumulate(touched & (after.close_time_ms > plan.after_ms))
    ends = after.close_time_ms % max(plan.timeframe_ms, candles.interval_ms) == 0
    met = into & ends & (sign * after.close > sign * plan.entry)
    entered = np.arange(len(far)) > (np.argmax(met) if met.any() else len(far))
    return Passage(
        touched_ms=_when(touched, after),
        excursion_atr=excursion,
        alert_ms=_when(far >= sign * plan.alert, after),
        entry_ms=_when(met, after),
        invalidation_ms=_when(entered & (back <= sign * plan.invalidation), after),
        de_risk_ms=_when(entered & (far >= sign * plan.de_risk), after),
    )


def _when(met: Bools, bars: Candles) -> Milliseconds | None:
    return int(bars.close_time_ms[int(np.argmax(met))]) if met.any() else None


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
class _JudgingBars:
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


def _bars(brief: Brief, symbol: SymbolBrief, now: Now) -> _JudgingBars:
    """Take the bars of the venue that the brief read, else of the one that leads now."""
    horizon = round(brief.horizon_hours * HOUR_MS)
    market = now.markets.get(symbol.symbol)
    found = Missing("The symbol is watched no more.") if market is None else market.candles
    if isinstance(found, Missing):
        return _JudgingBars(candles=found, venue="", from_ms=brief.as_of_ms, until_ms=brief.as_of_ms + horizon)
    venue = symbol.venue if symbol.venue in found else next(iter(found))
    start = first_whole_bar(brief.as_of_ms, found[venue].interval_ms)
    return _JudgingBars(candles=found[venue], venue=venue, from_ms=start, until_ms=start + horizon)


def _row(brief: Brief, symbol: SymbolBrief, price: Price, zone: Zone, bars: _JudgingBars, now: Now) -> LedgerRow:
    """Write down one zone and what became of it so far."""
    atr = typical_range(symbol.structure, symbol.zones, price)
    at = ZoneAt(where=zone.side, low=zone.low, high=zone.high, price=price, atr=atr or 1.0, decision_ms=bars.from_ms)
    plan = next((one for one in symbol.plan if (one.label, one.side) == (zone.label, zone.side)), None)
    reaction = next((one for one in symbol.reactions if (one.label, one.side) == (zone.label, zone.side)), None)
    shown = None if reaction is None else reaction.shares
    alone = None if zone.price_inside else distance_shares(zone.distance_atr, brief.horizon_hours, now.assumptions)
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
        simulated=brief.simulated, shown=_four(shown), control=_four(alone),
        outcome=state, timeout=timeout, reason=reason, planned=plan is not None,
        touched_ms=passage.touched_ms, excursion_atr=passage.excursion_atr, alert_ms=passage.alert_ms,
        entry_ms=passage.entry_ms, invalidation_ms=passage.invalidation_ms, de_risk_ms=passage.de_risk_ms,
        scored_as_of_ms=now.as_of_ms,
        lean="" if reaction is None or not reaction.answer else reaction.leans_to or "none",
        cone=_cone_lines(symbol.cone, zone.side),
    )  # fmt: skip


def _state(zone: ZoneAt, bars: _JudgingBars, now: Now) -> tuple[FateState, bool, str]:
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
    named = next((c.text for c in plan.entry if c.kind == "event_passed"), None)
    inside = [event for event in brief.events if event.inside_horizon and named is not None]
    told = [event for event in inside if " ".join(event.name.split()) in (named or "")]
    after_ms = next((event.at_ms for event in (*told, *inside)), 0)
    return PlannedLevels(
        alert=plan.alert,
        entry=plan.de_risk if line is None else line,
        invalidation=plan.invalidation,
        de_risk=plan.de_risk,
        timeframe_ms=interval_length(brief.timeframe),
        after_ms=after_ms,
    )


def _cone_lines(cone: Maybe[Cone], side: Where) -> ThreePrices | None:
    if isinstance(cone, Missing):
        return None
    return cone.high if side == "above" else (cone.low[2], cone.low[1], cone.low[0])


def _four(shares: Maybe[Shares] | None) -> FourShares | None:
    if shares is None or isinstance(shares, Missing):
        return None
    return shares.reject, shares.tap_continue, shares.front_run, shares.ignore


@dataclass(frozen=True, slots=True, kw_only=True)
class MetAlert:
    """An alert whose condition price has met, and the close of the bar that showed it."""

    alert: Alert
    met_ms: Milliseconds


def met_alerts(brief: Brief, now: Now) -> tuple[MetAlert, ...]:
    """Find the alerts that were met between a brief and now, within its horizon, by the rules of the ledger.

    Args:
        brief: Whose alerts.
        now: The bars since.

    Returns:
        The earliest first.
    """
    known = {(alert.symbol, alert.zone, alert.side, alert.kind): alert for alert in alerts_of(brief)}
    met = []
    for row in rows_of(brief, now):
        times: dict[LevelKind, Milliseconds | None] = {
            "alert": row.alert_ms,
            "entry": row.entry_ms,
            "invalidation": row.invalidation_ms,
            "de_risk": row.de_risk_ms,
        }
        for kind, when in times.items():
            alert = known.get((row.symbol, row.label, row.side, kind))
            if when is not None and alert is not None:
                met.append(MetAlert(alert=alert, met_ms=when))
    return tuple(sorted(met, key=lambda one: (one.met_ms, one.alert.id)))
