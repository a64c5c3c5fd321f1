"""What a relay's answer means for one message, by its code and its enhanced status."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_ENHANCED: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_NOT_THE_RECIPIENT: Final = frozenset({7, 8})
"""5.1.7 and 5.1.8 complain of the sender's address."""

_LOGIN: Final = frozenset({530, 534, 535, 538})
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
        outcome = Outcome.SUPPRESS if _no_such_address(words) else Outcome.FAILED
    else:
        outcome = Outcome.RETRY
    return Answer(outcome=outcome, code=code, reply=words)


def _no_such_address(words: str) -> bool:
    found = _ENHANCED.search(words)
    return bool(found and found[1] == "5" and found[2] == "1" and int(found[3]) not in _NOT_THE_RECIPIENT)
