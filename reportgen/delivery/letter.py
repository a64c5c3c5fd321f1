"""A letter becomes the bytes of one message: MIME parts, and headers that are the same every time it is sent.

    multipart/mixed [ multipart/alternative [ text/plain, multipart/related [ text/html, pictures ] ], PDF ]

Stands between the rendered mail and the relay. Nothing in it comes from a clock: the date is the ledger's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from html import escape
from typing import Any, Final

from reportgen.delivery.addresses import parse_address
from reportgen.delivery.subscribers import Subscriber
from reportgen.delivery.unsubscribe import WayOut
from reportgen.errors import UsageError
from reportgen.units import Milliseconds

_LONGEST_LINE: Final = 990
"""Of a header that may not be folded, such as a link; RFC 5322 allows 998."""

_LONGEST_SUBJECT: Final = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is said, before it has an address on it.

    Attributes:
        subject: One line. text, html: bodies; html None for plain text alone. way_out: what stands in both where the
            subscriber's own unsubscribe link goes. pictures: PNG by Content-ID, in order. pdf: name and bytes, or None.
    """

    subject: str
    text: str
    html: str | None
    way_out: str
    pictures: Mapping[str, bytes]
    pdf: tuple[str, bytes] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who speaks. mailbox: `Name <address>`. reply_to: the same, or None. list_id: name of the list. way_out: of it."""

    mailbox: str
    reply_to: str | None
    list_id: str
    way_out: WayOut

    @property
    def envelope(self) -> str:
        """The bare address, for bounces."""
        return parse_address(parseaddr(self.mailbox)[1]).envelope


def message_id(brief: str, key: str, sender: Sender) -> str:
    """Name one message: the same brief to the same subscriber has the same name, whoever asks."""
    digest = hashlib.sha256(f"{brief}\n{key}\n{sender.list_id}".encode()).hexdigest()[:32]
    return f"<{digest}@{sender.envelope.rpartition('@')[2]}>"


class Composer:
    """Writes one letter to many subscribers; what they share is encoded once."""

    def __init__(self, letter: Letter, sender: Sender, sign: Callable[[bytes], bytes] | None = None) -> None:
        """Encode the pictures and the PDF.

        Args:
            letter: What is said.
            sender: Who speaks.
            sign: Adds a DKIM signature, or None.

        Raises:
            UsageError: The subject or a name would break out of its header.
        """
        self._letter, self._sender, self._sign = letter, sender, sign
        self._subject = _one_line(letter.subject, "subject")[:_LONGEST_SUBJECT]
        self._from = _mailbox(sender.mailbox)
        self._reply_to = _mailbox(sender.reply_to or sender.mailbox)
        self._encoded: dict[bytes, bytes] = {}
        self._pictures: list[Any] = [_picture(cid, png) for cid, png in letter.pictures.items()]
        self._pdf: Any = _pdf(*letter.pdf) if letter.pdf else None
        for number, part in enumerate((*self._pictures, *filter(None, (self._pdf,)))):
            self._encoded |= _set_aside(part, f"part-{number}")

    def compose(self, subscriber: Subscriber, *, message_id: str, date_ms: Milliseconds) -> bytes:
        """Write the whole message to one subscriber; the same arguments give the same bytes.

        Args:
            subscriber: To whom.
            message_id: From `message_id`.
            date_ms: When it was queued, UTC epoch milliseconds.
        """
        links = self._sender.way_out.links(subscriber.address.key)
        message, encoded = self._body(links[0])
        headers = {
            "From": self._from,
            "To": _addressed(subscriber.name, subscriber.address.written, subscriber.address.envelope),
            "Reply-To": self._reply_to,
            "Subject": self._subject,
            "Date": format_datetime(datetime.fromtimestamp(date_ms // 1000, tz=UTC)),
            "Message-ID": message_id,
            "List-Id": f"<{_one_line(self._sender.list_id, 'list_id')}>",
            "List-Unsubscribe": ", ".join(f"<{_one_line(link, 'unsubscribe link')}>" for link in links),
            "Auto-Submitted": "auto-generated",
            "Content-Language": "en",
        }
        if links[0].startswith("https://"):
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        for name, value in headers.items():
            message[name] = value
        _name_boundaries(message, message_id)
        policy = SMTPUTF8 if subscriber.address.needs_smtputf8 else SMTP
        written = message.as_bytes(policy=policy.clone(max_line_length=_LONGEST_LINE))
        for mark, content in encoded.items():
            written = written.replace(mark, content, 1)
        return self._sign(written) if self._sign else written

    def _body(self, link: str) -> tuple[EmailMessage, dict[bytes, bytes]]:
        """Nest the parts, and give what was set aside; a reader of plain text gets plain text alone."""
        letter, encoded = self._letter, dict(self._encoded)
        message = EmailMessage(policy=SMTP)
        message.set_content(letter.text.replace(letter.way_out, link), cte="quoted-printable")
        if letter.html is not None:
            html = letter.html.replace(escape(letter.way_out), escape(link))
            message.add_alternative(html, subtype="html", cte="base64")
            page: Any = message.get_payload(1)
            encoded |= _set_aside(page, "page")
            if self._pictures:
                page.make_related()
                for picture in self._pictures:
                    page.attach(picture)
        if self._pdf is not None:
            message.make_mixed()
            message.attach(self._pdf)
        return message, encoded


def _set_aside(part: Any, name: str) -> dict[bytes, bytes]:  # noqa: ANN401 - the library's part, generic in its headers
    """Put a mark in the place of a part's encoded content, which the library would write line by line each time."""
    content = part.get_payload().rstrip("\n").replace("\n", "\r\n").encode("ascii")
    mark = f"={hashlib.sha256(content).hexdigest()[:32]}-{name}="
    part.set_payload(f"{mark}\n")
    return {mark.encode(): content}


def _picture(cid: str, png: bytes) -> MIMEPart:
    part = MIMEPart(policy=SMTP)
    part.set_content(png, maintype="image", subtype="png", cid=f"<{cid}>", disposition="inline")
    part.set_param("filename", cid.partition("@")[0], header="Content-Disposition")
    return part


def _pdf(name: str, content: bytes) -> MIMEPart:
    part = MIMEPart(policy=SMTP)
    part.set_content(content, maintype="application", subtype="pdf", disposition="attachment", filename=name)
    return part


def _name_boundaries(message: EmailMessage, message_id: str) -> None:
    """Draw the lines between parts from the message's own name, where the library would roll dice."""
    seed = hashlib.sha256(message_id.encode()).hexdigest()[:24]
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{number}_{seed}")


def _mailbox(text: str) -> HeaderAddress:
    name, address = parseaddr(_one_line(text, "from"))
    return _addressed(name, address, parse_address(address).envelope)


def _addressed(name: str, written: str, envelope: str) -> HeaderAddress:
    """Write a name and an address; the domain in punycode, so that any relay can carry it."""
    shown = envelope if envelope.isascii() else written
    local, _, domain = shown.rpartition("@")
    return HeaderAddress(display_name=_one_line(name, "name"), username=local, domain=domain)


def _one_line(text: str, what: str) -> str:
    """Refuse text that could begin a header of its own.

    Raises:
        UsageError: It holds a line break or another control character.
    """
    if not text.isprintable():
        raise UsageError(f"The {what} {text!r} holds a line break or control character. Mend it where it comes from.")
    return text


def dot_stuffed(data: bytes) -> bytes:
    """Double the dot at the start of each line, as SMTP wants it; ends with a line break."""
    stuffed = data.replace(b"\n.", b"\n..")
    stuffed = b"." + stuffed if stuffed.startswith(b".") else stuffed
    return stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n"
