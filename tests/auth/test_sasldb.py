import asyncio
import os
from pathlib import Path

import pytest
from tests.auth.sasldbfile import ENTRIES, SASLDB

from angarium.auth.sasldb import SasldbEntry, SasldbSecrets, parse_sasldb, read_sasldb
from angarium.errors import AuthenticationUnavailable
from angarium.names import UserId


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "sasldb2").write_bytes(SASLDB)
    return tmp_path / "sasldb2"


def secret(path: Path, userid: UserId, realm: str = "") -> str | None:
    async def check() -> str | None:
        known = await SasldbSecrets(path, realm="mail.example.org").secret(userid, realm)
        assert known is None or known.stamp.userid == str(userid)
        return known.secret if known is not None else None

    return asyncio.run(check())


def test_entries_are_read_in_order(path: Path) -> None:
    entries = read_sasldb(path)
    assert [(entry.user, entry.realm, entry.property) for entry in entries] == [
        ("bob", "example.net", "userPassword"),
        ("alice", "mail.example.org", "userPassword"),
        ("carol", "mail.example.org", "userPassword"),
        ("dörte", "mail.example.org", "userPassword"),
    ]
    assert {(entry.user, entry.realm): entry.value for entry in entries} == ENTRIES
    assert "secret" not in repr(entries)


@pytest.mark.parametrize(
    ("userid", "realm", "expected"),
    [
        (UserId("alice"), "", "secret"),
        (UserId("alice"), "mail.example.org", "secret"),
        (UserId("alice", "mail.example.org"), "", "secret"),
        (UserId("alice"), "example.net", None),
        (UserId("bob"), "", None),
        (UserId("bob"), "example.net", "bob's"),
        (UserId("bob", "example.net"), "", "bob's"),
        (UserId("bob", "example.net"), "mail.example.org", "bob's"),
        (UserId("nobody"), "", None),
        (UserId("dörte"), "", "größe"),
    ],
)
def test_a_domain_is_the_realm_and_without_one_it_is_the_server_s(
    path: Path, userid: UserId, realm: str, expected: str | None
) -> None:
    assert secret(path, userid, realm) == expected


@pytest.mark.parametrize(
    "octets", [None, b"", b"alice:secret\n", SASLDB[:5000], (0x13579ACF).to_bytes(4, "little") + bytes(100)]
)
def test_what_cannot_be_read_is_a_temporary_failure(tmp_path: Path, octets: bytes | None) -> None:
    path = tmp_path / "sasldb2"
    if octets is not None:
        path.write_bytes(octets)
    with pytest.raises(AuthenticationUnavailable, match="sasldb2"):
        secret(path, UserId("alice"))


def test_gdbm_is_named() -> None:
    with pytest.raises(ValueError, match="GDBM"):
        parse_sasldb((0x13579ACF).to_bytes(4, "little") + bytes(100))


def test_a_change_is_seen(path: Path) -> None:
    async def check() -> None:
        secrets = SasldbSecrets(path, realm="mail.example.org")
        os.utime(path, (1, 1))
        first = await secrets.secret(UserId("alice"), "")
        path.write_bytes(SASLDB.replace(b"\1secret", b"\1change"))
        second = await secrets.secret(UserId("alice"), "")
        assert first is not None
        assert second is not None
        assert (first.secret, second.secret) == ("secret", "change")

    asyncio.run(check())


def test_an_entry_shows_no_secret() -> None:
    assert "hidden" not in repr(SasldbEntry("a", "b", "userPassword", "hidden"))
