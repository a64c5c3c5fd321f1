"""All pictures of a brief: names, spreading over processes, and hostile symbols."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.brief.types import Brief, SymbolBrief
from reportgen.render import charts
from reportgen.render.charts.variant import PRINT, Variant, slug, variants
from reportgen.units import Missing
from tests.briefs import STATES
from tests.render import pictures

HOSTILE = ("../../etc/passwd", "$x$/USDT:USDT", "a" * 300, "BTC-USDT-USDT", "btc/usdt:usdt", "\u202e", "", "CON", ".")


def brief_of(*symbols: SymbolBrief) -> Brief:
    """Put symbols into a brief."""
    return replace(next(iter(STATES.values()))(), symbols=symbols)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the pictures without drawing them."""

    def named(_symbol: SymbolBrief, chosen: Iterable[Variant]) -> dict[str, bytes]:
        return {f"{variant.name}.png": b"" for variant in chosen}

    monkeypatch.setattr(charts, "draw_symbol", named)


@pytest.mark.usefixtures("quick")
def test_pictures_are_named_by_symbol_form_and_theme() -> None:
    """A short watchlist gets five pictures a symbol, under sorted names."""
    names = list(charts.draw_charts(brief_of(pictures.symbol_brief())))
    kinds = ("narrow.dark", "narrow.light", "print", "wide.dark", "wide.light")
    assert names == [f"BTC-USDT-USDT.{kind}.png" for kind in kinds]


@pytest.mark.usefixtures("quick")
def test_a_long_watchlist_leaves_the_dark_phone_out() -> None:
    """Above six symbols dark-narrow is dropped, and only that."""
    one = pictures.symbol_brief()
    six, seven = (
        charts.draw_charts(brief_of(*(replace(one, symbol=f"C{i}/USDT:USDT") for i in range(count))))
        for count in (6, 7)
    )
    assert len(six) == 30
    assert len(seven) == 28
    assert not [name for name in seven if ".narrow.dark." in name]


def test_drawing_elsewhere_gives_the_same_bytes() -> None:
    """Fresh processes draw what this one draws, byte for byte, also for a name full of markup."""
    symbols = (pictures.symbol_brief(), pictures.symbol_brief("$\\frac{1}{0}$ %s {x} <b>/USDT:USDT"))
    brief = brief_of(*symbols)
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as workers:
        spread = charts.draw_charts(brief, workers)
    assert spread == charts.draw_charts(brief)
    assert all(png.startswith(b"\x89PNG") for png in spread.values())
    assert len(spread) == 10


def test_a_symbol_without_a_heatmap_has_no_picture() -> None:
    """Missing data is no empty picture: there is none, and the others are drawn."""
    gone = replace(pictures.symbol_brief("ETH/USDT:USDT"), heatmap=Missing("No candles were read."))
    assert charts.draw_symbol(gone, variants(1)) == {}
    assert set(charts.draw_symbol(pictures.symbol_brief(), [PRINT])) == {"print.png"}


@given(st.lists(st.one_of(st.text(), st.sampled_from(HOSTILE)), unique=True, max_size=8))
def test_file_names_are_safe_and_never_shared(names: list[str]) -> None:
    """Any set of symbols gives as many names of letters, digits and hyphens, also where case does not count."""
    made = [slug(replace(SYMBOL, symbol=name)) for name in names]
    assert len({name.lower() for name in made}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,59}", name) for name in made)


def test_a_plain_symbol_keeps_its_letters() -> None:
    """BTC/USDT:USDT is found under its own name."""
    assert slug(SYMBOL) == "BTC-USDT-USDT"


SYMBOL = pictures.symbol_brief()
