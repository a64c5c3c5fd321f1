"""The exception tree.

    ReportgenError                 one sentence for the user: the place, the cause, the next step
    ├── UsageError                 exit 2: an option or argument makes no sense
    │   └── ConfigError            exit 2: config.yaml holds problems; carries all of them
    ├── DataError                  exit 1: market data is unusable; names file, line or row
    ├── EnvironmentProblem         exit 1: the machine lacks something; names the fix
    └── RenderError                exit 1: a template or a chart could not be made

The command line prints the sentence and leaves with `exit_code`; nothing else catches these.
"""

from __future__ import annotations


class ReportgenError(Exception):
    """Anything that ends a command with one clear sentence."""

    exit_code = 1


class UsageError(ReportgenError):
    """An option or an argument makes no sense."""

    exit_code = 2


class ConfigError(UsageError):
    """config.yaml holds problems.

    Attributes:
        problems: One line each, `file:line: key: reason. Suggestion.`
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        """Keep every problem; the message is all of them, a line each."""
        super().__init__("\n".join(problems))
        self.problems = problems


class DataError(ReportgenError):
    """Market data is unusable as it stands."""


class EnvironmentProblem(ReportgenError):
    """The machine lacks something that the command needs."""


class RenderError(ReportgenError):
    """A template or a chart could not be made."""


def without_secrets(address: str, *, path: bool = False) -> str:
    """Name an address so that it can be printed: scheme and host, nothing that may be a user, password or token.

    Args:
        address: Anything a setting that may hold a URL holds, also a mistyped one.
        path: Keep the path, where it is no secret: that of the output. A query never stays.
    """
    scheme, _, rest = address.rpartition("://") if "://" in address else ("", "", address)
    rest = rest.rpartition("@")[2].partition("?")[0].partition("#")[0]
    shown = rest if path else rest.partition("/")[0]
    return f"{scheme.rpartition('@')[2]}://{shown}" if scheme else shown
