"""The one reader of YAML: text becomes plain data, and every value keeps its line and the text that stands there.

Nothing is guessed: numbers are decimal (24, 0.5, 1e3), true and false are the only two of their kind, ~ and null are
nothing, and all else is text: 024, 0x1f, 1:30, 1_000, on, off, yes, no, a date.

First step on the way from config to brief. What YAML itself finds wrong (tabs, double keys, broken syntax) is reported
here with its line; what the values mean is judged by who asked.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import yaml

from reportgen.config.text import SAVE_IT, TextError, decode_text

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | int | float | bool | None"
Trail: TypeAlias = tuple[str | int, ...]
"""The way from the top of the file to a value: ("watchlist", 1, "symbol")."""

_LARGEST_FILE: Final = 1_000_000
_DEEPEST: Final = 16
_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "timestamp", "null", "bool", "int", "float", "merge", "value")
)
_WORDS: Final[dict[str, Plain]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_WHOLE: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL: Final = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake of the user.

    Attributes:
        file: As the user named it. line: 1-based, or None where the file as a whole is meant.
        key: Dotted, or "". reason, suggestion: without a full stop at the end of the reason.
    """

    file: str
    line: int | None
    key: str
    reason: str
    suggestion: str

    def __str__(self) -> str:
        """Write it as compilers do, so that editors jump to the place."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.key, f"{self.reason}. {self.suggestion}") if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlFile:
    """A parsed file: its data, what was wrong with it, and where each value stands.

    Attributes:
        name: As the user named it.
        data: What stands at the top level; None when the file is empty or could not be read.
        problems: In the order of the file.
        lines: First and last line of each key and item, 1-based, by trail.
        texts: Each single value as it is written, by trail.
    """

    name: str
    data: Plain
    problems: tuple[Problem, ...]
    lines: dict[Trail, tuple[int, int]]
    texts: dict[Trail, str]

    def line_of(self, trail: Trail) -> int:
        """Find the line of a value, or of its nearest parent that stands in the file."""
        while trail and trail not in self.lines:
            trail = trail[:-1]
        return self.lines.get(trail, (1, 1))[0]

    def problem(self, trail: Trail, reason: str, suggestion: str) -> Problem:
        """Point at a value."""
        line = self.line_of(trail)
        return Problem(file=self.name, line=line, key=dotted(trail), reason=reason, suggestion=suggestion)


def dotted(trail: Trail) -> str:
    """Write a trail the way a person points at it: watchlist[1].symbol."""
    text = ""
    for step in trail:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read_yaml(path: Path, *, as_text: bool = False, most_bytes: int = _LARGEST_FILE) -> YamlFile:
    """Read a YAML file; never raises for what is wrong inside.

    Args:
        path: The file.
        as_text: Keep every value but null as the text that stands in the file, whatever YAML would make of it.
        most_bytes: A larger file is refused.

    Raises:
        OSError: The file cannot be opened.
    """
    with path.open("rb") as file:
        content = file.read(most_bytes + 1)
    return parse_yaml(content, str(path), as_text=as_text, most_bytes=most_bytes)


def parse_yaml(content: bytes, name: str, *, as_text: bool = False, most_bytes: int = _LARGEST_FILE) -> YamlFile:
    """Turn the content of a file into data, as `read_yaml` does; `name` is how its user knows it."""
    if len(content) > most_bytes:
        suggestion = "A configuration is a short text file: is this the right one?"
        return _broken(name, None, "is larger than a megabyte", suggestion)
    try:
        text = decode_text(content, name)
    except TextError as error:
        return _broken(name, error.line, error.reason, SAVE_IT)
    try:
        # Looked through first, because PyYAML's composer recurses in C and a deep file crashes it.
        if refused := _refuse(text, name):
            return refused
        loader = yaml.CSafeLoader(text)
        root = loader.get_single_node()
    except yaml.YAMLError as error:
        return _broken(name, *_explain(error, text))
    walk = _Walk(name, as_text=as_text)
    data = None if root is None else walk.value(root, ())
    return YamlFile(name=name, data=data, problems=tuple(walk.problems), lines=walk.lines, texts=walk.texts)


def _refuse(text: str, name: str) -> YamlFile | None:
    """Turn away what no configuration needs and a parser can be harmed with: deep nesting and aliases."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = int(event.start_mark.line) + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            return _broken(name, line, f"uses the alias *{event.anchor}", "Write the value out.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                return _broken(name, line, "is nested too deeply", "Five levels are the most there is.")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


def _explain(error: yaml.YAMLError, text: str) -> tuple[int | None, str, str]:
    """Say in plain words what the parser tripped over: line, reason, suggestion."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text[: error.position].count("\n") + 1
        return line, "holds a control character that text files do not have", "Delete it, or retype the line."
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    number = int(mark.line) + 1 if mark else None
    indent = "".join(text.splitlines()[mark.line : mark.line + 1])[: mark.column + 1] if mark else ""
    if "\t" in indent and not indent.strip():
        return number, "is indented with a tab", "YAML allows spaces only: replace the tab with two spaces."
    problem = str(getattr(error, "problem", None) or error)
    return (
        number,
        f"is not valid YAML ({problem})",
        "Check the indentation, the colons and the quotes around this line.",
    )


def _broken(name: str, line: int | None, reason: str, suggestion: str) -> YamlFile:
    """Give up on the file with one problem."""
    problem = Problem(file=name, line=line, key="", reason=reason, suggestion=suggestion)
    return YamlFile(name=name, data=None, problems=(problem,), lines={}, texts={})


class _Walk:
    """One pass over the nodes that keeps lines and collects problems."""

    def __init__(self, name: str, *, as_text: bool) -> None:
        self.name = name
        self.as_text = as_text
        self.problems: list[Problem] = []
        self.lines: dict[Trail, tuple[int, int]] = {}
        self.texts: dict[Trail, str] = {}

    def value(self, node: yaml.Node, trail: Trail) -> Plain:
        """Read a value of any kind."""
        self.lines[trail] = node.start_mark.line + 1, _last_line(node)
        if isinstance(node, yaml.MappingNode):
            # Read a mapping; the first of two equal keys wins and the second is a problem.
            data: dict[str, Plain] = {}
            for key_node, value_node in node.value:
                line = key_node.start_mark.line + 1
                if not isinstance(key_node, yaml.ScalarNode):
                    self._problem(line, trail, "has a key that is not plain text", "Write `name: value`.")
                    continue
                here = (*trail, key_node.value)
                if key_node.value in data:
                    first = self.lines[here][0]
                    self._problem(line, here, f"is set twice, first in line {first}", "Keep one of the two.")
                    continue
                data[key_node.value] = self.value(value_node, here)
                self.lines[here] = line, self.lines[here][1]
            return data
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*trail, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, trail)

    def _scalar(self, node: yaml.Node, trail: Trail) -> Plain:
        line = node.start_mark.line + 1
        if node.tag not in _TAGS:
            self._problem(line, trail, f"carries the tag {node.tag}", "Write a plain value.")
            return None
        text = self.texts[trail] = str(node.value)
        if getattr(node, "style", "") or (self.as_text and _WORDS.get(text, text) is not None):
            return text
        try:
            if _WHOLE.fullmatch(text):
                return int(text)
            return float(text) if _DECIMAL.fullmatch(text) else _WORDS.get(text, text)
        except ValueError:
            self._problem(line, trail, "is not a number that can be read", "Shorten it, or put text in quotes.")
            return None

    def _problem(self, line: int, trail: Trail, reason: str, suggestion: str) -> None:
        key = dotted(trail)
        self.problems.append(Problem(file=self.name, line=line, key=key, reason=reason, suggestion=suggestion))


def _last_line(node: yaml.Node) -> int:
    """Find where a value ends; the end mark of a block lies behind the comments that follow it."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        return int(node.end_mark.line) + 1
    last = node.value[-1]
    return _last_line(last[1] if isinstance(last, tuple) else last)
