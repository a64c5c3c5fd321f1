"""config.yaml's `mail:` section, settled: defaults filled in, paths made whole, secrets still only places.

Stands between `config_schema_mail` and the command that sends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from reportgen.config.values import WEB_ADDRESS, Secret, SecretReference, Settings, Text, setting_error

# ---- The shape of config.yaml's `mail:` section: who sends, through which relay, to whom, and how one leaves again ---
DOMAIN_NAME: Final = r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$"
TOKEN_FIELD: Final = "{token}"  # noqa: S105 - a place in a template, not a secret


def _mailbox(text: str) -> str:
    """Check an address, with or without a name before it."""
    from email_validator import EmailNotValidError, validate_email

    address = parseaddr(text)[1]
    try:
        validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        reason = str(error).rstrip(".")
        raise setting_error(
            f"`{text}` is no mail address ({reason})", 'Write it as "Morning brief <brief@example.com>".'
        ) from error
    return text


def _unsubscribe_url(text: str) -> str:
    if not text.startswith("https://") or text.count(TOKEN_FIELD) != 1:
        raise setting_error(
            f"`{text}` is no unsubscribe address",
            "Start it with https:// and write {token} once, where the token belongs: https://example.com/leave/{token}.",
        )
    return text


Mailbox = Annotated[Text, AfterValidator(_mailbox)]
Domain = Annotated[str, Field(min_length=1, max_length=253, pattern=DOMAIN_NAME)]


class SmtpSettings(Settings):
    """The relay that takes the mail."""

    host: Text = Field(description="Host name or address of the relay.")
    port: int = Field(default=587, ge=1, le=65535, description="587 for starttls, 465 for tls.")
    security: Literal["none", "starttls", "tls"] = Field(
        default="starttls", description="How the line is encrypted; the certificate is always checked."
    )
    username: Secret | None = Field(default=None, description="From the environment, a file or a command.")
    password: Secret | None = Field(default=None, description="From the environment, a file or a command.")
    ca_file: Text | None = Field(
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
    """Sign here, where the relay does not: needs `reportgen[dkim]`."""

    domain: Domain = Field(description="The signing domain, usually that of `from`.")
    selector: Domain = Field(description="Its key stands in DNS under <selector>._domainkey.<domain>.")
    private_key: Secret = Field(description="The private key, PEM, from a file or a command.")


class MailSettings(Settings):
    """Who gets the brief by mail, and how."""

    sender: Mailbox = Field(alias="from", description="Morning brief <brief@example.com>.")
    reply_to: Mailbox | None = Field(default=None, description="Where answers go; to `from` if absent.")
    list_id: Domain | None = Field(default=None, description="Name of the list; brief.<domain of from> if absent.")
    link: Annotated[Text, Field(pattern=WEB_ADDRESS)] | None = Field(
        default=None, description="Web address of the output folder, for links to the whole brief."
    )
    smtp: SmtpSettings = Field(description="The relay that takes the mail.")
    subscribers: Text = Field(
        default="subscribers.yaml", description="Who gets it: YAML, .csv or .sqlite, relative to this file."
    )
    suppressions: Text = Field(
        default="suppressed.txt", description="Addresses that get nothing any more, one a line, relative to this file."
    )
    ledger: Text | None = Field(
        default=None, description="Folder of the ledger, relative to this file; .mail in the output folder if absent."
    )
    unsubscribe: UnsubscribeSettings = Field(default=UnsubscribeSettings(), description="How a subscriber leaves.")
    retry: RetrySettings = Field(default=RetrySettings(), description="What to do when the relay says not now.")
    dkim: DkimSettings | None = Field(default=None, description="Sign here, where the relay does not.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSource:
    """Where a secret is kept: an environment variable, a file or a command; never the secret itself."""

    env: str | None
    file: Path | None
    command: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings:
    """The relay and how it wants to be used.

    Attributes:
        host, port: Where. security: none, starttls or tls. username, password: where they are kept.
        ca_file: certificates to trust instead of the system's. timeout_seconds: for one answer.
        connections: at a time. messages_per_second: over all of them, None without a limit.
        messages_per_connection: connect anew after so many, None for never.
    """

    host: str
    port: int
    security: str
    username: SecretSource | None
    password: SecretSource | None
    ca_file: Path | None
    timeout_seconds: int
    connections: int
    messages_per_second: float | None
    messages_per_connection: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """What DKIM needs: the domain, the selector of its key, and where the private key is kept."""

    domain: str
    selector: str
    private_key: SecretSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """How the brief is mailed.

    Attributes:
        sender: `Name <address>`. reply_to: the same, or None. list_id: name of the list, a domain.
        link: web address of the output folder, or None. relay: who takes the mail.
        subscribers, suppressions: the files. ledger: its folder, None for .mail in the output folder.
        unsubscribe_mailto: an address. unsubscribe_url: with {token}, or None. unsubscribe_secret: signs the token.
        attempts: within one run. first_wait_seconds: before the second.
        pause_after: failures in a row. dkim: None where the relay signs.
    """

    sender: str
    reply_to: str | None
    list_id: str
    link: str | None
    relay: RelaySettings
    subscribers: Path
    suppressions: Path
    ledger: Path | None
    unsubscribe_mailto: str
    unsubscribe_url: str | None
    unsubscribe_secret: SecretSource | None
    attempts: int
    first_wait_seconds: float
    pause_after: int
    dkim: SigningKey | None


def settle_mail(mail: MailSettings, place: Callable[[str], Path]) -> Mail:
    """Turn the checked section into the frozen one.

    Args:
        mail: As the file has it.
        place: Makes a path of the file whole.
    """
    leave = mail.unsubscribe
    return Mail(
        sender=mail.sender,
        reply_to=mail.reply_to,
        list_id=mail.list_id or f"brief.{parseaddr(mail.sender)[1].rpartition('@')[2]}",
        link=mail.link,
        relay=_relay(mail.smtp, place),
        subscribers=place(mail.subscribers),
        suppressions=place(mail.suppressions),
        ledger=place(mail.ledger) if mail.ledger else None,
        unsubscribe_mailto=parseaddr(leave.mailto or mail.reply_to or mail.sender)[1],
        unsubscribe_url=leave.url,
        unsubscribe_secret=_secret(leave.secret, place),
        attempts=mail.retry.attempts,
        first_wait_seconds=mail.retry.first_wait_seconds,
        pause_after=mail.retry.pause_after,
        dkim=_signing(mail.dkim, place) if mail.dkim else None,
    )


def _relay(smtp: SmtpSettings, place: Callable[[str], Path]) -> RelaySettings:
    return RelaySettings(
        host=smtp.host,
        port=smtp.port,
        security=smtp.security,
        username=_secret(smtp.username, place),
        password=_secret(smtp.password, place),
        ca_file=place(smtp.ca_file) if smtp.ca_file else None,
        timeout_seconds=smtp.timeout_seconds,
        connections=smtp.connections,
        messages_per_second=smtp.messages_per_second,
        messages_per_connection=smtp.messages_per_connection,
    )


def _signing(dkim: DkimSettings, place: Callable[[str], Path]) -> SigningKey:
    return SigningKey(domain=dkim.domain, selector=dkim.selector, private_key=_source(dkim.private_key, place))


def _secret(reference: SecretReference | None, place: Callable[[str], Path]) -> SecretSource | None:
    return None if reference is None else _source(reference, place)


def _source(reference: SecretReference, place: Callable[[str], Path]) -> SecretSource:
    file = place(reference.file) if reference.file else None
    return SecretSource(env=reference.env, file=file, command=reference.command)
