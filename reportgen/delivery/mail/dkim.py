"""A message is signed by its sender's domain (RFC 6376, rsa-sha256, relaxed/relaxed), where the relay does not sign.

Receivers check it against the public key in DNS. Ed25519 (RFC 8463) is left out: large providers do not read it yet.
"""

from __future__ import annotations

import base64
import hashlib
import re
import textwrap
from collections.abc import Callable
from typing import Final

from reportgen.config.mail import DkimSettings
from reportgen.errors import EnvironmentProblem

_SIGNED: Final = (
    *("from", "to", "reply-to", "subject", "date", "message-id", "list-id", "list-unsubscribe"),
    *("list-unsubscribe-post", "auto-submitted", "mime-version", "content-type"),
)
"""What a signature covers; RFC 8058 wants both List-Unsubscribe headers under it."""

_FEWEST_BITS: Final = 1024
"""RFC 8301 allows no shorter key."""

_COLUMNS: Final = 76


def dkim_signer(dkim: DkimSettings, private_key: str) -> Callable[[bytes], bytes]:
    """Make a function that puts a DKIM-Signature before a message; the same message gets the same signature.

    Args:
        dkim: Domain and selector.
        private_key: RSA, PEM, without a password.

    Raises:
        EnvironmentProblem: It is no such key, or too short.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _FEWEST_BITS:
        raise EnvironmentProblem(
            f"The mail cannot be signed: mail.dkim.private_key is no RSA key of {_FEWEST_BITS} bits or more, in PEM "
            "and without a password. Make one with `openssl genrsa -out dkim.pem 2048`."
        )

    def sign(message: bytes) -> bytes:
        head, _, body = message.partition(b"\r\n\r\n")
        fields = {}  # of two with one name the lower one stays, which is the one that a signature means
        for field in re.split(rb"\r\n(?![ \t])", head):
            name, _, value = field.partition(b":")
            fields[name.decode("ascii").strip().lower()] = b" ".join(value.split())
        body = re.sub(rb"[ \t]+", b" ", body).replace(b" \r\n", b"\r\n").rstrip(b" \r\n")
        digest = hashlib.sha256(body + b"\r\n" if body else b"").digest()
        present = [name for name in _SIGNED if name in fields]
        tags = (
            f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={dkim.domain}; s={dkim.selector};"
            f" h={' : '.join(present * 2)};"  # twice: a second one, put in later, breaks the signature
            f" bh={base64.b64encode(digest).decode()}; b="
        )
        covered = b"".join(b"%s:%s\r\n" % (name.encode(), fields[name]) for name in present)
        covered += tags.replace("DKIM-Signature: ", "dkim-signature:").encode()
        signature = base64.b64encode(key.sign(covered, PKCS1v15(), SHA256())).decode()
        lines = textwrap.wrap(tags, _COLUMNS, break_long_words=False, break_on_hyphens=False)
        lines += textwrap.wrap(signature, _COLUMNS - 1)
        return "\r\n ".join(lines).encode() + b"\r\n" + message

    return sign
