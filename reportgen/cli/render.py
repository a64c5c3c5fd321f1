"""The command that renders a kept brief.json again: the same bytes, offline, years later."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reportgen.cli.console import AsJson, Templates, progress, tell, tell_json

_STEPS = 3


def render(
    brief_json: Annotated[Path, typer.Argument(metavar="BRIEF_JSON", help="A brief.json that `brief` wrote.")],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Where to write; beside the file if not named.")
    ] = None,
    templates: Templates = None,
    as_json: AsJson = False,
) -> None:
    """Render brief.html and brief.pdf from a brief.json: the same bytes as on its day, offline.

    Example: reportgen render output/latest/brief.json --output again
    """
    from reportgen.cli.pages import make_pages, start_workers
    from reportgen.cli.request import templates_folder
    from reportgen.delivery.archive.commit import replace_files
    from reportgen.render.formats import COPY, FORMATS
    from reportgen.render.json import brief_from_json

    folder = brief_json.parent if output is None else output
    own_templates = templates_folder(templates)
    with start_workers(1) as pool, progress(_STEPS) as step:
        kept = brief_from_json(brief_json.read_bytes(), str(brief_json))
        pages = make_pages(kept, own_templates, pool, step)
        step("Writing the files")
        written = {one.name: folder / one.file for one in FORMATS if one is not COPY}
        replace_files({path: pages.files[path.name] for path in written.values()})
    if as_json:
        tell_json({name: str(path) for name, path in written.items()})
    else:
        for path in written.values():
            tell(path)
