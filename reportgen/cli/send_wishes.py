"""What `send` and its dry run both begin with: what was asked for, who is meant, where the ledger stands."""

# ruff: noqa: PLC0415 - heavy imports live inside the functions

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reportgen.config import Config
    from reportgen.config_mail import Mail
    from reportgen.delivery.subscribers import SubscriberList


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asked of a send."""

    to: tuple[str, ...]
    attach_pdf: bool
    resume: bool
    resend_unknown: bool
    templates: Path | None


def choose_subscribers(mail: Mail, wishes: Wishes) -> SubscriberList:
    """Read the subscribers; with --to those named, whether they are on the list or not."""
    from reportgen.delivery.addresses import parse_address
    from reportgen.delivery.subscribers import Subscriber, SubscriberList
    from reportgen.delivery.subscribers_files import read_subscribers

    if not wishes.to:
        return read_subscribers(mail.subscribers)
    listed = read_subscribers(mail.subscribers) if mail.subscribers.exists() else None
    known = {subscriber.address.key: subscriber for subscriber in listed.subscribers} if listed else {}
    named = {address.key: address for address in map(parse_address, wishes.to)}
    chosen = tuple(known.get(key, Subscriber(address=address)) for key, address in named.items())
    return SubscriberList(subscribers=chosen, problems=(), notes=())


def ledger_folder(settings: Config, mail: Mail) -> Path:
    """Find the folder of the ledger.

    Raises:
        UsageError: The briefs are kept behind a URL, and `mail.ledger` names no folder.
    """
    from reportgen.delivery.one_send import MAIL_FOLDER
    from reportgen.places import local_folder

    return mail.ledger or local_folder(settings.output, "The mail ledger (`mail.ledger`)") / MAIL_FOLDER
