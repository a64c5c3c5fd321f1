"""config.yaml becomes a frozen Config, or every problem at once with its line."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reportgen.config.assumptions import DEFAULTS, Assumptions
from reportgen.config.events import EventFile, FlowFile, ListedEvent
from reportgen.config.load import load_config, read_config
from reportgen.config.settings import Config, json_schema
from reportgen.config.values import SecretReference, kept_at
from reportgen.config.yaml import parse_yaml
from reportgen.errors import ConfigError, EnvironmentProblem
from reportgen.events.sources import events_in

YAML_LETTERS = " \n\t:-[]{}&*!|>'\"#%@,?abwatchlis1.e"
REPOSITORY = Path(__file__).resolve().parent.parent


def written(folder: Path, text: str | bytes) -> Path:
    """Write a configuration."""
    path = folder / "config.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def problems_of(folder: Path, text: str | bytes) -> list[str]:
    """Write a configuration and list what is wrong with it, without the folder's name."""
    with pytest.raises(ConfigError) as caught:
        load_config(written(folder, text))
    return [problem.removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_one_symbol_is_enough(tmp_path: Path) -> None:
    """A watchlist alone is a configuration, and everything else takes the documented default."""
    config = load_config(written(tmp_path, "watchlist: [btc]\n"))
    expected = Config(watchlist=config.watchlist)
    assert [watched.symbol for watched in config.watchlist] == ["BTC/USDT:USDT"]
    assert config.model_copy(update={"output": expected.output}) == expected


def test_the_scaffold_names_every_setting_and_shows_each_default(tmp_path: Path) -> None:
    """What `init` writes holds each setting once, with its default, and its commented examples are read too."""
    text = (REPOSITORY / "config.yaml").read_text(encoding="utf-8")
    named = re.findall(r"^(?:# )?([a-z_]+):", text, re.MULTILINE)
    assert sorted(named) == sorted(Config.model_fields)
    shown = load_config(written(tmp_path, text))
    assert shown.source == "sample"
    chosen = {"watchlist": shown.watchlist, "source": shown.source, "output": shown.output}
    assert shown == Config(watchlist=shown.watchlist).model_copy(update=chosen)
    load_config(written(tmp_path, re.sub(r"^# (?=[a-z_]+:|  )", "", text, flags=re.MULTILINE)))


def test_all_spellings_of_a_market_are_one(tmp_path: Path) -> None:
    """BTC, BTCUSDT and BTC/USDT:USDT give the same Config."""
    spelled = [load_config(written(tmp_path, f"watchlist: ['{name}']")) for name in ("BTC", "BTCUSDT", "BTC/USDT:USDT")]
    assert spelled[0] == spelled[1] == spelled[2]


def test_a_market_twice_is_a_problem_under_any_spelling(tmp_path: Path) -> None:
    """A duplicate names its own line and the line of the first, also when it is written differently."""
    text = "watchlist:\n  - BTC\n  - ETH\n  - symbol: BTCUSDT\n"
    assert problems_of(tmp_path, text) == [
        "config.yaml:4: watchlist[2]: `BTCUSDT` is the same market as `BTC` in line 2. Keep one of them."
    ]


def test_every_problem_is_reported_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Mistakes of different kinds do not hide one another, and each names its line."""
    text = (
        "watchlist:\n  - BTC\n  - BTC\n"
        "timefrme: 4h\n"
        "horizon_hours: -3\n"
        "timezone: Berlin\n"
        "venues:\n  binance: {rul: x}\n"
        "events:\n  - {name: CPI, at: 2026-12-10T13:30}\n"
        "assumptions:\n  kernel_node: 3\n"
        "horizon_hours: 24\n"
    )
    lines = problems_of(tmp_path, text)
    assert [int(line.split(":")[1]) for line in lines] == [3, 4, 5, 6, 8, 10, 12, 13]
    for line, hint in zip(
        lines,
        ["Keep one", "`timeframe`", "at least", "`Europe/Berlin`", "`url`", "Add Z", "`kernel_nodes`", "set twice"],
        strict=True,
    ):
        assert hint in line


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "watchlist: is missing"),
        ("watchlist: []\n", 1, "watchlist: is empty"),
        ("watchlist:\n", 1, "watchlist: is missing"),
        ("# nothing\nwatchlist: BTC\n", 2, "expected a list"),
        ("- BTC\n", 1, "holds no settings"),
        ("watchlist:\n\t- BTC\n", 2, "indented with a tab"),
        ("watchlist: [BTC\n", 2, "not valid YAML"),
        ("watchlist: [BTC]\nwatchlist: [ETH]\n", 2, "set twice, first in line 1"),
        ("watchlist: [BTC]\noutput: \x01\n", 2, "control character"),
        ("watchlist: [BTC]\noutput: 'a\n\n  b'\n", 2, "line break"),
        ("watchlist: [12]\n", 1, "expected text, got `12`"),
        ("watchlist: [false]\n", 1, "expected text, got `false`"),
        ("watchlist: [BTC]\nhorizon_hours: 024\n", 2, "expected a number, got `024`"),
        ("watchlist: [BTC]\nhorizon_hours: 1:30\n", 2, "expected a number, got `1:30`"),
        ("watchlist: [BTC]\nhorizon_hours: 0x18\n", 2, "expected a number, got `0x18`"),
        ("watchlist: [BTC]\nhorizon_hours: 2_4\n", 2, "expected a number, got `2_4`"),
        ("watchlist: [BTC]\nhorizon_hours: 0.10\n", 2, "at least 1, got `0.10`"),
        ("watchlist: [BTC]\nevents: [{name: A, at: 12:30}]\n", 2, "`12:30`"),
        ("watchlist: [BTC]\nmail: {from: a@b.test, smtp: {host: h, connections: 1.0}}\n", 2, "got `1.0`"),
        ("watchlist: ['$$$']\n", 1, "names no market"),
        ("watchlist: [USDT]\n", 1, "names no market"),
        ("watchlist: [{symbol: BTC, venues: binance}]\n", 1, "expected a list"),
        ("watchlist: [BTC]\nhorizon_hours: .nan\n", 2, "finite number"),
        ("watchlist: [BTC]\nhorizon_hours: 1.0e+300\n", 2, "at most 720"),
        ("watchlist: [BTC]\nhorizon_hours: " + "9" * 5000 + "\n", 2, "number"),
        ("watchlist: [BTC]\nhorizon_hours: '24'\n", 2, "expected a number"),
        ("watchlist: [BTC]\ntimeframe: 5h\n", 2, "Known here: 1h"),
        ("watchlist: [BTC]\ntimezone: ../../etc/passwd\n", 2, "not a time zone"),
        ("watchlist: [BTC]\nvenues: {BINANCE: {}}\n", 2, "not a venue's name"),
        ("watchlist: [BTC]\nvenues: {binance: {url: 'ftp://x'}}\n", 2, "not a web address"),
        ("watchlist: [BTC]\nevents: [{url: 'ftp://x.test/cal.ics'}]\n", 2, "is not a web address"),
        ("watchlist: [BTC]\nevents: [{unlocks: arbitrum}]\n", 2, "symbol: is missing"),
        ("watchlist: [BTC]\nevents: [{exchange_status: binanc}]\n", 2, "Did you mean `binance`"),
        ("watchlist: [BTC]\ncalendars: [macros]\n", 2, "Did you mean `macro`"),
        ("watchlist: [BTC]\nevents: [{name: A, at: '2026-03-29T02:30', zone: Europe/Berlin}]\n", 2, "clocks skip"),
        ("watchlist: [BTC]\nevents: [{name: A, at: '2026-03-29T02:30', zone: Mars/Base}]\n", 2, "not a time zone"),
        (
            "watchlist: [BTC]\nevents: [{name: A, at: 2026-12-10T13:30Z, ends: 2026-12-10T12:30Z}]\n",
            2,
            "does not lie after",
        ),
        ("watchlist: [BTC]\netf_flows: [{asset: BTC, api: sosovalue, key: abc}]\n", 2, "may not stand in the file"),
        ("watchlist: [BTC]\nevents: [{name: A, at: 2026-12-10 13:30:00}]\n", 2, "no time zone"),
        ("watchlist: [BTC]\nevents: [{name: A, at: 1768806000000}]\n", 2, "expected text"),
        ("watchlist: [BTC]\nevents: [{at: 2026-12-10T13:30Z}]\n", 2, "name: is missing"),
        ("watchlist: [BTC]\nassumptions: {kernel_nodes: 0}\n", 2, "at least 1"),
        ("watchlist: [BTC]\nassumptions: {kernel_nodes: 1000000}\n", 2, "at most"),
        ("watchlist: [BTC]\nassumptions: {kernel_nodes: 2.5}\n", 2, "whole number"),
        ("watchlist: [BTC]\nassumptions: {volume_share: 1.5}\n", 2, "at most 1"),
        ("watchlist: [BTC]\nassumptions: {kernel_weights: [1.0]}\n", 2, "holds 1 items"),
        ("watchlist: &a [BTC]\noutput: *a\n", 2, "uses the alias"),
        ("watchlist: !!python/name:os.system x\n", 1, "carries the tag"),
        ("watchlist: " + "[" * 200_000 + "\n", 1, "nested too deeply"),
        ("watchlist: [BTC]\n? [a]\n: 1\n", 2, "not plain text"),
        (b"watchlist: [BTC]\noutput: \xff\n", 2, "not UTF-8"),
        (b"#" * 1_000_001, None, "larger than a megabyte"),
    ],
)
def test_bad_input_is_one_sentence_with_its_line(
    tmp_path: Path, text: str | bytes, line: int | None, said: str
) -> None:
    """Each kind of broken file is answered with the line, the reason and the next step, never a traceback."""
    first = problems_of(tmp_path, text)[0]
    place = "config.yaml: " if line is None else f"config.yaml:{line}: "
    assert first.startswith(place)
    assert said in first
    assert first.endswith((".", "?", "}.", "mode."))


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    """A file saved by Windows Notepad reads as any other."""
    assert load_config(written(tmp_path, b"\xef\xbb\xbfwatchlist: [BTC]\r\n")).watchlist


def test_a_missing_file_names_the_next_step(tmp_path: Path) -> None:
    """Without a file the error says how to make one; a folder in its place is named as such."""
    with pytest.raises(ConfigError, match="reportgen init"):
        load_config(tmp_path / "config.yaml")
    with pytest.raises(ConfigError, match="is a folder"):
        load_config(tmp_path)


def test_a_password_in_the_file_is_refused_and_never_repeated(tmp_path: Path) -> None:
    """A secret may only be referred to, and the error does not print it."""
    mail = "watchlist: [BTC]\nmail:\n  from: a@b.test\n  smtp:\n    host: h\n    password: {secret}\n"
    (line,) = problems_of(tmp_path, mail.format(secret="hunter2"))  # noqa: S106 - a made-up secret
    assert line.startswith("config.yaml:6: mail.smtp.password: ")
    assert "hunter2" not in line
    config = load_config(written(tmp_path, mail.format(secret="{env: SMTP_PASSWORD}")))  # noqa: S106 - a reference
    assert config.mail is not None
    assert config.mail.smtp.password is not None
    assert config.mail.smtp.password.env == "SMTP_PASSWORD"
    (both,) = problems_of(tmp_path, mail.format(secret="{env: A, file: b}"))  # noqa: S106 - a reference
    assert "exactly one" in both


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter2@h/db",
        "postgresql://h/db?user=u&password=hunter2",
        "postgresql://h/db?%70assword=hunter2",
        "postgresql:u:hunter2@h/db",
    ],
)
def test_a_database_keeps_its_password_out_of_the_file(tmp_path: Path, url: str) -> None:
    """Wherever in the URL it stands, and where the URL is mistyped."""
    (line,) = problems_of(
        tmp_path, f"watchlist: [BTC]\npost:\n  channels: [{{name: a, address: {{env: A}}}}]\n  ledger: '{url}'\n"
    )
    assert "password in it" in line
    assert "hunter2" not in line


@pytest.mark.parametrize(
    "typed", ["postgresql:u:hunter2@h/db", "postgresql//u:hunter2@h/db", "jdbc:postgresql://hunter2@h/db", "hunter2"]
)
def test_a_secret_place_is_a_url(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    """What is mistyped never becomes a folder that is called like a password."""
    monkeypatch.setenv("LEDGER", typed)
    with pytest.raises(EnvironmentProblem, match="LEDGER holds no URL") as refused:
        kept_at(SecretReference(env="LEDGER"))
    assert "hunter2" not in str(refused.value)
    monkeypatch.setenv("LEDGER", "postgresql://u:hunter2@h/db")
    assert kept_at(SecretReference(env="LEDGER")) == "postgresql://u:hunter2@h/db"


def test_events_flows_and_calendars_may_come_from_anywhere(tmp_path: Path) -> None:
    """Every sort of source stands in one list; paths are relative to the file; calendars can be switched off."""
    sources = (
        "events:\n  - {name: A, at: 2026-12-10, symbols: [ARB]}\n  - {file: c.ics, kind: macro}\n"
        "  - {url: 'https://x.test/c.ics'}\n  - {unlocks: arbitrum, symbol: ARB}\n  - {exchange_status: okx}\n"
        "calendars: []\netf_flows:\n  - {asset: BTC, file: f.txt}\n  - {asset: ETH, api: sosovalue, key: {env: K}}\n"
    )
    config = load_config(written(tmp_path, f"watchlist: [BTC]\n{sources}"))
    listed, file, *feeds = config.events
    assert listed == ListedEvent(name="A", at="2026-12-10", symbols=["ARB"])
    assert file == EventFile(file=tmp_path / "c.ics", kind="macro")
    assert len(feeds) == 3
    assert config.calendars == ()
    assert config.etf_flows[0] == FlowFile(asset="BTC", file=tmp_path / "f.txt")


def test_an_event_keeps_its_moment_whatever_its_zone(tmp_path: Path) -> None:
    """The same moment written in UTC and with an offset is one time in milliseconds."""
    events = "  - {name: A, at: 2026-12-10T13:30Z}\n  - {name: B, at: 2026-12-10T14:30:00+01:00}\n"
    text = f"watchlist: [BTC]\nevents:\n{events}"
    config = load_config(written(tmp_path, f"{text}calendars: []\n"))
    first, second = events_in(config.event_sources, (0, 2_000_000_000_000))
    assert first.at_ms == second.at_ms
    assert first.at_ms % 60_000 == 0
    assert first.kind == "other"


def test_assumptions_replace_only_what_they_name(tmp_path: Path) -> None:
    """An override changes its constant and no other."""
    config = load_config(written(tmp_path, "watchlist: [BTC]\nassumptions: {atr_bars: 48}\n"))
    assert config.assumptions == replace(DEFAULTS, atr_bars=48)


def test_every_assumption_may_be_set_to_its_own_default(tmp_path: Path) -> None:
    """The ranges that the file allows hold the default of each constant, so a dumped configuration reads back."""
    values = {constant.name: getattr(DEFAULTS, constant.name) for constant in fields(Assumptions)}
    text = json.dumps({"watchlist": ["BTC"], "assumptions": values})
    assert load_config(written(tmp_path, text)).assumptions == DEFAULTS


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    """A brief made from another folder reads and writes in the same places."""
    config = load_config(written(tmp_path, "watchlist: [BTC]\nsource: market\noutput: briefs\ntemplates: mine\n"))
    assert (config.source, config.output, config.templates) == (
        str(tmp_path / "market"),
        tmp_path / "briefs",
        tmp_path / "mine",
    )


def test_the_schema_describes_every_setting() -> None:
    """Each setting and each assumption stands in the JSON Schema with a sentence."""
    schema = json.loads(json_schema())
    assert schema["additionalProperties"] is False
    settings_ = schema["properties"]
    constants = schema["$defs"]["AssumptionOverrides"]["properties"]
    assert {constant.name for constant in fields(Assumptions)} == set(constants)
    assert all(described["description"] for described in (*settings_.values(), *constants.values()))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=120)
    | st.text(alphabet=" \n\t:-[]{}&*!|>'\"#%@,?abwatchlis1.e", max_size=120).map(str.encode)
)
def test_any_bytes_are_answered_with_sentences(tmp_path: Path, content: bytes) -> None:
    """Whatever the file holds, the answer is a Config or problems, never another exception."""
    config, problems = read_config(written(tmp_path, content))
    assert config is not None or problems
    assert all(str(problem).startswith(str(tmp_path)) and problem.suggestion for problem in problems)


@pytest.mark.parametrize("name", ["ON", "no", "YES", "off", "y", "1INCH", "0x0"])
def test_a_word_that_other_readers_guess_at_is_a_symbol(tmp_path: Path, name: str) -> None:
    """ON, NO and the like are coins, not answers."""
    (entry,) = load_config(written(tmp_path, f"watchlist: [{name}]\n")).watchlist
    assert entry.symbol == f"{name.upper()}/USDT:USDT"


def test_a_coin_is_named_in_any_script_everywhere(tmp_path: Path) -> None:
    """A market and the coin of an event may have a Chinese name; one that holds a bidi override is refused by name."""
    coin = "\u5e01\u5b89\u4eba\u751f"
    text = f"watchlist: [{coin}USDT]\nevents:\n  - {{name: x, at: 2026-12-10, symbols: [{coin}]}}\n"
    config = load_config(written(tmp_path, text))
    assert config.watchlist[0].symbol == f"{coin}/USDT:USDT"
    _, problems = read_config(written(tmp_path, text.replace(f"[{coin}]", f'["{coin}\u202e"]')))
    (problem,) = problems
    assert (problem.line, "U+202E" in problem.reason) == (3, True)


def test_numbers_are_decimal() -> None:
    """What is no plain decimal number, and no true, false or null, is the text that stands in the file."""
    words = b"024, 0o7, 1_0, 1:30, 0b1, true, True, yes, ~, null, '', 2026-01-02, '1', \"on\""
    found = parse_yaml(b"[24, -3, 0.5, .5, 1e3, 1.5E-2, 0, " + words + b"]", "a.yaml")
    whole = [24, -3, 0.5, 0.5, 1000.0, 0.015, 0]
    assert found.data[:7] == whole  # type: ignore[index]
    texts = ["024", "0o7", "1_0", "1:30", "0b1", True, True, "yes", None, None, "", "2026-01-02", "1", "on"]
    assert found.data[7:] == texts  # type: ignore[index]
    as_text = parse_yaml(b"[024, true, 1.50, ~, on]", "a.yaml", as_text=True)
    assert as_text.data == ["024", "true", "1.50", None, "on"]


@pytest.mark.parametrize(
    "setting",
    [
        "output: 's3://KEY:hunter2@bucket/x'",
        "output: 's3://KEY:hun/ter2@bucket/x'",
        "venues: {binance: {url: 'htp://joe:hunter2@proxy.test:1'}}",
        "events: [{url: 'htps://joe:hunter2@x.test/hunter2.ics'}]",
        "events: [{url: 'joe:hunter2@x.test'}]",
        "events: [{unlocks: arbitrum, symbol: ARB, url: 'ftp://hunter2@x.test'}]",
        "mail: {from: a@b.test, smtp: {host: 'joe:hunter2@relay.test'}}",
        "mail: {from: a@b.test, smtp: {host: 'smtps://relay.test/hunter2'}}",
        "mail: {from: a@b.test, smtp: {host: h}, link: 'htps://x.test/?k=hunter2'}",
        "mail: {from: a@b.test, smtp: {host: h}, unsubscribe: {url: 'http://joe:hunter2@x.test/{token}'}}",
    ],
)
def test_no_message_repeats_the_secret_in_an_address(tmp_path: Path, setting: str) -> None:
    """Whatever setting can hold a URL, its user, password, path and query stay out of the message."""
    (line,) = problems_of(tmp_path, f"watchlist: [BTC]\n{setting}\n")
    assert line.startswith("config.yaml:2: ")
    assert "hun" not in line
    assert "joe" not in line


def test_home_and_variables_are_filled_in_wherever_a_path_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """~ and $NAME mean what they mean in a shell; one that is not set is named, and no folder of that name is made."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BRIEFS", str(tmp_path / "b"))
    monkeypatch.delenv("NOT_SET", raising=False)
    config = load_config(
        written(tmp_path, "watchlist: [BTC]\noutput: $HOME/x\nsource: ~/m\ncalibration: ${BRIEFS}/w\n")
    )
    assert (config.output, config.source) == (tmp_path / "home" / "x", str(tmp_path / "home" / "m"))
    assert config.calibration == tmp_path / "b" / "w"
    (line,) = problems_of(tmp_path, "watchlist: [BTC]\noutput: $NOT_SET/x\n")
    assert "`$NOT_SET/x` names $NOT_SET, which is not set" in line
    (line,) = problems_of(tmp_path, "watchlist: [BTC]\ntemplates: ~nobody-of-this-name/x\n")
    assert "home is not known" in line
