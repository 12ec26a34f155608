"""Arguments as they are given, against those that a specification names (RFC 5228 §2.6)."""

import difflib
from collections.abc import Iterable

from angarium.sieve.arguments import Arguments
from angarium.sieve.context import Context, Wrong
from angarium.sieve.position import Position
from angarium.sieve.specification import Kind, Parameter, Specification, Tag
from angarium.sieve.tree import Argument, CommandNode, Number, StringList, TagName, TestNode

_SHOWN_LENGTH = 60


class Unsupported(Exception):
    """A name that means nothing here; a mistake, or where `ihave` is in use the failure of a run (RFC 5463 §4)."""

    def __init__(self, position: Position, text: str) -> None:
        self.position = position
        self.text = text


def match_arguments(node: CommandNode | TestNode, specification: Specification, context: Context) -> Arguments:
    """The arguments by name; raises Wrong or Unsupported at the first that does not fit."""
    matcher = _Matcher(node, specification, context)
    matcher.match()
    return matcher.arguments


class _Matcher:
    def __init__(self, node: CommandNode | TestNode, specification: Specification, context: Context) -> None:
        self._node = node
        self._specification = specification
        self._tags: dict[str, Argument | None] = {}
        self._tags_at: dict[str, Position] = {}
        self._groups: dict[str, str] = {}
        self._parameters: dict[str, Argument] = {}
        self.arguments = Arguments(
            node.name,
            node.position,
            context=context,
            parameters=self._parameters,
            tags=self._tags,
            tags_at=self._tags_at,
        )

    def match(self) -> None:
        if self._specification.capabilities:
            self.arguments.need(f'"{self._node.name}"', self._node.position, *self._specification.capabilities)
        positional: list[Argument] = []
        rest = iter(self._node.arguments)
        for argument in rest:
            if not isinstance(argument, TagName):
                positional.append(argument)
            elif positional:
                raise Wrong(argument.position, f'":{argument.name}" must stand before the arguments without a tag')
            else:
                self._take_tag(argument, rest)
        self._take_positional(positional)

    def _take_tag(self, given: TagName, rest: Iterable[Argument]) -> None:
        name = given.name
        tag = next((tag for tag in self._specification.tags if tag.name == name), None)
        if tag is None:
            hint = similar(name, (tag.name for tag in self._specification.tags), ":")
            raise Unsupported(given.position, f'"{self._node.name}" knows no ":{name[:_SHOWN_LENGTH]}"{hint}')
        if tag.capabilities:
            self.arguments.need(f'":{name}"', given.position, *tag.capabilities)
        if name in self._tags:
            raise Wrong(given.position, f'":{name}" is given twice')
        self._check_group(tag, given)
        value = None
        if tag.kind is not None:
            value = next(iter(rest), None)
            if value is None:
                raise Wrong(given.position, f'":{name}" needs {tag.kind.value} behind it')
            self._check_kind(value, tag.kind, f'":{name}"')
        self._tags[name] = value
        self._tags_at[name] = given.position

    def _check_group(self, tag: Tag, given: TagName) -> None:
        other = self._groups.setdefault(tag.group, tag.name) if tag.group else tag.name
        if other != tag.name:
            raise Wrong(given.position, f'":{tag.name}" cannot be given together with ":{other}"')

    def _take_positional(self, given: list[Argument]) -> None:
        parameters = list(self._specification.parameters)
        for parameter in self._specification.parameters:
            if len(given) < len(parameters) and parameter.optional:
                parameters.remove(parameter)
        if len(given) > len(parameters):
            surplus = given[len(parameters)]
            raise Wrong(surplus.position, f'"{self._node.name}" takes {_listed(parameters)}, and nothing behind')
        for parameter, argument in zip(parameters, given, strict=False):
            self._check_kind(argument, parameter.kind, f'"{self._node.name}" for its {parameter.name}')
            if parameter.capability is not None:
                self.arguments.need(f"the {parameter.name}", argument.position, parameter.capability)
            self._parameters[parameter.name] = argument
        if len(given) < len(parameters):
            missing = parameters[len(given)]
            raise Wrong(self._node.position, f'"{self._node.name}" needs {missing.kind.value} for its {missing.name}')

    def _check_kind(self, argument: Argument, kind: Kind, what: str) -> None:
        match kind:
            case Kind.NUMBER:
                fits = isinstance(argument, Number)
            case Kind.STRING:
                fits = isinstance(argument, StringList) and not argument.is_bracketed
            case Kind.STRINGS:
                fits = isinstance(argument, StringList)
        if not fits:
            raise Wrong(argument.position, f"{what} takes {kind.value}, not {shown(argument)}")


def shown(argument: Argument) -> str:
    """What an argument is, for messages."""
    match argument:
        case TagName(_, name):
            return f'":{name[:_SHOWN_LENGTH]}"'
        case Number():
            return "a number"
        case StringList(_, _, is_bracketed):
            return "a list of strings" if is_bracketed else "a string"


def similar(name: str, known: Iterable[str], prefix: str = "") -> str:
    """A question for the name that was perhaps meant, to be put behind a message; or nothing."""
    close = difflib.get_close_matches(name[:_SHOWN_LENGTH], sorted(known), 1, 0.75)
    return f' (is "{prefix}{close[0]}" meant?)' if close else ""


def _listed(parameters: list[Parameter]) -> str:
    if not parameters:
        return "no argument"
    return " and ".join(f"{parameter.kind.value} for its {parameter.name}" for parameter in parameters)
