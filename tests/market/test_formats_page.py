"""The page on data formats describes what the code reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reportgen.market.folder.tables import TABLES, TableFormat

PAGE = (Path(__file__).parents[2] / "docs" / "data-formats.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_stands_in_its_tables_section(table: TableFormat) -> None:
    """Required columns stand upright, optional ones in italics, and no other column is promised."""
    section = PAGE.split(f"### {table.name}\n")[1].split("\n#")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ") and "`" in line]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    slanted = {name for cell in cells for name in re.findall(r"\*`(\w+)`\*", cell)}
    assert named == {*table.required, *table.optional}
    assert slanted == set(table.optional)
