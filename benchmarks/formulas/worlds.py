"""Simulated markets for scoring: worlds and seeds fixed beforehand, kept in `.cache/` once they were made.

The default world gets six fresh seeds, each other world two; no figure of the program was ever chosen on them.
`DEVELOPMENT` seeds are for asking why: nothing that is reported comes from them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.formulas.tape import LargeTrades
from benchmarks.processes import ROOT
from reportgen.market.data import Candles, Liquidations, MarketData, OpenInterest
from reportgen.units import DAY_MS, HOUR_MS, Bools, Floats, Ints, Missing, Side
from scripts.simulator import conditions as simulate_conditions
from scripts.simulator import crowd as simulate_crowd
from scripts.simulator import market as simulate
from scripts.simulator import worlds as simulate_worlds
from scripts.simulator.conditions import MINUTE_MS, MINUTES_A_DAY, draw_conditions
from scripts.simulator.market import SimulatedMarket
from scripts.simulator.tables import bars
from scripts.simulator.worlds import WORLDS

CACHE: Final = ROOT / ".cache" / "formulas"
DAYS: Final = 120
TRAIN_FROM: Final = 5
TRAIN_UNTIL: Final = 60
"""Days: the calibration sees those between, the scores those after."""
BOOK_MINUTES: Final = 240
BAR_MINUTES: Final = 5
LARGE_FROM: Final = 100_000.0
"""Quote currency: a trade so large counts as large."""
START_MS: Final = 20_000 * DAY_MS
REPORTED: Final[dict[str, tuple[int, ...]]] = {
    "default": (9001, 9002, 9003, 9004, 9005, 9006),
    "whales": (9011, 9012),
    "heavy stops and cross margin": (9021, 9022),
    "isolated without stops": (9031, 9032),
    "hedged": (9041, 9042),
    "no feedback": (9051, 9052),
}
DEVELOPMENT: Final[dict[str, tuple[int, ...]]] = {
    world: (101, 102) if world == "default" else (103,) for world in REPORTED
}
_VENUE: Final = "simulated"
_SYMBOL: Final = "SIM/USDT:USDT"
_HOUR_MINUTES: Final = 60
_KEPT: Final = 2
"""Counted up when `arrays_of` changes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedWorld:
    """One simulated market with what only its maker knows.

    Attributes:
        world: Name. seed: of its generator.
        minute_low, minute_high, minute_close: Shape (minutes,).
        minute_liquidated: Per side shape (minutes,), quote currency.
        candles: 5-minute bars. open_interest: at their closes. liquidations: by the hour.
        large_trades: Those that opened positions.
        book_ms: Shape (b,), moments of the true books. level_book: shape (p,), which book each level belongs to.
        level_price: Shape (p,). level_notional: shape (p,), at the level. level_short: shape (p,).
    """

    world: str
    seed: int
    minute_low: Floats
    minute_high: Floats
    minute_close: Floats
    minute_liquidated: dict[Side, Floats]
    candles: Candles
    open_interest: OpenInterest
    liquidations: Liquidations
    large_trades: LargeTrades
    book_ms: Ints
    level_book: Ints
    level_price: Floats
    level_notional: Floats
    level_short: Bools

    def market(self, until_ms: int) -> MarketData:
        """Give what a venue would have told by a moment."""
        candles = self.candles.part(self.candles.close_time_ms <= until_ms)
        known = self.open_interest.time_ms <= until_ms
        quote = self.open_interest.open_interest_quote
        told = self.liquidations
        by_then = told.open_time_ms + told.interval_ms <= until_ms
        absent = Missing("Not simulated.")
        return MarketData(
            symbol=_SYMBOL,
            as_of_ms=until_ms,
            candles={_VENUE: candles},
            open_interest={
                _VENUE: OpenInterest(
                    time_ms=self.open_interest.time_ms[known],
                    open_interest_base=self.open_interest.open_interest_base[known],
                    open_interest_quote=quote if isinstance(quote, Missing) else quote[known],
                )
            },
            funding=absent,
            order_book=absent,
            liquidations=Liquidations(
                venues=told.venues,
                interval_ms=told.interval_ms,
                open_time_ms=told.open_time_ms[by_then],
                liquidated_long_quote=told.liquidated_long_quote[by_then],
                liquidated_short_quote=told.liquidated_short_quote[by_then],
            ),
            brackets={_VENUE: WORLDS[self.world].brackets},
            simulated=True,
        )


def simulated(world: str, seed: int, folder: Path = CACHE) -> SimulatedWorld:
    """Give a world's market, from the cache where the simulator has not changed since."""
    kept = folder / f"{world.replace(' ', '-')}-{seed}-{fingerprint()}.npz"
    if not kept.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(seed)
        conditions = draw_conditions(rng, WORLDS[world], start_ms=START_MS, days=DAYS)
        every = range(BOOK_MINUTES - 1, DAYS * MINUTES_A_DAY, BOOK_MINUTES)
        made = simulate.simulate(rng, WORLDS[world], conditions, book_minutes=every, large_from=LARGE_FROM)
        unready = kept.with_suffix(".part.npz")
        np.savez_compressed(unready, **arrays_of(made))  # type: ignore[arg-type]
        unready.replace(kept)
    with np.load(kept) as arrays:
        return world_of(world, seed, dict(arrays))


def world_of(world: str, seed: int, arrays: dict[str, Floats]) -> SimulatedWorld:
    """Put a market together from its arrays."""
    minute = START_MS + MINUTE_MS * np.arange(1, len(arrays["minute_low"]) + 1, dtype=np.int64)
    close = START_MS + BAR_MINUTES * MINUTE_MS * np.arange(1, len(arrays["close"]) + 1, dtype=np.int64)
    liquidated = {side: arrays[f"liquidated_{side}"] for side in Side}
    hourly = {side: values.reshape(-1, _HOUR_MINUTES).sum(axis=1) for side, values in liquidated.items()}
    candles = Candles(
        interval_ms=BAR_MINUTES * MINUTE_MS,
        open_time_ms=close - BAR_MINUTES * MINUTE_MS,
        open=arrays["open"],
        high=arrays["high"],
        low=arrays["low"],
        close=arrays["close"],
        volume_base=arrays["volume"],
        taker_buy_base=arrays["taker_bought"],
    )
    return SimulatedWorld(
        world=world,
        seed=seed,
        minute_low=arrays["minute_low"],
        minute_high=arrays["minute_high"],
        minute_close=arrays["minute_close"],
        minute_liquidated=liquidated,
        candles=candles,
        open_interest=OpenInterest(
            time_ms=close, open_interest_base=arrays["interest"], open_interest_quote=arrays["interest"] * candles.close
        ),
        liquidations=Liquidations(
            venues=(_VENUE,),
            interval_ms=HOUR_MS,
            open_time_ms=minute[::_HOUR_MINUTES] - MINUTE_MS,
            liquidated_long_quote=hourly[Side.LONG],
            liquidated_short_quote=hourly[Side.SHORT],
        ),
        large_trades=LargeTrades(
            time_ms=START_MS + MINUTE_MS * arrays["trade_minute"].astype(np.int64) + MINUTE_MS // 2,
            price=arrays["trade_price"],
            taker_bought=arrays["trade_bought"] > 0,
            notional=arrays["trade_notional"],
        ),
        book_ms=START_MS + MINUTE_MS * (arrays["book_minute"].astype(np.int64) + 1),
        level_book=arrays["level_book"].astype(np.int64),
        level_price=arrays["level_price"],
        level_notional=arrays["level_notional"],
        level_short=arrays["level_short"] > 0,
    )


def arrays_of(made: SimulatedMarket) -> dict[str, Floats]:
    """Keep what the scores need of a market; positions with a stop are never liquidated, so they have no level."""
    if isinstance(made.large_orders, Missing):
        raise TypeError(made.large_orders.reason)
    whole = bars(made, BAR_MINUTES)
    fatal = [(number, book, ~book.has_stop & (book.liquidation_price > 0)) for number, book in enumerate(made.books)]
    last = np.arange(BAR_MINUTES - 1, len(made), BAR_MINUTES)
    found = {
        "minute_low": made.low,
        "minute_high": made.high,
        "minute_close": made.close,
        "liquidated_long": made.liquidated_long_quote,
        "liquidated_short": made.liquidated_short_quote,
        "open": whole.open,
        "high": whole.high,
        "low": whole.low,
        "close": whole.close,
        "volume": whole.volume_base,
        "taker_bought": whole.taker_buy_base,
        "interest": made.open_interest_base[last],
        "trade_minute": made.large_orders.minute,
        "trade_price": made.large_orders.price,
        "trade_bought": made.large_orders.bought,
        "trade_notional": made.large_orders.notional,
        "book_minute": np.array([book.minute for book in made.books]),
        "level_book": np.concatenate([np.full(int(some.sum()), number) for number, _, some in fatal]),
        "level_price": np.concatenate([book.liquidation_price[some] for _, book, some in fatal]),
        "level_notional": np.concatenate([(book.size_base * book.liquidation_price)[some] for _, book, some in fatal]),
        "level_short": np.concatenate([book.is_short[some] for _, book, some in fatal]),
    }
    return {name: np.asarray(values, dtype=np.float64) for name, values in found.items()}


def fingerprint(*more: object) -> str:
    """Name the simulator's source and what is kept of it, so that a change makes every kept file anew."""
    parts = (simulate, simulate_crowd, simulate_conditions, simulate_worlds)
    source = b"".join(Path(str(part.__file__)).read_bytes() for part in parts)
    return hashlib.sha256(source + repr((_KEPT, DAYS, LARGE_FROM, START_MS, *more)).encode()).hexdigest()[:12]
