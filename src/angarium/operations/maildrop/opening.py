"""Opening a maildrop: which mailbox it is, what of it shows, and how soon after the last time (RFC 2449 §6.5)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from angarium.config.options import Pop3Settings
from angarium.engine.commands import SetAnnotations
from angarium.engine.rows import AnnotationChange
from angarium.errors import MailboxNotFound
from angarium.flags import SystemFlags
from angarium.names import MailboxName
from angarium.operations.maildrop.maildrop import Maildrop
from angarium.rights import Right
from angarium.store import Actor, Mailbox, MailboxView, Store
from angarium.store.annotationdates import parse_date, serialize_date
from angarium.store.annotations import LAST_POP, POP3_NEW_UIDL, POP3_SHOW_AFTER
from angarium.store.columns import Indexes

_ADVISED_EVERY_S: Final = 3600
"""How exact the time of the last visit is where nothing depends on it."""


@dataclass(frozen=True, slots=True)
class TooSoon:
    """The user was there less than `popminpoll` ago."""

    minpoll: timedelta


@dataclass(frozen=True, slots=True)
class _Annotations:
    """What a mailbox's own annotations say to POP3."""

    last_pop_s: int = 0
    show_after_s: int | None = None
    has_uidvalidity_in_uidl: bool = True


async def open_maildrop(store: Store, actor: Actor, settings: Pop3Settings, *, folder: str = "") -> Maildrop | TooSoon:
    """The INBOX of a user who has logged in, or her mailbox `folder` below it, as it is now.

    MailboxNotFound, PermissionDenied, MailboxNameInvalid. The visit is noted, durably where `popminpoll` counts it.
    """
    mailbox = await _find(store, actor, settings, folder)
    # Rights that change from here on are asked for anew.
    modseq = (await store.engine.state(mailbox.account)).modseq
    annotations = await _annotations(store, mailbox)
    if not await _note_visit(store, actor, settings, mailbox, annotations.last_pop_s):
        return TooSoon(settings.popminpoll)
    view = await store.views.get(mailbox.account, mailbox.id)
    shown = _shown(view, settings, annotations.show_after_s)
    # Where all of the view is shown, its columns are shared and not copied.
    is_whole = shown.size == view.uid.size
    return Maildrop(
        store,
        actor,
        settings,
        mailbox,
        view.uid if is_whole else view.uid[shown],
        view.size_octets if is_whole else view.size_octets[shown],
        modseq=modseq,
        has_uidvalidity_in_uidl=annotations.has_uidvalidity_in_uidl,
    )


async def _find(store: Store, actor: Actor, settings: Pop3Settings, folder: str) -> Mailbox:
    if actor.userid is None:
        raise MailboxNotFound("who does not say who she is has no maildrop")
    below = tuple(folder.split(store.policy.names.separator)) if folder else ()
    name = MailboxName.of_user(actor.userid, *below)
    if settings.popuseacl:
        return await store.find(actor, name, Right.READ)
    return await store.find_own(actor, name)


async def _annotations(store: Store, mailbox: Mailbox) -> _Annotations:
    rows = await store.engine.annotations(mailbox.account, mailbox.id)
    values = {row.entry: row.value for row in rows if row.owner is None}
    show_after = values.get(POP3_SHOW_AFTER)
    return _Annotations(
        last_pop_s=parse_date(values.get(LAST_POP, b"")) or 0,
        show_after_s=None if show_after is None else parse_date(show_after),
        has_uidvalidity_in_uidl=values.get(POP3_NEW_UIDL) != b"false",
    )


async def _note_visit(store: Store, actor: Actor, settings: Pop3Settings, mailbox: Mailbox, last_pop_s: int) -> bool:
    """False where it is too soon.

    With `poppollpadding` the time that is noted is moved on by `popminpoll` at each visit, from so many of these ago at
    the earliest, as Cyrus does; so it is before the present while there were few visits.
    """
    now_s = int(store.sources.now_s())
    minpoll_s = int(settings.popminpoll.total_seconds())
    if not minpoll_s:
        # Advice, since nobody waits for it, and nothing comes of it but a line that an administrator may read.
        if not last_pop_s <= now_s < last_pop_s + _ADVISED_EVERY_S:
            store.engine.advise(mailbox.account, _visit(actor, mailbox, now_s))
        return True
    # A time to come is that of a clock that was wrong.
    if last_pop_s <= now_s < last_pop_s + minpoll_s:
        return False
    noted_s = now_s
    if settings.poppollpadding > 1:
        earliest_s = now_s - minpoll_s * settings.poppollpadding
        noted_s = min(max(last_pop_s, earliest_s) + minpoll_s, now_s)
    await store.engine.write(mailbox.account, _visit(actor, mailbox, noted_s))
    return True


def _visit(actor: Actor, mailbox: Mailbox, time_s: int) -> SetAnnotations:
    return SetAnnotations(mailbox.id, (AnnotationChange(LAST_POP, None, serialize_date(time_s)),), actor.author())


def _shown(view: MailboxView, settings: Pop3Settings, show_after_s: int | None) -> Indexes:
    """The places of the messages that the maildrop has."""
    live = view.live()
    if show_after_s is not None:
        live = live[view.date_s[live] > show_after_s]
    if settings.popuseimapflags:
        live = live[(view.flags[live] & np.uint16(SystemFlags.DELETED)) == 0]
    return live
