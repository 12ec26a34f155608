"""`logins.db`, and what two engines on one store see of users."""

import asyncio
import errno
import logging
import os
import stat
from pathlib import Path

import apsw
import pytest
from tests.engine.contract.conftest import TestSources

from angarium.engine.sqlite import SqliteEngine, SqliteOptions
from angarium.engine.users import LoginRow, PutSharedSecret, SharedSecretRow


def login(number: int) -> LoginRow:
    return LoginRow(
        userid="smith", at_s=number, service="imap", address="", client="", mechanism="PLAIN", session=str(number)
    )


async def opened(directory: Path, *, delay_s: float = 0.01) -> SqliteEngine:
    partition = directory / "mail"
    options = SqliteOptions(str(directory), {"default": str(partition)}, advisory_delay_s=delay_s)
    return await SqliteEngine.open(options, TestSources())


def test_logins_are_written_together_and_seen_by_others(tmp_path: Path) -> None:
    async def check() -> None:
        first, second = await opened(tmp_path), await opened(tmp_path)
        try:
            assert not (tmp_path / "logins.db").exists()
            for number in range(3):
                first.note_login(login(number))
            for _ in range(1000):
                if await second.logins("smith"):
                    break
                await asyncio.sleep(0.01)
            assert [each.at_s for each in await second.logins("smith")] == [2, 1, 0]
            await second.checkpoint()
        finally:
            await first.close()
            await second.close()

    asyncio.run(check())
    assert {stat.S_IMODE(os.stat(path).st_mode) for path in tmp_path.glob("logins.db*")} == {0o600}


def test_what_waits_is_written_at_the_end(tmp_path: Path) -> None:
    async def check() -> None:
        engine = await opened(tmp_path, delay_s=3600)
        engine.note_login(login(1))
        await engine.close()
        engine.note_login(login(2))
        engine = await opened(tmp_path)
        assert [each.at_s for each in await engine.logins("smith")] == [1]
        await engine.close()

    asyncio.run(check())


def test_a_login_does_not_fail_for_what_cannot_be_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def check() -> None:
        engine = await opened(tmp_path)
        monkeypatch.setattr("angarium.engine.sqlite.sitefiles.SiteDatabase", full)
        engine.note_login(login(1))
        await engine.close()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with caplog.at_level(logging.WARNING):
        asyncio.run(check())
    (record,) = caplog.records
    assert (record.message, record.__dict__["count"]) == ("logins_not_noted", 1)


def test_a_user_is_removed_though_nothing_can_be_forgotten_of_her_logins(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def check() -> None:
        (tmp_path / "logins.db").write_bytes(b"no database at all" * 100)
        engine = await opened(tmp_path)
        await engine.change_user(PutSharedSecret(SharedSecretRow("smith", "", "secret", 1)))
        await engine.remove_credential("smith")
        assert not engine.has_shared_secrets()
        await engine.close()

    with caplog.at_level(logging.WARNING):
        asyncio.run(check())
    (record,) = caplog.records
    assert (record.message, record.__dict__["userid"]) == ("logins_not_forgotten", "smith")


def test_no_more_notes_wait_than_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("angarium.engine.sqlite.logins._NOTES_MAX", 2)

    async def check() -> None:
        engine = await opened(tmp_path, delay_s=3600)
        for number in range(3):
            engine.note_login(login(number))
        assert [each.at_s for each in await engine.logins("smith")] == [1, 0]
        await engine.close()

    asyncio.run(check())


def test_all_workers_have_one_secret_and_a_copy_of_the_users_has_it_too(tmp_path: Path) -> None:
    async def check() -> None:
        first, second = await opened(tmp_path), await opened(tmp_path)
        secret = await first.site_secret()
        assert await second.site_secret() == secret
        await first.change_user(PutSharedSecret(SharedSecretRow("smith", "", "secret", 1)))
        assert second.has_shared_secrets()
        await first.checkpoint()
        await first.close()
        await second.close()
        again = await opened(tmp_path)
        assert await again.site_secret() == secret
        await again.close()
        (copy,) = (tmp_path / "snapshot").glob("users-*.db")
        connection = apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY)
        assert connection.execute("SELECT secret FROM site").get == secret
        assert connection.execute("SELECT secret FROM shared_secret").get == "secret"
        connection.close()

    asyncio.run(check())
