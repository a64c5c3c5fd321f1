"""What stands in a database, through SQLAlchemy: a file of SQLite, or a PostgreSQL server by its URL.

Serves the ledger's lines and the list of subscribers; what needs neither, such as `brief`, never loads it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Engine,
    MetaData,
    Table,
    TableClause,
    Text,
    cast,
    column,
    create_engine,
    func,
    inspect,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from reportgen.config.places import Place, how_to_install
from reportgen.delivery.ledger import Delivery, Of, State, in_use, make_private
from reportgen.errors import DataError, EnvironmentProblem, without_secrets

_LOCK: Final = "send.lock"
_VERSION: Final = 1
_WAIT_SECONDS: Final = 30.0
"""For another process that is writing."""
_REACHED_WITHIN_SECONDS: Final = 15
NOWHERE: Final = Path(":memory:")
_KEYS: Final = ("brief", "subscriber")
_READ_FILE: Final = (
    "cannot be opened ({}). Mend its permissions, or move it away if it is damaged; who got earlier briefs is lost "
    "with it."
)
_READ_SERVER: Final = "cannot be read ({}). Check the address, the user, the password and the server."
_WRITE_FILE: Final = (
    "cannot be read or written ({}), so nothing more is sent. Free some space or mend its permissions, and run it "
    "again; a damaged file can be moved away, and who got earlier briefs is lost then."
)
_WRITE_SERVER: Final = (
    "cannot be read or written ({}), so nothing more is sent. Check the address, the user, the password and the "
    "server, and run it again."
)


@contextmanager
def connected(place: Place, *, reading: bool = False) -> Iterator[Connection]:
    """Connect to a file or a server.

    Raises:
        EnvironmentProblem: What speaks to the server is not installed, or its URL is none.
        SQLAlchemyError: It cannot be reached or used; `first_line` makes a sentence of it.
    """
    engine = _file(place, reading=reading) if isinstance(place, Path) else _server(place)
    with engine.connect() as connection:
        yield connection


def _file(path: Path, *, reading: bool) -> Engine:
    address = f"{path.resolve().as_uri()}{'?mode=ro' if reading else ''}" if path != NOWHERE else f"file:{NOWHERE}"
    return create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(address, uri=True, check_same_thread=False, timeout=_WAIT_SECONDS),
        poolclass=NullPool,
    )


def _server(url: str) -> Engine:
    if url.count("@") > 1:
        raise EnvironmentProblem(
            "The URL of the database has more than one @, so where its password ends is not known. "
            "Write %40 for each @ of the user and the password."
        )
    try:
        address = make_url(url).set(drivername="postgresql+psycopg")
        return create_engine(address, poolclass=NullPool, connect_args={"connect_timeout": _REACHED_WITHIN_SECONDS})
    except ImportError as error:
        raise EnvironmentProblem(
            f"PostgreSQL needs psycopg, which is not installed. Run: {how_to_install('sql')}"
        ) from error
    except (SQLAlchemyError, ValueError) as error:
        raise EnvironmentProblem(
            f"{url.partition('://')[0]}://… is no URL of a database. Write it as postgresql://user:password@host/database."
        ) from error


def first_line(error: SQLAlchemyError) -> str:
    """Give what the database said, without what SQLAlchemy adds and what may be the end of a password."""
    said = str(getattr(error, "orig", None) or error).strip()
    before, at, rest = " ".join(said.partition("\n")[0].split()).rpartition("@")
    return f"…@{rest}" if at else f"{before}{rest}"


@contextmanager
def subscriber_table(place: Place, fields: Iterable[str], *, reading: bool) -> Iterator[tuple[Connection, TableClause]]:
    """Give the table `subscribers` in a transaction, as it is; unless only to read, made where there is none.

    Raises:
        DataError: There is none, or it cannot be read or changed.
        EnvironmentProblem: As `connected`.
    """
    name = str(place) if isinstance(place, Path) else without_secrets(place, path=True)
    try:
        with connected(place, reading=reading) as base, base.begin():
            if not reading:
                texts = (Column(each, Text, primary_key=each == "address") for each in fields)
                Table("subscribers", MetaData(), *texts).create(base, checkfirst=True)
            names = base.execute(text("SELECT * FROM subscribers LIMIT 0")).keys()
            yield base, table("subscribers", *(column(each) for each in names))  # untyped: cells come as they are
    except SQLAlchemyError as error:
        raise DataError(
            f"{name}: the table `subscribers` cannot be read or changed ({first_line(error)}). Check the "
            "address and the columns; `reportgen subscribers add` makes it where there is none."
        ) from error


def row_of(base: Connection) -> ColumnElement[str]:
    """Name the row of a table itself, as text: in a table without a primary key nothing else tells two apart."""
    return cast(literal_column("rowid" if base.dialect.name == "sqlite" else "ctid"), Text)


def in_order(base: Connection, columns: Iterable[ColumnElement[Any]]) -> Iterable[ColumnElement[Any]]:
    """Give the order of subscribers: of a file as they were added, of a server by their cells."""
    return [literal_column("rowid")] if base.dialect.name == "sqlite" else [cast(each, Text) for each in columns]


@contextmanager
def asked(name: str, told: str) -> Iterator[None]:
    """Turn what a database says into one sentence.

    Args:
        name: What it is, without a secret.
        told: What that means and what to do about it, with {} where it is quoted.

    Raises:
        EnvironmentProblem: It said something.
    """
    try:
        yield
    except SQLAlchemyError as error:
        raise EnvironmentProblem(f"{name} {told.format(first_line(error))}") from error


@contextmanager
def file_rows(folder: Path, of: Of, brief: str, *, reading: bool) -> Iterator[SqlRows]:
    """Open the lines of a brief in a folder's database; alone, by a lock that the system lets go of, unless to read.

    Raises:
        EnvironmentProblem: Another run is at work, or the file is damaged, of a newer version or cannot be used.
    """
    path = folder / f"{of}.sqlite"
    with ExitStack() as until_then:
        if not reading:
            try:
                until_then.enter_context(FileLock(make_private(folder) / _LOCK, timeout=0))
            except Timeout as error:
                raise EnvironmentProblem(in_use(str(folder))) from error
        said = str(path), _READ_FILE if reading else _WRITE_FILE
        with asked(*said):
            nothing = reading and not path.exists()
            base = until_then.enter_context(connected(NOWHERE if nothing else path, reading=reading))
            if base.exec_driver_sql("PRAGMA user_version").scalar_one() > _VERSION:
                raise EnvironmentProblem(f"{path} was written by a newer version. Update reportgen.")
            if not reading:
                base.exec_driver_sql("PRAGMA journal_mode = WAL")
                base.exec_driver_sql(f"PRAGMA user_version = {_VERSION}")
            rows = SqlRows(base, _lines_table("deliveries"), brief, said)
            if not reading:
                rows.make()
        yield rows


@contextmanager
def server_rows(url: str, of: Of, brief: str, *, reading: bool) -> Iterator[SqlRows]:
    """Open the lines of a brief on a server; alone, by a lock that ends with the connection, unless to read.

    Raises:
        EnvironmentProblem: Another run is at work, or the server cannot be reached or used.
    """
    said = without_secrets(url, path=True), _READ_SERVER if reading else _WRITE_SERVER
    with ExitStack() as until_then:
        with asked(*said):
            base = until_then.enter_context(connected(url))
            if not reading and not base.scalar(select(func.pg_try_advisory_lock(func.hashtext(f"reportgen {of}")))):
                raise EnvironmentProblem(in_use(said[0]))
            rows = SqlRows(base, _lines_table(of), brief, said)
            if not reading:
                rows.make()
        yield rows


def _lines_table(name: str) -> Table:
    texts = (Column(each, Text, nullable=False) for each in ("state", "reply", "message_id"))
    numbers = (Column(each, BigInteger, nullable=False) for each in ("attempts", "code", "queued_ms", "changed_ms"))
    keys = (Column(each, Text, primary_key=True) for each in _KEYS)
    return Table(name, MetaData(), *keys, *texts, *numbers, Column("named", Boolean, nullable=False))


class SqlRows:
    """The lines of one brief in a table; a lost connection is never made again, as its lock went with it."""

    def __init__(self, base: Connection, table: Table, brief: str, said: tuple[str, str]) -> None:
        """Take where they are, and how a fault is told."""
        self._base, self._table, self._brief, self._said = base, table, brief, said
        self._is_file = base.dialect.name == "sqlite"
        new = (sqlite if self._is_file else postgresql).insert(table)
        values = {one.name: new.excluded[one.name] for one in table.columns if one.name not in _KEYS}
        self._write = new.on_conflict_do_update(index_elements=_KEYS, set_=values)

    def make(self) -> None:
        """Make the table where there is none."""
        self._table.create(self._base, checkfirst=True)
        self._base.commit()

    def read(self) -> Iterable[Delivery]:
        """Read the brief's lines; where there is no table there are none."""
        with asked(*self._said):
            if not inspect(self._base).has_table(self._table.name):
                return []
            rows = self._base.execute(select(self._table).where(self._table.c.brief == self._brief)).mappings().all()
            self._base.commit()
        fields = ({name: value for name, value in row.items() if name != "brief"} for row in rows)
        return [Delivery(**one | {"state": State(one["state"])}) for one in fields]

    def write(self, lines: Collection[Delivery], _coming: Iterable[Delivery]) -> None:
        """Write lines in one transaction; a file's survives a power cut at once only where somebody is "sending"."""
        with asked(*self._said):
            if self._is_file:
                lasting = any(one.state is State.SENDING for one in lines)
                self._base.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")
            told = [asdict(one) | {"brief": self._brief, "state": str(one.state)} for one in lines]
            self._base.execute(self._write, told)
            self._base.commit()
