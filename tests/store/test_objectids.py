"""Object identifiers and back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.engine.rows import EmailId, ThreadId
from angarium.store.objectids import email_object_id, parse_email_id, parse_thread_id, thread_object_id

numbers = st.integers(0, (1 << 63) - 1)


@given(numbers)
def test_ids_are_read_back(number: int) -> None:
    email, thread = EmailId(number), ThreadId(number)
    assert parse_email_id(email_object_id(email)) == email
    assert parse_thread_id(thread_object_id(thread)) == thread
    assert re.fullmatch("[A-Za-z0-9_-]{1,255}", email_object_id(email))  # RFC 8474 §7


@given(numbers)
def test_kinds_are_kept_apart(number: int) -> None:
    assert parse_email_id(thread_object_id(ThreadId(number))) is None
    assert parse_thread_id(email_object_id(EmailId(number))) is None


@pytest.mark.parametrize(
    "text", ["", "M", "M1", "M00000000000000FF", "M0000000000000001 ", "Mffffffffffffffff", "x" * 255]
)
def test_what_is_no_id_is_none(text: str) -> None:
    assert parse_email_id(text) is None
    assert parse_thread_id("T" + text[1:]) is None
