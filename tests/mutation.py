"""Would the tests notice? `python -m tests.mutation --sample 300 --seed 1 [--room guide] [--show]`.

Changes one thing of the product at a time, in a temporary copy, runs the tests that cover it and counts how each
change ended: noticed by an assertion, by a crash, or not at all. Sentences (a word turned round or lost) are counted
apart from logic. A room is judged by its own tests. Not part of ./run test: 100 changes of a room take some minutes.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeAlias

import coverage
import hypothesis
import pytest

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache" / "mutation"
ROOMS = ("guide", "liquidation", "market", "track_record")
ALSO = {"guide": ("tests/worked_examples",), "liquidation": ("tests/worked_examples",)}
CPU_SECONDS = 120  # what the tests of one change may take before it counts as noticed by a crash
MEASURE_SECONDS = 900  # what one file of tests may take while it is measured

Change: TypeAlias = tuple[str, int, int, str]  # kind, first byte, the byte after the last, new text
Ending: TypeAlias = Literal["assertion", "crash", "survived"]
Covering: TypeAlias = dict[str, dict[int, list[str]]]  # file of the product -> line -> tests; "" is a whole test file

COMPARED: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Lt: ("<=", ">"), ast.LtE: ("<", ">="), ast.Gt: (">=", "<"), ast.GtE: (">", "<="), ast.Eq: ("!=",),
    ast.NotEq: ("==",), ast.Is: ("is not",), ast.IsNot: ("is",), ast.In: ("not in",), ast.NotIn: ("in",),
}  # fmt: skip
COUNTED: dict[type[ast.operator], str] = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.FloorDiv: "*", ast.Mod: "*", ast.Pow: "*",
    ast.BitAnd: "|", ast.BitOr: "&",
}  # fmt: skip
CALLED = {
    "min": "max", "max": "min", "any": "all", "all": "any", "minimum": "maximum", "maximum": "minimum",
    "argmin": "argmax", "argmax": "argmin", "abs": "", "sorted": "(lambda rows, **_: list(rows))",
}  # fmt: skip
OPPOSITE = (
    ("rising", "falling"), ("above", "below"), ("long", "short"), ("longs", "shorts"), ("up", "down"), ("high", "low"),
    ("higher", "lower"), ("more", "less"), ("most", "least"), ("before", "after"), ("inside", "outside"),
    ("all", "none"), ("with", "without"), ("first", "last"), ("nearest", "farthest"), ("over", "under"),
    ("nothing", "something"),
)  # fmt: skip
LOST = {"not": "", "no": "", "is": "is not", "are": "are not", "never": "always"}
TURNED = dict(OPPOSITE) | {other: one for one, other in OPPOSITE} | LOST
OPERATOR = re.compile(rb"is\s+not|not\s+in|\band\b|\bor\b|\bis\b|\bin\b|[<>=!]=|\*\*|//|[-+*/%<>&|]")
HOLES = re.compile(r"\{[^{}]*(\{[^{}]*\}[^{}]*)*\}|^[a-z]*[\"']+|\\u[0-9a-f]{4}")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: bytes `start` to `end` of the file become `text`; tests of its `lines` cover it."""

    file: str
    kind: str
    start: int
    end: int
    text: str
    lines: range


@dataclass(frozen=True, slots=True)
class Source:
    """One file of the product, its bytes and where its lines begin."""

    file: str
    text: bytes
    starts: tuple[int, ...]

    def place(self, node: ast.expr) -> tuple[int, int]:
        """Where an expression stands, in bytes."""
        last = self.starts[last_line(node) - 1] + (node.end_col_offset or 0)
        return self.starts[node.lineno - 1] + node.col_offset, last

    def of(self, node: ast.expr) -> str:
        """The text of an expression."""
        return self.text[slice(*self.place(node))].decode()

    def mutants(self, node: ast.AST, lines: range = range(0), deep: int = 0) -> Iterator[Mutant]:
        """Every change of code that runs; annotations, type aliases, docstrings and numbers of tables stay."""
        if isinstance(node, ast.expr):
            lines = lines or range(node.lineno, last_line(node) + 1)
            for kind, start, end, text in self.changes(node):
                if kind != "constant" or deep:
                    yield Mutant(self.file, kind, start, end, text, lines)
        elif isinstance(node, ast.If) or (isinstance(node, ast.Return) and node.value is not None):
            asked = node.test if isinstance(node, ast.If) else node.value
            if asked is not None and not isinstance(asked, ast.Constant):
                of = range(node.lineno, last_line(asked) + 1)
                text = f"not ({self.of(asked)})" if isinstance(node, ast.If) else "None"
                yield Mutant(self.file, "return" if text == "None" else "negated if", *self.place(asked), text, of)
        alias = isinstance(node, ast.AnnAssign) and "TypeAlias" in ast.dump(node.annotation)
        if alias or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            return
        left = {"annotation", "returns", "decorator_list", "values" if isinstance(node, ast.JoinedStr) else ""}
        for name, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and name not in left:
                    yield from self.mutants(child, lines, deep + isinstance(node, ast.FunctionDef | ast.Lambda))

    def changes(self, node: ast.expr) -> Iterator[Change]:  # noqa: C901, PLR0912 (one case a kind)
        """The kind, the place and the new text of every change of one expression."""
        start, end = self.place(node)
        match node:
            case ast.Compare():
                operands = [node.left, *node.comparators]
                for left, operator, right in zip(operands, node.ops, node.comparators, strict=False):
                    for text in COMPARED[type(operator)]:
                        yield from self.between("comparison", left, right, text)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in COUNTED:
                joined = (ast.JoinedStr, ast.List, ast.Tuple)  # texts and lists are joined with + too
                if not any(isinstance(x, joined) or isinstance(getattr(x, "value", 0), str) for x in (left, right)):
                    yield from self.between("arithmetic", left, right, COUNTED[type(op)])
            case ast.BoolOp(values=values, op=op):
                for left, right in pairwise(values):
                    yield from self.between("and/or", left, right, "or" if isinstance(op, ast.And) else "and")
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id="np"), attr=name)) if name in CALLED:
                if name in {"abs", "sorted"}:
                    yield name, *self.place(node.func), CALLED[name]
                else:
                    kind = "any/all" if name in {"any", "all"} else "min/max"
                    yield kind, *self.place(node.func), self.of(node.func).replace(name, CALLED[name])
            case ast.IfExp(test=test):
                yield "negated if", *self.place(test), f"(not ({self.of(test)}))"
            case ast.Constant(value=bool()):
                return
            case ast.Constant(value=int() | float() as number):
                yield "constant", start, end, f"{number + 1 if isinstance(number, int) else number * 2 or 1.0}"
            case ast.JoinedStr() | ast.Constant(value=str()):
                yield from turned(self.of(node), start)

    def between(self, kind: str, left: ast.expr, right: ast.expr, text: str) -> Iterator[Change]:
        """A change of the operator between two expressions; brackets and line ends beside it stay."""
        start, end = self.place(left)[1], self.place(right)[0]
        found = OPERATOR.search(self.text[start:end])
        if found is not None:
            yield kind, start + found.start(), start + found.end(), text


def mutants_of(file: str, text: bytes) -> list[Mutant]:
    """Every mutant of one file."""
    starts = (0, *(match.end() for match in re.finditer(b"\n", text)))
    return list(Source(file, text, starts).mutants(ast.parse(text)))


def last_line(node: ast.expr) -> int:
    """The line on which an expression ends."""
    return node.end_lineno or node.lineno


def turned(text: str, start: int) -> Iterator[Change]:
    """Turn one word of a sentence (three words and more, outside the braces) round, else lose its longest."""
    plain = HOLES.sub(lambda hole: "\0" * len(hole[0]), text)
    words = list(re.finditer(r"(?<![\w\0-])[A-Za-z]{2,}(?![\w\0-])", plain))
    if len(words) >= 3:
        told = sorted((word for word in words if word[0].lower() in TURNED), key=lambda word: word[0] in {"is", "are"})
        word = told[0] if told else max(words, key=lambda word: len(word[0]))
        at = start + len(text[: word.start()].encode())
        yield "sentence", at, at + len(word[0].encode()), TURNED.get(word[0].lower(), "")


class Witness:
    """A pytest plugin: in what order the tests run, how they end, and, with a coverage, what each one covers."""

    def __init__(self, wanted: dict[str, float] | None = None, measure: coverage.Coverage | None = None) -> None:
        """Run only the wanted tests, the quickest first; or all of them, measured."""
        self.wanted, self.measure = wanted, measure
        self.ending: tuple[Ending, str] = ("survived", "")
        self.seconds = dict[str, float]()
        self.failed = set[str]()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the wanted tests, in the order of their cost."""
        if (wanted := self.wanted) is not None:
            items[:] = [item for item in items if item.nodeid in wanted or item.nodeid.split("::")[0] in wanted]
            items.sort(key=lambda item: wanted.get(item.nodeid, 1.0))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        """What a setting-up covers, every test of the file may use."""
        if self.measure is not None:
            self.measure.switch_context(item.nodeid.split("::")[0])
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Measure one test."""
        if self.measure is not None:
            self.measure.switch_context(item.nodeid)
        begun = time.process_time()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.process_time() - begun

    def pytest_exception_interact(self, node: Any, call: pytest.CallInfo[Any]) -> None:
        """Tell an assertion (or a raise that did not come) from a crash."""
        assert call.excinfo is not None
        said = isinstance(call.excinfo.value, AssertionError | pytest.fail.Exception)
        self.ending = ("assertion" if said else "crash", node.nodeid)
        self.failed.add(node.nodeid)


def in_child(work: Callable[[], Any], log: Path, seconds: int = CPU_SECONDS) -> Any:
    """Run the work in a fork of this process, which has the libraries loaded; None when it died."""
    answer = log.with_suffix(".json")
    answer.unlink(missing_ok=True)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(sink, 1)
            os.dup2(sink, 2)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
            signal.alarm(seconds * 10)
            answer.write_text(json.dumps(work()))
        except BaseException:  # noqa: BLE001 (a fork never returns)
            traceback.print_exc()
        os._exit(0)
    os.waitpid(child, 0)
    return json.loads(answer.read_text()) if answer.exists() and answer.stat().st_size else None


def run_tests(tests: list[str], witness: Witness, *more: str) -> None:
    """Run pytest here."""
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)  # the smallest example is of no interest
    checks = list(hypothesis.HealthCheck)  # a fork of a busy machine may be slow
    hypothesis.settings.register_profile(
        "mutation", database=None, derandomize=True, phases=phases, deadline=None, suppress_health_check=checks
    )
    hypothesis.settings.load_profile("mutation")
    plain = ("-q", "--tb=no", "-pno:cacheprovider", "-pno:cov", "-Wignore::pytest.PytestAssertRewriteWarning")
    code = pytest.main([*plain, *more, *tests], plugins=[witness])
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED} and witness.ending[0] == "survived":
        witness.ending = ("crash", "while pytest collected")


def measure(test_file: str, room: str, home: Path) -> dict[str, Any]:
    """What each test of one file covers in a room, and what it costs; kept until either changes."""
    parts = [home / test_file, *sorted((home / "reportgen" / room).rglob("*.py"))]
    key = hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:16]
    kept = CACHE / f"{room}-{Path(test_file).stem}-{key}.json"

    def work() -> dict[str, Any]:
        gauge = coverage.Coverage(data_file=None, source=[str(home / "reportgen" / room)], config_file=False)
        witness = Witness(measure=gauge)
        with gauge.collect():
            run_tests([test_file], witness)
        data = gauge.get_data()
        lines = {str(Path(file).relative_to(home)): data.contexts_by_lineno(file) for file in data.measured_files()}
        return {"failed": sorted(witness.failed), "seconds": witness.seconds, "lines": lines}

    if not kept.exists():
        found = in_child(work, home / "map.log", MEASURE_SECONDS) or {"failed": [test_file], "seconds": {}, "lines": {}}
        if found["failed"]:  # on a busy machine a test may run out of its time
            sys.stderr.write(f"left out, as they fail without a change: {', '.join(found['failed'])}\n")
        kept.write_text(json.dumps(found))
    return dict(json.loads(kept.read_text()))


def cover(room: str, home: Path) -> tuple[Covering, dict[str, float]]:
    """Which tests cover which lines of a room, and what each test costs in seconds of CPU."""
    covering: Covering = {}
    seconds: dict[str, float] = {}
    folders = (f"tests/{room}", *ALSO.get(room, ()))
    for file in sorted(str(one.relative_to(home)) for folder in folders for one in (home / folder).rglob("test_*.py")):
        found = measure(file, room, home)
        seconds |= found["seconds"]
        for source, lines in found["lines"].items():
            for line, tests in lines.items():
                sound = {test or file for test in tests} - set(found["failed"])
                covering.setdefault(source, {}).setdefault(int(line), []).extend(sound)
    return covering, seconds


def try_out(mutant: Mutant, tests: set[str], seconds: dict[str, float], home: Path) -> tuple[Ending, str]:
    """Apply the mutant in the copy, run the tests that cover it, and put the file right again."""
    path = home / mutant.file
    source = path.read_bytes()
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
        compiled.unlink()
    path.write_bytes(source[: mutant.start] + mutant.text.encode() + source[mutant.end :])
    wanted = {test: seconds.get(test, 1.0) for test in tests}

    def work() -> tuple[Ending, str]:
        sys.dont_write_bytecode = True
        witness = Witness(wanted)
        run_tests(sorted({test.split("::")[0] for test in tests}), witness, "-x")
        return witness.ending

    try:
        found = in_child(work, home / "mutant.log")
    finally:
        path.write_bytes(source)
    return ("crash", "out of time") if found is None else tuple(found)


def copy_to(home: Path) -> None:
    """Copy the project and import from the copy alone; load the libraries, which every fork then has."""
    shutil.copytree(ROOT, home, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*", "__pycache__", "output"))
    os.chdir(home)
    sys.path[:] = [str(home), *(one for one in sys.path if Path(one or ".").resolve() not in {ROOT, home})]
    for name in [name for name in sys.modules if name.split(".")[0] == "tests"]:
        del sys.modules[name]
    for library in ("numpy", "pandas", "pydantic", "yaml", "hypothesis.extra.numpy"):
        import_module(library)


def main() -> None:
    """Draw the sample, try each mutant, print the table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--sample", type=int, default=300, help="mutants in all, the same number in each room")
    asked.add_argument("--seed", type=int, required=True)
    asked.add_argument("--room", action="append", help=f"a folder of reportgen/, also more than once; else {ROOMS}")
    asked.add_argument("--kind", help="only mutants of this kind, such as sentence or comparison")
    asked.add_argument("--show", action="store_true", help="print how every mutant ended, not only the survivors")
    options = asked.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    os.environ["COVERAGE_CORE"] = "ctrace"  # the only one that knows contexts
    counts: dict[tuple[str, str], Counter[str]] = {}
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        home = Path(folder).resolve()
        copy_to(home)
        rooms = options.room or ROOMS
        for room in rooms:
            covering, seconds = cover(room, home)
            files = sorted(str(path.relative_to(home)) for path in (home / "reportgen" / room).rglob("*.py"))
            found = [one for file in files for one in mutants_of(file, (home / file).read_bytes())]
            found = [one for one in found if options.kind in {None, one.kind}]
            drawn = random.Random(options.seed).sample(found, min(len(found), options.sample // len(rooms)))  # noqa: S311
            for mutant in sorted(drawn, key=lambda one: (one.file, one.start)):
                lines = covering.get(mutant.file, {})
                tests = {test for line in mutant.lines for test in lines.get(line, ())}
                ending, by = try_out(mutant, tests, seconds, home) if tests else ("not covered", "")
                counts.setdefault((room, "sentences" if mutant.kind == "sentence" else "logic"), Counter())[ending] += 1
                if options.show or ending in {"survived", "not covered"}:
                    sys.stdout.write(told(mutant, (home / mutant.file).read_bytes(), ending, by))
                    sys.stdout.flush()
    sys.stdout.writelines(table(counts))


def told(mutant: Mutant, source: bytes, ending: str, by: str) -> str:
    """Tell of one mutant, with its lines before and after."""
    start, end = source.rfind(b"\n", 0, mutant.start) + 1, source.find(b"\n", mutant.end)
    before = source[start:end].decode().strip()
    after = (source[start : mutant.start] + mutant.text.encode() + source[mutant.end : end]).decode().strip()
    number = source.count(b"\n", 0, mutant.start) + 1
    return f"{ending}: {mutant.file}:{number} [{mutant.kind}] {by}\n    {before}\n    {after}\n"


def table(counts: dict[tuple[str, str], Counter[str]]) -> Iterator[str]:
    """How the mutants ended, by room; the share is of the covered ones."""
    yield f"\n{'room':14}{'what':12}{'assertion':>10}{'crash':>7}{'survived':>10}{'not covered':>13}{'killed':>8}\n"
    for (room, what), count in sorted(counts.items()):
        killed = count["assertion"] + count["crash"]
        covered = killed + count["survived"]
        cells = f"{count['assertion']:10}{count['crash']:7}{count['survived']:10}{count['not covered']:13}"
        yield f"{room:14}{what:12}{cells}{f'{killed / covered:.0%}' if covered else '–':>8}\n"


if __name__ == "__main__":
    main()
