"""The main job: options -> request -> market data -> brief -> pages -> files; and a kept brief.json rendered again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reportgen.cli.console import (
    AsJson,
    ConfigFile,
    Output,
    Sample,
    Source,
    Step,
    Symbols,
    Templates,
    note,
    progress,
    stands,
    tell,
    tell_json,
)
from reportgen.cli.events_and_flows import events_around, near_events, with_flows

if TYPE_CHECKING:
    from reportgen.brief.types import Brief
    from reportgen.cli.request import BriefRequest
    from reportgen.delivery.archive.commit import WrittenBrief
    from reportgen.market.data import Gathered
    from reportgen.market.exchanges.gather import Wanted

_STEPS = 5
_RENDER_STEPS = 3
_MISSING_UNDER_STRICT = 3
_STALE_UNDER_FRESH = 5


def brief(
    *,
    config: ConfigFile = None,
    output: Output = None,
    source: Source = None,
    sample: Sample = False,
    symbols: Symbols = None,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="The moment to speak of, with its zone: 2026-01-19T07:00Z. [last close]"),
    ] = None,
    timeframe: Annotated[str | None, typer.Option(metavar="SPAN", help="The trading timeframe, as 4h.")] = None,
    horizon: Annotated[float | None, typer.Option(metavar="HOURS", help="How far to look ahead.")] = None,
    templates: Templates = None,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, max=64, help="Processes that read symbols and draw charts.")
    ] = 1,
    strict: Annotated[bool, typer.Option("--strict", help="Leave with exit code 3 when data is missing.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Leave with exit code 5 when a last bar is too old to act on.")
    ] = False,
    future: Annotated[
        bool, typer.Option("--future", help="Allow a moment that this machine's clock has not reached.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the morning brief as HTML, PDF and JSON; print where they are.

    Examples: reportgen brief --sample · reportgen brief --source data/market --symbols BTC,ETH --output briefs
    """
    from reportgen.cli.request import Options, refuse_unwritable, take_request
    from reportgen.delivery.archive.commit import refuse_foreign
    from reportgen.delivery.archive.store import open_store

    request = take_request(
        Options(
            config=config, output=output, source=source, sample=sample, symbols=symbols, as_of=as_of,
            timeframe=timeframe, horizon_hours=horizon, templates=templates,
        ),
        live=True,
    )  # fmt: skip
    refuse_unwritable(request.config.output)
    refuse_foreign(open_store(request.config.output))
    made, written = make_and_write(request, workers, future=future)
    stands("The brief", next(iter(written.files.values())))
    _report(made, written, as_json=as_json, strict=strict)
    late = any(symbol.stale or symbol.price_time_ms is None for symbol in made.symbols)
    raise typer.Exit(_STALE_UNDER_FRESH if fresh and late else _MISSING_UNDER_STRICT if strict and made.missing else 0)


def make_and_write(request: BriefRequest, workers: int, *, future: bool) -> tuple[Brief, WrittenBrief]:
    """Gather, walk the steps, compare with earlier briefs, draw the pages and commit them in one transaction."""
    from reportgen.cli.compare_with_past import remember
    from reportgen.cli.live import INPUT_FOLDER, questions, wanted_of
    from reportgen.cli.pages import make_pages, start_workers
    from reportgen.delivery.archive.commit import write_brief_files
    from reportgen.delivery.archive.store import open_store
    from reportgen.render.json import alert_files

    wanted = wanted_of(request.config) if request.live else ()
    with start_workers(workers) as pool, progress(_STEPS + questions(wanted)) as step:
        step("Reading the market data")
        gathered, files = gather_all(request, wanted, step)
        _refuse_future(gathered, allowed=future)
        gathered, kept = with_input(request, gathered, files)
        step("Reading structure, zones and positioning")
        made = walk(request, gathered, pool.map_sections)
        _refuse_empty(made, gathered)
        remembered = remember(made, gathered, open_store(request.config.output), request.config.assumptions)
        made = remembered.brief
        pages = make_pages(made, request.config.templates, pool, step)
        step("Writing the files")
        written = write_brief_files(
            request.config.output,
            made.as_of_ms,
            files=pages.files,
            extra={f"charts/{name}": png for name, png in pages.charts.items()}
            | {f"{INPUT_FOLDER}/{name}": content for name, content in kept.items()}
            | dict(alert_files(made)),
            also=remembered.also(),
        )
    return made, written


def walk(request: BriefRequest, gathered: Gathered, map_sections: Callable[..., Any] = map) -> Brief:
    """Walk the five steps over what was gathered, with the events, flows and calibrations that the request names."""
    from reportgen.brief.write import write_brief
    from reportgen.cli.calibrate import find_calibrations
    from reportgen.moments import parse_span

    gathered = with_flows(request.config, gathered)
    outside = events_around(request.config, gathered.as_of_ms)
    found = find_calibrations(request.config, gathered.as_of_ms)
    return write_brief(
        replace(gathered, notes=(*gathered.notes, *found.notes, *outside.notes)),
        horizon_hours=request.config.horizon_hours,
        timeframe=request.config.timeframe,
        timeframe_ms=parse_span(request.config.timeframe),
        timezone=request.config.timezone,
        events=outside.events,
        absent_feeds=outside.absent,
        near_events=near_events(request.config, gathered),
        unknown_events=outside.unknown,
        assumptions=request.config.assumptions,
        calibrations=found.calibrations,
        map_sections=map_sections,
    )


def gather_all(request: BriefRequest, wanted: tuple[Wanted, ...], step: Step) -> tuple[Gathered, Mapping[str, bytes]]:
    """Gather the market data from where the request says; the second value is live input to keep, by file name."""
    if not request.live:
        return gather(request), {}
    from reportgen.cli.live import live_input

    live = live_input(request.config, wanted, step)
    return _only_asked(request, live.gathered), live.files


def gather(request: BriefRequest) -> Gathered:
    """Read the market folder or the sample, and keep the venues that the watchlist asks for."""
    from reportgen.cli.live import without_lookup
    from reportgen.market.folder.keep import read_sample
    from reportgen.market.folder.read import read_market

    symbols = tuple(watched.symbol for watched in request.config.watchlist)
    as_of_ms, assumptions = request.as_of_ms, request.config.assumptions
    if request.folder is None:
        found = read_sample(symbols, as_of_ms=as_of_ms, assumptions=assumptions)
    else:
        found = read_market(request.folder, symbols, as_of_ms=as_of_ms, assumptions=assumptions)
    return _only_asked(request, without_lookup(found, request.config))


def _only_asked(request: BriefRequest, gathered: Gathered) -> Gathered:
    from reportgen.market.folder.read import only_venues

    venues = {watched.symbol: watched.venues for watched in request.config.watchlist}
    return replace(
        gathered, markets={name: only_venues(market, venues[name]) for name, market in gathered.markets.items()}
    )


def with_input(
    request: BriefRequest, gathered: Gathered, live: Mapping[str, bytes]
) -> tuple[Gathered, Mapping[str, bytes]]:
    """Give the input to keep, by file name; its fingerprint, or why it is not kept, goes into the provenance."""
    if request.live:
        return gathered, live
    from reportgen.market.folder.keep import fingerprint, input_files, sample_folder
    from reportgen.units import Missing

    with sample_folder() if request.folder is None else nullcontext(request.folder) as folder:
        kept = input_files(folder, gathered.markets, gathered.as_of_ms)
    if isinstance(kept, Missing):
        note(f"The input is not kept with the brief, only its sums: {kept.reason}")
    about = f"not kept: {kept.reason}" if isinstance(kept, Missing) else fingerprint(kept)
    told = replace(gathered, provenance={**gathered.provenance, "input": about})
    return told, {} if isinstance(kept, Missing) else kept


def _refuse_future(gathered: Gathered, *, allowed: bool) -> None:
    from reportgen.cli.live import now_ms
    from reportgen.cli.request import refuse_future
    from reportgen.units import Missing

    ends = [
        int(candles.close_time_ms[-1])
        for market in gathered.markets.values()
        if market.simulated and not isinstance(market.candles, Missing)
        for candles in market.candles.values()
    ]
    if not allowed:
        refuse_future(gathered.as_of_ms, now_ms(), max(ends, default=None))


def _refuse_empty(made: Brief, gathered: Gathered) -> None:
    """End the command when not one of the requested markets has usable candles."""
    from reportgen.cli.request import unknown_market
    from reportgen.errors import DataError
    from reportgen.units import Missing

    reasons = [symbol.price.reason for symbol in made.symbols if isinstance(symbol.price, Missing)]
    if len(reasons) < len(made.symbols):
        return
    names = ", ".join(symbol.symbol for symbol in made.symbols)
    hint = unknown_market(made.symbols[0].symbol, gathered.known_symbols)
    raise DataError(f"No usable candles for {names}, so nothing is written. {reasons[0]} {hint}")


def _report(made: Brief, written: WrittenBrief, *, as_json: bool, strict: bool) -> None:
    """Print the three paths, and on stderr what the brief had to do without."""
    from reportgen.units import Missing

    if as_json:
        facts = {"as_of": made.as_of, "symbols": [symbol.symbol for symbol in made.symbols]}
        tell_json(
            {**written.files}
            | facts
            | {"stale": made.stale or None, "missing": [asdict(missing) for missing in made.missing]}
        )
    else:
        for path in written.files.values():
            tell(path)
    if not written.new:
        note("The archive holds this result already; nothing was changed.")
    for symbol in made.symbols:
        if isinstance(symbol.price, Missing):
            note(f"{symbol.symbol}: {symbol.price.reason}")
        elif symbol.stale:
            note(f"STALE {symbol.symbol}: {symbol.stale}")
    if strict:
        for missing in made.missing:
            note(": ".join(part for part in (missing.symbol, missing.venue, missing.what, missing.reason) if part))
    elif made.missing:
        count = len(made.missing)
        note(
            f"{count} input{'s are' if count > 1 else ' is'} missing; the brief names {'each' if count > 1 else 'it'}."
        )


def render(
    brief_json: Annotated[Path, typer.Argument(metavar="BRIEF_JSON", help="A brief.json that `brief` wrote.")],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Where to write; beside the file if not named.")
    ] = None,
    templates: Templates = None,
    as_json: AsJson = False,
) -> None:
    """Render brief.html and brief.pdf from a brief.json: the same bytes as on its day, offline.

    Example: reportgen render output/latest/brief.json --output again
    """
    from reportgen.cli.pages import make_pages, start_workers
    from reportgen.cli.request import templates_folder
    from reportgen.delivery.archive.commit import replace_files
    from reportgen.errors import DataError, RenderError
    from reportgen.render.formats import COPY, FORMATS
    from reportgen.render.json import brief_from_json

    folder = brief_json.parent if output is None else output
    own_templates = templates_folder(templates)
    with start_workers(1) as pool, progress(_RENDER_STEPS) as step:
        kept = brief_from_json(brief_json.read_bytes(), str(brief_json))
        try:
            pages = make_pages(kept, own_templates, pool, step)
        except RenderError as error:
            raise RenderError(f"{brief_json}: {error}") from error
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise DataError(
                f"{brief_json}: a value in it cannot be shown ({error}). Restore the file, or make the brief again."
            ) from error
        step("Writing the files")
        written = {one.name: folder / one.file for one in FORMATS if one is not COPY}
        replace_files({path: pages.files[path.name] for path in written.values()})
    stands("The page", folder)
    if as_json:
        tell_json({name: str(path) for name, path in written.items()})
    else:
        for path in written.values():
            tell(path)
