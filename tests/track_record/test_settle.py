"""Zones of a brief are scored once their horizon has passed: not before, not twice, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.guide.plan import Condition, ZonePlan
from reportgen.guide.reactions import Outcome, distance_shares
from reportgen.market.data import Candles
from reportgen.render.json import brief_to_json
from reportgen.track_record.ledger import Now, due_rows, is_closed, rows_of
from reportgen.units import DAY_MS, HOUR_MS, Missing
from tests.brief_parts import AS_OF_MS
from tests.briefs import changed, event, morning, price_inside
from tests.track_record.mornings import later

OUTCOMES = {"reject", "continue", "front_run", "ignore"}


def bars_of(now: Now, symbol: str) -> Candles:
    """Take the one venue's bars."""
    found = now.markets[symbol].candles
    assert not isinstance(found, Missing)
    return found["binance"]


def with_bars(now: Now, symbol: str, bars: Candles) -> Now:
    """Replace one market's bars."""
    market = replace(now.markets[symbol], candles={"binance": bars})
    return replace(now, markets={**now.markets, symbol: market})


def test_every_zone_gets_one_row_when_the_horizon_has_passed() -> None:
    """At 24 h each zone of each symbol has an outcome, its prices and its shares as shown; at 23 h none has."""
    brief = morning()
    rows = due_rows([brief], frozenset(), later(24))
    zones = [(s.symbol, z.label, z.side, z.low, z.high) for s in brief.symbols for z in s.zones]
    assert [(row.symbol, row.label, row.side, row.low, row.high) for row in rows] == zones
    assert {row.outcome for row in rows} <= OUTCOMES
    assert all(row.shown and abs(sum(row.shown) - 1) < 1e-9 for row in rows)
    assert due_rows([brief], frozenset(), later(23)) == []


def test_a_zone_that_is_held_is_not_scored_again() -> None:
    """What the ledger holds is left out, at the same run and at any later one."""
    first = due_rows([morning()], frozenset(), later(24))
    held = frozenset(row.zone for row in first[:3])
    assert due_rows([morning()], held, later(24)) == first[3:]
    assert due_rows([morning()], frozenset(row.zone for row in first), later(70)) == []


def test_what_comes_after_the_horizon_changes_no_row() -> None:
    """A later run, with bars of another future after the horizon, writes the same row but for its own moment."""
    early = due_rows([morning()], frozenset(), later(24))
    long = later(60)
    rng = np.random.default_rng(2)
    for symbol in long.markets:
        bars = bars_of(long, symbol)
        after = bars.open_time_ms >= AS_OF_MS + DAY_MS
        wild = np.where(after, rng.uniform(0.5, 2.0, len(bars)), 1.0)
        long = with_bars(
            long, symbol, replace(bars, high=bars.high * wild, low=bars.low * wild, close=bars.close * wild)
        )
    late = due_rows([morning()], frozenset(), long)
    assert [replace(row, scored_as_of_ms=0) for row in late] == [replace(row, scored_as_of_ms=0) for row in early]


def test_the_brief_stays_as_it_was() -> None:
    """Scoring reads a brief and changes no byte of it."""
    brief = morning()
    before = brief_to_json(brief)
    due_rows([brief], frozenset(), later(24))
    assert brief_to_json(brief) == before


def test_late_bars_are_waited_for_and_then_given_up() -> None:
    """With six hours of bars missing at the end a zone stays open for three days, and is censored after them."""
    assert due_rows([morning()], frozenset(), later(24, bars=18)) == []
    waiting = list(rows_of(morning(), later(24 + 71, bars=18)))
    assert {row.outcome for row in waiting} == {"open"}
    given_up = due_rows([morning()], frozenset(), later(24 + 73, bars=18))
    assert {row.outcome for row in given_up} == {"censored"}
    assert {row.reason for row in given_up} == {"Bars are missing within the horizon."}


def test_a_gap_within_the_horizon_censors_at_once() -> None:
    """Bars that are absent though later ones have come give no outcome, and say so."""
    now = later(30)
    bars = bars_of(now, "BTC/USDT:USDT")
    keep = bars.open_time_ms != AS_OF_MS + 7 * HOUR_MS
    rows = due_rows([morning()], frozenset(), with_bars(now, "BTC/USDT:USDT", bars.part(keep)))
    assert {row.outcome for row in rows if row.symbol.startswith("BTC")} == {"censored"}
    assert {row.outcome for row in rows if not row.symbol.startswith("BTC")} <= OUTCOMES


def test_a_symbol_that_is_watched_no_more_is_censored_in_the_end() -> None:
    """Without a market its zones wait, then are written down with the reason."""
    now = later(24)
    others = {name: market for name, market in now.markets.items() if not name.startswith("BTC")}
    assert {row.symbol for row in due_rows([morning()], frozenset(), replace(now, markets=others))} == set(others)
    end = replace(now, markets=others, as_of_ms=AS_OF_MS + 5 * DAY_MS)
    censored = [row for row in due_rows([morning()], frozenset(), end) if row.symbol.startswith("BTC")]
    assert {row.reason for row in censored} == {"The symbol is watched no more."}


def test_a_price_inside_is_no_event() -> None:
    """A zone that price stood in has no outcome to speak of, and is kept with the reason."""
    rows = due_rows([price_inside()], frozenset(), later(24))
    inside = [row for row in rows if row.symbol.startswith("BTC") and row.label == "B"]
    assert [(row.outcome, row.shown, row.control) for row in inside] == [("not_an_event", None, None)]
    assert inside[0].reason == "Price stood inside the zone when the brief was made."
    (here,) = (zone for zone in price_inside().symbols[0].zones if zone.label == "B")
    without = changed(price_inside(), structure=Missing("No chart."), zones=(here,))
    bare = [row for row in due_rows([without], frozenset(), later(24)) if row.symbol.startswith("BTC")]
    assert [(row.outcome, row.reason, row.atr, row.touched_ms) for row in bare] == [
        ("censored", "The brief had no typical range to measure distances in.", 0.0, None)
    ]


def test_a_row_holds_what_the_brief_printed_and_the_control_beside_it() -> None:
    """The cone's lines of the zone's own side, near to far; the shares that distance alone gives, in their order."""
    first = morning().symbols[0]
    assert not isinstance(first.cone, Missing)
    lines = {"above": first.cone.high, "below": first.cone.low[::-1]}
    rows = [row for row in due_rows([morning()], frozenset(), later(24)) if row.symbol == first.symbol]
    assert {row.side for row in rows} == {"above", "below"}
    for row in rows:
        assert row.cone == tuple(lines[row.side])
        alone = distance_shares(row.distance_atr, 24.0, DEFAULTS)
        assert not isinstance(alone, Missing)
        assert row.control == (alone.reject, alone.tap_continue, alone.front_run, alone.ignore)
        assert (row.from_ms, row.until_ms, row.bars) == (AS_OF_MS, AS_OF_MS + DAY_MS, "1h")
        assert row.reason == ""


@pytest.mark.parametrize(
    ("answer", "leans", "lean"),
    [("By the close.", "reject", "reject"), ("By the close.", None, "none"), ("", "reject", "")],
)
def test_a_row_keeps_what_the_evidence_leaned_to(answer: str, leans: Outcome | None, lean: str) -> None:
    """Evidence that leaned to nothing is "none"; a brief that never asked, or shows no reactions, has no leaning."""
    first = morning().symbols[0]
    reactions = tuple(replace(one, answer=answer, leans_to=leans) for one in first.reactions)
    for told, wanted in ((reactions, lean), ((), "")):
        rows = due_rows([changed(morning(), reactions=told)], frozenset(), later(24))
        assert {row.lean for row in rows if row.symbol == first.symbol} == {wanted}


def test_a_brief_made_within_a_bar_is_judged_from_the_next_one() -> None:
    """Thirteen minutes past the hour, the running bar is left out and the horizon is a whole day of bars after it."""
    brief = replace(morning(), as_of_ms=AS_OF_MS + 13 * 60_000)
    rows = due_rows([brief], frozenset(), later(26))
    assert {(row.from_ms, row.until_ms) for row in rows} == {(AS_OF_MS + HOUR_MS, AS_OF_MS + 25 * HOUR_MS)}
    assert due_rows([brief], frozenset(), later(24)) == []


@pytest.mark.parametrize("hours", [24, 96, 97])
def test_a_brief_closes_once_all_is_held_and_nothing_can_be_late(hours: int) -> None:
    """Reading back stops at a brief whose zones are all in the ledger and whose patience has run out."""
    now = later(hours)
    held = frozenset(row.zone for row in due_rows([morning()], frozenset(), later(24)))
    assert is_closed(morning(), held, now) == (hours > 96)
    assert not is_closed(morning(), frozenset(list(held)[1:]), now)


def test_levels_are_those_of_the_plan() -> None:
    """An alert on the price itself is met by the first bar, one beyond everything never, and without a plan none is."""
    first = morning().symbols[0]

    def alert_of(*plans: ZonePlan) -> list[int | None]:
        rows = due_rows([changed(morning(), plan=plans)], frozenset(), later(24))
        return [row.alert_ms for row in rows if row.symbol == first.symbol]

    assert not isinstance(first.price, Missing)
    near = tuple(replace(plan, alert=first.price) for plan in first.plan)
    far = tuple(replace(plan, alert=plan.alert * (9 if plan.side == "above" else 0.1)) for plan in first.plan)
    assert set(alert_of(*far)) == set(alert_of()) == {None}
    bars = bars_of(later(24), first.symbol)
    after = bars.part(bars.open_time_ms >= AS_OF_MS)
    up, down = after.high >= first.price, after.low <= first.price
    for plan, met in zip(near, alert_of(*near), strict=True):
        assert met == after.close_time_ms[np.argmax(up if plan.side == "above" else down)]


def test_an_entry_waits_for_the_event_that_its_condition_names() -> None:
    """With an event in the twentieth hour no entry is met before it, whatever other events are inside the horizon."""
    first = morning().symbols[0]
    assert not isinstance(first.price, Missing)
    wait = Condition(kind="event_passed", level=None, text="US CPI has passed")
    plans = []
    for plan in first.plan:
        sign = 1 if plan.side == "above" else -1
        line = Condition(kind=f"closes_{plan.side}", level=first.price * (1 - sign * 0.5), text="at once")  # type: ignore[arg-type]
        plans.append((replace(plan, entry=(line,)), replace(plan, entry=(wait, line))))
    zones = tuple(
        replace(zone, low=first.price * 1.0001, high=first.price * 1.001) if zone.side == "above"
        else replace(zone, low=first.price * 0.999, high=first.price * 0.9999)
        for zone in first.zones
    )  # fmt: skip
    events = (event("FOMC", 2.0, inside=True), event("US CPI", 20.0, inside=True))
    entries = []
    for pick in range(2):
        brief = replace(changed(morning(), zones=zones, plan=tuple(pair[pick] for pair in plans)), events=events)
        rows = due_rows([brief], frozenset(), later(24))
        entries.append([row.entry_ms for row in rows if row.symbol == first.symbol and row.entry_ms is not None])
    assert min(entries[0]) <= AS_OF_MS + 4 * HOUR_MS
    assert all(met > AS_OF_MS + 20 * HOUR_MS for met in entries[1])
