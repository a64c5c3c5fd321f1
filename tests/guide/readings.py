"""Small factories for the guide's tests: one market around 92 500 with a day's range of 2 500, changed by keyword."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Literal, TypeAlias

from reportgen.config.assumptions import DEFAULTS
from reportgen.events.calendar import Event
from reportgen.events.flows import FlowReading, FlowShock
from reportgen.guide.context import Context
from reportgen.guide.positioning import FundingReading, OpenInterestReading, Positioning
from reportgen.guide.structure import Level, Structure, Sweep, Trend
from reportgen.guide.zones import Label, NoDenseZone, Zone
from reportgen.liquidation.cone import touch_probability
from reportgen.market.data import Depth
from reportgen.market.quality import MapQuality
from reportgen.units import HOUR_MS, Missing, Price, Side, Where

Bias: TypeAlias = Literal["longs pay", "shorts pay", "neutral"]

PRICE = 92_500.0
ATR = 2_500.0


def sign(side: Where) -> int:
    """+1 above, -1 below."""
    return 1 if side == "above" else -1


def zone(label: Label, side: Where, near: float, *, width: float = 0.3, share: float = 0.1) -> Zone:
    """Make a zone `near` ATR away and `width` ATR wide; a negative `near` puts the price inside."""
    edges = sorted(PRICE + sign(side) * ATR * away for away in (near, near + width))
    inside = near < 0
    distance = max(0.0, near)
    return Zone(
        label=label,
        side=side,
        liquidated_side=Side.SHORT if side == "above" else Side.LONG,
        low=edges[0],
        high=edges[1],
        low_band=(edges[0] - 50, edges[0] + 50),
        high_band=(edges[1] - 50, edges[1] + 50),
        share=share,
        intensity=2.0,
        notional=None,
        distance_fraction=distance * ATR / PRICE,
        distance_atr=distance,
        touch_probability=None if inside else touch_probability(distance, 24.0, DEFAULTS),
        persistence=0.8,
        rank=1,
        score=1.0,
        price_inside=inside,
        reasons=(),
    )


def nothing(side: Where) -> NoDenseZone:
    """Make the answer for a side on which nothing stands out."""
    return NoDenseZone(side=side, within_fraction=0.15, reason="nothing stands out")


def level(side: Where, away: float, touches: int = 2, name: str = "") -> Level:
    """Make a chart level `away` ATR from the price."""
    return Level(
        price=PRICE + sign(side) * ATR * away,
        where=side,
        touches=touches,
        last_touch_ms=0,
        distance_fraction=away * ATR / PRICE,
        distance_atr=away,
        name=name,
    )


def structure(**changes: Any) -> Structure:
    """Make a quiet, sideways chart without levels."""
    quiet = Structure(
        timeframe="4h",
        trend="sideways",
        trend_strength=0.05,
        momentum=0.2,
        exhausted=False,
        exhaustion=0.1,
        volume="steady",
        volume_ratio=1.1,
        supports=(),
        resistances=(),
        sweep=None,
        regime="normal",
        atr_percentile=0.5,
        range_percentile=0.5,
        range_low=PRICE - 2 * ATR,
        range_high=PRICE + 2 * ATR,
        relative_strength=Missing("BTC is its own yardstick"),
        relative_strength_days=7.0,
        atr=ATR,
        atr_fraction=ATR / PRICE,
        change_24h=-0.027,
        bars=500,
    )
    return replace(quiet, **changes)


def open_interest(**changes: Any) -> OpenInterestReading:
    """Make flat open interest in the middle of its history."""
    flat = OpenInterestReading(
        trend="flat",
        change_24h=-0.006,
        open_interest_base=95_000.0,
        open_interest_quote=8.82e9,
        percentile=0.5,
        elevated=False,
        history_days=60.0,
        flush=False,
        venue="binance",
        time_ms=0,
    )
    return replace(flat, **changes)


def funding(**changes: Any) -> FundingReading:
    """Make mildly positive funding."""
    mild = FundingReading(
        rate_8h=0.0001,
        annualised=0.11,
        interval_hours=8.0,
        percentile=0.6,
        history_days=60.0,
        bias="longs pay",
        extreme=False,
        turned_extreme=False,
        venue="binance",
        time_ms=0,
    )
    return replace(mild, **changes)


def positioning(**changes: Any) -> Positioning:
    """Make positioning in which neither side is crowded."""
    calm = Positioning(
        open_interest=open_interest(), funding=funding(), crowded_side=None, crowded_because="neither side stands out"
    )
    return replace(calm, **changes)


def quality(**changes: Any) -> MapQuality:
    """Make a high map quality over a deep book."""
    depth = Depth(within=0.005, bid_quote=4.0e7, ask_quote=4.2e7, time_ms=0, venue="binance")
    return replace(MapQuality(grade="High", depth=depth, venue_concentration=0.5, gap_risk=0.0, reasons=()), **changes)


def event(name: str = "US CPI", hours: float = 6.0, *, inside: bool = True) -> Event:
    """Make an event some hours away."""
    at_ms = round(hours * HOUR_MS)
    return Event(name=name, kind="macro", at_ms=at_ms, inside_horizon=inside, hours_away=hours, source="config.yaml")


def surprise() -> FlowReading:
    """Make a flow into funds that is far beyond its stated z."""
    return FlowReading(
        etf_date="2026-01-12",
        etf_net_quote=1.2e9,
        etf_z=18.0,
        etf_sessions=20,
        spot_share=Missing("no spot candles"),
        spot_z=Missing("no spot candles"),
        shifted=True,
        reading="ETF flow +$1.20\u202fbn on 12 Jan, z 18.0.",
        etf_shifted=True,
        shocks=(
            FlowShock(
                what="ETF flow",
                z=18.0,
                amount=1.2e9,
                session="2026-01-12",
                text="ETF flow +$1.20\u202fbn on 12 Jan, z 18.0",
            ),
        ),
    )


def context(**changes: Any) -> Context:
    """Make a symbol with a zone on each side of a quiet chart."""
    calm = Context(
        base="BTC",
        price=PRICE,
        price_decimals=0,
        timeframe="4h",
        horizon_hours=24.0,
        zones=(zone("A", "above", 1.2), zone("B", "below", 1.2)),
        no_dense_zone=(),
        structure=structure(),
        positioning=positioning(),
        map_quality=quality(),
        events=(),
        assumptions=DEFAULTS,
    )
    return replace(calm, **changes)


def reflect(price: Price) -> Price:
    """Mirror a price at the last price."""
    return 2 * PRICE - price


def other(side: Where) -> Where:
    """Name the other side."""
    return "below" if side == "above" else "above"


def mirrored(market: Context) -> Context:
    """Turn a market upside down: above becomes below, long becomes short, up becomes down."""
    return replace(
        market,
        zones=tuple(_mirrored_zone(one) for one in market.zones),
        no_dense_zone=tuple(replace(one, side=other(one.side)) for one in market.no_dense_zone),
        structure=market.structure if isinstance(market.structure, Missing) else _mirrored_chart(market.structure),
        positioning=market.positioning if isinstance(market.positioning, Missing) else _swapped(market.positioning),
    )


def _mirrored_zone(one: Zone) -> Zone:
    letter: dict[Label, Label] = {"A": "B", "B": "A", "C": "C"}
    return replace(
        one,
        label=letter[one.label],
        side=other(one.side),
        liquidated_side=_flip(one.liquidated_side),
        low=reflect(one.high),
        high=reflect(one.low),
    )


def _mirrored_chart(chart: Structure) -> Structure:
    turned: dict[Trend, Trend] = {"up": "down", "down": "up", "sideways": "sideways"}
    sweep = chart.sweep
    lead = chart.relative_strength
    return replace(
        chart,
        trend=turned[chart.trend],
        trend_strength=-chart.trend_strength,
        momentum=-chart.momentum,
        supports=tuple(_mirrored_level(one) for one in chart.resistances),
        resistances=tuple(_mirrored_level(one) for one in chart.supports),
        sweep=None if sweep is None else _mirrored_sweep(sweep),
        relative_strength=lead if isinstance(lead, Missing) else -lead,
    )


def _mirrored_level(one: Level) -> Level:
    return replace(one, price=reflect(one.price), where=other(one.where))


def _mirrored_sweep(sweep: Sweep) -> Sweep:
    return replace(sweep, where=other(sweep.where), level=reflect(sweep.level), extreme=reflect(sweep.extreme))


def _swapped(now: Positioning) -> Positioning:
    rate, crowd = now.funding, now.crowded_side
    pays: dict[Bias, Bias] = {"longs pay": "shorts pay", "shorts pay": "longs pay", "neutral": "neutral"}
    if not isinstance(rate, Missing):
        rate = replace(rate, rate_8h=-rate.rate_8h, bias=pays[rate.bias])
    return replace(now, funding=rate, crowded_side=None if crowd is None else _flip(crowd))


def _flip(side: Side) -> Side:
    return Side.LONG if side == Side.SHORT else Side.SHORT


def texts_of(value: object) -> list[str]:
    """Collect every string inside a value of the guide, however deep."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Missing):
        return [value.reason]
    if isinstance(value, tuple | list):
        return [text for part in value for text in texts_of(part)]
    if hasattr(value, "__dataclass_fields__"):
        return [text for field in fields(value) for text in texts_of(getattr(value, field.name))]  # type: ignore[arg-type]
    return []
