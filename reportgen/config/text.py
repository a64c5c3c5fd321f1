"""Text files that an operator writes by hand are UTF-8, with or without a byte order mark; all else is one sentence."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Final

from reportgen.errors import DataError

SAVE_IT: Final = "Save the file with encoding UTF-8."
_OTHER_MARKS: Final = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""The longer marks first: that of UTF-32 begins with that of UTF-16."""


class TextError(DataError):
    """A text file is not UTF-8.

    Attributes:
        line: 1-based, or None where the file as a whole is meant. reason: without the file's name.
    """

    def __init__(self, name: str, line: int | None, reason: str) -> None:
        """Say it in one sentence."""
        super().__init__(f"{name}{f':{line}' if line else ''}: {reason}. {SAVE_IT}")
        self.line, self.reason = line, reason


def decode_text(content: bytes, name: str) -> str:
    """Read the content of a text file.

    Args:
        content: Its bytes.
        name: How its user knows it.

    Raises:
        TextError: It is not UTF-8.
    """
    for mark, encoding in _OTHER_MARKS.items():
        if content.startswith(mark):
            raise TextError(name, None, f"is {encoding} text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TextError(name, line, f"byte {content[error.start]:#04x} is not UTF-8 text") from error


def read_text(path: Path) -> str:
    """Read a text file; raises TextError as `decode_text` does, and OSError where it cannot be opened."""
    return decode_text(path.read_bytes(), str(path))
