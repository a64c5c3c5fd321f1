"""The product's own typeface, for the page, the PDF and the charts alike.

Stands at the last arrow, Brief -> bytes: the files beside this module let a brief be rendered on a machine without
any font. "Brief Sans" is IBM Plex Sans cut to two weights and Latin by scripts/make_fonts.py (SIL Open Font License,
fonts/OFL.txt); every digit of it has the same width. It has no ▲ ▼ ● ○: draw those. Names in other scripts borrow
their glyphs from the machine (`borrowed.py`).
"""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

from reportgen.errors import RenderError

FAMILY = "Brief Sans"

Weight: TypeAlias = Literal[400, 600]

OUR_CHARACTERS: Final = frozenset(
    "\u0218\u0219\u021a\u021b\u2002\u2003\u2009\u200a†•…\u202f‰′″‹›€₿™\u2126∂\u2206∑−√∞≈≠≤≥₀₁₂₃₄‘’‚“”„"
).union(chr(one) for part in ("\x20\x7e", "\xa0\u017f", "‐―", "←↓") for one in range(ord(part[0]), ord(part[1]) + 1))
"""Basic Latin, Latin-1, Latin Extended-A; spaces, dashes, quotes, dots; arrows, minus, comparisons, currencies."""

_FOLDER = Path(__file__).parent / "fonts"
_STEMS: dict[Weight, str] = {400: "BriefSans-Regular", 600: "BriefSans-SemiBold"}


def font_files() -> tuple[Path, ...]:
    """List the font files, TTF then WOFF2, regular before semi-bold."""
    return tuple(_FOLDER / f"{stem}.{suffix}" for suffix in ("ttf", "woff2") for stem in _STEMS.values())


@cache
def font_bytes(name: str) -> bytes:
    """Read one font file by its bare name, as in `css_font_faces("file")`.

    Raises:
        RenderError: No such font is part of the product, or its file is gone.
    """
    known = {path.name: path for path in font_files()}
    if name not in known:
        raise RenderError(f"{name!r} is not one of the product's fonts: {', '.join(sorted(known))}.")
    try:
        return known[name].read_bytes()
    except OSError as error:
        raise RenderError(
            f"{known[name]} cannot be read ({error.strerror}): the installation is incomplete, install reportgen again."
        ) from error


@cache
def css_font_faces(embed: Literal["data", "file"], prefix: str = "fonts/") -> str:
    """Write the two @font-face rules.

    Args:
        embed: "data" puts the WOFF2 bytes into the rule, for a page that is one file. "file" names the TTF as
            `prefix` + file name, for a fetcher (or a folder) that hands out `font_bytes` by name.
        prefix: What stands before the file name with "file".

    Returns:
        CSS; the family is "Brief Sans", the weights are 400 and 600.
    """
    return "\n".join(_face(weight, stem, embed, prefix) for weight, stem in _STEMS.items()) + "\n"


def _face(weight: Weight, stem: str, embed: Literal["data", "file"], prefix: str) -> str:
    if embed == "data":
        encoded = base64.b64encode(font_bytes(f"{stem}.woff2")).decode("ascii")
        source = f'url("data:font/woff2;base64,{encoded}") format("woff2")'
    else:
        source = f'url("{prefix}{stem}.ttf") format("truetype")'
    return (
        f'@font-face {{ font-family: "{FAMILY}"; font-weight: {weight}; font-style: normal; '
        f"font-display: swap; src: {source}; }}"
    )


def font_path(weight: Weight) -> Path:
    """Give the TTF of a weight."""
    return _FOLDER / f"{_STEMS[weight]}.ttf"
