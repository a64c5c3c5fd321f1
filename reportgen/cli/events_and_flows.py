"""What stands outside the market data: events and fund flows, gathered with the time of day for a brief or a backtest.

Stands between the order and `write_brief`; the one place where feeds are given the clock.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from reportgen.config.load import Config
    from reportgen.events.fetching import Network
    from reportgen.events.sources import GatheredEvents
    from reportgen.market.data import Gathered
    from reportgen.units import Maybe

_KEPT: Final = ".feeds"


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


def events_around(config: Config, as_of_ms: int) -> GatheredEvents:
    """Gather the events around as-of from every source that config.yaml names."""
    from reportgen.events.sources import gather_events

    return gather_events(config.events, as_of_ms, config.horizon_hours, network_of(config))


def near_events(config: Config, gathered: Gathered) -> tuple[str, ...]:
    """Tell what backtests in the output folder have shown about zones near events."""
    from reportgen.events.sources import shown_near_events

    if not isinstance(config.output, Path):
        return ()  # records of a backtest are kept on this machine
    simulated = any(market.simulated for market in gathered.markets.values())
    return shown_near_events(config.output, gathered.markets, gathered.as_of_ms, simulated=simulated)


def events_between(config: Config, symbol: str, span: tuple[int, int]) -> Maybe[tuple[int, ...]]:
    """List the moments of the events that mattered to a symbol in a span; feeds know no past and are not asked."""
    from reportgen.events.sources import events_in
    from reportgen.market.symbols import base_of
    from reportgen.units import Missing

    found = events_in(replace(config.events, feeds=()), span)
    base = base_of(symbol)
    moments = tuple(
        event.at_ms
        for event in found
        if event.time_known and event.matters and (not event.symbols or base in event.symbols)
    )
    return moments or Missing("No event that could move a plan is known in this span: list some under `events:`.")


def network_of(config: Config) -> Network:
    """Say how feeds are fetched: at what time of day, with copies kept beside the briefs, or in the user's cache."""
    import time

    from platformdirs import user_cache_path

    from reportgen.events.fetching import Network

    here = config.output if isinstance(config.output, Path) else user_cache_path("reportgen")
    return Network(now_ms=time.time_ns() // 1_000_000, kept=here / _KEPT)
