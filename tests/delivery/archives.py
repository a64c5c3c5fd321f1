"""Small archives to test with: briefs of any day, and what leads a client to a server on loopback."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from reportgen.config.places import Place
from reportgen.delivery.archive.commit import WrittenBrief, write_brief_files
from reportgen.moments import day_of, moment_text, parse_moment
from reportgen.units import DAY_MS

KEPT = Path(__file__).parent / "kept" / "brief-v1.json"
FIRST = parse_moment("2026-01-19T07:00Z")


def brief_of(day: int = 0, **changed: Any) -> tuple[int, bytes]:
    """Give a brief so many days after the first, its as-of and its bytes; fields can be changed."""
    brief = json.loads(KEPT.read_bytes())
    as_of = FIRST + day * DAY_MS
    brief |= {"as_of_ms": as_of, "as_of": moment_text(as_of)} | changed
    for place, symbol in enumerate(brief["symbols"]):
        if isinstance(symbol["price"], float):
            symbol["price"] *= 1 + 0.01 * ((day * 7 + place) % 5)
    return as_of, f"{json.dumps(brief, sort_keys=True, indent=1, ensure_ascii=False)}\n".encode()


def files_of(content: bytes, page: bytes = b"h") -> dict[str, bytes]:
    """Stand in for the bytes of every format, around a real brief.json."""
    return {"brief.html": page, "brief.pdf": b"%PDF-1.7 small", "brief.json": content}


def keep(output: Place, day: int = 0, **changed: Any) -> WrittenBrief:
    """Write a brief with a chart and its input into an archive."""
    as_of, content = brief_of(day, **changed)
    extra = {"charts/ETH-USDT-USDT.wide.svg": b"svg of %d" % day, "input/candles.parquet": b"bars"}
    return write_brief_files(output, day_of(as_of), files=files_of(content, b"<p>%d" % day), extra=extra)


def tree(folder: Path) -> dict[str, bytes]:
    """List every file below a folder with its bytes, without the lock."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".reportgen.lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def s3_environment(address: str) -> dict[str, str]:
    """Give the variables that lead a client to the server."""
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
