import pytest
from hypothesis import given
from tests.compose.letters import TEXT

from angarium.compose import Mailbox, is_address, is_reverse_path, parse_mailbox, parse_mailboxes


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("alice@example.org", True),
        ("alice+x@example.org", True),
        ('"a b"@example.org', True),
        ('"a\\"b"@example.org', True),
        ("a@[192.0.2.1]", True),
        ("j\u00f6rg@ex\u00e4mple.org", True),
        ("alice", False),
        ("@example.org", False),
        ("alice@", False),
        ("a b@example.org", False),
        ("a@b c", False),
        ("a@b\r\nRCPT TO:<x@y>", False),
        ("a@b>", False),
        ("<a@b>", False),
        ("a..b@c", False),
        (".a@c", False),
        ("a@-b", False),
        ("a@b\u0085c", False),
        ("a@b\u2028c", False),
        ('"a\nb"@c', False),
        ("-oQ/tmp@example.org", True),
        ("a" * 320 + "@b", False),
    ],
)
def test_what_is_an_address(text: str, is_one: bool) -> None:
    assert is_address(text) is is_one


@pytest.mark.parametrize(
    ("text", "is_one"), [("root", True), ("a@b", True), ("", False), ("a b", False), ("<>", False)]
)
def test_mail_may_come_from_an_address_without_a_domain(text: str, is_one: bool) -> None:
    assert is_reverse_path(text) is is_one


@given(TEXT)
def test_an_address_holds_nothing_that_ends_a_command(text: str) -> None:
    if is_reverse_path(text):
        assert not set(text) & set("\r\n\0<>" if '"' not in text else "\r\n\0")


@pytest.mark.parametrize(
    ("text", "mailboxes"),
    [
        ("a@b.c", (Mailbox("a@b.c"),)),
        ("Alice <a@b.c>", (Mailbox("a@b.c", "Alice"),)),
        ('"Liddell, A" <a@b.c>, x@y', (Mailbox("a@b.c", "Liddell, A"), Mailbox("x@y"))),
        ('"a b"@c', (Mailbox('"a b"@c'),)),
        ("=?utf-8?q?Zo=C3=AB?= <z@b>", (Mailbox("z@b", "Zo\u00eb"),)),
        ("Zo\u00eb <z@b>", (Mailbox("z@b", "Zo\u00eb"),)),
        ("", None),
        ("nobody", None),
        ("group: a@b;", None),
        ("a@b\r\nBcc: c@d", None),
    ],
)
def test_mailbox_lists_of_scripts_are_read(text: str, mailboxes: tuple[Mailbox, ...] | None) -> None:
    found = parse_mailboxes(text)
    if mailboxes is None:
        assert found is None or all(is_address(each.address) for each in found)
    else:
        assert found == mailboxes


@given(TEXT)
def test_whatever_is_read_is_an_address_on_one_line(text: str) -> None:
    for each in parse_mailboxes(text) or ():
        assert is_address(each.address)
        assert "\r" not in str(each)
        assert "\n" not in str(each)


def test_one_mailbox_is_one() -> None:
    assert parse_mailbox("A <a@b>") == Mailbox("a@b", "A")
    assert parse_mailbox("a@b, c@d") is None
    assert str(Mailbox("a@b", "A, B")) == '"A, B" <a@b>'
    assert str(Mailbox("a@b")) == "<a@b>"
