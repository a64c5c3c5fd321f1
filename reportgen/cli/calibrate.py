"""Calibration: the command that fits the map to observed liquidations, and where the weights are kept and found."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from reportgen.cli.console import (
    AsJson,
    Cluster,
    ConfigFile,
    Output,
    Sample,
    Source,
    Workers,
    note,
    progress,
    stands,
    tell,
    tell_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reportgen.config.places import Place
    from reportgen.liquidation.calibration import Calibration, FitScore
    from reportgen.liquidation.calibration.sample import Sample as Rows
    from reportgen.market.data import Gathered, MarketData
    from reportgen.morning.request import BriefRequest
    from reportgen.units import Maybe

_STEPS: Final = 4
_SEED: Final = 20_261_124


def calibrate(
    *,
    source: Source = None,
    sample: Sample = False,
    symbol: Annotated[
        list[str] | None,
        typer.Option(
            "--symbol", "--symbols", metavar="NAME", help="A market, as BTC; may be repeated. [the watchlist, else all]"
        ),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Start of the sample; what lies before warms up.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="End of the sample. [last bar]")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The file. [OUTPUT/calibrations/YYYY-MM-DD.json]")
    ] = None,
    workers: Workers = 1,
    cluster: Cluster = None,
    config: ConfigFile = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Fit the map to observed liquidations, so that the brief can show dollars; print how well it held.

    Example: reportgen calibrate --source data/market --symbol BTC --symbol ETH
    """
    import numpy as np

    from reportgen.delivery.archive.calibrations import calibration_path
    from reportgen.liquidation.calibration import make
    from reportgen.moments import parse_moment
    from reportgen.morning.making import gather
    from reportgen.morning.workers import start_workers
    from reportgen.units import Missing

    start_ms = 0 if start is None else parse_moment(start)
    request = _request(source, config, output, symbol, until, sample=sample)
    folder = request.config.calibration or own_folder(request.config.output)
    with start_workers(workers, cluster, paper=False) as pool, progress(_STEPS) as step:
        step("Reading the market data")
        gathered = gather(request)
        step("Sweeping the book")
        samples, others = _samples(gathered, start_ms, request, out or folder, pool.map)
        step("Fitting the weights")
        fitted = make.calibrate(samples, request.config.assumptions, np.random.default_rng(_SEED), pool.map)
        made = list(fitted)
        for market in others:
            lent = make.borrow(market, fitted)
            if isinstance(lent, Missing):
                note(f"{market.symbol} is left out: {lent.reason}")
            else:
                made.append(lent)
        path = out or calibration_path(folder if folder.suffix != ".json" else folder.parent, made)
        step("Writing the file")
        kept = keep_calibrations(request.config.output, path, made, named=bool(out or request.config.calibration))
    stands("The calibration", kept)
    for text in gathered.notes:
        note(text)
    if as_json:
        tell_json({"file": kept, "calibrations": [_facts(each) for each in made]})
        return
    tell("\n".join(line for each in made for line in _lines(each, request.config.assumptions.calibration_churns)))
    tell(kept)


def _request(
    source: str | None, config: Path | None, output: str | None, symbols: Sequence[str] | None, until: str | None, *,
    sample: bool,
) -> BriefRequest:  # fmt: skip
    """Read the options; without symbols and configuration every market of the source is meant."""
    from reportgen.config.load import DEFAULT_PATH
    from reportgen.errors import UsageError
    from reportgen.market.folder.read import symbols_in
    from reportgen.morning.request import Options, market_folder, take_request

    if symbols is None and config is None and source is not None and not sample and not DEFAULT_PATH.exists():
        symbols = symbols_in(market_folder(sample, source, None) or Path(), None)
        if not symbols:
            raise UsageError(f"The market folder {source} has no candles. Name another with --source.")
    return take_request(
        Options(
            config=config, output=output, source=source, sample=sample, as_of=until,
            symbols=symbols or None,
        )
    )  # fmt: skip


def _samples(
    gathered: Gathered, start_ms: int, request: BriefRequest, place: Path, map_units: Callable[..., Any]
) -> tuple[tuple[Rows, ...], tuple[MarketData, ...]]:
    """Part the markets into samples and those without liquidations, or end the command with every fault found."""
    from reportgen.errors import DataError
    from reportgen.liquidation.calibration.sample import sample_of
    from reportgen.market.folder.read import unknown_market
    from reportgen.units import Missing

    markets = tuple(gathered.markets.values())
    faults = [
        f"{market.candles.reason} {unknown_market(market.symbol, gathered.known_symbols)}"
        for market in markets
        if isinstance(market.candles, Missing)
    ]
    others = tuple(market for market in markets if isinstance(market.liquidations, Missing))
    told = (one for one in markets if one not in others and not isinstance(one.candles, Missing))
    sampled = partial(sample_of, start_ms=start_ms, assumptions=request.config.assumptions)
    found: list[Maybe[Rows]] = list(map_units(sampled, told))
    faults += [each.reason for each in found if isinstance(each, Missing)]
    if not found and not faults:
        faults.append("None of these markets has liquidations to calibrate on. Add a liquidations table.")
    if faults:
        files = sorted(place.glob("*.json")) if place.is_dir() else [place] if place.exists() else []
        stays = f"Nothing was written; {files[-1]} stays as it is." if files else "Nothing was written."
        raise DataError("\n".join((*faults, stays)))
    return tuple(each for each in found if not isinstance(each, Missing)), others


def _lines(made: Calibration, churns: Sequence[float]) -> list[str]:
    """Write a few lines about one symbol."""
    from reportgen.market.folder.tables import interval_text
    from reportgen.moments import moment_text
    from reportgen.units import Missing

    bars = f"{interval_text(made.interval_ms)} bars, {made.observations:,} with both sides counted"
    span = f"{moment_text(made.sample_start_ms)} to {moment_text(made.sample_end_ms)}"
    known = f"liquidations of {', '.join(made.liquidation_venues)}"
    against = f"open interest of {', '.join(made.open_interest_venues)}"
    lines = [made.symbol, f"  sample     {span}, {bars}; {known}, {against}"]
    if made.borrowed_from:
        return [*lines, f"  weights    borrowed from {made.borrowed_from}, as it has no liquidations of its own"]
    rule = made.interval
    interval = (
        rule.reason
        if isinstance(rule, Missing)
        else f"{rule.level:.0%} wanted; {rule.covered} of {rule.of} later sweeps held, {rule.coverage:.0%}"
    )
    prior = [f"{distance:.2%}" for distance, own in zip(made.node_distance, made.identified, strict=True) if not own]
    return [
        *lines,
        f"  churn      {made.churn:g}, of {', '.join(f'{each:g}' for each in churns)}",
        f"  fit        {_score(made.fit)}",
        f"  held out   {_score(made.held_out)}",
        f"  intervals  {interval}",
        f"  nodes      {sum(made.identified)} of {len(made.identified)} fitted; prior stays at {', '.join(prior)}",
    ]


def _score(score: Maybe[FitScore]) -> str:
    from reportgen.units import Missing

    if isinstance(score, Missing):
        return score.reason
    beside = f"correlation of square roots {score.correlation:.2f}, distance alone {score.climatology:.2f}"
    return f"realised / estimated {score.ratio:.2f}; {beside}; {score.observations:,} bars"


def _facts(made: Calibration) -> dict[str, Any]:
    """Give the same facts as the lines, for --json."""
    from reportgen.moments import moment_text
    from reportgen.units import Missing

    rule = made.interval
    interval = (
        asdict(rule)
        if isinstance(rule, Missing)
        else {"level": rule.level, "covered": rule.covered, "of": rule.of, "coverage": rule.coverage}
    )
    pairs = zip(made.node_distance, made.identified.tolist(), strict=True)
    return {
        "symbol": made.symbol,
        "borrowed_from": made.borrowed_from,
        "sample": {"from": moment_text(made.sample_start_ms), "until": moment_text(made.sample_end_ms)},
        "observations": made.observations,
        "liquidation_venues": list(made.liquidation_venues),
        "open_interest_venues": list(made.open_interest_venues),
        "churn": made.churn,
        "fit": asdict(made.fit),
        "held_out": asdict(made.held_out),
        "interval": interval,
        "prior_distances": [distance for distance, own in pairs if not own],
    }


def own_folder(place: Place) -> Path:
    """Give the folder of calibrations where the briefs are kept; relative to the place when that is a URL."""
    from reportgen.delivery.archive.calibrations import FOLDER

    return Path(FOLDER) if isinstance(place, str) else place / FOLDER


def keep_calibrations(place: Place, path: Path, made: Sequence[Calibration], *, named: bool) -> str:
    """Write a calibration file; one that stands inside the archive is listed there.

    Args:
        place: Where the briefs are kept.
        path: Where the file goes.
        made: What to write.
        named: True when the user named the file or its folder, which then is on this machine.

    Returns:
        Where it is now.
    """
    from reportgen.config.places import inside as beneath
    from reportgen.delivery.archive.calibrations import calibrations_to_json, write_calibrations
    from reportgen.delivery.archive.commit import add_files

    if isinstance(place, str) and not named:
        add_files(place, {path.as_posix(): calibrations_to_json(made)})
        return beneath(place, path.as_posix())
    if isinstance(place, Path) and path.resolve().is_relative_to(place.resolve()):
        inside = path.resolve().relative_to(place.resolve()).as_posix()
        add_files(place, {inside: calibrations_to_json(made)})
    else:
        write_calibrations(path, made)
    return str(path)
