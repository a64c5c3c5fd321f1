"""A long brief is laid out in parts, side by side, and put together again; a short one is one part.

Stands inside the last arrow, before the PDF: which symbols and sections go into which part is decided here, by the
brief alone, so that any number of workers makes the same pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reportgen.brief import Brief, SymbolBrief
from reportgen.render.charts import slug

TAGGED_UP_TO = 30
"""Symbols up to which the PDF is one part and carries tags for screen readers: putting parts together loses them."""

_SYMBOLS_A_PART = 9
_ZONES_A_PART = 27


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some sections of a brief.

    Attributes:
        head, last: Whether the answer opens it, and method and data end it.
        symbols: Those with their own pages in it. zones: those whose zones are told in detail.
        whole: True when this is all of the brief: pages then carry their own numbers.
    """

    head: bool = False
    last: bool = False
    symbols: tuple[SymbolBrief, ...] = ()
    zones: tuple[SymbolBrief, ...] = ()
    whole: bool = False


def all_of(brief: Brief) -> Part:
    """Take everything."""
    return Part(head=True, last=True, symbols=brief.symbols, zones=brief.symbols, whole=True)


def parts_of(brief: Brief) -> tuple[Part, ...]:
    """Part a brief by symbols, in the order of its pages: the answer, symbols, zones in detail, method and data."""
    if len(brief.symbols) <= TAGGED_UP_TO:
        return (all_of(brief),)
    return (
        Part(head=True),
        *(Part(symbols=some) for some in _runs(brief.symbols, _SYMBOLS_A_PART)),
        *(Part(zones=some) for some in _runs(brief.symbols, _ZONES_A_PART)),
        Part(last=True),
    )


def pictures_of(part: Part, charts: Mapping[str, bytes]) -> dict[str, bytes]:
    """Take the printed charts of the symbols that have their pages in a part."""
    wanted = {f"{slug(symbol)}.print.png" for symbol in part.symbols}
    return {name: png for name, png in charts.items() if name in wanted}


def _runs(symbols: tuple[SymbolBrief, ...], size: int) -> tuple[tuple[SymbolBrief, ...], ...]:
    return tuple(symbols[start : start + size] for start in range(0, len(symbols), size))
