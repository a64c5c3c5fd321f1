"""No input makes a reader raise anything but one of our sentences."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.readers import READERS, damaged, feed

EXAMPLES = 25


@pytest.mark.parametrize("name", READERS)
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(data=st.data())
def test_a_reader_ends_with_a_value_or_a_sentence(name: str, data: st.DataObject) -> None:
    """Cut, doubled, swapped and nasty pieces are taken, left out, or named."""
    feed(name, data.draw(damaged(READERS[name].sound)))


@pytest.mark.parametrize("name", sorted(set(READERS) - {"journal", "dump", "manifest.jsonl"}))
def test_the_sound_input_is_taken(name: str) -> None:
    """What the fuzzer starts from is no rubbish already."""
    assert feed(name, READERS[name].sound)
