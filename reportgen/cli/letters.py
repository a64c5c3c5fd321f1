"""What `send`, `preview` and `subscribers` share: the kept brief, the `mail:` settings, a letter for each reader."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reportgen.cli.console import note
from reportgen.errors import DataError, EnvironmentProblem, UsageError, without_secrets
from reportgen.units import HOUR_MS

if TYPE_CHECKING:
    from reportgen.brief.types import Brief
    from reportgen.config.mail import MailSettings
    from reportgen.config.places import Place
    from reportgen.config.settings import Config
    from reportgen.config.values import SecretReference
    from reportgen.delivery.archive.store import Store
    from reportgen.delivery.ledger import Delivery, Of, SendLedger
    from reportgen.delivery.mail.letters import Letter, UnsubscribeLink
    from reportgen.delivery.mail.people import Subscriber
    from reportgen.render.mail import Reader

CAN_BE_RETRIED: Final = 4
"""Exit code: some deliveries can be tried again."""

COPY_NAME: Final = "brief.json"
CLOCK_SLACK_MS: Final = 5 * 60_000
"""Clocks differ: a brief of the next minutes is one of now."""

_NEWS_HOURS: Final = 24
"""A brief is news for a day."""

SHORTEST_SECRET: Final = 16
"""Bytes."""

MADE_UP: Final = {"from": "Morning brief <brief@example.com>", "smtp": {"host": "localhost"}}
MOST_PDF_BYTES: Final = 10_000_000
"""Many servers refuse more; the web page is the better place for a long brief."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBrief:
    """A brief as it was read back.

    Attributes:
        store: The archive it stands in. path: of its brief.json there. brief: what it holds.
        name: what the ledger calls it, its as-of time.
        folder: where it stays, relative to the output: 2026/01/19, or 2026/01/19/r2.
    """

    store: Store
    path: str
    brief: Brief
    name: str
    folder: str

    @property
    def place(self) -> str:
        """Name its brief.json as a user finds it."""
        return self.store.path(self.path)

    def beside(self, name: str) -> bytes | None:
        """Read a file that stands beside it, None where there is none."""
        return self.store.read(f"{self.path.rpartition('/')[0]}/{name}")

    def web_page(self, link: str | None) -> str:
        """Give the lasting address of its page under the operator's link, or ""."""
        return f"{link.rstrip('/')}/{self.folder}/brief.html" if link else ""


def read_kept(output: Place, day: str | None, now_ms: int | None = None) -> KeptBrief:
    """Read the newest brief, or that of a day.

    Args:
        output: Folder or URL of the briefs.
        day: As 2026-01-19, or None for the newest.
        now_ms: The newest is never later than now, UTC epoch milliseconds; None asks nothing.

    Raises:
        UsageError: There is none.
        DataError: It cannot be read back.
    """
    from reportgen.delivery.archive.days import find_brief, folder_of
    from reportgen.delivery.archive.store import open_store
    from reportgen.render.json import brief_from_json

    store = open_store(output)

    def read(path: str) -> KeptBrief:
        brief = brief_from_json(store.read(path) or b"", store.path(path))
        name = brief.as_of + (" simulated" if brief.simulated else "")
        folder = folder_of(store, path, brief)
        return KeptBrief(store=store, path=path, brief=brief, name=name, folder=folder)

    newest = read(find_brief(store, day))
    if day is not None or now_ms is None or newest.brief.as_of_ms <= now_ms + CLOCK_SLACK_MS:
        return newest
    others = (read(path) for path in kept_paths(store.files()) if path != f"{newest.folder}/{COPY_NAME}")
    earlier = next((one for one in others if one.brief.as_of_ms <= now_ms + CLOCK_SLACK_MS), None)
    said = f"The brief of {newest.name} ({newest.place}) speaks of a moment that lies ahead"
    if earlier is None:
        raise UsageError(f"{said}, and there is no other. Make one of now with `reportgen brief`, or name its day.")
    note(f"{said}, so the newest before now is taken: {earlier.name}. Name its day to take it all the same.")
    return earlier


def refuse_stale(kept: KeptBrief, deliver: str) -> None:
    """See to it that a brief is news; `deliver` is the verb of what was asked.

    Raises:
        DataError: Its data are too old to act on, or it is itself: more than a day, unless its market is simulated.
    """
    from reportgen.morning.live import now_ms

    hours = (now_ms() - kept.brief.as_of_ms) // HOUR_MS
    if hours > _NEWS_HOURS and not kept.brief.simulated:
        raise DataError(
            f"The brief of {kept.name} is {hours} hours old. Make a new one with `reportgen brief`, or {deliver} it as "
            "it is with --stale."
        )
    if kept.brief.stale:
        raise DataError(
            f"The brief of {kept.name} is stale: {kept.brief.stale.rstrip('.')}. Make a new one with "
            f"`reportgen brief`, or {deliver} it as it is with --stale."
        )


def ledger_place(named: Place | SecretReference | None, store: Store, of: Of) -> Place:
    """Find the place of a ledger: where `ledger:` says, else with the archive.

    Raises:
        UsageError: That of the mails would lie in an archive that is no folder of this machine.
    """
    from reportgen.config.places import is_database
    from reportgen.config.values import kept_at
    from reportgen.delivery.archive.store import FolderStore, open_store
    from reportgen.delivery.ledger import MAIL_FOLDER

    beside = store.folder / MAIL_FOLDER if isinstance(store, FolderStore) else store.path(MAIL_FOLDER)
    place = beside if named is None else kept_at(named)
    if of == "posts" or isinstance(store, FolderStore) or isinstance(place, Path) or is_database(place):
        return place
    if store.holds(open_store(place), f"{of}/"):
        raise UsageError(
            f"The mail ledger would be in {without_secrets(place, path=True)}, a part of the archive {store.name}, and "
            "it holds the address of every subscriber, which an archive that is served must not. Set mail.ledger in "
            "config.yaml to a place of its own: a bucket that only you can read, as s3://private-bucket/mail, "
            "PostgreSQL, as {env: DATABASE_URL}, or a folder (docs/mail.md)."
        )
    return place


@contextmanager
def recovered(place: Place, of: Of, brief: str) -> Iterator[SendLedger]:
    """Hold a ledger alone; what an earlier run left open counts as unknown from here on, and is told."""
    from reportgen.delivery.ledger import open_ledger

    with open_ledger(place, of, brief) as ledger:
        if found := ledger.recover():
            note(f"{found} {of} were cut off by an earlier crash; nobody can know whether they arrived.")
        yield ledger


def tell_line(one: Delivery) -> None:
    """Say what became of a delivery."""
    from reportgen.delivery.ledger import answer_text

    note(f"{one.state} {one.subscriber}{answer_text(one.code, one.reply)}")


def tell_unknown(deliveries: Iterable[Delivery], again: str) -> None:
    """Name each delivery of which nobody knows whether it arrived, and what can be done; `again` is the verb."""
    unknown = [one for one in deliveries if one.state == "unknown"]
    for one in unknown:
        tell_line(one)
    if unknown:
        note(f"unknown: it may have arrived. {again} it again with --resend-unknown, or leave it.")


def kept_paths(paths: Iterable[str]) -> list[str]:
    """List the brief.json among an archive's files, the newest day and revision first."""
    found = [path for path in paths if path.endswith(f"/{COPY_NAME}") and path[:4].isdigit()]
    return sorted(found, key=lambda path: (path[:10], len(path), path), reverse=True)


def last_made(store: Store) -> str | None:
    """Find the brief.json that was written last, whatever moment it speaks of; None where nothing says so."""
    from reportgen.delivery.archive.manifest import MANIFEST, read_manifest

    listed = read_manifest(store.read(MANIFEST) or b"").files
    made = [path for path in listed if path in set(kept_paths(listed))]
    return made[-1] if made else None


def mail_config(
    config: Path | None, output: str | None = None, *, to_look_at: bool = False
) -> tuple[Config, MailSettings]:
    """Read the configuration of a command that needs `mail:`.

    Args:
        config: The file; config.yaml if not named.
        output: Folder or URL of the briefs; the configuration's if not named.
        to_look_at: Nothing is sent, so a made-up sender will do where there is no `mail:`.

    Raises:
        ConfigError: The configuration holds problems.
        UsageError: It has no `mail:`.
    """
    from reportgen.config.load import DEFAULT_PATH, load_config
    from reportgen.config.mail import MailSettings
    from reportgen.config.places import place_of
    from reportgen.config.settings import Config
    from reportgen.config.values import FOLDER

    path = config or DEFAULT_PATH
    nothing = to_look_at and config is None and not path.exists()
    settings = Config.model_validate({"watchlist": ["BTC"]}) if nothing else load_config(path)
    mail = settings.mail
    if mail is None and to_look_at:
        mail = MailSettings.model_validate(MADE_UP, context={FOLDER: path.parent})
        note(f"{path} has no `mail:`, so sender and relay are made up; docs/mail.md shows how to write one.")
    if mail is None:
        raise UsageError(f"{path} has no `mail:`. Add from, smtp and subscribers; docs/mail.md shows how.")
    return settings.model_copy(update={"output": place_of(output)} if output else None), mail


def unsubscribe_link(mail: MailSettings) -> UnsubscribeLink:
    """Say how subscribers leave; the secret is read here, when it is needed."""
    from reportgen.delivery.mail.letters import UnsubscribeLink

    leave = mail.unsubscribe
    secret = leave.secret.read().encode() if leave.secret else b""
    if leave.secret and len(secret) < SHORTEST_SECRET:
        raise UsageError(
            f"The secret of mail.unsubscribe has {len(secret)} bytes, and one under {SHORTEST_SECRET} can be guessed: "
            "anybody could sign others off. Make a long one, as with `openssl rand -hex 32`; old links end with it."
        )
    return UnsubscribeLink(mailto=mail.unsubscribe_mailto, url=leave.url, secret=secret, list_id=mail.list_name)


def reader_of(subscriber: Subscriber) -> Reader:
    """Take from a subscriber what changes the text."""
    from reportgen.render.mail import Reader

    return Reader(
        symbols=subscriber.symbols,
        only=subscriber.only,
        timezone=subscriber.timezone,
        locale=subscriber.locale,
        html=subscriber.format != "text",
    )


def write_letters(
    kept: KeptBrief, readers: Iterable[Reader], *, page: str, templates: Path | None, attach_pdf: bool = False
) -> Mapping[Reader, Letter]:
    """Write the letter of each kind of reader before the first is sent, so that a fault in one stops all of them.

    Raises:
        RenderError: A template or a chart could not be made.
        EnvironmentProblem: The PDF is not there, or too large to be mailed.
    """
    from reportgen.delivery.archive.manifest import MANIFEST, anchor_of
    from reportgen.delivery.mail.letters import Letter
    from reportgen.render.mail import WAY_OUT, draw_pictures, render_mail

    seal = ""
    with suppress(DataError):  # an archive without its seals is `archive verify`'s to name, and no reason to be silent
        seal = anchor_of(kept.store.read(MANIFEST) or b"", kept.brief.as_of)
    pages = {
        reader: render_mail(kept.brief, reader, page=page, templates=templates, seal=seal)
        for reader in dict.fromkeys(readers)
    }
    drawn = draw_pictures(kept.brief, (one for page in pages.values() for one in page.pictures))
    pdf = _pdf(kept) if attach_pdf else None
    return {
        reader: Letter(
            subject=page.subject,
            text=page.text,
            html=page.html,
            unsubscribe=WAY_OUT,
            pictures={one.cid: drawn[one.cid] for one in page.pictures},
            pdf=pdf,
        )
        for reader, page in pages.items()
    }


def _pdf(kept: KeptBrief) -> tuple[str, bytes]:
    """Read the PDF that stands beside the brief."""
    from reportgen.delivery.archive.days import morning_of
    from reportgen.render.formats import PDF

    content = kept.beside(PDF.file)
    if content is None:
        raise EnvironmentProblem(
            f"There is no {PDF.file} beside {kept.place}. Make it with `reportgen render {kept.place}`, "
            "or leave out --attach-pdf."
        )
    if len(content) > MOST_PDF_BYTES:
        raise EnvironmentProblem(
            f"The {PDF.file} beside {kept.place} has {len(content)} bytes, and many mail servers refuse more than "
            f"{MOST_PDF_BYTES}. Leave out --attach-pdf and set mail.link."
        )
    return f"brief-{morning_of(kept.brief)}.pdf", content


def shown_in_browser(letter: Letter) -> str:
    """Write a letter's HTML as a browser shows it: the pictures inside, no link to leave by."""
    page = letter.html or ""
    for cid, png in letter.pictures.items():
        page = page.replace(f"cid:{cid}", f"data:image/png;base64,{base64.b64encode(png).decode()}")
    return page.replace(letter.unsubscribe, "#unsubscribe")
