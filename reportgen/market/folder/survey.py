"""What a market folder holds, judged as a brief would judge it and without making one: `reportgen check --source`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from reportgen.errors import DataError
from reportgen.market.data import VenueGap
from reportgen.market.folder.columns import Rows, read_rows
from reportgen.market.folder.files import LATEST_MS, find_tables, open_database
from reportgen.market.folder.plausible import judge_together
from reportgen.market.folder.read import open_tables, read_fund_flows
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
    surveys: dict[str, TableSurvey] = {}
    with open_database() as database:
        sources, problems = open_tables(database, files)
        for name, source in sources.items():
            try:
                rows = int(source.ask(f"SELECT count(*) FROM {name}")[0][0])
                named = source.ask(f"SELECT DISTINCT symbol FROM {name} WHERE symbol IS NOT NULL ORDER BY 1")
                symbols = tuple(symbol for (symbol,) in named)
                tables[name], notes = checked(read_rows(source, symbols, LATEST_MS - 1))
                surveys[name] = TableSurvey(table=name, file=source.file, rows=rows, notes=notes)
            except DataError as error:
                problems[name] = str(error)
        funds = files.tables.get(ETF_FLOWS.name)
        try:
            days = sum(len(each.date) for each in read_fund_flows(database, funds, LATEST_MS - 1).values())
            if funds:
                surveys[ETF_FLOWS.name] = TableSurvey(table=ETF_FLOWS.name, file=funds.name, rows=days, used=days)
        except DataError as error:
            problems[ETF_FLOWS.name] = str(error)
    judged = judge_together(tables)
    candles = judged.tables.get(CANDLES.name)
    return FolderSurvey(
        tables=tuple(
            TableSurvey(table=name, file=path.name, problem=problems[name])
            if name in problems
            else replace(
                surveys[name], used=len(judged.tables[name].row) if name in judged.tables else surveys[name].used
            )
            for name, path in files.tables.items()
        ),
        refused=tuple((symbol, gap) for symbol, gaps in judged.gaps.items() for gap in gaps),
        doubts=tuple((symbol, clause) for symbol, clauses in judged.doubts.items() for clause in clauses),
        notes=(*judged.notes, *files.unread),
        symbols=tuple(sorted({each.keys[0] for each in candles.series})) if candles else (),
    )
