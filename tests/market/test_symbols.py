"""Every usual spelling of a market gives its one unified name."""

from __future__ import annotations

import pytest

from reportgen.errors import UsageError
from reportgen.market.symbols import base_of, quote_of, unified_symbol, venue_name


@pytest.mark.parametrize(
    "text",
    [
        "BTC",
        "btc",
        " Btc ",
        "BTCUSDT",
        "BTC-USDT",
        "BTC_USDT",
        "BTC-USDT-SWAP",
        "BTCUSDT.P",
        "BTC/USDT",
        "BTC/USDT:USDT",
    ],
)
def test_spellings_of_one_market_agree(text: str) -> None:
    """A coin, a venue's name and the unified name mean the same."""
    assert unified_symbol(text) == "BTC/USDT:USDT"


@pytest.mark.parametrize("symbol", ["1000PEPE/USDT:USDT", "BTC/USDC:USDC", "ETH/USD:USD"])
def test_a_unified_name_stays_as_it_is(symbol: str) -> None:
    """Naming twice changes nothing, and the parts are those of the name."""
    assert unified_symbol(symbol) == symbol
    assert unified_symbol(f"{base_of(symbol)}{quote_of(symbol)}") == symbol


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("kPEPE", "1000PEPE"),
        ("kPEPE/USDT:USDT", "1000PEPE"),
        ("1000PEPE", "1000PEPE"),
        ("1000PEPEUSDT", "1000PEPE"),
        ("1MBABYDOGE", "1000000BABYDOGE"),
        ("1MBABYDOGEUSDT", "1000000BABYDOGE"),
        ("1000000MOG", "1000000MOG"),
        ("KAVA", "KAVA"),
        ("kava", "KAVA"),
        ("1INCH", "1INCH"),
    ],
)
def test_a_multiplier_is_read_before_capitals_hide_it(text: str, base: str) -> None:
    """Each spelling of a thousand PEPE is one market, and no coin is called KPEPE."""
    assert base_of(unified_symbol(text)) == base


@pytest.mark.parametrize(
    ("text", "name"),
    [("Binance ", "binance"), ("OKX", "okx"), ("Gate.io", "gate"), ("Binance+Bybit", "binance+bybit"), ("all", "all")],
)
def test_a_venue_has_one_name(text: str, name: str) -> None:
    """Case, blanks and old names do not make another venue."""
    assert venue_name(text) == name


@pytest.mark.parametrize(
    "text", ["", " ", "BTC/", "/USDT", "USDT", "BTC USDT", "BTC/USDT:USDT-261225", "../etc", "<b>"]
)
def test_what_names_no_market_is_refused(text: str) -> None:
    """The message shows the text and how a market is written."""
    with pytest.raises(UsageError, match="names no market"):
        unified_symbol(text)


@pytest.mark.parametrize(
    "text", ["\u5e01\u5b89\u4eba\u751fUSDT", " \u5e01\u5b89\u4eba\u751f", "\u5e01\u5b89\u4eba\u751f-USDT-SWAP"]
)
def test_a_coin_may_be_named_in_any_script(text: str) -> None:
    """A perpetual with a Chinese name is a market like any other, in every spelling."""
    assert unified_symbol(text) == "\u5e01\u5b89\u4eba\u751f/USDT:USDT"


def test_a_composed_and_a_decomposed_name_are_one_and_look_alikes_are_not() -> None:
    """Unicode's two ways to write a letter are one market; Cyrillic letters that look like BTC are another."""
    assert unified_symbol("caf\u00e9") == unified_symbol("cafe\u0301") == "CAF\u00c9/USDT:USDT"
    assert unified_symbol("\u0412\u0422\u0421") != unified_symbol("BTC")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("B\u202eTC", r"`B\ufffdTC` holds U\+202E \(RIGHT-TO-LEFT OVERRIDE\), which no reader sees"),
        ("BTC\u200b", r"U\+200B \(ZERO WIDTH SPACE\)"),
        ("B\u0007TC", r"U\+0007 \(a control character\)"),
        ("BTC\u2215USDT", r"names no market: it holds U\+2215 \(DIVISION SLASH\)"),
        ("..\\BTC", r"names no market: it holds U\+005C \(REVERSE SOLIDUS\)"),
        ("\uff22\uff34\uff23", "written in another form of `BTC`"),
    ],
)
def test_what_no_reader_sees_or_takes_for_another_is_refused_by_name(text: str, said: str) -> None:
    """Controls, overrides, separators and wide forms never become part of a market's name."""
    with pytest.raises(UsageError, match=said):
        unified_symbol(text)


def test_an_inverse_contract_is_refused_with_the_linear_one() -> None:
    """Its levels would need another formula, so it is not taken for the linear market."""
    with pytest.raises(UsageError, match="Try BTC/USDT:USDT"):
        unified_symbol("BTC/USD:BTC")
