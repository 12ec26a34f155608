"""Mailboxes by name, special use and id, and their annotations (RFC 5490, RFC 8579, RFC 9042); fileinto's tags."""

from collections.abc import Callable

import pytest

from angarium.sieve import (
    FileInto,
    MailboxExists,
    MailboxIdExists,
    MailboxReference,
    MetadataOf,
    Outcome,
    Position,
    Question,
    SpecialUseExists,
    parse_script,
)

Run = Callable[..., Outcome]
Decide = Callable[..., list[str]]
Mistakes = Callable[[str], list[str]]

REQUIRE = (
    'require ["mailbox", "mboxmetadata", "servermetadata", "special-use", "mailboxid", "fileinto", "copy", "reject",'
    ' "variables", "imap4flags", "relational"];\n'
)

FACTS: dict[Question, object] = {
    MailboxExists("INBOX"): True,
    MailboxExists("Partners"): True,
    MailboxExists("Nowhere"): False,
    MailboxExists(""): False,
    MailboxIdExists("F1"): True,
    MailboxIdExists("F2"): False,
    SpecialUseExists(None, ("\\Junk",)): True,
    SpecialUseExists(None, ("\\Junk", "\\Sent")): False,
    SpecialUseExists("Spam", ("\\Junk",)): True,
    MetadataOf("INBOX", "/private/vendor/vendor.isode/auto-replies"): "on",
    MetadataOf("INBOX", "/shared/comment"): None,
    MetadataOf("INBOX", "/private/comment"): "",
    MetadataOf(None, "/private/vendor/vendor.isode/notification-uri"): "mailto:alm@example.com",
    MetadataOf(None, "/shared/admin"): None,
}


@pytest.mark.parametrize(
    ("test", "result"),
    [
        ('mailboxexists "Partners"', True),
        ('mailboxexists ["Partners", "INBOX"]', True),
        ('mailboxexists ["Partners", "Nowhere"]', False),
        ('mailboxexists ""', False),
        ('mailboxidexists "F1"', True),
        ('mailboxidexists ["F1", "F2"]', False),
        ('specialuse_exists "\\\\Junk"', True),
        ('specialuse_exists ["\\\\Junk", "\\\\Sent"]', False),
        ('specialuse_exists "Spam" "\\\\Junk"', True),
        ('metadata :is "INBOX" "/private/vendor/vendor.isode/auto-replies" "on"', True),
        ('metadata :is "INBOX" "/private/vendor/vendor.isode/auto-replies" ["off", "ON"]', True),
        ('metadata :contains "INBOX" "/shared/comment" ""', False),
        ('metadata :is "INBOX" "/private/comment" ""', True),
        ('metadataexists "INBOX" ["/private/comment", "/private/vendor/vendor.isode/auto-replies"]', True),
        ('metadataexists "INBOX" ["/private/comment", "/shared/comment"]', False),
        ('servermetadata :matches "/private/vendor/vendor.isode/notification-uri" "mailto:*"', True),
        ('servermetadata :contains "/shared/admin" ""', False),
        ('servermetadataexists "/private/vendor/vendor.isode/notification-uri"', True),
        ('servermetadataexists ["/private/vendor/vendor.isode/notification-uri", "/shared/admin"]', False),
    ],
)
def test_tests(decide: Decide, test: str, result: bool) -> None:
    assert decide(f"{REQUIRE}if {test} {{ discard; }}", answers=FACTS) == ["discard" if result else "implicit keep"]


PARTNERS = (
    'if mailboxexists "Partners" { fileinto "Partners"; }'
    ' else { reject "This message was not accepted by the Mailstore"; }'
)


@pytest.mark.parametrize(
    ("exists", "actions"),
    [(True, ["fileinto Partners"]), (False, ["reject This message was not accepted by the Mailstore"])],
)
def test_the_example_of_mailboxexists(decide: Decide, exists: bool, actions: list[str]) -> None:
    assert decide(REQUIRE + PARTNERS, answers={MailboxExists("Partners"): exists}) == actions


NOTIFICATION = """\
require ["enotify", "servermetadata", "variables", "envelope"];
if servermetadata :matches "/private/vendor/vendor.isode/notification-uri" "*" { set "notif_uri" "${0}"; }
if not string :is "${notif_uri}" "none" {
    if envelope :all :matches "from" "*" { set "env_from" " [really: ${1}]"; }
    if header :matches "Subject" "*" { set "subject" "${1}"; }
    if address :matches :all "from" "*" { set "from_addr" "${1}"; }
    notify :message "${from_addr}${env_from}: ${subject}" "${notif_uri}";
}
"""


def test_the_example_of_servermetadata(decide: Decide) -> None:
    assert decide(NOTIFICATION, answers=FACTS) == [
        "notify mailto:alm@example.com bob@example.net [really: bob@example.net]: Meeting on Friday",
        "implicit keep",
    ]


def filed(run_script: Run, command: str) -> FileInto:
    action = run_script(REQUIRE + command, answers=FACTS).actions[0]
    assert isinstance(action, FileInto)
    return action


@pytest.mark.parametrize(
    ("command", "create", "special_use", "mailbox_id", "copy"),
    [
        ('fileinto "a";', False, None, None, False),
        ('fileinto :create "a";', True, None, None, False),
        ('fileinto :specialuse "\\\\Junk" "a";', False, "\\Junk", None, False),
        ('fileinto :specialuse "\\\\Junk" :create "a";', True, "\\Junk", None, False),
        ('set "u" "\\\\Sent"; fileinto :specialuse "${u}" "a";', False, "\\Sent", None, False),
        ('fileinto :specialuse "\\\\Unheard-of" "a";', False, "\\Unheard-of", None, False),
        ('fileinto :mailboxid "F6352ae03-b7f5" "a";', False, None, "F6352ae03-b7f5", False),
        ('set "i" "F2"; fileinto :copy :mailboxid "${i}" :create "a";', True, None, "F2", True),
    ],
)
def test_where_to_file(
    run_script: Run, command: str, create: bool, special_use: str | None, mailbox_id: str | None, copy: bool
) -> None:
    action = filed(run_script, command)
    assert action.mailbox == "a"
    assert (action.create, action.special_use, action.mailbox_id, action.copy) == (
        create,
        special_use,
        mailbox_id,
        copy,
    )


@pytest.mark.parametrize(
    ("command", "mistake"),
    [
        ('fileinto "";', "the name of a mailbox cannot be empty"),
        ('fileinto :specialuse "Junk" "a";', '"Junk" is no special use of a mailbox, as "\\Junk" is'),
        ('fileinto :specialuse "\\\\a b" "a";', '"\\a b" is no special use of a mailbox, as "\\Junk" is'),
        (
            'fileinto :specialuse "\\\\Junk" :mailboxid "F1" "a";',
            '":mailboxid" cannot be given together with ":specialuse"',
        ),
        ('fileinto ["a", "b"];', '"fileinto" for its mailbox takes a string, not a list of strings'),
        ('keep :create "a";', '"keep" knows no ":create"'),
    ],
)
def test_mistakes(mistakes: Mistakes, command: str, mistake: str) -> None:
    (found,) = mistakes(REQUIRE + command)
    assert found.partition(": ")[2] == mistake


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ('set "m" ""; fileinto "${m}";', "the name of a mailbox is empty"),
        ('set "u" "Junk"; fileinto :specialuse "${u}" "a";', '"Junk" is no special use of a mailbox, as "\\Junk" is'),
    ],
)
def test_what_variables_make_wrong_is_an_error_of_the_run(decide: Decide, command: str, reason: str) -> None:
    assert decide(REQUIRE + command) == [f"failed: {reason}", "implicit keep"]


def test_a_script_knows_the_mailboxes_that_it_names() -> None:
    text = (
        'require ["fileinto", "mailbox", "variables", "vacation", "fcc", "snooze"];\n'
        'fileinto "one"; if false { fileinto :create "two"; }\n'
        'fileinto "${three}"; vacation :fcc "four" "x";\n'
        'snooze :mailbox "five" "08:00:00";'
    )
    assert parse_script(text.encode()).mailboxes == (
        MailboxReference(Position(2, 10), "one", creates=False),
        MailboxReference(Position(2, 45), "two", creates=True),
        MailboxReference(Position(3, 36), "four", creates=False),
        MailboxReference(Position(4, 17), "five", creates=False),
    )
