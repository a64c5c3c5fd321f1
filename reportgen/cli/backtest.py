"""The command that keeps the honest record: score past maps and zones against what followed, beside their controls."""

# ruff: noqa: PLC0415, PLR0913 - heavy imports live inside the commands, and an option is an argument

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Final, get_args

import typer

from reportgen.cli.options import AsJson, ConfigFile, Output, Sample, Source
from reportgen.cli.speech import progress, tell, tell_json
from reportgen.errors import DataError, UsageError
from reportgen.places import Place, inside

if TYPE_CHECKING:
    from reportgen.cli.orders import Order
    from reportgen.liquidation.heatmap import Engine
    from reportgen.market.data import Gathered
    from reportgen.track_record.result import Backtest

_SEED: Final = 1
_STEPS: Final = 3


def backtest(
    *,
    symbol: Annotated[list[str], typer.Option("--symbol", metavar="NAME", help="A market, as BTC; may be repeated.")],
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="First decision. [after the warm-up]")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Last decision. [end of data]")] = None,
    engine: Annotated[
        list[str] | None, typer.Option("--engine", metavar="NAME", help="A map engine; may be repeated. [all]")
    ] = None,
    source: Source = None,
    sample: Sample = False,
    config: ConfigFile = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Score past maps, dollars and zones beside their controls, walking forward; print a table and a verdict.

    Example: reportgen backtest --source data/market --symbol BTC --from 2025-12-20T00:00Z
    """
    from reportgen.cli.brief import gather
    from reportgen.cli.orders import Options, take_order

    engines = _engines(engine or [])
    window = _window(start, until)
    order = take_order(Options(config=config, output=output, source=source, sample=sample, symbols=",".join(symbol)))
    with progress(_STEPS) as step:
        step("Reading the market data")
        gathered = gather(order)
        step("Walking through the past")
        results = _score(order, gathered, window, engines)
        step("Writing the files")
        written = {result.symbol: _write(order.config.output, result) for result in results}
    _report(results, written, as_json=as_json)


def _engines(names: list[str]) -> tuple[Engine, ...]:
    """Check the names of engines.

    Raises:
        UsageError: There is no such engine.
    """
    from reportgen.liquidation.heatmap import Engine

    known: tuple[Engine, ...] = get_args(Engine)
    chosen = []
    for name in names:
        found = next((one for one in known if one == name), None)
        if found is None:
            close = get_close_matches(name, known, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"Engines are {', '.join(known)}."
            raise UsageError(f"--engine {name} is not an engine. {hint}")
        chosen.append(found)
    return tuple(dict.fromkeys(chosen))


def _window(start: str | None, until: str | None) -> tuple[int | None, int | None]:
    """Read the window.

    Raises:
        UsageError: A time cannot be read, or the order is wrong.
    """
    from reportgen.moments import parse_moment

    first = None if start is None else parse_moment(start)
    last = None if until is None else parse_moment(until)
    if first is not None and last is not None and last <= first:
        raise UsageError(f"--until {until} does not lie after --from {start}. Correct one of them.")
    return first, last


def _score(
    order: Order, gathered: Gathered, window: tuple[int | None, int | None], engines: tuple[Engine, ...]
) -> list[Backtest]:
    """Score one market after the other.

    Raises:
        DataError: A market is unknown, or too short.
    """
    import numpy as np

    from reportgen.cli.orders import unknown_market
    from reportgen.track_record.backtest import Question, backtest
    from reportgen.units import Missing

    question = Question(
        from_ms=window[0],
        until_ms=window[1],
        engines=engines,
        provenance=gathered.provenance,
        notes=gathered.notes,
        assumptions=order.config.assumptions,
        fresh=lambda: np.random.default_rng(_SEED),
    )
    for name, market in gathered.markets.items():
        if isinstance(market.candles, Missing):
            raise DataError(f"{name}: {market.candles.reason} {unknown_market(name, gathered.known_symbols)}")
    return [backtest(market, question) for market in gathered.markets.values()]


def _write(output: Place, result: Backtest) -> tuple[str, ...]:
    """Write one market's record, and its pages."""
    from reportgen.delivery.output import add_files
    from reportgen.market.symbols import base_of, quote_of
    from reportgen.moments import day_of
    from reportgen.render.backtest import render_backtest
    from reportgen.track_record.findings import findings_of
    from reportgen.track_record.result import as_record

    day = "-".join(day_of(result.until_ms))
    folder = f"backtests/{base_of(result.symbol)}-{quote_of(result.symbol)}-{day}"
    record = json.dumps(as_record(result), indent=1, allow_nan=False, sort_keys=True) + "\n"
    files = {f"{folder}/backtest.json": record.encode("ascii")}
    page, printed = render_backtest(result, findings_of(result))
    files |= {f"{folder}/backtest.html": page, f"{folder}/backtest.pdf": printed}
    add_files(output, files)
    return tuple(inside(output, path) for path in files)


def _report(results: list[Backtest], written: dict[str, tuple[str, ...]], *, as_json: bool) -> None:
    """Print the tables and where the files are, or everything as one object."""
    from reportgen.cli.backtest_table import table
    from reportgen.track_record.result import as_record

    if as_json:
        files = {symbol: [str(path) for path in paths] for symbol, paths in written.items()}
        tell_json({"files": files, "backtests": [as_record(result) for result in results]})
        return
    for result in results:
        for line in table(result):
            tell(line)
        for path in written[result.symbol]:
            tell(path)
