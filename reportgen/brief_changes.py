"""What changed since the brief before, in types; `changes.py` fills them, the page prints them.

A part of the Brief, so these stand beside it and know nothing of how two briefs are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reportgen.guide.zones import Label
from reportgen.units import Milliseconds, Where

ChangeKind = Literal[
    "zone built",
    "zone swept",
    "zone faded",
    "zone moved",
    "price",
    "open interest",
    "funding",
    "structure",
    "map quality",
    "coverage",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is not as it was.

    Attributes:
        symbol: `BTC/USDT:USDT`. base: "BTC".
        kind: What changed.
        side, label: Of the zone, as it is called now, or was when it is gone; None for what is no zone.
        was, now: The numbers before and after, in `unit`; a zone's edges are two; () where there is none.
        unit: "price", "base coins", "fraction per 8 h", ….
        text: One clause with those numbers.
        weight: How many of its thresholds the change measures; changes are ranked by it.
    """

    symbol: str
    base: str
    kind: ChangeKind
    side: Where | None
    label: Label | None
    was: tuple[float, ...]
    now: tuple[float, ...]
    unit: str
    text: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Everything that differs from the brief before.

    Attributes:
        since: The moment that brief spoke of, ISO 8601 UTC. since_ms: the same. hours: between the two.
        items: The changes of all symbols, the largest first.
        new_symbols, gone_symbols: base coins that only one of the two briefs has.
    """

    since: str
    since_ms: Milliseconds
    hours: float
    items: tuple[Change, ...]
    new_symbols: tuple[str, ...]
    gone_symbols: tuple[str, ...]
