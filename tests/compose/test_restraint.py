import pytest
from tests.compose.letters import SENDER, original

from angarium.compose import (
    Original,
    is_robot,
    why_not_answered,
    why_not_notified,
    why_not_redirected,
    why_not_reported,
)

ADDRESSES = ("alice@mail.example.org", "a.liddell@example.org")


@pytest.mark.parametrize(
    "address",
    [
        "MAILER-DAEMON@example.org",
        "listserv@example.org",
        "majordomo@example.org",
        "owner-list@example.org",
        "list-owner@example.org",
        "list-request@example.org",
        "list-bounces@example.org",
        "list-bounces+alice=x@example.org",
        "bounce-123@example.org",
        "no-reply@example.org",
        "noreply@example.org",
        "do-not-reply@example.org",
        "DoNotReply@example.org",
        "noreply+abc@example.org",
        '"mailer-daemon"@example.org',
        "mailer-daemon",
    ],
)
def test_robots_are_known_by_their_names(address: str) -> None:
    assert is_robot(address)


@pytest.mark.parametrize(
    "address",
    ["bob@example.org", "postmaster@example.org", "norman@example.org", "owner@example.org", "SRS0=a=b=c=d@e.f"],
)
def test_people_are_no_robots(address: str) -> None:
    assert not is_robot(address)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ((), None),
        ((b"Auto-Submitted: no",), None),
        ((b"Auto-Submitted: No (really)",), None),
        ((b"Auto-Submitted: auto-generated",), "auto_submitted"),
        ((b'auto-submitted: auto-replied; owner-email="x@y"',), "auto_submitted"),
        ((b"Auto-Submitted: (comment) auto-notified",), "auto_submitted"),
        ((b"Auto-Submitted: x-nonsense",), "auto_submitted"),
        ((b"Auto-Submitted:",), "auto_submitted"),
        ((b"List-Id: <l.example.org>",), "mailing_list"),
        ((b"List-Help: <x>",), "mailing_list"),
        ((b"List-Subscribe: <x>",), "mailing_list"),
        ((b"List-Unsubscribe: <x>",), "mailing_list"),
        ((b"List-Post: <x>",), "mailing_list"),
        ((b"List-Owner: <x>",), "mailing_list"),
        ((b"List-Archive: <x>",), "mailing_list"),
        ((b"Mailing-List: x",), "mailing_list"),
        ((b"Precedence: bulk",), "bulk"),
        ((b"Precedence: Junk",), "bulk"),
        ((b"Precedence: list",), "bulk"),
        ((b"Precedence: first-class",), None),
        ((b"X-Auto-Response-Suppress: DR, OOF",), "answers_suppressed"),
        ((b"X-Auto-Response-Suppress: None",), None),
        ((b"X-Spam-Flag: YES",), "spam"),
        ((b"Content-Type: multipart/report; report-type=delivery-status",), "report"),
        ((b"Content-Type: text/plain",), None),
    ],
)
def test_impersonal_mail_is_not_answered(fields: tuple[bytes, ...], why: str | None) -> None:
    assert why_not_answered(original(*fields), sender=SENDER, addresses=ADDRESSES) == why


@pytest.mark.parametrize(
    ("sender", "why"),
    [
        ("", "null_sender"),
        ("no address", "sender_invalid"),
        ("x@y\r\nDATA", "sender_invalid"),
        ("owner-x@example.org", "sender_is_robot"),
        ("Alice@mail.example.org", "sender_is_recipient"),
        ("root", None),
    ],
)
def test_some_senders_are_not_answered(sender: str, why: str | None) -> None:
    assert why_not_answered(original(), sender=sender, addresses=ADDRESSES) == why


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (b"To: ALICE@Mail.Example.org\r\n", None),
        (b"Cc: x@y, Alice <a.liddell@example.org>\r\n", None),
        (b"Bcc: alice@mail.example.org\r\n", None),
        (b"Resent-To: alice@mail.example.org\r\n", None),
        (b"Resent-Cc: alice@mail.example.org\r\n", None),
        (b"Resent-Bcc: alice@mail.example.org\r\n", None),
        (b"To: friends: bob@x, alice@mail.example.org;\r\n", None),
        (b"To: bob@x\r\nTo: alice@mail.example.org\r\n", None),
        (b"To: undisclosed-recipients:;\r\n", "not_addressed"),
        (b"To: bob@example.org\r\n", "not_addressed"),
        (b"From: alice@mail.example.org\r\n", "not_addressed"),
        (b"Reply-To: alice@mail.example.org\r\n", "not_addressed"),
        (b"To: malice@mail.example.org\r\n", "not_addressed"),
        (b"", "not_addressed"),
    ],
)
def test_only_mail_to_the_user_is_answered(header: bytes, why: str | None) -> None:
    assert why_not_answered(Original(header), sender=SENDER, addresses=ADDRESSES) == why


def test_automatic_mail_causes_no_notification() -> None:
    assert why_not_notified(original()) is None
    assert why_not_notified(original(b"List-Id: <x>")) is None
    assert why_not_notified(original(b"Auto-Submitted: auto-notified; owner-token=x")) == "auto_submitted"


@pytest.mark.parametrize(("sender", "why"), [("", "null_sender"), ("a b", "sender_invalid"), ("a@b", None)])
def test_reports_go_to_who_can_be_told(sender: str, why: str | None) -> None:
    assert why_not_reported(sender) == why


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ((), None),
        ((b"X-Sieve-Redirected-From: bob@example.org",), None),
        ((b"X-Sieve-Redirected-From: bob@example.org", b"x-sieve-redirected-from:  ALICE@mail.example.org "), "loop"),
        (tuple(b"X-Sieve-Redirected-From: u%d@x" % number for number in range(10)), "too_many_redirections"),
        ((b"Received: x",) * 99, None),
        ((b"Received: x",) * 100, "too_many_hops"),
    ],
)
def test_what_goes_round_is_not_sent_on(fields: tuple[bytes, ...], why: str | None) -> None:
    assert why_not_redirected(original(*fields), owner="alice@mail.example.org") == why
