"""Words are cut whole."""

from __future__ import annotations

from reportgen.notation import shortened


def test_words_are_cut_to_a_length_and_their_isolate_stays_closed() -> None:
    """At the length nothing is cut; one over, the last is an ellipsis; an open isolate would turn the rest."""
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abcde\u2026"
    assert shortened("abcd efg", 6) == "abcd\u2026"
    assert shortened("\u2068\u0627\u0628\u062a\u062b\u2069", 5) == "\u2068\u0627\u0628\u062a\u2026\u2069"
