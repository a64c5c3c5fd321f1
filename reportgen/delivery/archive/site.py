"""Which pages of the site a new brief changes: a fixed number of small files, however long the archive is.

Stands between a brief's facts and the transaction. What the pages are made from is kept beside them, a file a month:

    site/state.json             which months there are, and every symbol ever
    site/months/2026-01.json    the month's briefs
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from pydantic import TypeAdapter, ValidationError

from reportgen.delivery.archive.store import Reader
from reportgen.errors import DataError
from reportgen.render import site as pages
from reportgen.render.site.days import BriefDay, SymbolPast, last_of_each_day, place_in_time

STATE: Final = "site/state.json"
_FORM: Final = 2
"""Of the records; an archive with others gets all of them anew from its briefs."""
_FEED_LENGTH: Final = 30
_SYMBOL_MONTHS: Final = 4
_SYMBOL_DAYS: Final = 90
_START_MONTHS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The whole archive at a glance.

    Attributes:
        months: How many days each has, oldest first. symbols: in the order first seen. form: of the records.
    """

    months: Mapping[str, int]
    symbols: tuple[SymbolPast, ...]
    form: int = 1


_STATE: Final = TypeAdapter(State)
_MONTH: Final = TypeAdapter(tuple[BriefDay, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The site's records, months read as they are needed.

    Attributes:
        state: The archive at a glance. store: where months are read from.
        months: Those read or changed so far, each oldest brief first.
        anew: True when none of it stands in the store yet.
    """

    state: State
    store: Reader
    months: dict[str, tuple[BriefDay, ...]]
    anew: bool = False

    def month(self, month: str) -> tuple[BriefDay, ...]:
        """Give the briefs of a month, every revision, oldest first."""
        if month not in self.months:
            self.months[month] = _read_month(self.store, month) if month in self.state.months else ()
        return self.months[month]

    def briefs(self, months: Iterable[str]) -> list[BriefDay]:
        """Give the briefs of several months, every revision, oldest first."""
        return [brief for month in sorted(months) for brief in self.month(month)]


def open_site(store: Reader) -> Site | None:
    """Read the site's records; None when there are none yet, or those of an older reportgen."""
    content = store.read(STATE)
    if content is None:
        return None
    try:
        state = _STATE.validate_json(content)
    except ValidationError as error:
        raise DataError(_damaged(STATE)) from error
    return Site(state=state, store=store, months={}) if state.form == _FORM else None


def site_of(briefs: Iterable[BriefDay], store: Reader) -> Site:
    """Make the site's records anew from every brief."""
    months: dict[str, list[BriefDay]] = {}
    for brief in sorted(briefs, key=place_in_time):
        months.setdefault(brief.month, []).append(brief)
    frozen = {month: tuple(found) for month, found in months.items()}
    days = {month: len(last_of_each_day(found)) for month, found in frozen.items()}
    state = State(months=days, symbols=_symbols((), chain(*months.values())), form=_FORM)
    return Site(state=state, store=store, months=frozen, anew=True)


def with_brief(site: Site, new: BriefDay) -> Site:
    """Put one brief among the others; it takes the place of one with the same day and revision."""
    others = [one for one in site.month(new.month) if place_in_time(one) != place_in_time(new)]
    month = tuple(sorted([*others, new], key=place_in_time))
    days = {**site.state.months, new.month: len(last_of_each_day(month))}
    state = State(months=dict(sorted(days.items())), symbols=_symbols(site.state.symbols, [new]), form=_FORM)
    return replace(site, state=state, months={**site.months, new.month: month})


def newest(site: Site) -> BriefDay | None:
    """Give the brief that speaks of the latest moment."""
    found = site.briefs(list(site.state.months)[-_START_MONTHS:])
    return max(found, key=lambda brief: (brief.as_of_ms, brief.revision), default=None)


def pages_with(site: Site, new: BriefDay) -> dict[str, bytes]:
    """Write what a brief changes: its day and month with their neighbours, its symbols, start page, feed, search.

    Args:
        site: The records, the brief already among them.
        new: The brief.

    Returns:
        Bytes by path; the number of pages depends on the brief's symbols, not on the length of the archive, unless
        the site is made anew.
    """
    if site.anew:
        return every_page(site)
    months = list(site.state.months)
    here = months.index(new.month)
    around = months[max(0, here - 1) : here + 2]
    days = sorted({brief.day for brief in site.briefs(around)})
    place = days.index(new.day)
    symbols = {one.symbol for one in new.symbols}
    return {
        **_records(site, [new.month]),
        **dict(_month_pages(site, around)),
        **dict(_day_pages(site, days[max(0, place - 1) : place + 2])),
        **dict(_symbol_pages(site, [p for p in site.state.symbols if p.symbol in symbols], _years_closed(site, new))),
        **_common(site, {new.day[:4]}),
    }


def _years_closed(site: Site, new: BriefDay) -> set[str]:
    """Find the years whose symbol pages a brief changes: they hold whole months, so most days change none."""
    months = list(site.state.months)
    if new.month < months[-1]:
        return {new.day[:4]}
    begins = site.state.months[new.month] == 1 and len(months) > 1
    return {months[-2][:4]} if begins else set()


def every_page(site: Site) -> dict[str, bytes]:
    """Write the whole site again."""
    months = list(site.state.months)
    years = {month[:4] for month in months}
    if not months:
        return {}
    return {
        **_records(site, months),
        **dict(_month_pages(site, months)),
        **dict(_day_pages(site, sorted({brief.day for brief in site.briefs(months)}))),
        **dict(_symbol_pages(site, site.state.symbols, years)),
        **_common(site, years),
    }


def _records(site: Site, months: Iterable[str]) -> dict[str, bytes]:
    written = {
        f"site/months/{month}.json": _MONTH.dump_json(site.month(month), exclude_defaults=True) for month in months
    }
    return {STATE: _STATE.dump_json(site.state), **written}


def _month_pages(site: Site, months: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    every = list(site.state.months)
    for month in months:
        place = every.index(month)
        near = pages.Neighbours(
            before=_month_path(every[place - 1]) if place else "",
            after=_month_path(every[place + 1]) if place + 1 < len(every) else "",
        )
        yield _month_path(month), pages.month_page(month, site.month(month), near)


def _month_path(month: str) -> str:
    return f"{month.replace('-', '/')}/{pages.INDEX}"


def _day_pages(site: Site, wanted: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Write the pages of some days, each with the way to the day before and after."""
    every = list(site.state.months)
    first, last = every.index(wanted[0][:7]), every.index(wanted[-1][:7])
    by_day: dict[str, list[BriefDay]] = {}
    for brief in site.briefs(every[max(0, first - 1) : last + 2]):
        by_day.setdefault(brief.day, []).append(brief)
    days = list(by_day)
    places = {day: place for place, day in enumerate(days)}
    for day in wanted:
        place = places[day]
        before = by_day[days[place - 1]][-1].page if place else ""
        after = by_day[days[place + 1]][-1].page if place + 1 < len(days) else ""
        yield by_day[day][-1].page, pages.day_page(by_day[day], pages.Neighbours(before=before, after=after))


def _symbol_pages(site: Site, pasts: Iterable[SymbolPast], years: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Write the symbols' pages: the last mornings of each, and the given years without the month that still grows."""
    newest_month = list(site.state.months)[-1]
    kept: dict[tuple[str, ...], list[BriefDay]] = {}

    def days(months: Sequence[str]) -> list[BriefDay]:
        key = tuple(months)
        if key not in kept:
            kept[key] = last_of_each_day(site.briefs(key))
        return kept[key]

    for past in pasts:
        folder = f"symbols/{past.folder}"
        recent = days(past.months[-_SYMBOL_MONTHS:])[-_SYMBOL_DAYS:]
        whole = [month for month in past.months if month != newest_month]
        yield f"{folder}/{pages.INDEX}", pages.symbol_page(past, recent, years=sorted({m[:4] for m in whole}))
        for year in sorted(years):
            own = [month for month in whole if month.startswith(year)]
            if own:
                yield f"{folder}/{year}.html", pages.symbol_page(past, days(own), year=year)


def _common(site: Site, years: Iterable[str]) -> dict[str, bytes]:
    """Write what speaks of the whole archive: start page, feed, search, style and script."""
    months = list(site.state.months)
    recent = site.briefs(months[-_START_MONTHS:])
    start = pages.Start(recent=last_of_each_day(recent), months=site.state.months, symbols=site.state.symbols)
    search = {
        f"site/search/{year}.js": pages.search_data(year, site.briefs(m for m in months if m.startswith(year)))
        for year in sorted(years)
    }
    return {
        pages.INDEX: pages.start_page(start),
        pages.FEED: pages.feed(recent[-_FEED_LENGTH:]),
        **search,
        **pages.assets(),
    }


def _symbols(known: Iterable[SymbolPast], briefs: Iterable[BriefDay]) -> tuple[SymbolPast, ...]:
    """Note in which months each symbol stood in a brief."""
    found = {past.symbol: past for past in known}
    for brief in briefs:
        for one in brief.symbols:
            past = found.get(one.symbol)
            if past is None:
                folder = pages.symbol_folder(one.symbol)
                found[one.symbol] = SymbolPast(symbol=one.symbol, base=one.base, folder=folder, months=(brief.month,))
            elif brief.month not in past.months:
                found[one.symbol] = replace(past, months=tuple(sorted((*past.months, brief.month))))
    return tuple(found.values())


def _read_month(store: Reader, month: str) -> tuple[BriefDay, ...]:
    path = f"site/months/{month}.json"
    content = store.read(path)
    if content is None:
        raise DataError(f"{path} is gone. Make it again with `reportgen archive index --reread`.")
    try:
        return _MONTH.validate_json(content)
    except ValidationError as error:
        raise DataError(_damaged(path)) from error


def _damaged(path: str) -> str:
    return f"{path} was changed and cannot be read. Make it again with `reportgen archive index --reread`."
