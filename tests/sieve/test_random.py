"""Any octets are a script or are refused; any script over any message ends, and says what becomes of the message."""

import random
from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sieve.generating import Generator

from angarium import mime
from angarium.sieve import (
    Envelope,
    Environment,
    IncludedScript,
    Keep,
    Limits,
    ListHolds,
    ListKnown,
    LongWork,
    Message,
    MetadataOf,
    Mistake,
    NotifyMethodOnline,
    Outcome,
    Question,
    Script,
    ScriptInvalid,
    interpret,
    parse_script,
)
from angarium.sieve.specification import Specification
from angarium.sieve.table import COMMANDS, TESTS

SCRIPTS = 10_000
PARTS = 10
LIMITS = Limits(steps=20_000)

SPECIFICATIONS: Sequence[Specification] = [
    *(each for found in COMMANDS.values() for each in found),
    *(each for found in TESTS.values() for each in found),
]
TOKENS = (
    *(f"{name} " for name in (*COMMANDS, *TESTS, "if", "elsif", "else", "require")),
    *(f":{tag.name} " for each in SPECIFICATIONS for tag in each.tags),
    *'";,{}[]()\\#\n17:$',
    *('"a" ', '"${1}" ', '["a", "b"] ', "/* x */", "text:\na\n.\n", 'require ["fileinto", "variables", "include"];'),
)  # fmt: skip


def answering(chance: random.Random, scripts: Mapping[str, Script]) -> Callable[[Question], object]:
    def answer(question: Question) -> object:
        match question:
            case IncludedScript(name="wrong"):
                return ScriptInvalid(())
            case IncludedScript(name=name):
                return scripts.get(name)
            case MetadataOf():
                return chance.choice((None, "", "value"))
            case ListHolds(values=values):
                return chance.choice((None, values[0]))
            case ListKnown():
                return chance.random() < 0.9
            case NotifyMethodOnline():
                return "maybe"
            case _:
                return chance.random() < 0.5

    return answer


def outcome_of(
    script: Script, octets: bytes, environment: Environment, answer: Callable[[Question], object]
) -> Outcome:
    message = Message(memoryview(octets), mime.scan(octets))
    steps = interpret(script, message, Envelope("bob@example.net", "alice+l@example.org"), environment, limits=LIMITS)
    reply: object = None
    asked: set[Question] = set()
    for _ in range(10_000):
        try:
            question = steps.send(reply)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome
        assert question is None or isinstance(question, LongWork) or question not in asked, "nothing is asked twice"
        reply = None
        if question is not None and not isinstance(question, LongWork):
            asked.add(question)
            reply = answer(question)
    raise AssertionError("the script does not end")


def check(outcome: Outcome) -> None:
    if outcome.failure is not None:
        (keep,) = outcome.actions
        assert isinstance(keep, Keep)
        assert keep.origin is None
        assert outcome.tracked == ()
    assert len(outcome.actions) <= LIMITS.actions + 1
    repr(outcome).encode()  # all text is text


def parsed(generator: Generator, name: str) -> Script | None:
    try:
        return parse_script(generator.script().encode(), name=name)
    except ScriptInvalid:
        return None


@pytest.mark.parametrize("part", range(PARTS))
def test_ten_thousand_scripts_over_ten_thousand_messages(part: int, environment: Environment) -> None:
    ran = failed = 0
    included: dict[str, Script] = {}
    for seed in range(part * SCRIPTS // PARTS, (part + 1) * SCRIPTS // PARTS):
        generator = Generator(seed)
        script = parsed(generator, "self")
        if script is None:
            continue
        included[("one", "two", "self")[seed % 3]] = script
        outcome = outcome_of(script, generator.message(), environment, answering(random.Random(seed), included))
        check(outcome)
        ran += 1
        failed += outcome.failure is not None
    assert ran > SCRIPTS // PARTS * 0.6
    assert 0.02 * ran < failed < 0.6 * ran


def test_every_test_and_command_is_among_them() -> None:
    names: set[str] = set()
    for seed in range(1500):
        text = Generator(seed).script()
        names.update(name for name in (*COMMANDS, *TESTS) if name in text)
    assert names == {*COMMANDS, *TESTS}


def mistakes_of(octets: bytes) -> Sequence[Mistake] | None:
    """None of a script."""
    try:
        parse_script(octets)
    except ScriptInvalid as error:
        return error.mistakes
    return None


@given(st.binary(max_size=100))
def test_any_octets_are_a_script_or_are_refused(octets: bytes) -> None:
    assert mistakes_of(octets) != ()


@given(st.lists(st.sampled_from(TOKENS), max_size=30).map("".join))
def test_any_tokens_are_a_script_or_are_refused(text: str) -> None:
    found = mistakes_of(text.encode())
    if found is not None:
        assert found
        assert all(1 <= mistake.position.line <= text.count("\n") + 1 for mistake in found)
        assert list(found) == sorted(found, key=lambda mistake: mistake.position)


@given(st.integers(10_000, 1_000_000), st.data())
def test_a_script_that_is_cut_or_spoilt_is_a_script_or_is_refused(seed: int, data: st.DataObject) -> None:
    text = Generator(seed).script()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    spoilt = text[:start] + data.draw(st.sampled_from(("", '"', "}", ";", "${"))) + text[end:]
    assert mistakes_of(spoilt.encode()) != ()
