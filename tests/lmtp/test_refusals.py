"""The table from refusals to replies."""

import re
from collections.abc import Iterator

import pytest

from angarium import errors
from angarium.errors import AngariumError, MessageDefect, MessageInvalid, PermanentError, TemporaryError
from angarium.lmtp.refusals import DEFECTS, NOT_MET, REFUSALS, rejected, reply_to


def classes_below(root: type[AngariumError]) -> Iterator[type[AngariumError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from classes_below(child)


WORDED = {MessageInvalid, errors.DeliveryRefused}
"""Those that say themselves what is answered."""

ALL = sorted(set(classes_below(AngariumError)), key=lambda each: each.__name__)


@pytest.mark.parametrize("error", ALL)
def test_each_refusal_is_in_one_of_the_tables(error: type[AngariumError]) -> None:
    assert [error in REFUSALS, error in NOT_MET, error in WORDED].count(True) == 1


def test_the_tables_name_no_class_that_is_gone() -> None:
    assert set(REFUSALS) | NOT_MET <= set(ALL)


@pytest.mark.parametrize("error", ALL)
def test_what_is_temporary_is_answered_so(error: type[AngariumError]) -> None:
    if issubclass(error, TemporaryError) and error in REFUSALS:
        assert 400 <= REFUSALS[error].code < 500


@pytest.mark.parametrize("defect", MessageDefect)
def test_each_defect_has_its_reply(defect: MessageDefect) -> None:
    assert reply_to(MessageInvalid(defect), over_quota_is_permanent=False) is DEFECTS[defect]


@pytest.mark.parametrize(
    ("error", "permanent", "octets"),
    [
        (errors.QuotaExceeded("x"), False, b"452 4.2.2 Over quota SESSIONID=<s1>\r\n"),
        (errors.QuotaExceeded("x"), True, b"552 5.2.2 Over quota SESSIONID=<s1>\r\n"),
        (errors.MessageTooLarge("x"), False, b"552 5.3.4 Message size exceeds fixed limit\r\n"),
        (errors.StoreBusy("x"), False, b"451 4.3.2 System busy, try again later SESSIONID=<s1>\r\n"),
        (errors.DiskFull("x"), False, b"452 4.3.1 Insufficient system storage SESSIONID=<s1>\r\n"),
        (errors.StoreDamaged("x"), False, b"451 4.3.0 System error, try again later SESSIONID=<s1>\r\n"),
        (errors.DeliveryRefused("no\nthanks"), False, b"550-5.7.1 no\r\n550 5.7.1 thanks\r\n"),
        (errors.DeliveryRefused(""), False, b"550 5.7.1 rejected\r\n"),
        (MessageInvalid(MessageDefect.NUL), False, b"554 5.6.0 Message contains NUL characters\r\n"),
        # A fault of ours must not make mail bounce.
        (errors.MailboxExists("x"), False, b"451 4.3.0 Internal error SESSIONID=<s1>\r\n"),
        (PermanentError("x"), False, b"451 4.3.0 Internal error SESSIONID=<s1>\r\n"),
        (KeyError("x"), False, b"451 4.3.0 Internal error SESSIONID=<s1>\r\n"),
    ],
)
def test_replies(error: Exception, permanent: bool, octets: bytes) -> None:
    assert reply_to(error, over_quota_is_permanent=permanent).serialize("s1") == octets


def test_a_class_that_is_new_is_answered_as_its_parent() -> None:
    class DiskOnFire(errors.DiskFailed):
        pass

    reply = reply_to(DiskOnFire("help"), over_quota_is_permanent=False)
    assert reply is REFUSALS[errors.DiskFailed]


def test_no_reply_tells_what_the_log_is_told() -> None:
    secret = "/var/spool/imap/user/alice"
    for error in ALL:
        if error not in WORDED | {errors.RightUnknown, errors.ExchangeFailed}:
            assert secret.encode() not in reply_to(error(secret), over_quota_is_permanent=False).serialize("s1")


@pytest.mark.parametrize("reason", ["a\x01b\x7f\n250 ok", "word " * 5000, "x" * 20_000, "line\n" * 5000, "\t\n \n"])
def test_whatever_a_script_says_is_a_reply(reason: str) -> None:
    octets = rejected(reason).serialize("s")
    *lines, nothing = octets.split(b"\r\n")
    assert nothing == b""
    assert len(lines) <= 64
    assert all(re.fullmatch(rb"550[ -]5\.7\.1 [\t -~]{0,490}", line) for line in lines)
