"""The command that mails the brief: options -> brief.json -> letters -> ledger -> relay."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from reportgen.cli.console import AsJson, ConfigFile, Output, Templates, note, tell, tell_json

if TYPE_CHECKING:
    from reportgen.cli.deliveries import Wishes
    from reportgen.cli.letters import KeptBrief
    from reportgen.config.mail import MailSettings
    from reportgen.config.settings import Config
    from reportgen.delivery.mail.ledger import Delivery, MailLedger
    from reportgen.delivery.mail.people import Subscriber

LEDGER: Final = "deliveries.sqlite"


def send(
    day: Annotated[
        str | None, typer.Argument(metavar="DATE", help="The day of the brief, as 2026-01-19. [the newest brief]")
    ] = None,
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
    status: Annotated[bool, typer.Option("--status", help="Say how the deliveries stand, and send nothing.")] = False,
    templates: Templates = None,
    as_json: AsJson = False,
) -> None:
    """Mail the newest brief to the subscribers; who got it already gets nothing.

    Exit code 4 when some deliveries can be tried again with --resume. Examples: reportgen send --dry-run ·
    reportgen send 2026-01-19 --to anna@example.com
    """
    from reportgen.cli.deliveries import Wishes
    from reportgen.cli.letters import mail_config, read_kept

    settings, mail = mail_config(config, output)
    wishes = Wishes(
        to=tuple(to or ()), attach_pdf=attach_pdf, resume=resume, resend_unknown=resend_unknown,
        templates=templates or settings.templates,
    )  # fmt: skip
    kept = read_kept(settings.output, day)
    if status:
        show_status(settings, mail, kept, as_json=as_json)
    elif dry_run:
        from reportgen.cli.deliveries import dry_run as write_mails

        write_mails(settings, mail, kept, wishes, as_json=as_json)
    else:
        _send(settings, mail, kept, wishes, as_json=as_json)


def show_status(settings: Config, mail: MailSettings, kept: KeptBrief, *, as_json: bool) -> None:
    """Say how a brief's deliveries stand, from the ledger alone."""
    from reportgen.cli.deliveries import facts, leave, ledger_folder, report
    from reportgen.delivery.mail.ledger import MailLedger, State

    path = ledger_folder(settings, mail) / LEDGER
    if not path.exists():
        note("Nothing was sent from here yet. `reportgen send` does.")
        if as_json:
            tell_json(facts(kept, dict.fromkeys(State, 0), ()))
        else:
            tell(f"{kept.name}: nobody")
        return
    with MailLedger(path, reading=True) as ledger:
        leave(report(ledger, kept, None, as_json=as_json))


def _send(settings: Config, mail: MailSettings, kept: KeptBrief, wishes: Wishes, *, as_json: bool) -> None:
    """Queue who has no line in the ledger, send what is open, and say how it went."""
    from reportgen.cli.deliveries import choose_subscribers, leave, ledger_folder, report
    from reportgen.delivery.mail.ledger import MailLedger, alone, make_private

    listed = choose_subscribers(mail, wishes)
    for line in (*listed.notes, *listed.problems):
        note(line)
    folder = make_private(ledger_folder(settings, mail))
    people = {subscriber.address.key: subscriber for subscriber in listed.subscribers}
    with alone(folder), MailLedger(folder / LEDGER) as ledger:
        if found := ledger.recover():
            note(f"{found} deliveries were cut off by an earlier crash; nobody can know whether they arrived.")
        if not wishes.to:
            people = _with_named(ledger, kept.name, people)
        open_ones = _queue(ledger, mail, kept, people, wishes)
        if not open_ones:
            note("Nothing to send: each of them has a line in the ledger already, or the list is empty.")
        ended = _deliver(ledger, mail, kept, people, open_ones, wishes) if open_ones else None
        code = report(ledger, kept, ended, as_json=as_json, problems=listed.problems)
    leave(code or int(bool(listed.problems)))


def _queue(
    ledger: MailLedger, mail: MailSettings, kept: KeptBrief, people: Mapping[str, Subscriber], wishes: Wishes
) -> tuple[Delivery, ...]:
    """Give the deliveries that are to be made now, in the order of the subscriber file."""
    from reportgen.cli.letters import make_sender
    from reportgen.delivery.mail.ledger import OPEN
    from reportgen.delivery.mail.letters import message_id

    now_ms = _now_ms()
    if wishes.resend_unknown:
        ledger.queue_unknown(kept.name, tuple(people), now_ms)
    if not wishes.resume:
        sender = make_sender(mail)
        names = ((key, message_id(kept.name, key, sender)) for key in people)
        ledger.queue(kept.name, names, now_ms, named=bool(wishes.to))
    order = {key: place for place, key in enumerate(people)}
    open_ones = ledger.deliveries(kept.name, OPEN)
    found = [one for one in open_ones if one.subscriber in order]
    if not wishes.to:
        for one in open_ones:
            if one.subscriber not in order:
                ledger.suppress(kept.name, one.subscriber, "no longer on the list", now_ms)
    return tuple(sorted(found, key=lambda one: order[one.subscriber]))


def _with_named(ledger: MailLedger, brief: str, people: Mapping[str, Subscriber]) -> dict[str, Subscriber]:
    """Add who was named with --to, is on no list, and has not got it yet."""
    from reportgen.delivery.mail.ledger import OPEN
    from reportgen.delivery.mail.people import Subscriber, parse_address

    waiting = (one.subscriber for one in ledger.deliveries(brief, OPEN) if one.named)
    return {key: Subscriber(address=parse_address(key)) for key in waiting} | dict(people)


def _deliver(
    ledger: MailLedger,
    mail: MailSettings,
    kept: KeptBrief,
    people: Mapping[str, Subscriber],
    open_ones: tuple[Delivery, ...],
    wishes: Wishes,
) -> str | None:
    """Write the letters and hand them to the relay; gives why it ended early, or None."""
    from reportgen.cli.letters import (
        make_composers,
        make_pace,
        make_relay,
        make_sender,
        make_signer,
        reader_of,
        write_letters,
    )
    from reportgen.delivery.mail.people import Suppressions
    from reportgen.delivery.mail.send import Errand, Run

    sender, relay = make_sender(mail), make_relay(mail)
    readers = [reader_of(people[one.subscriber]) for one in open_ones]
    letters = write_letters(
        kept, readers, page=kept.web_page(mail.link), templates=wishes.templates, attach_pdf=wishes.attach_pdf
    )  # fmt: skip
    composers = make_composers(letters, sender, make_signer(mail))

    def write(one: Delivery) -> bytes:
        subscriber = people[one.subscriber]
        composer = composers[reader_of(subscriber)]
        return composer.compose(subscriber, message_id=one.message_id, date_ms=one.queued_ms)

    errand = Errand(
        brief=kept.name,
        sender=sender.envelope,
        addresses={key: subscriber.address for key, subscriber in people.items()},
        write=write,
        now=_now_ms,
    )
    return Run(errand, ledger, relay, make_pace(mail), Suppressions(mail.suppressions)).start(open_ones)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
