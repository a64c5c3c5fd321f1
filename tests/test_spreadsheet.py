"""Cells of CSV files that a spreadsheet would run."""

from __future__ import annotations

import pytest

from reportgen.notation import spreadsheet_cell


@pytest.mark.parametrize("value", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-", "--1"])
def test_text_that_begins_like_a_formula_is_escaped(value: str) -> None:
    """An apostrophe before it makes it text."""
    assert spreadsheet_cell(value) == f"'{value}"


@pytest.mark.parametrize("value", ["-1", "+0.5", "-1.5e-7", "-.5", -1.5, 3, None, "", "a=1", "US CPI"])
def test_numbers_and_plain_text_stay(value: object) -> None:
    """Nothing else is touched."""
    assert spreadsheet_cell(value) is value
