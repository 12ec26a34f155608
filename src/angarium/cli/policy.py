"""Settings as what the engine is opened with."""

from angarium.config import Settings
from angarium.engine.sqlite import SqliteOptions


def sqlite_options(settings: Settings) -> SqliteOptions:
    """Paths and bounds of the engine."""
    engine = settings.engine
    return SqliteOptions(
        directory=str(settings.directories.configdirectory),
        partitions={name: str(path) for name, path in settings.directories.partitions.items()},
        single_instance=settings.mailboxes.singleinstancestore,
        open_accounts=engine.open_accounts,
        writer_threads=engine.writer_threads,
        account_queue_commands=engine.write_queue_per_account,
        account_queue_octets=engine.write_queue_size_per_account,
        queue_commands=engine.write_queue_per_worker,
        queue_octets=engine.write_queue_size_per_worker,
        snapshots=engine.checkpoints_kept,
    )
