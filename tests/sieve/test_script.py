"""What a script that was read tells of itself."""

import pytest

from angarium.sieve import CAPABILITIES, Origin, Position, parse_script
from angarium.sieve.specification import Specification
from angarium.sieve.table import COMMANDS, TESTS


def test_what_is_required_is_told_once_and_in_order() -> None:
    script = parse_script(b'require ["copy", "fileinto"]; require "copy"; require "comparator-i;octet";')
    assert script.requires == ("copy", "fileinto", "comparator-i;octet")


@pytest.mark.parametrize(
    ("text", "needs_body"),
    [
        ('if header :contains "subject" "x" { keep; }', False),
        ("if size :over 1M { discard; }", False),
        ('require "vacation"; vacation "away";', False),
        ('require "body"; if body :contains "x" { keep; }', True),
        ('require "body"; if allof (false, not body :raw :contains "x") { keep; }', True),
        ('require "foreverypart"; if false { foreverypart { } }', True),
    ],
)
def test_whether_the_body_is_looked_at(text: str, needs_body: bool) -> None:
    assert parse_script(text.encode()).needs_body is needs_body


def test_origins_have_the_name_of_the_script() -> None:
    script = parse_script(b"keep;", name="holiday")
    assert (script.name, script.block[0].origin) == ("holiday", Origin("holiday", Position(1, 1)))


def test_a_script_of_nothing_is_one() -> None:
    for text in (b"", b" \r\n", b"# nothing", b"\xef\xbb\xbf"):
        assert parse_script(text).block == ()


def test_capabilities_stand_in_the_order_of_cyrus() -> None:
    """As recorded of Cyrus 3.6.1, without those that are its own and not here."""
    cyrus = (
        "encoded-character comparator-i;ascii-numeric fileinto reject ereject vacation vacation-seconds notify enotify"
        " include editheader vnd.cyrus.snooze envelope environment body imap4flags date ihave mailbox mboxmetadata"
        " servermetadata duplicate relational regex extlists subaddress copy index variables redirect-deliverby"
        " redirect-dsn special-use fcc mailboxid"
    )
    assert " ".join(CAPABILITIES).startswith(f"{cyrus} ")
    assert len(set(CAPABILITIES)) == len(CAPABILITIES)


def test_every_capability_of_the_table_can_be_required() -> None:
    specifications: list[Specification] = [each for found in COMMANDS.values() for each in found]
    specifications += [each for found in TESTS.values() for each in found]
    named = {name for each in specifications for name in each.capabilities}
    named |= {name for each in specifications for tag in each.tags for name in tag.capabilities}
    assert named <= {*CAPABILITIES}
    # Those that add no test, command or tag of their own
    assert {*CAPABILITIES} - named == {
        "comparator-i;ascii-numeric",
        "comparator-i;unicode-casemap",
        "encoded-character",
        "envelope-dsn",
        "imapsieve",
    }
    for capability in CAPABILITIES:
        parse_script(f'require "{capability}";'.encode())
