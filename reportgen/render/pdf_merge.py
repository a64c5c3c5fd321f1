"""Parts of a long brief become one PDF: pages in order, bookmarks kept, numbers stamped on.

Stands at the end of the last arrow. Tags are lost in the merge, which is why short briefs are never parted.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import pikepdf


def merged(parts: Sequence[bytes], numbers: Callable[[int], bytes]) -> bytes:
    """Put parts together; the same parts give the same bytes.

    Args:
        parts: PDFs in the order of their pages; the first one's title and author speak for all.
        numbers: Makes as many otherwise empty pages as it is asked for, each with its number.
    """
    with pikepdf.new() as whole:
        for part in parts:
            with pikepdf.open(io.BytesIO(part)) as source:
                whole.add_pages_from(source)
        with pikepdf.open(io.BytesIO(numbers(len(whole.pages)))) as stamps:
            for at, (page, stamp) in enumerate(zip(whole.pages, stamps.pages, strict=True), 1):
                _stamp(whole, page, stamp, f"/PageNumber{at}")
        with pikepdf.open(io.BytesIO(parts[0])) as first:
            for name, value in first.docinfo.items():
                whole.docinfo[name] = str(value)
        whole.Root.Lang = pikepdf.String("en")
        bytes_out = io.BytesIO()
        whole.save(
            bytes_out,
            deterministic_id=True,
            compress_streams=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
        )
        return bytes_out.getvalue()


def _stamp(whole: pikepdf.Pdf, page: pikepdf.Page, stamp: pikepdf.Page, name: str) -> None:
    """Lay one page over another of its size.

    The name is given, for pikepdf's own overlay draws one by chance, and differs by page, for the pages of one part
    share their resources.
    """
    page.add_resource(whole.copy_foreign(stamp.as_form_xobject()), pikepdf.Name.XObject, pikepdf.Name(name))
    page.contents_add(b"q", prepend=True)
    page.contents_add(f"Q q {name} Do Q".encode())
