"""The house, proved by reading its source: who may import whom, what is pure, and how large a piece may grow."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = ROOT / "reportgen"

GROUND: Final = frozenset({"units", "errors", "notation", "config.assumptions"})
"""What any room may stand on."""

MARKET_TYPES: Final = frozenset(
    {
        *(f"market.{name}" for name in ("data", "quality", "symbols")),
        *(f"market.exchanges.{name}" for name in ("venue", "venues", "units", "answers", "questions")),
    }
)
FINDS_ITS_FILES: Final = "market.exchanges.venues"
"""The registry looks for the venues in its own folder, which is the only file that a pure module may read."""

PURE_GROUND: Final = GROUND | MARKET_TYPES
EDGE_GROUND: Final = PURE_GROUND | {"moments", "config.places", "config.text"}

MAY_IMPORT: Final[dict[str, frozenset[str]]] = {
    "": frozenset({"morning.api"}),
    "__main__": frozenset({"cli"}),
    "units": frozenset(),
    "errors": frozenset(),
    "config.assumptions": frozenset({"units"}),
    "notation": frozenset({"units"}),
    "moments": GROUND,
    "config": EDGE_GROUND | {"config", "events.calendar", "events.builtin"},
    "market.data": GROUND,
    "market.symbols": GROUND,
    "market": EDGE_GROUND | {"market", "liquidation.margin"},
    "events": EDGE_GROUND | {"events", "config.events", "market.web"},
    "events.calendar": GROUND | {"events.sessions"},
    "liquidation": PURE_GROUND | {"liquidation"},
    "guide": PURE_GROUND | {"guide", "liquidation", "events.calendar", "events.flows"},
    "brief": PURE_GROUND | {"brief", "guide", "liquidation", "events.calendar", "events.flows"},
    "track_record": PURE_GROUND | {"track_record", "guide", "liquidation", "brief"},
    "render": EDGE_GROUND
    | {"render", "brief", "track_record", "guide", "liquidation.picture", "liquidation.known_positions"}
    | {"events.calendar"},
    "delivery": EDGE_GROUND
    | {
        "config.mail",
        "config.settings",
        "config.yaml",
        "market.web",
        "delivery",
        "brief",
        "render.json",
        "render.formats",
        "render.site",
        "track_record.ledger",
        "liquidation.calibration",
    },
    "morning": EDGE_GROUND
    | {"morning", "config", "market", "events", "liquidation", "guide", "brief", "track_record", "render"}
    | {"delivery"},
    "cli": frozenset({"*"}),
}
"""DESIGN's "Who may import whom"; the longest name that fits a module speaks for it."""

TYPES_ONLY: Final = {
    "render": (
        *("guide", "track_record", "liquidation.picture", "liquidation.known_positions", "events.calendar"),
        "brief.types",
    )
}
"""A view names the types that a Brief is made of; it calls none of the functions that made them."""

PURE: Final = (
    *("units", "errors", "notation", "config.assumptions", "liquidation", "guide", "track_record"),
    *(f"brief.{name}" for name in ("types", "changes", "alerts", "refresh")),
    *("events.calendar", "events.flows", "events.sessions"),
    *MARKET_TYPES,
)
LARGEST_FILE, LONGEST_FUNCTION, MODULES_AT_TOP, PACKAGES_AT_TOP = 600, 60, 6, 11
PURE_LIBRARIES: Final = frozenset(
    {
        *("__future__", "abc", "collections", "concurrent", "dataclasses", "enum", "types", "typing"),
        *("bisect", "contextlib", "functools", "heapq", "itertools", "math", "operator", "numpy"),
        *("base64", "datetime", "hashlib", "json", "re", "string", "textwrap", "unicodedata", "zlib", "zoneinfo"),
    }
)
CLOCK: Final = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime", "strftime"},
}
NUMPY_FILES: Final = frozenset(
    {"load", "save", "savez", "savez_compressed", "loadtxt", "savetxt", "fromfile", "memmap"}
)
FREE_FLOATS: Final = frozenset({0.0, 0.5, 1.0, 2.0})
HEAVY: Final = frozenset({"pandas", "matplotlib", "weasyprint", "ccxt", "duckdb", "numpy", "jinja2", "PIL"})


def sources() -> list[Path]:
    """List the source files."""
    return sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def module_of(path: Path) -> str:
    """Name a file as the tables do: reportgen/market/data.py is market.data, reportgen/__init__.py is empty."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.AST) -> Iterator[tuple[str, str, int]]:
    """Yield (module, name, line) for each import; `from a import b` may mean the module a.b or a name in a."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "", node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level
            yield from ((dots + (node.module or ""), alias.name, node.lineno) for alias in node.names)


def is_module(name: str) -> bool:
    """Tell whether a dotted name inside the package is a file or a folder."""
    file = PACKAGE.joinpath(*name.split("."))
    return file.is_dir() or file.with_suffix(".py").is_file()


def longest(names: tuple[str, ...], module: str) -> str | None:
    """Choose the longest of the names that fits a module."""
    fitting = [name for name in names if module == name or (name and module.startswith((f"{name}.", f"{name}_")))]
    return max(fitting, key=len, default=None)


def own_imports(tree: ast.AST) -> Iterator[tuple[str, str, int]]:
    """Yield (module inside reportgen, imported name or empty, line)."""
    for module, name, line in imported(tree):
        if module == "reportgen" or module.startswith("reportgen."):
            inside = module.removeprefix("reportgen").lstrip(".")
            as_module = f"{inside}.{name}".strip(".")
            yield (as_module, "", line) if name and is_module(as_module) else (inside, name, line)


def forbidden_imports(module: str, tree: ast.AST) -> list[str]:
    """List what a module imports from the house although its room may not."""
    room = longest(tuple(MAY_IMPORT), module) or ("" if not module else None)
    if room is None:
        return [f"{module}: no room of this name is in MAY_IMPORT; say there whom it may import"]
    allowed = MAY_IMPORT[room]
    found = []
    for target, name, line in own_imports(tree):
        if "*" in allowed or (not target and name == "__version__"):
            continue
        if longest(tuple(allowed), target) is None:
            found.append(f"{module}:{line} imports {target or 'reportgen'}")
        if longest(TYPES_ONLY.get(room, ()), target) and not name[:1].isupper():
            found.append(f"{module}:{line} imports {name or target} from {target}, which is not a type")
    return found


def dotted(node: ast.AST) -> str:
    """Write a.b.c as it stands in the source, or nothing when it is no name."""
    return ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""


def clock_reads(tree: ast.AST) -> list[str]:
    """List where the time of day is asked for."""
    return [
        f"line {node.lineno}: {dotted(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in CLOCK.get(dotted(node.value).rpartition(".")[2], ())
    ]


def printing(tree: ast.AST) -> list[str]:
    """List where something is printed."""
    names = {"print", "typer.echo", "sys.stdout", "sys.stderr"}
    return [
        f"line {n.lineno}: {dotted(n)}"
        for n in ast.walk(tree)
        if isinstance(n, ast.Attribute | ast.Name) and dotted(n) in names
    ]


def impurities(tree: ast.AST) -> list[str]:
    """List what a pure module may not do: files, clock, network, drawing, or randomness of its own."""
    found = clock_reads(tree) + printing(tree)
    for module, name, line in imported(tree):
        top = module.split(".")[0]
        if top not in PURE_LIBRARIES | {"reportgen"}:
            found.append(f"line {line}: imports {module}")
        if module == "numpy.random" and name != "Generator":
            found.append(f"line {line}: imports numpy.random.{name}")
    for node in ast.walk(tree):
        text = dotted(node)
        if isinstance(node, ast.Call) and dotted(node.func) == "open":
            found.append(f"line {node.lineno}: open")
        if re.fullmatch(r"(np|numpy)\.\w+", text) and text.split(".")[1] in NUMPY_FILES:
            found.append(f"line {node.lineno}: {text}")  # type: ignore[attr-defined]
        if re.fullmatch(r"(np|numpy)\.random\.\w+", text) and not text.endswith(".Generator"):
            found.append(f"line {node.lineno}: {text}")  # type: ignore[attr-defined]
    return found


def functions(tree: ast.AST) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Yield every function with its length in lines, its docstring not counted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = node.body[0] if ast.get_docstring(node, clean=False) else None
            spared = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
            yield node, (node.end_lineno or 0) - node.lineno + 1 - spared


def loose_dataclasses(tree: ast.AST) -> list[str]:
    """List the dataclasses that are not frozen, slotted and keyword-only; Missing("why") alone reads well without."""
    wanted = {"frozen=True", "slots=True", "kw_only=True"}
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef) or node.name == "Missing":
            continue
        for decorator in node.decorator_list:
            call = decorator.func if isinstance(decorator, ast.Call) else decorator
            given = {ast.unparse(k) for k in decorator.keywords} if isinstance(decorator, ast.Call) else set()
            if dotted(call).rpartition(".")[2] == "dataclass" and not wanted <= given:
                found.append(f"{node.name} lacks {', '.join(sorted(wanted - given))}")
    return found


def bare_floats(tree: ast.AST) -> list[str]:
    """List the floats in arithmetic that carry no name."""
    return [
        f"line {side.lineno}: {side.value}"
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp)
        for side in (node.left, node.right)
        if isinstance(side, ast.Constant) and isinstance(side.value, float) and side.value not in FREE_FLOATS
    ]


TREES: Final = {module_of(path): ast.parse(path.read_text(encoding="utf-8"), str(path)) for path in sources()}
LINES: Final = {path: path.read_text(encoding="utf-8").splitlines() for path in sources()}


def faults(found: Callable[[str, ast.AST], list[str]], modules: Iterable[str] = TREES) -> list[str]:
    """Ask one question of many modules: what is wrong, with the module's name before it."""
    return [f"{module}: {fault}" for module in sorted(modules) for fault in found(module, TREES[module])]


def test_a_room_imports_only_those_below_it() -> None:
    """No module imports a room that is not below its own, and none is imported by a dotted-relative path."""
    assert faults(forbidden_imports) == []
    assert faults(lambda _, tree: [name for name, _, _ in imported(tree) if name.startswith(".")]) == []


def test_a_pure_room_is_a_function_of_its_arguments() -> None:
    """A pure module touches no file, clock, network or drawing, and draws only from a generator it is handed."""
    pure = {module for module in TREES if longest(PURE, module)} - {FINDS_ITS_FILES}
    assert faults(lambda _, tree: impurities(tree), pure) == []


def test_only_the_edge_prints_or_reads_the_clock() -> None:
    """Output leaves through the command line, and the time of day enters there or where a morning begins."""
    elsewhere = {module for module in TREES if not longest(("cli",), module)}
    assert faults(lambda _, tree: printing(tree), elsewhere) == []
    assert faults(lambda _, tree: clock_reads(tree), {m for m in elsewhere if not longest(("morning",), m)}) == []


def test_every_dataclass_is_frozen() -> None:
    """What was computed can't be changed afterwards, and is made by naming every field."""
    assert faults(lambda _, tree: loose_dataclasses(tree)) == []


def test_no_number_from_nowhere() -> None:
    """Floats in arithmetic have a name, and those that shape the model stand among the assumptions."""
    assert faults(lambda _, tree: bare_floats(tree), TREES.keys() - {"config.assumptions"}) == []


def test_files_and_functions_keep_to_one_idea() -> None:
    """A file or function beyond these sizes holds more than one idea; there is no rule that asks for small ones."""
    assert {str(p.relative_to(ROOT)): len(n) for p, n in LINES.items() if len(n) > LARGEST_FILE} == {}
    assert faults(lambda _, tree: [f"{f.name} {n}" for f, n in functions(tree) if n > LONGEST_FUNCTION]) == []


def test_a_family_of_files_is_a_package() -> None:
    """No folder holds three files with one prefix, and the top holds few modules and few packages."""
    families = Counter((p.parent, p.stem.split("_")[0]) for p in sources() if "_" in p.stem.strip("_"))
    assert [f"{folder.name}/{prefix}_*" for (folder, prefix), count in families.items() if count >= 3] == []
    assert sum(path.parent == PACKAGE for path in sources()) <= MODULES_AT_TOP
    assert sum((folder / "__init__.py").is_file() for folder in PACKAGE.iterdir()) <= PACKAGES_AT_TOP


def test_no_junk_drawer_and_nothing_left_for_later() -> None:
    """No module is named after nothing in particular, and no note says that work is still to be done."""
    names = [str(p) for p in sources() if re.fullmatch(r"(utils?|helpers?|common|misc|managers?)(_\w+)?", p.stem)]
    notes = [
        f"{path.relative_to(ROOT)}:{number}"
        for path, lines in LINES.items()
        for number, line in enumerate(lines, 1)
        if re.search(r"\b(TODO|FIXME|XXX|NotImplementedError)\b|\b(mock|fake|dummy)_\w+", line)
    ]
    assert names + notes == []


def test_string_keys_stay_at_the_border() -> None:
    """Records with string keys live where files are read; past that border fields have names and types."""
    soup = sum(len(re.findall(r"\[['\"][a-zA-Z_]+['\"]\]", "\n".join(lines))) for lines in LINES.values())
    assert soup <= 8 * sum(map(len, LINES.values())) / 1000


def test_help_loads_nothing_heavy() -> None:
    """`reportgen --help` prints without loading a library that only a brief needs."""
    script = (
        "import sys; sys.argv = ['reportgen', '--help']\n"
        "from reportgen.cli import main\n"
        "try: main()\n"
        "finally: sys.stderr.write('loaded ' + ' '.join(sorted(set(sys.modules))))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "brief" in done.stdout
    assert HEAVY & set(done.stderr.split()) == set()


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("from reportgen.render.html import page", "imports render.html"),
        ("import reportgen.cli", "imports cli"),
        ("from reportgen import brief", "imports brief"),
    ],
)
def test_the_reader_sees_a_forbidden_import(source: str, fault: str) -> None:
    """An import upwards is found however it is written."""
    assert any(fault in line for line in forbidden_imports("guide.zones", ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "import pathlib",
        "import random",
        "from matplotlib.figure import Figure",
        "import time\nnow = time.time()",
        "from datetime import datetime\nnow = datetime.now()",
        "text = open('a').read()",
        "import numpy as np\nrng = np.random.default_rng(1)",
        "from numpy.random import default_rng",
        "import numpy as np\na = np.load('a.npy')",
        "print('a')",
    ],
)
def test_the_reader_sees_an_impurity(source: str) -> None:
    """Each way out of a pure room is found."""
    assert impurities(ast.parse(source)) != []
