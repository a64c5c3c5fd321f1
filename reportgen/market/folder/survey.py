"""What a market folder holds, judged as a brief would judge it and without making one: `reportgen check --source`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from reportgen.errors import DataError
from reportgen.market.data import VenueGap
from reportgen.market.folder.columns import Rows, read_rows
from reportgen.market.folder.files import LATEST_MS, ask_table, find_tables, open_database
from reportgen.market.folder.plausible import judge_together
from reportgen.market.folder.read import open_tables, read_fund_flows, unread_files
from reportgen.market.folder.tables import CANDLES, ETF_FLOWS
from reportgen.market.folder.validate import checked


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
    tables: dict[str, Rows] = {}
    with open_database() as database:
        sources, problems = open_tables(database, files)
        surveys = {
            name: TableSurvey(table=name, file=files.tables[name].name, problem=problem)
            for name, problem in problems.items()
        }
        for name, source in sources.items():
            try:
                held = ask_table(database, source.file, f"SELECT count(*) FROM {name}").fetchall()[0][0]  # noqa: S608 - our own names
                every = ask_table(
                    database,
                    source.file,
                    f"SELECT DISTINCT symbol FROM {name} WHERE symbol IS NOT NULL ORDER BY 1",  # noqa: S608 - our own names
                ).fetchall()
                symbols = tuple(symbol for (symbol,) in every)
                tables[name], notes = checked(read_rows(database, source, symbols, LATEST_MS - 1))
                surveys[name] = TableSurvey(table=name, file=source.file, rows=int(held), notes=notes)
            except DataError as error:
                surveys[name] = TableSurvey(table=name, file=source.file, problem=str(error))
        if funds := files.tables.get(ETF_FLOWS.name):
            try:
                flows = read_fund_flows(database, funds, LATEST_MS - 1)
                days = sum(len(each.date) for each in flows.values())
                surveys[ETF_FLOWS.name] = TableSurvey(table=ETF_FLOWS.name, file=funds.name, rows=days, used=days)
            except DataError as error:
                surveys[ETF_FLOWS.name] = TableSurvey(table=ETF_FLOWS.name, file=funds.name, problem=str(error))
    judged = judge_together(tables)
    candles = judged.tables.get(CANDLES.name)
    return FolderSurvey(
        tables=tuple(
            replace(each, used=len(judged.tables[each.table].row)) if each.table in judged.tables else each
            for each in surveys.values()
        ),
        refused=tuple((symbol, gap) for symbol, gaps in judged.gaps.items() for gap in gaps),
        doubts=tuple((symbol, clause) for symbol, clauses in judged.doubts.items() for clause in clauses),
        notes=(*judged.notes, *unread_files(files)),
        symbols=tuple(sorted({each.keys[0] for each in candles.series})) if candles else (),
    )
