"""The parts of a hand-made brief: what each room would have said about one sketched symbol."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen import notation
from reportgen.guide.checklist import ChecklistLine, InputReading, Verdict
from reportgen.guide.confluence import Confluence, Lean
from reportgen.guide.plan import Condition, Scenario, Scenarios, Sizing, ZonePlan
from reportgen.guide.positioning import FundingReading, OpenInterestReading, Positioning
from reportgen.guide.reactions import Evidence, Reaction, Shares
from reportgen.guide.structure import Level, Structure, Sweep, Trend
from reportgen.guide.zones import Label, NoDenseZone, Zone, ZoneReason
from reportgen.liquidation.cone import Cone
from reportgen.market.data import Depth
from reportgen.market.quality import Coverage, MapQuality, VenueCoverage
from reportgen.units import DAY_MS, HOUR_MS, Fraction, Missing, Price, Side, Where

AS_OF_MS = 20_472 * DAY_MS + 7 * HOUR_MS


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


def price_of(sketch: Sketch, value: float) -> str:
    """Write a price of the sketch."""
    return notation.price(value, sketch.decimals)


def zone_of(sketch: Sketch, label: Label, low: float, high: float, share: float, rank: int) -> Zone:
    """Make a zone from its corners."""
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
            ZoneReason(rule="nearest", adds=1, value=atr, text=f"{notation.usual_days(atr)} away, the nearest"),
            ZoneReason(rule="chart_level", adds=0, value=1.1, text="no chart level within 0.35 usual days"),
            ZoneReason(rule="open_interest", adds=-1, value=-0.006, text="open interest is flat"),
            ZoneReason(rule="funding", adds=1, value=0.00028, text="funding at its 93rd percentile"),
            ZoneReason(rule="persistence", adds=1, value=0.82, text="recurs in 8 of 10 draws"),
        ),
    )  # fmt: skip


def nothing_of(side: Where) -> NoDenseZone:
    """Say that a side has no dense zone."""
    return NoDenseZone(
        side=side, within_fraction=0.08, reason=f"Nothing stands out within 8{notation.THIN}% {side} the price."
    )


def level_of(sketch: Sketch, away: float) -> Level:
    """Make a chart level so many ATR away."""
    value = sketch.price + away * sketch.atr
    return Level(
        price=value, where="above" if away > 0 else "below", touches=3, last_touch_ms=AS_OF_MS - DAY_MS,
        distance_fraction=abs(value / sketch.price - 1), distance_atr=abs(away),
    )  # fmt: skip


def structure_of(sketch: Sketch) -> Structure:
    """Make an expanding chart with two levels a side."""
    return Structure(
        timeframe="4h", trend=sketch.trend, trend_strength=-0.42, momentum=-1.8, exhausted=False, exhaustion=0.1,
        volume="expanding", volume_ratio=2.4, supports=(level_of(sketch, -0.53), level_of(sketch, -0.99)),
        resistances=(level_of(sketch, 0.89), level_of(sketch, 2.15)),
        sweep=Sweep(level=sketch.price * 0.99, where="below", time_ms=AS_OF_MS - 4 * HOUR_MS,
                    extreme=sketch.price * 0.98),
        regime="expanding", atr_percentile=0.88, range_percentile=0.91, range_low=sketch.price - 2 * sketch.atr,
        range_high=sketch.price + 2 * sketch.atr, relative_strength=-0.03, relative_strength_days=7.0, atr=sketch.atr,
        atr_fraction=sketch.atr / sketch.price, change_24h=sketch.change, bars=540,
    )  # fmt: skip


def positioning_of(sketch: Sketch) -> Positioning:
    """Make open interest and funding readings."""
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


def reaction_of(zone: Zone) -> Reaction:
    """Make the four outcomes, with evidence for and against."""
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


def plan_of(sketch: Sketch, zone: Zone) -> ZonePlan:
    """Make levels and responses for a zone."""
    out = 1 if zone.side == "above" else -1
    near, far = (zone.low, zone.high) if out > 0 else (zone.high, zone.low)
    closes = f"4h close {zone.side} {price_of(sketch, far)}"
    entry = (
        Condition(kind="closes_above" if out > 0 else "closes_below", level=far, text=closes),
        Condition(kind="volume_expands", level=None, text="volume above its median"),
    )
    de_risk, wrong = far + out * sketch.atr, near - out * sketch.atr / 4
    return ZonePlan(
        label=zone.label, side=zone.side, alert=near - out * sketch.atr / 4, entry=entry,
        entry_text=f"{closes} with volume above its median", invalidation=wrong, de_risk=de_risk,
        de_risk_is="1 ATR beyond",
        if_then=f"If {sketch.base} trades into {zone.label} "
        f"({notation.price_range(zone.low, zone.high, sketch.decimals)}) and closes {zone.side} "
        f"{price_of(sketch, far)} with volume above its median, then forced orders could extend the move; "
        f"de-risk first at {price_of(sketch, de_risk)}. If it only wicks into the band and closes back, "
        f"then do not chase: the idea is wrong beyond {price_of(sketch, wrong)}.",
        post_event=False, cascade_gap_atr=0.6, line=far, reward_to_risk=abs(de_risk - far) / abs(far - wrong),
        cascade="The next cluster starts 0.6 ATR beyond: close enough for one wave to reach it.",
    )  # fmt: skip


def cone_of(sketch: Sketch) -> Cone:
    """Make a range forecast that widens with the square root of time, nine in ten days within two usual days."""
    reach = 2 * sketch.atr / sketch.price
    near, half, far = (sketch.price * (1 + part * reach) for part in (0.1, 0.4, 1.0))
    steps = tuple(tuple(part * reach * (hour / 24) ** 0.5 for part in (0.1, 0.4, 1.0)) for hour in range(25))
    return Cone(
        horizon_hours=24.0, price=sketch.price, high=(near, half, far),
        low=(sketch.price**2 / far, sketch.price**2 / half, sketch.price**2 / near), covered=98, of=120,
        steps=steps,
    )  # fmt: skip


def scenarios_of(sketch: Sketch) -> Scenarios:
    """Make one bullish and one bearish scenario."""
    up, down = (price_of(sketch, sketch.price + away * sketch.atr) for away in (0.89, -0.53))
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


def sizing_of() -> Sizing:
    """Make a modest size."""
    return Sizing(
        risk_fraction=0.005, factor=0.75,
        slippage_text=f"A market order of $50.0{notation.THIN}k would slip about 0.02{notation.THIN}%.",
        text=f"At most 0.4{notation.THIN}% of equity at risk on one idea.",
        reasons=("order-book depth is not known",),
    )  # fmt: skip


def checklist_of(sketch: Sketch) -> tuple[ChecklistLine, ...]:
    """Make the seven steps."""
    change, quote = sketch.open_interest
    lines: tuple[tuple[str, str, Verdict], ...] = (
        ("Nearest zones", "A 1.2 ATR above · B 1.3 ATR below", "adds"),
        (
            "Levels and trend",
            f"{sketch.trend}, expanding; resistance {price_of(sketch, sketch.price * 1.02)}",
            "neutral",
        ),
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


def inputs_of(sketch: Sketch) -> tuple[InputReading, ...]:
    """Make the seven inputs."""
    change, _ = sketch.open_interest
    lines: tuple[tuple[str, str, Verdict], ...] = (
        ("Price to clusters", "A 1.2 ATR · B 1.3 ATR", "adds"),
        ("Trend", f"{sketch.trend} (−0.42)", "neutral"),
        ("Open interest", f"flat, {notation.percent_change(change)}", "eases"),
        ("Funding", notation.funding(sketch.funding), "adds"),
        (
            "Support, resistance",
            f"{price_of(sketch, sketch.price * 0.98)} · {price_of(sketch, sketch.price * 1.02)}",
            "neutral",
        ),
        ("Volume", "2.4× its median", "adds"),
        ("Catalysts", "none inside 24 h", "eases"),
    )
    return tuple(InputReading(name=name, reading=reading, verdict=verdict) for name, reading, verdict in lines)


def confluence_of(sketch: Sketch) -> Confluence:
    """Make the layers' agreement."""
    lean: Lean = "down" if sketch.trend == "down" else "none"
    agree = 2 if lean == "down" else 0
    text = f"{agree} of 3 layers lean down" if agree else "no common lean"
    return Confluence(
        map_lean=lean, structure_lean=lean, positioning_lean="none", lean=lean, agree=agree, conflict=False, text=text
    )


def quality_of(sketch: Sketch) -> MapQuality:
    """Make the map quality."""
    depth = Depth(within=0.005, bid_quote=4.1e6, ask_quote=3.9e6, time_ms=AS_OF_MS, venue="binance")
    thin = sketch.quality == "Low"
    return MapQuality(
        grade="High" if sketch.quality == "High" else "Low" if thin else "Medium",
        depth=Missing("No order book in the folder.") if thin else depth, venue_concentration=0.71, gap_risk=0.01,
        reasons=("order-book depth is not known",) if thin else ("two venues of three",),
    )  # fmt: skip


def coverage_of() -> Coverage:
    """Make coverage by two venues, one of which refused."""
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


def read_of(sketch: Sketch, near: Zone) -> tuple[str, ...]:
    """Write the Read."""
    left = price_of(sketch, sketch.price - 0.5 * sketch.atr)
    fell = (
        f"{sketch.base} fell {notation.percent(abs(sketch.change))} in 24{notation.THIN}h while volatility expanded; "
        f"the longs built since 14 January were cleared, and what is left sits beyond {left}."
    )
    nearest = (
        f"The nearest dense zone is {near.label}, {notation.usual_days(near.distance_atr)} {near.side}. If price "
        "reaches it, forced orders could extend the move: possible fuel, not a guaranteed destination."
    )
    return fell, nearest


def ladder_of(sketch: Sketch) -> tuple[Fraction, ...]:
    """Make sixty-four densities that peak in the zones."""
    rng = np.random.default_rng(sketch.seed)
    middles = (np.arange(64) - 31.5) / 4
    bars = rng.gamma(4.0, 0.15, 64) * np.clip(np.abs(middles), 0.15, 1)
    for _, low, high, _ in sketch.zones:
        inside = (middles > (low - sketch.price) / sketch.atr) & (middles < (high - sketch.price) / sketch.atr)
        bars[inside] *= 2.5
    return tuple(bars.tolist())
