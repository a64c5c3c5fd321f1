"""One morning, from a request to kept files: gather, walk the five steps, compare with earlier briefs, draw, write.

Both the command line and `import reportgen` come here; neither is known here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from reportgen.morning.events_and_flows import events_around, near_events, with_flows
from reportgen.morning.live import INPUT_FOLDER, live_input, now_ms, questions, wanted_of, without_lookup

if TYPE_CHECKING:
    from reportgen.brief.types import Brief
    from reportgen.config.settings import Config, PositionEntry
    from reportgen.delivery.archive.calibrations import FoundCalibrations
    from reportgen.delivery.archive.commit import WrittenBrief
    from reportgen.guide.plan.own_position import HeldPosition
    from reportgen.market.data import Gathered
    from reportgen.morning import Note, Step
    from reportgen.morning.request import BriefRequest
    from reportgen.morning.workers import Workers


_STEPS: Final = 4
OWN_FOLDER: Final = ".own"
"""In the output folder: what only the reader may see."""
FIRST_MORNING: Final = "first-morning.json.gz"
"""In the sample's folder: the brief of the morning before; `python -m scripts.make_sample --kept` makes it."""


def steps_of(request: BriefRequest) -> int:
    """Count the steps that `make_and_write` announces."""
    return _STEPS + (questions(wanted_of(request.config)) if request.live else 0)


def make_and_write(
    request: BriefRequest, workers: Workers, step: Step, note: Note, *, future: bool
) -> tuple[Brief, WrittenBrief]:
    """Gather, walk the steps, compare with earlier briefs, draw the pages and commit them in one transaction.

    Args:
        request: What to make.
        workers: Processes that read symbols, draw and lay out.
        step: Told what begins next.
        note: Told what no file says.
        future: Whether as-of may lie after this machine's clock.

    Raises:
        DataError: Not one requested market has usable candles.
        UsageError: As-of has not come yet.
    """
    from reportgen.config.places import local_folder
    from reportgen.delivery.archive.commit import write_brief_files
    from reportgen.delivery.archive.days import morning_of
    from reportgen.delivery.archive.store import open_store
    from reportgen.morning.brand import logo_file
    from reportgen.morning.compare_with_past import remember
    from reportgen.morning.pages import make_pages
    from reportgen.morning.request import refuse_future
    from reportgen.render.formats import PAGE
    from reportgen.render.json import alert_files
    from reportgen.units import Missing

    own_page = None  # the page that only the reader may see; behind a URL nothing is the reader's alone
    if isinstance(request.config.output, Path) or not all(one.share for one in request.config.positions):
        there = local_folder(request.config.output, "Your own page (`positions:` without `share: true`)")
        own_page = there / OWN_FOLDER / PAGE.file
    step("Reading the market data")
    gathered, files = gather_all(request, step)
    simulated_ends = [
        int(candles.close_time_ms[-1])
        for market in gathered.markets.values()
        if market.simulated and not isinstance(market.candles, Missing)
        for candles in market.candles.values()
    ]
    if not future:
        refuse_future(gathered.as_of_ms, now_ms(), max(simulated_ends, default=None))
    gathered, kept = _with_input(request, gathered, files, note)
    step("Reading structure, zones and positioning")
    made = walk(request, gathered, note, workers.map)
    refuse_empty(made, gathered)
    if request.tour:
        _lay_first_morning(request.config)
    _tell_unprinted(made, note)
    remembered = remember(made, gathered, open_store(request.config.output), request.config.assumptions)
    own, made = remembered.brief, for_others(remembered.brief)
    pages = make_pages(made, request.config.templates, workers, step)
    step("Writing the files")
    written = write_brief_files(
        request.config.output,
        morning_of(made),
        files=pages.files,
        extra={f"charts/{name}": drawn for name, drawn in pages.charts.items()}
        | {f"{INPUT_FOLDER}/{name}": content for name, content in kept.items()}
        | logo_file(request.brand)
        | dict(alert_files(made)),
        also=remembered.also(),
    )
    if own_page is not None:
        _keep_own_page(own_page, own if own != made else None, request.config.templates, note)
    return made, written


def _lay_first_morning(config: Config) -> None:
    """Put the sample's morning before into an output that holds none, so that there is something to remember."""
    import gzip

    from reportgen.delivery.archive.commit import write_brief_files
    from reportgen.delivery.archive.days import earlier_briefs, morning_of
    from reportgen.delivery.archive.store import open_store
    from reportgen.market.folder.keep import sample_folder
    from reportgen.morning.pages import write_one
    from reportgen.render.formats import COPY, PAGE
    from reportgen.render.json import brief_from_json

    with sample_folder() as folder:
        kept = gzip.decompress((folder / FIRST_MORNING).read_bytes())
    first = brief_from_json(kept, FIRST_MORNING)
    if next(earlier_briefs(open_store(config.output), first.as_of_ms + 1, simulated=True), None) is None:
        pages = {COPY.file: kept, PAGE.file: write_one(first, PAGE, config.templates)}
        write_brief_files(config.output, morning_of(first), files=pages)


def _tell_unprinted(brief: Brief, note: Note) -> None:
    """Say which characters of the brief's names no font here has, before they come out as boxes."""
    from reportgen.render.fonts import unprinted

    brand = (brief.brand.name, brief.brand.line, brief.brand.footer) if brief.brand else ()
    lacking = unprinted((*brand, *(one.base for one in brief.symbols), *(event.name for event in brief.events)))
    if lacking:
        note(lacking)


def for_others(brief: Brief) -> Brief:
    """Give the brief that is kept and published: without the positions that are the reader's alone."""
    shared = (replace(one, positions=tuple(own for own in one.positions if own.share)) for one in brief.symbols)
    return replace(brief, symbols=tuple(shared))


def _keep_own_page(page: Path, own: Brief | None, templates: Path | None, note: Note) -> None:
    """Write that page outside what the archive lists, publishes and keeps; without own positions none may stay."""
    from reportgen.delivery.archive.commit import replace_files
    from reportgen.delivery.ledger import make_private
    from reportgen.morning.pages import write_one
    from reportgen.render.formats import PAGE

    if own is None:
        page.unlink(missing_ok=True)
        return
    make_private(page.parent)
    replace_files({page: write_one(own, PAGE, templates)})
    page.chmod(0o600)
    note(f"Your own page, with your positions: {page}")


def walk(request: BriefRequest, gathered: Gathered, note: Note, map_sections: Callable[..., Any] = map) -> Brief:
    """Walk the five steps over what was gathered, with the events, flows and calibrations that the request names."""
    from reportgen.brief.write import write_brief
    from reportgen.moments import parse_span

    gathered = with_flows(request.config, gathered)
    outside = events_around(request.config, gathered.as_of_ms, note)
    found = find_calibrations(request.config, gathered.as_of_ms)
    for text in found.notes:
        note(text)
    made = write_brief(
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
        positions=tuple(_held(one) for one in request.config.positions),
        map_sections=map_sections,
    )
    return replace(made, brand=request.brand)


def _held(entry: PositionEntry) -> HeldPosition:
    from reportgen.guide.plan.own_position import HeldPosition
    from reportgen.units import Side

    return HeldPosition(
        symbol=entry.symbol, side=Side(entry.side), entry=entry.entry, size=entry.size, leverage=entry.leverage,
        liquidation=entry.liquidation_price, venue=entry.venue or "", taker_fee=entry.taker_fee, share=entry.share,
    )  # fmt: skip


def gather_all(request: BriefRequest, step: Step) -> tuple[Gathered, Mapping[str, bytes]]:
    """Gather the market data from where the request says; the second value is live input to keep, by file name."""
    if not request.live:
        return gather(request), {}
    live = live_input(request.config, wanted_of(request.config), step)
    return _only_asked(request, live.gathered), live.files


def gather(request: BriefRequest) -> Gathered:
    """Read the market folder or the sample, and keep the venues that the watchlist asks for."""
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


def _with_input(
    request: BriefRequest, gathered: Gathered, live: Mapping[str, bytes], note: Note
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


def refuse_empty(made: Brief, gathered: Gathered) -> None:
    """See to it that a requested market has usable candles.

    Raises:
        DataError: Not one has; says why, and what the source holds.
    """
    from reportgen.errors import DataError
    from reportgen.market.folder.read import unknown_market
    from reportgen.units import Missing

    reasons = [symbol.price.reason for symbol in made.symbols if isinstance(symbol.price, Missing)]
    if len(reasons) < len(made.symbols):
        return
    names = ", ".join(symbol.symbol for symbol in made.symbols)
    hint = unknown_market(made.symbols[0].symbol, gathered.known_symbols)
    raise DataError(f"No usable candles for {names}, so nothing is written. {reasons[0]} {hint}")


def find_calibrations(config: Config, as_of_ms: int) -> FoundCalibrations:
    """Find the newest calibrations that were known at a moment, wherever the briefs are kept."""
    from reportgen.delivery.archive.calibrations import FOLDER, newest_calibrations
    from reportgen.delivery.archive.store import open_store

    if config.calibration is not None:
        return newest_calibrations(config.calibration, as_of_ms)
    if isinstance(config.output, Path):
        return newest_calibrations(config.output / FOLDER, as_of_ms)
    store = open_store(config.output)
    with tempfile.TemporaryDirectory(prefix="reportgen-") as scratch:
        for path in store.files(FOLDER):
            content = store.read(path)
            if content is not None:
                (Path(scratch) / PurePosixPath(path).name).write_bytes(content)
        found = newest_calibrations(Path(scratch), as_of_ms)
        return replace(found, notes=tuple(each.replace(scratch, store.path(FOLDER)) for each in found.notes))
