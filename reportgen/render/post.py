"""The short form of a brief for chats: a headline, then one message a symbol, from the same card as page and mail.

A message over the limit is split between its lines, never cut. Stands at the last arrow, Brief -> text; pure.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from reportgen.brief.types import OWN_BRAND, Brief
from reportgen.moments import day_of
from reportgen.render.card import Card, Cell, card_of
from reportgen.render.mail import Reader, personal

LONGEST: Final = 900
"""Characters of one message."""

NOT_ADVICE: Final = "Pressure points, estimated: not destinations, not advice."


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message.

    Attributes:
        key: What the ledger calls it: "headline", "BTC/USDT:USDT", with a number behind a slash for its later parts.
        title, text: What it says; the text never longer than `LONGEST`.
        symbol: Whose figure goes with it, "" for none.
    """

    key: str
    title: str
    text: str
    symbol: str = ""


def posts_of(brief: Brief, symbols: Collection[str], page: str) -> tuple[Post, ...]:
    """Write the messages of a brief, in the order in which they are read.

    Args:
        brief: What to say.
        symbols: Only these markets; all when empty.
        page: Web address of the whole brief, "" where there is none.
    """
    mine = personal(brief, Reader(symbols=tuple(symbols), only=True)) if symbols else None
    chosen = mine.brief.symbols if mine else brief.symbols
    brand = brief.brand or OWN_BRAND
    told = [mine.headline if mine else brief.headline, f"{NOT_ADVICE} {brand.footer}".strip()]
    told += [page or brand.link] if page or brand.link else []
    simulated = "Simulated. " if brief.simulated else ""
    stale = "STALE. " if (mine.brief if mine else brief).stale else ""
    morning = day_of(brief.as_of_ms, brief.timezone)
    posts = list(_split("headline", f"{stale}{simulated}{brand.name} {morning}", told))
    for symbol in chosen:
        card = card_of(brief, symbol)
        moved = f" {card.moved} in 24 h" if card.moved else ""
        posts += _split(
            symbol.symbol, f"{stale}{simulated}{card.base} {card.price}{moved}".strip(), _lines(card), symbol.symbol
        )
    return tuple(posts)


def _lines(card: Card) -> list[str]:
    """Give stance, the nearest zone of each side, the two alerts, and yesterday, a line each."""
    if not card.rows:
        return [card.stance]
    stance, above, below, _, yesterday, *own = card.rows
    alerts = [f"{'▲' if row.arrow == 'up' else '▼'} {row.name}: {row.text}" for row in (above, below)]
    zones = [_zone(cell) for cell in (card.above, card.below)]
    return [stance.text, *zones, *alerts, *(f"{row.name}: {row.text}" for row in (yesterday, *own))]


def _zone(cell: Cell) -> str:
    if cell.nothing:
        return f"Nearest zone {cell.side}: {cell.nothing}"
    facts = (cell.distance, cell.days, cell.dense and f"{cell.dense} dense", cell.reach and f"reached in {cell.reach}")
    return f"Nearest zone {cell.side}: {cell.label} {', '.join(filter(None, facts))}"


def _split(key: str, title: str, lines: list[str], symbol: str = "") -> Iterator[Post]:
    """Fill messages with whole lines; only a line that is too long by itself is broken, between words."""
    texts = [""]
    for line in (part for whole in lines for part in textwrap.wrap(whole, LONGEST, break_long_words=True)):
        longer = f"{texts[-1]}\n{line}" if texts[-1] else line
        if len(longer) <= LONGEST:
            texts[-1] = longer
        else:
            texts.append(line)
    for number, text in enumerate(texts, start=1):
        first = number == 1
        yield Post(
            key=key if first else f"{key}/{number}",
            title=title if len(texts) == 1 else f"{title} ({number}/{len(texts)})",
            text=text,
            symbol=symbol if first else "",
        )
