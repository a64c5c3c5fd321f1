"""Subscriber files: YAML, CSV or SQLite, read with the line of each entry and changed without touching the others.

Stands between the operator's file and `delivery.subscribers`, which checks what it holds.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import yaml

from reportgen.delivery.archive.commit import replace_files
from reportgen.delivery.mail.people import FIELDS, Entry, Subscriber, SubscriberList, check_entries, field_of
from reportgen.errors import DataError, UsageError

_YAML: Final = frozenset({".yaml", ".yml"})
_SQLITE: Final = frozenset({".sqlite", ".sqlite3", ".db"})
_HEAD: Final = (
    "# Who gets the brief. address is needed; name, symbols, only, locale, timezone and format (html, text) are not.\n"
)
_TABLE: Final = (
    'CREATE TABLE IF NOT EXISTS subscribers (address TEXT PRIMARY KEY, name TEXT, symbols TEXT, "only" TEXT, '
    "locale TEXT, timezone TEXT, format TEXT)"
)

_INSERT: Final = (
    'INSERT INTO subscribers (address, name, symbols, "only", locale, timezone, format) VALUES (?, ?, ?, ?, ?, ?, ?)'
)


def read_subscribers(path: Path) -> SubscriberList:
    """Read and check a subscriber file.

    Raises:
        DataError: The file is absent, or is not what its name says.
        UsageError: Its name ends in nothing that is known.
    """
    return check_entries(read_entries(path))


def read_entries(path: Path) -> tuple[Entry, ...]:
    """Read every entry with its place, unchecked."""
    kind = _kind(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file of subscribers. Add one with `reportgen subscribers add`.")
    try:
        if kind == "yaml":
            return tuple(_yaml_entries(path))
        return tuple(_csv_entries(path) if kind == "csv" else _sqlite_entries(path))
    except (yaml.YAMLError, csv.Error, sqlite3.Error, UnicodeDecodeError) as error:
        first = " ".join(str(error).split())
        raise DataError(f"{path}: cannot be read as {kind}: {first}. Mend the file.") from error


def add_subscriber(path: Path, subscriber: Subscriber) -> None:
    """Add one entry at the end; makes the file where there is none.

    Raises:
        UsageError: The address is in it already.
    """
    entries = read_entries(path) if path.exists() else ()
    if subscriber.address.key in {one.key for one in entries}:
        raise UsageError(f"{subscriber.address.written} is in {path} already. Remove it first, or edit the file.")
    add_subscribers(path, (subscriber,))


def add_subscribers(path: Path, subscribers: Sequence[Subscriber]) -> None:
    """Add entries of which none is in the file yet, at its end; makes the file where there is none."""
    kind = _kind(path)
    if kind == "sqlite":
        _change(path, _INSERT, [tuple(_row(one).values()) for one in subscribers])
        return
    before = len(read_entries(path)) if path.exists() else 0
    text = path.read_text(encoding="utf-8") if path.exists() else _HEAD if kind == "yaml" else ",".join(FIELDS) + "\n"
    text += "" if text.endswith("\n") else "\n"
    lines = [_yaml_line(one) if kind == "yaml" else _csv_line(one, text) for one in subscribers]
    _replace(path, text + "".join(lines), before + len(lines))


def remove_subscriber(path: Path, key: str) -> None:
    """Remove one entry; every other line of the file stays as it is.

    Raises:
        UsageError: The address is not in it.
    """
    found = [entry for entry in read_entries(path) if entry.key == key]
    if not found:
        raise UsageError(f"{key} is not in {path}. `reportgen subscribers list` shows who is.")
    if _kind(path) == "sqlite":
        _change(path, "DELETE FROM subscribers WHERE rowid = ?", [(entry.place.rpartition(":")[2],) for entry in found])
        return
    gone = {number for entry in found for number in _lines_of(path, int(entry.place.rpartition(":")[2]))}
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = "".join(line for number, line in enumerate(lines, 1) if number not in gone)
    _replace(path, kept, len(read_entries(path)) - len(found))


def _kind(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix in _YAML:
        return "yaml"
    if suffix in _SQLITE:
        return "sqlite"
    if suffix == ".csv":
        return "csv"
    raise UsageError(f"{path} is no file of subscribers. Its name ends in .yaml, .csv or .sqlite.")


def _nodes(path: Path) -> list[yaml.Node]:
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    if root is None:
        return []
    if not isinstance(root, yaml.SequenceNode):
        raise DataError(f"{path}:{root.start_mark.line + 1}: is no list. Start each subscriber with `- address: …`.")
    return list(root.value)


def _yaml_entries(path: Path) -> Iterator[Entry]:
    loader = yaml.SafeLoader("")
    for node in _nodes(path):
        value: Any = loader.construct_document(node)
        place = f"{path}:{node.start_mark.line + 1}"
        yield Entry(place=place, values=value if isinstance(value, dict) else {"address": value})


def _csv_entries(path: Path) -> Iterator[Entry]:
    text = path.read_text(encoding="utf-8-sig")
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=_delimiter(text), restkey="more", strict=True)
    for row in reader:
        yield Entry(place=f"{path}:{reader.line_num}", values={k: v for k, v in row.items() if v is not None})


def _sqlite_entries(path: Path) -> Iterator[Entry]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
        names = [str(row[1]) for row in base.execute("PRAGMA table_info(subscribers)")]
        for number, *values in base.execute("SELECT rowid, * FROM subscribers ORDER BY rowid"):
            yield Entry(place=f"{path}:{number}", values=dict(zip(names, values, strict=True)))


def _change(path: Path, statement: str, rows: list[tuple[str, ...]]) -> None:
    """Change a database, all rows or none."""
    try:
        with closing(sqlite3.connect(path)) as base, base:
            base.execute(_TABLE)
            base.executemany(statement, rows)
    except sqlite3.Error as error:
        raise DataError(
            f"{path}: cannot be changed ({error}). Its table `subscribers` needs the usual columns."
        ) from error


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _lines_of(path: Path, line: int) -> range:
    """Find the lines that an entry starting on a line takes up."""
    if _kind(path) == "csv":
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
        before = 0
        for _ in reader:
            if reader.line_num == line:
                break
            before = reader.line_num
        return range(before + 1, line + 1)
    node = next(node for node in _nodes(path) if node.start_mark.line + 1 == line)
    return range(line, _last_line(node) + 1)


def _last_line(node: yaml.Node) -> int:
    """Find where an entry's last value ends; its own end mark lies behind the comments that follow."""
    if isinstance(node, yaml.ScalarNode) or getattr(node, "flow_style", False) or not node.value:
        return int(node.end_mark.line) + 1
    children = [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]
    return max(_last_line(child) for child in children)


def _row(subscriber: Subscriber) -> dict[str, str]:
    return {
        "address": subscriber.address.written,
        "name": subscriber.name,
        "symbols": " ".join(subscriber.symbols),
        "only": "yes" if subscriber.only else "",
        "locale": "" if subscriber.locale == "en" else subscriber.locale,
        "timezone": subscriber.timezone,
        "format": "" if subscriber.format == "html" else subscriber.format,
    }


def _yaml_line(subscriber: Subscriber) -> str:
    """Write an entry as one line of JSON, which is YAML."""
    values: dict[str, object] = {name: value for name, value in _row(subscriber).items() if value}
    if subscriber.symbols:
        values |= {"symbols": list(subscriber.symbols)}
    if subscriber.only:
        values |= {"only": True}
    return f"- {json.dumps(values, ensure_ascii=False)}\n"


def _csv_line(subscriber: Subscriber, text: str) -> str:
    """Write an entry in the order of the file's own columns."""
    delimiter = _delimiter(text)
    header = next(csv.reader([text.partition("\n")[0].lstrip("\ufeff")], delimiter=delimiter))
    row = _row(subscriber)
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator="\n").writerow(
        [row.get(field_of(name), "") for name in header]
    )
    return written.getvalue()


def _replace(path: Path, text: str, entries: int) -> None:
    """Write a changed file once it is sure that it still reads as meant."""
    trial = path.with_name(f".{path.stem}.trial{path.suffix}")
    try:
        replace_files({trial: text.encode()})
        meant = len(read_entries(trial)) == entries
    except DataError:
        meant = False
    finally:
        trial.unlink(missing_ok=True)
    if not meant:
        raise DataError(f"{path}: is written in a way that cannot be changed safely here. Edit the file by hand.")
    replace_files({path: text.encode()})
