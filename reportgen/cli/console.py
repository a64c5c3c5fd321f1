"""How the command line speaks: data on stdout, messages on stderr, progress on a terminal only."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

if TYPE_CHECKING:
    from reportgen.morning import Step

# ---- The options that several commands share, so that they read the same everywhere ----

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
Workers: TypeAlias = Annotated[
    int, typer.Option("--workers", metavar="N", min=1, max=64, help="Processes of this machine that work.")
]
Cluster: TypeAlias = Annotated[
    str | None,
    typer.Option("--cluster", metavar="ADDRESS", help="A dask cluster that works instead, as tcp://HOST:8786."),
]
Symbols: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--symbols", "--symbol", metavar="LIST", help="Markets as BTC,ETH; may be repeated; the watchlist if not named."
    ),
]

_UNPRINTABLE: Final = {code: "\ufffd" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


class Stdout(io.TextIOWrapper):
    """Standard output whose failure is remembered and not raised: what a command wrote elsewhere stands all the same.

    Attributes:
        lost: What the system said when a line could not be written; None while all went well.
        stands: What the command has written and where, for the message then; "" when nothing.
    """

    lost: OSError | None = None
    stands: str = ""

    def write(self, text: str, /) -> int:
        """Write, or remember why not."""
        try:
            return super().write(text)
        except OSError as error:
            self.lost = self.lost or error
            return len(text)

    def flush(self) -> None:
        """Hand what was written to the system, or remember why that fails."""
        try:
            super().flush()
        except OSError as error:
            self.lost = self.lost or error


def guard_stdout() -> Stdout | None:
    """Put a guard before standard output, something behind it where it was closed; None where Python redirects it."""
    if sys.stdout is not None and not isinstance(sys.stdout, io.TextIOWrapper):
        return None
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:  # closed: a file opened later must not take its number, and be printed into
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    old = sys.stdout
    if isinstance(old, io.TextIOWrapper):
        old.flush()
        line_by_line = bool(old.line_buffering)
        guarded = Stdout(old.detach(), encoding=old.encoding, errors=old.errors, line_buffering=line_by_line)
    else:
        guarded = Stdout(io.FileIO(1, "w", closefd=False), encoding="utf-8", write_through=True)
    sys.stdout = guarded
    return guarded


def stands(what: str, place: object) -> None:
    """Remember what was written, so that a standard output that fails does not make it look undone."""
    if isinstance(sys.stdout, Stdout):
        sys.stdout.stands = f"{what} stands at {place}"


def tell(line: object) -> None:
    """Print one line of data on stdout; control characters from untrusted input are made harmless."""
    typer.echo(harmless(str(line)))


def tell_json(data: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout, in ASCII so that any terminal and pipe can carry it."""
    typer.echo(json.dumps(data, allow_nan=False))


def harmless(text: str) -> str:
    """Replace the control characters that untrusted input may hold, so that no terminal obeys them."""
    return text.translate(_UNPRINTABLE)


def note(message: str) -> None:
    """Print a message on stderr; control characters from untrusted input are made harmless."""
    typer.echo(harmless(message), err=True)


def complain(message: str) -> None:
    """Print what ended the command on stderr."""
    note("\n".join(f"Error: {line}" if number == 0 else line for number, line in enumerate(message.splitlines())))


@contextmanager
def progress(steps: int) -> Iterator[Step]:
    """Show how far a command is and how long it may take yet, where a person watches; hand out what begins a step."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(), BarColumn(20), TextColumn("{task.completed}/{task.total} {task.description}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Starting", total=steps)

        def step(what: str) -> None:
            bar.update(task, description=what, advance=1)

        yield step
