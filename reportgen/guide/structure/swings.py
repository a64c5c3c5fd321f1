"""Swing highs and lows, the levels they merge into, and wicks that swept one.

A swing is a fractal: a bar whose high (low) stands out from `wing` bars on each side, known only when the last of
those bars has closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from reportgen.guide.structure import Sweep
from reportgen.market.data import Candles
from reportgen.units import DAY_MS, Floats, Ints, Milliseconds, Price, Where


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedLevel:
    """Swing points that stand so close together that they are one level.

    Attributes:
        price: Their mean. touches: how many. last_touch_ms: close time of the latest one's bar.
        lowest, highest: the outermost of them.
    """

    price: Price
    lowest: Price
    highest: Price
    touches: int
    last_touch_ms: Milliseconds


def swing_highs(high: Floats, wing: int) -> Ints:
    """Find the bars whose high stands out.

    Args:
        high: Shape (n,), finite.
        wing: Bars on each side that must not be higher; of equal highs the first counts.

    Returns:
        Rows, ascending; none among the first or last `wing` bars.
    """
    if len(high) < 2 * wing + 1:
        return np.empty(0, dtype=np.int64)
    around = np.lib.stride_tricks.sliding_window_view(high, 2 * wing + 1)
    centre = around[:, wing]
    stands_out = (centre > around[:, :wing].max(axis=1)) & (centre >= around[:, wing + 1 :].max(axis=1))
    return np.flatnonzero(stands_out) + wing


def swing_lows(low: Floats, wing: int) -> Ints:
    """Find the bars whose low stands out; `swing_highs` upside down."""
    return swing_highs(-low, wing)


def merged_levels(prices: Floats, times: Ints, closer_than: Price) -> tuple[MergedLevel, ...]:
    """Merge swing points into levels, the closest two first, until none stand closer than a distance.

    Args:
        prices: Shape (n,), swing prices in any order.
        times: Shape (n,), close time of each swing's bar.
        closer_than: Levels nearer to each other than this become one.

    Returns:
        Levels by ascending price.
    """
    order = np.argsort(prices, kind="stable")
    mean = [float(value) for value in prices[order]]
    lowest, highest, touches = list(mean), list(mean), [1] * len(mean)
    last = [int(value) for value in times[order]]
    while len(mean) > 1:
        gaps = np.diff(mean)
        at = int(np.argmin(gaps))
        if gaps[at] >= closer_than:
            break
        both = touches[at] + touches[at + 1]
        mean[at : at + 2] = [(mean[at] * touches[at] + mean[at + 1] * touches[at + 1]) / both]
        touches[at : at + 2] = [both]
        lowest[at : at + 2], highest[at : at + 2] = [lowest[at]], [highest[at + 1]]
        last[at : at + 2] = [max(last[at : at + 2])]
    return tuple(
        MergedLevel(price=price, lowest=least, highest=most, touches=count, last_touch_ms=time)
        for price, least, most, count, time in zip(mean, lowest, highest, touches, last, strict=True)
    )


def swing_points(candles: Candles, wing: int) -> tuple[Floats, Ints]:
    """List swing highs and swing lows together: a broken resistance is a support, and the reverse.

    Args:
        candles: n bars.
        wing: As in `swing_highs`.

    Returns:
        Prices, shape (m,), and the close times of their bars, shape (m,).
    """
    highs, lows = swing_highs(candles.high, wing), swing_lows(candles.low, wing)
    prices = np.concatenate([candles.high[highs], candles.low[lows]])
    return prices, candles.close_time_ms[np.concatenate([highs, lows])]


def bare_extremes(candles: Candles, swings: Floats, price: Price) -> tuple[Floats, Ints]:
    """List the highest high and the lowest low of some bars, as far as no swing stands between them and the price.

    A side without any swing thus still has the edge of its range, and the low of a fall that is too young to be a
    confirmed swing counts before a swing far below it.

    Args:
        candles: n >= 1 bars.
        swings: Shape (m,), swing prices.
        price: Where the market stands.

    Returns:
        Prices, shape (0..2,), and the close times of their bars; a side on which the price is the extreme has none.
    """
    top, bottom = int(np.argmax(candles.high)), int(np.argmin(candles.low))
    high, low = candles.high[top], candles.low[bottom]
    bare = (
        (high, top, high > price and not ((swings > price) & (swings <= high)).any()),
        (low, bottom, low < price and not ((swings < price) & (swings >= low)).any()),
    )
    rows = np.array([row for _, row, is_bare in bare if is_bare], dtype=np.int64)
    return np.array([extreme for extreme, _, is_bare in bare if is_bare]), candles.close_time_ms[rows]


def name_level(level: MergedLevel, where: Where, candles: Candles) -> str:
    """Name a level as a trader does.

    A level above is an "N-day high" when nothing has traded beyond it for N whole days, one at least, and it was made
    in that time; mirrored below. Any other is the swing that touched it last: "swing low of 9 Jan".

    Args:
        level: The level.
        where: On which side of the price it lies.
        candles: n >= 1 bars up to as-of; those of the swings or finer.
    """
    above = where == "above"
    beyond = np.flatnonzero(candles.high > level.highest if above else candles.low < level.lowest)
    end = int(candles.close_time_ms[-1])
    since = int(candles.close_time_ms[beyond[-1]]) if len(beyond) else int(candles.open_time_ms[0])
    days = (end - since) // DAY_MS
    own = candles.close_time_ms > since
    made = float(candles.high[own].max(initial=0.0)) if above else -float((-candles.low[own]).max(initial=-np.inf))
    if days >= 1 and level.lowest <= made <= level.highest:
        return f"{days}-day {'high' if above else 'low'}"
    bar = int(np.searchsorted(candles.close_time_ms, level.last_touch_ms))
    was_high = bar < len(candles) and level.lowest <= candles.high[bar] <= level.highest
    day = datetime.fromtimestamp(level.last_touch_ms / 1000, tz=UTC)
    return f"swing {'high' if was_high else 'low'} of {day.day} {day:%b}"


def latest_sweep(candles: Candles, wing: int, window: int, *, least: Price, price: Price) -> Sweep | None:
    """Find the latest bar whose wick went clearly through an untouched prior swing and closed back inside.

    Args:
        candles: n bars.
        wing: As in `swing_highs`.
        window: How many of the last bars may hold the wick.
        least: How far beyond the swing the wick must have gone.
        price: Where the market stands: it, and every close since, must lie back inside.

    Returns:
        The sweep; when one bar swept several swings the farthest, when it swept both sides the deeper wick.
    """
    for bar in range(len(candles) - 1, max(wing, len(candles) - 1 - window), -1):
        later = np.append(candles.close[bar:], price)
        sides = (
            ("above", _swept(candles.high, float(later.max()), bar, wing, least)),
            ("below", _swept(-candles.low, float(-later.min()), bar, wing, least)),
        )
        found = [(extreme / level - 1, where, level, extreme) for where, swept in sides for level, extreme in swept]
        if found:
            _, where, level, extreme = max(found, key=lambda side: abs(side[0]))
            time = int(candles.close_time_ms[bar])
            return Sweep(
                level=abs(level), where="above" if where == "above" else "below", time_ms=time, extreme=abs(extreme)
            )
    return None


def _swept(high: Floats, stays_below: float, bar: int, wing: int, least: Price) -> list[tuple[float, float]]:
    """Give the highest untouched swing high that a bar exceeded by a distance, and the bar's high; or nothing.

    `stays_below`: the highest close since. For swing lows the prices come negated, and so does the answer.
    """
    swings = swing_highs(high[:bar], wing)
    beyond = (high[swings] < high[bar]) & (high[swings] + least <= high[bar])
    swings = swings[beyond & (high[swings] > stays_below)]
    untouched = [float(high[row]) for row in swings if high[row + 1 : bar].max(initial=-np.inf) <= high[row]]
    return [(max(untouched), float(high[bar]))] if untouched else []
