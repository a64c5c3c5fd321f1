"""Realistic briefs made by hand: BTC, ETH, SOL and WIF on 19 January 2026, and every awkward state.

`morning()` is the plain one; the functions after it each change one thing. Other rooms' tests use them too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from reportgen import notation
from reportgen.brief import SCHEMA_VERSION, AssumptionUsed, Brief, DataQuality, MissingInput, SymbolBrief
from reportgen.events.calendar import Event
from reportgen.guide.checklist import ChecklistLine, Confluence, InputReading, Lean, Verdict
from reportgen.guide.plan import Condition, Scenario, Scenarios, Sizing, Stance, ZonePlan
from reportgen.guide.positioning import FundingReading, OpenInterestReading, Positioning
from reportgen.guide.reaction import Evidence, Reaction, Shares
from reportgen.guide.structure import Level, Structure, Sweep, Trend
from reportgen.guide.zones import Label, NoDenseZone, Zone, ZoneReason
from reportgen.market.data import Depth
from reportgen.market.quality import Coverage, MapQuality, VenueCoverage
from reportgen.units import DAY_MS, HOUR_MS, Fraction, Missing, Price, Side, Where
from tests.render.pictures import picture

AS_OF_MS = 20_472 * DAY_MS + 7 * HOUR_MS
HOSTILE = '<script>alert("x")</script> & {{ 7 * 7 }}'
NO_FUNDING = Missing("Bybit refused this location (HTTP 403).")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """What one symbol of the morning looks like; zones are (label, low, high, share) in price order."""

    base: str
    price: Price
    decimals: int
    change: Fraction
    atr: Price
    trend: Trend
    zones: tuple[tuple[Label, float, float, float], ...]
    open_interest: tuple[float, float]
    funding: float
    quality: str
    seed: int


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
        missing=(
            MissingInput(symbol="", venue="okx", what="open interest", reason="okx published none for this day."),
            MissingInput(symbol="WIF/USDT:USDT", venue="binance", what="order book", reason="No snapshot in the folder."),
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


def symbol(sketch: Sketch) -> SymbolBrief:
    """Fill in one symbol whole."""
    zones = tuple(_zone(sketch, *corners, rank) for rank, corners in enumerate(sketch.zones, start=1))
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
        structure=_structure(sketch),
        zones=zones,
        no_dense_zone=tuple(_nothing(side) for side in quiet if side not in sides),
        positioning=_positioning(sketch),
        reactions=tuple(_reaction(zone) for zone in zones),
        plan=tuple(_plan(sketch, zone) for zone in zones),
        scenarios=_scenarios(sketch),
        stance=Stance(kind="conditional", text="Act on confirmation only: map and structure do not point the same way."),
        sizing=_sizing(),
        checklist=_checklist(sketch),
        inputs=_inputs(sketch),
        confluence=_confluence(sketch),
        map_quality=_quality(sketch),
        coverage=_coverage(),
        read=_read(sketch, near),
        finding=f"Nearest dense zone {near.label}, {notation.atr(near.distance_atr)} {near.side} the price",
        heatmap=picture(seed=sketch.seed, last=sketch.price, volatility=sketch.atr / sketch.price / 4.9),
        heatmap_alt=f"{sketch.base} at {notation.price(sketch.price, sketch.decimals)}: nearest dense zone {near.label} "
        f"{notation.atr(near.distance_atr)} {near.side}, {notation.share(near.share)} of its side.",
        ladder=_ladder(sketch),
        map_engine="kernel",
        calibrated=False,
        caveats=(
            "The map is modelled from price and volume on one venue; real levels differ with margin top-ups.",
            "Large spot flows can override any zone.",
        ),
    )


def _price(sketch: Sketch, value: float) -> str:
    return notation.price(value, sketch.decimals)


def _zone(sketch: Sketch, label: Label, low: float, high: float, share: float, rank: int) -> Zone:
    above = low > sketch.price
    near = low if above else high
    distance = abs(near / sketch.price - 1)
    atr = abs(near - sketch.price) / sketch.atr
    wide = sketch.atr * 0.1
    return Zone(
        label=label, side="above" if above else "below", liquidated_side=Side.SHORT if above else Side.LONG,
        low=low, high=high, low_band=(low - wide, low + wide), high_band=(high - wide, high + wide), share=share,
        intensity=2.4, notional=None, distance_fraction=distance, distance_atr=atr,
        touch_probability=0.29 if atr < 1.5 else 0.16, persistence=0.82, rank=rank, score=3.0 - rank / 2,
        price_inside=False,
        reasons=(
            ZoneReason(rule="nearest", adds=1, value=atr, text=f"{notation.atr(atr)} away, the nearest on its side"),
            ZoneReason(rule="chart_level", adds=0, value=1.1, text="no chart level within 0.35 ATR"),
            ZoneReason(rule="open_interest", adds=-1, value=-0.006, text="open interest is flat"),
            ZoneReason(rule="funding", adds=1, value=0.00028, text="funding at its 93rd percentile"),
            ZoneReason(rule="persistence", adds=1, value=0.82, text="recurs in 8 of 10 draws"),
        ),
    )  # fmt: skip


def _nothing(side: Where) -> NoDenseZone:
    return NoDenseZone(
        side=side, within_fraction=0.08, reason=f"Nothing stands out within 8{notation.THIN}% {side} the price."
    )


def _level(sketch: Sketch, away: float) -> Level:
    value = sketch.price + away * sketch.atr
    return Level(
        price=value, where="above" if away > 0 else "below", touches=3, last_touch_ms=AS_OF_MS - DAY_MS,
        distance_fraction=abs(value / sketch.price - 1), distance_atr=abs(away),
    )  # fmt: skip


def _structure(sketch: Sketch) -> Structure:
    return Structure(
        timeframe="4h", trend=sketch.trend, trend_strength=-0.42, momentum=-1.8, exhausted=False, exhaustion=0.1,
        volume="expanding", volume_ratio=2.4, supports=(_level(sketch, -0.53), _level(sketch, -0.99)),
        resistances=(_level(sketch, 0.89), _level(sketch, 2.15)),
        sweep=Sweep(level=sketch.price * 0.99, where="below", time_ms=AS_OF_MS - 4 * HOUR_MS, extreme=sketch.price * 0.98),
        regime="expanding", atr_percentile=0.88, range_percentile=0.91, range_low=sketch.price - 2 * sketch.atr,
        range_high=sketch.price + 2 * sketch.atr, relative_strength=-0.03, relative_strength_days=7.0, atr=sketch.atr,
        atr_fraction=sketch.atr / sketch.price, change_24h=sketch.change, bars=540,
    )  # fmt: skip


def _positioning(sketch: Sketch) -> Positioning:
    change, quote = sketch.open_interest
    interest = OpenInterestReading(
        trend="flat", change_24h=change, open_interest_base=quote / sketch.price, open_interest_quote=quote,
        percentile=0.74, elevated=False, history_days=30.0, flush=False, venue="binance", time_ms=AS_OF_MS,
    )  # fmt: skip
    funding = FundingReading(
        rate_8h=sketch.funding, annualised=sketch.funding * 1095, interval_hours=8.0, percentile=0.93,
        history_days=30.0, bias="longs pay" if sketch.funding > 0 else "shorts pay", extreme=True,
        turned_extreme=False, venue="binance", time_ms=AS_OF_MS,
    )  # fmt: skip
    side = Side.LONG if sketch.funding > 0 else Side.SHORT
    because = f"funding {notation.funding(sketch.funding)}, 93rd percentile"
    return Positioning(open_interest=interest, funding=funding, crowded_side=side, crowded_because=because)


def _reaction(zone: Zone) -> Reaction:
    near = zone.distance_atr < 1.5
    shares = (
        Shares(reject=0.2, tap_continue=0.09, front_run=0.04, ignore=0.67)
        if near
        else Shares(reject=0.12, tap_continue=0.04, front_run=0.02, ignore=0.82)
    )
    return Reaction(
        label=zone.label, side=zone.side, distance_atr=zone.distance_atr, shares=shares,
        source=f"base rates by distance in ATR, measured at 24{notation.THIN}h on 7 symbols; the features beside them "
        "do not change them",
        sample_size=2556,
        evidence=(
            Evidence(outcome="continue", supports=True, feature="volume", value=2.4,
                     text="volume 2.4× its median, expanding"),
            Evidence(outcome="continue", supports=False, feature="open interest", value=-0.006,
                     text=f"open interest {notation.percent_change(-0.006)} in 24{notation.THIN}h, falling"),
            Evidence(outcome="ignore", supports=False, feature="regime", value=0.88,
                     text="the market is expanding, ATR at its 88th percentile"),
            Evidence(outcome="front_run", supports=True, feature="chart level", value=1.0,
                     text="a chart level lies before the zone, touched 3 times"),
            Evidence(outcome="reject", supports=True, feature="sweep", value=1.0,
                     text="the prior low was swept and given back"),
        ),
    )  # fmt: skip


def _plan(sketch: Sketch, zone: Zone) -> ZonePlan:
    out = 1 if zone.side == "above" else -1
    near, far = (zone.low, zone.high) if out > 0 else (zone.high, zone.low)
    word = "closes_above" if out > 0 else "closes_below"
    closes = f"4h close {zone.side} {_price(sketch, far)}"
    entry = (
        Condition(kind=word, level=far, text=closes),
        Condition(kind="volume_expands", level=None, text="volume above its median"),
    )
    de_risk, wrong = far + out * sketch.atr, near - out * sketch.atr / 4
    return ZonePlan(
        label=zone.label, side=zone.side, alert=near - out * sketch.atr / 4, entry=entry,
        entry_text=f"{closes} with volume above its median", invalidation=wrong, de_risk=de_risk,
        de_risk_is="1 ATR beyond",
        if_then=f"If {sketch.base} trades into {zone.label} ({notation.price_range(zone.low, zone.high, sketch.decimals)}) "
        f"and closes {zone.side} {_price(sketch, far)} with volume above its median, then forced orders could extend the "
        f"move; de-risk first at {_price(sketch, de_risk)}. If it only wicks into the band and closes back, then do not "
        f"chase: the idea is wrong beyond {_price(sketch, wrong)}.",
        post_event=False, cascade_gap_atr=0.6,
        cascade="The next cluster starts 0.6 ATR beyond: close enough for one wave to reach it.",
    )  # fmt: skip


def _scenarios(sketch: Sketch) -> Scenarios:
    up, down = (_price(sketch, sketch.price + away * sketch.atr) for away in (0.89, -0.53))
    return Scenarios(
        bullish=Scenario(
            direction="bullish",
            trigger=(Condition(kind="closes_above", level=1.0, text=f"4h close above {up}"),),
            text=f"If {sketch.base} closes above {up} on rising volume, then short liquidations could extend the move. "
            f"If it only wicks above and loses {up}, do not chase.",
        ),
        bearish=Scenario(
            direction="bearish",
            trigger=(Condition(kind="closes_below", level=1.0, text=f"4h close below {down}"),),
            text=f"If {sketch.base} closes below {down}, then long liquidations could add forced selling. If open "
            "interest falls sharply with it, the flush may already be under way.",
        ),
    )


def _sizing() -> Sizing:
    return Sizing(
        risk_fraction=0.005, factor=0.75,
        slippage_text=f"A market order of $50.0{notation.THIN}k would slip about 0.02{notation.THIN}%.",
        text=f"At most 0.4{notation.THIN}% of equity at risk on one idea.",
        reasons=("order-book depth is not known",),
    )  # fmt: skip


def _checklist(sketch: Sketch) -> tuple[ChecklistLine, ...]:
    change, quote = sketch.open_interest
    lines: tuple[tuple[str, str, Verdict], ...] = (
        ("Nearest zones", "A 1.2 ATR above · B 1.3 ATR below", "adds"),
        ("Levels and trend", f"{sketch.trend}, expanding; resistance {_price(sketch, sketch.price * 1.02)}", "neutral"),
        ("Open interest", f"{notation.percent_change(change)} in 24 h, {notation.dollars(quote)}", "eases"),
        ("Funding", f"{notation.funding(sketch.funding)}, 93rd percentile: longs look crowded", "adds"),
        ("Event risk", "none inside 24 h; FOMC decision in 9 d 12 h", "eases"),
        ("Two scenarios", "one bullish, one bearish, both with a trigger", "neutral"),
        ("Alerts", "n/a: no alert service is set up", "unknown"),
    )
    return tuple(
        ChecklistLine(step=step, name=name, reading=reading, verdict=verdict)
        for step, (name, reading, verdict) in enumerate(lines, start=1)
    )


def _inputs(sketch: Sketch) -> tuple[InputReading, ...]:
    change, _ = sketch.open_interest
    lines: tuple[tuple[str, str, Verdict], ...] = (
        ("Price to clusters", "A 1.2 ATR · B 1.3 ATR", "adds"),
        ("Trend", f"{sketch.trend} (−0.42)", "neutral"),
        ("Open interest", f"flat, {notation.percent_change(change)}", "eases"),
        ("Funding", notation.funding(sketch.funding), "adds"),
        ("Support, resistance", f"{_price(sketch, sketch.price * 0.98)} · {_price(sketch, sketch.price * 1.02)}", "neutral"),
        ("Volume", "2.4× its median", "adds"),
        ("Catalysts", "none inside 24 h", "eases"),
    )
    return tuple(InputReading(name=name, reading=reading, verdict=verdict) for name, reading, verdict in lines)


def _confluence(sketch: Sketch) -> Confluence:
    lean: Lean = "down" if sketch.trend == "down" else "none"
    agree = 2 if lean == "down" else 0
    text = f"{agree} of 3 layers lean down" if agree else "no common lean"
    return Confluence(
        map_lean=lean, structure_lean=lean, positioning_lean="none", lean=lean, agree=agree, conflict=False, text=text
    )


def _quality(sketch: Sketch) -> MapQuality:
    depth = Depth(within=0.005, bid_quote=4.1e6, ask_quote=3.9e6, time_ms=AS_OF_MS, venue="binance")
    thin = sketch.quality == "Low"
    return MapQuality(
        grade="High" if sketch.quality == "High" else "Low" if thin else "Medium",
        depth=Missing("No order book in the folder.") if thin else depth, venue_concentration=0.71, gap_risk=0.01,
        reasons=("order-book depth is not known",) if thin else ("two venues of three",),
    )  # fmt: skip


def _coverage() -> Coverage:
    venues = (
        VenueCoverage(venue="binance", tables=("candles", "open_interest", "funding"), interval="1h", bars=2160, gaps=0,
                      open_interest_share=0.71),
        VenueCoverage(venue="bybit", tables=("candles",), interval="1h", bars=2160, gaps=3,
                      open_interest_share=Missing("Bybit refused this location (HTTP 403).")),
    )  # fmt: skip
    return Coverage(
        primary_venue="binance", venues=venues, last_close_ms=AS_OF_MS, stale_bars=0, history_days=90.0,
        book_coverage=0.97, inputs_known=6, inputs_total=7,
    )  # fmt: skip


def _read(sketch: Sketch, near: Zone) -> tuple[str, ...]:
    return (
        f"{sketch.base} fell {notation.percent(abs(sketch.change))} in 24{notation.THIN}h while volatility expanded; the "
        f"longs built since 14 January were cleared, and what is left sits beyond "
        f"{_price(sketch, sketch.price - 0.5 * sketch.atr)}.",
        f"The nearest dense zone is {near.label}, {notation.atr(near.distance_atr)} {near.side}. If price reaches it, forced "
        "orders could extend the move: possible fuel, not a guaranteed destination.",
    )


def _ladder(sketch: Sketch) -> tuple[Fraction, ...]:
    rng = np.random.default_rng(sketch.seed)
    middles = (np.arange(60) - 29.5) / 10
    bars = rng.gamma(4.0, 0.25, 60) * np.clip(np.abs(middles), 0.15, 1)
    for _, low, high, _ in sketch.zones:
        inside = (middles > (low - sketch.price) / sketch.atr) & (middles < (high - sketch.price) / sketch.atr)
        bars[inside] *= 2.5
    halves = (bars[:30] / bars[:30].sum(), bars[30:] / bars[30:].sum())
    return tuple(float(share) for share in np.concatenate(halves))


def _assumptions() -> tuple[AssumptionUsed, ...]:
    return tuple(
        AssumptionUsed(
            name=f"{stem}_{number}", value=value, unit=unit, source="MODEL 0, C2", changed=number == 3,
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
