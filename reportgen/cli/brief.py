"""The main job: options -> request -> market data -> brief -> pages -> files; and a kept brief.json rendered again."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reportgen.cli.console import (
    AsJson,
    Cluster,
    ConfigFile,
    Output,
    Sample,
    Source,
    Symbols,
    Templates,
    Workers,
    note,
    progress,
    stands,
    tell,
    tell_json,
)

if TYPE_CHECKING:
    from reportgen.brief.types import Brief
    from reportgen.delivery.archive.commit import WrittenBrief

_RENDER_STEPS = 2
_MISSING_UNDER_STRICT = 3
_STALE_UNDER_FRESH = 5
_NEXT = """
That was the tour: two mornings of a simulated market, invented with every input there is. Three things to do next:
  1. Open {output}/latest/brief.html: what changed, how yesterday's zones did, what could liquidate whom today.
     {output}/index.html is the archive; the page with an (invented) position of your own stands above.
  2. `{called} init mine` writes mine/config.yaml: put your own symbols in it. It asks the exchanges live.
  3. `{called} brief --config mine/config.yaml` each morning; `{called} send` and `post` carry it on."""


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
    workers: Workers = 1,
    cluster: Cluster = None,
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

    --sample alone is a tour: two mornings of a simulated market that has every input.

    Examples: reportgen brief --sample · reportgen brief --source data/market --symbols BTC,ETH --output briefs
    """
    from reportgen.delivery.archive.commit import judge_place
    from reportgen.delivery.archive.store import open_store
    from reportgen.delivery.notify import watched
    from reportgen.morning.making import make_and_write, steps_of
    from reportgen.morning.request import Options, base_config, take_request
    from reportgen.morning.workers import start_workers

    options = Options(
        config=config, output=output, source=source, sample=sample, symbols=symbols, as_of=as_of,
        timeframe=timeframe, horizon_hours=horizon, templates=templates,
    )  # fmt: skip
    base = base_config(options, live=True)
    with watched(base.monitor, note) as watch:
        request = take_request(options, live=True, base=base)
        judge_place(open_store(request.config.output))
        with start_workers(workers, cluster) as pool, progress(steps_of(request)) as step:
            made, written = make_and_write(request, pool, step, note, future=future)
        watch.faults.extend(f"STALE {one.symbol}: {one.stale}" for one in made.symbols if one.stale)
    stands("The brief", next(iter(written.files.values())))
    _report(made, written, as_json=as_json, strict=strict)
    if request.tour:
        note(_NEXT.format(output=request.config.output, called=os.environ.get("REPORTGEN_CALLED", "reportgen")))
    late = any(symbol.stale or symbol.price_time_ms is None for symbol in made.symbols)
    raise typer.Exit(_STALE_UNDER_FRESH if fresh and late else _MISSING_UNDER_STRICT if strict and made.missing else 0)


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
    from reportgen.delivery.archive.commit import replace_files
    from reportgen.errors import DataError, RenderError
    from reportgen.morning.api import read_brief
    from reportgen.morning.pages import make_pages
    from reportgen.morning.request import templates_folder
    from reportgen.morning.workers import start_workers
    from reportgen.render.formats import COPY, FORMATS

    folder = brief_json.parent if output is None else output
    own_templates = templates_folder(templates)
    with start_workers(1) as pool, progress(_RENDER_STEPS) as step:
        kept = read_brief(brief_json).brief
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
