"""Positions of known addresses among what was gathered, so that they are kept and read like everything else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reportgen.market.data import Positions, VenueGap
from reportgen.market.exchanges import Gathering
from reportgen.market.exchanges_tables import Piece
from reportgen.market.hyperliquid import VENUE, AskedPositions
from reportgen.market.tables import POSITIONS
from reportgen.units import Milliseconds, Missing

_WHAT = "positions"


def with_positions(gathering: Gathering, asked: AskedPositions, asked_at_ms: Milliseconds) -> Gathering:
    """Add the positions of some addresses, or the reason why there are none, to what the venues gave.

    Args:
        gathering: Its as-of is not before `asked_at_ms`.
        asked: By symbol.
        asked_at_ms: When the addresses were looked up.
    """
    at = min(asked_at_ms, gathering.as_of_ms)
    known = {symbol: one for symbol, one in asked.by_symbol.items() if not isinstance(one, Missing)}
    gaps = [
        (symbol, VenueGap(venue=VENUE, what=_WHAT, reason=one.reason))
        for symbol, one in asked.by_symbol.items()
        if isinstance(one, Missing)
    ]
    pieces = [piece for symbol, one in known.items() for piece in _pieces(symbol, one, at)]
    return replace(
        gathering,
        pieces=tuple(sorted((*gathering.pieces, *pieces), key=lambda piece: (piece.table.name, piece.keys))),
        gaps=tuple(sorted((*gathering.gaps, *gaps), key=lambda gap: (gap[0], gap[1].venue, gap[1].what))),
        notes=tuple(sorted({*gathering.notes, *asked.notes})),
    )


def _pieces(symbol: str, positions: Positions, at_ms: Milliseconds) -> list[Piece]:
    """Make one piece a position: address and side are its keys."""
    columns = {
        "size_base": positions.size_base,
        "entry_price": positions.entry_price,
        "liquidation_price": positions.liquidation_price,
    }
    time = np.array([at_ms], dtype=np.int64)
    return [
        Piece(
            table=POSITIONS,
            keys=(symbol, VENUE, address, "long" if positions.is_long[row] else "short"),
            columns={"time_ms": time} | {name: values[row : row + 1] for name, values in columns.items()},
        )
        for row, address in enumerate(positions.address)
    ]
