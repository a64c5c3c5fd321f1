"""Make the pictures of docs/images: the sample's page, the first page of its PDF and its mail, as a reader sees them.

Run `python -m scripts.make_pictures`; it needs chromium and poppler.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image

from scripts.make_examples import make_examples

TARGET: Final = Path(__file__).parents[1] / "docs" / "images"
BROWSER: Final = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
COLOURS: Final = 256
SIZES: Final = {"brief": (1400, 1700), "mail": (640, 1180)}
"""Of the beginning of the page and of the mail, CSS pixels."""


def main() -> None:
    """Write the three pictures anew."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        make_examples(folder)
        for name, (width, height) in SIZES.items():
            shot = [f"--window-size={width},{height}", f"--screenshot={folder / name}.png", f"--user-data-dir={made}/b"]
            page = (folder / f"{name}.html").as_uri()
            subprocess.run([*BROWSER, *shot, page], check=True, stderr=subprocess.DEVNULL)  # noqa: S603 - our own page
        paper = ["pdftoppm", "-png", "-r", "100", "-singlefile", str(folder / "brief.pdf"), str(folder / "paper")]
        subprocess.run(paper, check=True)  # noqa: S603 - our own paper
        for name in (*SIZES, "paper"):
            picture = (
                Image.open(folder / f"{name}.png")
                .convert("RGB")
                .quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            )
            picture.save(TARGET / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
