"""Which pictures of a symbol there are, and what their files are called.

Stands inside the last arrow, Brief -> bytes; loads nothing heavy, so that a page can name pictures without drawing.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reportgen.brief.types import Brief, SymbolBrief
from reportgen.render.colours import Theme

Form: TypeAlias = Literal["wide", "narrow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One picture of a symbol.

    Attributes:
        name: Stands between the symbol's name and ".png". theme, form: how it looks.
        scale: device pixels per CSS pixel.
    """

    name: str
    theme: Theme
    form: Form
    scale: float


_SCREEN, _PRINT = 2.0, 1.4
"""Twice for sharp screens; 140 dots per 96ths of an inch on paper, where the PDF keeps every pixel as RGB."""

WIDE_LIGHT = Variant(name="wide.light", theme="light", form="wide", scale=_SCREEN)
WIDE_DARK = Variant(name="wide.dark", theme="dark", form="wide", scale=_SCREEN)
NARROW_LIGHT = Variant(name="narrow.light", theme="light", form="narrow", scale=_SCREEN)
NARROW_DARK = Variant(name="narrow.dark", theme="dark", form="narrow", scale=_SCREEN)
PRINT = Variant(name="print", theme="light", form="wide", scale=_PRINT)

ALL_VARIANTS = (WIDE_LIGHT, WIDE_DARK, NARROW_LIGHT, NARROW_DARK, PRINT)

MANY_SYMBOLS = 6
"""Above this many the dark phone pictures are left out: they weigh most and are seen least."""


def variants(symbols: int) -> tuple[Variant, ...]:
    """Choose the pictures of each symbol in a brief of so many symbols."""
    return tuple(v for v in ALL_VARIANTS if v is not NARROW_DARK or symbols <= MANY_SYMBOLS)


def screen_variants(brief: Brief) -> tuple[Variant, ...]:
    """Choose the pictures that the page shows."""
    return tuple(variant for variant in variants(len(brief.symbols)) if variant is not PRINT)


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
