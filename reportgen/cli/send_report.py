"""How a send went: counts on stdout, what needs a person on stderr, and the exit code."""

# ruff: noqa: PLC0415 - heavy imports live inside the functions

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import typer

from reportgen.cli.speech import note, tell, tell_json

if TYPE_CHECKING:
    from reportgen.cli.mail_pages import KeptBrief
    from reportgen.delivery.mail_ledger import Delivery, MailLedger

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
    from reportgen.delivery.mail_ledger import OPEN, State

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
    from reportgen.delivery.mail_ledger import State

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
