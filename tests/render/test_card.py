"""The card: five rows that can be traded without the figure, and the row of the first screen, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reportgen.brief.types import Brief, RecalculateIf
from reportgen.guide.confluence import Confluence, Lean
from reportgen.guide.plan import NamedLevel, Scenarios, Stance
from reportgen.liquidation.cone import Cone
from reportgen.render.card import card_of
from reportgen.render.charts.spine import level_name, spine_rows
from reportgen.render.first_screen import look_first, told_changes, told_yesterday
from reportgen.render.page_helpers import oldest, stale, stale_symbols, when_again
from reportgen.units import Missing
from tests.briefs import STATES, changed, event, many, morning


def plain(text: str) -> str:
    """Write a text with plain spaces."""
    return text.replace("\u202f", " ")


def rows_of(brief: Brief, place: int = 0) -> dict[str, str]:
    """Give a card's rows as plain text, by label."""
    return {plain(row.name): plain(row.text) for row in card_of(brief, brief.symbols[place]).rows}


def planned(brief: Brief, **fields: object) -> Brief:
    """Replace fields of every plan of the first symbol."""
    return changed(brief, plan=tuple(replace(one, **fields) for one in brief.symbols[0].plan))  # type: ignore[arg-type]


def test_five_rows_hold_the_plan_of_each_side() -> None:
    """BTC at 92 543, a usual day of 2 499: alert 95 583 - 625, out 625 before the zone, target a day beyond it."""
    rows = rows_of(planned(morning(), line=97_000.0, reward_to_risk=2.99))
    assert list(rows) == ["Stance", "Alert above 94 958", "Alert below 90 014", "Overrides", "Yesterday"]
    assert rows["Alert above 94 958"] == (
        "If BTC trades into A 95 583–96 255 and a 4 h bar closes above 97 000 on rising volume: "
        "first target 98 754, out at 94 958, R:R 2.9. A wick that closes back: do not chase. In 24 h nine in ten stop "
        "short of that target."
    )
    assert rows["Alert below 90 014"].startswith("If BTC trades into B 89 032–89 389 and a 4 h bar closes below")


@pytest.mark.parametrize(("high", "said"), [(98_753.0, True), (98_755.0, False)])
def test_a_target_beyond_the_range_forecast_is_named(high: float, said: bool) -> None:  # noqa: FBT001 - a case
    """The target is 98 754: nine in ten highs below it is news, above it none."""
    cone = Cone(
        horizon_hours=24.0, price=92_543.0, high=(93_000.0, 95_000.0, high), low=(88_000.0, 90_000.0, 92_000.0),
        covered=0, of=0,
    )  # fmt: skip
    text = rows_of(changed(planned(morning(), de_risk=98_754.0), cone=cone))["Alert above 94 958"]
    assert text.endswith("In 24 h nine in ten stop short of that target.") is said


def test_a_plan_that_pays_too_little_says_so_and_keeps_its_numbers() -> None:
    """R:R .96 is rounded down, so that it never reads as the 1.0 that would stand."""
    brief = planned(morning(), line=96_000.0, reward_to_risk=0.96, no_trade="no trade: pays 0.9 for 1")
    text = rows_of(brief)["Alert above 94 958"]
    assert text.endswith("closes above 96 000 on rising volume: no trade, R:R 0.9 (target 98 754, out 94 958).")
    assert {one.verdict for one in card_of(brief, brief.symbols[0]).alerts} == {"no trade"}


def test_a_chart_trigger_before_the_zone_is_named_and_one_beyond_it_is_not() -> None:
    """The scenario's line at 94 767 comes before the zone's at 96 255; one at 99 000 would come after it."""
    near, far = 94_767.3, 99_000.0

    def with_line(price: float) -> str:
        symbol = morning().symbols[0]
        assert isinstance(symbol.scenarios, Scenarios)
        line = NamedLevel(price=price, name="")
        bullish = replace(symbol.scenarios.bullish, line=line, targets=(NamedLevel(price=95_000.0, name=""),))
        return rows_of(changed(morning(), scenarios=replace(symbol.scenarios, bullish=bullish)))["Alert above 94 958"]

    assert with_line(near).endswith(" Chart trigger, sooner: 94 767, then 95 000.")
    assert "sooner" not in with_line(far)


def test_levels_are_numbered_from_the_price_outward() -> None:
    """A chart level has one name everywhere; another price has none."""
    symbol = morning().symbols[0]
    assert not isinstance(symbol.structure, Missing)
    names = [level_name(symbol, level.price) for level in (*symbol.structure.resistances, *symbol.structure.supports)]
    assert names == ["R1", "R2", "S1", "S2"]
    assert level_name(symbol, symbol.structure.resistances[0].price + 1) == ""


def test_a_side_without_a_zone_gives_a_chart_level_and_no_plan(brief_of: Callable[[str], Brief]) -> None:
    """Nothing dense: the words say how far was looked, and neither a target nor a ratio is given."""
    brief = brief_of("no_dense_zone")
    card = card_of(brief, brief.symbols[0])
    assert [(one.side, one.label, one.verdict, one.target) for one in card.alerts] == [
        ("above", None, "no plan", ""),
        ("below", None, "no plan", ""),
    ]
    assert plain(card.above.nothing) == "none within 8 %"
    assert rows_of(brief)["Stance"] == "Nothing to do. No dense zone on either side."


def test_stale_data_arm_nothing(brief_of: Callable[[str], Brief]) -> None:
    """Every stance stands aside, no alert is armed, no share is given."""
    brief = brief_of("stale_data")
    card = card_of(brief, brief.symbols[0])
    assert card.armed == ()
    assert (card.above.reach, card.below.reach) == ("", "")
    rows = rows_of(brief)
    assert rows["Alert above"] == rows["Alert below"] == "Not armed: the data are too old."
    assert rows["Stance"].startswith("Stand aside. The last bar closed 18 Jan, 11:00 UTC, 20 h before this brief.")


def test_an_event_ahead_puts_the_plan_off(brief_of: Callable[[str], Brief]) -> None:
    """US CPI at 13:30, 6.5 h away: wait, and each alert begins after it."""
    brief = changed(brief_of("event_inside"), stance=Stance(kind="wait for event", text=""))
    rows = rows_of(brief)
    assert rows["Stance"] == "Wait for US CPI, 13:30 UTC. The map is for after it."
    assert rows["Alert above 94 958"].startswith("After 13:30 UTC: if BTC trades into A")
    assert rows["Overrides"].startswith("US CPI 13:30, in 6 h 30 min. ")


def test_price_inside_a_zone_is_said(brief_of: Callable[[str], Brief]) -> None:
    """No distance, no days and no share stand where the price is in the zone."""
    brief = brief_of("price_inside")
    cell = card_of(brief, brief.symbols[0]).below
    assert (cell.distance, cell.days, cell.reach) == ("price inside", "", "")
    assert any(text.startswith("If BTC is inside B 92 000–92 900") for text in rows_of(brief).values())


@pytest.mark.parametrize(
    ("leans", "said"),
    [
        (("none", "none", "none"), "Map, trend and positioning are neutral."),
        (("down", "down", "up"), "Map and trend point down; positioning points up."),
        (("up", "unknown", "up"), "Map and positioning point up; trend is not known."),
    ],
)
def test_the_layers_are_told_by_where_they_point(leans: tuple[Lean, Lean, Lean], said: str) -> None:
    """Each lean is said once, with all layers that share it."""
    found = Confluence(
        map_lean=leans[0], structure_lean=leans[1], positioning_lean=leans[2], lean="none", agree=0, conflict=False,
        text="",
    )  # fmt: skip
    assert rows_of(changed(morning(), confluence=found))["Stance"].startswith(f"Act on confirmation only. {said}")


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_a_card_or_says_nothing_of_one(state: str, brief_of: Callable[[str], Brief]) -> None:
    """Five rows with words in each, none without a price."""
    brief = brief_of(state)
    for symbol in brief.symbols:
        rows = card_of(brief, symbol).rows
        assert len(rows) == (0 if isinstance(symbol.price, Missing) else 5)
        assert all(row.text.strip() for row in rows)
        assert all(piece.text for row in rows for piece in row.pieces)


def test_yesterday_tells_what_was_reached_and_counts_the_rest(brief_of: Callable[[str], Brief]) -> None:
    """Three of eight zones were touched; one of them had no outcome, so it was given no share."""
    told = told_yesterday(brief_of("remembered"))
    assert told.title == "Yesterday’s 8 zones: 3 reached"
    assert [(row.label, plain(row.text)) for row in told.rows] == [
        ("BTC", "B 95 582–96 255 reached, price turned back; given 33 %"),
        ("SOL", "B 95 580–96 255 swept, price went on; given 33 %"),
        ("WIF", "B 95 577–96 255 price stood in it"),
        ("", "not reached so far: BTC A, ETH A, SOL C, WIF A C"),
    ]
    assert told.note == (
        "Of 412 zones on 61 days, 91 were expected to be reached, 91 were. Better than the average day’s shares."
    )


def test_changes_are_two_a_symbol_and_none_that_yesterday_tells(brief_of: Callable[[str], Brief]) -> None:
    """SOL's only change was its swept zone, which stands beside the list."""
    told = told_changes(brief_of("remembered"))
    assert told.title.replace("\u202f", " ") == "What changed in 24 h"
    assert [row.label for row in told.rows] == ["BTC", "ETH", "WIF"]
    assert [plain(row.text).count(";") for row in told.rows] == [1, 1, 1]
    assert plain(told.rows[1].text).startswith("open interest +19.3 %; B 2 950")
    assert told.note == "New: WIF. No longer watched: DOGE, 1000000MOG."


def test_of_a_long_watchlist_six_come_first_and_the_headlines_symbol_leads() -> None:
    """A short list is shown whole; of 22 symbols six are chosen, the one that the headline names first."""
    assert look_first(morning()) == morning().symbols
    brief = replace(many(22), headline="COIN7 fell 3 % in 24 h.")
    chosen = look_first(brief)
    assert len(chosen) == 6
    assert chosen[0].base == "COIN7"


def test_a_symbols_reason_to_map_again_is_its_own_event() -> None:
    """A court date that concerns ETH alone, before a CPI for all, is no reason for BTC."""
    brief = morning()
    court, release = replace(event("Court date", 3.0), symbols=("ETH",)), event("US CPI", 6.5)
    brief = replace(brief, events=(court, release))
    btc = replace(brief.symbols[0], recalculate=(RecalculateIf(kind="event", levels=(2.5,), unit="hours", text=""),))
    ((_, text),) = when_again(brief, btc)
    assert text.startswith("US CPI: from ")


def test_a_bar_older_than_the_horizon_is_stale_everywhere_and_not_only_in_the_card() -> None:
    """The brief's own word counts for page and figure too, though the last bar is no two bars old."""
    brief = changed(morning(), stale="The last bar closed before the horizon.")
    assert stale(brief.symbols[0])
    assert not stale(brief.symbols[1])
    assert [one.base for one in stale_symbols(brief)] == ["BTC"]
    assert oldest(brief) == brief.symbols[0]
    assert "such cases" not in "".join(
        run.words for row in spine_rows(brief.symbols[0], 24.0) for line in row.lines for run in line
    )
