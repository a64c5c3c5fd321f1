"""What a backtest found: scores beside their controls, dollars, reactions, and a verdict in one of three words.

`backtest.py` makes one, `render/backtest.py` draws it, `as_record` writes it down. Every number that could not be had
is a `Missing` with its sentence; every score carries a 90 % interval from resampled days.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

from reportgen.brief.types import Interval, Reliability
from reportgen.units import Fraction, Maybe, Milliseconds, Missing, Notional

SCHEMA_VERSION: Final = "backtest-1"

Metric = Literal["liquidation rank", "location lift", "location lift 24 h", "open interest rank"]
"""`liquidation rank`: partial rank correlation of reached mass with the liquidations of the next bar.
`location lift`: liquidation-weighted density of the map where price went, over its density within an ATR.
`location lift 24 h`: within what the next day reached, liquidation-weighted density of the frozen map in the ground
that each bar was first to reach, over its density in all of it. Lifts are 1 for a uniform map.
`open interest rank`: as the first, with the fall of real open interest in place of liquidations: weak, as positions
also close by themselves."""

MapKind = Literal["engine", "baseline", "control"]
Which = Literal["long", "short", "both"]
Verdict = Literal["better than its controls", "not distinguishable", "insufficient evidence"]
SplitVerdict = Literal["different near events", "not distinguishable", "insufficient evidence"]
NO_SPLIT: Final = Missing("Outcomes were not split by events.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One map's score minus another's on the same resampled days.

    Attributes:
        versus: Name of the other map.
        by: The paired difference.
    """

    versus: str
    by: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class MapScore:
    """One map's score by one metric.

    Attributes:
        name: Of the map, such as `kernel+path-only` or `own map of 24 h earlier`.
        kind: The product's engine, a named baseline, or a control.
        metric: Which score.
        controls: Given what the rank correlation is partial: `path` (Z1), `path+price`, `chart` (Z3); "" for a lift.
        side: Whose liquidations; both is the mean of the two.
        score: The score, or why there is none.
        minus: For engines, the paired difference to each baseline and control; empty for the others.
    """

    name: str
    kind: MapKind
    metric: Metric
    controls: str
    side: Which
    score: Maybe[Interval]
    minus: tuple[Difference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DistanceSkill:
    """Skill of the first engine in one band of distance: the cells of the skill heatmap.

    Attributes:
        side: Whose liquidations, long or short.
        from_atr, to_atr: The band, in ATR from the price at decision; the last is open: to_atr is None.
        skill: Partial rank correlation of the mass inside the band, where price came into it, with the liquidations of
            the bar; or why there is none.
        control: The same of the control, or why there is none.
        control_name: Which control: the own map of 24 h earlier.
        observations: Bars in which price came into the band.
    """

    side: Which
    from_atr: float
    to_atr: float | None
    skill: Maybe[Interval]
    control: Maybe[Interval]
    control_name: str
    observations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DollarScore:
    """How well a map scaled on the past only gives dollars.

    Attributes:
        name: Of the map.
        side: Long, short or both.
        ratio: Realised over estimated notional in the whole window; 1 is right.
        root_correlation: Correlation of the square roots of realised and estimated, bar by bar.
        climatology_root_correlation: The same of the distance climatology.
        coverage: Part of the bars whose realised notional lay in the interval foretold from past ratios.
        coverage_meant: What that part should be.
        realised, estimated: Quote currency, sums over the window.
    """

    name: str
    side: Which
    ratio: Maybe[Interval]
    root_correlation: Maybe[Interval]
    climatology_root_correlation: Maybe[Interval]
    coverage: Maybe[Fraction]
    coverage_meant: Fraction
    realised: Notional
    estimated: Notional


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeBand:
    """What became of the zones in one band of distance, beside what was expected.

    Attributes:
        from_atr, to_atr: Distance of the near edge at decision, ATR; to_atr None where open.
        zones: Scored zones. The four counts sum to it.
        reject, proceed, front_run, ignore: Counts; proceed is tap and continue.
        expected_reject, expected_proceed, expected_front_run, expected_ignore: Mean share that a brief shows for them.
        timeout: How many of the taps were decided by the horizon only.
    """

    from_atr: float
    to_atr: float | None
    zones: int
    reject: int
    proceed: int
    front_run: int
    ignore: int
    expected_reject: Fraction
    expected_proceed: Fraction
    expected_front_run: Fraction
    expected_ignore: Fraction
    timeout: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionScore:
    """How good the probabilities of tap-reject, tap-continue, front-run and ignore were.

    Attributes:
        zones: Scored zones. censored, not_events: Zones that could not be scored, by why.
        brier_skill: 1 - Brier / Brier of climatology (the walk-forward shares whatever the distance); > 0 is better.
        log_skill: The same by log loss.
        brier_skill_distance_only: 1 - Brier / Brier of shares learned from earlier zones as far away, the control.
        log_skill_distance_only: The same by log loss.
        reject_given_tap: Share rejected of the zones tapped, or why unknown.
        reject_given_tap_elsewhere: The same of zones mirrored to the other side of the price, where the map has none.
        bands: By distance, nearest first.
        independent: How many zones do not overlap in time with an earlier one of their side: what the sample is worth.
    """

    zones: int
    censored: int
    not_events: int
    brier_skill: Maybe[Interval]
    log_skill: Maybe[Interval]
    brier_skill_distance_only: Maybe[Interval]
    log_skill_distance_only: Maybe[Interval]
    reject_given_tap: Maybe[Interval]
    reject_given_tap_elsewhere: Maybe[Interval]
    bands: tuple[OutcomeBand, ...]
    independent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledMarket:
    """One market's part in a pooled record: the map that the verdict speaks of.

    Attributes:
        symbol: Unified name. days: day blocks. observations: bars scored.
        score: Rank correlation given path, price and time, both sides, or why there is none.
        strongest: What it has over its strongest control, or why that is not known.
        verdict: On this market alone.
    """

    symbol: str
    days: int
    observations: int
    score: Maybe[Interval]
    strongest: Maybe[Difference]
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSplit:
    """Zones with a scheduled event inside their horizon, beside those without.

    Attributes:
        events: Events that fell into the horizon of any zone.
        zones_near, zones_away: Scored zones with and without one. days_near, days_away: days that they stand on.
        tapped_near, tapped_away: Share of them tapped, whatever their distance.
        taps_beyond_distance: Taps minus what distance foretold, near minus away.
        reject_given_tap: Share rejected of the zones tapped, near minus away.
        verdict: What may be claimed. why: one sentence.
    """

    events: int
    zones_near: int
    zones_away: int
    days_near: int
    days_away: int
    tapped_near: Maybe[Fraction]
    tapped_away: Maybe[Fraction]
    taps_beyond_distance: Maybe[Interval]
    reject_given_tap: Maybe[Interval]
    verdict: SplitVerdict
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """One symbol's honest record, or that of several pooled.

    Attributes:
        symbol: Unified name. venue: whose candles. simulated: True for simulated data.
        liquidation_venues: Whose liquidations; empty without.
        provenance: sha256 of each input file by its name.
        from_ms, until_ms: First and last decision time. interval_ms: a bar. horizon_ms: what each score looks ahead.
        warm_up_days: Path before the first decision.
        engines: The product's engines scored, the first is the one the verdict speaks of.
        baselines, control_names: The others, in the order of the tables.
        observations: Bars scored. days: day blocks. effective: days that the sample is worth, given how scores of
            neighbouring days hang together.
        map_scores: Every map, metric, control set and side.
        skill_by_distance: Side x band.
        dollars: Per engine and side, or why there are none.
        reactions: Or why there are none.
        verdict: One of three. why: one sentence.
        notes: Sentences the reader needs.
        pooled: The markets that the scores are means of, when there are several; then `symbol` says how many.
        schema_version: Of the record. near_events: zones near scheduled events beside the others, or why not.
        reliability: How often what a brief foretells came, kind by kind: touch, outcomes, dollars, the cone.
    """

    symbol: str
    venue: str
    simulated: bool
    liquidation_venues: tuple[str, ...]
    provenance: Mapping[str, str]
    from_ms: Milliseconds
    until_ms: Milliseconds
    interval_ms: Milliseconds
    horizon_ms: Milliseconds
    warm_up_days: float
    engines: tuple[str, ...]
    baselines: tuple[str, ...]
    control_names: tuple[str, ...]
    observations: int
    days: int
    effective: float
    map_scores: tuple[MapScore, ...]
    skill_by_distance: Maybe[tuple[DistanceSkill, ...]]
    dollars: Maybe[tuple[DollarScore, ...]]
    reactions: Maybe[ReactionScore]
    verdict: Verdict
    why: str
    notes: tuple[str, ...]
    pooled: tuple[PooledMarket, ...] = ()
    schema_version: str = SCHEMA_VERSION
    near_events: Maybe[EventSplit] = NO_SPLIT
    reliability: tuple[Reliability, ...] = ()


def as_record(value: Any) -> Any:  # noqa: ANN401 - any part of a Backtest becomes plain JSON values
    """Turn a backtest, or any part of it, into plain values for JSON: Missing becomes {"missing": its reason}."""
    if isinstance(value, Missing):
        return {"missing": value.reason}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: as_record(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_record(part) for key, part in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [as_record(part) for part in value]
    if isinstance(value, Enum):
        return value.value
    return value
