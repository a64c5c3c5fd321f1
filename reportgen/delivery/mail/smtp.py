"""One connection to the operator's relay, for one message at a time.

The step that matters: after the last byte of a message was handed over and before the answer came, nobody can know
whether it was taken. Everything before that moment can safely be tried again; from then on it is "unknown".
"""

from __future__ import annotations

import ipaddress
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from reportgen.config.mail import SmtpSettings
from reportgen.errors import EnvironmentProblem

_READY_FOR_DATA: Final = 354
_LOGIN: Final = frozenset({530, 534, 535, 538})
_ENHANCED: Final = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?=\s|$)")
"""RFC 2034: an enhanced status is the first word of the reply; further on 5.1.1 may be part of an address."""

_MECHANISMS: Final = ("CRAM-MD5", "PLAIN", "LOGIN")
"""What smtplib can log in with."""

_NOT_THE_RECIPIENT: Final = frozenset({7, 8})
"""5.1.7 and 5.1.8 complain of the sender's address."""

_LONGEST_REPLY: Final = 300


class Outcome(StrEnum):
    """What became of one attempt."""

    SENT = "sent"
    RETRY = "retry"
    RECONNECT = "reconnect"
    FAILED = "failed"
    SUPPRESS = "suppress"
    UNKNOWN = "unknown"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One attempt's end. code: SMTP's, 0 when the line broke. reply: the relay's words, one line."""

    outcome: Outcome
    code: int
    reply: str


def judge(code: int, reply: bytes | str) -> Answer:
    """Read an answer to MAIL, RCPT or DATA, or to the end of the message.

    421 wants a new connection; other 4xx another time; 5.1.x says that the address does not exist; 530-538 that we
    may not send at all; other 5xx are final.
    """
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LONGEST_REPLY]
    if 200 <= code < 300:
        outcome = Outcome.SENT
    elif code == 421:
        outcome = Outcome.RECONNECT
    elif code in _LOGIN:
        outcome = Outcome.STOP
    elif 500 <= code < 600:
        found = _ENHANCED.match(words)
        nobody = found and found[1] == "5" and found[2] == "1" and int(found[3]) not in _NOT_THE_RECIPIENT
        outcome = Outcome.SUPPRESS if nobody else Outcome.FAILED
    else:
        outcome = Outcome.RETRY
    return Answer(outcome=outcome, code=code, reply=words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who we are to the relay."""

    user: str
    password: str = field(repr=False)


class CannotConnect(Exception):
    """The relay was not reached, or wants us later; worth another try."""


class Connection:
    """A line to the relay, greeted, encrypted and logged in."""

    def __init__(self, smtp: SmtpSettings, login: Login | None = None) -> None:
        """Connect.

        Raises:
            CannotConnect: Not now.
            EnvironmentProblem: Never, as things stand: a refused login or an untrusted certificate.
        """
        self.sent = 0
        try:
            self._line = self._open(smtp)
            try:
                self._secure_and_log_in(smtp, login)
            except BaseException:
                self.close()
                raise
        except ssl.SSLCertVerificationError as error:
            raise EnvironmentProblem(
                f"{smtp.name} shows a certificate that is not trusted ({error.verify_message}). Check mail.smtp.host, "
                "or name the relay's own authority with mail.smtp.ca_file."
            ) from error
        except smtplib.SMTPNotSupportedError as error:
            raise EnvironmentProblem(
                f"{smtp.name} does not offer what mail.smtp asks for ({error}). Set mail.smtp.security, or leave out "
                "username and password, as the relay wants it."
            ) from error
        except smtplib.SMTPAuthenticationError as error:
            answer = judge(error.smtp_code, error.smtp_error)
            if answer.outcome is not Outcome.STOP:
                raise CannotConnect(f"{smtp.name}: {answer.code} {answer.reply}") from error
            raise EnvironmentProblem(
                f"{smtp.name} refused the login ({answer.code} {answer.reply}). Check mail.smtp.username and password."
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            raise CannotConnect(f"{smtp.name}: {_words(error)}") from error

    def close(self) -> None:
        """Leave without waiting for an answer."""
        self._line.close()

    def alive(self) -> bool:
        """Ask whether the line still stands."""
        try:
            return self._line.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def deliver(self, sender: str, recipient: str, data: bytes, before_data: Callable[[], None]) -> Answer:
        """Hand over one message.

        Args:
            sender: Envelope address.
            recipient: Envelope address.
            data: The message.
            before_data: Called before DATA; what it writes down is on disk when it returns.

        Returns:
            What became of it; after UNKNOWN, RECONNECT and RETRY with code 0 the line is of no use any more.
        """
        try:
            refused = self._address(sender, recipient)
            if refused is not None:
                return refused
            before_data()
            code, reply = self._line.docmd("DATA")
            if code != _READY_FOR_DATA:
                return self._refused(code, reply)
            self._line.send(dot_stuffed(data))
        except (OSError, smtplib.SMTPException) as error:
            return Answer(outcome=Outcome.RETRY, code=0, reply=f"the line broke before the end: {_words(error)}")
        try:
            self._line.send(b".\r\n")
            code, reply = self._line.getreply()
        except (OSError, smtplib.SMTPException) as error:
            return Answer(outcome=Outcome.UNKNOWN, code=0, reply=f"no answer after the message: {_words(error)}")
        self.sent += 1
        return judge(code, reply)

    def _address(self, sender: str, recipient: str) -> Answer | None:
        """Name sender and recipient; gives the refusal of either."""
        options = []
        if not recipient.isascii():
            if not self._line.has_extn("smtputf8"):
                return judge(553, "5.6.7 this relay takes no address with letters beyond ASCII before the @")
            options = ["SMTPUTF8", "BODY=8BITMIME"]
            self._line.command_encoding = "utf-8"
        code, reply = self._line.mail(sender, options)
        if code != 250:
            answer = self._refused(code, reply)
            # A relay that dislikes the sender may say 5.1.0; that is no reason to strike a reader off.
            return replace(answer, outcome=Outcome.FAILED) if answer.outcome is Outcome.SUPPRESS else answer
        code, reply = self._line.rcpt(recipient)
        return None if code in (250, 251) else self._refused(code, reply)

    def _refused(self, code: int, reply: bytes) -> Answer:
        """Judge a refusal, and clear the line for the next message where it stays."""
        answer = judge(code, reply)
        if 200 <= code < 300:  # an answer that SMTP does not have here
            answer = Answer(outcome=Outcome.RETRY, code=0, reply=answer.reply)
        if answer.outcome in (Outcome.RETRY, Outcome.FAILED, Outcome.SUPPRESS) and self._line.rset()[0] != 250:
            return Answer(outcome=Outcome.RECONNECT, code=code, reply=answer.reply)
        return answer

    @staticmethod
    def _open(smtp: SmtpSettings) -> smtplib.SMTP:
        if smtp.security == "tls":
            context = trusted(smtp.ca_file)
            return smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=smtp.timeout_seconds, context=context)
        return smtplib.SMTP(smtp.host, smtp.port, timeout=smtp.timeout_seconds)

    def _secure_and_log_in(self, smtp: SmtpSettings, login: Login | None) -> None:
        # The end of a message is a packet of its own here, and must not wait for the one before to be acknowledged.
        if self._line.sock is not None:
            self._line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._line.ehlo_or_helo_if_needed()
        if smtp.security == "starttls":
            self._line.starttls(context=trusted(smtp.ca_file))
            self._line.ehlo()
        if login is not None:
            offered = self._line.esmtp_features.get("auth", "").upper().split()
            if offered and not set(offered) & set(_MECHANISMS):
                raise EnvironmentProblem(
                    f"{smtp.name} offers only {', '.join(offered)} to log in, which reportgen cannot do: it knows "
                    f"{', '.join(_MECHANISMS)}. Ask the provider for an app password, or send through another relay."
                )
            self._line.login(login.user, login.password)


def dot_stuffed(data: bytes) -> bytes:
    """Double the dot at the start of each line, as SMTP wants it; ends with a line break."""
    stuffed = data.replace(b"\n.", b"\n..")
    stuffed = b"." + stuffed if stuffed.startswith(b".") else stuffed
    return stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n"


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, as far as its name alone says so."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"


def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Make a context that checks certificate and name.

    Raises:
        EnvironmentProblem: The file holds no certificates.
    """
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise EnvironmentProblem(f"{ca_file}: holds no certificates. Correct mail.smtp.ca_file.") from error


def _words(error: Exception) -> str:
    """Say in a few words what broke."""
    if isinstance(error, smtplib.SMTPResponseException):
        answer = judge(error.smtp_code, error.smtp_error)
        return f"{answer.code} {answer.reply}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return " ".join(str(error).split()) or type(error).__name__
