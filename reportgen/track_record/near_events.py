"""Do zones behave differently near events? Outcomes split by whether an event fell into a zone's horizon.

Stands beside `reactions`. Events come in as moments that were scheduled beforehand. Distance explains most of what
becomes of a zone, so taps are held against what was foretold from distance before they are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.track_record.result import EventSplit, Interval, SplitVerdict
from reportgen.track_record.score import Estimate, RankScores, day_counts, day_sums, interval
from reportgen.track_record.walk import Fresh
from reportgen.track_record.zones import OUTCOMES, Judged, band_of, foretell
from reportgen.units import DAY_MS, HOUR_MS, Bools, Floats, Ints, Maybe, Milliseconds, Missing

NO_EVENTS: Final = Missing("No events were handed to this backtest.")
_TAPPED: Final = OUTCOMES[:2]


def split_by_events(
    judged: Sequence[Judged], events: Maybe[Sequence[Milliseconds]], assumptions: Assumptions, fresh: Fresh
) -> Maybe[EventSplit]:
    """Compare zones with an event inside their horizon with those without.

    Args:
        judged: Zones and their fates, in order of decision.
        events: Moments of the events, ascending, or why there are none.
        assumptions: Horizon, draws, and how many zones and days a claim needs.
        fresh: Gives a generator that starts anew.

    Returns:
        The comparison, or why there is none.
    """
    if isinstance(events, Missing):
        return events
    scored = [one for one in judged if one.fate.outcome in OUTCOMES]
    if not scored:
        return Missing("No dense zone stood at any decision with a whole horizon after it.")
    a = assumptions
    horizon = int(a.reaction_horizon_hours * HOUR_MS)
    moment = np.array([one.zone.decision_ms for one in scored], dtype=np.int64)
    when = np.array(sorted(events), dtype=np.int64)
    inside = np.searchsorted(when, moment + horizon, side="right") > np.searchsorted(when, moment, side="left")
    first_after = np.searchsorted(moment, when - horizon, side="left")
    last_before = np.searchsorted(moment, when, side="right")  # between them lie the decisions an event came after
    outcome = np.array([OUTCOMES.index(one.fate.outcome) for one in scored], dtype=np.int64)
    band = np.array([band_of(one.zone.distance_atr, a) for one in scored], dtype=np.int64)
    known = np.searchsorted(moment, moment - horizon, side="right")
    foretold, _ = foretell(outcome, band, known, a)
    tapped = outcome < len(_TAPPED)
    surprise = tapped - foretold[:, : len(_TAPPED)].sum(axis=1)
    day = moment // DAY_MS
    everything = np.ones(len(scored), dtype=np.bool_)
    taps = _difference(surprise, everything, inside, day, a, fresh)
    rejects = _difference((outcome == 0).astype(np.float64), tapped, inside, day, a, fresh)
    near_days, away_days = len(np.unique(day[inside])), len(np.unique(day[~inside]))
    verdict, why = _verdict(taps, rejects, (int(inside.sum()), int((~inside).sum())), (near_days, away_days), a)
    return EventSplit(
        events=int((first_after < last_before).sum()),
        zones_near=int(inside.sum()),
        zones_away=int((~inside).sum()),
        days_near=near_days,
        days_away=away_days,
        tapped_near=_mean(tapped.astype(np.float64), inside),
        tapped_away=_mean(tapped.astype(np.float64), ~inside),
        taps_beyond_distance=taps,
        reject_given_tap=rejects,
        verdict=verdict,
        why=why,
    )


def _mean(values: Floats, rows: Bools) -> Maybe[float]:
    return float(values[rows].mean()) if rows.any() else Missing("No zone stands on this side of the split.")


def _difference(values: Floats, rows: Bools, inside: Bools, day: Ints, a: Assumptions, fresh: Fresh) -> Maybe[Interval]:
    """Give the mean near events minus the mean away from them, with its interval from resampled days.

    Days are drawn as they are, each with its zones near and away, so that what hangs together stays together.
    """
    columns = [values * (rows & inside), rows & inside, values * (rows & ~inside), rows & ~inside]
    sums = day_sums(np.column_stack(columns).astype(np.float64), day)
    counts = day_counts(len(sums), a.backtest_draws, fresh())
    scores = RankScores(
        value=_minus(sums.sum(axis=0)[None])[0], drawn=_minus(counts @ sums), days=len(sums), observations=len(values)
    )
    found: Estimate = scores.estimate(0)
    return interval(found, "Zones stand on one side of the split only.")


def _minus(sums: Floats) -> Floats:
    """Take mean near minus mean away from sums and counts; shape (draws, 1), NaN where a side is empty."""
    near, far = (
        np.divide(sums[:, at], sums[:, at + 1], out=np.full(len(sums), np.nan), where=sums[:, at + 1] > 0)
        for at in (0, 2)
    )
    return np.asarray((near - far)[:, None])


def _verdict(
    taps: Maybe[Interval],
    rejects: Maybe[Interval],
    zones: tuple[int, int],
    days: tuple[int, int],
    a: Assumptions,
) -> tuple[SplitVerdict, str]:
    """Say what may be claimed: a difference needs enough zones and days on both sides and an interval without zero."""
    if min(zones) < a.event_least_zones or min(days) < a.event_least_days:
        return "insufficient evidence", (
            f"{zones[0]} zones on {days[0]} days had an event in their horizon and {zones[1]} on {days[1]} days had "
            f"none; a claim needs {a.event_least_zones} zones on {a.event_least_days} days on both sides."
        )
    told = {"taps beyond what distance says": taps, "rejections of zones tapped": rejects}
    apart = {name: one for name, one in told.items() if not isinstance(one, Missing) and not one.low <= 0 <= one.high}
    if apart:
        return "different near events", f"Near minus away: {'; '.join(_text(n, one) for n, one in apart.items())}."
    known = {name: one for name, one in told.items() if not isinstance(one, Missing)}
    return "not distinguishable", f"Near minus away: {'; '.join(_text(n, one) for n, one in known.items())}."


def _text(name: str, one: Interval) -> str:
    return f"{name} {one.value:+.3f} [{one.low:+.3f}, {one.high:+.3f}]"
