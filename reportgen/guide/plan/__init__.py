"""Step 5: from observation to a plan, in types; the files beside this one write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reportgen.guide.zones import Label
from reportgen.units import Fraction, Maybe, Price, Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A typed part of a plan: something that can be checked by a machine.

    Attributes:
        kind: What is compared. level: the price, None when the kind needs none. text: the clause for the reader.
    """

    kind: Literal[
        "trades_into",
        "closes_above",
        "closes_below",
        "wicks_and_closes_back",
        "volume_expands",
        "open_interest_falls",
        "event_passed",
    ]
    level: Price | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLevel:
    """A price of the plan and what it is, in words that hold the number.

    Attributes:
        price: The level. name: its words. touch: share of such levels that price touches within the horizon.
    """

    price: Price
    name: str
    touch: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonePlan:
    """Levels and responses for one zone.

    Attributes:
        label, side: Which zone. alert: look when price trades here.
        entry: all of these must hold. entry_text: them as one clause. invalidation: beyond it the idea is wrong.
        de_risk: first take-profit or de-risk level.
        de_risk_is: what that level is ("near edge of zone C", "support 91 209", "1 ATR beyond").
        if_then: the whole response as if/then sentences. post_event: True when it waits for an event.
        cascade: text on the gap to the next cluster, or why there is none. cascade_gap_atr: that gap.
        countdown: the events that it waits for and when they are, or "".
        line: the price that a close must cross, as the entry says; None in briefs before schema 2.
        reward_to_risk: from that line to the first exit, over from it to the invalidation.
        no_trade: "no trade: pays 0.4 for 1" where that is below the least, else "".
        alert_touch, entry_touch, de_risk_touch: share of levels as far away that price touches within the horizon.
    """

    label: Label
    side: Where
    alert: Price
    entry: tuple[Condition, ...]
    entry_text: str
    invalidation: Price
    de_risk: Price
    de_risk_is: str
    if_then: str
    post_event: bool
    cascade_gap_atr: Maybe[float]
    cascade: str
    countdown: str = ""
    line: Price | None = None
    reward_to_risk: float | None = None
    no_trade: str = ""
    alert_touch: Fraction | None = None
    entry_touch: Fraction | None = None
    de_risk_touch: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One bullish or bearish scenario.

    Attributes:
        direction: Which. trigger: what must happen. text: two or three if/then sentences.
        line: the named level that a close must cross, None when none is known. targets: the levels beyond, nearest
            first. noise: levels too near to the price to be a trigger.
    """

    direction: Literal["bullish", "bearish"]
    trigger: tuple[Condition, ...]
    text: str
    line: NamedLevel | None = None
    targets: tuple[NamedLevel, ...] = ()
    noise: tuple[NamedLevel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """How large, and at what cost; always modest.

    Attributes:
        risk_fraction: The most of equity to put at risk on one idea, fraction; 0 when standing aside.
        factor: What that is of the operator's own maximum, in [0, 1].
        slippage_text: grows as depth shrinks. text: one sentence. reasons: why it was reduced.
    """

    risk_fraction: Fraction
    factor: Fraction
    slippage_text: str
    text: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenarios:
    """One bullish and one bearish scenario."""

    bullish: Scenario
    bearish: Scenario


Rung = Literal[
    "aligned",
    "two of three",
    "one of three",
    "no lean",
    "low quality",
    "conflict",
    "no zone in reach",
    "wait for event",
    "stale",
    "no map",
    # The words of briefs before schema 2:
    "conditional",
    "stand aside",
    "observe",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """What to do with all of it: one rung of a stated ladder.

    Attributes:
        kind: The rung. text: one sentence with the reason. size: its part of the operator's own maximum, in [0, 1].
    """

    kind: Rung
    text: str
    size: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Step 5, whole."""

    stance: Stance
    zones: tuple[ZonePlan, ...]
    scenarios: Scenarios
    sizing: Sizing
