"""Moving mailboxes from one account into another: the one write that is of two accounts (DESIGN §8).

Ids, UIDs, flags, annotations, quota roots that are named for the mailboxes, email and thread ids go along; so does
UIDVALIDITY, unless another mailbox of the new name has had an equal or higher one. Every message gets a mod-sequence
above all that either account has given, so that whoever synchronised before is told of more than changed and of nothing
too little. Special uses that a mailbox of the other account has already are lost. Message files stay where they are:
the directory of a mailbox has its id for a name, and not its account's.

Each reader keeps what she has seen: the owner of the account that the mailboxes leave has it as others have from then
on, and she whose account they come into as owners have (`\\Seen` among the messages' own flags). Where `\\Seen` is one
for all who read a mailbox, nothing of it changes.
"""

import json
from dataclasses import asdict, dataclass

from angarium.engine.commands import Author
from angarium.engine.rows import AccountId, MailboxId


@dataclass(frozen=True, slots=True)
class MailboxMove:
    """One mailbox's name relative to the account that it comes into."""

    mailbox: MailboxId
    name: str


@dataclass(frozen=True, slots=True)
class MoveMailboxes:
    """Move a tree, all of it or nothing; a mailbox in delayed delete comes back by it."""

    source: AccountId
    target: AccountId
    moves: tuple[MailboxMove, ...]
    author: Author
    source_acl_versions: tuple[tuple[MailboxId, int], ...] = ()
    """ACLs that the rights were decided on, of mailboxes that leave, and ..."""
    target_acl_versions: tuple[tuple[MailboxId, int], ...] = ()
    """... of those above the new names."""
    source_has_owner: bool = True
    target_has_owner: bool = True
    """Whether the account is a user's, to whom `\\Seen` among the flags belongs."""

    def __post_init__(self) -> None:
        if self.source == self.target:
            raise ValueError("within an account mailboxes are renamed, and not moved")

    @property
    def mailboxes(self) -> tuple[MailboxId, ...]:
        """Those that move."""
        return tuple([move.mailbox for move in self.moves])

    def serialize(self) -> str:
        """A text that `parse_move` reads: what has begun is remembered by it."""
        return json.dumps(asdict(self), ensure_ascii=False)


def parse_move(text: str) -> MoveMailboxes:
    """What `serialize` wrote; ValueError, KeyError, TypeError for all else."""
    fields = json.loads(text)
    return MoveMailboxes(
        AccountId(fields["source"]),
        AccountId(fields["target"]),
        tuple([MailboxMove(MailboxId(move["mailbox"]), str(move["name"])) for move in fields["moves"]]),
        Author(**fields["author"]),
        _versions(fields["source_acl_versions"]),
        _versions(fields["target_acl_versions"]),
        bool(fields["source_has_owner"]),
        bool(fields["target_has_owner"]),
    )


def _versions(pairs: list[tuple[str, int]]) -> tuple[tuple[MailboxId, int], ...]:
    return tuple([(MailboxId(mailbox), int(version)) for mailbox, version in pairs])
