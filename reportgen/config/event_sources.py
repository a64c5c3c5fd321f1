"""`events:`, `calendars:` and `etf_flows:` of config.yaml become the sources that the edge reads.

Stands beside `config`, after the schema has checked every value.
"""

from __future__ import annotations

from pathlib import Path

from reportgen.config import events as schema
from reportgen.config.schema import ConfigFile
from reportgen.events.calendar import WEIGHT_OF_KIND, ScheduledEvent
from reportgen.events.names import clean_name
from reportgen.events.origins import (
    EventFeed,
    EventFile,
    EventSources,
    Feed,
    FlowApi,
    FlowFile,
    FlowSource,
    StatusFeed,
    UnlockFeed,
)
from reportgen.moments import parse_when


def event_sources(file: ConfigFile, folder: Path) -> EventSources:
    """Gather what the file says about events, with paths made relative to its folder."""
    feeds = (schema.EventFeed, schema.UnlockFeed, schema.StatusFeed)
    return EventSources(
        listed=tuple(_event(one) for one in file.events if isinstance(one, schema.ListedEvent)),
        files=tuple(
            EventFile(path=folder / Path(one.file).expanduser(), kind=one.kind, weight=one.weight, only=tuple(one.only))
            for one in file.events
            if isinstance(one, schema.EventFile)
        ),
        feeds=tuple(_feed(one) for one in file.events if isinstance(one, feeds)),
        calendars=tuple(file.calendars),
    )


def flow_sources(file: ConfigFile, folder: Path) -> tuple[FlowSource, ...]:
    """Gather where fund flows stand."""
    return tuple(_flow(source, folder) for source in file.etf_flows)


def _event(event: schema.ListedEvent) -> ScheduledEvent:
    when = parse_when(event.at, event.zone)
    until = None if event.ends is None else parse_when(event.ends, event.zone)
    return ScheduledEvent(
        name=clean_name(event.name),
        kind=event.kind,
        at_ms=when.at_ms,
        source=clean_name(event.source or "config.yaml"),
        weight=event.weight or WEIGHT_OF_KIND[event.kind],
        status=event.status,
        ends_ms=when.ends_ms if until is None else until.ends_ms or until.at_ms,
        time_known=when.time_known,
        retrieved=clean_name(event.retrieved or ""),
        symbols=tuple(event.symbols),
    )


def _feed(feed: schema.EventFeed | schema.UnlockFeed | schema.StatusFeed) -> Feed:
    if isinstance(feed, schema.EventFeed):
        return EventFeed(url=feed.url, kind=feed.kind, weight=feed.weight, only=tuple(feed.only))
    if isinstance(feed, schema.UnlockFeed):
        return UnlockFeed(slug=feed.unlocks, symbol=feed.symbol, url=feed.url)
    return StatusFeed(venue=feed.exchange_status, url=feed.url)


def _flow(source: schema.FlowFile | schema.FlowApi, folder: Path) -> FlowSource:
    if isinstance(source, schema.FlowFile):
        return FlowFile(asset=source.asset, path=folder / Path(source.file).expanduser())
    file = None if source.key.file is None else folder / Path(source.key.file).expanduser()
    return FlowApi(asset=source.asset, env=source.key.env, file=file, url=source.url)
