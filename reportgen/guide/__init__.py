"""The guide's five steps: structure, zones, positioning, reaction, plan; and its closing checklist.

    structure.py    1  what the chart says
    zones.py        2  the nearest dense liquidation zones
    positioning.py  3  open interest and funding
    reaction.py     4  tap and reject, tap and continue, front-run, ignore
    plan.py         5  alert, entry, invalidation, first de-risk
    checklist.py       the seven-step routine, the seven inputs, confluence

Each module is a pure function of what the steps before it found.
"""
