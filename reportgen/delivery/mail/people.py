"""Who gets the brief: mail addresses, the operator's list of subscribers, and the list of those who left.

A line that makes no sense is named with its place and left out; the others still get their mail. A file is changed
line by line: what others wrote, comments too, stays as it is.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reportgen.config.places import Place, is_database
from reportgen.config.text import read_text
from reportgen.config.yaml import read_yaml
from reportgen.delivery.archive.commit import replace_files
from reportgen.errors import DataError, UsageError, without_secrets
from reportgen.market.symbols import unified_symbol

if TYPE_CHECKING:
    from sqlalchemy import ColumnClause, TableClause

FIELDS: Final = ("address", "name", "symbols", "only", "locale", "timezone", "format")
FORMATS: Final = ("html", "text")
KINDS: Final = {
    **dict.fromkeys((".yaml", ".yml"), "yaml"),
    **dict.fromkeys((".sqlite", ".sqlite3", ".db"), "sql"),
    ".csv": "csv",
}
"""What a subscriber file is, by the end of its name."""

_OTHER_NAMES: Final = {"email": "address", "e-mail": "address", "mail": "address", "tz": "timezone"}
_YES: Final = frozenset({"true", "yes", "1", "on"})
_NO: Final = frozenset({"", "false", "no", "0", "off"})
_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_LONGEST_NAME: Final = 200
_LARGEST_FILE: Final = 50_000_000
_OURS_ALONE: Final = 0o600
"""Permissions of new files: they hold addresses."""

_COMMENT: Final = re.compile(r"(^|\s)#.*")
_BETWEEN_ADDRESSES: Final = re.compile(r"(?:[\s,;|<>\"()\[\]\ufeff\u200b]|mailto:)+", re.IGNORECASE)
_YAML_HEAD: Final = (
    "# Who gets the brief. address is needed; name, symbols, only, locale, timezone and format (html, text) are not.\n"
)
_DATE: Final = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One mailbox.

    Attributes:
        written: Normalised, as people read it: anna@bücher.example.
        envelope: As SMTP wants it, the domain in punycode; beyond ASCII only where the part before @ is.
        key: What two spellings of one mailbox share: lower case, the domain in punycode. A plus-address keeps its tag.
    """

    written: str
    envelope: str
    key: str

    @property
    def base_key(self) -> str:
        """Name the mailbox that a plus-address usually ends in: anna+btc@… is anna@…."""
        local, _, domain = self.key.rpartition("@")
        return f"{local.partition('+')[0]}@{domain}"

    @property
    def needs_smtputf8(self) -> bool:
        """Tell whether the relay must take letters beyond ASCII before the @."""
        return not self.envelope.isascii()


def parse_address(text: str) -> Address:
    """Check and normalise one address.

    Raises:
        UsageError: It is no address; says why.
    """
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise UsageError(f"{text!r} is no mail address: {str(error).rstrip('.')}.") from error
    envelope = found.ascii_email or f"{found.local_part}@{found.ascii_domain}"
    return Address(
        written=found.normalized, envelope=envelope, key=f"{found.local_part.lower()}@{found.ascii_domain.lower()}"
    )


def address_key(text: str) -> str:
    """Give the key of an address; of a text that is none, the text in lower case."""
    try:
        return parse_address(text).key
    except UsageError:
        return text.strip().lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """One reader.

    Attributes:
        address: Where. name: For the To line, or "". symbols: theirs first, unified. only: nothing but those.
        locale: BCP 47, for dates and local times. timezone: IANA name, "" for the brief's. format: html or text.
    """

    address: Address
    name: str = ""
    symbols: tuple[str, ...] = ()
    only: bool = False
    locale: str = "en"
    timezone: str = ""
    format: str = "html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a subscriber file before it is checked.

    Attributes:
        place: `subscribers.csv:14`. values: by field name. rows: the lines it takes up, of a table its number.
        fault: what the file's format finds wrong in it, or "".
    """

    place: str
    values: Mapping[str, object]
    rows: range
    fault: str = ""

    @property
    def key(self) -> str:
        """Give the key of its address; "" without one."""
        return address_key(str(self.values.get("address") or ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberList:
    """A checked file.

    Attributes:
        subscribers: In the file's order, nobody twice. problems: lines that were left out, `place: reason`.
        notes: What is odd and still works.
    """

    subscribers: tuple[Subscriber, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def check_entry(values: Mapping[str, object]) -> Subscriber:
    """Check one entry.

    Raises:
        UsageError: A field is unknown or makes no sense.
    """
    for name in values.keys() - set(FIELDS):
        close = get_close_matches(name, FIELDS, n=1)
        raise UsageError(f"`{name}` is no field. {f'Did you mean `{close[0]}`?' if close else 'Leave it out.'}")
    texts = {name: _text(values, name) for name in ("address", "name", "locale", "timezone", "format")}
    if not texts["address"]:
        raise UsageError("there is no address. Add one, or delete the line.")
    address, name, form = parse_address(texts["address"]), texts["name"], texts["format"] or FORMATS[0]
    if not name.isprintable() or len(name) > _LONGEST_NAME:
        raise UsageError(f"the name {name[:40]!r} holds a line break or control character, or is very long. Mend it.")
    if _DATE.fullmatch(name):
        raise UsageError(f"the name `{name}` is a date, and no name. Mend it, or leave it out.")
    written = values.get("symbols") or ""
    symbols = written if isinstance(written, list) else re.split(r"[\s,;|]+", str(written))
    only = "" if values.get("only") is None else str(values["only"]).strip().lower()
    if only not in _YES | _NO:
        raise UsageError(f"only is `{values['only']}`. Write yes or no.")
    if texts["locale"] and not _LOCALE.fullmatch(texts["locale"]):
        raise UsageError(f"`{texts['locale']}` is no locale. Write it as en or en-US.")
    try:
        timezone = zoneinfo.ZoneInfo(texts["timezone"]).key if texts["timezone"] else ""
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(f"`{texts['timezone']}` is no time zone. Use an IANA name such as Europe/Berlin.") from error
    if form not in FORMATS:
        raise UsageError(f"`{form}` is no format. Choose {' or '.join(FORMATS)}.")
    return Subscriber(
        address=address,
        name=name,
        symbols=tuple(dict.fromkeys(unified_symbol(str(one)) for one in symbols if str(one).strip())),
        only=only in _YES,
        locale=texts["locale"] or "en",
        timezone=timezone,
        format=form,
    )


def _text(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str | None):
        raise UsageError(f"{name} is no text. Put it in quotes.")
    return (value or "").strip()


def read_subscribers(place: Place) -> SubscriberList:
    """Read a list of subscribers and check every entry; of a mailbox that stands there twice the first one counts.

    Raises:
        DataError: The file is absent, or is not what its name says.
        UsageError: Its name ends in nothing that is known.
    """
    kept: dict[str, tuple[Subscriber, str]] = {}
    mailboxes: dict[str, str] = {}
    problems: list[str] = []
    notes: list[str] = []
    for entry in read_entries(place):
        if entry.fault:
            problems.append(f"{entry.place}: {entry.fault}")
            continue
        try:
            subscriber = check_entry(entry.values)
        except UsageError as error:
            problems.append(f"{entry.place}: {error}")
            continue
        address = subscriber.address
        if address.key in kept:
            notes.append(f"{entry.place}: {address.written} stands in {kept[address.key][1]} already; that one counts.")
            continue
        kept[address.key] = (subscriber, entry.place)
        first = mailboxes.setdefault(address.base_key, address.written)
        if first != address.written:
            notes.append(f"{entry.place}: {address.written} usually reaches the mailbox of {first}; each gets a mail.")
    return SubscriberList(
        subscribers=tuple(subscriber for subscriber, _ in kept.values()), problems=tuple(problems), notes=tuple(notes)
    )


def read_entries(place: Place) -> tuple[Entry, ...]:
    """Read every entry of a list with its place, unchecked; raises as `read_subscribers` does."""
    kind = _kind(place)
    if not is_there(place):
        raise DataError(f"{place}: there is no such file of subscribers. Add one with `reportgen subscribers add`.")
    if kind == "sql" or not isinstance(place, Path):
        return tuple(_sql_entries(place))
    try:
        return tuple({"yaml": _yaml_entries, "csv": _csv_entries}[kind](place))
    except csv.Error as error:
        first = " ".join(str(error).split())
        raise DataError(f"{place}: cannot be read as {kind}: {first}. Mend the file.") from error


def is_there(place: Place) -> bool:
    """Tell whether there is such a file; a server tells itself."""
    return not isinstance(place, Path) or place.is_file()


def list_name(place: Place) -> str:
    """Name a list of subscribers without a secret."""
    return str(place) if isinstance(place, Path) else without_secrets(place, path=True)


def _kind(place: Place) -> str:
    if not isinstance(place, Path):
        if is_database(place):
            return "sql"
    elif place.suffix.lower() in KINDS:
        return KINDS[place.suffix.lower()]
    raise UsageError(
        f"{list_name(place)} is no list of subscribers. Its name ends in .yaml, .csv or .sqlite, or it is postgresql://…."
    )


def _entry(file: Path | str, place: int, pairs: Iterable[tuple[object, object]], rows: range, fault: str = "") -> Entry:
    """Name the fields of an entry, however its columns are called."""
    values = {_field_of(str(name)): value for name, value in pairs}
    return Entry(place=f"{file}:{place}", values=values, rows=rows, fault=fault)


def _field_of(column: str) -> str:
    plain = column.strip().lower()
    return _OTHER_NAMES.get(plain, plain)


def _yaml_entries(path: Path) -> Iterator[Entry]:
    file = read_yaml(path, as_text=True, most_bytes=_LARGEST_FILE)
    if file.data is None and file.problems:
        raise DataError(str(file.problems[0]))
    if not isinstance(file.data, list | None):
        raise DataError(f"{path}:{file.line_of(())}: is no list. Start each subscriber with `- address: …`.")
    for number, value in enumerate(file.data or ()):
        first, last = file.lines[(number,)]
        pairs = value.items() if isinstance(value, dict) else [("address", value)]
        faults = (
            f"{f'`{field}` ' if (field := one.key.partition('.')[2]) else ''}{one.reason}. {one.suggestion}"
            for one in file.problems
            if first <= (one.line or 0) <= last
        )
        yield _entry(path, first, pairs, range(first, last + 1), next(faults, ""))


def _csv_entries(path: Path) -> Iterator[Entry]:
    text = read_text(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    header = next(reader, [])
    before = reader.line_num
    for row in reader:
        pairs = [*zip(header, row, strict=False), *(("more", cell) for cell in row[len(header) :])]
        if row:
            yield _entry(path, reader.line_num, pairs, range(before + 1, reader.line_num + 1))
        before = reader.line_num


def _delimiter(text: str) -> str:
    return max(",;\t", key=text.partition("\n")[0].count)


def _sql_entries(place: Place) -> Iterator[Entry]:
    from sqlalchemy import select

    from reportgen.delivery.sql import in_order, subscriber_table

    with subscriber_table(place, FIELDS, reading=True) as (base, table):
        columns = _columns_of(place, table)
        found = base.execute(select(*columns.values()).order_by(*in_order(base, columns.values())))
        for number, cells in enumerate(found, 1):
            yield _entry(list_name(place), number, zip(columns, cells, strict=True), range(number, number + 1))


def _columns_of(place: Place, table: TableClause, needed: Iterable[str] = ("address",)) -> dict[str, ColumnClause[Any]]:
    """Find the column of each field, the first where several are called so; every other column is the operator's."""
    columns: dict[str, ColumnClause[Any]] = {}
    for one in table.columns:
        columns.setdefault(_field_of(one.name), one)
    for field in needed:
        if field not in columns:
            raise DataError(f"{list_name(place)}: the table `subscribers` has no column `{field}`. Add one to it.")
    return {field: columns[field] for field in FIELDS if field in columns}


def add_subscribers(place: Place, *subscribers: Subscriber) -> None:
    """Add entries at the end; makes the file or table where there is none.

    Raises:
        UsageError: An address is in it already.
    """
    kind = _kind(place)
    if kind == "sql":
        _change_table(place)  # which makes it
    entries = read_entries(place) if is_there(place) else ()
    known = {one.key for one in entries}
    for one in subscribers:
        if one.address.key in known:
            raise UsageError(
                f"{one.address.written} is in {list_name(place)} already. Remove it first, or edit the list."
            )
    if kind == "sql" or not isinstance(place, Path):
        _change_table(place, subscribers)
        return
    text = read_text(place) if place.exists() else _YAML_HEAD if kind == "yaml" else f"{','.join(FIELDS)}\n"
    text += "" if text.endswith("\n") else "\n"
    _replace(place, text + _as_text(place, text, subscribers), len(entries) + len(subscribers))


def _as_text(path: Path, text: str, subscribers: Sequence[Subscriber]) -> str:
    """Write entries as lines of a YAML or CSV file, in a CSV by the columns that its text begins with."""
    written = io.StringIO()
    rows = [_row(one) for one in subscribers]
    if _kind(path) == "csv":
        delimiter = _delimiter(text)
        header = next(csv.reader([text.partition("\n")[0]], delimiter=delimiter))
        lines = ([row.get(_field_of(name), "") for name in header] for row in rows)
        csv.writer(written, delimiter=delimiter, lineterminator="\n").writerows(lines)
        return written.getvalue()
    for row, subscriber in zip(rows, subscribers, strict=True):
        values: dict[str, object] = {name: value for name, value in row.items() if value}
        values |= {"symbols": list(subscriber.symbols)} if subscriber.symbols else {}
        values |= {"only": True} if subscriber.only else {}
        written.write(f"- {json.dumps(values, ensure_ascii=False)}\n")  # one line of JSON is YAML
    return written.getvalue()


def _row(subscriber: Subscriber) -> dict[str, str]:
    """Write a subscriber's fields as cells, empty where the default says the same."""
    return {
        "address": subscriber.address.written,
        "name": subscriber.name,
        "symbols": " ".join(subscriber.symbols),
        "only": "yes" if subscriber.only else "",
        "locale": "" if subscriber.locale == "en" else subscriber.locale,
        "timezone": subscriber.timezone,
        "format": "" if subscriber.format == "html" else subscriber.format,
    }


def replace_subscriber(place: Place, key: str, new: Subscriber | None) -> None:
    """Write one entry anew where it stands, or remove it; every other line of the file stays as it is.

    Raises:
        UsageError: The address is not in it.
    """
    entries = read_entries(place)
    found = [entry for entry in entries if entry.key == key]
    if not found:
        raise UsageError(f"{key} is not in {list_name(place)}. `reportgen subscribers list` shows who is.")
    if _kind(place) == "sql" or not isinstance(place, Path):
        _change_table(place, [] if new is None else [new], key)
        return
    first, gone = found[0].rows[0], {row for entry in found for row in entry.rows}
    text = read_text(place)
    lines = dict(enumerate(io.StringIO(text, newline="").readlines(), 1))
    written = "" if new is None else _as_text(place, text, (new,))
    kept = "".join(written if number == first else "" if number in gone else line for number, line in lines.items())
    _replace(place, kept, len(entries) - len(found) + (new is not None))


def _change_table(place: Place, new: Sequence[Subscriber] = (), key: str = "") -> None:
    """Add rows; with a key, write its first row anew, or none, and delete its others. All of it or nothing."""
    from sqlalchemy import select

    from reportgen.delivery.sql import in_order, row_of, subscriber_table

    if isinstance(place, Path) and not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch(mode=_OURS_ALONE)
    with subscriber_table(place, FIELDS, reading=False) as (base, table):
        rows = [_row(one) for one in new]
        columns = _columns_of(place, table, ("address", *(name for row in rows for name, cell in row.items() if cell)))
        cells = [{column.name: row[field] for field, column in columns.items()} for row in rows]
        if not key:
            if cells:
                base.execute(table.insert(), cells)
            return
        address, row = columns["address"], row_of(base)
        found = select(row, address).order_by(*in_order(base, columns.values())).with_for_update()
        held = [(one[0], one[1]) for one in base.execute(found) if address_key(str(one[1])) == key]
        for number, (which, written) in reversed(tuple(enumerate(held))):
            change = table.update().values(cells[0]) if cells and number == 0 else table.delete()
            if base.execute(change.where(row == which, address == written)).rowcount != 1:
                raise DataError(
                    f"{list_name(place)}: the row of {key} changed meanwhile, or is no row of a plain table, so "
                    "nothing is changed here. Try again, or change it in the database."
                )


def _replace(path: Path, text: str, entries: int) -> None:
    """Write a changed file once it is sure that it still reads as meant."""
    trial = path.with_name(f".{path.stem}.trial{path.suffix}")
    try:
        replace_files({trial: text.encode()}, mode=_OURS_ALONE)
        meant = len(read_entries(trial)) == entries
    except DataError:
        meant = False
    finally:
        trial.unlink(missing_ok=True)
    if not meant:
        raise DataError(f"{path}: is written in a way that cannot be changed safely here. Edit the file by hand.")
    replace_files({path: text.encode()}, mode=_OURS_ALONE)


class Suppressions:
    """Addresses that get nothing any more: a file, read again before every message; an absent one is an empty list.

    Each line holds an address, however it is written: bare, quoted, `Name <address>`, mailto:, or with more columns
    behind it. What follows a # is a note.
    """

    def __init__(self, path: Path) -> None:
        """Remember where it is."""
        self.path = path
        self._seen = ""
        self._keys: frozenset[str] = frozenset()

    def keys(self) -> frozenset[str]:
        """Give the keys of the addresses on the list as it stands on disk now.

        Raises:
            DataError: The file is not UTF-8, or a line holds no address; nobody may be mailed who could stand there.
        """
        try:
            found = self.path.stat()
            state = f"{found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
        except FileNotFoundError:
            state = ""
        if state != self._seen:
            lines = enumerate(self._lines(), 1)
            self._keys = frozenset(key for number, line in lines for key in _suppressed(line, f"{self.path}:{number}"))
            self._seen = state
        return self._keys

    def __contains__(self, key: str) -> bool:
        """Tell whether an address's key is on the list as it stands on disk now."""
        return key in self.keys()

    def add(self, address: str, why: str) -> None:
        """Put an address on the list, in one write so that two processes do not mix their lines."""
        reason = " ".join(why.split())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        ended = not self.path.exists() or self.path.read_bytes()[-1:] in (b"", b"\n")
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _OURS_ALONE)
        try:
            os.write(handle, f"{'' if ended else chr(10)}{address}  # {reason}\n".encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def lift(self, key: str) -> bool:
        """Take an address off the list; tells whether it was on it."""
        if key not in self:
            return False
        kept = []
        for number, line in enumerate(self._lines(), 1):
            found = _suppressed(line, f"{self.path}:{number}")
            kept += [line] if key not in found else [other for other in found if other != key]
        replace_files({self.path: "".join(f"{line}\n" for line in kept).encode()}, mode=_OURS_ALONE)
        return True

    def _lines(self) -> list[str]:
        return read_text(self.path).splitlines() if self.path.exists() else []


def _suppressed(line: str, place: str) -> list[str]:
    """Find the keys of the addresses on one line of a suppression list."""
    said = _COMMENT.sub("", line)
    words = [word.strip("'.") for word in _BETWEEN_ADDRESSES.split(said) if word]
    if not words or (place.endswith(":1") and _field_of(words[0]) == "address"):
        return []  # empty, a note, or the header of a table
    found = []
    for word in words:
        with suppress(UsageError):
            found.append(parse_address(word.partition("?")[0]).key)
    if not found:
        raise DataError(
            f"{place}: {said.strip()[:_LONGEST_NAME]!r} holds no mail address, and who stands there must get nothing. "
            "Write one address a line; put # before a note."
        )
    return found
