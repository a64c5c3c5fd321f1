"""The settings of `mail:` become what delivery works with: relay, sender, pace; secrets are read here, when needed."""

# ruff: noqa: PLC0415 - heavy imports live inside the functions

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.config import Config
from reportgen.config_mail import Mail
from reportgen.errors import UsageError
from reportgen.places import place_of

if TYPE_CHECKING:
    from reportgen.config_mail import SecretSource
    from reportgen.delivery.letter import Sender
    from reportgen.delivery.sending import Pace
    from reportgen.delivery.smtp import Relay


def mail_config(config: Path | None, output: str | None) -> tuple[Config, Mail]:
    """Read the configuration of a command that needs `mail:`.

    Raises:
        ConfigError: The configuration holds problems.
        UsageError: It has no `mail:`.
    """
    from dataclasses import replace

    from reportgen.config import DEFAULT_PATH, load_config

    settings = load_config(config or DEFAULT_PATH)
    if settings.mail is None:
        raise UsageError(
            f"{config or DEFAULT_PATH} has no `mail:`. Add from, smtp and subscribers; docs/mail.md shows how."
        )
    return replace(settings, output=place_of(output) if output else settings.output), settings.mail


def make_relay(mail: Mail) -> Relay:
    """Fetch user and password, and describe the relay.

    Raises:
        UsageError: The password would cross the network unencrypted.
    """
    from reportgen.delivery.smtp import Relay, is_loopback

    relay = mail.relay
    if relay.security == "none" and relay.password is not None and not is_loopback(relay.host):
        raise UsageError(
            f"mail.smtp.security is none, so the password would cross the network to {relay.host} in the clear. "
            "Set starttls or tls, or leave out username and password."
        )
    return Relay(
        host=relay.host,
        port=relay.port,
        security=relay.security,
        user=_secret(relay.username),
        password=_secret(relay.password),
        ca_file=relay.ca_file,
        timeout_seconds=relay.timeout_seconds,
    )


def make_pace(mail: Mail) -> Pace:
    """Say how fast and how patiently to send."""
    from reportgen.delivery.sending import Pace

    return Pace(
        connections=mail.relay.connections,
        per_second=mail.relay.messages_per_second,
        per_connection=mail.relay.messages_per_connection,
        attempts=mail.attempts,
        first_wait_seconds=mail.first_wait_seconds,
        pause_after=mail.pause_after,
    )


def make_sender(mail: Mail) -> Sender:
    """Say who speaks, and how subscribers leave."""
    from reportgen.delivery.letter import Sender
    from reportgen.delivery.unsubscribe import WayOut

    secret = (_secret(mail.unsubscribe_secret) or "").encode()
    way_out = WayOut(mailto=mail.unsubscribe_mailto, url=mail.unsubscribe_url, secret=secret, list_id=mail.list_id)
    return Sender(mailbox=mail.sender, reply_to=mail.reply_to, list_id=mail.list_id, way_out=way_out)


def make_signer(mail: Mail) -> Callable[[bytes], bytes] | None:
    """Prepare DKIM where it is asked for."""
    if mail.dkim is None:
        return None
    from reportgen.delivery.dkim_sign import dkim_signer

    key = _secret(mail.dkim.private_key, whole=True) or ""
    return dkim_signer(domain=mail.dkim.domain, selector=mail.dkim.selector, private_key=key)


def _secret(source: SecretSource | None, *, whole: bool = False) -> str | None:
    from reportgen.delivery.secret import read_secret

    if source is None:
        return None
    return read_secret(env=source.env, file=source.file, command=source.command, whole=whole)
