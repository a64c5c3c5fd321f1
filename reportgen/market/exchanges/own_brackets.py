"""The user's own leverage brackets in a live run: Binance shows its present ones to accounts only.

A file is a `leverage_brackets` table (docs/data-formats.md), or Binance's own answer to `GET /fapi/v1/leverageBracket`
as JSON. What it says of a market stands instead of what the run would have taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import numpy as np
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from reportgen.errors import DataError
from reportgen.market.exchanges.gather import Gathering
from reportgen.market.exchanges.rows import TableRows
from reportgen.market.exchanges.units import coin_of
from reportgen.market.folder.append import write_table
from reportgen.market.folder.columns import read_rows
from reportgen.market.folder.files import open_database, open_table
from reportgen.market.folder.tables import BRACKETS
from reportgen.market.folder.validate import checked
from reportgen.market.symbols import base_of
from reportgen.units import Milliseconds

_SUFFIXES: Final = (".csv", ".parquet", ".json")
_Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Bracket(BaseModel):
    notional_floor: _Finite = Field(alias="notionalFloor")
    notional_cap: _Finite = Field(alias="notionalCap")
    maintenance_margin_rate: _Finite = Field(alias="maintMarginRatio")
    max_leverage: _Finite = Field(alias="initialLeverage")
    maintenance_amount: _Finite = Field(alias="cum")


class _Market(BaseModel):
    symbol: str
    brackets: list[_Bracket]


_ANSWER: Final = TypeAdapter(list[_Market] | _Market)


def own_brackets(path: Path, symbols: Sequence[str], as_of_ms: Milliseconds) -> tuple[TableRows, ...]:
    """Read the brackets of some symbols.

    Args:
        path: The user's file. Brackets in JSON carry no date: they count from the day of the run.
        symbols: Unified names.
        as_of_ms: The moment of the run; later tables are left out.

    Raises:
        DataError: The file cannot be read, or its rows are impossible.
    """
    if path.suffix not in _SUFFIXES:
        raise DataError(f"{path}: leverage brackets are read from {', '.join(_SUFFIXES)}. Name such a file.")
    if not path.is_file():
        raise DataError(f"{path}: the file of leverage brackets is not there. Correct its path.")
    with TemporaryDirectory() as folder:
        table = _as_table(path, symbols, as_of_ms, Path(folder)) if path.suffix == ".json" else path
        try:
            with open_database() as database:
                rows, _ = checked(read_rows(open_table(database, table, BRACKETS), tuple(symbols), as_of_ms))
        except DataError as error:
            raise DataError(str(error).replace(table.name, path.name)) from error
    return tuple(
        TableRows(
            table=BRACKETS,
            keys=each.keys,
            columns={name: rows.number(name)[each.rows] for name in BRACKETS.numbers},
        )
        for each in rows.series
    )


def with_own_brackets(gathering: Gathering, own: Sequence[TableRows], path: Path) -> Gathering:
    """Put the user's brackets in the place of what was gathered of the same symbol and venue.

    Nothing of these symbols in the file is worth a note that names it, not an error.
    """
    if not own:
        return gathering.but(notes=[f"{path.name} holds no leverage brackets of the watchlist, so it changed nothing."])
    theirs = {piece.keys[:2] for piece in own}
    kept = [piece for piece in gathering.pieces if piece.table is not BRACKETS or piece.keys[:2] not in theirs]
    return gathering.but(pieces=(*kept, *own))


def _as_table(path: Path, symbols: Sequence[str], as_of_ms: Milliseconds, folder: Path) -> Path:
    """Turn Binance's answer into a table, with the symbols as the watchlist names them.

    Raises:
        DataError: It is something else.
    """
    try:
        answer = _ANSWER.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        advice = "Save the answer of GET /fapi/v1/leverageBracket, or make a leverage_brackets table."
        raise DataError(f"{path}: is not Binance's list of leverage brackets. {advice}") from error
    coins = {f"{coin_of(base_of(symbol))[0]}USDT": symbol for symbol in symbols}
    found = [
        (coins[name], bracket)
        for market in (answer if isinstance(answer, list) else [answer])
        if (name := coin_of(market.symbol)[0]) in coins
        for bracket in market.brackets
    ]
    columns: dict[str, list[object]] = {
        "symbol": [symbol for symbol, _ in found],
        "venue": ["binance" for _ in found],
        "as_of": [str(np.datetime64(as_of_ms, "ms").astype("datetime64[D]")) for _ in found],
        **{name: [getattr(bracket, name) for _, bracket in found] for name in BRACKETS.numbers},
    }
    table = folder / f"{BRACKETS.name}.parquet"
    write_table(table, columns)
    return table
