"""Replies on the wire."""

import re

import pytest

from angarium.lmtp import replies
from angarium.lmtp.grammar import Problem
from angarium.lmtp.replies import PROBLEMS, Reply

FIXED = [value for value in vars(replies).values() if isinstance(value, Reply)] + list(PROBLEMS.values())


@pytest.mark.parametrize(
    ("reply", "octets"),
    [
        (Reply(354, "", ("go ahead",)), b"354 go ahead\r\n"),
        (Reply(250, "2.1.5", ("Success",), names_session=True), b"250 2.1.5 Success SESSIONID=<abc>\r\n"),
        (Reply(250, "", ("a", "b", "Ok"), names_session=True), b"250-a\r\n250-b\r\n250 Ok SESSIONID=<abc>\r\n"),
        (Reply(550, "5.1.1", ("a", "b")), b"550-5.1.1 a\r\n550 5.1.1 b\r\n"),
    ],
)
def test_serialized(reply: Reply, octets: bytes) -> None:
    assert reply.serialize("abc") == octets


@pytest.mark.parametrize("reply", FIXED)
def test_an_enhanced_code_has_the_class_of_its_reply(reply: Reply) -> None:
    if reply.code == 354:
        assert not reply.enhanced
    else:
        assert re.fullmatch(rf"{reply.code // 100}\.\d{{1,3}}\.\d{{1,3}}", reply.enhanced)


def test_each_problem_has_a_reply() -> None:
    assert set(PROBLEMS) == set(Problem)
