"""Earlier briefs of an output folder, the newest first, read one at a time as they are asked for.

The way back from files to briefs: what changed, the ledger and `refresh` begin here. The layout is
`YYYY/MM/DD/brief.json`, and `YYYY/MM/DD/rN/brief.json` for later revisions of a day, of which the newest counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from reportgen.brief import Brief
from reportgen.delivery.output import JSON
from reportgen.errors import DataError
from reportgen.moments import day_of
from reportgen.render.serialise import brief_from_json
from reportgen.units import Maybe, Milliseconds, Missing

_YEAR: Final = re.compile(r"[0-9]{4}")
_TWO_DIGITS: Final = re.compile(r"[0-9]{2}")
_REVISION: Final = re.compile(r"r([0-9]{1,4})")


def earlier_briefs(output: Path, before_ms: Milliseconds) -> Iterator[Maybe[Brief]]:
    """Yield the briefs that spoke of a moment before another, one a day, the newest first.

    Of a day the newest revision counts that speaks of an earlier moment.

    Args:
        output: Folder of all briefs; need not be there.
        before_ms: UTC epoch milliseconds.

    Yields:
        A brief, or a Missing that says in one sentence which file could not be read.
    """
    last_day = day_of(before_ms)
    for day in _days(output):
        if day.relative_to(output).parts <= last_day:
            yield from _of_day(day, output, before_ms)


def _of_day(day: Path, output: Path, before_ms: Milliseconds) -> Iterator[Maybe[Brief]]:
    """Yield the notes on what cannot be read of a day, and the first brief that can."""
    for folder in _revisions(day):
        path = folder / JSON
        name = path.relative_to(output).as_posix()
        try:
            brief = brief_from_json(path.read_bytes(), name)
        except FileNotFoundError:
            continue
        except (DataError, OSError) as error:
            cause = (
                str(error).splitlines()[0].removeprefix(f"{name}: ")
                if isinstance(error, DataError)
                else str(error.strerror)
            )
            yield Missing(f"{name} cannot be read and is left out: {cause.rstrip('.')}.")
            continue
        if brief.as_of_ms < before_ms:
            yield brief
            return


def _days(output: Path) -> Iterator[Path]:
    """List the folders of days, the newest first, year by year and month by month."""
    for year in _newest_first(output, _YEAR):
        for month in _newest_first(year, _TWO_DIGITS):
            yield from _newest_first(month, _TWO_DIGITS)


def _newest_first(folder: Path, name: re.Pattern[str]) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if name.fullmatch(path.name) and path.is_dir()), reverse=True)


def _revisions(day: Path) -> list[Path]:
    """List the folders that hold a brief of one day: the newest revision first, the day's own folder last."""
    numbered = [(int(found[1]), path) for path in day.iterdir() if (found := _REVISION.fullmatch(path.name))]
    return [*(path for _, path in sorted(numbered, reverse=True)), day]
