"""Events and fund flows, gathered with the time of day for a brief or a backtest.

Stands between the request and `write_brief`; the one place where feeds are given the clock.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from reportgen.config.settings import Config
    from reportgen.events.sources import GatheredEvents
    from reportgen.market.data import Gathered
    from reportgen.market.web import Network
    from reportgen.morning import Note
    from reportgen.units import Maybe

_KEPT: Final = ".feeds"
_SAYS: Final = {
    "different near events": "zones behaved differently near events",
    "not distinguishable": "zones near events could not be told from the others",
    "insufficient evidence": "insufficient evidence on zones near events",
}


def with_flows(config: Config, gathered: Gathered) -> Gathered:
    """Give each market the fund flows that config.yaml names; they win over the market folder's table."""
    if not config.etf_flows:
        return gathered
    from reportgen.events.flow_tables import gather_flows
    from reportgen.market.symbols import base_of
    from reportgen.units import Missing

    flows = gather_flows(config.etf_flows, network_of(config))
    markets = {
        symbol: replace(market, etf_flows=flows.get(base_of(symbol), market.etf_flows))
        for symbol, market in gathered.markets.items()
    }
    absent = tuple(one.reason for one in flows.values() if isinstance(one, Missing))
    return replace(gathered, markets=markets, notes=(*gathered.notes, *absent))


def events_around(config: Config, as_of_ms: int, note: Note) -> GatheredEvents:
    """Gather the events around as-of from every source that config.yaml names, and say what is odd in its files."""
    from reportgen.events.sources import gather_events

    found = gather_events(config.event_sources, as_of_ms, config.horizon_hours, network_of(config))
    for sentence in found.odd:
        note(sentence)
    return found


def near_events(config: Config, gathered: Gathered) -> tuple[str, ...]:
    """Tell what the newest backtests in the output folder have shown about zones near events: all a brief may claim.

    A sentence for each symbol that has a record, in the page's order; records that end after as-of, and those of a
    simulated market beside a real one, are left out.
    """
    from pydantic import BaseModel, ValidationError

    class Split(BaseModel):
        verdict: str = ""
        why: str = ""

    class Record(BaseModel):
        symbol: str
        simulated: bool
        until_ms: int
        near_events: Split = Split()

    if not isinstance(config.output, Path):
        return ()  # records of a backtest are kept on this machine
    simulated = any(market.simulated for market in gathered.markets.values())
    newest: dict[str, Record] = {}
    for path in sorted((config.output / "backtests").glob("*/backtest.json")):
        try:
            record = Record.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            continue  # a record of another version shows nothing about events
        fits = record.simulated == simulated and record.until_ms <= gathered.as_of_ms
        later = record.symbol not in newest or record.until_ms > newest[record.symbol].until_ms
        if fits and later and record.near_events.verdict in _SAYS:
            newest[record.symbol] = record
    return tuple(
        f"{symbol}, backtest up to {datetime.fromtimestamp(record.until_ms / 1000, tz=UTC):%Y-%m-%d}: "
        f"{_SAYS[record.near_events.verdict]}. {record.near_events.why}"
        for symbol, record in ((symbol, newest[symbol]) for symbol in gathered.markets if symbol in newest)
    )


def events_between(config: Config, symbol: str, span: tuple[int, int]) -> Maybe[tuple[int, ...]]:
    """List the moments of the events that mattered to a symbol in a span; feeds know no past and are not asked."""
    from reportgen.events.sources import events_in
    from reportgen.market.symbols import base_of
    from reportgen.units import Missing

    base = base_of(symbol)
    moments = tuple(
        event.at_ms
        for event in events_in(config.event_sources, span)
        if event.time_known and event.matters and event.concerns(base)
    )
    return moments or Missing("No event that could move a plan is known in this span: list some under `events:`.")


def network_of(config: Config) -> Network:
    """Say how feeds are fetched: at what time of day, with copies kept beside the briefs, or in the user's cache."""
    from platformdirs import user_cache_path

    from reportgen.market.web import Network
    from reportgen.morning.live import now_ms

    here = config.output if isinstance(config.output, Path) else user_cache_path("reportgen")
    return Network(now_ms=now_ms(), kept=here / _KEPT)
