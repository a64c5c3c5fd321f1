"""A real S3-protocol server on loopback, and an empty bucket on it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import s3fs
from moto.server import ThreadedMotoServer

from tests.delivery.archives import s3_environment


@pytest.fixture(scope="session", autouse=True)
def quick_disk() -> Iterator[None]:
    """Let the disk answer at once: no test here can cut the power, and half of their time was waiting for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


def free_port() -> int:
    """Find a port on loopback that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Run an S3-protocol server on loopback and give its address."""
    port = free_port()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """Make an empty bucket and give the URL of an archive in it."""
    for name, value in s3_environment(s3_server).items():
        monkeypatch.setenv(name, value)
    name = f"briefs-{abs(hash(request.node.name))}"
    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().mkdir(name)
    return f"s3://{name}/morning"


PASSWORD = "s3cret of the server"  # noqa: S105 - made up


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Run PostgreSQL on loopback, which asks for a password, and give its address without a database.

    The server refuses to run as root, so root hands it to the user that the package made.
    """
    found = shutil.which("initdb") or max(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: one.parts[4]
    )
    programs = Path(found).resolve().parent
    root = os.geteuid() == 0
    as_user = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups") if root else ()
    folder = Path(tempfile.mkdtemp(prefix="reportgen-postgres-", dir="/tmp"))
    (folder / "password").write_text(PASSWORD, encoding="utf-8")
    if root:
        for each in (folder, folder / "password"):
            shutil.chown(each, "postgres", "postgres")
    port = free_port()
    subprocess.run(
        [*as_user, programs / "initdb", "-D", folder / "data", "-U", "brief", "-A", "scram-sha-256", "-E", "UTF8",
         "--no-locale", "--no-sync", f"--pwfile={folder / 'password'}"],
        check=True, capture_output=True, cwd="/",
    )  # fmt: skip
    server = subprocess.Popen(
        [*as_user, programs / "postgres", "-D", folder / "data", "-F", "-p", str(port), "-h", "127.0.0.1",
         "-k", "", "-c", "shared_buffers=4MB", "-c", "autovacuum=off"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/",
    )  # fmt: skip
    assert server.stderr is not None
    while "ready to accept connections" not in (line := server.stderr.readline()):
        assert line, "the server ended"
    yield f"127.0.0.1:{port}"
    server.send_signal(signal.SIGQUIT)  # which waits for nobody and keeps nothing
    server.communicate(timeout=30)
    shutil.rmtree(folder)


@pytest.fixture
def postgres(postgres_server: str, request: pytest.FixtureRequest) -> str:
    """Make an empty database and give its URL, with user and password."""
    address = f"postgresql://brief:{PASSWORD.replace(' ', '%20')}@{postgres_server}"
    name = f"briefs_{abs(hash(request.node.name))}"
    with closing(psycopg.connect(f"{address}/postgres", autocommit=True)) as base:
        base.execute(f'CREATE DATABASE "{name}"'.encode())
    return f"{address}/{name}"
