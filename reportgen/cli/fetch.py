"""Filling a market folder: from the exchanges, whose memory is short, or from archive dumps."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from reportgen.cli.console import AsJson, Cluster, ConfigFile, Symbols, Workers, note, progress, tell, tell_json
from reportgen.errors import UsageError

if TYPE_CHECKING:
    from reportgen.market.dumps.cells import Converted
    from reportgen.market.exchanges.gather import Gathering

_API: Final = "coinalyze:"
_URL_VARIABLE: Final = "COINALYZE_URL"
_NANOSECONDS: Final = 1_000_000
_WRITING: Final = 1


def convert_dumps(
    dumps: Sequence[str], out: Path, *, workers: int = 1, cluster: str | None = None, as_json: bool = False
) -> None:
    """Convert dumps into a market folder and say what came of each.

    Args:
        dumps: Files and folders; `coinalyze:BTC,ETH` asks Coinalyze's API with the key in COINALYZE_API_KEY.
        out: The market folder.
        workers: Processes of this machine, each converting files.
        cluster: Of dask, whose workers find the dumps at the same paths.
        as_json: Print one JSON object instead of paths and sentences.

    Raises:
        DataError: A dump is unusable; the folder is unchanged.
        UsageError: The API is asked for without a key.
    """
    from reportgen.market.dumps.convert import add_to_folder, read_dumps
    from reportgen.morning.workers import start_workers

    paths = [Path(each) for each in dumps if not each.startswith(_API)]
    named = [each.removeprefix(_API) for each in dumps if each.startswith(_API)]
    with start_workers(workers, cluster, paper=False) as pool:
        converted = list(read_dumps(paths, pool.map)) if paths else []
    converted += [one for names in named for one in _from_api(names.split(","))]
    tables = add_to_folder(converted, out)
    if as_json:
        files = [
            {"name": one.name, "kind": one.kind, "rows": one.rows, "dropped": dict(one.dropped), "note": one.note}
            for one in converted
        ]
        tell_json({"files": files, "tables": [asdict(table) | {"path": str(table.path)} for table in tables]})
        return
    for one in converted:
        note(_read_line(one))
    left_out = sum(not one.rows and not one.parts for one in converted)
    if left_out:
        note(f"{left_out} of {len(converted)} files left out.")
    for table in tables:
        line = f"{table.table}: {_rows(table.added)} added, {table.total} in all"
        if table.repeated:
            line += f"; {table.repeated} known already"
        if table.contradicted:
            line += f", of which {table.contradicted} said something else: what stood there stays"
        note(f"{line}.")
        tell(table.path)


def _from_api(symbols: Sequence[str]) -> tuple[Converted, ...]:
    """Ask Coinalyze with the user's key."""
    from reportgen.market.dumps.coinalyze import KEY_VARIABLE, ask_histories

    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        raise UsageError(f"Coinalyze asks for a key. Get a free one at coinalyze.net and put it into {KEY_VARIABLE}.")
    now = time.time_ns() // _NANOSECONDS
    return ask_histories(symbols, key=key, until_ms=now, url=os.environ.get(_URL_VARIABLE) or None)


def _read_line(one: Converted) -> str:
    """Write what one file gave: BTCUSDT-1h-2024-01.csv: Binance candles, 744 rows; 3 dropped: stood there twice."""
    if not one.rows and one.note and not one.parts:
        return f"{one.name}: left out: {one.note}"
    said = f"{one.name}: {one.kind}, {_rows(one.rows)}"
    dropped = "; ".join(f"{count} dropped: {reason}" for reason, count in one.dropped.items())
    return "; ".join(part for part in (said, dropped, one.note) if part)


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def fetch(
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The market folder that grows; made if not there.")],
    config: ConfigFile = None,
    symbols: Symbols = None,
    from_dump: Annotated[
        list[str] | None,
        typer.Option(
            "--from-dump", metavar="PATH", help="An archive dump or a folder of them; coinalyze:BTC asks its API."
        ),
    ] = None,
    more: Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", help="Further dumps.")] = None,
    workers: Workers = 1,
    cluster: Cluster = None,
    as_json: AsJson = False,
) -> None:
    """Add what the exchanges say of the watchlist, or what archive dumps hold, to a market folder.

    Prints what was written; rows that stand there already are not doubled. Examples: reportgen fetch --out data/market
    · reportgen fetch --from-dump dumps --out data/market
    """
    if from_dump:
        if symbols is not None or config is not None:
            raise UsageError("--from-dump converts whole dumps: leave --symbols and --config out.")
        convert_dumps([*from_dump, *(more or ())], out, workers=workers, cluster=cluster, as_json=as_json)
    elif more:
        raise UsageError(f"`{more[0]}`: name dumps with --from-dump PATH, or markets with --symbols.")
    else:
        _gather(out, config, symbols, as_json=as_json)


def _gather(out: Path, config: Path | None, symbols: Sequence[str] | None, *, as_json: bool) -> None:
    """Ask the exchanges, and add what they gave to the folder."""
    from reportgen.delivery.archive.commit import replace_files
    from reportgen.market.folder.keep import folder_files
    from reportgen.moments import moment_text
    from reportgen.morning.live import gather_now, questions, wanted_of
    from reportgen.morning.request import Options, take_request

    request = take_request(Options(config=config, symbols=symbols, source="live"), live=True)
    wanted = wanted_of(request.config)
    with progress(questions(wanted) + _WRITING) as step:
        gathering = gather_now(request.config, wanted, step)
        step("Writing the files")
        files = folder_files(gathering, out)
        replace_files({out / name: content for name, content in files.items()})
    for symbol, gap in gathering.gaps:
        note(f"{symbol}: {gap.venue}: {gap.what}: {gap.reason}")
    if as_json:
        tell_json(_gathered_facts(gathering, out, tuple(files)) | {"as_of": moment_text(gathering.as_of_ms)})
        return
    for name in files:
        tell(out / name)
    note(f"Next: reportgen brief --source {out} --as-of {moment_text(gathering.as_of_ms)}")


def _gathered_facts(gathering: Gathering, out: Path, files: tuple[str, ...]) -> dict[str, object]:
    """Say what was gathered, for programs."""
    gaps = [
        {"symbol": symbol, "venue": gap.venue, "what": gap.what, "reason": gap.reason} for symbol, gap in gathering.gaps
    ]
    return {"out": str(out), "files": list(files), "requests": dict(gathering.requests), "missing": gaps}
