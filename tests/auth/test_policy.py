from pathlib import Path

import pytest

from angarium.auth import LoginPolicy, canonical_userid
from angarium.config import parse_settings
from angarium.errors import ConfigError, PreparationFailed, UserNameInvalid
from angarium.names import NameSettings, UserId, VirtDomains
from angarium.sasl import Needs

NAMES = NameSettings()


def policy_of(text: str, names: NameSettings = NAMES) -> LoginPolicy:
    whole = f"configdirectory: /c\npartition-default: /p\n{text}\n"
    return LoginPolicy.from_settings(parse_settings(whole, file=Path("/imapd.conf")).settings, names)


@pytest.mark.parametrize(
    ("settings", "is_tls", "login_command", "mechanisms"),
    [
        ("", False, False, []),
        ("", True, True, ["PLAIN", "LOGIN"]),
        ("allowplaintext: yes", False, True, ["PLAIN", "LOGIN"]),
        ("allowplaintext: yes\ntls_required: yes", False, False, []),
        ("allowplaintext: yes\ntls_required: yes", True, True, ["PLAIN", "LOGIN"]),
        ("sasl_mech_list: login scram-sha-256", True, True, ["LOGIN"]),
        ("sasl_mech_list: EXTERNAL", True, True, []),
        ("allowanonymouslogin: yes", False, False, ["ANONYMOUS"]),
        ("allowanonymouslogin: yes", True, True, ["PLAIN", "LOGIN", "ANONYMOUS"]),
        ("allowanonymouslogin: yes\nsasl_mech_list: PLAIN", True, True, ["PLAIN"]),
        ("allowanonymouslogin: yes\ntls_required: yes", False, False, []),
        ("allowanonymouslogin: no\nsasl_mech_list: ANONYMOUS", True, True, []),
    ],
)
def test_passwords_cross_where_that_is_allowed(
    settings: str, is_tls: bool, login_command: bool, mechanisms: list[str]
) -> None:
    policy = policy_of(settings)
    assert policy.allows_login_command(is_tls=is_tls) is login_command
    assert [mechanism.name for mechanism in policy.offered(is_tls=is_tls, capable_of=Needs.PASSWORD)] == mechanisms


@pytest.mark.parametrize(
    ("settings", "is_tls", "allowed"),
    [
        ("", True, False),
        ("allowanonymouslogin: yes", False, True),
        ("allowanonymouslogin: yes\ntls_required: yes", False, False),
        ("allowanonymouslogin: yes\ntls_required: yes", True, True),
    ],
)
def test_anonymous_logins_are_let_in_where_that_is_asked_for(settings: str, is_tls: bool, allowed: bool) -> None:
    assert policy_of(settings).allows_anonymous(is_tls=is_tls) is allowed


def test_administrators_are_users_like_others() -> None:
    assert policy_of("admins: Root cyrus").admins == {UserId("root"), UserId("cyrus")}
    assert policy_of("admins: Root\nusername_tolower: no").admins == {UserId("Root")}


def test_an_administrator_whom_no_user_can_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="admins: 'anyone'"):
        policy_of("admins: anyone")


@pytest.mark.parametrize(
    ("text", "settings", "is_own"),
    [
        ("alice", "", True),
        ("alice@example.org", "", True),
        ("alice@Mail.Example.ORG", "", True),
        ("alice@example.net", "", False),
        ("alice@example.net", "defaultdomain: example.net", True),
        ("alice@EXAMPLE.NET", "loginrealms: EXAMPLE.NET", True),
    ],
)
def test_names_of_outside_are_of_our_domains(text: str, settings: str, is_own: bool) -> None:
    policy = policy_of(f"servername: mail.example.org\n{settings}", names_of(settings))
    assert policy.is_own_name(text) is is_own
    assert policy_of(settings, NameSettings(virtdomains=VirtDomains.USERID)).is_own_name("alice@example.net")


def names_of(settings: str) -> NameSettings:
    domain = settings.removeprefix("defaultdomain: ") if settings.startswith("defaultdomain") else "internal"
    return NameSettings(defaultdomain=domain)


def test_the_pause_is_that_of_the_option() -> None:
    assert policy_of("").failed_login_pause_s == 3
    assert policy_of("failedloginpause: 500").failed_login_pause_s == 500


@pytest.mark.parametrize(
    ("text", "names", "userid"),
    [
        ("Alice", NAMES, UserId("alice")),
        ("Alice", NameSettings(username_tolower=False), UserId("Alice")),
        ("ann.smith", NAMES, UserId("ann.smith")),
        ("\ufb01nn", NAMES, UserId("finn")),
        ("alice@example.com", NAMES, UserId("alice")),
        ("alice@Example.com", NameSettings(virtdomains=VirtDomains.USERID), UserId("alice", "example.com")),
        ("anonymous", NAMES, UserNameInvalid),
        ("", NAMES, PreparationFailed),
        ("a\x07", NAMES, PreparationFailed),
        ("a/b", NAMES, UserNameInvalid),
    ],
)
def test_spellings_of_one_user(text: str, names: NameSettings, userid: UserId | type[Exception]) -> None:
    if isinstance(userid, UserId):
        assert canonical_userid(text, names) == userid
    else:
        with pytest.raises(userid):
            canonical_userid(text, names)


def test_the_host_gives_the_domain_where_it_may() -> None:
    names = NameSettings(virtdomains=VirtDomains.ON)
    assert canonical_userid("alice", names, host_domain="example.org") == UserId("alice", "example.org")
