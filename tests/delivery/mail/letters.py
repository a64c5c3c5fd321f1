"""Small letters and lists of subscribers for tests of delivery."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from reportgen.config.mail import MailSettings, RetrySettings, SmtpSettings
from reportgen.delivery.ledger import OPEN, Delivery, SendLedger
from reportgen.delivery.mail.letters import Composer, Letter, UnsubscribeLink, message_id
from reportgen.delivery.mail.people import Subscriber, parse_address
from reportgen.delivery.mail.send import Mailing, Run
from reportgen.delivery.mail.smtp import Login

BRIEF: Final = "2026-01-19T07:00Z"
UNSUBSCRIBE: Final = "https://unsubscribe.invalid/"
PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4

LETTER: Final = Letter(
    subject="Morning brief 19 Jan 2026",
    text=f"One line.\n.A line that begins with a dot.\nUnsubscribe: {UNSUBSCRIBE}\n",
    html=f'<p>One line.</p><img src="cid:map@brief" alt="dense shorts +3.3 %"><a href="{UNSUBSCRIBE}">Unsubscribe</a>',
    unsubscribe=UNSUBSCRIBE,
    pictures={"map@brief": PNG},
)
SENDER: Final = MailSettings.model_validate(
    {
        "from": "Morning brief <brief@example.com>",
        "reply_to": "Desk <desk@example.com>",
        "smtp": {"host": "127.0.0.1", "security": "none", "timeout_seconds": 10},
        "retry": {"attempts": 3, "first_wait_seconds": 0.01},
    }
)
LINK: Final = UnsubscribeLink(mailto="leave@example.com", url=None, secret=b"", list_id="brief.example.com")


def people(count: int) -> tuple[Subscriber, ...]:
    """Make so many subscribers."""
    return tuple(Subscriber(address=parse_address(f"reader{number:04}@example.com")) for number in range(count))


def queue_all(ledger: SendLedger, subscribers: Iterable[Subscriber]) -> tuple[Delivery, ...]:
    """Queue everybody who has no line yet, and give what is open."""
    keys = [subscriber.address.key for subscriber in subscribers]
    ledger.queue(((key, message_id(BRIEF, key, SENDER)) for key in keys), 1_768_806_000_000)
    return ledger.deliveries(OPEN)


def run_once(
    ledger: SendLedger,
    port: int,
    subscribers: tuple[Subscriber, ...],
    folder: Path,
    login: Login | None = None,
    *,
    suppress_all: bool = False,
    composer: Composer | None = None,
    **settings: object,
) -> str | None:
    """Send what is open to a relay on loopback, with these settings of smtp and retry; gives why it ended early."""
    by_key = {subscriber.address.key: subscriber for subscriber in subscribers}
    written = composer or Composer(LETTER, SENDER, LINK)
    mailing = Mailing(
        addresses={key: subscriber.address for key, subscriber in by_key.items()},
        write=lambda one: written.compose(by_key[one.subscriber], message_id=one.message_id, date_ms=one.queued_ms),
        now=lambda: time.time_ns() // 1_000_000,
        suppress_all=suppress_all,
    )
    smtp = {name: value for name, value in settings.items() if name in SmtpSettings.model_fields}
    retry = {name: value for name, value in settings.items() if name in RetrySettings.model_fields}
    assert smtp.keys() | retry.keys() == settings.keys()
    mail = SENDER.model_copy(
        update={
            "smtp": SENDER.smtp.model_copy(update={"port": port, **smtp}),
            "retry": SENDER.retry.model_copy(update=retry),
            "suppressions": folder / "suppressed.txt",
        }
    )
    return Run(mailing, mail, login, ledger).start(queue_all(ledger, subscribers))
