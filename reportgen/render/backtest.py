"""A backtest as a page and as a PDF: the verdict first, every score beside its control.

Stands at the last arrow, beside the brief: the same type, colours and engine, another template. Charts are rules of
the style sheet, so that they follow light and dark and need no picture.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from reportgen.render.fonts import css_font_faces
from reportgen.render.html import environment
from reportgen.render.pdf import print_page
from reportgen.track_record.result import Backtest, Difference, DistanceSkill, Interval, MapScore
from reportgen.units import Missing

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


def render_backtest(result: Backtest) -> tuple[bytes, bytes]:
    """Write a backtest as one self-contained HTML file and as a PDF.

    Args:
        result: What was found.

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


def differences(result: Backtest) -> tuple[tuple[str, tuple[Difference, ...]], ...]:
    """Give the first engine's paired differences, by control set."""
    rows = rank_rows(result)
    return tuple((score.controls, score.minus) for score in rows[0] if score.minus) if rows else ()


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


def cells(result: Backtest) -> tuple[tuple[str, tuple[tuple[DistanceSkill, str], ...]], ...]:
    """Lay the skill by distance out by side: each cell with the strength of its tint, "0.00" where nothing is known."""
    skill = result.skill_by_distance
    if isinstance(skill, Missing):
        return ()
    sides = dict.fromkeys(one.side for one in skill)
    return tuple((side, tuple((one, _tint(one)) for one in skill if one.side == side)) for side in sides)


def _tint(cell: DistanceSkill) -> str:
    """Give the opacity of a cell's colour: none at no skill."""
    if isinstance(cell.skill, Missing):
        return "0.00"
    strength = min(1.0, max(0.0, cell.skill.value / _SKILL_OF_STRONGEST_TINT))
    return f"{_STRONGEST_TINT * strength:.2f}"
