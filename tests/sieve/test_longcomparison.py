"""Comparisons in turns find what they find at once."""

import unicodedata
from collections.abc import Callable, Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sieve.conftest import ENVELOPE, ENVIRONMENT, MESSAGE, message_of

from angarium.collation import ASCII_CASEMAP, OCTET, UNICODE_CASEMAP, Collation
from angarium.mime import fold
from angarium.sieve import DEFAULT_LIMITS, Environment, LongWork, Outcome, Step, interpret, parse_script
from angarium.sieve.longcomparison import Way, find_in_turns, steps_of
from angarium.sieve.matching import Match, MatchType, _composed_form
from angarium.sieve.run import STEPS_OF_TURN, Run, Tired

Paused = Callable[[Generator[Step, object, Outcome]], tuple[int, Outcome]]

TEXTS = st.lists(st.text("abcAB*?", max_size=6).map(lambda text: text * 40), min_size=1, max_size=5)
KEYS = st.lists(st.text("abcAB*?", max_size=4), min_size=1, max_size=40).map(tuple)


def found_in_turns(way: Way, keys: tuple[str, ...], values: list[str]) -> tuple[Match | None, int]:
    """What was found, and how often it was interrupted, where every step is a turn."""
    script = parse_script(b"")
    run = Run(script, message_of(MESSAGE), ENVELOPE, ENVIRONMENT, limits=DEFAULT_LIMITS, trace=None)
    place = object()
    turns = 0
    while True:
        run.pause_at = run.steps
        try:
            return find_in_turns(run, place, way, keys, values), turns
        except Tired:
            turns += 1


@pytest.mark.parametrize("match_type", [MatchType.IS, MatchType.CONTAINS, MatchType.MATCHES])
@pytest.mark.parametrize("collation", [ASCII_CASEMAP, OCTET])
@given(keys=KEYS, values=TEXTS)
def test_what_is_found_is_the_same(
    match_type: MatchType, collation: Collation, keys: tuple[str, ...], values: list[str]
) -> None:
    way = Way(match_type, collation, None)
    found, turns = found_in_turns(way, keys, values)
    assert found == way.matcher(keys)(values)
    assert turns < len(keys) * len(values)


def test_a_test_of_many_keys_over_a_long_text_has_turns(environment: Environment, paused: Paused) -> None:
    keys = ", ".join(f'"key{number}"' for number in range(2000))
    script = parse_script(f'if header :contains "subject" [{keys}, "the end"] {{ discard; }}'.encode())
    text = message_of(b"Subject: " + b"x" * 50_000 + b" the end\n\n")
    steps = interpret(script, text, ENVELOPE, environment)
    pauses, outcome = paused(steps)
    assert pauses > 20
    assert [type(action).__name__ for action in outcome.actions] == ["Discard"]


def test_a_piece_is_a_turn_at_the_most() -> None:
    way = Way(MatchType.CONTAINS, OCTET, None)
    for length in (10, 1000, 100_000):
        keys = tuple(f"key{number}" for number in range(3000))
        _, turns = found_in_turns(way, keys, ["x" * length])
        assert turns >= steps_of(["x" * length], way.weight(keys)) // (2 * STEPS_OF_TURN) - 1


def test_long_bodies_have_turns(environment: Environment, paused: Paused) -> None:
    keys = ", ".join(f'"key{number}"' for number in range(20))
    parts = b"".join(b"--b\nContent-Type: text/plain\n\n" + b"lorem ipsum " * 5000 + b"\n" for _ in range(5))
    octets = b"Content-Type: multipart/mixed; boundary=b\n\n" + parts + b"--b\n\nthe end\n--b--\n"
    script = parse_script(f'require "body"; if body :contains [{keys}, "the end"] {{ discard; }}'.encode())
    steps = interpret(script, message_of(octets), ENVELOPE, environment)
    pauses, outcome = paused(steps)
    assert pauses > 4
    assert [type(action).__name__ for action in outcome.actions] == ["Discard"]


@pytest.mark.parametrize(
    ("test", "is_true", "announced"),
    [
        ('header :matches :comparator "i;unicode-casemap" "subject" "*Ende*"', True, 1),
        ('header :matches :comparator "i;unicode-casemap" "subject" "*Anfang*"', False, 1),
        ('anyof (header "from" "x", header :is :comparator "i;unicode-casemap" "subject" "x")', False, 1),
        ('header :contains "subject" "Ende"', True, 0),
    ],
)
def test_what_takes_long_in_one_piece_is_announced(
    environment: Environment, test: str, is_true: bool, announced: int
) -> None:
    script = parse_script(f'require "comparator-i;unicode-casemap"; if {test} {{ discard; }}'.encode())
    text = message_of(b"Subject: " + "\u00e4\u00d6\u00df ".encode() * 8000 + b"ENDE\n\n")
    steps = interpret(script, text, ENVELOPE, environment)
    seen: list[Step] = []
    try:
        while True:
            seen.append(next(steps))
    except StopIteration as end:
        outcome: Outcome = end.value
    assert seen.count(LongWork()) == announced
    assert [type(action).__name__ for action in outcome.actions] == ["Discard" if is_true else "Keep"]


LETTERS = st.sampled_from(["\uac01", "a\u0308", "\u00fc", "e", "\u1100\u1161\u11a8", "\u30ab\u3099", "o\u0301\u0323"])


@given(letters=st.lists(LETTERS, max_size=20))
def test_letters_are_composed_in_pieces_as_at_once(letters: list[str]) -> None:
    value = f"{''.join(letters)}e" * 400
    assert _composed_form(value) == unicodedata.normalize("NFC", fold(value))
    assert (
        Way(MatchType.MATCHES, UNICODE_CASEMAP, None).matcher((f"e*{''.join(letters)}e",))((f"E{value}",)) is not None
    )
