"""The command that makes the map speak dollars: fits it to observed liquidations and keeps the weights in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from reportgen.cli.console import AsJson, ConfigFile, Output, Sample, Source, note, progress, tell, tell_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reportgen.cli.request import Order
    from reportgen.liquidation.calibration import Calibration, FitScore, NotionalRule
    from reportgen.liquidation.calibration.sample import Sample as Rows
    from reportgen.market.data import Gathered, MarketData
    from reportgen.units import Maybe

_STEPS: Final = 4
_SEED: Final = 20_261_124


def calibrate(
    *,
    source: Source = None,
    sample: Sample = False,
    symbol: Annotated[
        list[str] | None,
        typer.Option("--symbol", metavar="NAME", help="A market, as BTC; may be repeated. [the watchlist, else all]"),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Start of the sample; what lies before warms up.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="End of the sample. [last bar]")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The file. [OUTPUT/calibrations/YYYY-MM-DD.json]")
    ] = None,
    config: ConfigFile = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Fit the map to observed liquidations, so that the brief can show dollars; print how well it held.

    Example: reportgen calibrate --source data/market --symbol BTC --symbol ETH
    """
    import numpy as np

    from reportgen.cli.brief import gather
    from reportgen.cli.calibrations import keep_calibrations, own_folder
    from reportgen.delivery.archive.calibrations import calibration_path
    from reportgen.liquidation.calibration.make import calibrate as make
    from reportgen.moments import parse_moment

    start_ms = parse_moment(start) if start is not None else 0
    order = _order(source, config, output, symbol, until, sample=sample)
    folder = order.config.calibration or own_folder(order.config.output)
    with progress(_STEPS) as step:
        step("Reading the market data")
        gathered = gather(order)
        step("Sweeping the book")
        samples, others = _samples(gathered, start_ms, order, out or folder)
        step("Fitting the weights")
        fitted = make(samples, order.config.assumptions, np.random.default_rng(_SEED))
        made = (*fitted, *_borrowed(others, fitted))
        path = out or calibration_path(folder if folder.suffix != ".json" else folder.parent, made)
        step("Writing the file")
        named = out is not None or order.config.calibration is not None
        kept = keep_calibrations(order.config.output, path, made, named=named)
    for each in gathered.notes:
        note(each)
    _report(made, kept, order.config.assumptions.calibration_churns, as_json=as_json)


def _order(
    source: str | None, config: Path | None, output: str | None, symbols: Sequence[str] | None, until: str | None, *,
    sample: bool,
) -> Order:  # fmt: skip
    """Take the order; without symbols and configuration every market of the source is meant."""
    from reportgen.cli.request import Options, market_folder, take_order
    from reportgen.config.load import DEFAULT_PATH
    from reportgen.errors import UsageError
    from reportgen.market.folder.read import symbols_in

    if symbols is None and config is None and source is not None and not sample and not DEFAULT_PATH.exists():
        symbols = symbols_in(market_folder(sample, source, None) or Path(), None)
        if not symbols:
            raise UsageError(f"The market folder {source} has no candles. Name another with --source.")
    return take_order(
        Options(
            config=config, output=output, source=source, sample=sample, as_of=until,
            symbols=",".join(symbols) if symbols else None,
        )
    )  # fmt: skip


def _samples(
    gathered: Gathered, start_ms: int, order: Order, place: Path
) -> tuple[tuple[Rows, ...], tuple[MarketData, ...]]:
    """Part the markets into samples and those without liquidations, or end the command with every fault found."""
    from reportgen.cli.request import unknown_market
    from reportgen.errors import DataError
    from reportgen.liquidation.calibration.sample import sample_of
    from reportgen.units import Missing

    markets = tuple(gathered.markets.values())
    faults = [
        f"{market.candles.reason} {unknown_market(market.symbol, gathered.known_symbols)}"
        for market in markets
        if isinstance(market.candles, Missing)
    ]
    others = tuple(market for market in markets if isinstance(market.liquidations, Missing))
    found = [
        sample_of(market, start_ms, order.config.assumptions)
        for market in markets
        if not isinstance(market.liquidations, Missing) and not isinstance(market.candles, Missing)
    ]
    faults += [each.reason for each in found if isinstance(each, Missing)]
    if not found and not faults:
        faults.append("None of these markets has liquidations to calibrate on. Add a liquidations table.")
    if faults:
        files = sorted(place.glob("*.json")) if place.is_dir() else [place] if place.exists() else []
        stays = f"Nothing was written; {files[-1]} stays as it is." if files else "Nothing was written."
        raise DataError("\n".join((*faults, stays)))
    return tuple(each for each in found if not isinstance(each, Missing)), others


def _borrowed(others: Sequence[MarketData], fitted: Sequence[Calibration]) -> tuple[Calibration, ...]:
    """Lend the fitted weights to the markets without liquidations; say whose cannot even be borrowed."""
    from reportgen.liquidation.calibration.make import borrow
    from reportgen.units import Missing

    lent = [(market.symbol, borrow(market, fitted)) for market in others]
    for symbol, each in lent:
        if isinstance(each, Missing):
            note(f"{symbol} is left out: {each.reason}")
    return tuple(each for _, each in lent if not isinstance(each, Missing))


def _report(made: Sequence[Calibration], path: str, churns: Sequence[float], *, as_json: bool) -> None:
    """Print what was fitted and how well it held."""
    if as_json:
        tell_json({"file": path, "calibrations": [_facts(each) for each in made]})
        return
    for each in made:
        tell("\n".join(_lines(each, churns)))
    tell(path)


def _lines(made: Calibration, churns: Sequence[float]) -> list[str]:
    """Write a few lines about one symbol."""
    from reportgen.market.folder.tables import interval_text
    from reportgen.moments import moment_text

    bars = f"{interval_text(made.interval_ms)} bars, {made.observations:,} with both sides counted"
    span = f"{moment_text(made.sample_start_ms)} to {moment_text(made.sample_end_ms)}"
    known = f"liquidations of {', '.join(made.liquidation_venues)}"
    against = f"open interest of {', '.join(made.open_interest_venues)}"
    lines = [made.symbol, f"  sample     {span}, {bars}; {known}, {against}"]
    if made.borrowed_from:
        return [*lines, f"  weights    borrowed from {made.borrowed_from}, as it has no liquidations of its own"]
    prior = [f"{distance:.2%}" for distance, own in zip(made.node_distance, made.identified, strict=True) if not own]
    return [
        *lines,
        f"  churn      {made.churn:g}, of {', '.join(f'{each:g}' for each in churns)}",
        f"  fit        {_score(made.fit)}",
        f"  held out   {_score(made.held_out)}",
        f"  intervals  {_rule(made.interval)}",
        f"  nodes      {sum(made.identified)} of {len(made.identified)} fitted; prior stays at {', '.join(prior)}",
    ]


def _score(score: Maybe[FitScore]) -> str:
    from reportgen.units import Missing

    if isinstance(score, Missing):
        return score.reason
    beside = f"correlation of square roots {score.correlation:.2f}, distance alone {score.climatology:.2f}"
    return f"realised / estimated {score.ratio:.2f}; {beside}; {score.observations:,} bars"


def _rule(rule: Maybe[NotionalRule]) -> str:
    from reportgen.units import Missing

    if isinstance(rule, Missing):
        return rule.reason
    return f"{rule.level:.0%} wanted; {rule.covered} of {rule.of} later sweeps held, {rule.coverage:.0%}"


def _facts(made: Calibration) -> dict[str, Any]:
    """Give the same facts as the lines, for --json."""
    from dataclasses import asdict

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
