"""Telling somebody that a refresh is due: any channel that apprise knows, each trigger once.

What was told is kept in `.refresh.json` in the output folder until the next brief. An address is a secret: it may name
variables of the environment, is kept as a fingerprint only, and reaches neither a message nor a log.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Final

from reportgen.delivery.archive.store import Reader, Store
from reportgen.errors import EnvironmentProblem, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE: Final = ".refresh.json"

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)")
_FINGERPRINT: Final = 12
_SCHEME: Final = re.compile(r"[a-z0-9.+-]{1,20}(?=:)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One place to tell. address: the secret, with variables filled in. name: its number and scheme, for messages."""

    address: str
    name: str

    @property
    def fingerprint(self) -> str:
        """A short hash: enough to know the channel again, not enough to find its address."""
        return hashlib.sha256(self.address.encode()).hexdigest()[:_FINGERPRINT]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What each channel was told about one brief. brief: which. ids: by the channel's fingerprint."""

    brief: str
    ids: Mapping[str, frozenset[str]]

    def unheard(self, channel: Channel, ids: Collection[str]) -> frozenset[str]:
        """Give what a channel has not been told."""
        return frozenset(ids) - self.ids.get(channel.fingerprint, frozenset())

    def with_told(self, channel: Channel, ids: Collection[str]) -> Told:
        """Add what a channel has now been told."""
        heard = self.ids.get(channel.fingerprint, frozenset()) | frozenset(ids)
        return Told(brief=self.brief, ids={**self.ids, channel.fingerprint: heard})


def channels(addresses: Sequence[str], environment: Mapping[str, str]) -> tuple[Channel, ...]:
    """Fill in the variables that addresses name, `$NAME` or `${NAME}`, and check that apprise knows each.

    Raises:
        UsageError: A variable is not set, or an address is of no kind that apprise knows.
        EnvironmentProblem: apprise is not installed.
    """
    made = []
    for number, address in enumerate(addresses, start=1):
        filled = _VARIABLE.sub(lambda found: _value(found[1] or found[2], environment), address)
        scheme = _SCHEME.match(filled)
        name = f"channel {number} ({scheme[0]})" if scheme else f"channel {number}"
        with _quiet():
            known = _apprise().Apprise().add(filled)
        if not known:
            raise UsageError(
                f"--notify: {name} is no address that apprise knows. Write it as ntfy://host/topic or json://host; "
                "its documentation lists every kind."
            )
        made.append(Channel(address=filled, name=name))
    return tuple(made)


def tell_channel(channel: Channel, title: str, body: str) -> bool:
    """Send one message; False when the channel did not take it."""
    with _quiet():
        service = _apprise().Apprise()
        return bool(service.add(channel.address) and service.notify(title=title, body=body))


def read_told(store: Reader, brief: str) -> Told:
    """Read what was told about a brief; nothing when the state is of another brief, absent or unreadable."""
    try:
        state = json.loads(store.read(STATE) or b"")
        kept = {str(key): frozenset(map(str, ids)) for key, ids in state.get("told", {}).items()}
        return Told(brief=brief, ids=kept if state.get("brief") == brief else {})
    except (ValueError, AttributeError, TypeError):
        return Told(brief=brief, ids={})


def write_told(store: Store, told: Told) -> None:
    """Keep what was told, whole or not at all.

    Raises:
        OSError: The folder cannot be written.
    """
    state = {"brief": told.brief, "told": {key: sorted(ids) for key, ids in sorted(told.ids.items())}}
    store.write(STATE, f"{json.dumps(state, indent=1)}\n".encode())


def _value(name: str, environment: Mapping[str, str]) -> str:
    if name not in environment:
        raise UsageError(f"--notify names the variable {name}, which is not set. Set it, or correct its name.")
    return environment[name]


def _apprise() -> ModuleType:
    try:
        import apprise
    except ImportError as error:
        raise EnvironmentProblem(
            "--notify needs apprise, which is not installed. Install it with: pip install 'reportgen[notify]'"
        ) from error
    return apprise


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep apprise's remarks, which hold addresses, from stderr and from any log, and its warnings to itself."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
