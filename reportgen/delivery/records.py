"""From a brief's facts to what the site remembers of it."""

from __future__ import annotations

from collections.abc import Iterable

from reportgen.delivery.facts import BriefFacts, SymbolFacts, read_facts
from reportgen.delivery.layout import JSON, Shelf, belongs_to, shelves
from reportgen.delivery.store import Reader
from reportgen.errors import DataError
from reportgen.render.site_days import BriefDay, SymbolDay, ZoneBand
from reportgen.units import Missing


def brief_day(facts: BriefFacts, shelf: Shelf, files: Iterable[str]) -> BriefDay:
    """Sum a brief up for the site.

    Args:
        facts: What it says.
        shelf: Where it stands.
        files: What stands in its folder, by path relative to it.
    """
    return BriefDay(
        day=shelf.day,
        revision=shelf.revision,
        folder=shelf.folder,
        as_of_ms=facts.as_of_ms,
        headline=facts.headline,
        grade=facts.data_quality.grade,
        inputs_known=facts.data_quality.inputs_known,
        inputs_total=facts.data_quality.inputs_total,
        simulated=facts.simulated,
        symbols=tuple(_symbol_day(one) for one in facts.symbols),
        files=tuple(sorted(files)),
    )


def read_brief_days(store: Reader, paths: Iterable[str]) -> list[BriefDay]:
    """Sum every brief of an archive up again, from its brief.json.

    Args:
        store: The archive.
        paths: Every file of it.

    Raises:
        DataError: A brief.json cannot be read.
    """
    every = sorted(paths)
    by_day: dict[str, list[str]] = {}
    for path in every:
        by_day.setdefault(path[:10], []).append(path)
    found = []
    for shelf in shelves(every):
        content = store.read(f"{shelf.folder}/{JSON}")
        if content is None:
            raise DataError(f"{shelf.folder}/{JSON} is gone. See what else is with `reportgen archive verify`.")
        own = [path for path in by_day[shelf.day_folder] if belongs_to(path, shelf)]
        names = [path.removeprefix(f"{shelf.folder}/") for path in own]
        found.append(brief_day(read_facts(content, f"{shelf.folder}/{JSON}"), shelf, names))
    return found


def _symbol_day(one: SymbolFacts) -> SymbolDay:
    return SymbolDay(
        symbol=one.symbol,
        base=one.base,
        price=None if isinstance(one.price, Missing) else one.price,
        decimals=one.price_decimals,
        change=None if isinstance(one.change_24h, Missing) else one.change_24h,
        trend="" if isinstance(one.structure, Missing) else one.structure.trend,
        quality=one.map_quality.grade,
        above=_nearest(one, "above"),
        below=_nearest(one, "below"),
    )


def _nearest(one: SymbolFacts, side: str) -> ZoneBand | None:
    """Find the nearest zone on a side."""
    zones = [zone for zone in one.zones if zone.side == side]
    if not zones:
        return None
    zone = min(zones, key=lambda each: each.distance_fraction)
    return ZoneBand(
        low=zone.low,
        high=zone.high,
        distance_fraction=zone.distance_fraction,
        distance_atr=zone.distance_atr,
        share=zone.share,
    )
