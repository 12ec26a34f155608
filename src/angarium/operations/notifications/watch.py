"""`Watch`: what one session wants to be told of, what it was told, and what it has to be told (RFC 5465).

It keeps the names that are watched, and how far it has come in each account that holds one. Whoever owns it hears of
changes by account (`accounts`, `hear`), and asks for `changes` when the client can be told. Each look reads the end of
the change log of the accounts that were heard of: what happened, by whom, in which mailboxes; so the work depends on
what happened, and not on how much is watched. Names are looked at anew where names or rights may have changed.

Rights are asked at each telling, of the mailbox as it is then.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Final, Self

from angarium.engine.interface import NAMES, SITE
from angarium.engine.rows import AccountId, AccountState, MailboxId, ModSeq
from angarium.errors import AccountNotFound, AngariumError, MailboxNotFound, NotificationOverflow, PermissionDenied
from angarium.operations.mailboxes import status_of
from angarium.operations.metadata import ServerPlaces, shared_server_values
from angarium.rights import Right
from angarium.store import Actor, Mailbox, Store

from .changes import Change, MetadataChange, NameChange, StatusChange
from .events import MESSAGE_EVENTS, Event, Interests
from .history import History
from .names import NameDifference
from .picture import Picture, Watched, look

_ACCOUNTS_MAX: Final = 500
_TOLD_AT_ONCE: Final = 10
"""Mailboxes that are told of before other sessions have their turn."""
_METADATA: Final = Event.MAILBOX_METADATA_CHANGE | Event.SERVER_METADATA_CHANGE


class Watch:
    """One session's; belongs to the store's event loop, and is used by one task at a time."""

    def __init__(
        self, store: Store, actor: Actor, interests: Interests, places: ServerPlaces, *, mailboxes_max: int
    ) -> None:
        """Not yet to be used: `open` makes one."""
        self._store = store
        self._actor = actor
        self._interests = interests
        self._places = places
        self._mailboxes_max = mailboxes_max
        self._picture = Picture()
        self._told: dict[AccountId, AccountState] = {}
        self._histories: dict[AccountId, History] = {}
        """Of accounts where something happened since names were looked at last."""
        self._unseen: dict[MailboxId, int] = {}
        self._closed: set[str] = set()
        self._server: Mapping[str, bytes] = {}
        self._heard: set[AccountId] = set()
        self._names_moved = False
        """Names have to be looked at."""
        self._beginning: list[NameChange] = []

    @classmethod
    async def open(
        cls, store: Store, actor: Actor, interests: Interests, places: ServerPlaces, *, mailboxes_max: int
    ) -> Self:
        """Watch from here on. NotificationOverflow."""
        watch = cls(store, actor, interests, places, mailboxes_max=mailboxes_max)
        if actor.account is not None:
            watch._told[actor.account] = await store.engine.state(actor.account)
        seen = await look(store, actor, interests, Picture(), limit=mailboxes_max)
        watch._picture = seen.picture
        watch._beginning = NameDifference(store, actor, interests, {}, Picture(), seen, watch._closed).closed()
        await watch._keep_to_accounts()
        if Event.SERVER_METADATA_CHANGE in interests.all_events:
            watch._server = await shared_server_values(store, places)
        # What came before anybody listened for it is found at the first look.
        watch._heard = set(watch.accounts)
        return watch

    @property
    def accounts(self) -> frozenset[AccountId]:
        """Whose changes concern it; may be others after `changes`."""
        accounts = set(self._told)
        if self._actor.is_admin and self._interests.of_mailboxes:
            accounts |= {NAMES, SITE}
        elif self._interests.beyond_personal or Event.SERVER_METADATA_CHANGE in self._interests.all_events:
            accounts.add(SITE)
        return frozenset(accounts)

    def hear(self, account: AccountId) -> None:
        """An account changed."""
        self._heard.add(account)

    @property
    def has_news(self) -> bool:
        """Whether anything was heard of since the last `changes`."""
        return bool(self._heard)

    def set_by_session(self, values: Mapping[str, bytes | None]) -> None:
        """The session itself set these annotations of the server, which all share, and need not be told."""
        kept = {entry: value for entry, value in self._server.items() if entry not in values}
        self._server = kept | {entry: value for entry, value in values.items() if value is not None}

    def take_beginning(self) -> list[NameChange]:
        """What is watched and may not be read, to be told before anything else."""
        beginning, self._beginning = self._beginning, []
        return beginning

    async def statuses(self, selected: MailboxId | None) -> AsyncGenerator[StatusChange, None]:
        """The counters of all that is watched for message events, but of the selected mailbox (RFC 5465 §3.1)."""
        for mailbox, watched in self._picture.watched.items():
            if mailbox != selected and watched.events & MESSAGE_EVENTS:
                change = await self._status(mailbox, watched, watched.events & MESSAGE_EVENTS)
                if change is not None:
                    yield change

    async def changes(self, actor: Actor, selected: MailboxId | None) -> AsyncGenerator[Change, None]:
        """What is to be told now; it counts as told once it is given. `selected` is told of by other means, as far as
        messages are concerned. NotificationOverflow ends the watch; after other refusals ask again later."""
        heard, self._heard = self._heard, set()
        is_other_actor, self._actor = actor is not self._actor, actor
        self._names_moved |= is_other_actor or not heard.isdisjoint((SITE, NAMES))
        try:
            await self._read_on(heard)
            if is_other_actor:  # who may not have known what was called how
                for history in self._histories.values():
                    history.old_names.clear()
            if self._names_moved:
                changes = await self._look_again(selected)
                self._names_moved = False
                for change in changes:
                    yield change
            if SITE in heard:
                for entries in await self._server_entries():
                    yield MetadataChange("", entries)
            told = 0
            for account in heard & self._histories.keys():
                async for happened in self._happened(account, self._histories[account], selected):
                    yield happened
                    told += 1
                    if told % _TOLD_AT_ONCE == 0:
                        await asyncio.sleep(0)
        except AngariumError:
            self._heard |= heard
            raise

    # Names

    async def _read_on(self, heard: set[AccountId]) -> None:
        """Read what happened in these accounts, and note whether there are other names in the actor's own."""
        own = self._actor.account
        for account in heard & self._told.keys():
            told = self._told[account]
            try:
                state = await self._store.engine.state(account)
            except AccountNotFound:
                del self._told[account]
                self._histories.pop(account, None)
                continue
            if state == told:
                continue
            history = self._histories.setdefault(account, History(self._actor.session, told.modseq, told.modseq))
            await history.read_on(self._store.engine, account, state.modseq, reader=own)
            self._told[account] = AccountState(max(state.modseq, history.until), state.folder_modseq)
            self._names_moved |= account == own and state.folder_modseq != told.folder_modseq

    async def _look_again(self, selected: MailboxId | None) -> list[Change]:
        seen = await look(self._store, self._actor, self._interests, self._picture, limit=self._mailboxes_max)
        difference = NameDifference(
            self._store, self._actor, self._interests, self._histories, self._picture, seen, self._closed
        )
        changes: list[Change] = list(await difference.changes())
        self._picture = seen.picture
        self._unseen = {each: count for each, count in self._unseen.items() if each in seen.picture.watched}
        await self._keep_to_accounts()
        for mailbox, may_mislead in difference.unknown.items():
            watched = seen.picture.watched[mailbox]
            if mailbox != selected and watched.events & MESSAGE_EVENTS:
                status = await self._status(mailbox, watched, watched.events & MESSAGE_EVENTS)
                # Another UIDVALIDITY has to be told (RFC 5465 §5.1), that there was never a message has not.
                if status is not None and (may_mislead or status.status.uidnext > 1):
                    changes.append(status)
        for history in self._histories.values():
            history.forget_names()
        return changes

    async def _keep_to_accounts(self) -> None:
        """Watch the accounts that hold what is watched, and the user's own."""
        accounts = {watched.account for watched in self._picture.watched.values()}
        if len(accounts) > _ACCOUNTS_MAX:
            raise NotificationOverflow(f"more than {_ACCOUNTS_MAX} accounts are to be watched")
        if self._actor.account is not None:
            accounts.add(self._actor.account)
        for account in self._told.keys() - accounts:
            del self._told[account]
            self._histories.pop(account, None)
        for account in accounts - self._told.keys():
            try:
                self._told[account] = await self._store.engine.state(account)
            except AccountNotFound:
                continue  # its mailboxes go from the catalogue as well

    # The server

    async def _server_entries(self) -> list[tuple[str, ...]]:
        """What all share of the server's annotations, and changed; a list of one or none."""
        if Event.SERVER_METADATA_CHANGE not in self._interests.all_events:
            return []
        before, self._server = self._server, await shared_server_values(self._store, self._places)
        entries = sorted(before.keys() | self._server.keys())
        changed = [f"/shared{entry}" for entry in entries if before.get(entry) != self._server.get(entry)]
        return [tuple(changed)] if changed else []

    # Messages and annotations

    async def _happened(
        self, account: AccountId, history: History, selected: MailboxId | None
    ) -> AsyncIterator[Change]:
        if not history.is_complete:
            if self._interests.all_events & _METADATA:
                raise NotificationOverflow("more has happened than can be told")
            history.suspect([each for each, watched in self._picture.watched.items() if watched.account == account])
        # What a refusal keeps from being told stays for the next time.
        while history.messages:
            mailbox, events = next(iter(history.messages.items()))
            status = await self._message_change(mailbox, events, history.since, selected)
            del history.messages[mailbox]
            if status is not None:
                yield status
        while history.entries:
            annotated, names = next(iter(history.entries.items()))
            metadata = await self._metadata(account, annotated, tuple(names))
            del history.entries[annotated]
            if metadata is not None:
                yield metadata
        history.since = history.until

    async def _message_change(
        self, mailbox: MailboxId, events: Event, since: ModSeq, selected: MailboxId | None
    ) -> StatusChange | None:
        watched = self._picture.watched.get(mailbox)
        if watched is None or mailbox == selected or not watched.events & events:
            return None
        return await self._status(mailbox, watched, watched.events & events, since)

    async def _status(
        self, mailbox: MailboxId, watched: Watched, events: Event, since: ModSeq | None = None
    ) -> StatusChange | None:
        """None where the actor may not read it any more, or nothing has changed for her after `since`."""
        found = await self._find(watched.account, mailbox)
        if found is None:
            return None
        counts_unseen = Event.FLAG_CHANGE in watched.events
        status = await status_of(self._store, found, recent=False, unseen=counts_unseen)
        if since is not None and status.highestmodseq <= since:
            return None
        tells_unseen = counts_unseen and self._unseen.get(mailbox) != status.unseen
        if counts_unseen:
            self._unseen[mailbox] = status.unseen
        return StatusChange(watched.external, status, events, tells_unseen)

    async def _metadata(
        self, account: AccountId, mailbox: MailboxId | None, entries: tuple[str, ...]
    ) -> MetadataChange | None:
        if not entries:
            return None
        if mailbox is None:
            is_wanted = Event.SERVER_METADATA_CHANGE in self._interests.all_events
            return MetadataChange("", entries) if is_wanted and account == self._actor.account else None
        watched = self._picture.watched.get(mailbox)
        if watched is None or Event.MAILBOX_METADATA_CHANGE not in watched.events:
            return None
        found = await self._find(account, mailbox)
        if found is None:
            return None
        if not found.is_owner:
            # A special use is the owner's own (RFC 6154 §4).
            entries = tuple([entry for entry in entries if entry != "/private/specialuse"])
        return MetadataChange(watched.external, entries) if entries else None

    async def _find(self, account: AccountId, mailbox: MailboxId) -> Mailbox | None:
        """As the actor meets it now (RFC 5465 §5: `l` and `r`)."""
        try:
            return await self._store.find_by_id(self._actor, account, mailbox, Right.LOOKUP, Right.READ)
        except (MailboxNotFound, PermissionDenied, AccountNotFound):
            return None
