"""Scripts as people and their programs write them, and what they do with mails.

Each file in `wild/` begins with lines `#: MESSAGE -> ACTION | ACTION`, where `\\r\\n` is a line end.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from angarium.sieve import Envelope, Script, parse_script

Decide = Callable[..., list[str]]

_FROM = b"From: Bob Jones <bob@example.net>\nTo: alice@example.org\nDate: Sat, 21 Nov 2026 10:00:00 +0000\n"
_SPAM = b"From: You <winner@spam.example>\nTo: undisclosed-recipients:;\nDate: Sat, 21 Nov 2026 10:00:00 +0000\n"

MESSAGES = {
    "plain": _FROM + b"Subject: Hello\n\nSee you there.\n",
    "list": _FROM + b"Subject: Re: [angarium-users] a question\nList-Id: Users <users.lists.example.org>\n\nYes.\n",
    "spam": _SPAM + b"Subject: ***SPAM*** Win\nX-Spam-Flag: YES\nX-Spam-Level: *******\nX-Spam-Score: 7.2\n\nNow!\n",
    "umlaut": _FROM + b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?=\n\nHi.\n",
    "big": _FROM + b"Subject: pictures\n\n" + b"x" * 70 * 1024 + b"\n" + b"y" * 70 * 1024,
    "invoice": _FROM
    + b"Subject: 4711\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nText\n--b\nContent-Type: application/pdf\n"
    + b'Content-Disposition: attachment; filename="4711.PDF"\n\n%PDF\n--b--\n',
    "empty": b"\n",
}
ENVELOPE = Envelope("bob@example.net", "alice+Shop@example.org")
SCRIPTS = sorted((Path(__file__).parent / "wild").glob("*.sieve"))


def decided(decide: Decide, script: Script, message: str) -> list[str]:
    return [words.rstrip(" ") for words in decide(script, MESSAGES[message], envelope=ENVELOPE)]


def expected(text: str) -> list[tuple[str, list[str]]]:
    cases = [line.removeprefix("#: ").split(" -> ", 1) for line in text.splitlines() if line.startswith("#: ")]
    return [(message, actions.replace("\\r\\n", "\r\n").split(" | ")) for message, actions in cases]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r\r\n"], ids=["lf", "crlf", "crcrlf"])
def test_a_script_from_the_wild_does_what_its_writer_meant(path: Path, line_end: bytes, decide: Decide) -> None:
    octets = path.read_bytes()
    script = parse_script(octets.replace(b"\n", line_end))
    cases = expected(octets.decode())
    assert cases
    for message, actions in cases:
        assert decided(decide, script, message) == actions, message


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_may_have_line_ends_of_both_kinds_and_a_mark_of_its_byte_order(path: Path, decide: Decide) -> None:
    octets = path.read_bytes()
    lines = octets.split(b"\n")
    mixed = b"".join(line + (b"\r\n", b"\n")[place % 2] for place, line in enumerate(lines[:-1])) + lines[-1]
    script = parse_script(b"\xef\xbb\xbf" + mixed)
    for message, actions in expected(octets.decode()):
        assert decided(decide, script, message) == actions, message


def test_a_chain_of_three_hundred_rules_finds_the_last(decide: Decide) -> None:
    rules = [f'if header :is "subject" "s{number}" {{ fileinto "F{number}"; }}' for number in range(300)]
    chain = 'require "fileinto";\n' + "\nels".join(rules) + '\nelse { fileinto "None"; }\n'
    assert decide(chain, b"Subject: s299\n\n") == ["fileinto F299"]
    assert decide(chain, b"Subject: s300\n\n") == ["fileinto None"]
