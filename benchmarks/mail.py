"""Mail a brief to a thousand subscribers on loopback: `.venv/bin/python -m benchmarks.mail [--subscribers N]`.

The relay is aiosmtpd in a process of its own. Subscribers ask for fifty different versions of the brief; building and
sending are one `reportgen send`, measured from outside. Its budget on two cores is 15 s.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from benchmarks.processes import ROOT, command_path, compile_bytecode, environment, measure

BUDGET_MS: Final = 15_000.0
ZONES: Final = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC", "Asia/Kolkata")
LOCALES: Final = ("en", "en-US", "de-DE", "ja-JP", "fr-FR")


class _Sink:
    """Takes everything and counts it."""

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self.count = 0

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: ANN401, N802 - its names
        self.count += 1
        self.taken |= set(envelope.rcpt_tos)
        return "250 taken"


def serve() -> None:
    """Run a sink until stdin ends, and print its port first and its counts last."""
    from aiosmtpd.controller import Controller

    sink = _Sink()
    port = 0
    for tried in range(2600, 2700):
        controller = Controller(sink, hostname="127.0.0.1", port=tried)
        try:
            controller.start()
        except OSError:
            continue
        port = tried
        break
    print(port, flush=True)
    sys.stdin.read()
    print(sink.count, len(sink.taken), flush=True)


def prepare(folder: Path, port: int, subscribers: int, connections: int) -> None:
    """Make the sample's brief, a configuration and a list of subscribers."""
    smtp = {"host": "127.0.0.1", "port": port, "security": "none", "connections": connections}
    mail = {"from": "Morning brief <brief@example.com>", "link": "https://briefs.example.com", "smtp": smtp}
    text = json.dumps({"watchlist": ["BTC", "ETH"], "source": "sample", "mail": mail})
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    lines = [
        json.dumps(
            {
                "address": f"reader{number}@example.com",
                "name": f"Reader {number}",
                "symbols": ["ETH"] if number % 2 else ["BTC"],
                "timezone": ZONES[number // 2 % 5],
                "locale": LOCALES[number // 10 % 5],
            }
        )
        for number in range(subscribers)
    ]
    (folder / "subscribers.yaml").write_text("".join(f"- {line}\n" for line in lines), encoding="utf-8")
    subprocess.run([command_path(), "brief"], cwd=folder, check=True, env=environment(), stdout=subprocess.DEVNULL)


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mail", description=__doc__)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--sink", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.sink:
        serve()
        return
    compile_bytecode(Path(sys.executable), ROOT / "reportgen", ROOT / "benchmarks")
    command = [sys.executable, "-m", "benchmarks.mail", "--sink"]
    with (
        tempfile.TemporaryDirectory() as place,
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sink,
    ):
        assert sink.stdout is not None  # noqa: S101 - a pipe was asked for
        folder = Path(place)
        prepare(folder, int(sink.stdout.readline()), options.subscribers, options.connections)
        run = measure([command_path(), "send"], folder)
        said, _ = sink.communicate("")
        mails, recipients = (int(word) for word in said.split())
    print(f"{options.subscribers} subscribers: {mails} mails taken by {recipients} recipients")
    print(f"{run.wall_ms / 1000:.1f} s wall, budget {BUDGET_MS / 1000:.0f} s")
    print(f"{run.cpu_ms / 1000:.1f} s CPU of the sender, {run.peak_mib:.0f} MiB")


if __name__ == "__main__":
    main()
