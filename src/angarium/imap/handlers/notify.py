"""NOTIFY (RFC 5465 §3.1)."""

from typing import Final

from angarium.errors import MailboxNameInvalid, NotificationOverflow
from angarium.fetchitem import Annotation, FetchAttribute, FetchItem
from angarium.imap import commands as c
from angarium.imap.notification import Notification
from angarium.imap.session import COMPLETED, Completion, ImapSession
from angarium.operations.metadata import ServerPlaces
from angarium.operations.notifications import NO_EVENTS, Event, Interest, Interests, MailboxSet, Watch
from angarium.store import ALL_UPDATES

from .annotationcolumn import check_annotations
from .fetching import enable_condstore
from .notifying import send_change, send_first_status
from .updating import send_updates

_EVENTS: Final = {
    c.NotifyEvent.MESSAGE_NEW: Event.MESSAGE_NEW,
    c.NotifyEvent.MESSAGE_EXPUNGE: Event.MESSAGE_EXPUNGE,
    c.NotifyEvent.FLAG_CHANGE: Event.FLAG_CHANGE,
    c.NotifyEvent.ANNOTATION_CHANGE: Event.ANNOTATION_CHANGE,
    c.NotifyEvent.MAILBOX_NAME: Event.MAILBOX_NAME,
    c.NotifyEvent.SUBSCRIPTION_CHANGE: Event.SUBSCRIPTION_CHANGE,
    c.NotifyEvent.MAILBOX_METADATA_CHANGE: Event.MAILBOX_METADATA_CHANGE,
    c.NotifyEvent.SERVER_METADATA_CHANGE: Event.SERVER_METADATA_CHANGE,
}
_SETS: Final = {
    c.FilterKind.INBOXES: MailboxSet.PERSONAL,
    c.FilterKind.PERSONAL: MailboxSet.PERSONAL,
    c.FilterKind.SUBSCRIBED: MailboxSet.SUBSCRIBED,
    c.FilterKind.SUBTREE: MailboxSet.SUBTREE,
    c.FilterKind.MAILBOXES: MailboxSet.MAILBOXES,
}


_GROUPS_MAX: Final = 32
"""Each is asked about each mailbox."""


async def notify_set(session: ImapSession, command: c.NotifySet) -> Completion:
    """NOTIFY SET: also tells all that has happened in the selected mailbox, as NOOP does."""
    if len(command.groups) > _GROUPS_MAX:
        raise NotificationOverflow(f"more than {_GROUPS_MAX} groups of events")
    interests: list[Interest] = []
    notification = Notification(NO_EVENTS)
    for group in command.groups:
        if group.mailboxes.kind in _SETS:
            interests.append(_interest(session, group))
        else:
            is_delayed = group.mailboxes.kind is c.FilterKind.SELECTED_DELAYED
            items = _new_items(session, group.new_items)
            notification = Notification(_events(group), items, delays_expunges=is_delayed)
    watch = await _open_watch(session, interests) if interests else None
    notification.watch = watch
    session.set_notification(notification)
    if session.selected is not None:
        await _tell_everything(session, notification)
    if watch is not None:
        for closed in watch.take_beginning():
            send_change(session, closed)
        if command.with_status:
            await send_first_status(session, watch)
    return COMPLETED


async def notify_none(session: ImapSession, _: c.NotifyNone) -> Completion:
    """NOTIFY NONE: not of the selected mailbox either, from here on (RFC 5465 §5)."""
    session.set_notification(Notification(NO_EVENTS))
    return COMPLETED


async def _tell_everything(session: ImapSession, notification: Notification) -> None:
    """What has happened before, wanted from here on or not."""
    selected = session.mailbox
    selected.wanted = ALL_UPDATES
    try:
        await selected.refresh()
        await send_updates(session, selected.updates(allow_expunge=True))
    finally:
        selected.wanted = notification.kinds


async def _open_watch(session: ImapSession, interests: list[Interest]) -> Watch:
    settings = session.services.settings
    return await Watch.open(
        session.services.store,
        session.user,
        Interests(interests, session.names.separator),
        ServerPlaces(settings.directories.configdirectory / "msg", settings.directories.partitions),
        mailboxes_max=settings.limits.max_notify_mailboxes,
    )


def _events(group: c.EventGroup) -> Event:
    events = NO_EVENTS
    for event in group.events:
        events |= _EVENTS[event]
    return events


def _interest(session: ImapSession, group: c.EventGroup) -> Interest:
    names = [_external(session, octets) for octets in group.mailboxes.mailboxes]
    told = tuple([name for name in names if name is not None])
    return Interest(_SETS[group.mailboxes.kind], _events(group), told)


def _external(session: ImapSession, octets: bytes) -> str | None:
    """The name as it is told to the client, whichever of its spellings was used; None for one that no mailbox has.

    A level above all that others share is no mailbox, and yet the top of a subtree; the empty one is above all.
    """
    try:
        text = session.decode_name(octets)
    except MailboxNameInvalid:
        return None
    try:
        return session.names.to_external(session.names.to_internal(text))
    except MailboxNameInvalid:
        return text.strip(session.names.separator)


def _new_items(session: ImapSession, items: tuple[FetchItem, ...]) -> tuple[FetchItem, ...]:
    check_annotations([item for item in items if isinstance(item, Annotation)])
    if FetchAttribute.MODSEQ in items:
        enable_condstore(session, b"NOTIFY")
    return items
