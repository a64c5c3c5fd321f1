"""The command that shows the mail and the page in a browser, from this machine to this machine."""

# ruff: noqa: PLC0415 - heavy imports live inside the commands

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reportgen.cli.options import AsJson, ConfigFile, Output, Templates
from reportgen.cli.speech import note, tell, tell_json

if TYPE_CHECKING:
    from reportgen.cli.mail_pages import KeptBrief
    from reportgen.delivery.preview import Document


def preview(
    day: Annotated[
        str | None, typer.Argument(metavar="DATE", help="The day of the brief, as 2026-01-19. [the newest brief]")
    ] = None,
    *,
    config: ConfigFile = None,
    output: Output = None,
    port: Annotated[int, typer.Option(metavar="PORT", min=0, max=65535, help="0 takes a free one.")] = 0,
    templates: Templates = None,
    as_json: AsJson = False,
) -> None:
    """Serve the mail and the page of a brief on 127.0.0.1 until you press Ctrl-C; prints the address.

    Example: reportgen preview 2026-01-19
    """
    from reportgen.cli.mail_pages import read_kept
    from reportgen.cli.orders import output_place
    from reportgen.delivery.preview import LOOPBACK, preview_server

    kept = read_kept(output_place(config, output), day)
    link, own_templates = _of_config(config)
    server = preview_server(_documents(kept, kept.web_page(link), templates or own_templates), port)
    address = f"http://{LOOPBACK}:{server.server_address[1]}/"
    if as_json:
        tell_json({"url": address, "brief": kept.place})
    else:
        tell(address)
    typer.get_text_stream("stdout").flush()
    note("Press Ctrl-C to end.")
    try:
        server.serve_forever()
    finally:
        server.server_close()


def _of_config(config: Path | None) -> tuple[str | None, Path | None]:
    """Take web address and templates from the configuration, where there is one."""
    from reportgen.config import DEFAULT_PATH, read_config

    settings, _ = read_config(config or DEFAULT_PATH)
    if settings is None:
        return None, None
    return settings.mail.link if settings.mail else None, settings.templates


def _documents(kept: KeptBrief, page: str, templates: Path | None) -> dict[str, Document]:
    """Make everything that can be looked at, by its path."""
    from reportgen.cli.mail_pages import shown_in_browser, write_letters
    from reportgen.delivery.output import HTML, JSON, PDF
    from reportgen.delivery.preview import Document
    from reportgen.render.email_reader import Reader
    from reportgen.render.html import environment

    reader = Reader()
    letter = write_letters(kept, (reader,), page=page, templates=templates, attach_pdf=False)[reader]
    found = {
        "/mail.html": ("Mail", Document(kind="text/html; charset=utf-8", content=shown_in_browser(letter).encode())),
        "/mail.txt": ("Plain text", Document(kind="text/plain; charset=utf-8", content=letter.text.encode())),
    }
    beside = ((HTML, "Page", "text/html; charset=utf-8"), (PDF, "PDF", "application/pdf"))
    for name, title, kind in (*beside, (JSON, "JSON", "application/json")):
        content = kept.beside(name)
        if content is not None:
            found[f"/{name}"] = (title, Document(kind=kind, content=content))
    template = environment(templates).get_template("mail/preview.html.j2")
    index = template.render(subject=letter.subject, links=[(path, title) for path, (title, _) in found.items()])
    pages = {path: document for path, (_, document) in found.items()}
    return {"/": Document(kind="text/html; charset=utf-8", content=index.encode()), **pages}
