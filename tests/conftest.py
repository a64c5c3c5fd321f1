"""What all tests share: one browser, and at the end the ten tests that cost the most CPU."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.render.browser import Browser

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does, and before anybody loads numpy

hypothesis.settings.register_profile("suite", deadline=None)  # a busy machine is no fault of what is tested
hypothesis.settings.load_profile("suite")

COST: dict[str, float] = {}
"""CPU seconds by test, of this process and of the children that it waited for; fixtures count with their first test."""


ELSEWHERE = {"browser", "bucket", "cluster", "postgres", "postgres_server"}
"""Fixtures that run another program."""

HEAVY = (
    "benchmarks/", "cli/test_backtest_command.py", "cli/test_calibrate.py", "cli/test_scaffold.py",
    "cli/test_send_command.py", "delivery/mail/test_killed.py", "delivery/test_kill.py", "delivery/test_post.py",
    "delivery/test_remote.py", "fuzz/", "market/live/test_live_commands.py", "market/test_append.py",
    "market/test_files.py", "market/test_simulate.py", "morning/test_api.py", "render/test_borrowed.py",
    "render/test_pdf_parts.py", "setup/", "test_docs.py", "test_notebook.py", "test_packaging.py",
    "track_record/test_backtest.py",
)  # fmt: skip
"""Where a test works for seconds with what has tests of its own on every Python."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what the checks run on one Python alone: `-m "not once"` leaves it out."""
    for item in items:
        place = os.path.relpath(item.path, Path(__file__).parent)
        if place.startswith(HEAVY) or ELSEWHERE & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.once)


def used() -> float:
    """Give the CPU seconds used so far."""
    return sum(os.times()[:4])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Weigh a test."""
    before = used()
    done = yield
    COST[item.nodeid] = used() - before
    return done


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the ten heaviest and the whole."""
    terminalreporter.section("ten heaviest tests, in CPU seconds")
    for name in sorted(COST, key=COST.__getitem__, reverse=True)[:10]:
        terminalreporter.write_line(f"{COST[name]:7.2f}  {name}")
    terminalreporter.write_line(f"{used():7.0f}  the whole run, children included")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Start one browser for every page of every test."""
    with Browser(tmp_path_factory.mktemp("profile")) as one:
        yield one
