"""Filters of other programs: any octets become a script that can be used, or are refused."""

from typing import Final

from angarium.sieve import parse_script
from angarium.sievetranslate import (
    SourceRefused,
    Surroundings,
    VacationText,
    read_vacation_text,
    translate_forward,
    translate_procmail,
)

_SURROUNDINGS: Final = (
    Surroundings(),
    Surroundings(user="joe", domain="example.org", vacation=VacationText("I am away.\n.\n", "Away")),
    Surroundings(separator=".", prefix="INBOX.", user="joe"),
)

_RECIPES: Final = b"""\
MAILDIR=$HOME/Mail  # where it is
DEFAULT=$MAILDIR/inbox
:0 c
* ^From:.*boss
* ! ^FROM_DAEMON
! phone@example.net
:0 Wh: msgid.lock
| formail -D 8192 msgid.cache
:0
* ^List-Id:.*<\\/[^.>]+
lists/$MATCH
:0
* > 100
{
  :0 HB
  * B ?? undeliverable
  bounces
  :0 E
  | dovecot-lda -m "Lists/a"
}
:0fw
| spamassassin
:0 A
* ^X-Spam-Status: (Yes|YES)
/dev/null
:0 c
| vacation -a me@example.org -t 2w joe
:0
{
  EXITCODE=67
  :0
  /dev/null
}
"""
_FORWARDS: Final = (
    b'\\joe, jim@example.net, "|/usr/bin/vacation joe"\n# nobody\n/home/joe/mail/archive\n',
    b':fail: gone away\n:include:/home/joe/list\n"|/usr/sbin/sendmail -oi jim@example.net"\n',
)

SEEDS: Final = [
    *(bytes([number]) + _RECIPES for number in range(3)),
    *(bytes([3 + number]) + text for number in range(3) for text in _FORWARDS),
]
"""The first octet is which program it is of, and what is known beside."""
WORDS: Final = [
    *(b":0 ", b":0:\n", b"* ", b"* ! ", b"* ^", b"* > ", b"* B ?? ", b"* $ ", b"{\n", b"}\n", b"! ", b"| ", b" c\n"),
    *(b"^TO_", b"^FROM_DAEMON", b"\\/", b"$MATCH", b"${A:-x}", b"A=", b"\\<", b"\\>", b"(a|b)", b"[^a]", b"*", b"+"),
    *(b"`date`", b'"', b"'", b"\\", b"\n", b"\r\n", b"#", b",", b"${a}", b"text:\n.\n", b"\xff", b"\xc3\xbc"),
    *(b"vacation ", b"formail -D 1 x", b"/dev/null", b"INCLUDERC=", b"|/usr/bin/procmail", b":include:", b"@", b"<"),
]


def run(data: bytes) -> None:
    """What is given in the end is a script."""
    if not data:
        return
    surroundings = _SURROUNDINGS[data[0] % 3]
    translate = translate_forward if data[0] // 3 % 2 else translate_procmail
    try:
        read_vacation_text(data[1:])
        translation = translate(data[1:], surroundings)
    except SourceRefused:
        return
    parse_script(translation.script.encode())
    lines = data.count(b"\n") + data.count(b"\r") + 1
    assert all(1 <= remark.line <= lines for remark in translation.remarks)
