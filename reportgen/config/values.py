"""What config.yaml's shape stands on: mappings without unknown keys, one-line text, paths, secrets by their place."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import parse_qsl

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    Tag,
    ValidationInfo,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from reportgen.config.places import Place, is_database, local_path, place_of
from reportgen.config.text import TextError, read_text
from reportgen.errors import EnvironmentProblem, UsageError, without_secrets

_COMMAND_SECONDS: Final = 60
ONE_LINE: Final = r"^[^\x00-\x1f\x7f]*$"
WEB_ADDRESS: Final = r"^https?://"
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SECRET_KEY: Final = re.compile("pass|secret|token", re.IGNORECASE)
FOLDER: Final = "folder"
"""Key of the validation context: the folder of config.yaml, which its paths are relative to."""


LOOKS: Final = "looks"
"""Key of the validation context that `check` alone gives: how to look at what a setting names, by `seen`'s word."""

Look: TypeAlias = Callable[[Any], tuple[str, str] | None]
"""Finds what is wrong with what a setting names: reason and suggestion, or nothing."""


def seen(what: str) -> AfterValidator:
    """Say of a setting that `check` looks at what it names."""

    def look(value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - any setting
        looks: Mapping[str, Look] = (info.context or {}).get(LOOKS, {})
        if what in looks and (fault := looks[what](value)):
            raise setting_error(*fault)
        return value

    return AfterValidator(look)


def setting_error(reason: str, suggestion: str) -> PydanticCustomError:
    """Make an error that already says both sentences; braces are data, never a template."""
    return PydanticCustomError("setting", "{reason}", {"reason": reason, "suggestion": suggestion})


@contextmanager
def usage_is_setting() -> Iterator[None]:
    """Turn what a reader of command lines refuses into an error of the setting that it read."""
    try:
        yield
    except UsageError as error:
        reason, _, suggestion = str(error).partition(". ")
        raise setting_error(reason, suggestion) from error


def read_by(reader: Callable[[str], str]) -> AfterValidator:
    """Say of a text that it is read as on the command line, by a function that raises UsageError."""
    return AfterValidator(usage_is_setting()(reader))


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenAs:
    """Says of a setting that it stands in the file in one form and is used in another.

    Attributes:
        form: What the file may hold; the JSON Schema describes this.
        read: Makes the value of it, given the folder of the file.
    """

    form: Any
    read: Callable[[Any, Path], Any]

    def __get_pydantic_core_schema__(self, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check the form, then read it; a Path from Python code or a default needs no check."""

        def read(value: Any, check: Callable[[Any], Any], info: ValidationInfo) -> Any:  # noqa: ANN401 - any setting
            given = list(value) if isinstance(value, tuple) else value
            checked = given if isinstance(given, Path) else check(given)
            with usage_is_setting():
                return self.read(checked, (info.context or {}).get(FOLDER, Path()))

        return core_schema.with_info_wrap_validator_function(read, handler.generate_schema(self.form))


def several(form: Any) -> WrittenAs:  # noqa: ANN401 - a type is a value here
    """Say that a tuple stands in the file as a list of this form."""
    return WrittenAs(form=form, read=lambda items, _: tuple(items))


def _reference_only(value: object) -> object:
    """Keep secrets out of the file; the value itself is never repeated."""
    if isinstance(value, SecretReference) or (isinstance(value, dict) and len(value) == 1):
        return value
    if isinstance(value, dict):
        raise setting_error("needs exactly one source", "Keep one of {env: NAME}, {file: path} or {command: program}.")
    raise setting_error(
        "a secret may not stand in the file itself",
        "Point to it: {env: NAME}, {file: path} or {command: program}.",
    )


Text = Annotated[str, Field(min_length=1, max_length=300, pattern=ONE_LINE)]
FilePath = Annotated[Path, WrittenAs(form=Text, read=lambda path, folder: local_path(str(path), folder))]
"""A file or folder, relative to config.yaml."""


class Settings(BaseModel):
    """A mapping in the file: unknown keys are errors and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SecretReference(Settings):
    """Where a secret is kept, never the secret itself; one of the three."""

    env: Text | None = Field(default=None, description="Name of an environment variable.")
    file: FilePath | None = Field(default=None, description="A file whose first line is the secret.")
    command: Text | None = Field(default=None, description="A command whose output is the secret.")

    def read(self, *, whole: bool = False) -> str:
        """Read the secret at the moment it is needed: its first line, or as a private key needs, the whole.

        Raises:
            EnvironmentProblem: It is not there, or empty; names the place and never the secret.
        """
        if self.env is not None:
            text = os.environ.get(self.env, "")
        elif self.file is not None:
            try:
                text = read_text(self.file)
            except (OSError, TextError) as error:
                raise EnvironmentProblem(
                    f"The secret in {self.file} cannot be read. Check the path and permissions."
                ) from error
        else:
            command = self.command or ""
            try:
                words = shlex.split(command)
                done = subprocess.run(words, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=True)  # noqa: S603 - the operator's own command
            except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
                kind = type(error).__name__
                raise EnvironmentProblem(f"The command `{command}` gave no secret ({kind}). Run it by hand.") from error
            text = done.stdout
        found = text if whole else text.strip().partition("\n")[0].strip()
        if not found.strip():
            raise EnvironmentProblem(f"{self} holds no secret. Set it, or point elsewhere in config.yaml.")
        return found

    def __str__(self) -> str:
        """Name its place, to begin a sentence."""
        if self.env is not None:
            return f"The environment variable {self.env}"
        return str(self.file) if self.file is not None else f"The command `{self.command}`"


Secret = Annotated[SecretReference, BeforeValidator(_reference_only)]


def _kept_at(value: Path | str | SecretReference, folder: Path) -> Place | SecretReference:
    if isinstance(value, SecretReference):
        return value
    text = str(value)
    asked = parse_qsl(text.partition("?")[2], keep_blank_values=True)
    mistyped = text.lower().startswith("postgres") and "@" in text and not _URL.match(text)
    named = ":" in text.partition("://")[2].rpartition("@")[0] or any(_SECRET_KEY.search(key) for key, _ in asked)
    if mistyped or (is_database(text) and named):
        raise setting_error(
            f"{without_secrets(text, path=True)} is written with a password in it",
            "Put the whole URL into the environment and name it here: {env: NAME}, {file: path} or {command: program}.",
        )
    return place_of(text, folder)


ADDRESS, SECRET = "an address", "a secret"

LEDGER: Final = (
    "Where the ledger is: a folder relative to this file, a folder in a bucket, or a PostgreSQL database; beside the "
    "briefs, in .mail, if absent."
)
_KeptForm = Annotated[
    Annotated[Text, Tag(ADDRESS)] | Annotated[Secret, Tag(SECRET)],
    Discriminator(lambda value: SECRET if isinstance(value, (dict, SecretReference)) else ADDRESS),
]
KeptAt = Annotated[Place | SecretReference, WrittenAs(form=_KeptForm, read=_kept_at)]
"""Where something is kept: a folder or file, a URL, or where a URL with a password is to be found."""


def kept_at(where: Place | SecretReference) -> Place:
    """Give the place, with its password where there is one.

    Raises:
        EnvironmentProblem: As `SecretReference.read`; or the secret is no URL, which would become a folder of its name.
    """
    if not isinstance(where, SecretReference):
        return where
    if not _URL.match(found := where.read()):
        raise EnvironmentProblem(
            f"{where} holds no URL. Write it as postgresql://user:password@host/database or s3://bucket/folder; a "
            "folder or file of this machine is no secret and stands in config.yaml itself."
        )
    return found
