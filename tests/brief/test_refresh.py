"""The guide's six reasons to look again, each at its threshold, and what cannot be told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reportgen import notation
from reportgen.brief.refresh import Trigger, is_due, triggers
from reportgen.brief.types import Brief, TriggerKind
from reportgen.config.assumptions import DEFAULTS
from reportgen.events.calendar import Event
from reportgen.events.flows import FlowReading
from reportgen.guide.structure import Structure
from reportgen.liquidation.cone import Cone
from reportgen.units import HOUR_MS, Missing
from tests.brief.test_changes import positioning
from tests.brief_parts import AS_OF_MS
from tests.briefs import STATES, changed, event, morning

ATR = 2_499.0


def structured(brief: Brief, **fields: object) -> Brief:
    """Replace parts of BTC's structure."""
    held = brief.symbols[0].structure
    assert isinstance(held, Structure)
    return changed(brief, structure=replace(held, **fields))  # type: ignore[arg-type]


def found(kind: TriggerKind, last: Brief, now: Brief) -> Trigger:
    """Take BTC's trigger of a kind, or the first of all symbols together."""
    return next(one for one in triggers(last, now, DEFAULTS) if one.kind == kind and one.base in ("BTC", ""))


def test_an_unchanged_market_fires_nothing_and_six_kinds_are_looked_at() -> None:
    """The same readings leave the map as it is; every trigger has its kind and its sentence."""
    told = triggers(morning(), morning(), DEFAULTS)
    assert not is_due(told)
    assert {one.kind for one in told} == {"breakout", "open interest", "funding", "flows", "volatility", "event"}
    assert len({one.id for one in told}) == len(told) == 5 * 4 + 1
    assert all(one.text for one in told)


@pytest.mark.parametrize(
    ("price", "fired"),
    [
        (94_000 + 0.24 * ATR, False),
        (94_000 + 0.26 * ATR, True),
        (91_000 - 0.24 * ATR, False),
        (91_000 - 0.26 * ATR, True),
    ],
)
def test_a_break_counts_a_quarter_of_a_range_beyond_support_or_resistance(price: float, fired: bool) -> None:  # noqa: FBT001 - a case
    """Price has to leave the nearest level of the last brief by 0.25 ATR, up or down."""
    held = morning().symbols[0].structure
    assert isinstance(held, Structure)
    last = structured(
        morning(), atr=ATR, range_low=80_000.0, range_high=110_000.0,
        resistances=(replace(held.resistances[0], price=94_000.0),),
        supports=(replace(held.supports[0], price=91_000.0),),
    )  # fmt: skip
    one = found("breakout", last, changed(morning(), price=price))
    assert one.fired is fired
    assert one.threshold == DEFAULTS.refresh_break_atr
    assert one.number == pytest.approx(0.26 if fired else 0.24)


def test_the_range_breaks_where_no_level_is_known() -> None:
    """Without supports and resistances the ends of the range are the lines."""
    last = structured(morning(), atr=ATR, range_low=90_000.0, range_high=95_000.0, supports=(), resistances=())
    assert found("breakout", last, changed(morning(), price=96_000.0)).fired is True
    assert found("breakout", last, changed(morning(), price=89_000.0)).fired is True
    assert found("breakout", last, changed(morning(), price=94_900.0)).fired is False


@pytest.mark.parametrize(("factor", "fired"), [(1.049, False), (1.051, True), (0.951, False), (0.949, True)])
def test_open_interest_fires_on_a_jump_and_on_a_drop(factor: float, fired: bool) -> None:  # noqa: FBT001 - a case
    """Five percent either way, in base coins since the brief."""
    last, now = (positioning(morning(), open_interest_base=coins) for coins in (100_000.0, 100_000.0 * factor))
    one = found("open interest", last, now)
    assert one.fired is fired
    assert one.number == pytest.approx(factor - 1)
    elsewhere = found("open interest", last, positioning(now, venue="okx"))
    assert isinstance(elsewhere.fired, Missing)


@pytest.mark.parametrize(
    ("was", "now", "fired"),
    [
        (("neutral", False), ("longs pay", True), True),
        (("longs pay", False), ("longs pay", True), True),
        (("longs pay", True), ("shorts pay", True), True),
        (("longs pay", True), ("longs pay", True), False),
        (("neutral", False), ("longs pay", False), False),
    ],
)
def test_funding_fires_when_it_turns_extreme(was: tuple[str, bool], now: tuple[str, bool], fired: bool) -> None:  # noqa: FBT001 - a case
    """Extreme now, and not already extreme on that side in the brief."""
    last, later = (positioning(morning(), bias=bias, extreme=extreme) for bias, extreme in (was, now))
    assert found("funding", last, later).fired is fired


@pytest.mark.parametrize(
    ("hours", "brief_before", "fired"),
    [(4.1, 24, False), (3.9, 24, True), (0.5, 24, True), (1.0, 2, False), (-1.0, 24, True), (-5.0, 24, False)],
)
def test_an_event_fires_once_it_is_near_and_the_brief_was_not(hours: float, brief_before: float, fired: bool) -> None:  # noqa: FBT001 - a case
    """Four hours before and after count, unless the brief itself was made within them, before the event."""
    near = event("US CPI", hours)
    last = replace(morning(), as_of_ms=AS_OF_MS - round(brief_before * HOUR_MS), events=(near,))
    now = replace(morning(), events=(near,) if hours >= 0 else ())
    one = found("event", last, now)
    assert one.fired is fired
    assert one.threshold == DEFAULTS.refresh_event_hours


def flows(date: str, *, shifted: bool) -> FlowReading:
    """Make a reading of fund flows and spot volume."""
    return FlowReading(
        etf_date=date, etf_net_quote=-4e8, etf_z=-2.6, etf_sessions=30, spot_share=0.2, spot_z=1.1, shifted=shifted,
        reading="funds lost $400 m, −2.6 sd.",
    )  # fmt: skip


def test_flows_fire_on_a_shift_that_the_brief_did_not_know() -> None:
    """A shift of a new session is news, the one that the brief was made with is not; no reading is said."""
    knew = changed(morning(), flows=flows("2026-01-16", shifted=True))
    assert found("flows", morning(), knew).fired is True
    assert found("flows", knew, knew).fired is False
    assert found("flows", knew, changed(morning(), flows=flows("2026-01-19", shifted=True))).fired is True
    assert found("flows", knew, changed(morning(), flows=flows("2026-01-19", shifted=False))).fired is False
    assert found("flows", knew, knew).number == pytest.approx(2.6)
    assert found("flows", knew, knew).threshold == DEFAULTS.flow_surprise
    assert isinstance(found("flows", knew, morning()).fired, Missing)


def test_volatility_fires_on_another_regime() -> None:
    """Compressed in the brief and normal now is a change, the same word is none."""
    last, now = structured(morning(), regime="compressed"), structured(morning(), regime="normal")
    assert found("volatility", last, now).fired is True
    assert found("volatility", now, now).fired is False


@pytest.mark.parametrize(("price", "fired"), [(90_000.0, False), (89_999.0, True), (96_000.0, False), (96_001.0, True)])
def test_volatility_fires_when_price_leaves_the_forecast_range(price: float, fired: bool) -> None:  # noqa: FBT001 - a case
    """The brief's cone runs from 90 000 to 96 000; without one the regime alone speaks."""
    cone = Cone(
        horizon_hours=24.0, price=92_543.0, high=(93_000.0, 94_000.0, 96_000.0), low=(90_000.0, 91_000.0, 92_000.0),
        covered=0, of=0,
    )  # fmt: skip
    last = changed(morning(), cone=cone)
    told = found("volatility", last, changed(last, price=price))
    assert told.fired is fired
    where = "outside" if fired else "within"
    assert told.text.endswith(
        f"is {where} the range that the brief forecast, {notation.price_range(90_000, 96_000, 0)}"
    )
    late = changed(last, price=price, price_time_ms=(last.symbols[0].price_time_ms or 0) + 24 * HOUR_MS + 1)
    assert found("volatility", last, late).fired is False  # its horizon is over
    without = changed(morning(), cone=Missing("too short"))
    assert found("volatility", without, changed(without, price=price)).fired is False


def test_what_cannot_be_told_is_missing_and_fires_nothing() -> None:
    """A symbol that the brief lacks, or that has no data now, gives reasons and no alarm."""
    last = replace(morning(), symbols=morning().symbols[1:])
    told = [one for one in triggers(last, morning(), DEFAULTS) if one.base == "BTC"]
    assert len(told) == 5
    assert all(isinstance(one.fired, Missing) for one in told)
    gone = [one for one in triggers(morning(), STATES["no_candles"](), DEFAULTS) if one.base == "BTC"]
    assert all(isinstance(one.fired, Missing) for one in gone)
    assert not is_due((*told, *gone))


@pytest.mark.parametrize("state", sorted(STATES))
def test_no_state_of_a_brief_breaks_the_comparison(state: str) -> None:
    """Whatever is awkward in either brief, every trigger has an answer or a reason."""
    for last, now in ((morning(), STATES[state]()), (STATES[state](), morning())):
        assert all(isinstance(one.fired, bool | Missing) for one in triggers(last, now, DEFAULTS))


def test_several_events_are_told_apart() -> None:
    """Each near event has a trigger of its own, the nearest first."""
    both: tuple[Event, ...] = (event("US CPI", 3.0), event("FOMC", 1.0))
    told = [one for one in triggers(replace(morning(), as_of_ms=0), replace(morning(), events=both), DEFAULTS)
            if one.kind == "event"]  # fmt: skip
    assert [one.text.split(" in ")[0] for one in told] == ["FOMC", "US CPI"]
    assert len({one.id for one in told}) == 2
