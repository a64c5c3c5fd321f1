"""Backtests written down by hand, for tests of what is said and drawn of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from reportgen.brief.types import Interval
from reportgen.track_record.result import (
    Backtest,
    Difference,
    DistanceSkill,
    DollarScore,
    MapKind,
    MapScore,
    OutcomeBand,
    ReactionScore,
    Which,
)
from reportgen.units import Missing

HOSTILE: Final = "<script>alert(1)</script>"


def interval(value: float) -> Interval:
    """Give an interval around a value."""
    return Interval(value=value, low=value - 0.0407, high=value + 0.0309)


def rank(name: str, kind: MapKind, value: float, controls: str, minus: tuple[Difference, ...] = ()) -> MapScore:
    """Give one rank score of both sides."""
    return MapScore(
        name=name,
        kind=kind,
        metric="liquidation rank",
        controls=controls,
        side="both",
        score=interval(value),
        minus=minus,
    )


def found() -> Backtest:
    """Give a small backtest in which parts are missing."""
    difference = Difference(versus="path-only", by=interval(0.0531))
    scores = tuple(
        score
        for controls, shift in (("path", 0.0), ("path+price", 0.01), ("chart", -0.05))
        for score in (
            rank("kernel", "engine", 0.3811 + shift, controls, (difference,)),
            rank("path-only", "baseline", 0.3322 + shift, controls),
            rank("uniform in reach", "control", 0.0013 + shift, controls),
        )
    )
    cell = DistanceSkill(
        side="long", from_atr=0.0, to_atr=0.5, skill=interval(0.2711), control=interval(0.0271), control_name="placebo",
        observations=312,
    )  # fmt: skip
    far = replace(cell, from_atr=0.5, to_atr=None, skill=Missing("Price never came this far."))
    return Backtest(
        symbol="BTC/USDT:USDT", venue="binance", simulated=False, liquidation_venues=("okx",), provenance={},
        from_ms=1_760_000_000_000, until_ms=1_764_000_000_000, interval_ms=3_600_000, horizon_ms=3_600_000,
        warm_up_days=14.0, engines=("kernel",), baselines=("path-only",), control_names=("uniform in reach",),
        observations=1111, days=46, effective=33.3, map_scores=scores, skill_by_distance=(cell, far),
        dollars=Missing("Nobody reported liquidations."), reactions=Missing("No zone was found."),
        verdict="not distinguishable", why="The map is no better than its strongest control.", notes=(HOSTILE,),
    )  # fmt: skip


def dollars(side: Which, ratio: float) -> DollarScore:
    """Give the dollars of one side."""
    return DollarScore(
        name="kernel", side=side, ratio=interval(ratio), root_correlation=interval(0.9013),
        climatology_root_correlation=interval(0.7641), coverage=0.893, coverage_meant=0.9, realised=1.0e8,
        estimated=1.1e8,
    )  # fmt: skip


def reactions(here: float, elsewhere: float) -> ReactionScore:
    """Give reactions at zones, rejected as often as asked here and at mirrored places."""
    band = OutcomeBand(
        from_atr=0.25, to_atr=0.35, zones=40, reject=18, proceed=10, front_run=6, ignore=6, expected_reject=0.46,
        expected_proceed=0.27, expected_front_run=0.15, expected_ignore=0.12, timeout=3,
    )  # fmt: skip
    return ReactionScore(
        zones=40, censored=2, not_events=1, brier_skill=interval(0.2171), log_skill=interval(0.2),
        brier_skill_distance_only=interval(0.0123), log_skill_distance_only=interval(0.01),
        reject_given_tap=interval(here), reject_given_tap_elsewhere=interval(elsewhere), bands=(band,), independent=31,
    )  # fmt: skip


def whole() -> Backtest:
    """Give a backtest in which nothing is missing."""
    scored = (dollars("long", 1.08), dollars("short", 0.74), dollars("both", 0.8649))
    return replace(found(), dollars=scored, reactions=reactions(0.7857, 0.8301))
