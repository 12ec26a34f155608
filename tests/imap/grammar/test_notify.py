"""NOTIFY."""

from collections.abc import Callable

import pytest

from angarium.fetchitem import BodySection, FetchAttribute, SectionKind
from angarium.imap import commands as c

Parse = Callable[..., object]
E = c.NotifyEvent
K = c.FilterKind
NEW_AND_EXPUNGE = frozenset({E.MESSAGE_NEW, E.MESSAGE_EXPUNGE})
FROM_AND_TO = BodySection(kind=SectionKind.HEADER_FIELDS, fields=(b"from", b"to"), peek=True)
EVENTS = (
    b"MessageNew MessageExpunge FlagChange AnnotationChange "
    b"MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange"
)
BAD_EVENT = (b"BADEVENT (" + EVENTS + b")", b"Unsupported event in Notify")
OF_ALL_KINDS = (
    b"NOTIFY SET STATUS (selected-delayed (MessageNew (uid body.peek[header.fields (from to)]) "
    b"MessageExpunge FlagChange)) (subtree Lists (MessageNew MessageExpunge)) "
    b'(mailboxes (a "b c") (MailboxName AnnotationChange messageexpunge MESSAGENEW))'
)
OF_MAILBOXES = (
    b"NOTIFY SET (inboxes NONE) (subscribed (SubscriptionChange)) "
    b"(personal (MailboxMetadataChange ServerMetadataChange))"
)


def group(kind: c.FilterKind, *events: c.NotifyEvent, names: tuple[bytes, ...] = ()) -> c.EventGroup:
    return c.EventGroup(c.MailboxFilter(kind, names), frozenset(events))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"NOTIFY NONE", c.NotifyNone()),
        (
            b"NOTIFY SET (selected (MessageNew (uid) MessageExpunge))",
            c.NotifySet((c.EventGroup(c.MailboxFilter(K.SELECTED), NEW_AND_EXPUNGE, (FetchAttribute.UID,)),)),
        ),
        (
            OF_ALL_KINDS,
            c.NotifySet(
                (
                    c.EventGroup(
                        c.MailboxFilter(K.SELECTED_DELAYED),
                        NEW_AND_EXPUNGE | {E.FLAG_CHANGE},
                        (FetchAttribute.UID, FROM_AND_TO),
                    ),
                    group(K.SUBTREE, *NEW_AND_EXPUNGE, names=(b"Lists",)),
                    group(K.MAILBOXES, E.MAILBOX_NAME, E.ANNOTATION_CHANGE, *NEW_AND_EXPUNGE, names=(b"a", b"b c")),
                ),
                with_status=True,
            ),
        ),
        (
            OF_MAILBOXES,
            c.NotifySet(
                (
                    group(K.INBOXES),
                    group(K.SUBSCRIBED, E.SUBSCRIPTION_CHANGE),
                    group(K.PERSONAL, E.MAILBOX_METADATA_CHANGE, E.SERVER_METADATA_CHANGE),
                ),
            ),
        ),
        (b"NOTIFY", b"Missing required argument to Notify"),
        (b"NOTIFY FOO", b"Invalid argument to Notify"),
        (b"NOTIFY NONE x", b"Unexpected extra arguments to Notify"),
        (b"NOTIFY SET", b"Missing required argument to Notify"),
        (b"NOTIFY SET STATUS", b"Missing required argument to Notify"),
        (b"NOTIFY SET ()", b"Invalid argument to Notify"),
        (b"NOTIFY SET (personal)", b"Invalid argument to Notify"),
        (b"NOTIFY SET (personal FOO)", b"Invalid argument to Notify"),
        (b"NOTIFY SET (personal ())", b"Invalid argument to Notify"),
        (b"NOTIFY SET (selected MessageNew (uid) MessageExpunge)", b"Invalid argument to Notify"),
        (b"NOTIFY SET (foo NONE)", b"Invalid mailbox filter foo"),
        (b"NOTIFY SET (subtree-one x NONE)", b"Invalid mailbox filter subtree-one"),
        (b"NOTIFY SET (personal (MessageNew))", b"Invalid combination of events in Notify"),
        (b"NOTIFY SET (personal (MessageExpunge))", b"Invalid combination of events in Notify"),
        (b"NOTIFY SET (personal (FlagChange))", b"Invalid combination of events in Notify"),
        (b"NOTIFY SET (personal (AnnotationChange))", b"Invalid combination of events in Notify"),
        (b"NOTIFY SET (personal (MessageNew (UID) MessageExpunge))", b"Invalid argument to Notify"),
        (b"NOTIFY SET (selected (MailboxName))", b"Only message events are allowed for the selected mailbox"),
        (b"NOTIFY SET (selected NONE) (selected-delayed NONE)", b"Invalid combination of mailbox filters in Notify"),
        (b"NOTIFY SET (personal (Foo))", BAD_EVENT),
        (b"NOTIFY SET (selected (Foo MessageNew))", BAD_EVENT),
    ],
)
def test_notify(parse: Parse, text: bytes, expected: object) -> None:
    assert parse(text) == expected
