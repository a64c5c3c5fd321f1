"""The morning's work behind the command line and `import reportgen`: request, gathering, comparison, pages, files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Step: TypeAlias = Callable[[str], None]
"""Told what begins next."""

Note: TypeAlias = Callable[[str], None]
"""Told what the reader should know and no file says."""
