"""What takes work: what is said when a cluster cannot."""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path
from unittest.mock import patch

import pytest

from reportgen.errors import EnvironmentProblem, UsageError
from reportgen.morning.workers import as_front, start_workers
from tests.cli.cli_process import reportgen


def test_a_worker_of_another_version_says_which_and_does_nothing() -> None:
    """Bytes hang on reportgen, Python and numpy, so a worker that has others names its own and the front's."""
    done: list[int] = []
    with pytest.raises(
        EnvironmentProblem, match=r"has reportgen .* numpy .*; this machine has reportgen 0\.0\.1\."
    ) as told:
        as_front(("reportgen 0.0.1",), done.append, 1)
    assert "Install the same" in str(told.value)
    assert done == []


def test_what_is_no_address_is_a_usage_error() -> None:
    """A scheduler's address has a scheme and a port; the sentence shows one."""
    with pytest.raises(UsageError, match="tcp://10"), start_workers(1, "localhost", paper=False):
        pass


def test_without_the_extra_the_way_to_install_it_is_named() -> None:
    """dask.distributed is asked for only when a cluster is, and its absence names the extra."""
    with (
        patch.dict(sys.modules, {"distributed": None}),
        pytest.raises(EnvironmentProblem, match=r"\[cluster\]"),
        start_workers(1, "tcp://127.0.0.1:1", paper=False),
    ):
        pass


def test_no_scheduler_is_one_sentence(tmp_path: Path) -> None:
    """Nobody listens: the address and the next step, exit code 1, and nothing is written."""
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
    done = reportgen(
        tmp_path, "calibrate", "--sample", "--cluster", address, DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="500ms"
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert f"No scheduler answers at {address}" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-server\r\n"])
def test_who_is_no_scheduler_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    """A server that keeps silent, and one that speaks otherwise, end in the same sentence, soon."""
    monkeypatch.setattr("reportgen.morning.workers._ANSWER_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        hanging: list[socket.socket] = []

        def speak() -> None:
            hanging.append(other.accept()[0])
            hanging[0].sendall(said)

        speaker = threading.Thread(target=speak)
        speaker.start()
        with pytest.raises(EnvironmentProblem, match="No scheduler answers"), start_workers(1, address, paper=False):
            pass
        speaker.join()
        hanging[0].close()
