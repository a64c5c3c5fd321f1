"""ETF flows from elsewhere than the market folder: a table as copied from a public page, or an API with a key.

Stands at the edge, behind `market/web.py`. What comes in becomes the frozen `EtfFlows` that the folder's table gives.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from reportgen.config.events import FlowApi, FlowFile, FlowSource
from reportgen.errors import DataError
from reportgen.market.data import EtfFlows
from reportgen.market.web import LARGEST_BYTES, Network, Request
from reportgen.units import Maybe, Missing

SOSOVALUE: Final = "https://openapi.sosovalue.com"
MILLION: Final = 1_000_000
"""The page's tables are in millions of USD."""

_DASHES: Final = frozenset({"", "-", "\u2010", "\u2012", "\u2013", "\u2014", "\u2212", "n/a"})
_DATES: Final = ("%d %b %Y", "%d %B %Y", "%Y-%m-%d")
_ROUNDING: Final = 0.1
_LEAST_FUNDS, _LEAST_ROWS = 2, 3
"""A last column without a name is a total when it adds up more than one fund on so many sessions."""

_LATELY: Final = 3
"""Sessions after which a fund that no longer reports is one that has closed."""

_FLOW: Final = re.compile(r"\(?[-\u2212]?\$?[0-9][0-9,]*(\.[0-9]+)?\)?")


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore")

    date: date
    total_net_inflow: float | None = None


class _Answer(BaseModel):
    data: list[_Row]


def gather_flows(sources: Iterable[FlowSource], network: Network) -> Mapping[str, Maybe[EtfFlows]]:
    """Read the flows of each asset; of several sources of an asset the first that gives any.

    Args:
        sources: As configured. network: how to fetch.
        network: How to fetch.

    Raises:
        DataError: A file cannot be read or does not add up.
    """
    found: dict[str, Maybe[EtfFlows]] = {}
    for source in sources:
        if isinstance(found.get(source.asset, Missing("")), Missing):
            flows = read_flow_file(source.file) if isinstance(source, FlowFile) else _of_api(source, network)
            found[source.asset] = flows
    return found


def read_flow_file(path: Path) -> EtfFlows:
    """Read a table as copied from a public page of ETF flows, in millions of USD.

    Tabs, commas or semicolons part the cells; negatives stand in parentheses or have a minus, an ASCII or a true one; a
    dash is pending. Rows that begin with no date (totals, averages, fees) and a Total column are not funds.

    Raises:
        DataError: The file cannot be read, or its rows do not add up to its Total column.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise DataError(f"{path}: is larger than {LARGEST_BYTES // MILLION} MB. Keep the last year.")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8. Save it as UTF-8.") from error
    except OSError as error:
        why = "there is no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise DataError(f"{path}: {why}. Correct `file:` under `etf_flows:`.") from error
    if text.lstrip()[:1] == "<":
        raise DataError(f"{path}: is a web page, not a table. Copy the table itself into a text file.")
    return _table(text, path.name)


def _table(text: str, name: str) -> EtfFlows:
    counts = {mark: text.count(mark) for mark in "\t;,"}
    delimiter = next((mark for mark in "\t;" if counts[mark]), ",")
    headers: list[list[str]] = []
    rows: dict[date, tuple[str, list[str]]] = {}
    for number, cells in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter), start=1):
        row = [cell.strip() for cell in cells]
        day = _date(row[0]) if row else None
        if day is None:
            headers += [] if rows else [row]
            continue
        if day in rows:
            raise DataError(f"{name}:{number}: {day} stands there twice. Keep one of them.")
        rows[day] = (f"{name}:{number}", row)
    if not rows:
        raise DataError(f"{name}: holds no row that begins with a date such as 08 Sep 2026.")
    flows = {day: (place, [_flow(cell, place) for cell in row[1:]]) for day, (place, row) in rows.items()}
    total_at = _total_column(headers, [figures for _, figures in flows.values()])
    return _sessions({day: _funds(figures, total_at, place) for day, (place, figures) in flows.items()}, name)


def _total_column(headers: list[list[str]], rows: list[list[float | None]]) -> int | None:
    """Find the column of totals: the one that a line above the dates names so, else a last one that adds the rest up.

    Funds have two lines of names on such a page, issuers and tickers, and either may hold the word.
    """
    named = (at - 1 for row in headers for at, title in enumerate(row) if at and title.lower() == "total")
    found = next(named, None)
    if found is not None:
        return found
    width = max(map(len, rows))
    whole = [known for row in rows if len(known := [one for one in row if one is not None]) == width > _LEAST_FUNDS]
    adds_up = all(abs(sum(row[:-1]) - row[-1]) <= _ROUNDING * len(row) for row in whole)
    moved = sum(any(row) for row in whole)
    return width - 1 if adds_up and moved >= _LEAST_ROWS else None


def _funds(figures: list[float | None], total_at: int | None, place: str) -> list[float | None]:
    """Give a row's flows by fund, None where pending, and hold them against its total."""
    flows = [flow for at, flow in enumerate(figures) if at != total_at]
    total = None if total_at is None or total_at >= len(figures) else figures[total_at]
    known = [flow for flow in flows if flow is not None]
    if total is not None and known and abs(sum(known) - total) > _ROUNDING * (len(known) + 1):
        raise DataError(
            f"{place}: the funds add up to {sum(known):.1f}, and the total says {total:.1f}. Copy it again."
        )
    return flows or [total]


def _flow(cell: str, place: str) -> float | None:
    """Read 125.5, (3.2), −3.2 or a dash."""
    if cell.strip().lower() in _DASHES:
        return None
    plain = cell.replace(" ", "")
    if not _FLOW.fullmatch(plain) or plain.startswith("(") != plain.endswith(")"):
        raise DataError(f"{place}: `{cell[:40]}` is not a flow in millions. Correct the cell, or put a dash.")
    size = float(re.sub(r"[^0-9.]", "", plain))
    return -size if re.match(r"[(\-\u2212]", plain) else size


def _sessions(days: Mapping[date, list[float | None]], source: str) -> EtfFlows:
    """Add the funds up by session; one that fewer funds had reported than lately is pending, not smaller."""
    kept: list[tuple[str, float, int]] = []
    counts: list[int] = []
    for day, flows in sorted(days.items()):
        known = [flow for flow in flows if flow is not None]
        if not known:
            continue
        if len(known) >= max(counts[-_LATELY:], default=0):
            kept.append((day.isoformat(), sum(known) * MILLION, len(known)))
        counts.append(len(known))
    return EtfFlows(
        date=tuple(day for day, _, _ in kept),
        net_flow_quote=np.array([flow for _, flow, _ in kept], dtype=np.float64),
        tickers=np.array([count for _, _, count in kept], dtype=np.int64),
        source=source,
    )


def _of_api(source: FlowApi, network: Network) -> Maybe[EtfFlows]:
    """Ask SoSoValue; a missing key, an outage or another shape is a reason, not the end of the brief."""
    key = _key(source)
    if isinstance(key, Missing):
        return key
    asked = urlencode({"symbol": source.asset, "country_code": "US", "limit": 60})
    base = (source.url or SOSOVALUE).rstrip("/")
    request = Request(url=f"{base}/openapi/v1/etfs/summary-history?{asked}", headers={"x-soso-api-key": key})
    answer = network.read(request, lambda content: _sosovalue(content, source.asset))
    if isinstance(answer, str):
        return Missing(f"ETF flows of {source.asset} are missing: {answer}.")
    days = {row.date: row.total_net_inflow for row in answer.value}
    known = [(day, flow) for day, flow in sorted(days.items()) if flow is not None and math.isfinite(flow)]
    return EtfFlows(
        date=tuple(day.isoformat() for day, _ in known),
        net_flow_quote=np.array([flow for _, flow in known], dtype=np.float64),
        tickers=np.ones(len(known), dtype=np.int64),
        source=f"{request.shown}{', ' + answer.note.rstrip('.') if answer.note else ''}",
    )


def _sosovalue(content: bytes, asset: str) -> list[_Row]:
    try:
        return _Answer.model_validate_json(content).data
    except ValidationError as error:
        raise DataError(f"it gave no ETF flows of {asset} in the shape it is known for") from error


def _key(source: FlowApi) -> Maybe[str]:
    """Read the key; it goes nowhere but into the request."""
    if source.key.file is not None:
        try:
            key = source.key.file.read_text(encoding="utf-8").strip().partition("\n")[0]
        except (OSError, UnicodeDecodeError):
            return Missing(f"The key for ETF flows of {source.asset} could not be read from its file.")
    else:
        key = os.environ.get(source.key.env or "", "").strip()
    if not key or not key.isascii() or not key.isprintable():
        return Missing(f"The key for ETF flows of {source.asset} is not set.")
    return key


def _date(cell: str) -> date | None:
    for form in _DATES:
        try:
            return datetime.strptime(cell, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None
