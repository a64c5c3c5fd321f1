"""A real S3-protocol server on loopback, and an empty bucket on it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

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


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Run an S3-protocol server on loopback and give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
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
