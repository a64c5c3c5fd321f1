"""Make the examples that the documentation shows: page, own page, paper, mail and post of the sample's tour.

Run `python -m scripts.make_examples FOLDER`. `.ci/docs_hook.py` puts them into the site, and `make_pictures`
photographs them.
"""

from __future__ import annotations

import html
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from reportgen.cli.letters import read_kept, shown_in_browser, write_letters
from reportgen.render.mail import Reader
from reportgen.render.post import posts_of

EXAMPLES: Final = ("brief.html", "own.html", "brief.pdf", "mail.html", "post.html")
_POST_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Posts of the sample</title>
<meta name="viewport" content="width=device-width"><style>body{{font:15px/1.45 system-ui,sans-serif;max-width:34em;
margin:2em auto;padding:0 1em;background:#e9edf0;color:#111}}article{{background:#fff;border-radius:10px;
padding:.7em 1em;margin:.7em 0;white-space:pre-line}}img{{width:100%}}</style>{posts}</html>
"""


def make_examples(folder: Path) -> None:
    """Write `EXAMPLES` into a folder."""
    with TemporaryDirectory() as made:
        output = Path(made)
        brief = [sys.executable, "-m", "reportgen", "brief", "--sample", "--output", made]
        subprocess.run(brief, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own
        for name in ("brief.html", "brief.pdf"):
            (folder / name).write_bytes((output / "latest" / name).read_bytes())
        (folder / "own.html").write_bytes((output / ".own" / "brief.html").read_bytes())
        kept, reader = read_kept(output, None), Reader()
        letter = write_letters(kept, (reader,), page="", templates=None)[reader]
    (folder / "mail.html").write_text(shown_in_browser(letter), encoding="utf-8")
    posts = (f"<article><b>{html.escape(post.title)}</b>\n{html.escape(post.text)}</article>"
             for post in posts_of(kept.brief, (), "https://briefs.example.com"))  # fmt: skip
    (folder / "post.html").write_text(_POST_PAGE.format(posts="".join(posts)), encoding="utf-8")


if __name__ == "__main__":
    make_examples(Path(sys.argv[1]))
