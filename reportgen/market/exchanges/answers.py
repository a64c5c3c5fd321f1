"""Reading a venue's answer: each cell is a finite number, or the answer cannot be read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from reportgen.market.exchanges.venue import FaultKind, Listing, Row, Venue, VenueFault
from reportgen.units import Maybe, Missing

NAN: Final = math.nan
_UNREADABLE: Final = (ValueError, TypeError, AttributeError, KeyError, IndexError, ZeroDivisionError)
"""What reading an answer of another shape raises."""

Cell: TypeAlias = str | int
Path: TypeAlias = tuple[Cell, ...]
Read: TypeAlias = Callable[[Any], list[Row]]


def unreadable(venue: Venue) -> VenueFault:
    """Say that an answer could not be read: a web page, half a JSON, an empty cell."""
    return VenueFault(FaultKind.BAD_PAYLOAD, f"{venue.display} sent an unreadable answer.")


@contextmanager
def readable(venue: Venue) -> Iterator[None]:
    """Read a venue's answers within this, so that one of another shape is the venue's fault."""
    try:
        yield
    except _UNREADABLE as error:
        raise unreadable(venue) from error


def within(answer: object, *path: Cell) -> Any:  # noqa: ANN401 - JSON
    """Walk into an answer.

    Raises:
        ValueError: It has another shape.
    """
    here: Any = answer
    for step in path:
        fits = isinstance(here, dict) and step in here if isinstance(step, str) else isinstance(here, list)
        if not fits or (isinstance(step, int) and not -len(here) <= step < len(here)):
            raise ValueError(f"no {step} in the answer")
        here = here[step]
    return here


def rows_of(answer: object, *path: Cell) -> list[Any]:
    """Walk to a list.

    Raises:
        ValueError: There is none.
    """
    found = within(answer, *path)
    if not isinstance(found, list):
        raise ValueError("a list was expected")  # noqa: TRY004 - the shape of an answer, not of an argument
    return found


def number(cell: object) -> float:
    """Read a cell that must hold a finite number, written as a number or as text.

    Raises:
        ValueError: It holds anything else.
    """
    if not isinstance(cell, str | int | float) or isinstance(cell, bool):
        raise ValueError("a number was expected")  # noqa: TRY004 - the shape of an answer, not of an argument
    value = float(cell)
    if not math.isfinite(value):
        raise ValueError("a finite number was expected")
    return value


def numbers(row: object, *cells: Cell) -> Row:
    """Read some cells of a row."""
    return tuple(number(within(row, cell)) for cell in cells)


def optional(row: object, cell: Cell) -> float:
    """Read a cell that may be empty or absent: NaN."""
    found = row.get(cell) if isinstance(row, dict) else within(row, cell)
    return NAN if found in (None, "") else number(found)


def text(row: object, cell: str) -> str:
    """Read a name."""
    found = within(row, cell)
    if not isinstance(found, str) or not found:
        raise ValueError("a name was expected")
    return found


def positive(row: object, cell: str, lacking: str, *, over: float = 1.0) -> Maybe[float]:
    """Read a size or an interval that must be above zero, else say what is lacking; divided by `over`."""
    found = optional(row, cell)
    return found / over if found > 0 else Missing(lacking)


def rows(*cells: Cell, at: Path = (), seconds: bool = False) -> Read:
    """Make the reader of a list of rows: some cells of each, the time first; a cell that is null becomes NaN.

    The rules of the table leave such rows out and count them; a time that is null, or a cell that is not there, makes
    the answer unreadable.

    Args:
        cells: Names or places in a row.
        at: Where the list stands in the answer.
        seconds: Whether the venue's times are seconds.
    """
    first, *others = cells
    unit = 1000 if seconds else 1

    def read(answer: object) -> list[Row]:
        found: list[Row] = []
        for row in rows_of(answer, *at):
            rest = (NAN if within(row, cell) is None else number(within(row, cell)) for cell in others)
            found.append((number(within(row, first)) * unit, *rest))
        return found

    return read


def shares(time: str, longs: str, shorts: str, at: Path) -> Read:
    """Make the reader of a ratio that is published as two shares."""

    def read(answer: object) -> list[Row]:
        found = (numbers(row, time, longs, shorts) for row in rows_of(answer, *at))
        return [(moment, long / short) for moment, long, short in found if short]

    return read


def tiers(read: Iterable[Row]) -> list[Row]:
    """Make brackets of (cap, maintenance rate, highest leverage, deduction or NaN): each begins where one ends."""
    ordered = sorted(read)
    return [(floor, *tier) for floor, tier in zip((0.0, *(cap for cap, *_ in ordered)), ordered, strict=False)]


def listed(found: Iterable[Any], read: Callable[[Any], Listing | None]) -> Mapping[str, Listing]:
    """Read a venue's list of perpetuals by their names; a row that cannot be read costs itself alone."""
    known: dict[str, Listing] = {}
    for row in found:
        try:
            one = read(row)
        except (ValueError, AttributeError):
            continue
        if one is not None:
            known[one.market_id] = one
    return known
