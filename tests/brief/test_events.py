"""Events and flows in a whole brief: nothing later than as-of, what was consumed, what the page carries."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np

from reportgen.brief.types import Brief
from reportgen.brief.write import write_brief
from reportgen.config.events import EventSources, FlowApi
from reportgen.config.settings import Config, WatchlistEntry
from reportgen.events.calendar import ScheduledEvent, UnknownEvents
from reportgen.events.flows import FlowReading
from reportgen.events.sources import gather_events
from reportgen.market.data import EtfFlows, Gathered
from reportgen.market.folder.keep import read_sample
from reportgen.market.web import Network
from reportgen.morning.events_and_flows import near_events, with_flows
from reportgen.render.html import render_html
from reportgen.render.json import brief_from_json, brief_to_json
from reportgen.units import DAY_MS, HOUR_MS, Missing
from tests.cli.cli_process import reportgen_here

BTC = "BTC/USDT:USDT"
NO_KEY = FlowApi.model_validate({"asset": "BTC", "api": "sosovalue", "key": {"env": "NOT_SET_ANYWHERE"}})


@cache
def sample() -> Gathered:
    """Read the sample once."""
    return read_sample((BTC,), None)


def brief(*events: ScheduledEvent, gathered: Gathered | None = None) -> Brief:
    """Write a brief of the sample with these events."""
    return write_brief(
        gathered or sample(), timeframe="4h", timeframe_ms=4 * HOUR_MS, horizon_hours=24, timezone="Europe/Berlin",
        events=events,
    )  # fmt: skip


def due(hours: float, **more: object) -> ScheduledEvent:
    """List an event some hours from the sample's end."""
    at_ms = sample().as_of_ms + round(hours * HOUR_MS)
    listed = ScheduledEvent(name="US CPI", kind="macro", at_ms=at_ms, source="test", weight="high")
    return replace(listed, **more)  # type: ignore[arg-type]


def page(made: Brief, templates: Path | None = None) -> str:
    """Write its page without charts."""
    return render_html(made, templates=templates).decode()


def test_an_event_leaves_zones_as_they_are_and_lowers_confidence() -> None:
    """The map does not know the calendar; confidence, plan, size, headline and subject do."""
    calm, waiting = brief(), brief(due(6))
    assert calm.symbols[0].zones == waiting.symbols[0].zones
    assert calm.symbols[0].confidence is not None
    assert waiting.symbols[0].confidence is not None
    assert waiting.symbols[0].confidence.left < calm.symbols[0].confidence.left == 1
    assert all(zone.countdown for zone in waiting.symbols[0].plan)
    assert "US CPI in 6\u202fh" in waiting.headline
    assert waiting.subject_suffix == " · US CPI in 6\u202fh"
    assert calm.subject_suffix == ""


def test_a_past_event_says_what_it_consumed() -> None:
    """Zones that a brief of the event's moment would have shown are those that it names as reached since."""
    (told,) = brief(due(-20)).symbols[0].consumed
    assert told.text.startswith("Since US CPI price ranged")
    market = sample().markets[BTC]
    assert not isinstance(market.candles, Missing)
    bars = next(iter(market.candles.values()))
    since = bars.open_time_ms >= due(-20).at_ms
    low, high = bars.low[since].min(), bars.high[since].max()
    for zone in told.zones:
        assert (high >= zone.low) if zone.side == "above" else (low <= zone.high)
    assert not brief(due(-30)).symbols[0].consumed


def test_what_price_ran_through_is_consumed() -> None:
    """With a last bar that spikes through every zone, each zone of the event's moment is traded through."""
    market = sample().markets[BTC]
    assert not isinstance(market.candles, Missing)
    venue, bars = next(iter(market.candles.items()))
    high, low = bars.high.copy(), bars.low.copy()
    high[-1] *= 1.3
    low[-1] *= 0.7
    spiked = replace(market, candles={venue: replace(bars, high=high, low=low)})
    made = brief(due(-6), gathered=replace(sample(), markets={BTC: spiked}))
    (told,) = made.symbols[0].consumed
    assert told.zones
    assert {zone.how for zone in told.zones} == {"through"}


def test_a_past_event_of_unknown_hour_is_said_to_tell_nothing() -> None:
    """A day without an hour has no moment since which price could be followed."""
    day = due(-30, time_known=False, ends_ms=sample().as_of_ms - 2 * HOUR_MS, at_ms=sample().as_of_ms - 20 * HOUR_MS)
    (told,) = brief(day).symbols[0].consumed
    assert "hour that is not known" in told.text
    assert told.zones == ()


def test_flows_of_a_session_are_not_used_before_its_day_is_over() -> None:
    """Cutting the figures of today and later off changes nothing in the brief."""
    end = datetime.fromtimestamp(sample().as_of_ms / 1000, tz=UTC).date()
    days = [str(end - timedelta(days=back)) for back in range(30, -3, -1)]
    net = np.random.default_rng(2).normal(0, 1e8, len(days))
    whole = EtfFlows(date=tuple(days), net_flow_quote=net, tickers=np.ones(len(days), dtype=np.int64), source="x")
    known = days.index(str(end))
    cut = EtfFlows(date=tuple(days[:known]), net_flow_quote=net[:known], tickers=whole.tickers[:known], source="x")
    made = [
        brief(gathered=replace(sample(), markets={BTC: replace(sample().markets[BTC], etf_flows=one)}))
        for one in (whole, cut)
    ]
    assert brief_to_json(made[0]) == brief_to_json(made[1])
    flows = made[0].symbols[0].flows
    assert isinstance(flows, FlowReading)
    assert flows.etf_date == str(end - timedelta(days=1))
    assert flows.reading.rstrip(".") in page(made[0])


def test_every_state_of_an_event_is_on_the_page() -> None:
    """Cancelled, tentative, unknown hour, weekend, two at once and one under way: each is shown as what it is."""
    as_of = sample().as_of_ms
    midnight = as_of - as_of % DAY_MS
    made = brief(
        due(6), due(7, name="Minutes", status="cancelled"), due(8, name="Speech", status="tentative"),
        due(0, name="Court", at_ms=midnight, ends_ms=midnight + DAY_MS, time_known=False, weight="medium"),
        due(-1, name="Upkeep", ends_ms=as_of + HOUR_MS, kind="maintenance", weight="medium"),
        due(30, name="Vote"),  # a Saturday
    )  # fmt: skip
    text = page(made)
    assert "<s>Minutes</s>" in text
    assert "tentative; <b" in text
    assert "hour not known" in text
    assert "under way" in text
    assert "US funds are shut" in text
    assert "20 Nov, 13:00 UTC, 14:00 Berlin" in text
    assert made.symbols[0].stance is not None
    assert "Minutes" not in " ".join(made.symbols[0].read)


def test_notes_of_the_kinds_inside_are_shown_and_can_be_replaced(tmp_path: Path) -> None:
    """Our note stands below the calendar until a file of the user's own takes its place, sanitised."""
    made = brief(due(6))
    assert "What to watch" in page(made)
    assert "What to watch" not in page(brief(due(40)))
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "macro.md").write_text(
        "# Rank\n\n**Mine** <script>alert(1)</script> [x](javascript:alert(2)) [y](https://y.test)\n\n![p](https://z.test/p.png)",
        encoding="utf-8",
    )
    own = page(made, tmp_path)
    assert "<h5>Rank</h5>" in own
    assert "<strong>Mine</strong>" in own
    assert "What to watch" not in own
    assert "<script" not in own
    assert 'href="javascript' not in own
    assert "<img" not in own
    assert 'href="https://y.test"' in own


def test_a_brief_with_events_reads_back_whole() -> None:
    """JSON keeps every field of events, confidence, consumed zones and flows."""
    made = brief(due(6), due(-6), due(7, status="cancelled", symbols=("BTC",)))
    assert brief_from_json(brief_to_json(made)) == made


def test_the_built_in_calendars_are_in_force_until_switched_off() -> None:
    """The sample's week has a Deribit expiry within the hour and tables that end soon; without calendars neither."""
    as_of = sample().as_of_ms
    found = gather_events(EventSources(), as_of, 24, Network(now_ms=as_of, kept=None))
    made = brief(*found.events)
    assert "Deribit weekly options expiry" in [event.name for event in made.events]
    assert any("built-in table of US CPI" in note for note in found.notes)
    assert made.symbols[0].stance == brief().symbols[0].stance
    none = gather_events(EventSources(calendars=()), as_of, 24, Network(now_ms=as_of, kept=None))
    assert (none.events, none.notes) == ((), ())


def test_a_feed_that_is_down_is_said_on_the_page_and_a_wrong_file_ends_the_command(tmp_path: Path) -> None:
    """The brief is made without the feed and names it; a mistake in the operator's own file stops everything."""
    config = tmp_path / "config.yaml"
    text = "watchlist: [BTC]\nsource: sample\nevents:\n  - {url: 'http://127.0.0.1:9/c.ics'}\n"
    config.write_text(text, encoding="utf-8")
    done = reportgen_here(tmp_path, "brief", "--json")
    assert done.returncode == 0, done.stderr
    page_text = Path(tmp_path / json.loads(done.stdout)["html"]).read_text(encoding="utf-8")
    assert re.search(r">event feed</th><td[^>]*>all</td><td>127\.0\.0\.1:9 could not be read", page_text)
    assert "stamina" not in done.stderr
    assert reportgen_here(tmp_path, "brief", "--json", "--strict").returncode == 3
    assert "Deribit weekly options expiry" in page_text
    config.write_text(text + "  - {file: mine.csv}\n", encoding="utf-8")
    assert "mine.csv is not there" in reportgen_here(tmp_path, "check").stderr
    (tmp_path / "mine.csv").write_text("name,at\nA,2026-12-10T13:30\n", encoding="utf-8")
    done = reportgen_here(tmp_path, "brief", "--json")
    assert done.returncode == 1
    assert "mine.csv: line 2: `2026-12-10T13:30` has no time zone" in done.stderr
    assert "Traceback" not in done.stderr


def test_flows_that_cannot_be_had_are_said_on_the_page(tmp_path: Path) -> None:
    """A service without its key costs the flows, not the brief, and the page says why."""
    config = Config(watchlist=(WatchlistEntry(symbol=BTC),), output=tmp_path, etf_flows=(NO_KEY,))
    gathered = with_flows(config, sample())
    assert gathered.notes[-1] == "The key for ETF flows of BTC is not set."
    assert gathered.notes[-1] in page(brief(gathered=gathered))


def test_the_page_claims_what_the_newest_backtest_showed_and_no_more(tmp_path: Path) -> None:
    """Without a record nothing is claimed; of several the newest by as-of of the same sort of market speaks."""
    as_of = sample().as_of_ms
    assert "no backtest has been run" in page(brief(due(6)))
    for number, (until, simulated, verdict) in enumerate(
        [(as_of - 9 * DAY_MS, True, "not distinguishable"), (as_of - DAY_MS, True, "insufficient evidence"),
         (as_of + DAY_MS, True, "different near events"), (as_of, False, "different near events")]
    ):  # fmt: skip
        split = {"verdict": verdict, "why": "W."}
        record = {"symbol": BTC, "simulated": simulated, "until_ms": until, "near_events": split}
        folder = tmp_path / "backtests" / str(number)
        folder.mkdir(parents=True)
        (folder / "backtest.json").write_text(json.dumps(record), encoding="utf-8")
    (folder / "backtest.json").with_name("x").write_text("", encoding="utf-8")
    (tmp_path / "backtests" / "old").mkdir()
    (tmp_path / "backtests" / "old" / "backtest.json").write_text("{}", encoding="utf-8")
    (said,) = near_events(Config(watchlist=(WatchlistEntry(symbol=BTC),), output=tmp_path), sample())
    assert "insufficient evidence on zones near events. W." in said
    text = page(replace(brief(due(6)), near_events=(said,)))
    assert said in text
    assert "no backtest has been run" not in text


def test_what_is_not_known_stands_where_events_stand() -> None:
    """Page, checklist input and JSON name the series whose dates nobody knows, and none of them says none."""
    unknown = UnknownEvents(name="US CPI", weight="high", reason="US CPI dates after 2026-12-31 are not known here.")
    made = write_brief(
        sample(), timeframe="4h", timeframe_ms=4 * HOUR_MS, horizon_hours=24, timezone="UTC", unknown_events=(unknown,)
    )
    text = page(made)
    assert "Unknown is not absent. US CPI dates after 2026-12-31" in text
    assert "None listed" not in text
    (catalysts,) = (one for one in made.symbols[0].inputs if one.name == "Catalysts")
    assert (catalysts.verdict, "US CPI" in catalysts.reading) == ("unknown", True)
    assert brief_from_json(brief_to_json(made)) == made


def test_a_crowd_of_events_is_counted_rather_than_printed() -> None:
    """On each card three events are named and the others counted; the calendar prints sixty."""
    text = page(brief(*(due(6, name=f"Release {number:03}") for number in range(200))))
    assert "; 197 more. " in text
    assert "140 more events follow" in text
    assert "Release 150" not in text
