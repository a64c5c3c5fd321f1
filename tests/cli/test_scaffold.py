"""`init --github` and `--container`: `check` accepts them, and the workflow's own lines make and publish a brief."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportgen.config.load import load_config
from tests.cli.cli_process import REPOSITORY, reportgen_here
from tests.delivery.chats import chats


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder that `init --github` wrote."""
    done = reportgen_here(tmp_path, "init", "--github", "--container", "morning")
    assert done.returncode == 0
    assert [Path(line).relative_to("morning").as_posix() for line in done.stdout.split()] == [
        "config.yaml", "config.schema.json", ".github/workflows/brief.yml", "README.md",
        "Containerfile", "compose.yaml",
    ]  # fmt: skip
    return tmp_path / "morning"


def steps(repository: Path) -> list[dict[str, Any]]:
    """Read the workflow's steps."""
    text = (repository / ".github/workflows/brief.yml").read_text(encoding="utf-8")
    minute = re.search(r'cron: "(\d+) 6 \* \* \*"', text)
    assert minute
    assert 1 <= int(minute[1]) <= 58
    whole = yaml.safe_load(text)
    assert whole["permissions"]["contents"] == "read"
    assert whole["concurrency"]["cancel-in-progress"] is False
    found: list[dict[str, Any]] = whole["jobs"]["brief"]["steps"]
    return found


def test_the_configuration_asks_venues_that_answer_a_runner(repository: Path) -> None:
    """`check` accepts it, and Binance and Bybit are not asked."""
    assert reportgen_here(repository, "check").returncode == 0
    config = load_config(repository / "config.yaml")
    assert config.source == "live"
    assert set(config.venue_urls) == {"okx", "gate", "hyperliquid", "deribit", "kraken"}
    assert config.post is not None
    assert config.post.channels[0].address.env == "POST_CHANNEL"


def test_the_workflow_makes_posts_and_publishes(repository: Path) -> None:
    """Its own shell lines, on this machine and the simulated market; ledgers and kept input are not published."""
    config = repository / "config.yaml"
    text = config.read_text(encoding="utf-8").replace("source: live", "source: sample")
    config.write_text(text.replace("[BTC, ETH, SOL]", "[BTC]"), encoding="utf-8")
    program = repository / "bin/reportgen"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m reportgen "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    scripts = {one["name"].partition(" #")[0]: one["run"] for one in steps(repository) if "run" in one}
    with chats() as told:
        environment = {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "POST_CHANNEL": f"json://127.0.0.1:{told.port}/hook",
        }
        for name in ("Brief", "Post", "Site"):
            once = scripts[name].replace("in 60 300 0", "in 0")
            subprocess.run(["bash", "-e", "-c", once], cwd=repository, env=environment, check=True)
    assert len(told.texts()) == 2  # a headline and the watchlist's one symbol
    published = {path.relative_to(repository / "_site").as_posix() for path in (repository / "_site").rglob("*")}
    assert {"index.html", "latest/brief.html", "latest/brief.pdf"} <= published
    assert not [name for name in published if re.search(r"(^|/)(\.|input)", name)]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """A README that stands there stops all of it."""
    (tmp_path / "README.md").write_text("mine", encoding="utf-8")
    refused = reportgen_here(tmp_path, "init", "--github", ".")
    assert refused.returncode == 2
    assert "README.md exists already" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_the_container_installs_what_a_brief_needs(repository: Path) -> None:
    """The Debian packages are those that ./run brings, and the service passes the secrets by file."""
    lines = (repository / "Containerfile").read_text(encoding="utf-8")
    setup = (REPOSITORY / "run").read_text(encoding="utf-8")
    wanted = re.search(r"pango_packages='([^']+)'", setup)
    assert wanted
    assert set(wanted[1].split()) <= set(lines.split())
    service = yaml.safe_load((repository / "compose.yaml").read_text(encoding="utf-8"))["services"]["brief"]
    shell = service["command"][-1].replace("$$", "$")
    assert subprocess.run(["sh", "-n", "-c", shell], check=False).returncode == 0
    assert service["env_file"] == [{"path": "secrets.env", "required": False}]
