"""The table from refusal to answer."""

from collections.abc import Iterator

import pytest

from angarium import errors
from angarium.imap.errors import ANSWERS, SERVER_BUG, answer_for
from angarium.imap.responses import Condition, ResponseCode

_ROOTS = (errors.AngariumError, errors.PermanentError, errors.TemporaryError)


def _classes(kind: type[errors.AngariumError]) -> Iterator[type[errors.AngariumError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _classes(each)


_REFUSALS = [
    kind for kind in _classes(errors.AngariumError) if kind.__module__ == errors.__name__ and kind not in _ROOTS
]


@pytest.mark.parametrize("kind", _REFUSALS, ids=lambda kind: kind.__name__)
def test_every_refusal_has_an_answer_of_its_own_or_of_its_base(kind: type[errors.AngariumError]) -> None:
    assert any(base in ANSWERS for base in kind.__mro__)


@pytest.mark.parametrize("answer", [*ANSWERS.values(), SERVER_BUG], ids=lambda answer: answer.text.decode())
def test_answers_can_be_sent(answer: object) -> None:
    text = getattr(answer, "text", b"")
    assert text
    assert text.isascii()
    assert text.decode().isprintable()


@pytest.mark.parametrize("kind", [kind for kind in ANSWERS if issubclass(kind, errors.TemporaryError)])
def test_what_may_work_later_is_never_said_to_be_impossible(kind: type[errors.AngariumError]) -> None:
    assert ANSWERS[kind].condition is Condition.NO
    assert ANSWERS[kind].code not in (ResponseCode.CANNOT, ResponseCode.NOPERM, ResponseCode.NONEXISTENT)


def test_answer_is_that_of_the_nearest_base() -> None:
    assert answer_for(errors.MailboxCreatable("x")).code is ResponseCode.TRYCREATE
    assert answer_for(errors.MailboxNotFound("x")).code is ResponseCode.NONEXISTENT

    class Elsewhere(errors.MailboxNotFound):
        pass

    class Unheard(errors.PermanentError):
        pass

    class NotNow(errors.TemporaryError):
        pass

    assert answer_for(Elsewhere("x")).code is ResponseCode.NONEXISTENT
    assert answer_for(Unheard("x")).code is ResponseCode.CANNOT
    assert answer_for(NotNow("x")).code is ResponseCode.UNAVAILABLE


def test_who_may_not_know_is_told_what_a_stranger_is_told() -> None:
    assert answer_for(errors.AccountNotFound("x")) == answer_for(errors.MailboxNotFound("x"))
