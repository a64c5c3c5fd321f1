"""What the reader must hold against a symbol's map: coverage, depth, concentration, gaps, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reportgen import notation
from reportgen.config.assumptions import Assumptions
from reportgen.events.calendar import Event
from reportgen.guide.checklist import Confluence, no_dense_zone
from reportgen.guide.context import Context, heaviest_first
from reportgen.guide.reactions import touch_probability
from reportgen.guide.structure import Level
from reportgen.guide.wording import (
    at,
    band,
    because,
    capital,
    crowd,
    distance,
    distance_percent,
    due,
    event_name,
    fuel,
    level_name,
    listed,
    sentence,
    zone_with_band,
)
from reportgen.guide.zones import Zone
from reportgen.guide.zones.geometry import aligned_level, level_on_the_way, near_edge
from reportgen.market.data import Depth
from reportgen.market.quality import Coverage
from reportgen.units import Fraction, Maybe, Missing, Where

# ---- The Read: two or three computed sentences for a symbol, with the finding, alt text and caveats of its figure ----
CLOSING = "Possible fuel, not guaranteed destinations."
_SIDES: tuple[Where, Where] = ("above", "below")


def write_summary(context: Context, confluence: Confluence) -> tuple[str, ...]:
    """Write two or three sentences: what weakens the map or how the layers stand, the asymmetry, the closing words.

    An event inside the horizon comes first, then a low map quality; without either, the layers follow the asymmetry
    where they have something to say.
    """
    caution = _caution(context)
    asymmetry = sentence(_asymmetry(context, confluence))
    if caution:
        return (sentence(caution), asymmetry, CLOSING)
    layers = _layers(context, confluence)
    return (asymmetry, sentence(layers), CLOSING) if layers else (asymmetry, CLOSING)


def figure_finding(context: Context) -> str:
    """Write the figure's headline: Dense shorts +3.3 % above, dense longs −3.4 % below."""
    if context.no_map is not None:
        return "No liquidation map"
    above, below = (context.nearest_zone(side) for side in _SIDES)
    if above is None and below is None:
        return capital(no_dense_zone(context))
    parts = (_side_finding(above, "above"), _side_finding(below, "below"))
    return capital(", ".join(parts))


def heatmap_alt(context: Context) -> str:
    """Write the picture's alt text: price, each zone with range, distance and share, or that nothing stands out."""
    price = at(context.price, context)
    if context.no_map is not None:
        return f"No liquidation map of {context.base} at {price}: {because(context.no_map)}."
    zones = " ".join(_zone_alt(zone, context) for zone in context.zones)
    empty = " ".join(f"No dense zone {answer.side}." for answer in context.no_dense_zone)
    start = f"Estimated liquidation map of {context.base} around the last price {price}."
    return " ".join(part for part in (start, zones, empty) if part)


def _caution(context: Context) -> str:
    """Say what weakens the map: an event inside the horizon, a low quality, or both in one sentence."""
    events, quality = context.moving_events, context.map_quality
    low = quality.grade in ("Low", "None") and context.no_map is None
    weak = f"map quality is {quality.grade.lower()}"
    if events:
        first = " and ".join(_is_due(event) for event in events[:2])
        state = f"{first} and {weak}" if low else first
        useful = "the map remains useful, but " if context.no_map is None else ""
        more = ", and execution risk is much higher" if low else ""
        return f"{state}: {useful}confidence in any one direction is lower{more}"
    if not low:
        return ""
    reason = f" ({quality.reasons[0].rstrip('.')})" if quality.reasons else ""
    return f"the map may be directionally useful, but {weak}{reason}, so execution risk is much higher"


def _is_due(event: Event) -> str:
    """Write US CPI is due in 6 h; what is under way is not due any more."""
    under_way = event.time_known and not event.hours_away > 0
    return f"{event_name(event)} is {'' if under_way else 'due '}{due(event)}"


def _asymmetry(context: Context, confluence: Confluence) -> str:
    if context.no_map is not None:
        return f"there is no liquidation map to read: {because(context.no_map)}"
    nearest = [zone for side in _SIDES if (zone := context.nearest_zone(side)) is not None]
    if not nearest:
        return f"nothing stands out on either side: {no_dense_zone(context)}"
    leaning = {"up": "above", "down": "below"}
    favoured = [zone for zone in nearest if leaning.get(confluence.map_lean) == zone.side]
    if favoured:
        return _lean_text(favoured[0], context)
    where = " and ".join(f"{zone.label} {distance(zone)}" for zone in nearest)
    closest = min(nearest, key=lambda zone: zone.distance_atr)
    if closest.distance_atr > context.assumptions.lean_reach_atr:
        verb = "zone is" if len(nearest) == 1 else "zones are"
        return f"the nearest dense {verb} far, {where}{_seldom_touched(closest, context)}"
    return f"dense zones lie on both sides, {where}, without a clear asymmetry"


def _seldom_touched(zone: Zone, context: Context) -> str:
    """Give the measured share of zones that far that were tapped, where it was measured."""
    touched = touch_probability(zone.distance_atr, context.horizon_hours, context.assumptions)
    if touched is None:
        return ""
    hours = f"{context.horizon_hours:g}{notation.THIN}h"
    return f": price tapped {notation.share(touched)} of zones that far within {hours}"


def _lean_text(zone: Zone, context: Context) -> str:
    """Say which side is more exposed and what must give way first."""
    where = f"{zone_with_band(zone, context)}, {distance(zone)}"
    if zone.side == "above":
        return (
            f"the asymmetry favours an upside squeeze if {_barrier(zone, context)} breaks cleanly: "
            f"{fuel(zone)} could add momentum in {where}"
        )
    return (
        f"the asymmetry favours a downside flush if {_barrier(zone, context)} fails: "
        f"the breakdown may accelerate as {fuel(zone)} adds momentum in {where}"
    )


def _barrier(zone: Zone, context: Context) -> str:
    """Name what stands between price and the move: the level in line with the zone, the one before it, or its edge."""
    level: Level | None = aligned_level(zone, context) or level_on_the_way(zone, context)
    return f"the zone edge {at(near_edge(zone), context)}" if level is None else level_name(level, context)


def _layers(context: Context, confluence: Confluence) -> str:
    """Say how structure and positioning stand to the map, when there is something to say."""
    if confluence.conflict:
        return confluence.text
    positioning = context.positioning
    if context.crowded_side is not None and not isinstance(positioning, Missing):
        return f"{crowd(context.crowded_side)} look crowded ({positioning.crowded_because.rstrip('.')})"
    return confluence.text if confluence.agree > 1 else ""


def _side_finding(zone: Zone | None, side: Where) -> str:
    if zone is None:
        return f"no dense zone {side}"
    holders = f"dense {crowd(zone.liquidated_side)}"
    return f"price inside {holders}" if zone.price_inside else f"{holders} {distance_percent(zone)} {side}"


def _zone_alt(zone: Zone, context: Context) -> str:
    holders, share = crowd(zone.liquidated_side), notation.share(zone.share)
    where = "price inside" if zone.price_inside else f"{distance_percent(zone)}, {distance(zone)}"
    return f"Zone {zone.label} {zone.side}: {band(zone, context)}, {where}, {share} of the mapped {holders}."


# ---- The one computed sentence that opens the page: what moved, and which dense zones stand close ----

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


def headline(facts: Sequence[SymbolFacts], event: Event | None, assumptions: Assumptions) -> str:
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


def subject_suffix(events: Sequence[Event]) -> str:
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


def _event_lead(event: Event | None) -> str:
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


MODELLED = "Levels are modelled, not observed: margin top-ups, cross margin and hedges move real liquidation prices."
OVERRIDE = "Large spot flows and headlines can override any zone."


def symbol_caveats(
    context: Context, coverage: Maybe[Coverage], *, calibrated: bool, refused: str = ""
) -> tuple[str, ...]:
    """List the caveats of one symbol, general ones first; each is a sentence with its number.

    Depth, venue concentration and gap risk answer the guide's three questions about an unreliable map. `refused` says
    why a calibration that was found is not used.
    """
    quality = context.map_quality
    clauses = (
        MODELLED,
        "" if calibrated else "The map is uncalibrated: it shows shares of a side, not dollars",
        refused,
        _book(coverage),
        _depth(quality.depth),
        _concentration(quality.venue_concentration, context.assumptions.caveat_concentration),
        _gaps(quality.gap_risk, context.assumptions.evidence_gap_risk),
        _absent("Structure", context.structure),
        _absent("Open interest", context.open_interest),
        _absent("Funding", context.funding),
        OVERRIDE,
    )
    return tuple(sentence(clause) for clause in clauses if clause)


def _book(coverage: Maybe[Coverage]) -> str:
    if isinstance(coverage, Missing):
        return f"coverage is not known: {because(coverage)}"
    covered = coverage.book_coverage
    if isinstance(covered, Missing):
        return f"how much of the open positions the map has seen being opened is not known: {because(covered)}"
    older = "; older entries are not mapped" if round(100 * covered) < 100 else ""
    return f"positions opened in the observed history make up {notation.share(covered)} of open interest{older}"


def _depth(depth: Maybe[Depth]) -> str:
    if isinstance(depth, Missing):
        return f"order-book depth is not known: {because(depth)}"
    bids, asks = notation.dollars(depth.bid_quote), notation.dollars(depth.ask_quote)
    within = notation.percent(depth.within)
    return f"the order book on {depth.venue} holds {bids} of bids and {asks} of asks within {within} of mid"


def _concentration(share: Maybe[Fraction], threshold: Fraction) -> str:
    if isinstance(share, Missing):
        return f"venue concentration is not known: {because(share)}"
    if share < threshold:
        return ""
    return f"{notation.share(share)} of the known open interest stands on one venue"


def _gaps(risk: Maybe[Fraction], threshold: Fraction) -> str:
    if isinstance(risk, Missing):
        return f"gap risk is not known: {because(risk)}"
    if risk < threshold:
        return ""
    return f"{notation.percent(risk)} of recent bars gapped: price can jump levels without a clean entry"


def _absent(name: str, value: object) -> str:
    return f"{name} is missing: {because(value)}" if isinstance(value, Missing) else ""
