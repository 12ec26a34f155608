"""Examples of RFCs that put several extensions together; those of one alone stand in the tests of its module."""

from collections.abc import Callable

import pytest

from angarium.sieve import (
    Envelope,
    Environment,
    ListHolds,
    ListKnown,
    MailboxIdExists,
    Question,
    SeenBefore,
    SpecialUseExists,
)

Decide = Callable[..., list[str]]

REJECTED = """\
require ["reject"];
if header :contains "from" "coyote@desert.example.org" {
    reject text:
I am not taking mail from you, and I don't
want your birdseed, either!
.
    ;
}
"""
TOO_BIG = """\
require ["reject"];
if size :over 100 {
    reject text:
Your message is too big.  If you want to send me a big attachment,
put it on a public web site and send me a URL.
.
    ;
}
"""
EREJECTED = """\
require ["ereject"];
if address "from" "someone@example.com" { ereject "I no longer accept mail from this address"; }
"""
LATE = """\
require ["envelope", "envelope-deliverby", "relational", "date", "variables"];
if currentdate :matches "iso8601" "*" {
  set "cdate" "${0}";
  if envelope :value "lt" "bytimeabsolute" "${cdate}" { discard; }
}
"""
MISSED = """\
require ["envelope", "envelope-deliverby", "relational", "date", "variables", "fileinto"];
if envelope :matches :zone "+0000" "bytimeabsolute" "*T*:*:*" {
    set "bdate" "${0}";
    set "bhour" "${2}";
    if not currentdate :zone "+0000" :value "lt" "iso8601" "${bdate}" { fileinto "missed-${bhour}"; }
}
"""
PRIVATE_COPY = """\
require ["copy", "redirect-dsn"];
if address "from" "user@example.com" { redirect :copy :notify "NEVER" "elsewhere@example.com"; }
"""
BEFORE_TEN = """\
require ["copy", "redirect-deliverby", "date", "variables", "relational", "comparator-i;ascii-numeric"];
if currentdate :value "lt" :comparator "i;ascii-numeric" "hour" "22" {
    if currentdate :matches "date" "*" {set "date" "${0}";}
    if currentdate :matches "zone" "*" {set "zone" "${0}";}
    redirect :copy :bytimeabsolute "${date}T20:00:00${zone}" :bymode "return" "cellphone@example.com";
}
"""
MEETING = """\
require ["vacation-seconds"];
vacation :addresses ["tjs@example.edu", "ts4z@landru.example.edu"] :seconds 1800
         "I am in a meeting, and do not have access to email.";
"""
HOLIDAY = """\
require ["extlists", "date", "enotify"];
if currentdate :list "date" "tag:example.com,2011-01-01:localHolidays" { notify "mailto:romeo@im.example.com"; }
"""
KNOWN = """\
require ["envelope", "extlists", "fileinto", "spamtest", "variables", "relational", "comparator-i;ascii-numeric"];
if envelope :list "from" ":addrbook:default" { set "lim" "8"; } else { set "lim" "3"; }
if spamtest :value "ge" :comparator "i;ascii-numeric" "${lim}" { fileinto "spam"; } else { fileinto "lim${lim}"; }
"""
ATTACHMENTS = """\
require [ "extlists", "foreverypart", "mime", "enclose" ];
foreverypart
{
  if header :mime :param "filename" :list ["Content-Type", "Content-Disposition"]
       "tag:example.com,2011-04-10:BadFileNameExts"
  {
    enclose :subject "Warning" text:
WARNING! The enclosed message has attachments that might be unsafe.
.
;
    break;
  }
}
"""
JUNK = 'require "fileinto"; require "special-use"; fileinto :specialuse "\\\\Junk" "Spam";'
REPORT = """\
require ["imapsieve", "special-use", "environment", "variables"];
if environment :matches "imap.mailbox" "*" { set "mailbox" "${1}"; }
if allof(environment "imap.cause" "COPY", specialuse_exists "${mailbox}" "\\\\Junk") {
    redirect "spam-report@example.org";
}
"""
BY_ID = """\
require "fileinto";
require "mailboxid";
if header :contains ["from"] "coyote" {
    if mailboxidexists "F6352ae03-b7f5-463c-896f-d8b48ee3" {
        fileinto :mailboxid "F6352ae03-b7f5-463c-896f-d8b48ee3" "INBOX.name.will.not.be.used";
    } else {
        fileinto "INBOX.harassment";
    }
}
"""
FCC = """\
require ["enotify", "fcc"];
if notify_method_capability "xmpp:" "fcc" "yes" {
    notify :fcc "INBOX.Sent" :message "You got mail" "xmpp:ken@example.com?message;subject=SIEVE";
} else {
    notify :fcc "INBOX.Sent" :message "You got mail!" "mailto:ken@example.com";
}
"""
SNOOZED = """\
require ["snooze", "imap4flags", "date", "relational"];
if anyof(header :is "From" "boss@example.com", currentdate :is "weekday" "0", currentdate :is "weekday" "6",
         currentdate :value "ge" "hour" "17") {
    setflag "\\\\Flagged";
    snooze :removeflags "\\\\Seen" :weekdays ["1", "2", "3", "4", "5"] :tzid "America/New_York" "09:00:00";
}
"""
COPIED = (
    'require ["copy", "fileinto"]; fileinto :copy "incoming"; if header "Subject" "MAKE MONEY FAST!!!" { discard; }'
)

COYOTE = b"From: coyote@desert.example.org\n\n"
PLAIN = b"From: ann@example.org\nSubject: hello\n\n"
UNSAFE = b"From: a@b.example\nContent-Type: text/plain; name=x; filename=virus.exe\n\nx\n"


@pytest.mark.parametrize(
    ("text", "message", "actions"),
    [
        (REJECTED, COYOTE, ["reject I am not taking mail from you, and I don't\r\nwant your birdseed, either!\r\n"]),
        (REJECTED, PLAIN, ["implicit keep"]),
        (TOO_BIG, PLAIN, ["implicit keep"]),
        (EREJECTED, b"From: Someone@example.com\n\n", ["ereject I no longer accept mail from this address"]),
        (PRIVATE_COPY, b"From: user@example.com\n\n", ["redirect elsewhere@example.com", "implicit keep"]),
        (BEFORE_TEN, PLAIN, ["redirect cellphone@example.com", "implicit keep"]),
        (MEETING, PLAIN, ["vacation I am in a meeting, and do not have access to email.", "implicit keep"]),
        (FCC, PLAIN, ["notify mailto:ken@example.com You got mail!", "implicit keep"]),
        (JUNK, PLAIN, ["fileinto Spam"]),
        (SNOOZED, PLAIN, ["snooze 09:00:00"]),  # the day of these tests is a Saturday
        (COPIED, PLAIN, ["fileinto incoming", "implicit keep"]),
        (COPIED, b"Subject: Make money fast!!!\n\n", ["fileinto incoming", "discard"]),
    ],
)
def test_without_questions(decide: Decide, text: str, message: bytes, actions: list[str]) -> None:
    assert decide(text, message) == actions


@pytest.mark.parametrize(
    ("text", "seconds", "actions"),
    [
        (LATE, "-10", ["discard"]),
        (LATE, "10", ["implicit keep"]),
        (MISSED, "-3600", ["fileinto missed-11"]),
        (MISSED, "60", ["implicit keep"]),
    ],
)
def test_whether_it_came_in_time(decide: Decide, text: str, seconds: str, actions: list[str]) -> None:
    envelope = Envelope("a@b.example", "me@example.org", dsn={"bytimerelative": seconds, "bymode": "R"})
    assert decide(text, envelope=envelope) == actions


def member(values: tuple[str, ...], *members: str) -> str | None:
    return next((value for value in values if value in members), None)


def answer(question: Question) -> object:
    match question:
        case ListKnown() | MailboxIdExists() | SpecialUseExists("Junk"):
            return True
        case ListHolds(values=values):
            return member(values, "2026-11-21", "virus.exe", "friend@example.net")
        case SeenBefore() | SpecialUseExists():
            return False
        case _:
            raise AssertionError(question)


def test_a_holiday_is_on_a_list(decide: Decide) -> None:
    assert decide(HOLIDAY, answers=answer) == ["notify mailto:romeo@im.example.com None", "implicit keep"]


@pytest.mark.parametrize(
    ("sender", "actions"), [("friend@example.net", ["fileinto lim8"]), ("foe@example.net", ["fileinto lim3"])]
)
def test_friends_may_send_what_looks_like_spam(decide: Decide, sender: str, actions: list[str]) -> None:
    assert decide(KNOWN, envelope=Envelope(sender, "me@example.org"), answers=answer) == actions


def test_unsafe_attachments_are_enclosed(decide: Decide) -> None:
    assert decide(ATTACHMENTS, UNSAFE, answers=answer) == ["implicit keep"]


@pytest.mark.parametrize(
    ("mailbox", "cause", "actions"),
    [
        ("Junk", "COPY", ["redirect spam-report@example.org"]),
        ("Junk", "FLAG", ["implicit keep"]),
        ("Other", "COPY", ["implicit keep"]),
    ],
)
def test_what_is_moved_to_junk_is_reported(
    decide: Decide, environment: Environment, mailbox: str, cause: str, actions: list[str]
) -> None:
    items = {"imap.mailbox": mailbox, "imap.cause": cause}
    assert decide(REPORT, environment=Environment(environment.now, items), answers=answer) == actions


def test_a_mailbox_by_its_id(decide: Decide) -> None:
    assert decide(BY_ID, COYOTE, answers=answer) == ["fileinto INBOX.name.will.not.be.used"]
    assert decide(BY_ID, COYOTE, answers=lambda _question: False) == ["fileinto INBOX.harassment"]
