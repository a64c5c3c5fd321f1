"""The text of config.yaml becomes plain data, and every value keeps the line it stands on.

First step on the way from config to brief. What YAML itself finds wrong (tabs, duplicate keys, broken syntax) is
reported here with its line; what the settings mean is judged in `config_schema`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import yaml

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | int | float | bool | None"
Trail: TypeAlias = tuple[str | int, ...]
"""The way from the top of the file to a value: ("watchlist", 1, "symbol")."""

_LARGEST_FILE: Final = 1_000_000
_DEEPEST: Final = 16
_TEXT_TAGS: Final = frozenset({"tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp"})
_PLAIN_TAGS: Final = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlProblem:
    """Something that YAML does not allow. line: 1-based, or None. key: dotted, or "" for the file as a whole."""

    line: int | None
    key: str
    reason: str
    suggestion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlFile:
    """A parsed file: its data, what was wrong with it, and where each value stands.

    Attributes:
        data: The top-level mapping; empty when the file could not be read as one.
        problems: In the order of the file.
        lines: 1-based line of each key and item, by trail.
    """

    data: dict[str, Plain]
    problems: tuple[YamlProblem, ...]
    lines: dict[Trail, int]

    def line_of(self, trail: Trail) -> int | None:
        """Find the line of a value, or of its nearest parent that stands in the file."""
        while trail and trail not in self.lines:
            trail = trail[:-1]
        return self.lines.get(trail, 1)


def dotted(trail: Trail) -> str:
    """Write a trail the way a person points at it: watchlist[1].symbol."""
    text = ""
    for step in trail:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read_yaml(path: Path) -> YamlFile:
    """Read a YAML file whose top level is a mapping; never raises for what is wrong inside.

    Raises:
        OSError: The file cannot be opened.
    """
    with path.open("rb") as file:
        content = file.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        return _broken(
            None, "is larger than a megabyte", "A configuration is a short text file: is this the right one?"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return _broken(
            line, f"byte {content[error.start]:#04x} is not UTF-8 text", "Save the file with encoding UTF-8."
        )
    return _parse(text)


def _parse(text: str) -> YamlFile:
    """Turn text into data; looked through first, because PyYAML's composer recurses in C and a deep file crashes it."""
    try:
        if refused := _refuse(text):
            return refused
        loader = yaml.CSafeLoader(text)
        root = loader.get_single_node()
    except yaml.YAMLError as error:
        return _broken(*_explain(error, text))
    if root is None:
        return YamlFile(data={}, problems=(), lines={})
    if not isinstance(root, yaml.MappingNode):
        return _broken(
            root.start_mark.line + 1, "holds no settings", "Start with `watchlist:`, or run `reportgen init`."
        )
    walk = _Walk(loader)
    data = walk.mapping(root, ())
    return YamlFile(data=data, problems=tuple(walk.problems), lines=walk.lines)


def _refuse(text: str) -> YamlFile | None:
    """Turn away what no configuration needs and a parser can be harmed with: deep nesting and aliases."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            return _broken(_line(event), f"uses the alias *{event.anchor}", "Write the value out.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                return _broken(_line(event), "is nested too deeply", "Five levels are the most there is.")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


def _line(event: yaml.Event) -> int:
    return int(event.start_mark.line) + 1 if event.start_mark else 1


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


def _broken(line: int | None, reason: str, suggestion: str) -> YamlFile:
    """Give up on the file with one problem."""
    return YamlFile(data={}, problems=(YamlProblem(line=line, key="", reason=reason, suggestion=suggestion),), lines={})


class _Walk:
    """One pass over the nodes that keeps lines and collects problems."""

    def __init__(self, loader: yaml.CSafeLoader) -> None:
        self.loader = loader
        self.problems: list[YamlProblem] = []
        self.lines: dict[Trail, int] = {}

    def mapping(self, node: yaml.MappingNode, trail: Trail) -> dict[str, Plain]:
        """Read a mapping; the first of two equal keys wins and the second is a problem."""
        data: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(line, trail, "has a key that is not plain text", "Write `name: value`.")
                continue
            here = (*trail, key_node.value)
            if key_node.value in data:
                first = self.lines[here]
                self._problem(line, here, f"is set twice, first in line {first}", "Keep one of the two.")
                continue
            self.lines[here] = line
            data[key_node.value] = self._value(value_node, here)
        return data

    def _value(self, node: yaml.Node, trail: Trail) -> Plain:
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, trail)
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, trail)
        return self._scalar(node, trail)

    def _sequence(self, node: yaml.SequenceNode, trail: Trail) -> list[Plain]:
        items: list[Plain] = []
        for index, item in enumerate(node.value):
            self.lines[*trail, index] = item.start_mark.line + 1
            items.append(self._value(item, (*trail, index)))
        return items

    def _scalar(self, node: yaml.Node, trail: Trail) -> Plain:
        if node.tag in _TEXT_TAGS:
            return str(node.value)
        line = node.start_mark.line + 1
        if node.tag not in _PLAIN_TAGS:
            self._problem(line, trail, f"carries the tag {node.tag}", "Write a plain value.")
            return None
        try:
            value: Plain = self.loader.construct_object(node)
        except ValueError:
            self._problem(line, trail, "is not a number that can be read", "Shorten it, or put text in quotes.")
            return None
        return value

    def _problem(self, line: int, trail: Trail, reason: str, suggestion: str) -> None:
        self.problems.append(YamlProblem(line=line, key=dotted(trail), reason=reason, suggestion=suggestion))
