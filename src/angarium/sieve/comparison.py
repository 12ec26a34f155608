"""The comparing of values with keys, as tests have it: match type, comparator and keys from their arguments.

RFC 5228 §2.7, RFC 5231 (relational), RFC 6134 §2.2 (`:list`), draft-murchison-sieve-regex.
"""

from collections.abc import Callable, Sequence

from angarium.collation import ASCII_CASEMAP, Collation, find_collation
from angarium.sieve.arguments import Arguments
from angarium.sieve.extlists import require_list
from angarium.sieve.facts import ListHolds
from angarium.sieve.longcomparison import Way, find_in_turns
from angarium.sieve.matching import Match, MatchInvalid, MatchType, Relation
from angarium.sieve.run import STEPS_OF_TURN, Run
from angarium.sieve.specification import Kind, Tag
from angarium.sieve.text import Texts

MATCH_TAGS = (
    Tag("is", group="match type"),
    Tag("contains", group="match type"),
    Tag("matches", group="match type"),
    Tag("regex", ("regex",), group="match type"),
    Tag("count", ("relational",), Kind.STRING, group="match type"),
    Tag("value", ("relational",), Kind.STRING, group="match type"),
    Tag("list", ("extlists",), group="match type"),
)
COMPARATOR_TAG = Tag("comparator", kind=Kind.STRING)
COMPARISON_TAGS = (COMPARATOR_TAG, *MATCH_TAGS)
"""Of every test that compares strings."""

Comparison = Callable[[Run, Sequence[str]], bool]
"""Whether one of these values matches; sets the match variables where it does."""

_BASE_COMPARATORS = frozenset({"i;octet", "i;ascii-casemap"})
_RELATIONS = {relation.value: relation for relation in Relation}


def comparison(
    arguments: Arguments,
    keys: Texts,
    *,
    collation: Collation = ASCII_CASEMAP,
    counts_empty: bool = True,
    in_turns: bool = False,
) -> Comparison:
    """What a test does with its values. `collation` is the one where no comparator is given; without `counts_empty`
    `:count` passes over empty values. A test that compares only once can have that done `in_turns`, so that long values
    and many keys take nobody's time. Raises Wrong."""
    name = arguments.given(*(tag.name for tag in MATCH_TAGS)) or "is"
    if name == "list":
        if arguments.has("comparator"):  # RFC 6134 §2.2
            text = '":comparator" cannot be given together with ":list"'
            raise arguments.wrong(text, arguments.position_of("comparator"))
        return _list_comparison(keys)
    chosen = _collation(arguments, collation)
    way = Way(MatchType(name), chosen, _relation(arguments, name))
    counts = way.match_type is MatchType.COUNT
    if keys.constants is not None:
        compare = _constant(arguments, way, keys.constants, in_turns=in_turns and not counts)
    else:
        compare = _variable(way, keys, in_turns=in_turns and not counts)
    return _counting_texts(compare) if counts and not counts_empty else compare


def _collation(arguments: Arguments, default: Collation) -> Collation:
    name = arguments.tag_constant("comparator")
    if name is None:
        return default
    position = arguments.position_of("comparator")
    collation = find_collation(name)
    if collation is None or name != collation.name:
        raise arguments.wrong(f'the comparator "{name[:60]}" is not known here', position)
    if name not in _BASE_COMPARATORS:
        arguments.need(f'the comparator "{name}"', position, f"comparator-{name}")
    return collation


def _relation(arguments: Arguments, tag: str) -> Relation | None:
    if tag not in ("count", "value"):
        return None
    name = arguments.tag_constant(tag) or ""
    relation = _RELATIONS.get(name.lower())
    if relation is None:
        known = ", ".join(f'"{known}"' for known in _RELATIONS)
        raise arguments.wrong(f'":{tag}" takes one of {known}, not "{name[:60]}"', arguments.position_of(tag))
    return relation


def _constant(arguments: Arguments, way: Way, keys: tuple[str, ...], *, in_turns: bool) -> Comparison:
    try:
        match = way.matcher(keys)
        cost = way.weight(keys)
    except MatchInvalid as error:
        raise arguments.wrong(str(error), arguments.position_of(way.match_type.value)) from error
    place = object()
    counts = way.match_type is MatchType.COUNT

    def compare(run: Run, values: Sequence[str]) -> bool:
        if not values and not counts:
            run.spend(1)
            return False
        steps = way.steps_of(values, cost)
        if in_turns and steps > STEPS_OF_TURN:
            return _take(run, find_in_turns(run, place, way, keys, values))
        run.spend_at_once(steps)
        return _take(run, match(values))

    return compare


def _variable(way: Way, keys: Texts, *, in_turns: bool) -> Comparison:
    """Keys that are known when the test is run, and may be wrong only then."""
    place = object()

    def compare(run: Run, values: Sequence[str]) -> bool:
        texts = keys.values(run)
        try:
            preparation = way.preparation(texts)
            match = way.matcher(texts)
            steps = way.steps_of(values, way.weight(texts))
        except MatchInvalid as error:
            run.fail(str(error))
        if in_turns and steps > STEPS_OF_TURN:
            run.spend(preparation)
            return _take(run, find_in_turns(run, place, way, texts, values))
        run.spend_at_once(steps)
        run.spend(preparation)
        return _take(run, match(values))

    return compare


def _take(run: Run, found: Match | None) -> bool:
    """Sets the match variables where something was found that sets some (RFC 5229 §3.2)."""
    if found is None:
        return False
    if found.captures:
        run.scope.captures = found.captures
    return True


def _counting_texts(compare: Comparison) -> Comparison:
    return lambda run, values: compare(run, [value for value in values if value])


def _list_comparison(keys: Texts) -> Comparison:
    """RFC 6134 §2.2: the keys are names of lists, and `${0}` is the member that was found."""

    def compare(run: Run, values: Sequence[str]) -> bool:
        for name in keys.values(run):
            run.spend(1 + len(values))
            whole = require_list(run, name)
            member = run.ask(ListHolds(whole, tuple(values))) if values else None
            if isinstance(member, str):
                run.scope.captures = (member,)
                return True
        return False

    return compare
