"""kill -9 at random points: nobody gets a mail twice, nobody is lost, and what cannot be known is listed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from reportgen.delivery.ledger import SendLedger, State
from tests.delivery.mail.letters import BRIEF, people
from tests.delivery.mail.relay import Script, relay

ROOT = Path(__file__).resolve().parents[3]
MAILS = 200
KILLS = int(os.environ.get("REPORTGEN_KILLS", "40"))


def test_a_run_that_is_killed_again_and_again_sends_to_everybody_once(tmp_path: Path) -> None:
    """After every kill each of 200 readers got one mail and is "sent", or is "unknown" and got at most one."""
    script = Script()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with relay(script) as port:
        done = subprocess.run(
            [sys.executable, "-m", "tests.delivery.mail.kill_sends", str(tmp_path), *map(str, (port, MAILS, KILLS, 7))],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with SendLedger(tmp_path / "deliveries.sqlite") as ledger:
        states = {one.subscriber: one.state for one in ledger.deliveries(BRIEF)}
    taken = Counter(address for address, _ in script.accepted)
    assert int(done.stdout) > KILLS / 2
    assert set(states) == {reader.address.key for reader in people(MAILS)}
    assert set(states.values()) <= {State.SENT, State.UNKNOWN}
    assert [address for address, times in taken.items() if times > 1] == []
    assert [address for address, state in states.items() if state is State.SENT and not taken[address]] == []
