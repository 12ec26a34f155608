"""Users and groups in a directory of OpenLDAP: logins of real clients, and what happens when it is away."""

import asyncio
import contextlib
import imaplib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from tests.server.directory import ADMIN, READER, SECRET, SUFFIX, RunningDirectory, running_directory
from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User, running_server, wait_until

from angarium.auth import PasswordLogin
from angarium.auth.ldapdirectory import LdapDirectory
from angarium.auth.ldapusers import LdapGroups, LdapUsers, LdapVerifier
from angarium.auth.outsidecalls import OutsideCalls
from angarium.config import parse_settings
from angarium.errors import AuthenticationUnavailable
from angarium.names import UserId

ALICE: Final = User("alice", "größe & secret")
TWIN: Final = User("twin", "secret")
"""There are two of them."""
FOR_STAFF: Final = '"Shared Folders/forstaff"'
PEOPLE: Final = f"ou=people,{SUFFIX}"
GROUPS: Final = f"ou=groups,{SUFFIX}"


def person(name: str, uid: str, password: str) -> str:
    return (
        f"dn: cn={name},{PEOPLE}\nobjectClass: inetOrgPerson\ncn: {name}\nsn: {name}\nuid: {uid}\n"
        f"userPassword: {password}\n\n"
    )


@pytest.fixture(scope="module")
def directory() -> Iterator[RunningDirectory]:
    with running_directory() as running:
        running.add(
            f"dn: {PEOPLE}\nobjectClass: organizationalUnit\nou: people\n\n"
            f"dn: {GROUPS}\nobjectClass: organizationalUnit\nou: groups\n\n"
            + person("Alice", ALICE.name, ALICE.password)
            + person("One", TWIN.name, TWIN.password)
            + person("Other", TWIN.name, TWIN.password)
            + f"dn: {READER}\nobjectClass: person\ncn: reader\nsn: reader\nuserPassword: {SECRET}\n\n"
            + f"dn: cn=Staff,{GROUPS}\nobjectClass: groupOfNames\ncn: Staff\nmember: cn=Alice,{PEOPLE}\n"
        )
        yield running


def options(directory: RunningDirectory, *more: str) -> str:
    lines = [
        f"ldap_base: {PEOPLE}",
        f"ldap_bind_dn: {ADMIN}",
        f"ldap_password: {SECRET}",
        "ldap_timeout: 2s",
        "ldap_time_limit: 2s",
        f"ldap_group_base: {GROUPS}",
        "ldap_member_attribute: memberOf",
        *more,
    ]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def server(directory: RunningDirectory) -> Iterator[RunningServer]:
    """IMAP looks for entries over TLS, and IMAPS has their names."""
    text = options(
        directory,
        "workers: 1",
        "servername: mail.example.org",
        "failedloginpause: 0",
        "verified_login_kept: 0",
        "groups_kept: 0",
        "auth_mech: pts",
        "pts_module: ldap",
        "sasl_pwcheck_method: angarium ldap",
        f"ldap_uri: {directory.uri}",
        "ldap_start_tls: yes",
        f"ldap_ca_file: {directory.certificate}",
        f"imaps_ldap_uri: {directory.socket_uri}",
        f"imaps_ldap_user_dn: cn=%U,{PEOPLE}",
        "imaps_ldap_start_tls: no",
    )
    with running_server(text) as running:
        yield running


@pytest.mark.parametrize("service", ["imap", "imaps"])
def test_users_of_the_directory_log_in(server: RunningServer, service: str) -> None:
    after = len(server.output)
    assert server.log_in(ALICE, service) == "OK"
    server.output.wait_for(" login ", "checked_by=ldap", f"user={ALICE.name}", after=after)


@pytest.mark.parametrize("service", ["imap", "imaps"])
def test_a_wrong_password_is_told_as_such(server: RunningServer, service: str) -> None:
    assert "[AUTHENTICATIONFAILED]" in server.log_in(User(ALICE.name, "wrong"), service)


@pytest.mark.parametrize("template", ["", f"ldap_user_dn: cn=%U,{PEOPLE}"])
@pytest.mark.parametrize(
    ("name", "password"),
    [
        (ALICE.name, ""),
        (ALICE.name, " "),
        ("nobody", "secret"),
        ("*", "secret"),
        ("a*", ALICE.password),
        ("alice)(uid=*", ALICE.password),
        (f"alice,{PEOPLE}", ALICE.password),
        (TWIN.name, TWIN.password),
        ("x,cn=admin", SECRET),
        # Names that the directory itself takes for hers.
        ("alice ", ALICE.password),
        (" alice", ALICE.password),
        ("ali\u00adce", ALICE.password),
        ("\uff41lice", ALICE.password),
    ],
)
def test_a_name_is_only_ever_a_value(directory: RunningDirectory, name: str, password: str, template: str) -> None:
    with outsiders(directory, f"ldap_uri: {directory.socket_uri}", template) as (verifier, _):
        assert asyncio.run(verifier.verify(login(User(name, password)))) is None


def test_a_user_of_whom_there_are_two_is_told_in_the_log(server: RunningServer) -> None:
    after = len(server.output)
    server.log_in(TWIN)
    server.output.wait_for("ldap_user_ambiguous", f"user={TWIN.name}", after=after)


@pytest.mark.parametrize("password", ["", "\0"])
def test_an_empty_password_lets_nobody_in(server: RunningServer, password: str) -> None:
    assert server.log_in(User(ALICE.name, password)) != "OK"


def test_groups_come_from_the_directory_and_changes_are_seen(
    server: RunningServer, directory: RunningDirectory
) -> None:
    with server.imap(server.admin) as admin:
        admin.create("forstaff")
        admin.deleteacl("forstaff", "anyone")
        admin.setacl("forstaff", "group:staff", "lrs")
    client = imaplib.IMAP4(LOOPBACK, server.port("imap"), timeout=WAIT_S)
    try:
        client.authenticate("PLAIN", lambda _: f"\0{ALICE.name}\0{ALICE.password}".encode())
        assert client.select(FOR_STAFF, readonly=True)[0] == "OK"
        client.close()
        directory.modify(f"dn: cn=Staff,{GROUPS}\nchangetype: modify\nreplace: member\nmember: cn=One,{PEOPLE}\n")
        try:
            wait_until(lambda: client.select(FOR_STAFF, readonly=True)[0] != "OK", "she is in the group no more")
        finally:
            directory.modify(f"dn: cn=Staff,{GROUPS}\nchangetype: modify\nreplace: member\nmember: cn=Alice,{PEOPLE}\n")
    finally:
        client.shutdown()


def test_a_directory_that_is_away_is_a_temporary_failure_until_it_is_back(
    server: RunningServer, directory: RunningDirectory
) -> None:
    assert server.log_in(ALICE) == "OK"
    directory.stop()
    try:
        after, begun_s = len(server.output), time.monotonic()
        assert "[UNAVAILABLE]" in server.log_in(ALICE)
        assert time.monotonic() - begun_s < 10
        server.output.wait_for("verifier_unavailable", "method=ldap", after=after)
    finally:
        directory.start()
    wait_until(lambda: server.log_in(ALICE) == "OK", "she is let in again")
    # Connections that the restarted server does not know any more are made anew.
    directory.stop()
    directory.start()
    assert server.log_in(ALICE) == "OK"


def test_no_secret_is_in_the_log(server: RunningServer) -> None:
    assert SECRET not in server.output.text
    assert ALICE.password not in server.output.text


# Without a server around


@contextlib.contextmanager
def outsiders(directory: RunningDirectory, *more: str) -> Iterator[tuple[LdapVerifier, LdapGroups]]:
    text = "configdirectory: /c\npartition-default: /s\n" + options(directory, *more)
    settings = parse_settings(text, file=Path("/etc/imapd.conf")).settings.ldap
    asked = LdapDirectory(settings)
    users = LdapUsers(asked, settings, domain="example.org")
    calls = OutsideCalls("test")
    try:
        yield LdapVerifier(asked, users, calls), LdapGroups(asked, users, settings)
    finally:
        calls.close()
        asked.close()


def login(user: User) -> PasswordLogin:
    return PasswordLogin(UserId(user.name), user.name, user.password, "imap")


def test_groups_by_entries_of_groups(directory: RunningDirectory) -> None:
    lines = (
        f"ldap_uri: {directory.socket_uri}",
        "ldap_member_method: filter",
        f"ldap_member_base: {GROUPS}",
    )
    text = options(directory, *lines).replace("memberOf", "cn")
    settings = parse_settings(
        "configdirectory: /c\npartition-default: /s\n" + text, file=Path("/etc/imapd.conf")
    ).settings.ldap
    asked = LdapDirectory(settings)
    try:
        groups = LdapGroups(asked, LdapUsers(asked, settings, domain="example.org"), settings)
        assert groups.groups_of("alice") == {"Staff", "staff"}
        assert groups.groups_of("nobody") == frozenset()
    finally:
        asked.close()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("ldap_password: wrong", "ldap_bind_dn"),
        ("ldap_base: ou=nowhere,dc=example,dc=org", "ldap_base"),
        ("ldap_filter: (uid=%u", "not a filter"),
    ],
)
def test_settings_that_do_not_fit_the_directory_are_a_temporary_failure(
    directory: RunningDirectory, wrong: str, reason: str
) -> None:
    name = wrong.partition(":")[0]
    text = "".join(
        [
            line
            for line in options(directory, f"ldap_uri: {directory.socket_uri}").splitlines(True)
            if not line.startswith(name)
        ]
    )
    settings = parse_settings(
        f"configdirectory: /c\npartition-default: /s\n{text}{wrong}\n", file=Path("/etc/imapd.conf")
    ).settings.ldap
    asked = LdapDirectory(settings)
    calls = OutsideCalls("test")
    try:
        verifier = LdapVerifier(asked, LdapUsers(asked, settings, domain="example.org"), calls)
        with pytest.raises(AuthenticationUnavailable, match=reason) as raised:
            asyncio.run(verifier.verify(login(ALICE)))
        assert ALICE.password not in str(raised.value)
    finally:
        calls.close()
        asked.close()


def test_a_server_of_another_certificate_gets_no_password(directory: RunningDirectory) -> None:
    lines = (f"ldap_uri: {directory.uri}", "ldap_start_tls: yes")
    with outsiders(directory, *lines) as (verifier, _), pytest.raises(AuthenticationUnavailable):
        asyncio.run(verifier.verify(login(ALICE)))


def test_the_first_server_that_answers_is_asked(directory: RunningDirectory) -> None:
    with outsiders(directory, f"ldap_uri: ldap://127.0.0.1:1 {directory.socket_uri}") as (verifier, _):
        assert asyncio.run(verifier.verify(login(ALICE))) is not None


@pytest.mark.parametrize("mechanism", ["plain", "CRAM-MD5", "digest-md5", "scram-sha-1", "scram-sha-256"])
def test_the_server_says_by_sasl_who_it_is(directory: RunningDirectory, mechanism: str) -> None:
    lines = [f"ldap_uri: {directory.socket_uri}", "ldap_sasl: yes", f"ldap_sasl_mech: {mechanism}"]
    named = (*lines, "ldap_id: reader")
    with outsiders(directory, *named, f"ldap_sasl_password: {SECRET}") as (verifier, _):
        assert asyncio.run(verifier.verify(login(ALICE))) is not None
        assert asyncio.run(verifier.verify(replace(login(ALICE), password="wrong"))) is None
    with (
        outsiders(directory, *named, "ldap_sasl_password: another") as (verifier, _),
        pytest.raises(AuthenticationUnavailable, match="ldap_sasl_mech") as raised,
    ):
        asyncio.run(verifier.verify(login(ALICE)))
    assert "another" not in str(raised.value)


def test_the_directory_knows_the_systems_user_at_its_socket(directory: RunningDirectory) -> None:
    lines = (f"ldap_uri: {directory.socket_uri}", "ldap_sasl: yes", "ldap_sasl_mech: external")
    with outsiders(directory, *lines) as (verifier, _):
        assert asyncio.run(verifier.verify(login(ALICE))) is not None
    with (
        outsiders(directory, *lines, "ldap_sasl_authz: dn:cn=another,dc=example,dc=org") as (verifier, _),
        # Who may see nothing.
        pytest.raises(AuthenticationUnavailable, match="there is no entry"),
    ):
        asyncio.run(verifier.verify(login(ALICE)))


@pytest.mark.parametrize("by", ["socket", "tls"])
def test_a_directory_that_hangs_is_a_temporary_failure_and_holds_nobody_up(
    directory: RunningDirectory, by: str
) -> None:
    uri = {"socket": directory.socket_uri, "tls": directory.tls_uri}[by]
    lines = [f"ldap_uri: {uri}", f"ldap_ca_file: {directory.certificate}"]

    async def hang() -> int:
        turns = 0
        with outsiders(directory, *lines) as (verifier, _):
            assert await verifier.verify(login(ALICE)) is not None
            assert directory.process is not None
            directory.process.send_signal(signal.SIGSTOP)
            await asyncio.to_thread(os.waitid, os.P_PID, directory.process.pid, os.WSTOPPED | os.WNOWAIT)
            try:
                verifying = asyncio.ensure_future(verifier.verify(login(ALICE)))
                while not verifying.done():
                    turns += 1
                    await asyncio.sleep(0.01)
                with pytest.raises(AuthenticationUnavailable):
                    verifying.result()
            finally:
                directory.process.send_signal(signal.SIGCONT)
            wait_s = time.monotonic() + WAIT_S
            while True:
                with contextlib.suppress(AuthenticationUnavailable):
                    assert await verifier.verify(login(ALICE)) is not None
                    return turns
                assert time.monotonic() < wait_s
                await asyncio.sleep(0.1)

    # A call that held the interpreter's lock would have held it for all of the time.
    assert asyncio.run(hang()) > 10
