"""A year of daily briefs, built and verified, and an index of ten years: `.venv/bin/python -m benchmarks.archive`.

The market is simulated, one symbol, with a month or two of history before each morning. Page and rows, site and
manifest are the product's own; charts and the PDF are left out, since `python -m benchmarks` measures them, and would
be nine tenths of the time here. A whole year takes some minutes, nearly all of it for the briefs themselves.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, Self

import numpy as np

from reportgen.brief.types import Brief
from reportgen.brief.write import write_brief
from reportgen.config.assumptions import DEFAULTS
from reportgen.delivery.archive.commit import commit, write_brief_files, writing
from reportgen.delivery.archive.days import morning_of
from reportgen.delivery.archive.query import run_query
from reportgen.delivery.archive.site import Site, every_page, pages_with, site_of, with_brief
from reportgen.delivery.archive.store import FolderStore, open_store
from reportgen.delivery.archive.upkeep import rebuild, verify
from reportgen.market.folder.append import write_table
from reportgen.market.folder.read import read_market
from reportgen.moments import parse_moment
from reportgen.render.charts.ladder import BARS, ZoneBand
from reportgen.render.html import render_html
from reportgen.render.json import brief_to_json
from reportgen.render.site.days import Bar, BriefDay, SymbolDay
from reportgen.units import DAY_MS, HOUR_MS, Side
from scripts.simulator.conditions import draw_conditions, draw_legs
from scripts.simulator.market import simulate
from scripts.simulator.tables import Listing, folder_tables
from scripts.simulator.worlds import DEFAULT_WORLD

SYMBOL: Final = "BTC/USDT:USDT"
HISTORY_DAYS: Final = 30
TEN_YEARS: Final = 3650
QUESTION: Final = "select symbol, label, count(*), avg(share) from zones group by symbol, label order by symbol, label"
FEW_DRAWS: Final = replace(DEFAULTS, draws=50)


class Watch:
    """Milliseconds on the clock and of this process, from entering to leaving."""

    def __enter__(self) -> Self:
        """Start."""
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._wall, self._cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu

    def read(self) -> list[float]:
        """Give wall and processor time."""
        return [round(1000 * self._wall, 1), round(1000 * self._cpu, 1)]


def write_market(folder: Path, days: int, end_ms: int) -> None:
    """Simulate one market and write its tables."""
    rng = np.random.default_rng(1)
    world = replace(DEFAULT_WORLD, start_price=90_000.0, crowd_weight=40.0)
    conditions = draw_conditions(
        rng, world, start_ms=end_ms - days * DAY_MS, days=days, legs=draw_legs(rng, world, days)
    )
    listing = Listing(
        symbol=SYMBOL, venue="binance", market=simulate(rng, world, conditions), share=1.0, price_decimals=1,
        size_decimals=1, depth_per_percent=6e7, half_spread=0.00001,
    )  # fmt: skip
    for name, columns in folder_tables(rng, [listing]).items():
        write_table(folder / f"{name}.parquet", columns)


def brief_at(folder: Path, as_of_ms: int) -> Brief:
    """Write the brief of one morning."""
    gathered = read_market(folder, (SYMBOL,), as_of_ms=as_of_ms, assumptions=FEW_DRAWS)
    return write_brief(
        gathered, timeframe="4h", timeframe_ms=4 * HOUR_MS, horizon_hours=24.0, timezone="UTC", assumptions=FEW_DRAWS
    )


def build(days: int, output: Path, scratch: Path) -> dict[str, object]:
    """Build an archive day by day, verify it, ask it, and say how long each took."""
    end_ms = parse_moment("2026-11-20T07:00Z")
    days_ms = []
    for first in range(0, days, HISTORY_DAYS):  # each morning reads a short folder, as it would in the field
        count = min(HISTORY_DAYS, days - first)
        folder = scratch / str(first)
        folder.mkdir()
        write_market(folder, HISTORY_DAYS + count, end_ms - (days - first - count) * DAY_MS)
        for day in range(count):
            made = brief_at(folder, end_ms - (days - first - 1 - day) * DAY_MS)
            page, content = render_html(made), brief_to_json(made)
            with Watch() as watch:
                write_brief_files(
                    output, morning_of(made), files={"brief.html": page, "brief.pdf": b"%PDF-", "brief.json": content}
                )
            days_ms.append(watch.read())
    found: dict[str, object] = {
        "write, median": np.median(days_ms, axis=0).round(1).tolist(),
        "write, the last ten": np.median(days_ms[-10:], axis=0).round(1).tolist(),
    }
    store = open_store(output)
    with Watch() as watch:
        verdict = verify(store)
    found |= {"verify": watch.read(), "files": verdict.files, "MiB": round(verdict.size / 2**20, 1)}
    with Watch() as watch:
        run_query(store, QUESTION)
    return found | {"files at fault": len(verdict.findings), "a query over every day": watch.read()}


def ten_years(symbols: int) -> Site:
    """Make the records of ten years of mornings."""
    rng = np.random.default_rng(2)
    prices = 90_000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (TEN_YEARS, symbols)), axis=0))
    first = date(2016, 11, 22)
    days = [_day(first + timedelta(days=number), row) for number, row in enumerate(prices.tolist())]
    return site_of(days, FolderStore(folder=Path("nowhere")))


def _day(day: date, prices: list[float]) -> BriefDay:
    at_ms = int(datetime(day.year, day.month, day.day, 7, tzinfo=UTC).timestamp()) * 1000
    rows = tuple(
        SymbolDay(
            symbol=f"S{number}/USDT:USDT", base=f"S{number}", price=price, decimals=0, change=0.01, trend="up",
            quality="High", zones=(_zone(price, 1.03), _zone(price, 0.96)), usual_day=0.02 * price,
            bars=tuple(Bar(open_ms=at_ms - n * 4 * HOUR_MS, low=price, high=1.01 * price) for n in range(6, 0, -1)),
            ladder=(0.5,) * BARS,
        )
        for number, price in enumerate(prices)
    )  # fmt: skip
    return BriefDay(
        day=day.isoformat(), revision=1, folder=day.isoformat().replace("-", "/"), as_of_ms=at_ms,
        headline="A finding.", grade="Good", inputs_known=5, inputs_total=5, simulated=True, symbols=rows,
        files=("brief.html", "brief.json"), judged_ms=at_ms - DAY_MS, settled=True, judged=(),
    )  # fmt: skip


def _zone(price: float, at: float) -> ZoneBand:
    away = abs(at - 1.0)
    above = at > 1
    return ZoneBand(
        label="A" if above else "B", side="above" if above else "below", low=price * at, high=price * (at + 0.01),
        liquidated_side=Side.SHORT if above else Side.LONG, distance_fraction=away, distance_atr=away * 50,
        price_inside=False,
    )  # fmt: skip


def index(symbols: int, output: Path) -> dict[str, object]:
    """Time the index of ten years: one new day, all pages in memory, and `archive index` over what is on disk."""
    site = ten_years(symbols)
    newest = site.briefs(list(site.state.months)[-1:])[-1]
    every_page(site)
    new = replace(newest, day=(newest.date + timedelta(days=1)).isoformat())
    with Watch() as watch:
        count = len(pages_with(with_brief(site, new), new))
    found: dict[str, object] = {"one new day": watch.read(), "pages of a new day": count}
    with Watch() as watch:
        pages = every_page(site)
    found |= {"every page": watch.read(), "pages": len(pages)}
    with writing(output) as store:
        commit(store, pages)
        with Watch() as watch:
            rebuild(store, reread=False)
        found |= {"archive index, first time": watch.read()}
        with Watch() as watch:
            rebuild(store, reread=False)
    return found | {"archive index, nothing changed": watch.read()}


def main() -> None:
    """Read the options, measure, print one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.archive", description=__doc__)
    parser.add_argument("--days", type=int, default=365, help="how many daily briefs to build (365)")
    parser.add_argument("--symbols", type=int, default=2, help="symbols of the ten-year index (2)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("year", "market", "ten"):
            (folder / part).mkdir()
        ten = index(options.symbols, folder / "ten")
        year = build(options.days, folder / "year", folder / "market") if options.days else {}
    print(
        json.dumps({"times are": "[wall ms, processor ms]", f"{options.days} days": year, "3650 days": ten}, indent=1)
    )


if __name__ == "__main__":
    main()
