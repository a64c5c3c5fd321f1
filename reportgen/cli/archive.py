"""The commands that look after the archive: list, show, verify, index, prune, query."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from reportgen.cli.console import AsJson, ConfigFile, Output, harmless, note, tell, tell_json

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from reportgen.delivery.archive.query import Answer
    from reportgen.delivery.archive.store import Store
    from reportgen.render.site.days import BriefDay

_WIDEST_LINE: Final = 100

app = typer.Typer(help="Look after the kept briefs.", no_args_is_help=True, rich_markup_mode=None)


class Format(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@app.command("list", short_help="List the kept briefs.")
def list_briefs(*, config: ConfigFile = None, output: Output = None, as_json: AsJson = False) -> None:
    """List every kept brief, oldest first: day, revision, data, finding.

    Example: reportgen archive list --output /srv/briefs
    """
    from reportgen.delivery.archive.upkeep import briefs_of

    store = _open(config, output)
    found = briefs_of(store)
    if as_json:
        tell_json({"briefs": [_facts(store, brief) for brief in found]})
        return
    for brief in found:
        line = f"{brief.day}  r{brief.revision}  {brief.grade:<8} {brief.headline}"
        tell(line if len(line) <= _WIDEST_LINE else f"{line[: _WIDEST_LINE - 1]}…")


@app.command("show", short_help="Show what one day's brief found, and its files.")
def show(
    day: Annotated[str, typer.Argument(metavar="DATE", help="The day, as 2026-01-19.")] = "latest",
    *,
    revision: Annotated[int | None, typer.Option(metavar="N", min=1, help="Which of the day. [the last]")] = None,
    config: ConfigFile = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Show one day: its finding, each symbol's price and nearest zones, and every file of the brief.

    Example: reportgen archive show 2026-01-19
    """
    from reportgen.delivery.archive.upkeep import brief_of_day, briefs_of

    store = _open(config, output)
    brief = briefs_of(store)[-1] if day == "latest" else brief_of_day(store, _day(day, "DATE"), revision)
    facts = _facts(store, brief)
    if as_json:
        tell_json(facts)
        return
    tell(f"{brief.day}, revision {brief.revision}{', simulated market' if brief.simulated else ''}")
    tell(brief.headline)
    from reportgen import notation

    for one in brief.symbols:
        price = "n/a" if one.price is None else notation.price(one.price, one.decimals)
        zones = [
            f"{word} {notation.price_range(zone.low, zone.high, one.decimals)} "
            f"({notation.usual_days(zone.distance_atr)})"
            for word, zone in (("longs", one.nearest("below")), ("shorts", one.nearest("above")))
            if zone is not None
        ]
        tell(f"{one.base:<8} {price:>12}  {', '.join(zones) or 'no dense zone'}; map {one.quality}")
    for path in facts["files"]:
        tell(path)


@app.command("seal", short_help="Print one line that proves the archive so far.")
def seal(*, config: ConfigFile = None, output: Output = None, as_json: AsJson = False) -> None:
    """Print one line to keep elsewhere, in a mail or a commit: `archive verify --against` holds the archive to it.

    Example: reportgen archive seal --output /srv/briefs
    """
    from reportgen.delivery.archive.manifest import MANIFEST, anchor_of

    store = _open(config, output)
    at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    line = anchor_of(store.read(MANIFEST) or b"", at)
    if as_json:
        tell_json({"seal": line})
    else:
        tell(line)


@app.command("verify", short_help="Name every file that is missing, changed or unlisted.")
def verify(
    *,
    against: Annotated[
        str | None, typer.Option("--against", metavar="LINE", help="A line that `archive seal` printed before.")
    ] = None,
    config: ConfigFile = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Hash every file and compare it with the manifest; print the path of each that is missing, changed or unlisted.

    Exit code 1 when there is one, or when the archive does not extend the line of --against.
    Example: reportgen archive verify --output /srv/briefs
    """
    from reportgen.delivery.archive.manifest import MANIFEST
    from reportgen.delivery.archive.manifest import against as held_to
    from reportgen.delivery.archive.upkeep import verify as compare
    from reportgen.errors import DataError

    store = _open(config, output)
    if not store.tail(MANIFEST, 1)[0] and next(iter(store.files()), None) is None:
        raise DataError(f"{store.name} holds no archive. Name another with --output.")
    verdict = compare(store)
    broken = held_to(store.read(MANIFEST) or b"", against) if against is not None else ""
    if as_json:
        facts: dict[str, object] = {
            "ok": not verdict.findings and not broken,
            "files": verdict.files,
            "bytes": verdict.size,
        }
        facts |= {"against": broken} if against is not None else {}
        rest = {"unfinished": verdict.unfinished, "findings": [asdict(finding) for finding in verdict.findings]}
        tell_json(facts | rest)
    else:
        for finding in verdict.findings:
            tell(f"{finding.fault:<9} {finding.path}")
            note(f"{finding.path} is {finding.fault}: {finding.detail}.")
    if verdict.unfinished:
        note("A run was ended while it wrote. Nothing is lost: the next run, or `archive index`, finishes it.")
    if broken:
        note(f"{store.path(MANIFEST)} does not extend that seal: {broken}.")
    if verdict.findings:
        note(f"{len(verdict.findings)} of {verdict.files} files are not as they were written.")
    if verdict.findings or broken:
        raise typer.Exit(1)
    note(f"{verdict.files} files, {verdict.size:,} bytes: all as they were written.")


@app.command("index", short_help="Write the site again.")
def index(
    *,
    reread: Annotated[
        bool, typer.Option("--reread", help="From every brief.json, not from the site's own records.")
    ] = False,
    config: ConfigFile = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Write every page of the site again: start, months, days, symbols, feed and search.

    Example: reportgen archive index --output /srv/briefs
    """
    from reportgen.delivery.archive.commit import writing
    from reportgen.delivery.archive.upkeep import rebuild
    from reportgen.morning.request import output_place

    with writing(output_place(config, output)) as store:
        done = rebuild(store, reread=reread)
        start = store.path("index.html")
    if as_json:
        tell_json({"index": start} | asdict(done))
    else:
        tell(start)
        note(f"{done.briefs} briefs, {done.pages} pages, {done.changed} of them changed.")


@app.command("prune", short_help="Remove old days.")
def prune(
    *,
    before: Annotated[str | None, typer.Option(metavar="DATE", help="Remove the days before this one.")] = None,
    keep_days: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Keep the last N days, counted back from the newest brief.")
    ] = None,
    snapshots: Annotated[bool, typer.Option("--snapshots", help="Remove their rows for queries too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be removed.")] = False,
    config: ConfigFile = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Remove old days from the archive and its site; print each file. The ledger and, unless asked, the rows stay.

    Example: reportgen archive prune --keep-days 365 --dry-run
    """
    from reportgen.delivery.archive.commit import writing
    from reportgen.delivery.archive.store import open_store
    from reportgen.delivery.archive.upkeep import Pruned, first_day_kept
    from reportgen.delivery.archive.upkeep import prune as remove
    from reportgen.errors import UsageError
    from reportgen.morning.request import output_place

    if (before is None) == (keep_days is None):
        raise UsageError("Name either --before DATE or --keep-days N.")
    place = output_place(config, output)

    def go(store: Store) -> Pruned:
        day = _day(before, "--before") if before is not None else first_day_kept(store, keep_days or 1)
        return remove(store, day, dry_run=dry_run, snapshots=snapshots)

    if dry_run:
        done = go(open_store(place))
    else:
        with writing(place) as store:
            done = go(store)
    if as_json:
        tell_json({"dry_run": dry_run} | asdict(done))
        return
    for path in done.files:
        tell(path)
    verb = "would be removed" if dry_run else "removed"
    note(f"{len(done.days)} days, {len(done.files)} files, {done.size:,} bytes {verb}.")


@app.command("query", short_help="Ask the kept rows with SQL.")
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
    from reportgen.delivery.archive.query import run_query
    from reportgen.delivery.archive.store import open_store
    from reportgen.morning.request import output_place

    answer = run_query(open_store(output_place(config, output)), sql)
    printed = {Format.TABLE: _table, Format.CSV: _csv, Format.JSON: _json}[Format.JSON if as_json else form]
    typer.echo(harmless(printed(answer)), nl=False)
    note(f"{len(answer.rows)} row{'s' * (len(answer.rows) != 1)}.")


def _open(config: Path | None, output: str | None) -> Store:
    from reportgen.delivery.archive.store import open_store
    from reportgen.morning.request import output_place

    return open_store(output_place(config, output))


def _day(text: str, option: str) -> date:
    """Read a day."""
    from datetime import date

    from reportgen.errors import UsageError

    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} `{text}` is not a day. Write it as 2026-01-19.") from error


def _facts(store: Store, brief: BriefDay) -> dict[str, Any]:
    """Give a brief for --json, its files as a user finds them."""
    facts = asdict(brief)
    return facts | {
        "folder": store.path(brief.folder),
        "files": [store.path(f"{brief.folder}/{f}") for f in brief.files],
    }


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
    from reportgen.notation import spreadsheet_cell

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([spreadsheet_cell("" if value is None else value) for value in row] for row in answer.rows)
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
