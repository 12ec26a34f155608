"""App passwords, codes and the main password, as a login meets them."""

import asyncio
from dataclasses import replace

import pytest
from tests.auth.world import SOURCES, Clock, add

from angarium.auth import (
    CodeThrottle,
    CredentialStamp,
    PasswordLogin,
    Passwords,
    StoreKeys,
    StoreVerifier,
    VerifiedLogins,
    Verifiers,
    VerifierSet,
)
from angarium.auth.apppasswords import AppPasswords, add_app_password, revoke_app_password
from angarium.auth.fairturns import NOBODY
from angarium.auth.sharedsecrets import SharedSecrets, set_shared_secret
from angarium.auth.throttle import CODE_FREE_FAILURES
from angarium.auth.totp import Totp, code_of, confirm_totp, disable_totp, enable_totp
from angarium.engine.memory import MemoryEngine
from angarium.names import UserId
from angarium.sasl import Needs, ScramHash

ALICE = UserId("alice")
NOW_S = 1_700_000_010.0
STEP = int(NOW_S) // 30


def login(password: str) -> PasswordLogin:
    return PasswordLogin(ALICE, "alice", password, "imap")


def all_of(engine: MemoryEngine, passwords: Passwords, codes: CodeThrottle | None = None) -> Verifiers:
    parts = VerifierSet(
        methods=(StoreVerifier(engine, passwords),),
        app_passwords=AppPasswords(engine, lambda: NOW_S),
        second_factor=Totp(engine, codes if codes is not None else CodeThrottle(), lambda: NOW_S),
        keys=(StoreKeys(engine),),
        shared_secrets=SharedSecrets(engine),
    )
    return Verifiers(engine, parts, VerifiedLogins(kept_s=300, clock_s=Clock()))


async def add_with_totp(engine: MemoryEngine, passwords: Passwords) -> bytes:
    """Alice, who has used the code of the last step; gives her secret of TOTP."""
    await add(engine, passwords, "alice", "secret")
    secret = await enable_totp(engine, ALICE)
    await confirm_totp(engine, ALICE, code_of(secret, STEP - 1), lambda: NOW_S)
    return secret


async def test_what_was_remembered_is_not_enough_once_a_code_is_asked_for(
    engine: MemoryEngine, passwords: Passwords
) -> None:
    await add(engine, passwords, "alice", "secret")
    verifiers = all_of(engine, passwords)
    stamp = await verifiers.verify(login("secret"))
    assert stamp is not None
    assert await verifiers.recall(ALICE, "secret") == stamp
    secret = await enable_totp(engine, ALICE)
    assert await verifiers.recall(ALICE, "secret") == stamp
    await confirm_totp(engine, ALICE, code_of(secret, STEP - 1), lambda: NOW_S)
    assert await verifiers.recall(ALICE, "secret") is None
    assert await verifiers.verify(login("secret")) is None
    assert await verifiers.verify(login(f"wrong{code_of(secret, STEP)}")) is None
    assert await verifiers.verify(login(f"secret{code_of(secret, STEP)}")) == stamp
    # The code is used up.
    assert await verifiers.recall(ALICE, f"secret{code_of(secret, STEP)}") is None
    assert await verifiers.verify(login(f"secret{code_of(secret, STEP)}")) is None
    await disable_totp(engine, ALICE)
    assert await verifiers.verify(login("secret")) == stamp


async def test_app_passwords_take_no_code_and_are_remembered(engine: MemoryEngine, passwords: Passwords) -> None:
    await add_with_totp(engine, passwords)
    phone = await add_app_password(engine, ALICE, "phone", services=(), expires_at_s=None, sources=SOURCES)
    verifiers = all_of(engine, passwords)
    stamp = await verifiers.verify(login(phone))
    assert stamp is not None
    assert stamp.app_password_name == "phone"
    assert await verifiers.recall(ALICE, phone) == stamp
    await revoke_app_password(engine, ALICE, "phone")
    assert await verifiers.recall(ALICE, phone) is None
    assert await verifiers.verify(login(phone)) is None


async def test_a_proof_of_the_main_password_is_not_taken_where_a_code_is_asked_for(
    engine: MemoryEngine, passwords: Passwords
) -> None:
    await add(engine, passwords, "alice", "secret")
    verifiers = all_of(engine, passwords)
    assert Needs.SECRET not in verifiers.capable_of
    await set_shared_secret(engine, ALICE, "", "shared", sources=SOURCES)
    assert Needs.SECRET in verifiers.capable_of
    assert await verifiers.keys(ALICE, ScramHash.SHA_256, NOBODY) is not None
    known = await verifiers.secret(ALICE, "", NOBODY)
    assert known is not None
    assert known.secret == "shared"
    secret = await enable_totp(engine, ALICE)
    await confirm_totp(engine, ALICE, code_of(secret, STEP), lambda: NOW_S)
    assert await verifiers.keys(ALICE, ScramHash.SHA_256, NOBODY) is None
    assert await verifiers.secret(ALICE, "", NOBODY) is None


async def test_users_of_others_may_have_app_passwords(engine: MemoryEngine, passwords: Passwords) -> None:
    phone = await add_app_password(engine, ALICE, "phone", services=("imap",), expires_at_s=None, sources=SOURCES)
    assert await all_of(engine, passwords).verify(login(phone)) is not None


class Asked:
    """Notes the passwords that it is asked about, one of which is right."""

    name = "asked"

    def __init__(self) -> None:
        self.passwords: list[str] = []

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        self.passwords.append(login.password)
        return CredentialStamp(str(login.userid)) if login.password == "secret" else None

    async def close(self) -> None: ...


async def test_without_the_code_nobody_learns_by_the_clock_whether_the_password_is_right(engine: MemoryEngine) -> None:
    secret = await enable_totp(engine, ALICE)
    await confirm_totp(engine, ALICE, code_of(secret, STEP - 1), lambda: NOW_S)
    asked = Asked()
    parts = VerifierSet(methods=(asked,), second_factor=Totp(engine, CodeThrottle(), lambda: NOW_S))
    verifiers = Verifiers(engine, parts, VerifiedLogins(kept_s=300, clock_s=Clock()))
    used_up, wrong = code_of(secret, STEP - 1), code_of(secret, STEP + 100)
    assert await verifiers.verify(login("secret")) is None
    assert "secret" not in asked.passwords
    for password in (f"secret{wrong}", f"secret{used_up}"):
        assert await verifiers.verify(login(password)) is None
        # A right one may be found sooner; a wrong one is always asked about beside it.
        assert asked.passwords.pop() != "secret" == asked.passwords.pop()
    assert await verifiers.verify(login(f"secret{code_of(secret, STEP)}")) is not None


async def test_codes_are_not_to_be_guessed_from_many_addresses(
    engine: MemoryEngine, passwords: Passwords, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    secret = await add_with_totp(engine, passwords)
    verifiers = all_of(engine, passwords, CodeThrottle(clock_s=clock))
    right, wrong = f"secret{code_of(secret, STEP)}", f"secret{code_of(secret, STEP + 100)}"
    # Who does not know the password, or sends no code, holds nobody back.
    for number in range(20):
        assert await verifiers.verify(replace(login(f"other{number}{wrong}"), address=f"192.0.2.{number}")) is None
        assert await verifiers.verify(replace(login("secret"), address=f"192.0.2.{number}")) is None
    assert not [record for record in caplog.records if record.msg == "codes_guessed"]
    # Nor does she herself where she is known.
    for _ in range(20):
        assert await verifiers.verify(replace(login(wrong), is_known=True)) is None
    for number in range(CODE_FREE_FAILURES + 1):
        assert await verifiers.verify(replace(login(wrong), address=f"192.0.2.{number}")) is None
    (told,) = [record for record in caplog.records if record.msg == "codes_guessed"]
    assert (told.__dict__["user"], told.__dict__["address"]) == ("alice", f"192.0.2.{CODE_FREE_FAILURES}")
    assert await verifiers.verify(replace(login(right), address="198.51.100.1")) is None
    clock.now_s += 1
    assert await verifiers.verify(replace(login(right), address="198.51.100.1")) is not None


async def test_where_she_is_known_she_waits_for_no_guesser_of_codes(
    engine: MemoryEngine, passwords: Passwords, clock: Clock
) -> None:
    secret = await add_with_totp(engine, passwords)
    codes = CodeThrottle(clock_s=clock)
    for _ in range(50):
        codes.failed(ALICE)
    right = login(f"secret{code_of(secret, STEP)}")
    verifiers = all_of(engine, passwords, codes)
    assert await verifiers.verify(right) is None
    assert await verifiers.verify(replace(right, is_known=True)) is not None


async def test_codes_that_are_tried_all_at_once_are_no_way_around(
    engine: MemoryEngine, passwords: Passwords, clock: Clock
) -> None:
    secret = await add_with_totp(engine, passwords)
    verifiers = all_of(engine, passwords, CodeThrottle(clock_s=clock))
    guesses = [f"secret{code_of(secret, STEP + number)}" for number in range(100, 120)]
    guesses.append(f"secret{code_of(secret, STEP)}")
    tries = [
        verifiers.verify(replace(login(guess), address=f"192.0.2.{number}")) for number, guess in enumerate(guesses)
    ]
    assert await asyncio.gather(*tries) == [None] * len(guesses)
