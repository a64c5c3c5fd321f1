"""Earlier briefs are found in the output folder, the newest first, whatever else stands there."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from reportgen.brief.types import Brief
from reportgen.delivery.archive.days import earlier_briefs, folder_of, morning_of
from reportgen.delivery.archive.store import FolderStore, open_store
from reportgen.moments import day_of
from reportgen.render.json import brief_to_json
from reportgen.units import DAY_MS, HOUR_MS, Missing
from tests.brief_parts import AS_OF_MS
from tests.briefs import one_symbol


def put(output: Path, days_ago: float, revision: str = "", headline: str = "") -> Brief:
    """Write a brief that spoke of a moment some days before the morning."""
    as_of = AS_OF_MS - round(days_ago * DAY_MS)
    brief = replace(one_symbol(), as_of_ms=as_of, headline=headline)
    folder = output.joinpath(*day_of(as_of).split("-"), revision)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "brief.json").write_bytes(brief_to_json(brief))
    return brief


def test_the_newest_comes_first_and_today_does_not_count(tmp_path: Path) -> None:
    """Over months and years, briefs before the moment come in order, one a day; the moment itself is not earlier."""
    days = (30, 1, 400, 0, 2)
    briefs = {days_ago: put(tmp_path, days_ago) for days_ago in days}
    put(tmp_path, -1)
    (tmp_path / "latest").mkdir()
    (tmp_path / "latest" / "brief.json").write_bytes(brief_to_json(briefs[0]))
    (tmp_path / "2026" / "notes.txt").write_text("not a month")
    assert list(earlier_briefs(open_store(tmp_path), AS_OF_MS)) == [briefs[one] for one in (1, 2, 30, 400)]
    assert next(earlier_briefs(open_store(tmp_path), AS_OF_MS + 1)) == briefs[0]


def test_a_brief_is_kept_under_its_own_morning(tmp_path: Path) -> None:
    """07:00 in Tokyo on the 19th is earlier than what follows it, and a folder of the UTC day is found as well."""
    evening = AS_OF_MS - 9 * HOUR_MS
    brief = replace(one_symbol(), as_of_ms=evening, timezone="Asia/Tokyo")
    assert morning_of(brief) == "2026-01-19"
    for folder in ("2026/01/19", "latest"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "brief.json").write_bytes(brief_to_json(brief))
    store = open_store(tmp_path)
    assert next(earlier_briefs(store, evening + 1)) == brief
    assert list(earlier_briefs(store, evening)) == []
    assert folder_of(store, "latest/brief.json", brief) == "2026/01/19"
    (tmp_path / "2026/01/19").rename(tmp_path / "2026/01/18")  # as versions before kept it
    assert folder_of(store, "latest/brief.json", brief) == "2026/01/18"


def test_an_output_that_is_not_there_has_no_earlier_brief(tmp_path: Path) -> None:
    """The first run finds nothing and makes nothing."""
    assert list(earlier_briefs(open_store(tmp_path / "new"), AS_OF_MS)) == []
    assert not list(tmp_path.iterdir())


def test_of_a_day_the_newest_revision_counts(tmp_path: Path) -> None:
    """r10 stands before r9, r2 and the day's own folder; of a later moment, the one before it is taken."""
    put(tmp_path, 1.0, headline="first")
    put(tmp_path, 1.0, "r2", "second")
    put(tmp_path, 1.0, "r9", "ninth")
    put(tmp_path, 1 - 4 / 24, "r10", "tenth, four hours later")

    def headlines(before_ms: int) -> list[str]:
        return [one.headline for one in earlier_briefs(open_store(tmp_path), before_ms) if not isinstance(one, Missing)]

    assert headlines(AS_OF_MS) == ["tenth, four hours later"]
    assert headlines(AS_OF_MS - DAY_MS + HOUR_MS) == ["ninth"]


def test_a_brief_of_the_simulated_market_hides_no_real_one(tmp_path: Path) -> None:
    """Of each kind of market the newest revision of its own is found."""
    real = put(tmp_path, 1.0)
    folder = tmp_path.joinpath(*morning_of(real).split("-"), "r2")
    folder.mkdir()
    (folder / "brief.json").write_bytes(brief_to_json(replace(real, simulated=True)))
    for simulated in (False, True):
        (found,) = earlier_briefs(open_store(tmp_path), AS_OF_MS, simulated=simulated)
        assert isinstance(found, Brief)
        assert found.simulated == simulated


@pytest.mark.parametrize("broken", ["{", "{}", '{"schema_version": 99}', "[]", "\xff"])
def test_a_broken_file_is_a_note_and_the_others_come(tmp_path: Path, broken: str) -> None:
    """What cannot be read is named, with the day's older revision, and the day before, still found."""
    old, day = put(tmp_path, 2), put(tmp_path, 1)
    folder = tmp_path.joinpath(*morning_of(day).split("-"), "r2")
    folder.mkdir()
    (folder / "brief.json").write_bytes(broken.encode("latin-1"))
    note, *rest = earlier_briefs(open_store(tmp_path), AS_OF_MS)
    assert isinstance(note, Missing)
    assert note.reason.startswith("2026/01/18/r2/brief.json cannot be read and is left out: ")
    assert "\n" not in note.reason
    assert rest == [day, old]


def test_a_brief_from_before_these_fields_still_reads(tmp_path: Path) -> None:
    """A brief.json of the first version, whose changes and record were Missing, comes back with them Missing."""
    brief = put(tmp_path, 1)
    path = tmp_path.joinpath(*morning_of(brief).split("-")) / "brief.json"
    plain = json.loads(path.read_bytes())
    plain["changes"] = {"reason": "Comparing with the brief before needs the archive, which is not built yet."}
    plain["track_record"] = {"reason": "Scoring earlier levels needs the ledger, which is not built yet."}
    for symbol in plain["symbols"]:
        for newer in ("dollars", "sensitivities", "flows"):
            symbol.pop(newer)
    path.write_text(json.dumps(plain))
    (found,) = earlier_briefs(open_store(tmp_path), AS_OF_MS)
    assert isinstance(found, Brief)
    assert isinstance(found.changes, Missing)
    assert isinstance(found.track_record, Missing)


def test_files_are_read_only_as_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two briefs of ten cost two reads."""
    for days_ago in range(1, 11):
        put(tmp_path, days_ago)
    read: list[str] = []
    open_file = FolderStore.read

    def counted(store: FolderStore, path: str) -> bytes | None:
        read.append(path)
        return open_file(store, path)

    monkeypatch.setattr(FolderStore, "read", counted)
    assert len(list(islice(earlier_briefs(open_store(tmp_path), AS_OF_MS), 2))) == 2
    assert read == ["2026/01/18/brief.json", "2026/01/17/brief.json"]
