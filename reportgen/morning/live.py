"""Live markets for the command line: what to ask whom, the clock, the cache, and the input that is kept.

Stands between `brief` or `fetch` and `market/exchanges/gather.py`. A live brief is read from the tables that are kept
with it.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reportgen.config.text import read_text
from reportgen.errors import DataError

if TYPE_CHECKING:
    from reportgen.config.settings import Config
    from reportgen.market.data import Gathered
    from reportgen.market.exchanges.gather import Gathering, Wanted
    from reportgen.market.exchanges.history import HistoryCache
    from reportgen.morning import Step

INPUT_FOLDER: Final = "input"
"""Beside the brief of a day: the market folder that it was made from."""

_LEAST_SECONDS: Final = 600.0
_SECONDS_A_SYMBOL: Final = 15.0
"""The slowest venue's limits take about half of this for everything of one symbol."""

_PACE_VARIABLE: Final = "REPORTGEN_PACE"
"""Share of the venues' pauses to keep where their requests are sent elsewhere: docs/venues.md."""

_NANOSECONDS: Final = 1_000_000


def known_addresses(config: Config) -> tuple[str, ...]:
    """List the addresses that the configuration names, each once.

    Raises:
        DataError: The file cannot be read, or a line of it is no address; every such line.
    """
    named = config.exact_positions
    if named is None:
        return ()
    return named.addresses if named.file is None else addresses_in(named.file)


def addresses_in(path: Path) -> tuple[str, ...]:
    """Read a file of addresses, one a line; # begins a comment.

    Raises:
        DataError: As `known_addresses`.
    """
    from reportgen.errors import UsageError
    from reportgen.market.symbols import valid_address

    try:
        lines = read_text(path).splitlines()
    except OSError as error:
        told = f"{path}: cannot be read ({error.strerror}). Give a text file with one address a line."
        raise DataError(told) from error
    found, problems = [], []
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            found.append(valid_address(text))
        except UsageError as error:
            problems.append(f"{path}:{number}: {error}")
    if problems:
        raise DataError("\n".join(problems))
    if not found:
        raise DataError(f"{path}: holds no address. Write one a line, or leave exact_positions out.")
    return tuple(dict.fromkeys(found))


def without_lookup(gathered: Gathered, config: Config) -> Gathered:
    """Say of a folder or the sample without positions that the configured addresses were not looked up."""
    from reportgen.market.data import NO_POSITIONS
    from reportgen.units import Missing

    if config.exact_positions is None:
        return gathered
    why = Missing("Addresses are looked up with live data only, and these market data hold no positions.")
    markets = {
        name: replace(market, positions=why) if market.positions == NO_POSITIONS else market
        for name, market in gathered.markets.items()
    }
    return replace(gathered, markets=markets)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiveInput:
    """What a live brief is made from. gathered: read back from files. files: the market folder, contents by name."""

    gathered: Gathered
    files: Mapping[str, bytes]


def now_ms() -> int:
    """Read the clock: UTC epoch milliseconds."""
    return time.time_ns() // _NANOSECONDS


def history_cache() -> HistoryCache:
    """Give the folder of closed history, where this system keeps such things."""
    from platformdirs import user_cache_path

    from reportgen.market.exchanges.history import HistoryCache

    return HistoryCache(folder=user_cache_path("reportgen") / "venues", clock=now_ms)


def wanted_of(config: Config) -> tuple[Wanted, ...]:
    """List what the watchlist and the venues ask for, and BTC for comparison.

    Raises:
        UsageError: A venue is unknown.
    """
    from reportgen.market.exchanges.gather import Wanted, refuse_unknown
    from reportgen.market.exchanges.venue import Datum
    from reportgen.market.exchanges.venues import VENUES
    from reportgen.market.symbols import REFERENCE_SYMBOL

    usual = tuple(config.venue_urls) or tuple(VENUES)
    wanted = [Wanted(symbol=one.symbol, venues=one.venues or usual) for one in config.watchlist]
    if all(one.symbol != REFERENCE_SYMBOL for one in wanted):
        everywhere = tuple(dict.fromkeys(venue for one in wanted for venue in one.venues))
        wanted.append(Wanted(symbol=REFERENCE_SYMBOL, venues=everywhere, data=(Datum.CANDLES,)))
    refuse_unknown(venue for one in wanted for venue in one.venues)
    return tuple(wanted)


def questions(wanted: tuple[Wanted, ...]) -> int:
    """Count the steps that gathering announces."""
    return sum(len(one.venues) for one in wanted)


def gather_now(config: Config, wanted: tuple[Wanted, ...], step: Step) -> Gathering:
    """Ask the venues.

    Raises:
        DataError: Not one gave candles, or a file that the configuration names cannot be used.
    """
    from reportgen.errors import UsageError
    from reportgen.market.exchanges.gather import gather_live
    from reportgen.market.exchanges.own_brackets import own_brackets, with_own_brackets
    from reportgen.market.web import Patience

    addresses = known_addresses(config)
    symbols = tuple(one.symbol for one in config.watchlist)
    brackets = config.leverage_brackets
    own = own_brackets(brackets, symbols, now_ms()) if brackets else ()  # read first: a bad file costs no requests
    text = os.environ.get(_PACE_VARIABLE, "").strip() or "1"
    try:
        pace = float(text)
    except ValueError:
        pace = -1.0
    if not 0 <= pace <= 1:
        raise UsageError(f"{_PACE_VARIABLE} is {text}. Give a number from 0 to 1, or leave it out.")
    patience = Patience(total_seconds=max(_LEAST_SECONDS, _SECONDS_A_SYMBOL * len(wanted)), pace=pace)
    gathering = gather_live(
        wanted, config.venue_urls, clock=now_ms, patience=patience, cache=history_cache(), done=step
    )
    if brackets:
        gathering = with_own_brackets(gathering, own, brackets)
    if not addresses:
        return gathering
    from reportgen.market.exchanges.positions import VENUE, with_positions

    at = min(now_ms(), gathering.as_of_ms)
    return with_positions(gathering, addresses, symbols, asked_at_ms=at, url=config.venue_urls.get(VENUE))


def live_input(config: Config, wanted: tuple[Wanted, ...], step: Step) -> LiveInput:
    """Ask the venues, and read what they gave as the market folder that it becomes.

    Raises:
        DataError: Not one gave candles.
    """
    from reportgen.market.folder.keep import fingerprint, folder_files
    from reportgen.market.folder.read import read_market

    gathering = gather_now(config, wanted, step)
    files = folder_files(gathering)
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in files.items():
            (Path(scratch) / name).write_bytes(content)
        gathered = read_market(
            Path(scratch),
            tuple(one.symbol for one in config.watchlist),
            as_of_ms=gathering.as_of_ms,
            assumptions=config.assumptions,
        )
    told = {**gathered.provenance, "folder": "live", "input": fingerprint(files)}
    return LiveInput(gathered=replace(gathered, provenance=told), files=files)
