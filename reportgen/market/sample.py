"""The bundled simulated market: a market folder inside the package, read like any other.

`scripts/make_sample.py` wrote it with the simulator; nothing is simulated when a brief is made.
"""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager
from importlib.resources import as_file, files
from pathlib import Path
from types import MappingProxyType

from reportgen.assumptions import DEFAULTS, Assumptions
from reportgen.market.data import Gathered
from reportgen.market.files import read_market, symbols_in
from reportgen.units import Milliseconds

_FOLDER = "sample_data"
_NAME = "the bundled simulated market"


def read_sample(
    symbols: tuple[str, ...] | None, as_of_ms: Milliseconds | None, *, assumptions: Assumptions = DEFAULTS
) -> Gathered:
    """Read the simulated market that ships with the product.

    Args:
        symbols: In any usual spelling; None means every symbol of the sample.
        as_of_ms: UTC epoch milliseconds; None means the sample's fixed end.
        assumptions: Uses those on the choice of bars and of the primary venue.

    Raises:
        DataError: The sample has none of these symbols, and no as-of was given.
        UsageError: A text names no market.
    """
    with sample_folder() as folder:
        wanted = symbols_in(folder, None) if symbols is None else symbols
        gathered = read_market(folder, wanted, as_of_ms=as_of_ms, simulated=True, assumptions=assumptions)
    # The package may lie anywhere: where it does is no news about the data.
    return dataclasses.replace(gathered, provenance=MappingProxyType(dict(gathered.provenance) | {"folder": _NAME}))


def sample_folder() -> AbstractContextManager[Path]:
    """Lend the folder of the bundled market."""
    return as_file(files(__package__) / _FOLDER)
