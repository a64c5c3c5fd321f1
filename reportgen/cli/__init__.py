"""The command line: the only place that prints, and where config, market and brief are put in sequence.

    options -> Config -> Gathered -> Brief -> charts -> HTML, PDF, JSON -> output/

stdout is data, stderr is messages. Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 done but data missing
under --strict, 4 some deliveries can be tried again, 5 stale under --fresh, 10 a refresh is due, 11 the data are too
old to judge that, 130 interrupted. Nothing heavy is imported before a command runs: `--help` stays quick.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from typing import Annotated, Final

import typer

from reportgen import __version__
from reportgen.cli import (
    archive,
    backtest,
    brief,
    calibrate,
    fetch,
    maps,
    preview,
    refresh,
    send,
    setup,
    subscribers,
)
from reportgen.cli.console import complain, guard_stdout
from reportgen.errors import ReportgenError

_WRITE_HINTS: Final = {
    errno.ENOSPC: "The disk is full; what stood there before is unchanged. Free some space and run the command again.",
    errno.EDQUOT: "Your disk quota is used up. Free some space and run the command again.",
    errno.EACCES: "Permission is denied. Choose another place with --output, or change the permissions.",
    errno.EPERM: "Permission is denied. Choose another place with --output, or change the permissions.",
    errno.EROFS: "The file system is read-only. Choose another place with --output.",
    errno.ENOTDIR: "A file stands where a folder is needed. Move it away, or choose another place with --output.",
    errno.EEXIST: "A file stands where a folder is needed. Move it away, or choose another place with --output.",
    errno.EISDIR: "A folder stands where a file is needed. Move it away, or choose another place with --output.",
    errno.ENOENT: "There is no such file or folder. Check the path.",
}

_INTERRUPTED: Final = 130

app = typer.Typer(
    name="reportgen",
    help="The morning brief on crypto liquidation risk: a map, a checklist and a plan, as HTML, PDF and JSON.",
    epilog="First steps: reportgen brief --sample · reportgen init · reportgen check · reportgen doctor",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app = typer.Typer(help="Look at the configuration's shape.", no_args_is_help=True, rich_markup_mode=None)

app.command("brief", short_help="Write the brief as HTML, PDF and JSON.")(brief.brief)
app.command("fetch", short_help="Fill a market folder: exchanges or dumps.")(fetch.fetch)
app.command("init", short_help="Write a commented config.yaml.")(setup.init)
app.command("check", short_help="List every problem of the configuration.")(setup.check)
app.command("doctor", short_help="Say what this machine lacks, and the fix.")(setup.doctor)
app.command("render", short_help="Render a kept brief.json again.")(brief.render)
app.command("refresh", short_help="Say whether the map must be recalculated, and why.")(refresh.refresh)
app.command("send", short_help="Mail the newest brief to the subscribers.")(send.send)
app.command("post", short_help="Post its short form to chats and channels.")(send.post)
app.command("preview", short_help="Look at the mail and the page in a browser.")(preview.preview)
app.command("calibrate", short_help="Turn the map into dollars: fit it to liquidations.")(calibrate.calibrate)
app.command("map", short_help="Export liquidation maps as arrays.")(maps.export)
app.command("backtest", short_help="Score past maps and zones beside their controls.")(backtest.backtest)
config_app.command("schema", short_help="Print the JSON Schema of config.yaml.")(setup.schema)
app.add_typer(config_app, name="config")
app.add_typer(subscribers.app, name="subscribers")
app.add_typer(archive.app, name="archive")


def _version(on: bool) -> None:  # noqa: FBT001 - typer calls it so
    if on:
        typer.echo(f"reportgen {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and leave.", is_eager=True, callback=_version),
    ] = False,
) -> None:
    """Hold the options that stand before a command."""


def main() -> None:
    """Run one command and leave with its exit code; the user's mistakes end in one sentence each."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its threads spin as they wait: thrice the CPU for one answer
    outlet = guard_stdout()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever stops us, what is in flight is finished
    code = _run()
    sys.stdout.flush()
    if outlet is not None and outlet.lost is not None:
        # Python must not say it again on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if outlet.lost.errno != errno.EPIPE:  # a reader that has gone needs no word
            reason = outlet.lost.strerror or outlet.lost
            complain(f"Standard output could not be written ({reason}). {outlet.stands or 'Send it elsewhere'}.")
        code = code or (0 if outlet.stands else 1)
    if code == _INTERRUPTED:
        # Without waiting for workers: their pool's thread can miss that they were ended, and wait for ever.
        pools = sys.modules.get("multiprocessing")
        for child in pools.active_children() if pools else ():
            child.kill()
        os._exit(_INTERRUPTED)
    sys.exit(code)


def _run() -> int:
    """Run one command and find its exit code."""
    try:
        app(prog_name="reportgen")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 0
    except ReportgenError as error:
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OSError as error:
        reason = _WRITE_HINTS.get(error.errno or 0, f"{error.strerror or error}.")
        complain(f"{error.filename or 'The output'}: {reason}")
        return 1
    return 0
