"""Positions of known addresses among what was gathered, so that they are kept and read like everything else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Annotated, Final

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from reportgen.errors import UsageError
from reportgen.market.data import Positions, VenueGap
from reportgen.market.exchanges.gather import Gathering
from reportgen.market.exchanges.rows import TableRows
from reportgen.market.folder.tables import POSITIONS
from reportgen.market.symbols import base_of
from reportgen.market.web import Patience, Request, WebError, ask, unreadable
from reportgen.units import HOUR_MS, Maybe, Milliseconds, Missing

VENUE: Final = "hyperliquid"
INFO: Final = "https://api.hyperliquid.xyz/info"
_WHO: Final = "Hyperliquid"
_AT_ONCE: Final = 4
"""Addresses asked at once; the venue allows 600 such questions a minute."""
_THOUSAND: Final = 1000
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _AddressResult:
    """One address: its positions, or the sentence why not."""

    address: str
    account: _Account | None
    reason: str


def valid_address(text: str) -> str:
    """Give an address in lower case.

    Raises:
        UsageError: It is not 0x and 40 hexadecimal digits.
    """
    if not _ADDRESS.fullmatch(text.strip()):
        raise UsageError(f"`{text.strip()}` is no address. Write 0x and 40 hexadecimal digits.")
    return text.strip().lower()


def ask_positions(
    addresses: Sequence[str],
    symbols: Iterable[str],
    *,
    asked_at_ms: Milliseconds,
    url: str | None = None,
    patience: Patience | None = None,
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
    wanted = tuple(symbols)
    if not unique:
        return AskedPositions(by_symbol={symbol: Missing("No address was given.") for symbol in wanted}, notes=())
    answers = _ask_all(unique, asked_at_ms, url, patience or Patience())
    failed = [answer for answer in answers if answer.account is None]
    notes = () if len(failed) == len(answers) else _notes(failed)
    found = {symbol: _positions_in(symbol, answers, asked_at_ms) for symbol in wanted}
    return AskedPositions(by_symbol=found, notes=notes)


def _ask_all(
    addresses: tuple[str, ...], asked_at_ms: Milliseconds, url: str | None, patience: Patience
) -> tuple[_AddressResult, ...]:
    """Ask the first alone: where the venue refuses this place, it is asked no more."""
    try:
        first = _ask_one(addresses[0], asked_at_ms, url, patience)
    except WebError as error:
        return tuple(_AddressResult(address=each, account=None, reason=str(error)) for each in addresses)

    def one(address: str) -> _AddressResult:
        try:
            return _ask_one(address, asked_at_ms, url, patience)
        except WebError as error:
            return _AddressResult(address=address, account=None, reason=str(error))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return first, *pool.map(one, addresses[1:])


def _ask_one(address: str, asked_at_ms: Milliseconds, url: str | None, patience: Patience) -> _AddressResult:
    """Ask about one address.

    Raises:
        WebError: The venue refuses this place: nobody else needs to be asked.
    """
    question = Request(
        who=_WHO, url=INFO, body=json.dumps({"type": "clearinghouseState", "user": address}), instead=url
    )
    try:
        account = _Account.model_validate(ask(question, patience))
    except ValidationError:
        return _AddressResult(address=address, account=None, reason=str(unreadable(_WHO)))
    except WebError as error:
        if error.final:
            raise
        return _AddressResult(address=address, account=None, reason=str(error))
    if abs(account.time - asked_at_ms) > _CLOCKS_APART_MS:
        hours = abs(account.time - asked_at_ms) / HOUR_MS
        why = f"{_WHO}'s answer is {hours:.0f} hours apart from this machine's clock."
        return _AddressResult(address=address, account=None, reason=why)
    return _AddressResult(address=address, account=account, reason="")


def _notes(failed: Sequence[_AddressResult]) -> tuple[str, ...]:
    """Say which addresses are not known; those of one reason together."""
    reasons = dict.fromkeys(answer.reason for answer in failed)
    counted = {reason: [answer.address for answer in failed if answer.reason == reason] for reason in reasons}
    return tuple(
        f"Positions of {names[0]}{f' and {len(names) - 1} more addresses' if len(names) > 1 else ''} "
        f"are not known: {reason}"
        for reason, names in counted.items()
    )


def coin_of(symbol: str) -> Mapping[str, float]:
    """Name the coins that speak of a symbol, each with the base coins that one of its coins is.

    BTC is BTC; kPEPE is a thousand PEPE, so PEPE takes its sizes times 1000 and 1000PEPE takes them as they are.
    """
    base = base_of(symbol)
    bare = base.removeprefix(str(_THOUSAND))
    if bare != base:
        return {f"k{bare}": 1.0, base: 1.0}
    return {base: 1.0, f"k{base}": float(_THOUSAND)}


def _positions_in(symbol: str, answers: tuple[_AddressResult, ...], asked_at_ms: Milliseconds) -> Maybe[Positions]:
    """Gather the positions in one symbol, by address."""
    known = [(answer.address, answer.account) for answer in answers if answer.account is not None]
    if not known:
        return Missing(answers[0].reason)
    coins = coin_of(symbol)
    held = [
        (address, each.position, coins[each.position.coin])
        for address, account in known
        for each in account.held
        if each.position.coin in coins and each.position.szi
    ]
    if not held:
        count = f"{len(known)} known addresses hold" if len(known) > 1 else "known address holds"
        return Missing(f"The {count} no position in {base_of(symbol)} on {_WHO}.")
    held.sort(key=lambda one: one[0])
    return Positions(
        address=tuple(address for address, _, _ in held),
        is_long=np.array([position.szi > 0 for _, position, _ in held], dtype=np.bool_),
        size_base=np.array([abs(position.szi) * times for _, position, times in held]),
        entry_price=np.array([position.entry_price / times for _, position, times in held]),
        liquidation_price=np.array([_price(position) / times for _, position, times in held]),
        time_ms=asked_at_ms,
    )


def _price(position: _Position) -> float:
    """Give the liquidation price, NaN where no price above zero liquidates the position."""
    price = position.liquidation_price
    return float("nan") if price is None or price <= 0 else price


_WHAT = "positions"


def with_positions(gathering: Gathering, asked: AskedPositions, asked_at_ms: Milliseconds) -> Gathering:
    """Add the positions of some addresses, or the reason why there are none, to what the venues gave.

    Args:
        gathering: Its as-of is not before `asked_at_ms`.
        asked: By symbol.
        asked_at_ms: When the addresses were looked up.
    """
    at = min(asked_at_ms, gathering.as_of_ms)
    known = {symbol: one for symbol, one in asked.by_symbol.items() if not isinstance(one, Missing)}
    gaps = [
        (symbol, VenueGap(venue=VENUE, what=_WHAT, reason=one.reason))
        for symbol, one in asked.by_symbol.items()
        if isinstance(one, Missing)
    ]
    pieces = [piece for symbol, one in known.items() for piece in _pieces(symbol, one, at)]
    return replace(
        gathering,
        pieces=tuple(sorted((*gathering.pieces, *pieces), key=lambda piece: (piece.table.name, piece.keys))),
        gaps=tuple(sorted((*gathering.gaps, *gaps), key=lambda gap: (gap[0], gap[1].venue, gap[1].what))),
        notes=tuple(sorted({*gathering.notes, *asked.notes})),
    )


def _pieces(symbol: str, positions: Positions, at_ms: Milliseconds) -> list[TableRows]:
    """Make one piece a position: address and side are its keys."""
    columns = {
        "size_base": positions.size_base,
        "entry_price": positions.entry_price,
        "liquidation_price": positions.liquidation_price,
    }
    time = np.array([at_ms], dtype=np.int64)
    return [
        TableRows(
            table=POSITIONS,
            keys=(symbol, VENUE, address, "long" if positions.is_long[row] else "short"),
            columns={"time_ms": time} | {name: values[row : row + 1] for name, values in columns.items()},
        )
        for row, address in enumerate(positions.address)
    ]
