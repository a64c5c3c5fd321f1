"""A backtest as a page, as a PDF and as a CSV of every score: the verdict first, every score beside its control.

Stands at the last arrow, beside the brief: the same type, colours and engine, another template. Its plots are rules of
the style sheet and plain shapes, so that they follow light and dark and need no picture.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final

from markupsafe import Markup

from reportgen.brief.types import Interval, ReliabilityBand
from reportgen.notation import spreadsheet_cell
from reportgen.render.fonts import css_font_faces
from reportgen.render.html import environment
from reportgen.render.paper import print_page
from reportgen.track_record.result import Backtest, DollarScore, MapScore
from reportgen.track_record.verdict import BacktestFindings
from reportgen.units import Maybe, Missing

_GROUPS: Final = {"engine": "Maps", "baseline": "Baselines", "control": "Controls: must score near 0"}
_STEPS: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_TICKS: Final = 4
_CONTEXT: Final = ("name", "of", "kind", "metric", "controls", "side", "symbol", "from_atr", "to_atr", "versus")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What all rows of a forest plot share, in the score's unit: from `low` to `high` in whole steps, 0 among them."""

    low: float
    high: float
    step: float

    def at(self, value: float) -> str:
        """Place a value between 0 and 100 % of the axis."""
        return self.part(min(value, self.high) - self.low)

    def part(self, length: float) -> str:
        """Give a length as a part of the axis."""
        return f"{100 * max(0.0, length) / (self.high - self.low):.2f}%"

    def ticks(self) -> tuple[float, ...]:
        """Give the values that the axis names."""
        return tuple(self.low + self.step * place for place in range(round((self.high - self.low) / self.step) + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One map of the forest plot: its score, and what the first map has over it, None where nothing was compared."""

    name: str
    score: Maybe[Interval]
    minus: Interval | None


def render_backtest(result: Backtest, findings: BacktestFindings) -> Mapping[str, bytes]:
    """Write a backtest as one self-contained HTML file, as a PDF, and every score as a CSV, by their endings.

    Args:
        result: What was found.
        findings: The same in words, a sentence a section.

    Returns:
        The same result gives the same bytes.
    """

    def page(fonts: str, *, printed: bool) -> str:
        rows = forest(result, findings.strictest)
        held = [row for group in rows.values() for row in group]
        return (
            environment()
            .get_template("backtest.html.j2")
            .render(
                result=result,
                fonts=Markup(fonts),  # noqa: S704 - ours
                printed=printed,
                findings=findings,
                forest=rows,
                scale=scale_of(row.score for row in held if not isinstance(row.score, Missing)),
                difference=scale_of(row.minus for row in held if row.minus),
                ranks=rank_rows(result),
                dollars=dollar_rows(result),
                scores=sum(1 for _ in score_rows(result)),
            )
        )

    html = page(css_font_faces("data"), printed=False).encode()
    return {"html": html, "pdf": print_page(lambda fonts: page(fonts, printed=True)), "csv": scores_csv(result)}


def rank_rows(result: Backtest) -> tuple[tuple[MapScore, ...], ...]:
    """Give for each map its rank scores of both sides, one a control set; liquidations, else open interest."""
    both = [s for s in result.map_scores if s.side == "both" and s.controls]
    chosen = [s for s in both if s.metric == "liquidation rank"] or both
    names = dict.fromkeys(score.name for score in chosen)
    return tuple(tuple(score for score in chosen if score.name == name) for name in names)


def forest(result: Backtest, controls: str) -> Mapping[str, list[Row]]:
    """Lay out the rank scores of one control set: maps, baselines, controls, each by score."""
    rows = [score for row in rank_rows(result) for score in row if score.controls == controls]
    minus = {one.versus: one.by for one in rows[0].minus} if rows else {}
    made = {
        title: [Row(name=row.name, score=row.score, minus=minus.get(row.name)) for row in rows if row.kind == kind]
        for kind, title in _GROUPS.items()
    }
    for group in made.values():
        group.sort(key=lambda row: math.inf if isinstance(row.score, Missing) else -row.score.value)
    return {title: group for title, group in made.items() if group}


def scale_of(found: Iterable[Interval]) -> Scale:
    """Choose the least scale of few whole steps that holds every interval and zero."""
    ends = [end for one in found for end in (one.low, one.high)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    step = next((step for step in _STEPS if high - low <= _TICKS * step), _STEPS[-1])
    first = math.floor(low / step)
    return Scale(low=first * step, high=max(math.ceil(high / step), first + 1) * step, step=step)


def dollar_rows(result: Backtest) -> tuple[tuple[str, DollarScore, DollarScore, DollarScore], ...]:
    """Give each map's dollars: its name, both sides together, longs, shorts."""
    if isinstance(result.dollars, Missing):
        return ()
    found = {(one.name, one.side): one for one in result.dollars}
    names = dict.fromkeys(one.name for one in result.dollars)
    return tuple((name, found[name, "both"], found[name, "long"], found[name, "short"]) for name in names)


def score_rows(result: Backtest) -> Iterator[Mapping[str, object]]:
    """Give every number of the record that is a score or a count, with what tells it from the others."""
    for field in fields(result):
        value = getattr(result, field.name)
        yield from _leaves(value, {"part": "record" if isinstance(value, int | float) else field.name}, field.name)


def _leaves(value: Any, context: Mapping[str, object], name: str) -> Iterator[Mapping[str, object]]:  # noqa: ANN401 - any part of a Backtest
    if isinstance(value, Missing):
        yield {**context, "score": name, "missing": value.reason}
    elif isinstance(value, Interval):
        yield {**context, "score": name, "value": value.value, "low": value.low, "high": value.high}
    elif isinstance(value, tuple):
        for one in value:
            yield from _leaves(one, context, name)
    elif isinstance(value, ReliabilityBand):
        band = {"score": "came", "value": value.came, "low": value.low, "high": value.high}
        yield {**context, **band, "given": value.given, "expected": value.expected}
    elif is_dataclass(value):
        held = {field.name: getattr(value, field.name) for field in fields(value)}
        own = {**context, **{key: part for key, part in held.items() if key in _CONTEXT}}
        for key, part in held.items():
            if key not in _CONTEXT:
                yield from _leaves(part, own, key)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield {**context, "score": name, "value": value}


def scores_csv(result: Backtest) -> bytes:
    """Write every score as a line, UTF-8, lines end in CR LF as RFC 4180 has it."""
    text = io.StringIO()
    columns = ("part", *_CONTEXT, "score", "value", "low", "high", "given", "expected", "missing")
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows({key: spreadsheet_cell(cell) for key, cell in row.items()} for row in score_rows(result))
    return text.getvalue().encode()
