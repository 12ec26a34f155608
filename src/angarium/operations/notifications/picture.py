"""Which mailboxes are watched, and what the actor is to them, as of one moment; what two such moments differ in.

Mailboxes are known by their ids, so that a rename is told from a deletion and a creation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from angarium.engine.rows import AccountId, MailboxId
from angarium.errors import NotificationOverflow
from angarium.names import MailboxName
from angarium.rights import Right
from angarium.store import Actor, Store, Visible, VisibleMailbox
from angarium.store.acl import is_owner
from angarium.store.turns import slices

from .events import Event, Interests

_LOOKED_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Watched:
    """A mailbox of which the actor knows and wants to be told."""

    account: AccountId
    external: str
    is_readable: bool
    events: Event


@dataclass(frozen=True, slots=True)
class Picture:
    """All of them, and the actor's subscriptions where these matter."""

    watched: Mapping[MailboxId, Watched] = field(default_factory=dict)
    subscribed: Mapping[str, str] = field(default_factory=dict)
    """Internal names by key."""


@dataclass(frozen=True, slots=True)
class Look:
    """A picture with what is needed to tell of it, and not kept."""

    picture: Picture
    visible: Visible
    still_visible: Mapping[MailboxId, VisibleMailbox]
    """Those of the picture before that the actor may still know of, whether they are still watched or not."""


async def look(store: Store, actor: Actor, interests: Interests, before: Picture, *, limit: int) -> Look:
    """What is watched now. NotificationOverflow where it is more than `limit` mailboxes."""
    subscribed = await subscriptions_of(store, actor) if interests.by_subscription else {}
    if not interests.of_mailboxes:
        return Look(Picture({}, subscribed), Visible(), {})
    visible = await store.visible(actor)
    watched: dict[MailboxId, Watched] = {}
    still_visible: dict[MailboxId, VisibleMailbox] = {}
    async for some in slices(visible.mailboxes, _LOOKED_AT_ONCE):
        for each in some:
            if actor.is_admin and each.name.undeleted(store.policy.names.deletedprefix) is not None:
                continue
            if each.mailbox in before.watched:
                still_visible[each.mailbox] = each
            events = interests.events_of(
                each.external,
                is_personal=is_owner(actor, each.name),
                is_subscribed=bool(subscribed) and each.name.key in subscribed,
            )
            if events:
                is_readable = Right.READ in each.rights
                watched[each.mailbox] = Watched(each.account, each.external, is_readable, events)
        if len(watched) > limit:
            raise NotificationOverflow(f"more than {limit} mailboxes are to be watched")
    return Look(Picture(watched, subscribed), visible, still_visible)


async def subscriptions_of(store: Store, actor: Actor) -> dict[str, str]:
    """Internal names by key."""
    if actor.account is None:
        return {}
    rows = await store.engine.subscriptions(actor.account)
    return {MailboxName.from_internal(row.name).key: row.name for row in rows if row.subscribed}
