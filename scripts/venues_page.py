"""The page docs/venues.md, made from the one table of units and sides: what each venue gives, and how it is read."""

# ruff: noqa: E501 - a table has one line a row

from __future__ import annotations

from reportgen.market.exchanges.venue import Datum, Venue
from reportgen.market.exchanges.venues import VENUES
from reportgen.units import Missing

HEAD = """# Venues

Made from reportgen/market/exchanges/venues/ by scripts/write_docs.py: the same table that converts the numbers. Facts about the
venues come from ccxt's source and from third-party audits, as each row says; they were proved against recorded answers
and a local server in the venues' shapes; `reportgen doctor --online` settles on the live exchanges what those could not.

`source: live` in config.yaml makes `reportgen brief` ask the venues named under `venues:`, or all of these. `reportgen
fetch --out DIR` gathers the same into a market folder that grows, so that history outlives what the venues keep.
`reportgen doctor --online` asks each venue one cheap question, and compares what only it can settle.

* **Every position counts once**, in coins: contracts are multiplied by their size, both-sided numbers halved, USD of
  inverse perpetuals divided by the price. A unit that cannot be known makes the value missing, never a guess.
* **Multiplied coins**: 1000PEPE and kPEPE are a thousand PEPE each; prices and sizes become those of the symbol asked for.
* **USDC and USD** quotes are counted as USDT, one to one.
* **Closed bars only**, by the time that all clocks agree on: of the `Date`s of the venues' answers and this machine's clock the
  middle one counts, the earlier of two. A clock more than 30 seconds off is named; none alone sets as-of. Lists that take
  longer than 5 seconds have no say in it.
* **Funding** is the settled rate per interval; the interval is read from the gaps between settlements
  (a gap that is a multiple of its neighbours' is a hole: data-formats.md). The running rate is
  an estimate: it is kept and shown apart, and no reading is made from it.

## When something goes wrong

| what | what is done | what the brief says |
|---|---|---|
| HTTP 451, or 403 that names the country | the venue is left alone for this run | Binance refused this location (HTTP 451). |
| 429, 418, and the venues' own codes for it | waits as long as the venue asks, up to a minute, or to the end of the window it counts in (a minute at Binance and Hyperliquid, else 5 s); else as above | Bybit allowed no more requests (HTTP 429). |
| server errors, silence, resets | asks again, a few times, later each time | OKX did not answer in time. |
| a web page, half a JSON, empty cells | not asked again, never read as numbers | Gate sent an unreadable answer. |
| a null cell, a doubled, impossible or off-grid row | that row is left out and counted, unless they are many (data-formats.md) | Candles of BTC on binance 1h: 1 row left out … |
| a series that ends late, or the same row for 24 hours | the series is left out | Gate's newest bar closed 7 hours ago. |
| prices of two venues more than 5 % apart | judged as in any market folder (data-formats.md) | … so it is of something else. |
| an answer of more than 67 MB unpacked | refused | Bybit sent an answer larger than 67 MB, which is refused. |
| no venue gives candles | nothing is written, exit code 1 | No venue gave candles … |

One venue's failure costs no other venue's data. What is missing stands in `missing[]` of brief.json with the venue's
name, and a venue that gave nothing lowers the map's quality. Requests are paced by the limits that ccxt knows (of
Hyperliquid by those it documents: 20 a question, 2 for books and positions, 1 more per 20 settlements and per 60 candles, of
1,200 a minute), nothing is asked twice in a run, and closed history is kept in the user's cache folder for a week.

A first run asks 20 questions a symbol and venue of Binance, Bybit and OKX in the mean (13, 15.5 and 30.5; Gate 16, Bitget 24,
HTX 12, Kraken Futures 6, Hyperliquid 4), and 14 over all nine venues with ten symbols; a second one the same day 10 and 8,
whatever is kept from the first. `fetch --json` prints the `requests` of each run.

A venue can be sent through a proxy: `venues: {bybit: {url: "http://proxy:8099"}}` sends its requests to
URL/original host/original path. A server of your own that needs no pauses between requests is asked faster with the
environment variable REPORTGEN_PACE=0 (or any share of the pauses up to 1); venues without a `url` always get theirs.

**Binance's leverage brackets** need an account, so a table of 2024-10-24 is bundled (BTC, ETH, SOL, ARB). It is old at
the top of leverage. `leverage_brackets: FILE` in config.yaml puts yours in its place: a `leverage_brackets` table
(data-formats.md), for any venue, or as .json what Binance answers an account to `GET /fapi/v1/leverageBracket`. In a folder
that you fetch into, the latest dated table comes first.
"""


def venues_page() -> str:
    """Write the page."""
    return HEAD + "\n" + "\n".join(_section(venue) for venue in VENUES.values())


def _section(venue: Venue) -> str:
    """Write one venue's table: what it gives, how it is read, how far back, from where that is known."""
    lines = [
        f"## {venue.display}\n",
        f"`{venue.name}` in config.yaml, quoted in {venue.quote}.\n",
        "| datum | unit | sides | how it is read | history | asked for | source |",
        "|---|---|---|---|---|---|---|",
    ]
    for datum in Datum:
        rule = venue.rule(datum)
        if isinstance(rule, Missing):
            lines.append(f"| {datum} | | | {rule.reason} | | | |")
            continue
        days = f"{rule.days} days" if rule.days else "now"
        lines.append(
            f"| {datum} | {rule.unit} | {rule.sides} | {rule.says} | {rule.history} | {days} | {rule.source} |"
        )
    return "\n".join(lines) + "\n"
