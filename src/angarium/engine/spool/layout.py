"""Where message files stand: `<partition>/uuid/<a>/<b>/<unique id>/<uid>.` (DESIGN §4).

The unique id never changes, so a rename moves no file. Names of staged files are random and below `<partition>/stage`;
those of mail to send are `<partition>/queue/<a>/<b>/<account>-<number>.`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from angarium.engine.rows import AccountId, MailboxId, Uid
from angarium.errors import PartitionNotFound


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths of a set of partitions."""

    partitions: Mapping[str, str]
    """Name to directory, absolute."""

    def partition(self, name: str) -> str:
        """The partition's directory; PartitionNotFound."""
        try:
            return self.partitions[name]
        except KeyError:
            raise PartitionNotFound(f"no partition-{name} is configured") from None

    def directory(self, partition: str, mailbox: MailboxId) -> str:
        """The mailbox's directory."""
        return f"{self.partition(partition)}/uuid/{mailbox[0]}/{mailbox[1]}/{mailbox}"

    def stage(self, partition: str) -> str:
        """Where messages wait to be linked."""
        return f"{self.partition(partition)}/stage"

    def queue(self, partition: str, account: AccountId) -> str:
        """Where an account's mail waits to be sent; others' with it."""
        return f"{self.partition(partition)}/queue/{account[0]}/{account[1]}"


def message_name(uid: Uid) -> str:
    """The file name of a message, as the manuals of Cyrus show it."""
    return f"{uid}."


def queued_name(account: AccountId, number: int) -> str:
    """The file name of mail to send."""
    return f"{account}-{number}."


def uid_of(name: str) -> Uid | None:
    """The UID that a file name is for; None where it is not a message's."""
    if name.endswith(".") and name[:-1].isascii() and name[:-1].isdigit() and not name.startswith("0"):
        uid = int(name[:-1])
        return Uid(uid) if uid <= 0xFFFFFFFF else None
    return None
