import asyncio
import errno
import os
from pathlib import Path

import apsw
import pytest
from tests.cli.stores import CommandLine, make_store

from angarium.cli.openengine import located, open_engine
from angarium.config import Settings, load_settings
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine
from angarium.errors import DiskFull, StoreReadOnly


@pytest.fixture
def settings(store: Path) -> Settings:
    return load_settings(store / "imapd.conf").settings


def test_a_database_that_cannot_be_opened_is_one_line_with_a_path(angarium: CommandLine, tmp_path: Path) -> None:
    make_store(tmp_path)
    for file in (tmp_path / "state").glob("work.db*"):
        file.unlink()
    (tmp_path / "state" / "work.db").mkdir()
    answer = angarium("user", "list", "--dir", tmp_path)
    assert answer.status == os.EX_TEMPFAIL
    assert answer.err == f"angarium: {tmp_path}/state: the store cannot be opened: unable to open database file\n"


def test_a_file_system_that_refuses_is_told_with_the_file(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/c/mailboxes.db")

    monkeypatch.setattr(SqliteEngine, "__init__", full)
    with pytest.raises(DiskFull) as caught:
        asyncio.run(open_engine(settings, SystemSources()))
    assert str(caught.value) == "/c/mailboxes.db: the store cannot be opened: No space left on device"


def test_what_a_read_meets_later_has_a_path_too(settings: Settings) -> None:
    directory = settings.directories.configdirectory
    refusal = located(apsw.CantOpenError("unable to open database file"), settings)
    assert isinstance(refusal, StoreReadOnly)
    assert str(refusal) == f"{directory}: unable to open database file"
    assert str(located(DiskFull("database or disk is full"), settings)) == f"{directory}: database or disk is full"
    named = DiskFull(f"{directory}/users.db is full")
    assert located(named, settings) is named
