"""Positions of known addresses among what was gathered, so that they are kept and read like everything else."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Final

import numpy as np
from pydantic import BaseModel, Field

from reportgen.market.data import VenueGap
from reportgen.market.exchanges.answers import NAN, readable
from reportgen.market.exchanges.connection import LINES, Connection
from reportgen.market.exchanges.gather import Gathering
from reportgen.market.exchanges.rows import TableRows
from reportgen.market.exchanges.units import coin_of
from reportgen.market.exchanges.venue import VenueFault
from reportgen.market.exchanges.venues import VENUES
from reportgen.market.folder.tables import POSITIONS
from reportgen.market.symbols import base_of, valid_address
from reportgen.market.web import Patience
from reportgen.units import HOUR_MS, Milliseconds

VENUE: Final = "hyperliquid"
_PATIENCE: Final = Patience()
_CLOCKS_APART_MS: Final = HOUR_MS
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Positive = Annotated[float, Field(allow_inf_nan=False, gt=0)]


class _Position(BaseModel):
    coin: str
    szi: _Number
    entry_price: _Positive = Field(alias="entryPx")
    liquidation_price: _Number | None = Field(default=None, alias="liquidationPx")


class _Held(BaseModel):
    position: _Position


class _Account(BaseModel):
    held: list[_Held] = Field(alias="assetPositions")
    time: int


def with_positions(
    gathering: Gathering,
    addresses: Sequence[str],
    symbols: Iterable[str],
    *,
    asked_at_ms: Milliseconds,
    url: str | None = None,
    patience: Patience = _PATIENCE,
) -> Gathering:
    """Ask for the positions of some addresses, and add them to what the venues gave.

    Args:
        gathering: Its as-of is not before `asked_at_ms`.
        addresses: 0x and 40 hexadecimal digits each; one given twice is asked once.
        symbols: Unified names; only their positions are kept.
        asked_at_ms: The run's clock: the positions are stamped with it.
        url: Where to send the requests instead, as URL/<original host>/<original path>.
        patience: How long to wait.

    Returns:
        With the positions of each symbol, or a gap that says why there are none: a venue that cannot be asked is a gap
        of every symbol, one address alone a note, at most one for each reason.
    """
    known, failed = _accounts(addresses, asked_at_ms, url, patience)
    several = f"The {len(known)} known addresses hold" if len(known) > 1 else "The known address holds"
    pieces, gaps = list(gathering.pieces), []
    for symbol in symbols:
        coin, own = coin_of(base_of(symbol))  # kPEPE is a thousand PEPE, and one 1000PEPE
        held = [
            (address, each.position, count / own)
            for address, account in sorted(known.items())
            for each in account.held
            for named, count in [coin_of(each.position.coin)]
            if named == coin and each.position.szi
        ]
        if not held:
            why = f"{several} no position in {base_of(symbol)} on {VENUES[VENUE].display}."
            why = why if known else next(iter(failed), "No address was given.")
            gaps.append((symbol, VenueGap(venue=VENUE, what="positions", reason=why)))
        for address, position, times in held:
            # NaN where no price above zero liquidates the position.
            price = position.liquidation_price or 0.0
            cells = {
                "time_ms": asked_at_ms,
                "size_base": abs(position.szi) * times,
                "entry_price": position.entry_price / times,
                "liquidation_price": (price if price > 0 else NAN) / times,
            }
            columns = {name: np.array([cell]) for name, cell in cells.items()}
            keys = (symbol, VENUE, address, "long" if position.szi > 0 else "short")
            pieces.append(TableRows(table=POSITIONS, keys=keys, columns=columns))
    notes = (
        f"Positions of {names[0]}{f' and {len(names) - 1} more addresses' if len(names) > 1 else ''} "
        f"are not known: {reason}"
        for reason, names in failed.items()
    )
    return gathering.but(pieces=pieces, gaps=gaps, notes=notes if known else ())


def _accounts(
    addresses: Sequence[str], asked_at_ms: Milliseconds, url: str | None, patience: Patience
) -> tuple[dict[str, _Account], dict[str, list[str]]]:
    """Ask for the accounts behind addresses; give those that answered, and by the reason the addresses that did not."""
    unique = tuple(dict.fromkeys(valid_address(each) for each in addresses))
    venue = VENUES[VENUE]
    line = Connection(venue, url, patience, lambda: asked_at_ms, time.monotonic() + patience.total_seconds)

    def one(address: str) -> _Account | str:
        question = {"type": "clearinghouseState", "user": address}
        try:
            with readable(venue):
                account = _Account.model_validate(line.ask("publicPostInfo", question, about="such address"))
        except VenueFault as fault:
            return str(fault)
        apart = abs(account.time - asked_at_ms)
        if apart <= _CLOCKS_APART_MS:
            return account
        return f"{venue.display}'s answer is {apart / HOUR_MS:.0f} hours apart from this machine's clock."

    # The first is asked alone: where the venue refuses this place, it is asked no more.
    with ThreadPoolExecutor(LINES) as pool:
        answers = [one(address) for address in unique[:1]] + list(pool.map(one, unique[1:]))
    failed: dict[str, list[str]] = {}
    for address, answer in zip(unique, answers, strict=True):
        if isinstance(answer, str):
            failed.setdefault(answer, []).append(address)
    told = zip(unique, answers, strict=True)
    return {address: answer for address, answer in told if isinstance(answer, _Account)}, failed
