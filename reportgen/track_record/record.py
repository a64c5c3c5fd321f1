"""The running record: rows of the ledger become what the page says about earlier levels.

The shown shares are scored against distance alone and against shares that ignore distance, on the same zones, with a
90 % interval from resampled days, or with the words "insufficient evidence". Markets that are simulated have a record
of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.random import Generator

from reportgen import notation
from reportgen.brief.types import (
    NO_LEVELS_BEFORE,
    Brief,
    Interval,
    LeanCount,
    LevelFate,
    OutcomeCount,
    RecordSkill,
    RunningRecord,
    SkillVerdict,
    TrackRecord,
)
from reportgen.config.assumptions import Assumptions
from reportgen.guide.reactions import Outcome
from reportgen.market.symbols import base_of
from reportgen.track_record.ledger import LedgerRow, Now, rows_of
from reportgen.track_record.reliability import (
    CONE_LEVELS,
    Forecasts,
    cone_climatology,
    outcome_forecasts,
    quantile_forecasts,
    reliabilities,
    reliability_bands,
)
from reportgen.track_record.score import DrawnDays, drawn_days, effective_days, ratio_scores
from reportgen.track_record.zones import band_of, brier_loss, foretell
from reportgen.units import DAY_MS, HOUR_MS, Floats, Ints, Maybe, Missing

_ORDER: Final[tuple[Outcome, ...]] = ("reject", "continue", "front_run", "ignore")
_NONE_YET: Final = Missing("Insufficient evidence: no zone of an earlier brief has been scored yet.")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLedger:
    """What the ledger says.

    Attributes:
        rows: All of it, or why it cannot be read. rows_before, sha256_before: those that stood before this run.
    """

    rows: Maybe[tuple[LedgerRow, ...]]
    rows_before: int
    sha256_before: str


def track_record(
    brief: Brief, earlier: Iterable[Brief], kept: KeptLedger, now: Now, fresh: Callable[[], Generator]
) -> Maybe[TrackRecord]:
    """Say how the levels of earlier briefs did.

    Args:
        brief: Today's.
        earlier: Those before, newest first.
        kept: The ledger with this run's rows.
        now: What this run knows.
        fresh: Gives the generator that intervals are drawn with, the same at each call.

    Returns:
        The record, or why there is none: this is the first brief.
    """
    before = [one for one in earlier if one.as_of_ms < brief.as_of_ms]
    if not before:
        return NO_LEVELS_BEFORE
    rows = kept.rows
    if not isinstance(rows, Missing):  # those of the brief's kind of market whose horizon had passed when it was made
        rows = tuple(row for row in rows if row.simulated == brief.simulated and row.until_ms <= brief.as_of_ms)
    old_enough = (one for one in before if brief.as_of_ms - one.as_of_ms >= one.horizon_hours * HOUR_MS / 2)
    judged = next(old_enough, None)
    shown = judged or before[0]
    fates: Maybe[tuple[LevelFate, ...]] = Missing("The last brief is too recent to say how its levels did.")
    if judged is not None:
        held = {} if isinstance(rows, Missing) else {row.zone: row for row in rows}
        found = tuple(_fate(held.get(row.zone, row)) for row in rows_of(judged, now))
        fates = found or Missing("The brief of that day showed no dense zone.")
    return TrackRecord(
        judged_as_of_ms=shown.as_of_ms,
        settled=not isinstance(fates, Missing) and all(fate.state != "open" for fate in fates),
        levels=fates,
        record=rows if isinstance(rows, Missing) else running_record(rows, now.assumptions, fresh),
        simulated=brief.simulated,
        ledger_rows=kept.rows_before,
        ledger_sha256=kept.sha256_before,
    )


def running_record(
    rows: Sequence[LedgerRow], assumptions: Assumptions, fresh: Callable[[], Generator]
) -> Maybe[RunningRecord]:
    """Score the shares that were shown, zone by zone in the order of decision.

    Args:
        rows: Of one kind of market.
        assumptions: `record_least_days`, `record_enough_events`, `backtest_draws`, and climatology's.
        fresh: Gives the generator of the intervals.
    """
    scored = sorted(
        (row for row in rows if row.outcome in _ORDER and row.shown and row.control), key=lambda row: row.decision_ms
    )
    if not scored:
        return _NONE_YET
    drawn = drawn_days(assumptions.backtest_draws, fresh)
    outcome = np.array([_ORDER.index(row.outcome) for row in scored], dtype=np.int64)
    shown = np.array([row.shown for row in scored], dtype=np.float64)
    control = np.array([row.control for row in scored], dtype=np.float64)
    day = np.array([row.decision_ms // DAY_MS for row in scored], dtype=np.int64)
    loss = brier_loss(shown, outcome)
    sample = _ScoredZones(
        outcome=outcome,
        loss=loss,
        day=day,
        effective=effective_days(loss, day),
        independent=len({(row.decision_ms // DAY_MS, row.symbol, row.side) for row in scored}),
    )
    distance = _skill("distance alone", sample, None if np.array_equal(shown, control) else control, assumptions, drawn)
    over = np.maximum.accumulate([row.until_ms for row in scored])
    band = np.array([band_of(row.distance_atr, assumptions) for row in scored], dtype=np.int64)
    known = np.searchsorted(over, [row.decision_ms for row in scored], side="right")
    _, flat = foretell(outcome, band, known, assumptions)
    anywhere = _skill("climatology", sample, flat, assumptions, drawn)
    told = outcome_forecasts(shown, flat, outcome, day)
    return RunningRecord(
        zones=len(scored),
        independent=sample.independent,
        days=len(np.unique(day)),
        effective_days=sample.effective,
        censored=sum(row.outcome == "censored" for row in rows),
        not_events=sum(row.outcome == "not_an_event" for row in rows),
        from_ms=scored[0].decision_ms,
        until_ms=max(row.until_ms for row in scored),
        outcomes=tuple(
            OutcomeCount(outcome=name, came=int((outcome == place).sum()), expected=float(shown[:, place].sum()))
            for place, name in enumerate(_ORDER)
        ),
        against_distance=distance,
        against_climatology=anywhere,
        text=_text(sample, distance, anywhere),
        reliability=reliability_bands(shown, np.arange(len(_ORDER)) == outcome[:, None], assumptions.reliability_edges),
        by_kind=reliabilities((*told, *_cone_forecasts(scored, assumptions)), assumptions, drawn),
        leans=_leans(scored),
    )


def _cone_forecasts(scored: Sequence[LedgerRow], a: Assumptions) -> Iterator[Forecasts]:
    """Hold the cones that were printed against how far price went on their side, once a symbol, side and moment."""
    once = {
        (row.symbol, row.decision_ms, row.side): row for row in scored if row.cone and row.excursion_atr is not None
    }
    for symbol in dict.fromkeys(name for name, _, _ in once):
        own = [row for row in once.values() if row.symbol == symbol]
        sign = np.array([1 if row.side == "above" else -1 for row in own])
        price = np.array([row.price for row in own])
        near = np.array([row.low if row.side == "above" else row.high for row in own])
        beyond = np.array([(row.excursion_atr or 0.0) * row.atr for row in own])
        reached = np.maximum(sign * np.log((near + sign * beyond) / price), 0.0)
        told = sign[:, None] * np.log(np.array([row.cone for row in own]) / price[:, None])
        decision = np.array([row.decision_ms for row in own], dtype=np.int64)
        known = np.searchsorted(np.maximum.accumulate([row.until_ms for row in own]), decision, side="right")
        control = cone_climatology(reached, known, a)
        usable = np.isfinite(control[:, 0])
        if usable.any():
            yield quantile_forecasts(
                "cone", CONE_LEVELS, told[usable], control[usable], reached[usable], decision[usable] // DAY_MS
            )


def _leans(scored: Sequence[LedgerRow]) -> LeanCount | None:
    """Hold the evidence's leaning against what the shares called likeliest, on the zones where it leaned."""
    leaned = [row for row in scored if row.lean in _ORDER and row.shown]
    if not leaned:
        return None
    likeliest = [_ORDER[int(np.argmax(row.shown or ()))] for row in leaned]
    return LeanCount(
        zones=len(leaned),
        evidence_came=sum(row.lean == row.outcome for row in leaned),
        shares_came=sum(name == row.outcome for name, row in zip(likeliest, leaned, strict=True)),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _ScoredZones:
    """Scored zones in order of decision, shape (n,) each, and how many independent ones they are worth."""

    outcome: Ints
    loss: Floats
    day: Ints
    effective: float
    independent: int


def _fate(row: LedgerRow) -> LevelFate:
    came = row.outcome in _ORDER
    shown: Maybe[float] = Missing("No shares were shown for it." if came else "No outcome.")
    if came and row.shown:
        shown = row.shown[_ORDER.index(row.outcome)]
    return LevelFate(
        symbol=row.symbol, base=base_of(row.symbol), label=row.label, side=row.side, low=row.low, high=row.high,
        price_decimals=row.price_decimals, distance_atr=row.distance_atr, state=row.outcome, timeout=row.timeout,
        reason=row.reason, shown=shown, touched_ms=row.touched_ms, excursion_atr=row.excursion_atr,
        alert_ms=row.alert_ms, entry_ms=row.entry_ms, invalidation_ms=row.invalidation_ms, de_risk_ms=row.de_risk_ms,
    )  # fmt: skip


def _skill(
    versus: Literal["distance alone", "climatology"],
    sample: _ScoredZones,
    control: Floats | None,
    a: Assumptions,
    drawn: DrawnDays,
) -> RecordSkill:
    """Give 1 - Brier score / the control's, with its interval; None as control means the very same shares."""
    if control is None:
        none = Interval(value=0.0, low=0.0, high=0.0)
        return RecordSkill(versus=versus, skill=none, verdict="the same by construction")
    if sample.effective < a.record_least_days:
        why = (
            f"Insufficient evidence: {_count(len(sample.loss), 'zone')} worth {sample.effective:.0f} independent days; "
            f"an interval needs {a.record_least_days:g}."
        )
        return RecordSkill(versus=versus, skill=Missing(why), verdict="insufficient evidence")
    below = brier_loss(control, sample.outcome)
    found = ratio_scores((below - sample.loss)[:, None], below, sample.day, drawn=drawn).estimate(0)
    verdict: SkillVerdict = "better" if found.low > 0 else "worse" if found.high < 0 else "not distinguishable"
    enough = sample.independent >= a.record_enough_events
    return RecordSkill(versus=versus, skill=found, verdict=verdict if enough else "insufficient evidence")


def _text(sample: _ScoredZones, distance: RecordSkill, climatology: RecordSkill) -> str:
    """Sum the record up in one sentence."""
    events = f"{_count(len(sample.loss), 'zone')} scored on {_count(len(np.unique(sample.day)), 'day')}"
    if climatology.verdict == "insufficient evidence":
        return f"{events}: insufficient evidence of any skill."
    words = {"better": "better than", "worse": "worse than"}
    against = words.get(climatology.verdict, "not distinguishable from")
    beyond = words.get(distance.verdict, "not distinguishable from")
    if distance.verdict == "the same by construction":
        return f"{events}: {against} climatology; the shares are those of distance alone, so none beyond it is claimed."
    return f"{events}: {against} climatology, {beyond} distance alone."


def _count(number: int, what: str) -> str:
    return f"{notation.grouped(number, 0)} {what}{'' if number == 1 else 's'}"
