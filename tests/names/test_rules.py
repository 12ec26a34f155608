import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.errors import MailboxNameInvalid
from angarium.names.rules import check_characters, is_domain, is_inbox


@pytest.mark.parametrize("character", "azAZ09 #$'()*+,-.:=?@[]_~&éß日\U0001f4ec\u00a0\u200d")
def test_character_is_allowed(character: str) -> None:
    check_characters(f"a{character}b")


@pytest.mark.parametrize("character", '!"%/;<>\\^`{|}\x00\x01\t\r\n\x1f\x7f\x80\x9f\u2028\u2029\ud800\udfff')
def test_character_is_refused(character: str) -> None:
    with pytest.raises(MailboxNameInvalid, match="is not allowed"):
        check_characters(f"a{character}b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("example.com", True),
        ("localhost", True),
        ("a-b.c", True),
        ("bücher.example", True),
        ("127.0.0.1", True),
        ("", False),
        (".", False),
        ("example.", False),
        (".example", False),
        ("a..b", False),
        ("-a.b", False),
        ("a-.b", False),
        ("Example.com", False),
        ("example.com/x", False),
        ("a b", False),
        ("a!b", False),
        ("a@b", False),
        ("bu\u0308cher.example", False),
        ("a\n", False),
        ("x" * 256, False),
    ],
)
def test_domain(text: str, expected: bool) -> None:
    assert is_domain(text) is expected


@pytest.mark.parametrize(
    ("component", "expected"),
    [("INBOX", True), ("inbox", True), ("iNbOx", True), ("INBOXX", False), ("INBO", False), ("ınbox", False)],
)
def test_inbox_is_recognised_in_any_case_of_its_ascii_letters(component: str, expected: bool) -> None:
    assert is_inbox(component) is expected


@given(st.text())
def test_any_text_is_a_domain_or_not(text: str) -> None:
    assert not is_domain(text) or "!" not in text
