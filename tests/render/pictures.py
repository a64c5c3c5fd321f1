"""Small synthetic symbols for the chart tests: a random path, a book that builds up and is swept, zones over it."""

from __future__ import annotations

import base64
import math
import zlib
from dataclasses import replace

import numpy as np

from reportgen.brief.types import SymbolBrief
from reportgen.guide.structure import Level, Structure
from reportgen.guide.zones import Label, NoDenseZone, Zone
from reportgen.liquidation.picture import HeatmapPicture
from reportgen.market.quality import MapQuality
from reportgen.units import DAY_MS, HOUR_MS, Floats, Missing, Side, Where

END_MS = 20_472 * DAY_MS + 7 * HOUR_MS  # 19 January 2026, 07:00 UTC
LEVEL_STEP = 0.05
HOURS = 14 * 24


def path(seed: int, hours: int, last: float, volatility: float) -> Floats:
    """Draw an hourly price path that ends at `last`, shape (hours * 4 + 1,): four quarters an hour."""
    rng = np.random.default_rng(seed)
    steps = rng.standard_t(4, hours * 4) * volatility / 2
    walk = np.concatenate(([0.0], np.cumsum(steps)))
    return np.asarray(last * np.exp(walk - walk[-1]))


def _book(prices: Floats, edges: Floats, hours: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Let mass build up away from the price and vanish where the price has been; each rows x columns."""
    mid = np.sqrt(edges[1:] * edges[:-1])
    longs, shorts = np.zeros((len(mid), hours)), np.zeros((len(mid), hours))
    long_now, short_now = np.zeros(len(mid)), np.zeros(len(mid))
    texture = np.convolve(0.2 + rng.gamma(0.3, 1, len(mid) + 10), np.hanning(13)[1:-1], "valid")
    warm_up = 150
    for hour in range(-warm_up, hours):
        bar = prices[max(hour, 0) * 4 : max(hour, 0) * 4 + 5]
        if hour < 0:
            bar = prices[:1]
        away = np.log(mid / bar[-1])
        added = texture * np.exp(-(((np.abs(away) - 0.055) / 0.04) ** 2)) * (0.5 + rng.random())
        short_now = np.where(mid > bar.max(), short_now + added * (away > 0), 0)
        long_now = np.where(mid < bar.min(), long_now + added * (away < 0), 0)
        if hour >= 0:
            longs[:, hour], shorts[:, hour] = long_now, short_now
    return longs, shorts


def packed(percent: Floats) -> str:
    """Pack one side's percent, rows x columns, row 0 lowest, as a brief keeps it."""
    levels = np.clip(np.round(percent / LEVEL_STEP), 0, 255).astype(np.uint8)
    return base64.b64encode(zlib.compress(levels.tobytes(), 6)).decode("ascii")


def picture(*, seed: int = 5, last: float = 92_543.0, volatility: float = 0.0014, hours: int = HOURS) -> HeatmapPicture:
    """Make the map over time of a random market."""
    prices = path(seed, hours, last, volatility)
    window = max(0.085, 1.008 * float(np.abs(np.log(prices / last)).max()))
    row_step = 0.001
    rows = math.ceil(2 * window / row_step)
    low = last * math.exp(-rows / 2 * row_step)
    edges = np.asarray(low * np.exp(row_step * np.arange(rows + 1)))
    rng = np.random.default_rng(seed + 1)
    longs, shorts = _book(prices, edges, hours, rng)
    long_share, short_share = (100 * side / max(side[:, -1].sum(), 1e-9) for side in (longs, shorts))
    end = END_MS // HOUR_MS * HOUR_MS
    time_ms = end - HOUR_MS * np.arange(hours - 1, -1, -1)
    starts = range(0, max(hours - 3, 1), 4)
    slices = [prices[4 * s : 4 * min(s + 4, hours) + 1] for s in starts]
    bars = 60
    profile_edges = low * np.exp(row_step * rows / bars * np.arange(bars + 1))
    now = (long_share + short_share)[:, -1]
    which = np.minimum((np.arange(rows) * bars) // rows, bars - 1)
    share = np.array([now[which == bar].mean() for bar in range(bars)])
    spread = 0.15 + 0.2 * rng.random(bars)
    return HeatmapPicture(
        time_ms=tuple(int(t) for t in time_ms),
        price_low=low,
        row_log_step=row_step,
        rows=rows,
        columns=hours,
        long_levels=packed(long_share),
        short_levels=packed(short_share),
        level_step=LEVEL_STEP,
        candle_interval_ms=4 * HOUR_MS,
        candle_open_ms=tuple(int(time_ms[0]) - HOUR_MS + HOUR_MS * int(s) for s in starts),
        candle_open=tuple(float(s[0]) for s in slices),
        candle_high=tuple(float(s.max()) for s in slices),
        candle_low=tuple(float(s.min()) for s in slices),
        candle_close=tuple(float(s[-1]) for s in slices),
        profile_price=tuple(float(p) for p in profile_edges),
        profile_share=tuple(float(v) for v in share),
        profile_low=tuple(float(v) for v in share * (1 - spread)),
        profile_high=tuple(float(v) for v in share * (1 + spread)),
        draws=500,
    )


def level(price: float, where: Where, last: float) -> Level:
    """Make a support or a resistance."""
    distance = abs(price / last - 1)
    return Level(
        price=price,
        where=where,
        touches=2,
        last_touch_ms=END_MS,
        distance_fraction=distance,
        distance_atr=distance / 0.028,
    )


def zone(
    label: Label, low: float, high: float, last: float, *, share: float = 0.12, atr_fraction: float = 0.028
) -> Zone:
    """Make a zone over prices; its side follows from where it lies."""
    above = (low + high) / 2 > last
    near = low if above else high
    inside = low <= last <= high
    distance = 0.0 if inside else abs(near / last - 1)
    return Zone(
        label=label,
        side="above" if above else "below",
        liquidated_side=Side.SHORT if above else Side.LONG,
        low=low,
        high=high,
        low_band=(low * 0.998, low * 1.002),
        high_band=(high * 0.998, high * 1.002),
        share=share,
        intensity=2.4,
        notional=None,
        distance_fraction=distance,
        distance_atr=distance / atr_fraction,
        touch_probability=None,
        persistence=0.8,
        rank=1,
        score=1.0,
        price_inside=inside,
        reasons=(),
    )


def structure(last: float, *, atr_fraction: float = 0.028) -> Structure:
    """Make a plain structure with two levels a side."""
    return Structure(
        timeframe="4h",
        trend="sideways",
        trend_strength=0.1,
        momentum=0.2,
        exhausted=False,
        exhaustion=0.0,
        volume="steady",
        volume_ratio=1.0,
        supports=tuple(level(last * f, "below", last) for f in (0.984, 0.966)),
        resistances=tuple(level(last * f, "above", last) for f in (1.021, 1.05)),
        sweep=None,
        regime="normal",
        atr_percentile=0.5,
        range_percentile=0.5,
        range_low=last * 0.95,
        range_high=last * 1.05,
        relative_strength=Missing("BTC is the yardstick itself."),
        relative_strength_days=7.0,
        atr=last * atr_fraction,
        atr_fraction=atr_fraction,
        change_24h=-0.027,
        bars=400,
    )


def ladder(seed: int = 3) -> tuple[float, ...]:
    """Make sixty-four densities, percent of a side per 0.1 % of price."""
    rng = np.random.default_rng(seed)
    sides = [rng.gamma(2.0, 0.4, 32), rng.gamma(2.0, 0.4, 32)]
    return tuple(float(v) for v in np.concatenate(sides))


def symbol_brief(
    name: str = "BTC/USDT:USDT", *, last: float = 92_543.0, decimals: int = 0, map_picture: HeatmapPicture | None = None
) -> SymbolBrief:
    """Make a symbol with three zones and everything a chart asks for."""
    drawn = map_picture or picture(last=last)
    zones = (
        zone("C", last * 1.057, last * 1.07, last, share=0.15),
        zone("A", last * 1.033, last * 1.04, last, share=0.10),
        zone("B", last * 0.962, last * 0.966, last, share=0.06),
    )
    unknown = Missing("Not part of a chart.")
    return SymbolBrief(
        symbol=name,
        base=name.partition("/")[0],
        quote="USDT",
        venue="binance",
        price=last,
        price_time_ms=END_MS,
        price_decimals=decimals,
        change_24h=-0.027,
        structure=structure(last),
        zones=zones,
        no_dense_zone=(),
        positioning=unknown,
        reactions=(),
        plan=(),
        scenarios=unknown,
        stance=unknown,
        sizing=unknown,
        checklist=(),
        inputs=(),
        confluence=unknown,
        map_quality=MapQuality(
            grade="High", depth=unknown, venue_concentration=unknown, gap_risk=0.01, reasons=("Depth is not known.",)
        ),
        coverage=unknown,
        read=(),
        finding="Shorts lie 3.3 % above.",
        heatmap=drawn,
        heatmap_alt="Shorts lie 3.3 % above.",
        ladder=ladder(),
        map_engine="kernel",
        calibrated=False,
        caveats=(),
    )


def without_zones(symbol: SymbolBrief) -> SymbolBrief:
    """Take the zones away and say on each side that nothing stands out."""
    sides: tuple[Where, Where] = ("above", "below")
    empty = tuple(
        NoDenseZone(side=side, within_fraction=0.08, reason="Nothing stands out within 8 %.") for side in sides
    )
    return replace(symbol, zones=(), no_dense_zone=empty)
