"""Which templates a user's own folder replaces, and what in it would replace nothing.

Stands beside `html.environment`, which asks here before anything is written by the folder's templates.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from jinja2 import Environment, TemplateError, nodes
from jinja2.meta import find_referenced_templates

from reportgen.errors import RenderError
from reportgen.render.page_helpers import NOTES

OURS: Final = "ours/"
"""Begins the name by which a template finds the shipped one that it replaces: `{% extends "ours/brief.html.j2" %}`."""

_ROOTS: Final = (
    "brief.html.j2", "page_numbers.html.j2", "mail/mail.html.j2", "mail/mail.txt.j2", "mail/preview.html.j2",
)  # fmt: skip


def replaceable(made: Environment) -> dict[str, nodes.Template | None]:
    """Find the templates that page, PDF and mail load, each by the name that a user's folder may give another.

    Raises:
        TemplateError: One of them is broken.
    """
    found: dict[str, nodes.Template] = {}
    waiting = list(_ROOTS)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _parsed(made, name)
            waiting += filter(None, find_referenced_templates(found[name]))
    return {name: found[name] for name in sorted(found)}


def blocks_of(template: nodes.Template) -> list[str]:
    """List the blocks of a template in its order."""
    return [block.name for block in template.find_all(nodes.Block)]


def check_overrides(made: Environment, folder: Path, kinds: tuple[str, ...]) -> None:
    """See to it that every file of a user's folder replaces something, and every block that it fills is there.

    Args:
        made: Looks into the folder first.
        folder: The user's own.
        kinds: Of the notes that are shipped.

    Raises:
        RenderError: A file or a block is in vain, or a template is broken; a line each, with what was meant.
    """
    names, faults = _names(folder), []
    try:
        used = replaceable(made)
    except (TemplateError, UnicodeDecodeError):
        used = dict.fromkeys(names)  # what is broken has its line below
    known = [*(name for name in used if not name.startswith(OURS)), *(f"{NOTES}/{kind}.md" for kind in kinds)]
    for name in names:
        if name not in known:
            away = f"{OURS}{name}" in made.list_templates()
            why = "is the archive's, whose pages no folder changes" if away else "replaces no template"
            faults.append(f"{folder / name}: {why}. {_meant(name, known)}")
        elif name.endswith(".j2"):
            faults += (f"{folder / name}{fault}" for fault in _faults_in(made, name))
    if faults:
        raise RenderError("\n".join(faults))


def _names(folder: Path) -> list[str]:
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in files if not any(part.startswith(".") for part in path.parts))


def _parsed(made: Environment, name: str) -> nodes.Template:
    source = made.loader.get_source(made, name)[0] if made.loader else ""
    return made.parse(source, name)


def _faults_in(made: Environment, name: str) -> Iterator[str]:
    """Compile a template, and find the blocks that none of those it extends has; deeper ones are its own."""
    try:
        made.get_template(name)
        template = above = _parsed(made, name)
        there: list[str] = []
        while (extends := above.find(nodes.Extends)) and isinstance(extends.template, nodes.Const):
            above = _parsed(made, str(extends.template.value))
            there += blocks_of(above)
    except TemplateError as error:
        yield f":{getattr(error, 'lineno', 1)}: {error}. Mend this template, or remove it."
    except UnicodeDecodeError:
        yield ": is not UTF-8 text. Save the file with encoding UTF-8."
    else:
        for block in template.body if above is not template else ():
            if isinstance(block, nodes.Block) and block.name not in there:
                why = f"block `{block.name}` is in no template that this one extends"
                yield f":{block.lineno}: {why}. {_meant(block.name, there)}"
        outside = [part for part in template.body if above is not template and isinstance(part, nodes.Output)]
        for data in (text for part in outside for text in part.find_all(nodes.TemplateData) if text.data.strip()):
            line = data.lineno + data.data[: -len(data.data.lstrip())].count("\n")
            yield f":{line}: text outside a block, which a template that extends another drops. Move it into a block."


def _meant(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1) or [one for one in known if one.rpartition("/")[2] == Path(name).name]
    return f"Did you mean {close[0]}?" if close else "docs/templates.md lists what there is."
