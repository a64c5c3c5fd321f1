"""What the files of a symbol are called.

Stands inside the last arrow, Brief -> bytes; loads nothing heavy.
"""

from __future__ import annotations

import hashlib
import re

from reportgen.brief.types import SymbolBrief

_PLAIN = re.compile(r"[A-Z0-9]+/[A-Z0-9]+:[A-Z0-9]+")
_LONGEST = 40


def slug(symbol: SymbolBrief) -> str:
    """Name a symbol's files: BTC-USDT-USDT. Safe in a path and a URL; no two symbols share one.

    A symbol of another pattern than BTC/USDT:USDT gets a few digits of its hash behind the letters that are left.
    """
    return slug_of(symbol.symbol)


def slug_of(name: str) -> str:
    """Name the files of a symbol by its unified name, as `slug` does."""
    letters = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
    if _PLAIN.fullmatch(name) and len(letters) <= _LONGEST:
        return letters
    return f"{letters[:_LONGEST]}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}".lstrip("-")
