"""Every modelling constant, with its unit, default, source and effect.

One frozen object travels through the rooms; config.yaml's `assumptions:` replaces any constant by name; the brief
prints those it used. Constants of looks (sizes, colours) are not modelling constants and stay with their renderer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

# ---- How a modelling constant is declared: its default with unit, source and effect beside it ----


def declared(default: Any, unit: str, source: str, effect: str) -> Any:  # noqa: ANN401 - a field of any constant's type
    """Declare a constant: its default, unit, source and effect."""
    return field(default=default, metadata={"unit": unit, "source": source, "effect": effect})


KERNEL_FIT: Final = "measured on BTC 1h and four coins 4h, see docs/tried.md"
BASE_RATES: Final = "measured on 7 symbols, 2,556 zones, see docs/tried.md"
BINANCE_BRACKETS: Final = "https://www.binance.com/en/futures/trading-rules/perpetual/leverage-margin"

# ---- The modelling constants of events and flows; `assumptions.Assumptions` holds them with all the others ----


_TOUCH_SOURCE = "measured held out: 11,096 zones of 7 symbols, 153 days, see docs/tried.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventAssumptions:
    """What events and flows do, and when a backtest may speak of them; see each field's metadata."""

    event_confidence_high: float = declared(
        0.5, "1", "own choice", "what a heavy event inside the horizon leaves of confidence in one direction"
    )
    event_confidence_medium: float = declared(0.7, "1", "own choice", "what a medium one leaves; both move the plan")
    event_confidence_low: float = declared(0.9, "1", "own choice", "what a light one leaves; it does not move the plan")
    event_confidence_floor: float = declared(
        0.25, "1", "own choice", "events together leave no less confidence than this"
    )
    events_seen_through: int = declared(
        2, "events", "own choice", "past events whose consumed zones are told, latest first"
    )
    flow_sessions: int = declared(
        20, "sessions", "own choice: a month of sessions", "a session's ETF flow is a z-score against so many before it"
    )
    flow_least_sessions: int = declared(10, "sessions", "own choice", "fewer sessions give no z-score")
    flow_oldest_days: float = declared(5.0, "days", "own choice: a long weekend", "an older last session says nothing")
    flow_surprise: float = declared(2.0, "z-score", "own choice", "beyond it an ETF flow is a surprise")
    spot_days: int = declared(
        20, "days", "own choice", "the spot share of a day is a z-score against so many before it"
    )
    spot_least_days: int = declared(10, "days", "own choice", "fewer days give no z-score")
    spot_surprise: float = declared(2.0, "z-score", "own choice", "beyond it the spot share is unusual")
    flow_shock: float = declared(
        3.0, "z-score", "own choice", "an ETF flow or a spot share this far out is a catalyst, as an event is"
    )
    event_least_zones: int = declared(30, "zones", "own choice", "fewer zones near events, or away, allow no claim")
    event_least_days: int = declared(
        10, "days", "own choice", "fewer days with zones near events, or away, allow no claim"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions(EventAssumptions):
    """All modelling constants; see each field's metadata for unit, source and effect."""

    # --- the day's typical range, used everywhere as "ATR"  ---------------------------------------
    atr_bars: int = declared(
        24, "hourly bars", BASE_RATES, "bars whose mean true range becomes the day's typical range"
    )
    atr_scale: float = declared(
        0.6, "1", BASE_RATES, "mean hourly true range x sqrt(24) x this = a day's typical range"
    )

    # --- structure -------------------------------------------------------------------------------------------------
    structure_min_bars: int = declared(
        60, "bars", "own choice", "fewer bars of the trading timeframe give no structure"
    )
    trend_bars: int = declared(42, "bars", "own choice", "net move over path is read on these; 7 days of 4h")
    trend_clear: float = declared(
        0.2, "net move / path", "own choice: one random walk in five goes as far", "from here on price trends"
    )
    momentum_bars: int = declared(12, "bars", "own choice", "bars of the momentum move; two days of 4h; even")
    momentum_history_bars: int = declared(180, "bars", "own choice", "these tell the usual size of a bar's move")
    momentum_extreme: float = declared(1.5, "z-score", "own choice: 1 bar in 12", "beyond it momentum can be exhausted")
    exhaustion_fading: float = declared(
        0.33, "1", "own choice: the later half brought half of the earlier", "beyond it an extreme move is fading"
    )
    volume_recent_bars: int = declared(6, "bars", "own choice", "their mean volume is the recent one; a day of 4h")
    volume_history_bars: int = declared(120, "bars", "own choice", "recent volume is measured against its median here")
    volume_expanding: float = declared(1.3, "x median", "own choice: upper quarter", "from here on volume expands")
    volume_contracting: float = declared(0.75, "x median", "own choice: lower quarter", "down to here volume contracts")
    swing_wing_bars: int = declared(4, "bars", "own choice", "a swing stands out from so many bars on each side")
    swing_history_bars: int = declared(
        120, "bars", "own choice", "supports and resistances come from these; 20 days of 4h"
    )
    level_merge_atr: float = declared(0.35, "ATR", "own choice", "levels closer than this are one")
    levels_per_side: int = declared(4, "levels", "own choice", "supports and resistances kept, nearest first")
    sweep_bars: int = declared(6, "bars", "own choice: a day of 4h", "a sweep older than this is not recent")
    sweep_least_days: float = declared(
        0.1, "usual days", "own choice", "a wick that went less far beyond a level has not swept it"
    )
    taker_tail: float = declared(
        0.2, "percentile", "own choice", "in these tails of its history the taker share is one-sided"
    )
    daily_atr_days: int = declared(14, "days", "Wilder 1978", "days of the daily ATR that the page prints as itself")
    regime_atr_bars: int = declared(6, "bars", "own choice", "mean true range of these makes the ATR percentile")
    range_bars: int = declared(
        30, "bars", "own choice", "high minus low of these makes the range percentile; 5 days of 4h"
    )
    regime_history_bars: int = declared(
        180, "bars", "own choice", "both percentiles are taken within these; 30 days of 4h"
    )
    regime_compressed: float = declared(
        0.35, "percentile", "own choice", "compressed when both percentiles are up to this"
    )
    regime_expanding: float = declared(
        0.65, "percentile", "own choice", "expanding when both percentiles are at least this"
    )
    relative_strength_days: float = declared(7.0, "days", "own choice", "return minus BTC's over this span")
    change_tolerance_hours: float = declared(1.0, "hours", "own choice", "how far off the price of 24 h ago may be")
    # --- liquidation map -------------------------------------------------------------------------------------------
    kernel_distances: tuple[float, ...] = declared(
        (0.0033, 0.0054, 0.009, 0.015, 0.025, 0.04, 0.067, 0.11, 0.18, 0.30),
        "log distance", KERNEL_FIT, "where the kernel's weights stand",
    )  # fmt: skip
    kernel_weights: tuple[float, ...] = declared(
        (0.08, 0.20, 0.26, 0.48, 0.70, 1.0, 0.79, 0.55, 0.27, 0.12),
        "weight per log distance", KERNEL_FIT, "where a bar's positions are liquidated",
    )  # fmt: skip
    kernel_nodes: int = declared(
        24, "nodes", "own choice", "cuts of the continuous kernel; more changes nothing visible"
    )
    age_tau_hours: float = declared(1.0, "hours", KERNEL_FIT, "age at which positions 2 % away have fallen to 71 %")
    age_tau_distance: float = declared(0.02, "log distance", KERNEL_FIT, "distance at which that age holds")
    age_tau_power: float = declared(1.2, "1", KERNEL_FIT, "how much longer farther positions live")
    age_exponent: float = declared(0.5, "1", KERNEL_FIT, "survival falls as (1 + age / tau) to minus this")
    age_log_step: float = declared(1.6, "log rate", "own choice", "spacing of the exponentials that make the age law")
    age_longest_days: float = declared(180.0, "days", "own choice", "ages up to here follow the age law within 3 %")
    volume_share: float = declared(0.5, "fraction", KERNEL_FIT, "part of a bar's deposit that follows its volume")
    volume_mean_days: float = declared(7.0, "days", KERNEL_FIT, "volume is measured against its mean over this span")
    side_tilt: float = declared(0.5, "1", KERNEL_FIT, "shorts open more at the top of the 24 h range, longs less")
    side_tilt_hours: float = declared(24.0, "hours", KERNEL_FIT, "the range in which the close is placed")
    path_only_share: float = declared(
        1.0, "1", "own fit: better than half on both training sets, docs/tried.md",
        "weight of the nine-tier book beside the kernel",
    )  # fmt: skip
    kernel_mean_swept: float = declared(
        0.106, "hours of path per hour", "own fit: BTC 1h along 5-minute marks, 2025-12..2026-01, mean of both sides",
        "scale of the kernel before it is mixed",
    )  # fmt: skip
    path_only_mean_swept: float = declared(
        0.579, "hours of path per hour", "own fit: BTC 1h along 5-minute marks, 2025-12..2026-01, mean of both sides",
        "scale of the nine-tier book before it is mixed",
    )  # fmt: skip
    marks_hours: float = declared(
        24.0, "hours", "own choice", "whether marks cut the bars is asked of the last so many"
    )
    marks_least_share: float = declared(
        0.5, "of bars", "own choice", "marks cut the path where they cut more than this share of those bars"
    )
    tier_leverages: tuple[float, ...] = declared(
        (3.0, 5.0, 10.0, 20.0, 25.0, 50.0, 75.0, 100.0, 125.0),
        "x",
        "own choice",
        "leverage tiers of the path-only book",
    )
    typical_position_notional: float = declared(
        25_000.0, "quote currency", "own choice", "position size that picks the maintenance-margin bracket"
    )
    fallback_margin_rate: float = declared(
        0.005, "fraction", BINANCE_BRACKETS, "maintenance margin where no bracket table is known"
    )
    fallback_max_leverage: float = declared(
        125.0, "x", BINANCE_BRACKETS, "highest tier where no bracket table is known"
    )
    bin_log_width: float = declared(0.00099, "log price", "own choice", "width of the map's bins, just under 10 bp")
    smooth_log_width: float = declared(0.0005, "log price", KERNEL_FIT, "the map is blurred by this")
    smooth_distance_share: float = declared(0.2, "fraction", KERNEL_FIT, "and by this share of the distance")
    map_least_days: float = declared(7.0, "days", "own choice", "path that the book needs before a map is shown")
    map_reach: float = declared(0.32, "log price", "own choice", "how far beyond the path the map's grid goes")
    # --- the cone: how far price may go within the horizon ---------------------------------------------------------
    cone_constant: float = declared(
        -0.674, "1", "own fit: seven symbols, hourly, 2025-09..2026-01, docs/method.md",
        "log of the range that a log volatility of 0 would give",
    )  # fmt: skip
    cone_weights: tuple[float, ...] = declared(
        (0.199, 0.215, 0.252), "1", "own fit, docs/method.md",
        "how the range follows the volatility of the last day, 7 days and 30 days",
    )  # fmt: skip
    cone_weekend: float = declared(
        -0.533, "1", "own fit, docs/method.md", "how much narrower the log range of a weekend is"
    )
    cone_ratios: tuple[float, ...] = declared(
        (0.077, 0.425, 1.223), "of the expected range", "conformal on training data, docs/method.md",
        "how far the high or the low is away at 10, 50 and 90 %",
    )  # fmt: skip
    cone_prior_days: float = declared(
        10.0, "days", "walk-forward, docs/tried.md", "the cone's ratios count for so many of the market's own last days"
    )
    cone_touch_rate: float = declared(
        1.66, "1 / expected range", "own fit on both training sets, docs/tried.md",
        "a level x expected ranges away is touched within the horizon with exp(-this x)",
    )  # fmt: skip
    cone_touch_hours: float = declared(
        24.0,
        "hours",
        "both training sets, docs/tried.md",
        "from this horizon on the range forecast gives the touch share",
    )
    cone_past_days: int = declared(60, "days", "own choice", "own past days on which the cone's coverage is counted")
    cone_least_days: float = declared(
        20.0, "days", "as verdict_least_days", "past days that climatology's quantiles need, to score the cone"
    )
    # --- calibration -----------------------------------------------------------------------------------------------
    calibration_steps: int = declared(
        300, "rounds", "own choice", "rounds of expectation maximisation behind the weights"
    )
    calibration_prior_strength: float = declared(0.1, "mean node exposure", "own choice", "nodes swept less stay prior")
    calibration_pool_strength: float = declared(
        0.3, "mean node exposure", "own choice", "pull to what all symbols share"
    )
    calibration_churns: tuple[float, ...] = declared((0.1, 0.3, 1.0, 3.0), "1", KERNEL_FIT, "churns to choose among")
    calibration_floor: float = declared(0.01, "mean liquidation", "own choice", "least estimate, in the likelihood")
    calibration_split: float = declared(
        0.6, "fraction", "own choice", "churn is chosen before it, scores count after it"
    )
    calibration_spans: int = declared(
        10, "spans", "own choice", "equal spans of time, each estimated from those before"
    )
    calibration_search_steps: int = declared(80, "rounds", "own choice", "rounds behind each of these estimates")
    calibration_half_life_days: float = declared(
        30.0, "days", "own fit: held-out ratios of five markets move from .85-1.44 to .96-1.35",
        "a bar this much older counts half, as levels drift",
    )  # fmt: skip
    calibration_level_days: float = declared(
        7.0, "days", "own fit: |log ratio| of 45 later spans in five markets from .166 to .143; 3 to 14 alike",
        "half-life of the level that all weights share; their shape remembers longer",
    )  # fmt: skip
    calibration_draws: int = declared(200, "draws", "own choice", "fits on days drawn with replacement")
    calibration_draw_steps: int = declared(
        40, "rounds", "own choice", "rounds for each of them, from the weights found"
    )
    calibration_warm_up_days: float = declared(3.0, "days", "own choice", "the book fills this long before bars count")
    calibration_least_days: float = declared(
        7.0, "days", "measured: 3 are poor, see docs/tried.md", "a shorter sample is refused"
    )
    calibration_least_events: int = declared(50, "bars", "own choice", "a side with fewer liquidations is refused")
    calibration_longest_gap_days: float = declared(2.0, "days", "own choice", "a feed silent for longer has stopped")
    calibration_least_share: float = declared(0.0001, "of volume", "own count: .0007 to .003", "less is in other units")
    calibration_largest_share: float = declared(0.2, "of volume", "own count: .0007 to .003", "more is in other units")
    calibration_largest_turnover: float = declared(150.0, "a day", "own count: .2 to 5", "volume this far off is too")
    calibration_drift_days: float = declared(
        45.0,
        "days",
        "measured on unseen data, docs/method.md",
        "an older calibration says beside its dollars that it drifts",
    )
    calibration_oldest_days: float = declared(90.0, "days", "own choice", "an older calibration is not used")
    calibration_far_price: float = declared(
        3.0, "ratio", "own choice", "a price so far off the sample's is another market"
    )
    calibration_far_open_interest: float = declared(5.0, "ratio", "own choice", "so is such an open interest")
    control_distances: tuple[float, ...] = declared(
        (0.001, 0.0014, 0.002, 0.0028, 0.004, 0.0056, 0.008, 0.0113, 0.016, 0.0226, 0.032, 0.045, 0.064, 0.09, 0.13,
         0.18, 0.25),
        "log distance", "own choice", "bands of the distance climatology, the control of dollar estimates",
    )  # fmt: skip
    notional_level: float = declared(
        0.9, "fraction", "own choice", "share of sweeps that a dollar interval should hold"
    )
    notional_classes: int = declared(3, "classes", "own choice: 1 to 3 cover alike", "estimated sizes told apart")
    notional_least_size: float = declared(0.25, "mean estimate", "own choice", "smaller sweeps say nothing about zones")
    notional_window: int = declared(150, "sweeps a class", "own choice", "only the last ones count")
    notional_adapt: float = declared(
        0.02, "1", "own choice, adaptive conformal", "how fast tails follow what fell outside"
    )
    notional_least_tail: float = declared(0.005, "fraction", "own choice", "both tails together never get smaller")
    notional_largest_tail: float = declared(0.5, "fraction", "own choice", "and never larger")
    notional_least_sweeps: int = declared(
        90, "sweeps", "own choice", "fewer sweeps before or after the split: no interval"
    )
    # --- conservation nodes (second engine) ------------------------------------------------------------------------
    node_nearest: float = declared(0.003, "log distance", "own choice", "nearest distance node")
    node_farthest: float = declared(
        0.6, "log distance", "own choice", "farthest distance node; the others log-spaced between"
    )
    node_weights: tuple[float, ...] = declared(
        (
            *(0.0089, 0.0049, 0.0054, 0.0068, 0.0115, 0.0096, 0.0138, 0.0210, 0.0200, 0.0281, 0.0483),
            *(0.0714, 0.0695, 0.0707, 0.0922, 0.0742, 0.0689, 0.0604, 0.0553, 0.0498, 0.0440, 0.0383),
            *(0.0317, 0.0250, 0.0184, 0.0150, 0.0116, 0.0081, 0.0062, 0.0047, 0.0036, 0.0027),
        ),
        "share of a deposit",
        "own fit: BTC 1h, 2025-12-04..2026-01-19, Binance open interest and bars, Binance + Bybit + OKX liquidations, "
        "reportgen calibrate at g = 3, no half-life; beyond 4 % the kernel's weights, falling as d^-1.6 beyond 30 %",
        "reference weight of each distance node; their number is the number of nodes",
    )  # fmt: skip
    churn: float = declared(
        3.0, "x volume", KERNEL_FIT, "positions that change hands in a bar, open interest unchanged"
    )
    flow_most_closed: float = declared(0.9, "fraction", "own choice", "no bar closes more of the book than this")
    level_log_width: float = declared(
        0.0002, "log price", "own choice", "liquidation levels are told apart down to this"
    )
    # --- zones -----------------------------------------------------------------------------------------------------
    zone_blur_bins: float = declared(
        2.0, "bins", "own choice", "standard deviation of the blur before zones are looked for"
    )
    zone_scope_fraction: float = declared(0.15, "fraction", "own choice", "a side's mass is counted this far, at least")
    zone_scope_atr: float = declared(
        4.0, "ATR", "own count on 112 sides of 2025", "or this many ATR when that is farther"
    )
    zone_scope_ceiling: float = declared(0.25, "fraction", "own choice", "but never farther than this")
    zone_region_share: float = declared(
        0.35, "fraction", "own choice", "mass of a side inside the highest-density region"
    )
    zone_gap_bins: int = declared(2, "bins", "own choice", "dense runs closer than this are one run")
    zone_gate_intensity: float = declared(
        1.5, "1", "own choice", "a zone's mean density over its side's median, at least"
    )
    zone_gate_share: float = declared(0.06, "fraction", "own choice", "a zone's part of its side's mass, at least")
    zone_chart_level_atr: float = declared(
        0.35, "ATR", "own choice", "a chart level this close to a zone's near edge counts as aligned"
    )
    zone_near_atr: float = declared(
        1.0, "ATR", "own choice", "a zone closer than this counts as near; beyond 2.5 as distant"
    )
    zone_distant_atr: float = declared(2.5, "ATR", "own choice", "a zone farther than this counts as distant")
    draws: int = declared(
        500, "draws", "own choice", "draws of weights and distances behind edge bands and persistence"
    )
    draw_concentration: float = declared(
        4.0, "1", "own choice", "gamma shape of each node's weight in a draw: smaller is less sure"
    )
    draw_log_distance: float = declared(
        0.15, "log distance", "own choice", "standard deviation of a draw's common shift"
    )
    sensitivity_factor: float = declared(
        2.0, "1", "own choice", "sensitivity: constants are divided and multiplied by it"
    )
    sensitivity_bars: int = declared(4, "bars", "own choice", "sensitivity: bars are made this many times as long")
    persistence_sure: float = declared(
        0.8, "fraction", "own choice", "a zone in this share of draws counts as persistent"
    )
    persistence_doubtful: float = declared(0.5, "fraction", "own choice", "a zone in fewer draws counts as doubtful")
    # --- picture ---------------------------------------------------------------------------------------------------
    picture_days: float = declared(14.0, "days", "own choice", "how far back the heatmap goes")
    picture_candle_hours: int = declared(4, "hours", "own choice", "candles drawn over the heatmap")
    picture_column_hours: float = declared(1.0, "hours", "own choice", "width of a heatmap column")
    picture_row: float = declared(0.001, "fraction", "own choice", "price step that colours and the profile refer to")
    picture_reach_atr: float = declared(6.0, "ATR", "own choice", "how far the heatmap goes up and down")
    picture_least: float = declared(0.05, "fraction", "own choice", "but at least this far")
    picture_most: float = declared(
        0.25, "fraction", "own choice", "and at most this far, unless the candles went farther"
    )
    picture_margin: float = declared(0.008, "fraction", "own choice", "room beyond the candles' range")
    picture_profile_bars: int = declared(60, "bars", "own choice", "bars of the profile now, about")
    picture_level_step: float = declared(0.02, "percent", "own choice", "step in which the heatmap is kept")
    ladder_reach_atr: float = declared(8.0, "ATR", "own choice", "how far the price ladder goes")
    ladder_step_atr: float = declared(0.25, "ATR", "own choice", "width of a ladder bar")
    ladder_deepest: float = declared(0.95, "fraction", "own choice", "a ladder never goes closer to a price of zero")

    # --- positioning -----------------------------------------------------------------------------------------------
    positioning_max_age_hours: float = declared(24.0, "hours", "own choice", "an older last reading counts as missing")
    positioning_min_days: float = declared(7.0, "days", "own choice", "less history gives no percentile and no reading")
    open_interest_history_days: float = declared(30.0, "days", "own choice", "its level is a percentile of these days")
    open_interest_tolerance_hours: float = declared(
        1.0, "hours", "own choice", "how far off the snapshot of 24 h ago may be; at least one snapshot's spacing"
    )
    open_interest_moving: float = declared(
        0.02, "fraction", "own choice: a third of days", "beyond it in 24 h, not flat"
    )
    open_interest_elevated: float = declared(0.8, "percentile", "own choice", "from here on open interest is elevated")
    flush_fall: float = declared(0.05, "fraction", "own choice", "fall from the day's peak that can be a flush")
    flush_move_atr: float = declared(
        1.0, "ATR", "own choice", "a flush needs a price move of this size in the same day"
    )
    funding_history_days: float = declared(90.0, "days", "own choice", "the rate is a percentile of these days")
    funding_baseline_8h: float = declared(
        0.0001, "fraction per 8 h", "venues' interest rate", "middle of the neutral band"
    )
    funding_neutral_band: float = declared(
        0.0001, "fraction per 8 h", "own choice: 0 to 0.02 %", "nobody is said to pay this close to the baseline"
    )
    funding_extreme_8h: float = declared(
        0.0004, "fraction per 8 h", "own choice: 0.05 % or -0.03 %", "so far from the baseline funding is extreme"
    )
    funding_extreme_tail: float = declared(
        0.05, "percentile", "own choice", "in this tail of its own history a rate outside the band is extreme too"
    )
    funding_turn_hours: float = declared(
        24.0, "hours", "own choice", "neutral so long ago and extreme now: it has turned"
    )
    # --- reaction --------------------------------------------------------------------------------------------------
    touch_rate: float = declared(
        1.108, "1 / usual day", _TOUCH_SOURCE,
        "a level x usual days away is touched within h hours with exp(-this x sqrt(24 / h)), without a range forecast",
    )  # fmt: skip
    reject_given_tap: float = declared(0.73, "fraction", _TOUCH_SOURCE, "of zones tapped, this share is rejected")
    front_run_at_price: float = declared(
        -0.083, "log share", _TOUCH_SOURCE, "log of the front-run share of untapped zones at no distance"
    )
    front_run_by_distance: float = declared(
        -2.103, "log share per usual day", _TOUCH_SOURCE, "what each usual day of distance adds to that log"
    )
    touch_error: float = declared(0.04, "fraction", _TOUCH_SOURCE, "the touch share is right within this")
    touch_hours_from: float = declared(
        4.0, "hours", _TOUCH_SOURCE, "from this horizon on; a shorter one was not measured"
    )
    touch_hours_to: float = declared(48.0, "hours", _TOUCH_SOURCE, "up to this horizon; a longer one was not measured")
    reaction_distance_edges: tuple[float, ...] = declared(
        (0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.5, 5.0), "usual days", "own choice", "distances that part a backtest's bands"
    )
    reaction_horizon_hours: float = declared(24.0, "hours", "own choice", "horizon that backtests score zones at")
    reaction_sample_zones: int = declared(11_096, "zones", "see docs/tried.md", "zone-decisions behind the shares")
    reaction_sample_symbols: int = declared(7, "symbols", "see docs/tried.md", "symbols behind the shares")
    reaction_sample_days: int = declared(153, "days", "see docs/tried.md", "days behind the shares")
    held_out_touched: tuple[float, ...] = declared(
        (0.89, 0.73, 0.44, 0.24, 0.13, 0.07, 0.04, 0.03, 0.0), "fraction", _TOUCH_SOURCE,
        "share of zones touched in 24 h by reaction_distance_edges, printed beside the shares",
    )  # fmt: skip
    evidence_least: int = declared(
        2, "arguments", "own choice", "evidence leans to an outcome from so many more arguments for than against"
    )
    evidence_momentum: float = declared(1.0, "standard deviations", "own choice", "weaker momentum argues for nothing")
    evidence_relative_strength: float = declared(
        0.02, "fraction", "own choice", "smaller leads on BTC argue for nothing"
    )
    evidence_gap_risk: float = declared(0.02, "fraction of bars", "own choice", "rarer gaps argue for nothing")
    # --- track record ----------------------------------------------------------------------------------------------
    backtest_warm_up_days: float = declared(14.0, "days", "own choice", "path before the first scored decision")
    backtest_lead_days: float = declared(
        7.0, "days", "own choice", "of these the last give the controls their older maps"
    )
    backtest_draws: int = declared(500, "draws", "own choice", "resamples of days behind every interval")
    placebo_hours: float = declared(24.0, "hours", "own choice", "age of the own map that stands in as placebo")
    other_times_hours: float = declared(48.0, "hours", "own choice", "own maps from other times are at least this old")
    control_shift: float = declared(0.01, "log distance", "own choice", "how far the control's bins are moved outwards")
    location_reach_atr: float = declared(1.0, "ATR", "own choice", "location lift divides by the map's density in here")
    skill_distance_edges: tuple[float, ...] = declared(
        (0.1, 0.2, 0.35, 0.5, 1.0), "ATR", "own choice", "distances that part the bands of the skill heatmap"
    )
    skill_least_rows: int = declared(100, "bars", "own choice", "fewer bars in a distance band give no skill")
    dollars_burn_in_days: float = declared(
        14.0, "days", "own choice", "liquidations seen before a map is scaled to dollars"
    )
    dollars_prior_bars: float = declared(5.0, "bars", "own choice", "pull of the mean in the climatology of dollars")
    dollars_classes: int = declared(3, "classes", "own choice", "sizes of estimate with ratios of their own")
    dollars_level: float = declared(0.9, "fraction", "own choice", "share of bars that a dollar interval should hold")
    verdict_margin: float = declared(0.02, "rank correlation", "own choice", "a map must beat every control by this")
    verdict_least_days: float = declared(20.0, "days", "own choice", "fewer effective days give no verdict for a map")
    verdict_enough_days: float = declared(
        171.0, "days", "own count: a gain of 0.03 is seen with 80 % power", "fewer give no verdict against one"
    )
    reaction_near_atr: float = declared(0.25, "ATR", "own choice", "price that came this close without a tap front-ran")
    reaction_reversal_atr: float = declared(1.0, "ATR", "own choice", "a fall this far from the zone is a rejection")
    reaction_extension_atr: float = declared(0.5, "ATR", "own choice", "a close this far beyond the zone continues")
    reaction_prior_zones: float = declared(100.0, "zones", "own choice", "weight of the base rates against zones seen")
    climatology_prior_zones: float = declared(4.0, "zones", "own choice: one an outcome", "the same, for all distances")
    # --- plan and checklist ----------------------------------------------------------------------------------------
    cluster_near_atr: float = declared(
        1.0, "ATR", "own choice", "a second cluster this near makes a cascade more plausible"
    )
    cluster_far_atr: float = declared(2.0, "ATR", "own choice", "a second cluster beyond this makes it less plausible")
    plan_alert_atr: float = declared(0.25, "ATR", "own choice", "the alert stands this far before the zone")
    plan_invalidation_atr: float = declared(
        0.5, "usual days", "own choice, see docs/tried.md", "back inside by this much, the idea is wrong"
    )
    plan_de_risk_atr: float = declared(
        1.0, "ATR", "own choice", "first de-risk beyond the entry where no level is known"
    )
    plan_room_atr: float = declared(
        0.1, "usual days", "own choice", "a level nearer than this beyond the entry is no first exit"
    )
    plan_noise_days: float = declared(
        0.25, "usual days", "own choice", "a level nearer to the price than this is inside the noise: no trigger"
    )
    plan_least_reward: float = declared(
        1.0, "reward to risk", "own choice", "a plan that pays less to its first exit is no trade"
    )
    plan_steps: int = declared(3, "levels", "own choice", "a scenario's targets, nearest first")
    second_gap_days: float = declared(
        0.5, "usual days", "own choice", "zone C starts at least this far beyond the first zone"
    )
    lean_floor_atr: float = declared(0.5, "ATR", "own choice", "softens the weight of zones that are very near")
    reach_touch: float = declared(
        0.1, "fraction", "own choice: one in ten", "a zone less likely to be touched within the horizon is out of reach"
    )
    lean_nearer_days: float = declared(
        0.5, "usual days", "own choice", "a zone nearer than the other side's by this leads whatever their mass"
    )
    lean_ratio: float = declared(
        1.5, "1", "own choice", "at like distance the larger zone leads from this ratio of shares on"
    )
    likely_touch: float = declared(
        0.5, "fraction", "own choice: more likely than not", "a zone or trigger this likely to be met adds to zone risk"
    )
    headline_liquidity: float = declared(
        0.05, "fraction", "own choice", "a market traded less than this part of the most traded one is no headline"
    )
    risk_ceiling: float = declared(
        0.005, "fraction of equity", "own choice", "the operator's own maximum at risk on one idea, any symbol"
    )
    size_aligned: float = declared(1.0, "of the maximum", "own choice", "all layers agree")
    size_two: float = declared(0.5, "of the maximum", "own choice", "two of three layers agree")
    size_one: float = declared(0.25, "of the maximum", "own choice", "one layer alone: it must not carry the thesis")
    size_low: float = declared(0.25, "of the maximum", "own choice", "the most on a map of low quality")
    size_medium: float = declared(0.75, "1", "own choice", "what Medium map quality leaves of the size")
    size_no_depth: float = declared(0.75, "1", "own choice", "what an unknown order book leaves of the size")
    size_unknown: float = declared(0.75, "1", "own choice", "what a heavy release of unknown date leaves of the size")
    size_surprise: float = declared(0.5, "1", "own choice", "what a surprise in spot money leaves of the size")
    slippage_order: float = declared(50_000.0, "quote currency", "own choice", "market order of the slippage note")
    slippage_wide: float = declared(
        0.0005, "fraction", "own choice", "slippage above which the note asks for limit orders"
    )
    caveat_concentration: float = declared(
        0.6, "fraction", "own choice", "one venue above this share makes a one-venue map"
    )
    # --- changes, ledger and refresh -------------------------------------------------------------------------------
    changes_moved_atr: float = declared(0.15, "ATR", "own choice", "a zone whose edge moved this far has moved")
    changes_share: float = declared(
        0.33, "fraction", "own choice", "so much more or less of its side: denser or thinner"
    )
    record_patience_days: float = declared(
        3.0, "days", "own choice", "a zone waits so long for late bars, then is censored"
    )
    record_least_days: float = declared(20.0, "days", "as verdict_least_days", "fewer effective days give no interval")
    reliability_edges: tuple[float, ...] = declared(
        (0.05, 0.1, 0.25, 0.5), "fraction", "own choice", "bounds of the bands that hold shares against outcomes"
    )
    record_enough_events: int = declared(
        330, "events", "own count: 80 % power", "independent events that a skill of 0.05 needs"
    )
    refresh_break_atr: float = declared(0.25, "ATR", "own choice", "price this far beyond a level has broken it")
    refresh_open_interest: float = declared(
        0.05, "fraction", "as flush_fall", "a jump or drop since the brief: refresh"
    )
    refresh_event_hours: float = declared(4.0, "hours", "own choice: a bar of 4h", "an event this near: refresh")
    # --- data and map quality --------------------------------------------------------------------------------------
    finest_bars_days: float = declared(
        30.0, "days", "own choice", "the finest bars that reach back this far are used; else the longest history"
    )
    reach_bars: int = declared(
        2, "bars", "own choice", "a history that ends this many bars before the newest still counts"
    )
    venue_volume_days: float = declared(
        7.0, "days", "own choice", "between equal histories the larger volume over this leads"
    )
    coverage_churn: float = declared(
        3.0, "1", "as churn", "volume x this changes hands without changing open interest, in start-up coverage"
    )
    coverage_largest_close: float = declared(
        0.9, "fraction", "own choice", "open positions that one bar can close, at most"
    )
    gap_ranges: float = declared(4.0, "mean true ranges", "own choice", "a bar that moves more than this is a jump")
    gap_days: float = declared(30.0, "days", "own choice", "jumps and absent bars are counted over this span")
    depth_within: float = declared(0.01, "fraction", "guide, example 3", "resting orders count this far from the mid")
    depth_deep: float = declared(10e6, "quote currency", "own choice", "a book with this on its thinner side is deep")
    depth_thin: float = declared(
        1e6, "quote currency", "own choice", "a book with less on its thinner side is very thin"
    )
    depth_oldest_hours: float = declared(
        24.0, "hours", "own choice", "an older order-book snapshot says nothing any more"
    )
    exact_oldest_hours: float = declared(24.0, "hours", "own choice", "older known positions say nothing any more")
    thin_daily_volume: float = declared(
        200e6, "quote currency a day", "own choice", "a market below this counts as thin where its book is unknown"
    )
    one_venue_share: float = declared(
        0.75, "fraction", "own choice", "above this part of the known open interest the map is one venue's"
    )
    short_history_days: float = declared(30.0, "days", "own choice", "a map from a shorter history is weaker")
    least_history_days: float = declared(7.0, "days", "own choice", "a map from a shorter history is Low")
    stale_bars: float = declared(
        2.0, "bars", "own choice", "a last bar older than this, or than the horizon, is stale: nothing is acted on"
    )
    stale_hours: float = declared(24.0, "hours", "own choice", "a map from bars older than this is Low")
    low_faults: int = declared(3, "faults", "own choice", "this many weigh a map down to Low; any fault to Medium")


DEFAULTS = Assumptions()
