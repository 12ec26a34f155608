"""The names of one account, as of one `folder_modseq`."""

from collections.abc import Iterable
from dataclasses import dataclass

from angarium.engine.rows import AccountId, MailboxId, MailboxRow, ModSeq
from angarium.names import KEY_SEPARATOR, MailboxName


def full_name(account: MailboxName, relative: str, *, deleted_at_s: int | None, deletedprefix: str) -> MailboxName:
    """The full name of a mailbox by its name relative to its account.

    The relative name of one in delayed delete ends with the stamp of its deletion, which is `deleted_at_s` in hex.
    """
    below = [component.replace("^", ".") for component in relative.split(".")] if relative else []
    if deleted_at_s is None:
        return account.child(*below) if below else account
    name = account.child(*below[:-1]) if below[:-1] else account
    return name.deleted_form(deletedprefix, deleted_at_s)


def relative_name(name: MailboxName, account: MailboxName, *, deletedprefix: str) -> str:
    """The inverse of `full_name`."""
    path = name.account_path(deletedprefix)
    below = [component.replace(".", "^") for component in path.relative]
    assert path.account.key == account.key
    if path.deleted_at is not None:
        below.append(name.components[-1])
    return ".".join(below)


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A mailbox of an account; the counters of `row` are as old as the tree, its name and ACL are not."""

    name: MailboxName
    key: str
    row: MailboxRow


class AccountTree:
    """The mailboxes of an account by name; those in delayed delete stand under their deleted names."""

    def __init__(
        self,
        account: AccountId,
        name: MailboxName,
        folder_modseq: ModSeq,
        entries: Iterable[TreeEntry],
    ) -> None:
        self.account = account
        self.name = name
        """The account's own name, that of its top mailbox."""
        self.folder_modseq = folder_modseq
        entries = sorted(entries, key=lambda entry: entry.key)
        self._by_key = {entry.key: entry for entry in entries}
        self._by_id = {entry.row.id: entry for entry in entries}
        self.top = self._by_key.get(name.key)
        """The account's top mailbox, where it has one; of a user her INBOX."""
        self._live = [entry for entry in entries if entry.row.deleted_at_s is None]
        self._deleted = [entry for entry in entries if entry.row.deleted_at_s is not None]

    def find(self, name: MailboxName) -> TreeEntry | None:
        """The mailbox of this name, by `MailboxName.key`."""
        return self._by_key.get(name.key)

    def by_id(self, mailbox: MailboxId) -> TreeEntry | None:
        """The mailbox of this id."""
        return self._by_id.get(mailbox)

    def live(self) -> list[TreeEntry]:
        """Mailboxes that are there, in the order of their keys."""
        return self._live

    def deleted(self) -> list[TreeEntry]:
        """Mailboxes in delayed delete, in the order of their keys."""
        return self._deleted

    def below(self, name: MailboxName) -> list[TreeEntry]:
        """Live mailboxes strictly below `name`, in the order of their keys."""
        prefix = name.key + KEY_SEPARATOR
        return [entry for entry in self._live if entry.key.startswith(prefix)]

    def nearest_parent(self, name: MailboxName) -> TreeEntry | None:
        """The nearest mailbox that exists above `name` within the account."""
        for ancestor in name.ancestors:
            entry = self.find(ancestor)
            if entry is not None:
                return entry
        return None


def tree_entry(account: MailboxName, row: MailboxRow, *, deletedprefix: str) -> TreeEntry:
    """The entry of a mailbox in the tree of `account`; some µs."""
    name = full_name(account, row.name, deleted_at_s=row.deleted_at_s, deletedprefix=deletedprefix)
    return TreeEntry(name, name.key, row)
