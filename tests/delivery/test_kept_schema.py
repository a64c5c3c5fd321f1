"""An archive written by an older schema version still renders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reportgen.brief.types import SCHEMA_VERSION
from reportgen.delivery.archive.days import BriefFolder
from reportgen.delivery.archive.rows import brief_days
from reportgen.render.html import render_html
from reportgen.render.json import brief_from_json

KEPT = sorted((Path(__file__).parent / "kept").glob("brief-v*.json"))


def test_every_version_so_far_is_kept() -> None:
    """There is one brief.json of each version of the schema, as that version wrote it; never change one."""
    assert [json.loads(path.read_bytes())["schema_version"] for path in KEPT] == list(range(1, SCHEMA_VERSION + 1))


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_kept_brief_still_renders(path: Path) -> None:
    """It becomes a page with its finding, and the archive can sum it up."""
    brief = brief_from_json(path.read_bytes(), path.name)
    page = render_html(brief).decode()
    assert brief.headline in page
    place = BriefFolder(day="2026-01-19", revision=1)
    (day,) = brief_days({place: path.read_bytes()}, {place: []})
    assert day.headline == brief.headline
