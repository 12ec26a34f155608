"""Messages that a script has put aside until a time (draft-ietf-extra-sieve-snooze), and their coming back.

One that waits is in the user's mailbox with the use `\\Snoozed`, where she can read it; the annotation `snoozed` tells
until when, and where it goes then. `work.db` names the account and the time before the message is there, so that
whoever looks there knows of all that wait. It comes back by being moved, which a user may have done before: then
nothing happens.
"""

import json
import logging
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from angarium.engine.commands import CopyMessages, FlagOperation, QuotaPolicy, StoreFlags
from angarium.engine.rows import AccountId, AnnotationChange, AnnotationRow, Uid, WorkRow
from angarium.errors import AccountNotFound, AngariumError, KeywordLimitExceeded, PermanentError, TemporaryError
from angarium.names import UserId
from angarium.operations.delivery.filing import Filing, has_uses
from angarium.operations.delivery.scriptflags import flags_of
from angarium.sequenceset import UidSet
from angarium.sieve import Snooze
from angarium.sieve.awakening import awakens_at
from angarium.store import Actor, Mailbox, Store, TreeEntry
from angarium.store.annotations import VENDOR

log = logging.getLogger(__name__)

SNOOZED_USE: Final = "\\Snoozed"
SNOOZED_ENTRY: Final = f"{VENDOR}/snoozed"
WORK_KIND: Final = "snooze"
_MAILBOX_NAME: Final = "Snoozed"
_LATER_S: Final = 3600
"""Until an account is looked at again that refused."""
_WRITTEN_WITHIN_S: Final = 900
"""How long after its note a message may yet be written (`engine.delivery.NOTE_STALE_AFTER_S`, and some time before)."""
_UNDER_WAY_S: Final = 20
"""Until a note is looked at again whose message may yet come."""


@dataclass(frozen=True, slots=True)
class Snoozed:
    """What the annotation says."""

    until: str
    """UTC, as `2026-11-21T08:00:00Z`."""
    mailbox: str | None = None
    mailboxId: str | None = None  # noqa: N815 - the members of the JSON object are named as those of JMAP
    specialUse: str | None = None  # noqa: N815
    create: bool = False
    addFlags: tuple[str, ...] = ()  # noqa: N815
    removeFlags: tuple[str, ...] = ()  # noqa: N815

    @property
    def until_s(self) -> int:
        return int(datetime.fromisoformat(self.until).timestamp())

    def annotation(self) -> AnnotationChange:
        """As the message gets it."""
        return AnnotationChange(SNOOZED_ENTRY, None, json.dumps(asdict(self)).encode())


def snoozed(action: Snooze, now: datetime) -> Snoozed:
    """What an action means at a moment, which is in the zone of the server."""
    zone = now.tzinfo if action.zone is None else ZoneInfo(action.zone)
    assert zone is not None
    until = awakens_at(now, action.times, action.weekdays, zone).astimezone(UTC)
    return Snoozed(
        until.isoformat().replace("+00:00", "Z"),
        action.mailbox,
        action.mailbox_id,
        action.special_use,
        action.create,
        action.add_flags,
        action.remove_flags,
    )


async def snooze_mailbox(filing: Filing) -> Mailbox:
    """Where the user's messages wait, made where there is none. PermanentError where it cannot be."""
    try:
        return await filing.find_by_use(SNOOZED_USE)
    except PermanentError:
        return await filing.find_or_create(_MAILBOX_NAME, special_use=SNOOZED_USE)


async def note_snoozed(store: Store, account: AccountId, until_s: int) -> int:
    """Have the account looked at then; durable on return. Gives the number of the note."""
    return await store.engine.note_work(WorkRow(account, WORK_KIND, str(until_s), store.sources.now_s()))


async def awaken_due(store: Store) -> int | None:
    """Bring back all that is due, durably; gives when the next is, None where nothing waits."""
    next_s: int | None = None
    due: dict[AccountId, list[tuple[int, int]]] = {}
    now_s = store.sources.now_s()
    for number, work in await store.engine.work():
        if work.kind != WORK_KIND:
            continue
        until_s = int(work.detail)
        if until_s <= now_s:
            due.setdefault(work.account, []).append((number, work.noted_at_s))
        elif next_s is None or until_s < next_s:
            next_s = until_s
    for account, notes in due.items():
        done = [number for number, noted_at_s in notes if now_s - noted_at_s > _WRITTEN_WITHIN_S]
        try:
            await _awaken(store, account, now_s)
        except AccountNotFound:
            pass
        except AngariumError as refusal:
            log.warning("awakening_failed", extra={"account": account, "reason": str(refusal)})
            if done:
                await note_snoozed(store, account, now_s + _LATER_S)
        for number in done:
            await store.engine.work_done(number)
        if len(done) < len(notes):
            next_s = min(next_s or now_s + _UNDER_WAY_S, now_s + _UNDER_WAY_S)
    return next_s


async def _awaken(store: Store, account: AccountId, now_s: int) -> None:
    tree = await store.tree(account)
    userid = tree.name.userid
    if userid is None:
        return
    refusal: AngariumError | None = None
    for entry in tree.live():
        if has_uses(entry, (SNOOZED_USE,)):
            for row in await store.engine.annotations(account, entry.row.id, UidSet(((1, 2**32 - 1),))):
                try:
                    await _awaken_one(store, account, userid, entry, row, now_s)
                except AngariumError as error:
                    refusal = error  # the others come all the same
    if refusal is not None:
        raise refusal


async def _awaken_one(
    store: Store, account: AccountId, userid: UserId, entry: TreeEntry, row: AnnotationRow, now_s: int
) -> None:
    found = _parsed(row)
    if found is None or found.until_s > now_s:
        return
    actor = Actor(userid, account, protocol="snooze")
    target = await _target(Filing(store, actor, utf8_only=False), found, account)
    uids = UidSet(((row.uid, row.uid),))
    for operation, flags in ((FlagOperation.ADD, found.addFlags), (FlagOperation.REMOVE, found.removeFlags)):
        if flags:
            command = StoreFlags(entry.row.id, uids, operation, flags_of(flags), actor.author())
            try:
                await store.engine.write(account, command)
            except KeywordLimitExceeded:
                pass  # that it comes back matters more
    # It was delivered once, and its user must not lose it for want of room.
    move = CopyMessages(
        entry.row.id,
        uids,
        target.id,
        actor.author(),
        move=True,
        quota=QuotaPolicy.IGNORE,
        keep_shared_annotations=False,
    )
    await store.engine.write(account, move)
    log.info("message_awakened", extra={"mailbox": target.name.internal, "uid": Uid(row.uid)})


async def _target(filing: Filing, wanted: Snoozed, account: AccountId) -> Mailbox:
    """Where it goes; INBOX where that is not there any more, or is not the user's."""
    mailbox: Mailbox | None = None
    try:
        mailbox = await _wanted(filing, wanted)
    except TemporaryError:
        raise
    except AngariumError:
        pass
    if mailbox is None or mailbox.account != account:
        return await filing.find(filing.name("INBOX"))
    return mailbox


async def _wanted(filing: Filing, wanted: Snoozed) -> Mailbox | None:
    for text, find in ((wanted.mailboxId, filing.find_by_id), (wanted.specialUse, filing.find_by_use)):
        if text is not None:
            try:
                return await find(text)
            except PermanentError:
                continue
    if wanted.mailbox is None:
        return None
    if wanted.create:
        return await filing.find_or_create(wanted.mailbox, special_use=wanted.specialUse)
    return await filing.find(filing.name(wanted.mailbox))


def _parsed(row: AnnotationRow) -> Snoozed | None:
    """What an annotation says; None for one that is something else."""
    if row.entry != SNOOZED_ENTRY or row.owner is not None:
        return None
    try:
        members = json.loads(row.value)
        found = Snoozed(
            str(members["until"]),
            _text(members.get("mailbox")),
            _text(members.get("mailboxId")),
            _text(members.get("specialUse")),
            create=members.get("create") is True,
            addFlags=tuple([str(flag) for flag in members.get("addFlags", ())]),
            removeFlags=tuple([str(flag) for flag in members.get("removeFlags", ())]),
        )
        _ = found.until_s
    except (ValueError, TypeError, AttributeError, KeyError):
        return None
    return found


def _text(member: object) -> str | None:
    return member if isinstance(member, str) else None
