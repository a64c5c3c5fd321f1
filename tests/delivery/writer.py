"""Processes that write small briefs, to be ended in the middle: python -m tests.delivery.writer.

DIR FIRST LAST      write these days
DIR                 for each line `DAY EVENTS` on stdin write that day in a child, which kills itself with -9 after
                    so many file events, and answer with the events it saw; one that is killed answers nothing
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.delivery.archives import keep

FILE_EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.scandir", "shutil.rmtree")


def main() -> None:
    """Write days one after the other, or one a child."""
    output = Path(sys.argv[1])
    # kill -9 loses nothing that was handed to the system, so nobody need wait for the disk.
    setattr(os, "fsync", lambda _: None)  # noqa: B010 - typed as a function that cannot be assigned
    if len(sys.argv) > 2:
        for day in range(int(sys.argv[2]), int(sys.argv[3])):
            say(str(day))
            keep(output, day)
        return
    say("ready")
    for line in sys.stdin:
        day, events = map(int, line.split())
        child = os.fork()
        if not child:
            say(str(write_and_die(output, day, events)))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        say("killed" if os.WIFSIGNALED(status) else "done")


def write_and_die(output: Path, day: int, last: int) -> int:
    """Write one day and count the file events; end this process at the last one."""
    seen = 0

    def watch(event: str, _: object) -> None:
        nonlocal seen
        if event in FILE_EVENTS:
            seen += 1
            if seen > last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    keep(output, day)
    return seen


def say(word: str) -> None:
    """Answer with one line."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
