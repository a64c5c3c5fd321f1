"""What is kept in `input/` beside a brief from a market folder or the sample; a live one keeps what the venues gave."""

# ruff: noqa: PLC0415 - heavy imports live inside the functions

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from reportgen.cli.speech import note

if TYPE_CHECKING:
    from reportgen.cli.orders import Order
    from reportgen.market.data import Gathered


def with_input(order: Order, gathered: Gathered, live: Mapping[str, bytes]) -> tuple[Gathered, Mapping[str, bytes]]:
    """Give the input to keep, by file name; its fingerprint, or why it is not kept, goes into the provenance."""
    if order.live:
        return gathered, live
    from reportgen.market.kept import fingerprint
    from reportgen.market.sample import sample_folder
    from reportgen.market.used_rows import used_rows
    from reportgen.units import Missing

    with sample_folder() if order.folder is None else nullcontext(order.folder) as folder:
        kept = used_rows(folder, gathered.markets, gathered.as_of_ms)
    if isinstance(kept, Missing):
        note(f"The input is not kept with the brief, only its sums: {kept.reason}")
        return _told(gathered, f"not kept: {kept.reason}"), {}
    return _told(gathered, fingerprint(kept)), kept


def _told(gathered: Gathered, input_is: str) -> Gathered:
    return replace(gathered, provenance={**gathered.provenance, "input": input_is})
