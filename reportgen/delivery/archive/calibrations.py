"""The calibration file: JSON on disk, strictly read; the newest that was known at a moment.

Stands at the edge between `reportgen calibrate`, which writes `<output>/calibrations/YYYY-MM-DD.json`, dated by the end
of its sample, and the brief, which picks it up. A file that cannot be read is passed over and named; the last good one
is used instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from reportgen.delivery.archive.commit import replace_files
from reportgen.errors import DataError
from reportgen.liquidation.calibration import VERSION, Calibration, FitScore, NotionalRule
from reportgen.moments import day_of
from reportgen.units import Milliseconds, Missing

# ---- The shape of the calibration file, as pydantic models, and the way from and to `Calibration` ----

_AGAIN: Final = "Run `reportgen calibrate` again."
_DIGITS: Final = 6
_TUPLES: Final = frozenset({"liquidation_venues", "open_interest_venues", "node_distance"})

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=300)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Reason(_Record):
    reason: str


class _Score(_Record):
    ratio: Positive
    correlation: Finite
    climatology: Finite
    observations: Annotated[int, Field(ge=0)]


class _Rule(_Record):
    level: Annotated[float, Field(gt=0, lt=1)]
    edge_quote: list[Weight]
    low_ratio: Annotated[list[Weight], Field(min_length=1)]
    high_ratio: list[Weight]
    covered: Annotated[int, Field(ge=0)]
    of: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not len(self.edge_quote) + 1 == len(self.low_ratio) == len(self.high_ratio) or self.covered > self.of:
            raise ValueError("the interval's classes do not fit together")
        if any(low > high for low, high in zip(self.low_ratio, self.high_ratio, strict=True)):
            raise ValueError("an interval's lower end lies above its upper end")
        return self


class _Symbol(_Record):
    symbol: Name
    borrowed_from: Name | None
    sample_start_ms: Annotated[int, Field(ge=0)]
    sample_end_ms: Annotated[int, Field(ge=0)]
    interval_ms: Annotated[int, Field(gt=0)]
    observations: Annotated[int, Field(ge=0)]
    liquidation_venues: list[Name]
    open_interest_venues: Annotated[list[Name], Field(min_length=1)]
    price: Positive
    open_interest_base: Positive
    churn: Weight
    volume_share: Annotated[float, Field(ge=0, le=1)]
    node_distance: Annotated[list[Positive], Field(min_length=1)]
    weight: list[Weight]
    prior_weight: list[Weight]
    identified: list[bool]
    weight_draws: Annotated[list[list[Weight]], Field(min_length=1)]
    fit: _Score | _Reason
    held_out: _Score | _Reason
    interval: _Rule | _Reason

    @model_validator(mode="after")
    def _fits(self) -> Self:
        lengths = {len(self.identified), *map(len, (self.weight, self.prior_weight, *self.weight_draws))}
        if lengths != {len(self.node_distance)}:
            raise ValueError("the weights are not one for each node")
        if self.sample_end_ms <= self.sample_start_ms:
            raise ValueError("the sample ends before it starts")
        return self


class _File(_Record):
    version: int
    calibrations: Annotated[list[_Symbol], Field(min_length=1)]


def calibrations_to_json(calibrations: Sequence[Calibration]) -> bytes:
    """Write calibrations as UTF-8 JSON with sorted keys; the same calibrations give the same bytes."""
    rows = [asdict(each) for each in calibrations]
    for row in rows:
        del row["version"]
        row["weight_draws"] = [[float(f"{value:.{_DIGITS}g}") for value in draw] for draw in row["weight_draws"]]
    file = {"version": VERSION, "calibrations": rows}
    text = json.dumps(file, sort_keys=True, allow_nan=False, default=lambda array: array.tolist())
    return f"{text}\n".encode()


def calibrations_from_json(data: bytes, name: str) -> tuple[Calibration, ...]:
    """Read calibrations back.

    Args:
        data: The bytes of the file.
        name: What errors call the file.

    Raises:
        DataError: Not JSON, another version, or anything that does not fit; names the first place.
    """
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError) as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise DataError(f"{name}{line}: this is not JSON. {_AGAIN}") from error
    version = plain.get("version") if isinstance(plain, dict) else None
    if version != VERSION:
        raise DataError(f"{name}: version {version!r} of the file is not {VERSION}. {_AGAIN}")
    try:
        file = _File.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise DataError(f"{name}: {place}: {first['msg']}. {_AGAIN}") from error
    return tuple(
        Calibration(version=VERSION, **{field: _held(field, value) for field, value in each})
        for each in file.calibrations
    )


def _held(field: str, value: Any) -> Any:  # noqa: ANN401 - any field
    """Turn what stands in the file into what a calibration holds."""
    match value:
        case _Reason():
            return Missing(value.reason)
        case _Score():
            return FitScore(**dict(value))
        case _Rule():
            return NotionalRule(**{name: _held(name, each) for name, each in value})
        case list():
            return tuple(value) if field in _TUPLES else np.asarray(value)
    return value


FOLDER: Final = "calibrations"
_DATED: Final = re.compile(r"\d{4}-\d{2}-\d{2}\.json")
_MOST_FILES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCalibrations:
    """What a folder or file held by a moment.

    Attributes:
        calibrations: Newest first, all symbols; later ones than as-of only where nothing else was found, to name them.
        notes: A sentence for each file that could not be used.
    """

    calibrations: tuple[Calibration, ...]
    notes: tuple[str, ...]


def calibration_path(folder: Path, calibrations: Sequence[Calibration]) -> Path:
    """Name the file by the UTC day on which its sample ends."""
    return folder / f"{day_of(max(each.sample_end_ms for each in calibrations))}.json"


def write_calibrations(path: Path, calibrations: Sequence[Calibration]) -> None:
    """Write a file in one step: what stood there stays until the new one is complete.

    Raises:
        OSError: The file cannot be written.
    """
    replace_files({path: calibrations_to_json(calibrations)})


def read_calibrations(path: Path) -> tuple[Calibration, ...]:
    """Read one file.

    Raises:
        DataError: It is not there, cannot be read, or is not what `reportgen calibrate` writes; names the place.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise DataError(f"{path} {reason}. Make it with `reportgen calibrate`, or name another.") from error
    return calibrations_from_json(data, str(path))


def newest_calibrations(place: Path, as_of_ms: Milliseconds) -> FoundCalibrations:
    """Find what was known at a moment: the newest dated files of a folder, or the one file named.

    Args:
        place: A folder of dated files, which need not be there, or one file.
        as_of_ms: What was known then, UTC epoch milliseconds.
    """
    found: list[Calibration] = []
    notes: list[str] = []
    for path in _files(place, as_of_ms):
        if found and path.stem > day_of(as_of_ms) and place.is_dir():
            break
        try:
            read = read_calibrations(path)
        except DataError as error:
            notes.append(f"The calibration was passed over: {error}")
            continue
        found += read
    found.sort(key=lambda each: -each.sample_end_ms)
    return FoundCalibrations(calibrations=tuple(found), notes=tuple(notes))


def _files(place: Path, as_of_ms: Milliseconds) -> list[Path]:
    """List the files to read: the newest by a moment first, a few, then the first after it."""
    if not place.is_dir():
        return [place] if place.exists() or place.suffix == ".json" else []
    last = f"{day_of(as_of_ms)}.json"
    dated = sorted(path for path in place.iterdir() if _DATED.fullmatch(path.name))
    known = [path for path in dated if path.name <= last]
    return [*known[::-1][:_MOST_FILES], *dated[len(known) :][:1]]
