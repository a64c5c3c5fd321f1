"""exact_positions: addresses from the configuration or a file, looked up for live data, and said where they are not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reportgen.config.load import load_config
from reportgen.config.settings import Config, WatchlistEntry
from reportgen.errors import ConfigError, DataError
from reportgen.market.exchanges.gather import Gathering
from reportgen.market.exchanges.positions import with_positions
from reportgen.morning.live import addresses_in, known_addresses
from tests.cli.cli_process import reportgen_here as reportgen
from tests.market.answers import Answer, serving
from tests.market.folders import BTC, ETH
from tests.market.test_hyperliquid import NOW, ONE, QUICK, TWO, account, position

PATIENT = replace(QUICK, total_seconds=60)
"""The first connection of a process loads ccxt, which a clean checkout compiles then."""


def config(folder: Path, exact: str) -> Config:
    """Read a configuration with exact_positions."""
    path = folder / "config.yaml"
    path.write_text(f"watchlist: [BTC]\nexact_positions:\n{exact}\n", encoding="utf-8")
    return load_config(path)


def test_addresses_are_listed_or_kept_in_a_file(tmp_path: Path) -> None:
    """Any case, quoted or not, once each; a file may comment."""
    mixed = TWO.replace("b", "B")
    listed = config(tmp_path, f"  addresses: ['{ONE}', {mixed}, \"{TWO}\"]")
    assert known_addresses(listed) == (ONE, TWO)
    (tmp_path / "whales.txt").write_text(f"# whales\n{ONE}\n\n{mixed}  # a fund\n{ONE}\n", encoding="utf-8")
    assert known_addresses(config(tmp_path, "  file: whales.txt")) == (ONE, TWO)
    assert known_addresses(Config(watchlist=(WatchlistEntry(symbol=BTC),))) == ()


@pytest.mark.parametrize(
    ("exact", "line", "says"),
    [
        (f"  addresses: ['{ONE}', '0x12']", 3, "`0x12` is no address. Write 0x and 40 hexadecimal digits."),
        ("  addresses: []", 2, "needs exactly one source"),
        (f"  addresses: ['{ONE}']\n  file: x", 2, "needs exactly one source"),
        ("  adresses: []\n  file: x", 3, "Did you mean `addresses`?"),
        ("  addresses: [5]", 3, "expected text"),
    ],
)
def test_a_wrong_setting_is_named_with_its_line(tmp_path: Path, exact: str, line: int, says: str) -> None:
    """As every other setting."""
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, exact)
    assert f"config.yaml:{line}:" in str(caught.value)
    assert says in str(caught.value)


def test_every_wrong_line_of_the_file_is_named(tmp_path: Path) -> None:
    """File and line of each, and of a file without any address."""
    path = tmp_path / "whales.txt"
    path.write_text(f"{ONE}\n0x1\nwhale\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        addresses_in(path)
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == [f"{path}:2", f"{path}:3"]
    path.write_text("# none\n", encoding="utf-8")
    with pytest.raises(DataError, match="holds no address"):
        addresses_in(path)


def test_a_live_run_adds_the_positions_of_its_addresses() -> None:
    """Each market gets its positions, or the reason; addresses that fail become notes."""

    def answer(asked, _):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
        if asked.body["user"] == TWO:
            return Answer(body="?", status=422)
        return Answer(body=account(position("BTC", "2", "80"), time=NOW))

    nothing = Gathering(as_of_ms=NOW, pieces=(), gaps=(), asked=(), notes=())
    with serving(answer) as server:
        made = with_positions(nothing, (ONE, TWO), (BTC, ETH), asked_at_ms=NOW, url=server.url, patience=PATIENT)
    (held,) = made.pieces
    assert held.keys == (BTC, "hyperliquid", ONE, "long")
    assert [(symbol, gap.venue, gap.what) for symbol, gap in made.gaps] == [(ETH, "hyperliquid", "positions")]
    assert made.notes[-1].startswith(f"Positions of {TWO} are not known")


def test_a_brief_from_a_folder_says_that_addresses_were_not_looked_up(tmp_path: Path) -> None:
    """Positions of now are later than any folder: the page and brief.json say so, and nothing is asked."""
    (tmp_path / "config.yaml").write_text(
        f"watchlist: [BTC]\nsource: sample\nexact_positions: {{addresses: ['{ONE}']}}\n", encoding="utf-8"
    )
    done = reportgen(tmp_path, "brief", "--json")
    assert done.returncode == 0, done.stderr
    written = json.loads(done.stdout)
    missing = {one["what"]: one["reason"] for one in written["missing"]}
    assert missing["exact positions"].startswith("Addresses are looked up with live data only")
    assert "Addresses are looked up with live data only" in Path(tmp_path / written["html"]).read_text(encoding="utf-8")
