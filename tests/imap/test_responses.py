"""Status responses and codes."""

import pytest

from angarium.imap import responses as r
from angarium.sequenceset import UidSet

OK, NO = r.Condition.OK, r.Condition.NO


@pytest.mark.parametrize(
    ("response", "octets"),
    [
        (r.serialize_status(OK, b"Completed", tag=b"a1"), b"a1 OK Completed\r\n"),
        (r.serialize_status(OK, b"Ok", code=r.ResponseCode.CLOSED), b"* OK [CLOSED] Ok\r\n"),
        (
            r.serialize_status(NO, b"Mailbox does not exist", tag=b"x", code=r.ResponseCode.TRYCREATE),
            b"x NO [TRYCREATE] Mailbox does not exist\r\n",
        ),
        (r.serialize_status(r.Condition.BYE, b"LOGOUT received"), b"* BYE LOGOUT received\r\n"),
        (r.serialize_status(OK, b"Ok", code=r.code_number(b"UIDNEXT", 5)), b"* OK [UIDNEXT 5] Ok\r\n"),
        (r.serialize_continuation(b"idling"), b"+ idling\r\n"),
        (r.serialize_continuation(), b"+ \r\n"),
    ],
)
def test_status_responses(response: bytes, octets: bytes) -> None:
    assert response == octets


@pytest.mark.parametrize(
    ("code", "octets"),
    [
        (r.code_capability(b"IMAP4rev1 IDLE"), b"CAPABILITY IMAP4rev1 IDLE"),
        (r.code_permanentflags(["\\Seen", "\\*"]), b"PERMANENTFLAGS (\\Seen \\*)"),
        (r.code_mailboxid(b"qaiec16rzr"), b"MAILBOXID (qaiec16rzr)"),
        (r.code_appenduid(38505, UidSet.from_numbers([3955])), b"APPENDUID 38505 3955"),
        (r.code_modified(UidSet.from_numbers([7, 9])), b"MODIFIED 7,9"),
        (r.code_downgraded(UidSet.from_numbers([70, 105, 108, 109])), b"DOWNGRADED 70,105,108:109"),
        (r.code_messagelimit(1000, 23221), b"MESSAGELIMIT 1000 23221"),
        (r.code_messagelimit(1000, None), b"MESSAGELIMIT 1000"),
        (r.code_undefined_filter(b"on-the-road"), b"UNDEFINED-FILTER on-the-road"),
        (r.code_noupdate(b"B02"), b'NOUPDATE "B02"'),
        (r.code_badcharset([b"US-ASCII", b"UTF-8"]), b"BADCHARSET (US-ASCII UTF-8)"),
    ],
)
def test_codes(code: bytes, octets: bytes) -> None:
    assert code == octets


def test_of_very_many_messages_downgraded_mentions_the_first() -> None:
    code = r.code_downgraded(UidSet.from_numbers(range(1, 100_000, 2)))
    assert code.startswith(b"DOWNGRADED 1,3,5,")
    assert len(code) < 2000
