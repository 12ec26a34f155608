from collections.abc import Generator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.threads import model
from tests.threads.model import Message

from angarium.mime import base_subject
from angarium.threads import (
    MessageIds,
    Threads,
    serialize_threads,
    thread_by_references,
    thread_by_refs,
    thread_by_subject,
)


def result_of(slices: Generator[None, None, Threads]) -> Threads:
    while True:
        try:
            next(slices)
        except StopIteration as done:
            result: Threads = done.value
            return result


def printed(threads: Threads) -> str:
    return b"".join(serialize_threads(threads, range(1, len(threads.rows) + 1))).decode()


def ids_of(messages: list[Message]) -> MessageIds:
    return MessageIds([message.id for message in messages], [message.references for message in messages])


def sent_of(messages: list[Message]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.array([message.sent_s for message in messages], np.int64)


def references(messages: list[Message]) -> str:
    threads = thread_by_references(
        ids_of(messages),
        subjects=[message.subject for message in messages],
        is_reply=[message.is_reply for message in messages],
        sent_s=sent_of(messages),
    )
    return printed(result_of(threads))


def refs(messages: list[Message]) -> str:
    internal_s = np.array([message.internal_s for message in messages], np.int64)
    return printed(result_of(thread_by_refs(ids_of(messages), sent_s=sent_of(messages), internal_s=internal_s)))


def ordered_subject(messages: list[Message]) -> str:
    places = {subject: place for place, subject in enumerate(sorted({message.subject for message in messages}))}
    ranks = np.array([places[message.subject] for message in messages], np.int64)
    return printed(result_of(thread_by_subject(ranks, sent_of(messages))))


def mail(id_: str, *references_: str, subject: str = "", sent_s: int = 0, internal_s: int = 0) -> Message:
    base = base_subject(subject)
    return Message(id_, references_, base.text.lower(), base.is_reply, sent_s, internal_s)


def test_the_corpus_that_was_recorded() -> None:
    """All dates are equal; only the second message has a reference."""
    messages = [
        mail("s1", subject="Apple", internal_s=1),
        mail("s2", "s1", subject="Re: Apple", internal_s=2),
        mail("s3", subject="Banana", internal_s=3),
        mail("s4", subject="[list] Re: apple (fwd)", internal_s=4),
    ]
    assert ordered_subject(messages) == "(1 (2)(4))(3)"
    assert references(messages) == "(1 (2)(4))(3)"
    assert refs(messages) == "(1 2)(3)(4)"


@pytest.mark.parametrize(
    ("messages", "threads"),
    [
        pytest.param([], "", id="none"),
        pytest.param([mail("")], "(1)", id="one without an id"),
        pytest.param([mail(""), mail("")], "(1)(2)", id="without ids"),
        pytest.param([mail("a"), mail("b", "a"), mail("c", "a", "b")], "(1 2 3)", id="chain"),
        pytest.param([mail("c", "a", "b"), mail("b", "a"), mail("a")], "(3 2 1)", id="chain backwards"),
        pytest.param([mail("b", "x"), mail("c", "x")], "((1)(2))", id="the parent is missing"),
        pytest.param([mail("b", "x")], "(1)", id="the only child of a missing parent"),
        pytest.param([mail("c", "x", "y"), mail("d", "x", "z")], "((1)(2))", id="missing ones below a missing one"),
        pytest.param([mail("a"), mail("c", "a", "y"), mail("d", "a", "z")], "(1 (2)(3))", id="missing between"),
        pytest.param([mail("a"), mail("a"), mail("b", "a")], "(1 3)(2)", id="the first of two has the id"),
        pytest.param([mail("a", "a")], "(1)", id="answers itself"),
        pytest.param([mail("a", "b"), mail("b", "a")], "(2 1)", id="answer one another"),
        pytest.param([mail("a", "c"), mail("b", "a"), mail("c", "b")], "(3 1 2)", id="loop of three"),
        # What the references of 1 say of `b` yields to what `b` says itself.
        pytest.param([mail("c", "a", "b"), mail("b", "d"), mail("d"), mail("a")], "(3 2 1)(4)", id="better parent"),
        pytest.param([mail("c", "a", "b"), mail("b"), mail("a")], "(2 1)(3)", id="no parent is better"),
        # A link that is there is not changed by the references of a later message.
        pytest.param([mail("a"), mail("x"), mail("b", "a"), mail("c", "x", "b")], "(1 3 4)(2)", id="first link"),
        # A parent that is missing and mentioned once is one all the same.
        pytest.param(
            [mail("a"), mail("b"), mail("c", "x", "b"), mail("d", "a", "b")], "(1)(2 (3)(4))", id="missing first link"
        ),
        pytest.param([mail("a"), mail("b", "x"), mail("c", "a", "b")], "(1)(2 3)", id="a missing parent is not moved"),
        pytest.param([mail("a"), mail("c", "a", "y", "b"), mail("b")], "(1)(3 2)", id="missing in the middle"),
        pytest.param([mail("b", "x", "x", "x"), mail("c", "x")], "((1)(2))", id="an id several times"),
        pytest.param(
            [mail("a", sent_s=9), mail("b", "a", sent_s=3), mail("c", "a", sent_s=1), mail("d", sent_s=5)],
            "(4)(1 (3)(2))",
            id="siblings by date",
        ),
        pytest.param(
            [mail("b", "x", sent_s=9), mail("c", "x", sent_s=2), mail("d", sent_s=5)],
            "((2)(1))(3)",
            id="a dummy has the date of its first child",
        ),
    ],
)
def test_references_without_subjects(messages: list[Message], threads: str) -> None:
    assert references(messages) == threads == model.references(messages)
    assert refs(messages) == model.refs(messages)


@pytest.mark.parametrize(
    ("messages", "threads"),
    [
        pytest.param([mail("a", subject="x"), mail("b", subject="Re: x")], "(1 2)", id="reply below original"),
        pytest.param([mail("a", subject="Re: x"), mail("b", subject="x")], "(2 1)", id="original sent later"),
        pytest.param([mail("a", subject="x"), mail("b", subject="x")], "((1)(2))", id="two originals"),
        pytest.param([mail("a", subject="Re: x"), mail("b", subject="Fwd: x")], "((1)(2))", id="two replies"),
        pytest.param(
            [mail("a", subject="[l] x"), mail("b", subject="x (fwd)")], "(1 2)", id="a list's mark is no reply"
        ),
        pytest.param(
            [mail("a", subject="x"), mail("b", subject="x"), mail("c", subject="Re: x")],
            "((1)(2)(3))",
            id="a third one joins the dummy",
        ),
        pytest.param([mail("a"), mail("b")], "(1)(2)", id="no subject is none in common"),
        pytest.param([mail("a", subject="Re: "), mail("b", subject="Re:")], "(1)(2)", id="no base subject either"),
        pytest.param(
            [mail("b", "m", subject="Re: x"), mail("c", "m", subject="y"), mail("d", subject="x")],
            "((1)(2)(3))",
            id="the subject of a dummy is that of its first child",
        ),
        pytest.param(
            [mail("b", "m", subject="x"), mail("c", "m"), mail("d", "n", subject="x"), mail("e", "n")],
            "((1)(2)(3)(4))",
            id="two dummies",
        ),
        pytest.param(
            [mail("a", subject="x"), mail("b", "m", subject="x"), mail("c", "m", subject="x")],
            "((1)(2)(3))",
            id="a dummy takes the place of a message",
        ),
        pytest.param(
            [mail("a", subject="x"), mail("b", "a", subject="y"), mail("c", subject="y")],
            "(1 2)(3)",
            id="only threads are gathered, not messages within",
        ),
        pytest.param(
            [mail("a", subject="x", sent_s=5), mail("b", "a", sent_s=7), mail("c", subject="Re: x", sent_s=6)],
            "(1 (3)(2))",
            id="gathered among the replies by date",
        ),
        pytest.param(
            [mail("a", subject="x", sent_s=5), mail("b", subject="y", sent_s=4), mail("c", subject="x", sent_s=3)],
            "((3)(1))(2)",
            id="a new dummy has the date of its first child",
        ),
    ],
)
def test_references_gathers_subjects(messages: list[Message], threads: str) -> None:
    assert references(messages) == threads == model.references(messages)
    assert refs(messages) == model.refs(messages)


def test_a_new_message_makes_its_thread_the_last_in_refs() -> None:
    messages = [
        mail("a", sent_s=1, internal_s=1),
        mail("b", sent_s=2, internal_s=2),
        mail("c", "x", sent_s=5, internal_s=3),
        mail("d", "x", sent_s=4, internal_s=4),
        mail("e", "a", sent_s=0, internal_s=5),
    ]
    assert refs(messages) == "(2)((4)(3))(1 5)"


@pytest.mark.parametrize(
    ("subjects", "dates", "threads"),
    [
        ([], [], ""),
        (["x"], [1], "(1)"),
        (["x", "y", "x"], [1, 2, 3], "(1 3)(2)"),
        (["x", "y", "x"], [3, 2, 1], "(3 1)(2)"),
        (["x", "x", "x", "x"], [4, 3, 3, 1], "(4 (2)(3)(1))"),
        (["y", "x"], [1, 1], "(1)(2)"),
        (["", "", "x"], [1, 2, 3], "(1 2)(3)"),
    ],
)
def test_ordered_subject(subjects: list[str], dates: list[int], threads: str) -> None:
    messages = [mail("", subject=subject, sent_s=date) for subject, date in zip(subjects, dates, strict=True)]
    assert ordered_subject(messages) == threads


IDS = st.sampled_from("abcdefgh")
MAIL = st.builds(
    Message,
    id=st.one_of(st.just(""), IDS),
    references=st.lists(IDS, max_size=4).map(tuple),
    subject=st.sampled_from(["", "", "x", "y"]),
    is_reply=st.booleans(),
    sent_s=st.integers(0, 3),
    internal_s=st.integers(0, 5),
)


@given(st.lists(MAIL, max_size=10))
def test_the_algorithms_give_what_the_model_gives(messages: list[Message]) -> None:
    assert references(messages) == model.references(messages)
    assert refs(messages) == model.refs(messages)


@given(st.lists(MAIL, max_size=12))
def test_ordered_subject_is_sorting_and_splitting(messages: list[Message]) -> None:
    groups: dict[str, list[int]] = {}
    for row in sorted(range(len(messages)), key=lambda row: (messages[row].sent_s, row)):
        groups.setdefault(messages[row].subject, []).append(row + 1)
    expected = ""
    for first, *others in groups.values():  # in the order of their first messages
        below = f" {others[0]}" if len(others) == 1 else " " * bool(others) + "".join(f"({row})" for row in others)
        expected += f"({first}{below})"
    assert ordered_subject(messages) == expected


DEEP = 10_000


def chain(order: Sequence[int], *, window: int) -> list[Message]:
    return [
        mail(f"i{place}", *(f"i{above}" for above in range(max(0, place - window), place)), sent_s=place)
        for place in order
    ]


@pytest.mark.parametrize("window", [1, 20])
@pytest.mark.parametrize(
    "order",
    [range(DEEP), range(DEEP - 1, -1, -1), [place * 7919 % DEEP for place in range(DEEP)]],
    ids=["ascending", "descending", "shuffled"],
)
def test_a_thread_may_be_as_deep_as_the_mailbox(order: Sequence[int], window: int) -> None:
    row_of = {place: row for row, place in enumerate(order)}
    expected = " ".join(str(row_of[place] + 1) for place in range(DEEP))
    messages = chain(order, window=window)
    assert references(messages) == f"({expected})"
    assert refs(messages) == f"({expected})"


def test_one_subject_makes_one_thread() -> None:
    messages = [mail(f"i{place}", subject="x", sent_s=place) for place in range(DEEP)]
    lists = "".join(f"({place + 1})" for place in range(DEEP))
    assert references(messages) == f"({lists})"
    assert ordered_subject(messages) == f"(1 {lists.removeprefix('(1)')})"


def test_a_loop_of_all_messages_is_cut_once() -> None:
    messages = [mail(f"i{place}", f"i{(place + 1) % DEEP}", sent_s=place) for place in range(DEEP)]
    assert references(messages) == "(" + " ".join(str(place) for place in range(DEEP, 0, -1)) + ")"


def test_one_message_may_mention_more_than_there_are() -> None:
    missing = [f"m{place}" for place in range(DEEP)]
    assert references([mail("a", *missing), mail("b", *missing[:-1])]) == "((1)(2))"


def test_mail_made_to_take_long_is_threaded_in_bounded_work_and_without_loss() -> None:
    """A deep thread, and messages with children that are all moved below its end."""
    deep = [f"d{place}" for place in range(5_000)]
    messages = [mail("a", *deep)]
    messages += [mail(f"c{place}", f"p{place}") for place in range(5_000)]
    messages += [mail(f"p{place}", deep[-1]) for place in range(5_000)]
    found = references(messages)
    numbers = [int(number) for number in found.replace("(", " ").replace(")", " ").split()]
    assert sorted(numbers) == list(range(1, len(messages) + 1))
    assert found.startswith("((1)(")


def test_long_work_is_cut_into_slices() -> None:
    messages = chain(range(DEEP), window=20)
    subjects, is_reply, sent_s = [""] * DEEP, [False] * DEEP, sent_of(messages)
    slices = thread_by_references(ids_of(messages), subjects=subjects, is_reply=is_reply, sent_s=sent_s)
    assert sum(1 for _ in slices) > 20
    alone = MessageIds([""] * DEEP, [()] * DEEP)
    assert sum(1 for _ in thread_by_refs(alone, sent_s=sent_s, internal_s=sent_s)) > 10
    assert sum(1 for _ in thread_by_subject(np.zeros(DEEP, np.int64), sent_s)) == 4
