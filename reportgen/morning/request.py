"""Options and configuration become one request: what to read, for which moment, and where the brief goes.

Stands between the command line and the five steps; options win over the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reportgen.config.load import DEFAULT_PATH, load_config, read_config
from reportgen.config.places import Place, place_of
from reportgen.config.settings import LIVE, LONGEST_HORIZON_HOURS, SAMPLE, TIMEFRAMES, Config, WatchlistEntry
from reportgen.errors import UsageError
from reportgen.market.symbols import unified_symbol
from reportgen.moments import moment_text, parse_moment
from reportgen.morning.brand import read_brand

if TYPE_CHECKING:
    from reportgen.brief.types import Brand

_CLOCK_SLACK_MS: Final = 5 * 60_000
"""How far a market's clock and this machine's may differ."""

SAMPLE_WATCHLIST: Final = ("BTC/USDT:USDT", "ETH/USDT:USDT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line said; None where it said nothing."""

    config: Path | None = None
    output: str | None = None
    source: str | None = None
    sample: bool = False
    symbols: Sequence[str] | None = None
    as_of: str | None = None
    timeframe: str | None = None
    horizon_hours: float | None = None
    templates: Path | None = None

    @property
    def tour(self) -> bool:
        """Whether there is the sample alone."""
        return self == Options(sample=True, output=self.output, templates=self.templates)


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefRequest:
    """One brief to be made.

    Attributes:
        config: The settings with the options laid over them; output and templates are folders.
        folder: The market folder, or None for the sample.
        as_of_ms: None for the end of the data.
        brand: What `brand:` names, or None.
        live: True when the exchanges are asked: there is no folder, and as-of is now.
        tour: True for the sample alone: its own configuration, and a morning before it.
    """

    config: Config
    folder: Path | None
    as_of_ms: int | None
    live: bool = False
    brand: Brand | None = None
    tour: bool = False


def take_request(options: Options, *, live: bool = False, base: Config | None = None) -> BriefRequest:
    """Lay the options over the configuration.

    Args:
        options: What the command line said.
        live: Whether the command speaks of a morning: it can gather live markets, and the sample alone is the tour.
        base: What `base_config` gave, where it was read before; None reads it.

    Raises:
        UsageError: An option makes no sense, or no source of market data is named.
        ConfigError: The configuration is missing or holds problems.
    """
    if options.sample and options.source is not None:
        raise UsageError("--sample and --source are both given. Keep one: the simulated market, or your folder.")
    as_of_ms = parse_moment(options.as_of) if options.as_of is not None else None
    config = _with_options(base or base_config(options, live=live), options)
    brand = read_brand(config.brand)
    if live and not options.sample and (options.source or config.source) == LIVE:
        if as_of_ms is not None:
            raise UsageError(
                "Live markets speak of now, so --as-of needs a market folder: keep one with "
                "`reportgen fetch --out DIR`, and name it with --source DIR."
            )
        return BriefRequest(config=config, folder=None, as_of_ms=None, live=True, brand=brand)
    folder = market_folder(options.sample, options.source, config)
    return BriefRequest(config=config, folder=folder, as_of_ms=as_of_ms, brand=brand, tour=live and options.tour)


def market_folder(sample: bool, source: str | None, config: Config | None) -> Path | None:  # noqa: FBT001 - an option
    """Find the market folder that is meant; None is the sample.

    Raises:
        UsageError: The source is the live markets, or not there.
    """
    named = SAMPLE if sample else source if source is not None else config.source if config else LIVE
    if named == SAMPLE:
        return None
    if named == LIVE:
        raise UsageError(
            "This command reads a market folder, not the exchanges. Gather one with `reportgen fetch --out DIR` and "
            "name it with --source DIR, or take the simulated market with --sample."
        )
    folder = Path(named)
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "is not there"
        raise UsageError(f"The market folder {folder} {what}. Name one with --source, or use --sample.")
    return folder


def output_place(config: Path | None, output: str | None) -> Place:
    """Find the folder or URL of the briefs for commands that must work with a broken configuration too."""
    if output is not None:
        return place_of(output)
    settings, _ = read_config(config or DEFAULT_PATH)
    return settings.output if settings else Path("output")


def _tour_config(options: Options) -> Config:
    """Read the sample's own configuration; behind a URL nothing is the reader's alone, so no position goes there."""
    from reportgen.market.folder.keep import sample_folder

    with sample_folder() as folder:
        config = load_config(folder / DEFAULT_PATH.name)
    output = place_of(options.output or "output")
    return config.model_copy(update={"output": output} if isinstance(output, Path) else {"positions": ()})


def base_config(options: Options, *, live: bool = False) -> Config:
    """Read the configuration; without one, --sample or --source with --symbols is enough to go on.

    Args:
        options: What the command line said, which is not laid over it yet.
        live: As of `take_request`.

    Raises:
        ConfigError: It is missing or holds problems.
    """
    if live and options.tour:
        return _tour_config(options)
    if options.config is not None or DEFAULT_PATH.exists():
        return load_config(options.config or DEFAULT_PATH)
    if options.sample:
        return Config(watchlist=tuple(WatchlistEntry(symbol=symbol) for symbol in SAMPLE_WATCHLIST))
    if options.symbols:
        return Config(watchlist=_watchlist(options.symbols, ()))
    return load_config(DEFAULT_PATH)


def _with_options(config: Config, options: Options) -> Config:
    """Replace what the command line says otherwise."""
    if options.timeframe is not None and options.timeframe not in TIMEFRAMES:
        raise UsageError(f"--timeframe {options.timeframe} is not one of {', '.join(TIMEFRAMES)}.")
    horizon = options.horizon_hours
    if horizon is not None and not 1 <= horizon <= LONGEST_HORIZON_HOURS:
        raise UsageError(f"--horizon {horizon:g} is out of range. Choose 1 to {LONGEST_HORIZON_HOURS} hours.")
    said = {
        "watchlist": None if options.symbols is None else _watchlist(options.symbols, config.watchlist),
        "timeframe": options.timeframe,
        "horizon_hours": horizon,
        "output": None if options.output is None else place_of(options.output),
        "templates": templates_folder(options.templates or config.templates),
    }
    return config.model_copy(update={name: value for name, value in said.items() if value is not None})


def _watchlist(named: Sequence[str], listed: tuple[WatchlistEntry, ...]) -> tuple[WatchlistEntry, ...]:
    """Read --symbols BTC,ETH; a market that the configuration knows keeps its venues."""
    known = {watched.symbol: watched for watched in listed}
    chosen: dict[str, WatchlistEntry] = {}
    for written in filter(None, (part.strip() for part in ",".join(named).split(","))):
        symbol = unified_symbol(written)
        if symbol in chosen:
            raise UsageError(f"--symbols names {symbol} twice. Keep one of them.")
        chosen[symbol] = known.get(symbol, WatchlistEntry(symbol=symbol))
    if not chosen:
        raise UsageError("--symbols is empty. Name markets as BTC,ETH.")
    return tuple(chosen.values())


def templates_folder(folder: Path | None) -> Path | None:
    """Check the folder of the user's own templates, before anything is gathered."""
    if folder is not None and not folder.is_dir():
        raise UsageError(f"The templates folder {folder} is not there. Correct it, or leave it out.")
    if folder is not None:
        from reportgen.render.html import environment

        environment(folder)
    return folder


def refuse_future(as_of_ms: int, now_ms: int, end_of_data_ms: int | None) -> None:
    """Refuse a moment that has not come yet: a brief of it would stand before every true one.

    Args:
        as_of_ms: What the brief is to speak of.
        now_ms: This machine's clock.
        end_of_data_ms: Where simulated data end, which may be any time; None for real ones.

    Raises:
        UsageError: As-of lies more than a few minutes after the clock, and after the end of simulated data.
    """
    if as_of_ms <= max(now_ms + _CLOCK_SLACK_MS, end_of_data_ms or 0):
        return
    raise UsageError(
        f"As-of {moment_text(as_of_ms)} has not come yet: this machine's clock says {moment_text(now_ms)[:16]}Z. "
        "Correct it, or add --future."
    )
