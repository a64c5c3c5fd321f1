"""Who competes: the product's engines and the published formulas, each freezing maps of one shape.

Everything after this file is the same for all: laid out by distance from the price, scored by `track_record`, beside
its own map of 24 h earlier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from benchmarks.formulas.catalogue import FORMULAS, Formula
from benchmarks.formulas.tape import Tape
from reportgen.config.assumptions import Assumptions
from reportgen.liquidation.map import (
    DEFAULT_ENGINE,
    ENGINES,
    PATH_ONLY,
    Engine,
    LayerEngine,
    grid_around,
    maps_at,
)
from reportgen.liquidation.path import NO_MARKS, Grid
from reportgen.market.data import Candles, OpenInterest
from reportgen.track_record.maps import CLIMATOLOGY, PLACEBO, controls_of
from reportgen.track_record.walk import FrozenMaps, outward
from reportgen.units import Floats, Ints, Maybe, Missing, Side

C3: Final = "C3"
"""The candidate fixed first: half of the tiers beside the kernel."""
KERNEL: Final = LayerEngine(name="kernel", kernel=True, tiers=False)
DEFAULT: Final = DEFAULT_ENGINE.name
BASELINE: Final = PATH_ONLY.name

Frozen: TypeAlias = tuple[Grid, Mapping[Side, Floats]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """One maker of maps.

    Attributes:
        name: Of the table. published: it is a published formula, as published.
        maps: From decision times, shape (m,), to a grid and mass per bin, shape (m, bins) a side.
    """

    name: str
    published: bool
    maps: Callable[[Ints], Frozen]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outward:
    """One map's mass by distance from the price of each decision.

    Attributes:
        name: Of the map; `of` names the entrant whose control it is, empty for an entrant's own map.
        mass: Per side, shape (m, width), nearest first. step: log width of a bin.
    """

    name: str
    of: str
    mass: Mapping[Side, Floats]
    step: float


def engine(
    one: Engine, tape: Tape, interest: Maybe[OpenInterest], a: Assumptions, weights: Floats | None = None,
    shown: str = "",
) -> Entrant:  # fmt: skip
    """Let one of the product's engines compete, with the reference weights or its own."""

    def maps(decision_ms: Ints) -> Frozen:
        return maps_at(tape.candles, tape.brackets, decision_ms, a, one, open_interest=interest, weights=weights)

    return Entrant(name=shown or one.name, published=False, maps=maps)


def formula(one: Formula, tape: Tape, a: Assumptions) -> Entrant:
    """Let a published formula compete, on the grid that the engines use."""

    def maps(decision_ms: Ints) -> Frozen:
        grid = grid_of(tape.candles, decision_ms, a)
        return grid, one.maps(tape, grid, decision_ms)

    return Entrant(name=one.name, published=one.as_published, maps=maps)


def field(tape: Tape, interest: Maybe[OpenInterest], a: Assumptions) -> tuple[tuple[Entrant, ...], Mapping[str, str]]:
    """Gather all engines and all formulas that this tape can feed; the others by name, with what they lack."""
    half = replace(a, path_only_share=0.5)
    engines = (
        *(engine(one, tape, interest, a) for one in ENGINES.values()),
        engine(DEFAULT_ENGINE, tape, interest, half, shown=C3),
        engine(KERNEL, tape, interest, a),
        engine(DEFAULT_ENGINE, tape, NO_MARKS, a, shown=f"{DEFAULT} on bars"),
        engine(PATH_ONLY, tape, NO_MARKS, a, shown=f"{BASELINE} on bars"),
    )
    takers = not isinstance(tape.candles.taker_buy_base, Missing)
    asked = [one for one in FORMULAS if not (one.stands_in and takers)]
    lacks = {one.name: one.lacks(tape) for one in asked}
    formulas = tuple(formula(one, tape, a) for one in asked if not lacks[one.name])
    return (*engines, *formulas), {name: why for name, why in lacks.items() if why}


def grid_of(candles: Candles, decision_ms: Ints, a: Assumptions) -> Grid:
    """Lay the bins of `maps_at`: over the path up to the last decision and beyond."""
    known = int(np.searchsorted(candles.close_time_ms, decision_ms[-1], side="right"))
    first = max(0, int(np.searchsorted(candles.close_time_ms, decision_ms[0], side="right")) - 1)
    return grid_around(candles.first(known), float(candles.close[first]), a)[0]


def laid_out(
    entrants: Sequence[Entrant],
    candles: Candles,
    decision_ms: Ints,
    lead: int,
    farthest: float,
    rng: np.random.Generator,
    a: Assumptions,
) -> Iterator[Outward]:
    """Yield every entrant's maps and their controls: all for the first entrant, climatology and placebo for the others.

    Args:
        entrants: In the order of the tables.
        candles: Of the market.
        decision_ms: Shape (lead + m,), ascending.
        lead: How many of the first decisions only serve as a past.
        farthest: Largest log distance that is looked at.
        rng: For the control of other times.
        a: Constants of the controls.
    """
    price = candles.close[np.searchsorted(candles.close_time_ms, decision_ms, side="right") - 1]
    for number, one in enumerate(entrants):
        grid, mass = one.maps(decision_ms)
        width = int(max(farthest, -float(np.log1p(-a.zone_scope_fraction))) / grid.step) + 2
        frozen = FrozenMaps(grid=grid, decision_ms=decision_ms, mass=mass)
        own = {side: outward(frozen, price, side, width) for side in Side}
        yield Outward(name=one.name, of="", mass={side: rows[lead:] for side, rows in own.items()}, step=grid.step)
        for name, rows in controls_of(own, decision_ms, lead, grid.step, rng, a):
            if number == 0 or name in {PLACEBO, CLIMATOLOGY}:
                yield Outward(name=name, of=one.name, mass=rows, step=grid.step)
