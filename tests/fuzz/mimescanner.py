"""The scanner of messages, and what is sent of them."""

from pathlib import Path
from typing import Final

from tests.imap.commandtexts import MAILS
from tests.imap.responsereader import read_responses

from angarium.mime import (
    MessageBuffer,
    Part,
    decode_parts,
    decode_text,
    encode_parts,
    parse_envelope_texts,
    scan,
)

_SAMPLES: Final = Path(__file__).parents[1] / "mime" / "corpus"

SEEDS: Final = [*MAILS, *[path.read_bytes() for path in sorted(_SAMPLES.glob("*.eml")) if path.stat().st_size < 4000]]
WORDS: Final = [
    *(b"Content-Type: ", b"multipart/mixed; boundary=b", b"message/rfc822", b"message/global", b"text/plain", b"--b"),
    *(
        b"--b--",
        b"charset=",
        b"utf-7",
        b"utf-16",
        b"iso-2022-jp",
        b"base64",
        b"quoted-printable",
        b"x-uuencode",
        b"\r\n",
    ),
    *(b"\r\n\r\n", b"=?utf-8?q?=C3=BC?=", b"=?utf-8?b?w7w=?=", b"Subject: ", b"From: ", b"To: ", b"<a@b>", b"group:;"),
    *(
        b"name*0*=utf-8''%c3",
        b"name*1=x",
        b"filename=",
        b"Content-Disposition: attachment; ",
        b"Date: ",
        b"References: ",
    ),
    *(b"Content-Transfer-Encoding: ", b"Content-Language: ", b"Message-ID: ", b'"', b"\\", b"(", b")", b"\0", b"\xff"),
]


def run(data: bytes) -> None:
    """A strict client reads what is told of it, and every part is within the message."""
    scanned = scan(data)
    assert decode_parts(encode_parts(scanned.root, scanned.fields)) == scanned.root
    response = b"* 1 FETCH (ENVELOPE %b BODY %b BODYSTRUCTURE %b)\r\n"
    (_,) = read_responses(response % (scanned.envelope, scanned.body, scanned.bodystructure))
    parse_envelope_texts(scanned.envelope)
    for part in scanned.root.walk():
        _check_within(part, data)
        decode_text(data[part.body_offset : part.body_offset + part.body_size], part.encoding, part.charset)


def _check_within(part: Part, message: MessageBuffer) -> None:
    assert 0 <= part.header_offset <= part.body_offset == part.header_offset + part.header_size
    assert 0 <= part.body_size <= len(message) - part.body_offset
