"""The command that exports maps for other tools: one liquidation map per decision time, as NumPy arrays."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Annotated, Final

import typer

from reportgen.cli.console import AsJson, ConfigFile, Sample, Source, progress, stands, tell, tell_json
from reportgen.errors import UsageError

_STEPS: Final = 3
_MOST_TIMES: Final = 100_000


def export(
    *,
    symbol: Annotated[str, typer.Option("--symbol", "--symbols", metavar="NAME", help="The market, as BTC.")],
    start: Annotated[
        str, typer.Option("--from", metavar="TIME", help="First decision time; what lies before warms up.")
    ],
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="Last decision time, included.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The .npz file to write.")],
    every: Annotated[str, typer.Option("--every", metavar="SPAN", help="Time between maps: 30m, 1h, 1d.")] = "1h",
    source: Source = None,
    sample: Sample = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Export liquidation maps: time_ms, price_edges, long and short (mass per bin, times x bins).

    Example: reportgen map --source data/market --symbol BTC --from 2026-01-01T00:00Z --until 2026-01-02T00:00Z
    --every 1h --out maps.npz
    """
    from reportgen.delivery.archive.commit import replace_files
    from reportgen.moments import moment_text
    from reportgen.morning.making import gather
    from reportgen.morning.request import Options, take_request

    times = decision_times(start, until, every)
    last = moment_text(times[-1])
    request = take_request(Options(config=config, source=source, sample=sample, symbols=[symbol], as_of=last))
    with progress(_STEPS) as step:
        step("Reading the market data")
        market = next(iter(gather(request).markets.values()))
        step(f"Mapping {len(times)} times")
        # Map one market at each decision time and pack the arrays; the second value is times and bins.
        import numpy as np

        from reportgen.liquidation.map import export_maps

        exported = export_maps(market, np.asarray(times, dtype=np.int64), request.config.assumptions)
        packed = BytesIO()
        np.savez_compressed(
            packed,
            time_ms=exported.time_ms,
            price_edges=exported.price_edges,
            long=exported.long,
            short=exported.short,
        )
        count, bins = exported.long.shape
        content, shape = packed.getvalue(), (int(count), int(bins))
        step("Writing the file")
        replace_files({out: content})
    stands("The file", out)
    if as_json:
        span = {"from": moment_text(times[0]), "until": last}
        tell_json({"npz": str(out), "symbol": market.symbol, "times": shape[0], "bins": shape[1]} | span)
    else:
        tell(out)


def decision_times(start: str, until: str, every: str) -> range:
    """List the decision times in UTC epoch milliseconds, the last one at or before `until`.

    Raises:
        UsageError: A time or the span cannot be read, the order is wrong, or there are too many.
    """
    from reportgen.moments import parse_moment, parse_span

    first, last, step = parse_moment(start), parse_moment(until), parse_span(every)
    if last < first:
        raise UsageError(f"--until {until} lies before --from {start}. Swap them.")
    times = range(first, last + 1, step)
    if len(times) > _MOST_TIMES:
        raise UsageError(f"{len(times)} maps are more than {_MOST_TIMES}. Choose a longer --every or a shorter span.")
    return times
