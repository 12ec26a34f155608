from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.auth.access import AccessRules, RuleInvalid, parse_hosts_access, parse_rules
from angarium.errors import ConfigError
from angarium.names import NameSettings, UserId, VirtDomains

NAMES = NameSettings(virtdomains=VirtDomains.USERID, defaultdomain="example.com")
ALICE, BOSS, CAROL = UserId("alice"), UserId("boss"), UserId("carol", "example.org")

RULES = """
# first that fits
allow all all local, 192.0.2.0/24
deny  imap,pop3 boss, @example.org  all   # at home only
deny  all  all  2001:db8:bad::/48
"""


@pytest.mark.parametrize(
    ("service", "address", "user", "permitted"),
    [
        ("imap", "192.0.2.7", BOSS, True),
        ("imap", "::ffff:192.0.2.7", BOSS, True),
        ("imap", "", BOSS, True),
        ("imap", "127.0.0.1", BOSS, True),
        ("imap", "198.51.100.1", BOSS, False),
        ("sieve", "198.51.100.1", BOSS, True),
        ("POP3", "198.51.100.1", CAROL, False),
        ("imap", "198.51.100.1", ALICE, True),
        ("sieve", "2001:db8:bad::1", ALICE, False),
        ("sieve", "2001:db8::1%eth0", ALICE, True),
    ],
)
def test_the_first_rule_that_fits_decides(service: str, address: str, user: UserId, permitted: bool) -> None:
    assert AccessRules(parse_rules(RULES, NAMES)).permits(service, address, user) is permitted


def test_whole_networks_are_turned_away_before_the_greeting() -> None:
    rules = AccessRules(parse_rules(RULES, NAMES))
    assert not rules.admits("imap", "2001:db8:bad::1")
    assert rules.admits("imap", "198.51.100.1")
    assert rules.admits("imap", "192.0.2.7")
    some = AccessRules(parse_rules("allow all boss 198.51.100.0/24\ndeny all all all", NAMES))
    assert some.admits("imap", "198.51.100.1")
    assert not some.permits("imap", "198.51.100.1", ALICE)
    assert some.permits("imap", "198.51.100.1", BOSS)
    assert not some.admits("imap", "192.0.2.7")


@pytest.mark.parametrize(
    ("allow", "deny", "address", "admitted"),
    [
        ("", "", "192.0.2.7", True),
        ("", "ALL : ALL", "192.0.2.7", False),
        ("imap : 192.0.2.", "ALL : ALL", "192.0.2.7", True),
        ("pop3 : 192.0.2.", "ALL : ALL", "192.0.2.7", False),
        ("ALL EXCEPT pop3 : 192.0.2.0/255.255.255.0", "ALL : ALL", "192.0.2.7", True),
        ("ALL : 192.0.2. EXCEPT 192.0.2.7", "ALL : ALL", "192.0.2.7", False),
        ("ALL : 192.0.2. \\\n 198.51.100.0/24", "ALL : ALL", "198.51.100.1", True),
        ("imap : [2001:db8::]/32", "ALL : ALL", "2001:db8::1", True),
        ("ALL : LOCAL", "ALL : ALL", "127.0.0.1", True),
        ("ALL : 192.0.2.7 : deny", "", "192.0.2.7", False),
    ],
)
def test_files_of_tcp_wrappers_mean_what_they_mean_there(allow: str, deny: str, address: str, admitted: bool) -> None:
    rules = AccessRules([*parse_hosts_access(allow, allows=True), *parse_hosts_access(deny, allows=False)])
    assert rules.admits("imap", address) is admitted
    assert rules.permits("imap", address, ALICE) is admitted


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("allow all all", "line 1: a rule is"),
        ("\nperhaps all all all", "line 2: a rule is"),
        ("allow all all mail.example.org", "line 1: 'mail.example.org' is no address"),
        ("allow all all 192.0.2.0/40", "line 1: "),
    ],
)
def test_what_is_no_rule_is_named_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(RuleInvalid, match=reason):
        parse_rules(text, NAMES)


@pytest.mark.parametrize(
    ("users", "user", "is_meant"),
    [
        ("ALL", ALICE, True),
        ("all, boss", ALICE, True),
        ("Boss", BOSS, True),
        ("boss@example.com", BOSS, True),
        ("boss@EXAMPLE.com", ALICE, False),
        ("@example.com", BOSS, True),
        ("@", BOSS, True),
        ("@", CAROL, False),
        ("@Example.org", CAROL, True),
        ("Carol@Example.ORG", CAROL, True),
        ("@example.org", BOSS, False),
    ],
)
def test_users_are_meant_in_whatever_spelling_they_may_log_in_by(users: str, user: UserId, is_meant: bool) -> None:
    assert AccessRules(parse_rules(f"deny all {users} all", NAMES)).permits("imap", "192.0.2.7", user) is not is_meant


@pytest.mark.parametrize("users", ["@example.org", "boss@", "b!b"])
def test_users_whom_no_login_can_be_of_are_refused(users: str) -> None:
    with pytest.raises(RuleInvalid, match="line 1: "):
        parse_rules(f"deny all {users} all", NameSettings())


@pytest.mark.parametrize("text", ["imap", "imap :", "imap : .example.org", "imap : KNOWN", "imap : ALL : spawn x"])
def test_what_needs_names_or_commands_is_refused(text: str) -> None:
    with pytest.raises(RuleInvalid, match="line 1: "):
        parse_hosts_access(text, allows=True)


def test_files_are_read_and_named_in_errors(tmp_path: Path) -> None:
    rules, missing = tmp_path / "rules", tmp_path / "missing"
    rules.write_text(RULES)
    assert not AccessRules.read(rules, missing, missing, NAMES).admits("imap", "2001:db8:bad::1")
    assert AccessRules.read(None, None, None, NAMES).admits("imap", "2001:db8:bad::1")
    for broken in (missing, tmp_path):
        with pytest.raises(ConfigError, match=str(broken)):
            AccessRules.read(broken, None, None, NAMES)
    rules.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=str(rules)):
        AccessRules.read(rules, None, None, NAMES)


@given(st.text(alphabet="allowdeny 0123456789.:/[]#,@\\\nEXCEPT"))
def test_any_text_has_rules_or_a_reason(text: str) -> None:
    for parse in (partial(parse_rules, names=NAMES), partial(parse_hosts_access, allows=True)):
        try:
            rules = AccessRules(parse(text))
        except RuleInvalid:
            continue
        assert rules.permits("imap", "192.0.2.7", ALICE) in (True, False)
