"""How a modelling constant is declared: its default with unit, source and effect beside it."""

from __future__ import annotations

from dataclasses import field
from typing import Any


def declared(default: Any, unit: str, source: str, effect: str) -> Any:  # noqa: ANN401 - a field of any constant's type
    """Declare a constant: its default, unit, source and effect."""
    return field(default=default, metadata={"unit": unit, "source": source, "effect": effect})
