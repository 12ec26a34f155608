"""The examples of RFC 5228, and its tests and actions."""

from collections.abc import Callable

import pytest

from angarium.sieve import Envelope

Decide = Callable[..., list[str]]

COYOTE = b"""\
Date: Tue, 1 Apr 1997 09:06:31 -0800 (PST)
From: coyote@desert.example.org
To: roadrunner@acme.example.com
Subject: I have a present for you

Look, I'm sorry about the whole anvil thing, and I really
didn't mean to try and drop it on you from the top of the
cliff.  I want to try to make it up to you.
"""

MONEY = b"""\
From: youcouldberich!@reply-by-postal-mail.invalid
Sender: b1ff@de.res.example.com
To: rube@landru.example.com
Date:  Mon, 31 Mar 1997 18:26:10 -0800
Subject: $$$ YOU, TOO, CAN BE A MILLIONAIRE! $$$

YOU MAY HAVE ALREADY WON 10 MILLION DOLLARS, BUT I DOUBT IT!
"""

OTHER = b"From: other@example.com\nTo: me@example.com\nSubject: hello\n\nBody\n"


@pytest.mark.parametrize(
    ("text", "message", "actions"),
    [
        ("if size :over 100k { # this is a comment\n discard; }", OTHER, ["implicit keep"]),
        (
            "if size :over 50 { /* this is a comment\n this is still one */ discard /* a comment\n */ ; }",
            OTHER,
            ["discard"],
        ),
        # §2.4.2.4
        (
            'require "encoded-character"; if header :contains "Subject" "$${hex:24 24}" { discard; }',
            MONEY,
            ["discard"],
        ),
        # §2.5.1
        (
            'if anyof (not exists ["From", "Date"], header :contains "from" "fool@example.com") { discard; }',
            OTHER,
            ["discard"],
        ),
        (
            'if anyof (not exists ["From", "Date"], header :contains "from" "fool@example.com") { discard; }',
            COYOTE,
            ["implicit keep"],
        ),
        # §2.7.3
        ('if header :contains :comparator "i;octet" "Subject" "MILLIONAIRE" { discard; }', MONEY, ["discard"]),
        ('if header :contains :comparator "i;octet" "Subject" "millionaire" { discard; }', MONEY, ["implicit keep"]),
        # §2.10.2
        ("if size :over 500K { discard; }", MONEY, ["implicit keep"]),
        # §3.1
        *[
            (
                (
                    'require "fileinto"; if header :contains "from" "coyote" { discard; }'
                    ' elsif header :contains ["subject"] ["$$$"] { discard; } else { fileinto "INBOX"; }'
                ),
                message,
                actions,
            )
            for message, actions in ((COYOTE, ["discard"]), (MONEY, ["discard"]), (OTHER, ["fileinto INBOX"]))
        ],
        *[
            (
                (
                    'if header :contains ["From"] ["coyote"] { redirect "acm@example.com"; }'
                    ' elsif header :contains "Subject" "$$$" { redirect "postmaster@example.com"; }'
                    ' else { redirect "field@example.com"; }'
                ),
                message,
                [f"redirect {to}@example.com"],
            )
            for message, to in ((COYOTE, "acm"), (MONEY, "postmaster"), (OTHER, "field"))
        ],
        # §4
        (
            'require "fileinto"; if header :contains ["from"] "coyote" { fileinto "INBOX.harassment"; }',
            COYOTE,
            ["fileinto INBOX.harassment"],
        ),
        ('redirect "bart@example.com";', OTHER, ["redirect bart@example.com"]),
        ("if size :under 1M { keep; } else { discard; }", OTHER, ["keep"]),
        ("if not size :under 1M { discard; }", OTHER, ["implicit keep"]),
        ('if header :contains ["from"] ["other@example.com"] { discard; }', OTHER, ["discard"]),
        # §5
        ('if address :is :all "from" "other@example.com" { discard; }', OTHER, ["discard"]),
        ('if not exists ["From","Date"] { discard; }', OTHER, ["discard"]),
    ],
)
def test_examples(decide: Decide, text: str, message: bytes, actions: list[str]) -> None:
    assert decide(text, message) == actions


EXTENDED = """\
require ["fileinto"];
if header :is "Sender" "owner-ietf-mta-filters@imc.org"
        {
        fileinto "filter";  # move to "filter" mailbox
        }
elsif address :DOMAIN :is ["From", "To"] "example.com"
        {
        keep;               # keep in "In" mailbox
        }
elsif anyof (NOT address :all :contains
               ["To", "Cc", "Bcc"] "me@example.com",
             header :matches "subject"
               ["*make*money*fast*", "*university*dipl*mas*"])
        {
        fileinto "spam";   # move to "spam" mailbox
        }
else
        {
        fileinto "personal";
        }
"""


@pytest.mark.parametrize(
    ("message", "actions"),
    [
        (b"Sender: owner-ietf-mta-filters@imc.org\nFrom: a@example.com\n\n", ["fileinto filter"]),
        (b"From: a@EXAMPLE.com\n\n", ["keep"]),
        (b"From: a@a.example\nTo: you@b.example\n\n", ["fileinto spam"]),
        (
            b"From: a@a.example\nCc: not-me@example.com.invalid\nSubject: Make lots of MONEY very fast!\n\n",
            ["fileinto spam"],
        ),
        (b"From: a@a.example\nCc: me@example.com.invalid\nSubject: Lunch\n\n", ["fileinto personal"]),
    ],
)
def test_the_extended_example(decide: Decide, message: bytes, actions: list[str]) -> None:
    assert decide(EXTENDED, message) == actions


HEADERS = b"""\
X-Caffeine: C8H10N4O2
X-Empty:
Subject: \t=?utf-8?q?Gr=C3=BC=C3=9Fe?=
 an alle \t
X-Twice: one
X-Twice: two
Subject : second
From: =?utf-8?q?J=C3=BCrgen?= <J.Smith@Example.COM>, group: a@b.example, "odd name"@c.example;
To: <@route.example:user+detail+more@D.example> (comment)
Cc: nobody, undisclosed-recipients:;
Sender: "a b"@example.org

body
"""


@pytest.mark.parametrize(
    ("test", "result"),
    [
        # §5.7
        ('header :is ["X-Caffeine"] [""]', False),
        ('header :contains ["X-Caffeine"] [""]', True),
        ('header :is "x-empty" ""', True),
        ('header :contains "x-missing" ""', False),
        ('not header :matches "Cc" "?*"', False),
        ('not header :matches "x-empty" "?*"', True),
        ('not header :matches "x-missing" "?*"', True),
        ('header "subject" "Grüße an alle"', True),
        ('header "subject" "GRüßE AN ALLE"', True),
        ('header :comparator "i;octet" "subject" "grüße an alle"', False),
        ('header "subject" "second"', True),
        ('header "x-twice" ["zero", "two"]', True),
        ('header ["x-missing", "x-twice"] "ONE"', True),
        ('header "x-twice" "on"', False),
        ('header :contains "x-twice" "tw"', True),
        ('header :matches "x-twice" "t?o"', True),
        ('header :matches "x-twice" "t?"', False),
        ('header :matches "x-caffeine" "C8*O2"', True),
        ('header :matches "x-caffeine" "\\\\*"', False),
        ('header "x-caffeine:" "C8H10N4O2"', False),
        ('header "" ""', False),
        ('exists "x-empty"', True),
        ('exists ["x-empty", "x-missing"]', False),
        ('exists "not a name"', False),
        # §5.1
        ('address :localpart "from" "j.smith"', True),
        ('address :comparator "i;octet" :localpart "from" "j.smith"', False),
        ('address :domain "from" "example.com"', True),
        ('address "from" "J.Smith@Example.COM"', True),
        ('address :all "from" "a@b.example"', True),
        ('address :localpart "from" "odd name"', True),
        ('address :all "from" "group"', False),
        ('address :contains "from" "Jürgen"', False),
        ('address :contains "to" "comment"', False),
        ('address :all "to" "user+detail+more@d.example"', True),
        ('address :contains "to" "route"', False),
        ('address :domain :contains "cc" ""', False),
        ('address :localpart :contains "cc" ""', False),
        ('address :all "cc" "nobody"', True),
        ('address "sender" "\\"a b\\"@example.org"', True),
        ('address :contains ["bcc", "sender"] "example"', True),
        # §5.9
        ("size :over 4", True),
        ("size :under 4", False),
    ],
)
def test_headers_and_addresses(decide: Decide, test: str, result: bool) -> None:
    assert decide(f"if {test} {{ discard; }}", HEADERS) == ["discard" if result else "implicit keep"]


def test_a_message_of_the_very_size_is_neither_over_nor_under(decide: Decide) -> None:
    message = b"A: b\r\n\r\n" + b"x" * 3992
    assert decide("if anyof (size :over 4000, size :under 4000) { discard; }", message) == ["implicit keep"]
    assert decide("if size :over 3999 { discard; }", message) == ["discard"]
    assert decide("if size :under 4001 { discard; }", message) == ["discard"]


@pytest.mark.parametrize(
    ("test", "result"),
    [
        ('envelope :all :is "from" "tim@example.com"', True),
        ('envelope "FROM" "TIM@example.com"', True),
        ('envelope :domain "from" "example.com"', True),
        ('envelope :localpart "to" "me+list"', True),
        ('envelope :is ["from", "to"] "me+list@example.org"', True),
        ('envelope :contains "to" "route"', False),
        ('envelope :is "from" ""', False),
    ],
)
def test_envelope(decide: Decide, test: str, result: bool) -> None:
    envelope = Envelope("tim@example.com", "@route.example,@b.example:me+list@example.org")
    text = f'require "envelope"; if {test} {{ discard; }}'
    assert decide(text, envelope=envelope) == ["discard" if result else "implicit keep"]


@pytest.mark.parametrize("part", [":all", ":localpart", ":domain", ""])
def test_the_null_path_is_the_empty_string_in_any_part(decide: Decide, part: str) -> None:
    text = f'require "envelope"; if envelope {part} :is "from" "" {{ discard; }}'
    assert decide(text, envelope=Envelope("", "me")) == ["discard"]


def test_a_recipient_without_its_domain_has_parts(decide: Decide) -> None:
    text = 'require ["envelope", "subaddress"]; if envelope :detail "to" "Junk" { discard; }'
    assert decide(text, envelope=Envelope("a@example.org", "alice+Junk")) == ["discard"]


def test_an_unknown_part_of_an_envelope_is_a_mistake(mistakes: Callable[[str], list[str]], decide: Decide) -> None:
    assert mistakes('require "envelope"; if envelope "cc" "a" {}') == [
        'line 1, column 33: there is no part "cc" of an envelope'
    ]
    text = 'require ["envelope", "variables"]; set "p" "cc"; if envelope "${p}" "a" {}'
    assert decide(text) == ['failed: there is no part "cc" of an envelope that variables could name', "implicit keep"]


@pytest.mark.parametrize(
    ("comparator", "key", "result"),
    [
        ("i;ascii-numeric", "007", True),
        ("i;ascii-numeric", "8", False),
        ("i;unicode-casemap", "7 ÄPFEL", True),
        ("i;ascii-casemap", "7 ÄPFEL", False),
        ("i;ascii-casemap", "7 äPFEL", True),
        ("i;octet", "7 äpfel", True),
        ("i;octet", "7 Äpfel", False),
    ],
)
def test_comparators(decide: Decide, comparator: str, key: str, result: bool) -> None:
    text = f'require "comparator-{comparator}"; if header :comparator "{comparator}" "x" "{key}" {{ discard; }}'
    assert decide(text, "X: 7 äpfel\n\n".encode()) == ["discard" if result else "implicit keep"]


@pytest.mark.parametrize("match_type", ["contains", "matches"])
def test_numbers_hold_no_others(mistakes: Callable[[str], list[str]], match_type: str) -> None:
    text = f'require "comparator-i;ascii-numeric"; if header :{match_type} :comparator "i;ascii-numeric" "x" "1" {{}}'
    (mistake,) = mistakes(text)
    assert mistake.endswith(f'the comparator "i;ascii-numeric" cannot be used with :{match_type}')


@pytest.mark.parametrize(
    ("test", "result"),
    [
        ('address :user "to" "ken"', True),
        ('address :detail "to" "mta-filters"', True),
        ('address :detail "cc" ""', True),
        ('address :user "cc" "ann"', True),
        ('address :detail :contains "from" ""', False),
        ('address :user "from" "bob"', True),
        ('address :detail "sender" "b+c"', True),
        ('address :user "reply-to" "nobody"', False),
    ],
)
def test_subaddress(decide: Decide, test: str, result: bool) -> None:
    """RFC 5233 §4."""
    message = (
        b"From: bob@example.org\nTo: ken+mta-filters@example.org\nCc: ann+@example.org\n"
        b"Sender: a+b+c@example.org\nReply-To: nobody\n\n"
    )
    text = f'require "subaddress"; if {test} {{ discard; }}'
    assert decide(text, message) == ["discard" if result else "implicit keep"]


SUBADDRESS = """\
require ["envelope", "subaddress", "fileinto"];
if envelope :user "to" "postmaster" { fileinto "inbox.postmaster"; stop; }
if envelope :detail "to" "mta-filters" { fileinto "inbox.ietf-mta-filters"; }
if envelope :detail "to" "foo" { redirect "ken@example.net"; }
"""


@pytest.mark.parametrize(
    ("to", "actions"),
    [
        ("postmaster@example.com", ["fileinto inbox.postmaster"]),
        ("postmaster+foo@example.com", ["fileinto inbox.postmaster"]),
        ("ken+mta-filters@example.com", ["fileinto inbox.ietf-mta-filters"]),
        ("ken+foo@example.com", ["redirect ken@example.net"]),
        ("ken@example.com", ["implicit keep"]),
    ],
)
def test_the_example_of_subaddress(decide: Decide, to: str, actions: list[str]) -> None:
    assert decide(SUBADDRESS, envelope=Envelope("", to)) == actions


@pytest.mark.parametrize(
    ("test", "result"),
    [
        ('environment "location" "ms"', True),
        ('environment "HOST" "mail.example.org"', True),
        ('environment :contains "host" "example"', True),
        ('environment :contains "vnd.acme.rocket" ""', False),
        ('environment :is "remote-host" ""', True),
        ('environment :matches "host" "*.example.org"', True),
        ('environment :count "eq" :comparator "i;ascii-numeric" "host" "1"', True),
        ('environment :count "eq" :comparator "i;ascii-numeric" "remote-host" "0"', True),
        ('environment :count "eq" :comparator "i;ascii-numeric" "vnd.acme.rocket" "0"', False),
    ],
)
def test_environment(decide: Decide, test: str, result: bool) -> None:
    """RFC 5183 §4."""
    text = f'require ["environment", "relational", "comparator-i;ascii-numeric"]; if {test} {{ discard; }}'
    assert decide(text) == ["discard" if result else "implicit keep"]
