"""From the tree to what is ready to run: every command and test is checked by its specification, and compiled.

All mistakes are collected: what is wrong within one test or command hides only what follows within it.
"""

from collections.abc import Callable, Sequence
from typing import NoReturn, TypeVar

from angarium.sieve.actions import Origin
from angarium.sieve.context import Context, Wrong
from angarium.sieve.events import EVENTS, first_inapplicable
from angarium.sieve.facts import Mistake
from angarium.sieve.lexer import over_several_lines
from angarium.sieve.position import Position
from angarium.sieve.run import Block, Instruction, Run, Traced
from angarium.sieve.sequence import first
from angarium.sieve.signature import Unsupported, match_arguments, shown, similar
from angarium.sieve.specification import Action, CommandSpecification, Test, Tests, TestSpecification
from angarium.sieve.table import COMMANDS, TESTS
from angarium.sieve.tree import CommandNode, StringList, TestNode

_Result = TypeVar("_Result")
_Node = TypeVar("_Node", bound=CommandNode | TestNode)
_Specification = TypeVar("_Specification", CommandSpecification, TestSpecification)

_CONDITIONALS = frozenset({"if", "elsif", "else"})
_SHOWN_LENGTH = 60


class Checker:
    """Checks and compiles the commands of one script."""

    __slots__ = ("_context", "_may_require")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._may_require = True

    def script(self, commands: Sequence[CommandNode]) -> Block:
        """The whole script; what is wrong with it is in the context afterwards."""
        return self._block(commands, is_top=True)

    # Blocks and control

    def _block(self, commands: Sequence[CommandNode], *, is_top: bool = False) -> Block:
        instructions: list[Instruction] = []
        chain: list[CommandNode] = []
        for command in commands:
            if command.name in ("elsif", "else"):
                if not chain or chain[-1].name == "else":
                    self._mistake(command, f'"{command.name}" must follow the block of an "if" or "elsif"')
                else:
                    chain.append(command)
                continue
            if chain:
                instructions.append(self._if(chain))
                chain = []
            if command.name == "require":
                self._guard(command, lambda node: self._require(node, is_top=is_top))
                continue
            self._may_require = False
            if command.name == "if":
                chain = [command]
            else:
                instructions.append(self._command(command))
        if chain:
            instructions.append(self._if(chain))
        return tuple(instructions)

    def _require(self, command: CommandNode, *, is_top: bool) -> None:
        if command.block is not None or command.tests or len(command.arguments) != 1:
            raise Wrong(command.position, '"require" takes one argument: a string or a list of strings')
        (argument,) = command.arguments
        if not isinstance(argument, StringList):
            raise Wrong(argument.position, f'"require" takes a string or a list of strings, not {shown(argument)}')
        for string in argument.strings:
            if string.value not in self._context.available:
                hint = similar(string.value, self._context.available)
                text = f'the capability "{string.value[:_SHOWN_LENGTH]}" is not known here{hint}'
                self._context.mistakes.append(Mistake(string.position, text))
            self._context.requires[string.value] = None
            self._check_company(string.value, string.position)
        if not is_top or not self._may_require:
            raise Wrong(command.position, '"require" must stand at the beginning, before all other commands')

    def _check_company(self, capability: str, position: Position) -> None:
        """RFC 6785 §3.11."""
        requires = self._context.requires
        other = first_inapplicable(requires if capability == EVENTS else (capability,))
        if EVENTS in requires and other is not None:
            text = f'"{other}" is for mail that is delivered, and cannot be required beside "{EVENTS}"'
            self._context.mistakes.append(Mistake(position, text))

    def _if(self, chain: Sequence[CommandNode]) -> Instruction:
        branches: list[tuple[Test, Block]] = []
        otherwise: Block = ()
        for command in chain:
            test = self._guard(command, self._condition)
            block = self._block(command.block or ())
            if test is not None:
                branches.append((test, block))
            else:
                otherwise = block
        return Instruction(_compile_if(tuple(branches), otherwise), self._origin(chain[0]))

    def _condition(self, command: CommandNode) -> Test | None:
        """The test of an `if` or `elsif`; None of an `else`."""
        name = command.name
        if command.arguments:
            wanted, found = '"{"' if name == "else" else "a test", command.arguments[0]
            raise Wrong(found.position, f'{wanted} is expected after "{name}", not {shown(found)}')
        if name == "else" and command.tests:
            raise Wrong(command.tests[0].position, f'"{{" is expected after "else", not "{command.tests[0].name}"')
        if name != "else" and (len(command.tests) != 1 or command.has_list):
            raise Wrong(command.position, f'"{name}" takes one test (several stand in "allof" or "anyof")')
        test = self._test(command.tests[0]) if command.tests else None
        if command.block is None:
            raise Wrong(command.end, f'"{{" is expected, not ";": the commands of "{name}" stand in braces')
        return test

    # Commands and tests

    def _command(self, node: CommandNode) -> Instruction:
        return Instruction(self._guard(node, self._compile_command) or _nothing, self._origin(node))

    def _compile_command(self, node: CommandNode) -> Action:
        specifications = COMMANDS.get(node.name)
        if not specifications:
            if node.name in TESTS:
                raise Wrong(node.position, f'"{node.name}" is a test, which stands behind an "if"')
            return self._unsupported(node, f'there is no command "{node.name}"{similar(node.name, COMMANDS)}')
        specification = self._choose(specifications)
        if node.tests:
            stray = node.tests[0]
            text = f'";" is expected after "{node.name}" and its arguments, not "{stray.name}"'
            raise Wrong(stray.position, text + _forgotten_quote(node))
        if specification.has_block != (node.block is not None):
            wanted, found = ('"{"', '";"') if specification.has_block else ('";"', '"{"')
            raise Wrong(node.end, f'{wanted} is expected after "{node.name}" and its arguments, not {found}')
        try:
            arguments = match_arguments(node, specification, self._context)
        except Unsupported as error:
            return self._unsupported(node, error.text, error)
        if node.block is not None:
            self._context.loops.append(arguments.tag_constant("name") or "")
            arguments.block = self._block(node.block)
            self._context.loops.pop()
        action = specification.compile(arguments)
        return _checked_action(action, node.name, tuple(arguments.needs)) if arguments.needs else action

    def _test(self, node: TestNode) -> Test:
        test = self._guard(node, self._compile_test) or _never
        return _traced(test, self._origin(node), node.name) if self._context.traced else test

    def _compile_test(self, node: TestNode) -> Test:
        specifications = TESTS.get(node.name)
        if not specifications:
            if node.name in COMMANDS or node.name in _CONDITIONALS or node.name == "require":
                raise Wrong(node.position, f'"{node.name}" is a command, and no test')
            return self._unsupported(node, f'there is no test "{node.name}"{similar(node.name, TESTS)}')
        specification = self._choose(specifications)
        _check_tests(node, specification)
        try:
            arguments = match_arguments(node, specification, self._context)
        except Unsupported as error:
            return self._unsupported(node, error.text, error)
        arguments.tests = tuple(map(self._test, node.tests))
        test = specification.compile(arguments)
        return _checked_test(test, node.name, tuple(arguments.needs)) if arguments.needs else test

    def _choose(self, specifications: Sequence[_Specification]) -> _Specification:
        """Of several by the same name, the one whose capability is required; or else the first."""
        for specification in specifications:
            if any(capability in self._context.requires for capability in specification.capabilities):
                return specification
        return specifications[0]

    def _unsupported(
        self, node: CommandNode | TestNode, text: str, error: Unsupported | None = None
    ) -> Callable[[Run], NoReturn]:
        position = error.position if error else node.position
        if not self._context.defers:
            raise Wrong(position, text)
        return _failing(f"{position}: {text}")

    # Bookkeeping

    def _guard(self, node: _Node, compiled: Callable[[_Node], _Result]) -> _Result | None:
        """What `compiled` gives, or None after it has told of a mistake."""
        try:
            return compiled(node)
        except Wrong as wrong:
            self._context.mistakes.append(wrong.mistake)
            return None

    def _mistake(self, node: CommandNode | TestNode, text: str) -> None:
        self._context.mistakes.append(Mistake(node.position, text))

    def _origin(self, node: CommandNode | TestNode) -> Origin:
        return Origin(self._context.name, node.position)


def _check_tests(node: TestNode, specification: TestSpecification) -> None:
    match specification.tests:
        case Tests.NONE if node.tests:
            stray = node.tests[0]
            if stray.name in COMMANDS:
                text = f'"{{" is expected before "{stray.name}": the commands of an "if" stand in braces'
            else:
                text = f'"{stray.name}" cannot follow "{node.name}" and its arguments'
            raise Wrong(stray.position, text)
        case Tests.ONE if len(node.tests) != 1 or node.has_list:
            raise Wrong(node.position, f'"{node.name}" takes one test')
        case Tests.LIST if not node.has_list:
            raise Wrong(node.position, f'"{node.name}" takes a list of tests in parentheses')
        case _:
            pass


def _forgotten_quote(node: CommandNode) -> str:
    """A hint at an argument that may have swallowed its own end, to be put behind a message; or nothing."""
    last = node.arguments[-1] if node.arguments else None
    if isinstance(last, StringList) and "\n" in last.strings[-1].value:
        return over_several_lines(last.strings[-1].position)
    return ""


# What is compiled for the control of a script


def _compile_if(branches: tuple[tuple[Test, Block], ...], otherwise: Block) -> Action:
    if len(branches) == 1:
        ((test, block),) = branches

        def execute_one(run: Run) -> None:
            run.enter(block if test(run) else otherwise)

        return execute_one

    find = first([test for test, _ in branches], result=True)
    blocks = (*(block for _, block in branches), otherwise)
    return lambda run: run.enter(blocks[find(run)])  # the last one where -1 says that no test was true


def _traced(test: Test, origin: Origin, name: str) -> Test:
    def traced(run: Run) -> bool:
        result = test(run)
        if run.trace is not None:
            run.trace.append(Traced(origin, name, result))
        return result

    return traced


def _checked_test(test: Test, name: str, needs: tuple[str, ...]) -> Test:
    def checked(run: Run) -> bool:
        run.require(name, needs)
        return test(run)

    return checked


def _checked_action(action: Action, name: str, needs: tuple[str, ...]) -> Action:
    def checked(run: Run) -> None:
        run.require(name, needs)
        action(run)

    return checked


def _failing(text: str) -> Callable[[Run], NoReturn]:
    def failing(run: Run) -> NoReturn:
        run.fail(text)

    return failing


def _nothing(_run: Run) -> None:
    pass


def _never(_run: Run) -> bool:
    return False
