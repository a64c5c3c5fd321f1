"""Several simulated markets in one figure: lifts, their share of what the true book has, and ranks, with intervals.

Within a world the sums of all its markets make one ratio, each market's days resampled as days of their own; figures of
several worlds are means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.formulas.market_scores import fresh
from benchmarks.formulas.simulated_scores import LIFTS, WorldScores
from reportgen.brief.types import Interval
from reportgen.config.assumptions import DEFAULTS
from reportgen.track_record.maps import PLACEBO
from reportgen.track_record.score import RankScores, Scene, drawn_days, mean_scores, ranked, ratio_scores
from reportgen.units import Side

_APART = 1_000_000
"""Added to the days of each further market, so that none is taken for another's."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledWorlds:
    """Scores of the maps of some simulated markets; the true book is the first map.

    Attributes:
        maps: Every map, controls as `<map>, <control>`. names: those that are no controls.
        published: Formulas as published.
        lifts: By kind of lift. shares: the same over the true book's, both less 1. ranks: 4 h ahead.
        markets: How many.
    """

    maps: tuple[str, ...]
    names: tuple[str, ...]
    published: frozenset[str]
    lifts: dict[int, RankScores]
    shares: dict[int, RankScores]
    ranks: RankScores
    markets: int

    def at(self, name: str) -> int:
        """Give a map's column."""
        return self.maps.index(name)

    def lift(self, kind: int, name: str, minus: str = "") -> Interval:
        """Give a map's lift, or what it has over another."""
        return self.lifts[kind].estimate(self.at(name), minus=self.at(minus) if minus else None)

    def over_placebo(self, kind: int, name: str) -> Interval:
        """Give a map's lift over its own of 24 h earlier."""
        return self.lift(kind, name, minus=f"{name}, {PLACEBO}")

    def share(self, kind: int, name: str) -> Interval:
        """Give the part of the true book's lift over uniform that a map has."""
        return self.shares[kind].estimate(self.at(name))

    def best_published(self, kind: int) -> str:
        """Name the published formula with the highest lift."""
        return max(self.published, key=lambda name: float(self.lifts[kind].value[self.at(name)]))


def pool(worlds: Sequence[Sequence[WorldScores]]) -> PooledWorlds:
    """Pool the markets of each world, and average the worlds.

    Args:
        worlds: By world its markets, all with the same maps.
    """
    first = worlds[0][0]
    markets_of_all = [one for markets in worlds for one in markets]
    maps = tuple(name for name in first.above[LIFTS[0]] if all(name in one.above[LIFTS[0]] for one in markets_of_all))
    lifts = {kind: mean_scores([_lifts(markets, kind, maps) for markets in worlds]) for kind in LIFTS}
    scenes = [_of(one.scene, maps) for one in markets_of_all]
    return PooledWorlds(
        maps=maps,
        names=tuple(name for name in first.names if name in maps),
        published=first.published,
        lifts=lifts,
        shares={kind: _shares(one) for kind, one in lifts.items()},
        ranks=mean_scores([ranked(scenes, side, "liquidation rank", "path+price") for side in Side]),
        markets=len(scenes),
    )


def _of(scene: Scene, maps: Sequence[str]) -> Scene:
    """Keep the maps that all markets have, in one order."""
    by_name = {one.name: one for one in scene.measured}
    return replace(scene, measured=tuple(by_name[name] for name in maps))


def _lifts(markets: Sequence[WorldScores], kind: int, maps: Sequence[str]) -> RankScores:
    """Divide the sums of one world's markets."""
    above = np.concatenate([np.column_stack([one.above[kind][name] for name in maps]) for one in markets])
    below = np.concatenate([one.below[kind] for one in markets])
    block = np.concatenate([one.day + number * _APART for number, one in enumerate(markets)])
    return ratio_scores(above, below, block, drawn=drawn_days(DEFAULTS.backtest_draws, fresh))


def _shares(lifts: RankScores) -> RankScores:
    """Divide each lift over uniform by the true book's, draw by draw."""
    return RankScores(
        value=(lifts.value - 1) / (lifts.value[0] - 1),
        drawn=(lifts.drawn - 1) / (lifts.drawn[:, :1] - 1),
        days=lifts.days,
        observations=lifts.observations,
    )
