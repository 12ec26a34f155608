"""The table from refusals to replies."""

from collections.abc import Iterator

import pytest

from angarium import errors
from angarium.errors import AngariumError, FailureReason
from angarium.pop3.refusals import REFUSALS, reply_to
from angarium.pop3.replies import Code


def classes_below(root: type[AngariumError]) -> Iterator[type[AngariumError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from classes_below(child)


ALL = sorted(set(classes_below(AngariumError)), key=lambda each: each.__name__)


@pytest.mark.parametrize("kind", ALL)
def test_what_is_temporary_is_told_so_and_nothing_else_is(kind: type[AngariumError]) -> None:
    reply = next(REFUSALS[each] for each in kind.__mro__ if each in REFUSALS)
    if issubclass(kind, errors.TemporaryError) and kind is not errors.StoreDamaged:
        assert reply.code is Code.SYS_TEMP
    elif kind is not AngariumError:
        assert reply.code is not Code.SYS_TEMP


@pytest.mark.parametrize(
    ("error", "octets"),
    [
        (errors.AuthenticationFailed("x"), b"-ERR [AUTH] Invalid login\r\n"),
        (errors.AuthorizationFailed("x"), b"-ERR [AUTH] Invalid login\r\n"),
        (errors.AuthenticationUnavailable("x"), b"-ERR [SYS/TEMP] authentication is not available now\r\n"),
        (errors.ExchangeFailed(FailureReason.ABORTED), b"-ERR Client canceled authentication\r\n"),
        (errors.ExchangeFailed(FailureReason.NOT_BASE64), b"-ERR Invalid base64 in response\r\n"),
        (errors.ExchangeFailed(FailureReason.MALFORMED), b"-ERR [AUTH] Invalid login\r\n"),
        (errors.EncryptionNeeded("x"), b"-ERR [AUTH] encryption needed to use mechanism\r\n"),
        (errors.MailboxMoving("x"), b"-ERR [SYS/TEMP] Mailbox is being moved\r\n"),
        (errors.NamesChanged("x"), b"-ERR [SYS/TEMP] Mailbox is locked\r\n"),
        (errors.StoreDamaged("/path"), b"-ERR [SYS/PERM] Mailbox has an invalid format\r\n"),
        (errors.UidsExhausted("x"), b"-ERR [SYS/PERM] Operation cannot be done\r\n"),
    ],
)
def test_replies(error: AngariumError, octets: bytes) -> None:
    assert reply_to(error).serialize() == octets
