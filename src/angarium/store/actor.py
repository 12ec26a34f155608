"""Who asks: the one value that every right and every change record is decided on (DESIGN: an `Actor`)."""

from dataclasses import dataclass

from angarium.engine.commands import Author
from angarium.engine.rows import AccountId
from angarium.names import UserId
from angarium.rights import ANONYMOUS, Subject


@dataclass(frozen=True, slots=True)
class Actor:
    """A user, an anonymous visitor, or a program that acts for the administrator."""

    userid: UserId | None
    """None: an anonymous visitor, or a program."""
    account: AccountId | None = None
    """The user's own account, where she has one; there her subscriptions are, and by it her seen state elsewhere."""
    groups: frozenset[str] = frozenset()
    """Without `group:`."""
    is_admin: bool = False
    client: str = ""
    """The peer, as `192.0.2.7`."""
    protocol: str = ""
    """The protocol, or the name of the program: `imap`, `lmtp`, `cyr_expire`."""
    session: str = ""

    @classmethod
    def program(cls, name: str) -> "Actor":
        """A tool of the administrator's."""
        return cls(userid=None, is_admin=True, protocol=name)

    def subject(self) -> Subject:
        """What rights are calculated for."""
        return Subject(None if self.userid is None else str(self.userid), self.groups, self.is_admin)

    def author(self) -> Author:
        """What the change log keeps."""
        if self.userid is not None:
            actor = str(self.userid)
        else:
            actor = self.protocol if self.is_admin else ANONYMOUS
        return Author(actor, f"{self.protocol} {self.client}".strip(), self.session)
