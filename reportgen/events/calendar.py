"""Scheduled events and how they stand to the horizon of a brief."""

from __future__ import annotations

from dataclasses import dataclass

from reportgen.units import Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something scheduled that can override local leverage.

    Attributes:
        name: As the operator wrote it (untrusted text). kind: macro, crypto, expiry, unlock, maintenance, other.
        at_ms: When. inside_horizon: True when it falls between as-of and as-of + horizon.
        hours_away: From as-of; negative when past. source: where the date comes from.
    """

    name: str
    kind: str
    at_ms: Milliseconds
    inside_horizon: bool
    hours_away: float
    source: str
