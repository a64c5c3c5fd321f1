"""A letter becomes the bytes of one message: MIME parts, and headers that are the same every time it is sent.

    multipart/mixed [ multipart/alternative [ text/plain, multipart/related [ text/html, pictures ] ], PDF ]

Nothing in it comes from a clock: the date is the ledger's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import quopri
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from html import escape
from typing import Any, Final
from urllib.parse import quote

from reportgen.config.mail import TOKEN_FIELD, MailSettings
from reportgen.delivery.mail.people import Subscriber, parse_address
from reportgen.errors import UsageError
from reportgen.units import Milliseconds

_SIGNATURE_BYTES: Final = 16
_LONGEST_LINE: Final = 990
"""Of a header that may not be folded, such as a link; RFC 5322 allows 998."""

_LONGEST_SUBJECT: Final = 250
_COLUMNS: Final = 76
_MOST_SHARED: Final = 256
_SEED_DIGITS: Final = 32
_TEXT, _PAGE, _FIRST_KEPT = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeLink:
    """How subscribers leave.

    Attributes:
        mailto: Address that takes unsubscriptions by mail. url: https address with {token}, or None.
        secret: signs the token; b"" without url. list_id: which list, signed along.
    """

    mailto: str
    url: str | None
    secret: bytes
    list_id: str

    def addresses(self, key: str) -> tuple[str, ...]:
        """List the ways for one subscriber, the quickest first."""
        by_mail = f"mailto:{quote(self.mailto, safe='@')}?subject={quote(f'unsubscribe {key}', safe='@')}"
        if self.url is None:
            return (by_mail,)
        return (self.url.replace(TOKEN_FIELD, self.token(key)), by_mail)

    def token(self, key: str) -> str:
        """Write who leaves, signed: base64url of the address, a dot, base64url of its HMAC."""
        parts = (key.encode(), self._signature(key))
        return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)

    def read_token(self, token: str) -> str:
        """Read whose token it is.

        Raises:
            UsageError: It was not signed here.
        """
        try:
            padded = (part + "=" * (-len(part) % 4) for part in token.strip().split("."))
            address, given = (base64.b64decode(part, altchars=b"-_", validate=True) for part in padded)
            key = address.decode()
        except ValueError:
            key, given = "", b""
        if not key or not hmac.compare_digest(given, self._signature(key)):
            raise UsageError("The token was not signed with this list's secret. Copy it whole from the link.")
        return key

    def _signature(self, key: str) -> bytes:
        said = f"unsubscribe\n{self.list_id}\n{key}".encode()
        return hmac.new(self.secret, said, hashlib.sha256).digest()[:_SIGNATURE_BYTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is said, before it has an address on it.

    Attributes:
        subject: One line. text, html: bodies; html None for plain text alone.
        unsubscribe: what stands in both where the subscriber's own unsubscribe link goes.
        pictures: PNG by Content-ID, in order. pdf: name and bytes, or None.
    """

    subject: str
    text: str
    html: str | None
    unsubscribe: str
    pictures: Mapping[str, bytes]
    pdf: tuple[str, bytes] | None = None


def sender_address(mail: MailSettings) -> str:
    """Give the sender's bare address, which bounces go to."""
    return parse_address(parseaddr(_one_line(mail.sender, "from"))[1]).envelope


def message_id(brief: str, key: str, mail: MailSettings) -> str:
    """Name one message: the same brief to the same subscriber has the same name, whoever asks."""
    digest = hashlib.sha256(f"{brief}\n{key}\n{mail.list_name}".encode()).hexdigest()[:32]
    return f"<{digest}@{sender_address(mail).rpartition('@')[2]}>"


class Composer:
    """Writes one letter to many subscribers: all but the personal headers and the unsubscribe link is made once."""

    def __init__(
        self,
        letter: Letter,
        mail: MailSettings,
        unsubscribe: UnsubscribeLink,
        sign: Callable[[bytes], bytes] | None = None,
    ) -> None:
        """Write what all subscribers share.

        Args:
            letter: What is said.
            mail: Who says it.
            unsubscribe: How one leaves.
            sign: Adds a DKIM signature, or None.

        Raises:
            UsageError: The subject or a name would break out of its header.
        """
        self._letter, self._unsubscribe, self._sign = letter, unsubscribe, sign
        self._fixed: dict[bytes, bytes] = {}
        said = "\n".join((letter.subject, letter.text, letter.html or ""))
        self._seed = hashlib.sha256(said.encode()).hexdigest()[:_SEED_DIGITS]
        message = self._nested()
        for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
            part.set_boundary(f"=_{number}_{self._seed}")  # drawn from what is said, where the library would roll dice
        headers = {
            "From": _mailbox(mail.sender),
            "Reply-To": _mailbox(mail.reply_to or mail.sender),
            "Subject": _one_line(letter.subject, "subject")[:_LONGEST_SUBJECT],
            "List-Id": f"<{_one_line(mail.list_name, 'list_id')}>",
            "Auto-Submitted": "auto-generated",
            "Content-Language": "en",
        }
        for name, value in headers.items():
            message[name] = value
        written = message.as_bytes(policy=SMTP.clone(max_line_length=_LONGEST_LINE))
        self._pieces = re.split(b"(=%s-[0-9]+=)" % self._seed.encode(), written)

    def compose(self, subscriber: Subscriber, *, message_id: str, date_ms: Milliseconds) -> bytes:
        """Write the whole message to one subscriber; the same arguments give the same bytes.

        Args:
            subscriber: To whom.
            message_id: From `message_id`.
            date_ms: When it was queued, UTC epoch milliseconds.
        """
        links = self._unsubscribe.addresses(subscriber.address.key)
        headers = {
            "To": _addressed(subscriber.name, subscriber.address.written, subscriber.address.envelope),
            "Date": format_datetime(datetime.fromtimestamp(date_ms // 1000, tz=UTC)),
            "Message-ID": message_id,
            "List-Unsubscribe": ", ".join(f"<{_one_line(link, 'unsubscribe link')}>" for link in links),
        }
        if links[0].startswith("https://"):
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        policy = SMTPUTF8 if subscriber.address.needs_smtputf8 else SMTP
        personal = EmailMessage(policy=policy.clone(max_line_length=_LONGEST_LINE))
        for name, value in headers.items():
            personal[name] = value
        text = quopri.encodestring(self._letter.text.replace(self._letter.unsubscribe, links[0]).encode())
        filled = self._fixed | {self._mark(_TEXT): text.rstrip(b"\n").replace(b"\n", b"\r\n")}
        if self._letter.html is not None:
            page = self._letter.html.replace(escape(self._letter.unsubscribe), escape(links[0]))
            filled[self._mark(_PAGE)] = _base64(page.encode())
        head = personal.as_bytes().removesuffix(b"\r\n")  # the empty line comes after the shared headers
        written = head + b"".join(filled.get(piece, piece) for piece in self._pieces)
        return self._sign(written) if self._sign else written

    def _nested(self) -> EmailMessage:
        """Nest the parts, a mark in the place of each content; a reader of plain text gets plain text alone."""
        letter = self._letter
        message: Any = EmailMessage(policy=SMTP)
        message.set_content("", charset="utf-8", cte="quoted-printable")
        message.set_payload(self._mark(_TEXT).decode() + "\n")
        if letter.html is not None:
            message.add_alternative("", subtype="html", charset="utf-8", cte="base64")
            page = message.get_payload(1)
            page.set_payload(self._mark(_PAGE).decode() + "\n")
            if letter.pictures:
                page.make_related()
            for cid, png in letter.pictures.items():
                picture = MIMEPart(policy=SMTP)
                picture.set_content(b"", maintype="image", subtype="png", cid=f"<{cid}>", disposition="inline")
                picture.set_param("filename", cid.partition("@")[0], header="Content-Disposition")
                page.attach(self._keep(picture, png))
        if letter.pdf is not None:
            name, content = letter.pdf
            message.make_mixed()
            pdf = MIMEPart(policy=SMTP)
            pdf.set_content(b"", maintype="application", subtype="pdf", disposition="attachment", filename=name)
            message.attach(self._keep(pdf, content))
        return message  # type: ignore[no-any-return] # the library's types know no payload of parts

    def _keep(self, part: MIMEPart, content: bytes) -> MIMEPart:
        """Put a mark in the place of a part's content, and keep the content beside it."""
        mark = self._mark(_FIRST_KEPT + len(self._fixed))
        part.set_payload(mark.decode() + "\n")
        self._fixed[mark] = _shared_base64(content)
        return part

    def _mark(self, number: int) -> bytes:
        """Write what keeps the place of a content; it hangs on all that is said, so nobody can say it on purpose."""
        return f"={self._seed}-{number}=".encode()


def _base64(content: bytes) -> bytes:
    """Encode in lines of 76, as mail wants them."""
    text = base64.b64encode(content)
    return b"\r\n".join(text[start : start + _COLUMNS] for start in range(0, len(text), _COLUMNS))


_shared_base64: Final = lru_cache(maxsize=_MOST_SHARED)(_base64)
"""Letters of many kinds hold the same pictures and PDF: these are encoded, and kept, once for all of them."""


def _mailbox(text: str) -> HeaderAddress:
    name, address = parseaddr(_one_line(text, "from"))
    return _addressed(name, address, parse_address(address).envelope)


def _addressed(name: str, written: str, envelope: str) -> HeaderAddress:
    """Write a name and an address; the domain in punycode, so that any relay can carry it."""
    shown = envelope if envelope.isascii() else written
    local, _, domain = shown.rpartition("@")
    return HeaderAddress(display_name=_one_line(name, "name"), username=local, domain=domain)


def _one_line(text: str, what: str) -> str:
    """Refuse text that could begin a header of its own."""
    if not text.isprintable():
        raise UsageError(f"The {what} {text!r} holds a line break or control character. Mend it where it comes from.")
    return text
