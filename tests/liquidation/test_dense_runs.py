"""Dense runs, the emission gate, and what the draws say of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reportgen.config.assumptions import DEFAULTS
from reportgen.liquidation.profile import (
    DenseRun,
    blur_matrix,
    dense_runs,
    draw_profiles,
    follow_runs,
    region_mask,
    runs_of_many,
    shares_of_side,
)
from reportgen.units import Floats

PROFILES = hnp.arrays(np.float64, st.integers(20, 200), elements=st.floats(0, 1e6, allow_subnormal=False))


def _bump(*places: tuple[int, float], width: int = 160, base: float = 1.0) -> Floats:
    """Build a flat profile with bumps eight bins wide at (place, height)."""
    profile = np.full(width, base)
    for place, height in places:
        profile[place : place + 8] += height
    return profile


def test_flat_profile_has_no_dense_zone() -> None:
    """An even spread of mass has no dense run."""
    assert dense_runs(np.ones(150), DEFAULTS) == ()


def test_empty_profile_has_no_dense_zone() -> None:
    """No mass is an answer, not an error."""
    assert dense_runs(np.zeros(150), DEFAULTS) == ()


def test_two_bumps_are_found_nearest_first() -> None:
    """Two bumps that stand out become two runs at their places, in order of distance."""
    runs = dense_runs(_bump((30, 6.0), (100, 9.0)), replace(DEFAULTS, zone_region_share=0.4))
    assert [(run.start, run.stop) for run in runs] == [(30, 38), (100, 108)]
    assert runs[1].share > runs[0].share > DEFAULTS.zone_gate_share


def test_a_thin_spike_fails_the_gate() -> None:
    """One dense bin that holds little mass is not a zone."""
    profile = np.ones(150)
    profile[40] = 6.0
    assert dense_runs(profile, DEFAULTS) == ()


@given(PROFILES)
def test_runs_pass_the_gate_they_claim(profile: Floats) -> None:
    """Every run is inside the profile, ordered, disjoint, and holds the share and intensity that it says."""
    runs = dense_runs(profile, DEFAULTS)
    last = 0
    for run in runs:
        assert last <= run.start < run.stop <= len(profile)
        assert run.start <= run.peak < run.stop
        assert run.share == pytest.approx(profile[run.start : run.stop].sum() / profile.sum())
        assert run.share >= DEFAULTS.zone_gate_share
        assert run.intensity >= DEFAULTS.zone_gate_intensity
        last = run.stop


@given(PROFILES, st.floats(1e-3, 1e3))
def test_units_of_mass_do_not_matter(profile: Floats, factor: float) -> None:
    """Multiplying all mass changes neither the runs nor their shares."""
    rounded = np.round(profile)
    one = dense_runs(rounded, DEFAULTS)
    other = dense_runs(rounded * 2.0 ** round(np.log2(factor)), DEFAULTS)
    assert [(run.start, run.stop) for run in one] == [(run.start, run.stop) for run in other]


def test_draws_keep_the_total_and_are_reproducible() -> None:
    """Each draw has the prior's mass, and the same seed gives the same draws."""
    nodes = np.stack([_bump((30, 5.0)), _bump((80, 5.0))])
    first = draw_profiles(nodes, np.random.default_rng(5), DEFAULTS)
    again = draw_profiles(nodes, np.random.default_rng(5), DEFAULTS)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first.sum(axis=1), nodes.sum())
    assert first.shape == (DEFAULTS.draws, 160)


def test_a_stricter_gate_is_passed_in_fewer_draws() -> None:
    """A zone recurs in more draws under a gate far below it than under one near its own intensity."""
    profile = _bump((60, 20.0))
    run = dense_runs(profile, DEFAULTS)[0]
    nodes = np.stack([np.ones(160), profile - 1])
    draws = draw_profiles(nodes, np.random.default_rng(1), replace(DEFAULTS, draw_log_distance=0.01))
    persistence = [
        follow_runs((run,), draws, replace(DEFAULTS, zone_gate_intensity=run.intensity * part))[0].persistence
        for part in (0.3, 0.95)
    ]
    assert persistence[0] > persistence[1] > 0


def test_without_uncertainty_the_edges_stand_still() -> None:
    """Draws without spread give the run itself in every draw."""
    sure = replace(DEFAULTS, draw_concentration=1e9, draw_log_distance=1e-9)
    profile = _bump((40, 20.0))
    run = dense_runs(profile, sure)[0]
    found = follow_runs((run,), draw_profiles(profile[None], np.random.default_rng(2), sure), sure)[0]
    assert found.persistence == 1
    assert max(abs(edge - run.start) for edge in found.near_band) <= 1
    assert max(abs(edge - run.stop) for edge in found.far_band) <= 1


def test_more_doubt_widens_the_edge_bands() -> None:
    """A larger spread of distances moves the edges more."""
    profile = _bump((60, 20.0))
    run = dense_runs(profile, DEFAULTS)[0]
    widths = []
    for spread in (0.02, 0.15):
        doubt = replace(DEFAULTS, draw_log_distance=spread)
        found = follow_runs((run,), draw_profiles(profile[None], np.random.default_rng(3), doubt), doubt)[0]
        widths.append(found.near_band[1] - found.near_band[0])
    assert widths[1] > 2 * widths[0]


def test_share_bands_are_numpys_quantiles_of_the_draws_shares() -> None:
    """Each draw is divided by its own mass in the scope; 10 % and 90 % lie where numpy puts them, also for one draw."""
    nodes = np.random.default_rng(5).random((3, 70))
    draws = np.random.default_rng(6).gamma(0.7, size=(23, 70)) * np.linspace(4.0, 0.1, 23)[:, None]
    found = shares_of_side(nodes, draws, 50, 0.001)
    parts = np.array([[value / row[:50].sum() for value in row] for row in draws])
    np.testing.assert_allclose(found.low, np.quantile(parts, 0.1, axis=0))
    np.testing.assert_allclose(found.high, np.quantile(parts, 0.9, axis=0))
    assert found.total == pytest.approx(sum(float(nodes[row, place]) for row in range(3) for place in range(50)))
    np.testing.assert_allclose(found.share, nodes.sum(axis=0) / found.total)
    one = shares_of_side(nodes, draws[:1], 50, 0.001)
    np.testing.assert_array_equal(one.low, one.high)
    empty = shares_of_side(0 * nodes, 0 * draws, 50, 0.001)
    assert empty.total == 0 == empty.share.max() == empty.low.max() == empty.high.max()


def test_of_two_runs_in_a_draw_the_densest_is_followed() -> None:
    """A zone of bins 30 to 60 breaks in two: the draw's edges are the denser part's, of equals the nearer one's."""
    run = DenseRun(start=30, stop=60, peak=31, share=0.5, intensity=5.0)
    loose = replace(DEFAULTS, zone_region_share=0.4)
    farther, nearer, alike = _bump((32, 6.0), (50, 9.0)), _bump((32, 9.0), (50, 6.0)), _bump((32, 8.0), (50, 8.0))
    for profile, near, far in ((farther, 50, 58), (nearer, 32, 40), (alike, 32, 40)):
        (found,) = follow_runs([run], profile[None], loose)
        assert (found.near_band, found.far_band) == ((near, near), (far, far))
        assert found.persistence == 1.0
    (mixed,) = follow_runs([run], np.stack([farther, np.ones(160), nearer, _bump((100, 9.0))]), loose)
    assert mixed.persistence == 0.5
    assert mixed.near_band == pytest.approx((32 + 0.1 * 18, 32 + 0.9 * 18))
    (lost,) = follow_runs([run], np.ones((3, 160)), loose)
    assert (lost.persistence, lost.near_band, lost.far_band) == (0.0, (30, 30), (60, 60))


def test_gaps_are_closed_up_to_their_width() -> None:
    """Two bumps as many bins apart as the rule closes are one run; one bin more leaves two."""
    gap = DEFAULTS.zone_gap_bins
    for apart, runs in ((gap, 1), (gap + 1, 2)):
        found = dense_runs(_bump((30, 9.0), (38 + apart, 9.0)), replace(DEFAULTS, zone_region_share=0.4))
        assert len(found) == runs
        assert (found[0].start, found[-1].stop) == (30, 46 + apart)


def test_a_runs_peak_share_and_intensity_are_its_own() -> None:
    """Of 160 bins of 1 with eight of 10 and one of 12 among them: 84 of 236, nine and a third times the median."""
    profile = np.ones(160)
    profile[40:48] = 10.0
    profile[45] = 14.0
    (run,) = dense_runs(profile, replace(DEFAULTS, zone_region_share=0.3))
    assert (run.start, run.stop, run.peak) == (40, 48, 45)
    assert run.share == pytest.approx(84 / 236)
    assert run.intensity == pytest.approx(84 / 8)


def test_the_blur_widens_with_distance() -> None:
    """Bin i spreads normally over all, its width the root of a fixed and a growing part; rows add up to 1."""
    step = DEFAULTS.smooth_log_width / 3
    spread = blur_matrix(40, step, DEFAULTS)
    for row in (0, 7, 39):
        width = (3.0**2 + (DEFAULTS.smooth_distance_share * (row + 0.5)) ** 2) ** 0.5
        weights = [np.exp(-((column - row) ** 2) / (2 * width**2)) for column in range(40)]
        np.testing.assert_allclose(spread[row], np.array(weights) / sum(weights))


def test_the_region_is_the_fewest_bins_that_hold_the_share() -> None:
    """Of 10 the bins of 4 and 3 hold seven tenths; three bins between them are filled from a gap of three on."""
    profile = np.array([[4.0, 0, 0, 0, 3, 2, 1, 0], np.zeros(8)])
    for share, gap, marked in (
        (0.7, 2, [0, 4]),
        (0.71, 2, [0, 4, 5]),
        (0.7, 3, [0, 1, 2, 3, 4]),
        (1.0, 0, [0, 4, 5, 6]),
    ):
        region = region_mask(profile, replace(DEFAULTS, zone_region_share=share, zone_gap_bins=gap))
        assert [np.flatnonzero(row).tolist() for row in region] == [marked, []]


@pytest.mark.parametrize("rest", [[1.0, 1, 1, 3, 3], [1.0, 1, 2, 5]])
@pytest.mark.parametrize(
    ("intensity", "share", "passes"), [(4.5, 0.5, True), (4.51, 0.5, False), (4.5, 0.51, False), (4.4, 0.4, True)]
)
def test_the_gate_stands_at_its_figures(rest: list[float], intensity: float, share: float, passes: bool) -> None:  # noqa: FBT001
    """A bin of 9 beside a median of 2, half of 18: four and a half times and one half still pass, more does not."""
    gate = replace(DEFAULTS, zone_gate_intensity=intensity, zone_gate_share=share, zone_region_share=0.5)
    runs = runs_of_many(np.array([np.zeros(len(rest) + 1), [*rest, 9.0]]), gate)
    assert [runs.row.tolist(), runs.start.tolist(), runs.stop.tolist()] == [[1], [len(rest)], [len(rest) + 1]]
    assert runs.passes.tolist() == [passes]
