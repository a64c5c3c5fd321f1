"""The operator's `brand:` becomes what a brief carries: the logo made safe, the colours judged on their papers.

Stands between config.yaml and the brief, which holds all of it, so that `render` needs no file of the operator's.
"""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reportgen.errors import UsageError

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from reportgen.brief.types import Brand
    from reportgen.config.settings import BrandSettings

_MOST_BYTES: Final = 32_768
_MOST_PIXELS: Final = 1024
"""Of a side of a PNG."""
_SHARP: Final = 96
"""Pixels of height that four times as fine a screen shows."""
_LEAST_CONTRAST: Final = 3.0
"""WCAG 2.2, 1.4.11: of a graphic on its ground."""
_SVG: Final = "{http://www.w3.org/2000/svg}"
_HREF: Final = ("href", "{http://www.w3.org/1999/xlink}href")
_DRAWN: Final = re.compile(
    "svg|g|defs|title|desc|metadata|path|rect|circle|ellipse|line|polyline|polygon|text|tspan|linearGradient|"
    "radialGradient|stop|clipPath|mask|pattern|marker|symbol|use|style"
)
"""Elements that draw, and can neither run nor fetch anything."""
_REACHES_OUT: Final = re.compile(r"url\(\s*(?!['\"]?#|\s)|@|\\|://|image-set|javascript:", re.IGNORECASE)


def read_brand(settings: BrandSettings | None) -> Brand | None:
    """Read what `brand:` names.

    Raises:
        UsageError: The logo or a colour cannot be used; says why and what to do.
    """
    if settings is None:
        return None
    from reportgen.brief.types import OWN_BRAND, Brand
    from reportgen.render.colours import DARK, with_contrast

    accent, dark = settings.accent or "", settings.accent_dark or ""
    lightened = with_contrast(accent, DARK.paper, _LEAST_CONTRAST) if accent else ""
    return Brand(
        name=settings.name,
        line=settings.line or OWN_BRAND.line,
        logo=read_logo(settings.logo) if settings.logo else "",
        accent=read_accent(accent) if accent else "",
        accent_dark=read_accent(dark, dark=True) if dark else lightened,
        footer=settings.footer or "",
        link=settings.link or "",
    )


def read_accent(colour: str, *, dark: bool = False) -> str:
    """See to it that a colour can be told from the paper of its theme.

    Raises:
        UsageError: It has less than 3 to 1; gives the ratio and the nearest shade that has.
    """
    from reportgen.render.colours import colours, contrast, with_contrast

    paper = colours("dark" if dark else "light").paper
    ratio = contrast(colour, paper)
    if ratio < _LEAST_CONTRAST:
        raise UsageError(
            f"The colour {colour} has {ratio:.1f} to 1 on the {'dark' if dark else 'light'} page, where a rule needs "
            f'{_LEAST_CONTRAST:g}. Take "{with_contrast(colour, paper, _LEAST_CONTRAST)}", or a stronger one.'
        )
    return colour.upper()


def read_logo(path: Path) -> str:
    """Read a logo as a data: address.

    Raises:
        UsageError: It is not there, too large, neither PNG nor SVG, or an SVG that could run or fetch something.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"The logo {path} cannot be read ({error.strerror}). Correct the path.") from error
    if len(content) > _MOST_BYTES:
        raise UsageError(
            f"The logo {path} has {len(content)} bytes, and {_MOST_BYTES} are the most. Make it smaller: it is shown "
            "24 pixels high."
        )
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return f"data:image/png;base64,{base64.b64encode(_whole_png(content, path)).decode()}"
    return f"data:image/svg+xml;base64,{base64.b64encode(_plain_svg(content, path)).decode()}"


def _whole_png(content: bytes, path: Path) -> bytes:
    """Draw a PNG anew from its pixels: nothing but them is handed on."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as picture:
            if max(picture.size) > _MOST_PIXELS:
                raise UsageError(
                    f"The logo {path} is {picture.width} by {picture.height} pixels, and {_MOST_PIXELS} are the most."
                    " Make it smaller."
                )
            clean, written = picture.convert("RGBA"), io.BytesIO()
            clean.thumbnail((_MOST_PIXELS, _SHARP))
    except (OSError, SyntaxError, ValueError) as error:
        raise UsageError(f"The logo {path} is a damaged PNG. Save it again.") from error
    clean.save(written, "PNG", optimize=True)
    return written.getvalue()


def _plain_svg(content: bytes, path: Path) -> bytes:
    """Keep what an SVG draws; what could run or fetch something is refused, and other programs' notes are left out."""
    from xml.etree import ElementTree as ET

    try:
        words = content.decode("utf-8-sig")
        if "<!DOCTYPE" in words or "<!ENTITY" in words:
            raise UsageError(f"The logo {path} declares a DOCTYPE. Save it as plain SVG, without one.")
        root = ET.fromstring(words)  # noqa: S314 - bounded in size, and without entities
    except (ET.ParseError, UnicodeDecodeError) as error:
        raise UsageError(f"The logo {path} is neither a PNG nor an SVG in UTF-8. Save it as one of them.") from error
    if root.tag != f"{_SVG}svg" or not (root.get("viewBox") or root.get("width")):
        raise UsageError(f"The logo {path} is no SVG with a size. Save it as plain SVG, with a viewBox.")
    for parent in list(root.iter()):
        for one in list(parent):
            if not str(one.tag).startswith((_SVG, "{http://www.w3.org/1999/xhtml}")) and "}" in str(one.tag):
                parent.remove(one)
    for one in root.iter():
        if fault := _can_reach(one):
            raise UsageError(f"The logo {path} holds {fault}. Save it as plain SVG, drawn with paths alone.")
        for name in [name for name in one.attrib if "}" in name and name not in _HREF]:
            del one.attrib[name]
    ET.register_namespace("", _SVG.strip("{}"))
    return ET.tostring(root, encoding="unicode").encode()


def _can_reach(one: ET.Element) -> str:
    """Say what an element could run or fetch, or nothing."""
    name = str(one.tag).rpartition("}")[2]
    if str(one.tag) != f"{_SVG}{name}" or not _DRAWN.fullmatch(name):
        return f"<{name}>"
    if name == "style" and _REACHES_OUT.search(one.text or ""):
        return "a style that names something outside"
    for key, value in one.attrib.items():
        attribute = key.rpartition("}")[2]
        if attribute.lower().startswith("on"):
            return f"the script `{attribute}`"
        if (key in _HREF and not value.startswith("#")) or (key not in _HREF and _REACHES_OUT.search(value)):
            return f"`{attribute}` that names something outside"
    return ""


def logo_file(brand: Brand | None) -> dict[str, bytes]:
    """Give the logo as a file beside the brief, which the site's pages show: `logo.png` or `logo.svg`."""
    head, _, content = brand.logo.partition(",") if brand else ("", "", "")
    name = "logo.png" if head.startswith("data:image/png") else "logo.svg"
    return {name: base64.b64decode(content)} if content else {}
