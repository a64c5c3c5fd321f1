"""Filling a market folder: from the exchanges, whose memory is short, or from archive dumps."""

# ruff: noqa: PLC0415 - heavy imports live inside the commands

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reportgen.cli.dumps import convert_dumps
from reportgen.cli.options import AsJson, ConfigFile, Symbols
from reportgen.cli.speech import note, progress, tell, tell_json
from reportgen.errors import UsageError

if TYPE_CHECKING:
    from reportgen.market.exchanges import Gathering

_WRITING = 1


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
    as_json: AsJson = False,
) -> None:
    """Add what the exchanges say of the watchlist, or what archive dumps hold, to a market folder.

    Prints what was written; rows that stand there already are not doubled. Examples: reportgen fetch --out data/market
    · reportgen fetch --from-dump dumps --out data/market
    """
    if from_dump:
        if symbols is not None or config is not None:
            raise UsageError("--from-dump converts whole dumps: leave --symbols and --config out.")
        convert_dumps([*from_dump, *(more or ())], out, as_json=as_json)
    elif more:
        raise UsageError(f"`{more[0]}`: name dumps with --from-dump PATH, or markets with --symbols.")
    else:
        _gather(out, config, symbols, as_json=as_json)


def _gather(out: Path, config: Path | None, symbols: str | None, *, as_json: bool) -> None:
    """Ask the exchanges, and add what they gave to the folder."""
    from reportgen.cli.live import gather_now, questions, wanted_of
    from reportgen.cli.orders import Options, take_order
    from reportgen.delivery.output import replace_files
    from reportgen.market.kept import folder_files
    from reportgen.moments import moment_text

    order = take_order(Options(config=config, symbols=symbols, source="live"), live=True)
    wanted = wanted_of(order.config)
    with progress(questions(wanted) + _WRITING) as step:
        gathering = gather_now(order.config, wanted, step)
        step("Writing the files")
        files = folder_files(gathering, out)
        replace_files({out / name: content for name, content in files.items()})
    for symbol, gap in gathering.gaps:
        note(f"{symbol}: {gap.venue}: {gap.what}: {gap.reason}")
    if as_json:
        tell_json(_facts(gathering, out, tuple(files)) | {"as_of": moment_text(gathering.as_of_ms)})
        return
    for name in files:
        tell(out / name)
    note(f"Next: reportgen brief --source {out} --as-of {moment_text(gathering.as_of_ms)}")


def _facts(gathering: Gathering, out: Path, files: tuple[str, ...]) -> dict[str, object]:
    """Say what was gathered, for programs."""
    gaps = [
        {"symbol": symbol, "venue": gap.venue, "what": gap.what, "reason": gap.reason} for symbol, gap in gathering.gaps
    ]
    return {"out": str(out), "files": list(files), "requests": dict(gathering.requests), "missing": gaps}
