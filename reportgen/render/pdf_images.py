"""Charts on paper with the palette they were drawn with: half the bytes of the RGB that WeasyPrint writes.

Stands inside the last arrow, between the laid-out PDF and its bytes. WeasyPrint turns every palette PNG into RGB; this
counts the colours of each picture and, where they are few, writes it as indices into a palette. No pixel changes.
"""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pydyf  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image

_PALETTE = 256


def palettise(_: object, pdf: pydyf.PDF) -> None:
    """Rewrite the pictures of a PDF that have at most 256 colours; WeasyPrint calls this before it writes."""
    for held in pdf.objects:
        if isinstance(held, pydyf.Stream) and _is_rgb(held.extra):
            _rewrite(held)


def _is_rgb(extra: dict[str, object]) -> bool:
    """Tell an opaque RGB picture from everything else in a PDF."""
    return (
        extra.get("Subtype") == "/Image"
        and extra.get("ColorSpace") == "/DeviceRGB"
        and extra.get("Filter") == "/FlateDecode"
        and "SMask" not in extra
    )


def _rewrite(held: pydyf.Stream) -> None:
    """Replace RGB rows by one byte a pixel and a palette in ascending order of colour."""
    pixels = _pixels(b"".join(part.data for part in held.stream), held.extra["Width"], held.extra["Height"])
    packed = pixels[..., 0].astype(np.uint32) << 16 | pixels[..., 1].astype(np.uint32) << 8 | pixels[..., 2]
    colours, index = np.unique(packed, return_inverse=True)
    if len(colours) > _PALETTE:
        return
    table = colours.astype(">u4").view(np.uint8).reshape(-1, 4)[:, 1:].tobytes().hex()
    held.stream = [zlib.compress(index.astype(np.uint8).tobytes(), 9)]
    held.extra["ColorSpace"] = f"[/Indexed /DeviceRGB {len(colours) - 1} <{table}>]"
    del held.extra["DecodeParms"]


def _pixels(rows: bytes, width: int, height: int) -> NDArray[np.uint8]:
    """Undo PNG's row filters, shape (height, width, 3): the rows are a PNG's, so a PNG around them is read."""
    header = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    )
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture, dtype=np.uint8)
