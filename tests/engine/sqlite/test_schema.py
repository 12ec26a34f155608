"""Versions of the database files: old ones are migrated when they are opened, newer ones used as far as they allow."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from angarium.engine.disk import SystemDisk, create_private
from angarium.engine.rows import AccountId, QuotaResource
from angarium.engine.sqlite.accounts import account_path
from angarium.engine.sqlite.quotas import read_quotas
from angarium.engine.sqlite.schema import ACCOUNT, CATALOGUE, Schema, is_older, open_for_reading, open_for_writing
from angarium.errors import SchemaTooNew, StoreDamaged

NEXT = replace(
    ACCOUNT,
    migrations=(
        *ACCOUNT.migrations,
        """
        ALTER TABLE message ADD COLUMN snoozed_until INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE colour (keyword TEXT PRIMARY KEY, rgb INTEGER NOT NULL) WITHOUT ROWID;
        """,
    ),
)

PRESENT, COMING = ACCOUNT.version, NEXT.version


def make(path: Path, schema: Schema) -> None:
    create_private(SystemDisk(), str(path))
    connection = open_for_writing(str(path), schema)
    if schema.kind == "account":
        connection.execute(
            "INSERT INTO account (id, name, modseq, folder_modseq, last_uidvalidity, modseq_ceiling)"
            " VALUES ('a', 'user.alice', 1, 1, 0, 1)"
        )
    connection.close()


def version(connection: apsw.Connection) -> int:
    found = connection.execute("SELECT version FROM format").get
    assert isinstance(found, int)
    return found


def test_an_old_file_keeps_what_it_holds_when_it_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    make(path, ACCOUNT)
    old = open_for_reading(str(path), NEXT)
    assert is_older(old, NEXT)
    connection = open_for_writing(str(path), NEXT)
    assert version(connection) == COMING
    assert connection.execute("SELECT name FROM account").get == "user.alice"
    assert connection.execute("SELECT count(*) FROM colour").get == 0
    assert not is_older(old, NEXT)
    connection.close()
    old.close()


def test_an_old_quota_root_counts_what_is_there_when_it_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    before = next(number for number, each in enumerate(ACCOUNT.migrations) if "message_limit" in each)
    make(path, replace(ACCOUNT, migrations=ACCOUNT.migrations[:before], writes_from=1))
    connection = open_for_writing(str(path), replace(ACCOUNT, migrations=ACCOUNT.migrations[:before], writes_from=1))
    for number, root, messages in ((1, "", 3), (2, "", 4), (3, "work", 5), (4, None, 6)):
        connection.execute(
            "INSERT INTO mailbox (number, id, name, partition, uidvalidity, acl, quota_root, created_modseq,"
            " folder_modseq, highestmodseq, uid_ceiling, messages, octets, created_at)"
            " VALUES (?1, ?1, ?1, 'default', 1, '', ?2, 1, 1, 1, 1, ?3, 100, 0)",
            (number, root, messages),
        )
    connection.execute("INSERT INTO quota (root, storage_limit, storage_used, modseq) VALUES ('', 10, 200, 1)")
    connection.execute("INSERT INTO quota (root, storage_limit, storage_used, modseq) VALUES ('work', NULL, 100, 1)")
    connection.close()
    connection = open_for_writing(str(path), ACCOUNT)
    found = {quota.root: (quota.limits, quota.used) for quota in read_quotas(connection)}
    connection.close()
    storage, message, annotation, mailbox = QuotaResource
    assert found == {
        "": ({storage: 10}, {storage: 200, message: 7, annotation: 0, mailbox: 2}),
        "work": ({}, {storage: 100, message: 5, annotation: 0, mailbox: 1}),
    }


def test_a_worker_of_the_version_before_goes_on_beside_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    make(path, ACCOUNT)
    old = open_for_writing(str(path), ACCOUNT)
    open_for_writing(str(path), NEXT).close()
    old.execute(
        "INSERT INTO message (mailbox, uid, modseq, created_modseq, flags, keywords_low, keywords_high, date, zone,"
        " saved_at, size, content, email, thread) VALUES (1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1)"
    )
    assert old.execute("SELECT snoozed_until FROM message").get == 0
    old.close()
    for opened in (open_for_writing(str(path), ACCOUNT), open_for_reading(str(path), ACCOUNT)):
        assert version(opened) == COMING
        opened.close()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    make(path, ACCOUNT)
    broken = replace(NEXT, migrations=(*NEXT.migrations, "CREATE TABLE colour (keyword TEXT)"))
    with pytest.raises(apsw.SQLError):
        open_for_writing(str(path), broken)
    connection = open_for_writing(str(path), ACCOUNT)
    assert version(connection) == PRESENT
    connection.close()


def test_a_newer_file_that_allows_it_is_read_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    make(path, replace(NEXT, writes_from=COMING))
    with pytest.raises(SchemaTooNew, match="written"):
        open_for_writing(str(path), ACCOUNT)
    connection = open_for_reading(str(path), ACCOUNT)
    assert connection.execute("SELECT name FROM account").get == "user.alice"
    connection.close()


def test_a_newer_file_that_forbids_it_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    make(path, replace(NEXT, reads_from=COMING, writes_from=COMING))
    with pytest.raises(SchemaTooNew, match="read"):
        open_for_reading(str(path), ACCOUNT)


def test_a_file_of_another_kind_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    make(path, CATALOGUE)
    for opener in (open_for_reading, open_for_writing):
        with pytest.raises(StoreDamaged, match="kind account"):
            opener(str(path), ACCOUNT)


def test_a_file_that_is_missing_is_not_made(tmp_path: Path) -> None:
    for opener in (open_for_reading, open_for_writing):
        with pytest.raises(apsw.CantOpenError):
            opener(str(tmp_path / "a.db"), ACCOUNT)
    assert not any(tmp_path.iterdir())


def test_nobody_else_may_read_a_database_or_its_log(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        path = tmp_path / "users.db"
        make(path, ACCOUNT)
        connection = open_for_writing(str(path), ACCOUNT)
        connection.execute("UPDATE account SET modseq = 2")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
        connection.close()
    finally:
        os.umask(before)
    assert modes == {"users.db": 0o600, "users.db-wal": 0o600, "users.db-shm": 0o600}


def test_an_account_is_found_below_the_first_letters_of_its_id() -> None:
    assert account_path("/state", AccountId("abcd")) == "/state/account/a/b/abcd.db"
