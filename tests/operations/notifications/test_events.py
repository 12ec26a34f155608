"""Which events are wanted of which mailbox."""

import pytest

from angarium.operations.notifications import NO_EVENTS, Event, Interest, Interests, MailboxSet

NEW = Event.MESSAGE_NEW | Event.MESSAGE_EXPUNGE
NAME = Event.MAILBOX_NAME
SERVER = Event.SERVER_METADATA_CHANGE

PERSONAL = Interest(MailboxSet.PERSONAL, NEW)
SUBSCRIBED = Interest(MailboxSet.SUBSCRIBED, NAME)
LISTS = Interest(MailboxSet.SUBTREE, NEW, ("Lists", "a/b"))
EVERYTHING = Interest(MailboxSet.SUBTREE, NAME, ("",))
NAMED = Interest(MailboxSet.MAILBOXES, NAME, ("Lists/a", "*"))
NOT_TRASH = Interest(MailboxSet.MAILBOXES, NO_EVENTS, ("Trash",))


@pytest.mark.parametrize(
    ("interests", "external", "is_personal", "is_subscribed", "events"),
    [
        ([PERSONAL], "Work", True, False, NEW),
        ([PERSONAL], "Other Users/bob", False, True, NO_EVENTS),
        ([SUBSCRIBED], "Work", True, True, NAME),
        ([SUBSCRIBED], "Work", True, False, NO_EVENTS),
        ([LISTS], "Lists", False, False, NEW),
        ([LISTS], "Lists/a", False, False, NEW),
        ([LISTS], "a/b/c", False, False, NEW),
        ([LISTS], "Listserv", False, False, NO_EVENTS),
        ([LISTS], "a", False, False, NO_EVENTS),
        ([EVERYTHING], "Shared Folders/x", False, False, NAME),
        ([NAMED], "Lists/a", False, False, NAME),
        ([NAMED], "Lists/a/b", False, False, NO_EVENTS),
        ([NAMED], "*", False, False, NAME),
        # groups add up
        ([PERSONAL, NAMED], "Lists/a", True, False, NEW | NAME),
        ([PERSONAL, SUBSCRIBED, EVERYTHING], "Work", True, True, NEW | NAME),
        # and NONE counts, wherever it stands
        ([PERSONAL, NOT_TRASH], "Trash", True, True, NO_EVENTS),
        ([NOT_TRASH, PERSONAL], "Trash", True, True, NO_EVENTS),
        ([NOT_TRASH, PERSONAL], "Trash/x", True, True, NEW),
        # what is of the server is of no mailbox
        ([Interest(MailboxSet.PERSONAL, SERVER)], "INBOX", True, True, NO_EVENTS),
    ],
)
def test_events_of_a_mailbox(
    interests: list[Interest], external: str, is_personal: bool, is_subscribed: bool, events: Event
) -> None:
    asked = Interests(interests, "/")
    assert asked.events_of(external, is_personal=is_personal, is_subscribed=is_subscribed) == events


@pytest.mark.parametrize(
    ("interests", "of_mailboxes", "beyond_personal", "by_subscription"),
    [
        ([], False, False, False),
        ([PERSONAL], True, False, False),
        ([PERSONAL, NOT_TRASH], True, False, False),
        ([LISTS], True, True, False),
        ([SUBSCRIBED], True, True, True),
        ([Interest(MailboxSet.PERSONAL, Event.SUBSCRIPTION_CHANGE)], True, False, True),
        ([Interest(MailboxSet.PERSONAL, SERVER)], False, False, False),
    ],
)
def test_what_has_to_be_looked_at(
    interests: list[Interest], of_mailboxes: bool, beyond_personal: bool, by_subscription: bool
) -> None:
    asked = Interests(interests, ".")
    assert (asked.of_mailboxes, asked.beyond_personal, asked.by_subscription) == (
        of_mailboxes,
        beyond_personal,
        by_subscription,
    )
