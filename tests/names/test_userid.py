import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.errors import UserNameInvalid
from angarium.names import MailboxName, NameSettings, UserId, VirtDomains, parse_userid

OFF = NameSettings(defaultdomain="example.org")
USERID = NameSettings(defaultdomain="example.org", virtdomains=VirtDomains.USERID)
ON = NameSettings(defaultdomain="example.org", virtdomains=VirtDomains.ON)
ALL = [OFF, USERID, ON]


@pytest.mark.parametrize(
    ("text", "settings", "expected"),
    [
        ("alice", OFF, "alice"),
        ("ALICE", OFF, "alice"),
        ("alice@example.com", OFF, "alice"),
        ("a.b", OFF, "a.b"),
        ("Ärger", OFF, "ärger"),
        ("e\u0301va", OFF, "éva"),
        ("alice", USERID, "alice"),
        ("alice@example.org", USERID, "alice"),
        ("Alice@EXAMPLE.com", USERID, "alice@example.com"),
        ("alice@example.com", ON, "alice@example.com"),
        ("two words", OFF, "two words"),
    ],
)
def test_userid(text: str, settings: NameSettings, expected: str) -> None:
    assert str(parse_userid(text, settings)) == expected


@pytest.mark.parametrize("settings", ALL)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "@example.com",
        "alice@",
        "alice@-",
        "alice@a/b",
        "a/b",
        "a%b",
        "a^b",
        "a\x00b",
        "a!b",
        "a@b@example.com",
        "-bob",
        "anyone",
        "Anonymous",
        "group:staff",
        "x" * 300,
    ],
)
def test_text_that_no_user_can_have_is_refused(text: str, settings: NameSettings) -> None:
    with pytest.raises(UserNameInvalid):
        parse_userid(text, settings)


def test_letter_case_is_kept_where_asked_except_in_the_domain() -> None:
    settings = NameSettings(username_tolower=False, virtdomains=VirtDomains.USERID)
    assert str(parse_userid("Alice@Example.COM", settings)) == "Alice@example.com"


def test_dot_in_a_user_name_needs_unixhierarchysep() -> None:
    with pytest.raises(UserNameInvalid, match="unixhierarchysep"):
        parse_userid("a.b", NameSettings(unixhierarchysep=False))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [(OFF, UserId("alice")), (USERID, UserId("alice")), (ON, UserId("alice", "example.com"))],
)
def test_domain_of_the_address_connected_to_counts_with_virtdomains_on(
    settings: NameSettings, expected: UserId
) -> None:
    assert parse_userid("alice", settings, host_domain="Example.com") == expected


def test_default_domain_of_the_address_leaves_the_user_unqualified() -> None:
    assert parse_userid("alice", ON, host_domain="example.org") == UserId("alice")


@given(st.text(), st.sampled_from(ALL))
def test_userid_is_refused_or_names_itself_and_a_mailbox(text: str, settings: NameSettings) -> None:
    try:
        userid = parse_userid(text, settings)
    except UserNameInvalid:
        return
    assert parse_userid(str(userid), settings) == userid
    assert MailboxName.of_user(userid).userid == userid


def test_marks_without_end_are_refused_at_once() -> None:
    with pytest.raises(UserNameInvalid):
        parse_userid("a" + "\u0315\u0300" * 500_000, OFF)
    with pytest.raises(UserNameInvalid):
        parse_userid("a@a" + "\u0315\u0300" * 500_000, USERID)
