"""Leaves of a search: found in order, and replaced where they stand."""

from angarium.flags import SystemFlags
from angarium.searchkey import All, And, Flag, Keyword, Not, Or, SearchKey, leaves, replace_leaves

SEEN = Flag(SystemFlags.SEEN)
A, B, C = Keyword("a"), Keyword("b"), Keyword("c")
NESTED = And((A, Or(Not(B), SEEN), Not(And((C, A)))))


def test_leaves_come_in_the_order_of_the_search() -> None:
    assert list(leaves(NESTED)) == [A, B, SEEN, C, A]
    assert list(leaves(SEEN)) == [SEEN]


def test_each_leaf_is_replaced_and_nothing_else() -> None:
    def other(key: SearchKey) -> SearchKey:
        return All() if key == A else key

    assert replace_leaves(NESTED, other) == And((All(), Or(Not(B), SEEN), Not(And((C, All())))))
    assert replace_leaves(A, other) == All()
