"""Step 4, whole: for each zone the distance model's shares, and the guide's features beside them.

A feature argues for or against one outcome, with its number. It never tilts a share: over 2,556 zones the features
added nothing to what distance says, so each line is a hypothesis that a later track record can test. The direction of
every argument is the guide's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from reportgen import notation
from reportgen.guide.context import Context
from reportgen.guide.reactions import (
    Evidence,
    Outcome,
    Reaction,
    Shares,
    distance_shares,
    held_out_touch,
    shares_source,
)
from reportgen.guide.structure import Structure
from reportgen.guide.structure.volume import confirms, volume_text
from reportgen.guide.wording import crowd, due, event_name, level_name, ordinal, relative_meaning, swept_text
from reportgen.guide.zones import Zone, gap_atr, outward
from reportgen.units import Maybe, Missing

OUTCOMES: Final[dict[Outcome, str]] = {
    "ignore": "ignore",
    "reject": "tap and reject",
    "continue": "tap and continue",
    "front_run": "front-run",
}
_TOLD: Final = 3

_Rule = Callable[[Zone, Context], Evidence | None]
_RULES: Final[list[_Rule]] = []
"""One for each feature, in the order of this file, as the two decorators find them."""


def _argues(rule: _Rule) -> _Rule:
    """Let a function argue for or against an outcome."""
    _RULES.append(rule)
    return rule


def _argues_from_chart(rule: Callable[[Zone, Context, Structure], Evidence | None]) -> _Rule:
    """Let a function argue that says nothing without a chart."""

    @_argues
    def read(zone: Zone, context: Context) -> Evidence | None:
        structure = context.structure
        return None if isinstance(structure, Missing) else rule(zone, context, structure)

    return read


def read_reactions(context: Context) -> tuple[Reaction, ...]:
    """Write the four outcomes of every zone: shares by distance, evidence for and against, and what it leans to.

    A zone that the price stands in is not an event the model scores: its shares are Missing, its evidence is empty.
    """
    found = []
    for zone in context.zones:
        shares: Maybe[Shares] = distance_shares(zone.distance_atr, context.horizon_hours, context.assumptions)
        if zone.price_inside:
            shares = Missing("Price already stands inside this zone, which is not an event that the model scores.")
        evidence = () if zone.price_inside else gather_evidence(zone, context)
        lean = None if zone.price_inside else leaning(evidence, context.assumptions.evidence_least)
        found.append(
            Reaction(
                label=zone.label,
                side=zone.side,
                distance_atr=zone.distance_atr,
                shares=shares,
                source=shares_source(context.horizon_hours, context.assumptions, by_cone=context.touch_by_cone),
                sample_size=context.assumptions.reaction_sample_zones,
                evidence=evidence,
                leans_to=lean,
                answer=_answer(evidence, lean, shares),
                held_out="" if zone.price_inside else held_out_touch(zone.distance_atr, context.assumptions),
            )
        )
    return tuple(found)


def leaning(evidence: Iterable[Evidence], least: int) -> Outcome | None:
    """Count for and against: the outcome with most arguments for over against, from `least` on and alone at the top."""
    count = Counter(dict.fromkeys(OUTCOMES, 0))
    for one in evidence:
        count[one.outcome] += 1 if one.supports else -1
    (first, most), (_, next_most) = count.most_common(2)
    return first if most >= least and most > next_most else None


def _answer(evidence: tuple[Evidence, ...], lean: Outcome | None, shares: Maybe[Shares]) -> str:
    """Answer step 4 in one line: what the evidence argues for, by which features, and what the shares say."""
    if isinstance(shares, Missing):
        return ""
    likeliest = max(OUTCOMES, key=shares.of)
    said = f"shares say {OUTCOMES[likeliest]} {notation.share(shares.of(likeliest))}"
    if lean is None:
        return f"Evidence leans to none of the four; {said}."
    own = [one for one in evidence if one.outcome == lean]
    for_it = [one.text for one in own if one.supports]
    against = len(own) - len(for_it)
    count = f"{len(for_it)} for, {against} against"
    return f"Evidence leans to {OUTCOMES[lean]} ({count}): {'; '.join(for_it[:_TOLD])}; {said}."


def gather_evidence(zone: Zone, context: Context) -> tuple[Evidence, ...]:
    """Collect what today's features argue for one zone; features that are missing or say nothing are left out."""
    return tuple(evidence for rule in _RULES if (evidence := rule(zone, context)) is not None)


def _says(outcome: Outcome, supports: bool, feature: str, value: float, text: str) -> Evidence:  # noqa: FBT001 - for or against
    return Evidence(outcome=outcome, supports=supports, feature=feature, value=value, text=text)


@_argues_from_chart
def _trend(zone: Zone, _: Context, structure: Structure) -> Evidence | None:
    """A trend into the zone may continue through it; against the trend only a brief squeeze is likely."""
    if structure.trend == "sideways":
        return None
    into = (structure.trend == "up") == (zone.side == "above")
    strength = notation.signed(structure.trend_strength, 2)
    text = (
        f"the {structure.timeframe} trend is {structure.trend} ({strength}), {'into' if into else 'away from'} the zone"
    )
    return _says("continue" if into else "reject", True, "trend", structure.trend_strength, text)


@_argues_from_chart
def _momentum(zone: Zone, context: Context, structure: Structure) -> Evidence | None:
    """Momentum away from the zone argues for ignore, momentum into it for continue."""
    toward = structure.momentum * outward(zone.side)
    if structure.exhausted or abs(toward) < context.assumptions.evidence_momentum:
        return None
    into = toward > 0
    way = "into" if into else "away from"
    text = f"momentum {notation.signed(structure.momentum, 1)} standard deviations, {way} the zone"
    return _says("continue" if into else "ignore", True, "momentum", structure.momentum, text)


@_argues_from_chart
def _exhaustion(zone: Zone, _: Context, structure: Structure) -> Evidence | None:
    """A move into the zone that is extreme and fading makes a sharp rejection more plausible."""
    if not structure.exhausted or structure.momentum * outward(zone.side) <= 0:
        return None
    text = (
        f"momentum {notation.signed(structure.momentum, 1)} standard deviations is extreme and fading "
        f"({notation.signed(structure.exhaustion, 2)})"
    )
    return _says("reject", True, "exhaustion", structure.exhaustion, text)


@_argues_from_chart
def _volume(_: Zone, __: Context, structure: Structure) -> Evidence | None:
    """High volume tends to carry a move through a cluster; thin moves are more vulnerable to rejection."""
    if structure.volume == "steady":
        return None
    expanding = structure.volume == "expanding"
    text = f"volume {volume_text(structure)}"
    return _says("continue" if expanding else "reject", True, "volume", structure.volume_ratio, text)


@_argues_from_chart
def _spot(_: Zone, __: Context, structure: Structure) -> Evidence | None:
    """A breakout that spot does not confirm is thin: it is the contract's alone."""
    spot = structure.spot_volume
    if isinstance(spot, Missing) or confirms(structure) is not False:
        return None
    text = f"spot volume only {notation.times(spot.ratio)} its median on {spot.venue}: the move is thin"
    return _says("reject", True, "spot volume", spot.ratio, text)


@_argues_from_chart
def _taker(zone: Zone, _: Context, structure: Structure) -> Evidence | None:
    """Those who cross the spread carry a move into the zone, or lean against it."""
    taker = structure.taker
    if isinstance(taker, Missing) or taker.bias == "balanced":
        return None
    into = (taker.bias == "buyers") == (zone.side == "above")
    text = (
        f"takers are {taker.bias}, {notation.percent(taker.share)} of volume bought ({ordinal(taker.percentile)}), "
        f"{'into' if into else 'away from'} the zone"
    )
    return _says("continue" if into else "reject", True, "taker flow", taker.share, text)


@_argues_from_chart
def _regime(_: Zone, __: Context, structure: Structure) -> Evidence | None:
    """An expanding market reaches more levels, a compressed one fewer."""
    if structure.regime == "normal":
        return None
    text = f"the market is {structure.regime}, true range at its {ordinal(structure.atr_percentile)}"
    return _says("ignore", structure.regime == "compressed", "regime", structure.atr_percentile, text)


@_argues_from_chart
def _sweep(zone: Zone, context: Context, structure: Structure) -> Evidence | None:
    """A prior extreme just swept and given back on this side is a rejection already seen."""
    sweep = structure.sweep
    if sweep is None or sweep.where != zone.side:
        return None
    return _says("reject", True, "sweep", sweep.level, swept_text(sweep, context))


@_argues_from_chart
def _relative_strength(zone: Zone, context: Context, structure: Structure) -> Evidence | None:
    """Weakness against BTC argues for a breakdown, strength for a breakout."""
    lead = structure.relative_strength
    if isinstance(lead, Missing) or abs(lead) < context.assumptions.evidence_relative_strength:
        return None
    days = f"{structure.relative_strength_days:g}{notation.THIN}d"
    text = f"{notation.percent_change(lead)} against BTC over {days}, {relative_meaning(lead, context)}"
    return _says("continue", lead * outward(zone.side) > 0, "relative strength", lead, text)


@_argues
def _open_interest(_: Zone, context: Context) -> Evidence | None:
    """Building positions give a zone fuel; a flush has already spent it."""
    reading = context.open_interest
    if isinstance(reading, Missing):
        return None
    change = f"open interest {notation.percent_change(reading.change_24h)} in 24{notation.THIN}h"
    if reading.flush:
        text = f"{change} after the move: a flush may already have happened"
        return _says("continue", False, "open interest", reading.change_24h, text)
    if reading.trend != "flat":
        text = f"{change}, {reading.trend}"
        return _says("continue", reading.trend == "rising", "open interest", reading.change_24h, text)
    if not reading.elevated:
        return None
    text = f"open interest elevated, {ordinal(reading.percentile)}"
    return _says("continue", True, "open interest", reading.percentile, text)


@_argues
def _funding(zone: Zone, context: Context) -> Evidence | None:
    """Crowding on the side that the zone would liquidate adds to it; crowding on the other side does not."""
    reading, crowded = context.funding, context.crowded_side
    if isinstance(reading, Missing) or crowded is None:
        return None
    extreme = f", extreme at its {ordinal(reading.percentile)}" if reading.extreme else ""
    text = f"{crowd(crowded)} look crowded, funding {notation.funding(reading.rate_8h)}{extreme}"
    return _says("continue", crowded == zone.liquidated_side, "funding", reading.rate_8h, text)


@_argues
def _aligned(zone: Zone, context: Context) -> Evidence | None:
    """A zone in line with a chart level matters more than an isolated one."""
    level = context.aligned_level(zone)
    if level is None:
        return None
    text = f"in line with {level_name(level, context)}, {_touched(level.touches)}"
    return _says("ignore", False, "chart level", level.price, text)


@_argues
def _on_the_way(zone: Zone, context: Context) -> Evidence | None:
    """A chart level before the zone is where price may turn without reaching it."""
    level = context.level_on_the_way(zone)
    if level is None:
        return None
    text = f"{level_name(level, context)} lies before the zone, {_touched(level.touches)}"
    return _says("front_run", True, "chart level on the way", level.price, text)


@_argues
def _next_cluster(zone: Zone, context: Context) -> Evidence | None:
    """A second cluster close by can extend the move; one far away cannot."""
    beyond, atr = context.next_cluster(zone), context.atr
    if beyond is None or atr is None:
        return None
    gap, assumptions = gap_atr(zone, beyond, atr), context.assumptions
    if assumptions.cluster_near_atr < gap <= assumptions.cluster_far_atr:
        return None
    near = gap <= assumptions.cluster_near_atr
    text = f"the next cluster, {beyond.label}, starts {notation.usual_days(gap)} beyond"
    return _says("continue", near, "next cluster", gap, text)


@_argues
def _event(_: Zone, context: Context) -> Evidence | None:
    """A scheduled event can overwhelm local leverage."""
    event = context.leading_event
    if event is None:
        return None
    text = f"{event_name(event)} {due(event)} can override local leverage"
    return _says("ignore", True, "event", event.hours_away, text)


@_argues
def _flows(zone: Zone, context: Context) -> Evidence | None:
    """A surprise in ETF flows supplies or absorbs a move; an unusual spot share says that more than leverage trades."""
    flows = context.flows
    if isinstance(flows, Missing) or not flows.shifted:
        return None
    text = flows.reading.rstrip(".")
    if isinstance(flows.etf_z, Missing) or not flows.etf_shifted:
        return _says("ignore", True, "spot volume", 0.0, text)
    return _says("continue", flows.etf_z * outward(zone.side) > 0, "ETF flows", flows.etf_z, text)


@_argues
def _gaps(_: Zone, context: Context) -> Evidence | None:
    """A market that gaps runs through levels without the reaction that the map suggests."""
    risk = context.map_quality.gap_risk
    if isinstance(risk, Missing) or risk < context.assumptions.evidence_gap_risk:
        return None
    text = f"{notation.percent(risk)} of recent bars gapped: price can jump through the zone"
    return _says("reject", False, "gap risk", risk, text)


def _touched(touches: int) -> str:
    return f"touched {touches} times" if touches > 1 else "touched once"
