"""A session of LMTP over a store in memory, from its greeting to its end."""

import re
from typing import Final

from tests.fuzz.conversation import Conversations
from tests.imap.commandtexts import MAILS
from tests.lmtp.post import Post, settings

_REPLY: Final = re.compile(rb"[2-5][0-9]{2}[ -][\x20-\x7e]*\r\n")
_CLOSED: Final = re.compile(rb"(?:221|421) ")

_HEAD: Final = b"\r\n".join(
    [
        b"LHLO a.example",
        b"MAIL FROM:<a@example.org> SIZE=100 BODY=8BITMIME",
        b"RCPT TO:<alice>",
        b"RCPT TO:<bob+Work>",
        b"DATA\r\n",
    ]
)
_BINARY: Final = b"""\
Content-Type: multipart/mixed; boundary=b
Content-Transfer-Encoding: binary

--b
Content-Transfer-Encoding: binary

\x00\xff
--b--
""".replace(b"\n", b"\r\n")
_CHUNKS: Final = b"\r\n".join(
    [
        b"LHLO a.example",
        "MAIL FROM:<ä@example.org> SMTPUTF8 BODY=BINARYMIME RET=HDRS ENVID=a+2Bb BY=60;RT".encode(),
        "RCPT TO:<ü+a.b> NOTIFY=SUCCESS,DELAY ORCPT=utf-8;ü@b".encode(),
        b"RCPT TO:<alice> XFLAGS=\\Seen+20$x XDUPLICATES=NO",
        b"RCPT TO:<bob> XEXACT",
        b"BDAT 5",
        b"X: y\r" + b"BDAT 0",
        b"BDAT %d LAST" % (1 + len(_BINARY)),
        b"\n" + _BINARY + b"QUIT\r\n",
    ]
)
_OTHERS: Final = b"""\
LHLO [192.0.2.1]
MAIL FROM:<>
RCPT TO:<"a b"@example.org>
RSET
NOOP x
VRFY a
HELP
HELO x
EHLO x
DATA
STARTTLS
AUTH PLAIN AA==
BDAT 5 LAST
hello
QUIT
"""

SEEDS: Final = [
    *[b"\x10" + _HEAD + mail.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\nQUIT\r\n" for mail in MAILS],
    b"\x40" + _CHUNKS,
    b"\x80" + _OTHERS.replace(b"\n", b"\r\n"),
]
"""The first octet is where the octets are cut."""
WORDS: Final = [
    *(b"LHLO ", b"MAIL FROM:", b"RCPT TO:", b"DATA\r\n", b".\r\n", b"\r\n.\r\n", b"..\r\n", b"RSET\r\n", b"QUIT\r\n"),
    *(
        b"NOOP ",
        b"SIZE=",
        b"BDAT 9\r\n",
        b"BDAT 1 LAST\r\n",
        b" SMTPUTF8",
        b" BODY=BINARYMIME",
        b"Content-Transfer-Encoding: binary\r\n",
        b"BODY=8BITMIME",
        b"AUTH=<>",
        b"IGNOREQUOTA",
        b"<alice>",
        b"<bob+Work>",
        b"<>",
        b"@example.org",
    ),
    *(b"\r", b"\n", b"\r\n", b"\0", b"\xff", b'"', b"\\", b"<@a,@b:c@d>", b"[IPv6:::1]", b"Subject: x\r\n\r\n"),
]


_conversations = Conversations(lambda world: Post(world, settings("maxmessagesize: 100000"), preauthorised=True))


def run(data: bytes) -> None:
    """Each line that it says is a reply, and it ends when the client does."""
    if not data:
        return
    said, post = _conversations.converse(data)
    position = 0
    while position < len(said):
        match = _REPLY.match(said, position)
        assert match is not None, said[position : position + 80]
        position = match.end()
    assert not post.connections
