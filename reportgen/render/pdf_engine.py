"""Load WeasyPrint without asking the compiler where Pango is.

WeasyPrint opens each system library under several names. For a name that does not open, cffi asks gcc, ld and ldconfig
in turn, fifty processes and more before the right one is reached. On Linux the last name of each list is the library's
own and opens at once, so while WeasyPrint is imported the search answers "not found".
"""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def _opens(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


@contextmanager
def _no_search() -> Iterator[None]:
    """Let `ctypes.util.find_library` find nothing for a while, where the libraries open under their own names."""
    search = ctypes.util.find_library
    if sys.platform == "linux" and _opens("libpango-1.0.so.0") and _opens("libharfbuzz-subset.so.0"):
        ctypes.util.find_library = lambda name: None  # noqa: ARG005 - the search's own signature
    try:
        yield
    finally:
        ctypes.util.find_library = search


with _no_search():
    from weasyprint import HTML
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

__all__ = ["HTML", "FatalURLFetchingError", "URLFetcher", "URLFetcherResponse"]
