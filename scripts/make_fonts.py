"""Cut the product's two font weights from IBM Plex Sans, once, by hand; the result is committed.

Needs `pip install fonttools brotli fontpkg-ibm-plex-sans`. Two static instances (400 and 600), Latin and punctuation
only, named "Brief Sans": matplotlib and WeasyPrint read only the default instance of a variable font safely, and the
licence reserves the name "Plex". Running it again gives the same bytes.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import fontpkg_ibm_plex_sans  # type: ignore[import-untyped, import-not-found, unused-ignore]
from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fontTools.varLib.instancer import instantiateVariableFont  # type: ignore[import-untyped]

FAMILY = "Brief Sans"
WEIGHTS = {400: "Regular", 600: "SemiBold"}
OUTPUT = Path(__file__).parents[1] / "reportgen" / "render" / "fonts"

# Basic Latin, Latin-1, Latin Extended-A; spaces, dashes, quotes, dots; arrows, minus, comparisons, currencies.
_RANGES = ((0x20, 0x7E), (0xA0, 0x17F), (0x2010, 0x2015), (0x2018, 0x201E), (0x2190, 0x2193))
_SINGLES = (
    *(0x218, 0x219, 0x21A, 0x21B, 0x2002, 0x2003, 0x2009, 0x200A, 0x2020, 0x2022, 0x2026, 0x202F, 0x2030, 0x2032),
    *(0x2033, 0x2039, 0x203A, 0x20AC, 0x20BF, 0x2122, 0x2126, 0x2202, 0x2206, 0x2211, 0x2212, 0x221A, 0x221E, 0x2248),
    *(0x2260, 0x2264, 0x2265, 0x2080, 0x2081, 0x2082, 0x2083, 0x2084),
)
_KEPT_NAMES = {0, 13, 14}  # copyright and licence travel with the font; the trademark and its owner's names do not


def cut(source: Path, weight: int) -> TTFont:
    """Take one static, renamed, subset instance out of the variable font."""
    font = instantiateVariableFont(TTFont(source), {"wght": weight, "wdth": 100}, inplace=False)
    options = Options()
    options.layout_features = ["kern", "liga", "locl", "ccmp", "mark", "mkmk", "tnum", "lnum"]
    options.name_IDs = sorted(_KEPT_NAMES)
    options.hinting = False
    options.drop_tables += ["STAT", "MVAR", "HVAR", "avar", "DSIG"]
    subsetter = Subsetter(options)
    unicodes = {code for low, high in _RANGES for code in range(low, high + 1)} | set(_SINGLES)
    subsetter.populate(unicodes=unicodes)
    subsetter.subset(font)
    _rename(font, weight)
    return font


def _rename(font: TTFont, weight: int) -> None:
    """Give the instance its own family name, as the licence asks of a modified version."""
    style = WEIGHTS[weight]
    postscript = f"{FAMILY.replace(' ', '')}-{style}"
    regular = weight == 400
    table = font["name"]
    names = {
        1: FAMILY if regular else f"{FAMILY} {style}",
        2: "Regular",
        3: f"reportgen;{postscript}",
        4: f"{FAMILY} {style}",
        5: "Version 1.000",
        6: postscript,
        **({} if regular else {16: FAMILY, 17: style}),
    }
    for name_id, text in names.items():
        table.setName(text, name_id, 3, 1, 0x409)
    font["OS/2"].usWeightClass = weight
    font["OS/2"].achVendID = "    "
    font["head"].modified = font["head"].created  # no clock in the file
    font.recalcTimestamp = False


def main() -> None:
    """Write both weights as TTF and WOFF2, and the licence beside them."""
    argparse.ArgumentParser(description=main.__doc__).parse_args()
    package = Path(fontpkg_ibm_plex_sans.__file__).parent
    source = package / "files" / "IBMPlexSans[wdth,wght].ttf"
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for weight, style in WEIGHTS.items():
        font = cut(source, weight)
        for flavor, suffix in ((None, "ttf"), ("woff2", "woff2")):
            font.flavor = flavor
            path = OUTPUT / f"BriefSans-{style}.{suffix}"
            font.save(path)
            print(f"{path.name}: {path.stat().st_size:,} bytes")
    shutil.copyfile(package / "LICENSE", OUTPUT / "OFL.txt")


if __name__ == "__main__":
    main()
