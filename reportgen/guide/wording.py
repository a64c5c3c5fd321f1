"""How the guide's sentences name things: one name each for a zone, a level, an event, a reason.

Numbers come from `reportgen.notation`; the words stay here, so that a thing never has two names on one page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from reportgen import notation
from reportgen.events.calendar import Event
from reportgen.guide.context import Context
from reportgen.guide.structure import Level, Sweep
from reportgen.guide.zones import Zone
from reportgen.units import HOURS_A_DAY, Fraction, Missing, Price, Side, Where

_NAMED_AT_MOST = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def because(missing: Missing) -> str:
    """Give the reason as a clause, without its full stop."""
    return missing.reason.strip().rstrip(".")


def not_available(missing: Missing) -> str:
    """Write a missing reading: n/a: reason."""
    return f"n/a: {because(missing)}"


def crowd(side: Side) -> str:
    """Name the holders of a side: longs or shorts."""
    return f"{side.value}s"


def fuel(zone: Zone) -> str:
    """Name what a zone would release: forced buying above, forced selling below."""
    return "forced buying" if zone.liquidated_side == Side.SHORT else "forced selling"


def distance(zone: Zone) -> str:
    """Write where a zone lies: 3.3 % above, 1.2 usual days; or that the price stands in it."""
    if zone.price_inside:
        return "price inside"
    percent = notation.percent(zone.distance_fraction)
    return f"{percent} {zone.side}, {notation.usual_days(zone.distance_atr)}"


def distance_percent(zone: Zone) -> str:
    """Write the signed distance to the near edge: +3.3 %."""
    return notation.percent_change(zone.distance_fraction if zone.side == "above" else -zone.distance_fraction)


def band(zone: Zone, context: Context) -> str:
    """Write a zone's range: 95 583–96 255."""
    return notation.price_range(zone.low, zone.high, context.price_decimals)


def zone_with_band(zone: Zone, context: Context) -> str:
    """Write a zone by letter and range: A (95 583–96 255)."""
    return f"{zone.label} ({band(zone, context)})"


def level_kind(side: Where) -> str:
    """Name a chart level by its side: resistance above, support below."""
    return "resistance" if side == "above" else "support"


def level_name(level: Level, context: Context) -> str:
    """Write a chart level: resistance 94 760 (14-day high)."""
    what = f" ({level.name})" if level.name else ""
    return f"{level_kind(level.where)} {at(level.price, context)}{what}"


def at(price: Price, context: Context) -> str:
    """Write a price of the symbol."""
    return notation.price(price, context.price_decimals)


def swept_text(sweep: Sweep, context: Context) -> str:
    """Say what was swept: the prior high 94 105 was swept to 94 612 and given back."""
    prior = "high" if sweep.where == "above" else "low"
    return f"the prior {prior} {at(sweep.level, context)} was swept to {at(sweep.extreme, context)} and given back"


def relative_meaning(lead: Fraction, context: Context) -> str:
    """Say what a lead on BTC, or a lag behind it, means for the zones."""
    if abs(lead) < context.assumptions.evidence_relative_strength:
        return "in line with it"
    if lead < 0:
        return "relative weakness: a breakdown meets fewer buyers"
    return "relative strength: a breakout meets fewer sellers"


def event_name(event: Event) -> str:
    """Write an event's name on one line."""
    return " ".join(event.name.split())


def countdown(hours: float) -> str:
    """Write a span: 45 min, 6 h, 9 d 12 h."""
    minutes = round(hours * 60)
    if minutes < 60:
        return f"{minutes}{notation.THIN}min"
    whole = round(hours)
    days, rest = divmod(whole, HOURS_A_DAY)
    if not days:
        return f"{whole}{notation.THIN}h"
    text = f"{days}{notation.THIN}d"
    return f"{text} {rest}{notation.THIN}h" if rest else text


def due(event: Event) -> str:
    """Write when an event is: in 6 h, under way, or on 4 Dec, hour not known."""
    if not event.time_known:
        moment = _EPOCH + timedelta(milliseconds=event.at_ms)
        return f"on {moment.day} {moment:%b}, hour not known"
    return f"in {countdown(event.hours_away)}" if event.hours_away > 0 else "under way"


def counted_down(events: Sequence[Event]) -> str:
    """Write the first event with its countdown, and how many more there are: US CPI in 6 h and 1 more; "" without."""
    if not events:
        return ""
    told = f"{event_name(events[0])} {due(events[0])}"
    return f"{told} and {len(events) - 1} more" if len(events) > 1 else told


def ordinal(percentile: Fraction) -> str:
    """Write a percentile: 93rd percentile."""
    number = round(percentile * 100)
    teens = number % 100 in (11, 12, 13)
    ending = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending} percentile"


def listed(names: Sequence[str]) -> str:
    """Join names: SOL, WIF and XRP; four or more become two and a count."""
    if len(names) > _NAMED_AT_MOST:
        kept = _NAMED_AT_MOST - 1
        return f"{', '.join(names[:kept])} and {len(names) - kept} more"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part) if names else ""


def capital(clause: str) -> str:
    """Start a clause with a capital."""
    return clause[:1].upper() + clause[1:]


def sentence(clause: str) -> str:
    """Make a clause a sentence: a capital first, a full stop last."""
    return f"{capital(clause).rstrip('.')}."
