"""The modelling constants of events and flows; `assumptions.Assumptions` holds them with all the others."""

from __future__ import annotations

from dataclasses import dataclass

from reportgen.assumptions_field import declared as _is


@dataclass(frozen=True, slots=True, kw_only=True)
class EventAssumptions:
    """What events and flows do, and when a backtest may speak of them; see each field's metadata."""

    event_confidence_high: float = _is(
        0.5, "1", "own choice", "what a heavy event inside the horizon leaves of confidence in one direction"
    )
    event_confidence_medium: float = _is(0.7, "1", "own choice", "what a medium one leaves; both move the plan")
    event_confidence_low: float = _is(0.9, "1", "own choice", "what a light one leaves; it does not move the plan")
    event_confidence_floor: float = _is(0.25, "1", "own choice", "events together leave no less confidence than this")
    events_seen_through: int = _is(2, "events", "own choice", "past events whose consumed zones are told, latest first")
    flow_sessions: int = _is(20, "sessions", "issue 6", "a session's ETF flow is a z-score against so many before it")
    flow_least_sessions: int = _is(10, "sessions", "own choice", "fewer sessions give no z-score")
    flow_oldest_days: float = _is(5.0, "days", "own choice: a long weekend", "an older last session says nothing")
    flow_surprise: float = _is(2.0, "z-score", "own choice", "beyond it an ETF flow is a surprise")
    spot_days: int = _is(20, "days", "own choice", "the spot share of a day is a z-score against so many before it")
    spot_least_days: int = _is(10, "days", "own choice", "fewer days give no z-score")
    spot_surprise: float = _is(2.0, "z-score", "own choice", "beyond it the spot share is unusual")
    event_least_zones: int = _is(30, "zones", "own choice", "fewer zones near events, or away, allow no claim")
    event_least_days: int = _is(10, "days", "own choice", "fewer days with zones near events, or away, allow no claim")
