"""What was scored as Markdown, as docs/method.md shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from benchmarks.formulas.calibrated import HeldOut
from benchmarks.formulas.ceiling import BLURRED, SAME_PATH
from benchmarks.formulas.entrants import DEFAULT
from benchmarks.formulas.lift import TRUE_BOOK
from benchmarks.formulas.market_scores import MarketScores
from benchmarks.formulas.pooled import PooledWorlds
from benchmarks.formulas.simulated_scores import CALIBRATED, LIFTS, ON_BOOK
from reportgen.brief.types import Interval
from reportgen.guide.structure.bars import interval_name
from reportgen.track_record.maps import CLIMATOLOGY, CONTROLS, PLACEBO
from reportgen.units import Missing

_LEAST_SHARE: Final = 0.35
_LEAST_OVER: Final = 0.30
_RATIO: Final = (0.8, 1.25)
_COVERAGE: Final = (0.80, 0.95)
_KNOWN_BOOKS: Final = {TRUE_BOOK, BLURRED, SAME_PATH}
_TITLES: Final = {4: "lift, 4 h", 24: "lift, 24 h", ON_BOOK: "lift, true book"}


def market_table(found: MarketScores) -> Iterator[str]:
    """Lay out a market folder's scores."""
    names = ", ".join(symbol.partition("/")[0] for symbol in found.symbols)
    yield (
        f"{names}: {found.observations:,} bars of {found.days} days, {interval_name(found.horizon_ms)} ahead; partial "
        "rank correlation, 90 % intervals by days."
    )
    yield ""
    yield from _head("map", "rho", "minus its map of 24 h earlier", "minus path-only", "rho, chart given",
                     "minus path-only, chart given")  # fmt: skip
    for row in found.rows:
        control = row.name.startswith(f"{DEFAULT}, ")
        yield _line(
            row.name.removeprefix(f"{DEFAULT}, "),
            _rank(row.score["path+price"]),
            "" if control else _rank(row.minus_placebo),
            _rank(row.minus_baseline["path+price"]),
            _rank(row.score["chart"]),
            _rank(row.minus_baseline["chart"]),
        )
    for name, why in found.left_out.items():
        yield _line(name, why, "", "", "", "")
    best = max((row for row in found.rows if row.published), key=lambda row: row.score["path+price"].value)
    yield ""
    yield f"{DEFAULT} minus {best.name}, the best formula as published here: {_rank(best.default_minus)}."


def worlds_table(found: PooledWorlds, title: str) -> Iterator[str]:
    """Lay out every map of some simulated markets beside the true book."""
    yield f"{title}: {found.markets} simulated markets, days 60 to 120; 90 % intervals by days."
    yield ""
    titles = [_TITLES[kind] for kind in LIFTS]
    yield from _head("map", *titles, "share of the true book's", "4 h lift minus its map of 24 h earlier", "rho, 4 h")
    shown = (*found.names, *(f"{DEFAULT}, {control}" for control in CONTROLS))
    for name in shown:
        control = name not in found.names
        yield _line(
            name.removeprefix(f"{DEFAULT}, "),
            *(_lift(found.lift(kind, name)) for kind in LIFTS),
            " / ".join(f"{found.share(kind, name).value:.2f}" for kind in LIFTS),
            "" if control or name in _KNOWN_BOOKS else _lift(found.over_placebo(LIFTS[0], name)),
            _rank(found.ranks.estimate(found.at(name))),
        )


def by_world_table(worlds: Sequence[tuple[str, PooledWorlds]]) -> Iterator[str]:
    """Lay out the two estimates, their controls and the best formula, a line a world and kind of lift."""
    yield from _head("world", "lift", "true book", DEFAULT, "its placebo", "its climatology", CALIBRATED, "its placebo",
                     "best formula as published")  # fmt: skip
    for world, found in worlds:
        for kind in LIFTS:
            best = found.best_published(kind)
            names = (TRUE_BOOK, DEFAULT, f"{DEFAULT}, {PLACEBO}", f"{DEFAULT}, {CLIMATOLOGY}", CALIBRATED,
                     f"{CALIBRATED}, {PLACEBO}")  # fmt: skip
            yield _line(
                f"{world} ({found.markets})",
                _TITLES[kind].removeprefix("lift, "),
                *(f"{found.lift(kind, name).value:.2f}" for name in names),
                f"{found.lift(kind, best).value:.2f}, {best}",
            )


def dollars_table(rows: Sequence[HeldOut]) -> Iterator[str]:
    """Lay out how each calibration's dollars held, and how many did."""
    yield from _head(
        "world, seed", "churn chosen", "realised / estimated", "root correlation", "held by 90 % intervals"
    )
    for row in rows:
        held = "–" if isinstance(row.covered, Missing) else f"{row.covered:.0%} of {row.of}"
        yield _line(
            f"{row.world}, {row.seed}", f"{row.churn:g}", f"{row.ratio:.2f}", f"{row.root_correlation:.2f}", held
        )
    covered = np.array([row.covered for row in rows if not isinstance(row.covered, Missing)])
    ratio = np.array([row.ratio for row in rows])
    inside = int(((ratio >= _RATIO[0]) & (ratio <= _RATIO[1])).sum())
    held_well = int(((covered >= _COVERAGE[0]) & (covered <= _COVERAGE[1])).sum())
    yield ""
    yield (
        f"Ratio: median {np.median(ratio):.2f}, from {ratio.min():.2f} to {ratio.max():.2f}; {inside} of {len(ratio)} "
        f"in 0.8–1.25. Coverage: mean {covered.mean():.0%}, {held_well} of {len(covered)} in 80–95 %."
    )


def targets_table(found: PooledWorlds) -> Iterator[str]:
    """Say which targets are met, by the default engine and by the calibrated one."""
    yield from _head("target", "map", *(_TITLES[kind] for kind in LIFTS))
    for name in (DEFAULT, CALIBRATED):
        shares = [found.share(kind, name) for kind in LIFTS]
        yield _line("at least .35 of the true book's lift", name, *(_judged(one, _LEAST_SHARE) for one in shares))
        over = [found.over_placebo(kind, name) for kind in LIFTS]
        yield _line("at least .30 above its map of 24 h earlier", name, *(_judged(one, _LEAST_OVER) for one in over))
        best = [found.lift(kind, name, minus=found.best_published(kind)) for kind in LIFTS]
        yield _line(
            "at least .30 above the best formula as published", name, *(_judged(one, _LEAST_OVER) for one in best)
        )


def _judged(one: Interval, least: float) -> str:
    return f"{_lift(one)}, {'met' if one.value >= least else 'missed'}"


def _head(*titles: str) -> Iterator[str]:
    yield _line(*titles)
    yield "|" + "---|" * len(titles)


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _rank(one: Interval) -> str:
    return f"{_short(one.value, 3)} [{_short(one.low, 3)}, {_short(one.high, 3)}]"


def _lift(one: Interval) -> str:
    return f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"


def _short(value: float, digits: int) -> str:
    """Write a correlation as the docs do: .312, -.020."""
    return f"{value:.{digits}f}".replace("0.", ".", 1).replace("-.000", ".000")
