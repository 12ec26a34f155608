"""Scripts to their outcome: where each step is taken, and what becomes of what goes wrong."""

import threading
from collections.abc import Generator
from datetime import UTC, datetime

import pytest

from angarium.operations.scripts.conclude import Steps, conclude
from angarium.sieve import (
    Environment,
    Keep,
    LongWork,
    MailboxExists,
    Mistake,
    Outcome,
    Position,
    Question,
    Script,
    ScriptInvalid,
    Step,
    parse_script,
)

pytestmark = pytest.mark.usefixtures("runner")

SCRIPT = parse_script(b"keep;")
ENVIRONMENT = Environment(datetime(2026, 11, 21, tzinfo=UTC), {}, ("\\Seen",))
KEPT = (Keep(origin=None, flags=("\\Seen",)),)
WORK = MailboxExists("work")


async def answers(question: Question) -> object:
    return f"{question} answered"


@pytest.mark.parametrize(
    ("in_thread", "places"),
    [(False, ["loop", "loop", "thread", "loop", "thread", "loop"]), (True, ["thread"] * 6)],
)
async def test_what_takes_long_is_done_in_a_thread(in_thread: bool, places: list[str]) -> None:
    loop = threading.get_ident()
    seen: list[str] = []
    told: list[object] = []

    def interpreted(_: Script) -> Generator[Step, object, Outcome]:
        for step in (None, LongWork(), WORK, LongWork(), None):
            seen.append("loop" if threading.get_ident() == loop else "thread")
            told.append((yield step))
        seen.append("loop" if threading.get_ident() == loop else "thread")
        return Outcome(())

    assert await conclude(SCRIPT, ENVIRONMENT, interpreted, answers, in_thread=in_thread) == Outcome(())
    assert seen == places
    assert told == [None, None, f"{WORK} answered", None, None]


async def test_a_fault_of_ours_keeps_the_message() -> None:
    def interpreted(_: Script) -> Steps:
        yield None
        raise ValueError("a fault")

    outcome = await conclude(SCRIPT, ENVIRONMENT, interpreted, answers)
    assert outcome.failure is not None
    assert (outcome.failure.reason, outcome.actions) == ("a fault of the server: ValueError", KEPT)


async def test_a_script_that_cannot_be_used_fails_where_it_is_wrong() -> None:
    def interpreted(_: Script) -> Steps:
        raise AssertionError

    invalid = ScriptInvalid((Mistake(Position(2, 3), "so not"), Mistake(Position(4, 5), "nor so")))
    outcome = await conclude(invalid, ENVIRONMENT, interpreted, answers)
    assert outcome.failure is not None
    assert (outcome.failure.reason, outcome.failure.origin.position) == ("so not", Position(2, 3))
    assert outcome.actions == KEPT
