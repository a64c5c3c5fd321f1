"""The guide's five steps: structure, zones, positioning, reactions, plan; and what is said of them together.

    structure/    1  what the chart says
    zones/        2  the nearest dense liquidation zones
    positioning/  3  open interest and funding
    reactions/    4  reject, continue, front-run, ignore
    plan/         5  alert, entry, invalidation, first de-risk

`checklist` walks the closing routine, `confluence` compares the layers, `summary` writes the Read and the headline.
"""
