"""What the first screen lists beside its table, as data: what changed, how the last zones did, where to look first.

Rows and pieces are those of `card`, for page, paper and mail alike. Stands at the last arrow, Brief -> bytes; pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from reportgen import notation
from reportgen.brief.types import Brief, Change, SymbolBrief
from reportgen.notation import THIN
from reportgen.render.card import Piece, Row, fate_words, fates_of, moved_days, pieces, reached
from reportgen.render.page_helpers import countdown, day_and_clock, eight, sentence
from reportgen.units import DAY_MS, Missing

FULL_ROWS: Final = 8
"""Symbols that the table shows in full rows; of a longer watchlist it shows `look_first` so."""

_FIRST: Final = 6
_CHANGES_A_SYMBOL: Final = 2
_HOURS: Final = 48
"""Up to which a span is written in hours alone."""
_WORTH_A_LOOK: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A list of the first screen.

    Attributes:
        title: "What changed in 24 h". rows: one a symbol or a zone; label is a symbol's name, "" for all others.
        note: What stands small under it, "" without. quiet: why there is no list, "" when there is one.
    """

    title: str
    rows: tuple[Row, ...] = ()
    note: str = ""
    quiet: str = ""


def told_yesterday(brief: Brief) -> Told:
    """Tell how the zones of the brief before did: a row for each that was reached, one for all others, the record.

    What the brief gave the smallest share stands first.
    """
    levels, track = fates_of(brief), brief.track_record
    if isinstance(levels, str) or isinstance(track, Missing):
        return Told(title="Yesterday’s zones", quiet=str(levels), note=reliability(brief))
    hits = sorted(filter(reached, levels), key=lambda fate: 1.0 if isinstance(fate.shown, Missing) else fate.shown)
    rest = [fate for fate in levels if not reached(fate)]
    rows = [
        Row(
            label=fate.base,
            pieces=pieces(
                Piece(text=fate.label, strong=True, side=fate.side),
                f" {notation.price_range(fate.low, fate.high, fate.price_decimals)} {fate_words(fate)}",
            ),
        )
        for fate in hits
    ]
    by_symbol = dict.fromkeys(fate.base for fate in rest)
    letters = [f"{eight(base)} {' '.join(one.label for one in rest if one.base == base)}" for base in by_symbol]
    if rest:
        far = "not reached" if track.settled else "not reached so far"
        rows.append(Row(label="", level=str(len(rest)), pieces=(Piece(text=f"{far}: {', '.join(letters)}"),)))
    a_day = abs(brief.as_of_ms - track.judged_as_of_ms - DAY_MS) <= DAY_MS / 4
    count = f"{len(levels)} zone{'' if len(levels) == 1 else 's'}"
    whose = f"Yesterday’s {count}" if a_day else f"The {count} of {day_and_clock(track.judged_as_of_ms)}"
    title = f"{whose}: {len(hits)} reached"
    return Told(title=title, rows=tuple(rows), note=reliability(brief))


def reliability(brief: Brief) -> str:
    """Say how often shares like these came true; "" without a record."""
    track = brief.track_record
    if isinstance(track, Missing):
        return ""
    record = track.record
    if isinstance(record, Missing):
        return sentence(record.reason)
    met = [one for one in record.outcomes if one.outcome in ("reject", "continue")]
    expected, came = sum(one.expected for one in met), sum(one.came for one in met)
    zones, over = _count(record.zones, "zone"), _count(record.days, "day")
    told = f"Of {zones} on {over}, {_were(round(expected))} expected to be reached, {_were(came)}."
    verdict = record.against_climatology.verdict
    if verdict == "insufficient evidence":
        told = f"{told} Too few to claim skill."
    elif verdict in ("better", "worse"):
        told = f"{told} {verdict.capitalize()} than the average day’s shares."
    else:
        told = f"{told} Not told apart from the average day’s shares."
    return f"Simulated market: {told[:1].lower()}{told[1:]}" if track.simulated else told


def told_changes(brief: Brief) -> Told:
    """Tell what changed since the brief before: a row a symbol, two items at most, none that the other list tells."""
    found = brief.changes
    if isinstance(found, Missing):
        return Told(title="Since the last brief", quiet=sentence(found.reason))
    levels = fates_of(brief)
    hit = set() if isinstance(levels, str) else {(one.symbol, one.label, one.side) for one in levels if reached(one)}
    rows = []
    for symbol in brief.symbols:
        own = [
            change
            for change in found.items
            if change.symbol == symbol.symbol
            and change.kind != "price"
            and not (change.kind == "zone swept" and (change.symbol, change.label, change.side) in hit)
        ]
        parts: list[str | Piece] = []
        for change in own[:_CHANGES_A_SYMBOL]:
            parts += ["; "] if parts else []
            if change.label is not None and change.side is not None:
                parts += [Piece(text=change.label, strong=True, side=change.side), " "]
            parts.append(change_words(change))
        if parts:
            rows.append(Row(label=symbol.base, pieces=pieces(*parts)))
    title = (
        f"What changed in {found.hours:g}{THIN}h"
        if found.hours <= _HOURS
        else f"What changed in {countdown(found.hours)}"
    )
    new = f"New: {', '.join(found.new_symbols)}. " if found.new_symbols else ""
    gone = f"No longer watched: {', '.join(found.gone_symbols)}." if found.gone_symbols else ""
    quiet = "" if rows else "Nothing that reaches its threshold."
    return Told(title=title, rows=tuple(rows), note=f"{new}{gone}".strip(), quiet=quiet)


def change_words(change: Change) -> str:
    """Write a change in its first clause: what moved, without the measurements behind it."""
    if change.kind in ("structure", "open interest"):
        return change.text.split(", ")[0]
    return change.text.split(": ")[0] if change.kind == "map quality" else change.text.split("; ")[0]


def look_first(brief: Brief) -> tuple[SymbolBrief, ...]:
    """Choose the symbols of a long watchlist to look at first, in its order of need; all of a short one.

    2 where a zone of the last brief was reached, plus the day's move in usual days over 1.5, plus twice the highest
    share reached; symbols that the headline names stand first.
    """
    if len(brief.symbols) <= FULL_ROWS:
        return brief.symbols
    levels = fates_of(brief)
    hit = set() if isinstance(levels, str) else {fate.symbol for fate in levels if reached(fate)}
    words = set(re.findall(r"[\w.]+", brief.headline))

    def need(symbol: SymbolBrief) -> tuple[bool, float]:
        reach = max((zone.touch_probability or 0.0 for zone in symbol.zones), default=0.0)
        moved = (moved_days(symbol) or 0.0) / _WORTH_A_LOOK
        return symbol.base in words, 2.0 * (symbol.symbol in hit) + moved + 2 * reach

    return tuple(sorted(brief.symbols, key=need, reverse=True)[:_FIRST])


def _count(number: int, noun: str) -> str:
    return f"{notation.grouped(number, 0)} {noun}{'' if number == 1 else 's'}"


def _were(number: int) -> str:
    return f"{number} {'was' if number == 1 else 'were'}"
