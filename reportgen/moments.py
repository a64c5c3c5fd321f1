"""Moments and spans as people write them: ISO 8601 with a zone, or 4h, becomes milliseconds, and back.

Stands at the edge, between config.yaml or the command line and everything that counts in milliseconds.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from reportgen.errors import UsageError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_SPAN: Final = re.compile(r"([0-9]{1,4})([mhd])")
_UNIT_MS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
_EXAMPLE: Final = "2026-01-19T07:00Z"


def parse_moment(text: str) -> int:
    """Read an ISO 8601 date and time that carries a zone, as UTC epoch milliseconds.

    Args:
        text: `2026-01-19T07:00Z` or `2026-01-19T08:00+01:00`.

    Raises:
        UsageError: The text is no date and time, carries no zone, or lies before 1970.
    """
    written = text.strip()
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise UsageError(f"`{text}` is not a date and time. Write it as {_EXAMPLE}.") from error
    if "T" not in written.upper() and " " not in written:
        raise UsageError(f"`{text}` has no time of day. Write it as {_EXAMPLE}.")
    if moment.tzinfo is None:
        raise UsageError(f"`{text}` has no time zone. Add Z for UTC or an offset such as +01:00: {_EXAMPLE}.")
    milliseconds = (moment - _EPOCH) // _MILLISECOND
    if milliseconds < 0:
        raise UsageError(f"`{text}` lies before 1970. Write it as {_EXAMPLE}.")
    return milliseconds


def parse_span(text: str) -> int:
    """Read a span of time such as 30m, 4h or 1d as milliseconds.

    Raises:
        UsageError: The text is no span.
    """
    found = _SPAN.fullmatch(text.strip())
    if not found or not int(found[1]):
        raise UsageError(f"`{text}` is not a span of time. Write it as 30m, 4h or 1d.")
    return int(found[1]) * _UNIT_MS[found[2]]


def moment_text(milliseconds: int) -> str:
    """Write UTC epoch milliseconds as ISO 8601 in UTC, to the minute where that is exact: 2026-01-19T07:00Z."""
    moment = _EPOCH + milliseconds * _MILLISECOND
    exact = "minutes" if moment.second == moment.microsecond == 0 else "auto"
    return moment.replace(tzinfo=None).isoformat(timespec=exact) + "Z"


def day_of(milliseconds: int) -> tuple[str, str, str]:
    """Split the UTC day of a moment into year, month and day: ("2026", "01", "19")."""
    moment = _EPOCH + milliseconds * _MILLISECOND
    return f"{moment:%Y}", f"{moment:%m}", f"{moment:%d}"
