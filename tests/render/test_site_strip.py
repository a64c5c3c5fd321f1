"""A symbol's mornings on the site: what became of each zone, and where it is drawn."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from reportgen.moments import moment_text
from reportgen.render.charts.ladder import ZoneBand
from reportgen.render.site import draw_strip, mini_ladder, strip_of
from reportgen.render.site.days import Bar, BriefDay, Judged, SymbolDay
from reportgen.units import DAY_MS, HOUR_MS, Milliseconds, Price, Side, Where

FIRST = 1_768_806_000_000
"""19 January 2026, 07:00 UTC."""


def zone(low: Price, high: Price, side: Where = "above", distance_atr: float = 1.0) -> ZoneBand:
    """Give a zone."""
    return ZoneBand(
        label="A" if side == "above" else "B", side=side, low=low, high=high, distance_fraction=0.02,
        liquidated_side=Side.SHORT if side == "above" else Side.LONG, distance_atr=distance_atr, price_inside=False,
    )  # fmt: skip


def judged(touched_ms: Milliseconds | None, symbol: str = "BTC") -> Judged:
    """Say what became of A."""
    return Judged(symbol=symbol, label="A", side="above", low=101.0, high=102.0, touched_ms=touched_ms)


def morning(number: int, *zones: ZoneBand, told: Judged | None = None, settled: bool = True) -> BriefDay:
    """Give a morning with six bars between 99 and 100 before it."""
    at = FIRST + number * DAY_MS
    bars = tuple(Bar(open_ms=at - hours * HOUR_MS, low=99.0, high=100.0) for hours in range(24, 0, -4))
    one = SymbolDay(
        symbol="BTC", base="BTC", price=100.0, decimals=0, change=None, usual_day=2.0, trend="", quality="High",
        zones=zones, bars=bars, ladder=(),
    )  # fmt: skip
    day = moment_text(at)[:10]
    return BriefDay(
        day=day, revision=1, folder=day.replace("-", "/"), as_of_ms=at, headline="Quiet.", grade="Good",
        inputs_known=1, inputs_total=1, simulated=False, symbols=(one,), files=(), judged_ms=at - DAY_MS,
        settled=settled, judged=(told,) if told else (),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("touched", "settled", "fate", "title"),
    [
        (FIRST + HOUR_MS, True, "reached", "1 of 1 zone reached within a day"),
        (FIRST + HOUR_MS, False, "reached", "1 of 1 zone reached within a day"),
        (None, True, "missed", "0 of 1 zone reached within a day"),
        (None, False, "open", "0 of 0 zones reached within a day"),
    ],
)
def test_what_became_of_a_zone_is_what_the_next_morning_says(
    touched: Milliseconds | None,
    settled: bool,  # noqa: FBT001 - of the table
    fate: str,
    title: str,
) -> None:
    """A zone that was not reached counts only once its day has passed; today's stays open."""
    a = zone(101.0, 102.0)
    strip = strip_of([morning(0, a), morning(1, a, told=judged(touched), settled=settled)], "BTC")
    assert strip is not None
    assert [box.fate for box in strip.boxes] == [fate, "open"]
    assert strip.title == title


def test_another_symbols_fate_and_another_mornings_are_not_taken() -> None:
    """Fates belong to the symbol and to the brief that was judged."""
    a = zone(101.0, 102.0)
    other = morning(1, a, told=judged(FIRST, symbol="ETH"))
    late = replace(morning(1, a, told=judged(FIRST)), judged_ms=FIRST - DAY_MS)
    for second in (other, late):
        strip = strip_of([morning(0, a), second], "BTC")
        assert strip is not None
        assert [box.fate for box in strip.boxes] == ["open", "open"]
    assert strip_of([morning(0)], "ETH") is None


def test_a_box_spans_the_day_after_its_morning_and_is_solid_when_reached() -> None:
    """Two mornings and the day after the last fill 332 px from 58 on, after the day of bars before them."""
    a, b = zone(100.2, 100.6), zone(98.5, 98.8, "below")
    strip = strip_of([morning(0, a), morning(1, b, told=judged(FIRST))], "BTC")
    assert strip is not None
    drawn = draw_strip(strip, 394, "What it says")
    assert 'role="img" aria-label="What it says"' in drawn
    day = 332 / 3
    (reached,) = re.findall(r'class="m-short m-reached" d="M([\d.]+) [\d.]+H([\d.]+)V', drawn)
    assert [float(x) for x in reached] == pytest.approx([58 + day + 0.5, 58 + 2 * day - 1], abs=0.06)
    (still,) = re.findall(r'class="m-long m-open" d="M([\d.]+) [\d.]+H([\d.]+)V', drawn)
    assert [float(x) for x in still] == pytest.approx([58 + 2 * day + 0.5, 58 + 3 * day - 1], abs=0.06)
    assert drawn.count("M", drawn.index('m-price" d="')) >= 12
    part = strip.since(FIRST + DAY_MS)
    assert (len(part.bars), [box.start_ms for box in part.boxes]) == (0, [FIRST + DAY_MS])
    assert draw_strip(part, 394, "") == ""


def test_price_keeps_its_part_of_the_height() -> None:
    """Bars from 99 to 100 take two fifths at least: a zone that would leave them less is cut off at the edge."""

    def height(*zones: ZoneBand) -> float:
        strip = strip_of([morning(0, *zones)], "BTC")
        assert strip is not None
        (line,) = re.findall(r'class="m-price" d="M[\d.]+ ([\d.]+)V([\d.]+)', draw_strip(strip, 394, ""))
        return (float(line[1]) - float(line[0])) / (250 - 8 - 24)

    assert height() > 0.9
    assert height(zone(101.0, 101.4)) == pytest.approx(0.4196 / 1.06, abs=0.005)
    assert height(zone(101.0, 101.6)) > 0.9
    assert height(zone(101.0, 101.4), zone(90.0, 91.0, "below")) == pytest.approx(height(zone(101.0, 101.4)))


def test_the_small_ladder_has_the_scale_of_the_large_one() -> None:
    """Eight usual days are half its width less the mark; what lies beyond stands at the end."""
    near, end, beyond = (mini_ladder(morning(0, zone(1.0, 2.0, distance_atr=away))) for away in (4.0, 8.0, 80.0))
    assert 'x="40.5"' in near  # 28 + 1 + 23 / 2
    assert 'x="52.0"' in end
    assert end == beyond
