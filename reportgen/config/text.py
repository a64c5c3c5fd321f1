"""Text files that an operator writes by hand are UTF-8, with or without a byte order mark; all else is one sentence."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Final

from reportgen.errors import DataError

_OTHER_MARKS: Final = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""The longer marks first: that of UTF-32 begins with that of UTF-16."""


def decode_text(content: bytes, name: str) -> str:
    """Read the content of a text file.

    Args:
        content: Its bytes.
        name: How its user knows it.

    Raises:
        DataError: It is not UTF-8; names the line.
    """
    for mark, encoding in _OTHER_MARKS.items():
        if content.startswith(mark):
            raise DataError(f"{name} is {encoding} text. Save the file with encoding UTF-8.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{name}:{line}: byte {content[error.start]:#04x} is not UTF-8 text. Save the file with encoding UTF-8."
        ) from error


def read_text(path: Path) -> str:
    """Read a text file; raises DataError as `decode_text` does, and OSError where it cannot be opened."""
    return decode_text(path.read_bytes(), str(path))
