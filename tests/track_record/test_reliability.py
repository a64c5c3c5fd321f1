"""How often what was foretold came, and skill over climatology: by hand, at its borders, and in the ledger."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import Generator

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.calibration.make import walk as walked_through
from reportgen.liquidation.calibration.sample import sample_of
from reportgen.liquidation.cone import cone_lines
from reportgen.track_record.dollars import interval_forecasts
from reportgen.track_record.record import running_record
from reportgen.track_record.reliability import (
    CONE_LEVELS,
    Forecasts,
    cone_climatology,
    cone_forecasts,
    outcome_forecasts,
    pinball_loss,
    quantile_forecasts,
    reliabilities,
    reliability_bands,
    reliability_of,
)
from reportgen.track_record.score import drawn_days
from reportgen.track_record.walk import decision_times
from reportgen.units import DAY_MS, Ints, Missing
from tests.liquidation.test_calibration import both_sides, market_of, with_liquidations
from tests.track_record.paths import walk
from tests.track_record.test_ledger import row

SHARES = np.array([[0.3, 0.1, 0.1, 0.5], [0.0, 0.0, 0.2, 0.8]])
FLAT = np.full((2, 4), 0.25)


def fresh() -> Generator:
    """Give the same generator each time."""
    return np.random.default_rng(4)


def by_kind(outcome: Ints) -> dict[str, Forecasts]:
    """Lay out two zones."""
    return {one.of: one for one in outcome_forecasts(SHARES, FLAT, outcome, np.array([1, 2]))}


def test_each_kind_has_its_brier_score() -> None:
    """A continued zone and an ignored one: touch .4 and 0 beside .5, the four outcomes summed, worked out by hand."""
    found = by_kind(np.array([1, 3]))
    assert list(found) == ["touch", "reject", "continue", "front_run", "ignore", "outcomes"]
    assert found["touch"].loss == pytest.approx([0.36, 0.0])
    assert found["touch"].control == pytest.approx([0.25, 0.25])
    assert found["touch"].came.tolist() == [[True], [False]]
    assert found["continue"].loss == pytest.approx([0.81, 0.0])
    assert found["outcomes"].loss == pytest.approx([0.09 + 0.81 + 0.01 + 0.25, 0.04 + 0.04])
    assert found["outcomes"].control == pytest.approx([0.75, 0.75])


def test_reliability_counts_all_shares_in_bands() -> None:
    """Each of a zone's four shares falls into one band, its lower bound included; what came is counted there."""
    shown = np.array([[0.05, 0.049, 0.4, 0.501], [0.1, 0.25, 0.15, 0.5]])
    bands = reliability_bands(shown, np.arange(4) == np.array([[3], [1]]), DEFAULTS.reliability_edges)
    assert [(one.low, one.high) for one in bands] == [(0.0, 0.05), (0.05, 0.1), (0.1, 0.25), (0.25, 0.5), (0.5, 1.0)]
    assert [one.given for one in bands] == [1, 1, 2, 2, 2]
    assert [one.came for one in bands] == [0, 0, 0, 1, 1]
    assert [one.expected for one in bands] == pytest.approx([0.049, 0.05, 0.25, 0.65, 1.001])


def test_quantiles_are_scored_by_pinball_loss() -> None:
    """At 2.5 the quantiles 1, 2 and 3 lose .15, .25 and .05; a value on a quantile lies at or below it."""
    told = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    assert pinball_loss(CONE_LEVELS, told, np.array([2.5, 2.0])) == pytest.approx([0.45, 0.1 + 0.1])
    found = quantile_forecasts("cone", CONE_LEVELS, told, told, np.array([2.5, 2.0]), np.array([1, 2]))
    assert found.came.tolist() == [[False, False, True], [False, True, True]]
    bands = reliability_of([found], DEFAULTS, drawn_days(500, fresh)).bands
    assert [(one.low, one.high, one.given, one.came) for one in bands] == [
        (0.1, 0.1, 2, 0), (0.5, 0.5, 2, 1), (0.9, 0.9, 2, 2),
    ]  # fmt: skip


def test_climatology_is_the_last_days_that_were_known() -> None:
    """Two values of one day are enough, one is not; the window is the last two days, and a gap in it is left out."""
    few = replace(DEFAULTS, cone_past_days=2, cone_least_days=1.0)
    value = np.array([1.0, 2.0, 3.0, 4.0, np.nan, 5.0])
    found = cone_climatology(value, np.array([0, 1, 2, 4, 6]), few)
    assert np.isnan(found[:2]).all()
    assert found[2:] == pytest.approx(np.array([[1.1, 1.5, 1.9], [1.3, 2.5, 3.7], [3.2, 4.0, 4.8]]))


@pytest.mark.parametrize(("days", "known"), [(19, False), (20, True)])
def test_twenty_days_give_an_interval(days: int, known: bool) -> None:  # noqa: FBT001
    """One day less gives the count and the table, and says what is missing; the value is 1 - the losses' ratio."""
    shown, flat = np.tile(SHARES[:1], (days, 1)), np.tile(FLAT[:1], (days, 1))
    outcome = np.arange(days) % 4
    told = outcome_forecasts(shown, flat, outcome, np.arange(days))[-1]
    found = reliability_of([told], DEFAULTS, drawn_days(500, fresh))
    assert (found.forecasts, found.days, found.loss) == (days, days, "Brier")
    if not known:
        assert found.skill == Missing("Insufficient evidence: 19 days; an interval needs 20.")
    else:
        assert not isinstance(found.skill, Missing)
        own = [0.49 + 0.01 + 0.01 + 0.25, 0.09 + 0.81 + 0.01 + 0.25, 0.09 + 0.01 + 0.81 + 0.25, 0.09 + 0.02 + 0.25]
        assert found.skill.value == pytest.approx(1 - np.mean(own) / 0.75)
        assert found.skill.low < found.skill.value < found.skill.high


def test_markets_are_pooled_by_kind() -> None:
    """Two markets' forecasts of one kind are one row; kinds keep their order."""
    both = [*by_kind(np.array([1, 3])).values(), *by_kind(np.array([0, 3])).values()]
    found = reliabilities(both, DEFAULTS, drawn_days(500, fresh))
    assert [one.of for one in found] == ["touch", "reject", "continue", "front_run", "ignore", "outcomes"]
    assert {one.forecasts for one in found} == {4}
    assert {one.days for one in found} == {2}


def test_the_cone_is_held_against_what_price_did() -> None:
    """Each day gives its high and low; nothing after the horizon counts, and quantiles are the product's own."""
    candles = walk(5, 24 * 70)
    daily = decision_times(candles, int(candles.open_time_ms[0]), int(candles.close_time_ms[-1]), DAY_MS)
    found = cone_forecasts(candles, daily, 24.0, DEFAULTS)
    assert not isinstance(found, Missing)
    assert found.shown[0].tolist() == list(CONE_LEVELS)
    assert len(np.unique(found.day)) * 2 == len(found.day)
    first, last = (int(found.day[at]) * DAY_MS for at in (0, -1))
    assert last + DAY_MS <= int(candles.close_time_ms[-1])  # a whole horizon lies after it
    at = int(np.searchsorted(candles.close_time_ms, first, side="right"))
    assert at >= 24 * 30  # thirty days lie before it
    lines = cone_lines(candles, np.array([at]), 24.0, DEFAULTS)[0]
    up = float(np.log(candles.high[at : at + 24].max() / candles.close[at - 1]))
    assert found.came[0].tolist() == [bool(up <= line) for line in lines]
    cut = cone_forecasts(candles.first(at + 24), daily[daily <= first], 24.0, DEFAULTS)
    assert not isinstance(cut, Missing)
    assert cut.loss.tolist() == found.loss[:2].tolist()
    assert cone_forecasts(candles.first(24 * 30), daily[:31], 24.0, DEFAULTS) == Missing(
        "No day of this window has a range forecast before it and a whole horizon after it."
    )


def test_the_ends_of_the_dollar_interval_are_held_against_what_came() -> None:
    """Bars of late spans alone, each by the rule of the spans before; what came later changes no forecast."""
    quick = replace(DEFAULTS, calibration_search_steps=20)
    market = market_of(40)
    longs, shorts = both_sides(market)
    sample = sample_of(with_liquidations(market, longs, shorts), 0, quick)
    assert not isinstance(sample, Missing)
    rows = sample.by_churn[0]
    walked = walked_through(rows, quick)
    found = interval_forecasts(rows, walked, 6, quick)
    assert not isinstance(found, Missing)
    assert found.shown[0] == pytest.approx([0.05, 0.95])
    assert int(found.day.min()) >= int((rows.time_ms[walked.span >= 6] // DAY_MS).min())
    doubled = replace(rows, realised=np.where(walked.span == 9, 2 * rows.realised, rows.realised))
    other = interval_forecasts(doubled, walked, 6, quick)
    assert not isinstance(other, Missing)
    before = found.day < int((rows.time_ms[walked.span == 9] // DAY_MS).min())
    assert other.loss[before].tolist() == found.loss[before].tolist()
    assert interval_forecasts(rows, walked, 6, replace(quick, notional_least_sweeps=10**6)) == Missing(
        "Too few sweeps came before the spans that are scored to make intervals from."
    )
    exact = [replace(found, loss=np.zeros(len(found.loss)), control=np.zeros(len(found.loss)))]
    assert reliability_of(exact, replace(DEFAULTS, record_least_days=1), drawn_days(9, fresh)).skill == Missing(
        "Climatology never errs here."
    )


def test_a_printed_cone_is_scored_from_the_ledger() -> None:
    """Price went an eighth of a usual day beyond 104, to 104.17: within the far line and past the others, every day."""
    few = replace(DEFAULTS, cone_least_days=1.0)
    rows = [replace(row(day), cone=(101.0, 103.0, 105.0)) for day in range(30)]
    below = [
        replace(one, side="below", low=94.0, high=96.0, cone=(99.0, 97.0, 95.0), excursion_atr=-0.75) for one in rows
    ]
    record = running_record([*rows, *[replace(one, label="C") for one in rows], *below], few, fresh)
    assert not isinstance(record, Missing)
    cone = record.by_kind[-1]
    assert [one.of for one in record.by_kind][-2:] == ["outcomes", "cone"]
    assert record.reliability == record.by_kind[-2].bands
    assert cone.loss == "pinball"
    given = cone.forecasts // 2
    assert [(one.given, one.came) for one in cone.bands] == [(2 * given, 0), (2 * given, given), (2 * given, 2 * given)]
    assert given == 29  # the first day knew of none before it


def test_rows_without_a_cone_leave_it_out() -> None:
    """A ledger from before cones were kept scores shares alone."""
    record = running_record([row(day) for day in range(30)], DEFAULTS, fresh)
    assert not isinstance(record, Missing)
    assert [one.of for one in record.by_kind][-1] == "outcomes"
