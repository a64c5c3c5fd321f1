"""The command that asks the archive's tables with SQL, and how an answer is printed."""

# ruff: noqa: PLC0415 - heavy imports live inside the commands

from __future__ import annotations

import csv
import io
import json
import math
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reportgen.cli.options import AsJson, ConfigFile, Output
from reportgen.cli.speech import note

if TYPE_CHECKING:
    from reportgen.delivery.query import Answer


class Format(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT, in DuckDB's SQL.")],
    *,
    form: Annotated[Format, typer.Option("--format", help="How to print the rows.")] = Format.TABLE,
    config: ConfigFile = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Ask the rows of every kept brief: tables briefs, symbols, zones, positioning, reactions, plans, events, coverage.

    Example: reportgen archive query "select date, symbol, low, high from zones where label = 'A'" --format csv
    """
    from reportgen.cli.orders import output_place
    from reportgen.delivery.query import run_query
    from reportgen.delivery.store import open_store

    answer = run_query(open_store(output_place(config, output)), sql)
    printed = {Format.TABLE: _table, Format.CSV: _csv, Format.JSON: _json}[Format.JSON if as_json else form]
    typer.echo(printed(answer), nl=False)
    note(f"{len(answer.rows)} row{'s' * (len(answer.rows) != 1)}.")


def _table(answer: Answer) -> str:
    """Lay the rows out in columns; numbers to the right."""
    cells = [[_short(value) for value in row] for row in answer.rows]
    widths = [max(map(len, column)) for column in zip(answer.columns, *cells, strict=True)]
    right = [any(isinstance(row[i], int | float) for row in answer.rows) for i in range(len(widths))]
    lines = [list(answer.columns), ["-" * width for width in widths], *cells]
    return "".join(
        "  ".join(
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        + "\n"
        for line in lines
    )


def _csv(answer: Answer) -> str:
    """Write comma-separated values with a head; NULL is an empty field."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(["" if value is None else value for value in row] for row in answer.rows)
    return text.getvalue()


def _json(answer: Answer) -> str:
    """Write one object; NULL and what is no number are null, days and moments are text."""
    rows = [dict(zip(answer.columns, map(_plain, row), strict=True)) for row in answer.rows]
    return json.dumps({"columns": answer.columns, "rows": rows}, allow_nan=False) + "\n"


def _short(value: Any) -> str:  # noqa: ANN401 - any type that SQL has
    if value is None:
        return "n/a"
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e5 else f"{value:.0f}"
    return " ".join(str(value).split())


def _plain(value: Any) -> Any:  # noqa: ANN401 - any type that SQL has
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return str(value)
