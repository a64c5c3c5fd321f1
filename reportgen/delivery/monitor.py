"""Silence is noticed: a monitor of cron jobs hears when a run starts, succeeds and fails, and a channel why it failed.

The addresses are healthchecks' protocol: URL/start, URL, URL/fail. A monitor that does not answer never stops a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reportgen.errors import ReportgenError

if TYPE_CHECKING:
    from reportgen.config.settings import MonitorSettings

_SECONDS: Final = 10.0
_ATTEMPTS: Final = 3
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A run that is being watched. faults: what is wrong with what it made; it counts as failed with any."""

    faults: list[str] = field(default_factory=list)


@contextmanager
def watched(monitor: MonitorSettings | None, note: Callable[[str], None]) -> Iterator[Watch]:
    """Tell the monitor how a run goes.

    Args:
        monitor: Whom to tell; None for nobody.
        note: Told when the monitor itself does not answer.
    """
    watch = Watch()
    if monitor is None:
        yield watch
        return
    _ping(monitor, "/start", note)
    try:
        yield watch
    except BaseException as error:
        words = str(error) if isinstance(error, (ReportgenError, OSError)) else type(error).__name__
        _failed(monitor, f"The morning brief failed: {words}", note)
        raise
    if watch.faults:
        _failed(monitor, f"The morning brief: {watch.faults[0]}", note)
    else:
        _ping(monitor, "", note)


def _failed(monitor: MonitorSettings, why: str, note: Callable[[str], None]) -> None:
    _ping(monitor, "/fail", note)
    if monitor.channel is None:
        return
    from reportgen.delivery.notify import channel_at, tell_channel

    line = " ".join(why.split())[:_LONGEST]
    try:
        if not tell_channel(channel_at(monitor.channel.read(), "monitor.channel"), "reportgen", line):
            note("monitor.channel did not take the message that this run failed.")
    except ReportgenError as error:
        note(f"monitor.channel could not be told that this run failed: {error}")


def _ping(monitor: MonitorSettings, end: str, note: Callable[[str], None]) -> None:
    if monitor.url is None:
        return
    from reportgen.market.web import Patience, ping

    patience = Patience(attempts=_ATTEMPTS, request_seconds=_SECONDS, total_seconds=_ATTEMPTS * _SECONDS)
    try:
        ping(f"{monitor.url.read().rstrip('/')}{end}", "The monitor", patience)
    except ReportgenError as error:
        note(f"monitor.url: {error}")
