"""Where things stand in the figure: three forms, one price axis, and the ticks; numbers in, numbers out.

Stands inside the last arrow, Brief -> bytes. CSS pixels on screens and points on paper, from the top left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

from reportgen.notation import THIN
from reportgen.render.page_helpers import clock
from reportgen.units import DAY_MS, HOUR_MS, Milliseconds, Price

FormName: TypeAlias = Literal["wide", "phone", "paper"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Sizes of one form of the figure.

    Attributes:
        width, height: Of all. left: room for the price labels; 0 when they stand right of the profile.
        past, strip, profile, plan, spine: widths of the panels; 0 when there is none. gap, spine_gap: before profile
            and spine. head, foot: room above and below the panels. right: room after the last panel.
        size, small: of text. weight: factor of line widths.
        days: how far back it looks. candle_hours: shortest candle with room for a body.
    """

    width: float
    height: float
    left: float
    past: float
    strip: float
    gap: float
    profile: float
    plan: float
    spine_gap: float
    spine: float
    head: float
    foot: float
    size: float
    small: float
    weight: float
    days: float
    candle_hours: float

    @property
    def roomy(self) -> bool:
        """Whether there is room for whole words, and a pointer that asks for more."""
        return self.plan > 30

    def thin(self, width: float) -> float:
        """Give a line's width, or a small length beside lines, at this form's weight."""
        return width * self.weight

    def em(self, count: float) -> float:
        """Give a length in sizes of the main text."""
        return count * self.size

    def small_em(self, count: float) -> float:
        """Give a length in sizes of the small text."""
        return count * self.small

    @property
    def now(self) -> float:
        """Where the past ends."""
        return self.left + self.past

    @property
    def later(self) -> float:
        """Where the hours ahead end."""
        return self.now + self.strip

    @property
    def bars(self) -> float:
        """Where the profile begins."""
        return self.later + self.gap

    @property
    def bars_end(self) -> float:
        """Where the profile ends."""
        return self.bars + self.profile

    @property
    def words(self) -> float:
        """Where the spine's words begin."""
        return self.bars_end + self.plan + self.spine_gap

    @property
    def top(self) -> float:
        """Top of the panels."""
        return self.head

    @property
    def bottom(self) -> float:
        """Bottom of the panels."""
        return self.height - self.foot


FORMS: Final[dict[FormName, Form]] = {
    "wide": Form(
        width=1120, height=520, left=56, past=512, strip=132, gap=6, profile=84, plan=52, spine_gap=18, spine=260,
        head=44, foot=26, size=12.5, small=12, weight=1, days=14, candle_hours=4,
    ),
    "phone": Form(
        width=358, height=400, left=0, past=196, strip=66, gap=4, profile=40, plan=0, spine_gap=0, spine=0,
        head=46, foot=22, size=12, small=12, weight=1, days=10, candle_hours=8,
    ),
    "paper": Form(
        width=504, height=296, left=30, past=188, strip=56, gap=3, profile=38, plan=24, spine_gap=9, spine=156,
        head=24, foot=13, size=7.5, small=7, weight=0.62, days=14, candle_hours=8,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The axes of one figure: prices from low to high (log) over all panels, and time from from_ms to now_ms."""

    form: Form
    low: Price
    high: Price
    from_ms: Milliseconds
    now_ms: Milliseconds
    horizon_hours: float

    def y(self, price: Price) -> float:
        """Place a price; one beyond the range lies beyond the panels."""
        form = self.form
        return form.bottom - math.log(price / self.low) / math.log(self.high / self.low) * (form.bottom - form.top)

    def held(self, price: Price) -> float:
        """Place a price, at the edge when it lies beyond."""
        return min(max(self.y(price), self.form.top), self.form.bottom)

    def x(self, time_ms: float) -> float:
        """Place a time of the past, or of the hours ahead, whose scale is wider."""
        form = self.form
        if time_ms > self.now_ms:
            return form.now + (time_ms - self.now_ms) / (self.horizon_hours * HOUR_MS) * form.strip
        return form.left + (time_ms - self.from_ms) / (self.now_ms - self.from_ms) * form.past

    @property
    def stretch(self) -> float:
        """How much wider an hour ahead is than one of the past."""
        form = self.form
        ahead = form.strip / (self.horizon_hours * HOUR_MS)
        return ahead / (form.past / (self.now_ms - self.from_ms))


MARGIN: Final = 0.035
"""Of the range's log height, left free at both ends."""
_LEAST_CANDLES: Final = 0.5
_LEAST_CANDLES_NEAREST: Final = 0.4
"""Of the height that candles keep when a zone is taken in: any zone, and the nearest of a side."""


def price_window(
    candles: tuple[Price, Price],
    others: Sequence[Price],
    zones: Sequence[tuple[Price, Price, bool]],
) -> tuple[Price, Price]:
    """Choose the price range: the candles, what else must be seen, and the zones for which there is room.

    Args:
        candles: Lowest and highest price of bodies and the wicks that are shown.
        others: Prices that are always in: the last one, the ends of the cone.
        zones: Low, high and whether it is the nearest of its side, in the order in which they are taken in. One that
            would leave the candles too little of the height stays out.

    Returns:
        Low and high, with the margin.
    """
    low, high = min((candles[0], *others)), max((candles[1], *others))
    own = math.log(candles[1] / candles[0])
    for zone_low, zone_high, nearest in zones:
        wider = min(low, zone_low), max(high, zone_high)
        least = _LEAST_CANDLES_NEAREST if nearest else _LEAST_CANDLES
        whole = math.log(wider[1] / wider[0]) * (1 + 2 * MARGIN)
        inside = low <= zone_low and zone_high <= high
        if inside or own <= 0 or own >= least * whole:
            low, high = wider
    room = math.exp(MARGIN * math.log(high / low))
    return low / room, high * room


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


_SCALES: Final = (2.5, 5.0, 10.0, 15.0, 25.0, 50.0, 100.0)


def profile_scale(shares: Sequence[float]) -> float:
    """Choose the profile's end, percent per 0.1 % of price, from its bars."""
    most = max(shares, default=0.0)
    return next((scale for scale in _SCALES if most <= scale), most)


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
    return f"{moment.day}{THIN}{moment:%b}" if time_ms % DAY_MS == 0 else clock(time_ms)
