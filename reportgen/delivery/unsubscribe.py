"""The way out: mailto always, and where the operator runs an endpoint an https address with a signed token.

The endpoint's contract is in docs/mail.md: GET shows a page, POST unsubscribes, since scanners follow every link.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from reportgen.errors import UsageError

_SIGNATURE_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """How subscribers leave.

    Attributes:
        mailto: Address that takes unsubscriptions by mail. url: https address with {token}, or None.
        secret: signs the token; b"" without url. list_id: which list, signed along.
    """

    mailto: str
    url: str | None
    secret: bytes
    list_id: str

    def links(self, key: str) -> tuple[str, ...]:
        """List the ways for one subscriber, the quickest first."""
        by_mail = f"mailto:{quote(self.mailto, safe='@')}?subject={quote(f'unsubscribe {key}', safe='@')}"
        if self.url is None:
            return (by_mail,)
        return (self.url.replace("{token}", sign_token(self.secret, self.list_id, key)), by_mail)


def sign_token(secret: bytes, list_id: str, key: str) -> str:
    """Write a token that says who leaves which list: base64url of the address, a dot, base64url of its HMAC."""
    return f"{_encode(key.encode())}.{_encode(_signature(secret, list_id, key))}"


def read_token(secret: bytes, list_id: str, token: str) -> str:
    """Read whose token it is.

    Raises:
        UsageError: It was not signed here.
    """
    address, _, signature = token.strip().partition(".")
    try:
        key, given = _decode(address).decode(), _decode(signature)
    except (binascii.Error, UnicodeError, ValueError):
        key, given = "", b""
    if not key or not hmac.compare_digest(given, _signature(secret, list_id, key)):
        raise UsageError("The token was not signed with this list's secret. Copy it whole from the link.")
    return key


def _signature(secret: bytes, list_id: str, key: str) -> bytes:
    return hmac.new(secret, f"unsubscribe\n{list_id}\n{key}".encode(), hashlib.sha256).digest()[:_SIGNATURE_BYTES]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
