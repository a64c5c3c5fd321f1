"""A message, parsed back by the standard library: parts, headers, and what may not get into them."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from reportgen.config.mail import MailSettings
from reportgen.delivery.mail.letters import Composer, Letter, UnsubscribeLink, message_id
from reportgen.delivery.mail.people import Subscriber, parse_address
from reportgen.delivery.mail.smtp import dot_stuffed
from reportgen.errors import UsageError
from tests.delivery.mail.letters import BRIEF, LETTER, LINK, PNG, SENDER, UNSUBSCRIBE

ANNA = Subscriber(address=parse_address("anna@bücher.example"), name="Anna Österreicher")
CLICK = replace(LINK, url="https://example.com/leave/{token}", secret=b"s3cret")


def composed(
    letter: Letter = LETTER, sender: MailSettings = SENDER, subscriber: Subscriber = ANNA, link: UnsubscribeLink = LINK
) -> EmailMessage:
    """Compose and parse back."""
    name = message_id(BRIEF, subscriber.address.key, sender)
    written = Composer(letter, sender, link).compose(subscriber, message_id=name, date_ms=1_768_806_000_000)
    message = message_from_bytes(written, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def shape(message: EmailMessage) -> object:
    """Write the tree of media types."""
    if not message.is_multipart():
        return message.get_content_type()
    return [message.get_content_type(), *(shape(part) for part in message.iter_parts())]  # type: ignore[arg-type]


def test_the_parts_are_nested_as_mail_programs_want_them() -> None:
    """Text and HTML are alternatives, pictures belong to the HTML, and a PDF stands beside all of it."""
    inner = ["multipart/alternative", "text/plain", ["multipart/related", "text/html", "image/png"]]
    assert shape(composed()) == inner
    assert shape(composed(replace(LETTER, pdf=("b.pdf", b"%PDF-1.7")))) == ["multipart/mixed", inner, "application/pdf"]
    assert shape(composed(replace(LETTER, html=None, pictures={}))) == "text/plain"


def test_every_part_comes_back_as_it_went() -> None:
    """Bodies, picture and PDF are the same after parsing, but for the subscriber's own link."""
    message = composed(replace(LETTER, pdf=("brief.pdf", b"%PDF-1.7\n\x00\xff")))
    link = "mailto:leave@example.com?subject=unsubscribe%20anna@xn--bcher-kva.example"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == LETTER.text.replace(UNSUBSCRIBE, link)
    assert html.get_content().strip() == (LETTER.html or "").replace(UNSUBSCRIBE, link)
    picture = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert (picture["Content-ID"], picture.get_content_disposition()) == ("<map@brief>", "inline")
    assert picture.get_payload(decode=True) == PNG
    (pdf,) = message.iter_attachments()
    assert (pdf.get_filename(), pdf.get_payload(decode=True)) == ("brief.pdf", b"%PDF-1.7\n\x00\xff")


def test_the_headers_say_who_when_and_how_to_leave() -> None:
    """Name, date, list and the way out stand in headers; without an endpoint there is no one-click."""
    message = composed()
    assert message["To"] == "Anna Österreicher <anna@xn--bcher-kva.example>"
    assert message["From"] == "Morning brief <brief@example.com>"
    assert message["Reply-To"] == "Desk <desk@example.com>"
    assert message["Date"].datetime.timestamp() == 1_768_806_000
    assert message["List-Id"] == "<brief.example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"].startswith("<mailto:leave@example.com?")
    assert "List-Unsubscribe-Post" not in message


def test_one_click_needs_an_endpoint_and_carries_a_signed_token() -> None:
    """With an endpoint the https address comes first, and its token names the subscriber to who knows the secret."""
    message = composed(link=CLICK)
    web, by_mail = (part.strip(" <>") for part in message["List-Unsubscribe"].split(","))
    token = web.removeprefix("https://example.com/leave/")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert by_mail.startswith("mailto:")
    assert CLICK.read_token(token) == ANNA.address.key
    for forged in (token[:-2], "x" + token, "", token.replace(".", "")):
        with pytest.raises(UsageError, match="not signed"):
            CLICK.read_token(forged)
    with pytest.raises(UsageError, match="not signed"):
        replace(CLICK, list_id="other.example.com").read_token(token)


def test_a_long_link_is_one_header_line_that_parses() -> None:
    """No header is over the 998 characters of RFC 5322, and a long link is neither broken nor encoded."""
    long_one = Subscriber(address=parse_address(f"{'a' * 60}@{'b' * 60}.{'c' * 60}.example"))
    url = f"https://{'long-name.' * 12}example.com/leave?list=morning&token={{token}}"
    link = replace(CLICK, url=url)
    written = Composer(LETTER, SENDER, link).compose(long_one, message_id="<a@example.com>", date_ms=0)
    assert max(map(len, written.split(b"\r\n\r\n")[0].split(b"\r\n"))) < 998
    parsed = message_from_bytes(written, policy=default)
    assert link.addresses(long_one.address.key)[0] in str(parsed["List-Unsubscribe"])


def test_the_same_message_has_the_same_bytes() -> None:
    """Nothing in a message comes from a clock or from chance, and each subscriber's has a name of its own."""
    first, second = (
        Composer(LETTER, SENDER, LINK).compose(ANNA, message_id="<a@example.com>", date_ms=5) for _ in range(2)
    )  # fmt: skip
    assert first == second
    assert message_id(BRIEF, "a@b.example", SENDER) != message_id(BRIEF, "c@b.example", SENDER)
    assert message_id("2026-01-20", "a@b.example", SENDER) != message_id(BRIEF, "a@b.example", SENDER)


def test_a_letter_may_speak_of_its_own_seams() -> None:
    """A subject that repeats a part's place or a boundary of another message is said as it stands."""
    seams = Composer(LETTER, SENDER, LINK).compose(ANNA, message_id="<a@example.com>", date_ms=5).decode()
    boundary = seams.partition('boundary="')[2].partition('"')[0]
    seed = boundary.rpartition("_")[2]
    subject = f"={seed}-0= ={seed}-1= {boundary}"
    message = composed(replace(LETTER, subject=subject))
    assert message["Subject"] == subject
    assert shape(message) == shape(composed())


def test_one_letter_to_many_differs_in_what_is_personal_alone() -> None:
    """Two subscribers' messages have the same parts and pictures, and each their own way out, once in each body."""
    bert = Subscriber(address=parse_address("bert@example.com"))
    composer = Composer(LETTER, SENDER, LINK)
    for subscriber in (ANNA, bert, ANNA):
        key = subscriber.address.key
        written = composer.compose(subscriber, message_id=f"<{key}>", date_ms=5)
        assert written == Composer(LETTER, SENDER, LINK).compose(subscriber, message_id=f"<{key}>", date_ms=5)
        message = message_from_bytes(written, policy=default)
        assert message.defects == []
        for kind in ("plain", "html"):
            body = message.get_body((kind,))
            assert body is not None
            assert body.get_content().count(LINK.addresses(key)[0]) == 1


INJECTION = "Anna\r\nBcc: everybody@example.com"


@pytest.mark.parametrize(
    ("letter", "sender", "subscriber"),
    [
        (replace(LETTER, subject=INJECTION), SENDER, ANNA),
        (replace(LETTER, subject="a\u2028b"), SENDER, ANNA),
        (LETTER, SENDER.model_copy(update={"sender": f'"{INJECTION}" <a@example.com>'}), ANNA),
        (LETTER, SENDER.model_copy(update={"list_id": INJECTION}), ANNA),
        (LETTER, SENDER, replace(ANNA, name=INJECTION)),
        (LETTER, SENDER, replace(ANNA, name="a\x00b")),
    ],
)
def test_nothing_breaks_out_of_its_header(letter: Letter, sender: MailSettings, subscriber: Subscriber) -> None:
    """A line break in a subject, a name or a setting is refused, wherever it comes from."""
    with pytest.raises(UsageError, match="control character"):
        composed(letter, sender, subscriber)


@pytest.mark.parametrize("name", ['A "quoted" <b@c.example>, d', "Ünï, cödé; ✓", "=?utf-8?q?x?=", "a" * 200])
def test_odd_names_reach_one_mailbox_only(name: str) -> None:
    """Whatever a name looks like, the message is to one address."""
    (one,) = composed(subscriber=replace(ANNA, name=name))["To"].addresses
    assert one.addr_spec == "anna@xn--bcher-kva.example"


def test_a_dot_at_the_start_of_a_line_is_doubled() -> None:
    """No line of a message can end it."""
    assert dot_stuffed(b".\r\na.b\r\n..c") == b"..\r\na.b\r\n...c\r\n"
