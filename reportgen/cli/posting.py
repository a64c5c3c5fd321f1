"""What `post` does: the short form of a kept brief to each channel, each message once, through the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from reportgen.brief.types import Brief
from reportgen.cli.console import complain, note, tell, tell_json
from reportgen.cli.letters import (
    CAN_BE_RETRIED,
    KeptBrief,
    ledger_place,
    read_kept,
    recovered,
    refuse_stale,
    tell_line,
    tell_unknown,
)
from reportgen.config.load import DEFAULT_PATH, load_config
from reportgen.config.places import place_of
from reportgen.config.settings import PostChannel
from reportgen.delivery.ledger import OPEN, Delivery, SendLedger, State
from reportgen.delivery.notify import Message, channel_at, post_messages
from reportgen.errors import ReportgenError, UsageError
from reportgen.morning.live import now_ms
from reportgen.render.post import Post, posts_of


def post_all(
    config: Path | None,
    output: str | None,
    day: str | None,
    *,
    to: Sequence[str],
    dry_run: bool,
    resend_unknown: bool,
    stale: bool,
    as_json: bool,
) -> int:
    """Post what no channel has yet, say how it went, and give the exit code.

    Raises:
        UsageError: There is no `post:`, no such channel, or no brief.
        DataError: The brief is stale, or cannot be read: nothing has been posted.
    """
    path = config or DEFAULT_PATH
    settings = load_config(path)
    wanted = settings.post
    if wanted is None:
        raise UsageError(f"{path} has no `post:`. Name the channels that get the brief; docs/post.md shows how.")
    place = place_of(output) if output else settings.output
    known = {one.name: one for one in wanted.channels}
    for name in to:
        if name not in known:
            raise UsageError(f"No channel of `post:` is called `{name}`. There are {', '.join(known)}.")
    channels = tuple(known[name] for name in dict.fromkeys(to or known))
    kept = read_kept(place, day, now_ms())
    if not stale:
        refuse_stale(kept, "post")
    page = kept.web_page(wanted.link)
    written = {one.name: posts_of(kept.brief, one.symbols, page) for one in channels}
    if dry_run:
        if as_json:
            tell_json({"channels": {name: [asdict(one) for one in posts] for name, posts in written.items()}})
            return 0
        for name, posts in written.items():
            for one in posts:
                tell(f"--- {name}: {one.title}\n{one.text}\n")
        return 0
    with recovered(ledger_place(wanted.ledger, kept.store, "posts"), "posts", kept.name) as ledger:
        faults = [_post(ledger, kept, one, written[one.name], resend_unknown=resend_unknown) for one in channels]
        code = _report(ledger, kept, channels, as_json=as_json)
        return max(faults) or code


def _post(
    ledger: SendLedger, kept: KeptBrief, wanted: PostChannel, posts: Sequence[Post], *, resend_unknown: bool
) -> int:
    """Post to one channel; what is wrong with it is told and gives an exit code, and stops no other."""
    messages = [
        Message(
            line=f"{wanted.name} {one.key}",
            title=one.title,
            text=one.text,
            picture=partial(_figure, kept.brief, one.symbol if wanted.figure else ""),
        )
        for one in posts
    ]
    if resend_unknown:
        ledger.queue_unknown([one.line for one in messages], now_ms())
    try:
        post_messages(ledger, lambda: channel_at(wanted.address.read(), f"post: {wanted.name}"), messages, now_ms, note)
    except ReportgenError as error:
        complain(str(error))
        return error.exit_code
    return 0


def _figure(brief: Brief, symbol: str) -> bytes:
    """Draw a symbol's figure; nothing where none is wanted."""
    from reportgen.render.charts import figure_png

    return b"".join(figure_png(brief, one, "phone") for one in brief.symbols if one.symbol == symbol)


def _channel_of(one: Delivery) -> str:
    return one.subscriber.partition(" ")[0]


def _report(ledger: SendLedger, kept: KeptBrief, channels: Sequence[PostChannel], *, as_json: bool) -> int:
    """Say how each channel stands; 4 when a message can be tried again."""
    states: dict[str, dict[str, int]] = {one.name: {} for one in channels}
    ours = [one for one in ledger.deliveries() if _channel_of(one) in states]
    for one in ours:
        counts = states[_channel_of(one)]
        counts[str(one.state)] = counts.get(str(one.state), 0) + 1
    if as_json:
        tell_json({"brief": kept.name, "path": kept.place, "channels": states})
    else:
        for name, counts in states.items():
            tell(f"{name}: {', '.join(f'{number} {state}' for state, number in sorted(counts.items()))}")
    tell_unknown(ours, "Post")
    for one in ours:
        if one.state is State.DEFERRED:
            tell_line(one)
    again = [name for name, counts in states.items() if any(counts.get(str(state)) for state in OPEN)]
    if again:
        note(f"{', '.join(again)} did not take every message. Run `reportgen post` again.")
    return CAN_BE_RETRIED if again else 0
