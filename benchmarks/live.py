"""Time gathering against what the venues' limits alone allow: `.venv/bin/python -m benchmarks.live [--symbols N]`.

Four venues on a local server, which is a process of its own; nothing is cached on disk.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from typing import Final

from benchmarks.processes import ROOT, environment
from reportgen.market.exchanges.gather import Wanted, gather_live
from reportgen.market.web import Patience

VENUES: Final = ("binance", "bybit", "okx", "hyperliquid")
BUDGET: Final = 1.3
"""Wall time over the time that the slowest venue's limits take."""

_SERVE: Final = """
import sys
from tests.market.live.exchange_server import Exchanges
exchanges = Exchanges(tuple(sys.argv[1].split(",")))
print(exchanges.url, flush=True)
sys.stdin.read()
"""


def main() -> int:
    """Gather once and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=20)
    coins = tuple(f"C{number:02}" for number in range(parser.parse_args().symbols))
    command = [sys.executable, "-c", _SERVE, ",".join(coins)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        url = server.stdout.readline().strip() if server.stdout else ""
        began = time.monotonic()
        found = gather_live(
            [Wanted(symbol=f"{coin}/USDT:USDT", venues=VENUES) for coin in coins],
            dict.fromkeys(VENUES, url),
            clock=lambda: time.time_ns() // 1_000_000,
            patience=Patience(total_seconds=3600),
        )
        took = time.monotonic() - began
        server.terminate()
    for venue in VENUES:
        print(f"{venue:12} {found.requests[venue]:6} requests  {found.owed_seconds[venue]:7.1f} s owed to its limits")
    least = max(found.owed_seconds.values())
    size = f"{len(coins)} symbols x {len(VENUES)} venues"
    print(f"{size}: {took:.1f} s, {took / least:.2f} of what the limits take; budget {BUDGET}")
    print(f"missing: {len(found.gaps)}")
    return 0 if took <= BUDGET * least and not found.gaps else 1


if __name__ == "__main__":
    raise SystemExit(main())
