"""What spot money did: flows into exchange-traded funds, and spot volume beside the perpetuals'.

Stands beside the calendar: both can override a map. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import numpy as np

from reportgen import notation
from reportgen.config.assumptions import Assumptions
from reportgen.market.data import Candles, EtfFlows, MarketData
from reportgen.units import DAY_MS, Floats, Fraction, Maybe, Milliseconds, Missing

NO_FLOWS: Final = Missing("No ETF flows and no spot candles were given.")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowShock:
    """A surprise of spot money so large that it is a catalyst, as a scheduled event is.

    Attributes:
        what: "ETF flow" or "spot share". z: against the sessions or days before; its sign is that of the surprise.
        amount: USD of the session, negative when it left; for the spot share a fraction of volume.
        session: ISO date of the session; of the spot share the day on which its 24 h end.
        text: One clause: "ETF net flow +$1.2bn on 12 Jan, z +18.0 against the 20 sessions before".
    """

    what: Literal["ETF flow", "spot share"]
    z: float
    amount: float
    session: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowReading:
    """Flows of one symbol at as-of.

    Attributes:
        etf_date: ISO date of the last session with a figure. etf_net_quote: USD of that session, negative when it left.
        etf_z: Its z-score against the sessions before it. etf_sessions: how many those were.
        spot_share: Spot over spot and perpetual volume of the last 24 h. spot_z: its z-score against days before.
        shifted: True when either surprise is beyond its threshold. reading: one sentence with the numbers.
        etf_shifted: True when the ETF surprise is. source: where the ETF figures come from, or "".
        shocks: those of the two surprises that are catalysts, the larger first.
    """

    etf_date: Maybe[str]
    etf_net_quote: Maybe[float]
    etf_z: Maybe[float]
    etf_sessions: int
    spot_share: Maybe[Fraction]
    spot_z: Maybe[float]
    shifted: bool
    reading: str
    etf_shifted: bool = False
    source: str = ""
    shocks: tuple[FlowShock, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Surprise:
    """The last of a series against those before it. z: or why there is none. before: how many those were."""

    value: float
    z: Maybe[float]
    before: int


def read_flows(market: MarketData, assumptions: Assumptions) -> Maybe[FlowReading]:
    """Read what spot money did up to as-of.

    Args:
        market: ETF flows of its base coin, spot candles and perpetual candles by venue.
        assumptions: How many sessions and days make a norm, and what is a surprise.

    Returns:
        The reading; Missing when neither ETF flows nor spot candles were given.
    """
    a = assumptions
    if isinstance(market.etf_flows, Missing) and isinstance(market.spot_candles, Missing):
        return NO_FLOWS
    etf, date = _etf(market.etf_flows, market.as_of_ms, a)
    spot = _spot(market, a)
    etf_shifted = _beyond(etf, a.flow_surprise)
    today = (_EPOCH + timedelta(milliseconds=market.as_of_ms)).date().isoformat()
    shocks = (
        *_shock("ETF flow", etf, "" if isinstance(date, Missing) else date, _etf_text(etf, date), a),
        *_shock("spot share", spot, today, _spot_text(spot), a),
    )
    return FlowReading(
        etf_date=date,
        etf_net_quote=etf if isinstance(etf, Missing) else etf.value,
        etf_z=etf if isinstance(etf, Missing) else etf.z,
        etf_sessions=0 if isinstance(etf, Missing) else etf.before,
        spot_share=spot if isinstance(spot, Missing) else spot.value,
        spot_z=spot if isinstance(spot, Missing) else spot.z,
        shifted=etf_shifted or _beyond(spot, a.spot_surprise),
        reading=f"{_etf_text(etf, date)}; {_spot_text(spot)}.",
        etf_shifted=etf_shifted,
        source="" if isinstance(market.etf_flows, Missing) else market.etf_flows.source,
        shocks=tuple(sorted(shocks, key=lambda shock: -abs(shock.z))),
    )


def known_flows(flows: EtfFlows, as_of_ms: Milliseconds) -> EtfFlows:
    """Keep the sessions whose day was over by as-of: a figure is known on the next day, never on its own."""
    count = sum(_ends_ms(date) <= as_of_ms for date in flows.date)
    return EtfFlows(
        date=flows.date[:count],
        net_flow_quote=flows.net_flow_quote[:count],
        tickers=flows.tickers[:count],
        source=flows.source,
    )


def _etf(flows: Maybe[EtfFlows], as_of_ms: Milliseconds, a: Assumptions) -> tuple[Maybe[_Surprise], Maybe[str]]:
    if isinstance(flows, Missing):
        return flows, flows
    known = known_flows(flows, as_of_ms)
    if not known.date:
        return (none := Missing("No ETF session had been reported by as-of.")), none
    last = known.date[-1]
    if as_of_ms - _ends_ms(last) > a.flow_oldest_days * DAY_MS:
        return (old := Missing(f"The last ETF session reported is {last}, which is too old to speak of as-of.")), old
    before = known.net_flow_quote[:-1][-a.flow_sessions :]
    return _surprise(float(known.net_flow_quote[-1]), before, a.flow_least_sessions, "sessions"), last


def _spot(market: MarketData, a: Assumptions) -> Maybe[_Surprise]:
    """Take the spot share of each 24 h back from as-of; only days that every venue tells whole."""
    if isinstance(market.spot_candles, Missing):
        return market.spot_candles
    if isinstance(market.candles, Missing):
        return market.candles
    days = a.spot_days + 1
    spot = _daily(market.spot_candles.values(), market.as_of_ms, days)
    perpetual = _daily(market.candles.values(), market.as_of_ms, days)
    both = spot + perpetual
    share = np.divide(spot, both, out=np.full(days, math.nan), where=both > 0)
    if math.isnan(share[0]):
        return Missing("Spot and perpetual volume of the last 24 h are not both known whole.")
    before = share[1:][np.isfinite(share[1:])]
    return _surprise(float(share[0]), before, a.spot_least_days, "days")


def _daily(venues: Iterable[Candles], as_of_ms: Milliseconds, days: int) -> Floats:
    """Add up the volume of venues by 24 h back from as-of; shape (days,), NaN where bars are missing.

    Venues that do not tell the last day are left out; those left must tell a day together.
    """
    rows = [_volume(candles, as_of_ms, days) for candles in venues]
    fresh = [row for row in rows if math.isfinite(row[0])]
    return np.sum(fresh, axis=0) if fresh else np.full(days, math.nan)


def _volume(candles: Candles, as_of_ms: Milliseconds, days: int) -> Floats:
    """Add up one venue's volume by 24 h back from as-of, base coins; a day may end with the last bar before as-of."""
    if not len(candles) or candles.interval_ms > DAY_MS:
        return np.full(days, math.nan)
    late = (as_of_ms - int(candles.close_time_ms[-1])) // candles.interval_ms
    ends = as_of_ms if late else int(candles.close_time_ms[-1])
    day = (ends - candles.close_time_ms) // DAY_MS
    kept = (day >= 0) & (day < days)
    bars = np.bincount(day[kept], minlength=days)
    volume = np.bincount(day[kept], weights=candles.volume_base[kept], minlength=days)
    return np.where(bars == DAY_MS // candles.interval_ms, volume, math.nan)


def _surprise(value: float, before: Floats, least: int, unit: str) -> _Surprise:
    """Hold a value against those before it."""
    if len(before) < least:
        few = f"a z-score needs {least} {unit} before, and there are {len(before)}"
        return _Surprise(value=value, z=Missing(few), before=len(before))
    spread = float(np.std(before, ddof=1))
    if spread <= 0:
        return _Surprise(value=value, z=Missing(f"the {unit} before were all alike"), before=len(before))
    return _Surprise(value=value, z=(value - float(np.mean(before))) / spread, before=len(before))


def _beyond(found: Maybe[_Surprise], threshold: float) -> bool:
    return not isinstance(found, Missing) and not isinstance(found.z, Missing) and abs(found.z) >= threshold


def _shock(
    what: Literal["ETF flow", "spot share"], found: Maybe[_Surprise], session: str, text: str, a: Assumptions
) -> tuple[FlowShock, ...]:
    """Give the catalyst that a surprise is, if it is one."""
    if isinstance(found, Missing) or isinstance(found.z, Missing) or abs(found.z) < a.flow_shock:
        return ()
    return (FlowShock(what=what, z=found.z, amount=found.value, session=session, text=text),)


def _etf_text(etf: Maybe[_Surprise], date: Maybe[str]) -> str:
    if isinstance(etf, Missing) or isinstance(date, Missing):
        return f"ETF flows are not known ({etf.reason.rstrip('.')})" if isinstance(etf, Missing) else ""
    amount = notation.dollars(etf.value)
    sign = "" if amount.startswith(notation.MINUS) else "+"
    moment = datetime.fromisoformat(date)
    told = f"ETF net flow {sign}{amount} on {moment.day} {moment:%b}"
    if isinstance(etf.z, Missing):
        return f"{told} ({etf.z.reason})"
    return f"{told}, z {notation.signed(etf.z, 1)} against the {etf.before} sessions before"


def _spot_text(spot: Maybe[_Surprise]) -> str:
    if isinstance(spot, Missing):
        return f"spot volume is not known ({spot.reason.rstrip('.')})"
    told = f"spot made {notation.share(spot.value)} of spot and perpetual volume in 24{notation.THIN}h"
    if isinstance(spot.z, Missing):
        return f"{told} ({spot.z.reason})"
    return f"{told}, z {notation.signed(spot.z, 1)} against the {spot.before} days before"


def _ends_ms(date: str) -> Milliseconds:
    """Give the end of a day."""
    return (datetime.fromisoformat(date).replace(tzinfo=UTC) + timedelta(days=1) - _EPOCH) // timedelta(milliseconds=1)
