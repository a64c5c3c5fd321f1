"""The panels of the figure: past, the hours ahead, the profile now, and the plan; each gives its marks.

Stands inside the last arrow, Brief -> bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from reportgen import notation
from reportgen.brief.types import Brief, LevelFate, SymbolBrief
from reportgen.guide.plan import ZonePlan
from reportgen.guide.zones import Zone
from reportgen.liquidation.known_positions import ExactLayer
from reportgen.liquidation.picture import HeatmapPicture
from reportgen.render.charts.axes import Form, Frame, profile_scale
from reportgen.render.charts.spine import shown_levels
from reportgen.render.charts.surface import Box, Mark, Point, Run, Shape, Text, area, box, line, text_width
from reportgen.render.colours import Role
from reportgen.render.page_helpers import clock
from reportgen.units import HOUR_MS, Floats, Milliseconds, Missing, Price, Side

_BODY: Final = 0.72  # of a candle's slot
_HALO: Final = 2.6
CAP: Final = 0.36  # half a capital's height in text sizes
TOP: Final = 1.2  # of the end of a pale bar, in its side's colour
_DIAMOND: Final = (2.6, 3.4)  # half a diamond's height: of the smallest position, and what the largest adds
_MOST_EVENTS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Candles as drawn: shape (n,) each; slot_ms is the length of one."""

    slot_ms: Milliseconds
    open_ms: Floats
    open: Floats
    high: Floats
    low: Floats
    close: Floats


def side_role(side: Side, suffix: str = "") -> Role:
    """Name a side's colour: short, short_text, short_4, …."""
    return f"{'short' if side is Side.SHORT else 'long'}{suffix}"  # type: ignore[return-value]


def merged(picture: HeatmapPicture, least_ms: Milliseconds, from_ms: Milliseconds) -> Bars:
    """Merge the candles that open from a moment on until each is at least as long as asked; a gap stays a gap."""
    times = 1
    while picture.candle_interval_ms * times < least_ms:
        times += 1
    slot = picture.candle_interval_ms * times
    opened = np.array(picture.candle_open_ms, dtype=np.int64)
    first = int(np.searchsorted(opened, from_ms))
    opened = opened[first:]
    starts = np.flatnonzero(np.diff(opened // slot, prepend=-1)) if len(opened) else np.zeros(0, dtype=np.int64)
    ends = np.append(starts[1:], len(opened)) - 1
    high, low = np.array(picture.candle_high)[first:], np.array(picture.candle_low)[first:]
    some = len(starts) > 0
    return Bars(
        slot_ms=slot,
        open_ms=(opened[starts] // slot * slot if times > 1 else opened[starts]).astype(np.float64),
        open=np.array(picture.candle_open)[first:][starts],
        high=np.maximum.reduceat(high, starts) if some else high,
        low=np.minimum.reduceat(low, starts) if some else low,
        close=np.array(picture.candle_close)[first:][ends] if some else high,
    )


# ---- The past: hatching, candles, levels, yesterday's zones ----


def hatched(form: Form, left: float, top: float, right: float, bottom: float) -> Shape:
    """Rule a box at 45 degrees."""
    width, height, step = right - left, bottom - top, form.thin(5)
    paths = []
    for shift in np.arange(step - height, width, step).tolist():
        start, end = max(0.0, shift), min(width, height + shift)
        paths.append(((left + start, bottom - start + shift), (left + end, bottom - end + shift)))
    return line(paths, "gone", form.thin(0.8))


def candles(frame: Frame, bars: Bars, decimals: int) -> list[Mark]:
    """Draw candles, hollow when up; a wick that leaves the picture ends in an arrow, the farthest with its price."""
    form = frame.form
    wicks: list[tuple[Point, Point]] = []
    bodies: dict[bool, list[tuple[Point, ...]]] = {True: [], False: []}
    leaving: dict[int, list[tuple[Price, float]]] = {1: [], -1: []}
    slot = bars.slot_ms / (frame.now_ms - frame.from_ms) * form.past
    rows = zip(bars.open_ms, bars.open, bars.high, bars.low, bars.close, strict=True)
    for opened, first, high, low, last in rows:
        middle = min(frame.x(opened) + slot / 2, form.now)
        left, right = max(middle - slot * _BODY / 2, form.left), min(middle + slot * _BODY / 2, form.now)
        top, bottom = frame.held(max(first, last)), frame.held(min(first, last))
        wicks.append(((middle, frame.held(high)), (middle, frame.held(low))))
        bodies[bool(last >= first)].append(box(left, top, right, max(bottom, top + form.thin(0.6))))
        for price, way in ((high, 1), (low, -1)):
            if not frame.low <= price <= frame.high:
                leaving[way].append((float(price), middle))
    width = form.thin(0.9)
    marks: list[Mark] = [
        Shape(paths=tuple(wicks), stroke="paper", width=form.thin(_HALO), opacity=0.75),
        line(wicks, "ink", width),
        Shape(paths=tuple(bodies[True]), closed=True, fill="paper", stroke="ink", width=width),
        Shape(paths=tuple(bodies[False]), closed=True, fill="ink", stroke="ink", width=width),
    ]
    for way, gone in leaving.items():
        edge = form.top if way > 0 else form.bottom
        size, foot = form.thin(3.2), edge + way * form.thin(5)
        marks.append(area([((x - size, foot), (x + size, foot), (x, edge)) for _, x in gone], "ink"))
        if gone:
            far, x = max(gone, key=lambda one: way * one[0])
            words = f"to {notation.price(far, decimals)}"
            beside = x - size - 2 - text_width(words, form.small, 600)
            y = edge + form.small if way > 0 else edge - form.small * (1 - 2 * CAP)
            at = beside if beside > form.left else x + size + 2
            marks.append(Text(x=at, y=y, runs=(Run(words=words, weight=600),), size=form.small))
    return marks


def levels(frame: Frame, symbol: SymbolBrief) -> Shape:
    """Draw support and resistance from the past to the horizon."""
    form = frame.form
    shown = [frame.y(one.price) for one in shown_levels(symbol) if frame.low < one.price < frame.high]
    dashes = (form.thin(5), form.thin(3))
    return line([((form.left, y), (form.later, y)) for y in shown], "axis", form.thin(0.9), dashes)


def yesterday(frame: Frame, brief: Brief, symbol: SymbolBrief) -> list[Mark]:
    """Box the zones of the brief before over the hours that it looked ahead; cross out what price went through."""
    record = brief.track_record
    if isinstance(record, Missing) or isinstance(record.levels, Missing):
        return []
    form = frame.form
    left = max(frame.x(max(record.judged_as_of_ms, frame.from_ms)), form.left)
    if left >= form.now - 1:
        return []
    right = min(frame.x(min(record.judged_as_of_ms + brief.horizon_hours * HOUR_MS, frame.now_ms)), form.now)
    boxes: list[tuple[Point, ...]] = []
    crosses: list[tuple[Point, Point]] = []
    words: list[Mark] = []
    for fate in record.levels:
        if fate.symbol != symbol.symbol or fate.high <= frame.low or fate.low >= frame.high:
            continue
        top, bottom = frame.held(fate.high), frame.held(fate.low)
        boxes.append(box(left, top, right, bottom))
        if fate.state == "continue":
            crosses += [((left, top), (right, bottom)), ((left, bottom), (right, top))]
        if fate.state in ("continue", "reject"):
            words += _fate_words(form, left, (top + bottom) / 2, fate)
    width = form.thin(1.1)
    dashes = (form.thin(3), form.thin(2))
    return [
        Shape(paths=tuple(boxes), closed=True, stroke="ink", width=width, dashes=dashes),
        line(crosses, "ink", width),
        *words,
    ]


def _fate_words(form: Form, left: float, middle: float, fate: LevelFate) -> list[Mark]:
    """Say what became of a zone, on a plate left of its box; a phone has no room for it."""
    if not form.plan:
        return []
    said = f"yesterday\u2019s {fate.label}, {'swept' if fate.state == 'continue' else 'turned back'}"
    text = Text(
        x=left - 4, y=middle + CAP * form.small, runs=(Run(words=said, weight=600),), size=form.small, align="right"
    )
    return [plate(text), text]


def plate(text: Text) -> Shape:
    """Lay paper under words, so that nothing runs through them."""
    left, top, right, bottom = text.box
    return area([box(left - 1, top, right + 1, bottom)], "paper", opacity=0.85)


# ---- The hours ahead: cone and events ----


def cone(frame: Frame, symbol: SymbolBrief) -> list[Mark]:
    """Draw how far price may go: nine in ten days inside, the middle dashed; nothing without a range forecast."""
    form, known = frame.form, symbol.cone
    if isinstance(known, Missing) or not known.steps:
        why = Run(words="range not known", role="muted")
        told = Text(x=form.later - 3, y=form.bottom - form.em(1), runs=(why,), size=form.small, align="right")
        return [told] if form.roomy else []
    xs = [form.now + form.strip * i / (len(known.steps) - 1) for i in range(len(known.steps))]

    def edge(which: int, sign: int) -> list[Point]:
        far = (known.price * float(np.exp(sign * step[which])) for step in known.steps)
        return [(x, frame.held(price)) for x, price in zip(xs, far, strict=True)]

    upper, lower = edge(2, 1), edge(2, -1)
    width = form.thin(0.9)
    marks: list[Mark] = [
        area([[*upper, *reversed(lower)]], "ink", opacity=0.1),
        line([upper, lower], "axis", width),
        line([edge(1, 1), edge(1, -1)], "axis", width, (form.thin(3), form.thin(2))),
    ]
    if form.plan:
        said = (("9 in 10 below", upper[-1][1] - form.small_em(0.35)), ("9 in 10 above", lower[-1][1] + form.small))
        for words, y in said:
            run = Run(words=words, role="muted")
            at = min(max(y, form.top + form.small), form.bottom - form.small_em(0.3))
            text = Text(x=form.later - 3, y=at, runs=(run,), size=form.small, align="right")
            marks += [plate(text), text]
    return marks


def events(frame: Frame, brief: Brief, symbol: SymbolBrief, taken: Sequence[Box]) -> list[Mark]:
    """Draw the heaviest events inside the horizon, each with its name and hour as high as other words let it stand.

    The first mark is their lines, on which other words may lie.

    Args:
        frame: The axes.
        brief: Whose events.
        symbol: Those of other coins are left out.
        taken: Where words stand already.
    """
    form = frame.form
    ahead = [one for one in brief.events if one.lowers and one.concerns(symbol.base) and one.hours_away > 0]
    chosen = sorted(sorted(ahead, key=lambda one: one.urgency)[:_MOST_EVENTS], key=lambda one: one.hours_away)
    lines: list[tuple[Point, Point]] = []
    words: list[Mark] = []
    taken = list(taken)
    for one in chosen:
        x = min(frame.x(frame.now_ms + one.hours_away * HOUR_MS), form.later - 1)
        lines.append(((x, form.top), (x, form.bottom)))
        base = max(x - form.thin(3), form.now + form.small + form.thin(4))
        name = notation.shortened(one.name, _LONGEST_NAME)
        at = round(frame.now_ms + one.hours_away * HOUR_MS)
        runs = (Run(words=f"{name} {clock(at)}" if one.time_known else name, role="warn"),)
        text = Text(x=base, y=form.top, runs=runs, size=form.small, turned=True)
        text = replace(text, y=form.top + form.thin(4) + text.width)
        while text.y <= form.bottom and (met := [other for other in taken if _meet(text.box, other)]):
            text = replace(text, y=max(bottom for *_, bottom in met) + form.thin(3) + text.width)
        if text.y <= form.bottom:
            words += [plate(text), text]
            taken.append(text.box)
    dashes = (form.thin(2), form.thin(2))
    return [line(lines, "warn", form.thin(1.2), dashes), *words]


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


_LONGEST_NAME: Final = 18


# ---- Now: the profile ----


def zone_tints(frame: Frame, zones: Sequence[Zone]) -> Iterator[Mark]:
    """Tint each zone from now to the end of the profile, with a solid mark where it begins."""
    form = frame.form
    for zone in zones:
        top, bottom = frame.held(zone.high), frame.held(zone.low)
        if bottom - top < 0.5 and not frame.low < zone.low < frame.high:
            continue
        bottom = max(bottom, top + form.thin(1.5))
        role = side_role(zone.liquidated_side)
        yield area([box(form.now, top, form.bars_end, bottom)], role, opacity=0.18)
        yield area([box(form.now, top, form.now + form.thin(4), bottom)], role)


def profile(frame: Frame, picture: HeatmapPicture, symbol: SymbolBrief, price: Price) -> tuple[list[Mark], float]:
    """Draw the bars of the map now: pale with an end in the side's colour, whole inside a zone; whiskers span draws.

    Returns:
        The marks, and the end of the axis, percent per 0.1 % of price.
    """
    form = frame.form
    edges = np.array(picture.profile_price)
    shown = [i for i in range(len(edges) - 1) if edges[i + 1] > frame.low and edges[i] < frame.high]
    scale = profile_scale([picture.profile_share[i] for i in shown])
    pale: dict[Role, list[tuple[Point, ...]]] = {}
    whiskers: list[tuple[Point, Point]] = []
    titled: list[Mark] = []
    for i in shown:
        middle = float(np.sqrt(edges[i] * edges[i + 1]))
        side = Side.SHORT if middle > price else Side.LONG
        loud = any(z.low <= middle <= z.high and z.liquidated_side is side for z in symbol.zones)
        top, bottom = frame.held(edges[i + 1]) + form.thin(0.4), frame.held(edges[i]) - form.thin(0.4)
        share = picture.profile_share[i]
        if bottom <= top or share <= 0:
            continue
        end = form.bars + min(share / scale, 1.0) * form.profile
        cap = max(form.thin(TOP), 1.0)
        pale.setdefault(side_role(side, "" if loud else "_4"), []).append(box(form.bars, top, end, bottom))
        if not loud:
            pale.setdefault(side_role(side), []).append(
                box(max(end - cap, form.bars), top, max(end, form.bars + cap), bottom)
            )
        y = (top + bottom) / 2
        low, high = (min(value / scale, 1.04) for value in (picture.profile_low[i], picture.profile_high[i]))
        whiskers.append(((form.bars + low * form.profile, y), (form.bars + high * form.profile, y)))
        if form.roomy:
            values = (share, picture.profile_low[i], picture.profile_high[i])
            now, least, most = (notation.grouped(value, 2) for value in values)
            said = f"{notation.price_range(edges[i], edges[i + 1], symbol.price_decimals)}: {now}{notation.THIN}%"
            over = box(form.bars, top, form.bars_end, bottom)
            titled.append(Shape(paths=(over,), closed=True, title=f"{said}, {least}\u2013{most} in 8 of 10 draws"))
    marks: list[Mark] = [area(paths, role) for role, paths in pale.items()]
    marks.append(line(whiskers, "ink", form.thin(0.7)))
    marks.append(line([((form.bars, form.top), (form.bars, form.bottom))], "axis", form.weight))
    return [*marks, *titled], scale


def exact_levels(frame: Frame, symbol: SymbolBrief) -> list[Mark]:
    """Draw a hollow diamond at each level of a known position, larger for a larger one."""
    if not isinstance(symbol.exact, ExactLayer):
        return []
    inside = [one for one in symbol.exact.levels if frame.low <= one.price <= frame.high]
    if not inside:
        return []
    form = frame.form
    most = max(one.notional for one in inside)
    marks: list[Mark] = []
    for one in sorted(inside, key=lambda level: (level.notional, level.price)):
        half = form.thin(_DIAMOND[0] + _DIAMOND[1] * (one.notional / most) ** 0.5)
        x, y = form.bars_end - form.thin(6), frame.y(one.price)
        diamond = ((x, y - half), (x + half, y), (x, y + half), (x - half, y))
        marks.append(Shape(paths=(diamond,), closed=True, fill="paper", stroke="ink", width=form.thin(1.2)))
    return marks


# ---- The plan: risk, entry, reward ----


def plan_ruler(frame: Frame, plan: ZonePlan, symbol: SymbolBrief) -> list[Mark]:
    """Draw one plan: dotted from out to entry, solid from entry to the first target, a hollow dot at the alert."""
    form = frame.form
    if plan.line is None or not form.plan:
        return []
    w = form.weight
    x = form.bars_end + form.thin(18 if form.roomy else 10)
    out, entry = frame.held(plan.invalidation), frame.held(plan.line)
    up = plan.de_risk > plan.line
    target = frame.y(plan.de_risk)
    target = max(target, form.top - 8 * w) if up else min(target, form.bottom + 6 * w)
    head = 5 * w if up else -5 * w
    tip = ((x - form.thin(3.6), target + head), (x + form.thin(3.6), target + head), (x, target))
    role: Role = "muted" if plan.no_trade else "ink"
    said = (
        f"Plan {plan.label}: entry {notation.price(plan.line, symbol.price_decimals)}, out "
        f"{notation.price(plan.invalidation, symbol.price_decimals)}, first target "
        f"{notation.price(plan.de_risk, symbol.price_decimals)}"
    )
    marks: list[Mark] = [
        line([((x, out), (x, entry))], role, form.thin(1.2), (2 * w, 2 * w)),
        line(
            [
                ((x - form.thin(4.5), out), (x + form.thin(4.5), out)),
                ((x - form.thin(4.5), entry), (x + form.thin(4.5), entry)),
            ],
            role,
            form.thin(1.4),
        ),
        Shape(paths=(((x, entry), (x, target + head)),), stroke=role, width=3 * w, title=said),
        area([tip], role),
    ]
    if frame.low <= plan.alert <= frame.high:
        y, r = frame.y(plan.alert), form.thin(2.8)
        ring = tuple((x + r * float(np.cos(a)), y + r * float(np.sin(a))) for a in np.linspace(0, 2 * np.pi, 13)[:-1])
        marks.append(Shape(paths=(ring,), closed=True, fill="paper", stroke=role, width=form.thin(1.2)))
    if plan.reward_to_risk is not None:
        middle = (entry + target) / 2
        run = Run(words=notation.reward(plan.reward_to_risk), role=role, weight=600)
        marks.append(Text(x=x + 7 * w, y=middle + CAP * form.size, runs=(run,), size=form.size))
    return marks
