"""`send --dry-run`: the messages as files, and a page to look at; no ledger, no relay, no clock."""

# ruff: noqa: PLC0415 - heavy imports live inside the functions

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.cli.mail_pages import KeptBrief, make_composers, reader_of, shown_in_browser, write_letters
from reportgen.cli.mail_setup import make_sender, make_signer
from reportgen.cli.send import Wishes, choose_subscribers, ledger_folder
from reportgen.cli.send_report import leave
from reportgen.cli.speech import note, tell, tell_json

if TYPE_CHECKING:
    from reportgen.config import Config
    from reportgen.config_mail import Mail
    from reportgen.delivery.subscribers import Subscriber


def dry_run(settings: Config, mail: Mail, kept: KeptBrief, wishes: Wishes, *, as_json: bool) -> None:
    """Write each message as .eml, dated as the brief, and the first HTML as a page; print where they are."""
    from reportgen.delivery.letter import message_id
    from reportgen.delivery.one_send import make_private
    from reportgen.delivery.output import replace_files
    from reportgen.delivery.suppressions import Suppressions

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
