"""The plan's levels as alerts: stable names, both files, and which were met when."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np

from reportgen.brief.alerts import alerts_of
from reportgen.render.json import alert_files
from reportgen.track_record.ledger import met_alerts
from reportgen.units import HOUR_MS, Missing
from tests.brief_parts import AS_OF_MS
from tests.briefs import changed, hostile, morning, no_dense_zone
from tests.track_record.mornings import later


def test_every_level_of_every_plan_is_one_alert() -> None:
    """Each zone's plan gives its alert, entry, invalidation and first de-risk, at the plan's prices as shown."""
    brief = morning()
    alerts = alerts_of(brief)
    plans = [(symbol, plan) for symbol in brief.symbols for plan in symbol.plan]
    assert len({alert.id for alert in alerts}) == len(alerts)
    for symbol, plan in plans:
        own = {
            one.kind: one
            for one in alerts
            if (one.symbol, one.zone, one.side) == (symbol.symbol, plan.label, plan.side)
        }
        assert own["alert"].price == round(plan.alert, symbol.price_decimals)
        assert own["invalidation"].price == round(plan.invalidation, symbol.price_decimals)
        assert own["de_risk"].price == round(plan.de_risk, symbol.price_decimals)
        assert own["alert"].direction == own["de_risk"].direction == ("up" if plan.side == "above" else "down")
        assert own["invalidation"].direction != own["alert"].direction
        assert (own["alert"].armed, own["invalidation"].armed) == ("now", "after entry")


def test_names_are_the_same_in_every_run_and_another_day_has_others() -> None:
    """An id names moment, market, zone and level."""
    first, again = alerts_of(morning()), alerts_of(morning())
    assert first == again
    assert first[0].id == "20260119T0700Z-BTC-USDT-USDT-C-above-alert"
    other = alerts_of(replace(morning(), as_of="2026-01-20T07:00Z"))
    assert not {one.id for one in first} & {one.id for one in other}


def test_both_files_hold_the_same_alerts() -> None:
    """alerts.json and alerts.csv are two views of one list, also of an empty one and with untrusted names."""
    for brief in (morning(), hostile(), no_dense_zone()):
        files = alert_files(brief)
        parsed = json.loads(files["alerts.json"])
        rows = list(csv.DictReader(io.StringIO(files["alerts.csv"].decode())))
        assert [one["id"] for one in parsed["alerts"]] == [row["id"] for row in rows]
        assert [one["condition"] for one in parsed["alerts"]] == [row["condition"] for row in rows]
        assert (parsed["as_of"], parsed["simulated"]) == (brief.as_of, brief.simulated)


def test_an_alert_is_met_when_price_crosses_it_and_not_before() -> None:
    """The bar that first trades at the level gives the time; a run before that bar closed knows of nothing."""
    brief = morning()
    first = brief.symbols[0]
    assert not isinstance(first.price, Missing)
    market = later(24).markets[first.symbol].candles
    assert not isinstance(market, Missing)
    bars = market["binance"].part(market["binance"].open_time_ms >= AS_OF_MS)
    level = float(np.sort(bars.high)[-3])
    close = int(bars.close_time_ms[np.argmax(bars.high >= level)])
    plan = tuple(replace(one, alert=level) if one.side == "above" else one for one in first.plan)
    hours = (close - AS_OF_MS) // HOUR_MS

    def times(now_hours: int) -> set[int]:
        told = met_alerts(changed(brief, plan=plan), later(now_hours))
        return {
            one.met_ms
            for one in told
            if (one.alert.symbol, one.alert.side, one.alert.kind) == (first.symbol, "above", "alert")
        }

    assert times(24) == times(int(hours)) == {close}
    assert times(int(hours) - 1) == set()


def test_a_level_after_the_entry_is_not_met_without_one() -> None:
    """A price beyond the invalidation level says nothing as long as nobody has entered."""
    told = met_alerts(morning(), later(24))
    entered = {(one.alert.symbol, one.alert.zone, one.alert.side) for one in told if one.alert.kind == "entry"}
    after = {(one.alert.symbol, one.alert.zone, one.alert.side) for one in told if one.alert.armed == "after entry"}
    assert after <= entered
    assert [one.met_ms for one in told] == sorted(one.met_ms for one in told)


def test_stale_data_arm_no_alert() -> None:
    """What follows the file must not act on levels that may be gone."""
    fresh = morning()
    late = changed(fresh, stale="The last bar closed 5 days before as-of.")
    assert {one.symbol for one in alerts_of(fresh)} - {one.symbol for one in alerts_of(late)} == {"BTC/USDT:USDT"}
