"""How the command line speaks: data on stdout, messages on stderr, progress on a terminal only."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import typer

Step: TypeAlias = Callable[[str], None]

_UNPRINTABLE: Final = {code: "\ufffd" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) != "\n"}


def tell(line: object) -> None:
    """Print one line of data on stdout."""
    typer.echo(str(line))


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
    """Show how far a command is, where a person watches; hand out a function that begins the next step."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - only on a terminal
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn  # noqa: PLC0415 - only on a terminal

    columns = SpinnerColumn(), BarColumn(20), TextColumn("{task.completed}/{task.total} {task.description}")
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Starting", total=steps)

        def step(what: str) -> None:
            bar.update(task, description=what, advance=1)

        yield step
