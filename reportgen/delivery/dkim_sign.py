"""DKIM signatures, for operators whose relay does not sign; needs the `dkim` extra."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from reportgen.errors import EnvironmentProblem

_SIGNED: Final = (
    *(b"From", b"To", b"Reply-To", b"Subject", b"Date", b"Message-ID", b"List-Id", b"List-Unsubscribe"),
    *(b"List-Unsubscribe-Post", b"Auto-Submitted", b"MIME-Version", b"Content-Type"),
)
"""RFC 8058 wants both List-Unsubscribe headers under the signature."""


def dkim_signer(*, domain: str, selector: str, private_key: str) -> Callable[[bytes], bytes]:
    """Make a function that puts a DKIM-Signature before a message.

    Args:
        domain: The signing domain.
        selector: Its key stands in DNS under <selector>._domainkey.<domain>.
        private_key: PEM.

    Raises:
        EnvironmentProblem: The extra is not installed, or the key is no private key.
    """
    try:
        dkim: Any = import_module("dkim")
    except ImportError as error:
        raise EnvironmentProblem(
            "Signing with DKIM needs dkimpy. Install `reportgen[dkim]`, or delete mail.dkim and let the relay sign."
        ) from error

    def sign(message: bytes) -> bytes:
        try:
            signature: bytes = dkim.sign(
                message, selector.encode(), domain.encode(), private_key.encode(), include_headers=list(_SIGNED)
            )
        except dkim.DKIMException as error:
            raise EnvironmentProblem(f"The mail cannot be signed: {error}. Check mail.dkim.private_key.") from error
        return signature + message

    return sign
