"""Exact positions for a live brief or a fetch: addresses from the configuration, positions from Hyperliquid.

Only a run whose as-of is its own clock may ask: positions of now are later than the end of any folder.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reportgen.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from reportgen.config import Config
    from reportgen.market.data import Gathered
    from reportgen.market.web import Patience
    from reportgen.units import Milliseconds


def known_addresses(config: Config) -> tuple[str, ...]:
    """List the addresses that the configuration names, each once.

    Raises:
        DataError: The file cannot be read, or a line of it is no address; every such line.
    """
    if config.exact_file is None:
        return config.exact_addresses
    return addresses_in(config.exact_file)


def addresses_in(path: Path) -> tuple[str, ...]:
    """Read a file of addresses, one a line; # begins a comment.

    Raises:
        DataError: As `known_addresses`.
    """
    from reportgen.errors import UsageError  # noqa: PLC0415 - beside its only use
    from reportgen.market.hyperliquid import valid_address  # noqa: PLC0415 - heavy

    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise DataError(f"{path}: cannot be read ({why}). Give a text file with one address a line.") from error
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


def with_exact_positions(
    gathered: Gathered, config: Config, *, asked_at_ms: Milliseconds, patience: Patience | None = None
) -> Gathered:
    """Add the positions of the configured addresses to what a live run gathered.

    Args:
        gathered: Its as-of must not be earlier than `asked_at_ms`, else the positions are not used.
        config: Names addresses, and where Hyperliquid is asked.
        asked_at_ms: The run's clock.
        patience: How long to wait.
    """
    addresses = known_addresses(config)
    if not addresses:
        return gathered
    from reportgen.market.hyperliquid import VENUE, ask_positions  # noqa: PLC0415 - heavy
    from reportgen.units import Missing  # noqa: PLC0415 - beside its only use

    url = config.venue_urls.get(VENUE)
    asked = ask_positions(addresses, gathered.markets, asked_at_ms=asked_at_ms, url=url, patience=patience)
    found = {name: one if isinstance(one, Missing) else {VENUE: one} for name, one in asked.by_symbol.items()}
    markets = {name: replace(market, positions=found[name]) for name, market in gathered.markets.items()}
    return replace(gathered, markets=markets, notes=(*gathered.notes, *asked.notes))


def without_lookup(gathered: Gathered, config: Config) -> Gathered:
    """Say of a folder or the sample without positions that the configured addresses were not looked up."""
    from reportgen.market.data import NO_POSITIONS  # noqa: PLC0415 - heavy
    from reportgen.units import Missing  # noqa: PLC0415 - beside its only use

    if not config.exact_addresses and config.exact_file is None:
        return gathered
    why = Missing("Addresses are looked up with live data only, and these market data hold no positions.")
    markets = {
        name: replace(market, positions=why) if market.positions == NO_POSITIONS else market
        for name, market in gathered.markets.items()
    }
    return replace(gathered, markets=markets)
