"""Every venue that can be asked, by its name, with its reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reportgen.market import (
    exchanges_binance,
    exchanges_bitget,
    exchanges_bybit,
    exchanges_deribit,
    exchanges_gate,
    exchanges_htx,
    exchanges_hyperliquid,
    exchanges_kraken,
    exchanges_okx,
)
from reportgen.market.exchanges_readers import VenueReader

READERS: Final[Mapping[str, VenueReader]] = {
    module.READER.venue.name: module.READER
    for module in (
        exchanges_binance,
        exchanges_bybit,
        exchanges_okx,
        exchanges_gate,
        exchanges_bitget,
        exchanges_hyperliquid,
        exchanges_deribit,
        exchanges_kraken,
        exchanges_htx,
    )
}
