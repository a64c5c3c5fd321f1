"""The commands on the list of subscribers: add, remove, import, list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from reportgen.cli.console import AsJson, ConfigFile, note, tell, tell_json
from reportgen.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reportgen.config.settings import Config
    from reportgen.delivery.mail.people import Subscriber

app: Final = typer.Typer(help="Look after the list of subscribers.", no_args_is_help=True, rich_markup_mode=None)

_LEFT: Final = "asked to leave"


@app.command("add", short_help="Add one subscriber.")
def add(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="anna@example.com")],
    *,
    name: Annotated[str, typer.Option(metavar="NAME", help="For the To line.")] = "",
    symbols: Annotated[
        str, typer.Option("--symbols", "--symbol", metavar="LIST", help="Their markets first, as BTC,ETH.")
    ] = "",
    only: Annotated[bool, typer.Option("--only", help="Nothing but those.")] = False,
    locale: Annotated[str, typer.Option(metavar="TAG", help="How dates and local times are written, as en-US.")] = "",
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="Their time beside UTC, as Europe/Berlin.")] = "",
    form: Annotated[str, typer.Option("--format", metavar="FORM", help="html or text. [html]")] = "",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Add one subscriber; an address that had left is welcome again.

    Example: reportgen subscribers add anna@example.com --symbols ETH --timezone Europe/Berlin
    """
    from reportgen.cli.letters import mail_config
    from reportgen.delivery.mail.people import Suppressions, add_subscribers, check_entry, list_name

    settings, mail = mail_config(config)
    values = {"address": address, "name": name, "symbols": symbols, "only": "yes" if only else ""}
    made = check_entry(values | {"locale": locale, "timezone": timezone, "format": form})
    add_subscribers(mail.subscribers_place, made)
    for line in unwatched(settings, (made,)):
        note(line)
    if Suppressions(mail.suppressions).lift(made.address.key):
        note(f"{made.address.written} was on the suppression list and is off it now.")
    if as_json:
        tell_json({"added": _as_json(made), "file": list_name(mail.subscribers_place)})
    else:
        tell(f"{made.address.written} added to {list_name(mail.subscribers_place)}")


@app.command("edit", short_help="Change one subscriber.")
def edit(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="anna@example.com")],
    *,
    to: Annotated[str | None, typer.Option("--address", metavar="ADDRESS", help="Their new address.")] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="For the To line.")] = None,
    symbols: Annotated[
        str | None,
        typer.Option("--symbols", "--symbol", metavar="LIST", help='Their markets first, as BTC,ETH; or "".'),
    ] = None,
    only: Annotated[bool | None, typer.Option("--only/--not-only", help="Nothing but those.")] = None,
    locale: Annotated[str | None, typer.Option(metavar="TAG", help="As en-US.")] = None,
    timezone: Annotated[str | None, typer.Option(metavar="ZONE", help="As Europe/Berlin.")] = None,
    form: Annotated[str | None, typer.Option("--format", metavar="FORM", help="html or text.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Change what is named, and leave the rest and everybody else as they are.

    Example: reportgen subscribers edit anna@example.com --symbols ETH,SOL --format text
    """
    from reportgen.cli.letters import mail_config
    from reportgen.delivery.mail.people import check_entry, list_name, parse_address, read_entries, replace_subscriber

    settings, mail = mail_config(config)
    key = parse_address(address).key
    entries = {entry.key: entry for entry in reversed(read_entries(mail.subscribers_place))}  # the first counts
    if key not in entries:
        raise UsageError(
            f"{key} is not in {list_name(mail.subscribers_place)}. `reportgen subscribers list` shows who is."
        )
    if to is not None and parse_address(to).key in entries.keys() - {key}:
        raise UsageError(f"{to} is in {list_name(mail.subscribers_place)} already. Remove one of the two.")
    said = {"address": to, "name": name, "symbols": symbols, "locale": locale, "timezone": timezone, "format": form}
    given = {field: value for field, value in said.items() if value is not None}
    given |= {} if only is None else {"only": "yes" if only else ""}
    made = check_entry({**entries[key].values, **given})
    replace_subscriber(mail.subscribers_place, key, made)
    for line in unwatched(settings, (made,)):
        note(line)
    if as_json:
        tell_json({"changed": _as_json(made), "file": list_name(mail.subscribers_place)})
    else:
        tell(f"{made.address.written} changed in {list_name(mail.subscribers_place)}")


@app.command("remove", short_help="Remove one subscriber, at once.")
def remove(
    address: Annotated[str | None, typer.Argument(metavar="ADDRESS", help="anna@example.com")] = None,
    *,
    token: Annotated[
        str | None, typer.Option("--token", metavar="TOKEN", help="From an unsubscribe link, instead of an address.")
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Remove one subscriber and put the address on the suppression list, which a running send honours at once.

    Example: reportgen subscribers remove anna@example.com
    """
    from reportgen.cli.letters import mail_config, unsubscribe_link
    from reportgen.delivery.mail.people import (
        Suppressions,
        is_there,
        list_name,
        parse_address,
        read_subscribers,
        replace_subscriber,
    )

    _, mail = mail_config(config)
    if (address is None) == (token is None):
        raise UsageError("Name an address or a --token, one of the two.")
    link = unsubscribe_link(mail)
    if token is not None and not link.secret:
        raise UsageError("mail.unsubscribe has no url and secret, so there are no tokens. Name the address.")
    key = link.read_token(token) if token else parse_address(address or "").key
    suppressed = Suppressions(mail.suppressions)
    try:
        left = key in suppressed
    except DataError as error:  # nobody is kept from leaving by another line of the list
        note(str(error))
        left = False
    if not left:
        suppressed.add(key, _LEFT)
    listed = is_there(mail.subscribers_place) and any(
        one.address.key == key for one in read_subscribers(mail.subscribers_place).subscribers
    )
    if listed:
        replace_subscriber(mail.subscribers_place, key, None)
    if as_json:
        tell_json({"removed": key, "was_listed": listed})
    else:
        tell(
            f"{key} gets nothing any more" + ("" if listed else f"; it was not in {list_name(mail.subscribers_place)}")
        )


@app.command("import", short_help="Add all subscribers of another file.")
def import_from(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML, .csv or .sqlite.")],
    *,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Add everybody of another file who is not on the list yet and has not left; bad lines are named and left out.

    Exit code 1 when a line was bad. Example: reportgen subscribers import people.csv
    """
    from reportgen.cli.letters import mail_config
    from reportgen.delivery.mail.people import Suppressions, add_subscribers, is_there, list_name, read_subscribers

    settings, mail = mail_config(config)
    found = read_subscribers(file)
    listed = read_subscribers(mail.subscribers_place).subscribers if is_there(mail.subscribers_place) else ()
    known, suppressed = {one.address.key for one in listed}, Suppressions(mail.suppressions)
    left = [one for one in found.subscribers if one.address.key in suppressed]
    new = [one for one in found.subscribers if one.address.key not in known and one not in left]
    if new:
        add_subscribers(mail.subscribers_place, *new)
    for line in (
        *found.notes,
        *found.problems,
        *unwatched(settings, new),
        *(f"{one.address.written} has left and stays out." for one in left),
    ):
        note(line)
    if as_json:
        tell_json({"added": [one.address.written for one in new], "problems": list(found.problems)})
    else:
        tell(f"{len(new)} added to {list_name(mail.subscribers_place)}, {len(found.subscribers) - len(new)} skipped")
    if found.problems:
        raise typer.Exit(1)


@app.command("list", short_help="Show the subscribers, and every bad line.")
def show(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show who gets the brief; bad lines are named on stderr.

    Exit code 1 when a line is bad. Example: reportgen subscribers list --json
    """
    from reportgen.cli.letters import mail_config
    from reportgen.delivery.mail.people import Suppressions, read_subscribers

    settings, mail = mail_config(config)
    found, suppressed = read_subscribers(mail.subscribers_place), Suppressions(mail.suppressions)
    for line in (*found.notes, *found.problems, *unwatched(settings, found.subscribers)):
        note(line)
    if as_json:
        people = [_as_json(one) | {"suppressed": one.address.key in suppressed} for one in found.subscribers]
        tell_json({"subscribers": people, "problems": list(found.problems)})
    else:
        for one in found.subscribers:
            symbols = f"{'only ' if one.only else ''}{' '.join(one.symbols)}"
            gone = "suppressed" if one.address.key in suppressed else ""
            tell(" · ".join(filter(None, (one.address.written, one.name, symbols, one.timezone, one.format, gone))))
    if found.problems:
        raise typer.Exit(1)


def unwatched(settings: Config, subscribers: Iterable[Subscriber]) -> Iterator[str]:
    """Say who asks for a market that no brief holds, because it is not on the watchlist."""
    watched = {entry.symbol for entry in settings.watchlist}
    for one in subscribers:
        absent = [symbol for symbol in one.symbols if symbol not in watched]
        if absent:
            yield f"{one.address.written}: {', '.join(absent)} is not on the watchlist, so no brief will hold it."


def _as_json(subscriber: Subscriber) -> dict[str, Any]:
    """Write a subscriber as JSON does."""
    return {
        "address": subscriber.address.written,
        "name": subscriber.name,
        "symbols": list(subscriber.symbols),
        "only": subscriber.only,
        "locale": subscriber.locale,
        "timezone": subscriber.timezone,
        "format": subscriber.format,
    }
