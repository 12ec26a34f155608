from datetime import UTC, datetime

import pytest
from tests.compose.letters import HEADER

from angarium.compose import (
    Original,
    Rewriter,
    header_of,
    redirected_head,
    redirected_parameters,
    redirected_sender,
    why_not_redirected,
)

OWNER = "alice@mail.example.org"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
REWRITER = Rewriter(domain="ours.example", secrets=("s",))


@pytest.mark.parametrize(
    ("trace", "left"),
    [
        (b"Return-Path: <a@b>\r\n", b""),
        (b"return-path:<>\r\n", b""),
        (b"Return-Path: <a@b>\r\nReturn-Path: <c@d>\r\n", b""),
        (b"Return-Path:\r\n <a@b>\r\n", b""),
        (b"", b""),
        (b"X: 1\r\nReturn-Path: <a@b>\r\n", b"X: 1\r\nReturn-Path: <a@b>\r\n"),
    ],
)
def test_our_own_return_path_is_left_out_and_all_else_stays(trace: bytes, left: bytes) -> None:
    message = trace + HEADER + b"\r\nbody\r\n"
    head = redirected_head(message, owner=OWNER)
    assert head.octets == b"X-Sieve-Action: redirect\r\nX-Sieve-Redirected-From: alice@mail.example.org\r\n"
    assert message[head.offset :] == left + HEADER + b"\r\nbody\r\n"


def test_what_comes_back_is_known() -> None:
    message = b"Return-Path: <a@b>\r\n" + HEADER + b"\r\nbody\r\n"
    assert why_not_redirected(Original(header_of(message)), owner=OWNER) is None
    head = redirected_head(message, owner=OWNER)
    sent = head.octets + message[head.offset :]
    again = Original(header_of(b"Return-Path: <a@b>\r\nReceived: by us\r\n" + sent))
    assert why_not_redirected(again, owner=OWNER) == "loop"
    assert why_not_redirected(again, owner="bob@mail.example.org") is None


@pytest.mark.parametrize(
    ("sender", "wants_reports", "rewriter", "expected"),
    [
        ("a@b.c", False, None, "a@b.c"),
        ("a@b.c", True, None, OWNER),
        ("a@b.c", True, REWRITER, OWNER),
        ("", False, REWRITER, ""),
        ("", True, None, ""),
    ],
)
def test_who_a_redirected_message_comes_from(
    sender: str, wants_reports: bool, rewriter: Rewriter | None, expected: str
) -> None:
    found = redirected_sender(sender, owner=OWNER, wants_reports=wants_reports, rewriter=rewriter, now_s=0)
    assert found == expected


def test_the_sender_is_rewritten_where_the_site_wants_it() -> None:
    found = redirected_sender("a@b.c", owner=OWNER, wants_reports=False, rewriter=REWRITER, now_s=0)
    assert REWRITER.reverse(found, now_s=0) == "a@b.c"


def parameters(
    by_time: str | None = None, by_mode: str = "", *, by_trace: bool = False, notify: str | None = None
) -> dict[str, str]:
    found = redirected_parameters(
        notify=notify, ret="hdrs" if notify else None, by_time=by_time, by_mode=by_mode, by_trace=by_trace, moment=NOW
    )
    return dict(found)


@pytest.mark.parametrize(
    ("by_time", "by_mode", "by_trace", "by"),
    [
        ("600", "R", False, "600;R"),
        ("600", "", False, "600;R"),
        ("600", "N", True, "600;NT"),
        ("2026-11-21T12:10:00Z", "R", False, "600;R"),
        ("2026-11-21T13:10:00+01:00", "N", False, "600;N"),
        ("2026-11-21T11:00:00Z", "N", False, "-3600;N"),
        ("2026-11-21T11:00:00Z", "R", False, "1;R"),
        ("0", "R", False, "1;R"),
    ],
)
def test_a_time_of_delivery_is_seconds(by_time: str, by_mode: str, by_trace: bool, by: str) -> None:
    assert parameters(by_time, by_mode, by_trace=by_trace) == {"BY": by}


@pytest.mark.parametrize("by_time", ["soon", "-5", "2026-11-21T11:00:00", "12345678901"])
def test_what_is_no_time_is_refused(by_time: str) -> None:
    with pytest.raises(ValueError, match=r"zone|Invalid|month"):
        parameters(by_time)


def test_reports_are_asked_for() -> None:
    assert parameters(notify="failure,delay") == {"NOTIFY": "FAILURE,DELAY", "RET": "HDRS"}
    assert parameters() == {}
