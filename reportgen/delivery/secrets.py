"""Secrets are read where they are kept, at the moment they are needed, and never repeated in a message."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Final

from reportgen.errors import EnvironmentProblem

_COMMAND_SECONDS: Final = 60


def read_secret(*, env: str | None, file: Path | None, command: str | None, whole: bool = False) -> str:
    """Read one secret: an environment variable, the first line of a file, or what a command prints.

    Args:
        env: Name of the variable, or None.
        file: The file, or None.
        command: The command, or None.
        whole: Keep every line, as a private key needs.

    Raises:
        EnvironmentProblem: It is not there, or empty; names the place and never the secret.
    """
    if env is not None:
        text, place = os.environ.get(env, ""), f"The environment variable {env}"
    elif file is not None:
        place = str(file)
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise EnvironmentProblem(f"The secret in {file} cannot be read. Check the path and permissions.") from error
    else:
        text, place = _run(command or ""), f"The command `{command}`"
    found = text if whole else text.strip().partition("\n")[0].strip()
    if not found.strip():
        raise EnvironmentProblem(f"{place} holds no secret. Set it, or point elsewhere in config.yaml.")
    return found


def _run(command: str) -> str:
    try:
        words = shlex.split(command)
        done = subprocess.run(words, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=True)  # noqa: S603 - the operator's own command
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
        kind = type(error).__name__
        raise EnvironmentProblem(f"The command `{command}` gave no secret ({kind}). Run it by hand.") from error
    return done.stdout
