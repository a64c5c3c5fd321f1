"""A signature holds under a verifier written from RFC 6376; the verifier holds on the message that RFC 8463 prints."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_public_key

from reportgen.config.mail import DkimSettings
from reportgen.config.values import SecretReference
from reportgen.delivery.ledger import open_ledger
from reportgen.delivery.mail.dkim import dkim_signer
from reportgen.delivery.mail.letters import Composer
from reportgen.errors import EnvironmentProblem
from tests.delivery.mail.letters import BRIEF, LETTER, LINK, SENDER, people, run_once
from tests.delivery.mail.relay import Script, relay

SETTINGS = DkimSettings(domain="example.com", selector="brief", private_key=SecretReference(env="KEY"))
PUBLISHED_KEY = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/b"
    "yYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
)
PUBLISHED = b"""\
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace(b"\n", b"\r\n")
"""RFC 8463, appendix A.3, without its Ed25519 signature."""


def unfolded(head: bytes) -> list[tuple[bytes, bytes]]:
    """Give name and value of each header, canonical as RFC 6376 3.4.2 says."""
    fields: list[bytes] = []
    for line in head.split(b"\r\n"):
        if line[:1] in {b" ", b"\t"}:
            fields[-1] += line
        else:
            fields.append(line)
    pairs = (field.split(b":", 1) for field in fields)
    return [(name.strip().lower(), b" ".join(value.replace(b"\t", b" ").split())) for name, value in pairs]


def squeezed(line: bytes) -> bytes:
    """Write a line of a body canonical, as RFC 6376 3.4.4 says."""
    line = line.replace(b"\t", b" ")
    while b"  " in line:
        line = line.replace(b"  ", b" ")
    return line.removesuffix(b" ")


def tags_of(message: bytes) -> dict[bytes, bytes]:
    """Read the tags of the topmost signature, white space left out (RFC 6376 3.2)."""
    name, value = unfolded(message.partition(b"\r\n\r\n")[0])[0]
    assert name == b"dkim-signature"
    pairs = (part.partition(b"=") for part in value.split(b";") if part.strip())
    return {tag.strip(): b"".join(said.split()) for tag, _, said in pairs}


def verifies(message: bytes, public: rsa.RSAPublicKey) -> bool:
    """Tell whether the topmost signature holds, by RFC 6376 3.4.4, 3.7 and 5.4.2."""
    head, _, body = message.partition(b"\r\n\r\n")
    tags = tags_of(message)
    assert (tags[b"v"], tags[b"a"], tags[b"c"]) == (b"1", b"rsa-sha256", b"relaxed/relaxed")
    lines = [squeezed(line) for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    if hashlib.sha256(b"".join(line + b"\r\n" for line in lines)).digest() != base64.b64decode(tags[b"bh"]):
        return False
    (_, own), *rest = unfolded(head)
    covered = b""
    for name in tags[b"h"].lower().split(b":"):
        found = [number for number, (given, _) in enumerate(rest) if given == name]
        if found:  # from the bottom up; a name without a header is as if it were not there
            covered += name + b":" + rest.pop(found[-1])[1] + b"\r\n"
    start = own.rindex(b"b=") + 2
    try:
        public.verify(base64.b64decode(tags[b"b"]), covered + b"dkim-signature:" + own[:start], PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


@pytest.fixture(scope="module")
def pair() -> rsa.RSAPrivateKey:
    """Make a key once."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> str:
    """Write a key as an operator's file has it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_the_verifier_agrees_with_the_published_message() -> None:
    """RFC 8463's message holds under its published key, and no longer with another word in it."""
    public = load_der_public_key(base64.b64decode(PUBLISHED_KEY))
    assert isinstance(public, rsa.RSAPublicKey)
    assert verifies(PUBLISHED, public)
    assert not verifies(PUBLISHED.replace(b"lost", b"won"), public)
    assert not verifies(PUBLISHED.replace(b"dinner", b"lunch"), public)


def test_the_published_body_has_its_published_hash(pair: rsa.RSAPrivateKey) -> None:
    """The signer hashes RFC 8463's body as the RFC does, however its white space and its end are written."""
    unsigned = PUBLISHED[PUBLISHED.index(b"From: Joe") :]
    sign = dkim_signer(SETTINGS, pem(pair))
    ends = ((b"yet?\r\n", b"yet? \t\r\n"), (b"Joe.\r\n", b"Joe."), (b"Joe.\r\n", b"Joe.\r\n \r\n\r\n"))
    for old, new in ((b"", b""), (b"game.  Are", b"game. \t Are"), *ends):
        signed = sign(unsigned.replace(old, new))
        assert tags_of(signed)[b"bh"] == b"2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="
        assert verifies(signed, pair.public_key())
    empty = sign(unsigned.partition(b"\r\n\r\n")[0] + b"\r\n\r\n\r\n")
    assert base64.b64decode(tags_of(empty)[b"bh"]) == hashlib.sha256(b"").digest()
    assert verifies(empty, pair.public_key())


def test_a_letter_arrives_signed(pair: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    """What a relay took over SMTP holds under the public key, and with nothing changed that a reader acts on."""
    script, public = Script(), pair.public_key()
    link = replace(LINK, url="https://example.com/leave/{token}", secret=b"s3cret")
    composer = Composer(LETTER, SENDER, link, dkim_signer(SETTINGS, pem(pair)))
    with open_ledger(tmp_path, "deliveries", BRIEF) as ledger, relay(script) as port:
        run_once(ledger, port, people(1), tmp_path, composer=composer)
    ((_, message),) = script.accepted
    tags = tags_of(message)
    assert (tags[b"d"], tags[b"s"]) == (b"example.com", b"brief")
    assert {b"from", b"list-unsubscribe", b"list-unsubscribe-post"} <= set(tags[b"h"].split(b":"))
    assert verifies(message, public)
    assert max(map(len, message.partition(b"\r\nTo:")[0].split(b"\r\n"))) <= 78
    unsigned = message[message.index(b"\r\nTo:") + 2 :]
    signature = message.removesuffix(unsigned)
    changes = (
        (b"leave/", b"stay/"), (b"One-Click", b"Two-Click"), (b"Morning brief <", b"Evening brief <"),
        (b"One line.", b"One lie."), (b"Subject:", b"Subject: Other\r\nSubject:"),
    )  # fmt: skip
    for old, new in changes:
        assert old in unsigned
        assert not verifies(signature + unsigned.replace(old, new, 1), public)
    assert not verifies(signature + b"From: Else <else@example.net>\r\n" + unsigned, public)
    assert verifies(signature + b"X-Relay: passed\r\n" + unsigned.replace(b"Subject: ", b"SUBJECT:\r\n \t"), public)


def test_a_key_that_cannot_sign_is_refused_before_anything_is_sent() -> None:
    """A text that is no key, a key of another kind and a short one are refused in one sentence that says what to do."""
    short = subprocess.run(["openssl", "genrsa", "512"], check=True, capture_output=True, text=True).stdout
    for key in ("", "no key", pem(ed25519.Ed25519PrivateKey.generate()), short):
        with pytest.raises(EnvironmentProblem, match=r"private_key is no RSA key of 1024 bits.*openssl genrsa"):
            dkim_signer(SETTINGS, key)
