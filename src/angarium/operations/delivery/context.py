"""What deliveries work with, what is delivered, and what became of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from angarium.config import Settings
from angarium.engine.rows import Uid
from angarium.names import MailboxName, UserId
from angarium.operations.hooks import Annotator, VirusScanner
from angarium.operations.mailboxes import may_be_created_by_script
from angarium.operations.messages import MessageLimits, PreparedMessage, Recipient
from angarium.operations.metadata import ServerPlaces
from angarium.operations.scripts import CheckedScripts
from angarium.sieve import HeaderTexts
from angarium.store import Actor, Store

GroupsOf = Callable[[UserId], Awaitable[frozenset[str]]]
"""The groups of a user. TemporaryError where they cannot be known now."""


async def no_groups(_: UserId) -> frozenset[str]:
    """Where nobody is in any."""
    return frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryContext:
    """The store, the options, and what is remembered between deliveries; one for each service."""

    store: Store
    settings: Settings
    """Those of the service."""
    scripts: CheckedScripts
    groups_of: GroupsOf = no_groups
    """The groups of a user whose script files into others' mailboxes."""
    zone: tzinfo = UTC
    """Of the server, for scripts and what they send."""
    scanner: VirusScanner | None = None
    annotator: Annotator | None = None

    def creates(self, name: MailboxName) -> bool:
        """Whether `fileinto` makes this mailbox of a user's, where it is missing, without being told to."""
        if not name.is_user or name.is_inbox:
            return False
        return self.settings.sieve.anysievefolder or may_be_created_by_script(
            self.store, self.settings.autocreate, name
        )

    @property
    def limits(self) -> MessageLimits:
        """Of messages that scripts make of others."""
        return MessageLimits.from_settings(self.settings.limits)

    @property
    def places(self) -> ServerPlaces:
        """Where the server's own annotations look."""
        directories = self.settings.directories
        return ServerPlaces(directories.configdirectory / "msg", directories.partitions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message on its way to its recipients."""

    sender: Actor
    """Whose right to post it is."""
    return_path: str
    """Without angle brackets; empty for the null path."""
    message: PreparedMessage
    remote_ip: str = ""
    """Of the client that brings it, for scripts (RFC 5183 §4.1)."""
    remote_host: str = ""
    is_utf8: bool = False
    """It came with SMTPUTF8 (RFC 6531 §3.4): its addresses and its header may be other than ASCII."""
    dsn: Mapping[str, str] = field(default_factory=dict)
    """What MAIL said of delivery status notifications and times, by the names of `sieve.Envelope.dsn`."""
    recipient_dsn: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What RCPT said of them, by the recipient's address."""
    header: HeaderTexts = field(default_factory=HeaderTexts)
    """What scripts have read of it."""

    def dsn_of(self, recipient: Recipient) -> dict[str, str]:
        """Both together."""
        return {**self.dsn, **self.recipient_dsn.get(recipient.address, {})}


@dataclass(frozen=True, slots=True)
class Filed:
    """A mailbox that has the message now."""

    name: MailboxName
    uid: Uid | None
    """None: it was there already, and was not put there a second time."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a message for one recipient; nothing of it is undone by a crash."""

    filed: tuple[Filed, ...]
    """Empty where a script discarded or redirected it."""
    sent: tuple[str, ...] = ()
    """The purposes of mail that was put into the queue."""
    script_failure: str = ""
    """Why the recipient's script was not carried out, or not whole."""


Outcome = Delivered | Exception
