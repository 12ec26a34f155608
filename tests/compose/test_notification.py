import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.compose.letters import ALICE, MOMENT, SENDER, TEXT, check_form, field, fields_of, original, parsed

from angarium.compose import Mailbox, Mailto, Original, OutgoingMail, mail_notification, parse_mailto


def notified(
    uri: str = "mailto:0123456789@sms.example.net",
    *,
    about: Original | None = None,
    message: str | None = None,
    from_: str | None = None,
    importance: int = 2,
    sender: str = SENDER,
    owner: Mailbox = ALICE,
) -> OutgoingMail:
    return mail_notification(
        about or original(),
        parse_mailto(uri),
        message=message,
        from_=from_,
        importance=importance,
        sender=sender,
        owner=owner,
        moment=MOMENT,
        domain="mail.example.org",
    )


def test_a_notification_is_as_the_standard_s_example() -> None:
    mail = notified(
        "mailto:0123456789@sms.example.net?to=backup@example.com",
        message="From Knitting list: A new sweater",
        importance=3,
    )
    check_form(mail)
    assert fields_of(mail)[0] == "Auto-Submitted"
    assert field(mail, "Auto-Submitted") == 'auto-notified; owner-email="alice@mail.example.org"'
    assert field(mail, "From") == "<alice@mail.example.org>"
    assert field(mail, "To") == "<0123456789@sms.example.net>, <backup@example.com>"
    assert field(mail, "Subject") == "From Knitting list: A new sweater"
    assert field(mail, "References") == "<va1@x>"
    assert field(mail, "Importance") == "low"
    assert mail.recipients == ("0123456789@sms.example.net", "backup@example.com")
    assert mail.sender == "alice@mail.example.org"


@pytest.mark.parametrize(
    ("uri", "message", "header", "subject"),
    [
        ("mailto:a@b", "told", b"Subject: original\r\n", "told"),
        ("mailto:a@b?subject=of%20the%20URI", "told", b"Subject: original\r\n", "told"),
        ("mailto:a@b?subject=of%20the%20URI", None, b"Subject: original\r\n", "of the URI"),
        ("mailto:a@b", None, b"Subject: =?utf-8?q?caf=C3=A9?=\r\n", "caf\u00e9"),
        ("mailto:a@b", None, b"", "New mail"),
    ],
)
def test_where_the_subject_comes_from(uri: str, message: str | None, header: bytes, subject: str) -> None:
    assert parsed(notified(uri, message=message, about=Original(header)))["Subject"] == subject


@pytest.mark.parametrize(
    ("sender", "from_", "envelope", "author"),
    [
        (SENDER, None, ALICE.address, "<alice@mail.example.org>"),
        (SENDER, "Robot <r@x.org>", "r@x.org", "Robot <r@x.org>"),
        (SENDER, "nonsense", ALICE.address, "<alice@mail.example.org>"),
        (SENDER, "a@b.c, d@e.f", ALICE.address, "<alice@mail.example.org>"),
        ("", None, "", "<alice@mail.example.org>"),
        ("", "Robot <r@x.org>", "", "Robot <r@x.org>"),
    ],
)
def test_who_a_notification_comes_from(sender: str, from_: str | None, envelope: str, author: str) -> None:
    mail = notified(sender=sender, from_=from_)
    assert mail.sender == envelope
    assert field(mail, "From") == author


def test_fields_of_the_uri_are_added_but_for_those_that_lie() -> None:
    mail = notified(
        "mailto:a@b?x-class=pager&from=evil@x&AUTO-SUBMITTED=no&received=x&date=y&message-id=z&bcc=q@r&x-class=again"
        "&content-type=text/html&cc=c@d&keywords=a%0D%0AEvil:%20yes"
    )
    check_form(mail)
    assert field(mail, "X-Class") == "pager"
    assert field(mail, "Keywords") == "a Evil: yes"
    assert field(mail, "Cc") == "<c@d>"
    assert mail.recipients == ("a@b", "c@d")
    assert "Bcc" not in fields_of(mail)
    assert field(mail, "Content-Type") == "text/plain; charset=us-ascii"


def test_the_body_is_the_uri_s_or_tells_whom_the_mail_is_from() -> None:
    assert parsed(notified("mailto:a@b?body=first%0Asecond")).get_content() == "first\r\nsecond\r\n"
    assert parsed(notified()).get_content() == "From: Bob <bob@example.net>\r\nSubject: lunch\r\n"


@pytest.mark.parametrize(("importance", "value"), [(1, "high"), (2, ""), (3, "low")])
def test_importance_is_shown_where_it_is_not_usual(importance: int, value: str) -> None:
    assert field(notified(importance=importance), "Importance") == value


def test_an_importance_of_the_script_goes_before_that_of_the_uri() -> None:
    assert field(notified("mailto:a@b?importance=low", importance=1), "Importance") == "high"
    assert field(notified("mailto:a@b?importance=low"), "Importance") == "low"


def test_an_owner_that_is_not_ascii_is_a_token() -> None:
    mail = notified(owner=Mailbox("j\u00f6rg@example.org"))
    value = field(mail, "Auto-Submitted")
    assert value.startswith("auto-notified; owner-token=")
    assert value.isascii()
    assert ("SMTPUTF8", "") in mail.parameters


def test_different_notifications_have_different_ids() -> None:
    found = {notified().message_id, notified(message="x").message_id, notified("mailto:a@b").message_id}
    assert len(found) == 3
    assert notified().message_id == notified().message_id


@given(TEXT, TEXT, st.none() | TEXT, st.lists(st.tuples(st.sampled_from(["X-A", "keywords", "Comments"]), TEXT)))
def test_whatever_is_said_no_field_is_begun(
    message: str, from_: str, body: str | None, fields: list[tuple[str, str]]
) -> None:
    mail = mail_notification(
        original(),
        Mailto(("a@b",), (), message, body, tuple(fields)),
        message=None,
        from_=from_,
        importance=1,
        sender=SENDER,
        owner=ALICE,
        moment=MOMENT,
        domain="mail.example.org",
    )
    check_form(mail)
    assert set(fields_of(mail)) <= {
        "Auto-Submitted", "Message-ID", "Date", "X-Sieve", "X-Sieve-Action", "From", "To", "Subject", "References",
        "Importance", "X-Priority", "X-A", "Keywords", "Comments", "MIME-Version", "Content-Type",
        "Content-Transfer-Encoding",
    }  # fmt: skip
