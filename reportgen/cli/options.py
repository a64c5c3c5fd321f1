"""The options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

ConfigFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="The configuration; ./config.yaml if not named."),
]
Output: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="DIR", help="Folder or URL of the briefs; the configuration's if not named."
    ),
]
"""Text, not a path: a path would fold the slashes of a URL. `places.place_of` reads it."""
Source: TypeAlias = Annotated[
    str | None, typer.Option("--source", metavar="DIR", help="A market folder with candles and more, CSV or Parquet.")
]
Sample: TypeAlias = Annotated[
    bool, typer.Option("--sample", help="Use the simulated market that comes with reportgen.")
]
Templates: TypeAlias = Annotated[
    Path | None, typer.Option("--templates", metavar="DIR", help="A folder whose files replace single templates.")
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Symbols: TypeAlias = Annotated[
    str | None, typer.Option("--symbols", metavar="LIST", help="Markets as BTC,ETH; the watchlist if not named.")
]
