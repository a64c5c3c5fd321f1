"""Where events and fund flows come from, as config.yaml names it: files, feeds, services, built-in calendars.

Stands between the configuration and the edge that reads them (`sources`, `flow_sources`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reportgen.events.builtin import DEFAULT_NAMES
from reportgen.events.calendar import Kind, ScheduledEvent, Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFile:
    """A calendar file. kind: of ICS entries that name none. weight, only: as for a feed, for ICS."""

    path: Path
    kind: Kind = "other"
    weight: Weight | None = None
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFeed:
    """An ICS calendar at an address.

    Attributes:
        url: Where. kind: of entries that name none. weight: of all, None for that of their kind.
        only: Words, one of which must stand in a title; empty for every entry.
    """

    url: str
    kind: Kind = "other"
    weight: Weight | None = None
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockFeed:
    """DefiLlama's unlock schedule of a protocol. slug: its name there. symbol: base coin. url: another host."""

    slug: str
    symbol: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFeed:
    """An exchange's word on its own state. url: another host."""

    venue: str
    url: str | None = None


Feed = EventFeed | UnlockFeed | StatusFeed


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSources:
    """All that config.yaml says about events.

    Attributes:
        listed: Written into the file itself. files, feeds: where more stand. calendars: built-in ones in force.
    """

    listed: tuple[ScheduledEvent, ...] = ()
    files: tuple[EventFile, ...] = ()
    feeds: tuple[Feed, ...] = ()
    calendars: tuple[str, ...] = DEFAULT_NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowFile:
    """A table of dates by funds. asset: the coin that the funds hold."""

    asset: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowApi:
    """SoSoValue. env, file: where its key is kept, never the key itself. url: another host."""

    asset: str
    env: str | None
    file: Path | None
    url: str | None = None


FlowSource = FlowFile | FlowApi
