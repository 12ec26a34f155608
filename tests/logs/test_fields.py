import logging

import pytest

from angarium.logs import event_of, fields_of, service_of


def record(event: str = "event", /, name: str = "angarium.imap.session", **fields: object) -> logging.LogRecord:
    return logging.makeLogRecord({"name": name, "msg": event, "levelno": 20, **fields})


def test_fields_are_what_was_passed_as_extra_in_order() -> None:
    assert fields_of(record(b=1, a="x", none=None)) == {"b": 1, "a": "x", "none": None}
    assert list(fields_of(record(b=1, a="x"))) == ["b", "a"]


def test_values_of_other_types_become_text() -> None:
    assert fields_of(record(value=("a", 1)))["value"] == "('a', 1)"


@pytest.mark.parametrize("name", ["password", "secret", "credentials", "token", "body"])
def test_secrets_are_never_fields(name: str) -> None:
    assert fields_of(record(user="ann", **{name: "hunter2"})) == {"user": "ann"}


def test_a_library_s_arguments_are_filled_in() -> None:
    assert event_of(record("took %d", args=(3,))) == "took 3"


@pytest.mark.parametrize(
    ("name", "service", "found"),
    [
        ("angarium.imap.session", "imaps", "imaps"),
        ("angarium.imap.session", "", "imap"),
        ("angarium.master.workers", None, "master"),
        ("asyncio", None, "asyncio"),
    ],
)
def test_the_service_is_a_field_or_the_package(name: str, service: str | None, found: str) -> None:
    fields = {} if service is None else {"service": service}
    assert service_of(record("event", name, **fields)) == found
