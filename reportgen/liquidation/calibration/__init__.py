"""What a calibration is: one symbol's node weights in dollars, what they were fitted on, and how well they held.

`calibration_fit` makes it from open interest and observed liquidations; `calibrations` keeps it in a file; the brief
multiplies the conservation nodes' masses by `weight` and gets quote currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reportgen.units import Bools, Floats, Fraction, Maybe, Milliseconds, Notional, Price


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NotionalRule:
    """Turns an estimated notional into an interval.

    Attributes:
        level: Share of sweeps that the interval should hold.
        edge_quote: Shape (c - 1,), quote currency, ascending: estimated masses that part the classes.
        low_ratio: Shape (c,), realised over estimated at the interval's lower end, by class. high_ratio: the upper end.
        covered: Sweeps of the later part of the sample that lay inside intervals known before them.
        of: How many there were.
    """

    level: Fraction
    edge_quote: Floats
    low_ratio: Floats
    high_ratio: Floats
    covered: int
    of: int

    @property
    def coverage(self) -> Fraction:
        """Give the achieved coverage in the time split."""
        return self.covered / self.of

    def bounds(self, estimated_quote: Notional) -> tuple[Notional, Notional]:
        """Give the interval of what would be realised.

        Args:
            estimated_quote: Calibrated notional, >= 0.
        """
        at = int(self.edge_quote.searchsorted(estimated_quote, side="right"))
        return estimated_quote * float(self.low_ratio[at]), estimated_quote * float(self.high_ratio[at])


VERSION: Final = 1
"""Of engine, reference weights and file together: a change to any is a new version, and another one is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FitScore:
    """How estimated liquidations met the observed ones, both sides together.

    Attributes:
        ratio: Sum realised over sum estimated; 1 is right.
        correlation: Of the square roots of realised and estimated, bar by bar.
        climatology: The same for the control, which knows only how far the bar went.
        observations: Bars times sides.
    """

    ratio: float
    correlation: float
    climatology: float
    observations: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """One symbol's effective node weights: of each quote unit that opens, how much is liquidated at which distance.

    Survival-weighted masses, never "leverage used".

    Attributes:
        version: VERSION when it was made.
        symbol: Unified name.
        borrowed_from: The pool's symbols where this one had no liquidations of its own and took the pool's weights.
        sample_start_ms: Open of the first bar fitted. sample_end_ms: close of the last.
        interval_ms: Length of a bar of the sample.
        observations: Bars times sides fitted; 0 when borrowed.
        liquidation_venues: Whose liquidations were fitted, sorted. open_interest_venues: whose open interest.
        price: Median close of the sample, quote per base. open_interest_base: its median open interest, base coins.
        churn: Positions that change hands, in units of the blended volume. volume_share: of volume in that blend.
        node_distance: Shape (k,), log distances from entry.
        weight: Shape (k,), >= 0. prior_weight: shape (k,), what it was pulled towards.
        identified: Shape (k,), False where the data said too little and the prior stayed.
        weight_draws: Shape (draws, k), from days drawn with replacement.
        fit: On the sample itself. held_out: on the later part, fitted on the earlier part alone.
        interval: How far a notional may be off, or why that is not known.
    """

    version: int
    symbol: str
    borrowed_from: str | None
    sample_start_ms: Milliseconds
    sample_end_ms: Milliseconds
    interval_ms: Milliseconds
    observations: int
    liquidation_venues: tuple[str, ...]
    open_interest_venues: tuple[str, ...]
    price: Price
    open_interest_base: float
    churn: float
    volume_share: Fraction
    node_distance: tuple[float, ...]
    weight: Floats
    prior_weight: Floats
    identified: Bools
    weight_draws: Floats
    fit: Maybe[FitScore]
    held_out: Maybe[FitScore]
    interval: Maybe[NotionalRule]
