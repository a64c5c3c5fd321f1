"""The ledger: one line a scored zone, each holding the sha256 of the line before, so that editing is visible.

JSON Lines in UTF-8, keys sorted. `sha256` is the hash of the row's own line without that field, `previous` the hash of
the whole line before; `sha256sum` on a line finds the same. Rows are only ever appended. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from reportgen.brief.types import FateState
from reportgen.errors import DataError
from reportgen.guide.zones import Label
from reportgen.units import Milliseconds, Price, Where

LEDGER_FILE: Final = "ledger/ledger.jsonl"
"""Where the ledger stands, relative to the output folder."""

_NOTHING_BEFORE: Final = "0" * 64
_VERSION: Final = 1
_OWN: Final = b',"sha256":"'
_HASH_LENGTH: Final = 64

FourShares = tuple[float, float, float, float]
"""Shares of reject, continue, front-run and ignore, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One zone of an earlier brief, scored once its horizon had passed.

    Attributes:
        symbol, label, side, low, high, price, atr, distance_atr, price_decimals: The zone as it was shown.
        decision_ms: The moment that its brief spoke of. from_ms: when the first bar opened that counts; until_ms: when
            the last one closed. horizon_hours: between the two. venue, bars: whose bars, and how long, "1h".
        simulated: Of the simulated market.
        shown: The shares that the brief showed, None when it showed none. control: those of distance alone.
        outcome: One of four, `censored` or `not_an_event`. timeout: only the last close decided. reason: why it has no
            outcome, else "".
        planned: Whether the brief had a plan for the zone; the six that follow are those of `Passage`.
        scored_as_of_ms: The moment of the run that scored it; nothing later was known.
    """

    symbol: str
    label: Label
    side: Where
    low: Price
    high: Price
    price: Price
    atr: Price
    distance_atr: float
    price_decimals: int
    decision_ms: Milliseconds
    from_ms: Milliseconds
    until_ms: Milliseconds
    horizon_hours: float
    venue: str
    bars: str
    simulated: bool
    shown: FourShares | None
    control: FourShares | None
    outcome: FateState
    timeout: bool
    reason: str
    planned: bool
    touched_ms: Milliseconds | None
    excursion_atr: float | None
    alert_ms: Milliseconds | None
    entry_ms: Milliseconds | None
    invalidation_ms: Milliseconds | None
    de_risk_ms: Milliseconds | None
    scored_as_of_ms: Milliseconds

    @property
    def zone(self) -> tuple[bool, int, str, str, str]:
        """What makes a zone the same zone: market, moment, symbol, side and letter."""
        return self.simulated, self.decision_ms, self.symbol, self.side, self.label


def append_rows(ledger: bytes, rows: Iterable[LedgerRow]) -> bytes:
    """Add rows to a ledger; zones that it holds already are left out, and nothing that stands in it changes.

    Args:
        ledger: Its bytes; b"" when there is none yet.
        rows: New rows, in the order in which they shall stand.

    Raises:
        DataError: A line of the ledger was changed; nothing may be added to it.
    """
    held = {row.zone for row in read_rows(ledger)}
    count = ledger.count(b"\n")
    previous = line_sha256(ledger[:-1].rpartition(b"\n")[2]) if ledger else _NOTHING_BEFORE
    lines: list[bytes] = []
    for row in rows:
        if row.zone not in held:
            held.add(row.zone)
            place = {"ledger_version": _VERSION, "row": count + len(lines) + 1, "previous": previous}
            content = {**asdict(row), **place}
            lines.append(_canonical({**content, "sha256": line_sha256(_canonical(content))}))
            previous = line_sha256(lines[-1])
    return ledger + b"".join(line + b"\n" for line in lines)


def read_rows(ledger: bytes) -> tuple[LedgerRow, ...]:
    """Read all rows of a ledger.

    Raises:
        DataError: A line was changed; names the first.
    """
    parsed, bad = _checked(ledger)
    if bad is not None:
        raise DataError(
            f"{LEDGER_FILE}:{bad}: this line was changed or lost: its hash does not fit. "
            "Restore the ledger from a copy; until then nothing is added to it."
        )
    known = {field.name for field in fields(LedgerRow)}
    kept: list[dict[str, Any]] = [
        {k: tuple(v) if isinstance(v, list) else v for k, v in row.items() if k in known} for row in parsed
    ]
    return tuple(LedgerRow(**row) for row in kept)


def verify_ledger(ledger: bytes) -> int | None:
    """Find the first line that is not as it was written.

    Args:
        ledger: The bytes of the file.

    Returns:
        Its number, counted from 1, or None when every line is sound. Lines cut off at the very end are not seen from
        the ledger alone: each brief keeps how many rows there were, and the hash of the last.
    """
    return _checked(ledger)[1]


def line_sha256(line: bytes) -> str:
    """Give the hash that the next row holds of this line."""
    return hashlib.sha256(line).hexdigest()


def _checked(ledger: bytes) -> tuple[list[dict[str, Any]], int | None]:
    """Parse the lines as far as they are sound, and give the number of the first that is not."""
    *lines, rest = ledger.split(b"\n")
    parsed: list[dict[str, Any]] = []
    previous = _NOTHING_BEFORE
    for number, line in enumerate(lines, start=1):
        row = _sound(line, number, previous)
        if row is None:
            return parsed, number
        parsed.append(row)
        previous = line_sha256(line)
    return parsed, len(lines) + 1 if rest else None


def _sound(line: bytes, number: int, previous: str) -> dict[str, Any] | None:
    """Parse a line that is exactly what was written for its place; None for any other."""
    before, mark, after = line.partition(_OWN)
    own, rest = after[:_HASH_LENGTH], after[_HASH_LENGTH:]
    if not mark or rest[:1] != b'"' or line_sha256(before + rest[1:]) != own.decode("latin-1"):
        return None
    try:
        row: dict[str, Any] = json.loads(line)
        return row if (row.get("row"), row.get("previous")) == (number, previous) else None
    except (ValueError, AttributeError, RecursionError):  # somebody signed what is no row
        return None


def _canonical(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
