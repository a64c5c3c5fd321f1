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
    remove_subscriber,
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
    remove_subscriber(path, "anna@example.com")
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
    remove_subscriber(path, key)
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
