"""The ledger is append-only, and shows every change to what was written."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from reportgen.errors import DataError
from reportgen.guide.zones import Label
from reportgen.track_record.ledger import LedgerRow, append_rows, read_rows, verify_ledger
from reportgen.units import DAY_MS, HOUR_MS

START_MS = 480_000 * HOUR_MS


def row(day: int, label: Label = "A", *, simulated: bool = False) -> LedgerRow:
    """Make one scored zone of one day."""
    return LedgerRow(
        symbol="BTC/USDT:USDT", label=label, side="above", low=104.0, high=106.125, price=100.1, atr=4.0 / 3,
        distance_atr=2.925, price_decimals=1, decision_ms=START_MS + day * DAY_MS, from_ms=START_MS + day * DAY_MS,
        until_ms=START_MS + (day + 1) * DAY_MS, horizon_hours=24.0, venue="binance", bars="1h", simulated=simulated,
        shown=(0.1, 0.03, 0.03, 0.84), control=(0.1, 0.03, 0.03, 0.84), outcome="reject", timeout=False, reason="",
        planned=True, touched_ms=START_MS + day * DAY_MS + 5 * HOUR_MS, excursion_atr=0.125, alert_ms=None,
        entry_ms=None, invalidation_ms=None, de_risk_ms=None, scored_as_of_ms=START_MS + (day + 1) * DAY_MS,
    )  # fmt: skip


LEDGER = append_rows(append_rows(b"", [row(0), row(0, "C")]), [row(1), row(2)])


def test_rows_come_back_as_they_were_written() -> None:
    """Reading gives the rows in order, to the last digit; what stood there before is a prefix of what stands now."""
    assert read_rows(LEDGER) == (row(0), row(0, "C"), row(1), row(2))
    assert append_rows(LEDGER, [row(3)]).startswith(LEDGER)
    assert append_rows(LEDGER, []) == LEDGER


def test_every_word_that_a_row_may_hold_is_read() -> None:
    """Both sides, each letter, each outcome and each leaning, in one ledger."""
    outcomes = ("reject", "continue", "front_run", "ignore", "censored", "not_an_event", "open")
    labels: tuple[Label, ...] = ("A", "B", "C")
    rows = tuple(
        replace(row(day, labels[day % 3]), side="below" if day % 2 else "above", outcome=outcome, lean=lean)  # type: ignore[arg-type]
        for day, (outcome, lean) in enumerate(zip(outcomes, (*outcomes[:4], "none", "", ""), strict=True))
    )
    assert read_rows(append_rows(b"", rows)) == rows


def test_each_row_holds_the_hash_of_the_line_before() -> None:
    """`sha256sum` of a line is what the next one calls `previous`; the first has nothing before it."""
    lines = LEDGER.splitlines()
    previous = [json.loads(line)["previous"] for line in lines]
    assert previous == ["0" * 64, *(hashlib.sha256(line).hexdigest() for line in lines[:-1])]


def test_no_zone_is_written_twice() -> None:
    """A zone that the ledger holds, or that comes twice at once, is left out; that of another market is not."""
    assert append_rows(LEDGER, [row(1), replace(row(2), outcome="ignore")]) == LEDGER
    assert len(read_rows(append_rows(b"", [row(0), row(0)]))) == 1
    assert len(read_rows(append_rows(LEDGER, [row(1, simulated=True)]))) == 5


def test_every_changed_byte_is_named() -> None:
    """Whatever byte of whatever line is changed, in two ways, the first bad line is that line."""
    line_of, number = [], 1
    for byte in LEDGER:
        line_of.append(number)
        number += byte == ord("\n")
    for place, line in enumerate(line_of):
        for flip in (0x01, 0x80):
            changed = bytearray(LEDGER)
            changed[place] ^= flip
            assert verify_ledger(bytes(changed)) == line, (place, flip)
    assert verify_ledger(LEDGER) is None
    assert verify_ledger(b"") is None


@pytest.mark.parametrize(
    ("lines", "bad"),
    [([1, 2, 3], 1), ([0, 2, 3], 2), ([0, 1, 3], 3), ([1, 0, 2, 3], 1), ([0, 1, 1, 2, 3], 3)],
    ids=["first lost", "second lost", "third lost", "swapped", "doubled"],
)
def test_lost_swapped_and_doubled_lines_are_named(lines: list[int], bad: int) -> None:
    """A line in the wrong place does not fit the one before it, though it is itself as it was written."""
    kept = LEDGER.splitlines(keepends=True)
    assert verify_ledger(b"".join(kept[line] for line in lines)) == bad


def test_a_row_that_was_signed_again_breaks_the_chain_after_it() -> None:
    """Whoever rewrites one row with its own hash is found at the next."""
    forged = append_rows(b"", [row(0), replace(row(0, "C"), outcome="ignore")]).splitlines(keepends=True)
    assert verify_ledger(b"".join([*forged, *LEDGER.splitlines(keepends=True)[2:]])) == 3


def test_a_ledger_that_ends_in_the_middle_of_a_line_is_named() -> None:
    """What is left of a cut line is no row."""
    assert verify_ledger(LEDGER[:-1]) == 4
    assert verify_ledger(LEDGER[:-40]) == 4


def test_nothing_is_added_to_a_ledger_that_was_changed() -> None:
    """Reading and appending end in one sentence that names the line and the way out."""
    changed = LEDGER.replace(b'"outcome":"reject"', b'"outcome":"ignore"', 1)
    for attempt in (lambda: read_rows(changed), lambda: append_rows(changed, [row(9)])):
        with pytest.raises(DataError) as refused:
            attempt()
        assert str(refused.value) == (
            "ledger/ledger.jsonl:1: this line was changed or lost: its hash does not fit. Restore the ledger from a "
            "copy; until then nothing is added to it."
        )


def test_a_later_version_may_hold_more_and_an_older_one_is_still_read() -> None:
    """Fields that this version does not know are part of the chain and left out of the row."""
    line = json.loads(LEDGER.splitlines()[0])
    line |= {"note": "from the future", "ledger_version": 2}
    del line["sha256"]
    plain = json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    line["sha256"] = hashlib.sha256(plain.encode()).hexdigest()
    ledger = json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    assert verify_ledger(ledger) is None
    assert read_rows(ledger) == (row(0),)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("low", "104"), ("low", None), ("low", True), ("side", "left"), ("label", 3), ("shown", [0.1, 0.9]),
        ("shown", ["a", "b", "c", "d"]), ("decision_ms", 1.5), ("timeout", 0), ("outcome", "open?"), ("symbol", None),
    ],
)  # fmt: skip
def test_a_row_that_somebody_signed_again_is_named(field: str, value: object) -> None:
    """Hashes that fit are not enough: a field that is absent or of another type is a changed line, not a crash."""
    for bad in ({field: value}, None):
        content = {**json.loads(LEDGER.splitlines()[0]), **(bad or {})}
        content.pop("sha256")
        if bad is None:
            content.pop(field)
        plain = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        signed = json.dumps(
            {**content, "sha256": hashlib.sha256(plain).hexdigest()}, sort_keys=True, separators=(",", ":")
        ).encode()
        assert verify_ledger(signed + b"\n") == 1
        with pytest.raises(DataError, match=r"ledger\.jsonl:1: this line was changed"):
            read_rows(signed + b"\n")
