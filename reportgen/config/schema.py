"""The shape of config.yaml, as pydantic models: what each setting is called, may hold and means.

Stands between the parsed file and `config.Config`; the JSON Schema for editors is printed from here.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, Discriminator, Field, Tag

from reportgen.config.events import TAGS as EVENT_TAGS
from reportgen.config.events import AnyEvent, AnyFlow, time_zone
from reportgen.config.mail import MailSettings
from reportgen.config.values import WEB_ADDRESS, Settings, Text
from reportgen.config.values import setting_error as _setting
from reportgen.errors import UsageError
from reportgen.events.builtin import DEFAULT_NAMES, BuiltinCalendar
from reportgen.market.symbols import unified_symbol

Timeframe: TypeAlias = Literal["1h", "2h", "4h", "6h", "8h", "12h", "1d"]
TIMEFRAMES: Final[tuple[str, ...]] = get_args(Timeframe)
LIVE: Final = "live"
SAMPLE: Final = "sample"
SYMBOL, ENTRY = "a symbol", "an entry"
TAGS: Final = frozenset({SYMBOL, ENTRY, "[key]"}) | EVENT_TAGS
"""Steps of an error's location that do not stand in the file; the spaces keep them apart from real keys."""

VENUE_NAME: Final = r"^[a-z0-9_]+$"
ADDRESS: Final = r"0x[0-9a-fA-F]{40}"


def _symbol(text: str) -> str:
    try:
        return unified_symbol(text)
    except UsageError as error:
        reason, _, suggestion = str(error).partition(". ")
        raise _setting(reason, suggestion) from error


def _address(text: str) -> str:
    if not re.fullmatch(ADDRESS, text):
        raise _setting(f"`{text}` is no address", "Write 0x and 40 hexadecimal digits.")
    return text.lower()


def _unquoted_address(value: object) -> object:
    """Take back what YAML made of an address without quotes: a number."""
    known = isinstance(value, int) and not isinstance(value, bool) and 1 << 100 <= value < 1 << 160
    return f"0x{value:040x}" if known else value


def _one_source(value: object) -> object:
    if isinstance(value, dict) and bool(value.get("addresses")) == bool(value.get("file")):
        raise _setting("needs exactly one source", "Keep one of {addresses: [0x…]} or {file: path}.")
    return value


VenueName = Annotated[str, Field(min_length=1, max_length=40, pattern=VENUE_NAME)]
Symbol = Annotated[Text, AfterValidator(_symbol)]
Address = Annotated[Text, AfterValidator(_address), BeforeValidator(_unquoted_address)]


class WatchlistEntry(Settings):
    """A market that says more than its symbol."""

    symbol: Symbol = Field(description="BTC, BTCUSDT and BTC/USDT:USDT all mean the same market.")
    venues: list[VenueName] = Field(default=[], description="Only these venues; all that the source has if empty.")


class VenueSettings(Settings):
    """How to reach one exchange."""

    url: Annotated[Text, Field(pattern=WEB_ADDRESS)] | None = Field(
        default=None, description="Send requests to URL/<original host>/<original path>: a proxy or a test server."
    )


class ExactPositions(Settings):
    """Addresses whose positions on Hyperliquid become exact levels: listed here or in a file."""

    addresses: list[Address] = Field(default=[], max_length=1000, description="0x and 40 hexadecimal digits each.")
    file: Text | None = Field(default=None, description="A text file with one address a line; # begins a comment.")


def _kind_of_entry(value: object) -> str:
    return ENTRY if isinstance(value, (dict, BaseModel)) else SYMBOL


AnyEntry = Annotated[
    Annotated[Symbol, Tag(SYMBOL)] | Annotated[WatchlistEntry, Tag(ENTRY)], Discriminator(_kind_of_entry)
]


class ConfigFile(Settings):
    """config.yaml: what the morning brief watches and how. Everything but `watchlist` has a default."""

    watchlist: list[AnyEntry] = Field(min_length=1, max_length=1000, description="The markets, in the page's order.")
    timeframe: Timeframe = Field(default="4h", description="The trading timeframe that structure is read on.")
    horizon_hours: float = Field(
        default=24.0, ge=1, le=720, allow_inf_nan=False, description="How far the brief looks ahead, hours."
    )
    timezone: Annotated[Text, AfterValidator(time_zone)] = Field(
        default="UTC", description="IANA name such as Europe/Berlin: for display, everything is kept in UTC."
    )
    output: Text = Field(
        default="output",
        description="The folder for the briefs, relative to this file, or an fsspec URL such as s3://bucket/briefs.",
    )
    source: Text = Field(
        default=LIVE, description="live for the exchanges, sample, or a market folder relative to this file."
    )
    templates: Text | None = Field(default=None, description="A folder whose files replace single templates.")
    calibration: Text | None = Field(
        default=None,
        description="A calibration file or a folder of dated ones, relative to this file; "
        "the output folder's calibrations/ if not named.",
    )
    venues: dict[VenueName, VenueSettings] = Field(default={}, description="Which exchanges to ask, and where.")
    leverage_brackets: Text | None = Field(
        default=None,
        description="Your own margin brackets for live runs: a leverage_brackets table as .csv or .parquet, or the "
        ".json that Binance answers to an account; they stand instead of the venue's or the bundled ones.",
    )
    exact_positions: Annotated[ExactPositions, BeforeValidator(_one_source)] | None = Field(
        default=None, description="Addresses whose positions on Hyperliquid become exact levels."
    )
    events: list[AnyEvent] = Field(default=[], max_length=10_000, description="What could override the map.")
    calendars: list[BuiltinCalendar] = Field(
        default=list(DEFAULT_NAMES), description="Built-in calendars in force; [] for none (docs/events.md)."
    )
    etf_flows: list[AnyFlow] = Field(default=[], max_length=100, description="Fund flows beside the market folder's.")
    mail: MailSettings | None = Field(default=None, description="Who gets the brief by mail.")
    assumptions: dict[str, Any] = Field(
        default={}, description="Any modelling constant by its name; `config_assumptions` judges them."
    )
