"""Scripts and mails that are made to take all time or all memory, and are paid for instead."""

import tracemalloc
from collections.abc import Callable, Generator

import pytest
from tests.sieve.conftest import ENVELOPE, ENVIRONMENT, message_of

from angarium.sieve import Limits, Outcome, ScriptInvalid, Step, interpret, parse_script
from angarium.sieve.entity import merged

Paused = Callable[[Generator[Step, object, Outcome]], tuple[int, Outcome]]

TOO_LONG = "a string with variables is longer than 1048576 octets"
NOT_ENDED = "the script has not ended after 1000000 steps"
MANY_PARTS = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 3000 + b"--b--\n"
MANY_WORDS = b"Subject: " + b" ".join([b"=?utf-8?q?=C3=A4?="] * 10_000) + b"\n"


@pytest.mark.parametrize("letter", ["a", "é"])
@pytest.mark.parametrize(
    "text",
    [
        'require ["variables", "fileinto"]; if header :matches "x" "*" { fileinto "%s"; }' % ("${1}" * 5000),
        'require "notify"; notify :message "%s";' % ("$subject$" * 3000),
    ],
)
def test_a_string_ends_before_it_takes_all_memory(text: str, letter: str, paused: Paused) -> None:
    value = letter.encode() * 100_000
    message = message_of(b"X: " + value + b"\nSubject: " + value + b"\n\n")
    script = parse_script(text.encode())
    tracemalloc.start()
    try:
        _, outcome = paused(interpret(script, message, ENVELOPE, ENVIRONMENT))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert outcome.failure is not None
    assert outcome.failure.reason == TOO_LONG
    assert peak < 30 << 20


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        (
            'require ["foreverypart", "editheader"]; foreverypart { addheader "X" "y"; if size :over 1 {} }',
            MANY_PARTS,
        ),
        (
            'require ["foreverypart", "editheader"]; foreverypart { addheader "X" "y"; if header "subject" "x" {} }',
            MANY_WORDS + MANY_PARTS,
        ),
        (
            (
                'require ["foreverypart", "mime", "replace"]; foreverypart {'
                ' if header :mime :type "Content-Type" "multipart" {} else { replace "y"; if size :over 1 {} } }'
            ),
            MANY_PARTS,
        ),
        (
            'require "comparator-i;unicode-casemap"; '
            + 'if header :comparator "i;unicode-casemap" :matches "x" "*\u00e4*" {}' * 100,
            "X: {}\n\n".format("\u00e9\u0e01" * 40_000 + "\u00e4").encode(),
        ),
        (
            (
                'require ["foreverypart", "variables", "regex"]; foreverypart { set "x" "${x}a";'
                ' if header :regex "subject" "${x}[a-z]{250}[^a]{250}(x|y){250}" {} }'
            ),
            b"Subject: x\n" + MANY_PARTS,
        ),
        (
            'require "foreverypart"; foreverypart { if exists [' + ", ".join(['"from"'] * 3500) + "] {} }",
            b"From: a\n" + MANY_PARTS,
        ),
        (
            'require ["foreverypart", "enotify"]; foreverypart { if valid_notify_method "mailto:%s" {} }'
            % ("a@b.example," * 1300),
            MANY_PARTS,
        ),
        (
            'require ["foreverypart", "variables", "imap4flags"]; addflag "f" "'
            + " ".join(f"f{number}" for number in range(120))
            + '"; foreverypart { if hasflag "f" "g" {} addflag "f" "g"; addflag "f" "h"; addflag "f" "i"; }',
            MANY_PARTS,
        ),
    ],
)
def test_what_is_read_anew_each_time_is_paid_each_time(text: str, octets: bytes, paused: Paused) -> None:
    script, limits = parse_script(text.encode()), Limits(steps=200_000)
    pauses, outcome = paused(interpret(script, message_of(octets), ENVELOPE, ENVIRONMENT, limits=limits))
    assert outcome.failure is not None
    assert outcome.failure.reason == "the script has not ended after 200000 steps"
    assert pauses > 1


def test_what_asks_for_very_many_things_ends() -> None:
    names = ", ".join(f'"{number}"' for number in range(3500))
    script = parse_script(b'require "mailbox"; if mailboxexists [%b] {}' % names.encode())
    steps = interpret(script, message_of(b"\n\n"), ENVELOPE, ENVIRONMENT)
    question = next(steps)
    try:
        while True:
            question = steps.send(None if question is None else True)
    except StopIteration as end:
        outcome: Outcome = end.value
    assert outcome.failure is not None
    assert outcome.failure.reason == NOT_ENDED


def test_a_long_text_with_a_question_mark_is_not_looked_for_everywhere() -> None:
    parse_script(b'if header :matches "x" "%b?" {}' % (b"a" * 5000))
    parse_script(b'if header :matches "x" "*?%b*" {}' % (b"a" * 255))
    with pytest.raises(ScriptInvalid, match="more than 256 characters"):
        parse_script(b'if header :matches "x" "*?%b*" {}' % (b"a" * 256))


def test_many_pieces_are_joined_at_once() -> None:
    # Piece after piece, these would be copied for minutes.
    (joined,) = merged([b"x" * 10] * 200_000)
    assert joined == b"x" * 2_000_000


def test_a_hundred_mistakes_are_enough() -> None:
    with pytest.raises(ScriptInvalid) as caught:
        parse_script(b"a;" * 10_000)
    assert len(caught.value.mistakes) == 100
