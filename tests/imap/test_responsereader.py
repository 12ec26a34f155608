"""The strict reader of responses takes what the standards let a server send, and nothing beside it."""

import asyncio
from pathlib import Path

import pytest
from tests.imap.responsereader import read_responses
from tests.imap.strictterminals import Unreadable
from tests.imap.transcript import log_in, open_services

BODY = rb'("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 12 1)'
ENVELOPE = rb'(NIL "x" ((NIL NIL "a" "b")) NIL NIL NIL NIL NIL NIL "<1@x>")'


@pytest.mark.parametrize(
    "line",
    [
        b"* OK [CAPABILITY IMAP4rev1 LITERAL+] hello",
        b"* OK [PERMANENTFLAGS (\\Seen red \\*)] Ok",
        b"* OK [COPYUID 7 1:2,4 9,3:4] Completed",
        b"* BYE [ALERT] so long",
        b"+ go ahead",
        b"+ ",
        b'a1 NO [BADURL "/x%20y"] no',
        b"* 3 EXISTS",
        b'* LIST (\\HasNoChildren) "/" "a b"',
        b'* LIST () NIL INBOX ("CHILDINFO" ("SUBSCRIBED"))',
        b"* STATUS INBOX (MESSAGES 1 MAILBOXID (a-b) APPENDLIMIT NIL)",
        b"* SEARCH",
        b"* SEARCH 1 2 (MODSEQ 9)",
        b'* ESEARCH (TAG "a") UID COUNT 2 ALL 4,1:2 MODSEQ 7',
        b'* ESEARCH (TAG "a" MAILBOX INBOX UIDVALIDITY 7) UID PARTIAL (1:3 NIL)',
        b'* ESEARCH (TAG "a") UID ADDTO (0 3:4 2 7) REMOVEFROM (0 1)',
        b"* THREAD (1 2 (3)(4 5))((6)(7))",
        b"* VANISHED (EARLIER) 1:3,9",
        b'* NAMESPACE (("" "/")) NIL (("a/" "/")("b/" "/"))',
        b'* QUOTA "" (STORAGE 1 2 MESSAGE 0 5)',
        b'* METADATA "" (/shared/comment NIL)',
        b"* METADATA INBOX /private/comment",
        b"* ID NIL",
        b'* 1 FETCH (FLAGS () UID 7 MODSEQ (9) INTERNALDATE " 7-Feb-1994 21:52:25 -0800")',
        b'* 1 FETCH (BODY[HEADER.FIELDS (To "x y")]<0> {2}\r\nhi BINARY[1.2] ~{1}\r\n\0 BINARY.SIZE[] 3)',
        b"* 7 UIDFETCH (PREVIEW NIL SAVEDATE NIL EMAILID (M1) THREADID NIL)",
        b"* 1 FETCH (ENVELOPE " + ENVELOPE + b" BODY " + BODY + b")",
        b"* 1 FETCH (BODYSTRUCTURE (" + BODY + BODY + b' "MIXED" ("BOUNDARY" "b") ("inline" NIL) ("de" "en") NIL))',
        b'* 1 FETCH (BODY ("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 3 ' + ENVELOPE + b" " + BODY + b" 2))",
    ],
)
def test_what_the_standards_have_is_read(line: bytes) -> None:
    (read,) = read_responses(line + b"\r\n")
    assert read.octets == line + b"\r\n"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"* OK", id="no text"),
        pytest.param(b"* OK [NEWCODE] x", id="a code that nobody knows"),
        pytest.param(b"* OK [UIDNEXT 0] x", id="a number that cannot be"),
        pytest.param(b"* NO [SERVERBUG] x", id="a bug of ours"),
        pytest.param(b"* OK gr\xfc\xdfe", id="a text that is not ASCII"),
        pytest.param(b"a1 EXISTS", id="data with a tag"),
        pytest.param(b"a1 BYE x", id="goodbye with a tag"),
        pytest.param(b"*  3 EXISTS", id="two spaces"),
        pytest.param(b"* 3 EXISTS ", id="a space at the end"),
        pytest.param(b"* 0 EXPUNGE", id="no message number"),
        pytest.param(b"* NEWS 1", id="a response that nobody knows"),
        pytest.param(b'* LIST () "/" "\xfc"', id="a quoted string of 8 bits"),
        pytest.param(b'* LIST () "/" NIL', id="a mailbox that looks like nil"),
        pytest.param(b'* LIST () "//" x', id="a delimiter of two characters"),
        pytest.param(b"* SEARCH 0", id="a message 0"),
        pytest.param(b"* ESEARCH (TAG a) COUNT", id="no count"),
        pytest.param(b"* THREAD (1 2", id="a thread without an end"),
        pytest.param(b"* THREAD ()", id="a thread of nothing"),
        pytest.param(b"* STATUS INBOX (MESSAGES)", id="an item without a value"),
        pytest.param(b"* ACL INBOX anna", id="an identifier without rights"),
        pytest.param(b"* 1 FETCH ()", id="no item"),
        pytest.param(b"* 1 FETCH (FLAGS () FLAGS ())", id="an item twice"),
        pytest.param(b"* 1 FETCH (BODY[MIME.1] NIL)", id="a section that cannot be"),
        pytest.param(b"* 1 FETCH (BODY[] {3}\r\nab)", id="a literal that is too short"),
        pytest.param(b"* 1 FETCH (BODY[] {1}\r\n\0)", id="NUL in a literal"),
        pytest.param(b'* 1 FETCH (ENVELOPE (NIL "x" () NIL NIL NIL NIL NIL NIL NIL))', id="a list of no addresses"),
        pytest.param(b'* 1 FETCH (BODY ("TEXT" "PLAIN" NIL NIL NIL "7BIT" 12))', id="a text without lines"),
        pytest.param(b"* 1 FETCH (BODY (" + BODY + b"))", id="a multipart without a subtype"),
        pytest.param(b"* 1 FETCH (MODSEQ 9)", id="a mod-sequence without parentheses"),
    ],
)
def test_what_they_have_not_is_refused(line: bytes) -> None:
    with pytest.raises(Unreadable):
        read_responses(line + b"\r\n")


def test_utf_8_between_quotes_is_for_those_who_asked_for_it() -> None:
    octets = '* LIST () "/" "ü"\r\n'.encode()
    assert len(read_responses(octets, is_utf8=True)) == 1
    with pytest.raises(Unreadable):
        read_responses(octets)


def test_a_session_can_be_read(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            await alice.send(b'a SELECT INBOX\r\nb STATUS INBOX (MESSAGES UIDNEXT)\r\nc LIST "" *\r\nd NAMESPACE\r\n')
            lines = read_responses(alice.take_written())
            assert [line.tag for line in lines if line.name == "OK" and line.tag != "*"] == ["a", "b", "c", "d"]

    asyncio.run(talk())
