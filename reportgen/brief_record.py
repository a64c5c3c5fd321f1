"""How the levels of earlier briefs did, in types; `track_record/record.py` fills them, the page prints them.

A part of the Brief, so these stand beside it and know nothing of the ledger behind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reportgen.guide.reaction import Outcome
from reportgen.guide.zones import Label
from reportgen.units import Fraction, Maybe, Milliseconds, Price, Where

FateState = Literal["reject", "continue", "front_run", "ignore", "open", "censored", "not_an_event"]
"""One of the four outcomes; the horizon is not over; bars are missing; price stood in the zone from the start."""

SkillVerdict = Literal["insufficient evidence", "better", "worse", "not distinguishable", "the same by construction"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFate:
    """One zone of an earlier brief, and what price did there.

    Attributes:
        symbol, base, label, side, low, high: The zone as it was shown. price_decimals: how to write its prices.
        distance_atr: From the price then to its near edge, day ATR.
        state: What became of it. timeout: only the last close decided. reason: why it has no outcome, else "".
        shown: The share that the brief gave to what came, or why there is none.
        touched_ms: Close of the first bar that touched it, None when none did.
        excursion_atr: How far price went beyond the near edge, day ATR; negative when it fell short; None without bars.
        alert_ms, entry_ms: Close of the bar that met the alert level, and of the bar that met the price part of the
            entry condition (volume is not checked); None when none did or there was no plan.
        invalidation_ms, de_risk_ms: the same after the entry.
    """

    symbol: str
    base: str
    label: Label
    side: Where
    low: Price
    high: Price
    price_decimals: int
    distance_atr: float
    state: FateState
    timeout: bool
    reason: str
    shown: Maybe[Fraction]
    touched_ms: Milliseconds | None
    excursion_atr: float | None
    alert_ms: Milliseconds | None
    entry_ms: Milliseconds | None
    invalidation_ms: Milliseconds | None
    de_risk_ms: Milliseconds | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillInterval:
    """A skill and its 90 % interval from resampled days: 0 is the control, 1 is no error at all."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSkill:
    """Brier skill of the shown shares against one control.

    Attributes:
        versus: The control. skill: with its interval, or why there is none. verdict: what may be said.
    """

    versus: Literal["distance alone", "climatology"]
    skill: Maybe[SkillInterval]
    verdict: SkillVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeCount:
    """How often one outcome came, and how often the shown shares said it would."""

    outcome: Outcome
    came: int
    expected: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningRecord:
    """Every zone that was scored so far.

    Attributes:
        zones: Scored, with shares shown. independent: of them, zones of one symbol, side and day counted once.
        days: Days with a score. effective_days: how many independent days these are worth.
        censored, not_events: Zones without an outcome. from_ms, until_ms: first decision, last horizon.
        outcomes: Counts of the four.
        against_distance, against_climatology: The shown shares beside each control.
        text: One sentence with the sample and the verdict.
    """

    zones: int
    independent: int
    days: int
    effective_days: float
    censored: int
    not_events: int
    from_ms: Milliseconds
    until_ms: Milliseconds
    outcomes: tuple[OutcomeCount, ...]
    against_distance: RecordSkill
    against_climatology: RecordSkill
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRecord:
    """How the last levels did, and how all of them did.

    Attributes:
        judged_as_of_ms: The brief whose levels are listed. settled: its horizon has passed.
        levels: Its zones, or why there are none.
        record: The running record, or why there is none. simulated: of the simulated market or of real ones.
        ledger_rows, ledger_sha256: Rows that stood in the ledger before this run, and the hash of the last of them:
            with it a ledger that was rewritten as a whole is seen too.
    """

    judged_as_of_ms: Milliseconds
    settled: bool
    levels: Maybe[tuple[LevelFate, ...]]
    record: Maybe[RunningRecord]
    simulated: bool
    ledger_rows: int
    ledger_sha256: str
