"""What backtests have shown about zones near events: the only thing that a brief may claim about it.

Stands at the edge: reads the records that `reportgen backtest` left in the output folder. A record counts for a brief
whose as-of lies after it, and simulated ones only for a simulated market.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from reportgen.units import Milliseconds

BACKTESTS: Final = "backtests"
"""Folder of the records below the output folder."""

_SAYS: Final = {
    "different near events": "zones behaved differently near events",
    "not distinguishable": "zones near events could not be told from the others",
    "insufficient evidence": "insufficient evidence on zones near events",
}


class _Split(BaseModel):
    verdict: str = ""
    why: str = ""


class _Record(BaseModel):
    symbol: str
    simulated: bool
    until_ms: int
    near_events: _Split = _Split()


def shown_near_events(
    output: Path, symbols: Iterable[str], as_of_ms: Milliseconds, *, simulated: bool
) -> tuple[str, ...]:
    """Write one sentence for each symbol that has a record, from its newest one.

    Args:
        output: Folder of the briefs.
        symbols: Unified names, in the page's order.
        as_of_ms: Records that end later are left out.
        simulated: Whether the brief's market is; records of the other sort are left out.
    """
    newest: dict[str, _Record] = {}
    for path in sorted((output / BACKTESTS).glob("*/backtest.json")):
        try:
            record = _Record.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            continue  # a record of another version shows nothing about events
        fits = record.simulated == simulated and record.until_ms <= as_of_ms and record.near_events.verdict in _SAYS
        if fits and (record.symbol not in newest or record.until_ms > newest[record.symbol].until_ms):
            newest[record.symbol] = record
    return tuple(_sentence(newest[symbol]) for symbol in symbols if symbol in newest)


def _sentence(record: _Record) -> str:
    day = datetime.fromtimestamp(record.until_ms / 1000, tz=UTC)
    says = _SAYS.get(record.near_events.verdict, "")
    return f"{record.symbol}, backtest up to {day:%Y-%m-%d}: {says}. {record.near_events.why}"
