"""One local server with eight exchanges for all live tests, and a quick, impatient way of asking them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reportgen.market.exchanges.gather import Gathering, Wanted, gather_live
from reportgen.market.exchanges.history import HistoryCache
from reportgen.market.exchanges.venue import Datum
from reportgen.market.exchanges.venues import VENUES
from reportgen.market.web import Patience
from tests.market.live.exchange_server import Exchanges

QUICK = Patience(
    total_seconds=60, request_seconds=20, attempts=2, longest_wait_seconds=2, first_wait_seconds=0.01, pace=0
)
Gather = Callable[..., Gathering]


@pytest.fixture(scope="session")
def server() -> Iterator[Exchanges]:
    """Serve eight exchanges on a local port."""
    exchanges = Exchanges()
    yield exchanges
    exchanges.stop()


@pytest.fixture
def exchanges(server: Exchanges) -> Exchanges:
    """Hand out the exchanges, all well."""
    server.reset()
    return server


@pytest.fixture
def gather(exchanges: Exchanges) -> Gather:
    """Ask the local exchanges, without the pauses that real ones are owed."""
    return asking(exchanges)


def asking(exchanges: Exchanges) -> Gather:
    """Make the function that asks."""

    def ask(
        *symbols: str,
        venues: tuple[str, ...] = tuple(VENUES),
        data: tuple[Datum, ...] = tuple(Datum),
        patience: Patience = QUICK,
        cache: Path | None = None,
    ) -> Gathering:
        kept = HistoryCache(folder=cache, clock=exchanges.now) if cache else None
        wanted = [Wanted(symbol=f"{symbol}/USDT:USDT", venues=venues, data=data) for symbol in symbols]
        urls = dict.fromkeys(VENUES, exchanges.url)
        return gather_live(wanted, urls, clock=lambda: int(time.time() * 1000), patience=patience, cache=kept)

    return ask
