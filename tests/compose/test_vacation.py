import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.compose.letters import ALICE, MOMENT, SENDER, TEXT, check_form, field, fields_of, original, parsed

from angarium.compose import Mailbox, Original, OutgoingMail, vacation_answer


def answer(
    about: Original | None = None,
    *,
    reason: str = "I am gone.\nBye",
    is_mime: bool = False,
    subject: str | None = None,
    from_: str | None = None,
    sender: str = SENDER,
    handle: str = "h",
    owner: Mailbox = ALICE,
) -> OutgoingMail:
    return vacation_answer(
        about or original(),
        reason=reason,
        is_mime=is_mime,
        subject=subject,
        from_=from_,
        sender=sender,
        owner=owner,
        handle=handle,
        moment=MOMENT,
        domain="mail.example.org",
    )


def test_an_answer_is_as_cyrus_has_it() -> None:
    mail = answer(subject="Away")
    check_form(mail)
    assert (mail.sender, mail.recipients) == ("", (SENDER,))
    assert ("NOTIFY", "NEVER") in mail.parameters
    assert mail.content == (
        b"Message-ID: <" + mail.message_id.encode() + b">\r\n"
        b"Date: Sat, 21 Nov 2026 03:32:42 +0000\r\n"
        b"X-Sieve: CMU Sieve 3.0\r\n"
        b"X-Sieve-Action: vacation\r\n"
        b"From: <alice@mail.example.org>\r\n"
        b"To: <other@example.net>\r\n"
        b"Subject: Away\r\n"
        b"In-Reply-To: <va1@x>\r\n"
        b"References: <va1@x>\r\n"
        b"Auto-Submitted: auto-replied (vacation)\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=us-ascii\r\n"
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"\r\n"
        b"I am gone.\r\n"
        b"Bye\r\n"
    )


@pytest.mark.parametrize(
    ("fields", "subject", "expected"),
    [
        ((), None, "Auto: lunch"),
        ((), "", ""),
        ((), "Caf\u00e9", "Caf\u00e9"),
    ],
)
def test_the_subject_is_the_script_s_or_made_from_the_original(
    fields: tuple[bytes, ...], subject: str | None, expected: str
) -> None:
    assert (parsed(answer(original(*fields), subject=subject))["Subject"] or "") == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"From: a@b\r\n", "Automated reply"),
        (b"Subject: \r\n", "Automated reply"),
        (b"Subject: =?utf-8?q?caf=C3=A9?=\r\n", "Auto: caf\u00e9"),
        (b"Subject: " + b"x" * 5000 + b"\r\n", "Auto: " + "x" * 500),
    ],
)
def test_the_subject_of_an_original(header: bytes, expected: str) -> None:
    mail = answer(Original(header))
    assert parsed(mail)["Subject"] == expected
    assert "In-Reply-To" not in fields_of(mail)
    assert "References" not in fields_of(mail)


@pytest.mark.parametrize(
    ("fields", "references"),
    [
        ((b"References: <a@x> <b@x>",), "<a@x> <b@x> <va1@x>"),
        ((b"In-Reply-To: <a@x>",), "<a@x> <va1@x>"),
        ((b"In-Reply-To: <a@x> <b@x>",), "<va1@x>"),
        ((b"References: <a@x>\r\n\t<b@x>", b"In-Reply-To: <c@x>"), "<a@x> <b@x> <va1@x>"),
        ((b'References: <"a b"@x> nonsense <\xe9@x>',), '<"a b"@x> <va1@x>'),
    ],
)
def test_references_go_on(fields: tuple[bytes, ...], references: str) -> None:
    assert field(answer(original(*fields)), "References") == references


def test_long_references_are_cut_in_the_middle() -> None:
    many = b" ".join([b"<%d@x>" % number for number in range(1000)])
    ids = field(answer(original(b"References: " + many)), "References").split()
    assert ids[:2] == ["<0@x>", "<982@x>"]
    assert ids[-2:] == ["<999@x>", "<va1@x>"]
    assert len(ids) == 20


@pytest.mark.parametrize(
    ("from_", "expected"),
    [
        ("Alice <a@b.c>", "Alice <a@b.c>"),
        ("not an address", "<alice@mail.example.org>"),
        ("a@b\r\nBcc: c@d", "<alice@mail.example.org>"),
    ],
)
def test_from_is_the_script_s_where_it_is_an_address(from_: str, expected: str) -> None:
    mail = answer(from_=from_)
    assert field(mail, "From") in (expected, "<a@b>")
    assert "Bcc" not in fields_of(mail)


def test_of_several_authors_the_first_is_the_sender() -> None:
    mail = answer(from_="A <a@b.c>, D <d@e.f>")
    assert field(mail, "From") == "A <a@b.c>, D <d@e.f>"
    assert field(mail, "Sender") == "A <a@b.c>"


@pytest.mark.parametrize(
    ("reason", "encoding"),
    [
        ("plain", "7bit"),
        ("caf\u00e9 is open", "quoted-printable"),
        ("\u6f22\u5b57" * 40, "base64"),
        ("x" * 2000, "quoted-printable"),
        ("nul\0", "quoted-printable"),
    ],
)
def test_the_text_is_encoded_where_it_must_be(reason: str, encoding: str) -> None:
    mail = answer(reason=reason)
    assert field(mail, "Content-Transfer-Encoding") == encoding
    assert parsed(mail).get_content().rstrip("\r\n") == reason


def test_a_mime_reason_is_the_body_and_its_content_fields() -> None:
    reason = (
        "Content-Type: multipart/alternative;\n boundary=foo\nSubject: mine\nX-Evil: yes\nContent-Language: en\n\n"
        "--foo\n\nI'm at the beach.\n\n--foo\nContent-Type: text/html; charset=us-ascii\n\n<b>beach</b>\n\n--foo--\n"
    )
    mail = answer(reason=reason, is_mime=True)
    check_form(mail)
    message = parsed(mail)
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["Subject"] == "Auto: lunch"
    assert message["X-Evil"] is None
    assert message["Content-Language"] == "en"


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("\njust text", "just text\n"),
        ("no header at all", ""),
        ("Content-Type: caf\u00e9/x\n\nbody", "body\n"),
        ("Content-Type: text/plain\nContent-Type: text/html\n\nbody", "body\n"),
    ],
)
def test_odd_mime_reasons_make_a_message(reason: str, text: str) -> None:
    mail = answer(reason=reason, is_mime=True)
    check_form(mail)
    assert parsed(mail).get_content_type() == "text/plain"
    assert parsed(mail).get_content().replace("\r\n", "\n") == text


def test_8_bit_mime_needs_8bitmime() -> None:
    mail = answer(reason="Content-Type: text/plain; charset=utf-8\n\ncaf\u00e9", is_mime=True)
    assert ("BODY", "8BITMIME") in mail.parameters
    assert ("SMTPUTF8", "") not in mail.parameters


def test_an_address_that_is_not_ascii_needs_smtputf8() -> None:
    mail = answer(sender="j\u00f6rg@example.net")
    assert ("SMTPUTF8", "") in mail.parameters
    assert "To: <j\u00f6rg@example.net>\r\n".encode() in mail.content


def test_the_same_answer_has_the_same_id_and_another_another() -> None:
    first = answer()
    assert answer(reason="changed").message_id == first.message_id
    different = {
        answer(handle="other").message_id,
        answer(sender="x@y").message_id,
        answer(Original(b"Message-ID: <va2@x>\r\n")).message_id,
        answer(owner=Mailbox("bob@mail.example.org")).message_id,
    }
    assert len(different | {first.message_id}) == 5


@given(TEXT, st.none() | TEXT, st.none() | TEXT, st.booleans(), st.binary(max_size=200))
def test_whatever_is_said_no_field_is_begun(
    reason: str, subject: str | None, from_: str | None, is_mime: bool, junk: bytes
) -> None:
    about = original(b"References: " + junk.replace(b"\n", b" ").replace(b"\r", b" "))
    mail = answer(about, reason=reason, subject=subject, from_=from_)
    check_form(mail)
    names = {
        "Message-ID", "Date", "X-Sieve", "X-Sieve-Action", "From", "Sender", "To", "Subject", "In-Reply-To",
        "References", "Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    }  # fmt: skip
    assert set(fields_of(mail)) <= names
    if is_mime:
        other = answer(about, reason=reason, is_mime=True, subject=subject, from_=from_)
        assert {name for name in fields_of(other) if not name.lower().startswith("content-")} <= names
