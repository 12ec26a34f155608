from hypothesis import given
from hypothesis import strategies as st

from angarium.engine.rows import AccountId
from angarium.operations.outgoing.schedule import Schedule

ONE, TWO = AccountId("one"), AccountId("two")


def test_accounts_come_by_their_moment_then_in_the_order_of_coming() -> None:
    schedule = Schedule()
    schedule.finish(ONE, 10)
    schedule.finish(TWO, 10)
    schedule.finish(AccountId("three"), 5)
    assert schedule.next_due_s == 5
    assert schedule.take_due(4) is None
    assert [schedule.take_due(10) for _ in range(4)] == ["three", "one", "two", None]
    assert schedule.busy == {"one", "two", "three"}
    assert schedule.next_due_s is None


def test_another_moment_takes_the_place_of_the_first() -> None:
    schedule = Schedule()
    schedule.finish(ONE, 10)
    schedule.finish(ONE, 20)
    assert (schedule.next_due_s, len(schedule)) == (20, 1)
    schedule.finish(ONE, 5)
    assert schedule.take_due(5) == ONE
    assert schedule.take_due(100) is None


def test_an_account_without_mail_is_forgotten() -> None:
    schedule = Schedule()
    schedule.finish(ONE, 10)
    schedule.finish(ONE, None)
    schedule.finish(TWO, None)
    assert schedule.next_due_s is None
    assert len(schedule) == 0


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.none() | st.integers(0, 20))))
def test_the_first_is_always_the_earliest(steps: list[tuple[str, int | None]]) -> None:
    schedule = Schedule()
    known: dict[str, int] = {}
    for account, due_s in steps:
        schedule.finish(AccountId(account), due_s)
        known.pop(account, None)
        if due_s is not None:
            known[account] = due_s
        assert schedule.next_due_s == min(known.values(), default=None)
    found = []
    while (account_id := schedule.take_due(100)) is not None:
        found.append(known[account_id])
    assert found == sorted(known.values())
