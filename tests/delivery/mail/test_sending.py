"""A run against a real SMTP server that takes, refuses, breaks off and stalls."""

# ruff: noqa: S106 - made-up secrets

from __future__ import annotations

import sqlite3
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from reportgen.delivery.ledger import Delivery, SendLedger, State, open_ledger
from reportgen.delivery.mail.people import Subscriber, Suppressions, parse_address
from reportgen.delivery.mail.smtp import Login
from reportgen.errors import EnvironmentProblem
from tests.delivery.mail.letters import BRIEF, SENDER, people, queue_all, run_once
from tests.delivery.mail.relay import Script, relay

FIRST, SECOND, THIRD = (subscriber.address.key for subscriber in people(3))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SendLedger]:
    """Open a ledger."""
    with open_ledger(tmp_path, "deliveries", BRIEF) as opened:
        yield opened


def states(ledger: SendLedger) -> dict[str, State]:
    """Say how each delivery stands."""
    return {one.subscriber: one.state for one in ledger.deliveries()}


def line_of(ledger: SendLedger, key: str) -> Delivery:
    """Find one delivery."""
    return next(one for one in ledger.deliveries() if one.subscriber == key)


def test_everybody_gets_one_message_over_one_connection(ledger: SendLedger, tmp_path: Path) -> None:
    """Each recipient gets a message of their own, and a second run sends nothing."""
    script, readers = Script(), people(20)
    with relay(script) as port:
        assert run_once(ledger, port, readers, tmp_path) is None
        assert run_once(ledger, port, readers, tmp_path) is None
    assert sorted(address for address, _ in script.accepted) == [s.address.key for s in readers]
    assert set(states(ledger).values()) == {State.SENT}
    assert script.connections == 1


def test_a_refusal_for_now_is_tried_again(ledger: SendLedger, tmp_path: Path) -> None:
    """A 451 at RCPT or after the message is tried again until it is taken."""
    script = Script()
    script.at_rcpt[FIRST] = ["451 4.7.1 greylisted"]
    script.at_data[SECOND] = ["452 4.2.2 full", "451 4.3.0 again"]
    with relay(script) as port:
        run_once(ledger, port, people(3), tmp_path)
    assert sorted(address for address, _ in script.accepted) == [FIRST, SECOND, THIRD]
    assert line_of(ledger, SECOND).attempts == 3


def test_who_is_refused_too_often_stays_deferred_until_the_next_run(ledger: SendLedger, tmp_path: Path) -> None:
    """After the attempts of one run a message waits for the next one, which sends it alone."""
    script = Script()
    script.at_rcpt[FIRST] = ["451 4.7.1 later"] * SENDER.retry.attempts
    with relay(script) as port:
        run_once(ledger, port, people(2), tmp_path)
        assert states(ledger) == {FIRST: State.DEFERRED, SECOND: State.SENT}
        run_once(ledger, port, people(2), tmp_path)
    assert set(states(ledger).values()) == {State.SENT}
    assert len(script.accepted) == 2


class Timed(Script):
    """Writes down when each recipient was tried."""

    def __init__(self) -> None:
        """Put everybody off three times."""
        super().__init__()
        self.at_rcpt[FIRST] = ["451 4.7.1 later"] * 3
        self.moments: list[float] = []

    async def handle_RCPT(  # noqa: N802 - the server's names
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Note the moment, then answer as the script says."""
        self.moments.append(time.monotonic())
        return await super().handle_RCPT(server, session, envelope, address, options)


def test_each_wait_is_twice_the_one_before(ledger: SendLedger, tmp_path: Path) -> None:
    """A message that is put off waits half of its wait at least: of 0.06 s, then of twice and of four times that."""
    script = Timed()
    with relay(script) as port:
        run_once(ledger, port, people(1), tmp_path, attempts=4, first_wait_seconds=0.06)
    gaps = [after - before for before, after in pairwise(script.moments)]
    assert len(gaps) == 3
    assert all(gap >= least for gap, least in zip(gaps, (0.03, 0.06, 0.12), strict=True)), gaps


def test_a_final_refusal_is_final(ledger: SendLedger, tmp_path: Path) -> None:
    """A 550 fails once and is never tried again; its words are kept."""
    script = Script()
    script.at_data[FIRST] = ["550 5.7.1 we do not like it"]
    with relay(script) as port:
        run_once(ledger, port, people(2), tmp_path)
        run_once(ledger, port, people(2), tmp_path)
    assert states(ledger) == {FIRST: State.FAILED, SECOND: State.SENT}
    assert script.tried.count(FIRST) == 1
    assert line_of(ledger, FIRST).reply == "5.7.1 we do not like it"


def test_an_address_that_does_not_exist_is_suppressed_for_good(ledger: SendLedger, tmp_path: Path) -> None:
    """A 5.1.1 puts the address on the suppression list; a complaint of the sender's address does not."""
    script = Script()
    script.at_rcpt[FIRST] = ["550 5.1.1 no such user"]
    script.at_rcpt[SECOND] = ["550 5.1.8 bad sender"]
    with relay(script) as port:
        run_once(ledger, port, people(3), tmp_path)
    assert states(ledger) == {FIRST: State.SUPPRESSED, SECOND: State.FAILED, THIRD: State.SENT}
    assert (tmp_path / "suppressed.txt").read_text() == f"{FIRST}  # 550 5.1.1 no such user\n"


@pytest.mark.parametrize(
    "words",
    [
        "Access denied, your host 5.1.66.255 is on a block list",
        "see https://relay.example/5.1.1 for why",
        "5.1.1.1 is blocked",
        "5.1.1: no",
        "4.1.1 no such user",
    ],
)
def test_only_a_status_at_the_start_says_that_nobody_is_there(ledger: SendLedger, tmp_path: Path, words: str) -> None:
    """Numbers further on, or longer than a status, are the relay's words: the message failed, and nobody is struck."""
    script = Script()
    script.at_rcpt[FIRST] = [f"550 {words}"]
    with relay(script) as port:
        run_once(ledger, port, people(2), tmp_path)
    assert states(ledger) == {FIRST: State.FAILED, SECOND: State.SENT}
    assert not (tmp_path / "suppressed.txt").exists()


@pytest.mark.parametrize(("dead", "suppressed"), [(2, 2), (3, 0)])
def test_a_run_suppresses_a_tenth_of_the_list_at_most(
    ledger: SendLedger, tmp_path: Path, dead: int, suppressed: int
) -> None:
    """Two of twenty are suppressed; three are not until the operator says so, and can be tried again."""
    script = Script()
    for reader in people(20)[:dead]:
        script.at_rcpt[reader.address.key] = ["550 5.1.1 no such user"] * 2
    with relay(script) as port:
        run_once(ledger, port, people(20), tmp_path)
        counts = ledger.counts()
        assert (counts["suppressed"], counts["deferred"], counts["sent"]) == (suppressed, dead - suppressed, 20 - dead)
        assert (tmp_path / "suppressed.txt").exists() == bool(suppressed)


def test_the_operator_may_suppress_as_many_as_there_are(ledger: SendLedger, tmp_path: Path) -> None:
    """Asked to, one run suppresses whoever does not exist, as long as the relay took another message."""
    script = Script()
    for reader in people(20)[:9]:
        script.at_rcpt[reader.address.key] = ["550 5.1.1 no such user"]
    with relay(script) as port:
        run_once(ledger, port, people(20), tmp_path, suppress_all=True)
    assert ledger.counts()["suppressed"] == 9


def test_a_sender_that_is_refused_strikes_nobody_off(ledger: SendLedger, tmp_path: Path) -> None:
    """Whatever the relay says of the sender's own address, no reader lands on the suppression list for it."""
    script = Script()
    script.at_mail = ["550 5.1.0 sender rejected"]
    with relay(script) as port:
        run_once(ledger, port, people(2), tmp_path)
    assert states(ledger) == {FIRST: State.FAILED, SECOND: State.SENT}
    assert not (tmp_path / "suppressed.txt").exists()


def test_a_relay_that_knows_nobody_any_more_does_not_strike_everybody_off(ledger: SendLedger, tmp_path: Path) -> None:
    """When one reader after the other is said not to exist the run ends early, and the rest stays queued."""
    script = Script()
    script.always = "550 5.1.1 no such user"
    with relay(script) as port:
        ended = run_once(ledger, port, people(9), tmp_path, pause_after=4)
    assert ended is not None
    counts = ledger.counts()
    assert (counts["deferred"], counts["queued"], counts["suppressed"]) == (4, 5, 0)
    assert not (tmp_path / "suppressed.txt").exists()


def test_421_connects_anew(ledger: SendLedger, tmp_path: Path) -> None:
    """A 421 ends the connection, not the run."""
    script = Script()
    script.at_data[FIRST] = ["421 4.3.2 closing down"]
    with relay(script) as port:
        run_once(ledger, port, people(3), tmp_path)
    assert set(states(ledger).values()) == {State.SENT}
    assert script.connections == 2


def test_a_line_that_breaks_after_the_message_leaves_it_unknown(ledger: SendLedger, tmp_path: Path) -> None:
    """Whether the server took it or not, nobody sends it again until asked."""
    script = Script()
    script.at_data |= {FIRST: ["drop after"], SECOND: ["drop"]}
    with relay(script) as port:
        run_once(ledger, port, people(3), tmp_path)
        assert states(ledger) == {FIRST: State.UNKNOWN, SECOND: State.UNKNOWN, THIRD: State.SENT}
        run_once(ledger, port, people(3), tmp_path)
        assert [address for address, _ in script.accepted] == [FIRST, THIRD]
        assert ledger.queue_unknown([SECOND], 1) == 1
        run_once(ledger, port, people(3), tmp_path)
    assert states(ledger) == {FIRST: State.UNKNOWN, SECOND: State.SENT, THIRD: State.SENT}


def test_a_line_that_is_closed_between_messages_costs_nothing(ledger: SendLedger, tmp_path: Path) -> None:
    """A relay that hangs up after a message is called again, and nobody is left unknown."""
    script, readers = Script(), people(3)
    script.at_data |= {reader.address.key: ["250 and close"] for reader in readers}  # whichever comes last
    with relay(script) as port:
        run_once(ledger, port, readers, tmp_path, messages_per_second=10.0)
    assert set(states(ledger).values()) == {State.SENT}
    assert len(script.accepted) == 3
    assert script.connections == 3


def test_a_relay_that_closes_after_each_message_costs_no_attempt(ledger: SendLedger, tmp_path: Path) -> None:
    """Everybody gets their mail with one attempt, though one is all that a message has."""
    script, readers = Script(), people(6)
    script.at_data = {reader.address.key: ["250 and close"] for reader in readers}
    with relay(script) as port:
        assert run_once(ledger, port, readers, tmp_path, attempts=1) is None
    assert {(one.state, one.attempts) for one in ledger.deliveries()} == {(State.SENT, 1)}


def test_a_relay_that_knows_another_login_alone_is_named(ledger: SendLedger, tmp_path: Path) -> None:
    """XOAUTH2 is nothing that we can do: one sentence says so, and everybody stays queued."""
    script = Script()
    script.offers = ["AUTH XOAUTH2 OAUTHBEARER"]
    with relay(script) as port, pytest.raises(EnvironmentProblem, match="offers only XOAUTH2, OAUTHBEARER to log in"):
        run_once(ledger, port, people(2), tmp_path, Login(user="me", password="right"))
    assert set(states(ledger).values()) == {State.QUEUED}
    assert script.tried == []


def test_a_server_that_stalls_is_left(ledger: SendLedger, tmp_path: Path) -> None:
    """No answer in time is no answer: unknown, and the others go on."""
    script = Script()
    script.at_data[FIRST] = ["stall"]
    with relay(script) as port:
        run_once(ledger, port, people(2), tmp_path, timeout_seconds=0.5)
    assert states(ledger) == {FIRST: State.UNKNOWN, SECOND: State.SENT}
    assert "no answer" in line_of(ledger, FIRST).reply


def test_failures_in_a_row_pause_the_run(ledger: SendLedger, tmp_path: Path) -> None:
    """Where everything fails the run ends early, and who was not tried stays queued."""
    script = Script()
    script.always = "550 5.7.1 blocked"
    with relay(script) as port:
        ended = run_once(ledger, port, people(9), tmp_path, pause_after=4)
    assert ended is not None
    assert "4 failures in a row" in ended
    counts = ledger.counts()
    assert (counts["failed"], counts["queued"]) == (4, 5)


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_a_refused_login_stops_everything(ledger: SendLedger, tmp_path: Path) -> None:
    """535 ends the run with one sentence that does not hold the password, and everybody stays queued."""
    with (
        relay(Script(), password="right") as port,
        pytest.raises(EnvironmentProblem, match="refused the login") as told,
    ):
        run_once(ledger, port, people(3), tmp_path, Login(user="me", password="wrong-secret"))
    assert "wrong-secret" not in str(told.value)
    assert set(states(ledger).values()) == {State.QUEUED}


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_a_login_lets_us_in(ledger: SendLedger, tmp_path: Path) -> None:
    """With the right password the mail goes out."""
    script = Script()
    with relay(script, password="right") as port:
        run_once(ledger, port, people(2), tmp_path, Login(user="me", password="right"))
    assert len(script.accepted) == 2


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_a_relay_that_wants_a_login_stops_everything(ledger: SendLedger, tmp_path: Path) -> None:
    """530 after MAIL is no failure of the message: the run ends and everybody stays queued."""
    with relay(Script(), password="right") as port, pytest.raises(EnvironmentProblem, match="does not let us send"):
        run_once(ledger, port, people(2), tmp_path)
    assert set(states(ledger).values()) == {State.QUEUED}


def test_a_relay_that_is_away_leaves_everybody_queued(ledger: SendLedger, tmp_path: Path) -> None:
    """Without a connection nothing is tried, and the reason names the relay."""
    with relay(Script()) as port:
        pass
    ended = run_once(ledger, port, people(2), tmp_path)
    assert ended is not None
    assert f"127.0.0.1:{port}" in ended
    assert {(one.state, one.attempts) for one in ledger.deliveries()} == {(State.QUEUED, 0)}


def test_the_suppression_list_is_read_before_each_message(ledger: SendLedger, tmp_path: Path) -> None:
    """Who leaves while a run goes on gets nothing any more."""
    script, readers = Script(), people(3)
    suppressed = Suppressions(tmp_path / "suppressed.txt")

    class LeavesMeanwhile(Script):
        async def handle_DATA(self, *given: object) -> str:  # noqa: N802 - the server's names
            suppressed.add(THIRD.upper(), "left just now")
            return await super().handle_DATA(*given)

    script = LeavesMeanwhile()
    with relay(script) as port:
        run_once(ledger, port, readers, tmp_path)
    assert [address for address, _ in script.accepted] == [FIRST, SECOND]
    assert states(ledger)[THIRD] is State.SUPPRESSED


def test_nothing_is_sent_that_cannot_be_written_down(tmp_path: Path) -> None:
    """When the ledger takes no more lines the run ends before DATA, with one sentence."""
    script = Script()
    with open_ledger(tmp_path, "deliveries", BRIEF) as ledger, relay(script) as port:
        queue_all(ledger, people(2))
        with closing(sqlite3.connect(tmp_path / "deliveries.sqlite")) as other:
            other.execute("CREATE TRIGGER full BEFORE UPDATE ON deliveries BEGIN SELECT RAISE(ABORT, 'full'); END")
            other.commit()
        with pytest.raises(EnvironmentProblem, match="nothing more is sent"):
            run_once(ledger, port, people(2), tmp_path)
    assert script.accepted == []


def test_several_connections_share_the_work(ledger: SendLedger, tmp_path: Path) -> None:
    """With four connections everybody still gets exactly one message."""
    script, readers = Script(), people(40)
    with relay(script) as port:
        run_once(ledger, port, readers, tmp_path, connections=4)
    assert sorted(address for address, _ in script.accepted) == [s.address.key for s in readers]
    assert script.connections == 4


def test_a_connection_serves_as_many_messages_as_the_relay_allows(ledger: SendLedger, tmp_path: Path) -> None:
    """After messages_per_connection the next message gets a new line."""
    script = Script()
    with relay(script) as port:
        run_once(ledger, port, people(6), tmp_path, messages_per_connection=2)
    assert script.connections == 3


def test_the_rate_is_kept(ledger: SendLedger, tmp_path: Path) -> None:
    """At twenty a second six messages need at least five gaps of a twentieth."""
    script = Script()
    begun = time.monotonic()
    with relay(script) as port:
        run_once(ledger, port, people(6), tmp_path, messages_per_second=20.0, connections=2)
    assert time.monotonic() - begun >= 5 / 20
    assert len(script.accepted) == 6


def test_letters_beyond_ascii_before_the_at_reach_a_relay_that_takes_them(ledger: SendLedger, tmp_path: Path) -> None:
    """SMTPUTF8 is used for the one address that needs it."""
    script = Script()
    odd = Subscriber(address=parse_address("jürgen@bücher.example"))
    with relay(script) as port:
        run_once(ledger, port, (odd, *people(1)), tmp_path)
    assert {address for address, _ in script.accepted} == {"jürgen@xn--bcher-kva.example", FIRST}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for 127.0.0.1 that nobody trusts by itself."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "cert.pem"


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_the_line_is_encrypted_and_checked(
    ledger: SendLedger, tmp_path: Path, certificate: Path, security: str
) -> None:
    """With the authority named mail goes out; without it the run ends before a word is said."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    script = Script()
    implicit, later = (context, None) if security == "tls" else (None, context)
    with relay(script, tls=implicit, starttls=later) as port:
        with pytest.raises(EnvironmentProblem, match="not trusted"):
            run_once(ledger, port, people(2), tmp_path, security=security)
        assert script.accepted == []
        run_once(ledger, port, people(2), tmp_path, security=security, ca_file=certificate)
    assert len(script.accepted) == 2


def test_starttls_is_not_given_up_silently(ledger: SendLedger, tmp_path: Path) -> None:
    """A relay without STARTTLS gets nothing when starttls is asked for."""
    script = Script()
    with relay(script) as port, pytest.raises(EnvironmentProblem, match="does not offer"):
        run_once(ledger, port, people(1), tmp_path, security="starttls")
    assert script.accepted == []
