"""What a published formula may read: bars, open interest, and large trades where somebody lists them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen.errors import DataError
from reportgen.liquidation.conservation import aligned_open_interest
from reportgen.liquidation.margin import Brackets
from reportgen.market.data import Candles, OpenInterest
from reportgen.units import Bools, Floats, Ints, Maybe, Missing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LargeTrades:
    """Single trades above a threshold, in order of time; n of them.

    Attributes:
        time_ms: Shape (n,). price: shape (n,). taker_bought: shape (n,), True where the taker bought.
        notional: Shape (n,), quote currency.
    """

    time_ms: Ints
    price: Floats
    taker_bought: Bools
    notional: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tape:
    """One market as the formulas see it.

    Attributes:
        candles: n bars. brackets: maintenance margin.
        open_interest: Shape (n,), base coins at each close, or why it is not known.
        large_trades: Or why there are none.
    """

    candles: Candles
    brackets: Brackets
    open_interest: Maybe[Floats]
    large_trades: Maybe[LargeTrades]

    @property
    def change(self) -> Floats:
        """Change of open interest in each bar, base coins, shape (n,); the first bar has none."""
        level = _known(self.open_interest)
        return np.diff(level, prepend=level[:1])

    @property
    def increase(self) -> Floats:
        """Rise of open interest in each bar, base coins, shape (n,), 0 where it fell."""
        return np.maximum(self.change, 0.0)

    @property
    def taker_bought(self) -> Floats:
        """Base coins bought by takers in each bar, shape (n,)."""
        return _known(self.candles.taker_buy_base)

    @property
    def rose(self) -> Bools:
        """Tell which bars closed above their open, shape (n,)."""
        return np.asarray(self.candles.close >= self.candles.open)

    @property
    def middle(self) -> Floats:
        """Mean of open, high, low and close, shape (n,)."""
        c = self.candles
        return np.asarray((c.open + c.high + c.low + c.close) / 4)


def tape_of(
    candles: Candles, brackets: Brackets, open_interest: Maybe[OpenInterest], large_trades: Maybe[LargeTrades]
) -> Tape:
    """Bring a market into the shape that the formulas read."""
    return Tape(
        candles=candles,
        brackets=brackets,
        open_interest=aligned_open_interest(candles, open_interest),
        large_trades=large_trades,
    )


def _known(values: Maybe[Floats]) -> Floats:
    if isinstance(values, Missing):
        raise DataError(values.reason)
    return values
