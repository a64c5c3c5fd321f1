"""Every venue that can be asked, by its name, with its reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reportgen.market.exchanges import binance as exchanges_binance
from reportgen.market.exchanges import bitget as exchanges_bitget
from reportgen.market.exchanges import bybit as exchanges_bybit
from reportgen.market.exchanges import deribit as exchanges_deribit
from reportgen.market.exchanges import gate as exchanges_gate
from reportgen.market.exchanges import htx as exchanges_htx
from reportgen.market.exchanges import hyperliquid as exchanges_hyperliquid
from reportgen.market.exchanges import kraken as exchanges_kraken
from reportgen.market.exchanges import okx as exchanges_okx
from reportgen.market.exchanges.readers import VenueReader

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
