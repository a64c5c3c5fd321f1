"""The tables of a market folder: names, columns, kinds and keys, declared once.

Read by `market/folder/columns.py` to know what to expect of a file; docs/data-formats.md says the same for people.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Literal

from reportgen.units import DAY_MS, HOUR_MS, Milliseconds

_UNIT_MS: Final = {"s": 1_000, "m": HOUR_MS // 60, "h": HOUR_MS, "d": DAY_MS, "w": 7 * DAY_MS}
_INTERVAL: Final = re.compile(r"([1-9][0-9]{0,3})([smhdw])")


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    TIME = "time"
    NUMBER = "number"
    DATE = "date"


_MOMENTS: Final = {"bar end": "open_time_ms", "time": "time_ms", "date": "as_of", "next day": "date"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFormat:
    """One table of the market folder.

    Attributes:
        name: File name without its suffix. says: what a row tells, for the sentence about an absent table.
        keys: Text columns that part the rows into series, symbol and venue first.
        numbers: Numeric columns that every row must fill. optional: numeric columns that may be absent or empty.
        known_at: When a row became known: at the end of its bar, at its time, at its date, or at the end of that day.
        within: Columns that order the rows of one series and moment.
        snapshot: Columns within which only the rows of the newest moment are read; none where every row counts.
        presumed: What a required column that the file lacks altogether is taken to say, by column.
    """

    name: str
    says: str
    keys: tuple[str, ...]
    numbers: tuple[str, ...]
    known_at: Literal["bar end", "time", "date", "next day"]
    optional: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    snapshot: tuple[str, ...] = ()
    presumed: Mapping[str, str] = field(default_factory=dict)

    @property
    def moment(self) -> str:
        """The column that says when a row became known."""
        return _MOMENTS[self.known_at]

    @property
    def order(self) -> tuple[str, ...]:
        """Columns that order a series; two rows that agree in keys and order are duplicates."""
        return self.within if self.moment in self.keys else (self.moment, *self.within)

    @property
    def required(self) -> tuple[str, ...]:
        """Every column that the file must have."""
        return tuple(dict.fromkeys((*self.keys, self.moment, *self.numbers)))

    def kind(self, column: str) -> Kind:
        """Say what a column holds."""
        if column == self.moment:
            return Kind.DATE if self.known_at in {"date", "next day"} else Kind.TIME
        return Kind.TEXT if column in self.keys else Kind.NUMBER


CANDLES: Final = TableFormat(
    name="candles",
    says="candles",
    keys=("symbol", "venue", "interval"),
    numbers=("open", "high", "low", "close", "volume_base"),
    optional=("taker_buy_base",),
    known_at="bar end",
)
SPOT_CANDLES: Final = replace(CANDLES, name="spot_candles", says="spot candles")
MARK_CANDLES: Final = replace(
    CANDLES, name="mark_candles", says="mark-price candles", numbers=CANDLES.numbers[:4], optional=("volume_base",)
)
OPEN_INTEREST: Final = TableFormat(
    name="open_interest",
    says="open interest",
    keys=("symbol", "venue"),
    numbers=("open_interest_base",),
    optional=("open_interest_quote",),
    known_at="time",
)
FUNDING: Final = TableFormat(
    name="funding",
    says="funding rates",
    keys=("symbol", "venue"),
    numbers=("funding_rate", "interval_hours"),
    known_at="time",
)
FUNDING_NOW: Final = replace(FUNDING, name="funding_now", says="running funding rates")
LIQUIDATIONS: Final = TableFormat(
    name="liquidations",
    says="liquidations",
    keys=("symbol", "venue", "interval"),
    numbers=("liquidated_long_quote", "liquidated_short_quote"),
    known_at="bar end",
)
ORDER_BOOK: Final = TableFormat(
    name="order_book",
    says="order-book snapshots",
    keys=("symbol", "venue", "side"),
    numbers=("price", "size_base"),
    known_at="time",
    within=("price",),
    snapshot=("symbol", "venue"),
)
BRACKETS: Final = TableFormat(
    name="leverage_brackets",
    says="leverage brackets",
    keys=("symbol", "venue", "as_of"),
    numbers=("notional_floor", "notional_cap", "maintenance_margin_rate", "max_leverage", "maintenance_amount"),
    known_at="date",
    within=("notional_floor",),
)
LONG_SHORT_RATIO: Final = TableFormat(
    name="long_short_ratio",
    says="long/short ratio",
    keys=("symbol", "venue", "kind"),
    numbers=("ratio",),
    known_at="time",
)
NEWEST_CLOSE: Final = "newest close"
POSITIONS: Final = TableFormat(
    name="positions",
    says="positions of known addresses",
    keys=("symbol", "venue", "address", "side"),
    numbers=("size_base", "entry_price"),
    optional=("liquidation_price",),
    known_at="time",
    snapshot=("venue",),
    presumed={"venue": "hyperliquid", "time_ms": NEWEST_CLOSE},
)
TABLES: Final = (
    *(CANDLES, OPEN_INTEREST, FUNDING, LIQUIDATIONS, ORDER_BOOK, BRACKETS),
    *(SPOT_CANDLES, MARK_CANDLES, LONG_SHORT_RATIO, POSITIONS, FUNDING_NOW),
)
ETF_FLOWS: Final = TableFormat(
    name="etf_flows",
    says="ETF flows",
    keys=("asset", "date", "ticker"),
    numbers=("net_flow_quote",),
    known_at="next day",
)
"""By asset instead of symbol: `market/folder/read.py` reads it."""


def interval_ms(text: str) -> Milliseconds | None:
    """Read the length of a bar, `3m`, `1h`, `4h`, `1d`; None for anything else, months included."""
    found = _INTERVAL.fullmatch(text)
    length = int(found[1]) * _UNIT_MS[found[2]] if found else 0
    whole = length and (DAY_MS % length == 0 or length % DAY_MS == 0)  # bars of 7 m would stand at odd times
    return length if whole else None


def interval_text(length_ms: Milliseconds) -> str:
    """Write the length of a bar in its largest whole unit: 3600000 is `1h`."""
    for unit in ("d", "h", "m"):
        if length_ms % _UNIT_MS[unit] == 0:
            return f"{length_ms // _UNIT_MS[unit]}{unit}"
    return f"{length_ms // _UNIT_MS['s']}s"
