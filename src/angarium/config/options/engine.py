"""The engine: queues, caches, and what is kept how long."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from dataclasses import dataclass
from datetime import timedelta

from angarium.config.kinds import Duration, Number, Size
from angarium.config.option import Scope, option
from angarium.config.quantities import DurationUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Index files and their writers."""

    writer_threads: int = option(
        Number(1, 64),
        "4",
        scope=Scope.SERVER,
        at_start=True,
        added=True,
        meaning="Accounts that a worker commits to at a time.",
    )
    open_accounts: int = option(
        Number(1, 100_000),
        "500",
        scope=Scope.SERVER,
        at_start=True,
        added=True,
        meaning="Accounts that a worker keeps open, the least used being closed first. Each takes some 70 KB and six "
        "descriptors.",
    )
    view_cache_size: int = option(
        Size(minimum=1 << 20),
        "256M",
        scope=Scope.SERVER,
        at_start=True,
        added=True,
        meaning="What a worker's views of mailboxes may hold in memory; a message takes up to 72 octets.",
    )
    write_queue_per_account: int = option(
        Number(1),
        "1000",
        scope=Scope.SERVER,
        at_start=True,
        added=True,
        meaning="Writes that may wait for one account in a worker; more are refused for now, or not read.",
    )
    write_queue_per_worker: int = option(
        Number(1), "10000", scope=Scope.SERVER, at_start=True, added=True, meaning="Writes that may wait in a worker."
    )
    write_queue_size_per_account: int = option(
        Size(minimum=1 << 20),
        "16M",
        scope=Scope.SERVER,
        at_start=True,
        added=True,
        meaning="The octets that the waiting writes of one account may take in memory.",
    )
    write_queue_size_per_worker: int = option(
        Size(minimum=1 << 20),
        "64M",
        scope=Scope.SERVER,
        at_start=True,
        added=True,
        meaning="The octets that the waiting writes of a worker may take in memory.",
    )
    change_log_retention: timedelta = option(
        Duration(DurationUnit.DAYS),
        "90d",
        scope=Scope.SERVER,
        added=True,
        meaning="How long the log of who changed what is kept; the expire event removes what is older.",
    )
    checkpoints_kept: int = option(
        Number(1, 100),
        "2",
        scope=Scope.SERVER,
        at_start=True,
        added=True,
        meaning="How many snapshots of the databases the checkpoint event keeps.",
    )
