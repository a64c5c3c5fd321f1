"""Earlier briefs of an output, the newest first, read one at a time as they are asked for.

The way back from files to briefs: what changed, the ledger and `refresh` begin here. The layout is
`YYYY/MM/DD/brief.json`, and `YYYY/MM/DD/rN/brief.json` for later revisions of a day, of which the newest counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from reportgen.brief import Brief
from reportgen.delivery.layout import JSON
from reportgen.delivery.store import Store
from reportgen.errors import DataError
from reportgen.moments import day_of
from reportgen.render.serialise import brief_from_json
from reportgen.units import Maybe, Milliseconds, Missing

_PATH: Final = re.compile(rf"(\d{{4}}/\d{{2}}/\d{{2}})(?:/r([1-9]\d*))?/{re.escape(JSON)}")
_SILENT_MONTHS: Final = 24
"""After two years without a brief nobody looks for one before them."""


def earlier_briefs(store: Store, before_ms: Milliseconds, *, simulated: bool | None = None) -> Iterator[Maybe[Brief]]:
    """Yield the briefs that spoke of a moment before another, one a day, the newest first.

    Of a day the newest revision counts that speaks of an earlier moment. Folders are listed month by month, files read
    one by one, so that the last brief costs the same whatever the archive holds.

    Args:
        store: Where the briefs stand; need not be there.
        before_ms: UTC epoch milliseconds.
        simulated: Only briefs of the simulated market, or only of real ones; None for both.

    Yields:
        A brief, or a Missing that says in one sentence which file could not be read.
    """
    last_day = "/".join(day_of(before_ms))
    for _, revisions in groupby(_newest_first(store, last_day), key=lambda found: found[0]):
        yield from _of_day(store, [path for *_, path in revisions], before_ms, simulated)


def _of_day(
    store: Store,
    paths: list[str],
    before_ms: Milliseconds,
    simulated: bool | None,  # noqa: FBT001 - as the caller's
) -> Iterator[Maybe[Brief]]:
    """Yield the notes on what cannot be read of a day, and the first brief that can."""
    for path in paths:
        try:
            brief = brief_from_json(store.read(path) or b"", path)
        except (DataError, OSError) as error:
            cause = str(error).splitlines()[0].partition(": ")[2] if isinstance(error, DataError) else error.strerror
            yield Missing(f"{path} cannot be read and is left out: {str(cause).rstrip('.')}.")
            continue
        if brief.as_of_ms < before_ms and simulated in (None, brief.simulated):
            yield brief
            return


def _newest_first(store: Store, last_day: str) -> Iterator[tuple[str, int, str]]:
    """Yield day, revision and path of each brief up to a day: the newest day and revision first."""
    silent, month = 0, last_day[:7]
    while silent < _SILENT_MONTHS:
        found = [match for match in map(_PATH.fullmatch, store.files(month)) if match and match[1] <= last_day]
        yield from sorted(((match[1], int(match[2] or 1), match[0]) for match in found), reverse=True)
        silent = 0 if found else silent + 1
        month = _month_before(month)


def _month_before(month: str) -> str:
    """Step back: 2026/01 becomes 2025/12."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year}/{number - 1:02}" if number > 1 else f"{year - 1:04}/12"
