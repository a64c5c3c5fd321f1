"""The documents, held against the product; and what must never be in the repository."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from reportgen import __version__
from reportgen.cli import app
from reportgen.config.places import how_to_install
from reportgen.market.exchanges.venues import VENUES
from scripts.make_examples import EXAMPLES

ROOT: Final = Path(__file__).resolve().parent.parent
PAGES: Final = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NOT_OURS: Final = frozenset(
    {".git", ".venv", ".cache", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}
    | {"output", "dist", "build", "fresh-out"}
)
LINK: Final = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
MACHINE_PATH: Final = re.compile("|".join(f"/{place}" for place in ("work/", "root/", r"home/[a-z]\w*/", r"tmp/w\b")))
REGISTRY: Final = re.compile(
    "|".join(rf"\b{name}\b" for name in (r"pypi\Worg", r"[p]ythonhosted", r"deb\Wdebian", r"[n]pmjs"))
)


def commands(command: Any = None, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each command a user can type, with its full name: brief, config schema."""
    command = command or typer.main.get_command(app)
    inner = getattr(command, "commands", {})
    for word, child in inner.items():
        yield from commands(child, f"{name} {word}".strip())
    if not inner:
        yield name, command


def options(command: Any) -> set[str]:
    """List the long options that a command takes."""
    return {
        word
        for parameter in command.params
        for word in (*parameter.opts, *parameter.secondary_opts)
        if word[:2] == "--"
    }


COMMANDS: Final = dict(commands())


def slug(heading: str) -> str:
    """Name a heading as a link's fragment does."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def project_files() -> Iterator[Path]:
    """Yield every file of the project, without what set-up, tests and runs leave behind."""
    for path in sorted(ROOT.rglob("*")):
        if path.is_file() and not NOT_OURS & set(path.relative_to(ROOT).parts):
            yield path


def typed_commands() -> Iterator[tuple[str, str]]:
    """Yield (page, command line) for each line of a shell block that runs reportgen."""
    for page in PAGES:
        for block in re.findall(r"```(?:sh|bash|console)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                words = re.sub(r"^\$ ", "", line.strip())
                if re.match(r"(\./run|reportgen|\.venv/bin/reportgen)\s", words):
                    yield page.name, words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link names a file of the checkout, and each fragment a heading in it."""
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, fragment = target.partition("#")
        if "://" in target:
            continue
        if path.startswith("examples/"):  # made when the site is built
            assert path.removeprefix("examples/") in EXAMPLES, target
            continue
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if fragment:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert fragment in map(slug, headings), target


def test_the_readme_opens_with_a_picture_of_the_brief() -> None:
    """Under its title README shows what one gets, and says in words what the picture shows."""
    first = (ROOT / "README.md").read_text(encoding="utf-8").split("\n\n")[1]
    found = re.fullmatch(r"!\[(.{40,})\]\((docs/images/\S+)\)", first)
    assert found
    assert (ROOT / found[2]).is_file()


def test_the_readme_is_short_and_begins_with_what_it_is_for() -> None:
    """At most 120 lines; below the picture stands what the reader gets, and what it does not ask for."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.count("\n") <= 120
    first = text.split("\n\n")[2]
    assert first.startswith("It tells you each morning what could liquidate whom, and shows how often it was right.")


def test_every_page_has_its_place_in_the_navigation() -> None:
    """mkdocs.yml lists each page of docs/ once, and no other; `.ci/docs` builds them strictly."""
    listed = re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/**/*.md"))


def test_the_data_terms_of_every_venue_are_named() -> None:
    """Each venue that can be asked has a row with a link to its own words, and the page says what it is not."""
    text = (ROOT / "docs/data-terms.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([A-Z]\w+(?: \w+)?) \|(.*)$", text, re.MULTILINE))
    assert set(rows) == {venue.display for venue in VENUES.values()}
    assert all("](https://" in row for row in rows.values())
    assert "no legal advice" in text


@pytest.mark.parametrize(("page", "line"), sorted(set(typed_commands())))
def test_a_documented_command_exists(page: str, line: str) -> None:
    """What a page tells the reader to type is a command, with options that it takes."""
    words = shlex.split(line, comments=True)[1:]
    if words[0] == "test":
        return
    name = next((n for n in COMMANDS if n.split() == words[: len(n.split())]), None)
    known = {"--help", "--version"} if name is None else {"--help", *options(COMMANDS[name])}
    assert name or words[0] in known, f"{page}: {line}"
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known, f"{page}: {line}"


def test_the_two_commands_are_in_the_readme() -> None:
    """README names the two commands that a bare machine needs."""
    lines = {re.sub(r"\s+#.*", "", line) for page, line in typed_commands() if page == "README.md"}
    assert {"./run brief --sample", "./run test"} <= lines


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_is_documented(name: str) -> None:
    """docs/commands.md has a section for each command with all of its options, and README names the command."""
    text = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## reportgen {name}\n")[2].partition("\n## ")[0]
    assert section
    assert {option for option in options(COMMANDS[name]) if not re.search(rf"{option}(?![\w-])", section)} == set()
    assert re.search(rf"`{name}\b", (ROOT / "README.md").read_text(encoding="utf-8"))


def test_changelog_and_citation_have_the_version() -> None:
    """The newest heading of CHANGELOG, and what a citation names, are the version that `--version` prints."""
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == __version__


def test_no_machine_and_no_registry_is_named() -> None:
    """No file holds a path of the machine it was written on, or the host of a package registry."""
    found = set()
    for path in project_files():
        content = path.read_bytes()
        if b"\0" not in content:
            text = content.decode()
            found |= {(path.name, match) for names in (MACHINE_PATH, REGISTRY) for match in names.findall(text)}
    assert found == set()


def test_the_licence_is_mit() -> None:
    """LICENSE is the one that the package metadata and README name."""
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_nothing_says_to_install_a_stranger_of_our_name() -> None:
    """On PyPI reportgen is somebody else's: no file of ours, and no hint, asks an index for the bare name."""
    bare = re.compile(r"(?:pipx? install|uv tool install)[^\n`]*?[ '\"]reportgen(?:\[[\w,]+\])?(?=[\"'`\s])(?! @)")
    assert bare.search("pip install 'report" + "gen[sql]'")
    assert bare.search("pip install --quiet report" + "gen\n")
    texts = {path: path.read_bytes() for path in project_files()}
    assert [
        f"{path.relative_to(ROOT)}: {said}"
        for path, content in texts.items()
        if b"\0" not in content
        for said in bare.findall(content.decode())
    ] == []


FROM_A_FOLDER: Final = "pip install './reportgen[sql]' from the folder that holds your copy"


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        ({"url": "file:///", "dir_info": {}}, "pip install '/[sql]'"),
        ({"url": "file:///", "dir_info": {"editable": True}}, "pip install -e '/[sql]'"),
        ({"url": "file:///no/such.whl"}, FROM_A_FOLDER),
        ({"url": "https://example.com/r.whl"}, "pip install 'reportgen[sql] @ https://example.com/r.whl'"),
        (
            {"url": "https://example.com/r", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "pip install 'reportgen[sql] @ git+https://example.com/r@abc'",
        ),
        (None, FROM_A_FOLDER),
    ],
)  # fmt: skip
def test_a_hint_names_where_this_copy_came_from(
    origin: dict[str, Any] | None, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folder, wheel or address, as the installer wrote it down; else the folder that the user has."""
    about = tmp_path / "reportgen-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Name: reportgen\n", encoding="utf-8")
    if origin is not None:
        (about / "direct_url.json").write_text(json.dumps(origin), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert how_to_install("sql").removesuffix(" of reportgen") == command
