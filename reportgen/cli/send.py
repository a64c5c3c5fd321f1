"""The commands that deliver a brief: options -> brief.json -> letters or posts -> ledger -> relay or channel."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from reportgen.cli.console import AsJson, ConfigFile, Output, Templates

Day: TypeAlias = Annotated[
    str | None, typer.Argument(metavar="DATE", help="The day of the brief, as 2026-01-19. [the newest brief]")
]


def send(
    day: Day = None,
    *,
    config: ConfigFile = None,
    output: Output = None,
    to: Annotated[
        list[str] | None, typer.Option("--to", metavar="ADDRESS", help="Only to this address; may be repeated.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Send nothing: write .eml files and a page to look at.")
    ] = False,
    attach_pdf: Annotated[bool, typer.Option("--attach-pdf", help="Attach brief.pdf.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Finish what is queued or deferred; add nobody new.")
    ] = False,
    resend_unknown: Annotated[
        bool, typer.Option("--resend-unknown", help="Send again where a crash left open whether it arrived.")
    ] = False,
    suppress_all: Annotated[
        bool,
        typer.Option(
            "--suppress-all",
            help="Suppress whoever the relay says does not exist; at most a tenth of the list otherwise.",
        ),
    ] = False,
    stale: Annotated[
        bool, typer.Option("--stale", help="Send a brief of more than a day ago, or whose data is too old to act on.")
    ] = False,
    status: Annotated[bool, typer.Option("--status", help="Say how the deliveries stand, and send nothing.")] = False,
    templates: Templates = None,
    as_json: AsJson = False,
) -> None:
    """Mail the newest brief to the subscribers; who got it already gets nothing.

    Exit code 4 when some deliveries can be tried again with --resume. Examples: reportgen send --dry-run ·
    reportgen send 2026-01-19 --to anna@example.com
    """
    from reportgen.cli import deliveries

    options = deliveries.SendOptions(
        to=tuple(to or ()),
        attach_pdf=attach_pdf,
        resume=resume,
        resend_unknown=resend_unknown,
        suppress_all=suppress_all,
        stale=stale,
        dry_run=dry_run,
        templates=templates,
        as_json=as_json,
    )
    do = deliveries.show_status if status else deliveries.dry_run if dry_run else deliveries.send_all
    raise typer.Exit(do(deliveries.prepare(config, output, day, options)))


def post(
    day: Day = None,
    *,
    config: ConfigFile = None,
    output: Output = None,
    to: Annotated[
        list[str] | None, typer.Option("--to", metavar="NAME", help="Only to this channel; may be repeated.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Post nothing: print the messages.")] = False,
    resend_unknown: Annotated[
        bool, typer.Option("--resend-unknown", help="Post again where a crash left open whether it arrived.")
    ] = False,
    stale: Annotated[
        bool, typer.Option("--stale", help="Post a brief of more than a day ago, or whose data is too old to act on.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Post the short form of the newest brief to the channels of `post:`; what arrived is not posted again.

    Exit code 4 when a channel did not take a message: run it again. Example: reportgen post --dry-run
    """
    from reportgen.cli import posting

    raise typer.Exit(
        posting.post_all(
            config,
            output,
            day,
            to=to or (),
            dry_run=dry_run,
            resend_unknown=resend_unknown,
            stale=stale,
            as_json=as_json,
        )
    )
