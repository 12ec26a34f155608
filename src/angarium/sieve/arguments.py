"""The arguments of one test or command, checked by its specification, as what compiles it sees them."""

from collections.abc import Callable
from typing import TypeVar

from angarium.sieve.context import Context, Wrong
from angarium.sieve.encodedcharacter import EncodedCharacterInvalid, decode_characters
from angarium.sieve.facts import Mistake
from angarium.sieve.limits import Limits
from angarium.sieve.position import Position
from angarium.sieve.run import Block, Run
from angarium.sieve.script import MailboxReference, ScriptReference
from angarium.sieve.specification import Test
from angarium.sieve.text import TemplateInvalid, Text, Texts, parse_template
from angarium.sieve.tree import Argument, Number, String, StringList

_Value = TypeVar("_Value")


class Arguments:
    """Values by the names that the specification gives them."""

    __slots__ = ("_context", "_parameters", "_tags", "_tags_at", "block", "name", "needs", "position", "tests")

    def __init__(
        self,
        name: str,
        position: Position,
        *,
        context: Context,
        parameters: dict[str, Argument],
        tags: dict[str, Argument | None],
        tags_at: dict[str, Position],
        tests: tuple[Test, ...] = (),
        block: Block = (),
    ) -> None:
        self.name = name
        self.position = position
        self.tests = tests
        self.block = block
        self.needs: list[str] = []
        """Capabilities that `ihave` must have found when this is executed (RFC 5463 §4)."""
        self._context = context
        self._parameters = parameters
        self._tags = tags
        self._tags_at = tags_at

    # What was given

    def has(self, tag: str) -> bool:
        """Whether a tag was given."""
        return tag in self._tags

    def given(self, *tags: str) -> str | None:
        """Which of these tags was given first; None for none."""
        return next((tag for tag in self._tags if tag in tags), None)

    def has_parameter(self, name: str) -> bool:
        """Whether an optional positional argument was given."""
        return name in self._parameters

    def position_of(self, name: str) -> Position:
        """Where a tag or a positional argument stands, or the test or command where it was not given."""
        if name in self._parameters:
            return self._parameters[name].position
        return self._tags_at.get(name, self.position)

    # Positional arguments

    def text(self, name: str) -> Text:
        """A string."""
        return self._text(_single(self._parameters[name]))

    def texts(self, name: str) -> Texts:
        """A list of strings, perhaps of one."""
        return self._texts(self._parameters[name])

    def number(self, name: str) -> int:
        """A number."""
        return _number(self._parameters[name])

    def constant(self, name: str) -> str:
        """A string that holds no variable; raises Wrong where it does."""
        return self._constant(self.text(name))

    def constants(self, name: str) -> tuple[str, ...]:
        """The same of a list."""
        return tuple(self._constant(text) for text in self.texts(name).texts)

    # Values of tags

    def tag_text(self, tag: str) -> Text | None:
        """The string after a tag; None where it was not given."""
        argument = self._tags.get(tag)
        return None if argument is None else self._text(_single(argument))

    def tag_texts(self, tag: str) -> Texts | None:
        """The list of strings after a tag; None where it was not given."""
        argument = self._tags.get(tag)
        return None if argument is None else self._texts(argument)

    def tag_number(self, tag: str) -> int | None:
        """The number after a tag; None where it was not given."""
        argument = self._tags.get(tag)
        return None if argument is None else _number(argument)

    def tag_constant(self, tag: str) -> str | None:
        """The string after a tag, which holds no variable; None where it was not given."""
        text = self.tag_text(tag)
        return None if text is None else self._constant(text)

    # Strings that must have a form

    def parsed(
        self, text: Text, parse: Callable[[str], _Value | None], wrong: Callable[[str], str]
    ) -> Callable[[Run], _Value]:
        """What `parse` makes of a string. Of one that it makes None of, `wrong` says why it cannot be: at once of a
        constant, which raises Wrong, and otherwise in a run, which fails."""
        if text.constant is not None:
            constant = parse(text.constant)
            if constant is None:
                raise self.wrong(wrong(text.constant), text.position)
            return lambda _run: constant

        def value(run: Run) -> _Value:
            written = text.value(run)
            found = parse(written)
            return run.fail(wrong(written)) if found is None else found

        return value

    def tag_parsed(
        self, tag: str, parse: Callable[[str], _Value | None], wrong: Callable[[str], str]
    ) -> Callable[[Run], _Value | None]:
        """The same of the string after a tag; None where it was not given."""
        text = self.tag_text(tag)
        return (lambda _run: None) if text is None else self.parsed(text, parse, wrong)

    # The script around

    @property
    def limits(self) -> Limits:
        """Those the script is checked by."""
        return self._context.limits

    def requires(self, capability: str) -> bool:
        """Whether the script requires it at its beginning."""
        return capability in self._context.requires

    def loops(self) -> tuple[str, ...]:
        """Names of the loops around, innermost last; empty for one without a name."""
        return tuple(self._context.loops)

    def is_available(self, capability: str) -> bool:
        """Whether a script may require it here."""
        return capability in self._context.available

    def need(self, what: str, position: Position, *capabilities: str) -> None:
        """Raises Wrong where none of these capabilities is required; `what` is what needs it."""
        if any(capability in self._context.requires for capability in capabilities):
            return
        if self._context.defers:
            self.needs.append(capabilities[0])
            return
        raise Wrong(position, missing_require(what, capabilities[0]))

    def needs_body(self) -> None:
        """Tells of the script that it may look below the header."""
        self._context.needs_body = True

    def files_into(self, mailbox: Text, *, creates: bool) -> None:
        """Tells of the script that it files into this mailbox."""
        if mailbox.constant is not None:
            self._context.mailboxes.append(MailboxReference(mailbox.position, mailbox.constant, creates))

    def includes(self, position: Position, name: str, *, is_global: bool) -> None:
        """Tells of the script that it includes this one."""
        self._context.includes.append(ScriptReference(position, name, is_global))

    def hint(self, text: str, position: Position | None = None) -> None:
        """Tells of what is no mistake, and yet hardly meant."""
        self._context.hints.append(Mistake(position or self.position, text))

    def wrong(self, text: str, position: Position | None = None) -> Wrong:
        """To be raised."""
        return Wrong(position or self.position, text)

    # Strings

    def _text(self, string: String) -> Text:
        value = string.value
        context = self._context
        if "${" in value and "encoded-character" in context.requires:
            try:
                value = decode_characters(value)
            except EncodedCharacterInvalid as error:
                raise Wrong(string.position, str(error)) from error
        if len(value) > context.limits.string_octets:
            raise Wrong(string.position, f"a string can have {context.limits.string_octets} octets at most")
        if "${" not in value or "variables" not in context.requires:
            return Text(string.position, value)
        try:
            template = parse_template(value, self._is_global)
        except TemplateInvalid as error:
            raise Wrong(string.position, str(error)) from error
        if all(isinstance(part, str) for part in template):
            return Text(string.position, value)
        return Text(string.position, None, template)

    def _texts(self, argument: Argument) -> Texts:
        assert isinstance(argument, StringList)
        return Texts.of(argument.position, tuple(map(self._text, argument.strings)))

    def _constant(self, text: Text) -> str:
        if text.constant is None:
            raise Wrong(text.position, f'variables have no meaning here, in an argument of "{self.name}"')
        return text.constant

    def _is_global(self, namespace: tuple[str, ...]) -> bool:
        if namespace != ("global",):
            raise TemplateInvalid(f'there is no namespace "{".".join(namespace)}" of variables')
        if "include" not in self._context.requires:
            raise TemplateInvalid(missing_require("the namespace of global variables", "include"))
        return True


def missing_require(what: str, capability: str) -> str:
    """The sentence that tells of a capability that was not required."""
    return f"{what} needs 'require \"{capability}\";' at the beginning of the script"


def _single(argument: Argument) -> String:
    assert isinstance(argument, StringList)
    return argument.strings[0]


def _number(argument: Argument) -> int:
    assert isinstance(argument, Number)
    return argument.value
