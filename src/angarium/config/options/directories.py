"""Where the store keeps its files."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from angarium.config.kinds import FilePath, Text
from angarium.config.option import Scope, option


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySettings:
    """Directories and partitions."""

    configdirectory: Path = option(
        FilePath(),
        "{required}",
        scope=Scope.SERVER,
        at_start=True,
        meaning="The directory of the store's databases, locks and sockets. The one setting without a default.",
    )
    defaultpartition: str = option(
        Text(pattern=r"[A-Za-z0-9_]+", allowed="the name of a partition: letters and digits", lower=True),
        "{partition}",
        scope=Scope.SERVER,
        at_start=True,
        meaning="The partition of new mailboxes whose parent does not decide it. Unset, it is the only partition, or "
        "the one called `default`.",
    )
    proc_path: Path = option(
        FilePath(),
        "{configdirectory}/proc",
        scope=Scope.SERVER,
        at_start=True,
        meaning="The directory in which each session that lasts longer than a second has a file, named by session id: "
        "service, client, user, mailbox, an empty field, process id, with tabs between. Best on a tmpfs.",
    )
    partitions: Mapping[str, Path] = field(default_factory=dict)
    """Spool directories by name, from `partition-NAME`; at least one, no two the same."""

    lmtpsocket: Path = option(
        FilePath(),
        "{configdirectory}/socket/lmtp",
        meaning="The socket that `deliver` speaks to, if root or the server's user runs it.",
    )
    deliversocket: Path = option(
        FilePath(),
        "{configdirectory}/socket/deliver",
        added=True,
        meaning="The socket that `deliver` speaks to, if another user runs it: that of an `lmtpd -u`.",
    )
    master_pid_file: Path = option(
        FilePath(),
        "{configdirectory}/master.pid",
        scope=Scope.SERVER,
        at_start=True,
        meaning="The file that holds the process id of the running server.",
    )
    master_ready_file: Path = option(
        FilePath(),
        "{configdirectory}/master.ready",
        scope=Scope.SERVER,
        at_start=True,
        meaning="A file that exists while the server is ready for connections.",
    )
