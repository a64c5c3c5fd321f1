"""Realistic briefs made by hand: BTC, ETH, SOL and WIF on 19 January 2026, and every awkward state.

`morning()` is the plain one; STATES holds the ones in which one thing is awkward. Other rooms' tests use them too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from reportgen import notation
from reportgen.brief.types import (
    SCHEMA_VERSION,
    AssumptionUsed,
    Brief,
    DataQuality,
    MissingInput,
    RecalculateIf,
    SymbolBrief,
)
from reportgen.events.calendar import Event
from reportgen.guide.plan import Stance
from reportgen.guide.positioning import Positioning
from reportgen.guide.zones import Zone
from reportgen.liquidation.known_positions import ExactLayer, ExactLevel
from reportgen.market.quality import Coverage, MapQuality
from reportgen.units import HOUR_MS, Missing, Side, Where
from tests.brief_parts import (
    AS_OF_MS,
    Sketch,
    checklist_of,
    cone_of,
    confluence_of,
    coverage_of,
    inputs_of,
    ladder_of,
    nothing_of,
    plan_of,
    positioning_of,
    quality_of,
    reaction_of,
    read_of,
    scenarios_of,
    sizing_of,
    structure_of,
    zone_of,
)
from tests.memories import changes, record
from tests.render.pictures import picture

HOSTILE = '<script>alert("x")</script> & {{ 7 * 7 }}'
NO_FUNDING = Missing("Bybit refused this location (HTTP 403).")

SKETCHES = (
    Sketch(base="BTC", price=92_543.1, decimals=0, change=-0.027, atr=2_499, trend="sideways", seed=5, funding=0.00028,
           zones=(("C", 97_807, 98_988, 0.15), ("A", 95_583, 96_255, 0.10), ("B", 89_032, 89_389, 0.06)),
           open_interest=(-0.006, 8.82e9), quality="High"),
    Sketch(base="ETH", price=3_194.2, decimals=0, change=-0.036, atr=114, trend="down", seed=9, funding=0.00042,
           zones=(("C", 3_520, 3_561, 0.11), ("A", 3_400, 3_472, 0.19)),
           open_interest=(0.011, 7.28e9), quality="High"),
    Sketch(base="SOL", price=133.21, decimals=1, change=-0.066, atr=6.5, trend="down", seed=12, funding=-0.00009,
           zones=(("C", 148.2, 150.9, 0.17), ("A", 145.5, 146.8, 0.12), ("B", 127.4, 129.7, 0.22),
                  ("C", 123.1, 125.6, 0.14)),
           open_interest=(0.042, 1.37e9), quality="Medium"),
    Sketch(base="WIF", price=0.33861, decimals=4, change=-0.099, atr=0.039, trend="down", seed=15, funding=-0.00032,
           zones=(("C", 0.421, 0.4301, 0.12), ("A", 0.3892, 0.4043, 0.18), ("B", 0.2989, 0.3089, 0.16),
                  ("C", 0.262, 0.271, 0.09)),
           open_interest=(-0.002, 28.7e6), quality="Low"),
)  # fmt: skip


def morning() -> Brief:
    """Make the plain brief of four symbols, two inputs missing, one event nine days off."""
    return Brief(
        schema_version=SCHEMA_VERSION,
        as_of="2026-01-19T07:00Z",
        as_of_ms=AS_OF_MS,
        horizon_hours=24.0,
        timeframe="4h",
        timezone="Europe/Berlin",
        simulated=False,
        headline=f"After a 2.7{notation.THIN}% fall in BTC, dense long zones lie within 1 ATR below SOL and WIF; "
        "BTC’s is 1.3 ATR away.",
        data_quality=DataQuality(grade="Limited", inputs_known=26, inputs_total=28),
        symbols=tuple(symbol(sketch) for sketch in SKETCHES),
        events=(event("FOMC decision", 228.0), event("US CPI", 600.5)),
        notes=("2 rows of funding stood in the data twice; each counts once.",),
        missing=(
            MissingInput(symbol="", venue="okx", what="open interest", reason="okx published none for this day."),
            MissingInput(
                symbol="WIF/USDT:USDT", venue="binance", what="order book", reason="No snapshot in the folder."
            ),
        ),
        changes=Missing("The brief of the day before is not compared yet."),
        track_record=Missing("Outcomes of earlier zones are not kept yet."),
        assumptions=_assumptions(),
        provenance={"source": "/secret/folder", "sha256": "feedbeef"},
    )


def event(name: str, hours: float, *, inside: bool = False) -> Event:
    """Make an event so many hours after as-of."""
    at = AS_OF_MS + round(hours * HOUR_MS)
    return Event(name=name, kind="macro", at_ms=at, inside_horizon=inside, hours_away=hours, source="config.yaml")


@cache
def symbol(sketch: Sketch) -> SymbolBrief:
    """Fill in one symbol whole, once a run: nothing in it can change."""
    zones = tuple(zone_of(sketch, *corners, rank) for rank, corners in enumerate(sketch.zones, start=1))
    sides = {zone.side for zone in zones}
    quiet: tuple[Where, ...] = ("above", "below")
    near = min(zones, key=lambda zone: zone.distance_atr)
    return SymbolBrief(
        symbol=f"{sketch.base}/USDT:USDT",
        base=sketch.base,
        quote="USDT",
        venue="binance",
        price=sketch.price,
        price_time_ms=AS_OF_MS,
        price_decimals=sketch.decimals,
        change_24h=sketch.change,
        structure=structure_of(sketch),
        zones=zones,
        no_dense_zone=tuple(nothing_of(side) for side in quiet if side not in sides),
        positioning=positioning_of(sketch),
        reactions=tuple(reaction_of(zone) for zone in zones),
        plan=tuple(plan_of(sketch, zone) for zone in zones),
        cone=cone_of(sketch),
        scenarios=scenarios_of(sketch),
        stance=Stance(
            kind="conditional", text="Act on confirmation only: map and structure do not point the same way."
        ),
        sizing=sizing_of(),
        checklist=checklist_of(sketch),
        inputs=inputs_of(sketch),
        confluence=confluence_of(sketch),
        map_quality=quality_of(sketch),
        coverage=coverage_of(),
        read=read_of(sketch, near),
        finding=f"Nearest dense zone {near.label}, {notation.usual_days(near.distance_atr)} {near.side} the price",
        heatmap=picture(seed=sketch.seed, last=sketch.price, volatility=sketch.atr / sketch.price / 9),
        heatmap_alt=f"{sketch.base} at {notation.price(sketch.price, sketch.decimals)}: nearest dense zone "
        f"{near.label} {notation.usual_days(near.distance_atr)} {near.side}, {notation.share(near.share)} of its side.",
        ladder=ladder_of(sketch),
        map_engine="kernel",
        calibrated=False,
        caveats=(
            "The map is modelled from price and volume on one venue; real levels differ with margin top-ups.",
            "Large spot flows can override any zone.",
        ),
        recalculate=(
            RecalculateIf(
                kind="breakout", levels=(sketch.price * 0.97, sketch.price * 1.03), unit="price", text="price beyond"
            ),
            RecalculateIf(kind="flows", levels=(), unit="z-score", text="flows n/a: No ETF flows were given"),
        ),
    )


def _assumptions() -> tuple[AssumptionUsed, ...]:
    return tuple(
        AssumptionUsed(
            name=f"{stem}_{number}", value=value, unit=unit, source="own choice", changed=number == 3,
            effect="how much longer farther positions live",
        )
        for number, (stem, value, unit) in enumerate(
            (("age_tau_power", "1.2", "1"), ("draws", "500", "draws"),
             ("kernel_weights", "0.08, 0.2, 0.26, 0.48, 0.7, 1.0, 0.79, 0.55, 0.27, 0.12", "1")) * 6)
    )  # fmt: skip


def changed(brief: Brief, **fields: object) -> Brief:
    """Replace fields of the first symbol."""
    first, *rest = brief.symbols
    return replace(brief, symbols=(replace(first, **fields), *rest))  # type: ignore[arg-type]


def simulated() -> Brief:
    """Say that the market is simulated."""
    return replace(morning(), simulated=True)


def no_dense_zone() -> Brief:
    """Take every zone of the first symbol away."""
    sides: tuple[Where, ...] = ("above", "below")
    return changed(
        morning(), zones=(), plan=(), reactions=(), no_dense_zone=tuple(nothing_of(side) for side in sides),
        stance=Stance(kind="observe", text="Nothing dense stands near the price."),
    )  # fmt: skip


def input_missing() -> Brief:
    """Take funding and the other reading away from the first symbol, and order-book depth from the badge."""
    brief = changed(
        morning(),
        positioning=Positioning(
            open_interest=Missing("No open interest in the folder."), funding=NO_FUNDING, crowded_side=None,
            crowded_because="neither reading is known",
        ),
    )  # fmt: skip
    return replace(brief, data_quality=DataQuality(grade="Poor", inputs_known=14, inputs_total=28))


def no_candles() -> Brief:
    """Leave the first symbol without candles: everything that needs them is Missing or empty."""
    gone = Missing("No candles for it in the folder.")
    return changed(
        morning(), price=gone, price_time_ms=None, change_24h=gone, structure=gone, zones=(), no_dense_zone=(),
        positioning=gone, reactions=(), plan=(), scenarios=gone, stance=gone, sizing=gone, checklist=(), inputs=(),
        confluence=gone, coverage=gone, read=(), heatmap=gone, heatmap_alt="", ladder=gone, caveats=(),
        map_quality=MapQuality(
            grade="None", depth=gone, venue_concentration=gone, gap_risk=gone, reasons=("there are no candles",)
        ),
    )  # fmt: skip


def stale_data() -> Brief:
    """Let the first symbol's data end five bars of four hours before as-of."""
    brief = morning()
    covered = brief.symbols[0].coverage
    assert isinstance(covered, Coverage)
    late = AS_OF_MS - 20 * HOUR_MS
    return changed(brief, coverage=replace(covered, stale_bars=5, last_close_ms=late), price_time_ms=late)


def event_inside() -> Brief:
    """Put a hostile event inside the horizon."""
    near = replace(event("US CPI", 6.5, inside=True))
    return replace(morning(), events=(near, *morning().events))


def price_inside() -> Brief:
    """Stand the price of the first symbol inside its zone B."""
    brief = morning()
    first = brief.symbols[0]
    low, high = 92_000.0, 92_900.0
    zones = tuple(
        replace(zone, low=low, high=high, low_band=(low - 90, low + 90), high_band=(high - 90, high + 90),
                distance_fraction=0.0, distance_atr=0.0, touch_probability=None, price_inside=True)
        if zone.label == "B" else zone
        for zone in first.zones
    )  # fmt: skip
    inside = Missing("Price already stands inside this zone.")
    reactions = tuple(replace(one, shares=inside, evidence=()) if one.label == "B" else one for one in first.reactions)
    return changed(brief, zones=zones, reactions=reactions)


def far_zone() -> Brief:
    """Put zone A of the first symbol beyond the ladder's six ATR."""
    brief = morning()

    def away(zone: Zone) -> Zone:
        if zone.label != "A":
            return zone
        return replace(zone, low=109_000.0, high=110_000.0, distance_fraction=0.178, distance_atr=6.6)

    return changed(brief, zones=tuple(away(zone) for zone in brief.symbols[0].zones))


def horizon_unmeasured() -> Brief:
    """Ask for another horizon, for which no base rates exist."""
    brief = morning()
    why = Missing("base rates were measured for 24 h only, not for 12 h")
    reactions = tuple(replace(one, shares=why) for one in brief.symbols[0].reactions)
    zones = tuple(replace(zone, touch_probability=None) for zone in brief.symbols[0].zones)
    return replace(changed(brief, reactions=reactions, zones=zones), horizon_hours=12.0)


def hostile() -> Brief:
    """Write markup and template code wherever untrusted text reaches the page."""
    brief = changed(morning(), symbol=f"{HOSTILE}/USDT:USDT", base=HOSTILE, read=(HOSTILE,), finding=HOSTILE)
    brief = replace(brief, headline=HOSTILE, events=(event(HOSTILE, 3.0, inside=True),))
    return replace(brief, missing=(MissingInput(symbol=HOSTILE, venue=HOSTILE, what=HOSTILE, reason=HOSTILE),))


def remembered() -> Brief:
    """Remember a brief of the day before: every kind of change, levels in every state, a record of two months."""
    return replace(morning(), changes=changes(), track_record=record())


def exact_levels() -> Brief:
    """The first symbol has levels of known positions, one by a hostile name; the second's could not be looked up."""
    brief = morning()
    first, second, *others = brief.symbols
    assert not isinstance(first.price, Missing)
    price = first.price
    levels = tuple(
        ExactLevel(
            price=price * part, side=Side.LONG if part < 1 else Side.SHORT, size_base=size,
            notional=size * price * part, share=share, distance_fraction=abs(part - 1), address=address,
            venue="hyperliquid",
        )
        for part, size, share, address in (
            (0.985, 12.5, 0.0004, "0x1234…cdef"),
            (1.02, 0.0031, Missing("No open interest was given."), HOSTILE),
            (0.95, 12_345.6, 0.02, "0xabcd…0001"),
        )
    )  # fmt: skip
    layer = ExactLayer(
        levels=levels, long_share=0.0204, short_share=0.0001, share_of="hyperliquid", time_ms=brief.as_of_ms,
        positions=5, unreachable=1, passed=1,
    )  # fmt: skip
    refused = Missing("Hyperliquid refused this location (HTTP 403).")
    return replace(brief, symbols=(replace(first, exact=layer), replace(second, exact=refused), *others))


def one_symbol() -> Brief:
    """Keep the first symbol only."""
    return replace(morning(), symbols=morning().symbols[:1])


def many(count: int = 22) -> Brief:
    """Make a long watchlist, among it names longer than eight characters."""
    base = morning().symbols
    names = ("1000PEPE", "1000000MOG", *(f"COIN{number}" for number in range(count)))[:count]
    made = tuple(
        replace(base[number % len(base)], base=name, symbol=f"{name}/USDT:USDT") for number, name in enumerate(names)
    )
    return replace(morning(), symbols=made)


STATES: dict[str, Callable[[], Brief]] = {
    state.__name__: state
    for state in (
        morning, simulated, no_dense_zone, input_missing, no_candles, stale_data, event_inside, price_inside, far_zone,
        horizon_unmeasured, hostile, remembered, one_symbol, exact_levels,
    )
}  # fmt: skip
"""Every state of the page, by name; `many` is apart because it takes long to draw."""
