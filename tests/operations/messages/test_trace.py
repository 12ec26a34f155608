"""Trace fields."""

from dataclasses import replace
from datetime import UTC, datetime

from angarium.operations.messages import Trace, missing_fields, trace_header

TRACE = Trace(
    return_path="sender@example.net",
    client_name="client.example.net",
    client_address="[127.0.0.1]",
    server_name="mail.example.org",
    server_version="Angarium 1.0",
    protocol="LMTPA",
    time=datetime(2026, 11, 21, 2, 58, 8, tzinfo=UTC),
    message_id="lmtp-1@mail.example.org",
)


def test_trace_fields_stand_in_the_order_of_cyrus() -> None:
    assert trace_header(TRACE) == (
        b"Return-Path: <sender@example.net>\r\n"
        b"Received: from client.example.net ([127.0.0.1])\r\n"
        b"\t by mail.example.org (Angarium 1.0) with LMTPA;\r\n"
        b"\t Sat, 21 Nov 2026 02:58:08 +0000\r\n"
        b"X-Sieve: CMU Sieve 3.0\r\n"
    )


def test_the_null_path_is_shown_as_such() -> None:
    assert trace_header(replace(TRACE, return_path="")).startswith(b"Return-Path: <>\r\n")


def test_a_line_break_in_a_name_begins_no_field() -> None:
    header = trace_header(replace(TRACE, client_name="evil\r\nX-Spam: no", return_path="a\r\n\r\nb@c"))
    assert b"\r\nX-Spam" not in header
    assert header.count(b"\r\n") == 5


def test_only_what_is_missing_is_added() -> None:
    assert missing_fields(TRACE, message_id=False, date=False) == b""
    assert missing_fields(TRACE, message_id=True, date=False) == b"Message-ID: <lmtp-1@mail.example.org>\r\n"
    assert missing_fields(TRACE, message_id=False, date=True) == b"Date: Sat, 21 Nov 2026 02:58:08 +0000\r\n"
