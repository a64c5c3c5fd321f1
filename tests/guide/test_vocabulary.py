"""What the guide's steps may never say, whatever they read: predictions, promises, orders, or leaked placeholders."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings

from reportgen.guide.context import Context
from reportgen.guide.summary import CLOSING
from tests.guide.readings import texts_of
from tests.guide.readings_grid import any_context, everything

BANNED = re.compile(
    r"\b(will|shall|going to|predict\w*|forecast\w*|targets?|magnets?|guarantee\w*|certain(ly|ty)?|definitely|surely"
    r"|buy|sell|buy signal|sell signal|go long|go short|profits?|moon|crash\w*|must (rise|fall)|expected to"
    r"|bound to|sure to|likely to (rise|fall))\b",
    re.IGNORECASE,
)
CLAIMED = re.compile(
    r"\b(accelerates|accelerated|is accelerating|draws? price|pulls? price|attracts?|unstable|instability"
    r"|sets? off a cascade|triggers? (a|the) cascade|cascades (through|into)"
    r"|(is|are|acts? as) (a )?(magnets?|barriers?))\b",
    re.IGNORECASE,
)
"""What no measurement has shown; "may accelerate" is the guide's own conditional, and no claim."""
DOCS = Path(__file__).parents[2]
LEAKED = re.compile(r"\b(?i:nan|inf)\b|\bNone\b|Missing\(|\{|\}|  |\.\.|, ,|\( |\(\)|<\w+ object")
MINUS_TYPED = re.compile(r"(?<![\w])-\d")


def every_text(market: Context) -> list[str]:
    """Collect all texts of steps 4 and 5; the guide's own closing words are the one exception."""
    return [text for text in texts_of(everything(market)) if text != CLOSING]


@settings(max_examples=300)
@given(any_context())
def test_no_text_predicts_claims_what_nobody_has_shown_or_leaks(market: Context) -> None:
    """No reading makes a sentence foretell price, say what to trade or that zones draw it; no placeholder gets out."""
    for text in every_text(market):
        for wrong in (BANNED, CLAIMED, LEAKED, MINUS_TYPED):
            assert wrong.search(text) is None, text
        assert text == text.strip(), text


@pytest.mark.parametrize("page", ["README.md", "docs/method.md"])
def test_the_docs_claim_no_more(page: str) -> None:
    """README and method claim neither; the method has the measured sentence on disorder, and what nobody has shown."""
    text = (DOCS / page).read_text(encoding="utf-8")
    assert CLAIMED.search(text) is None
    if page.endswith("method.md"):
        joined = " ".join(text.split())
        assert "next-hour ranges 1.11 times [1.07, 1.14] those of thin ground at like volatility" in joined
        assert "distances to earlier highs and lows explain all of it. Moves did not run further." in joined
        assert "## What nobody has shown" in text


@pytest.mark.parametrize(
    "text", ["Zones are magnets.", "the move accelerates", "dense ground is unstable", "it draws price"]
)
def test_the_claim_list_sees_a_claim(text: str) -> None:
    """The list itself works, and lets the guide's own conditional pass."""
    assert CLAIMED.search(text) is not None
    assert CLAIMED.search("the breakdown may accelerate") is None


@settings(max_examples=30)
@given(any_context())
def test_the_same_reading_gives_the_same_words(market: Context) -> None:
    """Steps 4 and 5 are functions of what they are given."""
    assert everything(market) == everything(market)


@pytest.mark.parametrize("text", ["BTC will rise", "a magnet at 95", "price target", "a sell signal", "guaranteed"])
def test_the_word_list_sees_a_prediction(text: str) -> None:
    """The list itself works."""
    assert BANNED.search(text) is not None


@pytest.mark.parametrize("text", ["n/a: None", "at nan", "Missing(reason='x')", "slips inf", "ends.."])
def test_the_leak_list_sees_a_leak(text: str) -> None:
    """So does the list of leaks."""
    assert LEAKED.search(text) is not None
