"""Send to many, and be killed again and again: a program for the tests, run in a process of its own.

It forks runners that hold the ledger and send, as `reportgen send` does, kills them with SIGKILL at a random moment,
and begins again; the last ones are left to finish. No thread runs in the parent, so that forking is safe.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path
from unittest import mock

import aiobotocore.session  # type: ignore[import-untyped]  # noqa: F401 - so that no child spends its short life loading it
import psycopg  # noqa: F401 - the same
import s3fs  # noqa: F401 - the same

from reportgen.config.places import is_url
from reportgen.delivery.archive import store
from reportgen.delivery.ledger import open_ledger
from reportgen.errors import EnvironmentProblem
from tests.delivery.mail.letters import BRIEF, people, run_once

LONGEST_LIFE_SECONDS = 0.025
"""Short enough that a hundred lives do not get through two hundred mails on a quick machine."""
LONGEST_FAR_LIFE_SECONDS = 0.3
GONE_AFTER_SECONDS = 0.5
LAST_GONE_AFTER_SECONDS = 5.0
"""A run that stalls for longer stops, as it should; the last ones are here to finish, on a busy machine too."""


def send_once(place: Path | str, folder: Path, port: int, count: int, ready: int) -> int:
    """Do what a run does, and say when it begins; of two at once one may be refused."""
    try:
        with open_ledger(place, "deliveries", BRIEF) as ledger:
            ledger.recover()
            os.write(ready, b"!")
            run_once(ledger, port, people(count), folder)
    except EnvironmentProblem as error:
        os.write(ready, b"?")
        return 0 if "nother run" in str(error) else 1
    return 0


def main(place: Path | str, folder: Path, port: int, count: int, kills: int, at_once: int) -> int:
    """Kill so many times, let the next ones finish, and print how many were killed before they were done."""
    dice = random.Random(7)  # noqa: S311 - no secret
    killed = 0
    people(count)  # loads what a child would otherwise spend its short life loading
    with open_ledger(folder, "deliveries", BRIEF, reading=True):
        pass
    longest = LONGEST_LIFE_SECONDS if isinstance(place, Path) else LONGEST_FAR_LIFE_SECONDS
    for life in range(kills + 1):
        heard, said = os.pipe()
        children: list[int] = []
        gone = GONE_AFTER_SECONDS if life < kills else LAST_GONE_AFTER_SECONDS
        for _ in range(at_once):
            child = os.fork()
            if not child:
                with mock.patch.object(store, "_GONE_AFTER_SECONDS", gone):
                    os._exit(send_once(place, folder, port, count, said))
            children.append(child)
        os.close(said)
        if life < kills:
            os.read(heard, 1)
            time.sleep(dice.random() * longest)
            for child in children:
                os.kill(child, signal.SIGKILL)
        statuses = [os.waitpid(child, 0)[1] for child in children]
        os.close(heard)
        killed += any(os.WIFSIGNALED(status) for status in statuses)
        if life == kills and any(statuses):
            return 1
    print(killed)  # noqa: T201 - the caller reads it
    return 0


if __name__ == "__main__":
    where = sys.argv[1] if is_url(sys.argv[1]) else Path(sys.argv[1])
    with mock.patch.multiple(store, _RENEWED_EVERY_SECONDS=0.1, _ASKED_EVERY_SECONDS=0.05):
        sys.exit(main(where, Path(sys.argv[2]), *(int(word) for word in sys.argv[3:])))
