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
from reportgen.config.text import TextError, read_text
from reportgen.errors import DataError
from reportgen.market.data import EtfFlows
from reportgen.market.web import LARGEST_BYTES, Network, Request
from reportgen.units import Maybe, Missing

SOSOVALUE: Final = "https://openapi.sosovalue.com"
MILLION: Final = 1_000_000
"""The page's tables are in millions of USD."""

_DASHES: Final = frozenset({"", "-", "\u2010", "\u2012", "\u2013", "\u2014", "\u2212", "n/a", "na"})
_DATES: Final = (
    "%d %b %Y", "%d %B %Y", "%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d %b %y", "%b %d %Y", "%B %d %Y",
)  # fmt: skip
"""With blanks for what parts a date of words: 19-Nov-26 and Nov 19, 2026 are among them."""

_SLASHED: Final = ("%m/%d/%Y", "%d/%m/%Y")
_NO_SESSION: Final = frozenset(
    {"total", "totals", "average", "avg", "mean", "median", "maximum", "max", "minimum", "min", "fee", "fees", "seed",
     "sum", "cumulative", "net"}
)  # fmt: skip
"""What a row below the first date may begin with that is no session."""

_NO_FLOW: Final = frozenset(
    {"asset", "assets", "aum", "nav", "price", "close", "volume", "turnover", "traded", "cum", "cumulative", "holdings",
     "cap", "marketcap", "premium", "value"}
)  # fmt: skip
_TOTAL: Final = frozenset({"total", "sum", "net"})
"""Words in the title of a column that is no fund: what is no flow at all, and what adds funds up."""

_ROUNDING: Final = 0.1
_LEAST_FUNDS, _LEAST_ROWS = 2, 3
"""A last column without a name is a total when it adds up more than one fund on so many sessions."""

_LATELY: Final = 3
"""Sessions after which a fund that no longer reports is one that has closed."""

_STYLES: Final = {
    ",": re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?"),
    ".": re.compile(r"(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]+)?"),
}
"""How a number is written, by its thousands mark: it stands before exactly three digits."""


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
    dash is pending. Columns of totals, assets, prices and volumes are no funds, and rows of totals no sessions.

    Raises:
        DataError: The file cannot be read, or its rows do not add up to its Total column.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise DataError(f"{path}: is larger than {LARGEST_BYTES // MILLION} MB. Keep the last year.")
        text = read_text(path)
    except OSError as error:
        why = "there is no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise DataError(f"{path}: {why}. Correct `file:` under `etf_flows:`.") from error
    if text.lstrip()[:1] == "<":
        raise DataError(f"{path}: is a web page, not a table. Copy the table itself into a text file.")
    delimiter = next((mark for mark in "\t;" if mark in text), ",")
    headers: list[list[str]] = []
    rows: list[tuple[str, str, list[str]]] = []
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter), start=1):
            row = [cell.strip() for cell in cells]
            if any(row) and (rows or _day(row[0], _SLASHED)):
                rows.append((f"{path.name}:{number}", row[0], row[1:]))
            else:
                headers.append(row)
    except csv.Error:
        place = f"{path.name}:{len(headers) + len(rows) + 1}"
        raise DataError(f"{place}: this is no table of flows: a cell never ends. Copy it again.") from None
    days = _dated(rows, path.name)
    if not any(cell for _, cells in days.values() for cell in cells):
        raise DataError(
            f"{path.name}: its dates stand alone in their lines. Copy the table with its columns, not cell by cell."
        )
    # Give the words that stand above each column: pages have two lines of names, issuers and tickers.
    width = max(len(cells) for _, cells in days.values())
    above = [[row[at + 1] if at + 1 < len(row) else "" for row in headers] for at in range(width)]
    split = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
    titles = [frozenset(word.lower() for cell in column for word in split.findall(cell)) for column in above]
    kept = [at for at, words in enumerate(titles) if not words & _NO_FLOW]
    flows = _figures(
        {day: (place, [cells[at] for at in kept if at < len(cells)]) for day, (place, cells) in days.items()}
    )
    total_at = _total_column([titles[at] for at in kept], [figures for _, figures in flows.values()])
    totals = {at for at, column in enumerate(kept) if titles[column] & _TOTAL}
    checked = {day: _funds(figures, total_at, totals, place) for day, (place, figures) in flows.items()}
    _sure_of_commas(days, total_at, path.name)
    return _sessions(checked, path.name)


def _dated(rows: list[tuple[str, str, list[str]]], name: str) -> dict[date, tuple[str, list[str]]]:
    """Give the rows by session; a row with figures that begins with neither a date nor a known word is a mistake."""
    slashed = [first for _, first, _ in rows if "/" in first]
    forms = tuple(form for form in _SLASHED if all(_day(first, (form,)) for first in slashed))
    if len(forms) != 1 and any(not _day(first, ()) for first in slashed):
        raise DataError(f"{name}: `{slashed[0][:20]}` may be of two days. Write dates as 2026-11-19.")
    found: dict[date, tuple[str, list[str]]] = {}
    for place, first, cells in rows:
        day = _day(first, forms)
        word = next(iter(re.findall(r"[a-z]+", first.lower())), "")
        if day is None and (word not in _NO_SESSION or first[:1].isdigit()) and _holds_figures([first, *cells]):
            alone = " Copy the table with its columns, not cell by cell." if not any(cells) else ""
            raise DataError(f"{place}: `{first[:20]}` is neither a date nor a row of totals. Correct it.{alone}")
        if day in found:
            raise DataError(f"{place}: {day} stands there twice. Keep one of them.")
        if day is not None:
            found[day] = (place, cells)
    if not found:
        raise DataError(f"{name}: holds no row that begins with a date such as 08 Sep 2026.")
    return found


def _holds_figures(cells: list[str]) -> bool:
    return any(re.fullmatch(r"[($\s\-\u2212]*[0-9][0-9.,\s]*\)?", cell) for cell in cells)


def _total_column(titles: list[frozenset[str]], rows: list[list[float | None]]) -> int | None:
    """Find the column of totals: the one that is named so, else a last one that adds the rest up."""
    named = next((at for word in ("total", "sum", "net") for at, title in enumerate(titles) if word in title), None)
    if named is not None:
        return named
    width = max(map(len, rows))
    whole = [known for row in rows if len(known := [one for one in row if one is not None]) == width > _LEAST_FUNDS]
    adds_up = all(abs(sum(row[:-1]) - row[-1]) <= _ROUNDING * len(row) for row in whole)
    moved = sum(any(row) for row in whole)
    return width - 1 if adds_up and moved >= _LEAST_ROWS else None


def _funds(figures: list[float | None], total_at: int | None, totals: set[int], place: str) -> list[float | None]:
    """Give a row's flows by fund, None where pending, and hold them against its total."""
    flows = [flow for at, flow in enumerate(figures) if at != total_at and at not in totals]
    total = None if total_at is None or total_at >= len(figures) else figures[total_at]
    known = [flow for flow in flows if flow is not None]
    if total is not None and known and abs(sum(known) - total) > _ROUNDING * (len(known) + 1):
        raise DataError(
            f"{place}: the funds add up to {sum(known):.1f}, and the total says {total:.1f}. Copy it again."
        )
    return flows or [total]


def _figures(days: Mapping[date, tuple[str, list[str]]]) -> dict[date, tuple[str, list[float | None]]]:
    """Read every cell by the one way of writing numbers that fits them all: 1,234.5 or 1.234,5."""
    cells = [cell for _, row in days.values() for cell in row]
    mark = next((mark for mark in _STYLES if all(_reads(cell, mark) for cell in cells)), ",")
    return {day: (place, [_flow(cell, place, mark) for cell in row]) for day, (place, row) in days.items()}


def _sure_of_commas(days: Mapping[date, tuple[str, list[str]]], total_at: int | None, name: str) -> None:
    """Refuse commas before three digits where neither a point nor a total of mixed cells shows what they part.

    Where every figure has such a comma, its total agrees either way.
    """
    cells = [cell for _, row in days.values() for cell in row]
    doubtful = [cell for cell in cells if re.search(r"[0-9],[0-9]{3}(?![0-9])", cell)]
    shown = any("." in cell for cell in cells) or not all(_reads(cell, ",") for cell in cells)
    mixed = total_at is not None and any(re.search("[1-9]", cell) and "," not in cell for cell in cells)
    if doubtful and not shown and not mixed:
        raise DataError(
            f"{name}: the comma of `{doubtful[0][:20]}` may part thousands or decimals. Write it with a point, or copy "
            "the Total column too."
        )


def _bare(cell: str) -> str:
    return re.sub(r"[\s\u2009\u202f$'’]", "", cell)


def _reads(cell: str, mark: str) -> bool:
    plain = _bare(cell)
    fits = _STYLES[mark].fullmatch(plain.strip("(-\u2212+)"))
    return plain.lower() in _DASHES or bool(fits and plain.startswith("(") == plain.endswith(")"))


def _flow(cell: str, place: str, mark: str) -> float | None:
    """Read 125.5, (3.2), −3.2 or a dash; mark parts thousands."""
    plain = _bare(cell)
    if plain.lower() in _DASHES:
        return None
    if not _reads(cell, mark):
        raise DataError(f"{place}: `{cell[:40]}` is not a flow in millions. Correct the cell, or put a dash.")
    size = float(plain.strip("(-\u2212+)").replace(mark, "").replace(",", "."))
    return -size if re.match(r"\(?[\-\u2212]|\(", plain) else size


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
            key = read_text(source.key.file).strip().partition("\n")[0]
        except (OSError, TextError):
            return Missing(f"The key for ETF flows of {source.asset} could not be read from its file.")
    else:
        key = os.environ.get(source.key.env or "", "").strip()
    if not key or not key.isascii() or not key.isprintable():
        return Missing(f"The key for ETF flows of {source.asset} is not set.")
    return key


def _day(cell: str, slashed: tuple[str, ...]) -> date | None:
    """Read a day, with or without a weekday before it and a time behind it."""
    plain = re.sub(
        r"[T ][0-9]{1,2}:[0-9]{2}.*$",
        "",
        re.sub(r"^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+", "", cell.strip(), flags=re.IGNORECASE),
    )
    if re.search("[A-Za-z]", plain):
        plain = re.sub(r"[\s,./\-]+", " ", plain).replace("Sept ", "Sep ").strip()
    for form in (*_DATES, *slashed):
        try:
            return datetime.strptime(plain, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None
