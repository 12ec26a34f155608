import email
from email.message import Message

import pytest
from hypothesis import given
from tests.compose.letters import HEADER, MOMENT, REPORTER, SENDER, TEXT, check_form, field, original, parsed

from angarium.compose import (
    Action,
    Original,
    OutgoingMail,
    RecipientStatus,
    RefusalForm,
    delivery_report,
    disposition_notification,
    refusal_form,
)


def rejected(
    about: Original | None = None, *, reason: str = "Go away.", recipient: str = "alice@x.org"
) -> OutgoingMail:
    return disposition_notification(
        about or original(), reason=reason, sender=SENDER, recipient=recipient, reporter=REPORTER, moment=MOMENT
    )


def failed(*statuses: RecipientStatus, explanation: str = "", action: Action = Action.FAILED) -> OutgoingMail:
    return delivery_report(
        original(),
        action=action,
        sender=SENDER,
        statuses=statuses or (RecipientStatus("bob@x.org", "5.1.1", "550 5.1.1 no such user", "mx.x.org"),),
        explanation=explanation,
        reporter=REPORTER,
        arrived=MOMENT,
        moment=MOMENT,
    )


def parts(mail: OutgoingMail) -> list[Message]:
    message = email.message_from_bytes(mail.content)
    payload = message.get_payload()
    assert isinstance(payload, list)
    return [part for part in payload if isinstance(part, Message)]


def block(part: Message, number: int = 0) -> dict[str, str]:
    """Fields of a report's second part, which the library takes for blocks of header fields."""
    payload = part.get_payload()
    if isinstance(payload, list):
        found = payload[number]
        assert isinstance(found, Message)
        return {name: " ".join(str(value).split()) for name, value in found.items()}
    inner = email.message_from_string(str(payload))
    return {name: " ".join(value.split()) for name, value in inner.items()}


def test_a_rejection_is_a_disposition_notification() -> None:
    mail = rejected()
    check_form(mail)
    assert (mail.sender, mail.recipients) == ("", (SENDER,))
    message = parsed(mail)
    assert message.get_content_type() == "multipart/report"
    assert message["Content-Type"].params["report-type"] == "disposition-notification"
    assert field(mail, "From") == "Mail Sieve Subsystem <postmaster@mail.example.org>"
    assert field(mail, "Auto-Submitted") == "auto-replied (rejected)"
    assert field(mail, "Subject") == "Automatically rejected mail"
    text, disposition, header = parts(mail)
    assert "Go away." in str(text.get_payload())
    assert disposition.get_content_type() == "message/disposition-notification"
    assert block(disposition) == {
        "Reporting-UA": "mail.example.org; Angarium 1.0",
        "Final-Recipient": "rfc822; alice@x.org",
        "Original-Message-ID": "<va1@x>",
        "Disposition": "automatic-action/MDN-sent-automatically; deleted",
    }
    assert header.get_content_type() == "text/rfc822-headers"
    assert str(header.get_payload()).encode() == HEADER
    assert "Disposition-Notification-To" not in message


def test_an_original_without_an_id_is_told_of_without_one() -> None:
    assert "Original-Message-ID" not in block(parts(rejected(Original(b"From: a@b\r\n")))[1])


def test_the_original_recipient_is_named_where_it_is_known() -> None:
    mail = disposition_notification(
        original(),
        reason="no",
        sender=SENDER,
        recipient="alice@x.org",
        original_recipient="rfc822;board@x.org",
        reporter=REPORTER,
        moment=MOMENT,
    )
    assert block(parts(mail)[1])["Original-Recipient"] == "rfc822;board@x.org"


def test_a_recipient_that_is_not_ascii_is_written_in_ascii() -> None:
    mail = rejected(recipient="j\u00f6rg@x.org")
    check_form(mail)
    assert block(parts(mail)[1])["Final-Recipient"] == "utf-8; j\\x{F6}rg@x.org"
    assert mail.content.isascii()


def test_a_failure_is_a_delivery_status_notification() -> None:
    mail = failed()
    check_form(mail)
    message = parsed(mail)
    assert message["Content-Type"].params["report-type"] == "delivery-status"
    assert field(mail, "Auto-Submitted") == "auto-replied"
    text, status, header = parts(mail)
    assert "550 5.1.1 no such user" in str(text.get_payload())
    assert block(status) == {
        "Reporting-MTA": "dns; mail.example.org",
        "Arrival-Date": "Sat, 21 Nov 2026 03:32:42 +0000",
    }
    assert block(status, 1) == {
        "Final-Recipient": "rfc822; bob@x.org",
        "Action": "failed",
        "Status": "5.1.1",
        "Remote-MTA": "dns; mx.x.org",
        "Diagnostic-Code": "smtp; 550 5.1.1 no such user",
        "Last-Attempt-Date": "Sat, 21 Nov 2026 03:32:42 +0000",
    }
    assert str(header.get_payload()).encode() == HEADER


def test_each_recipient_has_its_own_fields() -> None:
    mail = failed(RecipientStatus("a@x", "5.1.1", "no"), RecipientStatus("b@x", "4.4.7", "too late"))
    status = parts(mail)[1]
    assert block(status, 1)["Final-Recipient"] == "rfc822; a@x"
    assert block(status, 2)["Status"] == "4.4.7"
    assert block(status, 2)["Diagnostic-Code"] == "x-angarium; too late"


def test_an_extended_rejection_gives_its_reason() -> None:
    mail = failed(RecipientStatus("alice@x.org", "5.7.1", ""), explanation="No birdseed, please.")
    assert "No birdseed, please." in str(parts(mail)[0].get_payload())
    assert block(parts(mail)[1], 1)["Status"] == "5.7.1"


def test_a_relayed_mail_is_no_failure() -> None:
    mail = failed(action=Action.RELAYED)
    assert block(parts(mail)[1], 1)["Action"] == "relayed"
    assert mail.message_id != failed().message_id


def test_a_large_header_goes_back_in_part_and_whole_fields() -> None:
    about = original(*[b"X-%d: %s" % (number, b"y" * 500) for number in range(1000)])
    mail = rejected(about)
    assert len(mail.content) < 70_000
    returned = str(parts(mail)[2].get_payload()).encode()
    assert about.header.startswith(returned)
    assert returned.endswith(b"\r\n")


def test_a_header_that_is_not_ascii_goes_back_encoded() -> None:
    mail = rejected(original("Comments: caf\u00e9".encode()))
    assert mail.content.isascii()
    returned = parts(mail)[2].get_payload(decode=True)
    assert isinstance(returned, bytes)
    assert "caf\u00e9".encode() in returned


def test_the_same_report_has_the_same_id() -> None:
    assert failed().message_id == failed().message_id
    assert rejected().message_id == rejected(reason="other words").message_id
    assert failed().message_id != failed(RecipientStatus("other@x", "5.0.0", "")).message_id


@given(TEXT, TEXT, TEXT)
def test_whatever_is_said_reports_are_well_formed(reason: str, recipient: str, diagnostic: str) -> None:
    for mail in (rejected(reason=reason, recipient=recipient), failed(RecipientStatus(recipient, "5.0.0", diagnostic))):
        check_form(mail)
        assert mail.content.isascii()
        assert len(parts(mail)) == 3


@pytest.mark.parametrize(
    ("extended", "reason", "sender", "refuses", "takes_utf8", "form"),
    [
        (False, "no", SENDER, True, False, RefusalForm.PROTOCOL),
        (False, "no", "", True, False, RefusalForm.PROTOCOL),
        (False, "n\u00f6", SENDER, True, False, RefusalForm.DISPOSITION),
        (False, "n\u00f6", SENDER, True, True, RefusalForm.PROTOCOL),
        (False, "n\u00f6", "", True, False, RefusalForm.SILENT),
        (False, "no", SENDER, False, False, RefusalForm.DISPOSITION),
        (False, "no", "", False, False, RefusalForm.SILENT),
        (True, "n\u00f6", SENDER, True, False, RefusalForm.PROTOCOL),
        (True, "no", SENDER, False, False, RefusalForm.DELIVERY_STATUS),
        (True, "no", "", False, False, RefusalForm.SILENT),
    ],
)
def test_how_a_mail_is_refused(
    extended: bool, reason: str, sender: str, refuses: bool, takes_utf8: bool, form: RefusalForm
) -> None:
    found = refusal_form(
        extended=extended, reason=reason, sender=sender, protocol_refuses=refuses, protocol_takes_utf8=takes_utf8
    )
    assert found is form
