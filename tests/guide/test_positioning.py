"""Step 3: open interest, funding and the crowded side, by what changes them and what does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen import notation
from reportgen.config.assumptions import DEFAULTS
from reportgen.guide.positioning import FundingReading, OpenInterestReading, Positioning
from reportgen.guide.positioning.reading import funding_bias, read_positioning
from reportgen.market.data import Candles, FundingRates, MarketData, OpenInterest
from reportgen.units import DAY_MS, HOUR_MS, Floats, Maybe, Missing, Side
from tests.guide.structure.candle_paths import MIDDLE, START_MS, candles_along, noisy_range

DAYS = 30
HOURS = 24 * DAYS
AS_OF = START_MS + HOURS * HOUR_MS
ABSENT = Missing("The table is absent.")
QUIET = noisy_range(HOURS, width=0.002)
BASELINE = DEFAULTS.funding_baseline_8h


def open_interest(coins: Floats, *, unit: float = 1.0) -> OpenInterest:
    """Take hourly snapshots that end at as-of."""
    times = AS_OF - HOUR_MS * np.arange(len(coins), dtype=np.int64)[::-1]
    return OpenInterest(time_ms=times, open_interest_base=coins * unit, open_interest_quote=coins * unit * MIDDLE)


def funding(rates: Floats, *, hours: float = 8.0) -> FundingRates:
    """Settle rates every so many hours, the last at as-of."""
    times = AS_OF - int(hours * HOUR_MS) * np.arange(len(rates), dtype=np.int64)[::-1]
    return FundingRates(time_ms=times, funding_rate=rates, interval_hours=np.full(len(rates), hours))


def market(
    interest: Maybe[Mapping[str, OpenInterest]] = ABSENT,
    rates: Maybe[Mapping[str, FundingRates]] = ABSENT,
    candles: Maybe[Mapping[str, Candles]] | None = None,
) -> MarketData:
    """Gather tables into one market whose primary venue is binance."""
    return MarketData(
        symbol="BTC/USDT:USDT",
        as_of_ms=AS_OF,
        candles={"binance": QUIET} if candles is None else candles,
        open_interest=interest,
        funding=rates,
        order_book=ABSENT,
        liquidations=ABSENT,
        brackets=ABSENT,
        simulated=False,
    )


def read(
    coins: Floats | None = None, rates: Floats | None = None, *, candles: Candles = QUIET, unit: float = 1.0
) -> Positioning:
    """Read one venue's tables."""
    tables = market(
        ABSENT if coins is None else {"binance": open_interest(coins, unit=unit)},
        ABSENT if rates is None else {"binance": funding(rates)},
        {"binance": candles},
    )
    return read_positioning(tables, Missing("Not read."), price=MIDDLE, assumptions=DEFAULTS)


def interest_of(answer: Positioning) -> OpenInterestReading:
    """Insist on open interest."""
    assert isinstance(answer.open_interest, OpenInterestReading), answer.open_interest
    return answer.open_interest


def funding_of(answer: Positioning) -> FundingReading:
    """Insist on funding."""
    assert isinstance(answer.funding, FundingReading), answer.funding
    return answer.funding


def reason(answer: Maybe[object]) -> str:
    """Insist on a missing answer and give its reason."""
    assert isinstance(answer, Missing), answer
    return answer.reason


def ending(last_day: float, *, before: Floats | None = None) -> Floats:
    """Draw open interest that changes by a fraction over its last day, in even steps."""
    level = 1000 + 100 * np.sin(np.arange(HOURS - 24) / 50) if before is None else before
    return np.concatenate([level, level[-1] * (1 + last_day * np.arange(1, 25) / 24)])


def rates_ending(*last: float) -> Floats:
    """Draw funding that swings a little around the baseline and ends with some rates."""
    swings = BASELINE + 0.00005 * np.sin(np.arange(90 - len(last)))
    return np.concatenate([swings, last])


@pytest.mark.parametrize(("change", "trend"), [(0.05, "rising"), (0.0, "flat"), (0.01, "flat"), (-0.03, "falling")])
def test_trend_is_the_change_of_coins_over_a_day(change: float, trend: str) -> None:
    """Beyond the threshold open interest rises or falls; within it, it is flat."""
    reading = interest_of(read(ending(change)))
    assert reading.trend == trend
    assert reading.change_24h == pytest.approx(change)


def off_the_thresholds(change: float) -> bool:
    """Leave out changes that stand on a threshold, where the last bit of a product decides."""
    return all(abs(abs(change) - edge) > 1e-9 for edge in (DEFAULTS.open_interest_moving, DEFAULTS.flush_fall))


@given(st.sampled_from([1e-6, 0.01, 3.0, 1e9]), st.floats(-0.2, 0.2).filter(off_the_thresholds))
def test_the_unit_of_open_interest_decides_nothing(unit: float, change: float) -> None:
    """Contracts of any size give the same verdicts."""
    coins = ending(change)
    here, there = interest_of(read(coins)), interest_of(read(coins, unit=unit))
    assert (there.trend, there.elevated, there.flush) == (here.trend, here.elevated, here.flush)
    assert there.percentile == here.percentile
    assert there.open_interest_base == pytest.approx(unit * here.open_interest_base)


def test_a_level_is_elevated_against_its_own_history() -> None:
    """The highest level of a month is elevated, its lowest is not."""
    high, low = interest_of(read(ending(0.5))), interest_of(read(ending(-0.5)))
    assert (high.percentile, high.elevated) == (1, True)
    assert (low.percentile, low.elevated) == (0, False)
    assert high.history_days == pytest.approx(DAYS, abs=0.1)


def test_only_the_stated_history_counts() -> None:
    """A level of months ago does not make today's low."""
    month = ending(0.1)
    longer = np.concatenate([np.full(24 * 60, 1e6), month])
    reading = interest_of(read(longer))
    assert reading.percentile == pytest.approx(interest_of(read(month)).percentile, abs=2 / HOURS)
    assert reading.history_days == pytest.approx(DEFAULTS.open_interest_history_days)


def crash(by: float) -> Candles:
    """Draw a quiet market that falls on its last day."""
    close = QUIET.close.copy()
    close[-12:] *= 1 - by * np.arange(1, 13) / 12
    return candles_along(close, wick=0.0005)


def test_a_flush_is_a_sharp_fall_after_a_large_move() -> None:
    """Open interest that falls sharply with price is a flush; without the move, or without the fall, it is none."""
    sharp, slight = ending(-0.1), ending(-0.01)
    assert interest_of(read(sharp, candles=crash(0.08))).flush
    assert not interest_of(read(sharp)).flush
    assert not interest_of(read(slight, candles=crash(0.08))).flush


def test_a_squeeze_is_a_flush_as_well() -> None:
    """A large rise that empties positions counts like a fall."""
    assert interest_of(read(ending(-0.1), candles=crash(-0.08))).flush


def test_a_fall_from_the_peak_of_the_day_counts() -> None:
    """Open interest that first grew and was then flushed back is flat over the day, and a flush."""
    coins = np.full(HOURS, 1000.0)
    coins[-20:-4] = 1100.0
    reading = interest_of(read(coins, candles=crash(0.08)))
    assert (reading.trend, reading.flush) == ("flat", True)


def test_without_candles_no_flush_is_claimed() -> None:
    """When the move is not known the fall alone is not called a flush."""
    tables = market({"binance": open_interest(ending(-0.3))}, ABSENT, ABSENT)
    answer = read_positioning(tables, Missing("Not read."), price=MIDDLE, assumptions=DEFAULTS)
    assert not interest_of(answer).flush
    assert interest_of(answer).trend == "falling"
    begun = QUIET.part(slice(-12, None))
    assert not interest_of(read(ending(-0.3), candles=begun)).flush


def test_quote_value_is_the_published_one_else_coins_times_price() -> None:
    """What the venue published is shown; where it published coins alone they are valued at the price."""
    table = open_interest(ending(0.0))
    coins = float(table.open_interest_base[-1])
    for quote, expected in ((table.open_interest_quote, coins * MIDDLE), (Missing("Coins only."), coins * 7.0)):
        tables = market({"binance": replace(table, open_interest_quote=quote)})
        answer = read_positioning(tables, Missing("Not read."), price=7.0, assumptions=DEFAULTS)
        assert interest_of(answer).open_interest_quote == pytest.approx(expected)


def test_funding_is_read_per_eight_hours_and_per_year() -> None:
    """An hourly rate counts eightfold, and 1095 such intervals make a year."""
    tables = market(rates={"binance": funding(np.full(24 * 10, 0.00005), hours=1.0)})
    reading = funding_of(read_positioning(tables, Missing("Not read."), price=MIDDLE, assumptions=DEFAULTS))
    assert reading.rate_8h == pytest.approx(0.0004)
    assert reading.annualised == pytest.approx(0.0004 * 1095)
    assert (reading.interval_hours, reading.bias) == (1.0, "longs pay")


@given(st.floats(-0.01, 0.01))
def test_bias_turns_over_around_the_baseline(rate: float) -> None:
    """As far above the baseline longs pay as shorts pay below it; near it nobody does."""
    opposite = {"longs pay": "shorts pay", "shorts pay": "longs pay", "neutral": "neutral"}
    beyond = abs(rate - BASELINE)
    if abs(beyond - DEFAULTS.funding_neutral_band) > 1e-12:
        assert funding_bias(2 * BASELINE - rate, DEFAULTS) == opposite[funding_bias(rate, DEFAULTS)]
        assert (funding_bias(rate, DEFAULTS) == "neutral") == (beyond < DEFAULTS.funding_neutral_band)


def test_funding_is_extreme_by_itself_or_against_its_history() -> None:
    """Far from the baseline is extreme always; outside the band it is extreme at the edge of its own history."""
    tail = funding_of(read(rates=rates_ending(0.0003)))
    assert (tail.extreme, tail.percentile) == (True, 1)
    usual = np.full(90, 0.0003) + 0.00005 * np.sin(np.arange(90))
    assert not funding_of(read(rates=np.concatenate([usual, [0.0003]]))).extreme
    far = np.concatenate([usual + 0.0004, [0.0006]])
    assert funding_of(read(rates=far)).extreme


def test_a_quiet_record_is_not_extreme() -> None:
    """The highest rate of its history is nothing special while it stays near the baseline."""
    reading = funding_of(read(rates=rates_ending(BASELINE + 0.00009)))
    assert (reading.percentile, reading.bias, reading.extreme) == (1, "neutral", False)


def test_extreme_is_the_same_on_both_sides() -> None:
    """Rates mirrored around the baseline give the other bias and the same extreme."""
    rates = rates_ending(BASELINE, BASELINE, 0.0009)
    longs, shorts = funding_of(read(rates=rates)), funding_of(read(rates=2 * BASELINE - rates))
    assert (longs.bias, shorts.bias) == ("longs pay", "shorts pay")
    assert longs.extreme
    assert shorts.extreme
    assert shorts.percentile == pytest.approx(1 - longs.percentile)


def test_turning_extreme_needs_neutral_a_day_before() -> None:
    """Neutral a day ago and extreme now has turned; extreme for days, or neutral now, has not."""
    assert funding_of(read(rates=rates_ending(0.0009))).turned_extreme
    assert not funding_of(read(rates=rates_ending(*[0.0009] * 4))).turned_extreme
    assert not funding_of(read(rates=rates_ending(0.0009, 0.0009, 0.0009, BASELINE))).turned_extreme


def test_settlements_that_are_milliseconds_late_are_the_same_settlements() -> None:
    """Venues stamp settlements some milliseconds off; the rate of a day ago is still found."""
    table = funding(rates_ending(BASELINE, 0.0009, 0.0009, 0.0009))
    late = replace(table, time_ms=table.time_ms - np.arange(len(table.time_ms))[::-1] % 5)
    for times in (table, late):
        answer = read_positioning(market(rates={"binance": times}), ABSENT, price=MIDDLE, assumptions=DEFAULTS)
        assert funding_of(answer).turned_extreme


def test_extreme_funding_names_the_side_that_pays() -> None:
    """Longs who pay an extreme rate look crowded, shorts likewise, and the clause holds the rate."""
    longs, shorts = read(ending(0.0), rates_ending(0.0009)), read(ending(0.0), rates_ending(-0.0009))
    assert (longs.crowded_side, shorts.crowded_side) == (Side.LONG, Side.SHORT)
    assert "+0.090" in longs.crowded_because
    assert "\u22120.090" in shorts.crowded_because


def test_mild_funding_needs_open_interest_to_call_a_crowd() -> None:
    """A biased rate names a crowd only while open interest is elevated or rising."""
    usual = np.full(90, 0.0003) + 0.00005 * np.sin(np.arange(90))
    low = ending(0.0, before=np.linspace(2000, 1000, HOURS - 24))
    assert read(ending(0.1), usual).crowded_side == Side.LONG
    assert read(low, usual).crowded_side is None
    assert read(None, usual).crowded_side is None
    paid = f"longs pay, funding is {notation.funding(usual[-1])}"
    assert read(None, usual).crowded_because == f"{paid}, and open interest is not known"
    change = f"{notation.percent_change(0.1)} in 24\u202fh"
    assert read(ending(0.1), usual).crowded_because in {
        f"{paid}, and open interest is rising ({change})",
        f"{paid}, and open interest is elevated, the highest of its history",
    }
    assert read(low, usual).crowded_because.startswith(f"{paid}, but open interest is flat (")


def test_a_flush_ends_the_crowd() -> None:
    """After a flush nobody is called crowded, however extreme the last rate was."""
    answer = read(ending(-0.1), rates_ending(0.0009), candles=crash(0.08))
    assert answer.crowded_side is None
    flushed = "but open interest was flushed (\u221210.0\u202f% in 24\u202fh)"
    assert answer.crowded_because.endswith(f"extreme: the highest of its history, {flushed}")


def test_neutral_or_unknown_funding_names_nobody() -> None:
    """Open interest alone has as many longs as shorts."""
    assert read(ending(0.3), rates_ending(BASELINE)).crowded_side is None
    assert read(ending(0.3)).crowded_side is None
    assert read(ending(0.3)).crowded_because == "funding is not known"
    near = read(ending(0.3), rates_ending(BASELINE)).crowded_because
    assert near == f"funding is {notation.funding(BASELINE)}, near the baseline"
    assert read(None, rates_ending(0.0009)).crowded_side == Side.LONG


def test_the_clause_never_ends_a_sentence() -> None:
    """The reason is one clause, so that a sentence can be built around it."""
    for rate in (-0.0009, -0.00005, BASELINE, 0.0003, 0.0009):
        for change in (-0.1, 0.0, 0.1):
            clause = read(ending(change), rates_ending(rate)).crowded_because
            assert clause
            assert not clause.endswith((".", ","))


def test_absent_tables_keep_their_own_reason() -> None:
    """What the loader said about a table is what the reader gets."""
    answer = read()
    assert answer.open_interest == ABSENT
    assert answer.funding == ABSENT


def test_the_primary_venue_speaks_when_it_has_rows() -> None:
    """The primary venue comes first though another has more; without it the fullest one speaks."""
    long, short = open_interest(ending(0.0)), open_interest(ending(0.0)[-24 * 20 :])
    tiny = open_interest(np.array([5.0]))
    empty = replace(short, time_ms=short.time_ms[:0], open_interest_base=short.open_interest_base[:0])

    def venue(tables: Mapping[str, OpenInterest]) -> str:
        return interest_of(read_positioning(market(tables), ABSENT, price=MIDDLE, assumptions=DEFAULTS)).venue

    assert venue({"bybit": long, "binance": short}) == "binance"
    assert venue({"okx": tiny, "bybit": long}) == "bybit"
    assert venue({"binance": empty, "bybit": long}) == "bybit"


def test_a_table_that_begins_after_as_of_is_an_absent_one() -> None:
    """Rows after as-of are not rows."""
    future = open_interest(ending(0.0))
    tables = market({"binance": replace(future, time_ms=future.time_ms + 100 * DAY_MS)})
    answer = read_positioning(tables, ABSENT, price=MIDDLE, assumptions=DEFAULTS)
    assert reason(answer.open_interest) == "No venue has open interest for this symbol up to as-of."


def test_rows_after_as_of_change_nothing() -> None:
    """Readings in the middle of the tables are readings of the tables cut there."""
    interest, rates = open_interest(ending(0.1)), funding(rates_ending(0.0009))
    cut_at = AS_OF - 5 * DAY_MS
    early, soon = interest.time_ms <= cut_at, rates.time_ms <= cut_at
    assert not isinstance(interest.open_interest_quote, Missing)
    cut_interest = OpenInterest(
        time_ms=interest.time_ms[early],
        open_interest_base=interest.open_interest_base[early],
        open_interest_quote=interest.open_interest_quote[early],
    )
    cut_rates = FundingRates(
        time_ms=rates.time_ms[soon], funding_rate=rates.funding_rate[soon], interval_hours=rates.interval_hours[soon]
    )
    answers = [
        read_positioning(replace(market(*tables), as_of_ms=cut_at), ABSENT, price=MIDDLE, assumptions=DEFAULTS)
        for tables in (({"binance": interest}, {"binance": rates}), ({"binance": cut_interest}, {"binance": cut_rates}))
    ]
    assert answers[0] == answers[1]
    assert funding_of(answers[0]).time_ms <= cut_at


def test_too_little_history_is_named() -> None:
    """Three days of either table give no percentile, and the reason says how many days there are."""
    short = "The history of {} is too short: {} days of the 7 that are needed."
    assert reason(read(ending(0.0)[-73:]).open_interest) == short.format("open interest", "3.0")
    assert reason(read(rates=rates_ending(0.0009)[-9:]).funding) == short.format("funding", "2.7")


def test_an_old_last_row_is_named() -> None:
    """A table that ended two days before as-of tells nothing of today."""
    table = open_interest(ending(0.0))
    tables = market({"binance": replace(table, time_ms=table.time_ms - 2 * DAY_MS)})
    answer = read_positioning(tables, ABSENT, price=MIDDLE, assumptions=DEFAULTS)
    assert "48 hours older" in reason(answer.open_interest)


def test_a_hole_a_day_ago_is_named() -> None:
    """Without a snapshot of a day ago there is no change, and so no trend."""
    table = open_interest(ending(0.0))
    kept = np.delete(np.arange(HOURS), np.arange(HOURS - 30, HOURS - 20))
    holed = OpenInterest(
        time_ms=table.time_ms[kept],
        open_interest_base=table.open_interest_base[kept],
        open_interest_quote=Missing("Coins only."),
    )
    answer = read_positioning(market({"binance": holed}), ABSENT, price=MIDDLE, assumptions=DEFAULTS)
    assert "24 hours" in reason(answer.open_interest)
