"""The `mail:` section of config.yaml: what is refused before anything is sent, in words that help."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reportgen.config.load import read_config


def problem(folder: Path, **mail: object) -> str:
    """Say what is wrong with a section; "" when it is fine."""
    section = {"from": "Morning brief <brief@example.com>", "smtp": {"host": "smtp.example.com"}, **mail}
    (folder / "config.yaml").write_text(json.dumps({"watchlist": ["BTC"], "mail": section}), encoding="utf-8")
    return "\n".join(map(str, read_config(folder / "config.yaml")[1]))


@pytest.mark.parametrize(
    "host", ["smtp.example.com", "localhost", "127.0.0.1", "::1", "[2001:db8::1]", "bücher.example"]
)
def test_a_host_is_a_name_or_an_address(tmp_path: Path, host: str) -> None:
    """Names and addresses of both kinds are taken."""
    assert problem(tmp_path, smtp={"host": host}) == ""


@pytest.mark.parametrize(
    "host", ["joe:hunter2@smtp.example.com", "smtps://smtp.example.com", "joe:hunter2", "smtp.example.com:587", "a b"]
)
def test_what_is_more_than_a_host_is_refused_without_repeating_it(tmp_path: Path, host: str) -> None:
    """User, password and scheme may hold a secret: the message names the setting alone."""
    said = problem(tmp_path, smtp={"host": host})
    assert "mail.smtp.host: is no host name" in said
    assert host not in said
    assert "hunter2" not in said


@pytest.mark.parametrize("name", ["Brief, Morning", "Brief: morning", "me@home"])
def test_a_name_that_needs_quotes_is_told_so(tmp_path: Path, name: str) -> None:
    """The character is named, and the same name in quotes is taken."""
    said = problem(tmp_path, **{"from": f"{name} <brief@example.com>"})
    assert "Put the name in quotes" in said
    assert next(c for c in name if c in ",:@") in said
    assert problem(tmp_path, **{"from": f'"{name}" <brief@example.com>'}) == ""


def test_a_sender_is_an_address_that_every_relay_takes(tmp_path: Path) -> None:
    """Letters beyond ASCII before the @ are refused; in the name and in the domain they are fine."""
    assert "SMTPUTF8" in problem(tmp_path, **{"from": "Jörg <jörg@example.com>"})
    assert problem(tmp_path, **{"from": "Jörg <joerg@bücher.example>"}) == ""


def test_the_command_that_tells_where_the_list_is_runs_once(tmp_path: Path) -> None:
    """A vault may ask a person each time; what a command of reportgen needs again it remembers."""
    (tmp_path / "ask.sh").write_text(f"echo asked >> {tmp_path}/log; echo postgresql://u:p@h/d", encoding="utf-8")
    assert problem(tmp_path, subscribers={"command": f"sh {tmp_path}/ask.sh"}) == ""
    config = read_config(tmp_path / "config.yaml")[0]
    assert config is not None
    assert config.mail is not None
    assert config.mail.subscribers_place == config.mail.subscribers_place == "postgresql://u:p@h/d"
    assert (tmp_path / "log").read_text(encoding="utf-8") == "asked\n"
    assert "u:p@h" not in repr(config)
