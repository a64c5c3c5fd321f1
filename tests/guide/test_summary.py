"""The Read, the figure's words, the headline and the caveats; the guide's four worked examples stand here in small."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from reportgen.config.assumptions import DEFAULTS
from reportgen.guide.context import Context
from reportgen.guide.summary import CLOSING, SymbolFacts, figure_finding, headline, heatmap_alt, symbol_caveats
from reportgen.guide.wording import listed, ordinal
from reportgen.market.data import Depth
from reportgen.market.quality import Coverage
from reportgen.units import Missing, Side
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
from tests.guide.readings_grid import any_context, everything

MISSING = Missing("no coverage table")


def btc_range_shorts_above() -> Context:
    """Worked example 1: a sideways range, a large short cluster just above its high, a smaller one of longs below."""
    return context(
        zones=(zone("A", "above", 1.05, share=0.25), zone("B", "below", 1.3, share=0.08)),
        structure=structure(resistances=(level("above", 1.0),), supports=(level("below", 1.0),), volume="expanding"),
        positioning=positioning(open_interest=open_interest(trend="rising", change_24h=0.03)),
    )


def eth_downtrend_longs_below() -> Context:
    """Worked example 2: lower lows, a support that held twice, bright longs just below, longs still paying."""
    return context(
        base="ETH",
        zones=(zone("B", "below", 0.6, share=0.3),),
        no_dense_zone=(nothing("above"),),
        structure=structure(
            trend="down", trend_strength=-0.5, supports=(level("below", 0.5, 2),), relative_strength=-0.04
        ),
        positioning=positioning(
            open_interest=open_interest(elevated=True, percentile=0.9),
            funding=funding(rate_8h=0.0004, extreme=True, percentile=0.95),
            crowded_side=Side.LONG,
            crowded_because="funding at its 95th percentile",
        ),
    )


def altcoin_unreliable_map() -> Context:
    """Worked example 3: large bands on both sides of a thin token."""
    thin = Depth(within=0.005, bid_quote=9e4, ask_quote=8e4, time_ms=0, venue="okx")
    poor = quality(
        grade="Low", depth=thin, venue_concentration=0.92, gap_risk=0.06, reasons=("$80 k rests within 0.5 % of mid",)
    )
    return context(base="WIF", map_quality=poor)


def macro_event_conflict() -> Context:
    """Worked example 4: a clean setup near a major cluster, and a macro event within hours."""
    return replace(btc_range_shorts_above(), events=(event("US CPI", 5.0),))


def test_first_example_favours_a_squeeze_if_resistance_breaks() -> None:
    """The immediate asymmetry favours an upside squeeze if resistance breaks cleanly; a wick is not chased."""
    said = everything(btc_range_shorts_above())
    assert "the asymmetry favours an upside squeeze if resistance 95\u202f000 breaks cleanly" in said.read[0].lower()
    assert said.plan.stance.kind == "one of three"
    assert "closes above resistance 95\u202f000" in said.plan.scenarios.bullish.text
    assert "harvested liquidity: do not chase" in said.plan.scenarios.bullish.text
    assert said.checklist[2].reading.startswith("rising")
    assert "mild" in said.checklist[3].reading
    assert "expanding" in said.inputs[5].reading


def test_second_example_says_the_breakdown_may_accelerate() -> None:
    """If support fails, the breakdown may accelerate as forced selling adds momentum; a flush may be under way."""
    said = everything(eth_downtrend_longs_below())
    assert "if support 91\u202f250 fails: the breakdown may accelerate as forced selling adds momentum" in said.read[0]
    assert "Longs look crowded" in said.read[1]
    assert said.confluence.agree == 3
    assert "closes below support 91\u202f250" in said.plan.scenarios.bearish.text
    assert "the flush may already be under way" in said.plan.scenarios.bearish.text
    assert "against BTC" in said.checklist[1].reading
    assert "elevated" in said.checklist[2].reading
    assert "longs crowded" in said.checklist[3].reading


def test_third_example_warns_of_execution_and_cuts_the_size() -> None:
    """The map may be directionally useful, but execution risk is much higher: smaller size, wider slippage."""
    said = everything(altcoin_unreliable_map())
    assert said.read[0].startswith("The map may be directionally useful, but map quality is low")
    assert "execution risk is much higher" in said.read[0]
    assert said.plan.sizing.factor == DEFAULTS.size_low
    assert said.plan.stance.kind == "low quality"
    assert "widen slippage" in said.plan.sizing.slippage_text
    assert "price confirmation" in said.plan.stance.text
    questions = " ".join(said.caveats)
    assert "order book on okx holds" in questions
    assert "92\u202f% of the known open interest stands on one venue" in questions
    assert "gapped" in questions


def test_fourth_example_keeps_the_map_and_waits() -> None:
    """The map remains useful, confidence in one direction is lower: wait, and use it after the event."""
    said = everything(macro_event_conflict())
    assert said.read[0].startswith("US CPI is due in 5\u202fh: the map remains useful, but confidence")
    assert said.plan.stance.kind == "wait for event"
    assert "post-event map" in said.plan.stance.text
    assert said.checklist[4].verdict == "adds"
    assert said.headline.startswith("US CPI in 5\u202fh can override the map")


@given(any_context())
def test_the_read_is_two_or_three_sentences_and_closes_with_the_guide(market: Context) -> None:
    """Every Read is short, of whole sentences; what overrides the map comes first, the guide's word last."""
    read = everything(market).read
    assert len(read) in (2, 3)
    assert read[-1] == CLOSING
    assert all(text.endswith(".") and not text.endswith("..") and text[0] != text[0].lower() for text in read)
    assert read[0].startswith("US CPI is ") == any(one.inside_horizon for one in market.events)


def test_event_and_low_quality_share_one_sentence() -> None:
    """Two cautions do not push the Read past three sentences."""
    read = everything(replace(altcoin_unreliable_map(), events=(event(),))).read
    assert len(read) == 3
    assert "map quality is low" in read[0]
    assert "execution risk" in read[0]


def test_balanced_zones_are_called_balanced() -> None:
    """Equal zones on both sides favour nothing."""
    assert "without a clear asymmetry" in everything(context()).read[0]


def test_conflicting_layers_are_named() -> None:
    """When structure and positioning lean apart, the second sentence says so."""
    market = context(structure=structure(trend="up"), positioning=positioning(crowded_side=Side.LONG))
    assert everything(market).read[1].startswith("The layers conflict")


def test_the_figures_headline_gives_both_distances() -> None:
    """Both sides are named with distance and density; an empty one says so; inside says inside."""
    assert figure_finding(context()) == (
        "Dense shorts 3.2\u202f% above (2.0\u00d7 the median), dense longs 3.2\u202f% below (2.0\u00d7)"
    )
    lone = context(zones=(zone("B", "below", 1.2),), no_dense_zone=(nothing("above"),))
    assert figure_finding(lone) == "No dense zone above, dense longs 3.2\u202f% below (2.0\u00d7 the median)"
    assert figure_finding(context(zones=(zone("A", "above", -0.1),))).startswith("Price inside dense shorts")
    empty = context(zones=(), no_dense_zone=(nothing("above"), nothing("below")))
    assert figure_finding(empty) == "No dense zone within 15\u202f%"


def test_the_alt_text_states_every_zone_with_its_share() -> None:
    """A reader who can't see the picture learns price, range, distance and share."""
    alt = heatmap_alt(context())
    for part in ("92\u202f500", "95\u202f500\u201396\u202f250", "1.2 usual days", "10\u202f% of the mapped longs"):
        assert part in alt
    gone = heatmap_alt(context(zones=(), map_missing=Missing("too few bars")))
    assert gone.startswith("No liquidation map of BTC")
    assert "too few bars" in gone


def fact(
    base: str, above: float | None = None, below: float | None = None, *, liquidity: float = 1e9, through: str = "",
    change: float = -0.027,
) -> SymbolFacts:  # fmt: skip
    """Make a symbol's facts from the distances of its zones."""
    return SymbolFacts(
        base=base,
        mapped=True,
        change_24h=change,
        above=None if above is None else zone("A", "above", above),
        below=None if below is None else zone("B", "below", below),
        liquidity=liquidity,
        usual_day=0.027,
        fell_through=through,
    )


def test_the_headline_watches_the_nearest_zone_of_the_most_liquid_symbol() -> None:
    """Not the nearest zone of all: a thin altcoin's comes last, and a symbol without zones hands on to the next."""
    facts = (fact("WIF", 0.1, liquidity=1e7), fact("BTC", 2.2, 1.8, liquidity=2e10), fact("ETH", 0.3))
    assert headline(facts, None, DEFAULTS) == (
        "BTC’s nearest dense zone, longs, lies 4.9\u202f% below, reached in 14\u202f% of such cases."
    )
    empty = (fact("BTC", liquidity=2e10), fact("ETH", 0.5))
    assert headline(empty, None, DEFAULTS).startswith("ETH’s nearest dense zone, shorts, lies 1.4\u202f% above")
    assert headline((fact("BTC", -0.1),), None, DEFAULTS) == "BTC stands inside its nearest dense zone, shorts."
    assert headline((fact("BTC"),), None, DEFAULTS) == "No dense liquidation zone stands out."
    unmapped = replace(fact("BTC"), mapped=False, change_24h=MISSING)
    assert headline((unmapped,), None, DEFAULTS) == "No symbol has a liquidation map today."
    assert headline((), None, DEFAULTS) == "No symbol has a liquidation map today."


def test_names_are_joined_as_one_says_them() -> None:
    """None, one, two and three are all said; of more, two and how many are left."""
    names = ("SOL", "WIF", "XRP", "ARB", "BTC")
    said = ["", "SOL", "SOL and WIF", "SOL, WIF and XRP", "SOL, WIF and 2 more", "SOL, WIF and 3 more"]
    assert [listed(names[:count]) for count in range(6)] == said
    ranks = ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "93rd"]
    assert [ordinal(int(rank[:-2]) / 100) for rank in ranks] == [f"{rank} percentile" for rank in ranks]


def test_the_headline_opens_with_what_went_through_its_zone() -> None:
    """Surprise times liquidity chooses which; a thin market is never named, whatever it did."""
    btc = fact("BTC", 0.5, liquidity=2e10, through="BTC traded through X")
    sol = fact("SOL", 0.5, liquidity=3e9, through="SOL traded through Y", change=-0.27)
    wif = fact("WIF", 0.5, liquidity=1.9e8, through="WIF traded through Z", change=-0.9)
    assert headline((btc, sol, wif), None, DEFAULTS).startswith("SOL traded through Y. BTC’s nearest dense zone")
    assert headline((btc, replace(sol, change_24h=-0.1)), None, DEFAULTS).startswith("BTC traded through X. ")
    assert headline((wif,), None, DEFAULTS).startswith("WIF’s nearest dense zone")
    unknown = (replace(btc, change_24h=MISSING), replace(btc, usual_day=None), replace(sol, change_24h=0.0))
    assert [one.surprise for one in unknown] == [0.0, 0.0, 0.0]
    assert headline((unknown[0], sol), None, DEFAULTS).startswith("SOL traded through Y. ")
    calm = replace(btc, fell_through="")
    border = [(calm, replace(sol, liquidity=traded)) for traded in (1e9, 0.99e9)]
    assert [headline(one, None, DEFAULTS).startswith("SOL") for one in border] == [True, False]


@pytest.mark.parametrize("calibrated", [True, False])
def test_an_uncalibrated_map_says_so(calibrated: bool) -> None:  # noqa: FBT001 - a table's column
    """Shares are never taken for dollars."""
    said = any("not dollars" in text for text in symbol_caveats(context(), MISSING, calibrated=calibrated))
    assert said is not calibrated


def test_every_missing_input_is_a_caveat() -> None:
    """What the brief had to do without stands among the caveats with its reason."""
    gone = Missing("the folder has no such table")
    market = context(
        structure=gone, positioning=gone, map_quality=quality(depth=gone, venue_concentration=gone, gap_risk=gone)
    )
    texts = symbol_caveats(market, gone, calibrated=False)
    assert sum("the folder has no such table" in text for text in texts) == 7


def test_an_events_name_stays_on_one_line() -> None:
    """A name with line breaks can't break a sentence."""
    assert everything(context(events=(event("US\n CPI"),))).read[0].startswith("US CPI is ")


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (0.74, "make up 74\u202f% of open interest; older entries are not mapped"),
        (Missing("There is no open interest."), "is not known: There is no open interest."),
    ],
)
def test_start_up_coverage_is_a_caveat(seen: float | Missing, words: str) -> None:
    """How much of the open positions the map has seen being opened stands there, or why that is not known."""
    coverage = Coverage(
        primary_venue="binance",
        venues=(),
        last_close_ms=0,
        stale_bars=0,
        history_days=60.0,
        book_coverage=seen,
        inputs_known=7,
        inputs_total=7,
    )
    assert any(words in text for text in symbol_caveats(context(), coverage, calibrated=False))
