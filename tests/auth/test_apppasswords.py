import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.auth.world import SOURCES, add

from angarium.auth import CredentialStamp, PasswordLogin, Passwords, is_current
from angarium.auth.apppasswords import (
    MAX_APP_PASSWORDS,
    AppPasswords,
    add_app_password,
    parse_expiry,
    parse_services,
    revoke_app_password,
)
from angarium.auth.users import set_disabled
from angarium.engine.memory import MemoryEngine
from angarium.errors import PreparationFailed, UserExists, UserNotFound
from angarium.names import UserId

ALICE = UserId("alice")
NOW_S = 1_700_000_000


def login(password: str, service: str = "imap", user: str = "alice") -> PasswordLogin:
    return PasswordLogin(UserId(user), user, password, service, "192.0.2.7")


async def made(
    engine: MemoryEngine, name: str = "phone", *, services: tuple[str, ...] = (), expires_at_s: int | None = None
) -> str:
    return await add_app_password(engine, ALICE, name, services=services, expires_at_s=expires_at_s, sources=SOURCES)


async def test_it_lets_in_however_it_is_typed(engine: MemoryEngine) -> None:
    password, other = await made(engine), await made(engine, "laptop")
    assert re.fullmatch(r"(?:[a-z2-9]{4}-){5}[a-z2-9]{4}", password)
    assert password != other
    checker = AppPasswords(engine)
    phone = next(row for row in (await engine.user("alice")).app_passwords if row.name == "phone")
    stamp = CredentialStamp("alice", app_password=phone.number, app_password_name="phone")
    for typed in (password, password.upper(), password.replace("-", ""), password.replace("-", " ")):
        assert await checker.verify(login(typed)) == stamp
    assert (await checker.verify(login(other))) != stamp
    for wrong in ("", "secret", password[:-1], password + "x", password[1:] + "!", "é" * 24, password[::-1]):
        assert await checker.verify(login(wrong)) is None
    assert await checker.verify(login(password, user="bob")) is None


async def test_what_is_stored_does_not_tell_the_password(engine: MemoryEngine) -> None:
    password = await made(engine)
    (row,) = (await engine.user("alice")).app_passwords
    assert password.replace("-", "").encode() not in row.digest + row.salt
    assert str(row.digest) not in repr(row)


async def test_it_is_for_its_services_and_its_time(engine: MemoryEngine, caplog: pytest.LogCaptureFixture) -> None:
    now_s = float(NOW_S)
    checker = AppPasswords(engine, lambda: now_s)
    password = await made(engine, services=("imap", "sieve"), expires_at_s=NOW_S + 10)
    stamp = await checker.verify(login(password, "sieve"))
    assert stamp is not None
    with caplog.at_level(logging.INFO):
        assert await checker.verify(login(password, "pop")) is None
    (record,) = caplog.records
    assert (record.message, record.__dict__["reason"]) == ("app_password_refused", "not for pop")
    assert password not in str(record.__dict__)
    assert await is_current(engine, stamp, lambda: now_s)
    now_s += 10
    assert not await is_current(engine, stamp, lambda: now_s)
    assert await checker.verify(login(password)) is None


async def test_it_is_revoked_at_once(engine: MemoryEngine) -> None:
    password = await made(engine)
    stamp = await AppPasswords(engine).verify(login(password))
    assert stamp is not None
    assert await is_current(engine, stamp)
    await revoke_app_password(engine, ALICE, "phone")
    assert not await is_current(engine, stamp)
    with pytest.raises(UserNotFound):
        await revoke_app_password(engine, ALICE, "phone")
    # Nor does one that takes its name stand for it.
    await made(engine)
    assert not await is_current(engine, stamp)
    assert await AppPasswords(engine).verify(login(password)) is None


async def test_who_is_disabled_has_none(engine: MemoryEngine, passwords: Passwords) -> None:
    await add(engine, passwords, "alice", "secret")
    password = await made(engine)
    stamp = await AppPasswords(engine).verify(login(password))
    assert stamp is not None
    ended: list[str] = []
    await set_disabled(engine, ALICE, disabled=True, sources=SOURCES, end_sessions=ended.append)
    assert ended == ["alice"]
    assert await AppPasswords(engine).verify(login(password)) is None
    assert not await is_current(engine, stamp)
    await set_disabled(engine, ALICE, disabled=False, sources=SOURCES, end_sessions=ended.append)
    assert ended == ["alice"]
    assert await AppPasswords(engine).verify(login(password)) == stamp


async def test_names_are_bounded_and_one_each(engine: MemoryEngine) -> None:
    await made(engine)
    with pytest.raises(UserExists):
        await made(engine)
    for name in ("", "a\tb", "\x1b[2J", "x" * 101):
        with pytest.raises(PreparationFailed):
            await made(engine, name)
    for number in range(MAX_APP_PASSWORDS - 1):
        await made(engine, str(number))
    with pytest.raises(PreparationFailed, match="50 app passwords"):
        await made(engine, "one more")


@pytest.mark.parametrize(
    ("text", "services"),
    [
        ("*", ()),
        ("imap", ("imap",)),
        ("POP3,imap", ("imap", "pop")),
        ("imap, pop ,pop3", ("imap", "pop")),
        ("managesieve", ("sieve",)),
        ("imaps", None),
        ("imap;pop", None),
        ("imap,*", None),
        ("", None),
        (" , ", None),
    ],
)
def test_services_have_the_names_of_sasl(text: str, services: tuple[str, ...] | None) -> None:
    if services is None:
        with pytest.raises(ValueError, match="is no service"):
            parse_services(text)
    else:
        assert parse_services(text) == services


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1h", 3600), ("90d", 90 * 86_400), ("2w", 14 * 86_400), ("2023-11-16T00:00:00+00:00", 92_800)],
)
def test_an_end_is_a_date_or_a_while_from_now(text: str, seconds: int) -> None:
    assert parse_expiry(text, NOW_S) == NOW_S + seconds


@given(st.text(max_size=12) | st.from_regex(r"-?[0-9]{1,9}[hdwmy]?", fullmatch=True))
def test_any_other_text_is_no_end(text: str) -> None:
    try:
        assert parse_expiry(text, NOW_S) > NOW_S
    except (ValueError, OverflowError):
        pass


@pytest.mark.parametrize("text", ["", "soon", "90", "-1d", "2001-01-01", "9999999d", "٣d", "0h", "00d"])
def test_what_is_over_or_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the command line says it in its own words
        parse_expiry(text, NOW_S)
