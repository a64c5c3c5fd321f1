"""config.yaml's shape and what a command is given: each setting declared once, its sentence beneath it.

`load` reads the file into a `Config`; the JSON Schema for editors and the list of known names come from here.
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeAlias, get_args, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    create_model,
    model_validator,
)

from reportgen.config.assumptions import DEFAULTS, Assumptions
from reportgen.config.events import TAGS as EVENT_TAGS
from reportgen.config.events import AnyEvent, AnyFlow, EventSources, time_zone
from reportgen.config.mail import MailSettings
from reportgen.config.places import Place, local_path, place_of
from reportgen.config.values import (
    ADDRESS,
    LEDGER,
    SECRET,
    WEB_ADDRESS,
    FilePath,
    KeptAt,
    Secret,
    Settings,
    Text,
    WrittenAs,
    read_by,
    seen,
    setting_error,
    several,
)
from reportgen.events.builtin import DEFAULT_NAMES, BuiltinCalendar
from reportgen.market.symbols import one_name, unified_symbol, valid_address

Timeframe: TypeAlias = Literal["1h", "2h", "4h", "6h", "8h", "12h", "1d"]
TIMEFRAMES: Final[tuple[str, ...]] = get_args(Timeframe)
LIVE: Final = "live"
SAMPLE: Final = "sample"
SYMBOL, ENTRY = "a symbol", "an entry"
TAGS: Final = frozenset({SYMBOL, ENTRY, ADDRESS, SECRET, "[key]"}) | EVENT_TAGS
"""Steps of an error's location that do not stand in the file; the spaces keep them apart from real keys."""

VENUE_NAME: Final = r"^[a-z0-9_]+$"
CHANNEL_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
HEX_COLOUR: Final = r"^#[0-9A-Fa-f]{6}$"
LONGEST_HORIZON_HOURS: Final = 720
FURTHEST: Final = 1000
"""How many times above or below its default an assumption may be set."""

_MAY_BE_ZERO: Final = ("1", "fraction", "share", "weight", "percentile")


VenueName = Annotated[str, Field(min_length=1, max_length=40, pattern=VENUE_NAME), seen("venue")]
Symbol = Annotated[Text, read_by(unified_symbol)]
Address = Annotated[Text, read_by(valid_address)]
Name = Annotated[Text, read_by(one_name)]
WebAddress = Annotated[Text, Field(pattern=WEB_ADDRESS)]


class WatchlistEntry(Settings):
    """A market that says more than its symbol."""

    symbol: Symbol = Field(description="BTC, BTCUSDT and BTC/USDT:USDT all mean the same market.")
    venues: Annotated[tuple[VenueName, ...], several(list[VenueName])] = Field(
        default=(), description="Only these venues; all that the source has if empty."
    )


class VenueSettings(Settings):
    """How to reach one exchange."""

    url: Annotated[Text, Field(pattern=WEB_ADDRESS)] | None = Field(
        default=None, description="Send requests to URL/<original host>/<original path>: a proxy or a test server."
    )


class ExactPositions(Settings):
    """Addresses whose positions on Hyperliquid become exact levels: listed here or in a file."""

    addresses: Annotated[
        tuple[Address, ...],
        WrittenAs(
            form=Annotated[list[Address], Field(max_length=1000)], read=lambda them, _: tuple(dict.fromkeys(them))
        ),
    ] = Field(default=(), description="0x and 40 hexadecimal digits each.")
    file: Annotated[FilePath, seen("addresses")] | None = Field(
        default=None, description="A text file with one address a line; # begins a comment."
    )


class PositionEntry(Settings):
    """A position of your own: how far it is from its liquidation, for your eyes alone unless shared."""

    symbol: Symbol = Field(description="The market.")
    side: Literal["long", "short"] = Field(description="long or short.")
    entry: float = Field(gt=0, allow_inf_nan=False, description="Mean entry price, quote currency.")
    size: float = Field(gt=0, allow_inf_nan=False, description="Base coins.")
    leverage: float | None = Field(
        default=None, ge=1, le=1000, allow_inf_nan=False, description="Of an isolated position; its margin follows."
    )
    liquidation_price: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="Where the venue says that it is liquidated, instead."
    )
    venue: VenueName | None = Field(
        default=None, description="Whose margin rule counts; the primary venue's if absent."
    )
    taker_fee: float = Field(
        default=0.0005, ge=0, lt=0.01, description="As a fraction; OKX and Gate add it to the maintenance margin."
    )
    share: bool = Field(
        default=False, description="Let it stand in the brief that is kept, published, mailed and posted."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        """Take either the leverage or the price that follows from it."""
        if (self.leverage is None) == (self.liquidation_price is None):
            raise setting_error("needs exactly one of leverage and liquidation_price", "Keep the one that you know.")
        return self


class PostChannel(Settings):
    """One place where people read: a chat, a channel, a webhook."""

    address: Secret = Field(
        description="apprise's address of it, which holds its key: tgram://…, discord://…, ntfy://…."
    )
    name: Annotated[str, Field(pattern=CHANNEL_NAME, max_length=40)] = Field(
        description="How messages and the ledger call it."
    )
    symbols: Annotated[tuple[Symbol, ...], several(list[Symbol])] = Field(
        default=(), description="Only these markets; the whole brief if empty."
    )
    figure: bool = Field(default=True, description="Attach each symbol's figure.")


def _names_differ(channels: tuple[PostChannel, ...]) -> tuple[PostChannel, ...]:
    names = [one.name for one in channels]
    for name in names:
        if names.count(name) > 1:
            raise setting_error(f"two channels are called `{name}`", "Give each its own name: their ledger needs it.")
    return channels


class PostSettings(Settings):
    """Where `reportgen post` puts the short form of a brief."""

    channels: Annotated[
        tuple[PostChannel, ...],
        several(Annotated[list[PostChannel], Field(min_length=1, max_length=100)]),
        AfterValidator(_names_differ),
    ] = Field(description="Each gets a brief once.")
    link: Annotated[Text, Field(pattern=WEB_ADDRESS)] | None = Field(
        default=None, description="Web address of the output folder, for a link to the whole brief."
    )
    ledger: KeptAt | None = Field(default=None, description=LEDGER)


class MonitorSettings(Settings):
    """Who notices when no brief comes."""

    url: Secret | None = Field(
        default=None, description="Pinged when a brief starts, is made and fails: a healthchecks address."
    )
    channel: Secret | None = Field(
        default=None, description="An apprise address that gets one line when a brief fails or is stale."
    )


class BrandSettings(Settings):
    """Under whose name the brief appears (docs/templates.md)."""

    name: Annotated[Name, Field(max_length=40)] = Field(description="Stands where `Morning brief` stood.")
    line: Annotated[Name, Field(max_length=80)] | None = Field(default=None, description="What it is, beside the name.")
    logo: Annotated[FilePath, seen("logo")] | None = Field(
        default=None, description="A PNG or a plain SVG of at most 32 KB, shown 24 pixels high."
    )
    accent: Annotated[str, Field(pattern=HEX_COLOUR), seen("accent")] | None = Field(
        default=None, description="Colour of the rule above a page, as #RRGGBB in quotes."
    )
    accent_dark: Annotated[str, Field(pattern=HEX_COLOUR), seen("accent_dark")] | None = Field(
        default=None, description="The same on a dark page; made from `accent` if absent."
    )
    footer: Annotated[Name, Field(max_length=160)] | None = Field(
        default=None, description="A sentence behind the fixed one at the end."
    )
    link: WebAddress | None = Field(default=None, description="Where the name leads.")


def _one_source(value: object) -> object:
    if isinstance(value, dict) and bool(value.get("addresses")) == bool(value.get("file")):
        raise setting_error("needs exactly one source", "Keep one of {addresses: [0x…]} or {file: path}.")
    return value


AnyEntry = Annotated[
    Annotated[Symbol, Tag(SYMBOL)] | Annotated[WatchlistEntry, Tag(ENTRY)],
    Discriminator(lambda value: ENTRY if isinstance(value, (dict, BaseModel)) else SYMBOL),
]
Watchlist = WrittenAs(
    form=Annotated[list[AnyEntry], Field(min_length=1, max_length=1000)],
    read=lambda entries, _: tuple(WatchlistEntry(symbol=one) if isinstance(one, str) else one for one in entries),
)


@cache
def assumption_overrides() -> type[Settings]:
    """Make the `assumptions:` section from the constants themselves, each with its own range."""
    hints = get_type_hints(Assumptions)
    made: dict[str, Any] = {}
    for constant in fields(Assumptions):
        about = f"{constant.metadata['effect']} ({constant.metadata['unit']}; {constant.metadata['source']})"
        kind = _ranged(hints[constant.name], constant.default, constant.metadata["unit"])
        made[constant.name] = (kind | None, Field(default=None, description=about, examples=[constant.default]))
    return create_model("AssumptionOverrides", __base__=Settings, **made)


def _ranged(hint: Any, default: Any, unit: str) -> Any:  # noqa: ANN401 - types are values here
    """Narrow a constant's type: finite, near its default in size, and a fraction within 0 and 1."""
    if isinstance(default, tuple):
        number = isinstance(default[0], (int, float))
        item: Any = _ranged(type(default[0]), max(default, key=abs), "1") if number else Any
        several: Any = list[item]
        return Annotated[several, Field(min_length=len(default), max_length=len(default))]
    if isinstance(default, bool) or not isinstance(default, (int, float)):
        return hint
    most = abs(default) * FURTHEST or FURTHEST
    if unit == "fraction" and 0 <= default <= 1:
        return Annotated[hint, Field(ge=0, le=1, allow_inf_nan=False)]
    least = -most if default < 0 else 0
    if isinstance(default, int):
        return Annotated[hint, Field(ge=min(1, default), le=int(most))]
    if default > 0 and not unit.startswith(_MAY_BE_ZERO):
        return Annotated[hint, Field(ge=default / FURTHEST, le=most, allow_inf_nan=False)]
    return Annotated[hint, Field(ge=least, le=most, allow_inf_nan=False)]


def _assumptions(overrides: dict[str, Any], _folder: Path) -> Assumptions:
    """Lay the file's overrides over the defaults; lists become the tuples that a frozen object holds."""
    given = assumption_overrides().model_validate(overrides).model_dump(exclude_none=True) if overrides else {}
    frozen: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in given.items()}
    return replace(DEFAULTS, **frozen)


class Config(Settings):
    """config.yaml: what the morning brief watches and how. Everything but `watchlist` has a default."""

    watchlist: Annotated[tuple[WatchlistEntry, ...], Watchlist] = Field(description="The markets, in the page's order.")
    timeframe: Timeframe = Field(default="4h", description="The trading timeframe that structure is read on.")
    horizon_hours: float = Field(
        default=24.0,
        ge=1,
        le=LONGEST_HORIZON_HOURS,
        allow_inf_nan=False,
        description="How far the brief looks ahead, hours.",
    )
    timezone: Annotated[Text, AfterValidator(time_zone)] = Field(
        default="UTC",
        description="IANA name such as Europe/Berlin: the zone of the mornings; moments stay in UTC.",
    )
    output: Annotated[Place, WrittenAs(form=Text, read=lambda text, folder: place_of(str(text), folder))] = Field(
        default=Path("output"),
        validate_default=True,
        description="The folder for the briefs, relative to this file, or an fsspec URL such as s3://bucket/briefs.",
    )
    source: Annotated[
        str,
        WrittenAs(
            form=Text,
            read=lambda text, folder: text if text in (LIVE, SAMPLE) else str(local_path(text, folder)),
        ),
        seen("source"),
    ] = Field(default=LIVE, description="live for the exchanges, sample, or a market folder relative to this file.")
    templates: Annotated[FilePath, seen("templates")] | None = Field(
        default=None, description="A folder whose files replace single templates (docs/templates.md)."
    )
    calibration: Annotated[FilePath, seen("calibration")] | None = Field(
        default=None,
        description="A calibration file or a folder of dated ones, relative to this file; "
        "the output folder's calibrations/ if not named.",
    )
    venues: dict[VenueName, VenueSettings] = Field(default={}, description="Which exchanges to ask, and where.")
    leverage_brackets: Annotated[FilePath, seen("file")] | None = Field(
        default=None,
        description="Your own margin brackets for live runs: a leverage_brackets table as .csv or .parquet, or the "
        ".json that Binance answers to an account; they stand instead of the venue's or the bundled ones.",
    )
    exact_positions: Annotated[ExactPositions, BeforeValidator(_one_source)] | None = Field(
        default=None, description="Addresses whose positions on Hyperliquid become exact levels."
    )
    events: Annotated[tuple[AnyEvent, ...], several(Annotated[list[AnyEvent], Field(max_length=10_000)])] = Field(
        default=(), description="What could override the map."
    )
    calendars: Annotated[tuple[BuiltinCalendar, ...], several(list[BuiltinCalendar])] = Field(
        default=DEFAULT_NAMES, description="Built-in calendars in force; [] for none (docs/events.md)."
    )
    etf_flows: Annotated[tuple[AnyFlow, ...], several(Annotated[list[AnyFlow], Field(max_length=100)])] = Field(
        default=(), description="Fund flows beside the market folder's."
    )
    mail: MailSettings | None = Field(default=None, description="Who gets the brief by mail.")
    post: PostSettings | None = Field(default=None, description="Which chats and channels get its short form.")
    brand: BrandSettings | None = Field(default=None, description="Under whose name the brief appears.")
    positions: Annotated[tuple[PositionEntry, ...], several(Annotated[list[PositionEntry], Field(max_length=100)])] = (
        Field(default=(), description="Your own positions; on this machine alone unless shared (docs/positions.md).")
    )
    monitor: MonitorSettings | None = Field(default=None, description="Who notices when no brief comes.")
    assumptions: Annotated[Assumptions, WrittenAs(form=dict[str, Any], read=_assumptions)] = Field(
        default=DEFAULTS, description="Any modelling constant by its name."
    )

    @property
    def venue_urls(self) -> dict[str, str | None]:
        """Where to send the requests meant for a venue, by its name."""
        return {venue: settings.url for venue, settings in sorted(self.venues.items())}

    @property
    def event_sources(self) -> EventSources:
        """What `events:` lists and the built-in calendars in force."""
        return EventSources(listed=self.events, calendars=self.calendars)


def json_schema() -> str:
    """Print the JSON Schema of config.yaml, for editors: `assumptions:` constant by constant."""
    about: Any = Field(default={}, description=Config.model_fields["assumptions"].description)
    whole: Any = create_model(
        "ConfigFile", __base__=Config, __doc__=Config.__doc__, assumptions=(assumption_overrides(), about)
    )
    described = whole.model_json_schema(by_alias=True)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(head | described, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
