"""Conversions by themselves: names with multipliers, units that cannot be known, intervals that change, brackets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reportgen.market.exchanges import venues
from reportgen.market.exchanges.units import (
    coin_of,
    eight_hour_rate,
    find_contract,
    in_base,
    maintenance_amounts,
)
from reportgen.market.exchanges.venue import Contract, Datum, Listing, Unit, UnitRule
from reportgen.market.exchanges.venues import VENUES
from reportgen.market.exchanges.venues.binance import TIERS
from reportgen.units import Missing


def listing(base: str, *, quote: str = "USDT", size: object = 1.0, inverse: bool = False) -> Listing:
    """Make a listing."""
    return Listing(
        market_id=f"{base}{quote}", base=base, quote=quote, contract_size=size, inverse=inverse, funding_hours=8.0  # type: ignore[arg-type]
    )  # fmt: skip


def contract(base: str = "BTC", size: object = 1.0) -> Contract:
    """Make a contract of a symbol of the same name."""
    return Contract(symbol=f"{base}/USDT:USDT", venue=VENUES["okx"], listing=listing(base, size=size), scale=1.0)


@pytest.mark.parametrize(
    ("name", "coin", "many"),
    [
        ("BTC", "BTC", 1),
        ("1000PEPE", "PEPE", 1000),
        ("kPEPE", "PEPE", 1000),
        ("10000SATS", "SATS", 10_000),
        ("1000000MOG", "MOG", 1_000_000),
        ("1MBABYDOGE", "BABYDOGE", 1_000_000),
        ("1INCH", "1INCH", 1),
        ("KAVA", "KAVA", 1),
        ("100X", "100X", 1),
    ],
)
def test_a_multiplier_is_told_from_a_name(name: str, coin: str, many: float) -> None:
    """Thousands of a coin are that coin; coins whose names begin with figures or K are themselves."""
    assert coin_of(name) == (coin, many)


def test_a_symbol_finds_its_own_quote_and_a_linear_contract_first() -> None:
    """USDT before USDC, linear before inverse, and the multiplier goes both ways."""
    listed = {"a": listing("BTC", quote="USD", inverse=True), "b": listing("BTC", quote="USDC"), "c": listing("BTC")}
    found = find_contract("BTC/USDT:USDT", VENUES["okx"], listed)
    assert found is not None
    assert found.listing is listed["c"]
    many = find_contract("PEPE/USDT:USDT", VENUES["binance"], {"p": listing("1000PEPE")})
    one = find_contract("1000PEPE/USDT:USDT", VENUES["okx"], {"p": listing("PEPE")})
    assert many is not None
    assert one is not None
    assert (many.scale, one.scale) == (1000, 0.001)
    assert find_contract("DOGE/USDT:USDT", VENUES["okx"], listed) is None


def test_a_coin_in_any_script_is_found_with_its_multiplier() -> None:
    """A venue's listing of a Chinese name, or of a thousand of it, is the watchlist's market."""
    coin = "\u5e01\u5b89\u4eba\u751f"
    for base, scale in ((coin, 1.0), (f"1000{coin}", 1000.0)):
        found = find_contract(f"{coin}/USDT:USDT", VENUES["binance"], {"x": listing("BTC"), "y": listing(base)})
        assert found is not None
        assert (found.listing.base, found.scale) == (base, scale)


def test_a_unit_that_cannot_be_known_is_missing() -> None:
    """Contracts of unknown size and USD without a price become no number, with the reason."""
    contracts = UnitRule(unit=Unit.CONTRACTS, says="", history="", days=0, source="")
    unknown = Missing("OKX states the contract value in USD.")
    assert in_base(contracts, contract(size=unknown), np.ones(2), 1.0) == unknown
    dollars = UnitRule(unit=Unit.USD, says="", history="", days=0, source="")
    missing = in_base(dollars, contract(), np.ones(2), Missing("No mark price."))
    assert isinstance(missing, Missing)
    assert "No mark price." in missing.reason
    rates = UnitRule(unit=Unit.RATE, says="", history="", days=0, source="")
    assert isinstance(in_base(rates, contract(), np.ones(2), 1.0), Missing)


def test_both_sides_are_halved_and_dollars_divided() -> None:
    """The same position comes out of every way of counting it."""

    def ways(unit: Unit, sides: int) -> UnitRule:
        return UnitRule(unit=unit, sides=sides, says="", history="", days=0, source="")

    found = [
        in_base(ways(Unit.BASE, 1), contract(), np.array([3.0]), 50.0),
        in_base(ways(Unit.BASE, 2), contract(), np.array([6.0]), 50.0),
        in_base(ways(Unit.CONTRACTS, 2), contract(size=0.01), np.array([600.0]), 50.0),
        in_base(ways(Unit.USD, 1), contract(), np.array([150.0]), 50.0),
    ]
    assert [float(np.asarray(each)[0]) for each in found] == pytest.approx([3.0] * 4)


def test_a_rate_is_shown_over_eight_hours() -> None:
    """An hourly rate counts eightfold beside one of eight hours."""
    assert eight_hour_rate(0.0001, 1.0) == pytest.approx(0.0008)


@pytest.mark.parametrize("market", TIERS)
def test_bundled_brackets_are_continuous(market: str) -> None:
    """Where one bracket ends and the next begins the maintenance margin is the same, and rates rise with size."""
    caps, rates, leverage = (np.array(column, dtype=float) for column in zip(*TIERS[market], strict=True))
    floors = np.concatenate([[0.0], caps[:-1]])
    amounts = maintenance_amounts(floors, rates)
    assert np.allclose(floors[1:] * rates[:-1] - amounts[:-1], floors[1:] * rates[1:] - amounts[1:])
    assert (np.diff(rates) > 0).all()
    assert (np.diff(leverage) < 0).all()


def test_every_venue_says_of_every_datum_how_it_counts_or_why_not() -> None:
    """The table has no hole: a rule with its source, or a reason with the venue's name."""
    for venue in VENUES.values():
        for datum in Datum:
            rule = venue.rule(datum)
            if isinstance(rule, Missing):
                assert venue.display in rule.reason
            else:
                assert rule.says
                assert rule.source
                assert rule.sides in {1, 2}


def test_each_file_of_the_folder_is_a_venue() -> None:
    """Nothing lists the venues but their own folder: a file that is put there is found, in the order of its rank."""
    files = {path.stem for path in Path(venues.__file__).parent.glob("*.py")} - {"__init__"}
    assert files == set(VENUES)
    assert [venue.rank for venue in VENUES.values()] == sorted({venue.rank for venue in VENUES.values()})
