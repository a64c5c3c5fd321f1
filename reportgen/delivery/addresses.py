"""Mail addresses: checked, and compared as mail servers compare them, so that nobody is on a list twice.

Stands at the way's end: subscriber files and suppression lists come in here as text.
"""

from __future__ import annotations

from dataclasses import dataclass

from reportgen.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One mailbox.

    Attributes:
        written: Normalised, as people read it: anna@bücher.example.
        envelope: As SMTP wants it, the domain in punycode; beyond ASCII only where the part before @ is.
        key: What two spellings of one mailbox share: lower case, the domain in punycode. A plus-address keeps its tag.
    """

    written: str
    envelope: str
    key: str

    @property
    def base_key(self) -> str:
        """Name the mailbox that a plus-address usually ends in: anna+btc@… is anna@…."""
        local, _, domain = self.key.rpartition("@")
        return f"{local.partition('+')[0]}@{domain}"

    @property
    def needs_smtputf8(self) -> bool:
        """Tell whether the relay must take letters beyond ASCII before the @."""
        return not self.envelope.isascii()


def parse_address(text: str) -> Address:
    """Check and normalise one address.

    Raises:
        UsageError: It is no address; says why.
    """
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - heavy, only where mail is read

    try:
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise UsageError(f"{text!r} is no mail address: {str(error).rstrip('.')}.") from error
    envelope = found.ascii_email or f"{found.local_part}@{found.ascii_domain}"
    return Address(
        written=found.normalized, envelope=envelope, key=f"{found.local_part.lower()}@{found.ascii_domain.lower()}"
    )


def address_key(text: str) -> str:
    """Give the key of an address; of a text that is none, the text in lower case."""
    try:
        return parse_address(text).key
    except UsageError:
        return text.strip().lower()
