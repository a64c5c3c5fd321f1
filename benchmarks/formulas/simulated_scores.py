"""Every engine and formula on one simulated market, beside the true book: lifts, ranks, and a calibration's dollars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.formulas.calibrated import HeldOut, calibrated, held_out
from benchmarks.formulas.ceiling import BLURRED, SAME_PATH, blurred, same_path_book
from benchmarks.formulas.entrants import Outward, engine, field, laid_out
from benchmarks.formulas.lift import HOURS, TRUE_BOOK, Realised, lift_sums, realised_by_distance, true_book_by_distance
from benchmarks.formulas.market_scores import fresh
from benchmarks.formulas.tape import tape_of
from benchmarks.formulas.worlds import BOOK_MINUTES, DAYS, START_MS, TRAIN_UNTIL, SimulatedWorld
from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.calibration.choice import as_fitted
from reportgen.liquidation.map import CONSERVATION
from reportgen.liquidation.margin import brackets_of
from reportgen.track_record.maps import Measured, day_ahead, measure
from reportgen.track_record.score import Scene
from reportgen.track_record.walk import situation_of
from reportgen.units import DAY_MS, Floats, Ints, Side
from scripts.simulator.conditions import MINUTE_MS

CALIBRATED: Final = "conservation, calibrated"
ON_BOOK: Final = 0
"""Key of the lift against the true book itself, beside those of HOURS."""
LIFTS: Final = (*HOURS, ON_BOOK)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WorldScores:
    """What came out of one simulated market.

    Attributes:
        world, seed: Which. names: of the entrants, the true book first. published: those as published.
        above, below: By lift and map, shape (m,), whose sums' ratio is the lift. day: shape (m,), block of each row.
        scene: For ranks. dollars: of the calibration.
    """

    world: str
    seed: int
    names: tuple[str, ...]
    published: frozenset[str]
    above: Mapping[int, Mapping[str, Floats]]
    below: Mapping[int, Floats]
    day: Ints
    scene: Scene
    dollars: HeldOut


def score_world(world: SimulatedWorld, *, other_crowds: bool) -> WorldScores:
    """Score all maps frozen every four hours from the split to a day before the end.

    Args:
        world: The market.
        other_crowds: Whether crowds drawn anew live through its path too, which takes a minute where none are kept.
    """
    market = world.market(int(world.candles.close_time_ms[-1]))
    interest = world.open_interest
    tape = tape_of(world.candles, brackets_of(market, DEFAULTS), interest, world.large_trades)
    calibration = calibrated(world)
    own = engine(CONSERVATION, tape, interest, as_fitted(calibration, DEFAULTS), calibration.weight, CALIBRATED)
    entrants, _ = field(tape, interest, DEFAULTS)
    entrants = (*entrants, own)
    lead = int(DEFAULTS.backtest_lead_days * DAY_MS) // (BOOK_MINUTES * MINUTE_MS)
    first, last = START_MS + TRAIN_UNTIL * DAY_MS, START_MS + (DAYS - 1) * DAY_MS
    every = BOOK_MINUTES * MINUTE_MS
    decisions = np.arange(first - lead * every, last + 1, every, dtype=np.int64)
    situation = situation_of(market, world.candles, decisions[lead:], every, DEFAULTS, fresh)
    ahead = {side: day_ahead(situation, side) for side in Side}
    farthest = max(float(ahead[side].reached.max()) for side in Side)
    price = situation.reach.price
    above: dict[int, dict[str, Floats]] = {lift: {} for lift in LIFTS}
    below: dict[int, Floats] = {}
    measured: list[Measured] = []
    followed: dict[int, dict[Side, Realised]] = {}
    maps = laid_out(entrants, world.candles, decisions, lead, farthest, fresh(), DEFAULTS)
    for one in _with_true_book(maps, world, decisions[lead:], price, other_crowds=other_crowds):
        if not followed:
            followed = _followed(world, decisions[lead:], price, one, farthest)
        name = f"{one.of}, {one.name}" if one.of else one.name
        for lift in LIFTS:
            above[lift][name], below[lift] = lift_sums(one.mass, followed[lift])
        measured.append(measure(name, "engine", one.mass, one.step, situation, ahead))
    return WorldScores(
        world=world.world,
        seed=world.seed,
        names=(TRUE_BOOK, BLURRED, *((SAME_PATH,) if other_crowds else ()), *(one.name for one in entrants)),
        published=frozenset(one.name for one in entrants if one.published),
        above=above,
        below=below,
        day=situation.day,
        scene=Scene(measured=measured, situation=situation, ahead=ahead),
        dollars=held_out(world, calibration),
    )


def _with_true_book(
    maps: Iterator[Outward], world: SimulatedWorld, decision_ms: Ints, price: Floats, *, other_crowds: bool
) -> Iterator[Outward]:
    """Put the true book before the maps, laid out as the first of them is, and what could be known of it."""
    first = next(maps)
    width = first.mass[Side.LONG].shape[1]
    book = {side: true_book_by_distance(world, decision_ms, price, side, first.step, width) for side in Side}
    yield Outward(name=TRUE_BOOK, of="", mass=book, step=first.step)
    yield Outward(name=BLURRED, of="", mass=blurred(book), step=first.step)
    if other_crowds:
        crowds = same_path_book(world, decision_ms, first.step, width)
        yield Outward(name=SAME_PATH, of="", mass=crowds, step=first.step)
    yield first
    yield from maps


def _followed(
    world: SimulatedWorld, decision_ms: Ints, price: Floats, book: Outward, farthest: float
) -> dict[int, dict[Side, Realised]]:
    """Give what each kind of lift weighs maps by: what was liquidated, or the true book in what a day reached."""
    width = int(farthest / book.step) + 2
    found = {
        hours: {side: realised_by_distance(world, decision_ms, price, side, hours, book.step, width) for side in Side}
        for hours in HOURS
    }
    day = found[HOURS[-1]]
    found[ON_BOOK] = {
        side: Realised(weight=book.mass[side][:, :width] * day[side].reached, reached=day[side].reached)
        for side in Side
    }
    return found
