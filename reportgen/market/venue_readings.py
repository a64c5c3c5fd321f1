"""What each venue says of one symbol right now, in one unit, with the rule that made it so: rows of the last table.

Stands beside coverage. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from reportgen.market.data import ALL_DATA, NO_FUNDING_NOW, MarketData, OpenInterest
from reportgen.market.symbols import base_of
from reportgen.market.venues import VENUES, Datum
from reportgen.market.venues_units import eight_hour_rate
from reportgen.units import Fraction, Maybe, Milliseconds, Missing, Notional

_Table = TypeVar("_Table")


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueReading:
    """One venue's last open interest and funding of a symbol, comparable with any other venue's.

    Attributes:
        venue: Name. open_interest_base: base coins, each position once, or why unknown. open_interest_quote: the same
            in quote currency, at the venue's own price. open_interest_time_ms: of the snapshot.
        funding_rate: Last settled, fraction per interval. interval_hours: that it covers. funding_8h: as over 8 hours.
        funding_time_ms: Of the settlement. open_interest_rule, funding_rule: how the venue's numbers were read; "" for
            a venue whose numbers came in the units of the market folder.
        running_8h: The rate that is running, an estimate until it settles, as over 8 hours. running_time_ms: when read.
    """

    venue: str
    open_interest_base: Maybe[float]
    open_interest_quote: Maybe[Notional]
    open_interest_time_ms: Milliseconds | None
    funding_rate: Maybe[Fraction]
    interval_hours: float | None
    funding_8h: Maybe[Fraction]
    funding_time_ms: Milliseconds | None
    open_interest_rule: str
    funding_rule: str
    running_8h: Maybe[Fraction] = NO_FUNDING_NOW
    running_time_ms: Milliseconds | None = None


def read_venues(market: MarketData) -> tuple[VenueReading, ...]:
    """Read every venue that has open interest or funding of a symbol, or that was asked and gave nothing; by name."""
    known = {
        venue for table in (market.open_interest, market.funding) if not isinstance(table, Missing) for venue in table
    }
    silent = {gap.venue: Missing(gap.reason) for gap in market.gaps if gap.what == ALL_DATA}
    return tuple(_reading(market, venue, silent.get(venue)) for venue in sorted(known | set(silent)))


def _reading(market: MarketData, venue: str, silent: Missing | None) -> VenueReading:
    interest = _of(market.open_interest, venue, silent or _absent(market, venue, Datum.OPEN_INTEREST))
    funding = _of(market.funding, venue, silent or _absent(market, venue, Datum.FUNDING))
    running = _of(market.funding_now, venue, silent or _absent(market, venue, Datum.FUNDING_NOW))
    amount = interest if isinstance(interest, Missing) else float(interest.open_interest_base[-1])
    rate = funding if isinstance(funding, Missing) else float(funding.funding_rate[-1])
    hours = None if isinstance(funding, Missing) else float(funding.interval_hours[-1])
    return VenueReading(
        venue=venue,
        open_interest_base=amount,
        open_interest_quote=amount if isinstance(interest, Missing) else _in_quote(market, venue, interest),
        open_interest_time_ms=None if isinstance(interest, Missing) else int(interest.time_ms[-1]),
        funding_rate=rate,
        interval_hours=hours,
        funding_8h=rate if isinstance(rate, Missing) or hours is None else eight_hour_rate(rate, hours),
        funding_time_ms=None if isinstance(funding, Missing) else int(funding.time_ms[-1]),
        open_interest_rule="" if isinstance(interest, Missing) else _rule(venue, Datum.OPEN_INTEREST),
        funding_rule="" if isinstance(funding, Missing) else _rule(venue, Datum.FUNDING),
        running_8h=running
        if isinstance(running, Missing)
        else eight_hour_rate(float(running.funding_rate[-1]), float(running.interval_hours[-1])),
        running_time_ms=None if isinstance(running, Missing) else int(running.time_ms[-1]),
    )


def _in_quote(market: MarketData, venue: str, interest: OpenInterest) -> Maybe[Notional]:
    """Give the last open interest in quote currency: as published, else at the venue's own last close."""
    if not isinstance(interest.open_interest_quote, Missing):
        return float(interest.open_interest_quote[-1])
    if isinstance(market.candles, Missing) or venue not in market.candles:
        return interest.open_interest_quote
    return float(interest.open_interest_base[-1] * market.candles[venue].close[-1])


def _of(table: Maybe[Mapping[str, _Table]], venue: str, absent: Missing) -> Maybe[_Table]:
    """Find a venue's rows, or say why it has none."""
    return absent if isinstance(table, Missing) or venue not in table else table[venue]


def _absent(market: MarketData, venue: str, datum: Datum) -> Missing:
    """Say why a venue's rows are not there, as it was recorded."""
    said = next((gap.reason for gap in market.gaps if gap.venue == venue and gap.what == datum), "")
    return Missing(said or f"The market data hold no {datum} of {base_of(market.symbol)} on {venue}.")


def _rule(venue: str, datum: Datum) -> str:
    """Say how a venue's numbers are read."""
    rule = VENUES[venue].rule(datum) if venue in VENUES else None
    return "" if rule is None or isinstance(rule, Missing) else rule.says
