"""The command that keeps the honest record: score past maps and zones against what followed, beside their controls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from reportgen.cli.console import (
    AsJson,
    Cluster,
    ConfigFile,
    Output,
    Sample,
    Source,
    Workers,
    progress,
    stands,
    tell,
    tell_json,
)
from reportgen.config.places import inside
from reportgen.errors import DataError, UsageError

if TYPE_CHECKING:
    from reportgen.liquidation.map import Engine
    from reportgen.market.data import Gathered, MarketData
    from reportgen.morning.request import BriefRequest
    from reportgen.track_record.backtest import BacktestQuestion, MarketRecord
    from reportgen.track_record.result import Backtest

_SEED: Final = 1
_NAMED: Final = 6
"""Markets that a pooled record's folder names."""


def backtest(
    *,
    symbol: Annotated[
        list[str],
        typer.Option(
            "--symbol", "--symbols", metavar="NAME", help="A market, as BTC; several, as BTC,ETH, are pooled too."
        ),
    ],
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="First decision. [after the warm-up]")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Last decision. [end of data]")] = None,
    engine: Annotated[
        list[str] | None, typer.Option("--engine", metavar="NAME", help="A map engine; may be repeated. [all]")
    ] = None,
    workers: Workers = 1,
    cluster: Cluster = None,
    source: Source = None,
    sample: Sample = False,
    config: ConfigFile = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Score past maps, dollars and zones beside their controls, walking forward; print a table and a verdict.

    Examples: reportgen backtest --source data/market --symbol BTC --from 2025-12-20T00:00Z ·
    reportgen backtest --source data/market --symbol BTC,ETH,SOL
    """
    from reportgen.cli.backtest_table import table
    from reportgen.delivery.archive.commit import add_files
    from reportgen.morning.making import gather
    from reportgen.morning.request import Options, take_request
    from reportgen.morning.workers import start_workers
    from reportgen.track_record.backtest import pooled_backtest
    from reportgen.track_record.result import as_record
    from reportgen.units import Missing

    window, engines = _asked(start, until, engine or ())
    request = take_request(Options(config=config, output=output, source=source, sample=sample, symbols=symbol))
    with start_workers(workers, cluster) as pool, progress(2 + len(request.config.watchlist)) as step:
        step("Reading the market data")
        jobs = _questions(request, gather(request), window, engines)
        parts, pages = [], []
        for (market, _), part in zip(jobs, pool.map(_score, jobs), strict=True):
            step(f"Walked through {market.symbol}")
            parts.append(part)
            pages.append((part.record, pool.executor.submit(_files, part.record)))
        step("Writing the files")
        pooled = pooled_backtest(parts, jobs[0][1]) if len(parts) > 1 else None
        if pooled is not None and not isinstance(pooled, Missing):
            pages.append((pooled, pool.executor.submit(_files, pooled)))
        made = [(record, files.result()) for record, files in pages]
        for _, files in made:
            add_files(request.config.output, files)
    stands("The record", inside(request.config.output, "backtests"))
    if as_json:
        named = {result.symbol: [inside(request.config.output, path) for path in files] for result, files in made}
        records = [as_record(one.record) for one in parts]
        tell_json({"files": named, "backtests": records, "pooled": as_record(pooled)})
        return
    for result, files in made:
        for line in (*table(result), *(inside(request.config.output, path) for path in files)):
            tell(line)
    if isinstance(pooled, Missing):
        tell(f"Pooled: none. {pooled.reason}")


def _asked(
    start: str | None, until: str | None, names: Sequence[str]
) -> tuple[tuple[int | None, int | None], tuple[Engine, ...]]:
    """Read the window, and find engines by name, each once.

    Raises:
        UsageError: The window ends before it begins, or a name is of no engine.
    """
    from reportgen.liquidation.map import ENGINES
    from reportgen.moments import parse_moment

    first = None if start is None else parse_moment(start)
    last = None if until is None else parse_moment(until)
    if first is not None and last is not None and last <= first:
        raise UsageError(f"--until {until} does not lie after --from {start}. Correct one of them.")

    for name in names:
        if name not in ENGINES:
            close = get_close_matches(name, ENGINES, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"Engines are {', '.join(ENGINES)}."
            raise UsageError(f"--engine {name} is not an engine. {hint}")
    return (first, last), tuple(ENGINES[name] for name in dict.fromkeys(names))


def _questions(
    request: BriefRequest, gathered: Gathered, window: tuple[int | None, int | None], engines: tuple[Engine, ...]
) -> list[tuple[MarketData, BacktestQuestion]]:
    """Give each market with what is asked of it.

    Raises:
        DataError: A market is unknown.
    """
    import numpy as np

    from reportgen.market.folder.read import unknown_market
    from reportgen.morning.events_and_flows import events_between
    from reportgen.track_record.backtest import BacktestQuestion
    from reportgen.units import Missing

    question = BacktestQuestion(
        from_ms=window[0],
        until_ms=window[1],
        engines=engines,
        provenance=dict(gathered.provenance),
        notes=gathered.notes,
        assumptions=request.config.assumptions,
        fresh=partial(np.random.default_rng, _SEED),
    )
    spans = {}
    for name, market in gathered.markets.items():
        if isinstance(market.candles, Missing):
            raise DataError(f"{name}: {market.candles.reason} {unknown_market(name, gathered.known_symbols)}")
        candles = next(iter(market.candles.values()))
        spans[name] = int(candles.open_time_ms[0]), int(candles.close_time_ms[-1])
    return [
        (market, replace(question, events=events_between(request.config, market.symbol, spans[name])))
        for name, market in gathered.markets.items()
    ]


def _score(job: tuple[MarketData, BacktestQuestion]) -> MarketRecord:
    """Score one market: the unit of work."""
    from reportgen.track_record.backtest import scored_backtest

    return scored_backtest(*job)


def _files(result: Backtest) -> Mapping[str, bytes]:
    """Write one record and its pages, by path in the output folder."""
    from reportgen.market.symbols import base_of, quote_of
    from reportgen.moments import day_of
    from reportgen.render.backtest import render_backtest
    from reportgen.track_record.result import as_record
    from reportgen.track_record.verdict import findings_of

    bases = [base_of(one.symbol) for one in result.pooled]
    more = [f"{len(bases) - _NAMED}-more"] if len(bases) > _NAMED else []
    alone = f"{base_of(result.symbol)}-{quote_of(result.symbol)}"
    markets = "-".join(["pooled", *bases[:_NAMED], *more]) if bases else alone
    folder = f"backtests/{markets}-{day_of(result.until_ms)}"
    record = json.dumps(as_record(result), indent=1, allow_nan=False, sort_keys=True) + "\n"
    files = {f"{folder}/backtest.json": record.encode("ascii")}
    files |= {f"{folder}/backtest.{kind}": made for kind, made in render_backtest(result, findings_of(result)).items()}
    return files
