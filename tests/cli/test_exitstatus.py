import os

import pytest

from angarium import errors
from angarium.cli.exitstatus import exit_status


def subclasses(cls: type[errors.AngariumError]) -> set[type[errors.AngariumError]]:
    return {cls}.union(*[subclasses(each) for each in cls.__subclasses__()])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.ConfigError("x"), os.EX_CONFIG),
        (errors.UserNotFound("x"), os.EX_NOUSER),
        (errors.MailboxNotFound("x"), os.EX_DATAERR),
        (errors.MailboxCreatable("x"), os.EX_DATAERR),
        (errors.StoreBusy("x"), os.EX_TEMPFAIL),
        (errors.StoreInUse("x"), os.EX_UNAVAILABLE),
        (errors.DiskFull("x"), os.EX_IOERR),
        (errors.AngariumError("x"), os.EX_SOFTWARE),
    ],
)
def test_the_nearest_class_decides(error: errors.AngariumError, status: int) -> None:
    assert exit_status(error) == status


def test_no_refusal_looks_like_success() -> None:
    for cls in subclasses(errors.AngariumError):
        assert exit_status(cls.__new__(cls)) >= os.EX_USAGE


def test_what_may_succeed_later_is_never_told_as_a_fault_of_the_input() -> None:
    for cls in subclasses(errors.TemporaryError):
        assert exit_status(cls.__new__(cls)) in (os.EX_TEMPFAIL, os.EX_IOERR)
