"""Against a centre of the system's Kerberos, whose library reads its settings from the environment."""

import builtins
from collections.abc import Iterator
from typing import Any

import pytest
from tests.server.kerberos import REALM, Realm, running_realm

from angarium.auth import kerberos
from angarium.auth.kerberos import KerberosAcceptor, KerberosInitiator, KerberosUnavailable, user_of

SERVER = f"imap/mail.example.org@{REALM}"


@pytest.mark.parametrize(
    ("principal", "user"),
    [
        (f"alice@{REALM}", "alice"),
        (f"Alice.B+c@{REALM}", "Alice.B+c"),
        ("alice@EXAMPLE.COM", "alice@EXAMPLE.COM"),
        ("alice@EXAMPLE.NET", None),
        ("alice@example.org", None),
        (f"alice/admin@{REALM}", None),
        (SERVER, None),
        (f"alice\\@EXAMPLE.COM@{REALM}", None),
        (f"alice@EXAMPLE.COM@{REALM}", None),
        ("WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS", None),
        (f"@{REALM}", None),
        ("alice", None),
        ("", None),
    ],
)
def test_principals_of_known_realms_are_users(principal: str, user: str | None) -> None:
    if user is not None:
        assert user_of(principal, SERVER, ["EXAMPLE.COM"]) == user
        return
    with pytest.raises(ValueError, match="is"):
        user_of(principal, SERVER, ["EXAMPLE.COM"])


@pytest.fixture(scope="module")
def realm() -> Iterator[Realm]:
    with running_realm() as running:
        running.add_user("alice")
        running.add_service("imap/localhost")
        running.add_service("pop/localhost")
        yield running


@pytest.fixture
def alice(realm: Realm, monkeypatch: pytest.MonkeyPatch) -> None:
    """She has tickets."""
    for name, value in realm.tickets("alice").items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("alice")
def test_a_ticket_says_who_it_is(realm: Realm) -> None:
    server, client = KerberosAcceptor(realm.keytab).context("imap"), KerberosInitiator("imap", "localhost")
    token, stands = client.initiate(b"")
    assert not stands
    answer, initiator = server.accept(token)
    assert initiator == "alice"
    assert client.initiate(answer) == (b"", True)
    assert server.unwrap(client.wrap(b"to the server")) == b"to the server"
    assert client.unwrap(server.wrap(b"to the client")) == b"to the client"
    for side in (server, client):
        with pytest.raises(ValueError, match="Major"):
            side.unwrap(b"not wrapped")


@pytest.mark.usefixtures("alice")
def test_a_ticket_for_another_service_is_refused(realm: Realm) -> None:
    acceptor = KerberosAcceptor(realm.keytab)
    token, _ = KerberosInitiator("pop", "localhost").initiate(b"")
    with pytest.raises(ValueError, match="Major"):
        acceptor.context("imap").accept(token)
    assert acceptor.context("pop").accept(token)[1] == "alice"


@pytest.mark.usefixtures("alice")
def test_services_without_keys_are_not_served(realm: Realm) -> None:
    acceptor = KerberosAcceptor(realm.keytab)
    assert [service for service in kerberos.SERVICES if acceptor.serves(service)] == ["imap", "pop"]
    with pytest.raises(ValueError, match="sieve"):
        acceptor.context("sieve")
    with pytest.raises(ValueError, match="not found"):
        KerberosInitiator("sieve", "localhost").initiate(b"")


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("token", [b"", b"x", b"\x60\x82\xff\xff" + b"\x00" * 50])
def test_what_is_no_token_is_refused(realm: Realm, token: bytes) -> None:
    with pytest.raises(ValueError, match="Major"):
        KerberosAcceptor(realm.keytab).context("imap").accept(token)


def test_without_a_key_table_there_is_no_kerberos(realm: Realm) -> None:
    with pytest.raises(KerberosUnavailable, match="no key of"):
        KerberosAcceptor(realm.keytab.with_name("nosuch"))


def test_without_the_library_there_is_none(realm: Realm, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def refuse(name: str, *arguments: Any) -> object:
        if name.startswith("gssapi"):
            raise ImportError("No module named 'gssapi'")
        return imported(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", refuse)
    kerberos.preload_library()
    with pytest.raises(KerberosUnavailable, match="cannot be loaded"):
        KerberosAcceptor(realm.keytab)
