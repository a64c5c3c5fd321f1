"""A real SMTP server on loopback that answers as its script says, and keeps what it took."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

HOST: Final = "127.0.0.1"
STALL_SECONDS: Final = 30.0
SHORTLY_SECONDS: Final = 0.02


class Script:
    """What the server does, address by address: answers are used up in order, then everything is taken.

    `offers` are lines of the answer to EHLO.
    `at_mail` holds answers to MAIL, whoever the message is for; `at_rcpt` and `at_data` hold answers such as
    "451 4.7.1 later"; at_data also "drop" (the line breaks inside DATA), "drop after" (it breaks once the message was
    taken, without an answer), "250 and close" and "stall".
    """

    def __init__(self) -> None:
        """Take everything."""
        self.at_rcpt: dict[str, list[str]] = {}
        self.at_data: dict[str, list[str]] = {}
        self.at_mail: list[str] = []
        self.offers: list[str] = []
        self.always: str | None = None
        self.accepted: list[tuple[str, bytes]] = []
        self.tried: list[str] = []
        self.connections = 0
        self._lock = threading.Lock()

    async def handle_EHLO(  # noqa: N802 - the server's names
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Count a connection."""
        session.host_name = hostname
        self.connections += 1
        return [*responses[:-1], *(f"250-{offer}" for offer in self.offers), *responses[-1:]]

    async def handle_MAIL(  # noqa: N802 - the server's names
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Answer MAIL as the script says."""
        if self.at_mail:
            return self.at_mail.pop(0)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - the server's names
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """Answer RCPT as the script says."""
        self.tried.append(address)
        answers = self.at_rcpt.get(address, [])
        if answers:
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the server's names
        """Answer the end of a message as the script says."""
        (address,) = envelope.rcpt_tos
        answers = self.at_data.get(address, [])
        answer = answers.pop(0) if answers else self.always or "250 2.0.0 taken"
        if answer == "stall":
            await asyncio.sleep(STALL_SECONDS)
        if answer == "drop":
            server.transport.abort()
            return "451 gone"
        if answer.startswith("250") or answer == "drop after":
            with self._lock:
                self.accepted.append((address, bytes(envelope.original_content)))
        if answer == "drop after":
            server.transport.abort()
        if answer == "250 and close":
            asyncio.get_running_loop().call_later(SHORTLY_SECONDS, server.transport.close)
        return answer

    def messages(self) -> dict[str, EmailMessage]:
        """Parse what was taken, by recipient."""
        parsed = {}
        for address, content in self.accepted:
            message = message_from_bytes(content, policy=default)
            assert isinstance(message, EmailMessage)
            parsed[address] = message
        return parsed


@contextmanager
def relay(
    script: Script,
    *,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    password: str | None = None,
) -> Iterator[int]:
    """Run the server on a free port, and give it."""

    def authenticator(_server: Any, _session: Any, _envelope: Any, _mechanism: str, auth: Any) -> AuthResult:
        given = auth.password.decode()
        return AuthResult(
            success=given == password, handled=False, message=None if given == password else "535 5.7.8 no"
        )

    extra: dict[str, Any] = {}
    if password is not None:
        extra = {"auth_required": True, "authenticator": authenticator, "auth_require_tls": False}
    controller = _Controller(
        script, hostname=HOST, port=0, ssl_context=tls, tls_context=starttls, enable_SMTPUTF8=True, **extra
    )
    controller.start()
    script.connections = 0
    try:
        yield controller.port
    finally:
        controller.stop()


class _Controller(Controller):
    """Runs on the port that the system picks."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = int(self.server.sockets[0].getsockname()[1])
        socket.create_connection((self.hostname, self.port)).close()
