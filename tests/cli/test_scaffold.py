"""`init --github` and `--container`: `check` accepts them, and the workflow's own lines make and publish a brief."""

from __future__ import annotations

import os
import re
import shutil
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
    """Read the workflow's steps; no secret is where a step that does not need it sees it."""
    text = (repository / ".github/workflows/brief.yml").read_text(encoding="utf-8")
    minute = re.search(r'cron: "(\d+) 6 \* \* \*"', text)
    assert minute
    assert 1 <= int(minute[1]) <= 58
    whole = yaml.safe_load(text)
    assert whole["permissions"]["contents"] == "read"
    assert whole["concurrency"]["cancel-in-progress"] is False
    job = whole["jobs"]["brief"]
    found: list[dict[str, Any]] = job.pop("steps")
    assert "secrets." not in str(job)
    assert {one.get("name") for one in found if "secrets." in str(one)} == {"Brief", "Post"}
    return found


def scripts(repository: Path) -> dict[str, str]:
    """Give the workflow's shell lines by the names of their steps."""
    return {one["name"].partition(" #")[0]: one["run"] for one in steps(repository) if "run" in one}


def program(folder: Path, name: str, text: str) -> None:
    """Put a program where the workflow's lines find it before any other."""
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin" / name).write_text(text, encoding="utf-8")
    (folder / "bin" / name).chmod(0o755)


def shell(folder: Path, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run shell lines as a runner does."""
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PATH": path, **environment}
    return subprocess.run(
        ["bash", "-e", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def installed(folder: Path, reference: str) -> subprocess.CompletedProcess[str]:
    """Run the Install step with a pip that prints what it is asked for."""
    program(folder, "pip", '#!/bin/sh\nprintf "pip %s\\n" "$*"\n')
    program(folder, "sudo", "#!/bin/sh\n")
    return shell(folder, scripts(folder)["Install"], REPORTGEN=reference)


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
    program(repository, "reportgen", f'#!/bin/sh\nexec {sys.executable} -m reportgen "$@"\n')
    lines = scripts(repository)
    with chats() as told:
        for name, channel in (
            ("Brief", ""),
            ("Post", ""),
            ("Post", f"json://127.0.0.1:{told.port}/hook"),
            ("Site", ""),
        ):
            done = shell(repository, lines[name].replace("in 60 300 0", "in 0"), POST_CHANNEL=channel)
            assert done.returncode == 0, done.stderr
    assert len(told.texts()) == 2  # a headline and the watchlist's one symbol
    published = {path.relative_to(repository / "_site").as_posix() for path in (repository / "_site").rglob("*")}
    assert {"index.html", "latest/brief.html", "latest/brief.pdf"} <= published
    assert not [name for name in published if re.search(r"(^|/)(\.|input)", name)]


@pytest.mark.parametrize(
    ("reference", "asked"),
    [
        ("git+https://example.com/desk/reportgen@v1", "reportgen[notify,s3] @ git+https://example.com/desk/reportgen@v1"),
        ("https://example.com/r.whl#sha256=ab", "reportgen[notify,s3] @ https://example.com/r.whl#sha256=ab"),
        ("wheels/r.whl", "./wheels/r.whl[notify,s3]"),
        ("", None), ("reportgen", None), ("wheels/none.whl", None), ("git+https://example.com/desk/reportgen", None),
    ],
)  # fmt: skip
def test_the_runner_installs_what_the_variable_names(repository: Path, reference: str, asked: str | None) -> None:
    """An address with tag or hash, or a wheel that stands there; for anything else it stops with one line."""
    (repository / "wheels").mkdir()
    (repository / "wheels/r.whl").touch()
    done = installed(repository, reference)
    assert done.returncode == (asked is None)
    assert done.stdout.splitlines()[-1].startswith(f"pip install --quiet {asked}" if asked else "::error::Say in the")
    assert len(done.stdout.splitlines()) == 1


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    """A checkout of reportgen, as far as it matters here."""
    (tmp_path / "templates/scaffold").mkdir(parents=True)
    for name in ("pyproject.toml", "README.md", "config.yaml", "templates/scaffold/brief.yml"):
        shutil.copyfile(REPOSITORY / name, tmp_path / name)
    return tmp_path


def test_a_fork_keeps_what_is_its_own_and_installs_itself(fork: Path) -> None:
    """Its README and config.yaml are left and named; the runner reads morning.yaml and installs the folder."""
    done = reportgen_here(fork, "init", "--github", ".")
    assert done.returncode == 0
    assert set(done.stdout.split()) == {
        "morning.yaml", "config.schema.json", ".github/workflows/brief.yml", "MORNING.md",
    }  # fmt: skip
    for name in ("README.md", "config.yaml"):
        assert (fork / name).read_bytes() == (REPOSITORY / name).read_bytes()
        assert f"{name} stands there already and is left" in done.stderr
    assert "--config morning.yaml" in scripts(fork)["Brief"]
    assert load_config(fork / "morning.yaml").source == "live"
    assert installed(fork, "").stdout == "pip install --quiet .[notify,s3]\n"


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """What stands there is left and named, the rest is written; where all stands, it is refused."""
    mine = {"README.md": "mine", "config.yaml": "watchlist: [BTC]\n"}
    for name, text in mine.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = reportgen_here(tmp_path, "init", "--github", ".")
    assert done.returncode == 0
    assert set(done.stdout.split()) == {"config.schema.json", ".github/workflows/brief.yml", "MORNING.md"}
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in mine} == mine
    assert all(f"{name} stands there already" in done.stderr for name in mine)
    again = reportgen_here(tmp_path, "init", "--github", ".")
    assert again.returncode == 2
    assert "config.yaml exists already" in again.stderr


def test_a_configuration_of_ones_own_asks_the_exchanges(tmp_path: Path) -> None:
    """Plain `init` writes no watchlist that an invented market would answer."""
    assert reportgen_here(tmp_path, "init").returncode == 0
    assert load_config(tmp_path / "config.yaml").source == "live"


def test_the_container_installs_what_a_brief_needs(repository: Path) -> None:
    """The Debian packages are those that ./run brings, and the service passes the secrets by file."""
    lines = (repository / "Containerfile").read_text(encoding="utf-8")
    setup = (REPOSITORY / "run").read_text(encoding="utf-8")
    wanted = re.search(r"pango_packages='([^']+)'", setup)
    assert wanted
    assert set(wanted[1].split()) <= set(lines.split())
    service = yaml.safe_load((repository / "compose.yaml").read_text(encoding="utf-8"))["services"]["brief"]
    assert service["build"]["args"] == {"WHEEL": "${WHEEL:-}"}
    morning = service["command"][-1].replace("$$", "$")
    assert subprocess.run(["sh", "-n", "-c", morning], check=False).returncode == 0
    assert service["env_file"] == [{"path": "secrets.env", "required": False}]


def test_the_container_makes_a_live_brief_and_posts_it_when_it_is_there(tmp_path: Path) -> None:
    """Its configuration posts to the variable that compose.yaml waits for; a brief that failed is not posted."""
    done = reportgen_here(tmp_path, "init", "--container", "box")
    assert "compose.yaml" in done.stderr
    config = load_config(tmp_path / "box/config.yaml")
    assert config.source == "live"
    assert config.post is not None
    variable = config.post.channels[0].address.env
    assert variable is not None
    text = (tmp_path / "box/compose.yaml").read_text(encoding="utf-8")
    morning = yaml.safe_load(text)["services"]["brief"]["command"][-1].replace("$$", "$")
    for code, said in ((0, ["brief", "post"]), (1, ["brief"])):
        program(tmp_path, "reportgen", f'#!/bin/sh\necho "$1"\n[ "$1" = post ] || exit {code}\n')
        program(tmp_path, "sleep", "#!/bin/sh\n")
        once = morning.replace("while :; do", "for once in 1; do")
        assert shell(tmp_path, once, **{variable: "json://here"}).stdout.split() == said


def test_the_image_is_built_of_a_wheel_that_is_named(repository: Path) -> None:
    """Without one the build ends in a sentence, before anything is installed."""
    text = (repository / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    line = next(line for line in text.splitlines() if "pip install" in line and line.startswith("RUN "))
    done = shell(repository, line.removeprefix("RUN ").replace("python3 -m venv", "echo venv"), WHEEL="")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Put a wheel of reportgen beside the Containerfile" in done.stderr
