import os
from pathlib import Path

from angarium.engine.rows import AccountId
from angarium.engine.sqlite.accountfiles import changed_accounts


def make(directory: Path, name: str, time_s: int) -> None:
    path = directory / "account" / name[0] / name[1] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (time_s, time_s))


def found(directory: Path, time_s: int) -> list[AccountId]:
    return [account for some in changed_accounts(str(directory), time_s) for account in some]


def test_accounts_whose_file_or_log_was_written_since_are_found_once(tmp_path: Path) -> None:
    old, logged, written, both = ["ab" + letter * 22 for letter in "wxyz"]
    for name, time_s in (
        (f"{old}.db", 99),
        (f"{old}.db-wal", 99),
        (f"{old}.db-shm", 200),
        (f"{old}.lock", 200),
        (f"{old}.db.aside-7", 200),
        (f"{logged}.db", 99),
        (f"{logged}.db-wal", 100),
        (f"{written}.db", 101),
        (f"{both}.db", 101),
        (f"{both}.db-wal", 101),
    ):
        make(tmp_path, name, time_s)
    assert sorted(found(tmp_path, 100)) == [logged, written, both]


def test_a_store_without_accounts_has_none_that_changed(tmp_path: Path) -> None:
    assert found(tmp_path, 0) == []
