"""What `check` looks at beyond config.yaml itself: the files and folders that it names, each by the word of its `seen`.

A look gives the reason and the suggestion of what it finds wrong, or nothing; config/load puts the line before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from reportgen.config.events import EventFile, FlowFile
from reportgen.config.problems import did_you_mean
from reportgen.config.settings import LIVE, SAMPLE
from reportgen.config.values import Look
from reportgen.config.yaml import read_yaml
from reportgen.errors import ReportgenError


def looks_of(path: Path) -> Mapping[str, Look]:
    """Say how to look at what each kind of setting names.

    Args:
        path: The configuration: where its source is a folder, a venue may have any name.
    """
    from reportgen.delivery.mail.people import Suppressions, read_subscribers
    from reportgen.events.flow_tables import read_flow_file
    from reportgen.events.sources import read_event_file
    from reportgen.market.exchanges.venues import VENUES
    from reportgen.morning.brand import read_accent, read_logo
    from reportgen.morning.live import addresses_in, now_ms
    from reportgen.render.html import environment

    data = None
    with suppress(OSError):
        data = read_yaml(path).data
    live = not isinstance(data, dict) or data.get("source") in (None, LIVE)

    def venue(name: str) -> tuple[str, str] | None:
        known = not live or name in VENUES
        return None if known else (f"`{name}` is no venue that can be asked", did_you_mean(name, list(VENUES)))

    def event_file(named: EventFile) -> tuple[str, str] | None:
        return _there(named.file, "file") or _fault_of(lambda: read_event_file(named, (now_ms(), now_ms())))

    def flow_file(named: FlowFile) -> tuple[str, str] | None:
        return _there(named.file, "file") or _fault_of(lambda: read_flow_file(named.file))

    return {
        "file": lambda file: _there(file, "file"),
        "venue": venue,
        "source": _source,
        "calibration": _calibration,
        "templates": lambda folder: _there(folder, "folder") or _fault_of(lambda: environment(folder)),
        "logo": lambda file: _fault_of(lambda: read_logo(file)),
        "accent": lambda colour: _fault_of(lambda: read_accent(colour)),
        "accent_dark": lambda colour: _fault_of(lambda: read_accent(colour, dark=True)),
        "addresses": lambda file: _there(file, "file") or _fault_of(lambda: addresses_in(file)),
        "calendar": event_file,
        "flows": flow_file,
        # Commands make these two where they are not there.
        "subscribers": lambda file: _fault_of(lambda: read_subscribers(file)) if file.exists() else None,
        "suppressions": lambda file: _fault_of(Suppressions(file).keys) if file.exists() else None,
    }


def _there(path: Path, what: str) -> tuple[str, str] | None:
    if path.is_dir() if what == "folder" else path.is_file():
        return None
    return f"the {what} {path} is not there", "Correct the path, or delete the entry."


def _fault_of(read: Callable[[], Any]) -> tuple[str, str] | None:
    """Read what a setting names, and tell the first mistake in it and how many there are."""
    try:
        read()
    except (ReportgenError, OSError) as error:
        first, *others = str(error).splitlines()
        reason, _, suggestion = first.partition(". ")
        more = f" {len(others)} more stand{'s' * (len(others) == 1)} in it." if others else ""
        return reason.rstrip("."), (suggestion or "Correct it.") + more
    return None


def _source(source: str) -> tuple[str, str] | None:
    """Look for the market folder and for candles in it."""
    from reportgen.market.folder.read import symbols_in

    folder = Path(source)
    if source in (LIVE, SAMPLE):
        return None
    if not folder.is_dir():
        return f"the market folder {folder} is not there", "Correct the path, or write `live` or `sample`."
    found: list[str] = []
    fault = _fault_of(lambda: found.extend(symbols_in(folder, None)))
    if fault or found:
        return fault
    return f"the market folder {folder} holds no candles", "Add a candles table (docs/data-formats.md)."


def _calibration(place: Path) -> tuple[str, str] | None:
    """Look for a calibration and read the newest ones of a folder."""
    from reportgen.delivery.archive.calibrations import newest_calibrations
    from reportgen.morning.live import now_ms

    if not place.exists():
        return f"the calibration {place} is not there", "Make it with `reportgen calibrate`, or delete the line."
    notes = newest_calibrations(place, now_ms()).notes
    reason, _, suggestion = notes[0].partition(": ")[2].partition(". ") if notes else ("", "", "")
    return (reason, suggestion) if notes else None
