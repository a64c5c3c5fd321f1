"""A backtest as a compact table for the terminal: each score beside its controls, then the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from reportgen.guide.structure.bars import interval_name
from reportgen.moments import moment_text
from reportgen.units import Missing

if TYPE_CHECKING:
    from reportgen.brief.types import Interval
    from reportgen.track_record.result import Backtest, MapScore, Metric
    from reportgen.units import Maybe

_COLUMNS: Final[tuple[tuple[str, Metric, str], ...]] = (
    ("rank | path", "liquidation rank", "path"),
    ("rank | path+price", "liquidation rank", "path+price"),
    ("rank | chart", "liquidation rank", "chart"),
    ("location 24 h", "location lift 24 h", ""),
)
_WEAK: Final[tuple[tuple[str, Metric, str], ...]] = tuple(
    (f"oi rank | {controls}", "open interest rank", controls) for controls in ("path", "path+price", "chart")
)
_NAME_WIDTH: Final = 26
_WIDTH: Final = 25


def table(result: Backtest) -> Iterator[str]:
    """Give the lines of one market's table."""
    yield (
        f"{result.symbol} on {result.venue}, {moment_text(result.from_ms)} to {moment_text(result.until_ms)}, "
        f"{interval_name(result.horizon_ms)} ahead"
    )
    if result.map_scores:
        yield f"{result.observations} bars, {result.days} days, worth {result.effective:.0f}; 90 % intervals by days"
        yield from _scores(result.map_scores)
        yield from _margins(result)
    yield from _reliability(result)
    if result.pooled:
        yield from _by_market(result)
    else:
        yield from _dollars(result)
        yield from _reactions(result)
        yield from _near_events(result)
    yield from (f"Note: {one}" for one in result.notes)
    yield f"Verdict: {result.verdict}. {result.why}"


def _scores(rows: tuple[MapScore, ...]) -> Iterator[str]:
    """Lay out a line a map: mean of both sides."""
    liquidated = any(row.metric == "liquidation rank" for row in rows)
    columns = _COLUMNS if liquidated else _WEAK
    yield "both sides".ljust(_NAME_WIDTH) + "".join(title.ljust(_WIDTH) for title, _, _ in columns).rstrip()
    found = {(row.name, row.metric, row.controls): row.score for row in rows if row.side == "both"}
    for name in dict.fromkeys(row.name for row in rows):
        cells = [found[(name, metric, controls)] for _, metric, controls in columns]
        yield name.ljust(_NAME_WIDTH) + "".join(_cell(cell).ljust(_WIDTH) for cell in cells).rstrip()


def _margins(result: Backtest) -> Iterator[str]:
    """Lay out what the first engine has over each other map, given path and price, and given the chart."""
    metric = "liquidation rank" if any(row.metric == "liquidation rank" for row in result.map_scores) else None
    rows = {
        row.controls: {one.versus: one.by for one in row.minus}
        for row in result.map_scores
        if row.name == result.map_scores[0].name and row.side == "both" and row.metric == (metric or row.metric)
    }
    priced, chart = rows.get("path+price", {}), rows.get("chart", {})
    if priced:
        yield f"{result.map_scores[0].name} minus".ljust(_NAME_WIDTH) + "path+price".ljust(_WIDTH) + "chart"
    for name, by in priced.items():
        yield f"  {name}".ljust(_NAME_WIDTH) + _cell(by).ljust(_WIDTH) + (_cell(chart[name]) if name in chart else "-")


def _by_market(result: Backtest) -> Iterator[str]:
    """Lay out what each market says alone, and the pooled figure below."""
    titles = ("rank | path+price", "over strongest control", "bars, days")
    yield "by market".ljust(_NAME_WIDTH) + "".join(title.ljust(_WIDTH) for title in titles) + "alone"
    for one in result.pooled:
        over = one.strongest if isinstance(one.strongest, Missing) else one.strongest.by
        size = f"{one.observations}, {one.days}"
        cells = "".join(cell.ljust(_WIDTH) for cell in (_cell(one.score), _cell(over), size))
        yield one.symbol.ljust(_NAME_WIDTH) + cells + one.verdict


def _dollars(result: Backtest) -> Iterator[str]:
    if isinstance(result.dollars, Missing):
        yield f"Dollars: {result.dollars.reason}"
        return
    yield (
        "dollars, both sides".ljust(_NAME_WIDTH)
        + "".join(
            title.ljust(_WIDTH)
            for title in ("realised / estimated", "root correlation", "by distance only", "coverage")
        ).rstrip()
    )
    for one in result.dollars:
        if one.side == "both":
            held = "-" if isinstance(one.coverage, Missing) else f"{one.coverage:.2f} of {one.coverage_meant:.2f}"
            cells = (one.ratio, one.root_correlation, one.climatology_root_correlation)
            yield one.name.ljust(_NAME_WIDTH) + "".join(_cell(cell).ljust(_WIDTH) for cell in cells) + held


def _reactions(result: Backtest) -> Iterator[str]:
    score = result.reactions
    if isinstance(score, Missing):
        yield f"Reactions: {score.reason}"
        return
    yield f"reactions: {score.zones} zones, {score.independent} independent"
    for title, cell in (
        ("Brier skill, climatology", score.brier_skill),
        ("Brier skill, learned table", score.brier_skill_distance_only),
        ("log skill, climatology", score.log_skill),
        ("log skill, learned table", score.log_skill_distance_only),
        ("reject given tap", score.reject_given_tap),
        ("  mirrored zones", score.reject_given_tap_elsewhere),
    ):
        yield title.ljust(_NAME_WIDTH) + _cell(cell)


def _reliability(result: Backtest) -> Iterator[str]:
    """Lay out each kind of forecast: its skill over climatology, then what was foretold and what came, band by band."""
    if not result.reliability:
        return
    yield "foretold".ljust(_NAME_WIDTH + 4) + "skill over climatology".ljust(_WIDTH) + "foretold -> came, of so many"
    for one in result.reliability:
        told = (f"{band.expected / band.given:.0%} -> {band.came / band.given:.0%} of {band.given}"
                for band in one.bands if band.given)  # fmt: skip
        name = f"{one.of.replace('_', '-')}, {one.forecasts} on {one.days} days"
        yield name.ljust(_NAME_WIDTH + 4) + _cell(one.skill).ljust(_WIDTH) + "; ".join(told)


def _near_events(result: Backtest) -> Iterator[str]:
    split = result.near_events
    if isinstance(split, Missing):
        yield f"Near events: {split.reason}"
        return
    yield (
        f"near events: {split.events} events, {split.zones_near} zones on {split.days_near} days with one in their "
        f"horizon, {split.zones_away} on {split.days_away} days without"
    )
    for title, cell in (
        ("taps beyond distance", split.taps_beyond_distance),
        ("reject given tap", split.reject_given_tap),
    ):
        yield f"{title}, difference".ljust(_NAME_WIDTH + 7) + _cell(cell)
    yield f"Near events: {split.verdict}. {split.why}"


def _cell(value: Maybe[Interval]) -> str:
    """Write a value with its interval; a dash where there is none."""
    if isinstance(value, Missing):
        return "-"
    return f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"
