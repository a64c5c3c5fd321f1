"""When to look again: the last brief against the market now, once or every so often.

Exit code 10 when a new map is due, 11 when the market data are too old to tell.
"""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from reportgen.cli.console import (
    AsJson,
    ConfigFile,
    Output,
    Sample,
    Source,
    Symbols,
    complain,
    harmless,
    note,
    tell,
    tell_json,
)
from reportgen.errors import ReportgenError, UsageError

if TYPE_CHECKING:
    from reportgen.brief.refresh import Trigger
    from reportgen.delivery.notify import Channel
    from reportgen.morning.request import BriefRequest
    from reportgen.track_record.ledger import MetAlert

_DUE: Final = 10
_SOME_FAILED: Final = 4
_CANNOT_JUDGE: Final = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one comparison found.

    Attributes:
        brief: The last one's moment, "" when there is none. due: whether the map must be recalculated.
        stale: why the market data are too old to judge that, or "". notes: on unreadable files.
    """

    brief: str
    as_of: str
    due: bool
    triggers: tuple[Trigger, ...]
    alerts: tuple[MetAlert, ...]
    notes: tuple[str, ...]
    stale: str = ""


def refresh(
    *,
    config: ConfigFile = None,
    output: Output = None,
    source: Source = None,
    sample: Sample = False,
    symbols: Symbols = None,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="The moment to compare with: 2026-01-19T07:00Z. [last close]"),
    ] = None,
    watch: Annotated[
        str | None, typer.Option(metavar="SPAN", help="Look again every so often, as 15m; Ctrl-C ends it.")
    ] = None,
    notify: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", envvar="REPORTGEN_NOTIFY",
            help="Tell each fired trigger and each alert once: an apprise address, with $NAME for secrets.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say whether and why the map must be recalculated; leave with exit code 10 when it must.

    Exit code 11: the market data are too old to judge.

    Examples: reportgen refresh --sample · reportgen refresh --watch 15m --notify 'ntfy://example.com/$TOPIC'
    """
    from reportgen.delivery.notify import channels
    from reportgen.moments import parse_span
    from reportgen.morning.request import Options, take_request

    if watch is not None and as_of is not None:
        raise UsageError("--watch looks at the market as it is, --as-of at one moment. Keep one of them.")
    every = None if watch is None else parse_span(watch)
    request = take_request(
        Options(config=config, output=output, source=source, sample=sample, symbols=symbols, as_of=as_of), live=True
    )
    told = channels(notify or (), os.environ)
    if every is None:
        raise typer.Exit(_once(request, told, as_json=as_json))
    while True:
        try:
            _once(request, told, as_json=as_json)
        except UsageError:
            raise
        except (ReportgenError, OSError) as error:  # the next look may find the source again
            complain(str(error))
        time.sleep(every / 1000)


def _once(request: BriefRequest, told: tuple[Channel, ...], *, as_json: bool) -> int:
    """Look, say what was found, tell the channels, and give the exit code."""
    found = look(request)
    report(found, as_json=as_json)
    reached = not told or not found.brief or bool(found.stale) or _tell(request, found, told)
    if found.stale:
        return _CANNOT_JUDGE
    return _DUE if found.due else 0 if reached else _SOME_FAILED


def look(request: BriefRequest) -> Look:
    """Compare the last brief of the output folder with the market now."""
    from reportgen.brief.refresh import is_due, triggers
    from reportgen.cli.console import progress
    from reportgen.delivery.archive.store import open_store
    from reportgen.moments import moment_text
    from reportgen.morning.compare_with_past import last_brief
    from reportgen.morning.live import questions, wanted_of
    from reportgen.morning.making import gather_all, walk
    from reportgen.track_record.ledger import Now, met_alerts
    from reportgen.units import HOUR_MS

    wanted = wanted_of(request.config) if request.live else ()
    with progress(1 + questions(wanted)) as step:
        step("Reading the market data")
        gathered, _ = gather_all(request, step)
    now = walk(request, gathered, note)
    last, notes = last_brief(open_store(request.config.output), gathered.as_of_ms, simulated=now.simulated)
    as_of = moment_text(gathered.as_of_ms)
    if last is None:
        return Look(brief="", as_of=as_of, due=True, triggers=(), alerts=(), notes=notes)
    over = (gathered.as_of_ms - last.as_of_ms) / HOUR_MS - last.horizon_hours
    age: tuple[str, ...] = (f"The brief's horizon ended {over:.0f} hours ago.",) if over > 0 else ()
    age += ("The brief was made from data that were too old to act on.",) if last.stale else ()
    found = triggers(last, now, request.config.assumptions)
    bars = Now(as_of_ms=gathered.as_of_ms, markets=gathered.markets, assumptions=request.config.assumptions)
    return Look(
        brief=moment_text(last.as_of_ms),
        as_of=as_of,
        due=is_due(found) or over > 0 or bool(last.stale),
        triggers=found,
        alerts=met_alerts(last, bars),
        notes=(*notes, *age),
        stale=now.stale,
    )


def report(found: Look, *, as_json: bool) -> None:
    """Print what was found: one JSON object, or the triggers a line each and the alerts that were met."""
    from reportgen.market.symbols import base_of
    from reportgen.moments import moment_text
    from reportgen.units import Missing

    for text in found.notes:
        note(text)
    if as_json:
        tell_json(_record(found))
        return
    if not found.brief:
        tell("Due: there is no brief yet. Make one with `reportgen brief`.")
        return
    fired = sum(trigger.fired is True for trigger in found.triggers)
    count = f"{fired} of {len(found.triggers)} triggers fired"
    verdict = "Due: recalculate" if found.due else "Not due: keep"
    if found.stale:
        tell(f"Cannot judge the map of {found.brief} (now {found.as_of}): {found.stale} Fetch newer bars.")
        return
    tell(f"{verdict} the map of {found.brief} (now {found.as_of}): {count}.")
    for trigger in found.triggers:
        word = "unknown" if isinstance(trigger.fired, Missing) else "FIRED" if trigger.fired else "quiet"
        tell(harmless(f"{word:8}{trigger.base or 'all':10}{trigger.kind:15}{trigger.text}"))
    for met in found.alerts:
        alert = met.alert
        level = f"{alert.zone} {alert.kind.replace('_', '-')}"
        part = " (volume not checked)" if alert.kind == "entry" else ""
        met_by = f"{alert.condition}: met by {moment_text(met.met_ms)}{part}"
        tell(f"{'ALERT':8}{base_of(alert.symbol):10}{level:15}{met_by}")


def _record(found: Look) -> dict[str, Any]:
    """Lay a look out for programs: a trigger that cannot be told has its reason in `missing`."""
    from reportgen.moments import moment_text
    from reportgen.units import Missing

    listed = [
        asdict(trigger)
        | {
            "fired": None if isinstance(trigger.fired, Missing) else trigger.fired,
            "missing": trigger.fired.reason if isinstance(trigger.fired, Missing) else None,
        }
        for trigger in found.triggers
    ]
    met = [asdict(one.alert) | {"met": moment_text(one.met_ms)} for one in found.alerts]
    head = {
        "due": None if found.stale else found.due,
        "stale": found.stale or None,
        "brief": found.brief or None,
        "as_of": found.as_of,
    }
    return {**head, "triggers": listed, "alerts": met, "notes": list(found.notes)}


def _tell(request: BriefRequest, found: Look, told: tuple[Channel, ...]) -> bool:
    """Tell each channel what it has not heard about this brief; True when all of them took it."""
    from reportgen.delivery.archive.store import open_store
    from reportgen.delivery.notify import read_told, tell_channel, write_told

    lines = {
        trigger.id: f"{trigger.base}: {trigger.text}" if trigger.base else trigger.text
        for trigger in found.triggers
        if trigger.fired is True
    }
    lines |= {met.alert.id: met.alert.condition for met in found.alerts}
    fired = {trigger.id for trigger in found.triggers if trigger.fired is True}
    store = open_store(request.config.output)
    state = read_told(store, found.brief)
    reached = True
    for channel in told:
        news = state.unheard(channel, lines)
        if not news:
            continue
        title = f"reportgen: {'refresh due' if fired & news else 'alert met'}, brief of {found.brief}"
        if tell_channel(channel, title, "\n".join(line for key, line in lines.items() if key in news)):
            state = state.with_told(channel, news)
            write_told(store, state)
        else:
            note(f"{channel.name} did not take the message; the next look tries again.")
            reached = False
    return reached
