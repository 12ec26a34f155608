"""addheader and deleteheader."""

from collections.abc import Callable
from typing import Protocol

import pytest

from angarium.sieve import FileInto, Keep, Outcome, Redirect
from angarium.sieve.actions import Edition

MESSAGE = b"""\
Return-Path: <a@example.org>
Received: one
Received: two
Subject: greeting
X-Hello: first
X-Hello: second
X-Hello:  third\x20
Delivered-To: bob@example.com
Delivered-To: eve@example.com
Auto-Submitted: no
X-Sieve: CMU
X-Sieve-Redirected-From: bob@example.com

text
"""
OCTETS = MESSAGE.replace(b"\n", b"\r\n")
HEADER, BODY = OCTETS.split(b"\r\n\r\n")


class RunScript(Protocol):
    def __call__(self, text: str, message: bytes = ...) -> Outcome: ...


@pytest.fixture
def edited(run_script: RunScript) -> Callable[[str], bytes]:
    """The header that a script makes."""

    def edited(script: str) -> bytes:
        require = 'require ["editheader", "relational", "regex", "variables", "comparator-i;ascii-numeric"];'
        outcome = run_script(f"{require} {script}", MESSAGE)
        assert outcome.failure is None
        (action,) = outcome.actions
        assert isinstance(action, Keep)
        if action.edition is None:
            return HEADER
        header, body = octets_of(action.edition).split(b"\r\n\r\n")
        assert body == BODY
        return header

    return edited


def octets_of(edition: Edition) -> bytes:
    return b"".join(each if isinstance(each, bytes) else OCTETS[each.start : each.end] for each in edition.pieces)


def without(*fields: bytes) -> bytes:
    header = HEADER + b"\r\n"
    for field in fields:
        assert header.count(field + b"\r\n") == 1
        header = header.replace(field + b"\r\n", b"")
    return header.removesuffix(b"\r\n")


@pytest.mark.parametrize(
    ("script", "field"),
    [
        ('addheader "X-A" "b";', b"X-A: b"),
        ('addheader "X-A" "  b  ";', b"X-A: b"),
        ('addheader "X-A" "";', b"X-A:"),
        ('addheader "X-A" "b\r\nX-B: c";', b"X-A: b X-B: c"),
        ('addheader "X-A" "caf\u00e9";', b"X-A: =?utf-8?q?caf=C3=A9?="),
        ('addheader "X-A" "\u65e5\u672c";', b"X-A: =?utf-8?b?5pel5pys?="),
        ('set "n" "X-A"; set "v" "b"; addheader "${n}" "${v}";', b"X-A: b"),
    ],
)
def test_a_field_is_added_below_the_trace(edited: Callable[[str], bytes], script: str, field: bytes) -> None:
    assert edited(script) == HEADER.replace(b"Subject:", field + b"\r\nSubject:")


def test_a_field_is_added_at_the_end_if_asked_for(edited: Callable[[str], bytes]) -> None:
    assert edited('addheader :last "X-A" "b";') == HEADER + b"\r\nX-A: b"


def test_a_long_value_is_folded_and_no_line_is_too_long(edited: Callable[[str], bytes]) -> None:
    words = " ".join(["word"] * 60)
    header = edited(f'addheader :last "X-A" "{words}"; addheader :last "X-B" "{"x" * 2000}";')
    assert all(len(line) <= 998 for line in header.split(b"\r\n"))
    assert words.encode() in header.replace(b"\r\n ", b" ")


def test_998_characters_can_be_added_and_many_more_cannot(run_script: RunScript) -> None:
    ok = run_script(f'require "editheader"; addheader "X-A" "{"x " * 499}";', MESSAGE)
    assert ok.failure is None
    refused = run_script(f'require "editheader"; addheader "X-A" "{"x " * 8200}";', MESSAGE)
    assert refused.failure is not None
    assert refused.failure.reason == "a header field can be 16384 characters long at most"


@pytest.mark.parametrize(
    ("script", "header"),
    [
        ('deleteheader "x-hello";', without(b"X-Hello: first", b"X-Hello: second", b"X-Hello:  third ")),
        ('deleteheader "X-Hello" "second";', without(b"X-Hello: second")),
        ('deleteheader "X-Hello" "THIRD";', without(b"X-Hello:  third ")),
        ('deleteheader :comparator "i;octet" "X-Hello" "THIRD";', HEADER),
        ('deleteheader :contains "X-Hello" ["ir"];', without(b"X-Hello: first", b"X-Hello:  third ")),
        ('deleteheader :matches "X-Hello" "*c*";', without(b"X-Hello: second")),
        ('deleteheader :regex "X-Hello" "^.i";', without(b"X-Hello: first")),
        ('deleteheader :index 2 "X-Hello";', without(b"X-Hello: second")),
        ('deleteheader :index 1 :last "X-Hello";', without(b"X-Hello:  third ")),
        ('deleteheader :index 9 "X-Hello";', HEADER),
        ('deleteheader :index 1 :is "X-Hello" "second";', HEADER),
        (
            'deleteheader :index 1 :contains "Delivered-To" "bob@example.com";',
            without(b"Delivered-To: bob@example.com"),
        ),
        ('deleteheader :index 2 :contains "Delivered-To" "bob@example.com";', HEADER),
        ('deleteheader :value "gt" "X-Hello" "first";', without(b"X-Hello: second", b"X-Hello:  third ")),
        ('deleteheader :count "gt" :comparator "i;ascii-numeric" "X-Hello" "3";', HEADER),
        (
            'deleteheader :count "ge" :comparator "i;ascii-numeric" "X-Hello" "3";',
            without(b"X-Hello: first", b"X-Hello: second", b"X-Hello:  third "),
        ),
        ('deleteheader "X-None";', HEADER),
        ('deleteheader "Subject";', without(b"Subject: greeting")),
        # One after the other: the third is the second when it is its turn.
        (
            'deleteheader :index 1 "X-Hello"; deleteheader :index 2 "X-Hello";',
            without(b"X-Hello: first", b"X-Hello:  third "),
        ),
        ('addheader "X-Hello" "world"; deleteheader :index 1 "X-Hello";', HEADER),
        # What is not permitted is passed over.
        ('deleteheader "Received"; deleteheader :index 1 "auto-submitted"; deleteheader "x-sieve";', HEADER),
        ('deleteheader "X-Sieve-Redirected-From";', HEADER),
    ],
)
def test_fields_are_deleted_by_name_value_and_number(
    edited: Callable[[str], bytes], script: str, header: bytes
) -> None:
    assert edited(script) == header


def test_later_tests_see_the_header_as_it_was_edited(edited: Callable[[str], bytes]) -> None:
    script = """
    addheader "X-Hello" "world";
    deleteheader "Subject";
    if not allof (header :contains "X-Hello" "world", not exists "Subject", header :count "eq" "x-hello" "4") { stop; }
    addheader "Subject" "seen";"""
    assert b"Subject: seen" in edited(script)


def test_each_action_has_the_header_of_its_moment(run_script: RunScript) -> None:
    outcome = run_script(
        """require ["editheader", "copy"];
        redirect :copy "one@example.org";
        addheader "X-A" "1";
        redirect :copy "two@example.org";
        addheader "X-A" "2";
        keep;""",
        MESSAGE,
    )
    counts = []
    for action in outcome.actions:
        assert isinstance(action, Redirect | Keep)
        counts.append(0 if action.edition is None else octets_of(action.edition).count(b"X-A:"))
    assert counts == [0, 1, 2]


@pytest.mark.parametrize("action", ["keep", 'fileinto "x"', 'redirect "a@example.org"'])
def test_a_message_that_is_edited_is_still_the_same_message(run_script: RunScript, action: str) -> None:
    script = f'require ["editheader", "fileinto"]; {action}; addheader "X-Flavour" "vanilla"; {action};'
    assert len(run_script(script, MESSAGE).actions) == 1


def test_the_implicit_keep_has_what_was_edited_in_the_end(run_script: RunScript) -> None:
    script = 'require ["editheader", "fileinto", "copy"]; fileinto :copy "x"; addheader "X-Flavour" "vanilla";'
    filed, kept = run_script(script, MESSAGE).actions
    assert isinstance(filed, FileInto)
    assert filed.edition is None
    assert isinstance(kept, Keep)
    assert kept.edition is not None


def test_a_failure_keeps_the_message_as_it_came(run_script: RunScript) -> None:
    script = 'require ["editheader", "variables"]; addheader "X-A" "1"; set "n" "a:b"; addheader "${n}" "x";'
    outcome = run_script(script, MESSAGE)
    assert outcome.failure is not None
    assert outcome.failure.reason == '"a:b" cannot be the name of a header field'
    assert outcome.actions == (Keep(origin=None),)


def test_a_redirect_is_not_made_twice(run_script: RunScript) -> None:
    script = """require "editheader";
    if not header :contains "X-Sieve-Filtered" ["<kim@home.example.com>", "<kim@job.example.com>"] {
        addheader "X-Sieve-Filtered" "<kim@job.example.com>";
        redirect "kim@home.example.com";
    }"""
    (first,) = run_script(script, MESSAGE).actions
    assert isinstance(first, Redirect)
    assert first.edition is not None
    (second,) = run_script(script, octets_of(first.edition)).actions
    assert isinstance(second, Keep)


@pytest.mark.parametrize(
    ("script", "mistake"),
    [
        ('addheader "X-A" "b";', '"addheader" needs'),
        ('require "editheader"; addheader "X A" "b";', '"X A" cannot be the name of a header field'),
        ('require "editheader"; addheader "X-A:" "b";', '"X-A:" cannot be the name of a header field'),
        ('require "editheader"; addheader "\u00e9" "b";', "cannot be the name of a header field"),
        ('require "editheader"; addheader "" "b";', '"" cannot be the name of a header field'),
        ('require "editheader"; deleteheader "X A";', '"X A" cannot be the name of a header field'),
        ('require "editheader"; deleteheader :last "X-A";', '":last" needs ":index"'),
    ],
)
def test_mistakes_are_told(mistakes: Callable[[str], list[str]], script: str, mistake: str) -> None:
    assert mistake in "\n".join(mistakes(script))
