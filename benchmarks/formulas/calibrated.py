"""The conservation engine in dollars: calibrated on the first half of a simulated market, judged on the second."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from benchmarks.formulas.worlds import START_MS, TRAIN_FROM, TRAIN_UNTIL, SimulatedWorld
from reportgen.config.assumptions import DEFAULTS
from reportgen.errors import DataError
from reportgen.liquidation.calibration import Calibration
from reportgen.liquidation.calibration.choice import as_fitted
from reportgen.liquidation.calibration.fit import Observed, within
from reportgen.liquidation.calibration.make import calibrate
from reportgen.liquidation.calibration.sample import sample_of
from reportgen.units import DAY_MS, Maybe, Missing

_SEED: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """How the dollars of a calibration met those of later days.

    Attributes:
        world: Name. seed: of the market. churn: that the calibration chose.
        ratio: Realised over estimated, all sweeps. root_correlation: of the square roots, by hour and side.
        covered: Part of the sweeps inside the intervals that the calibration had foretold. of: how many sweeps.
    """

    world: str
    seed: int
    churn: float
    ratio: float
    root_correlation: float
    covered: Maybe[float]
    of: int


def calibrated(world: SimulatedWorld) -> Calibration:
    """Calibrate on the days before the split alone."""
    market = world.market(START_MS + TRAIN_UNTIL * DAY_MS)
    sample = sample_of(market, START_MS + TRAIN_FROM * DAY_MS, DEFAULTS)
    if isinstance(sample, Missing):
        raise DataError(f"World {world.world}, seed {world.seed}: {sample.reason}")
    (found,) = calibrate((sample,), DEFAULTS, np.random.default_rng(_SEED))
    return found


def held_out(world: SimulatedWorld, calibration: Calibration) -> HeldOut:
    """Hold the calibration's dollars and intervals against the days after the split, hour by hour."""
    rows = _later(world, calibration)
    estimated = rows.swept @ calibration.weight
    large = (estimated > 0) & (estimated >= DEFAULTS.notional_least_size * estimated.mean())
    rule = calibration.interval
    return HeldOut(
        world=world.world,
        seed=world.seed,
        churn=calibration.churn,
        ratio=float(rows.realised.sum() / estimated.sum()),
        root_correlation=float(np.corrcoef(np.sqrt(estimated), np.sqrt(rows.realised))[0, 1]),
        covered=rule
        if isinstance(rule, Missing)
        else float(within(rule, estimated[large], rows.realised[large]).mean()),
        of=int(large.sum()),
    )


def _later(world: SimulatedWorld, calibration: Calibration) -> Observed:
    """Sweep the whole market with the calibration's churn, and give the rows after the split."""
    end = int(world.candles.close_time_ms[-1])
    fitted = replace(as_fitted(calibration, DEFAULTS), calibration_churns=(calibration.churn,))
    sample = sample_of(world.market(end), START_MS + TRAIN_UNTIL * DAY_MS, fitted)
    if isinstance(sample, Missing):
        raise DataError(f"World {world.world}, seed {world.seed}: {sample.reason}")
    return sample.by_churn[0]
