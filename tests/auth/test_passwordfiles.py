import asyncio
import logging
import os
from pathlib import Path

import pytest

from angarium.auth import CredentialStamp, PasswordLogin, passwordfiles
from angarium.auth.passwordfiles import FileUser, FileVerifier, is_shadow_expired, parse_password_file
from angarium.errors import AuthenticationUnavailable
from angarium.names import UserId

SHA512 = "$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG."
APR1 = "$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/"
SHA1 = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="
DAY = 20_000
"""In which the tests are."""


def verify(verifier: FileVerifier, name: str, password: str = "secret") -> bool:
    async def check() -> bool:
        stamp = await verifier.verify(PasswordLogin(UserId(*name.split("@")), name, password, "imap"))
        assert stamp in (None, CredentialStamp(name))
        return stamp is not None

    return asyncio.run(check())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "users").write_text(
        f"# users\nalice:{SHA512}:1:1:Alice:/:/bin/sh\nbob:{APR1}\ncarol:{SHA1}\r\ndave@example.org:{SHA1}\n"
        f"empty:\nshadowed:x\nlocked:!{SHA1}\nnologin:*\nplain:secret\nalice:{SHA1}x\n+nis:{SHA1}\nbroken\n:{SHA1}\n"
    )
    return tmp_path / "users"


@pytest.mark.parametrize("name", ["alice", "bob", "carol", "dave@example.org"])
def test_users_of_a_file_are_checked(path: Path, name: str) -> None:
    verifier = FileVerifier("htpasswd", path)
    assert verify(verifier, name)
    assert not verify(verifier, name, "wrong")
    assert not verify(verifier, name, "")


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("nobody", "secret"),
        ("Alice", "secret"),
        ("empty", ""),
        ("empty", "secret"),
        ("shadowed", "x"),
        ("locked", "secret"),
        ("nologin", "*"),
        ("plain", "secret"),
        ("broken", "secret"),
        ("+nis", "secret"),
        ("nis", "secret"),
        ("", "secret"),
        ("# users", "secret"),
    ],
)
def test_who_has_no_hash_is_refused_and_costs_a_hash(
    path: Path, name: str, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[str] = []

    def check_hash(stored: str, _: str) -> bool:
        if stored == "secret":
            raise ValueError("not a hash")
        computed.append(stored)
        return True

    monkeypatch.setattr(passwordfiles, "check_hash", check_hash)
    assert not verify(FileVerifier("passwd", path), name, password)
    assert computed == [SHA512]


def test_a_hash_that_is_none_is_told_of_without_it(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert not verify(FileVerifier("passwd", path), "plain")
    (record,) = caplog.records
    assert (record.getMessage(), record.__dict__["method"], record.__dict__["user"]) == (
        "password_hash_unusable",
        "passwd",
        "plain",
    )
    assert "secret" not in str(record.__dict__)


def test_a_change_of_the_file_is_seen(path: Path) -> None:
    os.utime(path, (1, 1))
    verifier = FileVerifier("passwd", path)
    assert not verify(verifier, "eve")
    path.write_text(f"eve:{SHA1}\n")
    assert verify(verifier, "eve")
    assert not verify(verifier, "alice")


def test_a_file_that_is_not_there_is_a_temporary_failure(tmp_path: Path) -> None:
    with pytest.raises(AuthenticationUnavailable, match="none: No such file"):
        verify(FileVerifier("passwd", tmp_path / "none"), "alice")


def test_no_field_can_hold_a_line() -> None:
    octets = f"alice:{SHA1}:Alice\x0bA\u2028eve:{SHA1}\x85mallory:{SHA1}:\n".encode()
    assert set(parse_password_file(octets).users) == {"alice"}


def test_octets_that_are_no_text_hurt_nobody_else() -> None:
    assert set(parse_password_file(b"b\xff:x:\xff\nalice:x\n").users) == {"b\udcff", "alice"}


def test_hashes_are_not_shown() -> None:
    assert SHA1 not in repr(parse_password_file(f"alice:{SHA1}:1\n".encode()))


@pytest.mark.parametrize(
    ("fields", "expired"),
    [
        ("", False),
        ("19000:0:99999:7:::", False),
        ("::::::", False),
        ("19000", False),
        # changed, at the least, at the most, warned, inactive, expires
        (f"{DAY - 10}:0:10:7:::", False),
        (f"{DAY - 11}:0:10:7:::", True),
        (f"{DAY - 11}:0:10:7:99::", True),
        (f"{DAY - 11}:0::7:::", False),
        (f"19000:0:99999:7::{DAY}:", True),
        (f"19000:0:99999:7::{DAY + 1}:", False),
        (f":::::{DAY}:", True),
        ("0:0:99999:7:::", True),
        ("x:y:z::::", False),
        (f"{DAY + 5}:0:99999:7:::", False),
    ],
)
def test_accounts_and_passwords_of_shadow_expire(fields: str, expired: bool) -> None:
    user = FileUser("x", tuple(fields.split(":")))
    assert is_shadow_expired(user, lambda: DAY * 86_400 + 5.0) is expired


def test_an_expired_user_is_refused_and_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "shadow").write_text(f"alice:{SHA1}:19000:0:99999:7::10:\nbob:{SHA1}:19000:0:99999:7:::\n")
    verifier = FileVerifier("shadow", tmp_path / "shadow", is_expired=is_shadow_expired)
    assert verify(verifier, "bob")
    assert not verify(verifier, "alice", "wrong")
    assert caplog.records == []
    assert not verify(verifier, "alice")
    assert [record.getMessage() for record in caplog.records] == ["account_expired"]
