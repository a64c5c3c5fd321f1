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

from reportgen.render.fonts import OUR_CHARACTERS

FAMILY = "Brief Sans"
WEIGHTS = {400: "Regular", 600: "SemiBold"}
OUTPUT = Path(__file__).parents[1] / "reportgen" / "render" / "fonts"

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
    subsetter.populate(unicodes={ord(character) for character in OUR_CHARACTERS})
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
