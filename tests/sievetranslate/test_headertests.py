import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.sievetranslate.running import actions_of

from angarium.sieve import parse_script
from angarium.sievetranslate.headertests import body_test, header_test
from angarium.sievetranslate.regex import RegexRefused
from angarium.sievetranslate.sievetext import Command, Conditional, laid_out, script_text


def text_of(pattern: str, *, folds: bool = True) -> str:
    test = header_test(pattern, folds=folds).test
    lines = laid_out([Conditional([(test, [])])])
    return " ".join([line.strip() for line in lines]).removeprefix("if ").removesuffix(" { }")


@pytest.mark.parametrize(
    ("pattern", "test"),
    [
        ("^Subject:.*foo", 'header :contains "Subject" "foo"'),
        ("^Subject: foo", 'header :matches "Subject" "foo*"'),
        ("^Subject: foo$", 'header :is "Subject" "foo"'),
        ("^Subject:[ \t]*foo *$", 'header :is "Subject" "foo"'),
        ("^Subject:.*foo$", 'header :matches "Subject" "*foo"'),
        ("^Subject:.*$", 'exists "Subject"'),
        ("^Subject:$", 'header :is "Subject" ""'),
        ("^X-Loop:", 'exists "X-Loop"'),
        ("^(X-A|X-B):", 'header :matches ["X-A", "X-B"] "*"'),
        ("^Subject:.*(foo|bar)", 'header :contains "Subject" ["foo", "bar"]'),
        ("^Subject:.*[Ff]oo", 'header :contains "Subject" "foo"'),
        ("^Subject:.*colou?r", 'header :contains "Subject" ["colour", "color"]'),
        ("^Subject:.*a.*b", 'header :matches "Subject" "*a*b*"'),
        (r"^Subject:.*a\.b", 'header :contains "Subject" "a.b"'),
        ("^Subject:.*a.b", 'header :matches "Subject" "*a?b*"'),
        (r"^X-Spam-Level: \*\*", r'header :matches "X-Spam-Level" "\\*\\**"'),
        (r"^Subject:.*a\\b", r'header :contains "Subject" "a\\b"'),
        ('^Subject:.*"', r'header :contains "Subject" "\""'),
        ("^Subject:.*[0-9]+", 'header :regex "Subject" "[0-9]+"'),
        ("^Subject:.*{", 'header :contains "Subject" "{"'),
        (r"^Subject:.*\<sale\>", 'header :regex "Subject" "(^|[^0-9A-Za-z_])sale($|[^0-9A-Za-z_])"'),
        ("^(To|Cc):.*me", 'header :contains ["To", "Cc"] "me"'),
        ("^(Resent-)?From:.*x", 'header :contains ["Resent-From", "From"] "x"'),
        ("(^To:.*a|^Cc:.*b)", 'anyof (header :contains "To" "a", header :contains "Cc" "b")'),
        ("^To:.*a|^Cc:.*a", 'header :contains ["To", "Cc"] "a"'),
        ("^From.*joe", 'anyof (header :contains "From" "joe", envelope :contains "from" "joe")'),
        ("^From joe@x ", 'envelope :is "from" "joe@x"'),
        ("^Subject.*foo", 'header :contains "Subject" "foo"'),
        ("Subject:.*foo", 'header :contains "Subject" "foo"'),
        ("^Subject:( foo| bar)$", 'header :is "Subject" ["foo", "bar"]'),
        (r"^List-Id:.*<\/[^.>]+", 'header :regex "List-Id" "<([^.>]+)"'),
    ],
)
def test_a_condition_is_the_plainest_test_that_asks_the_same(pattern: str, test: str) -> None:
    assert text_of(pattern) == test


def test_case_counts_where_it_is_asked_for() -> None:
    assert text_of("^Subject:.*[Ff]oo", folds=False) == (
        'header :contains :comparator "i;octet" "Subject" ["Foo", "foo"]'
    )


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("foo", "none that ends in a colon"),
        (".*foo", "whole header"),
        ("^[^:]*: foo", "whole header"),
        ("^X-Spam.*yes", "none that ends in a colon"),
        ("^Subject:.*(a", "is not closed"),
        ("^Subject:.*a)", 'has no "\\("'),
        ("^Subject:.*[a", "is not closed"),
        ("^Subject:.*[z-a]", "goes downwards"),
        ("^Subject:*foo", "none that ends"),
        ("^Subject: a$b", "end of a line"),
        ("^^Subject: a", "whole header"),
        (r"^\/Subject: a", "before the name"),
        ("*", "nothing that"),
        ("^Subject: \\", "nothing behind"),
        ("(" * 30 + "a" + ")" * 30, "nested too deeply"),
        ("^(a|b|c|d|e|f|g|h)" * 3 + ":", "too many|whole header|none that ends"),
        ("^" + "(a|b)?" * 20 + ":", "too many"),
        ("x" * 5000, "longer than"),
    ],
)
def test_what_sieve_has_no_test_for_is_refused_with_the_reason(pattern: str, reason: str) -> None:
    with pytest.raises(RegexRefused, match=reason):
        header_test(pattern, folds=True)


def test_what_is_not_quite_the_same_is_said() -> None:
    assert "anywhere in the header" in header_test("Subject: x", folds=True).remarks[0]
    assert "alone is looked at" in header_test("^Subject.*x", folds=True).remarks[0]
    assert header_test("^From.*x", folds=True).remarks == []


def matches(pattern: str, message: str, *, sender: str = "joe@example.org") -> bool:
    found = header_test(pattern, folds=True)
    script = script_text("", found.requires, [Conditional([(found.test, [Command("discard")])])])
    return actions_of(script, message, sender=sender) == ["discard"]


@pytest.mark.parametrize(
    ("pattern", "header", "sender", "expected"),
    [
        ("^TO_me@example", "To: Me <me@example.org>", "a@b", True),
        ("^TO_me@example", "Cc: you@example.org, me@example.org", "a@b", True),
        ("^TO_me@example", "Cc: not-me@example.org", "a@b", False),
        ("^TO_me@example", "Subject: me@example.org", "a@b", False),
        ("^TO_.*me@example", "Cc: not-me@example.org", "a@b", True),
        ("^TOme", "Resent-To: (x)me", "a@b", True),
        ("^TOme", "Resent-To: xme", "a@b", False),
        ("^FROM_DAEMON", "From: MAILER-DAEMON@example.org (Mail Delivery Subsystem)", "a@b", True),
        ("^FROM_DAEMON", "From: joe@example.org", "", True),
        ("^FROM_DAEMON", "From: joe@example.org", "owner-list@example.org", True),
        ("^FROM_DAEMON", "Precedence: bulk", "a@b", True),
        ("^FROM_DAEMON", "From: joe@example.org", "joe@example.org", False),
        ("^FROM_MAILER", "From: Postmaster <postmaster@example.org>", "a@b", True),
        ("^FROM_MAILER", "Precedence: bulk", "a@b", False),
        ("^FROM_MAILER", "From: postmaster.jones@example.org", "a@b", False),
        ("^FROM_MAILER", "From: jones <jones@example.org>", "a@b", False),
    ],
)
def test_macros_find_what_they_are_for(pattern: str, header: str, sender: str, expected: bool) -> None:
    assert matches(pattern, f"{header}\n\nbody\n", sender=sender) is expected


PIECES = st.sampled_from(
    [
        "a",
        "b",
        "ab",
        ".",
        ".*",
        ".+",
        "a*",
        "b?",
        "(a|b)",
        "(ab|.*b)",
        "[ab]",
        "[^a]",
        "[^ab]+",
        r"\.",
        r"\*",
        "(a|)",
        "(b)+",
    ]
)


@given(
    st.lists(PIECES, max_size=5), st.text("ab.* ", max_size=6), st.sampled_from(["", ".*", " ", " *"]), st.booleans()
)
def test_a_test_says_what_the_pattern_would(pieces: list[str], value: str, head: str, is_end: bool) -> None:
    # Whether the blank behind the colon is taken by what is behind all that is optional there, nobody asks in earnest.
    assume(head != " *" or not pieces or pieces[0] not in ("a*", "b?", "(a|)"))
    value = value.strip()
    pattern = f"^Subject:{head or ' '}{''.join(pieces)}{'$' if is_end else ''}"
    expected = re.search(pattern, f"Subject: {value}", re.IGNORECASE | re.MULTILINE) is not None
    try:
        header_test(pattern, folds=True)
    except RegexRefused:
        return  # too many alternatives
    assert matches(pattern, f"Subject: {value}\n\nbody\n") is expected


@given(st.text("^$.*+?()[]|\\:abF-TO_<>/ ", max_size=20), st.booleans())
def test_any_pattern_gives_a_test_that_parses_or_a_refusal(pattern: str, folds: bool) -> None:
    # Of regular expressions the parser decides; the translator of whole files leaves out what that does not take.
    for translate in (header_test, body_test):
        try:
            found = translate(pattern, folds=folds)
        except RegexRefused:
            continue
        script = script_text("", found.requires, [Conditional([(found.test, [Command("keep")])])])
        if "regex" not in found.requires:
            parse_script(script.encode())


@pytest.mark.parametrize(
    ("pattern", "body", "expected"),
    [
        ("urgent", "this is\nURGENT mail", True),
        ("^urgent", "this is\nurgent mail", True),
        ("^urgent", "this is urgent", False),
        ("is.*mail", "this is\nmail", False),
        ("a|b", "xxb", True),
        (r"\.exe$", "x.exe\ny", True),
    ],
)
def test_the_body_is_looked_at_line_by_line(pattern: str, body: str, expected: bool) -> None:
    found = body_test(pattern, folds=True)
    script = script_text("", found.requires, [Conditional([(found.test, [Command("discard")])])])
    assert (actions_of(script, f"Subject: x\n\n{body}\n") == ["discard"]) is expected
