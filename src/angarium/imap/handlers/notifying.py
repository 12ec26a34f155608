"""Telling a client what it asked for by NOTIFY: LIST, STATUS and METADATA that no command asked for (RFC 5465 §5)."""

import asyncio
import contextlib
import logging
from dataclasses import replace
from typing import Final

from angarium.errors import AngariumError, NotificationOverflow
from angarium.fetchitem import Annotation, FetchAttribute
from angarium.imap import commands as c
from angarium.imap.annotationresponses import serialize_metadata_names
from angarium.imap.notification import Notification
from angarium.imap.responses import Condition
from angarium.imap.serializer import serialize_list, serialize_status_response
from angarium.imap.session import ImapSession
from angarium.operations.notifications import (
    ARRIVALS,
    CHANGES,
    NO_EVENTS,
    AnnotatedMessages,
    Change,
    Event,
    MetadataChange,
    NameChange,
    StatusChange,
    Watch,
    annotated_messages,
    own_messages,
)
from angarium.sequenceset import UidSet
from angarium.store import Updates

from .fetching import flags_items, send_fetch
from .status import status_values

log = logging.getLogger(__name__)

_TOLD_AT_ONCE: Final = 20
"""Mailboxes that are told of before other sessions have their turn."""


async def tell_watched(session: ImapSession) -> None:
    """What happened in mailboxes that are not selected, and to the server. ClientGone."""
    notification = session.notification
    if notification is None or notification.watch is None or not notification.has_news:
        return
    notification.begin_pause()
    selected = None if session.selected is None else session.selected.mailbox.id
    try:
        async with contextlib.aclosing(notification.watch.changes(session.user, selected)) as changes:
            async for change in changes:
                send_change(session, change)
                await session.output.drain()
        notification.follow_accounts()
    except NotificationOverflow as error:
        log.info("notification_overflow", extra={"session": session.peer.session, "reason": str(error)})
        text = b"Too much to be notified of"
        session.tell(Condition.OK, text, b"NOTIFICATIONOVERFLOW")
        session.set_notification(Notification(NO_EVENTS))  # RFC 5465 §5.8
    except AngariumError as error:
        # What could not be told now is told when something else happens.
        log.warning("changes_not_told", extra={"session": session.peer.session, "error": str(error)})


async def only_wanted(session: ImapSession, notification: Notification, updates: Updates) -> Updates:
    """Changes of flags left out, where those of annotations alone are to be told."""
    wants_flags = Event.FLAG_CHANGE in notification.events or Event.ANNOTATION_CHANGE not in notification.events
    if wants_flags or not updates.changed:
        return updates
    annotated = UidSet()
    for each in await _annotated(session, updates):
        annotated = annotated.union(each.uids)
    return replace(updates, changed=updates.changed.intersect(annotated))


async def send_annotated(session: ImapSession, notification: Notification, updates: Updates) -> UidSet:
    """FETCH of annotations that others changed in the selected mailbox, with the flags (RFC 5465 §5.1); gives the
    messages that are told by it. ClientGone."""
    told = UidSet()
    if Event.ANNOTATION_CHANGE not in notification.events or not updates.changed:
        return told
    flags = flags_items(session) if Event.FLAG_CHANGE in notification.events else _mod_sequence(session)
    for each in await _annotated(session, updates):
        uids = each.uids.intersect(updates.changed)
        item = Annotation(each.entries, ("value.priv", "value.shared"))
        await send_fetch(session, uids, (*flags, FetchAttribute.UID, item))
        told = told.union(uids)
    return told


async def _annotated(session: ImapSession, updates: Updates) -> list[AnnotatedMessages]:
    mailbox = session.mailbox.mailbox
    return await annotated_messages(
        session.services.store.engine,
        mailbox.account,
        mailbox.id,
        updates.since,
        own=session.user.session,
        reader=session.user.account,
    )


async def send_new_messages(session: ImapSession, notification: Notification) -> None:
    """FETCH of what is to be told of new messages in the selected mailbox, but of those that the session itself has put
    there; behind all else that is told of them (RFC 5465 §5.2). ClientGone."""
    arrived = notification.take_arrived()
    if arrived is None:
        return
    mailbox, engine = session.mailbox.mailbox, session.services.store.engine
    own = await own_messages(engine, mailbox.account, mailbox.id, arrived.since, own=session.user.session)
    uid = (FetchAttribute.UID,) if session.condstore or session.is_rev2 else ()
    gone = arrived.uids.difference(session.mailbox.told())  # told to be there, and then to be gone, before their turn
    uids = arrived.uids.difference(own).difference(gone)
    await send_fetch(session, uids, (*notification.items, *uid, *_mod_sequence(session)))
    await session.output.drain()


def _mod_sequence(session: ImapSession) -> tuple[FetchAttribute, ...]:
    """In all that nobody asked for, to a client that knows mod-sequences (RFC 7162 §3.1)."""
    return (FetchAttribute.MODSEQ,) if session.condstore else ()


async def send_first_status(session: ImapSession, watch: Watch) -> None:
    """STATUS of all that is watched, as far as it may be read (RFC 5465 §3.1)."""
    selected = None if session.selected is None else session.selected.mailbox.id
    sent = 0
    async with contextlib.aclosing(watch.statuses(selected)) as statuses:
        async for status in statuses:
            _send_status(session, status, _first_items(status.events))
            await session.output.drain()
            sent += 1
            if sent % _TOLD_AT_ONCE == 0:
                await asyncio.sleep(0)


def send_change(session: ImapSession, change: Change) -> None:
    """Write its response; none where the client could make nothing of it."""
    match change:
        case NameChange():
            _send_list(session, change)
        case StatusChange():
            _send_status(session, change, _items(session, change))
        case MetadataChange():
            name = session.encode_text(change.external)
            session.output.write(serialize_metadata_names(name, [entry.encode() for entry in change.entries]))


def _send_list(session: ImapSession, change: NameChange) -> None:
    """LIST; OLDNAME tells what a mailbox was called (RFC 5465 §5.4)."""
    attributes: list[bytes] = []
    if not change.exists:
        attributes.append(b"\\NonExistent")
    elif not change.is_readable:
        attributes.append(b"\\NoAccess")
    if change.is_subscribed:
        attributes.append(b"\\Subscribed")
    if change.has_children is not None:
        attributes.append(b"\\HasChildren" if change.has_children else b"\\HasNoChildren")
    if change.special_use and session.services.settings.mailboxes.specialusealways:
        attributes.append(change.special_use.encode("ascii"))
    separator = session.names.separator.encode("ascii")
    old = None if change.old is None else session.encode_text(change.old)
    session.output.write(serialize_list(attributes, separator, session.encode_text(change.external), oldname=old))


def _send_status(session: ImapSession, change: StatusChange, items: list[c.StatusItem]) -> None:
    if items:
        values = status_values(session, change.status, items)
        session.output.write(serialize_status_response(session.encode_text(change.external), values))


def _items(session: ImapSession, change: StatusChange) -> list[c.StatusItem]:
    """What a change is told by (RFC 5465 §5.1 to §5.3); flags alone say nothing to a client that knows no
    mod-sequences, but where they are `\\Seen`."""
    items: list[c.StatusItem] = []
    if change.events & ARRIVALS:
        items += [c.StatusItem.MESSAGES, c.StatusItem.UIDNEXT]
    if session.condstore and change.events & (ARRIVALS | CHANGES):
        items.append(c.StatusItem.HIGHESTMODSEQ)
    if change.tells_unseen:
        items.append(c.StatusItem.UNSEEN)
    return [*items, c.StatusItem.UIDVALIDITY] if items else []


def _first_items(events: Event) -> list[c.StatusItem]:
    """What the beginning is told by (RFC 5465 §3.1)."""
    items = [c.StatusItem.UIDVALIDITY]
    if events & ARRIVALS:
        items += [c.StatusItem.MESSAGES, c.StatusItem.UIDNEXT]
    if events & CHANGES:
        items.append(c.StatusItem.HIGHESTMODSEQ)
    if Event.FLAG_CHANGE in events:
        items.append(c.StatusItem.UNSEEN)
    return items
