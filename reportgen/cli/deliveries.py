"""`send --dry-run`: the messages as files, and a page to look at; no ledger, no relay, no clock."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from reportgen.cli.console import note, tell, tell_json
from reportgen.cli.letters import (
    KeptBrief,
    make_composers,
    make_sender,
    make_signer,
    reader_of,
    shown_in_browser,
    write_letters,
)

# ---- What `send` and its dry run both begin with: what was asked for, who is meant, where the ledger stands ----


if TYPE_CHECKING:
    from reportgen.config.mail import MailSettings
    from reportgen.config.settings import Config
    from reportgen.delivery.mail.people import SubscriberList


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asked of a send."""

    to: tuple[str, ...]
    attach_pdf: bool
    resume: bool
    resend_unknown: bool
    templates: Path | None


def choose_subscribers(mail: MailSettings, wishes: Wishes) -> SubscriberList:
    """Read the subscribers; with --to those named, whether they are on the list or not."""
    from reportgen.delivery.mail.people import Subscriber, SubscriberList, parse_address
    from reportgen.delivery.mail.people_files import read_subscribers

    if not wishes.to:
        return read_subscribers(mail.subscribers)
    listed = read_subscribers(mail.subscribers) if mail.subscribers.exists() else None
    known = {subscriber.address.key: subscriber for subscriber in listed.subscribers} if listed else {}
    named = {address.key: address for address in map(parse_address, wishes.to)}
    chosen = tuple(known.get(key, Subscriber(address=address)) for key, address in named.items())
    return SubscriberList(subscribers=chosen, problems=(), notes=())


def ledger_folder(settings: Config, mail: MailSettings) -> Path:
    """Find the folder of the ledger.

    Raises:
        UsageError: The briefs are kept behind a URL, and `mail.ledger` names no folder.
    """
    from reportgen.config.places import local_folder
    from reportgen.delivery.mail.ledger import MAIL_FOLDER

    return mail.ledger or local_folder(settings.output, "The mail ledger (`mail.ledger`)") / MAIL_FOLDER


# ---- How a send went: counts on stdout, what needs a person on stderr, and the exit code ----


if TYPE_CHECKING:
    from reportgen.cli.letters import KeptBrief
    from reportgen.delivery.mail.ledger import Delivery, MailLedger

CAN_BE_RETRIED: Final = 4
_NAMED: Final = 20


def report(
    ledger: MailLedger, kept: KeptBrief, ended: str | None, *, as_json: bool, problems: tuple[str, ...] = ()
) -> int:
    """Say how a brief's deliveries stand.

    Args:
        ledger: Where it is written.
        kept: The brief.
        ended: Why the run ended before all was settled, or None.
        as_json: One object on stdout.
        problems: Lines of the subscriber file that were left out.

    Returns:
        4 when some deliveries can be tried again, 1 when all of them failed for good, else 0.
    """
    from reportgen.delivery.mail.ledger import OPEN, State

    counts = ledger.counts(kept.name)
    deliveries = ledger.deliveries(kept.name)
    if as_json:
        tell_json(facts(kept, counts, deliveries) | {"ended": ended, "problems": list(problems)})
    else:
        tell(f"{kept.name}: {', '.join(f'{number} {state}' for state, number in counts.items() if number) or 'nobody'}")
    _name(deliveries)
    if ended:
        note(f"The run ended early: {ended}.")
    open_ones = sum(counts[state] for state in OPEN)
    if open_ones:
        note(f"{open_ones} can be tried again: reportgen send --resume")
        return CAN_BE_RETRIED
    return int(bool(counts[State.FAILED]) and not counts[State.SENT])


def facts(kept: KeptBrief, counts: Mapping[str, int], deliveries: tuple[Delivery, ...]) -> dict[str, Any]:
    """Write where a brief's deliveries stand, every one of them, as JSON does."""
    every = [_plain(one) for one in deliveries]
    return {
        "brief": kept.name, "path": kept.place, "counts": dict(counts), "ended": None, "problems": [],
        "deliveries": every,
    }  # fmt: skip


def leave(code: int) -> None:
    """Leave with an exit code, where it is not 0."""
    if code:
        raise typer.Exit(code)


def _name(deliveries: tuple[Delivery, ...]) -> None:
    """Name on stderr who did not get it, the unknown ones all of them."""
    from reportgen.delivery.mail.ledger import State

    unknown = [one for one in deliveries if one.state is State.UNKNOWN]
    others = [one for one in deliveries if one.state in (State.FAILED, State.SUPPRESSED, State.DEFERRED)]
    for one in (*unknown, *others[:_NAMED]):
        said = f": {one.code or ''} {one.reply}".rstrip(": ").replace(":  ", ": ")
        note(f"{one.state} {one.subscriber}{said}")
    if len(others) > _NAMED:
        note(f"and {len(others) - _NAMED} more; --status --json lists them")
    if unknown:
        note("unknown: it may have arrived. Send it again with --resend-unknown, or leave it.")


def _plain(one: Delivery) -> dict[str, Any]:
    return {
        "subscriber": one.subscriber,
        "state": str(one.state),
        "attempts": one.attempts,
        "code": one.code,
        "reply": one.reply,
        "message_id": one.message_id,
    }


if TYPE_CHECKING:
    from reportgen.config.mail import MailSettings
    from reportgen.config.settings import Config
    from reportgen.delivery.mail.people import Subscriber


def dry_run(settings: Config, mail: MailSettings, kept: KeptBrief, wishes: Wishes, *, as_json: bool) -> None:
    """Write each message as .eml, dated as the brief, and the first HTML as a page; print where they are."""
    from reportgen.delivery.archive.commit import replace_files
    from reportgen.delivery.mail.ledger import make_private
    from reportgen.delivery.mail.letters import message_id
    from reportgen.delivery.mail.people import Suppressions

    listed = choose_subscribers(mail, wishes)
    suppressed = Suppressions(mail.suppressions)
    people = tuple(one for one in listed.subscribers if one.address.key not in suppressed)
    readers = [reader_of(subscriber) for subscriber in people]
    letters = write_letters(
        kept, readers, page=kept.web_page(mail.link), templates=wishes.templates, attach_pdf=wishes.attach_pdf
    )  # fmt: skip
    sender = make_sender(mail)
    composers = make_composers(letters, sender, make_signer(mail))
    folder = make_private(ledger_folder(settings, mail)) / "dry-run" / kept.brief.as_of[:10]
    files: dict[Path, bytes] = {
        folder / file_name(subscriber): composers[reader].compose(
            subscriber,
            message_id=message_id(kept.name, subscriber.address.key, sender),
            date_ms=kept.brief.as_of_ms,
        )
        for subscriber, reader in zip(people, readers, strict=True)
    }
    mails = list(files)
    preview = next((letter for letter in letters.values() if letter.html), None)
    if preview is not None:
        files[folder / "preview.html"] = shown_in_browser(preview).encode()
    _forget(folder, files)
    replace_files(files)
    left_out = len(listed.subscribers) - len(people)
    for line in (*listed.notes, *listed.problems, *([f"{left_out} on the suppression list"] if left_out else [])):
        note(line)
    if as_json:
        page = str(folder / "preview.html") if preview else None
        tell_json({"mails": [str(path) for path in mails], "preview": page, "problems": list(listed.problems)})
    else:
        for path in files:
            tell(path)
    leave(int(bool(listed.problems)))


def _forget(folder: Path, files: Mapping[Path, bytes]) -> None:
    """Delete what an earlier dry run left and this one would not write: its readers get nothing now."""
    for path in (*folder.glob("*.eml"), *folder.glob("preview.html")):
        if path not in files:
            path.unlink()


def file_name(subscriber: Subscriber) -> str:
    """Name a file after an address: what is no plain letter becomes a dash, and a few digits keep two of them apart."""
    key = subscriber.address.key
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "@._-") else "-" for c in key)[:80]
    return f"{plain}.eml" if plain == key else f"{plain}.{hashlib.sha256(key.encode()).hexdigest()[:8]}.eml"
