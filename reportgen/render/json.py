"""The alerts of a brief as bytes: alerts.json for programs, alerts.csv for a spreadsheet or a charting tool.

Stands at the last arrow, Brief -> bytes; the same brief gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, PydanticSerializationError

from reportgen.brief.alerts import Alert, alerts_of
from reportgen.brief.types import SCHEMA_VERSION, Brief
from reportgen.errors import DataError, RenderError
from reportgen.notation import spreadsheet_cell
from reportgen.render.formats import Job

# ---- brief.json: the full copy of a brief, from which every page can be made again years later ----

_NAMED_PROBLEMS = 5
_OLDEST_VERSION = 1
"""Fields that came later have defaults, so an older brief reads, and is written again, as it stood."""
_SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def begin(job: Job) -> Callable[[], bytes]:
    """Copy the brief when the bytes are asked for."""
    return lambda: brief_to_json(job.brief)


def brief_to_json(brief: Brief) -> bytes:
    """Write a brief as UTF-8 JSON: keys sorted, one value a line, a line feed at the end; same brief, same bytes.

    Raises:
        RenderError: A field holds something that its type does not allow, such as NaN; the message names it.
    """
    try:
        plain = _adapter().dump_python(brief, mode="json", warnings="error")
        if brief.brand is None:
            del plain["brand"]
        text = json.dumps(plain, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    except (PydanticSerializationError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise RenderError(f"The brief cannot be written as JSON: {first}. A computation left a bad value.") from error
    return f"{text}\n".encode()


def brief_from_json(data: bytes, name: str = "brief.json") -> Brief:
    """Read a brief back; what `brief_to_json` wrote gives an equal brief.

    Args:
        data: The bytes of the file.
        name: What errors call the file.

    Raises:
        DataError: Not JSON, another schema version, or a field that is absent or of another type; names the place.
    """
    parsed = _parsed(data, name)
    version = parsed.get("schema_version") if isinstance(parsed, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise DataError(f"{name}: it has no schema_version. Is this a brief.json?")
    if version > SCHEMA_VERSION:
        raise DataError(
            f"{name}: schema_version {version} is newer than {SCHEMA_VERSION}, the newest that this version reads. "
            f"Update reportgen."
        )
    if version < _OLDEST_VERSION:
        raise DataError(f"{name}: schema_version {version} is not known. The oldest that can be read is 1.")
    try:
        return _adapter().validate_json(data, strict=True)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        lines = [f"{name}: {_place(problem)}: {problem['msg']}" for problem in details[:_NAMED_PROBLEMS]]
        more = len(details) - _NAMED_PROBLEMS
        lines += [f"{name}: and {more} more problems."] if more > 0 else []
        lines.append("Restore the file, or make the brief again with `reportgen brief`.")
        raise DataError("\n".join(lines)) from error


def brief_schema() -> bytes:
    """Write the JSON Schema of brief.json, as it is published in docs/brief.schema.json."""
    schema: dict[str, Any] = {"$schema": _SCHEMA_DIALECT, **_adapter().json_schema(mode="serialization")}
    return f"{json.dumps(schema, sort_keys=True, indent=1, ensure_ascii=False)}\n".encode()


@cache
def _adapter() -> TypeAdapter[Brief]:
    return TypeAdapter(Brief)


def _parsed(data: bytes, name: str) -> object:
    """Parse once with the standard library, whose errors carry a line and which refuses NaN here."""
    try:
        parsed: object = json.loads(data.decode("utf-8"), parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: byte {error.start} is not UTF-8. Is this a brief.json?") from error
    except json.JSONDecodeError as error:
        raise DataError(f"{name}:{error.lineno}: not JSON ({error.msg}). Restore the file from the archive.") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name}: not a brief: {error}. Restore the file from the archive.") from error
    return parsed


def _refuse(constant: str) -> object:
    raise ValueError(f"it holds {constant}, which is no number")


def _place(problem: ErrorDetails) -> str:
    """Write where a problem lies: symbols[0].price; without the names of alternatives that pydantic adds."""
    text = ""
    for part in problem["loc"]:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".") or "the whole file"


ALERTS_JSON: Final = "alerts.json"
ALERTS_CSV: Final = "alerts.csv"
_VERSION: Final = 1


def alert_files(brief: Brief) -> Mapping[str, bytes]:
    """Write both files, by name; a brief without zones gives empty lists, not no files."""
    alerts = alerts_of(brief)
    whole = {
        "alerts_version": _VERSION,
        "as_of": brief.as_of,
        "horizon_hours": brief.horizon_hours,
        "simulated": brief.simulated,
        "alerts": [asdict(alert) for alert in alerts],
    }
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [field.name for field in fields(Alert)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: spreadsheet_cell(value) for name, value in asdict(alert).items()} for alert in alerts)
    return {
        ALERTS_JSON: f"{json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False)}\n".encode(),
        ALERTS_CSV: text.getvalue().encode(),
    }
