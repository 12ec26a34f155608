"""External lists (RFC 6134)."""

from collections.abc import Callable

import pytest

from angarium.sieve import Envelope, ListHolds, ListKnown, Outcome, Question, Redirect

Run = Callable[..., Outcome]
Decide = Callable[..., list[str]]
Mistakes = Callable[[str], list[str]]

BOOK = "urn:ietf:params:sieve:addrbook:default"
MYLIST = "tag:example.com,2010-05-28:mylist"
IPS = "tag:example.com,2011-04-10:DisallowedIPs"
LISTS = {
    BOOK: {"bob@example.net": "Bob@Example.net"},
    MYLIST: {"bob@example.net": "bob@example.net"},
    IPS: {"192.0.2.7": "192.0.2.7"},
}
REQUIRE = 'require ["extlists", "envelope", "variables", "fileinto", "subaddress", "reject"];\n'


def answers(question: Question) -> object:
    match question:
        case ListKnown(name=name):
            return name in LISTS
        case ListHolds(name=name, values=values):
            return next((LISTS[name][value.lower()] for value in values if value.lower() in LISTS[name]), None)
        case _:
            raise AssertionError(question)


@pytest.mark.parametrize(
    ("test", "result"),
    [
        ('envelope :list "from" ":addrbook:default"', True),
        (f'address :list "from" "{BOOK}"', True),
        (f'address :list ["to", "cc"] "{BOOK}"', False),
        (f'header :list "from" "{BOOK}"', False),
        (f'header :list "x-missing" "{BOOK}"', False),
        (f'string :list "192.0.2.7" ["{BOOK}", "{IPS}"]', True),
        ('valid_ext_list ":addrbook:default"', True),
        (f'valid_ext_list ["{IPS}", "{MYLIST}"]', True),
        (f'valid_ext_list ["{IPS}", "ldap://x"]', False),
    ],
)
def test_members(decide: Decide, test: str, result: bool) -> None:
    text = f"{REQUIRE}if {test} {{ discard; }}"
    assert decide(text, answers=answers) == ["discard" if result else "implicit keep"]


def test_what_was_found_is_a_match_variable(decide: Decide) -> None:
    text = REQUIRE + 'if address :list "from" ":addrbook:default" { fileinto "${0}"; }'
    assert decide(text, answers=answers) == ["fileinto Bob@Example.net"]


def test_a_list_that_is_not_there_is_an_error_of_the_run(decide: Decide) -> None:
    text = REQUIRE + 'if address :list "from" ":none" { discard; }'
    assert decide(text, answers=answers) == ['failed: there is no external list ":none"', "implicit keep"]
    text = REQUIRE + 'redirect :list "tag:none";'
    assert decide(text, answers=answers) == ['failed: there is no external list "tag:none"', "implicit keep"]


def test_a_private_mailing_list(run_script: Run) -> None:
    """RFC 6134 §2.9.3, for a sender whose address stands alone in its field."""
    text = (
        REQUIRE + f'if allof (envelope :detail "to" "mylist", header :list "from" "{MYLIST}") {{'
        f' redirect :list "{MYLIST}"; }}'
    )
    envelope = Envelope("bob@example.net", "alexey+mylist@example.org")
    (action,) = run_script(text, b"From: bob@example.net\n\n", envelope=envelope, answers=answers).actions
    assert isinstance(action, Redirect)
    assert (action.address, action.is_list) == (MYLIST, True)


def test_a_block_list_of_addresses(decide: Decide) -> None:
    """RFC 6134 §2.9.4."""
    text = (
        f'require ["variables", "extlists", "index", "reject"];\n'
        'if header :index 1 :matches "received" "*(* [*.*.*.*])*" { set "ip" "${3}.${4}.${5}.${6}";'
        f' if string :list "${{ip}}" "{IPS}" {{ reject "Message not allowed from this IP address"; }} }}'
    )
    message = b"Received: from x (x.example [192.0.2.7]) by y\nReceived: from z\n\n"
    assert decide(text, message, answers=answers) == ["reject Message not allowed from this IP address"]


def test_comparators_are_not_for_lists(mistakes: Mistakes) -> None:
    (mistake,) = mistakes('require "extlists"; if header :list :comparator "i;octet" "from" ":a" {}')
    assert mistake == 'line 1, column 37: ":comparator" cannot be given together with ":list"'
