"""The table from refusals to answers."""

from collections.abc import Iterator

import pytest

from angarium import errors
from angarium.errors import AngariumError
from angarium.managesieve.refusals import REFUSALS, response_to
from angarium.managesieve.responses import Condition, Response, ResponseCode


def classes_below(root: type[AngariumError]) -> Iterator[type[AngariumError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from classes_below(child)


OF_SCRIPTS = list(classes_below(errors.ScriptError))
TEMPORARY = list(classes_below(errors.TemporaryError))
OF_LOGINS = [
    errors.AuthenticationFailed,
    errors.AuthenticationUnavailable,
    errors.AuthorizationFailed,
    errors.MechanismUnavailable,
    errors.EncryptionNeeded,
    errors.ExchangeFailed,
    errors.SessionLimitExceeded,
    errors.UserNameInvalid,
    errors.PreparationFailed,
]


def answer_to(error: type[AngariumError]) -> Response | None:
    if error is errors.ExchangeFailed:
        return response_to(errors.ExchangeFailed(errors.FailureReason.ABORTED))
    return response_to(error("alice's secret"))


@pytest.mark.parametrize("error", [*OF_SCRIPTS, *TEMPORARY, *OF_LOGINS])
def test_what_a_session_may_meet_has_an_answer(error: type[AngariumError]) -> None:
    answer = answer_to(error)
    assert answer is not None
    assert answer.condition is Condition.NO
    assert "alice" not in answer.text


@pytest.mark.parametrize("error", TEMPORARY)
def test_what_is_temporary_is_said_to_be(error: type[AngariumError]) -> None:
    answer = answer_to(error)
    assert answer is not None
    assert answer.code is ResponseCode.TRYLATER


def test_every_script_error_has_a_line_of_its_own() -> None:
    assert set(OF_SCRIPTS) <= set(REFUSALS)


def test_what_no_session_meets_is_our_fault() -> None:
    assert response_to(errors.FlagInvalid("x")) is None
    assert response_to(AngariumError("x")) is None
