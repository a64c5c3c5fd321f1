"""`reportgen fetch --from-dump`: archive dumps into a market folder, and what was read, dropped and why."""

# ruff: noqa: PLC0415 - heavy imports live inside the commands

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reportgen.cli.speech import note, tell, tell_json
from reportgen.errors import UsageError

if TYPE_CHECKING:
    from reportgen.market.dumps import Conversion
    from reportgen.market.dumps_read import Converted

_API: Final = "coinalyze:"
_URL_VARIABLE: Final = "COINALYZE_URL"
_NANOSECONDS: Final = 1_000_000


def convert_dumps(dumps: Sequence[str], out: Path, *, as_json: bool = False) -> None:
    """Convert dumps into a market folder and say what came of each.

    Args:
        dumps: Files and folders; `coinalyze:BTC,ETH` asks Coinalyze's API with the key in COINALYZE_API_KEY.
        out: The market folder.
        as_json: Print one JSON object instead of paths and sentences.

    Raises:
        DataError: A dump is unusable; the folder is unchanged.
        UsageError: The API is asked for without a key.
    """
    from reportgen.market.dumps import add_to_folder, read_dumps

    paths = [Path(each) for each in dumps if not each.startswith(_API)]
    named = [each.removeprefix(_API) for each in dumps if each.startswith(_API)]
    converted = list(read_dumps(paths)) if paths else []
    converted += [one for names in named for one in _from_api(names.split(","))]
    done = add_to_folder(converted, out)
    if as_json:
        tell_json(_facts(done))
        return
    for one in done.files:
        note(_read_line(one))
    for table in done.tables:
        note(_table_line(table.table, table.added, table.repeated, table.contradicted, table.total))
        tell(table.path)


def _from_api(symbols: Sequence[str]) -> tuple[Converted, ...]:
    """Ask Coinalyze with the user's key."""
    from reportgen.market.coinalyze import KEY_VARIABLE, ask_histories

    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        raise UsageError(f"Coinalyze asks for a key. Get a free one at coinalyze.net and put it into {KEY_VARIABLE}.")
    now = time.time_ns() // _NANOSECONDS
    return ask_histories(symbols, key=key, until_ms=now, url=os.environ.get(_URL_VARIABLE) or None)


def _read_line(one: Converted) -> str:
    """Write what one file gave: BTCUSDT-1h-2024-01.csv: Binance candles, 744 rows; 3 dropped: stood there twice."""
    said = f"{one.name}: {one.kind}, {_rows(one.rows)}"
    dropped = "; ".join(f"{count} dropped: {reason}" for reason, count in one.dropped.items())
    return "; ".join(part for part in (said, dropped, one.note) if part)


def _table_line(name: str, added: int, repeated: int, contradicted: int, total: int) -> str:
    """Write what one table got."""
    line = f"{name}: {_rows(added)} added, {total} in all"
    if repeated:
        line += f"; {repeated} known already"
    if contradicted:
        line += f", of which {contradicted} said something else: what stood there stays"
    return f"{line}."


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def _facts(done: Conversion) -> dict[str, object]:
    """Say the same for programs."""
    return {
        "files": [
            {"name": one.name, "kind": one.kind, "rows": one.rows, "dropped": dict(one.dropped), "note": one.note}
            for one in done.files
        ],
        "tables": [
            {
                "table": table.table,
                "path": str(table.path),
                "added": table.added,
                "repeated": table.repeated,
                "contradicted": table.contradicted,
                "total": table.total,
            }
            for table in done.tables
        ],
    }
