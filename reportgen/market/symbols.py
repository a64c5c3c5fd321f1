"""The many spellings of a market: BTC, btc, BTCUSDT, BTC/USDT and BTC/USDT:USDT are one.

Stands between config.yaml or `--symbols` and the market folder, which uses ccxt's unified names. A coin may be named
in any script; a name that looks like another's is another, and what no reader sees is refused.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from reportgen.errors import UsageError

REFERENCE_SYMBOL: Final = "BTC/USDT:USDT"
"""The market that relative strength is measured against."""

_QUOTES: Final = ("USDT", "USDC", "USD")
_COIN: Final = r"[^\x00-/:-@\[-`{-\x7f\s]{1,24}"
"""Anything that is no sign of ASCII; `unified_symbol` lets only letters, marks and digits come so far."""
_UNIFIED: Final = re.compile(rf"({_COIN})/({_COIN})(?::({_COIN}))?")
_JOINED: Final = re.compile(rf"({_COIN}?)[-_]?({'|'.join(_QUOTES)})(?:[-_.]?(?:PERP|SWAP|P))?")
_BASE: Final = re.compile(_COIN)
_MULTIPLIED: Final = re.compile(r"(10{3,6}|1M|k)([A-Z][A-Z0-9]+)(.*)", re.DOTALL)
_COUNTS: Final = {"k": 1_000, "1M": 1_000_000}
_SIGNS: Final = "/:-_. "
_UNSEEN: Final = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode's categories of what a reader cannot see: control, format and bidi marks, no characters, line breaks."""
_JOINERS: Final = "\u200c\u200d"
"""Format marks that Persian, Indic and emoji are spelled with."""
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_OTHER_NAMES: Final = {
    "binance-futures": "binance", "binanceusdm": "binance", "gate.io": "gate", "gateio": "gate", "huobi": "htx",
    "okex": "okx", "okex-swap": "okx", "kraken futures": "krakenfutures",
}  # fmt: skip


def unified_symbol(text: str) -> str:
    """Name a linear perpetual market as the market folder does, `BTC/USDT:USDT`.

    Args:
        text: Any usual spelling: `BTC`, `btc`, `BTCUSDT`, `BTC-USDT-SWAP`, `BTC/USDT`, `BTC/USDT:USDT`. A multiplier
            is written out: `kPEPE` is 1000PEPE, `1MBABYDOGE` is 1000000BABYDOGE.

    Raises:
        UsageError: The text names no market, or an inverse contract; or it holds what no reader sees.
    """
    # A multiplier is a number before capitals hide it: kPEPE is 1000PEPE, KAVA and 1INCH stay.
    found = _MULTIPLIED.fullmatch(plain := one_name(text))
    name = (f"{_COUNTS.get(found[1], found[1])}{found[2]}{found[3]}" if found else plain).upper()
    if (usual := unicodedata.normalize("NFKC", name)) != name:
        raise UsageError(f"`{text}` is written in another form of `{usual}`. Write that, if it is meant.")
    odd = next((one for one in name if one not in _SIGNS and unicodedata.category(one)[0] not in "LMN"), "")
    if odd:
        called = f"it holds U+{ord(odd):04X} ({unicodedata.name(odd, 'unnamed')})"
        raise UsageError(f"`{text}` names no market: {called}. Write it as BTC, BTCUSDT or BTC/USDT:USDT.")
    if found := _UNIFIED.fullmatch(name):
        base, quote, settle = found[1], found[2], found[3] or found[2]
    elif (found := _JOINED.fullmatch(name)) and found[1]:
        base, quote, settle = found[1], found[2], found[2]
    elif _BASE.fullmatch(name) and name not in _QUOTES:
        base, quote, settle = name, "USDT", "USDT"
    else:
        raise UsageError(f"`{text}` names no market. Write it as BTC, BTCUSDT or BTC/USDT:USDT.")
    if settle != quote:
        raise UsageError(
            f"`{text}` is settled in {settle}, not in {quote}: only linear contracts can be mapped. "
            f"Try {base}/USDT:USDT."
        )
    return f"{base}/{quote}:{settle}"


def one_name(text: str) -> str:
    """Give a name as it is kept wherever it came from: composed (Unicode NFC), no blanks around it.

    Raises:
        UsageError: It holds a character that no reader sees, such as a bidi override; names it.
    """
    name = unicodedata.normalize("NFC", text.strip())
    for character in name:
        if unicodedata.category(character) in _UNSEEN and character not in _JOINERS:
            called = unicodedata.name(character, "a control character")
            shown = "".join(one if one.isprintable() else "\ufffd" for one in name)
            raise UsageError(f"`{shown}` holds U+{ord(character):04X} ({called}), which no reader sees. Remove it.")
    return name


def venue_name(text: str) -> str:
    """Name a venue as the market folder does: `Binance ` is binance, a sum `Binance+Bybit` is binance+bybit."""
    names = (" ".join(part.split()).lower() for part in text.split("+"))
    return "+".join(_OTHER_NAMES.get(name, name) for name in names)


def base_of(symbol: str) -> str:
    """Take the base coin from a unified name: BTC."""
    return symbol.partition("/")[0]


def quote_of(symbol: str) -> str:
    """Take the quote currency from a unified name: USDT."""
    return symbol.partition("/")[2].partition(":")[0]


def valid_address(text: str) -> str:
    """Give an address in lower case.

    Raises:
        UsageError: It is not 0x and 40 hexadecimal digits.
    """
    if not _ADDRESS.fullmatch(text.strip()):
        raise UsageError(f"`{text.strip()}` is no address. Write 0x and 40 hexadecimal digits.")
    return text.strip().lower()
