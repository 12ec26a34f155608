"""Comparisons that take long, done a piece at a time: of one value with some of the keys."""

from collections.abc import Sequence
from dataclasses import dataclass

from angarium.collation import UNICODE_CASEMAP, Collation
from angarium.sieve.matching import Match, Matcher, MatchType, Relation, matcher, weight
from angarium.sieve.run import STEPS_OF_TURN, Long, Run, Tired

_CHARACTERS_OF_STEP = 1024
_STEPS_OF_FORM = 100
"""To decompose 1,024 letters."""
_STEPS_OF_WEIGHT = 5
"""To compile a regular expression, by what it costs to search with it."""
_CHARACTERS_OF_VALUE = 64
"""As many more would cost as it costs to compare another value at all."""


@dataclass(frozen=True, slots=True)
class Way:
    """How keys are compared with values."""

    match_type: MatchType
    collation: Collation
    relation: Relation | None

    def matcher(self, keys: tuple[str, ...]) -> Matcher:
        """The comparison with any of these keys; raises MatchInvalid."""
        return matcher(self.match_type, self.collation, keys, self.relation)

    def weight(self, keys: tuple[str, ...]) -> int:
        """What 1,024 characters cost in steps; raises MatchInvalid."""
        return weight(self.match_type, self.collation, keys)

    def preparation(self, keys: tuple[str, ...]) -> int:
        """What it costs in steps to make the matcher of keys that are not known before; raises MatchInvalid."""
        return len(keys) + (_STEPS_OF_WEIGHT * self.weight(keys) if self.match_type is MatchType.REGEX else 0)

    def steps_of(self, values: Sequence[str], weight_of_keys: int) -> int:
        """What it costs to compare all values with all keys."""
        steps = steps_of(values, weight_of_keys)
        if self.collation is UNICODE_CASEMAP:
            letters = sum([len(value) for value in values if not value.isascii()])
            steps += _STEPS_OF_FORM * letters // _CHARACTERS_OF_STEP
        return steps


def steps_of(values: Sequence[str], weight_of_keys: int) -> int:
    """The same, without what it costs to bring values into the form in which they are compared."""
    count = len(values)
    characters = sum(map(len, values)) + count * _CHARACTERS_OF_VALUE
    return 1 + count + weight_of_keys * characters // _CHARACTERS_OF_STEP


def find_in_turns(run: Run, place_key: object, way: Way, keys: tuple[str, ...], values: Sequence[str]) -> Match | None:
    """What a matcher of all keys would find, values first. Interrupts the test where its turn is over, and goes on
    where it was when the test is evaluated anew; `place_key` stands for the test."""
    longest = max(map(len, values)) + _CHARACTERS_OF_VALUE
    weight_of_key = max(1, way.weight(keys) // len(keys))
    size = max(1, STEPS_OF_TURN * _CHARACTERS_OF_STEP // (longest * weight_of_key))
    pieces = -(-len(keys) // size)
    place = run.progress.pop(place_key, 0)
    end = len(values) * pieces
    while place < end:
        value = values[place // pieces]
        start = place % pieces * size
        piece = keys[start : start + size]
        try:
            run.spend_at_once(way.steps_of((value,), way.weight(piece)))
        except Long:
            run.progress[place_key] = place
            raise
        found = way.matcher(piece)((value,))
        if found is not None:
            return found
        place += 1
        if run.steps >= run.pause_at and place < end:
            run.progress[place_key] = place
            raise Tired
    return None
