"""reportgen: the morning brief on crypto liquidation risk.

The guide's five steps, each a room of `reportgen.guide`:
1 structure, 2 zones, 3 positioning, 4 reaction, 5 plan.

    config.yaml -> Config -> MarketData -> Structure -> LiquidationMap -> Zones -> Positioning -> Reactions -> Plan
                -> Brief -> HTML / PDF / JSON bytes -> output/

Each arrow is a frozen type; nothing goes back up.
"""

__version__ = "0.1.0"
