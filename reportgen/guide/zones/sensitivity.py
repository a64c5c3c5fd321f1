"""Which assumption moves each zone most: the map drawn again with one assumption at a time set low and high.

Every re-run follows the bars alone, which is quick, and is held against a run on the bars with
nothing changed; that the bars alone may show another zone than the finer path is one of the lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from reportgen.config.assumptions import Assumptions
from reportgen.guide.structure.bars import resample
from reportgen.guide.zones import Label, Zone
from reportgen.liquidation.map import SideProfile, profiles_now
from reportgen.liquidation.margin import Brackets
from reportgen.liquidation.profile import DenseRun, along_price, dense_runs
from reportgen.market.data import Candles
from reportgen.units import Fraction, Missing, Side, Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """What one assumption does to one zone.

    Attributes:
        label, side: Which zone. assumption: in plain words, with its settings.
        edge_shift: Fraction of the price by which the near edge moves at most; None where the zone is lost.
        survives: Whether an overlapping zone is found at every setting.
        share_shift: By how much of the side's mass the zone's share changes at most; None where the zone is lost.
    """

    label: Label
    side: Where
    assumption: str
    edge_shift: Fraction | None
    survives: bool
    share_shift: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Case:
    """One setting of one assumption."""

    assumption: str
    candles: Candles
    brackets: Brackets
    assumptions: Assumptions


def zone_sensitivities(
    candles: Candles, brackets: Brackets, zones: tuple[Zone, ...], scope: Mapping[Side, int], assumptions: Assumptions
) -> tuple[Sensitivity, ...]:
    """Draw the map again under each setting, and follow each zone.

    Args:
        candles: Closed bars up to as-of.
        brackets: Of the venue.
        zones: As on the page.
        scope: Bins from the price that count, per side.
        assumptions: Of the page; `sensitivity_factor`, `sensitivity_bars` and `draw_log_distance` make the settings.

    Returns:
        Zone by zone, what loses it first, then the largest shift first.
    """
    if not zones:
        return ()
    base = _runs(_Case(assumption="", candles=candles, brackets=brackets, assumptions=assumptions), scope)
    cases = tuple(_cases(candles, brackets, assumptions))
    found = [(case.assumption, _runs(case, scope)) for case in cases]
    lines: list[Sensitivity] = []
    for zone in zones:
        runs, price = base[zone.liquidated_side], float(candles.close[-1])
        near, far = sorted(
            round(abs(float(np.log(edge / price))) / assumptions.bin_log_width) for edge in (zone.low, zone.high)
        )
        shown = DenseRun(start=near, stop=far, peak=near, share=zone.share, intensity=zone.intensity)
        on_bars = _overlapping(shown, runs)
        own = [_compare(zone, "the path is read from bars alone", shown, [on_bars], assumptions)]
        if on_bars is not None:
            settings: dict[str, list[DenseRun | None]] = {}
            for name, by_side in found:
                settings.setdefault(name, []).append(_overlapping(on_bars, by_side[zone.liquidated_side]))
            own += [_compare(zone, name, on_bars, kept, assumptions) for name, kept in settings.items()]
        lines += sorted(own, key=lambda line: (line.survives, -(line.edge_shift or 0.0), line.assumption))
    return tuple(lines)


def _cases(candles: Candles, brackets: Brackets, a: Assumptions) -> Iterator[_Case]:
    """List the settings: half and double, none and all, coarser bars, nearer and farther levels."""
    same = _Case(assumption="", candles=candles, brackets=brackets, assumptions=a)
    times = a.sensitivity_factor
    for factor in (1 / times, times):
        slower = replace(a, age_tau_hours=a.age_tau_hours * factor)
        yield replace(same, assumption=f"positions age {times:g} times faster or slower", assumptions=slower)
        blurred = replace(a, zone_blur_bins=a.zone_blur_bins * factor)
        yield replace(same, assumption=f"the smoothing is {times:g} times narrower or wider", assumptions=blurred)
        scaled = np.minimum(
            brackets.rate * factor, (1 + brackets.rate) / 2
        )  # below the whole position, even at the top
        rates = replace(brackets, rate=scaled, amount=brackets.amount * factor)
        yield replace(same, assumption=f"the maintenance margin is {times:g} times smaller or larger", brackets=rates)
    for share in (0.0, 2 * a.path_only_share):
        yield replace(
            same,
            assumption="the plain path book is left out or doubled",
            assumptions=replace(a, path_only_share=share),
        )
    for shift in (-a.draw_log_distance, a.draw_log_distance):
        moved = tuple(float(distance * np.exp(shift)) for distance in a.kernel_distances)
        text = f"typical distances are {100 * a.draw_log_distance:.0f}\u202f% off"
        yield replace(same, assumption=text, assumptions=replace(a, kernel_distances=moved))
    yield replace(
        same, assumption=f"bars are {a.sensitivity_bars} times as long", candles=_coarser(candles, a.sensitivity_bars)
    )


def _coarser(candles: Candles, times: int) -> Candles:
    """Gather bars into longer ones that end with the last, whatever the hour: as-of need not end one of UTC's."""
    last, interval = int(candles.close_time_ms[-1]), times * candles.interval_ms
    offset = last % interval
    moved = resample(replace(candles, open_time_ms=candles.open_time_ms - offset), interval, last - offset)
    if isinstance(moved, Missing) or not len(moved):
        return candles
    return replace(moved, open_time_ms=moved.open_time_ms + offset)


def _runs(case: _Case, scope: Mapping[Side, int]) -> dict[Side, tuple[DenseRun, ...]]:
    """Find the dense runs of each side under one setting."""
    profiles: Mapping[Side, SideProfile] = profiles_now(case.candles, case.brackets, case.assumptions)
    return {
        side: dense_runs(along_price(profile.mass, case.assumptions)[: scope[side]], case.assumptions)
        for side, profile in profiles.items()
    }


def _overlapping(base: DenseRun, runs: tuple[DenseRun, ...]) -> DenseRun | None:
    """Find the run that shares most bins with another, None when none does."""
    shared = [(min(run.stop, base.stop) - max(run.start, base.start), run) for run in runs]
    best = max(shared, key=lambda pair: pair[0], default=None)
    return best[1] if best is not None and best[0] > 0 else None


def _compare(
    zone: Zone, assumption: str, base: DenseRun, settings: list[DenseRun | None], a: Assumptions
) -> Sensitivity:
    """Write down the largest shift of the near edge and of the share, or that a setting loses the zone."""
    kept = [run for run in settings if run is not None]
    shift = max((abs(run.start - base.start) for run in kept), default=0) * a.bin_log_width
    survives = len(kept) == len(settings)
    return Sensitivity(
        label=zone.label,
        side=zone.side,
        assumption=assumption,
        edge_shift=float(np.expm1(shift)) if survives else None,
        survives=survives,
        share_shift=max((abs(run.share - base.share) for run in kept), default=0.0) if survives else None,
    )
