"""An operator's brand: read with one clear error each, made safe, and shown wherever a brief is read."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from reportgen.brief.types import OWN_BRAND, Brand
from reportgen.cli.doctor import looks_of
from reportgen.config.load import read_config
from reportgen.config.settings import BrandSettings
from reportgen.delivery.archive.days import BriefFolder
from reportgen.delivery.archive.rows import brief_days
from reportgen.delivery.archive.site import every_page, site_of
from reportgen.delivery.archive.store import open_store
from reportgen.errors import DataError, UsageError
from reportgen.morning.brand import logo_file, read_accent, read_brand, read_logo
from reportgen.render.colours import DARK, LIGHT, contrast
from reportgen.render.html import render_html
from reportgen.render.json import brief_from_json, brief_to_json
from reportgen.render.mail import Reader, draw_pictures, render_mail
from reportgen.render.pdf import render_pdf
from reportgen.render.post import posts_of
from tests.briefs import one_symbol

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">{}</svg>'
PLAIN = SVG.format('<path id="a" fill="#5B2A86" d="M0 0h9v9z"/><use href="#a"/>')


def png(width: int = 8, height: int = 8) -> bytes:
    """Draw one colour."""
    written = io.BytesIO()
    Image.new("RGB", (width, height), "#5B2A86").save(written, "PNG")
    return written.getvalue()


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory) -> Brand:
    """Read a brand whose words would break out of page, sheet and feed."""
    logo = tmp_path_factory.mktemp("brand") / "logo.png"
    logo.write_bytes(png())
    settings = BrandSettings(
        name='Harbour "Desk" </style>',
        line="Every morning & night",
        logo=logo,
        accent="#5B2A86",
        footer="For clients' eyes <b>only</b>.",
        link="https://harbour.example/?a=1&b=2",
    )
    read = read_brand(settings)
    assert read is not None
    return read


@pytest.mark.parametrize(
    ("inside", "named"),
    [
        ("<script>alert(1)</script>", "<script>"),
        ('<path onload="alert(1)" d="M0 0"/>', "`onload`"),
        ("<foreignObject/>", "<foreignObject>"),
        ('<b xmlns="http://www.w3.org/1999/xhtml"/>', "<b>"),
        ('<image href="https://example.org/x.png"/>', "<image>"),
        ('<use href="https://example.org/x.svg#a"/>', "`href`"),
        ('<use xlink:href="file:///etc/passwd#a"/>', "`href`"),
        ("<style>@import 'x.css';</style>", "style"),
        ('<path style="fill:u\\72l(https://example.org)" d="M0 0"/>', "`style`"),
        ('<path fill="url( https://example.org/p )" d="M0 0"/>', "`fill`"),
        ('<set attributeName="href" to="#b"/>', "<set>"),
    ],
)
def test_a_logo_that_could_run_or_fetch_is_refused(tmp_path: Path, inside: str, named: str) -> None:
    """The error names what it found and how to save the picture."""
    logo = tmp_path / "logo.svg"
    logo.write_text(SVG.format(inside), encoding="utf-8")
    with pytest.raises(UsageError, match=re.escape(named)) as error:
        read_logo(logo)
    assert "Save it as plain SVG" in str(error.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"GIF89a", "neither a PNG nor an SVG"),
        (png()[:40], "damaged PNG"),
        (png(2000, 4), "1024 are the most"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no SVG with a size"),
        (b"<!DOCTYPE svg [<!ENTITY a 'b'>]>" + PLAIN.encode(), "DOCTYPE"),
        (PLAIN.encode() + b" " * 40_000, "32768 are the most"),
        (PLAIN.encode("utf-16"), "an SVG in UTF-8"),
    ],
)
def test_a_logo_is_a_small_picture(tmp_path: Path, content: bytes, said: str) -> None:
    """Another file, a damaged one and one too large have an error each."""
    logo = tmp_path / "logo"
    logo.write_bytes(content)
    with pytest.raises(UsageError, match=said):
        read_logo(logo)


def test_a_logo_keeps_its_drawing_alone(tmp_path: Path) -> None:
    """Other programs' notes are left out of an SVG, and a PNG is drawn anew without its comments, at most 96 high."""
    logo = tmp_path / "logo"
    noted = PLAIN.replace("<path", '<x:note xmlns:x="urn:x" x:by="me">secret</x:note><path')
    noted = noted.replace("<path", """<path stroke="url( '#a' )\"""")
    logo.write_text(noted, encoding="utf-8")
    kept = base64.b64decode(read_logo(logo).partition(",")[2]).decode()
    assert "secret" not in kept
    assert re.findall("<[a-z:]+", kept) == ["<svg", "<path", "<use"]
    logo.write_bytes(png(300, 400))
    with Image.open(io.BytesIO(base64.b64decode(read_logo(logo).partition(",")[2]))) as picture:
        assert picture.size == (72, 96)


def test_a_colour_must_be_told_from_its_paper() -> None:
    """A pale accent is refused with its ratio and a shade that will do; on dark pages one is made of it."""
    with pytest.raises(UsageError, match=r"has 1\.\d to 1 on the light page") as error:
        read_accent("#FFE600")
    shade = re.findall("#[0-9A-F]{6}", str(error.value))[1]
    assert read_accent(shade) == shade
    with pytest.raises(UsageError, match="dark page"):
        read_accent("#14171C", dark=True)
    made = read_brand(BrandSettings(name="Desk", accent="#10002a"))
    assert made is not None
    assert made.accent == "#10002A"
    assert contrast(made.accent, LIGHT.paper) >= 3 <= contrast(made.accent_dark, DARK.paper)


def test_each_mistake_has_its_line(tmp_path: Path) -> None:
    """A missing logo, a pale accent, an address without http and a name with a bidi override are four errors."""
    config = tmp_path / "config.yaml"
    config.write_text(
        'watchlist: [BTC]\nsource: sample\nbrand:\n  name: "Desk\u202e"\n  logo: gone.svg\n  accent: "#FFFF00"\n'
        '  accent_dark: "purple"\n  link: desk.example\n',
        encoding="utf-8",
    )
    _, problems = read_config(config, looks_of(config))
    assert [(one.line, one.key) for one in problems] == [
        (4, "brand.name"), (5, "brand.logo"), (6, "brand.accent"), (7, "brand.accent_dark"), (8, "brand.link"),
    ]  # fmt: skip
    assert "U+202E" in problems[0].reason


def test_page_mail_post_and_brief_carry_the_brand(brand: Brand) -> None:
    """Name, line, footer and link stand on each, as text; the fixed sentence stays; the brief keeps it all."""
    brief = replace(one_symbol(), brand=brand)
    assert brief_from_json(brief_to_json(brief)) == brief
    page = render_html(brief).decode()
    assert "Harbour &#34;Desk&#34; &lt;/style&gt;</a></strong>" in page
    assert 'href="https://harbour.example/?a=1&amp;b=2"' in page
    assert "Not advice. For clients&#39; eyes &lt;b&gt;only&lt;/b&gt;." in page
    assert page.count("</style>") == 1
    assert f"border-top-color: {brand.accent_dark}" in page
    mail = render_mail(brief, Reader())
    assert mail.subject.startswith('Harbour "Desk" </style> 19 Jan 2026')
    assert "eyes <b>only</b>." in " ".join(mail.text.split())
    assert mail.html is not None
    assert 'cid:logo.png@brief"' in mail.html
    assert draw_pictures(brief, mail.pictures)["logo.png@brief"] == logo_file(brand)["logo.png"]
    first, *_ = posts_of(brief, (), "")
    assert first.title == 'Harbour "Desk" </style> 2026-01-19'
    assert first.text.endswith("not advice. For clients' eyes <b>only</b>.\nhttps://harbour.example/?a=1&b=2")


def test_paper_carries_the_brand(brand: Brand, tmp_path: Path) -> None:
    """Its name heads every page and its footer ends it, character by character; the logo is a picture in it."""
    brief = replace(one_symbol(), brand=brand)
    paper = tmp_path / "brief.pdf"
    paper.write_bytes(render_pdf(brief))
    text = subprocess.run(["pdftotext", "-layout", paper, "-"], capture_output=True, text=True, check=True).stdout
    pages = text.split("\f")[:-1]
    assert all('Harbour "Desk" </style>' in page for page in pages)
    assert all("Not advice. For clients' eyes <b>only</b>." in page for page in pages)
    told = subprocess.run(["pdfinfo", paper], capture_output=True, text=True, check=True).stdout
    assert re.search(r'Author: +Harbour "Desk" </style>', told)


def test_the_site_and_its_feed_carry_the_newest_brand(brand: Brand, tmp_path: Path) -> None:
    """Each page names the brand of the brief it tells of, with the logo beside that brief; no style breaks out."""
    place = BriefFolder(day="2026-01-19", revision=1)
    content = brief_to_json(replace(one_symbol(), brand=brand))
    days = brief_days({place: content}, {place: ["brief.json", "logo.png"]})
    pages = every_page(site_of(days, open_store(tmp_path)))
    for name in ("index.html", "2026/01/index.html", "2026/01/19/index.html", "symbols/BTC-USDT/index.html"):
        page = pages[name].decode()
        up = "../" * name.count("/")
        assert f'<img class="logo" src="{up}2026/01/19/logo.png" alt="">' in page
        assert "Harbour &#34;Desk&#34; &lt;/style&gt;</a>" in page
        assert page.count("</style>") == 1
    feed = ET.fromstring(pages["feed.xml"])  # noqa: S314 - our own
    texts = {one.tag.rpartition("}")[2]: one.text for one in feed.iter()}
    assert (texts["name"], texts["uri"]) == (brand.name, brand.link)
    assert texts["rights"] == brand.footer


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("link", "javascript:alert(1)"),
        ("accent", "red;} body{background:url(https://example.org)"),
        ("logo", "https://example.org/x.png"),
    ],
)
def test_a_brief_of_somebody_else_cannot_smuggle_one_in(brand: Brand, field: str, text: str) -> None:
    """A brief.json whose brand could run or fetch something is refused, and the place is named."""
    plain = json.loads(brief_to_json(replace(one_symbol(), brand=brand)))
    plain["brand"][field] = text
    with pytest.raises(DataError, match="brand"):
        brief_from_json(json.dumps(plain).encode())


def test_without_a_brand_nothing_speaks_of_one(tmp_path: Path) -> None:
    """brief.json, the site's records and the page are those of a brief that knew no brand."""
    assert b'"brand"' not in brief_to_json(one_symbol())
    assert read_brand(None) is None
    assert logo_file(None) == {}
    place = BriefFolder(day="2026-01-19", revision=1)
    days = brief_days({place: brief_to_json(one_symbol())}, {place: ["brief.json"]})
    pages = every_page(site_of(days, open_store(tmp_path)))
    assert b"brand" not in pages["site/months/2026-01.json"]
    assert f"<strong>{OWN_BRAND.name}</strong>" in render_html(one_symbol()).decode()
