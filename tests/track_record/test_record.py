"""The running record claims what the ledger can carry, and nothing more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.random import Generator

from reportgen.brief.types import FateState, LeanCount, RunningRecord, TrackRecord
from reportgen.config.assumptions import DEFAULTS
from reportgen.guide.zones import Label
from reportgen.track_record.ledger import FourShares, LedgerRow, due_rows
from reportgen.track_record.record import KeptLedger, running_record, track_record
from reportgen.units import DAY_MS, HOUR_MS, Missing
from tests.brief_parts import AS_OF_MS
from tests.briefs import morning
from tests.track_record.mornings import later
from tests.track_record.test_ledger import row

OUTCOMES: tuple[FateState, ...] = ("reject", "continue", "front_run", "ignore")
FLAT: FourShares = (0.25, 0.25, 0.25, 0.25)
FAR: FourShares = (0.1, 0.03, 0.03, 0.84)
EMPTY = KeptLedger(rows=(), rows_before=0, sha256_before="")


def fresh() -> Generator:
    """Give the same generator each time."""
    return np.random.default_rng(4)


def ledger_of(
    days: int, shown: Callable[[int, Generator], FourShares], control: FourShares, seed: int = 1
) -> list[LedgerRow]:
    """Draw outcomes from the far band's shares, two zones a day on each of two symbols."""
    rng = np.random.default_rng(seed)
    labels: tuple[Label, ...] = ("A", "C")
    made = []
    for day in range(days):
        for symbol in ("BTC/USDT:USDT", "ETH/USDT:USDT"):
            for label in labels:
                came = int(rng.choice(4, p=FAR))
                made.append(
                    replace(
                        row(day, label), symbol=symbol, outcome=OUTCOMES[came], shown=shown(came, rng), control=control
                    )
                )
    return made


def record_of(rows: list[LedgerRow]) -> RunningRecord:
    """Score rows that can be scored."""
    found = running_record(rows, DEFAULTS, fresh)
    assert not isinstance(found, Missing)
    return found


def test_a_short_record_is_insufficient_evidence() -> None:
    """Five days give counts and no interval, whatever came."""
    found = record_of(ledger_of(5, lambda came, _: tuple(np.eye(4)[came].tolist()), FLAT))
    assert isinstance(found.against_climatology.skill, Missing)
    assert found.against_climatology.verdict == found.against_distance.verdict == "insufficient evidence"
    assert found.text == "20 zones scored on 5 days: insufficient evidence of any skill."
    assert found.against_climatology.skill == Missing(
        f"Insufficient evidence: 20 zones worth {found.effective_days:.0f} independent days; an interval needs 20."
    )
    lone = record_of(ledger_of(1, lambda _, __: FLAT, FAR)[:1])
    assert lone.text == "1 zone scored on 1 day: insufficient evidence of any skill."
    assert lone.against_distance.skill == Missing(
        "Insufficient evidence: 1 zone worth 1 independent days; an interval needs 20."
    )
    assert (found.zones, found.independent, found.days) == (20, 10, 5)


@pytest.mark.parametrize(("days", "known"), [(19, False), (20, True)])
def test_twenty_days_that_hang_together_in_nothing_give_an_interval(days: int, known: bool) -> None:  # noqa: FBT001
    """Days alike are worth what they count: at twenty there is a skill, a day before there is none."""
    found = record_of([row(day) for day in range(days)])
    assert found.effective_days == days
    assert isinstance(found.against_climatology.skill, Missing) is not known


def test_shares_that_are_the_controls_have_no_skill_over_it() -> None:
    """The same shares are named as such: 0 by construction, with no interval to read anything into."""
    found = record_of(ledger_of(200, lambda _, __: FAR, FAR))
    assert found.against_distance.verdict == "the same by construction"
    assert not isinstance(found.against_distance.skill, Missing)
    assert found.against_distance.skill.value == 0
    assert found.text == (
        "800 zones scored on 200 days: better than climatology; the shares are those of distance alone, so none beyond "
        "it is claimed."
    )


def test_true_foresight_is_found_and_noise_is_not() -> None:
    """Over 200 days, shares that mostly lean to what came are better than distance alone; random ones are worse."""

    def seeing(came: int, rng: Generator) -> FourShares:
        seen = came if rng.random() < 0.7 else int(rng.integers(4))
        return tuple((0.5 * np.array(FAR) + 0.5 * np.eye(4)[seen]).tolist())

    def guessing(_: int, rng: Generator) -> FourShares:
        return tuple((0.5 * np.array(FAR) + 0.5 * np.eye(4)[int(rng.integers(4))]).tolist())

    seen, guessed = (record_of(ledger_of(200, kind, FAR)) for kind in (seeing, guessing))
    good, bad = seen.against_distance, guessed.against_distance
    scored = "800 zones scored on 200 days:"
    assert seen.text == f"{scored} better than climatology, better than distance alone."
    assert guessed.text == f"{scored} worse than climatology, worse than distance alone."
    assert good.verdict == "better"
    assert bad.verdict == "worse"
    assert not isinstance(good.skill, Missing)
    assert good.skill.low < good.skill.value < good.skill.high


def test_skill_is_one_minus_the_ratio_of_brier_scores() -> None:
    """The value is what a plain loop over the rows gives."""

    def leaning(came: int, _: Generator) -> FourShares:
        return tuple((0.8 * np.array(FAR) + 0.2 * np.eye(4)[came]).tolist())

    rows = ledger_of(60, leaning, FLAT)
    own = control = 0.0
    for one in rows:
        came = OUTCOMES.index(one.outcome)
        assert one.shown
        assert one.control
        own += sum((share - (place == came)) ** 2 for place, share in enumerate(one.shown))
        control += sum((share - (place == came)) ** 2 for place, share in enumerate(one.control))
    skill = record_of(rows).against_distance.skill
    assert not isinstance(skill, Missing)
    assert abs(skill.value - (1 - own / control)) < 1e-12


def test_few_independent_events_keep_a_wide_record_insufficient() -> None:
    """An interval is shown from twenty days on, a verdict only from 330 independent events on."""

    def seeing(came: int, _: Generator) -> FourShares:
        return tuple((0.5 * np.array(FAR) + 0.5 * np.eye(4)[came]).tolist())

    short, long = record_of(ledger_of(60, seeing, FAR)), record_of(ledger_of(165, seeing, FAR))
    assert not isinstance(short.against_distance.skill, Missing)
    assert (short.independent, short.against_distance.verdict) == (120, "insufficient evidence")
    assert (long.independent, long.against_distance.verdict) == (330, "better")


def test_climatology_learns_from_nothing_that_came_later() -> None:
    """The skill over climatology on the first 40 days is the same whatever came on the days after."""
    rows = ledger_of(40, lambda _, __: FAR, FLAT)
    alone = record_of(rows).against_climatology.skill
    other = ledger_of(80, lambda _, __: FAR, FLAT, seed=9)[160:]
    both = record_of([*rows, *[replace(one, shown=None) for one in other]]).against_climatology.skill
    assert alone == both


def test_unscored_zones_are_counted_and_not_scored() -> None:
    """Censored zones and those with price inside stand beside the score."""
    rows = ledger_of(30, lambda _, __: FAR, FLAT)
    more = [*rows, replace(row(31), outcome="censored"), replace(row(32), outcome="not_an_event", shown=None)]
    found = record_of(more)
    assert (found.zones, found.censored, found.not_events) == (len(rows), 1, 1)
    assert sum(one.came for one in found.outcomes) == len(rows)
    assert abs(sum(one.expected for one in found.outcomes) - len(rows)) < 1e-9
    assert running_record([], DEFAULTS, fresh) == Missing(
        "Insufficient evidence: no zone of an earlier brief has been scored yet."
    )


def judged(hours: int, kept: KeptLedger = EMPTY) -> TrackRecord:
    """Judge the morning's levels some hours later."""
    now = later(hours)
    today = replace(morning(), as_of_ms=now.as_of_ms)
    found = track_record(today, [morning()], kept, now, fresh)
    assert not isinstance(found, Missing)
    return found


def test_yesterdays_levels_are_told_as_far_as_they_have_come() -> None:
    """After an hour the last brief is too recent, after 18 h its zones are open, after 24 h each has its outcome."""
    assert judged(1).levels == Missing("The last brief is too recent to say how its levels did.")
    empty = replace(morning(), symbols=())
    none = track_record(replace(morning(), as_of_ms=later(24).as_of_ms), [empty], EMPTY, later(24), fresh)
    assert not isinstance(none, Missing)
    assert none.levels == Missing("The brief of that day showed no dense zone.")
    early, late = judged(18), judged(24)
    assert not isinstance(early.levels, Missing)
    assert not isinstance(late.levels, Missing)
    assert {fate.state for fate in early.levels} == {"open"}
    assert {fate.shown for fate in early.levels} == {Missing("No outcome.")}
    silent = tuple(replace(one, shown=None) for one in due_rows([morning()], frozenset(), later(24)))
    kept = judged(24, KeptLedger(rows=silent, rows_before=9, sha256_before="ab")).levels
    assert not isinstance(kept, Missing)
    assert {fate.shown for fate in kept} == {Missing("No shares were shown for it.")}
    assert not early.settled
    assert {fate.state for fate in late.levels} <= set(OUTCOMES)
    assert late.settled
    for before, after in zip(early.levels, late.levels, strict=True):
        assert before.touched_ms in (None, after.touched_ms)


def test_the_share_beside_an_outcome_is_the_one_that_was_shown_for_it() -> None:
    """A level's `shown` is the brief's own share of what came."""
    record = judged(24)
    assert not isinstance(record.levels, Missing)
    shares = {(s.symbol, r.label, r.side): r.shares for s in morning().symbols for r in s.reactions}
    for fate in record.levels:
        given = shares[fate.symbol, fate.label, fate.side]
        assert not isinstance(given, Missing)
        named = {"reject": given.reject, "continue": given.tap_continue, "front_run": given.front_run}
        assert fate.shown == named.get(fate.state, given.ignore)


def test_simulated_and_real_markets_have_records_of_their_own() -> None:
    """Rows of the other kind, and of horizons that ended after the brief, do not count."""
    rows = tuple(due_rows([morning()], frozenset(), later(24)))
    other = tuple(replace(one, simulated=True) for one in rows)
    after = tuple(replace(one, until_ms=AS_OF_MS + 25 * HOUR_MS, label="C", decision_ms=DAY_MS) for one in rows)
    found = judged(24, KeptLedger(rows=(*rows, *other, *after), rows_before=9, sha256_before="ab")).record
    assert not isinstance(found, Missing)
    assert found.zones == len(rows)


def test_a_ledger_that_cannot_be_read_is_said() -> None:
    """The levels are judged all the same; the record is missing with the reason."""
    why = Missing("ledger/ledger.jsonl:3: this line was changed.")
    found = judged(24, KeptLedger(rows=why, rows_before=0, sha256_before=""))
    assert found.record == why
    assert not isinstance(found.levels, Missing)


def test_the_first_brief_has_no_levels_to_judge() -> None:
    """Without an earlier brief there is a reason and no record."""
    assert isinstance(track_record(morning(), [], EMPTY, later(0), fresh), Missing)


def test_the_record_keeps_both_answers_of_step_four() -> None:
    """Where the evidence leaned, its outcome and the likeliest by the shares are held against what came."""
    shown: FourShares = (0.2, 0.1, 0.1, 0.6)
    pairs: tuple[tuple[FateState, str], ...] = (
        ("continue", "continue"),
        ("ignore", "continue"),
        ("reject", "none"),
        ("ignore", ""),
    )
    rows = [
        replace(row(day, "A"), shown=shown, control=shown, outcome=outcome, lean=lean)
        for day, (outcome, lean) in enumerate(pairs)
    ]
    assert record_of(rows).leans == LeanCount(zones=2, evidence_came=1, shares_came=1)
    assert record_of(rows[2:]).leans is None
