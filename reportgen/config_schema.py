"""The shape of config.yaml, as pydantic models: what each setting is called, may hold and means.

Stands between the parsed file and `config.Config`; the JSON Schema for editors is printed from here.
"""

from __future__ import annotations

import zoneinfo
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationInfo
from pydantic_core import PydanticCustomError

from reportgen.errors import UsageError
from reportgen.events.calendar import Kind, Status, Weight
from reportgen.events.calendar_builtin import DEFAULT_NAMES
from reportgen.market.symbols import unified_symbol
from reportgen.moments import parse_when

Timeframe: TypeAlias = Literal["1h", "2h", "4h", "6h", "8h", "12h", "1d"]
TIMEFRAMES: Final[tuple[str, ...]] = get_args(Timeframe)
BuiltinCalendar: TypeAlias = Literal[
    "macro", "fomc", "us_cpi", "us_jobs", "ecb", "deribit_daily", "deribit_weekly", "deribit_monthly",
    "deribit_quarterly", "cme_expiry", "us_holidays", "funding",
]  # fmt: skip
StatusVenue: TypeAlias = Literal["binance", "bybit", "okx", "deribit", "hyperliquid", "kucoin"]
LIVE: Final = "live"
SAMPLE: Final = "sample"
SYMBOL, ENTRY, EVENT, EVENT_FILE, EVENT_FEED = "a symbol", "an entry", "an event", "an event file", "an event feed"
UNLOCK_FEED, STATUS_FEED, FLOW_FILE, FLOW_API = "an unlock feed", "a status feed", "a flow file", "a flow source"
TAGS: Final = frozenset(
    {SYMBOL, ENTRY, EVENT, EVENT_FILE, EVENT_FEED, UNLOCK_FEED, STATUS_FEED, FLOW_FILE, FLOW_API, "[key]"}
)
"""Steps of an error's location that do not stand in the file; the spaces keep them apart from real keys."""

ONE_LINE: Final = r"^[^\x00-\x1f\x7f]*$"
WEB_ADDRESS: Final = r"^https?://"
VENUE_NAME: Final = r"^[a-z0-9_]+$"
COIN: Final = r"^[A-Z0-9]+$"
SLUG: Final = r"^[a-z0-9._-]+$"


def _setting(reason: str, suggestion: str) -> PydanticCustomError:
    """Make an error that already says both sentences; braces are data, never a template."""
    return PydanticCustomError("setting", "{reason}", {"reason": reason, "suggestion": suggestion})


def _symbol(text: str) -> str:
    try:
        return unified_symbol(text)
    except UsageError as error:
        reason, _, suggestion = str(error).partition(". ")
        raise _setting(reason, suggestion) from error


def _when(text: str, info: ValidationInfo) -> str:
    """Check a time against the event's zone; `config` reads it again."""
    try:
        parse_when(text, info.data.get("zone"))
    except UsageError as error:
        reason, _, suggestion = str(error).partition(". ")
        raise _setting(reason, suggestion) from error
    return text


def _until(text: str, info: ValidationInfo) -> str:
    """Check the end of an event as its start is, and that it lies after it."""
    ends, start, zone = parse_when(_when(text, info), info.data.get("zone")), info.data.get("at"), info.data.get("zone")
    if start is not None and (ends.ends_ms or ends.at_ms) <= parse_when(start, zone).at_ms:
        raise _setting(f"`ends` {text} does not lie after `at` {start}", "Correct one of them.")
    return text


def _timezone(text: str) -> str:
    try:
        zoneinfo.ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise PydanticCustomError("timezone", "`{name}` is not a time zone", {"name": text}) from error
    return text


def _reference_only(value: object) -> object:
    """Keep secrets out of the file; the value itself is never repeated."""
    if isinstance(value, dict) and len(value) == 1:
        return value
    if isinstance(value, dict):
        raise _setting("needs exactly one source", "Keep one of {env: NAME}, {file: path} or {command: program}.")
    raise _setting(
        "a secret may not stand in the file itself",
        "Point to it: {env: NAME}, {file: path} or {command: program}.",
    )


def _folder(text: str) -> str:
    if "://" in text:
        raise _setting(f"`{text}` is a web address, and writing to one is not built yet", "Name a folder.")
    return text


Text = Annotated[str, Field(min_length=1, max_length=300, pattern=ONE_LINE)]
VenueName = Annotated[str, Field(min_length=1, max_length=40, pattern=VENUE_NAME)]
Symbol = Annotated[Text, AfterValidator(_symbol)]
Address = Annotated[Text, Field(pattern=WEB_ADDRESS)]
Coin = Annotated[str, Field(min_length=1, max_length=40, pattern=COIN)]


class Settings(BaseModel):
    """A mapping in the file: unknown keys are errors and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class WatchlistEntry(Settings):
    """A market that says more than its symbol."""

    symbol: Symbol = Field(description="BTC, BTCUSDT and BTC/USDT:USDT all mean the same market.")
    venues: list[VenueName] = Field(default=[], description="Only these venues; all that the source has if empty.")


class SecretReference(Settings):
    """Where a secret is kept; one of the three."""

    env: Text | None = Field(default=None, description="Name of an environment variable.")
    file: Text | None = Field(default=None, description="A file whose first line is the secret.")
    command: Text | None = Field(default=None, description="A command whose output is the secret.")


def _env_or_file(secret: SecretReference) -> SecretReference:
    """Keep commands away from a key that is read with every brief."""
    if secret.command is not None:
        raise _setting("a command is not run for this key", "Point to it: {env: NAME} or {file: path}.")
    return secret


Secret = Annotated[SecretReference, BeforeValidator(_reference_only)]


class ListedEvent(Settings):
    """An event written into the file."""

    name: Text = Field(description="As it is printed on the page.")
    zone: Annotated[Text, AfterValidator(_timezone)] | None = Field(
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

    file: Text = Field(description="Path of a .yaml, .csv or .ics calendar, relative to this file.")
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
    file: Text = Field(description="A text file of dates by funds in millions of USD, relative to this file.")


class FlowApi(Settings):
    """Daily ETF flows from SoSoValue."""

    asset: Coin = Field(description="The coin that the funds hold, as BTC.")
    api: Literal["sosovalue"] = Field(description="The service.")
    key: Annotated[Secret, AfterValidator(_env_or_file)] = Field(description="Its key, from the environment or a file.")
    url: Address | None = Field(default=None, description="Another host: a proxy or a test server.")


class VenueSettings(Settings):
    """How to reach one exchange."""

    url: Annotated[Text, Field(pattern=WEB_ADDRESS)] | None = Field(
        default=None, description="Send requests to URL/<original host>/<original path>: a proxy or a test server."
    )


class SmtpSettings(Settings):
    """The relay that takes the mail."""

    host: Text = Field(description="Host name or address of the relay.")
    port: int = Field(default=587, ge=1, le=65535, description="587 for starttls, 465 for tls.")
    security: Literal["none", "starttls", "tls"] = Field(default="starttls", description="How the line is encrypted.")
    username: Secret | None = Field(default=None, description="From the environment, a file or a command.")
    password: Secret | None = Field(default=None, description="From the environment, a file or a command.")


class MailSettings(Settings):
    """Who gets the brief by mail. Kept for a later version; checked already."""

    sender: Text = Field(alias="from", description="Morning brief <brief@example.com>.")
    smtp: SmtpSettings = Field(description="The relay that takes the mail.")
    subscribers: Text = Field(default="subscribers.yaml", description="The file that lists who gets it.")


def _kind_of_entry(value: object) -> str:
    return ENTRY if isinstance(value, (dict, BaseModel)) else SYMBOL


def _kind_of_event(value: object) -> str:
    has = value if isinstance(value, dict) else ()
    named = {"unlocks": UNLOCK_FEED, "exchange_status": STATUS_FEED, "file": EVENT_FILE, "url": EVENT_FEED}
    return next((tag for key, tag in named.items() if key in has), EVENT)


def _kind_of_flow(value: object) -> str:
    return FLOW_API if isinstance(value, dict) and "api" in value else FLOW_FILE


AnyEntry = Annotated[
    Annotated[Symbol, Tag(SYMBOL)] | Annotated[WatchlistEntry, Tag(ENTRY)], Discriminator(_kind_of_entry)
]
AnyEvent = Annotated[
    Annotated[ListedEvent, Tag(EVENT)]
    | Annotated[EventFile, Tag(EVENT_FILE)]
    | Annotated[EventFeed, Tag(EVENT_FEED)]
    | Annotated[UnlockFeed, Tag(UNLOCK_FEED)]
    | Annotated[StatusFeed, Tag(STATUS_FEED)],
    Discriminator(_kind_of_event),
]
AnyFlow = Annotated[
    Annotated[FlowFile, Tag(FLOW_FILE)] | Annotated[FlowApi, Tag(FLOW_API)], Discriminator(_kind_of_flow)
]


class ConfigFile(Settings):
    """config.yaml: what the morning brief watches and how. Everything but `watchlist` has a default."""

    watchlist: list[AnyEntry] = Field(min_length=1, max_length=1000, description="The markets, in the page's order.")
    timeframe: Timeframe = Field(default="4h", description="The trading timeframe that structure is read on.")
    horizon_hours: float = Field(
        default=24.0, ge=1, le=720, allow_inf_nan=False, description="How far the brief looks ahead, hours."
    )
    timezone: Annotated[Text, AfterValidator(_timezone)] = Field(
        default="UTC", description="IANA name such as Europe/Berlin: for display, everything is kept in UTC."
    )
    output: Annotated[Text, AfterValidator(_folder)] = Field(
        default="output", description="The folder for the briefs, relative to this file."
    )
    source: Text = Field(
        default=LIVE, description="sample, or a market folder relative to this file; live is not built yet."
    )
    templates: Text | None = Field(default=None, description="A folder whose files replace single templates.")
    calibration: Text | None = Field(
        default=None,
        description="A calibration file or a folder of dated ones, relative to this file; "
        "the output folder's calibrations/ if not named.",
    )
    venues: dict[VenueName, VenueSettings] = Field(default={}, description="Which exchanges to ask, and where.")
    events: list[AnyEvent] = Field(default=[], max_length=10_000, description="What could override the map.")
    calendars: list[BuiltinCalendar] = Field(
        default=list(DEFAULT_NAMES), description="Built-in calendars in force; [] for none (docs/events.md)."
    )
    etf_flows: list[AnyFlow] = Field(default=[], max_length=100, description="Fund flows beside the market folder's.")
    mail: MailSettings | None = Field(default=None, description="Who gets the brief by mail.")
    assumptions: dict[str, Any] = Field(
        default={}, description="Any modelling constant by its name; `config_assumptions` judges them."
    )
