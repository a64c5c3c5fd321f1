"""Lists of subscribers: what is refused and where, who is the same person, and changing one line only."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from reportgen.delivery.mail.people import (
    Subscriber,
    Suppressions,
    add_subscribers,
    check_entry,
    parse_address,
    read_subscribers,
    replace_subscriber,
)
from reportgen.errors import DataError, UsageError

YAML = """\
# our readers
- address: anna@example.com   # the first one
  name: "Anna, who reads"
  symbols: [ETH, btc]
  only: true
# Bob asked twice

- {address: bob+btc@Example.com, timezone: Europe/Berlin, locale: de-DE}
- carl@bücher.example
# the end
"""
CSV = """\
Email;Name;Symbols;Only;Timezone
anna@example.com;"Anna, who reads";"ETH
BTCUSDT";yes;
bob+btc@Example.com;;;;Europe/Berlin
carl@bücher.example
"""


def written(folder: Path, name: str, text: str) -> Path:
    """Write a file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "text"), [("people.yaml", YAML), ("people.csv", CSV)])
def test_each_format_says_the_same(tmp_path: Path, name: str, text: str) -> None:
    """YAML and CSV give the same people, in the file's order."""
    found = read_subscribers(written(tmp_path, name, text))
    anna, bob, carl = found.subscribers
    assert (anna.symbols, anna.only, anna.name) == (("ETH/USDT:USDT", "BTC/USDT:USDT"), True, "Anna, who reads")
    assert (bob.address.key, bob.timezone) == ("bob+btc@example.com", "Europe/Berlin")
    assert (carl.address.envelope, carl.address.written) == ("carl@xn--bcher-kva.example", "carl@bücher.example")
    assert found.problems == ()


def test_sqlite_is_made_read_and_changed(tmp_path: Path) -> None:
    """A database takes the same subscribers as a text file."""
    path = tmp_path / "people.sqlite"
    anna = check_entry({"address": "anna@example.com", "symbols": "ETH", "only": "yes", "format": "text"})
    add_subscribers(path, anna)
    add_subscribers(path, check_entry({"address": "bob@example.com"}))
    assert read_subscribers(path).subscribers[0] == anna
    replace_subscriber(path, "anna@example.com", None)
    assert [one.address.key for one in read_subscribers(path).subscribers] == ["bob@example.com"]
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("INSERT INTO subscribers (address) VALUES ('nonsense')")
    assert "people.sqlite:" in read_subscribers(path).problems[0]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("- anna@", "no mail address"),
        ("- {address: anna@example.com, tzone: UTC}", "Did you mean `timezone`"),
        ("- {address: anna@example.com, timezone: Europe/Berlim}", "no time zone"),
        ("- {address: anna@example.com, locale: '/etc'}", "no locale"),
        ("- {address: anna@example.com, format: pdf}", "no format"),
        ("- {address: anna@example.com, only: perhaps}", "Write yes or no"),
        ("- {address: anna@example.com, symbols: [BTC/ETH/XRP]}", "names no market"),
        ('- {address: anna@example.com, name: "a\\r\\nBcc: b@c.example"}', "line break"),
        ('- "anna@example.com\\nBcc: b@c.example"', "no mail address"),
        ("- {name: nobody}", "no address"),
        ("- {address: anna@example.com, name: 2026-02-30}", "`2026-02-30` is a date, and no name"),
        ("- 17", "no mail address"),
    ],
)
def test_a_bad_line_is_named_and_left_out(tmp_path: Path, line: str, reason: str) -> None:
    """A mistake costs its own line only, and is named with the line's number."""
    found = read_subscribers(
        written(tmp_path, "people.yaml", f"# head\n- zoe@example.com\n{line}\n- ian@example.com\n")
    )
    (problem,) = found.problems
    assert f"{tmp_path}/people.yaml:3: " in problem
    assert reason in problem
    assert [one.address.key for one in found.subscribers] == ["zoe@example.com", "ian@example.com"]


def test_nobody_is_on_the_list_twice(tmp_path: Path) -> None:
    """Case and punycode make no second person; a plus-address is another one, and worth a note."""
    lines = ["anna@bücher.example", "ANNA@xn--bcher-kva.example", "bob@example.com", "bob+eth@example.com"]
    found = read_subscribers(written(tmp_path, "people.yaml", "".join(f"- {line}\n" for line in lines)))
    assert [one.address.written for one in found.subscribers] == [lines[0], lines[2], lines[3]]
    assert ":2: " in found.notes[0]
    assert ":1 already" in found.notes[0]
    assert "mailbox of bob@example.com" in found.notes[1]


@pytest.mark.parametrize(("name", "text"), [("people.yaml", YAML), ("people.csv", CSV)])
@pytest.mark.parametrize("key", ["anna@example.com", "bob+btc@example.com", "carl@xn--bcher-kva.example"])
def test_removing_one_line_leaves_the_others(tmp_path: Path, name: str, text: str, key: str) -> None:
    """Every line of the others, and every comment, stays as it is."""
    path = written(tmp_path, name, text)
    replace_subscriber(path, key, None)
    left = path.read_text(encoding="utf-8").splitlines()
    assert key not in {one.address.key for one in read_subscribers(path).subscribers}
    assert len(read_subscribers(path).subscribers) == 2
    assert set(left) <= set(text.splitlines())
    assert [line for line in text.splitlines() if line.startswith("#")] == [line for line in left if line[:1] == "#"]


@pytest.mark.parametrize(("name", "text"), [("people.yaml", YAML), ("people.csv", CSV), ("new.yaml", None)])
def test_adding_one_keeps_the_file(tmp_path: Path, name: str, text: str | None) -> None:
    """A new subscriber is read back with all fields, after those who were there; the same address is refused."""
    path = tmp_path / name
    if text is not None:
        path.write_text(text, encoding="utf-8")
    dora = check_entry({"address": "dora@example.com", "name": 'Dora "D"', "symbols": "SOL", "timezone": "Asia/Tokyo"})
    add_subscribers(path, dora)
    assert path.read_text(encoding="utf-8").startswith(text or "#")
    assert read_subscribers(path).subscribers[-1] == dora
    with pytest.raises(UsageError, match="already"):
        add_subscribers(path, Subscriber(address=parse_address("DORA@example.com")))


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("people.yaml", "anna: 1\n", "is no list"),
        ("people.yaml", "- [\n", "not valid YAML"),
        ("people.txt", "", "ends in"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, name: str, text: str, reason: str) -> None:
    """One sentence says what is wrong with the file as a whole."""
    with pytest.raises((DataError, UsageError), match=reason):
        read_subscribers(written(tmp_path, name, text))


def test_the_suppression_list_is_what_stands_on_disk(tmp_path: Path) -> None:
    """Lines by hand and by program count at once, notes and case do not, and lifting takes one off."""
    suppressed = Suppressions(tmp_path / "suppressed.txt")
    assert "anna@example.com" not in suppressed
    suppressed.path.write_text("# left\nAnna@Example.com  # on Monday\ncarl@bücher.example", encoding="utf-8")
    suppressed.add("bob@example.com", "550\n5.1.1 no such user")
    for key in ("anna@example.com", "bob@example.com", "carl@xn--bcher-kva.example"):
        assert key in suppressed
    assert suppressed.lift("anna@example.com")
    assert "anna@example.com" not in suppressed
    assert "bob@example.com" in suppressed
    assert not suppressed.lift("anna@example.com")


@pytest.mark.parametrize(
    "line",
    [
        "anna@example.com",
        "\ufeffanna@example.com\r",
        "Anna <anna@example.com>",
        '"anna@example.com"',
        "'Anna@Example.com'",
        "mailto:anna@example.com?subject=unsubscribe",
        "<MAILTO:anna@example.com>",
        "anna@example.com,2026-11-20",
        "anna@example.com;bounced @ noon",
        "2026-11-20\tanna@example.com\t550",
        "zoe@example.com, anna@example.com",
        "anna@example.com #left",
    ],
)
def test_who_left_is_found_however_the_line_is_written(tmp_path: Path, line: str) -> None:
    """The address is taken out of the line, whatever stands around it."""
    suppressed = Suppressions(tmp_path / "suppressed.txt")
    suppressed.path.write_bytes(f"{line}\nbob@example.com".encode())
    assert "anna@example.com" in suppressed
    assert "bob@example.com" in suppressed
    assert suppressed.lift("anna@example.com")
    assert "anna@example.com" not in suppressed
    assert ("zoe@example.com" in suppressed) == ("zoe" in line)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"# all\nanna(at)example.com\n", r"suppressed.txt:2: 'anna\(at\)example.com' holds no mail address"),
        (b"email,date\nbob@example.com,x\nanna\n", "suppressed.txt:3: 'anna' holds no mail address"),
        ("bob@example.com\nanna@example.com # Müller".encode("latin-1"), "suppressed.txt:2: byte 0xfc is not UTF-8"),
        ("anna@example.com".encode("utf-16"), "suppressed.txt: is UTF-16 text"),
    ],
)
def test_a_suppression_list_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    """A line that may be somebody who left, or another encoding, is an error: nobody may be mailed meanwhile."""
    (tmp_path / "suppressed.txt").write_bytes(content)
    with pytest.raises(DataError, match=reason):
        Suppressions(tmp_path / "suppressed.txt").keys()


def test_a_local_part_may_hold_a_hash_and_an_apostrophe(tmp_path: Path) -> None:
    """A # begins a note only after a space, so that a#1@… and o'brien@… are who they are."""
    (tmp_path / "suppressed.txt").write_text("a#1@example.com # note\no'brien@example.com\n")
    assert Suppressions(tmp_path / "suppressed.txt").keys() == {"a#1@example.com", "o'brien@example.com"}


@pytest.mark.parametrize("name", ["people.yaml", "people.csv", "people.sqlite"])
def test_files_keep_their_permissions_and_new_ones_are_private(tmp_path: Path, name: str) -> None:
    """A new list is for its owner alone; a list that others may read stays so, whatever changes in it."""
    path, suppressed = tmp_path / name, Suppressions(tmp_path / "suppressed.txt")
    add_subscribers(path, check_entry({"address": "anna@example.com"}))
    suppressed.add("zoe@example.com", "left")
    assert (path.stat().st_mode & 0o777, suppressed.path.stat().st_mode & 0o777) == (0o600, 0o600)
    path.chmod(0o640)
    suppressed.path.chmod(0o644)
    add_subscribers(path, check_entry({"address": "bob@example.com"}))
    replace_subscriber(path, "anna@example.com", None)
    suppressed.lift("zoe@example.com")
    assert (path.stat().st_mode & 0o777, suppressed.path.stat().st_mode & 0o777) == (0o640, 0o644)


@pytest.mark.parametrize(("name", "text"), [("people.yaml", YAML), ("people.csv", CSV), ("people.sqlite", None)])
def test_one_entry_is_changed_where_it_stands(tmp_path: Path, name: str, text: str | None) -> None:
    """The changed entry keeps its place and the others their lines."""
    path = tmp_path / name
    if text is None:
        add_subscribers(path, *(check_entry({"address": f"{who}@example.com"}) for who in ("anna", "bob+btc", "carl")))
    else:
        path.write_text(text, encoding="utf-8")
    new = check_entry({"address": "bob+btc@example.com", "symbols": "SOL", "timezone": "Asia/Tokyo"})
    before = read_subscribers(path).subscribers
    replace_subscriber(path, "bob+btc@example.com", new)
    assert read_subscribers(path).subscribers == (before[0], new, before[2])
    with pytest.raises(UsageError, match="is not in"):
        replace_subscriber(path, "dora@example.com", new)


def test_yaml_means_what_stands_in_the_file(tmp_path: Path) -> None:
    """ON and NO are markets, a number is a name; null is nothing."""
    first = "- {address: a@example.com, symbols: [ON, BTC], name: 017, timezone: null}\n"
    second = "- {address: b@example.com, symbols: NO}\n"
    one, two = read_subscribers(written(tmp_path, "people.yaml", first + second)).subscribers
    assert one.symbols == ("ON/USDT:USDT", "BTC/USDT:USDT")
    assert (one.name, one.timezone, two.symbols) == ("017", "", ("NO/USDT:USDT",))


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("- address: anna@example.com\n  address: bob@example.com", "`address` is set twice"),
        ("- !!python/none anna@example.com", "carries the tag"),
        ("- {address: anna@example.com, symbols: &all [BTC]}", ""),
    ],
)
def test_what_yaml_makes_odd_costs_one_entry(tmp_path: Path, entry: str, reason: str) -> None:
    """A key set twice or a tag leaves out its entry by name; the others stay."""
    found = read_subscribers(written(tmp_path, "people.yaml", f"{entry}\n- carl@example.com\n"))
    assert [reason in problem and "people.yaml:1" in problem for problem in found.problems] == [True] * bool(reason)
    assert found.subscribers[-1].address.key == "carl@example.com"


def test_a_database_with_a_computed_column_is_read(tmp_path: Path) -> None:
    """A generated column is a column."""
    with closing(sqlite3.connect(tmp_path / "people.sqlite")) as base, base:
        base.execute("CREATE TABLE subscribers (address TEXT, name TEXT AS (upper(address)) VIRTUAL)")
        base.execute("INSERT INTO subscribers (address) VALUES ('anna@example.com')")
    assert read_subscribers(tmp_path / "people.sqlite").subscribers[0].name == "ANNA@EXAMPLE.COM"


@pytest.mark.parametrize("name", ["people.yaml", "people.csv"])
def test_a_list_in_another_encoding_is_one_sentence(tmp_path: Path, name: str) -> None:
    """Latin-1 is named with its line."""
    (tmp_path / name).write_bytes("- a@example.com\n- {address: b@example.com, name: Jörg}\n".encode("latin-1"))
    with pytest.raises(DataError, match=f"{name}:2: byte 0xf6 is not UTF-8"):
        read_subscribers(tmp_path / name)
