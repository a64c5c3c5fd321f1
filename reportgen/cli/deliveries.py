"""What `send` does: letters to the subscribers through the ledger and the relay, a dry run as files, the status."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reportgen.cli.console import note, tell, tell_json
from reportgen.cli.letters import (
    CAN_BE_RETRIED,
    COPY_NAME,
    KeptBrief,
    last_made,
    ledger_place,
    mail_config,
    read_kept,
    reader_of,
    recovered,
    refuse_stale,
    shown_in_browser,
    tell_line,
    tell_unknown,
    unsubscribe_link,
    write_letters,
)
from reportgen.config.mail import MailSettings
from reportgen.config.places import Place
from reportgen.config.settings import Config
from reportgen.delivery.archive.commit import replace_files
from reportgen.delivery.ledger import MAIL_FOLDER, OPEN, Delivery, SendLedger, State, make_private, open_ledger
from reportgen.delivery.mail.dkim import dkim_signer
from reportgen.delivery.mail.letters import Composer, Letter, message_id
from reportgen.delivery.mail.people import (
    Subscriber,
    SubscriberList,
    Suppressions,
    is_there,
    list_name,
    parse_address,
    read_subscribers,
)
from reportgen.delivery.mail.send import Mailing, Run
from reportgen.delivery.mail.smtp import Login, is_loopback
from reportgen.errors import UsageError
from reportgen.morning.live import now_ms

if TYPE_CHECKING:
    from reportgen.render.mail import Reader

_MOST_NAMED: Final = 20
_AT_A_TIME: Final = 100
"""Messages of a dry run that are held in memory."""

_MADE_UP_READER: Final = "reader@example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """What the command line asked of a send."""

    to: tuple[str, ...]
    attach_pdf: bool
    resume: bool
    resend_unknown: bool
    suppress_all: bool
    stale: bool
    dry_run: bool
    templates: Path | None
    as_json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One `send` of one brief: the settings, the brief, and what was asked."""

    settings: Config
    mail: MailSettings
    kept: KeptBrief
    options: SendOptions

    @property
    def ledger(self) -> Place:
        """Find the place of the ledger."""
        return ledger_place(self.mail.ledger, self.kept.store, "deliveries")


def prepare(config: Path | None, output: str | None, day: str | None, options: SendOptions) -> Sending:
    """Read the settings and the brief."""
    settings, mail = mail_config(config, output, to_look_at=options.dry_run)
    kept = read_kept(settings.output, day, now_ms())
    return Sending(settings=settings, mail=mail, kept=kept, options=options)


def send_all(sending: Sending) -> int:
    """Queue who has no line in the ledger, send what is open, say how it went, and give the exit code.

    Raises:
        DataError: The brief is stale, or the suppression list cannot be read: nothing has been sent.
    """
    mail, brief, options = sending.mail, sending.kept.name, sending.options
    if not options.stale:
        refuse_stale(sending.kept, "send")
    Suppressions(mail.suppressions).keys()  # a line that says nothing stops the run before the first mail
    listed = _chosen(mail, options)
    for line in (*listed.notes, *listed.problems):
        note(line)
    people = {subscriber.address.key: subscriber for subscriber in listed.subscribers}
    with recovered(sending.ledger, "deliveries", brief) as ledger:
        if not options.to:  # who was named with --to earlier, is on no list, and has not got it yet
            waiting = (one.subscriber for one in ledger.deliveries(OPEN) if one.named)
            people = {key: Subscriber(address=parse_address(key)) for key in waiting} | people
        open_ones = _queue(ledger, sending, people)
        ended, run = None, None
        if open_ones:
            mailing = Mailing(
                addresses={key: subscriber.address for key, subscriber in people.items()},
                write=_writer(sending, people, open_ones),
                now=now_ms,
                suppress_all=options.suppress_all,
            )
            run = Run(mailing, mail, _login(mail), ledger)
            ended = run.start(open_ones)
        code = _report(ledger, sending, ended, listed.problems)
    if run is None:
        return code or _nothing_to_send(sending) or int(bool(listed.problems))
    if run.unproven:
        note(
            f"Nobody was put on the suppression list: the relay says of {run.unproven} that they do not exist, and "
            f"took {run.sent} messages. Where it is right and they are over a tenth of the list, use --suppress-all."
        )
    if not run.sent:
        note("Nobody was sent anything.")
    return code or int(not run.sent or bool(listed.problems))


def _nothing_to_send(sending: Sending) -> int:
    """Say that there is nothing to send; 1 when a brief that was made after the newest one waits behind it."""
    note("Nothing to send: each of them has a line in the ledger already, or the list is empty.")
    kept, options = sending.kept, sending.options
    fresh = last_made(kept.store)
    if options.resume or fresh in (None, f"{kept.folder}/{COPY_NAME}"):
        return 0
    note(
        f"The newest brief, {kept.name} ({kept.place}), stands in the way of the one that was made last, "
        f"{kept.store.path(fresh or '')}. Send that with `reportgen send {(fresh or '')[:10].replace('/', '-')}`."
    )
    return 1


def _chosen(mail: MailSettings, options: SendOptions) -> SubscriberList:
    """Read the subscribers; with --to those named, whether they are on the list or not."""
    place = mail.subscribers_place
    if options.dry_run and not options.to and not is_there(place):
        note(f"{list_name(place)} is not there yet, so the mail is written to a made-up reader.")
        return SubscriberList(subscribers=(Subscriber(address=parse_address(_MADE_UP_READER)),))
    if not options.to:
        return read_subscribers(place)
    listed = read_subscribers(place).subscribers if is_there(place) else ()
    known = {subscriber.address.key: subscriber for subscriber in listed}
    named = {address.key: address for address in map(parse_address, options.to)}
    return SubscriberList(
        subscribers=tuple(known.get(key, Subscriber(address=address)) for key, address in named.items())
    )


def _queue(ledger: SendLedger, sending: Sending, people: Mapping[str, Subscriber]) -> tuple[Delivery, ...]:
    """Give the deliveries that are to be made now, in the order of the subscriber file."""
    brief, options, at_ms = sending.kept.name, sending.options, now_ms()
    if options.resend_unknown:
        ledger.queue_unknown(tuple(people), at_ms)
    if not options.resume:
        names = ((key, message_id(brief, key, sending.mail)) for key in people)
        ledger.queue(names, at_ms, named=bool(options.to))
    order = {key: place for place, key in enumerate(people)}
    open_ones = ledger.deliveries(OPEN)
    if not options.to:
        for one in open_ones:
            if one.subscriber not in order:
                ledger.suppress(one.subscriber, "no longer on the list", at_ms)
    found = (one for one in open_ones if one.subscriber in order)
    return tuple(sorted(found, key=lambda one: order[one.subscriber]))


def _writer(
    sending: Sending, people: Mapping[str, Subscriber], deliveries: Iterable[Delivery]
) -> Callable[[Delivery], bytes]:
    """Write the letters, and hand out what puts an address on them."""
    readers = {one.subscriber: reader_of(people[one.subscriber]) for one in deliveries}
    composers = _composers(sending, _letters(sending, readers.values()))

    def write(one: Delivery) -> bytes:
        composer = composers[readers[one.subscriber]]
        return composer.compose(people[one.subscriber], message_id=one.message_id, date_ms=one.queued_ms)

    return write


def _letters(sending: Sending, readers: Iterable[Reader]) -> Mapping[Reader, Letter]:
    kept, options = sending.kept, sending.options
    page = kept.web_page(sending.mail.link)
    return write_letters(
        kept,
        readers,
        page=page,
        templates=options.templates or sending.settings.templates,
        attach_pdf=options.attach_pdf,
    )


def _composers(sending: Sending, letters: Mapping[Reader, Letter]) -> Mapping[Reader, Composer]:
    mail, link = sending.mail, unsubscribe_link(sending.mail)
    sign = dkim_signer(mail.dkim, mail.dkim.private_key.read(whole=True)) if mail.dkim else None
    return {reader: Composer(letter, mail, link, sign) for reader, letter in letters.items()}


def _login(mail: MailSettings) -> Login | None:
    """Fetch user and password.

    Raises:
        UsageError: The password would cross the network unencrypted.
    """
    smtp = mail.smtp
    if smtp.security == "none" and smtp.password is not None and not is_loopback(smtp.host):
        raise UsageError(
            f"mail.smtp.security is none, so the password would cross the network to {smtp.host} in the clear. "
            "Set starttls or tls, or leave out username and password."
        )
    user = smtp.username.read() if smtp.username else None
    password = smtp.password.read() if smtp.password else None
    return Login(user=user, password=password) if user is not None and password is not None else None


def show_status(sending: Sending) -> int:
    """Say how a brief's deliveries stand, from the ledger alone, and give the exit code."""
    with open_ledger(sending.ledger, "deliveries", sending.kept.name, reading=True) as ledger:
        if not ledger.deliveries():
            note("This brief was sent to nobody yet. `reportgen send` does.")
        return _report(ledger, sending)


def _report(ledger: SendLedger, sending: Sending, ended: str | None = None, problems: tuple[str, ...] = ()) -> int:
    """Say how a brief's deliveries stand: counts on stdout, what needs a person on stderr.

    Args:
        ledger: Where it is written.
        sending: What was sent.
        ended: Why the run ended before all was settled, or None.
        problems: Lines of the subscriber file that were left out.

    Returns:
        4 when some deliveries can be tried again, 1 when all of them failed for good, else 0.
    """
    name = sending.kept.name
    counts, deliveries = ledger.counts(), ledger.deliveries()
    if sending.options.as_json:
        tell_json(_facts(sending.kept, counts, deliveries) | {"ended": ended, "problems": list(problems)})
    else:
        tell(f"{name}: {', '.join(f'{number} {state}' for state, number in counts.items() if number) or 'nobody'}")
    others = [one for one in deliveries if one.state in (State.FAILED, State.SUPPRESSED, State.DEFERRED)]
    for one in others[:_MOST_NAMED]:
        tell_line(one)
    if len(others) > _MOST_NAMED:
        note(f"and {len(others) - _MOST_NAMED} more; --status --json lists them")
    tell_unknown(deliveries, "Send")
    if ended:
        note(f"The run ended early: {ended}.")
    if open_ones := sum(counts[state] for state in OPEN):
        note(f"{open_ones} can be tried again: reportgen send --resume")
        return CAN_BE_RETRIED
    return int(bool(counts[State.FAILED]) and not counts[State.SENT])


def _facts(kept: KeptBrief, counts: Mapping[str, int], deliveries: tuple[Delivery, ...]) -> dict[str, Any]:
    """Write where a brief's deliveries stand, every one of them, as JSON does."""
    every = [
        {
            "subscriber": one.subscriber,
            "state": str(one.state),
            "attempts": one.attempts,
            "code": one.code,
            "reply": one.reply,
            "message_id": one.message_id,
        }
        for one in deliveries
    ]
    return {
        "brief": kept.name,
        "path": kept.place,
        "counts": dict(counts),
        "ended": None,
        "problems": [],
        "deliveries": every,
    }


def dry_run(sending: Sending) -> int:
    """Write each message as .eml, dated as the brief, and the first HTML as a page; no ledger, no relay, no clock."""
    kept, mail = sending.kept, sending.mail
    listed, suppressed = _chosen(mail, sending.options), Suppressions(mail.suppressions)
    people = [one for one in listed.subscribers if one.address.key not in suppressed]
    letters = _letters(sending, map(reader_of, people))
    composers = _composers(sending, letters)
    output = sending.settings.output
    beside = output / MAIL_FOLDER if isinstance(output, Path) else Path(MAIL_FOLDER)
    place = mail.ledger or beside
    here = place if isinstance(place, Path) else Path(MAIL_FOLDER)  # of a ledger elsewhere the files come here
    folder = make_private(here) / "dry-run" / kept.brief.as_of[:10]
    mails: dict[Path, Subscriber] = {folder / _file_name(one): one for one in people}
    preview = next((letter for letter in letters.values() if letter.html), None)
    page = folder / "preview.html" if preview else None
    for path in (*folder.glob("*.eml"), *folder.glob("preview.html")):
        if path not in mails and path != page:
            path.unlink()  # of an earlier dry run: its readers get nothing now
    every = list(mails.items())
    for start in range(0, len(every), _AT_A_TIME):
        replace_files(
            {
                path: composers[reader_of(one)].compose(
                    one, message_id=message_id(kept.name, one.address.key, mail), date_ms=kept.brief.as_of_ms
                )
                for path, one in every[start : start + _AT_A_TIME]
            }
        )
    if preview is not None and page is not None:
        replace_files({page: shown_in_browser(preview).encode()})
    left_out = len(listed.subscribers) - len(people)
    for line in (*listed.notes, *listed.problems, *([f"{left_out} on the suppression list"] if left_out else [])):
        note(line)
    if sending.options.as_json:
        shown = str(page) if page else None
        tell_json({"mails": [str(path) for path in mails], "preview": shown, "problems": list(listed.problems)})
    else:
        for path in (*mails, *([page] if page else [])):
            tell(path)
    return int(bool(listed.problems))


def _file_name(subscriber: Subscriber) -> str:
    """Name a file after an address: what is no plain letter becomes a dash, and a few digits keep two of them apart."""
    key = subscriber.address.key
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "@._-") else "-" for c in key)[:80]
    return f"{plain}.eml" if plain == key else f"{plain}.{hashlib.sha256(key.encode()).hexdigest()[:8]}.eml"
