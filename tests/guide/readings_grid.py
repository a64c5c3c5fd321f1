"""Any reading the guide may meet, for property tests: every combination of known, missing, near, far, crowded."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from reportgen.guide.checklist import ChecklistLine, InputReading, read_inputs, walk_checklist
from reportgen.guide.confluence import Confluence, find_confluence
from reportgen.guide.context import Context
from reportgen.guide.plan import Plan
from reportgen.guide.plan.writing import write_plan
from reportgen.guide.positioning import FundingReading, OpenInterestReading, Positioning
from reportgen.guide.reactions import Reaction
from reportgen.guide.reactions.evidence import read_reactions
from reportgen.guide.structure import Level, Structure, Sweep
from reportgen.guide.summary import SymbolFacts, figure_finding, headline, heatmap_alt, symbol_caveats, write_summary
from reportgen.guide.zones import Label, NoDenseZone, Zone
from reportgen.market.data import Depth
from reportgen.market.quality import MapQuality
from reportgen.units import Missing, Side, Where
from tests.guide.readings import (
    ATR,
    PRICE,
    context,
    event,
    funding,
    level,
    nothing,
    open_interest,
    positioning,
    quality,
    sign,
    structure,
    zone,
)

MISSING = Missing("The venue refused this location (HTTP 403).")
BOTH: tuple[Where, Where] = ("above", "below")
SIDES = st.sampled_from(BOTH)


def some(low: float, high: float) -> st.SearchStrategy[float]:
    """Draw a finite float."""
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


def maybe(known: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Draw the known value or a Missing."""
    return st.one_of(st.just(MISSING), known)


@st.composite
def zones_on(draw: st.DrawFn, side: Where) -> tuple[Zone, ...]:
    """Draw no zone, the nearest, or the nearest and a C beyond it; the price may stand inside the nearest."""
    count = draw(st.integers(0, 2))
    near = draw(st.one_of(some(0.0, 4.0), st.just(-0.1)))
    first: Label = "A" if side == "above" else "B"
    nearest = zone(first, side, near, width=draw(some(0.2, 1.0)), share=draw(some(0.06, 0.5)))
    start = sign(side) * ((nearest.high if side == "above" else nearest.low) - PRICE) / ATR
    second = zone("C", side, start + draw(some(0.0, 3.0)), share=draw(some(0.06, 0.5)))
    return (nearest, second)[:count]


@st.composite
def levels_on(draw: st.DrawFn, side: Where) -> tuple[Level, ...]:
    """Draw up to three chart levels, nearest first."""
    away = sorted(draw(st.lists(some(0.05, 4.0), max_size=3)))
    return tuple(level(side, one, draw(st.integers(1, 4))) for one in away)


@st.composite
def charts(draw: st.DrawFn) -> Structure:
    """Draw a chart."""
    swept: Where = draw(SIDES)
    prior = PRICE + sign(swept) * ATR
    sweep = Sweep(level=prior, where=swept, time_ms=0, extreme=prior + sign(swept) * 80)
    return structure(
        trend=draw(st.sampled_from(["up", "down", "sideways"])),
        trend_strength=draw(some(-1, 1)),
        momentum=draw(some(-4, 4)),
        exhausted=draw(st.booleans()),
        volume=draw(st.sampled_from(["expanding", "steady", "contracting"])),
        volume_ratio=draw(some(0.0, 9.0)),
        supports=draw(levels_on("below")),
        resistances=draw(levels_on("above")),
        sweep=draw(st.sampled_from([None, sweep])),
        regime=draw(st.sampled_from(["compressed", "normal", "expanding"])),
        atr_percentile=draw(some(0, 1)),
        relative_strength=draw(maybe(some(-0.2, 0.2))),
    )


@st.composite
def crowds(draw: st.DrawFn) -> Positioning:
    """Draw positioning; either half may be missing."""
    held: st.SearchStrategy[OpenInterestReading] = st.builds(
        open_interest,
        trend=st.sampled_from(["rising", "flat", "falling"]),
        change_24h=some(-0.3, 0.3),
        percentile=some(0, 1),
        elevated=st.booleans(),
        flush=st.booleans(),
    )
    paid: st.SearchStrategy[FundingReading] = st.builds(
        funding,
        rate_8h=some(-0.003, 0.003),
        percentile=some(0, 1),
        bias=st.sampled_from(["longs pay", "shorts pay", "neutral"]),
        extreme=st.booleans(),
        turned_extreme=st.booleans(),
    )
    return positioning(
        open_interest=draw(maybe(held)),
        funding=draw(maybe(paid)),
        crowded_side=draw(st.sampled_from([None, Side.LONG, Side.SHORT])),
        crowded_because="funding stands at its 93rd percentile",
    )


@st.composite
def qualities(draw: st.DrawFn) -> MapQuality:
    """Draw a map quality; each of its numbers may be missing."""
    resting = some(0.0, 1e8)
    depth = st.builds(
        Depth, within=some(0.0005, 0.02), bid_quote=resting, ask_quote=resting, time_ms=st.just(0), venue=st.just("okx")
    )
    return quality(
        grade=draw(st.sampled_from(["High", "Medium", "Low", "None"])),
        depth=draw(maybe(depth)),
        venue_concentration=draw(maybe(some(0, 1))),
        gap_risk=draw(maybe(some(0, 1))),
        reasons=draw(st.sampled_from([(), ("depth of $90.0k is thin",)])),
    )


@st.composite
def any_context(draw: st.DrawFn) -> Context:
    """Draw a whole reading of one symbol."""
    above, below = draw(zones_on("above")), draw(zones_on("below"))
    mapped = draw(st.booleans()) or bool(above or below)
    empty: tuple[NoDenseZone, ...] = tuple(
        nothing(side) for side, found in zip(BOTH, (above, below), strict=True) if mapped and not found
    )
    soon, later = event(hours=draw(some(0, 24))), event("ETF ruling", 40.0, inside=False)
    return context(
        zones=above + below,
        no_dense_zone=empty,
        structure=draw(maybe(charts())),
        positioning=draw(maybe(crowds())),
        map_quality=draw(qualities()),
        events=draw(st.sampled_from([(), (later,), (soon, later)])),
        horizon_hours=draw(st.sampled_from([24.0, 48.0])),
        map_missing=None if mapped else draw(st.sampled_from([None, MISSING])),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """All that steps 4 and 5 say of one reading."""

    reactions: tuple[Reaction, ...]
    confluence: Confluence
    plan: Plan
    checklist: tuple[ChecklistLine, ...]
    inputs: tuple[InputReading, ...]
    read: tuple[str, ...]
    finding: str
    alt: str
    caveats: tuple[str, ...]
    headline: str


def everything(market: Context) -> Everything:
    """Run every function of steps 4 and 5."""
    confluence = find_confluence(market)
    plan = write_plan(market, confluence)
    facts = SymbolFacts(
        base=market.base,
        mapped=market.no_map is None,
        change_24h=MISSING if isinstance(market.structure, Missing) else market.structure.change_24h,
        above=market.nearest_zone("above"),
        below=market.nearest_zone("below"),
    )
    return Everything(
        reactions=read_reactions(market),
        confluence=confluence,
        plan=plan,
        checklist=walk_checklist(market, plan),
        inputs=read_inputs(market),
        read=write_summary(market, confluence),
        finding=figure_finding(market),
        alt=heatmap_alt(market),
        caveats=symbol_caveats(market, MISSING, calibrated=False),
        headline=headline((facts,), market.leading_event, market.assumptions),
    )
