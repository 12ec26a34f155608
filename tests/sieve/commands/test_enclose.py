"""enclose: the message becomes an attachment of another."""

import email
import email.policy
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from typing import Protocol

import pytest

from angarium.sieve import Envelope, Environment, FileInto, Keep, Outcome, Redirect
from angarium.sieve.actions import Edition, Span

SIGNED = b"""\
Received: one
Date: Sat, 21 Nov 2026 10:00:00 +0000
From: Ann <ann@example.org>
To: bob@example.org
Subject: =?utf-8?q?caf=C3=A9?=
Message-ID: <one@example.org>
Content-Type: multipart/signed; boundary=outer

--outer
Content-Type: text/plain; name="a.exe"
Content-Transfer-Encoding: 8bit

caf\xc3\xa9 \t
--outer
Content-Type: application/pgp-signature

sig
--outer--
"""
OCTETS = SIGNED.replace(b"\n", b"\r\n")
REQUIRE = (
    'require ["foreverypart", "mime", "enclose", "replace", "editheader", "copy", "body", "fileinto", "vnd.cyrus.log"];'
)


class RunScript(Protocol):
    def __call__(
        self, text: str, message: bytes = ..., *, envelope: Envelope = ..., environment: Environment = ...
    ) -> Outcome: ...


def octets_of(edition: Edition | None) -> bytes:
    assert edition is not None
    return b"".join(each if isinstance(each, bytes) else OCTETS[each.start : each.end] for each in edition.pieces)


def text_of(message: EmailMessage) -> str:
    content = message.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def parsed(octets: bytes) -> EmailMessage:
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


@pytest.fixture
def enclosed(run_script: RunScript) -> Callable[..., bytes]:
    """The message that a script makes."""

    def enclosed(script: str, message: bytes = SIGNED) -> bytes:
        outcome = run_script(f"{REQUIRE} {script}", message)
        assert outcome.failure is None
        (action,) = outcome.actions
        assert isinstance(action, Keep)
        return octets_of(action.edition)

    return enclosed


WARNING = """foreverypart {
    if header :mime :param ["name", "filename"] :matches ["Content-Type", "Content-Disposition"] ["*.com", "*.exe"] {
        enclose :subject "Careful" text:
The message below holds a program.
.
        ;
        break;
    }
}"""


def test_the_message_is_enclosed_octet_for_octet_behind_a_text(enclosed: Callable[..., bytes]) -> None:
    message = parsed(enclosed(WARNING))
    assert message["Subject"] == "Careful"
    assert message["From"] == "alice+lists@example.org"
    assert message["Date"] == "Sat, 21 Nov 2026 12:00:00 +0000"
    assert message["To"] is None
    assert message["Received"] is None
    assert message["MIME-Version"] == "1.0"
    assert message.get_content_type() == "multipart/mixed"
    text, inner = message.iter_parts()
    assert isinstance(text, EmailMessage)
    assert text.get_content_type() == "text/plain"
    assert text_of(text) == "The message below holds a program.\n"
    assert inner.get_content_type() == "message/rfc822"
    assert inner["Content-Transfer-Encoding"] == message["Content-Transfer-Encoding"] == "8bit"


def test_the_enclosed_octets_are_a_range_of_those_that_came(run_script: RunScript) -> None:
    (action,) = run_script(f'{REQUIRE} enclose "text";', SIGNED).actions
    assert isinstance(action, Keep)
    assert action.edition is not None
    assert [piece for piece in action.edition.pieces if isinstance(piece, Span)] == [Span(0, len(OCTETS))]


def test_the_subject_is_that_of_the_message_where_no_other_is_given(enclosed: Callable[..., bytes]) -> None:
    octets = enclosed('enclose "text";')
    header = octets.partition(b"\r\n\r\n")[0]
    assert header.count(b"Subject: =?utf-8?q?caf=C3=A9?=") == 1
    assert parsed(octets)["Message-ID"] != "<one@example.org>"


@pytest.mark.parametrize(
    ("recipient", "items", "author"),
    [
        ("ann@example.org", {"host": "mx.example.org"}, "ann@example.org"),
        ("ann", {"host": "mx.example.org"}, "ann@mx.example.org"),
        ("", {"host": "mx.example.org", "imap.email": "ann@example.com"}, "ann@example.com"),
        ("", {"host": "mx.example.org"}, "postmaster@mx.example.org"),
        ("a b>\r\nX: y", {}, "postmaster@localhost"),
        ("", {"host": "not a host"}, "postmaster@localhost"),
    ],
)
def test_the_author_is_the_user(
    run_script: RunScript, environment: Environment, recipient: str, items: dict[str, str], author: str
) -> None:
    (action,) = run_script(
        f'{REQUIRE} enclose "text";',
        SIGNED,
        envelope=Envelope("", recipient),
        environment=replace(environment, items=items),
    ).actions
    assert isinstance(action, Keep)
    assert parsed(octets_of(action.edition))["From"] == author


def test_fields_are_copied_that_are_named(enclosed: Callable[..., bytes]) -> None:
    headers = '["date", "FROM", "To", "message-id", "Content-Type", "subject", "x-none"]'
    message = parsed(enclosed(f'enclose :headers {headers} "text";'))
    assert message["Date"] == "Sat, 21 Nov 2026 10:00:00 +0000"
    assert message["From"] == "Ann <ann@example.org>"
    assert message["To"] == "bob@example.org"
    assert message["Message-ID"] == "<one@example.org>"
    assert message["Subject"] == "café"
    assert message.get_content_type() == "multipart/mixed"


def test_fields_that_the_message_has_not_are_made_though_they_were_to_be_copied(
    enclosed: Callable[..., bytes],
) -> None:
    octets = enclosed('enclose :headers ["date", "from", "message-id"] "text";', b"X: y\n\nz\n")
    header = octets.partition(b"\r\n\r\n")[0]
    assert header.count(b"Date: ") == header.count(b"From: ") == header.count(b"Message-ID: ") == 1


def test_tests_and_actions_have_the_new_message(run_script: RunScript) -> None:
    script = f"""{REQUIRE}
    enclose :subject "Outside" "warning";
    if header "Subject" "Outside" {{ log "subject"; }}
    if not exists "To" {{ log "header"; }}
    if header :mime :subtype "Content-Type" "mixed" {{ log "type"; }}
    if body :raw :contains "warning" {{ log "raw"; }}
    if body :content "message/rfc822" :contains "Received: one" {{ log "inner header"; }}
    if body :content "text/plain" :contains "café" {{ log "inner text"; }}
    if header :mime :anychild "To" "bob@example.org" {{ log "inner field"; }}
    addheader :last "X-A" "b";
    """
    outcome = run_script(script, SIGNED)
    assert [line.text for line in outcome.log] == [
        "subject", "header", "type", "raw", "inner header", "inner text", "inner field",
    ]  # fmt: skip
    (action,) = outcome.actions
    assert isinstance(action, Keep)
    octets = octets_of(action.edition)
    assert octets.partition(b"\r\n\r\n")[0].endswith(b"\r\nX-A: b")
    assert OCTETS in octets


def test_a_redirect_sends_what_was_enclosed(run_script: RunScript) -> None:
    script = f'{REQUIRE} enclose "text"; redirect :copy "a@example.org"; addheader "X-A" "b"; fileinto "x";'
    redirect, fileinto = run_script(script, SIGNED).actions
    assert isinstance(redirect, Redirect)
    assert redirect.edition is None
    assert isinstance(fileinto, FileInto)
    assert OCTETS in octets_of(fileinto.edition)


def test_a_redirect_sends_it_as_it_had_been_edited_by_then(run_script: RunScript) -> None:
    script = f'{REQUIRE} addheader "X-A" "b"; enclose "text"; deleteheader "X-A"; redirect "a@example.org";'
    (redirect,) = run_script(script, SIGNED).actions
    assert isinstance(redirect, Redirect)
    assert octets_of(redirect.edition) == OCTETS.replace(b"Date:", b"X-A: b\r\nDate:", 1)


def test_a_message_can_be_enclosed_twice_and_not_forever(run_script: RunScript) -> None:
    (action,) = run_script(f'{REQUIRE} enclose "one"; enclose "two";', SIGNED).actions
    assert isinstance(action, Keep)
    message = parsed(octets_of(action.edition))
    types = [part.get_content_type() for part in message.walk()]
    assert types[:7] == [
        "multipart/mixed", "text/plain", "message/rfc822",
        "multipart/mixed", "text/plain", "message/rfc822",
        "multipart/signed",
    ]  # fmt: skip
    outcome = run_script(REQUIRE + 'enclose "x";' * 11, SIGNED)
    assert outcome.failure is not None
    assert outcome.failure.reason == "the message is enclosed more than 10 times"


def test_the_same_is_made_of_the_same(enclosed: Callable[..., bytes]) -> None:
    assert enclosed('enclose "text";') == enclosed('enclose "text";')


def test_a_header_in_utf8_makes_it_a_global_message(enclosed: Callable[..., bytes]) -> None:
    octets = enclosed('enclose "text";', "From: é@example.org\n\nx\n".encode())
    assert b"Content-Type: message/global\r\n" in octets


def test_what_is_replaced_and_then_enclosed_is_enclosed_as_it_is(enclosed: Callable[..., bytes]) -> None:
    message = parsed(enclosed('replace "short"; enclose "text";'))
    _, inner = message.iter_parts()
    (content,) = inner.iter_parts()
    assert isinstance(content, EmailMessage)
    assert content["To"] == "bob@example.org"
    assert text_of(content) == "short\n"


def test_enclose_needs_its_capability(mistakes: Callable[[str], list[str]]) -> None:
    assert '"enclose" needs' in mistakes('enclose "x";')[0]
