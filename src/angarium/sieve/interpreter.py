"""Running a script over a message, as a pure function that asks and pauses.

Commands are executed in one loop, so that a script of any depth is left and taken up again between two of them. A test
or command that has to know something raises Unknown; the question is yielded, and the command executed anew with the
answer. Nothing of this is seen by those who write tests and commands: they are plain functions.
"""

from collections.abc import Generator
from typing import Final

from angarium.sieve.actions import Keep, Outcome
from angarium.sieve.facts import Envelope, Environment, LongWork, Step
from angarium.sieve.limits import DEFAULT_LIMITS, Limits
from angarium.sieve.message import Message
from angarium.sieve.run import STEPS_OF_TURN, Long, Run, RunFailed, Tired, Traced, Unknown
from angarium.sieve.script import Script

_LONG_WORK: Final = LongWork()


def interpret(
    script: Script,
    message: Message,
    envelope: Envelope | None,
    environment: Environment,
    *,
    limits: Limits = DEFAULT_LIMITS,
    trace: list[Traced] | None = None,
) -> Generator[Step, object, Outcome]:
    """Yields questions, to be sent their answers, and None where others may have a turn; returns what was decided.
    What is done behind LongWork, until the next step, is best done in a thread.

    Without an envelope the message is one of a mailbox, where something has happened to it (RFC 6785).
    Into `trace` goes every test that was evaluated, if the script was parsed to be traced.
    """
    run = Run(script, message, envelope, environment, limits=limits, trace=trace)
    frames = run.frames
    try:
        run.admit(script)
        while frames:
            frame = frames[-1]
            if frame.index == len(frame.block):
                if frame.again is not None and frame.again():
                    frame.index = 0
                else:
                    run.leave()
                continue
            run.current = frame.block[frame.index]
            frame.index += 1
            run.spend(1)
            try:
                run.current.execute(run)
            except Unknown as unknown:
                frame.index -= 1
                run.is_long_work_expected = False
                run.answer(unknown.question, (yield unknown.question))
            except Tired:
                frame.index -= 1
            except Long:
                frame.index -= 1
                run.is_long_work_expected = True
                yield _LONG_WORK
                continue
            if run.steps >= run.pause_at:
                run.pause_at = run.steps + STEPS_OF_TURN
                run.is_long_work_expected = False
                yield None
    except RunFailed as failed:
        return _failed(run, str(failed))
    return _outcome(run)


def _outcome(run: Run) -> Outcome:
    actions = list(run.decisions.actions)
    if run.decisions.has_implicit_keep:
        actions.append(Keep(origin=None, flags=run.flags, edition=run.edition()))
    return Outcome(tuple(actions), run.tracked, tuple(run.log))


def _failed(run: Run, reason: str) -> Outcome:
    keep = Keep(origin=None, flags=run.environment.initial_flags)
    return Outcome((keep,), (), tuple(run.log), run.failure(reason))
