"""What one recipient's delivery is, as one write of an account: messages into mailboxes, marks, and mail to send.

All of it becomes durable together or not at all, so that a delivery that is tried again after a crash neither loses nor
doubles anything: what was done stands there with its marks, and what was not has left none.

Marks and mail to send are the account's, and no part of what is synchronised: they take no modseq and no line of the
change log, and stay where they are when a mailbox goes to another account. So what comes there for a second time is put
there again, which loses nothing.
"""

import enum
from dataclasses import dataclass
from typing import Final

from angarium.engine.newmessage import Author, NewMessage, QuotaPolicy, StagedFile
from angarium.engine.rows import MailboxId, ModSeq, Uid

SENT_FOR_S: Final = 86_400
"""How long mail counts that was queued (`Deliver.daily_dispatches_max`)."""
MAIL_TO_SEND: Final = "mail"
"""The kind of the lines in `work.db` that say that an account has some; `Engine.accounts_with_mail` reads them."""
NOTE_STALE_AFTER_S: Final = 600
"""Age of such a line from which on it stands for nothing, where no mail has its number: no write waits for so long."""


class MarkKind(enum.StrEnum):
    """What is remembered for a while so as not to be done twice."""

    DELIVERED = "delivered"
    """A message in a mailbox, for a recipient (requirements: duplicate suppression)."""
    TRACKED = "tracked"
    """What a script has tracked (RFC 7352)."""
    ANSWERED = "answered"
    """A sender that was told of a vacation (RFC 5230 §4.2)."""
    REDIRECTED = "redirected"
    """A message to an address: what comes back must not go round."""
    NOTICE = "notice"
    """What its user is told once a day at most, as the failure of a script."""
    SENT = "sent"
    """That mail was queued, by its number; stands for a day."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that is remembered."""

    kind: MarkKind
    key: str
    """At most 1,000 characters; parts of it are separated by a space, the message's id first."""
    expires_at_s: int
    """From this second on it counts as absent, also where it was not pruned yet."""


@dataclass(frozen=True, slots=True)
class MarkRow:
    """A mark as it was kept."""

    mark: Mark
    noted_at_s: int


@dataclass(frozen=True, slots=True)
class Deposit:
    """A message into a mailbox of the account."""

    mailbox: MailboxId
    message: NewMessage
    acl_version: int | None = None
    """The ACL that the right was decided on; AclChanged. None: nobody needed a right."""
    quota: QuotaPolicy = QuotaPolicy.OVERSHOOT
    mark: Mark | None = None
    """Where this stands already, and has not expired, nothing is put there; else it stands from then on."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Mail to send: `head`, then the octets of `file` from `offset`, where there is one."""

    sender: str
    """The reverse-path; empty for the null one."""
    recipients: tuple[str, ...]
    head: bytes
    """The whole message, or what stands in front of the file's."""
    purpose: str
    """`redirect`, `vacation`, `reject`, `notify`, `notice`, `report`: for those who look into the queue."""
    message_id: str
    """Of what is sent, without angle brackets: a second copy is recognisable by it."""
    expires_at_s: int
    file: StagedFile | None = None
    offset: int = 0
    parameters: tuple[tuple[str, str], ...] = ()
    """Of MAIL and RCPT, as (`RET`, `HDRS`), (`NOTIFY`, `NEVER`), (`BY`, `600;R`), (`SMTPUTF8`, ``)."""
    mark: Mark | None = None
    """As a deposit's: where it stands already, nothing is sent."""


@dataclass(frozen=True, slots=True)
class Deliver:
    """A delivery: all of it or nothing, in the order of the fields: `unmarked` is looked at first, and what `deposits`
    mark holds for `dispatches`.

    MailboxNotFound, AclChanged, QuotaExceeded and so on, as AddMessages, which puts each message where it goes (the
    change log calls it `deliver`); MessageFileMissing also of a file to send; MarksChanged where one of `unmarked`
    stands by now. Where a message of `deposits` is not put anywhere because of its mark, the others are. Answered by
    Delivered.

    `work.db` names the account before mail to send is committed, so that none is forgotten; announced as a change of
    OUTGOING besides. Not for `Engine.advise` where there is mail to send.
    """

    author: Author
    deposits: tuple[Deposit, ...] = ()
    dispatches: tuple[Dispatch, ...] = ()
    marks: tuple[Mark, ...] = ()
    """What is to be remembered besides; a mark of the same kind and key gets the new time."""
    unmarked: tuple[tuple[MarkKind, str], ...] = ()
    """What must not stand: it was decided on its absence."""
    daily_dispatches_max: int = 0
    """With these no more may be queued in a day, by deliveries that say so; 0: no limit. ActionLimitExceeded."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """Where the messages went."""

    uids: tuple[Uid | None, ...]
    """One for each deposit; None where its mark stood already."""
    dispatched: tuple[bool, ...]
    """One for each dispatch."""
    modseq: ModSeq


@dataclass(frozen=True, slots=True)
class DispatchRow:
    """Mail that waits to be sent."""

    number: int
    """Of the account, ascending, never given again."""
    sender: str
    recipients: tuple[str, ...]
    head: bytes
    purpose: str
    message_id: str
    size_octets: int
    """Of head and file together."""
    offset: int
    has_file: bool
    parameters: tuple[tuple[str, str], ...]
    queued_at_s: int
    expires_at_s: int
    attempts: int
    next_attempt_s: int
    last_error: str
    work: int
    """The number of its line in `work.db`."""


@dataclass(frozen=True, slots=True)
class PostponeDispatch:
    """An attempt to send has failed for now: try again later, perhaps for fewer recipients. Nothing happens where it is
    gone. Takes no modseq. Answered by Done. Announced as a change of OUTGOING where it does not count."""

    number: int
    recipients: tuple[str, ...]
    next_attempt_s: int
    error: str
    counts: bool = True
    """Whether it was an attempt; False: an administrator has asked for another time."""


@dataclass(frozen=True, slots=True)
class RemoveDispatch:
    """Mail was sent, or is given up; its file goes, too, once that is durable. Nothing happens where it is gone. Takes
    no modseq. Answered by Done.

    With `replacement`, what tells its sender or its user of it is queued in the same transaction, as by Deliver; not
    where it is gone, so that of two that give it up one tells of it.
    """

    number: int
    author: Author
    replacement: Dispatch | None = None


@dataclass(frozen=True, slots=True)
class PruneMarks:
    """Forget marks: those that have expired by `now_s`, and those of duplicate suppression noted before
    `delivered_before_s`. Answered by Purged."""

    now_s: int
    delivered_before_s: int | None = None
    limit: int = 1000


def dispatches_of(command: object) -> tuple[Dispatch, ...]:
    """What a command may add to the queue."""
    match command:
        case Deliver(dispatches=queued):
            return queued
        case RemoveDispatch(replacement=Dispatch() as replacement):
            return (replacement,)
        case _:
            return ()
