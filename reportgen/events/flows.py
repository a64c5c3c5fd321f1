"""What spot money did: flows into exchange-traded funds, and spot volume beside the perpetuals'.

Stands beside the calendar: both can override a map. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reportgen.units import Fraction, Maybe, Missing

NO_FLOWS: Final = Missing("No ETF flows and no spot candles were given.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowReading:
    """Flows of one symbol at as-of.

    Attributes:
        etf_date: ISO date of the last session with a figure. etf_net_quote: USD of that session, negative when it left.
        etf_z: Its z-score against the sessions before it. etf_sessions: how many those were.
        spot_share: Spot over spot and perpetual volume of the last 24 h. spot_z: its z-score against days before.
        shifted: True when either surprise is beyond its threshold. reading: one sentence with the numbers.
    """

    etf_date: Maybe[str]
    etf_net_quote: Maybe[float]
    etf_z: Maybe[float]
    etf_sessions: int
    spot_share: Maybe[Fraction]
    spot_z: Maybe[float]
    shifted: bool
    reading: str
