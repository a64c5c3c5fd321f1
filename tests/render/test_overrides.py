"""A user's own templates: docs/templates.md says what there is and runs as it stands; what is in vain is an error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import nodes
from jinja2.meta import find_undeclared_variables

from reportgen.errors import RenderError
from reportgen.render.html import Part, environment, render_html, write_page
from reportgen.render.mail import Reader, render_mail
from reportgen.render.overrides import OURS, blocks_of, replaceable
from tests.briefs import morning, one_symbol

PAGE = (Path(__file__).parents[2] / "docs" / "templates.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"```jinja\n\{# (\S+) #\}\n(.*?)```", PAGE, re.DOTALL))


def own(folder: Path, **files: str) -> Path:
    """Write templates into a folder, their paths written with two underscores for a slash."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_the_page_lists_every_template_with_its_blocks_and_values() -> None:
    """What docs/templates.md says of each is what its source reads, no more and no less."""
    made = environment()
    told = {
        name: (set(re.findall("`(.+?)`", blocks)), set(re.findall("`(.+?)`", given)))
        for name, blocks, given in re.findall(
            r"^\| `(\S+\.(?:j2|css))` \| [^|]+ \|([^|]*)\|([^|]*)\|$", PAGE, re.MULTILINE
        )
    }
    found = {}
    for name, template in replaceable(made).items():
        assert template is not None
        stored = {one.name for one in template.find_all(nodes.Name) if one.ctx == "store"}
        given = find_undeclared_variables(template) - made.globals.keys() - stored
        found[name] = (set(blocks_of(template)), given)
    assert told == found


def test_every_example_of_the_page_works(tmp_path: Path) -> None:
    """A colour, a word and a section come out on page and paper; the rest stays ours."""
    assert set(EXAMPLES) == {"brief.html.j2", "sections/first.html.j2", "sections/symbol.html.j2"}
    folder = own(tmp_path, **EXAMPLES, **{"events/macro.md": "Our *own* words."})
    page = render_html(morning(), templates=folder).decode()
    assert "{ :root { --panel: #F3EFFA; } }" in page
    assert '<h2 id="exposed">Where others are exposed <span' in page
    assert page.count("<h3>House rule</h3>") == 4
    assert "Seven inputs" in page
    sheets = write_page(morning(), "", printed=True, shown=Part(head=True), templates=folder)
    assert ".card { background: #F3EFFA; }" in sheets


def test_a_mail_can_have_a_section_of_its_own(tmp_path: Path) -> None:
    """A block of the mail is filled before its button."""
    text = f'{{% extends "{OURS}mail/mail.html.j2" %}}{{% block closing %}}<p>Desk open.</p>{{% endblock %}}'
    mail = render_mail(one_symbol(), Reader(), templates=own(tmp_path, **{"mail/mail.html.j2": text}))
    assert mail.html is not None
    assert "Desk open." in mail.html


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("sections/metod.html.j2", "", "replaces no template. Did you mean sections/method.html.j2?"),
        ("method.html.j2", "", "replaces no template. Did you mean sections/method.html.j2?"),
        ("events/makro.md", "", "replaces no template. Did you mean events/macro.md?"),
        ("notes.txt", "", "replaces no template. docs/templates.md lists what there is."),
        ("site/index.html.j2", "{{ 1 | no_such }}", "is the archive's, whose pages no folder changes."),
        (
            "brief.html.j2",
            '{% extends "ours/brief.html.j2" %}\n{% block foter %}{% endblock %}',
            "brief.html.j2:2: block `foter` is in no template that this one extends. Did you mean footer?",
        ),
        (
            "sections/first.html.j2",
            '{% extends "ours/sections/first.html.j2" %}\n\n<p>Ours {{ 1 }}</p>',
            "first.html.j2:3: text outside a block",
        ),
        ("sections/method.html.j2", '{% extends "ours/no.html.j2" %}', "method.html.j2:1: "),
    ],
)
def test_what_would_replace_nothing_is_an_error(tmp_path: Path, name: str, text: str, said: str) -> None:
    """A file that nothing loads and a block that is not there are named, with what was meant."""
    with pytest.raises(RenderError) as error:
        environment(own(tmp_path, **{name: text}))
    assert said in str(error.value)


def test_a_template_may_bring_parts_of_its_own(tmp_path: Path) -> None:
    """A file that one of the user's templates loads is not in vain, nor is a block inside one that it fills."""
    head = '{% extends "ours/brief.html.j2" %}'
    text = (
        f"{head}{{% block closing %}}{{% include 'desk.html.j2' %}}{{% block more %}}!{{% endblock %}}{{% endblock %}}"
    )
    folder = own(tmp_path, **{"brief.html.j2": text, "desk.html.j2": "<p>Desk</p>", ".git/config": ""})
    assert "<p>Desk</p>!" in render_html(one_symbol(), templates=folder).decode()
