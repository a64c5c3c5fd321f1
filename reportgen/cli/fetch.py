"""Filling a market folder: from archive dumps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reportgen.cli.dumps import convert_dumps
from reportgen.cli.options import AsJson
from reportgen.errors import UsageError


def fetch(
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The market folder that grows; made if not there.")],
    from_dump: Annotated[
        list[str] | None,
        typer.Option(
            "--from-dump", metavar="PATH", help="An archive dump or a folder of them; coinalyze:BTC asks its API."
        ),
    ] = None,
    more: Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", help="Further dumps.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add what archive dumps hold to a market folder; print what was written.

    Rows that stand there already are not doubled. Example: reportgen fetch --from-dump dumps --out data/market
    """
    dumps = [*(from_dump or ()), *(more or ())]
    if not from_dump:
        raise UsageError("Nothing to read. Name dumps with --from-dump PATH.")
    convert_dumps(dumps, out, as_json=as_json)
