"""Bars cut at a moment, gathered into coarser ones, and looked up by time."""

from __future__ import annotations

import numpy as np

from reportgen.market.data import Candles
from reportgen.units import DAY_MS, HOUR_MS, Floats, Ints, Maybe, Milliseconds, Missing

_MINUTE_MS: Milliseconds = HOUR_MS // 60
_NEEDED_PARTS_DIVISOR = 2  # a resampled bar needs at least half of its parts


def interval_name(interval_ms: Milliseconds) -> str:
    """Name an interval as venues do: 15m, 4h, 1d."""
    for size, letter in ((DAY_MS, "d"), (HOUR_MS, "h"), (_MINUTE_MS, "m")):
        if interval_ms % size == 0:
            return f"{interval_ms // size}{letter}"
    return f"{interval_ms}ms"


def interval_length(name: str) -> Milliseconds:
    """Give the length of an interval by its name, the way back from `interval_name`; 0 for what names none."""
    sizes = {"d": DAY_MS, "h": HOUR_MS, "m": _MINUTE_MS}
    count, letter = name[:-1], name[-1:]
    return int(count) * sizes[letter] if letter in sizes and count.isdecimal() else 0


def slice_until(candles: Candles, until_ms: Milliseconds) -> Candles:
    """Keep the bars that had closed at a moment.

    Args:
        candles: n bars.
        until_ms: The moment; a bar that closes exactly then is kept.
    """
    return candles.part(slice(0, int(np.searchsorted(candles.close_time_ms, until_ms, side="right"))))


def slice_from(candles: Candles, from_ms: Milliseconds) -> Candles:
    """Keep the bars that opened at a moment or later."""
    return candles.part(slice(int(np.searchsorted(candles.open_time_ms, from_ms, side="left")), None))


def close_at(candles: Candles, at_ms: Milliseconds, tolerance_ms: Milliseconds) -> Maybe[float]:
    """Look up the last close at a moment.

    Args:
        candles: n bars.
        at_ms: The moment.
        tolerance_ms: How much older than the moment that close may be.

    Returns:
        The close, quote per base coin, or Missing when no bar closed in [at - tolerance, at].
    """
    return value_at(candles.close_time_ms, candles.close, at_ms, tolerance_ms, "a closed bar")


def value_at(times: Ints, values: Floats, at_ms: Milliseconds, tolerance_ms: Milliseconds, what: str) -> Maybe[float]:
    """Look up the last value known at a moment.

    Args:
        times: Shape (n,), ascending.
        values: Shape (n,), finite.
        at_ms: The moment.
        tolerance_ms: How much older than the moment the value may be.
        what: What the values are, for the reason.

    Returns:
        The value, or Missing when none lies in [at - tolerance, at].
    """
    row = int(np.searchsorted(times, at_ms, side="right")) - 1
    if row < 0 or at_ms - int(times[row]) > tolerance_ms:
        when = np.datetime64(at_ms, "ms").astype("datetime64[m]")
        return Missing(f"There is no {what.removeprefix('a ')} at {str(when).replace('T', ' ')} UTC.")
    return float(values[row])


def resample(candles: Candles, interval_ms: Milliseconds, until_ms: Milliseconds) -> Maybe[Candles]:
    """Gather bars into coarser ones that begin at UTC multiples of the interval.

    A bar whose end lies after the last close, or after `until_ms`, is unfinished and left out. Missing parts are
    tolerated as long as half of a bar's parts are there.

    Args:
        candles: n bars.
        interval_ms: Length of the new bars, a multiple of the old.
        until_ms: Nothing that closes later is used.

    Returns:
        The bars (possibly none), or Missing when the old ones are coarser or do not fit.
    """
    if candles.interval_ms > interval_ms:
        coarse, fine = interval_name(candles.interval_ms), interval_name(interval_ms)
        return Missing(f"The candles are {coarse} bars, coarser than {fine}.")
    if interval_ms % candles.interval_ms:
        return Missing(
            f"Bars of {interval_name(candles.interval_ms)} do not fill bars of {interval_name(interval_ms)} evenly."
        )
    known = slice_until(candles, until_ms)
    if interval_ms == candles.interval_ms or not len(known):
        return known if interval_ms == candles.interval_ms else _gathered(known, interval_ms)
    finished = int(known.close_time_ms[-1]) // interval_ms * interval_ms
    return _gathered(slice_until(known, finished), interval_ms)


def _gathered(parts: Candles, interval_ms: Milliseconds) -> Candles:
    """Gather bars by the UTC multiple in which they open; all buckets are finished."""
    bucket = parts.open_time_ms // interval_ms * interval_ms
    first = np.flatnonzero(np.diff(bucket, prepend=bucket[:1] - 1))
    count = np.diff(first, append=len(bucket))
    last = first + count - 1
    enough = count * _NEEDED_PARTS_DIVISOR >= interval_ms // parts.interval_ms
    taker = parts.taker_buy_base
    bars = Candles(
        interval_ms=interval_ms,
        open_time_ms=bucket[first],
        open=parts.open[first],
        high=_reduced(np.maximum, parts.high, first),
        low=_reduced(np.minimum, parts.low, first),
        close=parts.close[last],
        volume_base=_reduced(np.add, parts.volume_base, first),
        taker_buy_base=taker if isinstance(taker, Missing) else _reduced(np.add, taker, first),
    )
    return bars.part(enough)


def _reduced(by: np.ufunc, values: Floats, first: Ints) -> Floats:
    """Reduce each run of values that begins at `first`; reduceat refuses an empty array."""
    return by.reduceat(values, first) if len(first) else values
