"""Who looks crowded: funding and open interest of step 3 read together, as the guide does."""

from __future__ import annotations

from reportgen import notation
from reportgen.guide.positioning import FundingReading, OpenInterestReading
from reportgen.units import Fraction, Maybe, Missing, Side


def crowded(open_interest: Maybe[OpenInterestReading], funding: Maybe[FundingReading]) -> tuple[Side | None, str]:
    """Name the crowded side and why.

    The side that pays looks crowded when funding is extreme, or when open interest is elevated or rising too. A flush
    has ended the crowding; without funding nobody can be named, as every contract has a long and a short.

    Returns:
        The side, or None when neither looks crowded; and one clause with the numbers behind it.
    """
    if isinstance(funding, Missing):
        return None, "funding is not known"
    paid = f"funding is {notation.funding(funding.rate_8h)}"
    if funding.bias == "neutral":
        return None, f"{paid}, near the baseline"
    side = Side.LONG if funding.bias == "longs pay" else Side.SHORT
    rank = f", extreme: {_rank(funding)} of its history" if funding.extreme else ""
    paid = f"{funding.bias}, {paid}{rank}"
    if isinstance(open_interest, Missing):
        return (side, paid) if funding.extreme else (None, f"{paid}, and open interest is not known")
    confirms, clause = _positions(open_interest)
    if confirms or (funding.extreme and not open_interest.flush):
        return side, f"{paid}, and {clause}"
    return None, f"{paid}, but {clause}"


def _positions(reading: OpenInterestReading) -> tuple[bool, str]:
    """Tell whether open interest confirms crowding, and say its number."""
    change = f"{notation.percent_change(reading.change_24h)} in 24{notation.THIN}h"
    if reading.flush:
        return False, f"open interest was flushed ({change})"
    if reading.elevated:
        return True, f"open interest is elevated, {_beyond('above', 'highest', reading.percentile)} of its history"
    return reading.trend == "rising", f"open interest is {reading.trend} ({change})"


def _rank(funding: FundingReading) -> str:
    """Say how much of its own history the rate stands beyond, on the side that it leans to."""
    if funding.bias == "shorts pay":
        return _beyond("below", "lowest", 1 - funding.percentile)
    return _beyond("above", "highest", funding.percentile)


def _beyond(where: str, extreme: str, part: Fraction) -> str:
    """Say beyond how much of a history a value stands; a value beyond all of it is the extreme."""
    whole = round(100 * part)
    return f"the {extreme}" if whole >= 100 else f"{where} {whole}{notation.THIN}%"
