"""What is the same for all messages that one line of the change log is about: who did it, where, and whose script."""

from dataclasses import dataclass

from angarium.engine.commands import Author, QuotaPolicy
from angarium.engine.rows import AccountId, ChangeRow, MailboxRow
from angarium.errors import MailboxNameInvalid, MailboxNotFound, UserNameInvalid
from angarium.flags import SystemFlags
from angarium.names import MailboxName, UserId, parse_userid
from angarium.operations.delivery import DeliveryContext
from angarium.operations.delivery.running import environment_items, owner_of
from angarium.operations.delivery.scriptof import script_named
from angarium.operations.imapsieve.occasions import PROTOCOL
from angarium.operations.messages import DeliveryTarget, Recipient
from angarium.operations.messages.decision import keywords_writable, writable_flags
from angarium.rights import ANONYMOUS
from angarium.sequenceset import UidSet
from angarium.sieve import Script, ScriptInvalid
from angarium.store import Actor, Mailbox, SeenState
from angarium.store.annotations import SCRIPT_OF_EVENTS


@dataclass(frozen=True, slots=True)
class Scene:
    """Who, where, and by what script."""

    account: AccountId
    row: ChangeRow
    mailbox: MailboxRow
    target: DeliveryTarget
    """The mailbox as the mail that scripts send has it: its owner's."""
    user: Actor
    """Who has made the change; what a script does to the message itself happens as if she did."""
    seen_by_user: Mailbox | None
    """The mailbox as she meets it; None where she has no right there any more."""
    owner: Actor
    """As whom the script files and asks: the user whose mailbox it is, in a shared one whoever made the change."""
    script: Script | ScriptInvalid
    items: dict[str, str]
    """Of the environment, but for what is each message's own."""

    @property
    def author(self) -> Author:
        """Of what the script does: the user, but not her session, which is to be told of it."""
        return Author(self.row.actor, PROTOCOL)

    @property
    def writable(self) -> SystemFlags:
        """The system flags that the user may change."""
        return SystemFlags.NONE if self.seen_by_user is None else writable_flags(self.seen_by_user)

    @property
    def keywords_writable(self) -> bool:
        """Whether she may change keywords."""
        return self.seen_by_user is not None and keywords_writable(self.seen_by_user)


async def set_scene(
    context: DeliveryContext,
    account: AccountId,
    row: ChangeRow,
    *,
    admins: frozenset[UserId],
    everywhere_since_s: int | None,
) -> Scene | None:
    """What a line that is an event means; None where it runs no script. What an engine and a source of groups refuse
    with."""
    assert row.mailbox is not None, "events happen in mailboxes"
    name = await _script_for(context, account, row, everywhere_since_s)
    found = await script_named(context, account, name) if name else None
    mailbox = await context.store.engine.mailbox(account, row.mailbox)
    if found is None or mailbox is None or mailbox.deleted_at_s is not None:
        return None
    entry = (await context.store.tree(account)).by_id(row.mailbox)
    if entry is None:
        return None
    target = DeliveryTarget(
        Recipient.parse(_address(context, entry.name)),
        account,
        mailbox.id,
        entry.name,
        mailbox.partition,
        None,
        QuotaPolicy.STRICT,
    )
    user = await _user(context, row, admins)
    owner = user if entry.name.userid is None else await owner_of(context, target, "")
    script = await context.scripts.get(account, found)
    items = _items(context, row, user) | {"imap.mailbox": _shown(context, owner, entry.name)}
    return Scene(account, row, mailbox, target, user, await _as_met_by(context, user, target), owner, script, items)


async def seen_uids(context: DeliveryContext, scene: Scene) -> UidSet | None:
    """What the user has seen in the mailbox, where that is not in the flags of the messages; None where it is."""
    met = scene.seen_by_user
    if met is None or met.seen is SeenState.NONE:
        return UidSet()
    if met.seen_account is None:
        return None
    row = await context.store.engine.seen(scene.account, scene.mailbox.id, met.seen_account)
    return UidSet() if row is None or not row.uids else UidSet.parse(row.uids.encode())


async def _script_for(
    context: DeliveryContext, account: AccountId, row: ChangeRow, everywhere_since_s: int | None
) -> str | None:
    """The name that counts (RFC 6785 §2.3.1): by the mailbox's annotation, also where nothing can be made of it, else
    by the server's. What happened before either became what it is is no occasion."""
    engine = context.store.engine
    assert row.mailbox is not None, "events happen in mailboxes"
    for annotation in await engine.annotations(account, row.mailbox):
        if annotation.entry == SCRIPT_OF_EVENTS and annotation.owner is None:
            return annotation.value.decode("utf-8", "replace") if row.modseq > annotation.modseq else None
    if everywhere_since_s is None or row.time_s < everywhere_since_s:
        return None
    value = (await engine.server_annotations()).get(SCRIPT_OF_EVENTS)
    return None if value is None else value.decode("utf-8", "replace")


async def _user(context: DeliveryContext, row: ChangeRow, admins: frozenset[UserId]) -> Actor:
    store = context.store
    try:
        userid = None if row.actor == ANONYMOUS else parse_userid(row.actor, store.policy.names)
    except UserNameInvalid:
        userid = None
    if userid is None:
        return Actor(None, protocol=PROTOCOL)
    groups = await context.groups_of(userid)
    return await store.actor(userid, groups=groups, is_admin=userid in admins, protocol=PROTOCOL)


async def _as_met_by(context: DeliveryContext, user: Actor, target: DeliveryTarget) -> Mailbox | None:
    try:
        return await context.store.find_by_id(user, target.account, target.mailbox)
    except MailboxNotFound:
        return None


def _address(context: DeliveryContext, name: MailboxName) -> str:
    """The owner's; that of a shared mailbox is what mail to it is addressed to."""
    domain = name.domain or context.settings.server.servername
    userid = name.userid
    if userid is not None:
        return f"{userid.localpart}@{userid.domain or domain}"
    return f"{context.settings.lmtp.postuser}+{'.'.join(name.components)}@{domain}"


def _items(context: DeliveryContext, row: ChangeRow, user: Actor) -> dict[str, str]:
    """RFC 6785 §4.1, §4.2."""
    userid = user.userid
    email = "" if userid is None else f"{userid.localpart}@{userid.domain or context.settings.server.servername}"
    items = environment_items(context, phase="post", remote_host="", remote_ip=row.client.partition(" ")[2])
    return items | {"imap.user": row.actor if userid is not None else "", "imap.email": email}


def _shown(context: DeliveryContext, actor: Actor, name: MailboxName) -> str:
    """The name by which the script would file there."""
    try:
        return context.store.namespace(actor).to_external(name)
    except MailboxNameInvalid:
        return name.internal
