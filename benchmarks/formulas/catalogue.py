"""The published formulas by name, with what each needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from benchmarks.formulas import from_open_interest as oi
from benchmarks.formulas import from_trades
from benchmarks.formulas.tape import Tape
from reportgen.liquidation.path import Grid
from reportgen.units import Floats, Ints, Missing, Side

Maker: TypeAlias = Callable[[Tape, Grid, Ints], Mapping[Side, Floats]]
"""Gives one frozen map a decision: per side mass per bin, shape (decisions, bins), ascending in price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A published formula.

    Attributes:
        name: As docs/method.md calls it. maps: what makes its maps.
        needs_takers: It reads which part of the volume takers bought. needs_trades: it reads single trades.
        as_published: False for our own change of one, which does not count as published.
        stands_in: It stands in for one that needs takers, and is left out where they are known.
    """

    name: str
    maps: Maker
    needs_takers: bool = False
    needs_trades: bool = False
    as_published: bool = True
    stands_in: bool = False

    def lacks(self, tape: Tape) -> str:
        """Say what the tape lacks for it; nothing when it can be made."""
        if isinstance(tape.open_interest, Missing):
            return tape.open_interest.reason
        if self.needs_takers and isinstance(tape.candles.taker_buy_base, Missing):
            return "no taker split in this data: simulator only"
        if self.needs_trades and isinstance(tape.large_trades, Missing):
            return "no single trades in this data: simulator only"
        return ""


FORMULAS: Final = (
    Formula(name="oi-profile-30d", maps=oi.oi_profile_30d),
    Formula(name="time-evolving", maps=oi.time_evolving),
    Formula(name="swept-oi-7d", maps=oi.swept_oi_7d, needs_takers=True),
    Formula(name="swept-oi-7d repaired", maps=oi.swept_oi_7d_repaired, as_published=False),
    Formula(name="oi-levels", maps=oi.oi_levels),
    Formula(name="bar-volume", maps=from_trades.bar_volume, needs_takers=True),
    Formula(name="taker-share-decay", maps=oi.taker_share_decay, needs_takers=True),
    Formula(name="taker-share-decay, even split", maps=oi.even_share_decay, as_published=False, stands_in=True),
    Formula(name="large-trades", maps=from_trades.large_trades, needs_trades=True),
    Formula(name="distance table", maps=oi.distance_table),
)
"""In the order of docs/method.md."""
