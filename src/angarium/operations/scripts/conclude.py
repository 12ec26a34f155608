"""Scripts run to their outcome: what they ask is answered, other tasks have their turn, and no loop is held up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator
from typing import Final

from angarium.sieve import (
    Environment,
    Failure,
    Keep,
    LogLine,
    LongWork,
    Origin,
    Outcome,
    Position,
    Question,
    Script,
    ScriptInvalid,
    Step,
)

log = logging.getLogger(__name__)

Answers = Callable[[Question], Awaitable[object]]
"""What a script asks is answered by this, as the question's docstring says."""

Steps = Generator[Step, object, Outcome]


_START: Final = Position(1, 1)


async def conclude(
    script: Script | ScriptInvalid,
    environment: Environment,
    interpreted: Callable[[Script], Steps],
    answers: Answers,
    *,
    in_thread: bool = False,
) -> Outcome:
    """What the script decides, or for one that cannot be used the failure. `in_thread`: all of it, and not only the
    steps that are known to be long."""
    flags = environment.initial_flags
    if isinstance(script, ScriptInvalid):
        first = script.mistakes[0]
        return failed(first.text, position=first.position, flags=flags)
    steps = interpreted(script)
    answer: object = None
    is_long = in_thread
    while True:
        if is_long:
            step = await asyncio.get_running_loop().run_in_executor(None, _next, steps, answer, flags)
        else:
            step = _next(steps, answer, flags)
        if isinstance(step, Outcome):
            return step
        is_long, answer = in_thread or isinstance(step, LongWork), None
        if step is None:
            await asyncio.sleep(0)
        elif not isinstance(step, LongWork):
            answer = await answers(step)


def failed(
    reason: str,
    *,
    position: Position = _START,
    lines: tuple[LogLine, ...] = (),
    flags: tuple[str, ...] = (),
) -> Outcome:
    """The message is kept, and why."""
    return Outcome((Keep(origin=None, flags=flags),), log=lines, failure=Failure(reason, Origin("", position)))


def _next(steps: Steps, answer: object, flags: tuple[str, ...]) -> Step | Outcome:
    try:
        return steps.send(answer)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
    except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError, AssertionError) as error:
        # A fault of ours, which the next attempt would meet too: mail is not to wait for it, and be sent back then.
        log.error("script_broke", exc_info=error)
        return failed(f"a fault of the server: {type(error).__name__}", flags=flags)
