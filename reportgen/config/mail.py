"""config.yaml's `mail:` section: who sends, through which relay, to whom, and how one leaves again."""

from __future__ import annotations

import ipaddress
import re
from email.utils import parseaddr
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from reportgen.config.places import Place
from reportgen.config.values import (
    LEDGER,
    WEB_ADDRESS,
    FilePath,
    KeptAt,
    Secret,
    Settings,
    Text,
    kept_at,
    seen,
    setting_error,
)
from reportgen.errors import without_secrets

_SPECIAL: Final = re.compile(r"[,;:@\[\]]")
_HOST: Final = re.compile(r"\[?[\w.:%-]+\]?")
DOMAIN_NAME: Final = r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$"
TOKEN_FIELD: Final = "{token}"  # noqa: S105 - a place in a template, not a secret


def _mailbox(text: str) -> str:
    """Check an address, with or without a name before it."""
    from email_validator import EmailNotValidError, validate_email

    name, bracket, rest = text.rpartition("<")
    special = _SPECIAL.search("" if name.lstrip().startswith('"') else name)
    if bracket and special:
        raise setting_error(
            f"the name in `{text}` holds `{special[0]}`, which separates addresses unless it stands in quotes",
            f"Put the name in quotes: '\"{name.strip()}\" <{rest}'.",
        )
    address = parseaddr(text)[1]
    try:
        validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        reason = str(error).rstrip(".")
        raise setting_error(
            f"`{text}` is no mail address ({reason})", 'Write it as "Morning brief <brief@example.com>".'
        ) from error
    if not address.rpartition("@")[0].isascii():
        raise setting_error(
            f"`{address}` has letters beyond ASCII before the @, which only relays with SMTPUTF8 take",
            "Send from an address in ASCII; the name before it may hold any letter.",
        )
    return text


def _host(text: str) -> str:
    """Refuse what is more than a host, without repeating it: user and password may stand in it."""
    plain = _HOST.fullmatch(text) is not None
    if ":" in text:
        try:
            ipaddress.IPv6Address(text.strip("[]"))
        except ValueError:
            plain = False
    if not plain:
        raise setting_error(
            "is no host name or address",
            "Write it alone, as smtp.example.com; user, password and port are settings of their own.",
        )
    return text


def _unsubscribe_url(text: str) -> str:
    if not text.startswith("https://") or text.count(TOKEN_FIELD) != 1:
        raise setting_error(
            f"`{without_secrets(text)}` is no unsubscribe address",
            "Start it with https:// and write {token} once, where the token belongs: https://example.com/leave/{token}.",
        )
    return text


Mailbox = Annotated[Text, AfterValidator(_mailbox)]
Domain = Annotated[str, Field(min_length=1, max_length=253, pattern=DOMAIN_NAME)]


class SmtpSettings(Settings):
    """The relay that takes the mail."""

    host: Annotated[Text, AfterValidator(_host)] = Field(description="Host name or address of the relay.")
    port: int = Field(default=587, ge=1, le=65535, description="587 for starttls, 465 for tls.")
    security: Literal["none", "starttls", "tls"] = Field(
        default="starttls", description="How the line is encrypted; the certificate is always checked."
    )
    username: Secret | None = Field(default=None, description="From the environment, a file or a command.")
    password: Secret | None = Field(default=None, description="From the environment, a file or a command.")
    ca_file: Annotated[FilePath, seen("file")] | None = Field(
        default=None, description="Certificates (PEM) to trust instead of the system's, relative to this file."
    )
    timeout_seconds: int = Field(default=30, ge=1, le=600, description="How long to wait for an answer.")
    connections: int = Field(default=1, ge=1, le=20, description="How many at a time; as many as the relay allows.")
    messages_per_second: float | None = Field(
        default=None, gt=0, le=1000, allow_inf_nan=False, description="At most so many, all connections together."
    )
    messages_per_connection: int | None = Field(
        default=None, ge=1, description="Connect anew after so many, where the relay asks for it."
    )

    @property
    def name(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port}"


class UnsubscribeSettings(Settings):
    """How a subscriber leaves: by mail always, with one click where an endpoint is named."""

    mailto: Mailbox | None = Field(default=None, description="Where leaving by mail goes; reply_to or from if absent.")
    url: Annotated[Text, AfterValidator(_unsubscribe_url)] | None = Field(
        default=None, description="https address with {token} in it; GET shows a page, POST unsubscribes."
    )
    secret: Secret | None = Field(default=None, description="Signs the token; needed with url.")

    @model_validator(mode="after")
    def _signed(self) -> Self:
        """Refuse an endpoint whose tokens anybody could write."""
        if self.url is not None and self.secret is None:
            raise setting_error("url needs a secret that signs its token", "Add `secret: {file: path}`.")
        return self


class RetrySettings(Settings):
    """What to do when the relay says not now."""

    attempts: int = Field(default=4, ge=1, le=20, description="Tries for one message within one run.")
    first_wait_seconds: float = Field(
        default=3.0, ge=0, le=3600, allow_inf_nan=False, description="Before the second try; doubles, with jitter."
    )
    pause_after: int = Field(default=10, ge=1, le=1000, description="Failures in a row that end the run.")


class DkimSettings(Settings):
    """Sign here, where the relay does not."""

    domain: Domain = Field(description="The signing domain, usually that of `from`.")
    selector: Domain = Field(description="Its key stands in DNS under <selector>._domainkey.<domain>.")
    private_key: Secret = Field(description="The private RSA key, PEM, from a file or a command.")


class MailSettings(Settings):
    """Who gets the brief by mail, and how."""

    sender: Mailbox = Field(alias="from", description="Morning brief <brief@example.com>.")
    reply_to: Mailbox | None = Field(default=None, description="Where answers go; to `from` if absent.")
    list_id: Domain | None = Field(default=None, description="Name of the list; brief.<domain of from> if absent.")
    link: Annotated[Text, Field(pattern=WEB_ADDRESS)] | None = Field(
        default=None, description="Web address of the output folder, for links to the whole brief."
    )
    smtp: SmtpSettings = Field(description="The relay that takes the mail.")
    subscribers: Annotated[KeptAt, seen("subscribers")] = Field(
        default=Path("subscribers.yaml"),
        validate_default=True,
        description="Who gets it: YAML, .csv or .sqlite, relative to this file, or the URL of a PostgreSQL database.",
    )
    suppressions: Annotated[FilePath, seen("suppressions")] = Field(
        default=Path("suppressed.txt"),
        validate_default=True,
        description="Addresses that get nothing any more, one a line, relative to this file.",
    )
    ledger: KeptAt | None = Field(
        default=None,
        description=f"{LEDGER} It holds addresses: where the briefs are in a bucket, name one outside.",
    )
    unsubscribe: UnsubscribeSettings = Field(default=UnsubscribeSettings(), description="How a subscriber leaves.")
    retry: RetrySettings = Field(default=RetrySettings(), description="What to do when the relay says not now.")
    dkim: DkimSettings | None = Field(default=None, description="Sign here, where the relay does not.")

    @cached_property
    def subscribers_place(self) -> Place:
        """Give the place of the list, with its password where there is one; a command that tells it runs once."""
        return kept_at(self.subscribers)

    @property
    def list_name(self) -> str:
        """Name of the list: a domain."""
        return self.list_id or f"brief.{parseaddr(self.sender)[1].rpartition('@')[2]}"

    @property
    def unsubscribe_mailto(self) -> str:
        """Address, without a name, where leaving by mail goes."""
        return parseaddr(self.unsubscribe.mailto or self.reply_to or self.sender)[1]
