"""A procmailrc as a Sieve script.

Recipes become conditional blocks in their order. One that delivers ends in `stop`, as procmail goes no further then;
one with the flag `c` takes `:copy`, and goes on. In a block that is a copy of its own (`c` on a block) nothing may
stop, so what follows a delivery there stands in its `else`. What cannot be translated stands in the script as a
comment, and nothing is done in its place.
"""

import enum
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from angarium.sieve import Limits, ScriptInvalid, parse_script
from angarium.sievetranslate.conditions import NotTranslatable, translate_conditions
from angarium.sievetranslate.deliveries import translate_delivery
from angarium.sievetranslate.folders import HOME, Folder, FolderRefused, folder_of
from angarium.sievetranslate.recipes import Assignment, Comment, Node, Nonsense, Recipe, parse_recipes
from angarium.sievetranslate.shellwords import ValueUnknown, Variables, split_words
from angarium.sievetranslate.sievetext import Blank, Command, Conditional, Statement, Test, all_of, quoted, script_text
from angarium.sievetranslate.sievetext import Comment as CommentText
from angarium.sievetranslate.translation import Remark, Surroundings, Translation, Verdict, read_source

_INBOX: Final = "/var/mail/~"
_LIMITS: Final = Limits(script_octets=1 << 24)
_VARIABLE: Final = re.compile(r"\$\{(?!(?:match|[0-9])\})")
_UNREACHED: Final = "procmail never came so far"

_SETTINGS: Final = frozenset({
    "PATH", "SHELL", "SHELLFLAGS", "SHELLMETAS", "LOGFILE", "LOG", "LOGABSTRACT", "VERBOSE", "COMSAT", "UMASK",
    "TIMEOUT", "LOCKFILE", "LOCKEXT", "LOCKSLEEP", "LOCKTIMEOUT", "NORESRETRY", "SUSPEND", "LINEBUF",
    "SENDMAILFLAGS", "DELIVERED", "ORGMAIL", "MSGPREFIX", "DROPPRIVS",
})  # fmt: skip
"""Variables that say how procmail works, and not what becomes of the mail."""
_DIRECTIVES: Final = {
    "INCLUDERC": "the recipes of another file were read here; translate it by itself, and `include` its script",
    "SWITCHRC": "procmail went on with another file here; translate it by itself, and `include` its script",
    "HOST": "procmail stopped here on another machine",
    "TRAP": "Sieve runs no programs when it ends",
}


class _Ending(enum.Enum):
    """Whether commands deliver the message, and so are the last that it meets."""

    NEVER = enum.auto()
    PERHAPS = enum.auto()
    ALWAYS = enum.auto()


@dataclass(frozen=True, slots=True)
class _Block:
    statements: list[Statement]
    ending: _Ending
    open_end: Conditional | None = None
    """Where it ends perhaps: to what an `else` can be added for all messages that it does not deliver."""


@dataclass(slots=True)
class _Branch:
    """A recipe, and those that are tried only where it was carried out."""

    recipe: Recipe
    dependents: list[Recipe] = field(default_factory=list)


def translate_procmail(octets: bytes, surroundings: Surroundings) -> Translation:
    """The script, which always parses. SourceRefused for what is no text."""
    nodes = parse_recipes(read_source(octets))
    translator = _Translator(surroundings)
    statements = translator.file(nodes)
    text = script_text("Translated from procmail.", translator.requires, statements)
    remarks = sorted(translator.remarks, key=lambda remark: remark.line)
    return Translation(text, tuple(dict.fromkeys(remarks)))


class _Translator:
    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self.requires: set[str] = set()
        self.remarks: list[Remark] = []
        user = surroundings.user or HOME
        self._variables = Variables(
            {
                "HOME": HOME,
                "MAILDIR": HOME,
                "DEFAULT": _INBOX,
                "ORGMAIL": _INBOX,
                "SENDMAIL": "sendmail",
                "SENDMAILFLAGS": "-oi",
                "EXITCODE": "",
                "LOGNAME": user,
                "USER": user,
                "CYRUSUSER": user,
            }
        )

    # A whole file

    def file(self, nodes: Sequence[Node]) -> list[Statement]:
        """All of it; each recipe is tried by itself, and left out where no parser would take it."""
        statements: list[Statement] = []
        is_remark = False
        for part in _parts(nodes):
            requires, self.requires = self.requires, set()
            known, remarks = self._variables.copy(), len(self.remarks)
            found = self._nodes(part, copying=False).statements
            mistake = _mistake_of(found, self.requires)
            if mistake:
                self._variables, self.requires = known, set()
                del self.remarks[remarks:]
                found = [self._left_out(each, mistake) for each in part if isinstance(each, Recipe)]
            self.requires |= requires
            # Remarks stand before what they are about.
            if statements and found and not is_remark:
                statements.append(Blank())
            is_remark = isinstance(part[0], Comment) and (bool(found) or is_remark)
            statements += found
        return [*statements, *self._default()]

    def _default(self) -> list[Statement]:
        """Where mail goes that no recipe has delivered."""
        default = self._variables.get("DEFAULT")
        if default == _INBOX:
            return []
        try:
            if default is None:
                raise FolderRefused("it depends on what was not translated")
            place = folder_of(default, self._variables.get("MAILDIR") or HOME, self._surroundings)
        except FolderRefused as refused:
            reason = f"mail that no recipe delivers went into DEFAULT, and stays in INBOX: {refused}"
            self.remarks.append(Remark(1, Verdict.LEFT_OUT, reason))
            return [Blank(), CommentText(f"NOT TRANSLATED: {reason}")]
        if not isinstance(place, Folder):
            return []
        self.requires |= {"fileinto", "mailbox"}
        return [Blank(), CommentText("DEFAULT"), Command(f"fileinto :create {quoted(place.name)}")]

    # Blocks

    def _nodes(self, nodes: Sequence[Node], *, copying: bool) -> _Block:
        """Commands for these, one after the other. NotTranslatable where they are a copy's that would have to stop."""
        statements: list[Statement] = []
        ending = _Ending.NEVER
        parts = list(_parts(nodes))
        for number, part in enumerate(parts):
            block = self._part(part, copying=copying)
            statements += block.statements
            if block.ending is _Ending.NEVER:
                continue
            ending = block.ending if ending is _Ending.NEVER or block.ending is _Ending.ALWAYS else ending
            rest = [node for later in parts[number + 1 :] for node in later]
            if not copying or not rest:
                continue
            if block.ending is _Ending.ALWAYS:
                statements += [self._left_out(each, _UNREACHED) for each in rest if isinstance(each, Recipe)]
                return _Block(statements, ending)
            if block.open_end is None:
                raise NotTranslatable("a copy of the message goes several ways", _line_of(rest))
            otherwise = self._nodes(rest, copying=True)
            block.open_end.branches.append((None, otherwise.statements))
            return _Block(statements, otherwise.ending if otherwise.ending is _Ending.ALWAYS else _Ending.PERHAPS)
        return _Block(statements, ending)

    def _part(self, part: Sequence[Node], *, copying: bool) -> _Block:
        first = part[0]
        match first:
            case Comment(text=text):
                return _Block([CommentText(text)] if text else [], _Ending.NEVER)
            case Assignment():
                return _Block(self._assign(first), _Ending.NEVER)
            case Nonsense():
                return _Block([self._left_out(first, first.reason)], _Ending.NEVER)
            case _:
                comments: list[Statement] = [CommentText(each.text) for each in part if isinstance(each, Comment)]
                block = self._chain([each for each in part if isinstance(each, Recipe)], copying=copying)
                return replace(block, statements=[*comments, *block.statements])

    def _assign(self, node: Assignment) -> list[Statement]:
        if node.name in _DIRECTIVES:
            return [self._left_out(node, _DIRECTIVES[node.name])]
        try:
            words = split_words(node.value or "", self._variables)
        except ValueUnknown as unknown:
            self._variables.assign(node.name, None)
            if node.name in _SETTINGS:
                return []
            return [self._left_out(node, f"the value of {node.name} is not known: {unknown}")]
        self._variables.assign(node.name, " ".join(words))
        return []

    # Recipes

    def _chain(self, recipes: list[Recipe], *, copying: bool) -> _Block:
        """A recipe and those whose flags make them depend on it."""
        statements: list[Statement] = []
        branches: list[_Branch] = []
        for recipe in recipes:
            reason = _add_to_chain(branches, recipe)
            if reason:
                statements.append(self._left_out(recipe, reason))
        conditional = Conditional()
        endings: list[_Ending] = []
        before = self._variables.copy()
        changed: set[str] = set()
        for number, branch in enumerate(branches):
            remarks = len(self.remarks)
            try:
                test, block = self._branch(branch, copying=copying, is_alone=len(branches) == 1)
            except NotTranslatable as refused:
                del self.remarks[remarks:]
                self._variables = before.copy()
                statements += self._refused(branches[number:], refused)
                break
            if test is None and not conditional.branches:
                statements += [*block.statements, *self._unreached(branches[1:])]
                return replace(block, statements=statements)
            conditional.branches.append((test, block.statements))
            endings.append(block.ending)
            changed |= self._variables.names_changed_since(before)
            self._variables = before.copy()
            if test is None:
                statements += self._unreached(branches[number + 1 :])
                break
        self._variables.forget(changed)
        if not any(_does_something(block) for _, block in conditional.branches):
            return _Block(statements, _Ending.NEVER)
        is_open = conditional.branches[-1][0] is not None and set(endings) == {_Ending.ALWAYS}
        return _Block(
            [*statements, conditional],
            _Ending.NEVER if set(endings) == {_Ending.NEVER} else _Ending.PERHAPS,
            conditional if is_open else None,
        )

    def _branch(self, branch: _Branch, *, copying: bool, is_alone: bool) -> tuple[Test | None, _Block]:
        """The test of a recipe, and what is to be done where it is true. NotTranslatable."""
        recipe = branch.recipe
        conditions = translate_conditions(recipe.conditions, recipe.flags, self._variables)
        if conditions.capture is not None:
            self._variables.assign("MATCH", "${match}")
        try:
            tests, block = self._action(recipe, copying=copying)
        except NotTranslatable as refused:
            if is_alone and not branch.dependents:
                raise
            # Those that depend on it need to know its conditions alone.
            tests, block = [], _Block([self._left_out(recipe, str(refused), refused.line)], _Ending.NEVER)
        block = self._with_dependents(block, branch.dependents, copying=copying)
        statements: list[Statement] = [CommentText(f"line {recipe.line}")]
        for line, remark in conditions.remarks:
            statements.append(self._different(line, remark))
        if conditions.capture is not None:
            statements.append(Command(f'set "match" "${{{conditions.capture}}}"'))
        self.requires |= conditions.requires
        return all_of([*conditions.tests, *tests]), _Block([*statements, *block.statements], block.ending)

    def _action(self, recipe: Recipe, *, copying: bool) -> tuple[list[Test], _Block]:
        """What decides besides the conditions, and what is done. NotTranslatable."""
        is_copy = "c" in recipe.flags
        if not isinstance(recipe.action, str):
            return [], self._block_of(recipe, recipe.action, copying=copying or is_copy)
        delivery = translate_delivery(
            recipe.action, recipe.flags, self._variables, self._surroundings, copies=copying or is_copy
        )
        self.requires |= delivery.requires
        statements = [self._different(recipe.action_line, remark) for remark in delivery.remarks]
        if delivery.missing:
            self.remarks.append(Remark(recipe.action_line, Verdict.LEFT_OUT, delivery.missing))
        statements += delivery.statements
        ends = delivery.delivers and not is_copy
        if ends and not copying:
            statements.append(Command("stop"))
        return delivery.tests, _Block(statements, _Ending.ALWAYS if ends else _Ending.NEVER)

    def _block_of(self, recipe: Recipe, nodes: Sequence[Node], *, copying: bool) -> _Block:
        before = self._variables.copy()
        block = self._nodes(nodes, copying=copying)
        if "c" not in recipe.flags:
            return block
        self._variables = before
        statements = list(block.statements)
        if block.ending is not _Ending.ALWAYS:
            remark = "the copy went on behind this block where it was not delivered in it; here it ends with the block"
            statements.insert(0, self._different(recipe.line, remark))
        return _Block(statements, _Ending.NEVER)

    def _with_dependents(self, block: _Block, dependents: Sequence[Recipe], *, copying: bool) -> _Block:
        if not dependents:
            return block
        if block.ending is _Ending.ALWAYS:
            comments = [self._left_out(each, _UNREACHED) for each in dependents]
            return _Block([*comments, *block.statements], block.ending)
        if block.ending is _Ending.PERHAPS and copying:
            raise NotTranslatable("a copy of the message goes several ways", dependents[0].line)
        nodes = [replace(each, flags=each.flags.replace("A", "").replace("a", "")) for each in dependents]
        more = self._nodes(nodes, copying=copying)
        ending = more.ending if block.ending is _Ending.NEVER or more.ending is _Ending.ALWAYS else block.ending
        return _Block([*block.statements, *more.statements], ending)

    # What is not translated

    def _refused(self, branches: list[_Branch], refused: NotTranslatable) -> list[Statement]:
        """A recipe that is left out takes those along that depend on it."""
        first, *others = branches
        recipe = first.recipe
        reason = f"it depends on the recipe of line {recipe.line}, which is not translated"
        dependents = [*first.dependents, *(each for other in others for each in (other.recipe, *other.dependents))]
        found: list[Statement] = [self._left_out(recipe, str(refused), refused.line)]
        return [*found, *[self._left_out(each, reason) for each in dependents]]

    def _unreached(self, branches: Sequence[_Branch]) -> list[Statement]:
        recipes = [each for branch in branches for each in (branch.recipe, *branch.dependents)]
        return [self._left_out(each, _UNREACHED) for each in recipes]

    def _left_out(self, node: Assignment | Nonsense | Recipe, reason: str, line: int | None = None) -> Statement:
        line = node.line if line is None else line
        self.remarks.append(Remark(line, Verdict.LEFT_OUT, reason))
        source = [f"    {each.strip()}" for each in _source_of(node)]
        return CommentText("\n".join([f"NOT TRANSLATED, line {line}: {reason}", *source]))

    def _different(self, line: int, remark: str) -> Statement:
        self.remarks.append(Remark(line, Verdict.DIFFERENT, remark))
        return CommentText(f"NOT QUITE THE SAME: {remark}")


def _add_to_chain(branches: list[_Branch], recipe: Recipe) -> str:
    """Puts a recipe where its flags have it; gives the reason where it has no place."""
    flags = set(recipe.flags)
    if "E" in flags and branches and not branches[-1].dependents:
        branches.append(_Branch(recipe))
    elif flags & {"A", "a"} and branches:
        branches[-1].dependents.append(recipe)
    elif "e" in flags:
        return "it is for when a delivery has failed, and here none fails by itself"
    elif flags & {"A", "a", "E"}:
        return "it depends on a recipe before it, and none stands there that it could"
    else:
        branches.append(_Branch(recipe))
    return ""


def _parts(nodes: Sequence[Node]) -> Iterator[list[Node]]:
    """Each node, a recipe together with those behind it whose flags make them depend on it."""
    part: list[Node] = []
    comments: list[Node] = []
    for node in nodes:
        if part and isinstance(node, Comment):
            comments.append(node)
        elif part and isinstance(node, Recipe) and set(node.flags) & set("AaEe"):
            part += [*comments, node]
            comments = []
        else:
            if part:
                yield part
            yield from ([each] for each in comments)
            comments = []
            part = [node] if isinstance(node, Recipe) else []
            if not part:
                yield [node]
    if part:
        yield part
    yield from ([each] for each in comments)


def _does_something(block: Sequence[Statement]) -> bool:
    """Whether there is more in a block than the line that it comes from."""
    return len(block) > 1


def _mistake_of(statements: Sequence[Statement], requires: set[str]) -> str:
    """Why these commands cannot stand in a script; empty where they can."""
    text = script_text("", requires, statements)
    try:
        parse_script(text.encode(errors="replace"), limits=_LIMITS)
    except ScriptInvalid as invalid:
        return invalid.mistakes[0].text
    if any(_VARIABLE.search(line) for line in text.splitlines() if not line.lstrip().startswith("#")):
        return 'it holds "${", which names a variable in Sieve'
    return ""


def _line_of(nodes: Sequence[Node]) -> int:
    return nodes[0].line


def _source_of(node: Assignment | Nonsense | Recipe) -> Sequence[str]:
    match node:
        case Recipe():
            return node.source
        case Nonsense():
            return (node.text,)
        case Assignment():
            return (node.name if node.value is None else f"{node.name}={node.value}",)
