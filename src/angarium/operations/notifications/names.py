"""What names a client is told of: what came, went or changed between two pictures (RFC 5465 §5.4, §5.5, §5.9).

Only what is visible to the actor shapes a line, as in LIST. A mailbox that she may not look up any more is told as one
that was deleted. What the session did itself is left out.
"""

import re
from collections.abc import Container, Iterator, Mapping
from typing import Final

from angarium.engine.rows import AccountId, MailboxId
from angarium.errors import AccountNotFound, MailboxNameInvalid
from angarium.names import MailboxName
from angarium.rights import Right
from angarium.store import Actor, Store
from angarium.store.acl import is_owner
from angarium.store.tree import full_name
from angarium.store.turns import slices

from .changes import NameChange
from .events import NO_EVENTS, Event, Interests
from .history import History
from .picture import Look, Picture, Watched, subscriptions_of

_COMPARED_AT_ONCE: Final = 500
_STAMP: Final = re.compile(r"[0-9A-F]{8}")

Histories = Mapping[AccountId, History]


class NameDifference:
    """Compares a picture with the look that followed it."""

    def __init__(
        self,
        store: Store,
        actor: Actor,
        interests: Interests,
        histories: Histories,
        before: Picture,
        look: Look,
        reported: set[str],
    ) -> None:
        self._store = store
        self._actor = actor
        self._namespace = store.namespace(actor)
        self._interests = interests
        self._histories = histories
        self._before = before
        self._look = look
        self._now = look.picture
        self._reported = reported
        """Names that were told to be closed to her, and are still; kept up here."""
        self._subscribed: Mapping[str, str] = {}
        self._told: dict[str, NameChange] = {}
        self._parents: list[str] = []
        self.unknown: dict[MailboxId, bool] = {}
        """Mailboxes of whose messages the session knows nothing: they are new to it, or open again; and whether it may
        take their UIDs for others, since they have the name of one that is gone, or came from another account."""

    async def changes(self) -> list[NameChange]:
        """What is to be told, each name once."""
        self._subscribed = await subscriptions_of(self._store, self._actor)
        gone_names: set[str] = set()
        async for some in slices(list(self._before.watched.items()), _COMPARED_AT_ONCE):
            for mailbox, was in some:
                if mailbox not in self._look.still_visible:
                    gone_names.add(was.external)
                    if not self._is_own(was.account, mailbox):
                        await self._tell_gone(mailbox, was)
        await self._tell_renamed()
        async for now in slices(list(self._now.watched.items()), _COMPARED_AT_ONCE):
            for mailbox, watch in now:
                before = self._before.watched.get(mailbox)
                if before is not None:
                    self._tell_other(mailbox, watch, before)
                elif not self._is_own(watch.account, mailbox):
                    self._tell_new(mailbox, watch)
                    self.unknown[mailbox] = watch.external in gone_names
        if Event.SUBSCRIPTION_CHANGE in self._interests.all_events:
            self._tell_subscriptions()
        for parent in self._parents:
            self._tell(parent)
        return list(self._told.values())

    def closed(self) -> list[NameChange]:
        """The names that are watched and may not be read, for the beginning."""
        closed = [watch.external for watch in self._now.watched.values() if not watch.is_readable]
        for external in closed:
            self._tell(external)
        return list(self._told.values())

    # Which

    async def _tell_gone(self, mailbox: MailboxId, was: Watched) -> None:
        if Event.MAILBOX_NAME in was.events:
            if was.external not in self._look.visible.by_external:
                self._tell(was.external)
            self._note_parent(was.external)
        elif await self._is_there(was.account, mailbox):
            # Not asked for, yet to be told: the mailbox is watched no more (RFC 5465 §5.9).
            self._reported.add(was.external)
            self._told[was.external] = NameChange(was.external, is_readable=False)

    async def _is_there(self, account: AccountId, mailbox: MailboxId) -> bool:
        try:
            row = await self._store.engine.mailbox(account, mailbox)
        except AccountNotFound:
            return False
        return row is not None and row.deleted_at_s is None

    async def _tell_renamed(self) -> None:
        """A tree that got another name is told by its top (RFC 5465 §5.4)."""
        renamed: dict[str, str] = {}
        events: dict[str, Event] = {}
        async for some in slices(list(self._look.still_visible.items()), _COMPARED_AT_ONCE):
            for mailbox, now in some:
                was = self._before.watched[mailbox]
                if now.external != was.external and not self._is_own(was.account, mailbox):
                    watch = self._now.watched.get(mailbox)
                    renamed[was.external] = now.external
                    events[was.external] = was.events | (watch.events if watch is not None else NO_EVENTS)
        tops: dict[str, str] = {}
        async for names in slices(list(renamed.items()), _COMPARED_AT_ONCE):
            tops |= {old: new for old, new in names if not self._goes_along(old, renamed)}
        for old, new in self._as_they_make_room(tops):
            if Event.MAILBOX_NAME in events[old]:
                self._tell(new, old=old)

    def _as_they_make_room(self, renamed: dict[str, str]) -> Iterator[tuple[str, str]]:
        """What was below another one and parts from it comes before that, which would take it along in the client's
        picture. A name that another mailbox gets is given up before that is told; but for two that change places."""
        separator = self._namespace.separator
        below: dict[str, list[str]] = {}
        for old in renamed:
            level = self._nearest(old.rpartition(separator)[0], renamed)
            if level:
                below.setdefault(level, []).append(old)
        while renamed:
            chain = [next(iter(renamed))]
            while chain:
                old = chain[-1]
                parting = below.get(old, [])
                while parting and (parting[-1] not in renamed or parting[-1] in chain):
                    parting.pop()
                level = parting[-1] if parting else renamed[old]
                while level and (level not in renamed or level in chain):
                    level = level.rpartition(separator)[0]
                if level:
                    chain.append(level)
                else:
                    yield old, renamed.pop(old)
                    chain.pop()

    def _nearest(self, level: str, names: Container[str]) -> str:
        """The first of `names` that is this one or above it; empty for none."""
        while level and level not in names:
            level = level.rpartition(self._namespace.separator)[0]
        return level

    def _goes_along(self, old: str, renamed: Mapping[str, str]) -> bool:
        """Whether its new name is that of a mailbox above it with the same rest."""
        separator = self._namespace.separator
        above = old.rpartition(separator)[0]
        while above:
            if above in renamed and renamed[above] + old[len(above) :] == renamed[old]:
                return True
            above = above.rpartition(separator)[0]
        return False

    def _tell_other(self, mailbox: MailboxId, watch: Watched, before: Watched) -> None:
        """One that was watched before."""
        if watch.is_readable != before.is_readable:
            self._tell(watch.external)
            self.unknown[mailbox] = False
        if watch.account != before.account and not self._is_own(before.account, mailbox):
            self.unknown[mailbox] = True

    def _tell_new(self, mailbox: MailboxId, watch: Watched) -> None:
        """One that is watched from now on: it was created, opened to her or renamed, or she has subscribed to it."""
        name = self._look.visible.by_external[watch.external].name
        # What she has only just subscribed to was not meant when it came.
        events = self._events_of(watch.external, name, is_subscribed=name.key in self._before.subscribed)
        if Event.MAILBOX_NAME in events:
            self._tell(watch.external, old=self._old_name(watch.account, mailbox, name))
            if self._told[watch.external].old is None:
                self._note_parent(watch.external)
        elif not watch.is_readable or watch.external in self._reported:
            self._tell(watch.external)

    def _old_name(self, account: AccountId, mailbox: MailboxId, name: MailboxName) -> str | None:
        """What a mailbox was called that was not watched by that name; None where it was deleted or not there, and
        where she may not have known of it."""
        history = self._histories.get(account)
        if history is None or mailbox in history.with_other_rights:
            return None
        relative = history.old_names.get(mailbox)
        if relative is None or _STAMP.fullmatch(relative.rpartition(".")[2]):
            return None
        policy = self._store.policy.names
        old = full_name(
            self._store.account_name_of(name), relative, deleted_at_s=None, deletedprefix=policy.deletedprefix
        )
        return self._namespace.to_external(old) if self._namespace.shows(old) and old.key != name.key else None

    def _tell_subscriptions(self) -> None:
        before, now = self._before.subscribed, self._now.subscribed
        for key in before.keys() ^ now.keys():
            internal = now.get(key) or before[key]
            name = MailboxName.from_internal(internal)
            if self._actor.account is None or self._is_own(self._actor.account, internal):
                continue
            if self._namespace.shows(name):
                external = self._namespace.to_external(name)
                if Event.SUBSCRIPTION_CHANGE in self._events_of(external, name, is_subscribed=True):
                    self._tell(external)

    def _note_parent(self, external: str) -> None:
        """What is above a mailbox that came or went is affected, whether it is one or not (RFC 5465 §5.4)."""
        parent = external.rpartition(self._namespace.separator)[0]
        if not parent or parent in self._parents:
            return
        try:
            name = self._namespace.to_internal(parent)
        except MailboxNameInvalid:
            name = None
        is_subscribed = name is not None and name.key in self._subscribed
        if Event.MAILBOX_NAME in self._events_of(parent, name, is_subscribed=is_subscribed):
            self._parents.append(parent)

    def _events_of(self, external: str, name: MailboxName | None, *, is_subscribed: bool) -> Event:
        is_personal = name is not None and is_owner(self._actor, name)
        return self._interests.events_of(external, is_personal=is_personal, is_subscribed=is_subscribed)

    def _is_own(self, account: AccountId, thing: str) -> bool:
        history = self._histories.get(account)
        return history is not None and thing in history.own_names

    # What

    def _tell(self, external: str, old: str | None = None) -> None:
        if external in self._told:
            return
        mailbox = self._look.visible.by_external.get(external)
        has_children = external in self._look.visible.levels_above
        if mailbox is None:
            self._reported.discard(external)
            is_subscribed = self._is_subscribed(external)
            self._told[external] = NameChange(
                external, exists=False, has_children=has_children or None, is_subscribed=is_subscribed
            )
            return
        is_readable = Right.READ in mailbox.rights
        (self._reported.discard if is_readable else self._reported.add)(external)
        self._told[external] = NameChange(
            external,
            is_readable=is_readable,
            has_children=has_children,
            is_subscribed=mailbox.name.key in self._subscribed,
            special_use=mailbox.special_use,
            old=old,
        )

    def _is_subscribed(self, external: str) -> bool:
        try:
            return self._namespace.to_internal(external).key in self._subscribed
        except MailboxNameInvalid:
            return False
