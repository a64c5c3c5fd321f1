"""What the archive remembers of a brief: the part of brief.json that its site and its tables are made from.

Read loosely on purpose: a field that an older version did not write yet is None, one that a newer version added is
passed over, so that an archive of many years stays one archive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter, ValidationError

from reportgen.errors import DataError
from reportgen.units import Maybe, Missing

NOT_KEPT: Final = Missing("The brief does not hold it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFacts:
    """A support or a resistance."""

    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureFacts:
    """The chart environment."""

    trend: str
    regime: str
    atr: float
    atr_fraction: float
    momentum: float | None = None
    volume_ratio: float | None = None
    supports: tuple[LevelFacts, ...] = ()
    resistances: tuple[LevelFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneFacts:
    """A dense zone."""

    label: str
    side: str
    liquidated_side: str
    low: float
    high: float
    share: float
    intensity: float | None = None
    notional: float | None = None
    distance_fraction: float
    distance_atr: float
    touch_probability: float | None = None
    persistence: float | None = None
    rank: int | None = None
    score: float | None = None
    price_inside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestFacts:
    """Open interest."""

    trend: str
    change_24h: float
    open_interest_base: float
    open_interest_quote: float
    percentile: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingFacts:
    """Funding."""

    rate_8h: float
    bias: str
    extreme: bool
    percentile: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositioningFacts:
    """Open interest and funding."""

    open_interest: Maybe[InterestFacts] = NOT_KEPT
    funding: Maybe[FundingFacts] = NOT_KEPT
    crowded_side: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareFacts:
    """Shares of the four outcomes."""

    reject: float
    tap_continue: float
    front_run: float
    ignore: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionFacts:
    """The four outcomes at one zone."""

    label: str
    side: str
    distance_atr: float
    sample_size: int
    shares: Maybe[ShareFacts] = NOT_KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """The levels and the response for one zone."""

    label: str
    side: str
    alert: float
    entry_text: str
    invalidation: float
    de_risk: float
    de_risk_is: str
    post_event: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueFacts:
    """What one venue gave."""

    venue: str
    tables: tuple[str, ...]
    interval: str
    bars: int
    gaps: int
    open_interest_share: Maybe[float] = NOT_KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageFacts:
    """Where the input came from."""

    primary_venue: str = ""
    venues: tuple[VenueFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityFacts:
    """The grade of the map."""

    grade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfluenceFacts:
    """Whether the layers lean the same way."""

    lean: str
    agree: int
    conflict: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StanceFacts:
    """What to do with all of it."""

    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolFacts:
    """One symbol."""

    symbol: str
    base: str
    quote: str
    venue: str
    price: Maybe[float]
    price_decimals: int
    change_24h: Maybe[float] = NOT_KEPT
    structure: Maybe[StructureFacts] = NOT_KEPT
    zones: tuple[ZoneFacts, ...] = ()
    positioning: Maybe[PositioningFacts] = NOT_KEPT
    reactions: tuple[ReactionFacts, ...] = ()
    plan: tuple[PlanFacts, ...] = ()
    map_quality: QualityFacts
    coverage: Maybe[CoverageFacts] = NOT_KEPT
    confluence: Maybe[ConfluenceFacts] = NOT_KEPT
    stance: Maybe[StanceFacts] = NOT_KEPT
    map_engine: str = ""
    calibrated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """Something scheduled."""

    name: str
    kind: str
    at_ms: int
    inside_horizon: bool
    hours_away: float
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingFacts:
    """An input that the brief had to do without."""

    symbol: str
    venue: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFacts:
    """The badge of the data."""

    grade: str
    inputs_known: int
    inputs_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefFacts:
    """One brief."""

    schema_version: int
    as_of: str
    as_of_ms: int
    horizon_hours: float
    timeframe: str
    simulated: bool
    headline: str
    data_quality: InputFacts
    symbols: tuple[SymbolFacts, ...]
    events: tuple[EventFacts, ...] = ()
    missing: tuple[MissingFacts, ...] = ()


_BRIEF: Final = TypeAdapter(BriefFacts)


def read_facts(content: bytes, name: str) -> BriefFacts:
    """Read what the archive remembers from the bytes of a brief.json.

    Args:
        content: The bytes, of this or an older version of the schema.
        name: What errors call the file.

    Raises:
        DataError: It is no brief.json; names the first place that is wrong.
    """
    try:
        return _BRIEF.validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise DataError(f"{name}: {place}: {first['msg']}. Is this a brief.json?") from error
