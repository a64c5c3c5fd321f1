"""Exact levels on the page: a table of facts apart from the estimate, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable

from reportgen.render.json import brief_from_json, brief_to_json
from tests.briefs import HOSTILE, exact_levels, morning
from tests.render.test_html import Outline


def test_the_table_names_each_level_and_the_totals(html_of: Callable[[str], str]) -> None:
    """Price, size, share of open interest and address stand there; what is not known says n/a."""
    text = Outline(html_of("exact_levels")).text
    assert "Levels of 5 known positions" in text
    assert "Longs with a level hold 2.04 % and shorts 0.01 % of Hyperliquid’s open interest." in text
    assert "1 is liquidated at no price, 1 was passed by the price already." in text
    assert "0x1234…cdef" in text
    assert "Hollow diamonds: levels of known positions." in text


def test_a_failed_lookup_is_said_and_nobody_asked_is_silent(html_of: Callable[[str], str]) -> None:
    """The reason stands where the table would; a brief without addresses does not speak of them."""
    assert (
        "Levels of known positions: Hyperliquid refused this location (HTTP 403)."
        in Outline(html_of("exact_levels")).text
    )
    assert "known position" not in Outline(html_of("morning")).text


def test_an_address_is_untrusted_text(html_of: Callable[[str], str]) -> None:
    """Markup in an address is shown, not run."""
    page = html_of("exact_levels")
    assert HOSTILE not in page
    assert HOSTILE in Outline(page).text


def test_the_layer_survives_json() -> None:
    """brief.json is the full copy, with and without exact levels."""
    for brief in (exact_levels(), morning()):
        assert brief_from_json(brief_to_json(brief)) == brief
