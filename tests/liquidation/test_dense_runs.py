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
    dense_runs,
    draw_profiles,
    follow_runs,
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
