"""What an engine is told when it is opened."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SqliteOptions:
    """Paths and bounds; counts are counts, sizes are octets, times are seconds."""

    directory: str
    """`configdirectory`: databases stand below it."""
    partitions: Mapping[str, str]
    """Partition name to directory."""
    single_instance: bool = True
    open_accounts: int = 500
    """Accounts kept open; some 70 KB and 5 descriptors each."""
    writer_threads: int = 4
    reader_threads: int = 4
    batch_size: int = 64
    """Commands committed together at most."""
    account_queue_commands: int = 1_000
    account_queue_octets: int = 64 << 20
    """What may wait for one account; the octets are those held in memory, not those of staged files."""
    queue_commands: int = 10_000
    queue_octets: int = 256 << 20
    """What may wait in all."""
    advisory_delay_s: float = 5.0
    """How long an advisory write waits for a commit to ride with."""
    checkpoint_pages: int = 1_000
    """Length of a write-ahead log at which it is folded in."""
    large_read_rows: int = 2_000
    """Reads of more rows are made off the loop."""
    vfs: str | None = None
    """SQLite's VFS by name; for tests that record or slow its calls."""
    snapshots: int = 8
    """Rotated snapshots of the catalogue and the users that a checkpoint keeps."""
