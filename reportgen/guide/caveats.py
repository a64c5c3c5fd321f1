"""What the reader must hold against a symbol's map: coverage, depth, concentration, gaps, and what is missing."""

from __future__ import annotations

from reportgen import notation
from reportgen.guide.findings import Findings
from reportgen.guide.wording import because, sentence
from reportgen.market.data import Depth
from reportgen.market.quality import Coverage
from reportgen.units import Fraction, Maybe, Missing

MODELLED = "Levels are modelled, not observed: margin top-ups, cross margin and hedges move real liquidation prices."
OVERRIDE = "Large spot flows and headlines can override any zone."


def symbol_caveats(
    findings: Findings, coverage: Maybe[Coverage], *, calibrated: bool, refused: str = ""
) -> tuple[str, ...]:
    """List the caveats of one symbol, general ones first; each is a sentence with its number.

    Depth, venue concentration and gap risk answer the guide's three questions about an unreliable map. `refused` says
    why a calibration that was found is not used.
    """
    quality = findings.map_quality
    clauses = (
        MODELLED,
        "" if calibrated else "The map is uncalibrated: it shows shares of a side, not dollars",
        refused,
        _book(coverage),
        _depth(quality.depth),
        _concentration(quality.venue_concentration, findings.assumptions.caveat_concentration),
        _gaps(quality.gap_risk, findings.assumptions.evidence_gap_risk),
        _absent("Structure", findings.structure),
        _absent("Open interest", findings.open_interest),
        _absent("Funding", findings.funding),
        OVERRIDE,
    )
    return tuple(sentence(clause) for clause in clauses if clause)


def _book(coverage: Maybe[Coverage]) -> str:
    if isinstance(coverage, Missing):
        return f"coverage is not known: {because(coverage)}"
    covered = coverage.book_coverage
    if isinstance(covered, Missing):
        return f"how much of the open positions the map has seen being opened is not known: {because(covered)}"
    older = "; older entries are not mapped" if round(100 * covered) < 100 else ""
    return f"positions opened in the observed history make up {notation.share(covered)} of open interest{older}"


def _depth(depth: Maybe[Depth]) -> str:
    if isinstance(depth, Missing):
        return f"order-book depth is not known: {because(depth)}"
    bids, asks = notation.dollars(depth.bid_quote), notation.dollars(depth.ask_quote)
    within = notation.percent(depth.within)
    return f"the order book on {depth.venue} holds {bids} of bids and {asks} of asks within {within} of mid"


def _concentration(share: Maybe[Fraction], threshold: Fraction) -> str:
    if isinstance(share, Missing):
        return f"venue concentration is not known: {because(share)}"
    if share < threshold:
        return ""
    return f"{notation.share(share)} of the known open interest stands on one venue"


def _gaps(risk: Maybe[Fraction], threshold: Fraction) -> str:
    if isinstance(risk, Missing):
        return f"gap risk is not known: {because(risk)}"
    if risk < threshold:
        return ""
    return f"{notation.percent(risk)} of recent bars gapped: price can jump levels without a clean entry"


def _absent(name: str, value: object) -> str:
    return f"{name} is missing: {because(value)}" if isinstance(value, Missing) else ""
