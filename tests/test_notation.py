"""Words are cut whole, and a share of cases is never called none or all when it is not."""

from __future__ import annotations

from reportgen.notation import of_hundred, shortened


def test_words_are_cut_to_a_length_and_their_isolate_stays_closed() -> None:
    """At the length nothing is cut; one over, the last is an ellipsis; an open isolate would turn the rest."""
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abcde\u2026"
    assert shortened("abcd efg", 6) == "abcd\u2026"
    assert shortened("\u2068\u0627\u0628\u062a\u062b\u2069", 5) == "\u2068\u0627\u0628\u062a\u2026\u2069"


def test_a_share_of_cases_is_none_or_all_only_when_it_is() -> None:
    """Below one and above 99 of a hundred it is said so, in figure and card alike."""
    shares = (0.0, 0.004, 0.0099, 0.01, 0.134, 0.136, 0.99, 0.9901, 0.996, 1.0)
    assert [of_hundred(share).removesuffix(" of 100") for share in shares] == [
        "0", "under 1", "under 1", "1", "13", "14", "99", "over 99", "over 99", "100",
    ]  # fmt: skip
