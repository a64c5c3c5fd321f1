"""Who gets the brief: the operator's list, checked line by line.

A line that makes no sense is named with its place and left out; the others still get their mail.
"""

from __future__ import annotations

import os
import re
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from reportgen.delivery.archive.commit import replace_files
from reportgen.errors import UsageError
from reportgen.market.symbols import unified_symbol

# ---- Mail addresses: checked, and compared as mail servers compare them, so that nobody is on a list twice ----


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


# ---- The suppression list: addresses that get nothing any more, read again before every message ----


class Suppressions:
    """A suppression list on disk; an absent file is an empty list."""

    def __init__(self, path: Path) -> None:
        """Remember where it is."""
        self.path = path
        self._seen: tuple[int, ...] = ()
        self._keys: frozenset[str] = frozenset()

    def __contains__(self, key: str) -> bool:
        """Tell whether an address's key is on the list as it stands on disk now."""
        state = _state(self.path)
        if state != self._seen:
            self._keys = frozenset(_key(line) for line in _lines(self.path))
            self._seen = state
        return key in self._keys

    def add(self, address: str, why: str) -> None:
        """Put an address on the list, in one write so that two processes do not mix their lines."""
        reason = " ".join(why.split())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        ended = not self.path.exists() or self.path.read_bytes()[-1:] in (b"", b"\n")
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            os.write(handle, f"{'' if ended else chr(10)}{address}  # {reason}\n".encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def lift(self, key: str) -> bool:
        """Take an address off the list; tells whether it was on it."""
        if key not in self:
            return False
        kept = "".join(f"{line}\n" for line in _lines(self.path) if _key(line) != key)
        replace_files({self.path: kept.encode()})
        return True


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _key(line: str) -> str:
    written = line.partition("#")[0].strip()
    return address_key(written) if written else ""


def _state(path: Path) -> tuple[int, ...]:
    """Tell one state of the file from another."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


FIELDS: Final = ("address", "name", "symbols", "only", "locale", "timezone", "format")
FORMATS: Final = ("html", "text")

_OTHER_NAMES: Final = {"email": "address", "e-mail": "address", "mail": "address", "tz": "timezone"}
_YES: Final = frozenset({"true", "yes", "1", "on"})
_NO: Final = frozenset({"", "false", "no", "0", "off"})
_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_LONGEST_NAME: Final = 200


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
    """One line of a subscriber file before it is checked. place: `subscribers.csv:14`. values: by field name."""

    place: str
    values: Mapping[str, object]

    @property
    def key(self) -> str:
        """Give the key of its address, however the column is called; "" without one."""
        return address_key(str(_named(self.values).get("address") or ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberList:
    """A checked file.

    Attributes:
        subscribers: In the file's order, nobody twice. problems: lines that were left out, `place: reason`.
        notes: What is odd and still works.
    """

    subscribers: tuple[Subscriber, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def check_entries(entries: Iterable[Entry]) -> SubscriberList:
    """Check every line; of a mailbox that stands there twice the first one counts."""
    kept: dict[str, tuple[Subscriber, str]] = {}
    mailboxes: dict[str, str] = {}
    problems: list[str] = []
    notes: list[str] = []
    for entry in entries:
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


def check_entry(values: Mapping[str, object]) -> Subscriber:
    """Check one line.

    Raises:
        UsageError: A field is unknown or makes no sense.
    """
    named = _named(values)
    for name in named.keys() - set(FIELDS):
        close = get_close_matches(name, FIELDS, n=1)
        raise UsageError(f"`{name}` is no field. {f'Did you mean `{close[0]}`?' if close else 'Leave it out.'}")
    if not _text(named, "address"):
        raise UsageError("there is no address. Add one, or delete the line.")
    return Subscriber(
        address=parse_address(_text(named, "address")),
        name=_name(_text(named, "name")),
        symbols=_symbols(named.get("symbols")),
        only=_flag(named.get("only")),
        locale=_locale(_text(named, "locale")),
        timezone=_timezone(_text(named, "timezone")),
        format=_format(_text(named, "format")),
    )


def field_of(column: str) -> str:
    """Name the field that a column holds: Email is address."""
    plain = column.strip().lower()
    return _OTHER_NAMES.get(plain, plain)


def _named(values: Mapping[str, object]) -> dict[str, object]:
    return {field_of(str(name)): value for name, value in values.items()}


def _text(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UsageError(f"{name} is no text. Put it in quotes.")
    return value.strip()


def _name(text: str) -> str:
    if not text.isprintable() or len(text) > _LONGEST_NAME:
        raise UsageError(f"the name {text[:40]!r} holds a line break or control character, or is very long. Mend it.")
    return text


def _symbols(value: object) -> tuple[str, ...]:
    """Read a list, or text with spaces, commas or semicolons between symbols."""
    parts = value if isinstance(value, list) else re.split(r"[\s,;|]+", str(value or ""))
    return tuple(dict.fromkeys(unified_symbol(str(part)) for part in parts if str(part).strip()))


def _flag(value: object) -> bool:
    text = "" if value is None else str(value).strip().lower()
    if text not in _YES | _NO:
        raise UsageError(f"only is `{value}`. Write yes or no.")
    return text in _YES


def _locale(text: str) -> str:
    if text and not _LOCALE.fullmatch(text):
        raise UsageError(f"`{text}` is no locale. Write it as en or en-US.")
    return text or "en"


def _timezone(text: str) -> str:
    try:
        return zoneinfo.ZoneInfo(text).key if text else ""
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(f"`{text}` is no time zone. Use an IANA name such as Europe/Berlin.") from error


def _format(text: str) -> str:
    if text and text not in FORMATS:
        raise UsageError(f"`{text}` is no format. Choose {' or '.join(FORMATS)}.")
    return text or FORMATS[0]
