"""Token unlocks as DefiLlama's keyless datasets list them.

Stands at the edge, behind `events.fetching`. Only cliffs are events: a linear unlock is a rate, not a moment.
"""

from __future__ import annotations

import math
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from reportgen.errors import DataError
from reportgen.events.calendar import ScheduledEvent
from reportgen.events.calendar_names import clean_name
from reportgen.units import Milliseconds

DATASETS: Final = "https://defillama-datasets.llama.fi"
_SIZES: Final = ((1_000_000_000, "bn"), (1_000_000, "m"), (1_000, "k"))


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")

    timestamp: float
    noOfTokens: list[float] = []  # noqa: N815 - the dataset's own name
    category: str = ""
    unlockType: Literal["cliff", "linear"] | str = ""  # noqa: N815, PYI051 - the dataset's own


class _Metadata(BaseModel):
    events: list[_Part] = []


class _Emissions(BaseModel):
    metadata: _Metadata


def unlock_address(slug: str, base: str | None) -> str:
    """Give the address of a protocol's schedule."""
    return f"{(base or DATASETS).rstrip('/')}/emissions/{slug}"


def read_unlocks(
    content: bytes, symbol: str, place: str, span: tuple[Milliseconds, Milliseconds]
) -> tuple[ScheduledEvent, ...]:
    """Read the cliff unlocks in a span; those at one moment are added up.

    Args:
        content: The dataset.
        symbol: Base coin of the token.
        place: What errors and the events' source call it.
        span: First and last moment.

    Raises:
        DataError: It is no such dataset.
    """
    try:
        parts = _Emissions.model_validate_json(content).metadata.events
    except ValidationError as error:
        raise DataError(f"{place}: is not an unlock schedule as DefiLlama publishes it.") from error
    at_once: dict[int, dict[str, float]] = {}
    for part in parts:
        tokens = sum(part.noOfTokens)
        at_ms = round(part.timestamp * 1000) if math.isfinite(part.timestamp) else -1
        if part.unlockType == "cliff" and tokens > 0 and math.isfinite(tokens) and span[0] <= at_ms <= span[1]:
            groups = at_once.setdefault(at_ms, {})
            name = clean_name(part.category) or "unnamed"
            groups[name] = groups.get(name, 0.0) + tokens
    return tuple(
        ScheduledEvent(
            name=f"{symbol} unlock of {_amount(sum(groups.values()))} tokens ({', '.join(sorted(groups))})",
            kind="unlock",
            at_ms=at_ms,
            source=place,
            weight="medium",
            symbols=(symbol,),
        )
        for at_ms, groups in sorted(at_once.items())
    )


def _amount(tokens: float) -> str:
    for size, word in _SIZES:
        if tokens >= size:
            return f"{tokens / size:.3g}\u202f{word}"
    return f"{tokens:.3g}"
