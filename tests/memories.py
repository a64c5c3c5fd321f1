"""What a hand-made brief remembers: changes of every kind, and levels in every state, for the tests of the page."""

from __future__ import annotations

from typing import Final

from reportgen.brief.types import (
    Change,
    ChangeKind,
    Changes,
    FateState,
    Interval,
    LevelFate,
    OutcomeCount,
    RecordSkill,
    RunningRecord,
    TrackRecord,
)
from reportgen.guide.zones import Label
from reportgen.units import DAY_MS, HOUR_MS, Missing, Where
from tests.brief_parts import AS_OF_MS

_CHANGES: Final[tuple[tuple[str, ChangeKind, Label | None, Where | None, str], ...]] = (
    ("SOL", "zone swept", "B", "below", "133.9–136.2 swept: price reached 131.8, beyond its far edge"),
    ("ETH", "open interest", None, None, "open interest +19.3 %, 1 513 780 → 1 806 226\u00a0ETH"),
    ("BTC", "zone built", "A", "above", "95 583–96 255 new, 10 % of shorts, 1.2 ATR above"),
    ("WIF", "funding", None, None, "funding +0.004 → −0.032 % per 8 h, neutral → shorts pay, extreme"),
    ("BTC", "structure", None, None, "volatility normal → expanding, ATR percentile 58 → 88, range percentile 61 → 91"),
    ("BTC", "zone moved", "C", "above", "97 807–98 988 moved by 0.3 ATR (its far edge), from 97 790–98 240"),
    ("WIF", "map quality", None, None, "map quality Medium → Low: the book is thin"),
    ("WIF", "coverage", None, None, "venues 2 → 1: lost okx"),
    ("ETH", "zone faded", "B", "below", "2 950–2 998 faded: no longer dense, untouched; it held 9 % of longs"),
    *((base, "price", None, None, "price 100 → 97, −2.7 %, 0.5 ATR") for base in ("BTC", "ETH", "SOL", "WIF")),
)
_FATES: Final[tuple[tuple[str, Label, Where, FateState, float | None, int | None], ...]] = (
    ("BTC", "A", "above", "ignore", -0.8, None),
    ("BTC", "B", "below", "reject", 0.3, 5),
    ("ETH", "A", "above", "front_run", -0.2, None),
    ("SOL", "B", "below", "continue", 1.4, 2),
    ("SOL", "C", "below", "open", -0.4, None),
    ("WIF", "A", "above", "censored", None, None),
    ("WIF", "B", "below", "not_an_event", 0.1, 1),
    ("WIF", "C", "below", "ignore", -3.3, None),
)
_REASONS: Final = {"censored": "Bars are missing within the horizon.", "not_an_event": "Price stood inside the zone."}


def changes() -> Changes:
    """Make a change of every kind."""
    return Changes(
        since="2026-01-18T07:00Z",
        since_ms=AS_OF_MS - DAY_MS,
        hours=24.0,
        items=tuple(
            Change(
                symbol=f"{base}/USDT:USDT", base=base, kind=kind, side=side, label=label, was=(1.0,), now=(2.0,),
                unit="price", text=text, weight=20.0 - place,
            )
            for place, (base, kind, label, side, text) in enumerate(_CHANGES)
        ),
        new_symbols=("WIF",),
        gone_symbols=("DOGE", "1000000MOG"),
    )  # fmt: skip


def record() -> TrackRecord:
    """Make a record with levels in every state, one skill that is the control's by construction, and one interval."""
    return TrackRecord(
        judged_as_of_ms=AS_OF_MS - DAY_MS,
        settled=False,
        levels=tuple(_fate(*parts, place) for place, parts in enumerate(_FATES)),
        record=RunningRecord(
            zones=412, independent=377, days=61, effective_days=48.5, censored=3, not_events=7,
            from_ms=AS_OF_MS - 62 * DAY_MS, until_ms=AS_OF_MS,
            outcomes=(
                OutcomeCount(outcome="reject", came=70, expected=66.2),
                OutcomeCount(outcome="continue", came=21, expected=25.0),
                OutcomeCount(outcome="front_run", came=14, expected=15.1),
                OutcomeCount(outcome="ignore", came=307, expected=305.7),
            ),
            against_distance=RecordSkill(
                versus="distance alone", skill=Interval(value=0.0, low=0.0, high=0.0),
                verdict="the same by construction",
            ),
            against_climatology=RecordSkill(
                versus="climatology", skill=Interval(value=0.162, low=0.081, high=0.243), verdict="better",
            ),
            text="412 zones scored on 61 days: better than climatology; the shares are those of distance alone, so "
            "none beyond it is claimed.",
        ),
        simulated=False,
        ledger_rows=405,
        ledger_sha256="d4c0ea6937e4dcf94b8489c7169b9a9a16ed943bcda9edb6ec2ad034a60ff143",
    )  # fmt: skip


def _fate(
    base: str, label: Label, side: Where, state: FateState, excursion: float | None, touched: int | None, place: int
) -> LevelFate:
    when = None if touched is None else AS_OF_MS - DAY_MS + touched * HOUR_MS
    scored = state in ("reject", "continue", "front_run", "ignore")
    return LevelFate(
        symbol=f"{base}/USDT:USDT", base=base, label=label, side=side, low=95_583.0 - place, high=96_255.0,
        price_decimals=0, distance_atr=0.3 * place, state=state, timeout=state == "reject",
        reason=_REASONS.get(state, ""), shown=0.33 if scored else Missing("No outcome."), touched_ms=when,
        excursion_atr=excursion, alert_ms=when, entry_ms=when, invalidation_ms=None, de_risk_ms=None,
    )  # fmt: skip
