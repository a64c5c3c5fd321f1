"""The product's own typeface for page, PDF and charts, and what names in other scripts borrow.

Stands at the last arrow, Brief -> bytes: the files beside this module let a brief be rendered on a machine without
any font. "Brief Sans" is IBM Plex Sans cut to two weights and Latin by scripts/make_fonts.py (SIL Open Font License,
fonts/OFL.txt); every digit of it has the same width. It has no ▲ ▼ ● ○: draw those.

Names in other scripts borrow their glyphs from the machine's fonts, those glyphs alone. Nothing is looked up or loaded
while every character is one of our own. fontconfig is asked, as Pango asks it for the PDF, so that page, paper and
pictures agree on what there is.
"""

from __future__ import annotations

import base64
import ctypes
import io
import logging
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

from reportgen.errors import RenderError

FAMILY = "Brief Sans"

Weight: TypeAlias = Literal[400, 600]

OUR_CHARACTERS: Final = frozenset(
    "\u0218\u0219\u021a\u021b\u2002\u2003\u2009\u200a†•…\u202f‰′″‹›€₿™\u2126∂\u2206∑−√∞≈≠≤≥₀₁₂₃₄‘’‚“”„"
).union(chr(one) for part in ("\x20\x7e", "\xa0\u017f", "‐―", "←↓") for one in range(ord(part[0]), ord(part[1]) + 1))
"""Basic Latin, Latin-1, Latin Extended-A; spaces, dashes, quotes, dots; arrows, minus, comparisons, currencies."""

_FOLDER = Path(__file__).parent / "fonts"
_STEMS: dict[Weight, str] = {400: "BriefSans-Regular", 600: "BriefSans-SemiBold"}

_LIBRARIES: Final = ("libfontconfig.so.1", "libfontconfig.1.dylib", "libfontconfig-1.dll")
_NO_GLYPH: Final = ("Cc", "Cf", "Zs", "Zl", "Zp")
"""Categories that no font draws."""
_RESTRICTED: Final = 0x0002
"""In a font's OS/2.fsType: its owner forbids to embed it."""
_WIDE, _USUAL = 1.0, 0.6
"""Widths that words of another script are taken to have, in text sizes: of Han and kana, and of all others."""
_TOLD: Final = 8
"""Characters that a message shows."""
SAMPLES: Final = {"Chinese, Japanese, Korean": "\u5e01", "Arabic": "\u0639"}
"""Characters by which `doctor` tells whether a script can be printed."""


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
    rules = []
    for weight, stem in _STEMS.items():
        source = f'url("{prefix}{stem}.ttf") format("truetype")'
        if embed == "data":
            encoded = base64.b64encode(font_bytes(f"{stem}.woff2")).decode("ascii")
            source = f'url("data:font/woff2;base64,{encoded}") format("woff2")'
        rules.append(
            f'@font-face {{ font-family: "{FAMILY}"; font-weight: {weight}; font-style: normal; '
            f"font-display: swap; src: {source}; }}\n"
        )
    return "".join(rules)


def font_path(weight: Weight) -> Path:
    """Give the TTF of a weight."""
    return _FOLDER / f"{_STEMS[weight]}.ttf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lender:
    """A font of the machine: its file, and which of the fonts in that."""

    path: str
    index: int


def foreign(text: str) -> str:
    """Give the characters of a text that the product's own font lacks, each once, in the order of their codes."""
    others = sorted(set(text) - OUR_CHARACTERS)
    return "".join(one for one in others if unicodedata.category(one) not in _NO_GLYPH)


def foreign_width(character: str) -> float:
    """Give the width that a character of another script is taken to have, in text sizes."""
    if unicodedata.combining(character) or unicodedata.category(character) in _NO_GLYPH:
        return 0.0
    return _WIDE if unicodedata.east_asian_width(character) in "WF" else _USUAL


def unprinted(texts: Iterable[str]) -> str:
    """Say which characters no font of this machine has, and what to install; "" when all can be printed."""
    lacking = [one for one in foreign("".join(texts)) if lender(one) is None]
    if not lacking:
        return ""
    wide = any(foreign_width(one) == _WIDE for one in lacking)
    package = "fonts-noto-cjk (or fonts-droid-fallback, a tenth of its size)" if wide else "fonts-noto-core"
    return (
        f"No font on this machine has {' '.join(lacking[:_TOLD])}{' …' if len(lacking) > _TOLD else ''}: PDF and "
        f"pictures show empty boxes instead. Debian or Ubuntu: apt-get install {package}."
    )


@cache
def lender(character: str) -> Lender | None:
    """Find the installed font that has a character; None when none has it or there is no fontconfig."""
    library: Any = None
    for name in _LIBRARIES:
        with suppress(OSError):
            library = library or ctypes.CDLL(name)
    if library is None:
        return None
    for made in ("FcPatternCreate", "FcCharSetCreate", "FcFontMatch"):
        getattr(library, made).restype = ctypes.c_void_p
    asked, letters = ctypes.c_void_p(library.FcPatternCreate()), ctypes.c_void_p(library.FcCharSetCreate())
    library.FcCharSetAddChar(letters, ctypes.c_uint32(ord(character)))
    library.FcPatternAddCharSet(asked, b"charset", letters)
    library.FcPatternAddString(asked, b"family", b"sans-serif")
    library.FcPatternAddBool(asked, b"scalable", 1)
    library.FcConfigSubstitute(None, asked, 0)
    library.FcDefaultSubstitute(asked)
    path, index, has, answer = ctypes.c_char_p(), ctypes.c_int(0), ctypes.c_void_p(), ctypes.c_int(0)
    found = ctypes.c_void_p(library.FcFontMatch(None, asked, ctypes.byref(answer)))
    lent = None
    if found:
        library.FcPatternGetString(found, b"file", 0, ctypes.byref(path))
        library.FcPatternGetInteger(found, b"index", 0, ctypes.byref(index))
        library.FcPatternGetCharSet(found, b"charset", 0, ctypes.byref(has))
        if path.value and has and library.FcCharSetHasChar(has, ctypes.c_uint32(ord(character))):
            lent = Lender(path=path.value.decode(), index=index.value & 0xFFFF)
        library.FcPatternDestroy(found)
    library.FcCharSetDestroy(letters)
    library.FcPatternDestroy(asked)
    return lent


@lru_cache(maxsize=8)
def borrowed_faces(characters: str) -> str:
    """Write @font-face rules that add these characters to the product's own family, for a page that is one file.

    Args:
        characters: From `foreign`; those that no font here has are left to the reader's machine.

    Returns:
        CSS; each font with the glyphs of its characters alone, "" when there is none.
    """
    lent: dict[Lender, str] = {}
    for one in characters:
        if found := lender(one):
            lent[found] = lent.get(found, "") + one
    return "".join(_face(found, own) for found, own in lent.items())


def _face(found: Lender, characters: str) -> str:
    from fontTools import subset  # type: ignore[import-untyped]

    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)  # its remarks on tables are not the user's
    options = subset.Options(flavor="woff2", hinting=False, font_number=found.index, notdef_outline=True)
    font = subset.load_font(found.path, options)
    if font["OS/2"].fsType & _RESTRICTED:
        return ""
    cutter = subset.Subsetter(options)
    cutter.populate(text=characters)
    cutter.subset(font)
    written = io.BytesIO()
    subset.save_font(font, written, options)
    ranges = ",".join(f"U+{ord(one):X}" for one in characters)
    address = f"data:font/woff2;base64,{base64.b64encode(written.getvalue()).decode()}"
    return "".join(  # one a weight: browsers join faces of one family only where their weights are written alike
        f'@font-face {{ font-family: "{FAMILY}"; font-weight: {weight}; font-style: normal; unicode-range: {ranges}; '
        f'src: url("{address}") format("woff2"); }}\n'
        for weight in get_args(Weight)
    )
