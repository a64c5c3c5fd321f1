"""How far a dollar estimate may be off: intervals from past sweeps, realised beside estimated.

Draws of the weights do not calibrate notional (MODEL section 3), so the interval of a sum of dollars comes from what
sweeps of about that size realised before. Small sweeps scatter more than large ones: each class of estimated mass has
its own ratios.
"""

from __future__ import annotations

from dataclasses import dataclass

from reportgen.units import Floats, Fraction, Notional


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
