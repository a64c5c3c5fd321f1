"""The report of a backtest says of events what the split allows, and no more."""

from __future__ import annotations

from dataclasses import replace
from html import unescape

import pytest

from reportgen.cli.backtest_table import table
from reportgen.render.backtest import render_backtest
from reportgen.track_record.result import EventSplit, SplitVerdict, as_record
from reportgen.track_record.verdict import findings_of
from reportgen.units import Missing
from tests.track_record.results import found, interval

pytestmark = pytest.mark.usefixtures("unprinted")


def split(verdict: SplitVerdict) -> EventSplit:
    """Give a split with a verdict."""
    return EventSplit(
        events=9, zones_near=31, zones_away=215, days_near=12, days_away=77, tapped_near=0.4, tapped_away=Missing("x"),
        taps_beyond_distance=interval(0.123), reject_given_tap=Missing("No zone was tapped."), verdict=verdict,
        why="Why & <so>.",
    )  # fmt: skip


@pytest.mark.parametrize("verdict", ["different near events", "not distinguishable", "insufficient evidence"])
def test_the_verdict_its_reason_and_both_sides_stand_on_page_and_terminal(verdict: SplitVerdict) -> None:
    """Page, terminal and record carry the same verdict, with the size of both sides."""
    result = replace(found(), near_events=split(verdict))
    page = render_backtest(result, findings_of(result))["html"].decode()
    lines = "\n".join(table(replace(result, map_scores=())))
    for text in (unescape(page), lines):
        assert verdict in text.lower()
        assert "Why & <so>." in text
    assert "<so>" not in page
    assert "31 zones on 12 days" in unescape(page)
    assert "+0.123" in page
    assert as_record(result)["near_events"]["verdict"] == verdict


def test_without_events_the_page_says_why() -> None:
    """No split is printed as missing, with the reason."""
    result = replace(found(), near_events=Missing("No event was named."))
    assert "n/a: No event was named" in render_backtest(result, findings_of(result))["html"].decode()
