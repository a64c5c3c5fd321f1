"""Send to many, and be killed again and again: a program for the tests, run in a process of its own.

It forks a child that holds the lock and sends, as `reportgen send` does, kills it with SIGKILL at a random moment, and
begins again; the last child is left to finish. No thread runs in the parent, so that forking is safe.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from reportgen.delivery.ledger import SendLedger, alone
from tests.delivery.mail.letters import people, run_once

LONGEST_LIFE_SECONDS = 0.025
"""Short enough that a hundred lives do not get through two hundred mails on a quick machine."""


def send_once(folder: Path, port: int, count: int, ready: int) -> None:
    """Do what a run does, and say when it begins."""
    with alone(folder), SendLedger(folder / "deliveries.sqlite") as ledger:
        ledger.recover()
        os.write(ready, b"!")
        run_once(ledger, port, people(count), folder)


def main(folder: Path, port: int, count: int, kills: int, seed: int) -> int:
    """Kill so many children, let the next one finish, and print how many were killed before they were done."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    killed = 0
    people(count)  # loads what a child would otherwise spend its short life loading
    for life in range(kills + 1):
        heard, said = os.pipe()
        child = os.fork()
        if not child:
            send_once(folder, port, count, said)
            os._exit(0)
        os.close(said)
        os.read(heard, 1)
        os.close(heard)
        if life < kills:
            time.sleep(dice.random() * LONGEST_LIFE_SECONDS)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        if life == kills and status:
            return 1
    print(killed)  # noqa: T201 - the caller reads it
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *(int(word) for word in sys.argv[2:])))
