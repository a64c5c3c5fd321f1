"""Every combination of missing inputs, counted out: nothing raises, nothing is invented."""

from __future__ import annotations

from itertools import product

import pytest

from reportgen.guide.context import Context
from reportgen.units import Missing
from tests.guide.readings import (
    context,
    event,
    funding,
    level,
    nothing,
    open_interest,
    positioning,
    quality,
    structure,
    zone,
)
from tests.guide.readings_grid import everything

GONE = Missing("the folder has no such table")
CHART = structure(resistances=(level("above", 1.0),), supports=(level("below", 1.0),))
MAPS: tuple[dict[str, object], ...] = (
    {"zones": (), "map_missing": GONE},
    {"zones": ()},
    {"zones": (), "no_dense_zone": (nothing("above"), nothing("below"))},
    {"zones": (zone("A", "above", 1.2),), "no_dense_zone": (nothing("below"),)},
    {"zones": (zone("A", "above", -0.1), zone("B", "below", 1.2), zone("C", "below", 2.0))},
)


def markets(surface: dict[str, object]) -> list[Context]:
    """Combine one map with each input known or missing."""
    known = (True, False)
    return [
        context(
            **surface,
            structure=CHART if chart else GONE,
            positioning=positioning(
                open_interest=open_interest() if held else GONE, funding=funding() if paid else GONE
            )
            if crowd
            else GONE,
            map_quality=quality(
                grade="Low",
                depth=quality().depth if book else GONE,
                venue_concentration=0.9 if venue else GONE,
                gap_risk=0.1 if gap else GONE,
            ),
            events=(event(),) if due else (),
        )
        for chart, crowd, held, paid, book, venue, gap, due in product(known, repeat=8)
    ]


@pytest.mark.parametrize("surface", MAPS, ids=["no map", "nothing at all", "no dense zone", "one side", "price inside"])
def test_no_combination_of_missing_inputs_raises(surface: dict[str, object]) -> None:
    """Each of 256 combinations still gives seven lines, seven inputs, two scenarios and a Read that closes."""
    for market in markets(surface):
        said = everything(market)
        assert (len(said.checklist), len(said.inputs)) == (7, 7)
        assert said.plan.scenarios.bullish.text != said.plan.scenarios.bearish.text
        assert len(said.reactions) == len(market.zones)
        unknown = [one.reading for one in said.inputs if one.verdict == "unknown"]
        assert all(reading.startswith("n/a: ") for reading in unknown)
        gone = isinstance(market.structure, Missing), isinstance(market.open_interest, Missing)
        rest = isinstance(market.funding, Missing), market.no_map is not None
        assert bool(unknown) == any((*gone, *rest))
