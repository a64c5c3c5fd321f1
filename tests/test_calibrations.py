"""The calibration file and its choice: round trip, tampering, what was known when, and every refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reportgen.config.assumptions import DEFAULTS
from reportgen.delivery.archive.calibrations import (
    calibration_path,
    calibrations_from_json,
    calibrations_to_json,
    newest_calibrations,
    read_calibrations,
    write_calibrations,
)
from reportgen.errors import DataError
from reportgen.liquidation.calibration import VERSION, Calibration, FitScore, NotionalRule
from reportgen.liquidation.calibration.choice import as_fitted, choose_calibration
from reportgen.liquidation.calibration.make import borrow
from reportgen.liquidation.conservation import node_distances
from reportgen.market.data import MarketData
from reportgen.moments import day_of
from reportgen.units import DAY_MS, HOUR_MS, Missing
from tests.liquidation.test_calibration import market_of

MARKET = market_of(30)
END_MS = MARKET.as_of_ms
DISTANCES = node_distances(DEFAULTS)
NODES = len(DISTANCES)
WEIGHT = np.linspace(0.3, 0.0, NODES) / 3


def calibration(**changes: Any) -> Calibration:
    """Build a calibration that fits MARKET."""
    assert not isinstance(MARKET.candles, Missing)
    assert not isinstance(MARKET.open_interest, Missing)
    made = Calibration(
        version=VERSION,
        symbol="BTC/USDT:USDT",
        borrowed_from=None,
        sample_start_ms=END_MS - 30 * DAY_MS,
        sample_end_ms=END_MS,
        interval_ms=HOUR_MS,
        observations=1200,
        liquidation_venues=("a", "b"),
        open_interest_venues=("a",),
        price=float(np.median(MARKET.candles["a"].close)),
        open_interest_base=float(MARKET.open_interest["a"].open_interest_base[-1]),
        churn=1.0,
        volume_share=0.5,
        node_distance=tuple(DISTANCES.tolist()),
        weight=WEIGHT,
        prior_weight=np.full(NODES, 0.1),
        identified=DISTANCES < 0.05,
        weight_draws=np.stack([0.9 * WEIGHT, 1.1 * WEIGHT]),
        fit=FitScore(ratio=1.02, correlation=0.91, climatology=0.8, observations=1200),
        held_out=Missing("Too short."),
        interval=NotionalRule(
            level=0.9,
            edge_quote=np.array([1e5]),
            low_ratio=np.array([0.1, 0.2]),
            high_ratio=np.array([4.0, 2.5]),
            covered=80,
            of=90,
        ),
    )
    return replace(made, **changes)


def dated(days_ago: float, **changes: Any) -> Calibration:
    """Build one whose sample ended some days before as-of."""
    end = END_MS - round(days_ago * DAY_MS)
    return calibration(sample_end_ms=end, sample_start_ms=end - 30 * DAY_MS, **changes)


def test_a_file_comes_back_as_it_was(tmp_path: Path) -> None:
    """Reading gives what was written, and writing that again gives the same bytes."""
    both = (calibration(), calibration(symbol="ETH/USDT:USDT", borrowed_from="BTC/USDT:USDT"))
    path = calibration_path(tmp_path, both)
    write_calibrations(path, both)
    read = read_calibrations(path)
    assert calibrations_to_json(read) == path.read_bytes()
    np.testing.assert_array_equal(read[0].weight, both[0].weight)
    np.testing.assert_array_equal(read[0].identified, both[0].identified)
    assert read[0].held_out == both[0].held_out
    assert read[0].fit == both[0].fit
    assert read[1].borrowed_from == "BTC/USDT:USDT"
    rule = read[0].interval
    assert isinstance(rule, NotionalRule)
    assert rule.bounds(1e6) == (2e5, 2.5e6)


Tamper = Callable[[Any], object]


@pytest.mark.parametrize(
    ("tamper", "place"),
    [
        (lambda d: d["calibrations"][0]["weight"].__setitem__(0, -0.1), "calibrations.0.weight.0"),
        (lambda d: d["calibrations"][0]["weight"].__setitem__(0, "0.1"), "calibrations.0.weight.0"),
        (lambda d: d["calibrations"][0]["weight"].pop(), "one for each node"),
        (lambda d: d["calibrations"][0]["weight_draws"][1].pop(), "one for each node"),
        (lambda d: d["calibrations"][0].pop("churn"), "calibrations.0.churn"),
        (lambda d: d["calibrations"][0].__setitem__("leverage", 3), "calibrations.0.leverage"),
        (lambda d: d["calibrations"][0].__setitem__("sample_end_ms", 5), "ends before it starts"),
        (lambda d: d["calibrations"][0]["interval"].__setitem__("low_ratio", [9.0, 9.0]), "lower end"),
        (lambda d: d["calibrations"].clear(), "calibrations"),
        (lambda d: d.__setitem__("version", VERSION + 1), "version"),
    ],
)
def test_a_file_that_was_changed_is_refused(tamper: Tamper, place: str) -> None:
    """Each change that could print wrong dollars is one error with the file, the place and the next step."""
    data = json.loads(calibrations_to_json([calibration()]))
    tamper(data)
    with pytest.raises(DataError, match="reportgen calibrate") as refused:
        calibrations_from_json(json.dumps(data).encode(), "some.json")
    assert str(refused.value).startswith("some.json: ")
    assert place in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"3", b"\xff\xfe", b'{"version": NaN}'])
def test_what_is_no_calibration_is_refused(data: bytes) -> None:
    """Half a file, another file or no text at all is one error."""
    with pytest.raises(DataError, match=r"some\.json(:\d+)?: "):
        calibrations_from_json(data, "some.json")


def test_the_newest_that_was_known_is_used(tmp_path: Path) -> None:
    """Of several dated files the newest by as-of wins; a later one does not exist yet."""
    for days in (20, 10, 0):
        made = [dated(days)]
        write_calibrations(calibration_path(tmp_path, made), made)
    for as_of, days in ((END_MS, 0), (END_MS - HOUR_MS, 10), (END_MS - 15 * DAY_MS, 20)):
        chosen = choose_calibration(newest_calibrations(tmp_path, as_of).calibrations, MARKET, as_of, DEFAULTS)
        assert not isinstance(chosen, Missing)
        assert chosen.sample_end_ms == END_MS - days * DAY_MS
    early = END_MS - 40 * DAY_MS
    chosen = choose_calibration(newest_calibrations(tmp_path, early).calibrations, MARKET, early, DEFAULTS)
    day = day_of(END_MS - 20 * DAY_MS)
    assert chosen == Missing(f"A calibration of {day} exists, later than as-of, so none was known then.")


def test_a_broken_newest_file_falls_back_to_the_last_good_one(tmp_path: Path) -> None:
    """The older file is used and a note names the broken one."""
    good, bad = [dated(10)], [dated(0)]
    write_calibrations(calibration_path(tmp_path, good), good)
    broken = calibration_path(tmp_path, bad)
    broken.write_bytes(calibrations_to_json(bad)[:200])
    found = newest_calibrations(tmp_path, END_MS)
    chosen = choose_calibration(found.calibrations, MARKET, END_MS, DEFAULTS)
    assert not isinstance(chosen, Missing)
    assert chosen.sample_end_ms == good[0].sample_end_ms
    assert len(found.notes) == 1
    assert str(broken) in found.notes[0]


def test_a_mismatching_newest_falls_back_to_one_that_fits() -> None:
    """A newer calibration of other venues does not hide an older one that fits."""
    chosen = choose_calibration([dated(0, open_interest_venues=("b",)), dated(9)], MARKET, END_MS, DEFAULTS)
    assert not isinstance(chosen, Missing)
    assert chosen.sample_end_ms == END_MS - 9 * DAY_MS


def test_one_named_file_is_enough(tmp_path: Path) -> None:
    """A path to a file is read whatever its name; one that is not there is a note, and no folder is nothing."""
    path = tmp_path / "mine.json"
    write_calibrations(path, [calibration()])
    assert len(newest_calibrations(path, END_MS).calibrations) == 1
    assert "is not there" in newest_calibrations(tmp_path / "other.json", END_MS).notes[0]
    assert newest_calibrations(tmp_path / "nowhere", END_MS).notes == ()


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ((), "No calibration was found"),
        ((dated(-1),), "exists, later than as-of"),
        ((calibration(symbol="ETH/USDT:USDT"),), "only of ETH/USDT:USDT"),
        ((calibration(version=VERSION + 1),), "version"),
        ((dated(91),), "91 days ago"),
        ((calibration(node_distance=tuple((2 * DISTANCES).tolist())),), "distance nodes"),
        ((calibration(open_interest_venues=("a", "b")),), "open interest of a, b"),
        ((calibration(price=1e4),), "price"),
        ((calibration(open_interest_base=1.0),), "open interest"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(given: tuple[Calibration, ...], word: str) -> None:
    """Another symbol, version, venue, time or scale leaves the map uncalibrated, and the page can say why."""
    refused = choose_calibration(given, MARKET, END_MS, DEFAULTS)
    assert isinstance(refused, Missing)
    assert word in refused.reason


def test_an_edge_of_ninety_days_is_still_used() -> None:
    """The oldest that is allowed is allowed."""
    assert not isinstance(choose_calibration([dated(90)], MARKET, END_MS, DEFAULTS), Missing)


def test_a_market_without_open_interest_stays_uncalibrated() -> None:
    """Weights need open interest to stand for dollars."""
    market: MarketData = replace(MARKET, open_interest=Missing("No open interest here."))
    assert choose_calibration([calibration()], market, END_MS, DEFAULTS) == Missing("No open interest here.")


def test_a_symbol_without_liquidations_borrows_and_says_so() -> None:
    """Borrowed weights are the mean of the others', nothing of them is identified, and no score is claimed."""
    others = [calibration(), calibration(symbol="SOL/USDT:USDT", weight=WEIGHT[::-1])]
    market = replace(MARKET, symbol="ETH/USDT:USDT", liquidations=Missing("none"))
    lent = borrow(market, others)
    assert not isinstance(lent, Missing)
    assert lent.borrowed_from == "BTC/USDT:USDT, SOL/USDT:USDT"
    np.testing.assert_allclose(lent.weight, (others[0].weight + others[1].weight) / 2)
    assert not lent.identified.any()
    assert isinstance(lent.held_out, Missing)
    assert isinstance(lent.interval, Missing)
    assert choose_calibration([lent], market, END_MS, DEFAULTS) is lent


def test_the_engine_runs_as_it_was_fitted() -> None:
    """Weights fitted with one churn are only used with it, whatever the assumptions say now."""
    now = as_fitted(calibration(churn=0.3, volume_share=0.25), DEFAULTS)
    assert (now.churn, now.volume_share) == (0.3, 0.25)
    assert replace(now, churn=DEFAULTS.churn, volume_share=DEFAULTS.volume_share) == DEFAULTS


def test_a_file_nested_without_end_is_one_sentence() -> None:
    """Brackets a hundred thousand deep are no calibration, and no crash."""
    with pytest.raises(DataError, match="not JSON"):
        calibrations_from_json(b"[" * 100_000, "c.json")
