"""What config.yaml's shape stands on: mappings without unknown keys, one-line text, secrets by their place.

Stands below `config_schema` and `config_schema_mail`.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

ONE_LINE: Final = r"^[^\x00-\x1f\x7f]*$"
WEB_ADDRESS: Final = r"^https?://"


def setting_error(reason: str, suggestion: str) -> PydanticCustomError:
    """Make an error that already says both sentences; braces are data, never a template."""
    return PydanticCustomError("setting", "{reason}", {"reason": reason, "suggestion": suggestion})


def _reference_only(value: object) -> object:
    """Keep secrets out of the file; the value itself is never repeated."""
    if isinstance(value, dict) and len(value) == 1:
        return value
    if isinstance(value, dict):
        raise setting_error("needs exactly one source", "Keep one of {env: NAME}, {file: path} or {command: program}.")
    raise setting_error(
        "a secret may not stand in the file itself",
        "Point to it: {env: NAME}, {file: path} or {command: program}.",
    )


Text = Annotated[str, Field(min_length=1, max_length=300, pattern=ONE_LINE)]


class Settings(BaseModel):
    """A mapping in the file: unknown keys are errors and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SecretReference(Settings):
    """Where a secret is kept; one of the three."""

    env: Text | None = Field(default=None, description="Name of an environment variable.")
    file: Text | None = Field(default=None, description="A file whose first line is the secret.")
    command: Text | None = Field(default=None, description="A command whose output is the secret.")


Secret = Annotated[SecretReference, BeforeValidator(_reference_only)]
