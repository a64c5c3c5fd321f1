"""What a symbol's card says, as data: one component for the page, the paper, the mail and any other message.

`card_of` gives the rows (Stance, an alert above, an alert below, Overrides, Yesterday, your positions), the symbol's
alerts as a table's rows, and its row of the first screen, whose lists `first_screen` gives.
A renderer only chooses the look of a `Piece`: it decides no word and writes no number. Nothing here is computed anew:
plans, shares and ratios are the brief's. Stands at the last arrow, Brief -> bytes; pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from reportgen import notation
from reportgen.brief.types import Brief, LevelFate, SymbolBrief
from reportgen.events.calendar import Event
from reportgen.guide.confluence import Lean
from reportgen.guide.plan import ZonePlan
from reportgen.guide.plan.own_position import OwnPosition
from reportgen.guide.zones import Label, Zone
from reportgen.notation import THIN
from reportgen.render.charts.spine import level_name
from reportgen.render.page_helpers import (
    away,
    clause,
    clock,
    countdown,
    day_and_clock,
    event_due,
    listed,
    lower_first,
    overriding,
    sentence,
    stale,
    weekday_and_clock,
    zone_of,
)
from reportgen.units import DAY_MS, HOUR_MS, Missing, Price, Where

Arrow = Literal["up", "down", ""]
_EVENTS_TOLD: Final = 3
_SAME_PRICE: Final = 1e-9
"""Fraction within which two prices are one."""
_TIMEFRAME: Final = re.compile(r"(\d+)\s*([A-Za-z]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of a sentence.

    Attributes:
        text: The words. strong: What the eye must find first.
        side: Where the zone lies whose letter this is, to be set as its mark; None for words.
    """

    text: str
    strong: bool = False
    side: Where | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a card, or of a list.

    Attributes:
        label: "Stance", "Alert", a symbol's name. arrow: The shape before it, which only repeats `direction`.
        direction: "above" or "below", to be read out beside the arrow; "" without one.
        level: The price that stands in the label, "" without one. pieces: What it says.
    """

    label: str
    pieces: tuple[Piece, ...]
    arrow: Arrow = ""
    direction: Where | Literal[""] = ""
    level: str = ""

    @property
    def name(self) -> str:
        """Write the label as plain text: Alert above 97 738."""
        return " ".join(part for part in (self.label, self.direction, self.level) if part)

    @property
    def text(self) -> str:
        """Write what it says as plain text."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """An alert with the plan behind it, for a table.

    Attributes:
        side: Where. arrow: its shape. label: the zone's letter, None for a level of the chart alone.
        level: The price to set the alert at; "" when none is armed.
        enter: The condition, without the alert and the rising volume that each needs. out, target: prices; "" without
            a plan.
        pays: "4.1", or "" without a plan. verdict: "", "no trade" or "no plan".
    """

    side: Where
    label: Label | None
    level: str
    enter: tuple[Piece, ...]
    out: str = ""
    target: str = ""
    pays: str = ""
    verdict: Literal["", "no trade", "no plan"] = ""

    @property
    def arrow(self) -> Arrow:
        """Name the shape of its side."""
        return "up" if self.side == "above" else "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The nearest zone of a side in the first screen's table.

    Attributes:
        label: Its letter, None when there is none. distance: "−8.5 %", "price inside".
        days: "3.2 days". dense: "1.5×". reach: "13 %", "" where it is not known or the data are stale.
        nothing: Why there is no zone, "" when there is one.
    """

    side: Where
    label: Label | None = None
    distance: str = ""
    days: str = ""
    dense: str = ""
    reach: str = ""
    nothing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """All that a reader needs of one symbol before the figure.

    Attributes:
        base: "BTC". price: "92 543", "" without one. moved: "−2.7 %". moved_days: "1.0 days", "" when not known.
        stance: The words for what to do. below, above: The nearest zones.
        alerts: One a zone from the top price down, and one for a side without any.
        rows: Stance, alert above, alert below, Overrides, Yesterday, then each of the reader's own positions; empty
            without a price.
    """

    base: str
    price: str
    moved: str
    moved_days: str
    stance: str
    below: Cell
    above: Cell
    alerts: tuple[AlertRow, ...]
    rows: tuple[Row, ...]

    @property
    def armed(self) -> tuple[AlertRow, ...]:
        """Give the nearest alert of each side, below first; none while the data are stale."""
        nearest = [next((one for one in self._outward(side) if one.level), None) for side in ("below", "above")]
        return tuple(one for one in nearest if one is not None)

    def _outward(self, side: str) -> tuple[AlertRow, ...]:
        found = tuple(one for one in self.alerts if one.side == side)
        return found[::-1] if side == "above" else found


def card_of(brief: Brief, symbol: SymbolBrief) -> Card:
    """Write the card of one symbol."""
    priced = not isinstance(symbol.price, Missing)
    stance = stance_words(brief, symbol)
    return Card(
        base=symbol.base,
        price="" if isinstance(symbol.price, Missing) else notation.price(symbol.price, symbol.price_decimals),
        moved="" if isinstance(symbol.change_24h, Missing) else notation.percent_change(symbol.change_24h),
        moved_days=days(moved_days(symbol)),
        stance=stance,
        below=_cell(symbol, "below"),
        above=_cell(symbol, "above"),
        alerts=_alerts(brief, symbol) if priced else (),
        rows=_rows(brief, symbol, stance) if priced else (),
    )


def _rows(brief: Brief, symbol: SymbolBrief, stance: str) -> tuple[Row, ...]:
    return (
        Row(label="Stance", pieces=pieces(_strong(f"{stance}."), f" {_why(brief, symbol)}")),
        _alert_row(brief, symbol, "above"),
        _alert_row(brief, symbol, "below"),
        Row(label="Overrides", pieces=tuple(_overrides(brief, symbol))),
        Row(label="Yesterday", pieces=_yesterday_of(brief, symbol)),
        *(Row(label="Your position", pieces=_position(brief, symbol, one)) for one in symbol.positions),
    )


def _position(brief: Brief, symbol: SymbolBrief, own: OwnPosition) -> tuple[Piece, ...]:
    """Say where a position is liquidated, how far that is, what lies before it, and how often price goes that far."""
    held = f"{own.side} {own.size:g} from {_price(symbol, own.entry)}"
    if isinstance(own.liquidation, Missing):
        return pieces(f"{held}: liquidation not known. {sentence(own.liquidation.reason)}")
    at = _strong(f"liquidates at {_price(symbol, own.liquidation)}")
    if own.distance <= 0:
        return pieces(f"{held}: ", at, f" ({own.basis}), which price has passed: check it with the venue.")
    far = notation.percent(own.distance)
    usual = "" if own.usual_days is None else f", {notation.usual_days(own.usual_days)}"
    before = f"Zone {own.zone} lies before it." if own.zone else "No dense zone lies before it."
    often = ""
    if own.reach is not None and not stale(symbol):
        cases = notation.of_hundred(own.reach)
        often = f" Price goes that far within {brief.horizon_hours:g}{THIN}h in {cases} such cases."
    return pieces(f"{held}: ", at, f" ({own.basis}), {far} {own.toward}{usual}. {before}{often}")


# ---- Stance: what to do, and why ----


def stance_words(brief: Brief, symbol: SymbolBrief) -> str:
    """Say what to do in a trader's words: Act on confirmation only, Stand aside, Nothing to do, Wait for US CPI."""
    stance = symbol.stance
    if isinstance(stance, Missing):
        return "Nothing to do"
    if stale(symbol):
        return "Stand aside"
    if stance.kind == "wait for event":
        moving = overriding(brief, symbol)
        return f"Wait for {moving[0].name}, {_moment(brief, moving[0])}" if moving else "Wait for the event"
    if stance.kind in ("no map", "no zone in reach", "observe"):
        return "Nothing to do"
    return (
        "Stand aside" if stance.kind in ("no lean", "conflict", "stale", "stand aside") else "Act on confirmation only"
    )


def _why(brief: Brief, symbol: SymbolBrief) -> str:
    """Say why, and how large: one or two short sentences."""
    stance = symbol.stance
    if isinstance(stance, Missing):
        return sentence(stance.reason)
    if stale(symbol):
        return f"{sentence(stale_text(brief, symbol))} Levels may be gone."
    if stance.kind == "wait for event":
        return "The map is for after it."
    if stance.kind == "no map":
        return sentence(symbol.heatmap.reason) if isinstance(symbol.heatmap, Missing) else sentence(stance.text)
    if stance.kind in ("no zone in reach", "observe"):
        return _out_of_reach(symbol)
    layers = _layers(symbol)
    if symbol.map_quality.grade in ("Low", "None"):
        layers = f"Map quality is {symbol.map_quality.grade.lower()}: trust the close more than the map. {layers}"
    risk = 0.0 if isinstance(symbol.sizing, Missing) else symbol.sizing.risk_fraction
    return f"{layers} Risk at most {notation.percent(risk, 2)} of equity." if risk else layers


def _out_of_reach(symbol: SymbolBrief) -> str:
    nearest = min(symbol.zones, key=lambda zone: zone.distance_atr, default=None)
    if nearest is None:
        return "No dense zone on either side."
    where = f"{nearest.label}, the nearest zone, {notation.percent(nearest.distance_fraction)} {nearest.side},"
    if nearest.touch_probability is None:
        return f"{where} is out of reach."
    return f"{where} is reached in {notation.of_hundred(nearest.touch_probability)} such cases."


def _layers(symbol: SymbolBrief) -> str:
    """Say how map, trend and positioning lean: Map and trend point down; positioning points up."""
    found = symbol.confluence
    if isinstance(found, Missing):
        return sentence(found.reason)
    named = (("map", found.map_lean), ("trend", found.structure_lean), ("positioning", found.positioning_lean))
    if {lean for _, lean in named} == {"none"}:
        return "Map, trend and positioning are neutral."
    said: dict[Lean, tuple[str, str]] = {
        "down": ("points down", "point down"),
        "up": ("points up", "point up"),
        "none": ("is neutral", "are neutral"),
        "unknown": ("is not known", "are not known"),
    }
    clauses = []
    for lean in dict.fromkeys(lean for _, lean in named):
        names = [name for name, one in named if one == lean]
        clauses.append(f"{listed(names)} {said[lean][len(names) > 1]}")
    return sentence("; ".join(clauses))


def stale_text(brief: Brief, symbol: SymbolBrief) -> str:
    """Say how old a symbol's last bar is: the last bar closed 14 Jan, 07:00 UTC, 5 d before this brief."""
    if symbol.price_time_ms is None:
        return "there is no last bar"
    age = countdown((brief.as_of_ms - symbol.price_time_ms) / HOUR_MS)
    return f"the last bar closed {day_and_clock(symbol.price_time_ms)} UTC, {age} before this brief"


# ---- Alerts: where to look, what must happen first, and what it pays ----


def _alerts(brief: Brief, symbol: SymbolBrief) -> tuple[AlertRow, ...]:
    above = [_planned(brief, symbol, z) for z in sorted(symbol.zones, key=lambda z: -z.low) if z.side == "above"]
    below = [_planned(brief, symbol, z) for z in sorted(symbol.zones, key=lambda z: -z.low) if z.side == "below"]
    return (*(above or [_of_chart(brief, symbol, "above")]), *(below or [_of_chart(brief, symbol, "below")]))


def _planned(brief: Brief, symbol: SymbolBrief, zone: Zone) -> AlertRow:
    """Write the alert of a zone from its plan."""
    plan = plan_of(symbol, zone)
    letter = Piece(text=zone.label, strong=True, side=zone.side)
    if plan is None:
        return AlertRow(side=zone.side, label=zone.label, level="", enter=pieces("into ", letter), verdict="no plan")
    line = _line(plan)
    closes = f", then {_timeframe(brief)} close {zone.side} {_named(symbol, line)}" if line else ""
    return AlertRow(
        side=zone.side,
        label=zone.label,
        level="" if stale(symbol) else _price(symbol, plan.alert),
        enter=pieces("from inside " if zone.price_inside else "into ", letter, closes),
        out=_price(symbol, plan.invalidation),
        target=_price(symbol, plan.de_risk),
        pays="" if plan.reward_to_risk is None else notation.reward(plan.reward_to_risk),
        verdict="no trade" if plan.no_trade else "",
    )


def _of_chart(brief: Brief, symbol: SymbolBrief, side: Where) -> AlertRow:
    """Write the alert of a side without a dense zone: a level of the chart, and no plan."""
    line = _chart_line(symbol, side)
    enter = f"{_timeframe(brief)} close {side}: nothing dense to feed a move"
    level = "" if line is None or stale(symbol) else _price(symbol, line)
    return AlertRow(side=side, label=None, level=level, enter=(Piece(text=enter),), verdict="no plan")


def _alert_row(brief: Brief, symbol: SymbolBrief, side: Where) -> Row:
    zone = zone_of(symbol, "A" if side == "above" else "B")
    row = _of_chart(brief, symbol, side) if zone is None else _planned(brief, symbol, zone)
    if stale(symbol):
        pieces: tuple[Piece, ...] = (Piece(text="Not armed: the data are too old."),)
    elif zone is None:
        pieces = _chart_sentence(brief, symbol, side)
    else:
        pieces = _plan_sentence(brief, symbol, zone, row)
    return Row(label="Alert", arrow=row.arrow, direction=side, level=row.level, pieces=pieces)


def _plan_sentence(brief: Brief, symbol: SymbolBrief, zone: Zone, row: AlertRow) -> tuple[Piece, ...]:
    """Write one side's scenario: what must happen first, first target, out, and what that pays."""
    plan = plan_of(symbol, zone)
    letter, band = (
        Piece(text=zone.label, strong=True, side=zone.side),
        notation.price_range(zone.low, zone.high, symbol.price_decimals),
    )
    if plan is None:
        return pieces(letter, f" {band}: no plan, as no usual day is known.")
    line, after = _line(plan), _after(brief, symbol)
    start = f"{symbol.base} is inside " if zone.price_inside else f"{symbol.base} trades into "
    closes: tuple[str | Piece, ...] = ()
    if line is not None:
        name = level_name(symbol, line)
        closes = (f" and a {_timeframe(brief)} bar closes {zone.side} {name}{' ' if name else ''}",)
        closes = (*closes, _strong(_price(symbol, line)), " on rising volume")
    pays = f"R:R {row.pays}" if row.pays else ""
    if plan.no_trade:
        then: tuple[str | Piece, ...] = (": ", _strong(f"no trade, {pays}"), f" (target {row.target}, out {row.out}).")
    else:
        worth: tuple[str | Piece, ...] = (", ", _strong(pays)) if pays else ()
        then = (f": first target {row.target}, out at {row.out}", *worth, ". A wick that closes back: do not chase.")
    start = f"{after}{'if' if after else 'If'} {start}"
    return pieces(start, letter, f" {band}", *closes, *then, _beyond_range(symbol, plan), _sooner(symbol, plan))


def _beyond_range(symbol: SymbolBrief, plan: ZonePlan) -> str:
    """Say that the first target lies where nine in ten days do not reach, by the range forecast."""
    if isinstance(symbol.cone, Missing) or plan.no_trade:
        return ""
    far = plan.de_risk > symbol.cone.high[-1] if plan.side == "above" else plan.de_risk < symbol.cone.low[0]
    return f" In {symbol.cone.horizon_hours:g}{THIN}h nine in ten stop short of that target." if far else ""


def _sooner(symbol: SymbolBrief, plan: ZonePlan) -> str:
    """Name the chart's own trigger where it stands before the zone's."""
    scenarios = symbol.scenarios
    if isinstance(scenarios, Missing):
        return ""
    scenario = scenarios.bullish if plan.side == "above" else scenarios.bearish
    line = scenario.line
    own = _line(plan)
    if line is None or own is None or abs(line.price - own) < abs(own) * _SAME_PRICE:
        return ""
    if (line.price < own) != (plan.side == "above"):
        return ""
    target = f", then {_price(symbol, scenario.targets[0].price)}" if scenario.targets else ""
    return f" Chart trigger, sooner: {_named(symbol, line.price)}{target}."


def _chart_sentence(brief: Brief, symbol: SymbolBrief, side: Where) -> tuple[Piece, ...]:
    line, after = _chart_line(symbol, side), _after(brief, symbol)
    nothing = _nothing(symbol, side)
    if line is None:
        return (Piece(text=f"No alert: no chart level is known {side}, and {nothing}."),)
    name = level_name(symbol, line)
    start = f"{after}{'if' if after else 'If'} a {_timeframe(brief)} bar closes {side} {name}{' ' if name else ''}"
    return pieces(start, _strong(_price(symbol, line)), f" on rising volume: {nothing} to feed the move. No plan.")


def _chart_line(symbol: SymbolBrief, side: Where) -> Price | None:
    """Give the chart level that a close must cross on a side, as the brief's scenario names it."""
    if isinstance(symbol.scenarios, Missing):
        return None
    line = (symbol.scenarios.bullish if side == "above" else symbol.scenarios.bearish).line
    return None if line is None else line.price


def plan_of(symbol: SymbolBrief, zone: Zone) -> ZonePlan | None:
    """Find the plan of a zone."""
    return next((plan for plan in symbol.plan if (plan.label, plan.side) == (zone.label, zone.side)), None)


def _line(plan: ZonePlan) -> Price | None:
    """Give the price that a close must cross; briefs before schema 2 hold it in the condition alone."""
    if plan.line is not None:
        return plan.line
    return next((one.level for one in plan.entry if one.kind in ("closes_above", "closes_below")), None)


def _after(brief: Brief, symbol: SymbolBrief) -> str:
    """Put off what follows until the event that moves the plan has passed; "" without one."""
    moving = overriding(brief, symbol)
    return f"After {_moment(brief, moving[0])}: " if moving else ""


def _moment(brief: Brief, event: Event) -> str:
    """Write when an event is, as short as its nearness allows: 13:30, Tue 13:30; its name where no hour is known."""
    if not event.time_known:
        return event.name
    same_day = event.at_ms // DAY_MS == brief.as_of_ms // DAY_MS
    when = clock(event.at_ms) if same_day else weekday_and_clock(event.at_ms)
    return when if brief.timezone == "UTC" else f"{when} UTC"


# ---- What can override the plan, and how yesterday's zones did ----


def _overrides(brief: Brief, symbol: SymbolBrief) -> Iterable[Piece]:
    """Name the events inside the horizon, spot money, what is not known, and what all of it leaves of conviction."""
    inside = [event for event in brief.events if event.lowers and event.concerns(symbol.base)]
    inside.sort(key=lambda event: event.urgency)
    told = inside[:_EVENTS_TOLD]
    for event in told:
        yield Piece(text=_override(event), strong=event.overrides)
        more = len(inside) - len(told)
        yield Piece(text="; " if event is not told[-1] else f"; {more} more. " if more else ". ")
    shocks = () if isinstance(symbol.flows, Missing) else symbol.flows.shocks
    if shocks:
        yield Piece(text=f"Spot money surprised: {' and '.join(clause(one.text) for one in shocks)}. ", strong=True)
    unknown = [one.name for one in brief.unknown_events]
    if unknown:
        yield Piece(text=f"Not known: {listed(unknown)}; assume it could come. ", strong=True)
    if symbol.confidence is not None and symbol.confidence.left < 1:
        yield Piece(text=f"Conviction either way ×{notation.grouped(symbol.confidence.left, 1)}.")
    elif not told and not shocks and not unknown:
        yield Piece(text=f"Nothing listed inside {brief.horizon_hours:g}{THIN}h.")


def _override(event: Event) -> str:
    if event.hours_away <= 0 and event.ends_ms is not None:
        return f"{event.name} until {day_and_clock(event.ends_ms)}"
    at = f" {clock(event.at_ms)}" if event.time_known else ""
    return f"{event.name}{at}, {event_due(event)}"


_FATES: Final = {
    "reject": "reached, price turned back",
    "continue": "swept, price went on",
    "front_run": "price turned just before it",
    "ignore": "not reached",
    "open": "not reached so far",
    "censored": "not judged, bars are missing",
    "not_an_event": "price stood in it",
}


def fate_words(fate: LevelFate) -> str:
    """Say what price did at a zone: swept, price went on; given 4 %."""
    words = "reached so far" if fate.state == "open" and fate.touched_ms is not None else _FATES[fate.state]
    shown = "" if isinstance(fate.shown, Missing) else f"; given {notation.share(fate.shown)}"
    return f"{words}{shown}" if reached(fate) else words


def reached(fate: LevelFate) -> bool:
    """Tell whether price traded at a zone."""
    return fate.touched_ms is not None


def _yesterday_of(brief: Brief, symbol: SymbolBrief) -> tuple[Piece, ...]:
    levels = fates_of(brief)
    if isinstance(levels, str):
        return (Piece(text=levels),)
    own = [fate for fate in levels if fate.symbol == symbol.symbol]
    if not own:
        return (Piece(text="No zone was shown."),)
    parts: list[str | Piece] = []
    for fate in (one for one in own if reached(one)):
        band = notation.price_range(fate.low, fate.high, fate.price_decimals)
        parts += [Piece(text=fate.label, strong=True, side=fate.side), f" {band} {fate_words(fate)}. "]
    rest = [one for one in own if not reached(one)]
    for words in dict.fromkeys(fate_words(one) for one in rest):
        parts.append(f"{', '.join(one.label for one in rest if fate_words(one) == words)} {words}. ")
    return pieces(*parts)


def fates_of(brief: Brief) -> tuple[LevelFate, ...] | str:
    """Give the zones of the brief before, or why there are none."""
    track = brief.track_record
    if isinstance(track, Missing):
        return sentence(track.reason)
    return sentence(track.levels.reason) if isinstance(track.levels, Missing) else track.levels


# ---- The row of the first screen ----


def moved_days(symbol: SymbolBrief) -> float | None:
    """Give the day's move in usual days, >= 0; None when it is not known."""
    if isinstance(symbol.change_24h, Missing) or isinstance(symbol.structure, Missing):
        return None
    return abs(symbol.change_24h) / symbol.structure.atr_fraction if symbol.structure.atr_fraction > 0 else None


def days(value: float | None) -> str:
    """Write usual days where a head says what a day is: 3.2 days; "" when not known."""
    if value is None:
        return ""
    text = notation.grouped(value, 1)
    return f"{text} day{'' if text == '1.0' else 's'}"


def _cell(symbol: SymbolBrief, side: Where) -> Cell:
    zone = zone_of(symbol, "A" if side == "above" else "B")
    if zone is None:
        return Cell(side=side, nothing=_nothing(symbol, side).replace("no dense zone", "none"))
    touched = zone.touch_probability
    return Cell(
        side=side,
        label=zone.label,
        distance="price inside" if zone.price_inside else notation.percent_change(away(zone.distance_fraction, side)),
        days="" if zone.price_inside else days(zone.distance_atr),
        dense=notation.times(zone.intensity),
        reach="" if touched is None or zone.price_inside or stale(symbol) else notation.share(touched),
    )


def _nothing(symbol: SymbolBrief, side: Where) -> str:
    """Say that nothing is dense on a side, and how far was looked."""
    found = next((one for one in symbol.no_dense_zone if one.side == side), None)
    if found is not None:
        return f"no dense zone within {notation.percent(found.within_fraction, 0)}"
    if isinstance(symbol.heatmap, Missing):
        return f"no map: {lower_first(clause(symbol.heatmap.reason))}"
    return "no dense zone"


def _price(symbol: SymbolBrief, value: Price) -> str:
    return notation.price(value, symbol.price_decimals)


def _named(symbol: SymbolBrief, price: Price) -> str:
    """Write a price after its level's name, if it has one."""
    return f"{level_name(symbol, price)} {_price(symbol, price)}".strip()


def _timeframe(brief: Brief) -> str:
    """Write the trading timeframe as a span: 4 h."""
    return _TIMEFRAME.sub(rf"\1{THIN}\2", brief.timeframe)


def _strong(text: str) -> Piece:
    return Piece(text=text, strong=True)


def pieces(*parts: str | Piece) -> tuple[Piece, ...]:
    """Make pieces of words and pieces, nothing empty among them."""
    return tuple(part if isinstance(part, Piece) else Piece(text=part) for part in parts if part != "")
