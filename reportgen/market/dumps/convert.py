"""Archive dumps into a market folder: which file is whose, all of them converted, then added in one go.

`reportgen fetch --from-dump` calls this. A damaged file ends the run with every file's first mistake, and the folder
stays as it was; a file of a market that nobody can map is left out and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

from reportgen.errors import DataError
from reportgen.market.dumps import binance as dumps_binance
from reportgen.market.dumps import coinalyze as dumps_coinalyze
from reportgen.market.dumps import tardis as dumps_tardis
from reportgen.market.dumps.cells import Converted, Dump, DumpError, NotMappedError, counted, unpacked
from reportgen.market.folder.append import Appended, append_to_folder, judge_part

_Read: TypeAlias = list[Converted] | str
_SUFFIXES: Final = (".zip", ".csv", ".csv.gz", ".csv.zst", ".json", ".json.gz")


def dump_files(paths: Iterable[Path]) -> tuple[Path, ...]:
    """List the files that paths name: files as they are, folders with every dump in them, sorted.

    Raises:
        DumpError: A path is not there, or a folder holds no dump.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(
                each for each in path.rglob("*") if each.is_file() and each.name.lower().endswith(_SUFFIXES)
            )
            if not inside:
                raise DumpError(f"{path}: holds no dump. Dumps end in {', '.join(_SUFFIXES)}.")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise DumpError(f"{path}: does not exist. Name a dump, or a folder of dumps.")
    return tuple(dict.fromkeys(found))


def read_dumps(paths: Sequence[Path], map_units: Callable[..., Iterable[_Read]] = map) -> tuple[Converted, ...]:
    """Convert dumps, each judged by itself.

    Args:
        paths: Files and folders of dumps.
        map_units: How to map files: `map`, or that of workers, which find the files at the same absolute paths.

    Raises:
        DumpError: A dump is unusable; a line for each.
    """
    converted: list[Converted] = []
    problems: list[str] = []
    for made in map_units(_read_dump, (path.absolute() for path in dump_files(paths))):
        if isinstance(made, str):
            problems.append(made)
        else:
            converted += made
    if problems:
        raise DumpError("\n".join(problems))
    return tuple(converted)


def _read_dump(path: Path) -> _Read:
    """Convert what one file holds, or say what is wrong with it: the unit of work."""
    converted: list[Converted] = []
    try:
        for dump in unpacked(path):
            try:
                made = convert(dump)
            except NotMappedError as error:
                reason = str(error).removeprefix(f"{dump.name}: ").rstrip(".")
                made = Converted(name=dump.name, kind="left out", rows=0, parts=(), note=reason)
            # What it gave is held against the rules here, so that errors name the file.
            judged = [judge_part(part, made.name) for part in made.parts if len(part)]
            impossible = {"impossible": sum(count for _, count in judged)}
            dropped, parts = counted(made.dropped, impossible), tuple(part for part, _ in judged)
            converted.append(replace(made, parts=parts, dropped=dropped))
    except DataError as error:
        return str(error)
    return converted


def add_to_folder(converted: Sequence[Converted], folder: Path) -> tuple[Appended, ...]:
    """Add converted dumps to a market folder; give each table that got rows.

    Raises:
        DataError: They hold nothing that can be used, or the folder is unusable.
    """
    parts = [part for one in converted for part in one.parts]
    if not any(len(part) for part in parts):
        reasons = dict.fromkeys(
            f"{one.name}: {reason}" for one in converted for reason in (*one.dropped, *([one.note] if one.note else []))
        )
        why = "; ".join(list(reasons)[:3])
        raise DumpError(f"The dumps hold no row that can be used{f' ({why})' if why else ''}. Nothing was written.")
    return append_to_folder(folder, parts)


def convert(dump: Dump) -> Converted:
    """Convert one file, whoever wrote it.

    Raises:
        NotMappedError: It is of nobody known, or of a market that cannot be mapped.
        DumpError: It is unusable.
    """
    if dump.name.lower().endswith((".json", ".json.gz")):
        return dumps_coinalyze.convert(dump)
    for reader in (dumps_tardis.convert, dumps_binance.convert):
        made = reader(dump)
        if made is not None:
            return made
    if dump.path.suffix.lower() == ".zip" and dump.name != f"{dump.path.stem}.csv":
        return convert(
            replace(dump, name=f"{dump.path.stem}.csv")
        )  # the archive's name may be kept where its file's is not
    raise NotMappedError(
        f"{dump.name}: is no dump that is known. Keep the archive's own name, as BTCUSDT-1h-2024-01.zip, "
        "BTCUSDT-metrics-2024-01-15.zip, BTCUSDT-fundingRate-2024-01.zip, or a tardis.dev data set with its header."
    )
