"""brief.json is a full copy: what is written comes back, and what is wrong is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from reportgen.brief.types import SCHEMA_VERSION, Brief
from reportgen.errors import DataError, RenderError
from reportgen.render.json import brief_from_json, brief_to_json
from reportgen.units import Missing
from tests.briefs import STATES, changed, morning


@pytest.mark.parametrize("state", STATES)
def test_every_brief_comes_back_equal_and_writes_the_same_bytes(state: str, brief_of: Callable[[str], Brief]) -> None:
    """Reading what was written gives an equal brief, and writing that gives the same bytes."""
    written = brief_to_json(brief_of(state))
    again = brief_from_json(written)
    assert again == brief_of(state)
    assert brief_to_json(again) == written


def test_keys_are_sorted_and_the_file_ends_with_a_line_feed(brief_of: Callable[[str], Brief]) -> None:
    """The bytes do not depend on the order in which fields were declared."""
    written = brief_to_json(brief_of("morning"))
    keys = list(json.loads(written))
    assert keys == sorted(keys)
    assert written.endswith(b"}\n")


def test_missing_is_not_null_nor_zero(brief_of: Callable[[str], Brief]) -> None:
    """A missing price stands as its reason and comes back as Missing."""
    written = brief_to_json(brief_of("no_candles"))
    price = json.loads(written)["symbols"][0]["price"]
    assert price == {"reason": "No candles for it in the folder."}
    assert isinstance(brief_from_json(written).symbols[0].price, Missing)


def test_an_infinite_number_is_refused() -> None:
    """A number that JSON has no word for ends the writing instead of becoming null."""
    with pytest.raises(RenderError, match="cannot be written"):
        brief_to_json(changed(morning(), price=float("inf")))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{\n "a": 1,\n "b" 2}', ":3: not JSON"),
        (b"[]", "no schema_version"),
        (b'{"schema_version": true}', "no schema_version"),
        (b'{"schema_version": NaN}', "NaN"),
        (b'{"schema_version": 0}', "not known"),
        (b"[" * 100_000, "not a brief"),
    ],
)
def test_a_file_that_is_no_brief_is_named_with_the_cause(data: bytes, said: str) -> None:
    """Each kind of damage gives one clear error with the file's name."""
    with pytest.raises(DataError, match=said) as caught:
        brief_from_json(data, "old.json")
    assert str(caught.value).startswith("old.json:")


def test_a_newer_schema_asks_for_an_update() -> None:
    """A brief of a later version is refused with the way out."""
    newer = brief_to_json(replace(morning(), schema_version=SCHEMA_VERSION + 1))
    with pytest.raises(DataError, match="Update reportgen"):
        brief_from_json(newer)


def test_a_wrong_field_is_named_by_its_place() -> None:
    """The error names the field that is absent or of another type, down to the list's index."""
    plain = json.loads(brief_to_json(morning()))
    plain["symbols"][1]["calibrated"] = "yes"
    del plain["symbols"][2]["finding"]
    with pytest.raises(DataError) as caught:
        brief_from_json(json.dumps(plain).encode())
    assert "symbols[1].calibrated" in str(caught.value)
    assert "symbols[2].finding" in str(caught.value)
