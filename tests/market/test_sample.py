"""The bundled market reads like any other folder, and says that it is simulated."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from reportgen.market.folder.keep import read_sample
from reportgen.units import DAY_MS, Missing
from tests.market import folders


def test_the_whole_sample_is_simulated_and_names_no_path() -> None:
    """Every symbol of it has candles, and provenance is the same wherever the package lies."""
    sample = read_sample(None, None)
    assert tuple(sample.markets) == sample.known_symbols
    assert all(market.simulated and not isinstance(market.candles, Missing) for market in sample.markets.values())
    assert "/" not in sample.provenance["folder"]
    assert sample.notes == ()


def test_chosen_symbols_are_those_of_the_whole() -> None:
    """Asking for one symbol gives what the whole sample gives for it."""
    whole = read_sample(None, None)
    last = whole.known_symbols[-1]
    assert folders.plain(read_sample((last,), whole.as_of_ms).markets[last]) == folders.plain(whole.markets[last])


def test_the_sample_can_be_read_as_of_an_earlier_day() -> None:
    """Nothing later than as-of is in it."""
    as_of_ms = read_sample(("BTC",), None).as_of_ms - 10 * DAY_MS
    for market in read_sample(("BTC", "ETH"), as_of_ms).markets.values():
        assert not isinstance(market.candles, Missing)
        assert all(int(bars.close_time_ms[-1]) == as_of_ms for bars in market.candles.values())


def test_a_brief_from_a_folder_does_without_pandas(tmp_path: Path) -> None:
    """The way from a market folder to the pages never loads it: it would cost half a second of each morning."""
    folder = folders.write_folder(tmp_path / "market", folders.whole_folder())
    script = (
        "import sys\n"
        f"sys.argv = ['reportgen', 'brief', '--source', {str(folder)!r}, '--symbols', 'BTC', "
        f"'--output', {str(tmp_path / 'out')!r}]\n"
        "from reportgen.cli import main\n"
        "try: main()\n"
        "finally: sys.stderr.write('\\nloaded ' + ' '.join(sorted(set(sys.modules))))"
    )
    paths = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path, env=paths
    )
    assert "brief.html" in done.stdout, done.stderr
    assert "duckdb" in done.stderr.split()
    assert "pandas" not in done.stderr.split()
