"""Every reader of the product beside a sound input of its own; what hypothesis makes of that input is fed to it.

A reader may take an input, leave parts of it out, or end with one of our sentences (`ReportgenError`). Anything else
that it raises is a fault.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hypothesis import strategies as st

from reportgen.config.load import read_config
from reportgen.delivery.archive.calibrations import calibrations_from_json, calibrations_to_json
from reportgen.delivery.archive.commit import JOURNAL, unfinished
from reportgen.delivery.archive.days import BriefFolder
from reportgen.delivery.archive.manifest import MANIFEST, read_manifest
from reportgen.delivery.archive.query import run_query
from reportgen.delivery.archive.rows import brief_days, snapshot_files
from reportgen.delivery.archive.store import open_store
from reportgen.delivery.mail.people import Suppressions, read_subscribers
from reportgen.errors import ReportgenError
from reportgen.events.flow_tables import read_flow_file
from reportgen.events.ics import read_ics
from reportgen.events.sources import events_of_csv, events_of_yaml
from reportgen.market.dumps.convert import read_dumps
from reportgen.market.folder.append import write_table
from reportgen.market.folder.read import read_market
from reportgen.render.json import brief_from_json
from reportgen.track_record.ledger import read_rows
from reportgen.units import DAY_MS
from tests.delivery.archives import FIRST, KEPT
from tests.liquidation.calibrations import calibration
from tests.market import folders
from tests.track_record.test_ledger import LEDGER

ICS: Final = b"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//fuzz//EN
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1
SUMMARY:US CPI
DTSTART;TZID=Europe/Berlin:20260119T143000
DTEND;TZID=Europe/Berlin:20260119T150000
RRULE:FREQ=MONTHLY;COUNT=3
EXDATE:20260219T143000Z
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Holiday
DTSTART;VALUE=DATE:20260120
END:VEVENT
END:VCALENDAR
""".replace(b"\n", b"\r\n")
SPAN: Final = (FIRST - 40 * DAY_MS, FIRST + 40 * DAY_MS)
CONFIG: Final = b"""watchlist:
  - BTC
  - {symbol: ETH, venues: [binance, bybit]}
timeframe: 4h
horizon_hours: 24
timezone: Europe/Berlin
events:
  - {name: US CPI, at: 2026-12-10T13:30Z, kind: macro}
assumptions: {draws: 50}
"""
EVENTS_YAML: Final = b"- {name: US CPI, at: 2026-12-10T13:30Z, kind: macro}\n- {name: Day, at: 2026-12-11}\n"
EVENTS_CSV: Final = b"name,at,kind\nUS CPI,2026-12-10T13:30Z,macro\nDay,2026-12-11,other\n"
FLOWS: Final = b"Date,IBIT,FBTC,Total\n2026-01-15,12.5,(3.0),9.5\n2026-01-16,1 200.1,-,1 200.1\n"
PEOPLE: Final = b"- address: anna@example.com\n  symbols: [ETH]\n- {address: ben@example.com, timezone: UTC}\n"
PEOPLE_CSV: Final = b"address,symbols\nanna@example.com,BTC ETH\nben@example.com,\n"
SUPPRESSED: Final = b"anna@example.com\n# a note\nben@example.com,2026-01-02\n"
PLACE: Final = BriefFolder(day="2026-01-19", revision=1)
SNAPSHOT: Final = "snapshots/zones/date=2026-01-19/r1.parquet"
DUMP: Final = (
    b"open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n"
    b"1768806000000,100,101,99,100.5,10,1768809599999,1000,5,4,400,0\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One reader. sound: input that it takes. read: what it does with bytes, given a folder of its own."""

    sound: bytes
    read: Callable[[bytes, Path], object]


def on_file(name: str, read: Callable[[Path], object]) -> Callable[[bytes, Path], object]:
    """Let a reader of paths read bytes."""

    def reads(data: bytes, folder: Path) -> object:
        (folder / name).write_bytes(data)
        return read(folder / name)

    return reads


def sound_table(suffix: str) -> bytes:
    """Write a small table of candles."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / f"candles.{suffix}"
        write_table(path, folders.candles())
        return path.read_bytes()


def market(path: Path) -> object:
    """Read the market folder that a table stands in."""
    return read_market(path.parent, (folders.BTC,), as_of_ms=None)


def asked(data: bytes, folder: Path) -> object:
    """Ask SQL of an archive's rows."""
    path = folder / SNAPSHOT
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return run_query(open_store(folder), "select * from zones_all").rows


def journal(data: bytes, folder: Path) -> object:
    """Read a transaction's journal."""
    (folder / JOURNAL).parent.mkdir()
    (folder / JOURNAL).write_bytes(data)
    return unfinished(open_store(folder))


def suppressed(path: Path) -> object:
    """Ask a suppression list."""
    return "anna@example.com" in Suppressions(path)


def day_of_brief(data: bytes, _: Path) -> object:
    """Sum a brief up for the site."""
    return brief_days({PLACE: data}, {PLACE: []})


JOURNAL_BYTES: Final = json.dumps(
    {
        "files": [{"path": "a.txt", "waits_at": ".transaction/00000", "sha256": "0" * 64, "size": 1}],
        "removed": ["b.txt"],
        "manifest_size": 0,
        "lines": "",
    }
).encode()

READERS: Final[Mapping[str, Reader]] = {
    "brief.json": Reader(sound=KEPT.read_bytes(), read=lambda data, _: brief_from_json(data)),
    "rows of brief.json": Reader(sound=KEPT.read_bytes(), read=day_of_brief),
    "rows of an archive": Reader(sound=snapshot_files(KEPT.read_bytes(), PLACE)[SNAPSHOT], read=asked),
    "calibration": Reader(
        sound=calibrations_to_json([calibration()]), read=lambda data, _: calibrations_from_json(data, "c.json")
    ),
    "ledger": Reader(sound=LEDGER, read=lambda data, _: read_rows(data)),
    MANIFEST: Reader(sound=b'{"path":"a","sha256":"b","size":1}\n{"seal":"c"}\n', read=lambda d, _: read_manifest(d)),
    "journal": Reader(sound=JOURNAL_BYTES, read=journal),
    "config.yaml": Reader(sound=CONFIG, read=on_file("config.yaml", read_config)),
    "events, YAML": Reader(sound=EVENTS_YAML, read=lambda d, _: events_of_yaml(d.decode(errors="replace"), "e.yaml")),
    "events, CSV": Reader(sound=EVENTS_CSV, read=lambda d, _: events_of_csv(d.decode(errors="replace"), "e.csv")),
    "events, ICS": Reader(sound=ICS, read=lambda data, _: read_ics(data, "e.ics", SPAN)),
    "flows": Reader(sound=FLOWS, read=on_file("flows.csv", read_flow_file)),
    "subscribers, YAML": Reader(sound=PEOPLE, read=on_file("people.yaml", read_subscribers)),
    "subscribers, CSV": Reader(sound=PEOPLE_CSV, read=on_file("people.csv", read_subscribers)),
    "suppressions": Reader(sound=SUPPRESSED, read=on_file("suppressed.txt", suppressed)),
    "market table, CSV": Reader(sound=sound_table("csv"), read=on_file("candles.csv", market)),
    "market table, Parquet": Reader(sound=sound_table("parquet"), read=on_file("candles.parquet", market)),
    "dump": Reader(sound=DUMP, read=on_file("BTCUSDT-1h-2026-01-19.csv", lambda path: read_dumps([path]))),
}

_NASTY: Final = tuple(
    word.encode()
    for word in (
        *("", "\0", "\ufeff", "NaN", "-Infinity", "1e999", "9" * 40, "-1", "null", "true", "{}", "[]", "[" * 3000),
        *("9999-12-31", "0001-01-01T00:00Z", "²", "\x1b[31m", "=1+1", "'", '"', "\r", "\n", ",", ";", ": ", "- ", "&a"),
        *("\ud7ff", "\U0001f600", "../../x", "%s", "!!python/object:os.system", "x" * 3000),
    )
)


@st.composite
def damaged(draw: st.DrawFn, sound: bytes) -> bytes:
    """Take a sound input and cut, swap, double or replace pieces of it, up to five times."""
    data = sound
    for _ in range(draw(st.integers(0, 5))):
        first = draw(st.integers(0, len(data)))
        last = min(len(data), first + draw(st.sampled_from((0, 1, 2, 8, 64, 4096))))
        piece = draw(st.one_of(st.sampled_from(_NASTY), st.binary(max_size=12), st.just(data[first:last] * 2)))
        data = data[:first] + piece + data[last:]
    return data


def feed(name: str, data: bytes) -> bool:
    """Give bytes to a reader; True when it took them, False when it said in a sentence why not."""
    with tempfile.TemporaryDirectory(prefix="reportgen-fuzz-") as folder:
        try:
            READERS[name].read(data, Path(folder))
        except ReportgenError as error:
            said = str(error)
        else:
            return True
    assert said.strip(), "a refusal without a word"
    return False
