"""Titles from elsewhere become one safe line, and two titles of one event are recognised as the same topic. Pure."""

from __future__ import annotations

import re
from typing import Final

LONGEST_NAME: Final = 120

_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Controls, zero-width characters and everything that turns the writing direction."""

_TOPICS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (topic, re.compile(words, re.IGNORECASE))
    for topic, words in (
        ("us-cpi", r"\bcpi\b|consumer price index"),
        ("us-jobs", r"employment situation|non-?farm|\bnfp\b|payrolls"),
        ("fomc", r"\bfomc\b|federal open market committee|fed(eral reserve)? (interest )?rate decision"),
        ("ecb", r"\becb\b.*(decision|policy|rate)|(policy|rate) decision.*\becb\b"),
        ("deribit", r"deribit.*expir|expir.*deribit"),
        ("cme", r"\bcme\b.*expir|expir.*\bcme\b"),
        ("us-markets", r"us markets (shut|close)"),
    )
)
_ELSEWHERE: Final = re.compile(
    r"\b(uk|british|euro|eurozone|germany?|japan(ese)?|chin(a|ese)|canad(a|ian)|australian?|swiss|india|french|france"
    r"|italy|spain)\b",
    re.IGNORECASE,
)

_ABOUT_A_DECISION: Final = re.compile(
    r"^(?!.*\bdecision\b).*(press conference|minutes|speech|testimony)", re.IGNORECASE
)
"""What a central bank says half an hour or weeks after a decision is an event of its own."""


def clean_name(text: str) -> str:
    """Put a title on one line without characters that hide or turn text; at most 120 characters.

    Markup stays as the text that it is: whoever writes it into a page escapes it.
    """
    line = " ".join(_UNSEEN.sub(" ", text).split())
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1].rstrip() + "…"


def topic_of(name: str) -> str:
    """Name what an event is about, so that two titles of one event compare equal."""
    if not _ELSEWHERE.search(name) and not _ABOUT_A_DECISION.search(name):
        for topic, words in _TOPICS:
            if words.search(name):
                return topic
    return " ".join(re.findall(r"\w+", name.casefold()))
