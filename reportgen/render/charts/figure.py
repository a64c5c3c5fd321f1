"""The figure of one symbol: past, now, the hours ahead, the profile, the plan and the words on one price axis.

Stands inside the last arrow, Brief -> bytes. Only a zone is loud; nothing is drawn that brief.json does not hold. The
ground of the past shows what still stands of the map at each price and hour. It has one denominator, today's: a cell is
the smaller of the mass then and now, so the right edge is the profile now, and only rows inside a zone are loud.
"""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reportgen import notation
from reportgen.brief.types import Brief, SymbolBrief
from reportgen.errors import RenderError
from reportgen.guide.zones import Zone
from reportgen.liquidation.picture import HeatmapPicture
from reportgen.render.charts import panels
from reportgen.render.charts.axes import FORMS, Form, FormName, Frame, price_ticks, price_window, time_ticks
from reportgen.render.charts.panels import CAP, Bars, merged, side_role
from reportgen.render.charts.spine import SpineRow, spine_rows, stack, zone_name
from reportgen.render.charts.surface import (
    Drawing,
    Group,
    Mark,
    Point,
    Raster,
    Run,
    Shape,
    Text,
    area,
    box,
    line,
    text_width,
)  # fmt: skip
from reportgen.render.colours import PALE_EDGES, ZONE_EDGES, Role
from reportgen.render.page_helpers import clock, stale
from reportgen.units import DAY_MS, HOUR_MS, Bools, Milliseconds, Missing, Price, Side

ROLES: Final[tuple[Role | None, ...]] = (
    "paper", None,
    "short_1", "short_2", "short_3", "short_4", "short_z1", "short_z2", "short_z3",
    "long_1", "long_2", "long_3", "long_4", "long_z1", "long_z2", "long_z3",
)  # fmt: skip
_GONE: Final = 1
_FIRST: Final = {Side.SHORT: 2, Side.LONG: 9}
"""A side's palest step among the roles; its zone steps follow its pale ones."""
_GONE_FROM: Final = 0.5
"""Percent of the side per 0.1 % of price that must have stood there to be missed."""
_ROUNDING: Final = 1e-9  # a level that should stand exactly on an edge belongs to the step above it


def levels(packed: str, rows: int, columns: int) -> NDArray[np.uint8]:
    """Unpack one side's levels.

    Returns:
        Shape (rows, columns), row 0 lowest.

    Raises:
        RenderError: The text is damaged or does not fill the grid.
    """
    try:
        size = rows * columns
        raw = zlib.decompressobj().decompress(base64.b64decode(packed, validate=True), size + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise RenderError(f"The brief's heatmap is damaged ({error}): make the brief again.") from error
    if len(raw) != size:
        raise RenderError(f"The brief's heatmap does not hold {rows} x {columns} cells: make the brief again.")
    return np.frombuffer(raw, dtype=np.uint8).reshape(rows, columns)


def column_ms(picture: HeatmapPicture) -> Milliseconds:
    """Measure the length of a column: the usual step between their ends, an hour when there is only one."""
    return int(np.median(np.diff(picture.time_ms))) if picture.columns > 1 else HOUR_MS


def classes(picture: HeatmapPicture, symbol: SymbolBrief, rows: tuple[int, int]) -> NDArray[np.uint8]:
    """Class some rows of cells by ROLES: nothing, gone, or a step of the side that stands there now.

    Args:
        picture: The map over time.
        symbol: Whose zones are loud.
        rows: The first, and the one after the last.

    Returns:
        Shape (rows, columns), the lowest row first.
    """
    shown = slice(*rows)
    packed = {Side.SHORT: picture.short_levels, Side.LONG: picture.long_levels}
    then = {side: levels(text, picture.rows, picture.columns)[shown] for side, text in packed.items()}
    stands = {side: np.minimum(mass, mass[:, -1:]) for side, mass in then.items()}
    gone = np.maximum(*then.values()) - np.maximum(*stands.values())
    made = np.where(gone * picture.level_step >= _GONE_FROM - _ROUNDING, np.uint8(_GONE), np.uint8(0))
    percent = np.arange(256) * picture.level_step + _ROUNDING
    for side, mass in stands.items():
        # What a level is called, outside zones and inside.
        pale, loud = (np.searchsorted(edges, percent, side="right") for edges in (PALE_EDGES, ZONE_EDGES))
        loud[loud > 0] += len(PALE_EDGES)
        called = np.stack([pale, loud])
        called[called > 0] += _FIRST[side] - 1
        step = called.astype(np.uint8)[zone_rows(picture, symbol, side)[shown, np.newaxis].astype(np.intp), mass]
        made = np.where(step > 0, step, made)
    return made


def zone_rows(picture: HeatmapPicture, symbol: SymbolBrief, side: Side) -> Bools:
    """Mark the rows whose middle lies in a zone of a side; shape (rows,)."""
    middle = picture.price_low * np.exp(picture.row_log_step * (np.arange(picture.rows) + 0.5))
    inside = np.zeros(picture.rows, dtype=bool)
    for zone in symbol.zones:
        if zone.liquidated_side is side:
            inside |= (middle >= zone.low) & (middle <= zone.high)
    return inside


def ground(picture: HeatmapPicture, symbol: SymbolBrief, frame: Frame, rows: tuple[int, int]) -> Raster | None:
    """Colour the past, one pixel a cell.

    Args:
        picture: The map over time.
        symbol: Whose; its zones are loud.
        frame: Its axes; from_ms lies on the edge of a column.
        rows: First row, and the one after the last, that the frame shows.
    """
    width = column_ms(picture)
    ends = np.asarray(picture.time_ms)
    shown = np.flatnonzero(ends - width >= frame.from_ms)
    if not len(shown):
        return None
    cells = classes(picture, symbol, rows)[::-1, shown]
    # A time without a column shows nothing: columns lie where their hours are.
    at = (ends[shown] - frame.from_ms) // width - 1
    laid = np.zeros((len(cells), (frame.now_ms - frame.from_ms) // width), dtype=np.uint8)
    inside = at < laid.shape[1]
    laid[:, at[inside]] = cells[:, inside]
    form = frame.form
    return Raster(x=form.left, y=form.top, width=form.past, height=form.bottom - form.top, cells=laid, roles=ROLES)


_THIN = notation.THIN
_LINE = 1.25  # text sizes from baseline to baseline
_LOUD = 1.5  # width of a zone's swatch in pale ones


def draw_figure(brief: Brief, symbol: SymbolBrief, name: FormName) -> Drawing | None:
    """Draw a symbol; None when it has no map or no price.

    Raises:
        RenderError: The symbol's picture is damaged.
    """
    picture = symbol.heatmap
    if isinstance(picture, Missing) or isinstance(symbol.price, Missing):
        return None
    price = symbol.price
    frame, rows, bars = _frame(brief, symbol, picture, price, FORMS[name])
    form = frame.form
    under = ground(picture, symbol, frame, rows)
    drawn, scale = panels.profile(frame, picture, symbol, price)
    zones: list[Mark] = list(panels.zone_tints(frame, symbol.zones))
    groups, spine = _words(frame, symbol, price) if form.spine else (_letters(frame, symbol, price), [])
    cone = panels.cone(frame, symbol)
    loose = [one for mark in (*cone, *groups) for one in (mark.marks if isinstance(mark, Group) else (mark,))]
    events = panels.events(frame, brief, symbol, [one.box for one in loose if isinstance(one, Text)])
    marks: list[Mark] = [
        panels.hatched(form, form.left, form.top, form.now, form.bottom),
        *([under] if under is not None else []),
        *zones,
        events[0],
        panels.levels(frame, symbol),
        *cone,
        *events[1:],
        *panels.yesterday(frame, brief, symbol),
        *panels.candles(frame, bars, symbol.price_decimals),
        *drawn,
        *panels.exact_levels(frame, symbol),
        *_price_line(frame, symbol, price),
        *(
            mark
            for plan in symbol.plan
            if plan.label != "C" and not stale(symbol)
            for mark in panels.plan_ruler(frame, plan, symbol)
        ),
        *groups,
        *spine,
        *_head(frame),
        *_foot(frame, scale),
        *_price_labels(frame, price),
    ]
    return Drawing(
        kind=name, width=form.width, height=form.height, label=symbol.heatmap_alt or symbol.finding, marks=tuple(marks)
    )


def _frame(
    brief: Brief, symbol: SymbolBrief, picture: HeatmapPicture, price: Price, form: Form
) -> tuple[Frame, tuple[int, int], Bars]:
    """Lay the axes: the price range ends on edges of the picture's rows, the past begins on one of a column."""
    width = column_ms(picture)
    now = picture.time_ms[-1]
    days = min(form.days * DAY_MS, now - picture.time_ms[0] + width)
    start = now - max(1, round(days / width)) * width
    bars = merged(picture, round(form.candle_hours * HOUR_MS), start)
    usual = math.inf if isinstance(symbol.structure, Missing) else symbol.structure.atr
    own = (price, price)
    if len(bars.open_ms):
        own = picture.body_range(bars.open, bars.high, bars.low, bars.close, usual)
    others = [price]
    if not isinstance(symbol.cone, Missing):
        others += [symbol.cone.low[0], symbol.cone.high[-1]]
    # Order zones as the price range takes them in: nearest first.
    nearest = {
        side: min((z.distance_fraction for z in symbol.zones if z.side == side), default=0.0)
        for side in ("above", "below")
    }
    ordered = sorted(symbol.zones, key=lambda zone: zone.distance_fraction)
    low, high = price_window(
        own, others, [(zone.low, zone.high, zone.distance_fraction <= nearest[zone.side]) for zone in ordered]
    )
    step = picture.row_log_step
    first = min(max(math.floor(math.log(low / picture.price_low) / step), 0), picture.rows - 1)
    last = min(max(math.ceil(math.log(high / picture.price_low) / step), first + 1), picture.rows)
    frame = Frame(
        form=_with_room(form, symbol, low, high, price),
        low=picture.price_low * math.exp(step * first),
        high=picture.price_low * math.exp(step * last),
        from_ms=start,
        now_ms=now,
        horizon_hours=brief.horizon_hours,
    )
    return frame, (first, last), bars


def _with_room(form: Form, symbol: SymbolBrief, low: Price, high: Price, price: Price) -> Form:
    """Give the price labels the room that they need, at the cost of the past."""
    ticks, decimals = _ticks(form, low, high)
    longest = max((text_width(notation.price(at, decimals), form.small) for at in ticks), default=0.0)
    if form.left:
        more = max(0.0, longest + form.thin(7) - form.left)
        return replace(form, left=form.left + more, past=form.past - more)
    tag = text_width(notation.price(price, symbol.price_decimals), form.size, 600) + 6
    return replace(form, past=form.past - max(0.0, max(longest + 3, tag) - (form.width - form.bars_end)))


def _ticks(form: Form, low: Price, high: Price) -> tuple[tuple[Price, ...], int]:
    return price_ticks(low, high, (form.bottom - form.top) / form.em(3.4))


def _outside(frame: Frame, zone: Zone) -> bool:
    return zone.low >= frame.high or zone.high <= frame.low


# ---- Head, foot, price labels ----


def _head(frame: Frame) -> list[Mark]:
    """Name each panel and explain its colours, two lines over it."""
    form = frame.form
    hours = f"{frame.horizon_hours:g}{_THIN}h"
    days = (frame.now_ms - frame.from_ms) / DAY_MS
    past = f"Past {days:.0f} days" if days >= 1.5 else f"Past {days * 24:.0f}{_THIN}h"
    two = form.top - form.em(0.8 if form.plan else 1)
    one = two - form.em(1.25 if form.plan else 1.5)
    marks: list[Mark] = [_bold(form.left, one, past, form)]
    if form.plan:
        marks += _legend(form, form.left + text_width(past, form.size, 600) + form.em(1.6), one, two)
        marks += [_bold(form.now + form.thin(3), one, f"Next {hours}", form), _bold(form.bars, one, "Now", form)]
        marks.append(_small(form.now + form.thin(3), two, f"time \u00d7{frame.stretch:.1f}".replace(".0", ""), form))
        marks.append(_small(form.bars, two, f"% per 0.1{_THIN}%", form))
        plan = form.bars_end + form.thin(5)
        marks += [_bold(plan, one, "Plan", form), _small(plan, two, "risk, reward" if form.roomy else "R:R", form)]
    else:
        marks += _legend(form, form.left, two, two)
        marks += [_bold(form.now + 3, one, f"+{hours}", form), _bold(form.bars, one, "Now", form)]
    return marks


def _legend(form: Form, x: float, one: float, two: float) -> list[Mark]:
    """Show the four pale steps and the zone's colour of each side, and the hatching."""
    marks: list[Mark] = []
    wide = form.roomy
    cell = form.size * (1.2 if wide else 0.72)
    high = form.em(0.75)
    side_words = (
        {Side.SHORT: "shorts, above", Side.LONG: "longs, below"} if wide else {Side.SHORT: "shorts", Side.LONG: "longs"}
    )
    for side in (Side.SHORT, Side.LONG):
        roles: list[Role] = [side_role(side, f"_{step}") for step in (1, 2, 3, 4)]
        marks += [area([box(x + i * cell, one - high, x + (i + 1) * cell, one)], role) for i, role in enumerate(roles)]
        loud = _LOUD * cell
        marks.append(area([box(x + 4 * cell, one - high, x + 4 * cell + loud, one)], side_role(side, "_z2")))
        end = x + 4 * cell + loud
        word = Run(words=side_words[side], role=side_role(side, "_text"))
        if one == two:
            marks.append(Text(x=end + 4, y=two, runs=(word,), size=form.small))
            x = end + 4 + text_width(word.words, form.small) + 10
            continue
        marks.append(Text(x=x, y=two, runs=(word,), size=form.small))
        if wide:
            marks.append(Text(x=end + 4, y=one, runs=(Run(words="zone", role="muted"),), size=form.small))
            end += 4 + text_width("zone", form.small)
        x = max(end, x + text_width(word.words, form.small)) + form.em(1.1)
    width = form.em(2.2)
    marks.append(panels.hatched(form, x, one - high, x + width, one))
    at = (x + width + 4, two) if one == two else (x, two)
    marks.append(_small(*at, "gone since" if wide or one == two else "gone", form))
    return marks


def _foot(frame: Frame, scale: float) -> list[Mark]:
    """Write the time below past and strip, and the profile's scale below it."""
    form = frame.form
    y = form.bottom + (1.45 if form.plan else 1.3) * form.small
    now = clock(frame.now_ms)
    clear = form.now - text_width(now, form.small, 600) / 2 - 4
    marks: list[Mark] = []
    ticks: list[tuple[Point, Point]] = []
    taken = -math.inf
    for at, words in time_ticks(frame.from_ms, frame.now_ms, form.past / (form.small_em(4.6))):
        x, half = frame.x(at), text_width(words, form.small) / 2
        if x + half > clear or x - half < taken + 3 or x - half < 0:
            continue
        ticks.append(((x, form.bottom), (x, form.bottom + form.thin(4))))
        marks.append(Text(x=x, y=y, runs=(Run(words=words, role="muted"),), size=form.small, align="center"))
        taken = x + half
    marks.append(line(ticks, "axis", form.weight))
    marks.append(Text(x=form.now, y=y, runs=(Run(words=now, weight=600),), size=form.small, align="center"))
    if form.plan:
        ahead = Run(words=f"+{frame.horizon_hours:g}{_THIN}h", role="muted")
        marks.append(Text(x=form.later - form.thin(2), y=y, runs=(ahead,), size=form.small, align="right"))
    marks.append(_small(form.bars, y, "0", form))
    end = form.bars_end if form.plan else form.width
    top = Run(words=f"{scale:g}{_THIN}%", role="muted")
    marks.append(Text(x=end, y=y, runs=(top,), size=form.small, align="right"))
    return marks


def _price_labels(frame: Frame, price: Price) -> list[Mark]:
    """Write round prices beside the panels, none where the last price has its tag."""
    form = frame.form
    found, decimals = _ticks(form, frame.low, frame.high)
    marks: list[Mark] = []
    for at in found:
        y = frame.y(at)
        if not form.top + form.em(0.4) < y < form.bottom - form.em(0.2):
            continue
        run = Run(words=notation.price(at, decimals), role="muted")
        if form.left:
            marks.append(
                Text(x=form.left - form.thin(5), y=y + CAP * form.small, runs=(run,), size=form.small, align="right")
            )
        elif abs(y - frame.held(price)) > form.em(1.5):
            marks.append(Text(x=form.bars_end + 3, y=y + CAP * form.small, runs=(run,), size=form.small))
    return marks


def _price_line(frame: Frame, symbol: SymbolBrief, price: Price) -> list[Mark]:
    """Draw now and the last price; a phone's tag stands at the profile's end."""
    form = frame.form
    y = frame.held(price)
    end = form.bars_end if not form.spine else form.words - form.thin(14.5)
    marks: list[Mark] = [
        line([((form.left, y), (end, y))], "ink", form.thin(1.1)),
        line([((form.now, form.top - form.thin(5)), (form.now, form.bottom))], "ink", form.thin(1.5)),
    ]
    if not form.spine:
        marks += _tag(form, form.bars_end, y, notation.price(price, symbol.price_decimals))
    return marks


def _tag(form: Form, x: float, y: float, words: str) -> list[Mark]:
    """Write a price on ink."""
    pad = form.thin(6) if form.spine else 3.0
    half = form.em(0.85)
    width = text_width(words, form.size, 600) + 2 * pad
    text = Text(x=x + pad, y=y + CAP * form.size, runs=(Run(words=words, role="paper", weight=600),), size=form.size)
    return [area([box(x, y - half, x + width, y + half)], "ink"), text]


# ---- The spine, and a phone's letters ----


def _words(frame: Frame, symbol: SymbolBrief, price: Price) -> tuple[list[Mark], list[Mark]]:
    """Write the spine: every row at its price, pushed outward from the last price, with a leader."""
    form = frame.form
    seen = [
        row
        for row in spine_rows(symbol, frame.horizon_hours)
        if row.level is None or frame.low < row.level.price < frame.high
    ]
    rows = _fitting(frame, seen)
    pinned = next(i for i, row in enumerate(rows) if row.is_price)
    heights = [_height(form, row) for row in rows]
    wanted = [frame.held(row.price) for row in rows]
    # A zone's first line stands beside its middle while there is room.
    wanted = [
        y + (h - form.size * _LINE) / 2 if row.zone else y for y, h, row in zip(wanted, heights, rows, strict=True)
    ]
    middles = stack(wanted, heights, pinned, top=form.top - form.em(0.5), bottom=form.height - 1, gap=form.em(0.16))
    groups: list[Mark] = []
    others: list[Mark] = []
    for row, middle, height in zip(rows, middles, heights, strict=True):
        first = middle - height / 2 + form.size
        if row.is_price:
            others += _price_row(frame, symbol, price, middle)
        elif row.zone is not None:
            groups.append(_zone_group(frame, symbol, row, row.zone, first))
        else:
            runs = _fit(row.lines[0], form.size, form.width - form.words)
            others.append(Text(x=form.words, y=first, runs=runs, size=form.size))
            if row.level is not None:
                at = frame.y(row.price)
                joint = (
                    (form.words - form.thin(16), at),
                    (form.words - form.thin(3), first - CAP * form.size),
                )
                others.append(line([joint], "axis", form.thin(0.8)))
    return groups, others


def _fitting(frame: Frame, rows: list[SpineRow]) -> list[SpineRow]:
    """Leave out the farthest levels where the words would not fit."""
    form = frame.form
    room = form.height - form.top + form.em(0.5)
    while sum(_height(form, row) + form.em(0.16) for row in rows) > room and any(row.level for row in rows):
        far = max((row for row in rows if row.level), key=lambda row: row.level.distance_fraction if row.level else 0)
        rows = [row for row in rows if row is not far]
    return rows


def _height(form: Form, row: SpineRow) -> float:
    if row.is_price:
        return form.em(1.75)
    return form.size * _LINE + form.small * _LINE * (len(row.lines) - 1)


def _price_row(frame: Frame, symbol: SymbolBrief, price: Price, middle: float) -> list[Mark]:
    form = frame.form
    words = notation.price(price, symbol.price_decimals)
    tag = _tag(form, form.words, middle, words)
    after = form.words + text_width(words, form.size, 600) + form.thin(12) + form.thin(5)
    said = Run(
        words=f"last, {clock(symbol.price_time_ms)} UTC" if symbol.price_time_ms is not None else "last", role="muted"
    )
    at = frame.held(price)
    joint = ((form.words - form.thin(14.5), at), (form.words, middle))
    return [
        line([joint], "ink", form.thin(1.1)),
        *tag,
        Text(x=after, y=middle + CAP * form.small, runs=(said,), size=form.small),
    ]


def _zone_group(frame: Frame, symbol: SymbolBrief, row: SpineRow, zone: Zone, first: float) -> Group:
    """Write a zone's rows with its letter, and the bracket around its prices."""
    form = frame.form
    role = side_role(zone.liquidated_side)
    letter = form.em(1.2)
    marks: list[Shape | Text] = _letter(form, form.words, first - CAP * form.size, zone)
    indent = form.words + letter + form.thin(5)
    lines = list(row.lines)
    y = first
    if _outside(frame, zone):
        lines[1] = (Run(words=f"beyond the figure · {lines[1][0].words}", role="muted"), *lines[1][1:])
    for i, runs in enumerate(lines):
        size = form.size if i == 0 else form.small
        marks.append(Text(x=indent, y=y, runs=_fit(runs, size, form.width - indent), size=size))
        y += form.small * _LINE
    spine = form.words - form.thin(13.5)
    if _outside(frame, zone):
        marks.append(_beyond(frame, zone, form.words - form.thin(7), first - CAP * form.size))
    else:
        marks += _bracket(frame, zone, spine, (form.words - form.thin(2), first - CAP * form.size), role)
    return Group(marks=tuple(marks), label=zone_name(zone, symbol, frame.horizon_hours))


def _fit(runs: tuple[Run, ...], size: float, room: float) -> tuple[Run, ...]:
    """Leave out the last words of a line that is too long for its room, a clause at a time."""
    kept = list(runs)
    if sum(text_width(run.words, size, run.weight) for run in kept) > room:  # the head of the page says which days
        kept = [replace(run, words=run.words.replace(" usual day", " day")) for run in kept]
    while len(kept) > 1 and sum(text_width(run.words, size, run.weight) for run in kept) > room:
        kept.pop()
    if len(kept) == 1 and text_width(kept[0].words, size, kept[0].weight) > room and " · " in kept[0].words:
        head = kept[0].words.rpartition(" · ")[0]
        return _fit((Run(words=head, role=kept[0].role, weight=kept[0].weight),), size, room)
    return tuple(kept)


def _letter(form: Form, x: float, middle: float, zone: Zone) -> list[Shape | Text]:
    half = form.em(0.6)
    run = Run(words=zone.label, role="paper", weight=600)
    return [
        area([box(x, middle - half, x + 2 * half, middle + half)], side_role(zone.liquidated_side)),
        Text(x=x + half, y=middle + CAP * form.size, runs=(run,), size=form.size, align="center"),
    ]


def _bracket(frame: Frame, zone: Zone, x: float, to: Point, role: Role) -> list[Shape | Text]:
    form = frame.form
    top, bottom = frame.held(zone.high), frame.held(zone.low)
    if bottom - top < form.thin(3):
        middle = (top + bottom) / 2
        top, bottom = middle - form.thin(1.5), middle + form.thin(1.5)
    jaw = form.thin(6)
    return [
        line([((x - jaw, top), (x, top), (x, bottom), (x - jaw, bottom))], role, form.thin(2)),
        line([((x, (top + bottom) / 2), to)], role, form.thin(0.8)),
    ]


def _beyond(frame: Frame, zone: Zone, x: float, middle: float) -> Shape:
    """Point from a letter to its zone beyond the figure."""
    size = frame.form.thin(4)
    away = -size if zone.low >= frame.high else size
    return area(
        [((x - size, middle - away), (x + size, middle - away), (x, middle + away))], side_role(zone.liquidated_side)
    )


def _letters(frame: Frame, symbol: SymbolBrief, price: Price) -> list[Mark]:
    """Put each zone's letter into the strip, where a phone's list below finds it; letters keep apart."""
    form = frame.form
    zones = sorted(symbol.zones, key=lambda one: -one.low)
    height = form.em(1.3)
    wanted = [(frame.held(zone.low) + frame.held(zone.high)) / 2 for zone in zones]
    above = sum(zone.low + zone.high > 2 * price for zone in zones)
    wanted.insert(above, frame.held(price))
    heights = [height] * len(zones)
    heights.insert(above, 0.0)
    placed = list(stack(wanted, heights, above, top=form.top, bottom=form.bottom, gap=1))
    del placed[above]
    marks: list[Mark] = []
    for zone, y in zip(zones, placed, strict=True):
        letter = _letter(form, form.now + 7, y, zone)
        if _outside(frame, zone):
            letter.append(_beyond(frame, zone, form.now + 7 + form.em(1.8), y))
        marks.append(Group(marks=tuple(letter), label=zone_name(zone, symbol, frame.horizon_hours)))
    return marks


def _bold(x: float, y: float, words: str, form: Form) -> Text:
    return Text(x=x, y=y, runs=(Run(words=words, weight=600),), size=form.size)


def _small(x: float, y: float, words: str, form: Form) -> Text:
    return Text(x=x, y=y, runs=(Run(words=words, role="muted"),), size=form.small)
