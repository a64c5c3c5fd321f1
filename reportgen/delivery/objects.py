"""A ledger in a bucket: numbered objects for each brief, each of which only one run can create (If-None-Match).

    .mail/deliveries/2026-01-19T07-00Z/000001.json, 000002.json, …     later lines stand instead of earlier ones

A request costs money and a tenth of a second, so one object claims several messages as "sending": about as many as go
out in a second. Their outcomes follow when all have one, with the next claim, or at the end; a crash in between leaves
them "unknown". A lock object keeps a second run out, and tells a run that is gone from one that is at work. But that
nobody gets two mails rests on both: a run whose lock is another's, or was not renewed in time, begins no message, not
even one that it had claimed; and one that was wrongly taken for dead cannot create its next object.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import islice
from typing import Final

from reportgen.delivery.archive.store import Hold, RemoteStore
from reportgen.delivery.ledger import Delivery, Of, State, in_use
from reportgen.errors import EnvironmentProblem

_PROBE: Final = "created-once"
_MOST_AT_ONCE: Final = 50
"""Messages of one claim, all of which a crash may leave "unknown"."""

_ABOUT_SECONDS: Final = 1.0
"""That a claim should last: with the next one it is twice as large, or half."""

_READ_AT_A_TIME: Final = 8


@contextmanager
def object_rows(store: RemoteStore, of: Of, brief: str, *, reading: bool) -> Iterator[ObjectRows]:
    """Open the lines of a brief in a bucket, alone unless only to read.

    Raises:
        EnvironmentProblem: The bucket cannot be reached or creates an object over another; or another run is at work.
    """
    folder = f"{of}/{re.sub(r'[^0-9A-Za-z]+', '-', brief)}"
    if reading:
        yield ObjectRows(store, folder)
        return
    if store.create(_PROBE, b"1") and store.create(_PROBE, b"2"):
        raise EnvironmentProblem(
            f"{store.name} cannot keep a ledger: it has no conditional writes (If-None-Match), so two runs could send "
            "the same mail. Name another place under `ledger:`: a bucket that has them, a folder, or PostgreSQL."
        )
    with store.alone(f"{of}.lock", refusal=in_use(store.name)) as hold:
        rows = ObjectRows(store, folder, hold)
        try:
            yield rows
        finally:
            rows.write_all()


class ObjectRows:
    """The lines of one brief."""

    def __init__(self, store: RemoteStore, folder: str, hold: Hold | None = None) -> None:
        """Take where they are, and what keeps other runs out."""
        self._store, self._folder, self._hold = store, folder, hold
        self._run = str(uuid.uuid4())
        self._number = 0
        self._late: dict[str, Delivery] = {}
        """Lines that are not in the bucket yet."""
        self._claimed: set[str] = set()
        """Who is "sending" in the bucket."""
        self._ahead: dict[str, Delivery] = {}
        """Of those, the lines of whom this run has not begun."""
        self._flying: set[str] = set()
        self._at_once, self._claimed_at = 1, 0.0

    def read(self) -> Iterable[Delivery]:
        """Read the objects in their order."""
        paths = sorted(self._store.files(self._folder))
        self._number = len(paths)
        lines: dict[str, Delivery] = {}
        with ThreadPoolExecutor(_READ_AT_A_TIME) as pool:
            for path, content in zip(paths, pool.map(self._store.read, paths), strict=True):
                try:
                    said = json.loads(content or b"")["lines"]
                    lines |= {one["subscriber"]: Delivery(**one | {"state": State(one["state"])}) for one in said}
                except (ValueError, TypeError, KeyError) as error:
                    raise EnvironmentProblem(
                        f"{self._store.path(path)} is no part of a ledger that this version can read. Update "
                        "reportgen, or restore the object; without it nobody knows who has got this brief."
                    ) from error
        return lines.values()

    def write(self, lines: Collection[Delivery], coming: Iterable[Delivery]) -> None:
        """Create an object when somebody is "sending" who was not claimed, or all who were claimed have an outcome."""
        sending = {one.subscriber for one in lines if one.state is State.SENDING}
        if sending and self._hold is not None and self._hold.lost:
            raise self._taken_over()
        for one in lines:
            self._late[one.subscriber] = one
            self._ahead.pop(one.subscriber, None)
        self._flying = self._flying - {one.subscriber for one in lines} | sending
        if sending <= self._claimed:
            if self._claimed and not self._flying and not self._ahead:
                self.write_all()
            return
        now = time.monotonic()
        quick = now - self._claimed_at < _ABOUT_SECONDS
        self._at_once = min(_MOST_AT_ONCE, self._at_once * 2) if quick else max(1, self._at_once // 2)
        self._claimed_at = now
        unclaimed = (one for one in coming if one.subscriber not in self._claimed)
        ahead = {one.subscriber: one for one in islice(unclaimed, self._at_once - 1)}
        self._create((*self._late.values(), *(replace(one, state=State.SENDING) for one in ahead.values())))
        self._ahead |= ahead
        self._claimed = self._flying | self._ahead.keys()
        self._late = {}

    def write_all(self) -> None:
        """Create an object with every line that the bucket lacks; who was claimed and not begun is open again."""
        self._late |= self._ahead
        if self._late:
            self._create(self._late.values())
        self._late, self._ahead, self._claimed = {}, {}, set()

    def _create(self, lines: Iterable[Delivery]) -> None:
        """Create the next object.

        Raises:
            EnvironmentProblem: Another run has; it took this one for dead.
        """
        said = {"run": self._run, "lines": [asdict(one) for one in lines]}
        if not self._store.create(f"{self._folder}/{self._number + 1:06}.json", json.dumps(said).encode()):
            raise self._taken_over()
        self._number += 1

    def _taken_over(self) -> EnvironmentProblem:
        return EnvironmentProblem(
            f"Another run has taken over {self._store.path(self._folder)}, or may have, as this one was silent for too "
            "long; nothing more goes out from here. When no other run is at work, `reportgen send --resume` goes on "
            "with a mailing, and `reportgen post` with its messages."
        )
