"""config.yaml's `mail:` section, settled: defaults filled in, paths made whole, secrets still only places.

Stands between `config_schema_mail` and the command that sends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path

from reportgen.config_schema_mail import DkimSettings, MailSettings, SmtpSettings
from reportgen.config_settings import SecretReference


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
