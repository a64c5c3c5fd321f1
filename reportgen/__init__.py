"""reportgen: the morning brief on crypto liquidation risk.

The guide's five steps, each a room of `reportgen.guide`:
1 structure, 2 zones, 3 positioning, 4 reaction, 5 plan.

    config.yaml -> Config -> MarketData -> Structure -> LiquidationMap -> Zones -> Positioning -> Reactions -> Plan
                -> Brief -> HTML / PDF / JSON bytes -> output/

Each arrow is a frozen type; nothing goes back up. From Python: `make_brief`, `read_brief`, `open_archive` and
`liquidation_map`, loaded when first asked for (docs/python.md).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reportgen.morning.api import liquidation_map, make_brief, open_archive, read_brief

__all__ = ["liquidation_map", "make_brief", "open_archive", "read_brief"]
__version__ = "1.0.0"


def __getattr__(name: str) -> object:
    """Load what Python callers use when it is first asked for: the command line loads nothing of it."""
    if name not in __all__:
        raise AttributeError(f"module 'reportgen' has no attribute {name!r}")
    from reportgen.morning import api

    return getattr(api, name)
