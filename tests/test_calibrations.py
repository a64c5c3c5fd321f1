"""The calibration file: round trip, tampering, and what was known when."""

from __future__ import annotations

import json
from collections.abc import Callable
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
from reportgen.liquidation.calibration import VERSION, NotionalRule
from reportgen.liquidation.calibration.choice import choose_calibration
from reportgen.moments import day_of
from reportgen.units import DAY_MS, HOUR_MS, Missing
from tests.liquidation.calibrations import END_MS, MARKET, calibration, dated


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


def test_one_named_file_is_enough(tmp_path: Path) -> None:
    """A path to a file is read whatever its name; one that is not there is a note, and no folder is nothing."""
    path = tmp_path / "mine.json"
    write_calibrations(path, [calibration()])
    assert len(newest_calibrations(path, END_MS).calibrations) == 1
    assert "is not there" in newest_calibrations(tmp_path / "other.json", END_MS).notes[0]
    assert newest_calibrations(tmp_path / "nowhere", END_MS).notes == ()


def test_a_file_nested_without_end_is_one_sentence() -> None:
    """Brackets a hundred thousand deep are no calibration, and no crash."""
    with pytest.raises(DataError, match="not JSON"):
        calibrations_from_json(b"[" * 100_000, "c.json")
