"""Where things stand in the heatmap: sizes, the two axes and their ticks, in CSS pixels from the top left.

Stands inside the last arrow, Brief -> bytes: numbers in, numbers out; `charts_heatmap` draws with them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from reportgen.units import DAY_MS, HOUR_MS, Floats, Milliseconds, Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes of one form of the figure, in CSS pixels.

    Attributes:
        width, height: of the image. left, right, top, bottom: margins. gap: between heatmap and profile.
        profile: width of the profile. label, tick: text sizes. weight: factor of every line width.
        strip, strip_height: the legend's colour strips. strip_gap: between the two.
        title_y, strip_y, edge_y, now_y, unit_y: baselines of the head: legend title, strip's top, its edges' labels,
            "Now", and the legend's unit. shown_edges: which class edges have room for a label.
        candle_interval_ms: shortest candle with room for a body.
        bracket: from the profile to a bracket's spine. label_x: from the profile to the labels.
    """

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    gap: float
    profile: float
    label: float
    tick: float
    weight: float
    strip: float
    strip_height: float
    strip_gap: float
    title_y: float
    strip_y: float
    edge_y: float
    now_y: float
    unit_y: float
    shown_edges: tuple[int, ...]
    candle_interval_ms: Milliseconds
    bracket: float
    label_x: float


WIDE = Shape(
    width=760,
    height=440,
    left=58,
    right=150,
    top=50,
    bottom=28,
    gap=4,
    profile=92,
    label=12,
    tick=11,
    weight=1.0,
    strip=168,
    strip_height=9,
    strip_gap=28,
    title_y=14,
    strip_y=21,
    edge_y=42,
    now_y=43,
    unit_y=42,
    shown_edges=(0, 1, 2, 3, 4, 5, 6),
    candle_interval_ms=4 * HOUR_MS,
    bracket=12,
    label_x=23,
)

NARROW = Shape(
    width=600,
    height=610,
    left=70,
    right=160,
    top=86,
    bottom=40,
    gap=4,
    profile=50,
    label=16,
    tick=15,
    weight=1.25,
    strip=200,
    strip_height=11,
    strip_gap=62,
    title_y=18,
    strip_y=26,
    edge_y=52,
    now_y=79,
    unit_y=79,
    shown_edges=(0, 1, 3, 5, 6),
    candle_interval_ms=8 * HOUR_MS,
    bracket=12,
    label_x=23,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The two axes of one figure.

    Attributes:
        shape: Its sizes. left: of the heatmap, wider than the shape's when price labels are long.
        price_low, price_high: the y range, log scale. from_ms, to_ms: the x range.
    """

    shape: Shape
    left: float
    price_low: Price
    price_high: Price
    from_ms: Milliseconds
    to_ms: Milliseconds

    @property
    def right(self) -> float:
        """Right edge of the heatmap."""
        return self.profile_left - self.shape.gap

    @property
    def profile_left(self) -> float:
        """Left edge of the profile."""
        return self.profile_right - self.shape.profile

    @property
    def profile_right(self) -> float:
        """Right edge of the profile."""
        return self.shape.width - self.shape.right

    @property
    def top(self) -> float:
        """Top of heatmap and profile."""
        return self.shape.top

    @property
    def bottom(self) -> float:
        """Bottom of heatmap and profile."""
        return self.shape.height - self.shape.bottom

    def y(self, price: Floats | float) -> Floats:
        """Place prices, any shape; a price beyond the range lies beyond the edges."""
        span = math.log(self.price_high / self.price_low)
        return np.asarray(self.bottom - np.log(np.asarray(price) / self.price_low) / span * (self.bottom - self.top))

    def x(self, time_ms: Floats | float) -> Floats:
        """Place times, any shape."""
        part = (np.asarray(time_ms, dtype=float) - self.from_ms) / (self.to_ms - self.from_ms)
        return np.asarray(self.left + part * (self.right - self.left))


_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
_TEN = 10.0
_MOST_DECIMALS = 15


def nice_step(span: float, count: float) -> float:
    """Choose the smallest step of the 1-2-2.5-5 series that parts a span into at most `count` pieces."""
    rough = span / count
    power = _TEN ** math.floor(math.log10(rough))
    return next((nice * power for nice in _NICE if nice * power >= rough), _TEN * power)


def step_decimals(step: float) -> int:
    """Count the decimals that a step needs: 2 for 0.25, 0 for 2500."""
    exact = (d for d in range(_MOST_DECIMALS) if math.isclose(round(step, d), step, rel_tol=1e-9))
    return next(exact, _MOST_DECIMALS)


def price_ticks(low: Price, high: Price, count: float) -> tuple[tuple[Price, ...], int]:
    """Choose round prices between low and high.

    Args:
        low: Lower end, > 0.
        high: Upper end, > low.
        count: How many have room.

    Returns:
        The prices, and the decimals they need.
    """
    step = nice_step(high - low, count)
    numbers = range(math.ceil(low / step), math.floor(high / step) + 1)
    return tuple(number * step for number in numbers), step_decimals(step)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIME_STEPS_MS = tuple(HOUR_MS * h for h in (1, 2, 3, 6, 12)) + tuple(DAY_MS * d for d in (1, 2, 4, 7, 14, 28))


def time_ticks(from_ms: Milliseconds, to_ms: Milliseconds, count: float) -> tuple[tuple[Milliseconds, str], ...]:
    """Choose UTC midnights, or hours when the span is short, each with its words: "6 Jan", "12:00".

    Args:
        from_ms: Start.
        to_ms: End, later.
        count: How many have room.
    """
    span = to_ms - from_ms
    step = next((s for s in _TIME_STEPS_MS if span / s <= count), math.ceil(span / count / DAY_MS) * DAY_MS)
    return tuple((t, _moment(t)) for t in range(math.ceil(from_ms / step) * step, to_ms + 1, step))


def _moment(time_ms: Milliseconds) -> str:
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    if time_ms % DAY_MS:
        return f"{moment:%H:%M}"
    return f"{moment.day}\u202f{_MONTHS[moment.month - 1]}"


PROFILE_SCALES = (2.5, 5.0, 7.5, 10.0, 15.0, 25.0, 50.0, 100.0)
"""Ends of the profile's axis in percent per 0.1 %: few, so that most days share one."""


def profile_scale(highest: float) -> float:
    """Choose the end of the profile's axis: the first that holds the longest whisker."""
    return next((scale for scale in PROFILE_SCALES if highest <= scale), PROFILE_SCALES[-1])
