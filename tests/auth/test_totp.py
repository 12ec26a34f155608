import base64
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.auth.world import new_engine

from angarium.auth.throttle import CodeThrottle
from angarium.auth.totp import (
    Totp,
    code_of,
    confirm_totp,
    disable_totp,
    enable_totp,
    otpauth_uri,
    totp_secret,
)
from angarium.engine.memory import MemoryEngine
from angarium.errors import AuthenticationFailed, UserExists, UserNotFound
from angarium.names import UserId

ALICE = UserId("alice")
NOW_S = 1_700_000_010.0
STEP = int(NOW_S) // 30


def asking(engine: MemoryEngine, now_s: float = NOW_S) -> Totp:
    return Totp(engine, CodeThrottle(), lambda: now_s)


@pytest.mark.parametrize(
    ("time_s", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(time_s: int, code: str) -> None:
    """RFC 6238 Appendix B, its last six digits."""
    assert code_of(b"12345678901234567890", time_s // 30) == code


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("secret123456", ("secret", "123456")),
        ("123456", ("", "123456")),
        ("12345", ("12345", "")),
        ("secret12345x", ("secret12345x", "")),
        ("secret１２３４５６", ("secret１２３４５６", "")),
        ("secret²²²²²²", ("secret²²²²²²", "")),
        ("", ("", "")),
    ],
)
def test_the_code_stands_behind_the_password(typed: str, parts: tuple[str, str]) -> None:
    assert asking(new_engine()).split(typed) == parts


async def test_a_code_is_asked_for_once_it_is_confirmed(engine: MemoryEngine) -> None:
    totp = asking(engine)
    with pytest.raises(UserNotFound):
        await confirm_totp(engine, ALICE, "123456")
    with pytest.raises(UserNotFound):
        await totp_secret(engine, ALICE)
    first = await enable_totp(engine, ALICE)
    secret = await enable_totp(engine, ALICE)
    assert len(secret) == 20
    assert secret != first
    assert await totp_secret(engine, ALICE) == secret
    assert not totp.is_required(await engine.user("alice"))
    for wrong in (code_of(secret, STEP + 2), code_of(first, STEP), "", "x"):
        with pytest.raises(AuthenticationFailed):
            await confirm_totp(engine, ALICE, wrong, lambda: NOW_S)
    await confirm_totp(engine, ALICE, code_of(secret, STEP), lambda: NOW_S)
    assert totp.is_required(await engine.user("alice"))
    assert not await totp.accept(ALICE, code_of(secret, STEP))
    with pytest.raises(UserExists):
        await enable_totp(engine, ALICE)
    await disable_totp(engine, ALICE)
    assert not totp.is_required(await engine.user("alice"))
    assert not await totp.accept(ALICE, code_of(secret, STEP + 1))
    with pytest.raises(UserNotFound):
        await disable_totp(engine, ALICE)


async def test_a_code_holds_for_a_step_before_and_after_and_once(engine: MemoryEngine) -> None:
    secret = await enable_totp(engine, ALICE)
    assert not await asking(engine).accept(ALICE, code_of(secret, STEP - 2))
    assert not await asking(engine).accept(ALICE, code_of(secret, STEP + 2))
    assert await asking(engine).accept(ALICE, code_of(secret, STEP - 1))
    assert await asking(engine).accept(ALICE, code_of(secret, STEP + 1))
    # Behind a later one, even of another worker, none is taken that was before it.
    for step in (STEP - 1, STEP, STEP + 1):
        assert not await asking(engine).accept(ALICE, code_of(secret, step))
    assert await asking(engine, NOW_S + 60).accept(ALICE, code_of(secret, STEP + 2))


async def test_no_time_is_before_the_first_step(engine: MemoryEngine) -> None:
    secret = await enable_totp(engine, ALICE)
    assert await asking(engine, 3.0).accept(ALICE, code_of(secret, 0))


_NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(user=_NAMES, issuer=_NAMES, secret=st.binary(min_size=1, max_size=32))
def test_what_authenticators_read_is_what_was_said(user: str, issuer: str, secret: bytes) -> None:
    uri = otpauth_uri(user, secret, issuer)
    assert uri.isascii()
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    named_issuer, colon, named = parts.path.removeprefix("/").partition(":")
    assert (unquote(named_issuer), colon, unquote(named)) == (issuer, ":", user)
    values = parse_qs(parts.query, strict_parsing=True, keep_blank_values=True)
    text = values.pop("secret")[0]
    assert base64.b32decode(text + "=" * (-len(text) % 8)) == secret
    assert values == {"issuer": [issuer], "algorithm": ["SHA1"], "digits": ["6"], "period": ["30"]}
