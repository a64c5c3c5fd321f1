"""kill -9 at random points: nobody gets a mail twice, nobody is lost, and what cannot be known is listed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from reportgen.delivery.ledger import State, open_ledger
from tests.delivery.mail.letters import BRIEF, people
from tests.delivery.mail.relay import Script, relay

ROOT = Path(__file__).resolve().parents[3]
KILLS = int(os.environ.get("REPORTGEN_KILLS", "40"))
FAR_KILLS = max(6, KILLS // 5)
"""With a ledger that is not on this machine; each costs a second, until it is sure that the run is gone."""


def send_and_kill(place: Path | str, folder: Path, mails: int, kills: int, at_once: int) -> dict[str, State]:
    """Run the program, and hold its ledger against what the relay took; gives the states."""
    script = Script()
    with relay(script) as port:
        words = (place, folder, port, mails, kills, at_once)
        done = subprocess.run(
            [sys.executable, "-m", "tests.delivery.mail.kill_sends", *map(str, words)],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=300,
            check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > kills / 2
    with open_ledger(place, "deliveries", BRIEF, reading=True) as ledger:
        states = {one.subscriber: one.state for one in ledger.deliveries()}
    taken = Counter(address for address, _ in script.accepted)
    assert set(states) == {reader.address.key for reader in people(mails)}
    assert set(states.values()) <= {State.SENT, State.UNKNOWN}
    assert [address for address, times in taken.items() if times > 1] == []
    assert [address for address, state in states.items() if state is State.SENT and not taken[address]] == []
    return states


def test_a_run_that_is_killed_again_and_again_sends_to_everybody_once(tmp_path: Path) -> None:
    """After every kill each of 200 readers got one mail and is "sent", or is "unknown" and got at most one."""
    send_and_kill(tmp_path, tmp_path, 200, KILLS, 1)


def test_two_runners_at_once_share_a_bucket_and_are_killed(bucket: str, tmp_path: Path) -> None:
    """Every runner begins with nothing but the bucket, beside another one: the promise is the same."""
    states = send_and_kill(f"{bucket}/.mail", tmp_path, 60, FAR_KILLS, 2)
    assert State.SENT in states.values()
    assert [path.name for path in tmp_path.iterdir()] == []


def test_two_runners_at_once_share_a_server_and_are_killed(postgres: str, tmp_path: Path) -> None:
    """The same with PostgreSQL, whose lock ends with the connection."""
    states = send_and_kill(postgres, tmp_path, 60, FAR_KILLS, 2)
    assert list(states.values()).count(State.UNKNOWN) <= FAR_KILLS


@pytest.mark.parametrize("kind", ["bucket", "postgres"])
def test_a_ledger_elsewhere_is_looked_into_before_it_is_there(kind: str, request: pytest.FixtureRequest) -> None:
    """Looking makes nothing, and finds nobody."""
    place = request.getfixturevalue(kind)
    for _ in range(2):
        with open_ledger(place, "posts", "2026-01-18T07:00Z", reading=True) as ledger:
            assert ledger.deliveries() == ()
