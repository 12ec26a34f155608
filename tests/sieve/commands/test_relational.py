"""The examples of RFC 5231."""

from collections.abc import Callable

import pytest

from angarium.sieve import Envelope

Decide = Callable[..., list[str]]

MESSAGE = b"""\
Received: one
Received: two
Subject: example
To: foo@example.com, baz@example.com
Cc: qux@example.com

"""


def numeric(test: str) -> str:
    return test.replace("%", ':comparator "i;ascii-numeric"')


@pytest.mark.parametrize(
    ("test", "result"),
    [
        ('address :count "ge" % ["to", "cc"] ["3"]', True),
        ('anyof (address :count "ge" % ["to"] ["3"], address :count "ge" % ["cc"] ["3"])', False),
        ('header :count "ge" % ["received"] ["3"]', False),
        ('header :count "ge" % ["received", "subject"] ["3"]', True),
        ('header :count "ge" % ["to", "cc"] ["3"]', False),
        ('header :count "eq" % "x-missing" "0"', True),
        ('header :count "ne" % "received" ["2", "3"]', True),
        ('header :count "lt" % "received" "3"', True),
        ('header :count "le" % "received" "1"', False),
        ('header :value "gt" "subject" "EXAMPLD"', True),
        ('header :value "gt" "subject" "example"', False),
        ('header :value "EQ" "subject" "EXAMPLE"', True),
        ('header :value "ge" "x-missing" ""', False),
        ('envelope :count "eq" % "from" "1"', True),
        ('envelope :count "eq" % ["from", "to"] "2"', True),
    ],
)
def test_counts_and_values(decide: Decide, test: str, result: bool) -> None:
    require = 'require ["relational", "comparator-i;ascii-numeric", "envelope"];'
    text = f"{require} if {numeric(test)} {{ discard; }}"
    assert decide(text, MESSAGE) == ["discard" if result else "implicit keep"]


def test_the_null_path_counts_nothing(decide: Decide) -> None:
    require = 'require ["relational", "comparator-i;ascii-numeric", "envelope"];'
    text = numeric(require + 'if envelope :count "eq" % "from" "0" { discard; }')
    assert decide(text, envelope=Envelope("", "me@example.org")) == ["discard"]


EXTENDED = numeric("""\
require ["relational", "comparator-i;ascii-numeric", "fileinto"];
if header :value "lt" % ["x-priority"] ["3"] { fileinto "Priority"; }
elsif address :count "gt" % ["to"] ["5"] { fileinto "SPAM"; }
elsif address :value "gt" :all :comparator "i;ascii-casemap" ["from"] ["M"] { fileinto "From N-Z"; }
else { fileinto "From A-M"; }
if allof ( address :count "eq" % ["to", "cc"] ["1"],
           address :all :comparator "i;ascii-casemap" ["to", "cc"] ["me@foo.example.com"] )
{ fileinto "Only me"; }
""")


@pytest.mark.parametrize(
    ("message", "actions"),
    [
        (b"X-Priority: 1 (highest)\nTo: a@b.example\n\n", ["fileinto Priority"]),
        (b"X-Priority: 3\nTo: a@b, c@d, e@f, g@h, i@j, k@l\n\n", ["fileinto SPAM"]),
        (b"From: zoe@example.org\nTo: ME@foo.example.com\n\n", ["fileinto From N-Z", "fileinto Only me"]),
        (b"From: ann@example.org\nTo: me@foo.example.com\nCc: a@b\n\n", ["fileinto From A-M"]),
    ],
)
def test_the_extended_example(decide: Decide, message: bytes, actions: list[str]) -> None:
    assert decide(EXTENDED, message) == actions


def test_a_relation_must_be_one_of_six(mistakes: Callable[[str], list[str]]) -> None:
    (mistake,) = mistakes('require "relational"; if header :count "gte" "a" "1" {}')
    assert mistake == ('line 1, column 33: ":count" takes one of "gt", "ge", "lt", "le", "eq", "ne", not "gte"')
