from pathlib import Path

from angarium.cli.policy import sqlite_options
from angarium.config import parse_settings
from angarium.engine.sqlite import SqliteOptions


def test_the_engine_has_the_paths_and_bounds_of_the_options() -> None:
    text = "partition-fast: /f\ndefaultpartition: default\nsingleinstancestore: no\nopen_accounts: 7\nwriter_threads: 3"
    settings = parse_settings(
        f"configdirectory: /c\npartition-default: /p\n{text}\n", file=Path("/imapd.conf")
    ).settings
    options = sqlite_options(settings)
    assert isinstance(options, SqliteOptions)
    assert options.directory == "/c"
    assert options.partitions == {"default": "/p", "fast": "/f"}
    assert (options.single_instance, options.open_accounts, options.writer_threads) == (False, 7, 3)
