"""What a market folder holds, judged as a brief would judge it and without making one: `reportgen check --source`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reportgen.errors import DataError
from reportgen.market.data import VenueGap
from reportgen.market.folder.files import LATEST_MS, find_tables, open_database
from reportgen.market.folder.plausible import judge_together
from reportgen.market.folder.read import open_tables, read_fund_flows, read_tables
from reportgen.market.folder.tables import CANDLES, ETF_FLOWS


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSurvey:
    """One table.

    Attributes:
        table, file: names. rows: in the file. used: of them; of snapshots only the newest is. notes: what was left out.
        problem: Why the table would stop a brief, "" when it would not.
    """

    table: str
    file: str
    rows: int = 0
    used: int = 0
    notes: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSurvey:
    """A market folder.

    Attributes:
        tables: Each that is there. refused: by symbol, what of a venue is not used. doubts: by symbol, what lowers the
            quality. notes: on what was left out across tables. symbols: with usable candles.
    """

    tables: tuple[TableSurvey, ...]
    refused: tuple[tuple[str, VenueGap], ...]
    doubts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    symbols: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Whether a brief of some symbol could be made."""
        return bool(self.symbols) and not any(table.problem for table in self.tables)


def survey_folder(folder: Path) -> FolderSurvey:
    """Judge every row of a market folder, whatever its symbol.

    Raises:
        DataError: The folder is not there, or holds no table.
    """
    files = find_tables(folder)
    with open_database() as database:
        sources, problems = open_tables(database, files)
        tables, notes, unread = read_tables(sources, None, LATEST_MS - 1)
        problems |= unread
        rows = {name: int(sources[name].ask(f"SELECT count(*) FROM {name}")[0][0]) for name in tables}
        try:
            flows = read_fund_flows(database, files.tables.get(ETF_FLOWS.name), LATEST_MS - 1)
            rows[ETF_FLOWS.name] = sum(len(each.date) for each in flows.values())
        except DataError as error:
            problems[ETF_FLOWS.name] = str(error)
    judged = judge_together(tables)
    used = rows | {name: len(table.row) for name, table in judged.tables.items()}
    candles = judged.tables.get(CANDLES.name)
    return FolderSurvey(
        tables=tuple(
            TableSurvey(table=name, file=path.name, problem=problems[name])
            if name in problems
            else TableSurvey(
                table=name, file=path.name, rows=rows[name], used=used[name], notes=tuple(notes.get(name, ()))
            )
            for name, path in files.tables.items()
        ),
        refused=tuple((symbol, gap) for symbol, gaps in judged.gaps.items() for gap in gaps),
        doubts=tuple((symbol, clause) for symbol, clauses in judged.doubts.items() for clause in clauses),
        notes=(*judged.notes, *files.unread),
        symbols=tuple(sorted({each.keys[0] for each in candles.series})) if candles else (),
    )
