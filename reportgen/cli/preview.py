"""The command that shows the mail and the page in a browser, from this machine to this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from reportgen.cli.console import AsJson, ConfigFile, Output, Templates, note, tell, tell_json

if TYPE_CHECKING:
    from reportgen.cli.letters import KeptBrief

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer

LOOPBACK: Final = "127.0.0.1"
_OUR_NAMES: Final = (LOOPBACK, "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One thing to look at. kind: its media type."""

    kind: str
    content: bytes


def preview_server(documents: Mapping[str, Document], port: int = 0) -> ThreadingHTTPServer:
    """Make a server of these documents by path, on loopback; 0 takes a free port."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        """Answers GET and HEAD with what is in memory, and nothing else."""

        def do_GET(self) -> None:
            """Give a document."""
            self._answer(with_content=True)

        def do_HEAD(self) -> None:
            """Give a document's headers."""
            self._answer(with_content=False)

        def _answer(self, *, with_content: bool) -> None:
            if self.headers.get("Host", "").partition(":")[0].lower() not in _OUR_NAMES:
                self.send_error(403, "this server is for this machine alone")  # another site's name leads here
                return
            document = documents.get(self.path.partition("?")[0].partition("#")[0])
            if document is None:
                self.send_error(404, "not here")
                return
            self.send_response(200)
            self.send_header("Content-Type", document.kind)
            self.send_header("Content-Length", str(len(document.content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if with_content:
                self.wfile.write(document.content)

        def log_message(self, *_: object) -> None:
            """Say nothing: stderr is for messages to the operator."""

    return ThreadingHTTPServer((LOOPBACK, port), Handler)


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
    from reportgen.cli.letters import read_kept
    from reportgen.config.load import DEFAULT_PATH, read_config
    from reportgen.morning.request import output_place

    kept = read_kept(output_place(config, output), day)
    settings, _ = read_config(config or DEFAULT_PATH)
    page = kept.web_page(settings.mail.link if settings and settings.mail else None)
    own_templates = settings.templates if settings else None
    server = preview_server(_documents(kept, page, templates or own_templates), port)
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


def _documents(kept: KeptBrief, page: str, templates: Path | None) -> dict[str, Document]:
    """Make everything that can be looked at, by its path."""
    from reportgen.cli.letters import shown_in_browser, write_letters
    from reportgen.render.formats import FORMATS
    from reportgen.render.html import environment
    from reportgen.render.mail import Reader

    reader = Reader()
    letter = write_letters(kept, (reader,), page=page, templates=templates)[reader]
    found = {
        "/mail.html": ("Mail", Document(kind="text/html; charset=utf-8", content=shown_in_browser(letter).encode())),
        "/mail.txt": ("Plain text", Document(kind="text/plain; charset=utf-8", content=letter.text.encode())),
    }
    for one in FORMATS:
        content = kept.beside(one.file)
        if content is not None:
            found[f"/{one.file}"] = (one.title, Document(kind=one.media_type, content=content))
    template = environment(templates).get_template("mail/preview.html.j2")
    index = template.render(subject=letter.subject, links=[(path, title) for path, (title, _) in found.items()])
    pages = {path: document for path, (_, document) in found.items()}
    return {"/": Document(kind="text/html; charset=utf-8", content=index.encode()), **pages}
