"""Exact positions for a live brief or a fetch: whose addresses the configuration names, and where they stand unasked.

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
