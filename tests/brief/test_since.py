"""What a brief says with its own levels and with the one before it: recalculate-if, new alerts, the headline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reportgen.brief.changes import compare
from reportgen.brief.refresh import recalculate_if
from reportgen.brief.types import Brief, Changes
from reportgen.brief.write import badge, daily_volume, symbol_facts, tell_since
from reportgen.config.assumptions import DEFAULTS
from reportgen.market.data import Candles
from reportgen.units import DAY_MS, HOUR_MS, Missing
from tests.briefs import morning
from tests.guide.readings import context, event, funding, level, open_interest, positioning, structure, surprise


def swept_below() -> tuple[Brief, Brief, Changes]:
    """Let the first symbol fall through its zone below since the brief before."""
    before = morning()
    first = before.symbols[0]
    zone = next(one for one in first.zones if one.side == "below")
    assert not isinstance(first.structure, Missing)
    moved = replace(
        first,
        price=zone.low * 0.99,
        zones=tuple(one for one in first.zones if one.side == "above"),
        structure=replace(first.structure, atr_fraction=0.02),
        change_24h=-0.051,
        daily_volume=2e10,
    )
    now = replace(before, as_of_ms=before.as_of_ms + DAY_MS, symbols=(moved, *before.symbols[1:]))
    return before, now, compare(before, now)


def test_the_headline_tells_what_fell_through_its_zone() -> None:
    """Price traded through all of yesterday's zone: base, letter and the day's change open the page."""
    before, now, changes = swept_below()
    told = tell_since(now, before, changes, DEFAULTS)
    late = tell_since(replace(now, stale="The last bar closed 5 hours before as-of."), before, changes, DEFAULTS)
    assert late.headline == "STALE. The last bar closed 5 hours before as-of. Stand aside until there are fresh data."
    zone = next(one for one in before.symbols[0].zones if one.side == "below")
    assert told.headline.startswith(
        f"BTC traded through the last brief\u2019s zone {zone.label}, \u22125.1\u202f% in 24\u202fh. BTC’s nearest"
    )
    assert told.changes == changes


def test_a_zone_that_was_only_entered_does_not_open_the_page() -> None:
    """Short of the far edge the zone was not traded through."""
    before, now, _ = swept_below()
    zone = next(one for one in before.symbols[0].zones if one.side == "below")
    entered = replace(now.symbols[0], price=(zone.low + zone.high) / 2)
    changes = compare(before, replace(now, symbols=(entered,)))
    assert symbol_facts(entered, changes).fell_through == ""
    assert symbol_facts(now.symbols[0], compare(before, now)).fell_through != ""


def test_the_line_of_alerts_knows_the_brief_before() -> None:
    """The same alerts are none new; without the symbol in the brief before all are."""
    brief = morning()
    symbol = next(one for one in brief.symbols if one.plan)
    before = replace(brief, symbols=tuple(one for one in brief.symbols if one.symbol != symbol.symbol))
    named = replace(symbol, checklist=tuple(replace(one, name="Alerts") for one in symbol.checklist[-1:]))
    brief = replace(brief, symbols=(named,))

    def line(then: Brief) -> str:
        return tell_since(brief, then, compare(then, brief), DEFAULTS).symbols[0].checklist[-1].reading

    assert line(brief).endswith("; none new since the last brief")
    assert "; new since the last brief: " in line(before)


def test_the_six_reasons_stand_as_todays_levels() -> None:
    """Price, open interest, funding, event, spot money and volatility each say from where on a new map is due."""
    chart = structure(resistances=(level("above", 0.8),), supports=(level("below", 3.0),))
    market = context(structure=chart, events=(event("US CPI", 9.0),), flows=surprise())
    texts = [one.text for one in recalculate_if(market)]
    volatility = (
        "volatility leaves normal: percentiles of true range and range, now 50 and 50; compressed when both are up to "
        "35, expanding when both are from 65"
    )
    assert texts == [
        "price beyond 95\u202f125 above or 86\u202f875 below",
        "open interest \u00b15\u202f% (binance): below 90\u202f250 or above 99\u202f750\u00a0BTC",
        "funding below \u22120.030\u202f% per 8\u202fh or above +0.050\u202f% per 8\u202fh (longs pay now)",
        "US CPI in 9\u202fh: from 4\u202fh before it",
        "ETF flow beyond z 2.00, or spot share of volume beyond z 2.00",
        volatility,
    ]
    assert recalculate_if(market)[0].levels == (86_875.0, 95_125.0)
    assert recalculate_if(market)[1].levels == pytest.approx((90_250.0, 99_750.0))


def test_a_reason_that_is_not_known_says_so() -> None:
    """Missing inputs leave their reasons without a level, each with why."""
    gone = Missing("The folder has no such table.")
    found = recalculate_if(context(structure=gone, positioning=gone))
    assert [one.levels for one in found] == [()] * 6
    assert found[0].text == "breakout n/a: The folder has no such table"
    assert found[3].text == "an event: none is listed"
    extreme = positioning(funding=funding(extreme=True), open_interest=open_interest())
    assert recalculate_if(context(positioning=extreme))[2].text.endswith("(extreme already)")


def test_daily_volume_is_the_last_days_in_quote_currency() -> None:
    """Bars that closed a day before the last or earlier do not count; without volume there is no figure."""
    n = 30
    one = np.ones(n)
    candles = Candles(
        interval_ms=HOUR_MS, open_time_ms=np.arange(n, dtype=np.int64) * HOUR_MS, open=one, high=one, low=one,
        close=one * 2, volume_base=one * 5, taker_buy_base=Missing("none"),
    )  # fmt: skip
    assert daily_volume(candles) == 24 * 5 * 2
    assert isinstance(daily_volume(replace(candles, volume_base=one * 0)), Missing)


@pytest.mark.parametrize(
    ("lost", "grade"),
    [((), "Good"), (("spot volume",), "Limited"), (("funding",), "Limited"), (("funding", "order book"), "Poor"),
     (("spot volume", "event calendar"), "Limited")],
)  # fmt: skip
def test_the_badge_counts_what_the_page_uses(lost: tuple[str, ...], grade: str) -> None:
    """Any missing input is counted and limits; more than a quarter of the core missing is poor."""
    names = ("candles", "open interest", "funding", "order book", "leverage brackets", "spot volume", "event calendar")
    found = badge([{name: Missing("gone") if name in lost else 1 for name in names}])
    assert (found.grade, found.inputs_known, found.inputs_total) == (grade, 7 - len(lost), 7)
