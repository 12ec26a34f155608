"""What one run of a script knows and has decided so far; what tests and commands read and change."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from angarium.sieve.actions import Action, Edition, Failure, LogLine, Origin, Tracked
from angarium.sieve.decisions import ActionRefused, Decisions
from angarium.sieve.events import first_inapplicable, inapplicable_action
from angarium.sieve.facts import Envelope, Environment, Question
from angarium.sieve.limits import Limits
from angarium.sieve.position import Position
from angarium.sieve.text import Variable

if TYPE_CHECKING:
    from angarium.sieve.message import Message
    from angarium.sieve.script import Script


STEPS_OF_TURN = 1000
"""About a millisecond of work."""
_STEPS_OF_LONG_WORK = 2000
"""More in one piece are announced (LongWork)."""


class Interrupted(Exception):
    """A test or command is left, and taken up again."""


class Unknown(Interrupted):
    """It cannot go on before a question is answered."""

    def __init__(self, question: Question) -> None:
        self.question = question


class Tired(Interrupted):
    """It has worked for so long that others may have a turn."""


class Long(Interrupted):
    """It goes on with work that holds up whoever waits for it, and says so before."""


class RunFailed(Exception):
    """The script is wrong about what it does now (RFC 5228 §2.10.6)."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """A compiled command."""

    execute: "Callable[[Run], None]"
    origin: Origin


Block = tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Traced:
    """A test that was evaluated, for whoever wants to know what decided."""

    origin: Origin
    name: str
    result: bool


class Scope:
    """The variables that one script sees, and what its last successful match has captured (RFC 5229 §3)."""

    __slots__ = ("captures", "enabled", "global_names", "globals", "variables")

    def __init__(self, global_variables: dict[str, str]) -> None:
        self.variables: dict[str, str] = {}
        self.globals = global_variables
        self.global_names: set[str] = set()
        """What `global` has named in this script (RFC 6609 §3.4.1)."""
        self.captures: Sequence[str] = ()
        """`${0}`, `${1}` and so on."""
        self.enabled: frozenset[str] = frozenset()
        """Capabilities that `ihave` has found in this script."""

    def value(self, variable: Variable) -> str:
        """The empty string where nothing was set (RFC 5229 §3)."""
        if variable.number is not None:
            return _clean(self.captures[variable.number]) if variable.number < len(self.captures) else ""
        return self.variables_with(variable).get(variable.name, "")

    def variables_with(self, variable: Variable) -> dict[str, str]:
        """Those that a variable of this name belongs to."""
        return self.globals if variable.is_global or variable.name in self.global_names else self.variables


ScriptKey = tuple[str, bool]
"""A script by its name, and whether that is one of the global scripts (RFC 6609 §3.2)."""


class Frame:
    """Commands that are being executed, one after the other."""

    __slots__ = ("again", "around", "block", "index", "scope", "script")

    def __init__(
        self,
        block: Block,
        scope: Scope,
        *,
        again: "Callable[[], bool] | None" = None,
        script: ScriptKey | None = None,
    ) -> None:
        self.block = block
        self.scope = scope
        self.index = 0
        self.again = again
        """Asked at the end of the block: whether it is to be executed once more; for loops."""
        self.script = script
        """Which one, where the block is a whole script."""
        self.around: Callable[[], None] | None = None
        """Called when the block is left, to have all as it was around it."""


class Run:
    """One script over one message."""

    __slots__ = (
        "_answers",
        "_tracked",
        "current",
        "decisions",
        "envelope",
        "environment",
        "flags",
        "frames",
        "globals",
        "included",
        "includes",
        "is_long_work_expected",
        "limits",
        "log",
        "message",
        "pause_at",
        "progress",
        "scope",
        "steps",
        "store",
        "trace",
    )  # fmt: skip

    def __init__(
        self,
        script: "Script",
        message: "Message",
        envelope: Envelope | None,
        environment: Environment,
        *,
        limits: Limits,
        trace: list[Traced] | None,
    ) -> None:
        self.message = message
        self.envelope = envelope
        """None: the message is not being delivered, but lies in a mailbox where something has happened (RFC 6785)."""
        self.environment = environment
        self.limits = limits
        self.trace = trace
        self.steps = 0
        self.pause_at = STEPS_OF_TURN
        self.is_long_work_expected = False
        """Until the next pause."""
        self.progress: dict[object, int] = {}
        """How far lists of tests had come when they were interrupted."""
        self.decisions = Decisions(limits)
        self._tracked: dict[str, Tracked] = {}
        self.log: list[LogLine] = []
        self.flags = environment.initial_flags
        """The internal variable of imap4flags (RFC 5232 §2)."""
        self.globals: dict[str, str] = {}
        top = (script.name, False)
        self.included: set[ScriptKey] = {top}
        """Scripts that were begun at any time, the one that is run among them."""
        self.includes = 0
        """How often that happened by `include`."""
        self.store: dict[str, object] = {}
        """What an extension keeps during a run, by its capability."""
        self._answers: dict[Question, object] = {}
        self.scope = Scope(self.globals)
        self.frames = [Frame(script.block, self.scope, script=top)]
        self.current = Instruction(lambda _run: None, Origin(script.name, Position(1, 1)))
        """The command that is being executed."""

    # For tests and commands

    @property
    def origin(self) -> Origin:
        """Of the command that is being executed."""
        return self.current.origin

    def ask(self, question: Question) -> object:
        """The answer; where there is none yet, the command is left here and executed anew when there is."""
        self.spend(1)  # each time, so that what asks for many things is not executed anew too often
        try:
            return self._answers[question]
        except KeyError:
            raise Unknown(question) from None

    def spend(self, steps: int) -> None:
        """Pays for work: one step is about a microsecond."""
        self.steps += steps
        if self.steps > self.limits.steps:
            raise RunFailed(f"the script has not ended after {self.limits.steps} steps")

    def spend_at_once(self, steps: int) -> None:
        """Pays for work that cannot be left half-way, before it is done."""
        if steps > _STEPS_OF_LONG_WORK and not self.is_long_work_expected:
            raise Long
        self.spend(steps)

    def fail(self, reason: str) -> NoReturn:
        """Ends the run; the message is kept."""
        raise RunFailed(reason)

    def admit(self, script: "Script") -> None:
        """Fails where a script is to be executed that requires what is of no use here (RFC 6785 §3.11)."""
        name = first_inapplicable(script.requires) if self.envelope is None else None
        if name is not None:
            self._fail_in_event(name)

    def _fail_in_event(self, name: str) -> NoReturn:
        raise RunFailed(f'"{name}" is for mail that is delivered, and not for events in IMAP')

    def require(self, name: str, capabilities: Sequence[str]) -> None:
        """Fails where `ihave` has not found one of these capabilities (RFC 5463 §4)."""
        for capability in capabilities:
            if capability not in self.scope.enabled:
                raise RunFailed(f'"{name}" needs "{capability}", which is not required, nor found by "ihave"')

    def joined(self, parts: Iterable[str]) -> str:
        """A string of its parts; fails at the one that makes it too long, since what a match has captured may be long
        too, and be named often."""
        taken: list[str] = []
        size = 0
        for part in parts:
            taken.append(part)
            size += len(part)
            if size > self.limits.string_octets:
                raise RunFailed(f"a string with variables is longer than {self.limits.string_octets} octets")
        self.spend(size >> 10)
        return "".join(taken)

    def perform(self, action: Action) -> None:
        """Takes an action on; fails where it cannot be taken beside the others, or at all."""
        name = inapplicable_action(action) if self.envelope is None else None
        if name is not None:
            self._fail_in_event(name)
        try:
            self.decisions.add(action)
        except ActionRefused as error:
            raise RunFailed(str(error)) from error

    def track(self, tracked: Tracked) -> None:
        """Has a message known again, if the run succeeds; of one key the last wins (RFC 7352 §3.3)."""
        if tracked.key not in self._tracked and len(self._tracked) >= self.limits.actions:
            raise RunFailed(f"more than {self.limits.actions} messages are to be known again")
        self._tracked[tracked.key] = tracked

    @property
    def tracked(self) -> tuple[Tracked, ...]:
        """All that are to be known again."""
        return tuple(self._tracked.values())

    def edition(self) -> Edition | None:
        """The message as it has been edited by now; None: as it came."""
        return self.message.edition()

    def set_variable(self, variable: Variable, value: str) -> None:
        """Sets it, cut to its limit; fails where there are too many."""
        variables = self.scope.variables_with(variable)
        if variable.name not in variables and len(variables) >= self.limits.variables:
            raise RunFailed(f"more than {self.limits.variables} variables")
        variables[variable.name] = truncated(value, self.limits.variable_octets)

    def enter(self, block: Block, again: Callable[[], bool] | None = None) -> None:
        """Executes a block next, and while `again` says so at its end."""
        if block:
            self.frames.append(Frame(block, self.scope, again=again))

    # For the interpreter, and commands that end blocks

    def leave(self) -> None:
        """Ends the innermost block."""
        around = self.frames.pop().around
        if around is not None:
            around()
        if self.frames:
            self.scope = self.frames[-1].scope

    def answer(self, question: Question, answer: object) -> None:
        """Keeps what was answered; a question is put once in a run."""
        self._answers[question] = answer

    def failure(self, reason: str) -> Failure:
        """That of the command that is being executed."""
        return Failure(reason, self.current.origin)


def truncated(value: str, octets: int) -> str:
    """As much of a text as fits, in whole characters."""
    if len(value) * 4 <= octets:
        return value
    encoded = value.encode(errors="replace")
    return value if len(encoded) <= octets else encoded[:octets].decode(errors="ignore")


def _clean(capture: str) -> str:
    """A `?` may have captured a single octet of a character, which is no text."""
    return capture if capture.isascii() else capture.encode(errors="surrogateescape").decode(errors="replace")
