"""Write the pages of docs/ that are made from the program.

commands.md comes from --help, config.schema.json from the models, brief.schema.json from the types, venues.md from
the table of venues. Run it after changing one of them; with --check it writes nothing and exits 1 when a page is out of
date, which the tests do.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.testing import CliRunner

from reportgen.cli import app
from reportgen.config.settings import json_schema
from reportgen.render.json import brief_schema
from scripts.venues_page import venues_page

DOCS = Path(__file__).resolve().parent.parent / "docs"
WIDTH = 96
HEAD = """# Commands

Made from `--help` by scripts/write_docs.py. stdout is data, stderr is messages. `python -m reportgen` is the same as
`reportgen`; `reportgen --install-completion` teaches your shell the names.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | failed; one sentence on stderr says where and what to do |
| 2 | an option or the configuration makes no sense |
| 3 | done, but data is missing, under `--strict` |
| 4 | some deliveries can be tried again |
| 5 | done, but a last bar is too old to act on, under `brief --fresh` |
| 10 | a refresh is due |
| 11 | the market data are too old to judge whether a refresh is due |
| 130 | interrupted |
"""


def main() -> int:
    """Write every page, or with --check compare them."""
    pages = {
        DOCS / "commands.md": commands_page(),
        DOCS / "config.schema.json": json_schema(),
        DOCS / "brief.schema.json": brief_schema().decode(),
        DOCS / "venues.md": venues_page(),
    }
    outdated = [path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in outdated:
        print(f"{path.name} is out of date" if "--check" in sys.argv else f"writing {path.name}")
        if "--check" not in sys.argv:
            path.write_text(pages[path], encoding="utf-8")
    return 1 if outdated and "--check" in sys.argv else 0


def commands_page() -> str:
    """Collect the help of every command."""
    runner = CliRunner()
    parts = [HEAD]
    for words in (("reportgen",), *command_names()):
        asked = runner.invoke(app, [*words[1:], "--help"], prog_name="reportgen", terminal_width=WIDTH)
        parts.append(f"## {' '.join(words)}\n\n```\n{asked.stdout.strip()}\n```\n")
    return "\n".join(parts)


def command_names() -> Iterator[tuple[str, ...]]:
    """List every command, a group's own ones after it."""
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", None)
        if below is None:
            yield "reportgen", name
        else:
            yield from (("reportgen", name, inner) for inner in below)


if __name__ == "__main__":
    sys.exit(main())
