"""Where events and fund flows come from, as the edge reads it: `events:`, `calendars:`, `etf_flows:` of config.yaml.

`config.settings` puts them into the whole file.
"""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, ValidationInfo
from pydantic_core import PydanticCustomError

from reportgen.config.values import (
    WEB_ADDRESS,
    FilePath,
    Secret,
    SecretReference,
    Settings,
    Text,
    read_by,
    seen,
    setting_error,
    usage_is_setting,
)
from reportgen.events.builtin import DEFAULT_NAMES, BuiltinCalendar
from reportgen.events.calendar import Kind, Status, Weight
from reportgen.market.symbols import one_name
from reportgen.moments import parse_when

StatusVenue: TypeAlias = Literal["binance", "bybit", "okx", "deribit", "hyperliquid", "kucoin"]
EVENT, EVENT_FILE, EVENT_FEED = "an event", "an event file", "an event feed"
UNLOCK_FEED, STATUS_FEED, FLOW_FILE, FLOW_API = "an unlock feed", "a status feed", "a flow file", "a flow source"
TAGS: Final = frozenset({EVENT, EVENT_FILE, EVENT_FEED, UNLOCK_FEED, STATUS_FEED, FLOW_FILE, FLOW_API})
COIN: Final = r"^[^\x00-/:-@\[-\x7f\s]+$"
"""Letters and digits of any script; of ASCII's, capitals alone."""
SLUG: Final = r"^[a-z0-9._-]+$"


def time_zone(text: str) -> str:
    """Check the name of a time zone."""
    try:
        zoneinfo.ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise PydanticCustomError("timezone", "`{name}` is not a time zone", {"name": text}) from error
    return text


def _when(text: str, info: ValidationInfo) -> str:
    """Check a time against the event's zone; `config` reads it again."""
    with usage_is_setting():
        parse_when(text, info.data.get("zone"))
    return text


def _until(text: str, info: ValidationInfo) -> str:
    """Check the end of an event as its start is, and that it lies after it."""
    ends, start, zone = parse_when(_when(text, info), info.data.get("zone")), info.data.get("at"), info.data.get("zone")
    if start is not None and (ends.ends_ms or ends.at_ms) <= parse_when(start, zone).at_ms:
        raise setting_error(f"`ends` {text} does not lie after `at` {start}", "Correct one of them.")
    return text


def _env_or_file(secret: SecretReference) -> SecretReference:
    """Keep commands away from a key that is read with every brief."""
    if secret.command is not None:
        raise setting_error("a command is not run for this key", "Point to it: {env: NAME} or {file: path}.")
    return secret


def _web_address(value: object) -> object:
    """Take webcal: for the https: that it is; an address may hold a key, so a wrong one is not repeated."""
    if not isinstance(value, str) or re.match(WEB_ADDRESS, value):
        return value
    secure = re.sub("^webcals?://", "https://", value, flags=re.IGNORECASE)
    if not re.match(WEB_ADDRESS, secure):
        raise setting_error("this is not a web address", "Start it with http:// or https://.")
    return secure


Address = Annotated[Text, BeforeValidator(_web_address), Field(json_schema_extra={"pattern": r"^(https?|webcals?)://"})]
Coin = Annotated[str, Field(min_length=1, max_length=40, pattern=COIN), read_by(one_name)]


class ListedEvent(Settings):
    """An event written into the file."""

    name: Text = Field(description="As it is printed on the page.")
    zone: Annotated[Text, AfterValidator(time_zone)] | None = Field(
        default=None, description="IANA zone of `at` and `ends` where they carry none, as America/New_York."
    )
    at: Annotated[Text, AfterValidator(_when)] = Field(
        description="2026-12-10T13:30Z, a wall-clock time with `zone`, or a date alone where the hour is not known."
    )
    ends: Annotated[Text, AfterValidator(_until)] | None = Field(
        default=None, description="When it is over, for what lasts, such as maintenance."
    )
    kind: Kind = Field(default="other", description="What sort of event it is.")
    weight: Weight | None = Field(
        default=None, description="How much it can override: high and medium move the plan; by kind if left out."
    )
    status: Status = Field(default="confirmed", description="A cancelled event is shown and overrides nothing.")
    symbols: list[Coin] = Field(default=[], description="Coins that it concerns, as ARB; all if empty.")
    source: Text | None = Field(default=None, description="Where the date comes from; this file if left out.")
    retrieved: Text | None = Field(default=None, description="The day it was read there: 2026-11-20.")


class EventFile(Settings):
    """A calendar file: YAML or CSV with the fields of a listed event, or ICS."""

    file: FilePath = Field(description="Path of a .yaml, .csv or .ics calendar, relative to this file.")
    kind: Kind = Field(default="other", description="Kind of ICS entries whose CATEGORIES name none.")
    weight: Weight | None = Field(default=None, description="Weight of every ICS entry; by kind if left out.")
    only: list[Text] = Field(default=[], description="ICS entries whose title holds one of these words; all if empty.")


class EventFeed(Settings):
    """A calendar feed: ICS, fetched when a brief is made."""

    url: Address = Field(description="Address of an ICS calendar; only its host is ever printed.")
    kind: Kind = Field(default="other", description="Kind of entries whose CATEGORIES name none.")
    weight: Weight | None = Field(default=None, description="Weight of every ICS entry; by kind if left out.")
    only: list[Text] = Field(default=[], description="ICS entries whose title holds one of these words; all if empty.")


class UnlockFeed(Settings):
    """Token unlocks of a protocol, from DefiLlama's keyless datasets."""

    unlocks: Annotated[Text, Field(pattern=SLUG)] = Field(description="The protocol's name there, as arbitrum.")
    symbol: Coin = Field(description="The token's coin, as ARB.")
    url: Address | None = Field(default=None, description="Another host: a mirror, a proxy or a test server.")


class StatusFeed(Settings):
    """What an exchange says about its own state."""

    exchange_status: StatusVenue = Field(description="The exchange to ask.")
    url: Address | None = Field(default=None, description="Another host: a proxy or a test server.")


class FlowFile(Settings):
    """Daily ETF flows in a file, as copied from a public table."""

    asset: Coin = Field(description="The coin that the funds hold, as BTC.")
    file: FilePath = Field(description="A text file of dates by funds in millions of USD, relative to this file.")


class FlowApi(Settings):
    """Daily ETF flows from SoSoValue."""

    asset: Coin = Field(description="The coin that the funds hold, as BTC.")
    api: Literal["sosovalue"] = Field(description="The service.")
    key: Annotated[Secret, AfterValidator(_env_or_file)] = Field(description="Its key, from the environment or a file.")
    url: Address | None = Field(default=None, description="Another host: a proxy or a test server.")


def _tagged(usual: str, **named: str) -> Discriminator:
    """Tell entries apart by the key that they hold; `usual` is the one that needs none."""

    def tag(value: object) -> str:
        has = vars(value) if isinstance(value, Settings) else value if isinstance(value, dict) else ()
        return next((tag for key, tag in named.items() if key in has), usual)

    return Discriminator(tag)


Feed = EventFeed | UnlockFeed | StatusFeed
FlowSource = FlowFile | FlowApi
AnyEvent = Annotated[
    Annotated[ListedEvent, Tag(EVENT)]
    | Annotated[EventFile, seen("calendar"), Tag(EVENT_FILE)]
    | Annotated[EventFeed, Tag(EVENT_FEED)]
    | Annotated[UnlockFeed, Tag(UNLOCK_FEED)]
    | Annotated[StatusFeed, Tag(STATUS_FEED)],
    _tagged(EVENT, unlocks=UNLOCK_FEED, exchange_status=STATUS_FEED, file=EVENT_FILE, url=EVENT_FEED),
]
AnyFlow = Annotated[
    Annotated[FlowFile, seen("flows"), Tag(FLOW_FILE)] | Annotated[FlowApi, Tag(FLOW_API)],
    _tagged(FLOW_FILE, api=FLOW_API),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSources:
    """All that config.yaml says about events: what `events:` lists, in order, and the built-in calendars in force."""

    listed: tuple[ListedEvent | EventFile | Feed, ...] = ()
    calendars: tuple[BuiltinCalendar, ...] = DEFAULT_NAMES
