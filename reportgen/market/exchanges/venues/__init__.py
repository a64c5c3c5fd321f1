"""Every venue that can be asked: each file of this folder is one, found here by its name; nothing lists them twice."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Final

from reportgen.market.exchanges.venue import Venue

_FOUND: Final = (importlib.import_module(f"{__name__}.{file.name}").VENUE for file in pkgutil.iter_modules(__path__))
VENUES: Final[Mapping[str, Venue]] = {venue.name: venue for venue in sorted(_FOUND, key=lambda venue: venue.rank)}
"""By name, the most traded first."""


def shown(venue: str) -> str:
    """Give a venue's name as it is displayed."""
    return VENUES[venue].display if venue in VENUES else venue
