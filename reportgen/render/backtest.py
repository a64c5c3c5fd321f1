"""A backtest as a page and as a PDF: the verdict first, every score beside its control.

Stands at the last arrow, beside the brief: the same type, colours and engine, another template. Charts are rules of
the style sheet, so that they follow light and dark and need no picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from reportgen.render.colours import LIGHT, Colour, rgb
from reportgen.render.fonts import css_font_faces
from reportgen.render.html import environment
from reportgen.render.paper import print_page
from reportgen.track_record.result import Backtest, DistanceSkill, DollarScore, Interval, MapScore
from reportgen.track_record.verdict import BacktestFindings
from reportgen.units import Missing, Side

_SHOWN = ("path", "path+price", "chart")
_STRONGEST_TINT = 0.62
_SKILL_OF_STRONGEST_TINT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """The scale that all bars of a forest plot share, in the score's unit."""

    low: float
    high: float

    def percent(self, value: float) -> str:
        """Place a value between 0 and 100 % of the axis."""
        return f"{100 * min(1.0, max(0.0, (value - self.low) / (self.high - self.low))):.2f}%"

    def width(self, interval: Interval) -> str:
        """Give an interval's length, at least a hair."""
        return f"{max(0.5, 100 * (interval.high - interval.low) / (self.high - self.low)):.2f}%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Versus:
    """Paired differences as a table.

    Attributes:
        controls: Columns, by control set. names: rows, the other maps.
        by: The difference by (control set, map); absent where it could not be scored.
    """

    controls: tuple[str, ...]
    names: tuple[str, ...]
    by: Mapping[tuple[str, str], Interval]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tint:
    """A cell's colour: red, green, blue as CSS writes them, and its opacity from "0.00" on."""

    colour: str
    opacity: str


def render_backtest(result: Backtest, findings: BacktestFindings) -> tuple[bytes, bytes]:
    """Write a backtest as one self-contained HTML file and as a PDF.

    Args:
        result: What was found.
        findings: The same in words, a sentence a section.

    Returns:
        HTML in UTF-8, and PDF; the same result gives the same bytes.
    """

    def page(fonts: str, *, printed: bool) -> str:
        template = environment().get_template("backtest.html.j2")
        return template.render(
            result=result,
            fonts=Markup(fonts),  # noqa: S704 - ours
            printed=printed,
            axis=axis_of(result),
            ranks=rank_rows(result),
            others=other_rows(result),
            versus=differences(result),
            dollars=dollar_rows(result),
            findings=findings,
            bands=bands(result),
            cells=cells(result),
        )

    html = page(css_font_faces("data"), printed=False).encode()
    return html, print_page(lambda fonts: page(fonts, printed=True))


def rank_rows(result: Backtest) -> tuple[tuple[MapScore, ...], ...]:
    """Give for each map its rank scores of both sides, one a control set; liquidations, else open interest."""
    metric = "liquidation rank" if any(s.metric == "liquidation rank" for s in result.map_scores) else None
    chosen = metric or "open interest rank"
    both = [s for s in result.map_scores if s.side == "both" and s.metric == chosen]
    names = tuple(dict.fromkeys(score.name for score in both))
    rows = []
    for name in names:
        found = {score.controls: score for score in both if score.name == name}
        rows.append(tuple(found[controls] for controls in _SHOWN if controls in found))
    return tuple(rows)


def other_rows(result: Backtest) -> tuple[MapScore, ...]:
    """Give every score that the first table leaves out: lifts, and the sides apart."""
    shown = {id(score) for row in rank_rows(result) for score in row}
    return tuple(score for score in result.map_scores if id(score) not in shown)


def differences(result: Backtest) -> Versus:
    """Lay out the first engine's paired differences, a row for each other map and a column for each control set."""
    rows = rank_rows(result)
    scored = [score for score in rows[0] if score.minus] if rows else []
    return Versus(
        controls=tuple(score.controls for score in scored),
        names=tuple(dict.fromkeys(one.versus for score in scored for one in score.minus)),
        by={(score.controls, one.versus): one.by for score in scored for one in score.minus},
    )


def dollar_rows(result: Backtest) -> tuple[tuple[str, DollarScore, DollarScore, DollarScore], ...]:
    """Give each map's dollars: its name, both sides together, longs, shorts."""
    if isinstance(result.dollars, Missing):
        return ()
    found = {(one.name, one.side): one for one in result.dollars}
    names = dict.fromkeys(one.name for one in result.dollars)
    return tuple((name, found[name, "both"], found[name, "long"], found[name, "short"]) for name in names)


def axis_of(result: Backtest) -> Axis:
    """Choose a scale that holds every rank score and its interval, and zero."""
    found = [s.score for row in rank_rows(result) for s in row if not isinstance(s.score, Missing)]
    low = min([0.0, *(one.low for one in found)])
    high = max([0.0, *(one.high for one in found)])
    return Axis(low=low, high=high if high > low else low + 1.0)


def bands(result: Backtest) -> tuple[tuple[float, float | None], ...]:
    """List the bands of distance, nearest first."""
    skill = result.skill_by_distance
    if isinstance(skill, Missing):
        return ()
    return tuple(dict.fromkeys((one.from_atr, one.to_atr) for one in skill))


def cells(result: Backtest) -> tuple[tuple[str, tuple[tuple[DistanceSkill, Tint], ...]], ...]:
    """Lay the skill by distance out by side: each cell with its tint, "0.00" where nothing is known."""
    skill = result.skill_by_distance
    if isinstance(skill, Missing):
        return ()
    sides = dict.fromkeys(one.side for one in skill)
    return tuple((side, tuple((one, _tint(one)) for one in skill if one.side == side)) for side in sides)


def _css(colour: Colour) -> str:
    return ",".join(map(str, rgb(colour)))


def _tint(cell: DistanceSkill) -> Tint:
    """Give a cell the colour of its side, or grey below zero: the deeper the farther from no skill."""
    if isinstance(cell.skill, Missing):
        return Tint(colour=_css(LIGHT.axis), opacity="0.00")
    strength = min(1.0, abs(cell.skill.value) / _SKILL_OF_STRONGEST_TINT)
    colour = LIGHT.axis if cell.skill.value < 0 else LIGHT.side(Side(cell.side))
    return Tint(colour=_css(colour), opacity=f"{_STRONGEST_TINT * strength:.2f}")
