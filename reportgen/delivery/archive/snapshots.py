"""Each brief's rows for analysis, as Parquet: snapshots/TABLE/date=YYYY-MM-DD/r1.parquet.

Stands between a brief's facts and the transaction. What is missing is NULL, never zero; the same brief gives the same
bytes. `query.py` reads them with SQL, and so does anything that knows Hive partitions.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from reportgen.delivery.archive.days import Shelf
from reportgen.delivery.archive.rows import BriefFacts, SymbolFacts, VenueFacts
from reportgen.moments import moment_text
from reportgen.units import Maybe, Missing

# ---- The tables of the snapshots and their rows: one row a brief, symbol, zone, reaction, plan, event or input ----

Row: TypeAlias = Mapping[str, str | float | bool | None]

KEY_COLUMNS: Final = {"as_of": "TIMESTAMP", "revision": "INTEGER", "brief": "VARCHAR"}
"""What every row begins with; the date is the partition's."""

_NUMBER, _COUNT, _TEXT, _FLAG = "DOUBLE", "INTEGER", "VARCHAR", "BOOLEAN"

TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "briefs": {
        "headline": _TEXT, "horizon_hours": _NUMBER, "timeframe": _TEXT, "simulated": _FLAG, "data_quality": _TEXT,
        "inputs_known": _COUNT, "inputs_total": _COUNT, "symbols": _COUNT, "schema_version": _COUNT,
    },
    "symbols": {
        "symbol": _TEXT, "base": _TEXT, "quote": _TEXT, "venue": _TEXT, "price": _NUMBER, "change_24h": _NUMBER,
        "trend": _TEXT, "regime": _TEXT, "atr": _NUMBER, "atr_fraction": _NUMBER, "momentum": _NUMBER,
        "volume_ratio": _NUMBER, "support": _NUMBER, "resistance": _NUMBER, "lean": _TEXT, "layers_agree": _COUNT,
        "conflict": _FLAG, "stance": _TEXT, "map_quality": _TEXT, "calibrated": _FLAG, "map_engine": _TEXT,
    },
    "zones": {
        "symbol": _TEXT, "label": _TEXT, "side": _TEXT, "liquidated_side": _TEXT, "low": _NUMBER, "high": _NUMBER,
        "share": _NUMBER, "intensity": _NUMBER, "notional": _NUMBER, "distance_fraction": _NUMBER,
        "distance_atr": _NUMBER, "touch_probability": _NUMBER, "persistence": _NUMBER, "rank": _COUNT,
        "score": _NUMBER, "price_inside": _FLAG,
    },
    "positioning": {
        "symbol": _TEXT, "open_interest_quote": _NUMBER, "open_interest_base": _NUMBER,
        "open_interest_change_24h": _NUMBER, "open_interest_percentile": _NUMBER, "open_interest_trend": _TEXT,
        "funding_rate_8h": _NUMBER, "funding_percentile": _NUMBER, "funding_bias": _TEXT, "funding_extreme": _FLAG,
        "crowded_side": _TEXT,
    },
    "reactions": {
        "symbol": _TEXT, "label": _TEXT, "side": _TEXT, "distance_atr": _NUMBER, "reject": _NUMBER,
        "tap_continue": _NUMBER, "front_run": _NUMBER, "ignore": _NUMBER, "sample_size": _COUNT,
    },
    "plans": {
        "symbol": _TEXT, "label": _TEXT, "side": _TEXT, "alert": _NUMBER, "entry": _TEXT, "invalidation": _NUMBER,
        "de_risk": _NUMBER, "de_risk_is": _TEXT, "post_event": _FLAG,
    },
    "events": {
        "name": _TEXT, "kind": _TEXT, "event_time": "TIMESTAMP", "inside_horizon": _FLAG, "hours_away": _NUMBER,
        "source": _TEXT,
    },
    "coverage": {
        "symbol": _TEXT, "venue": _TEXT, "input": _TEXT, "known": _FLAG, "reason": _TEXT, "bars": _COUNT,
        "gaps": _COUNT, "bar_interval": _TEXT, "open_interest_share": _NUMBER,
    },
}  # fmt: skip
"""Every table with its columns and their DuckDB types, behind `KEY_COLUMNS`."""


def rows_of(facts: BriefFacts) -> dict[str, list[Row]]:
    """List a brief's rows by table; a column that a row lacks is NULL."""
    return {
        "briefs": [_brief(facts)],
        "symbols": [_symbol(one) for one in facts.symbols],
        "zones": [row for one in facts.symbols for row in _zones(one)],
        "positioning": [_positioning(one) for one in facts.symbols],
        "reactions": [row for one in facts.symbols for row in _reactions(one)],
        "plans": [row for one in facts.symbols for row in _plans(one)],
        "events": list(_events(facts)),
        "coverage": [row for one in facts.symbols for row in _coverage(one)] + list(_missing(facts)),
    }


def _number(value: Maybe[float]) -> float | None:
    return None if isinstance(value, Missing) else value


def _brief(facts: BriefFacts) -> Row:
    return {
        "headline": facts.headline,
        "horizon_hours": facts.horizon_hours,
        "timeframe": facts.timeframe,
        "simulated": facts.simulated,
        "data_quality": facts.data_quality.grade,
        "inputs_known": facts.data_quality.inputs_known,
        "inputs_total": facts.data_quality.inputs_total,
        "symbols": len(facts.symbols),
        "schema_version": facts.schema_version,
    }


def _symbol(one: SymbolFacts) -> Row:
    row: dict[str, str | float | bool | None] = {
        "symbol": one.symbol,
        "base": one.base,
        "quote": one.quote,
        "venue": one.venue or None,
        "price": _number(one.price),
        "change_24h": _number(one.change_24h),
        "stance": None if isinstance(one.stance, Missing) else one.stance.kind,
        "map_quality": one.map_quality.grade,
        "calibrated": one.calibrated,
        "map_engine": one.map_engine,
    }
    if not isinstance(one.structure, Missing):
        chart = one.structure
        row |= {"trend": chart.trend, "regime": chart.regime, "atr": chart.atr, "atr_fraction": chart.atr_fraction}
        row |= {"momentum": chart.momentum, "volume_ratio": chart.volume_ratio}
        row |= {"support": next((level.price for level in chart.supports), None)}
        row |= {"resistance": next((level.price for level in chart.resistances), None)}
    if not isinstance(one.confluence, Missing):
        layers = one.confluence
        row |= {"lean": layers.lean, "layers_agree": layers.agree, "conflict": layers.conflict}
    return row


def _zones(one: SymbolFacts) -> Iterator[Row]:
    for zone in one.zones:
        yield {"symbol": one.symbol} | {name: getattr(zone, name) for name in TABLES["zones"] if name != "symbol"}


def _positioning(one: SymbolFacts) -> Row:
    row: dict[str, str | float | bool | None] = {"symbol": one.symbol}
    read = one.positioning
    if isinstance(read, Missing):
        return row
    row |= {"crowded_side": read.crowded_side}
    if not isinstance(read.open_interest, Missing):
        interest = read.open_interest
        row |= {
            "open_interest_quote": interest.open_interest_quote,
            "open_interest_base": interest.open_interest_base,
            "open_interest_change_24h": interest.change_24h,
            "open_interest_percentile": interest.percentile,
            "open_interest_trend": interest.trend,
        }
    if not isinstance(read.funding, Missing):
        funding = read.funding
        row |= {"funding_rate_8h": funding.rate_8h, "funding_percentile": funding.percentile}
        row |= {"funding_bias": funding.bias, "funding_extreme": funding.extreme}
    return row


def _reactions(one: SymbolFacts) -> Iterator[Row]:
    for reaction in one.reactions:
        row: Row = {
            "symbol": one.symbol,
            "label": reaction.label,
            "side": reaction.side,
            "distance_atr": reaction.distance_atr,
            "sample_size": reaction.sample_size,
        }
        if isinstance(reaction.shares, Missing):
            yield row
            continue
        shares = ("reject", "tap_continue", "front_run", "ignore")
        yield {**row, **{name: getattr(reaction.shares, name) for name in shares}}


def _plans(one: SymbolFacts) -> Iterator[Row]:
    for plan in one.plan:
        yield {
            "symbol": one.symbol,
            "label": plan.label,
            "side": plan.side,
            "alert": plan.alert,
            "entry": plan.entry_text,
            "invalidation": plan.invalidation,
            "de_risk": plan.de_risk,
            "de_risk_is": plan.de_risk_is,
            "post_event": plan.post_event,
        }


def _events(facts: BriefFacts) -> Iterator[Row]:
    for event in facts.events:
        yield {
            "name": event.name,
            "kind": event.kind,
            "event_time": moment_text(event.at_ms),
            "inside_horizon": event.inside_horizon,
            "hours_away": event.hours_away,
            "source": event.source,
        }


def _coverage(one: SymbolFacts) -> Iterator[Row]:
    if isinstance(one.coverage, Missing):
        return
    for venue in one.coverage.venues:
        for table in venue.tables:
            yield _input(one, venue, table)


def _input(one: SymbolFacts, venue: VenueFacts, table: str) -> Row:
    return {
        "symbol": one.symbol,
        "venue": venue.venue,
        "input": table,
        "known": True,
        "bars": venue.bars,
        "gaps": venue.gaps,
        "bar_interval": venue.interval,
        "open_interest_share": _number(venue.open_interest_share),
    }


def _missing(facts: BriefFacts) -> Iterator[Row]:
    for absent in facts.missing:
        yield {
            "symbol": absent.symbol or None,
            "venue": absent.venue or None,
            "input": absent.what,
            "known": False,
            "reason": absent.reason,
        }


FOLDER: Final = "snapshots"


def snapshot_path(table: str, shelf: Shelf) -> str:
    """Name the file of a brief's rows in one table."""
    return f"{FOLDER}/{table}/date={shelf.day}/r{shelf.revision}.parquet"


def snapshot_files(facts: BriefFacts, shelf: Shelf) -> dict[str, bytes]:
    """Write a brief's rows, one Parquet file a table.

    Args:
        facts: What the brief says.
        shelf: Where it stands; each row carries its date (as the partition), its revision and its folder.

    Returns:
        Bytes by path; a table in which the brief has no row has no file.
    """
    tables = rows_of(facts)
    keys: Row = {"as_of": facts.as_of, "revision": shelf.revision, "brief": shelf.folder}
    filled = {name: [{**keys, **row} for row in rows] for name, rows in tables.items() if rows}
    written = _parquet(filled)
    return {snapshot_path(name, shelf): content for name, content in written.items()}


def _parquet(tables: Mapping[str, Sequence[Row]]) -> dict[str, bytes]:
    """Turn rows into Parquet bytes, by way of a scratch folder."""
    import duckdb

    written = {}
    # One thread: the order of rows, and with it the bytes, must not depend on the machine.
    with (
        tempfile.TemporaryDirectory(prefix="reportgen-") as scratch,
        duckdb.connect(":memory:", config={"threads": 1}) as database,
    ):
        source, target = Path(scratch) / "rows.json", Path(scratch) / "rows.parquet"
        for name, rows in tables.items():
            source.write_text("\n".join(json.dumps(row, allow_nan=False) for row in rows), encoding="utf-8")
            typed = ", ".join(f"{column}: '{kind}'" for column, kind in {**KEY_COLUMNS, **TABLES[name]}.items())
            read = f"read_json('{_quoted(source)}', format = 'newline_delimited', columns = {{{typed}}})"
            copy = f"COPY (SELECT * FROM {read}) TO '{_quoted(target)}' (FORMAT parquet, COMPRESSION zstd)"  # noqa: S608 - own names
            database.execute(copy)
            written[name] = target.read_bytes()
    return written


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
