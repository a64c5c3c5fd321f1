"""A dask cluster for the commands that take one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

import pytest

from tests.cli.cli_process import REPOSITORY

_SCRIPT: Final = """
import os, signal, sys, time
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=60) as cluster:
        print(cluster.scheduler_address, flush=True)
        for _ in sys.stdin:
            while not (busy := [one for one in cluster.scheduler.workers.values() if one.processing]):
                time.sleep(0.01)
            os.kill(cluster.workers[busy[0].name].pid, signal.SIGKILL)
            print(busy[0].address, flush=True)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A scheduler with two workers.

    Attributes:
        address: Of the scheduler. orders: a line has one worker killed at work. told: who that was.
    """

    address: str
    orders: IO[str]
    told: IO[str]

    def kill_one(self) -> None:
        """Have one worker killed as soon as it works; does not wait for it."""
        self.orders.write("kill\n")
        self.orders.flush()

    def was_killed(self) -> bool:
        """Wait until that has happened."""
        return self.told.readline().startswith("tcp://")


@pytest.fixture(scope="package")  # it costs CPU while it waits: not longer than this folder's tests
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Run dask's own LocalCluster in a process of its own, whose threads are not ours."""
    script = tmp_path_factory.mktemp("cluster") / "cluster.py"
    script.write_text(_SCRIPT)
    quiet = os.environ | {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}
    quiet["DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL"] = "1s"
    with subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env=quiet
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Cluster(address=process.stdout.readline().strip(), orders=process.stdin, told=process.stdout)
        process.stdin.close()
