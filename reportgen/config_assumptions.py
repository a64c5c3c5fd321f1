"""The `assumptions:` section of config.yaml, made from the constants themselves.

Stands beside `config_schema`, and apart from it because building it takes as long as reading the whole file: only a
configuration that sets a constant, and the JSON Schema, need it.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Annotated, Any, Final, get_type_hints

from pydantic import Field, create_model

from reportgen.assumptions import Assumptions
from reportgen.config_settings import Settings

FURTHEST: Final = 1000
"""How many times above or below its default an assumption may be set."""

_MAY_BE_ZERO: Final = ("1", "fraction", "share", "weight", "percentile")


@cache
def assumption_overrides() -> type[Settings]:
    """Make the `assumptions:` section from the constants themselves, each with its own range."""
    hints = get_type_hints(Assumptions)
    made: dict[str, Any] = {}
    for constant in fields(Assumptions):
        about = f"{constant.metadata['effect']} ({constant.metadata['unit']}; {constant.metadata['source']})"
        kind = _ranged(hints[constant.name], constant.default, constant.metadata["unit"])
        made[constant.name] = (kind | None, Field(default=None, description=about, examples=[constant.default]))
    return create_model("AssumptionOverrides", __base__=Settings, **made)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _ranged(hint: Any, default: Any, unit: str) -> Any:  # noqa: ANN401 - types are values here
    """Narrow a constant's type: finite, near its default in size, and a fraction within 0 and 1."""
    if isinstance(default, tuple):
        item: Any = _ranged(type(default[0]), max(default, key=abs), "1") if _is_number(default[0]) else Any
        several: Any = list[item]
        return Annotated[several, Field(min_length=len(default), max_length=len(default))]
    if not _is_number(default):
        return hint
    most = abs(default) * FURTHEST or FURTHEST
    if unit == "fraction" and 0 <= default <= 1:
        return Annotated[hint, Field(ge=0, le=1, allow_inf_nan=False)]
    least = -most if default < 0 else 0
    if isinstance(default, int):
        return Annotated[hint, Field(ge=min(1, default), le=int(most))]
    if default > 0 and not unit.startswith(_MAY_BE_ZERO):
        return Annotated[hint, Field(ge=default / FURTHEST, le=most, allow_inf_nan=False)]
    return Annotated[hint, Field(ge=least, le=most, allow_inf_nan=False)]
