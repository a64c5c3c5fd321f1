"""The etf_flows table of a market folder becomes the flows of one asset: what had been reported by as-of.

Stands beside `market/files.py`. A session's figure is known once its day is over, never on the day itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np

from reportgen.errors import DataError
from reportgen.market.data import NO_ETF_FLOWS, EtfFlows
from reportgen.market.opening import ROW, open_table
from reportgen.market.symbols import base_of
from reportgen.market.tables import ETF_FLOWS
from reportgen.units import Maybe, Milliseconds, Missing

_TOTAL = "TOTAL"


def read_fund_flows(
    database: duckdb.DuckDBPyConnection, path: Path | None, as_of_ms: Milliseconds
) -> Mapping[str, EtfFlows]:
    """Read the table, if there is one, as flows by asset; a row of a total counts only where no fund stands alone.

    Raises:
        DataError: A row cannot be read, or says the same twice in different words; names the row.
    """
    if path is None:
        return {}
    source = open_table(database, path, ETF_FLOWS)
    date, flow, known = source.typed("date"), source.typed("net_flow_quote"), source.known_at()
    table = ETF_FLOWS.name
    rules = (
        (f"{date} IS NULL", "date is no date such as 2026-01-19"),
        (f"{flow} IS NULL OR NOT isfinite({flow})", "net_flow_quote is no number of USD; leave pending rows out"),
        ("COALESCE(CAST(asset AS VARCHAR), '') = ''", "asset is empty"),
        ("COALESCE(CAST(ticker AS VARCHAR), '') = ''", "ticker is empty"),
    )
    placed = f"({known} IS NULL OR {known} <= {as_of_ms})"
    for bad, says in rules:
        row = database.execute(f"SELECT min({ROW}) FROM {table} WHERE {placed} AND ({bad})").fetchall()[0][0]  # noqa: S608 - our own names
        if row is not None:
            raise DataError(f"{path.name}: row {row}: {says}. Correct or remove the row.")
    found = database.execute(
        f"SELECT upper(CAST(asset AS VARCHAR)), strftime({date}, '%Y-%m-%d'), upper(CAST(ticker AS VARCHAR)), "  # noqa: S608 - our own names
        f"min({flow}), max({flow}), min({ROW}) FROM {table} WHERE {placed} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    ).fetchall()
    days: dict[str, dict[str, dict[str, float]]] = {}
    for asset, day, ticker, least, most, row in found:
        if least != most:
            raise DataError(f"{path.name}: row {row}: {asset} {ticker} on {day} stands there twice. Keep one of them.")
        days.setdefault(asset, {}).setdefault(day, {})[ticker] = least
    return {asset: _flows(sessions, path.name) for asset, sessions in days.items()}


def fund_flows(flows: Mapping[str, EtfFlows], symbol: str) -> Maybe[EtfFlows]:
    """Give the flows of the funds that hold a symbol's base coin."""
    if not flows:
        return NO_ETF_FLOWS
    base = base_of(symbol)
    return flows.get(base, Missing(f"The market data hold no ETF flows of {base} up to the as-of time."))


def _flows(sessions: Mapping[str, Mapping[str, float]], source: str) -> EtfFlows:
    """Add the funds up by session; a total beside them would count them twice."""
    funds = {
        day: {ticker: flow for ticker, flow in row.items() if ticker != _TOTAL or len(row) == 1}
        for day, row in sessions.items()
    }
    return EtfFlows(
        date=tuple(funds),
        net_flow_quote=np.array([sum(row.values()) for row in funds.values()], dtype=np.float64),
        tickers=np.array([len(row) for row in funds.values()], dtype=np.int64),
        source=source,
    )
