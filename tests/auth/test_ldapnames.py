import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.auth.ldapdirectory import ldap_library
from angarium.auth.ldapnames import LdapName, escape_dn, escape_filter


@pytest.mark.parametrize(
    ("template", "expanded"),
    [
        ("(uid=%u)", "(uid=alice@mail.example.org)"),
        ("(uid=%U)", "(uid=alice)"),
        ("%d %R", "mail.example.org mail.example.org"),
        ("dc=%2,dc=%1", "dc=example,dc=org"),
        ("%3.%4.%9", "mail.."),
        ("(member=%D)", "(member=cn=a)"),
        ("100%%u%", "100%u%"),
        ("%x", "%x"),
    ],
)
def test_placeholders(template: str, expanded: str) -> None:
    name = LdapName("alice@mail.example.org", "mail.example.org", "cn=a")
    assert name.expand(template, str) == expanded


def test_values_in_filters() -> None:
    assert LdapName("a*)(b\\\0", "d").expand("(uid=%u)", escape_filter) == "(uid=a\\2a\\29\\28b\\5c\\00)"
    assert LdapName("%d", "d").expand("%u", escape_filter) == "%d"


@pytest.mark.parametrize(
    ("value", "escaped"),
    [("a,b+c", "a\\2cb\\2bc"), ("#a", "\\23a"), (" a ", "\\20a\\20"), (" ", "\\20"), ("a#b", "a#b"), ("", "")],
)
def test_values_in_names(value: str, escaped: str) -> None:
    assert escape_dn(value) == escaped


@given(st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=20))
def test_a_value_is_one_part_of_a_name_and_comes_back(value: str) -> None:
    ((kind, found, _),), (other,) = ldap_library().dn.str2dn(f"uid={escape_dn(value)},dc=x")
    assert (kind, found) == ("uid", value)
    assert other[:2] == ("dc", "x")
