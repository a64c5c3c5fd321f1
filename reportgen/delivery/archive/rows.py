"""From a brief's facts to what the site remembers of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter, ValidationError

from reportgen.delivery.archive.days import JSON, Shelf, belongs_to, shelves
from reportgen.delivery.archive.store import Reader
from reportgen.errors import DataError
from reportgen.render.site import BriefDay, SymbolDay, ZoneBand
from reportgen.units import Maybe, Missing

# ---- What the archive remembers of a brief: the part of brief.json that its site and its tables are made from ----

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


def brief_day(facts: BriefFacts, shelf: Shelf, files: Iterable[str]) -> BriefDay:
    """Sum a brief up for the site.

    Args:
        facts: What it says.
        shelf: Where it stands.
        files: What stands in its folder, by path relative to it.
    """
    return BriefDay(
        day=shelf.day,
        revision=shelf.revision,
        folder=shelf.folder,
        as_of_ms=facts.as_of_ms,
        headline=facts.headline,
        grade=facts.data_quality.grade,
        inputs_known=facts.data_quality.inputs_known,
        inputs_total=facts.data_quality.inputs_total,
        simulated=facts.simulated,
        symbols=tuple(_symbol_day(one) for one in facts.symbols),
        files=tuple(sorted(files)),
    )


def read_brief_days(store: Reader, paths: Iterable[str]) -> list[BriefDay]:
    """Sum every brief of an archive up again, from its brief.json.

    Args:
        store: The archive.
        paths: Every file of it.

    Raises:
        DataError: A brief.json cannot be read.
    """
    every = sorted(paths)
    by_day: dict[str, list[str]] = {}
    for path in every:
        by_day.setdefault(path[:10], []).append(path)
    found = []
    for shelf in shelves(every):
        content = store.read(f"{shelf.folder}/{JSON}")
        if content is None:
            raise DataError(f"{shelf.folder}/{JSON} is gone. See what else is with `reportgen archive verify`.")
        own = [path for path in by_day[shelf.day_folder] if belongs_to(path, shelf)]
        names = [path.removeprefix(f"{shelf.folder}/") for path in own]
        found.append(brief_day(read_facts(content, f"{shelf.folder}/{JSON}"), shelf, names))
    return found


def _symbol_day(one: SymbolFacts) -> SymbolDay:
    return SymbolDay(
        symbol=one.symbol,
        base=one.base,
        price=None if isinstance(one.price, Missing) else one.price,
        decimals=one.price_decimals,
        change=None if isinstance(one.change_24h, Missing) else one.change_24h,
        trend="" if isinstance(one.structure, Missing) else one.structure.trend,
        quality=one.map_quality.grade,
        above=_nearest(one, "above"),
        below=_nearest(one, "below"),
    )


def _nearest(one: SymbolFacts, side: str) -> ZoneBand | None:
    """Find the nearest zone on a side."""
    zones = [zone for zone in one.zones if zone.side == side]
    if not zones:
        return None
    zone = min(zones, key=lambda each: each.distance_fraction)
    return ZoneBand(
        low=zone.low,
        high=zone.high,
        distance_fraction=zone.distance_fraction,
        distance_atr=zone.distance_atr,
        share=zone.share,
    )
