"""What each exchange answers to each question, from the one truth, in its own units, sides, orders and page sizes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.market.live import truth
from tests.market.live.truth import DAY, HOUR

Asked = Mapping[str, Any]
MULTIPLIED = {"binance": {"PEPE": 1000}, "bybit": {"PEPE": 1000}, "hyperliquid": {"PEPE": 1000}}
CONTRACT = {"okx": {"BTC": 0.01, "ETH": 0.1, "PEPE": 1e7}, "gate": {"BTC": 0.0001, "ETH": 0.01, "PEPE": 1e7}}
KRAKEN_NAMES = {"BTC": "XBT"}
UNKNOWN = {
    "binance": (400, {"code": -1121, "msg": "Invalid symbol."}),
    "bybit": (200, {"retCode": 10001, "retMsg": "params error: symbol invalid", "result": {}, "time": 1}),
    "okx": (200, {"code": "51001", "msg": "Instrument ID doesn't exist.", "data": []}),
    "gate": (400, {"label": "CONTRACT_NOT_FOUND", "message": "CONTRACT_NOT_FOUND"}),
    "bitget": (400, {"code": "40034", "msg": "Parameter does not exist", "requestTime": 1, "data": None}),
    "hyperliquid": (200, None),
    "deribit": (400, {"jsonrpc": "2.0", "error": {"code": 13020, "message": "instrument_not_found"}}),
    "htx": (200, {"status": "error", "err_code": 1332, "err-code": "1332", "err_msg": "no such contract"}),
    "kraken": (200, {"result": "error", "error": "contractNotFound", "serverTime": "2026-11-27T00:00:00Z"}),
}


def answer(venue: str, host: str, path: str, asked: Asked, now: int, coins: tuple[str, ...]) -> tuple[int, Any]:
    """Answer one question; (HTTP status, JSON)."""
    name = str(asked.get("type")) if venue == "hyperliquid" else path
    for part, reply in VENUES[venue].items():
        if part in name:
            found = reply(asked, now, coins, f"{host}{path}")
            return UNKNOWN[venue] if found is None else (200, found)
    return 404, {"msg": f"no such path {path}"}


def times(venue: str, coin: str) -> float:
    """Give the coins in one unit of a venue's listing."""
    return float(MULTIPLIED.get(venue, {}).get(coin, 1))


def contract(venue: str, coin: str) -> float:
    """Give the coins in one contract."""
    return CONTRACT.get(venue, {}).get(coin, 1.0)


def coin_in(name: str, coins: Iterable[str]) -> str | None:
    """Find the coin in a market's name."""
    plain = name.upper().removeprefix("MARK_").removeprefix("PF_").removeprefix("1000").removeprefix("K")
    for cut in ("-PERPETUAL", "-SWAP", "USDT", "USD", "-", "_"):
        plain = plain.replace(cut, "")
    plain = {"XBT": "BTC", "EPE": "PEPE"}.get(plain, plain)
    return plain if plain in coins else None


def bars(venue: str, coin: str, span: Iterable[int], *, spot: bool = False) -> list[tuple[int, list[str], float]]:
    """Give (open time, o h l c as text, volume in listing units) of some hours."""
    scale = 1.0 if spot else times(venue, coin)
    return [(at, list(_prices(coin, at, scale)), truth.volume(coin, venue, at) / scale) for at in span]


@functools.cache
def _prices(coin: str, at: int, scale: float) -> tuple[str, ...]:
    """Write the four prices of an hour."""
    return tuple(repr(value * scale) for value in truth.bar(coin, at))


def span(asked: Asked, now: int, since: str, until: str, most: int, *, newest: bool, unit: int = 1) -> list[int]:
    """List the hours that a page holds: from the old or from the new end, no more than the venue gives."""
    begin = int(float(asked.get(since, 0))) * unit or now - 30 * DAY
    end = int(float(asked.get(until, 0))) * unit or now
    limit = min(int(asked.get("limit", most)), most)
    found = [*truth.hours(begin, min(end + 1, now))]
    return found[-limit:] if newest else found[:limit]


def settlements(begin: int, end: int, now: int, every: int) -> list[int]:
    """List settlement times in [begin, end]."""
    step = every * HOUR
    return [*range(-(-begin // step) * step, min(end + 1, now), step)]


# --- Binance ----------------------------------------------------------------------------------------------------------


def binance_info(_: Asked, now: int, coins: tuple[str, ...], __: str) -> Any:
    """Answer exchangeInfo."""
    listed = [
        {"symbol": f"{_multiplied('binance', coin)}USDT", "pair": coin, "contractType": "PERPETUAL",
         "status": "TRADING", "baseAsset": _multiplied("binance", coin), "quoteAsset": "USDT", "marginAsset": "USDT"}
        for coin in coins
    ]  # fmt: skip
    dated = {**listed[0], "symbol": "BTCUSDT_270326", "contractType": "CURRENT_QUARTER"}
    return {"timezone": "UTC", "serverTime": now, "rateLimits": [], "symbols": [*listed, dated]}


def binance_bars(asked: Asked, now: int, coins: tuple[str, ...], path: str) -> Any:
    """Answer klines of contract, mark price and spot: oldest first from startTime."""
    coin = coin_in(asked["symbol"], coins)
    if coin is None:
        return None
    page = span(asked, now, "startTime", "endTime", 1000, newest=False)
    spot = path.startswith("api.")
    volume = 0.0 if "markPrice" in path else 1.0
    return [
        [at, *prices, repr(size * volume), at + HOUR - 1, "0", 100, repr(size * volume * 0.51), "0", "0"]
        for at, prices, size in bars("binance", coin, page, spot=spot)
    ]


def binance_interest_history(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer openInterestHist."""
    coin = coin_in(asked["symbol"], coins)
    if coin is None:
        return None
    scale = times("binance", coin)
    page = span(asked, now, "startTime", "endTime", 500, newest=False)
    return [
        {"symbol": asked["symbol"], "sumOpenInterest": repr(truth.interest(coin, "binance", at) / scale),
         "sumOpenInterestValue": repr(truth.interest(coin, "binance", at) * truth.price(coin, at)), "timestamp": at}
        for at in page
    ]  # fmt: skip


def binance_funding(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer fundingRate, with the jitter of real settlement times; ETH settles every 4 hours."""
    coin = coin_in(asked["symbol"], coins)
    if coin is None:
        return None
    every = 4 if coin == "ETH" else 8
    found = settlements(int(asked["startTime"]), int(asked["endTime"]), now, every)[: int(asked["limit"])]
    return [
        {
            "symbol": asked["symbol"],
            "fundingTime": at + 3,
            "fundingRate": repr(truth.funding(at, every)),
            "markPrice": "1",
        }
        for at in found
    ]


def binance_book(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer depth."""
    coin = coin_in(asked["symbol"], coins)
    bids, asks = _levels("binance", coin, now) if coin else ([], [])
    return {"lastUpdateId": 1, "E": now, "T": now - 3, "bids": bids, "asks": asks} if coin else None


def binance_interest(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer openInterest."""
    coin = coin_in(asked["symbol"], coins)
    if coin is None:
        return None
    amount = truth.interest(coin, "binance", now) / times("binance", coin)
    return {"symbol": asked["symbol"], "openInterest": repr(amount), "time": now}


def binance_mark(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer premiumIndex."""
    coin = coin_in(asked["symbol"], coins)
    if coin is None:
        return None
    mark = repr(truth.price(coin, now) * times("binance", coin))
    hours = 4 if coin == "ETH" else 8
    return {
        "symbol": asked["symbol"], "markPrice": mark, "lastFundingRate": repr(truth.running(hours)), "time": now
    }  # fmt: skip


def binance_ratio(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer globalLongShortAccountRatio."""
    page = span(asked, now, "startTime", "endTime", 500, newest=False)
    rows = [
        {"symbol": asked["symbol"], "longAccount": "0.6", "longShortRatio": repr(truth.ratio(at)),
         "shortAccount": "0.4", "timestamp": at} for at in page
    ]  # fmt: skip
    return rows if coin_in(asked["symbol"], coins) else None


def _multiplied(venue: str, coin: str) -> str:
    many = int(times(venue, coin))
    return coin if many == 1 else f"k{coin}" if venue == "hyperliquid" else f"{many}{coin}"


def _levels(venue: str, coin: str, now: int, *, whole: bool = False) -> tuple[list[list[str]], list[list[str]]]:
    """Give both sides, 50 levels of 0.02 %, each a hundred-thousandth of open interest in the venue's unit."""
    scale, size = (
        times(venue, coin),
        truth.interest(coin, venue, now) / 1e5 / times(venue, coin) / contract(venue, coin),
    )
    middle = truth.price(coin, now) * scale
    shown = repr(float(round(size))) if whole else repr(size)
    return tuple(
        [[repr(middle * (1 + sign * 0.0002 * (level + 0.5))), shown] for level in range(50)] for sign in (-1, 1)
    )  # type: ignore[return-value]


# --- Bybit ------------------------------------------------------------------------------------------------------------


def bybit(result: Any, now: int) -> Any:
    """Wrap an answer of Bybit."""
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": now}


def bybit_info(_: Asked, now: int, coins: tuple[str, ...], __: str) -> Any:
    """Answer instruments-info."""
    listed = [
        {"symbol": f"{_multiplied('bybit', coin)}USDT", "contractType": "LinearPerpetual", "status": "Trading",
         "baseCoin": _multiplied("bybit", coin), "quoteCoin": "USDT", "fundingInterval": 480, "settleCoin": "USDT"}
        for coin in coins
    ]  # fmt: skip
    return bybit({"category": "linear", "list": listed, "nextPageCursor": ""}, now)


def bybit_bars(asked: Asked, now: int, coins: tuple[str, ...], path: str) -> Any:
    """Answer kline and mark-price-kline: newest first."""
    coin = coin_in(asked["symbol"], coins)
    if coin is None:
        return None
    page = span(asked, now, "start", "end", 1000, newest=True)
    found = bars("bybit", coin, reversed(page), spot=asked["category"] == "spot")
    rows = [[str(at), *prices, *([] if "mark-price" in path else [repr(size), "0"])] for at, prices, size in found]
    return bybit({"symbol": asked["symbol"], "category": asked["category"], "list": rows}, now)


def bybit_interest(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer open-interest: both sides."""
    coin = coin_in(asked["symbol"], coins)
    if coin is None:
        return None
    page = span(asked, now, "startTime", "endTime", 200, newest=True)
    one = {at: truth.interest(coin, "bybit", at) / times("bybit", coin) for at in reversed(page)}
    rows = [{"openInterest": repr(2 * n), "singleOpenInterest": repr(n), "timestamp": str(at)} for at, n in one.items()]
    return bybit({"symbol": asked["symbol"], "category": "linear", "list": rows, "nextPageCursor": ""}, now)


def bybit_funding(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer funding/history: newest first."""
    found = settlements(int(asked["startTime"]), int(asked["endTime"]), now, 8)[-int(asked["limit"]) :]
    rows = [
        {"symbol": asked["symbol"], "fundingRate": repr(truth.funding(at, 8)), "fundingRateTimestamp": str(at)}
        for at in reversed(found)
    ]
    return bybit({"category": "linear", "list": rows}, now) if coin_in(asked["symbol"], coins) else None


def bybit_ratio(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer account-ratio."""
    page = span(asked, now, "startTime", "endTime", 500, newest=True)
    longs = {at: truth.ratio(at) / (1 + truth.ratio(at)) for at in reversed(page)}
    rows = [
        {"symbol": asked["symbol"], "buyRatio": repr(part), "sellRatio": repr(1 - part), "timestamp": str(at)}
        for at, part in longs.items()
    ]
    return bybit({"list": rows, "nextPageCursor": ""}, now) if coin_in(asked["symbol"], coins) else None


def bybit_ticker(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer tickers."""
    coin = coin_in(asked["symbol"], coins)
    if coin is None:
        return None
    amount = truth.interest(coin, "bybit", now) / times("bybit", coin)
    row = {"symbol": asked["symbol"], "openInterest": repr(2 * amount), "singleOpenInterest": repr(amount)}
    row |= {"fundingRate": repr(truth.running(8))}
    return bybit({"category": "linear", "list": [row]}, now)


def bybit_book(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer orderbook."""
    coin = coin_in(asked["symbol"], coins)
    if coin is None:
        return None
    bids, asks = _levels("bybit", coin, now)
    return bybit({"s": asked["symbol"], "b": bids, "a": asks, "ts": now, "u": 1, "seq": 1, "cts": now - 12}, now)


def bybit_tiers(asked: Asked, now: int, _: tuple[str, ...], __: str) -> Any:
    """Answer risk-limit."""
    rows = [
        {"id": 1, "symbol": asked["symbol"], "riskLimitValue": "2000000", "maintenanceMargin": "0.005",
         "maxLeverage": "100.00", "mmDeduction": ""},
        {"id": 2, "symbol": asked["symbol"], "riskLimitValue": "10000000", "maintenanceMargin": "0.0056",
         "maxLeverage": "90.00", "mmDeduction": "1200"},
    ]  # fmt: skip
    return bybit({"category": "linear", "list": rows, "nextPageCursor": ""}, now)


# --- OKX --------------------------------------------------------------------------------------------------------------


def okx(rows: Any) -> Any:
    """Wrap an answer of OKX."""
    return {"code": "0", "msg": "", "data": rows}


def okx_info(_: Asked, __: int, coins: tuple[str, ...], ___: str) -> Any:
    """Answer instruments."""
    return okx([
        {"instId": f"{coin}-USDT-SWAP", "instFamily": f"{coin}-USDT", "ctVal": repr(contract("okx", coin)),
         "ctValCcy": coin, "ctMult": "1", "ctType": "linear", "settleCcy": "USDT", "state": "live", "lever": "100"}
        for coin in coins
    ])  # fmt: skip


def okx_bars(asked: Asked, now: int, coins: tuple[str, ...], path: str) -> Any:
    """Answer candles of swap, mark price and spot: newest first, bounds exclusive."""
    coin = coin_in(asked["instId"], coins)
    if coin is None:
        return None
    most = 100 if "mark-price" in path else 300
    begin, end = int(asked["before"]) + 1, int(asked["after"])
    page = [*truth.hours(begin, min(end, now))][-min(int(asked["limit"]), most) :]
    spot = not asked["instId"].endswith("SWAP")
    found = bars("okx", coin, reversed(page), spot=spot)
    size = contract("okx", coin)
    if "mark-price" in path:
        return okx([[str(at), *prices, "1"] for at, prices, _ in found])
    volumes = {at: [repr(n), "0", "0"] if spot else [repr(n / size), repr(n), "0"] for at, _, n in found}
    return okx([[str(at), *prices, *volumes[at], "1" if at + HOUR <= now else "0"] for at, prices, _ in found])


def okx_interest(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer open-interest."""
    coin = coin_in(asked["instId"], coins)
    if coin is None:
        return None
    amount = truth.interest(coin, "okx", now)
    row = {"instId": asked["instId"], "instType": "SWAP", "oi": repr(amount / contract("okx", coin)),
           "oiCcy": repr(amount), "oiUsd": repr(amount * truth.price(coin, now)), "ts": str(now)}  # fmt: skip
    return okx([row])


def okx_interest_history(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer open-interest-history: newest first."""
    coin = coin_in(asked["instId"], coins)
    if coin is None:
        return None
    page = span(asked, now, "begin", "end", 100, newest=True)
    ends = {at: at + HOUR for at in reversed(page)}  # a row is stamped with the open of the hour whose end it holds
    found = {at: (truth.interest(coin, "okx", end), truth.price(coin, end)) for at, end in ends.items()}
    size = contract("okx", coin)
    return okx([[str(at), repr(n / size), repr(n), repr(n * price)] for at, (n, price) in found.items()])


def okx_funding(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer funding-rate-history: newest first, realised beside predicted."""
    found = settlements(int(asked["before"]) + 1, int(asked["after"]) - 1, now, 8)[-100:]
    rows = [
        {"instId": asked["instId"], "fundingRate": "0.9", "realizedRate": repr(truth.funding(at, 8)),
         "fundingTime": str(at)} for at in reversed(found)
    ]  # fmt: skip
    return okx(rows) if coin_in(asked["instId"], coins) else None


def okx_running(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer funding-rate: the rate until the next settlement, and when the one after it comes."""
    settles = (now // (8 * HOUR) + 1) * 8 * HOUR
    row = {"instId": asked["instId"], "fundingRate": repr(truth.running(8)), "fundingTime": str(settles),
           "nextFundingTime": str(settles + 8 * HOUR), "ts": str(now)}  # fmt: skip
    return okx([row]) if coin_in(asked["instId"], coins) else None


def okx_book(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer books: sizes in contracts."""
    coin = coin_in(asked["instId"], coins)
    if coin is None:
        return None
    bids, asks = _levels("okx", coin, now)
    return okx([{"asks": asks, "bids": bids, "ts": str(now), "seqId": 1}])


def okx_liquidations(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer liquidation-orders: one long and one short in the middle of each hour, newest first, 100 a page."""
    coin = coin_in(asked.get("instFamily", asked.get("uly", "")), coins)
    if coin is None:
        return None
    end = int(asked.get("after", now))
    rows = []
    for hour in reversed(truth.hours(now - 3 * DAY, now)):
        at, paid = hour + HOUR // 2, truth.bar(coin, hour)[0]
        for side, usd in zip(("sell", "buy"), truth.liquidated(hour), strict=True):
            size = usd / paid / contract("okx", coin)
            rows.append({"bkPx": repr(paid), "posSide": "long" if side == "sell" else "short", "side": side,
                         "sz": repr(size), "ts": str(at), "time": str(at)})  # fmt: skip
    page = [row for row in rows if int(row["ts"]) < min(end, now)][:100]
    return okx([{"details": page, "instId": f"{coin}-USDT-SWAP", "instType": "SWAP", "uly": f"{coin}-USDT"}])


def okx_ratio(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer long-short-account-ratio-contract."""
    page = span(asked, now, "begin", "end", 100, newest=True)
    return okx([[str(at), repr(truth.ratio(at))] for at in reversed(page)]) if coin_in(asked["instId"], coins) else None


def okx_tiers(*_: Any) -> Any:
    """Answer position-tiers: bounds in contracts."""
    return okx([
        {"tier": "1", "minSz": "0", "maxSz": "500", "mmr": "0.004", "imr": "0.008", "maxLever": "125"},
        {"tier": "2", "minSz": "500.01", "maxSz": "2000", "mmr": "0.005", "imr": "0.01", "maxLever": "100"},
    ])  # fmt: skip


# --- Gate -------------------------------------------------------------------------------------------------------------


def gate_info(_: Asked, now: int, coins: tuple[str, ...], __: str) -> Any:
    """Answer contracts."""
    return [
        {"name": f"{coin}_USDT", "quanto_multiplier": repr(contract("gate", coin)), "funding_interval": 28800,
         "mark_price": repr(truth.price(coin, now)), "in_delisting": False, "type": "direct",
         "position_size": truth.interest(coin, "gate", now) / contract("gate", coin),
         "funding_rate": repr(truth.running(8))}
        for coin in coins
    ]  # fmt: skip


def gate_bars(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer candlesticks of futures and mark price: seconds, contracts."""
    coin = coin_in(asked["contract"], coins)
    if coin is None:
        return None
    page = span(asked, now, "from", "to", 2000, newest=False, unit=1000)
    size = contract("gate", coin)
    mark = asked["contract"].startswith("mark_")
    names = ("o", "h", "l", "c")
    return [
        {"t": at // 1000, **dict(zip(names, prices, strict=True)), **({} if mark else {"v": n / size, "sum": "0"})}
        for at, prices, n in bars("gate", coin, page)
    ]


def gate_spot(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer spot candlesticks: quote volume, close, high, low, open, base volume."""
    coin = coin_in(asked["currency_pair"], coins)
    if coin is None:
        return None
    page = span(asked, now, "from", "to", 1000, newest=False, unit=1000)
    found = bars("gate", coin, page, spot=True)
    return [[str(at // 1000), "0", p[3], p[1], p[2], p[0], repr(n), "true"] for at, p, n in found]


def gate_stats(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer contract_stats: both sides, liquidations by bar."""
    coin = coin_in(asked["contract"], coins)
    if coin is None:
        return None
    page = span(asked, now, "from", "-", 100, newest=False, unit=1000)
    rows = []
    for at in page:
        amount, (longs, shorts) = truth.interest(coin, "gate", at), truth.liquidated(at)
        rows.append({"time": at // 1000, "lsr_taker": 1.0, "lsr_account": truth.ratio(at), "long_liq_usd": longs,
                     "short_liq_usd": shorts, "open_interest": 2 * amount / contract("gate", coin),
                     "open_interest_usd": 2 * amount * truth.price(coin, at),
                     "mark_price": truth.price(coin, at)})  # fmt: skip
    return rows


def gate_funding(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer funding_rate: newest first, seconds."""
    found = settlements(int(asked["from"]) * 1000, int(asked["to"]) * 1000, now, 8)[-1000:]
    rows = [{"r": repr(truth.funding(at, 8)), "t": at // 1000} for at in reversed(found)]
    return rows if coin_in(asked["contract"], coins) else None


def gate_book(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer order_book: contracts."""
    coin = coin_in(asked["contract"], coins)
    if coin is None:
        return None
    bids, asks = ([{"p": p, "s": float(s)} for p, s in side] for side in _levels("gate", coin, now))
    return {"current": now / 1000, "update": now / 1000, "asks": asks, "bids": bids}


def gate_tiers(*_: Any) -> Any:
    """Answer risk_limit_tiers."""
    return [
        {
            "maintenance_rate": "0.004",
            "tier": 1,
            "initial_rate": "0.008",
            "leverage_max": "125",
            "risk_limit": "1000000",
        },
        {
            "maintenance_rate": "0.005",
            "tier": 2,
            "initial_rate": "0.01",
            "leverage_max": "100",
            "risk_limit": "5000000",
        },
    ]


# --- Bitget -----------------------------------------------------------------------------------------------------------


def bitget(data: Any, now: int) -> Any:
    """Wrap an answer of Bitget."""
    return {"code": "00000", "msg": "success", "requestTime": now, "data": data}


def bitget_info(_: Asked, now: int, coins: tuple[str, ...], __: str) -> Any:
    """Answer contracts."""
    return bitget([
        {"symbol": f"{coin}USDT", "baseCoin": coin, "quoteCoin": "USDT", "symbolType": "perpetual",
         "symbolStatus": "normal", "fundInterval": "8", "maxLever": "125"} for coin in coins
    ], now)  # fmt: skip


def bitget_bars(asked: Asked, now: int, coins: tuple[str, ...], path: str) -> Any:
    """Answer history candles of contract, mark price and spot: 200 before the end, oldest first."""
    coin = coin_in(asked["symbol"], coins)
    if coin is None:
        return None
    begin, end = int(asked.get("startTime", 0)) or now - 90 * DAY, int(asked["endTime"])
    page = [*truth.hours(begin, min(end, now))][-min(int(asked["limit"]), 200) :]
    return bitget([[str(at), *p, repr(n), "0"] for at, p, n in bars("bitget", coin, page, spot="spot" in path)], now)


def bitget_interest(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer open-interest."""
    coin = coin_in(asked["symbol"], coins)
    if coin is None:
        return None
    row = {"symbol": asked["symbol"], "size": repr(truth.interest(coin, "bitget", now))}
    return bitget({"openInterestList": [row], "ts": str(now)}, now)


def bitget_funding(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer history-fund-rate: numbered pages, newest first."""
    found = settlements(now - 120 * DAY, now, now, 8)[::-1]
    size, page = int(asked["pageSize"]), int(asked["pageNo"])
    rows = [
        {"symbol": asked["symbol"], "fundingRate": repr(truth.funding(at, 8)), "fundingTime": str(at)}
        for at in found[(page - 1) * size : page * size]
    ]
    return bitget(rows, now) if coin_in(asked["symbol"], coins) else None


def bitget_running(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer current-fund-rate."""
    row = {"symbol": asked["symbol"], "fundingRate": repr(truth.running(8)), "fundingRateInterval": "8",
           "nextUpdate": str(now + HOUR)}  # fmt: skip
    return bitget([row], now) if coin_in(asked["symbol"], coins) else None


def bitget_book(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer merge-depth."""
    coin = coin_in(asked["symbol"], coins)
    if coin is None:
        return None
    bids, asks = _levels("bitget", coin, now)
    return bitget({"asks": asks, "bids": bids, "ts": str(now)}, now)


def bitget_ratio(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer account-long-short."""
    found = {at: truth.ratio(at) / (1 + truth.ratio(at)) for at in truth.hours(now - 2 * DAY, now)}
    rows = [
        {"longAccountRatio": repr(part), "shortAccountRatio": repr(1 - part), "longShortAccountRatio": "0.0138",
         "ts": str(at)} for at, part in found.items()
    ]  # fmt: skip
    return bitget(rows, now) if coin_in(asked["symbol"], coins) else None


def bitget_tiers(asked: Asked, now: int, _: tuple[str, ...], __: str) -> Any:
    """Answer query-position-lever."""
    rows = [
        {"symbol": asked["symbol"], "level": "1", "startUnit": "0", "endUnit": "150000", "leverage": "125",
         "keepMarginRate": "0.004"},
        {"symbol": asked["symbol"], "level": "2", "startUnit": "150000", "endUnit": "900000", "leverage": "100",
         "keepMarginRate": "0.005"},
    ]  # fmt: skip
    return bitget(rows, now)


# --- Hyperliquid ------------------------------------------------------------------------------------------------------


def hyperliquid_info(_: Asked, now: int, coins: tuple[str, ...], __: str) -> Any:
    """Answer metaAndAssetCtxs."""
    universe = [
        {"szDecimals": 2, "name": _multiplied("hyperliquid", coin), "maxLeverage": 40, "marginTableId": 56}
        for coin in coins
    ]
    tiers = [{"lowerBound": "0.0", "maxLeverage": 40}, {"lowerBound": "150000000.0", "maxLeverage": 20}]
    contexts = [
        {"openInterest": repr(truth.interest(coin, "hyperliquid", now) / times("hyperliquid", coin)),
         "funding": repr(truth.running(1)), "markPx": repr(truth.price(coin, now) * times("hyperliquid", coin))}
        for coin in coins
    ]  # fmt: skip
    tables = [[56, {"description": "tiered 40x", "marginTiers": tiers}]]
    return [{"universe": universe, "marginTables": tables, "collateralToken": 0}, contexts]


def hyperliquid_bars(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer candleSnapshot: oldest first."""
    wanted = asked["req"]
    coin = coin_in(wanted["coin"], coins)
    if coin is None:
        return None
    page = span(wanted, now, "startTime", "endTime", 5000, newest=True)
    return [
        {"t": at, "T": at + HOUR - 1, "s": wanted["coin"], "i": "1h", "o": p[0], "h": p[1], "l": p[2], "c": p[3],
         "v": repr(n), "n": 1} for at, p, n in bars("hyperliquid", coin, page)
    ]  # fmt: skip


def hyperliquid_funding(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer fundingHistory: 500 rows from the start, every hour, tens of milliseconds late."""
    found = settlements(int(asked["startTime"]), int(asked["endTime"]), now, 1)[:500]
    rows = [
        {"coin": asked["coin"], "fundingRate": repr(truth.funding(at, 1)), "premium": "0", "time": at + 41}
        for at in found
    ]
    return rows if coin_in(asked["coin"], coins) else None


def hyperliquid_book(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer l2Book."""
    coin = coin_in(asked["coin"], coins)
    if coin is None:
        return None
    levels = [[{"px": p, "sz": s, "n": 1} for p, s in side[:20]] for side in _levels("hyperliquid", coin, now)]
    return {"coin": asked["coin"], "time": now, "levels": levels}


def hyperliquid_positions(_: Asked, now: int, coins: tuple[str, ...], __: str) -> Any:
    """Answer clearinghouseState: one long with a liquidation price, one short without."""
    held = [
        (coin, size, price) for coin, size, price in (("BTC", "2.0", "60000.0"), ("ETH", "-1.0", None)) if coin in coins
    ]
    return {
        "marginSummary": {"accountValue": "1"}, "time": now,
        "assetPositions": [
            {"type": "oneWay", "position": {"coin": coin, "szi": size, "entryPx": "80000.0", "liquidationPx": price}}
            for coin, size, price in held
        ],
    }  # fmt: skip


# --- Deribit ----------------------------------------------------------------------------------------------------------


def deribit(result: Any) -> Any:
    """Wrap an answer of Deribit."""
    return {"jsonrpc": "2.0", "result": result, "usIn": 1, "usOut": 2, "usDiff": 1, "testnet": False}


def deribit_info(_: Asked, __: int, coins: tuple[str, ...], ___: str) -> Any:
    """Answer get_instruments: BTC and ETH alone are there."""
    return deribit([
        {"instrument_name": f"{coin}-PERPETUAL", "settlement_period": "perpetual", "future_type": "reversed",
         "kind": "future", "is_active": True, "base_currency": coin, "quote_currency": "USD", "contract_size": 10.0}
        for coin in coins if coin in {"BTC", "ETH"}
    ])  # fmt: skip


def deribit_bars(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer get_tradingview_chart_data: columns."""
    coin = coin_in(asked["instrument_name"], coins)
    if coin is None:
        return None
    page = span(asked, now, "start_timestamp", "end_timestamp", 5000, newest=True)
    found = bars("deribit", coin, page)
    columns = {name: [float(p[at]) for _, p, _ in found] for at, name in enumerate(("open", "high", "low", "close"))}
    return deribit({"ticks": [at for at, _, _ in found], "volume": [n for _, _, n in found], **columns, "status": "ok"})


def deribit_funding(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer get_funding_rate_history: the newest 744 hours of a span."""
    found = settlements(int(asked["start_timestamp"]), int(asked["end_timestamp"]), now, 1)[-744:]
    rows = [
        {"timestamp": at, "index_price": 1.0, "interest_8h": truth.funding(at, 8), "interest_1h": truth.funding(at, 1)}
        for at in found
    ]
    return deribit(rows) if coin_in(asked["instrument_name"], coins) else None


def deribit_ticker(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer ticker: open interest in USD."""
    coin = coin_in(asked["instrument_name"], coins)
    if coin is None:
        return None
    mark = truth.price(coin, now)
    return deribit({"timestamp": now, "open_interest": truth.interest(coin, "deribit", now) * mark, "mark_price": mark,
                    "funding_8h": truth.running(8)})  # fmt: skip


def deribit_book(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer get_order_book: sizes in USD."""
    coin = coin_in(asked["instrument_name"], coins)
    if coin is None:
        return None
    bids, asks = ([[float(p), float(p) * float(s)] for p, s in side] for side in _levels("deribit", coin, now))
    return deribit({"timestamp": now, "bids": bids, "asks": asks})


# --- Kraken Futures ---------------------------------------------------------------------------------------------------


def _kraken_time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _kraken_name(coin: str) -> str:
    return f"PF_{KRAKEN_NAMES.get(coin, coin)}USD"


def kraken_info(_: Asked, now: int, coins: tuple[str, ...], __: str) -> Any:
    """Answer instruments."""
    listed = [
        {"symbol": _kraken_name(coin), "type": "flexible_futures", "tradeable": True, "contractSize": 1,
         "marginLevels": [{"numNonContractUnits": 0, "initialMargin": 0.02, "maintenanceMargin": 0.01}]}
        for coin in coins
    ]  # fmt: skip
    other = {"symbol": "in_xbtusd", "type": "spot index", "tradeable": False}
    return {"result": "success", "instruments": [*listed, other], "serverTime": _kraken_time(now)}


def kraken_bars(asked: Asked, now: int, coins: tuple[str, ...], path: str) -> Any:
    """Answer charts: seconds asked, milliseconds given."""
    coin = coin_in(path.rsplit("/", 2)[1], coins)
    if coin is None:
        return None
    page = span(asked, now, "from", "to", 2000, newest=False, unit=1000)
    rows = [
        {"time": at, "open": p[0], "high": p[1], "low": p[2], "close": p[3], "volume": repr(n)}
        for at, p, n in bars("kraken", coin, page)
    ]
    return {"candles": rows, "more_candles": False}


def kraken_funding(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer historicalfundingrates: everything, absolute and relative."""
    rows = [
        {"timestamp": _kraken_time(at), "fundingRate": 2.5, "relativeFundingRate": truth.funding(at, 1)}
        for at in settlements(now - 120 * DAY, now, now, 1)
    ]
    return {"rates": rows, "result": "success"} if coin_in(asked["symbol"], coins) else None


def kraken_tickers(_: Asked, now: int, coins: tuple[str, ...], __: str) -> Any:
    """Answer tickers: the only place with open interest."""
    rows = [
        {"tag": "perpetual", "symbol": _kraken_name(coin), "markPrice": repr(truth.price(coin, now)),
         "fundingRate": truth.running(1) * truth.price(coin, now),
         "openInterest": repr(truth.interest(coin, "kraken", now))} for coin in coins
    ]  # fmt: skip
    return {
        "result": "success",
        "tickers": [*rows, {"symbol": "in_xbtusd", "last": 1}],
        "serverTime": _kraken_time(now),
    }


def kraken_book(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer orderbook."""
    coin = coin_in(asked["symbol"], coins)
    if coin is None:
        return None
    bids, asks = ([[float(p), float(s)] for p, s in side] for side in _levels("kraken", coin, now))
    return {"result": "success", "orderBook": {"bids": bids, "asks": asks}, "serverTime": _kraken_time(now)}


# --- HTX --------------------------------------------------------------------------------------------------------------


def htx_info(_: Asked, now: int, coins: tuple[str, ...], __: str) -> Any:
    """Answer swap_contract_info."""
    rows = [
        {"symbol": coin, "contract_code": f"{coin}-USDT", "contract_size": 0.001, "contract_status": 1,
         "business_type": "swap"} for coin in coins
    ]  # fmt: skip
    return {"status": "ok", "data": rows, "ts": now}


def htx_liquidations(asked: Asked, now: int, coins: tuple[str, ...], _: str) -> Any:
    """Answer liquidation_orders: one long and one short in each hour, newest first, two hours a question."""
    coin = coin_in(asked["contract_code"], coins)
    if coin is None:
        return None
    begin, end = int(asked["start_time"]), int(asked["end_time"])
    if end - begin > 2 * HOUR or begin < now - 90 * DAY or asked["direct"] != "prev":
        return {"code": 400, "message": "the window is longer than two hours", "data": None, "ts": now}
    rows = []
    for hour in reversed(truth.hours(begin, end)):
        at, paid = hour + HOUR // 2, truth.bar(coin, hour)[0]
        for side, usd in zip(("long", "short"), truth.liquidated(hour), strict=True):
            rows.append({"contract_code": asked["contract_code"], "liquidation_time": str(at), "id": str(at),
                         "side": "sell" if side == "long" else "buy", "position_side": side,
                         "volume": repr(usd / paid / 0.001), "bankrupt_price": repr(paid)})  # fmt: skip
    return {"code": 200, "message": "Success", "data": rows[:100], "ts": now}


def kraken_interest(asked: Asked, now: int, coins: tuple[str, ...], path: str) -> Any:
    """Answer charts/v1/analytics open-interest: seconds, bars of one value here."""
    coin = coin_in(path.split("/")[-2], coins)
    if coin is None:
        return None
    begin, end = int(asked["since"]) * 1000, int(asked["to"]) * 1000
    page = truth.hours(begin, min(end, now))
    values = [repr(truth.interest(coin, "kraken", at)) for at in page]
    result = {"timestamp": [at // 1000 for at in page], "more": False, "data": [[value] * 4 for value in values]}
    return {"result": result, "errors": []}


Reply = Callable[[Asked, int, tuple[str, ...], str], Any]
VENUES: Mapping[str, Mapping[str, Reply]] = {
    "binance": {
        "exchangeInfo": binance_info,
        "fundingInfo": lambda *_: [{"symbol": "ETHUSDT", "fundingIntervalHours": 4}],
        "lines": binance_bars,
        "openInterestHist": binance_interest_history, "fundingRate": binance_funding, "depth": binance_book,
        "openInterest": binance_interest, "LongShortAccountRatio": binance_ratio,
        "premiumIndex": binance_mark, "/time": lambda _, now, *__: {"serverTime": now},
    },
    "bybit": {
        "instruments-info": bybit_info, "kline": bybit_bars, "open-interest": bybit_interest, "tickers": bybit_ticker,
        "funding/history": bybit_funding, "account-ratio": bybit_ratio, "orderbook": bybit_book,
        "risk-limit": bybit_tiers, "market/time": lambda _, now, *__: bybit({}, now),
    },
    "okx": {
        "public/instruments": okx_info, "candles": okx_bars, "open-interest-history": okx_interest_history,
        "public/open-interest": okx_interest, "funding-rate-history": okx_funding, "public/funding-rate": okx_running,
        "market/books": okx_book,
        "liquidation-orders": okx_liquidations, "long-short-account-ratio": okx_ratio, "position-tiers": okx_tiers,
        "public/time": lambda _, now, *__: okx([{"ts": str(now)}]),
    },
    "gate": {
        "usdt/contracts": gate_info, "usdt/candlesticks": gate_bars, "spot/candlesticks": gate_spot,
        "contract_stats": gate_stats, "usdt/funding_rate": gate_funding, "usdt/order_book": gate_book,
        "risk_limit_tiers": gate_tiers, "spot/time": lambda _, now, *__: {"server_time": now},
    },
    "bitget": {
        "mix/market/contracts": bitget_info, "candles": bitget_bars, "open-interest": bitget_interest,
        "history-fund-rate": bitget_funding, "current-fund-rate": bitget_running,
        "merge-depth": bitget_book, "account-long-short": bitget_ratio,
        "query-position-lever": bitget_tiers, "public/time": lambda _, now, *__: bitget({"serverTime": str(now)}, now),
    },
    "hyperliquid": {
        "metaAndAssetCtxs": hyperliquid_info, "candleSnapshot": hyperliquid_bars, "fundingHistory": hyperliquid_funding,
        "l2Book": hyperliquid_book, "allMids": lambda *_: {"BTC": "1"}, "clearinghouseState": hyperliquid_positions,
    },
    "deribit": {
        "get_instruments": deribit_info, "get_tradingview_chart_data": deribit_bars, "ticker": deribit_ticker,
        "get_funding_rate_history": deribit_funding, "get_order_book": deribit_book,
        "get_time": lambda _, now, *__: deribit(now),
    },
    "htx": {"swap_contract_info": htx_info, "liquidation_orders": htx_liquidations},
    "kraken": {
        "instruments": kraken_info, "analytics": kraken_interest, "charts": kraken_bars,
        "historicalfundingrates": kraken_funding, "tickers": kraken_tickers, "orderbook": kraken_book,
    },
}  # fmt: skip
