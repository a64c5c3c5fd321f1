"""How each venue counts: the unit, the side and the depth of everything it publishes, one row a venue and datum.

Stands between a venue's raw numbers (`market/exchanges*.py`) and the market folder, which knows base coins and quote
currency only. Pure. docs/venues.md is printed from here, and the page prints the rule of every number it shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from reportgen.units import Maybe, Missing

CCXT: Final = "ccxt 4.5.90, its own source"
AUDIT: Final = "third-party audit of 2026-09, checked against the field's name in the venue's documentation"


class Datum(StrEnum):
    """What can be asked of a venue."""

    CANDLES = "candles"
    MARK = "mark candles"
    SPOT = "spot candles"
    OPEN_INTEREST = "open interest"
    FUNDING = "funding"
    FUNDING_NOW = "running funding"
    BOOK = "order book"
    LIQUIDATIONS = "liquidations"
    RATIO = "long/short ratio"
    BRACKETS = "leverage brackets"


class Unit(StrEnum):
    """What one of a venue's numbers counts."""

    BASE = "base coins"
    CONTRACTS = "contracts"
    USD = "USD"
    RATE = "fraction per interval"
    RATIO = "long over short"
    MARGIN = "margin rate by notional"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRule:
    """How a venue expresses one datum.

    Attributes:
        unit: Of the raw number. sides: 2 where a position is counted for its long and its short, so that it is halved.
        says: The conversion, as the page prints it. history: how far back the venue's public answers reach.
        days: How many of those days are asked for. source: where this was learnt.
    """

    unit: Unit
    says: str
    history: str
    days: int
    source: str
    sides: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """One exchange.

    Attributes:
        name: As config.yaml and the market folder write it. display: as a page prints it. ccxt_id: its class in ccxt.
        quote: The currency that its perpetuals are priced in, counted one to one as the symbol's own.
        rules: By datum; a Missing says why there is nothing to ask for.
    """

    name: str
    display: str
    ccxt_id: str
    quote: str
    rules: Mapping[Datum, Maybe[UnitRule]]

    def rule(self, datum: Datum) -> Maybe[UnitRule]:
        """Give the rule of a datum, or why there is none."""
        return self.rules.get(datum, Missing(f"{self.display} publishes no {datum} without an account."))


def _candles(says: str, source: str, *, unit: Unit = Unit.BASE, history: str = "since listing") -> UnitRule:
    return UnitRule(unit=unit, says=says, history=history, days=92, source=source)


def _funding(says: str, history: str, source: str, days: int = 92) -> UnitRule:
    return UnitRule(unit=Unit.RATE, says=says, history=history, days=days, source=source)


def _running(says: str) -> UnitRule:
    return UnitRule(unit=Unit.RATE, says=says, history="now", days=0, source=CCXT)


def _book(unit: Unit, says: str, levels: str) -> UnitRule:
    return UnitRule(unit=unit, says=says, history=f"now, {levels} levels a side", days=0, source=CCXT)


def _ratio(says: str, history: str) -> UnitRule:
    return UnitRule(unit=Unit.RATIO, says=says, history=history, days=8, source=CCXT)


def _brackets(says: str, source: str = CCXT) -> UnitRule:
    return UnitRule(unit=Unit.MARGIN, says=says, history="now", days=0, source=source)


def _prices(days: int = 8, history: str = "since listing") -> UnitRule:
    return UnitRule(unit=Unit.BASE, says="prices as published", history=history, days=days, source=CCXT)


_BASE_VOLUME: Final = "volume in base coins"
_NO_LIQUIDATIONS: Final = "{} publishes no liquidations over public REST."
_TAKER: Final = "volume in base coins, with the part that takers bought"
_SPOT: Final = UnitRule(unit=Unit.BASE, says=_BASE_VOLUME, history="since listing", days=30, source=CCXT)


def _no(display: str, *data: Datum) -> dict[Datum, Maybe[UnitRule]]:
    """Say what a venue does not publish."""
    return {datum: Missing(f"{display} publishes no {datum} over public REST.") for datum in data}


BINANCE: Final = Venue(
    name="binance",
    display="Binance",
    ccxt_id="binanceusdm",
    quote="USDT",
    rules={
        Datum.CANDLES: _candles(_TAKER, CCXT),
        Datum.MARK: _prices(),
        Datum.SPOT: _SPOT,
        Datum.OPEN_INTEREST: UnitRule(
            unit=Unit.BASE, says="base coins, each position once", history="latest 30 days", days=29, source=CCXT
        ),
        Datum.FUNDING: _funding("fraction per interval; 8 h unless fundingInfo names another", "since listing", CCXT),
        Datum.FUNDING_NOW: _running("lastFundingRate, an estimate for the next settlement"),
        Datum.BOOK: _book(Unit.BASE, "sizes in base coins", "1000"),
        Datum.RATIO: _ratio("accounts long over short", "latest 30 days"),
        Datum.BRACKETS: _brackets("bundled table of 2024-10-24: the venue's own needs an account", "VENUES 4.2"),
        **_no("Binance", Datum.LIQUIDATIONS),
    },
)
BYBIT: Final = Venue(
    name="bybit",
    display="Bybit",
    ccxt_id="bybit",
    quote="USDT",
    rules={
        Datum.CANDLES: _candles(_BASE_VOLUME, CCXT),
        Datum.MARK: _prices(),
        Datum.SPOT: _SPOT,
        Datum.OPEN_INTEREST: UnitRule(
            unit=Unit.BASE, sides=2, says="base coins of both sides, halved", history="since listing", days=30,
            source=f"singleOpenInterest is exactly half of openInterest; {AUDIT}",
        ),
        Datum.FUNDING: _funding("fraction per interval; the interval in minutes from the list", "since listing", CCXT),
        Datum.FUNDING_NOW: _running("an estimate for the next settlement, from the ticker"),
        Datum.BOOK: _book(Unit.BASE, "sizes in base coins", "500"),
        Datum.RATIO: _ratio("accounts long over accounts short", "since 2020-07"),
        Datum.BRACKETS: _brackets("risk limits in USDT"),
        **_no("Bybit", Datum.LIQUIDATIONS),
    },
)  # fmt: skip
OKX: Final = Venue(
    name="okx",
    display="OKX",
    ccxt_id="okx",
    quote="USDT",
    rules={
        Datum.CANDLES: _candles("volCcy, base coins; vol is contracts", "ccxt 4.5.90, run against a local server"),
        Datum.MARK: _prices(),
        Datum.SPOT: _SPOT,
        Datum.OPEN_INTEREST: UnitRule(
            unit=Unit.CONTRACTS, says="contracts × contract value, each position once; oiUsd as quote",
            history="1440 hours", days=30, source=AUDIT,
        ),
        Datum.FUNDING: _funding("realised fraction per interval", "about 3 months", CCXT),
        Datum.FUNDING_NOW: _running("an estimate for the next settlement; the interval from the two next ones"),
        Datum.BOOK: _book(Unit.CONTRACTS, "contracts × contract value", "400"),
        Datum.LIQUIDATIONS: UnitRule(
            unit=Unit.CONTRACTS, says="contracts × contract value × bankruptcy price: a lower bound",
            history="latest 7 days at most", days=7, source="VENUES 1.1 and 3.5",
        ),
        Datum.RATIO: _ratio("accounts long over short", "1440 hours"),
        Datum.BRACKETS: _brackets("bounds in contracts × contract value × price"),
    },
)  # fmt: skip
GATE: Final = Venue(
    name="gate",
    display="Gate",
    ccxt_id="gate",
    quote="USDT",
    rules={
        Datum.CANDLES: _candles("contracts × quanto multiplier", CCXT, unit=Unit.CONTRACTS),
        Datum.MARK: _prices(),
        Datum.SPOT: _SPOT,
        Datum.OPEN_INTEREST: UnitRule(
            unit=Unit.CONTRACTS, sides=2, says="contracts of both sides × quanto multiplier, halved",
            history="long", days=30, source=AUDIT,
        ),
        Datum.FUNDING: _funding("fraction per interval; the interval in seconds from the list", "long", CCXT),
        Datum.FUNDING_NOW: _running("funding_rate of the contract, for the next settlement"),
        Datum.BOOK: _book(Unit.CONTRACTS, "contracts × quanto multiplier", "100"),
        Datum.LIQUIDATIONS: UnitRule(
            unit=Unit.USD, says="USD a bar by liquidated side, from contract_stats", history="long", days=30,
            source="VENUES 3.5",
        ),
        Datum.RATIO: _ratio("accounts long over short", "long"),
        Datum.BRACKETS: _brackets("risk limits in USDT"),
    },
)  # fmt: skip
BITGET: Final = Venue(
    name="bitget",
    display="Bitget",
    ccxt_id="bitget",
    quote="USDT",
    rules={
        Datum.CANDLES: _candles(_BASE_VOLUME, CCXT, history="months"),
        Datum.MARK: _prices(history="months"),
        Datum.SPOT: _SPOT,
        Datum.OPEN_INTEREST: UnitRule(
            unit=Unit.BASE, says="base coins, each position once", history="now only", days=0, source=AUDIT
        ),
        Datum.FUNDING: _funding("fraction per interval; the interval in hours from the list", "months", CCXT),
        Datum.FUNDING_NOW: _running("an estimate for the next settlement"),
        Datum.BOOK: _book(Unit.BASE, "sizes in base coins", "100"),
        Datum.RATIO: _ratio("accounts long over accounts short", "some days"),
        Datum.BRACKETS: _brackets("bounds in USDT"),
        **_no("Bitget", Datum.LIQUIDATIONS),
    },
)
HYPERLIQUID: Final = Venue(
    name="hyperliquid",
    display="Hyperliquid",
    ccxt_id="hyperliquid",
    quote="USDC",
    rules={
        Datum.CANDLES: _candles(_BASE_VOLUME, CCXT, history="latest 5000 bars"),
        Datum.OPEN_INTEREST: UnitRule(
            unit=Unit.BASE, says="base coins, taken as each position once: sources disagree", history="now only",
            days=0, source="liquidvision and Coinglass agree with one side; hydromancer.xyz says two",
        ),
        Datum.FUNDING: _funding("fraction per hour, settled hourly", "since listing", CCXT, days=40),
        Datum.FUNDING_NOW: _running("fraction per hour, for the next hour"),
        Datum.BOOK: _book(Unit.BASE, "sizes in base coins", "20"),
        Datum.BRACKETS: _brackets("half of 1 / highest leverage, by margin table in USD", "VENUES 4.1"),
        **_no("Hyperliquid", Datum.MARK, Datum.SPOT, Datum.LIQUIDATIONS, Datum.RATIO),
    },
)  # fmt: skip
DERIBIT: Final = Venue(
    name="deribit",
    display="Deribit",
    ccxt_id="deribit",
    quote="USD",
    rules={
        Datum.CANDLES: _candles(_BASE_VOLUME, CCXT),
        Datum.OPEN_INTEREST: UnitRule(
            unit=Unit.USD, says="USD ÷ mark price (inverse), each position once", history="now only", days=0,
            source=AUDIT,
        ),
        Datum.FUNDING: _funding("continuous; interest_1h, fraction per hour", "long", CCXT),
        Datum.FUNDING_NOW: _running("funding_8h of the ticker, fraction over 8 hours"),
        Datum.BOOK: _book(Unit.USD, "USD ÷ price (inverse)", "1000"),
        **_no("Deribit", Datum.MARK, Datum.SPOT, Datum.LIQUIDATIONS, Datum.RATIO, Datum.BRACKETS),
    },
)  # fmt: skip
KRAKEN: Final = Venue(
    name="kraken",
    display="Kraken Futures",
    ccxt_id="krakenfutures",
    quote="USD",
    rules={
        Datum.CANDLES: _candles(_BASE_VOLUME, CCXT),
        Datum.MARK: _prices(),
        Datum.OPEN_INTEREST: UnitRule(
            unit=Unit.BASE, says="base coins (PF_), each position once", history="now only", days=0, source=AUDIT
        ),
        Datum.FUNDING: _funding(
            "relative rate per hour; the absolute one in USD a contract is not used", "all, in one answer", CCXT
        ),
        Datum.FUNDING_NOW: _running("USD per contract and hour ÷ mark price"),
        Datum.BOOK: _book(Unit.BASE, "sizes in base coins (PF_)", "all"),
        Datum.BRACKETS: Missing(
            "Kraken Futures does not say in which unit its margin levels are bounded, so they are not used."
        ),
        **_no("Kraken Futures", Datum.SPOT, Datum.LIQUIDATIONS, Datum.RATIO),
    },
)
HTX: Final = Venue(
    name="htx",
    display="HTX",
    ccxt_id="htx",
    quote="USDT",
    rules={
        Datum.LIQUIDATIONS: UnitRule(
            unit=Unit.CONTRACTS, says="contracts × contract size × bankruptcy price: a lower bound",
            history="some days", days=7, source=CCXT,
        ),
        **{
            datum: Missing(f"HTX is asked for liquidations alone, not for {datum}.")
            for datum in Datum
            if datum is not Datum.LIQUIDATIONS
        },
    },
)  # fmt: skip
VENUES: Final[Mapping[str, Venue]] = {
    venue.name: venue for venue in (BINANCE, BYBIT, OKX, GATE, BITGET, HYPERLIQUID, DERIBIT, KRAKEN, HTX)
}
"""Every venue that can be asked, the most traded first."""
