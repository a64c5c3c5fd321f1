"""Positions of known addresses among what was gathered, so that they are kept and read like everything else."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
from pydantic import BaseModel, Field

from reportgen.market.data import Positions, VenueGap
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
from reportgen.units import HOUR_MS, Maybe, Milliseconds, Missing

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


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPositions:
    """What a run learnt of the addresses.

    Attributes:
        by_symbol: For each symbol that was asked for, the positions or why there are none.
        notes: Sentences on addresses that gave nothing; at most one for each reason.
    """

    by_symbol: Mapping[str, Maybe[Positions]]
    notes: tuple[str, ...]


def ask_positions(
    addresses: Sequence[str],
    symbols: Iterable[str],
    *,
    asked_at_ms: Milliseconds,
    url: str | None = None,
    patience: Patience = _PATIENCE,
) -> AskedPositions:
    """Ask for the positions of some addresses.

    Args:
        addresses: 0x and 40 hexadecimal digits each; one given twice is asked once.
        symbols: Unified names; only their positions are kept.
        asked_at_ms: The run's clock: the positions are stamped with it.
        url: Where to send the requests instead, as URL/<original host>/<original path>.
        patience: How long to wait.

    Returns:
        Positions by symbol; a venue that cannot be asked makes every symbol Missing, one address alone a note.
    """
    unique = tuple(dict.fromkeys(valid_address(each) for each in addresses))
    venue = VENUES[VENUE]
    line = Connection(venue, url, patience, lambda: asked_at_ms, time.monotonic() + patience.total_seconds)
    failed: dict[str, list[str]] = {}

    def one(address: str) -> _Account | None:
        try:
            with readable(venue):
                account = _Account.model_validate(
                    line.ask("publicPostInfo", {"type": "clearinghouseState", "user": address}, about="such address")
                )
        except VenueFault as fault:
            why = str(fault)
        else:
            apart = abs(account.time - asked_at_ms)
            if apart <= _CLOCKS_APART_MS:
                return account
            why = f"{venue.display}'s answer is {apart / HOUR_MS:.0f} hours apart from this machine's clock."
        failed.setdefault(why, []).append(address)
        return None

    # The first is asked alone: where the venue refuses this place, it is asked no more.
    with ThreadPoolExecutor(LINES) as pool:
        answers = [one(address) for address in unique[:1]] + list(pool.map(one, unique[1:]))
    known = {address: account for address, account in zip(unique, answers, strict=True) if account is not None}
    if not known:
        why = Missing(next(iter(failed), "No address was given."))
        return AskedPositions(by_symbol=dict.fromkeys(symbols, why), notes=())
    notes = tuple(
        f"Positions of {names[0]}{f' and {len(names) - 1} more addresses' if len(names) > 1 else ''} "
        f"are not known: {reason}"
        for reason, names in sorted((reason, sorted(names, key=unique.index)) for reason, names in failed.items())
    )
    return AskedPositions(by_symbol={each: _positions_in(each, known, asked_at_ms) for each in symbols}, notes=notes)


def _positions_in(symbol: str, known: Mapping[str, _Account], asked_at_ms: Milliseconds) -> Maybe[Positions]:
    """Gather the positions in one symbol, by address."""
    coin, own = coin_of(base_of(symbol))  # kPEPE is a thousand PEPE, and one 1000PEPE
    held = [
        (address, each.position, count / own)
        for address, account in sorted(known.items())
        for each in account.held
        for named, count in [coin_of(each.position.coin)]
        if named == coin and each.position.szi
    ]
    if not held:
        count = f"{len(known)} known addresses hold" if len(known) > 1 else "known address holds"
        return Missing(f"The {count} no position in {base_of(symbol)} on {VENUES[VENUE].display}.")
    # NaN where no price above zero liquidates the position.
    prices = [price if (price := each.liquidation_price) and price > 0 else NAN for _, each, _ in held]
    times = np.array([times for _, _, times in held])
    return Positions(
        address=tuple(address for address, _, _ in held),
        is_long=np.array([position.szi > 0 for _, position, _ in held], dtype=np.bool_),
        size_base=np.array([abs(position.szi) for _, position, _ in held]) * times,
        entry_price=np.array([position.entry_price for _, position, _ in held]) / times,
        liquidation_price=np.array(prices) / times,
        time_ms=asked_at_ms,
    )


def with_positions(gathering: Gathering, asked: AskedPositions, asked_at_ms: Milliseconds) -> Gathering:
    """Add the positions of some addresses, or the reason why there are none, to what the venues gave.

    Args:
        gathering: Its as-of is not before `asked_at_ms`.
        asked: By symbol.
        asked_at_ms: When the addresses were looked up.
    """
    time_ms = np.array([min(asked_at_ms, gathering.as_of_ms)], dtype=np.int64)
    pieces, gaps = list(gathering.pieces), []
    for symbol, held in asked.by_symbol.items():
        if isinstance(held, Missing):
            gaps.append((symbol, VenueGap(venue=VENUE, what="positions", reason=held.reason)))
            continue
        columns = {name: getattr(held, name) for name in (*POSITIONS.numbers, *POSITIONS.optional)}
        pieces += [
            TableRows(
                table=POSITIONS,
                keys=(symbol, VENUE, address, "long" if held.is_long[row] else "short"),
                columns={"time_ms": time_ms} | {name: values[row : row + 1] for name, values in columns.items()},
            )
            for row, address in enumerate(held.address)
        ]
    return gathering.but(pieces=pieces, gaps=gaps, notes=asked.notes)
