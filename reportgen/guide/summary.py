"""What the reader must hold against a symbol's map: coverage, depth, concentration, gaps, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reportgen import notation
from reportgen.config.assumptions import Assumptions
from reportgen.events.calendar import Event
from reportgen.guide.checklist import no_dense_zone
from reportgen.guide.confluence import Confluence, leading_zone, mass_against_distance
from reportgen.guide.context import Context, heaviest_first
from reportgen.guide.plan.scenario import trigger_lines
from reportgen.guide.plan.writing import out_of_reach
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
    listed,
    sentence,
    zone_with_band,
)
from reportgen.guide.zones import Zone, near_edge
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
    against = mass_against_distance(context)
    asymmetry = " ".join(sentence(clause) for clause in (_asymmetry(context), against) if clause)
    if caution:
        return (sentence(caution), asymmetry, CLOSING)
    positioning = context.positioning
    if confluence.conflict:
        layers = confluence.text
    elif context.crowded_side is not None and not isinstance(positioning, Missing):
        layers = f"{crowd(context.crowded_side)} look crowded ({positioning.crowded_because.rstrip('.')})"
    else:
        layers = confluence.text if confluence.agree > 1 else ""
    return (asymmetry, sentence(layers), CLOSING) if layers else (asymmetry, CLOSING)


def figure_finding(context: Context) -> str:
    """Write the figure's headline: Dense shorts 3.3 % above (2.0× the median), dense longs 3.4 % below (1.6×)."""
    if context.no_map is not None:
        return "No liquidation map"
    above, below = (context.nearest_zone(side) for side in _SIDES)
    if above is None and below is None:
        return capital(no_dense_zone(context))
    parts = (_side_finding(above, "above"), _side_finding(below, "below"))
    return capital(", ".join(parts)).replace("\u00d7)", "\u00d7 the median)", 1)


def heatmap_alt(context: Context) -> str:
    """Write the picture's alt text: price, each zone with range, distance and share, or that nothing stands out."""
    price = at(context.price, context)
    if context.no_map is not None:
        return f"No liquidation map of {context.base} at {price}: {because(context.no_map)}."
    parts = [f"Estimated liquidation map of {context.base} around the last price {price}."]
    for zone in context.zones:
        where = "price inside" if zone.price_inside else f"{distance_percent(zone)}, {distance(zone)}"
        share = f"{notation.share(zone.share)} of the mapped {crowd(zone.liquidated_side)}"
        parts.append(f"Zone {zone.label} {zone.side}: {band(zone, context)}, {where}, {share}.")
    return " ".join((*parts, *(f"No dense zone {answer.side}." for answer in context.no_dense_zone)))


def _caution(context: Context) -> str:
    """Say what weakens the map: stale bars, events, surprises, dates nobody knows, low quality; all in one sentence."""
    events, quality = context.moving_events, context.map_quality
    low = quality.grade in ("Low", "None") and context.no_map is None
    weak = f"map quality is {quality.grade.lower()}"
    found = [context.stale.rstrip(".")] if context.stale else []
    found += [" and ".join(_is_due(event) for event in events[:2])] if events else []
    found += [f"spot money surprised ({context.surprise})"] if context.surprise else []
    if context.unknown_movers:
        found.append(f"whether {listed(context.unknown_movers)} falls inside the horizon is not known")
    if found:
        state = " and ".join([*found, weak] if low else found)
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


def _asymmetry(context: Context) -> str:
    if context.no_map is not None:
        return f"there is no liquidation map to read: {because(context.no_map)}"
    nearest = [zone for side in _SIDES if (zone := context.nearest_zone(side)) is not None]
    if not nearest:
        return f"nothing stands out on either side: {no_dense_zone(context)}"
    zone = leading_zone(context)
    if zone is not None:
        return _lean_text(zone, context)
    if not any(context.in_reach(one) for one in nearest):
        return out_of_reach(context)
    where = " and ".join(f"{one.label} {distance(one)}" for one in nearest)
    return f"dense zones lie on both sides, {where}, without a clear asymmetry"


def _lean_text(zone: Zone, context: Context) -> str:
    """Say which side is more exposed and what must give way first: the line that the scenario waits for."""
    where = f"{zone_with_band(zone, context)}, {distance(zone)}"
    line, _ = trigger_lines(zone.side, context)
    barrier = f"the zone edge {at(near_edge(zone), context)}" if line is None else line.name
    touched = ""
    if zone.touch_probability is not None and not zone.price_inside:
        hours = f"{context.horizon_hours:g}{notation.THIN}h"
        touched = f" (such zones are touched within {hours} in {notation.share(zone.touch_probability)} of cases)"
    if zone.side == "above":
        return (
            f"the asymmetry favours an upside squeeze if {barrier} breaks cleanly: "
            f"{fuel(zone)} could add momentum in {where}{touched}"
        )
    return (
        f"the asymmetry favours a downside flush if {barrier} fails: "
        f"the breakdown may accelerate as {fuel(zone)} adds momentum in {where}{touched}"
    )


def _side_finding(zone: Zone | None, side: Where) -> str:
    if zone is None:
        return f"no dense zone {side}"
    holders = f"dense {crowd(zone.liquidated_side)}"
    where = f"{notation.percent(zone.distance_fraction)} {side}"
    dense = f"({notation.times(zone.intensity)})"
    return f"price inside {holders} {dense}" if zone.price_inside else f"{holders} {where} {dense}"


# ---- The one computed sentence that opens the page: what moved, and which dense zones stand close ----

_SEPARATOR = " · "
_LONGEST_SUFFIX = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolFacts:
    """What the page's headline must know of one symbol.

    Attributes:
        base: "BTC". mapped: False when there is no map of it. change_24h: fraction.
        above, below: the nearest dense zone on each side, None when there is none.
        liquidity: quote currency traded in the last day, 0 when not known. usual_day: fraction of the price, or None.
        fell_through: clause on the last brief's zone that price has traded through since, or "".
    """

    base: str
    mapped: bool
    change_24h: Maybe[Fraction]
    above: Zone | None
    below: Zone | None
    liquidity: float = 0.0
    usual_day: Fraction | None = None
    fell_through: str = ""

    @property
    def surprise(self) -> float:
        """How far price moved in a day, in usual days; 0 when that is not known."""
        if isinstance(self.change_24h, Missing) or not self.usual_day:
            return 0.0
        return abs(self.change_24h) / self.usual_day


def headline(facts: Sequence[SymbolFacts], event: Event | None, assumptions: Assumptions) -> str:
    """Write the finding over all symbols: what overrides, what went through its zone, and the zone to watch.

    What went through a zone of the last brief is named where surprise x liquidity is largest, never for a thin market;
    the zone to watch is the nearest of the most liquid symbol that has one.

    Args:
        facts: One a symbol, in the order of the watchlist.
        event: The first event inside the horizon that moves the plan, or None.
        assumptions: `thin_daily_volume` and `headline_liquidity`.
    """
    mapped = sorted((fact for fact in facts if fact.mapped), key=lambda fact: -fact.liquidity)
    if not mapped:
        return "No symbol has a liquidation map today."
    lead = "" if event is None else f"{event_name(event)} {due(event)} can override the map. "
    least = max(assumptions.thin_daily_volume, assumptions.headline_liquidity * mapped[0].liquidity)
    traded = (fact for fact in mapped if fact.fell_through and fact.liquidity >= least)
    broken = max(traded, key=lambda fact: fact.surprise * fact.liquidity, default=None)
    through = "" if broken is None else f"{broken.fell_through}. "
    return capital(f"{lead}{through}{capital(_zone_to_watch(mapped))}.")


def _zone_to_watch(by_liquidity: Sequence[SymbolFacts]) -> str:
    """Name the nearest dense zone of the most liquid symbol that has one."""
    for fact in by_liquidity:
        zones = [zone for zone in (fact.above, fact.below) if zone is not None]
        if zones:
            zone = min(zones, key=lambda one: one.distance_atr)
            holders = crowd(zone.liquidated_side)
            if zone.price_inside:
                return f"{fact.base} stands inside its nearest dense zone, {holders}"
            touched = zone.touch_probability
            share = "" if touched is None else f", reached in {notation.share(touched)} of such cases"
            where = f"{notation.percent(zone.distance_fraction)} {zone.side}"
            return f"{fact.base}’s nearest dense zone, {holders}, lies {where}{share}"
    return "no dense liquidation zone stands out"


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
        _from(
            context.assumptions.caveat_concentration,
            "venue concentration",
            quality.venue_concentration,
            "of the known open interest stands on one venue",
            notation.share,
        ),
        _from(
            context.assumptions.evidence_gap_risk,
            "gap risk",
            quality.gap_risk,
            "of recent bars gapped: price can jump levels without a clean entry",
            notation.percent,
        ),
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


def _from(least: Fraction, what: str, share: Maybe[Fraction], says: str, written: Callable[[Fraction], str]) -> str:
    """Say how large a share is from a threshold on, or why it is not known."""
    if isinstance(share, Missing):
        return f"{what} is not known: {because(share)}"
    return f"{written(share)} {says}" if share >= least else ""


def _absent(name: str, value: object) -> str:
    return f"{name} is missing: {because(value)}" if isinstance(value, Missing) else ""
