"""How far one symbol's data and map can be trusted: coverage, the map's grade, and what each venue says right now.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

import numpy as np

from reportgen import notation
from reportgen.config.assumptions import Assumptions
from reportgen.market.data import ALL_DATA, NO_FUNDING_NOW, Candles, Depth, MarketData, OrderBook
from reportgen.market.exchanges.units import eight_hour_rate
from reportgen.market.exchanges.venue import Datum
from reportgen.market.exchanges.venues import VENUES, shown
from reportgen.market.folder.build import missing_bars
from reportgen.market.folder.tables import interval_text
from reportgen.market.symbols import base_of
from reportgen.units import DAY_MS, HOUR_MS, Floats, Fraction, Maybe, Milliseconds, Missing, Notional


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueCoverage:
    """What one venue gave for one symbol.

    Attributes:
        venue: Name. tables: names of the tables it filled. bars: bars used. gaps: bars missing inside them.
        interval: "1h". open_interest_share: its part of the known open interest, or why unknown.
    """

    venue: str
    tables: tuple[str, ...]
    interval: str
    bars: int
    gaps: int
    open_interest_share: Maybe[Fraction]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Where the input of a symbol came from.

    Attributes:
        primary_venue: The map is drawn from its path. venues: each. last_close_ms: of the last bar used.
        stale_bars: bars between that close and as-of. history_days: of the primary venue's candles.
        book_coverage: share of open interest that was opened inside the observed history (start-up coverage), or why
            unknown.
        inputs_known, inputs_total: of the guide's inputs.
    """

    primary_venue: str
    venues: tuple[VenueCoverage, ...]
    last_close_ms: Milliseconds
    stale_bars: int
    history_days: float
    book_coverage: Maybe[Fraction]
    inputs_known: int
    inputs_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MapQuality:
    """High, Medium, Low or None, and why.

    Attributes:
        grade: The verdict; None without usable candles.
        depth: Resting size near the price. venue_concentration: largest venue's share of the known open interest.
        gap_risk: Share of recent bars that moved more than the gap threshold or are absent, or why unknown.
        reasons: one clause each, the ones that lowered the grade first.
    """

    grade: Literal["High", "Medium", "Low", "None"]
    depth: Maybe[Depth]
    venue_concentration: Maybe[Fraction]
    gap_risk: Maybe[Fraction]
    reasons: tuple[str, ...]


# ---- What one symbol's market data cover ----


def assess_coverage(
    market: MarketData, *, inputs_known: int, inputs_total: int, assumptions: Assumptions
) -> Maybe[Coverage]:
    """Say where a symbol's input came from, or why there are no candles.

    `inputs_known` of the guide's inputs, of `inputs_total`, could be computed. Uses `coverage_churn` and
    `coverage_largest_close`.
    """
    if isinstance(market.candles, Missing):
        return market.candles
    tables = {
        "candles": market.candles,
        "open interest": market.open_interest,
        "funding": market.funding,
        "order book": market.order_book,
        "leverage brackets": market.brackets,
        "spot candles": market.spot_candles,
        "mark candles": market.mark_candles,
        "long/short ratio": market.long_short_ratio,
        "known positions": market.positions,
    }
    given = {name: table for name, table in tables.items() if not isinstance(table, Missing)}
    others = sorted({venue for table in given.values() for venue in table} - set(market.candles))
    shares, venues = open_interest_shares(market), []
    for venue in (*market.candles, *others):
        bars = market.candles.get(venue)
        unknown = Missing(f"The market data hold no recent open interest of {venue}.")
        venues.append(
            VenueCoverage(
                venue=venue,
                tables=tuple(name for name, table in given.items() if venue in table),
                interval=interval_text(bars.interval_ms) if bars else "",
                bars=len(bars) if bars else 0,
                gaps=missing_bars(bars.open_time_ms, bars.interval_ms) if bars else 0,
                open_interest_share=shares if isinstance(shares, Missing) else shares.get(venue, unknown),
            )
        )
    primary = next(iter(market.candles))
    candles = market.candles[primary]
    return Coverage(
        primary_venue=primary,
        venues=tuple(venues),
        last_close_ms=candles.last_close_ms,
        stale_bars=(market.as_of_ms - candles.last_close_ms) // candles.interval_ms,
        history_days=candles.span_ms / DAY_MS,
        book_coverage=book_coverage(market, assumptions),
        inputs_known=inputs_known,
        inputs_total=inputs_total,
    )


def stale_reason(market: MarketData, horizon_hours: float, assumptions: Assumptions) -> str:
    """Say why a market's last bar is too old to act on at as-of, or "".

    Too old is more than `stale_bars` bars of its interval, or a horizon that is over, counted from the last close.
    """
    if isinstance(market.candles, Missing):
        return ""
    candles = next(iter(market.candles.values()))
    age_ms = market.as_of_ms - candles.last_close_ms
    if age_ms <= min(assumptions.stale_bars * candles.interval_ms, horizon_hours * HOUR_MS):
        return ""
    hours = age_ms / HOUR_MS
    age = f"{hours:.1f} hours" if hours < 2 * DAY_MS / HOUR_MS else f"{hours * HOUR_MS / DAY_MS:.1f} days"
    return f"The last bar closed {age} before as-of."


def book_coverage(market: MarketData, assumptions: Assumptions) -> Maybe[Fraction]:
    """Estimate the share of open interest that was opened inside the observed history.

    At the first snapshot every entry is unknown. Each bar closes a part of the unknown positions: what changes hands
    (`coverage_churn` x volume) and what open interest falls by, over open interest, at most `coverage_largest_close`.

    Returns:
        Fraction in [0, 1], or Missing without open interest over at least two bars.
    """
    open_interest = market.leading_open_interest
    if isinstance(market.candles, Missing):
        return market.candles
    if isinstance(open_interest, Missing):
        return open_interest
    candles = next(iter(market.candles.values()))
    place = np.searchsorted(open_interest.time_ms, candles.close_time_ms, side="right") - 1
    known = place >= 0
    if np.count_nonzero(known) < 2:
        return Missing("Open interest is known over fewer than two bars, so start-up coverage cannot be estimated.")
    levels = open_interest.open_interest_base[place[known]]
    closed = assumptions.coverage_churn * candles.volume_base[known][1:] + np.maximum(-np.diff(levels), 0)
    survive = 1 - np.minimum(assumptions.coverage_largest_close, closed / levels[:-1])
    unknown = levels[0] * float(np.prod(survive))
    return float(np.clip(1 - unknown / levels[-1], 0, 1))


def open_interest_shares(market: MarketData) -> Maybe[Mapping[str, Fraction]]:
    """Part the known open interest among its venues, by the last snapshot of each.

    Returns:
        By venue, adding up to 1; or Missing when there is none, or when it comes as a sum of venues.
    """
    if isinstance(market.open_interest, Missing):
        return market.open_interest
    if any(venue == "all" or "+" in venue for venue in market.open_interest):
        return Missing("The market data give open interest as a sum of venues, so no venue's share is known.")
    newest = max(int(each.time_ms[-1]) for each in market.open_interest.values())
    last = {
        venue: float(each.open_interest_base[-1])
        for venue, each in sorted(market.open_interest.items())
        if int(each.time_ms[-1]) >= newest - DAY_MS  # one that ended earlier says nothing of now
    }
    total = sum(last.values())
    return {venue: value / total for venue, value in last.items()}


def daily_quote_volume(candles: Candles, days: float) -> Notional:
    """Give the mean volume a day over the last days, in quote currency at the bars' closes."""
    since = candles.last_close_ms - round(days * DAY_MS)
    recent = candles.part(slice(int(np.searchsorted(candles.open_time_ms, since)), None))
    return float(np.sum(recent.volume_base * recent.close)) * DAY_MS / recent.span_ms


# ---- The guide's three questions on an altcoin's map, asked of every symbol ----

Finding: TypeAlias = tuple[int, str]
"""The weight of a fault, 0 for none, and its clause for the reader."""


def grade_map(market: MarketData, coverage: Maybe[Coverage], assumptions: Assumptions) -> MapQuality:
    """Grade a map High, Medium or Low, with the reasons that lowered it first; None without candles."""
    depth = market_depth(market, assumptions)
    shares = open_interest_shares(market)
    concentration = shares if isinstance(shares, Missing) else max(shares.values())
    if isinstance(market.candles, Missing) or isinstance(coverage, Missing):
        why = next(each for each in (market.candles, coverage) if isinstance(each, Missing))
        return MapQuality(
            grade="None", depth=depth, venue_concentration=concentration, gap_risk=why, reasons=(why.reason,)
        )
    candles = market.candles[coverage.primary_venue]
    risk = gap_risk(candles, assumptions)
    held: Finding = (1, "the venues' shares of open interest are unknown")
    if not isinstance(concentration, Missing):
        clause = f"one venue holds {notation.share(concentration)} of the known open interest"
        held = int(concentration > assumptions.one_venue_share), clause
    gaps: Finding = (1, "gap risk is unknown")
    if not isinstance(risk, Missing):
        clause = f"{notation.percent(risk)} of recent bars jumped or are absent"
        gaps = int(risk >= assumptions.evidence_gap_risk), clause
    thin: Finding = (0, "")
    if not (isinstance(depth, Depth) and depth.within >= assumptions.depth_within):  # else the order book tells
        volume = sum(daily_quote_volume(each, assumptions.venue_volume_days) for each in market.candles.values())
        if volume < assumptions.thin_daily_volume:
            thin = 1, f"the market is thin: {notation.dollars(volume)} trade a day on the venues in the data"
    silent: Finding = (0, "")
    if names := sorted({gap.venue for gap in market.gaps if gap.what == ALL_DATA}):
        tables = (market.candles, market.open_interest, market.funding, market.order_book)
        heard = {venue for table in tables if not isinstance(table, Missing) for venue in table}
        clause = f"{len(names)} of {len(heard.union(names))} venues gave nothing: {', '.join(map(shown, names))}"
        silent = (1 if len(names) < len(heard) else 2), clause
    findings = [
        _judge_history(coverage, candles, assumptions),
        _judge_depth(depth, assumptions),
        thin,
        held,
        gaps,
        silent,
        *((1, clause) for clause in market.doubts),
    ]
    said = sorted((finding for finding in findings if finding[1]), key=lambda finding: -finding[0])
    faults = sum(weight for weight, _ in said)
    return MapQuality(
        grade="Low" if faults >= assumptions.low_faults else "Medium" if faults else "High",
        depth=depth,
        venue_concentration=concentration,
        gap_risk=risk,
        reasons=tuple(clause for _, clause in said),
    )


def market_depth(market: MarketData, assumptions: Assumptions) -> Maybe[Depth]:
    """Give the depth of the deepest book whose snapshot is recent enough to say anything."""
    if isinstance(market.order_book, Missing):
        return market.order_book
    oldest = market.as_of_ms - round(assumptions.depth_oldest_hours * HOUR_MS)
    recent = {venue: book for venue, book in sorted(market.order_book.items()) if book.time_ms >= oldest}
    if not recent:
        venue, book = max(market.order_book.items(), key=lambda item: (item[1].time_ms, item[0]))
        age = notation.grouped((market.as_of_ms - book.time_ms) / DAY_MS, 1)
        return Missing(f"The last order-book snapshot of {base_of(market.symbol)}, on {venue}, is {age} days old.")
    found = [depth_near(book, assumptions.depth_within, venue=venue) for venue, book in recent.items()]
    deep = [depth for depth in found if isinstance(depth, Depth)]
    return max(deep, key=_thinner_side) if deep else found[0]


def depth_near(book: OrderBook, within: Fraction, *, venue: str) -> Maybe[Depth]:
    """Add up the resting size within a distance of the mid price, on each side.

    Args:
        book: One snapshot, best prices first.
        within: Distance from mid, fraction.
        venue: Where the snapshot was taken.

    Returns:
        The depth; its `within` is smaller where the snapshot itself ends sooner. Missing when a side is empty.
    """
    if not len(book.bid_price) or not len(book.ask_price):
        side = "asks" if len(book.bid_price) else "bids"
        return Missing(f"The last order-book snapshot on {venue} holds no {side}.")
    mid = (book.bid_price[0] + book.ask_price[0]) / 2
    below: Floats = 1 - book.bid_price / mid
    above: Floats = book.ask_price / mid - 1
    reach = min(within, float(below[-1]), float(above[-1]))
    bids, asks = below <= reach, above <= reach
    return Depth(
        within=reach,
        bid_quote=float(np.sum(book.bid_price[bids] * book.bid_size_base[bids])),
        ask_quote=float(np.sum(book.ask_price[asks] * book.ask_size_base[asks])),
        time_ms=book.time_ms,
        venue=venue,
    )


def gap_risk(candles: Candles, assumptions: Assumptions) -> Maybe[Fraction]:
    """Give the share of recent bars that jumped or are absent.

    A bar jumps when its true range exceeds `gap_ranges` mean true ranges of the bars before it (a day's, at least
    `atr_bars`): price can then pass a level without a clean entry.

    Returns:
        Fraction in [0, 1], or Missing when the history is too short to know a usual range.
    """
    before = max(assumptions.atr_bars, round(DAY_MS / candles.interval_ms))
    if len(candles) <= before:
        return Missing(f"Gap risk needs more than {before} bars; there are {len(candles)}.")
    last = np.concatenate([candles.open[:1], candles.close[:-1]])
    true_range = np.maximum(candles.high, last) - np.minimum(candles.low, last)
    summed = np.cumsum(true_range)
    mean = np.concatenate([[summed[before - 1]], summed[before:-1] - summed[: -before - 1]]) / before
    recent = candles.open_time_ms[before:] >= candles.last_close_ms - round(assumptions.gap_days * DAY_MS)
    jumps = np.count_nonzero((true_range[before:] > assumptions.gap_ranges * mean) & recent)
    bars = int(np.count_nonzero(recent))
    absent = missing_bars(candles.open_time_ms[-bars:], candles.interval_ms)
    return (int(jumps) + absent) / (bars + absent)


def _thinner_side(depth: Depth) -> float:
    return min(depth.bid_quote, depth.ask_quote)


def _judge_history(coverage: Coverage, candles: Candles, assumptions: Assumptions) -> Finding:
    age_hours = coverage.stale_bars * candles.interval_ms / HOUR_MS
    if age_hours > assumptions.stale_hours:
        return assumptions.low_faults, f"the last bar closed {notation.grouped(age_hours / 24, 1)} days before as-of"
    days = coverage.history_days
    if days < assumptions.least_history_days:
        return assumptions.low_faults, f"the history spans only {notation.grouped(days, 1)} days"
    if coverage.stale_bars > assumptions.reach_bars:
        return 1, f"the last bar closed {coverage.stale_bars} bars before as-of"
    if days < assumptions.short_history_days:
        return 1, f"the history spans only {notation.grouped(days, 1)} days"
    return 0, f"the history spans {notation.grouped(days, 0)} days"


def _judge_depth(depth: Maybe[Depth], assumptions: Assumptions) -> Finding:
    if isinstance(depth, Missing):
        return 1, "the depth of the order book is unknown"
    within = notation.percent(depth.within, 1 if depth.within >= assumptions.depth_within else 2)
    rests = f"{notation.dollars(_thinner_side(depth))} rests within {within} of mid on {depth.venue}, thinner side"
    if _thinner_side(depth) >= assumptions.depth_deep:
        return 0, rests
    if depth.within < assumptions.depth_within:
        return 1, f"the order book is known only within {within} of mid"
    if _thinner_side(depth) < assumptions.depth_thin:
        return 2, f"the order book is very thin: {rests}"
    return 1, f"the order book is thin: {rests}"


_Table = TypeVar("_Table")


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueReading:
    """One venue's last open interest and funding of a symbol, comparable with any other venue's.

    Attributes:
        venue: Name. open_interest_base: base coins, each position once, or why unknown. open_interest_quote: the same
            in quote currency, at the venue's own price. open_interest_time_ms: of the snapshot.
        funding_rate: Last settled, fraction per interval. interval_hours: that it covers. funding_8h: as over 8 hours.
        funding_time_ms: Of the settlement. open_interest_rule, funding_rule: how the venue's numbers were read; "" for
            a venue whose numbers came in the units of the market folder.
        running_8h: The rate that is running, an estimate until it settles, as over 8 hours. running_time_ms: when read.
    """

    venue: str
    open_interest_base: Maybe[float]
    open_interest_quote: Maybe[Notional]
    open_interest_time_ms: Milliseconds | None
    funding_rate: Maybe[Fraction]
    interval_hours: float | None
    funding_8h: Maybe[Fraction]
    funding_time_ms: Milliseconds | None
    open_interest_rule: str
    funding_rule: str
    running_8h: Maybe[Fraction] = NO_FUNDING_NOW
    running_time_ms: Milliseconds | None = None


def read_venues(market: MarketData) -> tuple[VenueReading, ...]:
    """Read every venue that has open interest or funding of a symbol, or that was asked and gave nothing; by name."""
    known = {
        venue for table in (market.open_interest, market.funding) if not isinstance(table, Missing) for venue in table
    }
    silent = {gap.venue: Missing(gap.reason) for gap in market.gaps if gap.what == ALL_DATA}
    return tuple(_reading(market, venue, silent.get(venue)) for venue in sorted(known | set(silent)))


def _reading(market: MarketData, venue: str, silent: Missing | None) -> VenueReading:
    interest = _of(market.open_interest, venue, silent or _absent(market, venue, Datum.OPEN_INTEREST))
    funding = _of(market.funding, venue, silent or _absent(market, venue, Datum.FUNDING))
    running = _of(market.funding_now, venue, silent or _absent(market, venue, Datum.FUNDING_NOW))
    amount = interest if isinstance(interest, Missing) else float(interest.open_interest_base[-1])
    rate = funding if isinstance(funding, Missing) else float(funding.funding_rate[-1])
    hours = None if isinstance(funding, Missing) else float(funding.interval_hours[-1])
    quote: Maybe[Notional]
    if isinstance(interest, Missing):
        quote = interest
    elif not isinstance(interest.open_interest_quote, Missing):
        quote = float(interest.open_interest_quote[-1])
    elif isinstance(market.candles, Missing) or venue not in market.candles:
        quote = interest.open_interest_quote
    else:  # at the venue's own last close
        quote = float(interest.open_interest_base[-1] * market.candles[venue].close[-1])
    rules = VENUES[venue].rules if venue in VENUES else {}
    said = {datum: "" if isinstance(rule, Missing) else rule.says for datum, rule in rules.items()}
    return VenueReading(
        venue=venue,
        open_interest_base=amount,
        open_interest_quote=quote,
        open_interest_time_ms=None if isinstance(interest, Missing) else int(interest.time_ms[-1]),
        funding_rate=rate,
        interval_hours=hours,
        funding_8h=rate if isinstance(rate, Missing) or hours is None else eight_hour_rate(rate, hours),
        funding_time_ms=None if isinstance(funding, Missing) else int(funding.time_ms[-1]),
        open_interest_rule="" if isinstance(interest, Missing) else said.get(Datum.OPEN_INTEREST, ""),
        funding_rule="" if isinstance(funding, Missing) else said.get(Datum.FUNDING, ""),
        running_8h=running
        if isinstance(running, Missing)
        else eight_hour_rate(float(running.funding_rate[-1]), float(running.interval_hours[-1])),
        running_time_ms=None if isinstance(running, Missing) else int(running.time_ms[-1]),
    )


def _of(table: Maybe[Mapping[str, _Table]], venue: str, absent: Missing) -> Maybe[_Table]:
    """Find a venue's rows, or say why it has none."""
    return absent if isinstance(table, Missing) or venue not in table else table[venue]


def _absent(market: MarketData, venue: str, datum: Datum) -> Missing:
    """Say why a venue's rows are not there, as it was recorded."""
    said = next((gap.reason for gap in market.gaps if gap.venue == venue and gap.what == datum), "")
    return Missing(said or f"The market data hold no {datum} of {base_of(market.symbol)} on {venue}.")
