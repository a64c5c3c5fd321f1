"""The text of an ICS file becomes entries: lines, properties, zones and times, each as it is written.

Properties are read by RFC 5545 and no further: what contradicts itself is noted with the entry, and no hour is made up.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

from reportgen.errors import DataError, UsageError
from reportgen.events.calendar import Status, clean_name
from reportgen.moments import at_wall_clock, zone_named
from reportgen.units import Milliseconds

STATUSES: Final[dict[str, Status]] = {
    "": "confirmed", "CONFIRMED": "confirmed", "TENTATIVE": "tentative", "CANCELLED": "cancelled",
    "CANCELED": "cancelled",
}  # fmt: skip
_FOLD: Final = re.compile(rb"(?:\r\n|\r|\n)[ \t]")
_LINE: Final = re.compile(r'([\w-]+)((?:\s*;[^=;:"]+=(?:"[^"]*"|[^";:])*)*)\s*:(.*)')
_PARAMETER: Final = re.compile(r';\s*([^=;:"]+)=((?:"[^"]*"|[^";:])*)')
STAMP: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One line of an entry."""

    value: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calendar:
    """What a VCALENDAR says for all of its entries; zones: by TZID its own definition, or why it is none."""

    zones: dict[str, tzinfo | str] = field(default_factory=dict)
    default_zone: str = ""
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entry:
    """A VEVENT as it is written, and what is wrong with it so far."""

    calendar: Calendar
    properties: dict[str, list[Property]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def first(self, name: str) -> Property | None:
        """Give the first property of a name that holds anything."""
        return next((one for one in self.properties.get(name, ()) if one.value.strip()), None)

    def text(self, name: str) -> str:
        """Give the value of the first property of a name, "" without one."""
        found = self.first(name)
        return "" if found is None else found.value.strip()

    @property
    def title(self) -> str:
        """Its SUMMARY as one safe line."""
        plain = re.sub(r"\\(.)", lambda found: " " if found[1] in "nN" else found[1], self.text("SUMMARY"))
        return clean_name(plain) or "Entry without a title"

    @property
    def status(self) -> Status:
        """Its STATUS; an entry of a calendar that calls its entries off is cancelled."""
        return "cancelled" if self.calendar.withdrawn else STATUSES.get(self.text("STATUS").upper(), "confirmed")

    def say(self, what: str) -> None:
        """Note what is wrong with it."""
        self.problems.append(f"“{self.title}” {what}")


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A written time: wall clock of a zone, or a day of which no hour is known."""

    local: datetime
    zone: tzinfo
    whole_day: bool

    def ms(self, local: datetime | None = None) -> Milliseconds:
        """Give it, or another wall-clock time of its zone, as UTC epoch milliseconds."""
        return at_wall_clock((self.local if local is None else local).replace(tzinfo=self.zone))

    def beside(self, other: When) -> datetime:
        """Give it as a wall-clock time of another's zone."""
        if self.whole_day or other.whole_day or self.zone is other.zone:
            return self.local
        return self.local.replace(tzinfo=self.zone).astimezone(other.zone).replace(tzinfo=None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Component:
    """What stands between a BEGIN and its END. end: that line, empty where it is missing."""

    name: str
    lines: list[str] = field(default_factory=list)
    inside: list[_Component] = field(default_factory=list)
    end: list[str] = field(default_factory=list)

    def named(self, name: str) -> Iterator[_Component]:
        """Give the components of a name in it, also those that a missing END put into others."""
        for part in self.inside:
            if part.name == name:
                yield part
            yield from part.named(name)


def _decoded(content: bytes) -> tuple[str, str]:
    """Unfold the lines and decode them: a fold may lie within a character. The second text says what was guessed."""
    wide = {b"B\0E\0": "utf-16-le", b"\0B\0E": "utf-16-be"}.get(content[:4])
    if wide or content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        content = content.decode(wide or "utf-16", errors="replace").encode()
    content = _FOLD.sub(b"", content.removeprefix(b"\xef\xbb\xbf"))
    try:
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace").replace("\ufffd", "")
        return text, "it is not UTF-8 and was read as Windows-1252. Save it as UTF-8."


def _components(text: str, place: str) -> _Component:
    """Read the tree of components.

    Raises:
        DataError: It breaks off.
    """
    root = _Component(name="")
    stack = [root]
    for line in re.split(r"\r\n|\r|\n", text):
        word, _, name = line.strip().partition(":")
        name = name.strip().upper()
        if word.upper() == "BEGIN":
            if name == stack[-1].name == "VEVENT":  # its END is missing: no entry stands in another
                stack.pop()
            part = _Component(name=name)
            stack[-1].inside.append(part)
            stack.append(part)
        elif word.upper() == "END":
            if any(part.name == name for part in stack):
                while stack[-1].name != name:
                    stack.pop()
                stack.pop().end.append(line)
        elif line.strip():
            stack[-1].lines.append(line.strip())
    if len(stack) > 1:
        raise DataError(
            f"{place}: is not a readable ICS calendar: it breaks off within {stack[-1].name[:40]}. Fetch it again."
        )
    return root


def read_entries(content: bytes, place: str) -> tuple[list[Entry], list[str]]:
    """Cut a file into its entries, each with the calendar that it stands in, and say what was odd about the file.

    Raises:
        DataError: It is no calendar, or breaks off.
    """
    text, note = _decoded(content)
    if text.lstrip()[:1] == "<":
        raise DataError(f"{place}: is a web page, not a calendar. Its server may have refused; check the address.")
    if "BEGIN:VCALENDAR" not in text[:4000].upper():
        raise DataError(f"{place}: is not an ICS calendar: it does not begin with BEGIN:VCALENDAR.")
    problems = [note] if note else []
    entries: list[Entry] = []
    for part in _components(text, place).named("VCALENDAR"):
        header = [(found[1].upper(), found[3].strip()) for line in part.lines if (found := _LINE.fullmatch(line))]
        zones = list(dict.fromkeys(clean_name(value) for name, value in header if name == "X-WR-TIMEZONE" and value))
        if len(zones) > 1:
            problems.append(f"X-WR-TIMEZONE is both `{zones[0]}` and `{zones[1]}`: the first was taken. Keep one.")
        calendar = Calendar(
            zones=dict(_own_zone(zone.lines, zone.inside) for zone in part.named("VTIMEZONE")),
            default_zone=next(iter(zones), ""),
            withdrawn=any(name == "METHOD" and value.upper() == "CANCEL" for name, value in header),
        )
        entries += (_entry(event, calendar) for event in part.named("VEVENT"))
    return entries, problems


def _entry(part: _Component, calendar: Calendar) -> Entry:
    """Read the properties of a VEVENT."""
    entry = Entry(calendar=calendar)
    odd = []
    for line in part.lines:
        found = _LINE.fullmatch(line)
        if found is None:
            odd.append(line)
            continue
        parameters = {key.strip().upper(): text.strip().strip('"') for key, text in _PARAMETER.findall(found[2])}
        entry.properties.setdefault(found[1].upper(), []).append(Property(value=found[3], parameters=parameters))
    for line in odd:
        entry.say(f"has a line that is no property: `{clean_name(line)[:40]}`. Correct it.")
    if not part.end:
        entry.say("is not closed by END:VEVENT. Look at the end of it.")
    return entry


def _own_zone(lines: list[str], parts: list[_Component]) -> tuple[str, tzinfo | str]:
    """Make a zone of a VTIMEZONE, or say why it is none; only the properties that its offsets rest on are read."""
    from dateutil import tz

    named = (found for line in lines if (found := _LINE.fullmatch(line)) and found[1].upper() == "TZID")
    tzid = next((found[3].strip().strip('"') for found in named), "")
    parts = [part for part in parts if part.name in {"STANDARD", "DAYLIGHT"}]
    if not parts:
        return tzid, f"the VTIMEZONE `{clean_name(tzid)}` has no rules"
    kept: list[str] = []
    for part in parts:
        kept.append(f"BEGIN:{part.name}")
        for line in part.lines:
            found = _LINE.fullmatch(line)
            name, value = (found[1].upper(), found[3].strip().upper()) if found else ("", "")
            if name == "RRULE" and "FREQ=YEARLY" not in value:
                return tzid, f"the VTIMEZONE `{clean_name(tzid)}` has a rule that is not yearly"
            if name in {"DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RDATE", "RRULE"}:
                kept.append(f"{name}:{value}")
        kept.append(f"END:{part.name}")
    whole = ["BEGIN:VTIMEZONE", "TZID:own", *kept, "END:VTIMEZONE"]
    try:
        return tzid, tz.tzical(io.StringIO("\n".join(whole))).get("own")
    except (ValueError, KeyError, IndexError, TypeError, OverflowError):
        return tzid, f"the VTIMEZONE `{clean_name(tzid)}` cannot be read"


def _zone(entry: Entry, tzid: str, local: datetime) -> tzinfo:
    """Find the zone of a TZID: the file's own definition, else the system's by an IANA or a Windows name.

    Raises:
        UsageError: There is none; a clause.
    """
    own = entry.calendar.zones.get(tzid)
    try:
        known: tzinfo | None = _system_zone(tzid)
    except UsageError:
        if own is None:
            raise
        known = None
    if isinstance(own, str) or own is None:
        if known is None:
            raise UsageError(f"{own}. Add its STANDARD and DAYLIGHT, or write the time with Z.")
        return known
    if known is not None:
        its, theirs = (zone.utcoffset(local) for zone in (own, known))
        if its != theirs:
            entry.say(
                f"stands in `{clean_name(tzid)}`, which the file's own VTIMEZONE puts at UTC{_offset(its)} on "
                f"{local:%Y-%m-%d} and the zone of that name at UTC{_offset(theirs)}: the file's own counts."
            )
    return own


def _offset(offset: timedelta | None) -> str:
    minutes = round((offset or timedelta()).total_seconds() / 60)
    return f"{'−' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _system_zone(name: str) -> tzinfo:
    """Find a zone by its IANA name, also behind a prefix such as /mozilla.org/20050126_1/, or by its Windows name.

    Raises:
        UsageError: There is no such zone.
    """
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    parts = name.strip("/").split("/")
    for tried in (WINDOWS_TO_OLSON.get(name, name), *("/".join(parts[-keep:]) for keep in (3, 2) if len(parts) > keep)):
        try:
            return zone_named(tried)
        except UsageError as error:
            last = error
    raise UsageError(str(last).replace("/".join(parts[-2:]), name, 1) if len(parts) > 2 else str(last))


def read_when(entry: Entry, name: str, found: Property, value: str | None = None) -> When:
    """Read a time of an entry; contradictions are noted, and where the hour is in doubt only the day counts.

    Raises:
        UsageError: It cannot be read; a clause.
    """
    written = (found.value if value is None else value).strip()
    stamp = STAMP.fullmatch(written)
    local = None if stamp is None else _wall_clock(*(int(part or 0) for part in stamp.groups()[:6]))
    if stamp is None or local is None:
        raise UsageError(f"its {name} `{clean_name(written)[:40]}` cannot be read as a date or a time")
    kind, tzid = found.parameters.get("VALUE", "").upper(), found.parameters.get("TZID", "")
    timed = stamp[4] is not None
    if (kind == "DATE" and timed) or (kind == "DATE-TIME" and not timed):
        entry.say(f"says that its {name} is a {kind} and writes {clean_name(written)[:20]}: its hour is not known.")
        timed = False
    if not timed:
        return When(local=datetime.combine(local, time()), zone=UTC, whole_day=True)
    if stamp[7]:
        if tzid and tzid.upper() not in {"UTC", "ETC/UTC", "GMT", "Z"}:
            entry.say(f"has a {name} with both Z and the zone `{clean_name(tzid)}`: Z counts. Keep one of them.")
        return When(local=local, zone=UTC, whole_day=False)
    zone = tzid or entry.calendar.default_zone
    if not zone:
        raise UsageError(f"its {name} {local:%Y-%m-%dT%H:%M} has no time zone. Add Z, a TZID or X-WR-TIMEZONE")
    return When(local=local, zone=_zone(entry, zone, local), whole_day=False)


def _wall_clock(year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime | None:
    try:
        return datetime(year, month, day, hour, minute, min(second, 59))  # noqa: DTZ001 - of a zone that stands beside it
    except ValueError:
        return None
