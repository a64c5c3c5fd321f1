"""What services tell beside calendars: the state of an exchange, and token unlocks as DefiLlama's datasets list them.

Stands at the edge. Of unlocks only cliffs are events: a linear unlock is a rate, not a moment.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from reportgen.config.events import StatusVenue
from reportgen.errors import DataError
from reportgen.events.calendar import ScheduledEvent, clean_name
from reportgen.market.web import Request
from reportgen.units import Milliseconds

_LATEST_MS: Final = 4_102_444_800_000
"""The year 2100: who announces a later end says nothing that can be used."""

_Moment = Annotated[int, Field(ge=0, lt=_LATEST_MS), BeforeValidator(lambda told: told or 0)]
"""Milliseconds as a number or a text; an empty text where the time is open."""


class _Binance(BaseModel):
    status: int
    msg: str = ""


class _Window(BaseModel):
    title: str = "maintenance"
    state: str = ""
    begin: _Moment = 0
    end: _Moment = 0


class _BybitList(BaseModel):
    windows: list[_Window] = Field(default=[], alias="list")


class _Bybit(BaseModel):
    result: _BybitList


class _Okx(BaseModel):
    data: list[_Window]


class _Deribit(BaseModel):
    locked: bool | str = Field(validation_alias=AliasPath("result", "locked"))


class _Hyperliquid(BaseModel):
    specialStatuses: Any = None  # noqa: N815 - the venue's own name


class _Kucoin(BaseModel):
    status: str = Field(validation_alias=AliasPath("data", "status"))
    msg: str = Field(default="", validation_alias=AliasPath("data", "msg"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Venue:
    """Where a venue tells, and how what it says is read: (what, from when, until when), now where it gives no time."""

    host: str
    path: str
    read: Callable[[bytes], list[tuple[str, int, int]]]
    body: str | None = None


def _binance(content: bytes) -> list[tuple[str, int, int]]:
    told = _Binance.model_validate_json(content)
    return [(f"system status {told.msg or told.status}", 0, 0)] if told.status else []


def _windows(found: list[_Window]) -> list[tuple[str, int, int]]:
    over = {"completed", "canceled", "cancelled"}
    return [(one.title, one.begin, one.end) for one in found if one.state.lower() not in over]


def _deribit(content: bytes) -> list[tuple[str, int, int]]:
    locked = str(_Deribit.model_validate_json(content).locked).lower()
    return [] if locked == "false" else [(f"trading locked ({locked})", 0, 0)]


def _hyperliquid(content: bytes) -> list[tuple[str, int, int]]:
    told = _Hyperliquid.model_validate_json(content).specialStatuses
    return [(f"special status {told}", 0, 0)] if told else []


def _kucoin(content: bytes) -> list[tuple[str, int, int]]:
    told = _Kucoin.model_validate_json(content)
    return [] if told.status == "open" else [(f"status {told.status} {told.msg}", 0, 0)]


_VENUES: Final[dict[StatusVenue, _Venue]] = {
    "binance": _Venue(host="https://api.binance.com", path="/sapi/v1/system/status", read=_binance),
    "bybit": _Venue(
        host="https://api.bybit.com",
        path="/v5/system/status",
        read=lambda content: _windows(_Bybit.model_validate_json(content).result.windows),
    ),
    "okx": _Venue(
        host="https://www.okx.com",
        path="/api/v5/system/status",
        read=lambda content: _windows(_Okx.model_validate_json(content).data),
    ),
    "deribit": _Venue(host="https://www.deribit.com", path="/api/v2/public/status", read=_deribit),
    "hyperliquid": _Venue(
        host="https://api.hyperliquid.xyz", path="/info", read=_hyperliquid, body='{"type":"exchangeStatus"}'
    ),
    "kucoin": _Venue(host="https://api.kucoin.com", path="/api/v1/status", read=_kucoin),
}


def status_request(venue: StatusVenue, base: str | None) -> Request:
    """Give what to ask a venue."""
    chosen = _VENUES[venue]
    return Request(url=f"{(base or chosen.host).rstrip('/')}{chosen.path}", body=chosen.body)


def read_status(content: bytes, venue: StatusVenue, place: str, as_of_ms: Milliseconds) -> tuple[ScheduledEvent, ...]:
    """Read what a venue says; nothing when it is well.

    Args:
        content: Its answer.
        venue: Which exchange.
        place: What errors and the events' source call it.
        as_of_ms: The moment of the brief: the start of what is under way without a time of its own.

    Raises:
        DataError: It is no such answer.
    """
    try:
        told = _VENUES[venue].read(content)
    except ValidationError as error:
        raise DataError(f"{place}: is not a status as {venue} publishes it.") from error
    return tuple(
        ScheduledEvent(
            name=clean_name(f"{venue.capitalize()}: {what}"),
            kind="maintenance" if begins else "outage",
            at_ms=begins or as_of_ms,
            ends_ms=ends if ends > (begins or as_of_ms) else None,
            source=place,
            weight="medium" if begins else "high",
        )
        for what, begins, ends in told
    )


DATASETS: Final = "https://defillama-datasets.llama.fi"
_SIZES: Final = ((1_000_000_000, "bn"), (1_000_000, "m"), (1_000, "k"))


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")

    timestamp: float
    noOfTokens: list[float] = []  # noqa: N815 - the dataset's own name
    category: str = ""
    unlockType: Literal["cliff", "linear"] | str = ""  # noqa: N815, PYI051 - the dataset's own


class _Metadata(BaseModel):
    events: list[_Part] = []


class _Emissions(BaseModel):
    metadata: _Metadata


def unlock_request(slug: str, base: str | None) -> Request:
    """Give what to ask for a protocol's schedule."""
    return Request(url=f"{(base or DATASETS).rstrip('/')}/emissions/{slug}")


def read_unlocks(
    content: bytes, symbol: str, place: str, span: tuple[Milliseconds, Milliseconds]
) -> tuple[ScheduledEvent, ...]:
    """Read the cliff unlocks in a span; those at one moment are added up.

    Args:
        content: The dataset.
        symbol: Base coin of the token.
        place: What errors and the events' source call it.
        span: First and last moment.

    Raises:
        DataError: It is no such dataset.
    """
    try:
        parts = _Emissions.model_validate_json(content).metadata.events
    except ValidationError as error:
        raise DataError(f"{place}: is not an unlock schedule as DefiLlama publishes it.") from error
    at_once: dict[int, dict[str, float]] = {}
    for part in parts:
        tokens = sum(part.noOfTokens)
        at_ms = round(part.timestamp * 1000) if math.isfinite(part.timestamp) else -1
        if part.unlockType == "cliff" and tokens > 0 and math.isfinite(tokens) and span[0] <= at_ms <= span[1]:
            groups = at_once.setdefault(at_ms, {})
            name = clean_name(part.category) or "unnamed"
            groups[name] = groups.get(name, 0.0) + tokens
    return tuple(
        ScheduledEvent(
            name=f"{symbol} unlock of {_amount(sum(groups.values()))} tokens ({', '.join(sorted(groups))})",
            kind="unlock",
            at_ms=at_ms,
            source=place,
            weight="medium",
            symbols=(symbol,),
        )
        for at_ms, groups in sorted(at_once.items())
    )


def _amount(tokens: float) -> str:
    for size, word in _SIZES:
        if tokens >= size:
            return f"{tokens / size:.3g}\u202f{word}"
    return f"{tokens:.3g}"
