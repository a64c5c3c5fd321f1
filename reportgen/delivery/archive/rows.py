"""Rows of a brief.json, by SQL: its tables for analysis as Parquet, and what the site shows of it.

    snapshots/TABLE/date=YYYY-MM-DD/r1.parquet     read by `query.py`, and by anything that knows Hive partitions

What is missing is NULL, never zero; the same brief gives the same bytes. Briefs of older versions of the schema, and
fields of newer ones, are read as far as they are known.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError

from reportgen.delivery.archive.days import JSON, BriefFolder, folder_holding
from reportgen.delivery.archive.store import Reader
from reportgen.errors import DataError
from reportgen.render.site.days import BriefDay

if TYPE_CHECKING:
    import duckdb

KEYS: Final = "as_of, revision, brief"
"""What every row begins with: moment, revision and folder of its brief; the date is the partition's."""

_BRIEF_DAY: Final = TypeAdapter(BriefDay)
_TEXT, _NUMBER, _COUNT, _FLAG, _MOMENT = "VARCHAR", "DOUBLE", "INTEGER", "BOOLEAN", "BIGINT"

_SHAPE: Final = {
    "schema_version": _COUNT, "as_of_ms": _MOMENT, "headline": _TEXT, "horizon_hours": _NUMBER, "timeframe": _TEXT,
    "simulated": _FLAG, "data_quality": {"grade": _TEXT, "inputs_known": _COUNT, "inputs_total": _COUNT},
    "symbols": [{
        "symbol": _TEXT, "base": _TEXT, "quote": _TEXT, "venue": _TEXT, "price": _NUMBER, "price_decimals": _COUNT,
        "change_24h": _NUMBER, "map_quality": {"grade": _TEXT}, "map_engine": _TEXT, "calibrated": _FLAG,
        "structure": {
            "trend": _TEXT, "regime": _TEXT, "atr": _NUMBER, "atr_fraction": _NUMBER, "momentum": _NUMBER,
            "volume_ratio": _NUMBER, "supports": [{"price": _NUMBER}], "resistances": [{"price": _NUMBER}],
        },
        "confluence": {"lean": _TEXT, "agree": _COUNT, "conflict": _FLAG}, "stance": {"kind": _TEXT},
        "zones": [{
            "label": _TEXT, "side": _TEXT, "liquidated_side": _TEXT, "low": _NUMBER, "high": _NUMBER, "share": _NUMBER,
            "intensity": _NUMBER, "notional": _NUMBER, "distance_fraction": _NUMBER, "distance_atr": _NUMBER,
            "touch_probability": _NUMBER, "persistence": _NUMBER, "rank": _COUNT, "score": _NUMBER,
            "price_inside": _FLAG,
        }],
        "ladder": [_NUMBER],
        "heatmap": {
            "candle_interval_ms": _MOMENT, "candle_open_ms": [_MOMENT], "candle_high": [_NUMBER],
            "candle_low": [_NUMBER],
        },
        "positioning": {
            "open_interest": {
                "open_interest_quote": _NUMBER, "open_interest_base": _NUMBER, "change_24h": _NUMBER,
                "percentile": _NUMBER, "trend": _TEXT,
            },
            "funding": {"rate_8h": _NUMBER, "percentile": _NUMBER, "bias": _TEXT, "extreme": _FLAG},
            "crowded_side": _TEXT,
        },
        "reactions": [{
            "label": _TEXT, "side": _TEXT, "distance_atr": _NUMBER, "sample_size": _COUNT,
            "shares": {"reject": _NUMBER, "tap_continue": _NUMBER, "front_run": _NUMBER, "ignore": _NUMBER},
        }],
        "plan": [{
            "label": _TEXT, "side": _TEXT, "alert": _NUMBER, "entry_text": _TEXT, "invalidation": _NUMBER,
            "de_risk": _NUMBER, "de_risk_is": _TEXT, "post_event": _FLAG,
        }],
        "coverage": {"venues": [{
            "venue": _TEXT, "tables": [_TEXT], "interval": _TEXT, "bars": _COUNT, "gaps": _COUNT,
            "open_interest_share": _NUMBER,
        }]},
    }],
    "events": [{
        "name": _TEXT, "kind": _TEXT, "at_ms": _MOMENT, "inside_horizon": _FLAG, "hours_away": _NUMBER, "source": _TEXT,
    }],
    "brand": {
        "name": _TEXT, "line": _TEXT, "accent": _TEXT, "accent_dark": _TEXT, "footer": _TEXT, "link": _TEXT,
    },
    "missing": [{"symbol": _TEXT, "venue": _TEXT, "what": _TEXT, "reason": _TEXT}],
    "track_record": {
        "judged_as_of_ms": _MOMENT, "settled": _FLAG,
        "levels": [{
            "symbol": _TEXT, "label": _TEXT, "side": _TEXT, "low": _NUMBER, "high": _NUMBER, "touched_ms": _MOMENT,
        }],
    },
}  # fmt: skip
"""The part of brief.json that is remembered; where it holds a Missing, the value and its fields are NULL."""

TABLES: Final[Mapping[str, str]] = {
    "briefs": """
        headline, horizon_hours, timeframe, simulated, data_quality.grade AS data_quality, data_quality.inputs_known,
        data_quality.inputs_total, len(symbols)::INTEGER AS symbols, schema_version
        FROM brief""",
    "symbols": """
        symbol, base, quote, nullif(venue, '') AS venue, price, change_24h, structure.trend, structure.regime,
        structure.atr, structure.atr_fraction, structure.momentum, structure.volume_ratio,
        structure.supports[1].price AS support, structure.resistances[1].price AS resistance, confluence.lean,
        confluence.agree AS layers_agree, confluence.conflict, stance.kind AS stance, map_quality.grade AS map_quality,
        coalesce(calibrated, false) AS calibrated, coalesce(map_engine, '') AS map_engine
        FROM one""",
    "zones": "symbol, unnest(zones, max_depth := 2) FROM one",
    "positioning": """
        symbol, oi.open_interest_quote, oi.open_interest_base, oi.change_24h AS open_interest_change_24h,
        oi.percentile AS open_interest_percentile, oi.trend AS open_interest_trend, funding.rate_8h AS funding_rate_8h,
        funding.percentile AS funding_percentile, funding.bias AS funding_bias, funding.extreme AS funding_extreme,
        crowded_side
        FROM (SELECT *, positioning.open_interest AS oi, positioning.funding, positioning.crowded_side FROM one)""",
    "reactions": """
        symbol, each.label, each.side, each.distance_atr, each.shares.reject, each.shares.tap_continue,
        each.shares.front_run, each.shares.ignore, each.sample_size
        FROM (SELECT *, unnest(reactions) AS each FROM one)""",
    "plans": """
        symbol, each.label, each.side, each.alert, each.entry_text AS entry, each.invalidation, each.de_risk,
        each.de_risk_is, each.post_event
        FROM (SELECT *, unnest(plan) AS each FROM one)""",
    "events": """
        each.name, each.kind, epoch_ms(each.at_ms) AS event_time, each.inside_horizon, each.hours_away,
        coalesce(each.source, '') AS source
        FROM (SELECT *, unnest(events) AS each FROM brief)""",
    "coverage": """
        symbol, each.venue, unnest(each.tables) AS input, true AS known, NULL::VARCHAR AS reason, each.bars, each.gaps,
        each.interval AS bar_interval, each.open_interest_share
        FROM (SELECT *, unnest(coverage.venues) AS each FROM one)
        UNION ALL SELECT as_of, revision, brief, nullif(each.symbol, ''), nullif(each.venue, ''), each.what, false,
        each.reason, NULL, NULL, NULL, NULL
        FROM (SELECT *, unnest(missing) AS each FROM brief)""",
}
"""What a row of each table holds behind `KEYS`, and where it comes from."""

FOLDER: Final = "snapshots"
_AT_A_TIME: Final = 64
_BRIEF_DAYS: Final = """
    SELECT day, revision, brief AS folder, as_of_ms, headline, unnest(data_quality), simulated,
    track_record.judged_as_of_ms AS judged_ms, coalesce(track_record.settled, false) AS settled,
    coalesce(track_record.levels, []) AS judged, brand
    FROM brief ORDER BY day, revision"""
_SYMBOL_DAYS: Final = """
    SELECT brief AS folder, symbol, base, price, price_decimals AS decimals, change_24h AS change,
    structure.atr AS usual_day, coalesce(structure.trend, '') AS trend, map_quality.grade AS quality,
    coalesce(zones, []) AS zones, coalesce([round(bar, 2) FOR bar IN ladder], []) AS ladder,
    (SELECT coalesce(list({'open_ms': opened, 'low': low, 'high': high} ORDER BY opened), []) FROM (
        SELECT unnest(heatmap.candle_open_ms) AS opened, unnest(heatmap.candle_low) AS low,
        unnest(heatmap.candle_high) AS high
    ) WHERE opened + heatmap.candle_interval_ms > epoch_ms(as_of) - 86400000) AS bars
    FROM one"""


@contextmanager
def database_of(contents: Mapping[BriefFolder, bytes]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in which `brief` has a row for each brief and `one` a row for each symbol of each.

    Args:
        contents: Each brief.json by its place; none to know the types of the tables' columns.
    """
    import duckdb

    # One thread: the order of rows, and with it the bytes, must not depend on the machine.
    with duckdb.connect(":memory:", config={"threads": 1}) as database:
        places = [[place.day, place.revision, place.folder, content.decode()] for place, content in contents.items()]
        database.execute("CREATE TABLE given (day VARCHAR, revision INTEGER, brief VARCHAR, content VARCHAR)")
        if places:
            database.executemany("INSERT INTO given VALUES (?, ?, ?, ?)", places)
        database.execute(
            "CREATE TABLE brief AS SELECT epoch_ms(as_of_ms) AS as_of, * "
            "FROM (SELECT day, revision, brief, unnest(from_json(content, $shape)) FROM given)",
            {"shape": json.dumps(_SHAPE)},
        )
        database.execute("CREATE VIEW one AS SELECT as_of, revision, brief, unnest(symbols, max_depth := 2) FROM brief")
        yield database


def snapshot_files(content: bytes, place: BriefFolder) -> dict[str, bytes]:
    """Write a brief's rows, one Parquet file a table, by path; a table in which it has no row has no file."""
    written = {}
    with database_of({place: content}) as database, tempfile.TemporaryDirectory(prefix="reportgen-") as scratch:
        target = Path(scratch) / "rows.parquet"
        quoted = str(target).replace("'", "''")
        for name, select in TABLES.items():
            database.execute(f"CREATE TABLE {name}_rows AS SELECT {KEYS}, {select}")
            if database.table(f"{name}_rows").limit(1).fetchall():
                database.execute(f"COPY {name}_rows TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)")
                written[f"{FOLDER}/{name}/date={place.day}/r{place.revision}.parquet"] = target.read_bytes()
    return written


def brief_days(contents: Mapping[BriefFolder, bytes], files: Mapping[BriefFolder, Iterable[str]]) -> list[BriefDay]:
    """Sum briefs up for the site, oldest first.

    Args:
        contents: Each brief.json by its place.
        files: What stands in each folder, by path relative to it.

    Raises:
        DataError: One is no brief.json; names the first place that is wrong.
    """
    import duckdb

    try:
        with database_of(contents) as database:
            symbols = groupby(_rows(database, _SYMBOL_DAYS), key=itemgetter("folder"))
            by_folder = {folder: list(rows) for folder, rows in symbols}
            days = _rows(database, _BRIEF_DAYS)
    except (duckdb.Error, UnicodeDecodeError) as error:
        if len(contents) > 1:  # name the one that is at fault
            return [day for place in sorted(contents) for day in brief_days({place: contents[place]}, files)]
        (place,) = contents
        raise DataError(f"{place.folder}/{JSON}: {str(error).splitlines()[0]}. Is this a brief.json?") from error
    return [
        _brief_day({**row, "symbols": by_folder.get(row["folder"], []), "files": sorted(files[place])})
        for place, row in zip(sorted(contents), days, strict=True)
    ]


def read_brief_days(store: Reader, paths: Iterable[str]) -> list[BriefDay]:
    """Sum every brief of an archive up again, from its brief.json.

    Args:
        store: The archive.
        paths: Every file of it.

    Raises:
        DataError: A brief.json cannot be read.
    """
    files: dict[BriefFolder, list[str]] = {}
    for path in paths:
        place = folder_holding(path)
        if place is not None:
            files.setdefault(place, []).append(path.removeprefix(f"{place.folder}/"))
    places = sorted(place for place, names in files.items() if JSON in names)
    found: list[BriefDay] = []
    for first in range(0, len(places), _AT_A_TIME):
        contents: dict[BriefFolder, bytes] = {}
        for place in places[first : first + _AT_A_TIME]:
            content = store.read(f"{place.folder}/{JSON}")
            if content is None:
                raise DataError(f"{place.folder}/{JSON} is gone. See what else is with `reportgen archive verify`.")
            contents[place] = content
        found += brief_days(contents, files)
    return found


def _rows(database: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    asked = database.execute(sql)
    names = [column[0] for column in asked.description or ()]
    return [dict(zip(names, row, strict=True)) for row in asked.fetchall()]


def _brief_day(row: Mapping[str, Any]) -> BriefDay:
    try:
        return _BRIEF_DAY.validate_python(row)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{row['folder']}/{JSON}: {where}: {first['msg']}. Is this a brief.json?") from error
