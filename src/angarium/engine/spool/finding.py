"""Finding the mailboxes that partitions hold, by their headers."""

import os

from angarium.engine.disk import Disk
from angarium.engine.rows import FoundMailbox, Uid, UnreadableDirectory
from angarium.engine.spool.header import HEADER_NAME, MailboxHeader
from angarium.engine.spool.layout import Layout, uid_of
from angarium.errors import AngariumError


def find_mailboxes(disk: Disk, layout: Layout) -> list[FoundMailbox | UnreadableDirectory]:
    """Every mailbox directory of every partition; one that cannot be read stops no other."""
    found: list[FoundMailbox | UnreadableDirectory] = []
    for partition, root in sorted(layout.partitions.items()):
        for first in _entries(disk, os.path.join(root, "uuid")):
            for second in _entries(disk, first):
                found += [_find(disk, partition, directory) for directory in _entries(disk, second)]
    return found


def _find(disk: Disk, partition: str, directory: str) -> FoundMailbox | UnreadableDirectory:
    uids: tuple[Uid, ...] = ()
    try:
        uids = tuple(sorted(uid for uid in map(uid_of, disk.listdir(directory)) if uid is not None))
        header = MailboxHeader.parse(disk.read_file(os.path.join(directory, HEADER_NAME)))
    except (OSError, AngariumError) as error:
        return UnreadableDirectory(partition, directory, str(error), uids)
    return FoundMailbox(
        header.account,
        header.account_name,
        header.mailbox,
        header.name,
        partition,
        header.deleted_at_s,
        header.uidvalidity,
        header.acl,
        header.special_use,
        header.keywords,
        header.uid_ceiling,
        header.modseq_ceiling,
        directory,
        uids,
    )


def _entries(disk: Disk, directory: str) -> list[str]:
    try:
        return [os.path.join(directory, name) for name in sorted(disk.listdir(directory))]
    except (FileNotFoundError, NotADirectoryError):
        return []
