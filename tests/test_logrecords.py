import json
import logging
import os
import time
from collections.abc import Iterator

import pytest

from angarium.config import SyslogFacility
from angarium.imap import dispatch
from angarium.logrecords import EventLogger, EventRecord
from angarium.logs import JsonFormatter, ReadableFormatter, SyslogHandler

FIELDS = {"service": "imaps", "user": "ann smith", "tls": False, "size_octets": 3, "seconds": 0.25, "none": None}


class Keeping(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.kept: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(record)


@pytest.fixture(params=[logging.Logger, EventLogger], ids=["any logger", "ours"])
def logger(request: pytest.FixtureRequest) -> Iterator[logging.Logger]:
    factory = logging.getLogRecordFactory()
    logging.setLogRecordFactory(EventRecord)
    # Without a parent, since what other tests listen with asks a record for more.
    logger = request.param("angarium.imap.x")
    assert isinstance(logger, logging.Logger)
    yield logger
    logging.setLogRecordFactory(factory)


@pytest.fixture
def kept(logger: logging.Logger) -> list[logging.LogRecord]:
    handler = Keeping()
    logger.addHandler(handler)
    return handler.kept


def test_beside_what_formatters_read_a_record_holds_its_fields_alone(
    logger: logging.Logger, kept: list[logging.LogRecord]
) -> None:
    before = time.time()
    logger.warning("event", extra=FIELDS)
    (record,) = kept
    assert record.__dict__ == FIELDS
    assert list(record.__dict__) == list(FIELDS)
    assert (record.name, record.levelno, record.process) == ("angarium.imap.x", logging.WARNING, os.getpid())
    assert before <= record.created <= time.time()


@pytest.mark.parametrize(
    ("message", "arguments", "told"),
    [
        ("100 %", (), "100 %"),
        ("took %d of %s", (3, "x"), "took 3 of x"),
        ("took %(n)d", ({"n": 3},), "took 3"),
        ("took %s", ({},), "took {}"),
        (ValueError("reason"), (), "reason"),
    ],
)
def test_messages_are_filled_in_as_libraries_expect(
    logger: logging.Logger, kept: list[logging.LogRecord], message: object, arguments: tuple[object, ...], told: str
) -> None:
    logger.warning(message, *arguments)
    assert kept[0].getMessage() == told


@pytest.mark.parametrize("failed", [False, True])
def test_lines_are_those_of_any_other_record(
    logger: logging.Logger, kept: list[logging.LogRecord], *, failed: bool
) -> None:
    try:
        raise ValueError("reason")
    except ValueError:
        logger.error("took %d", 3, extra={**FIELDS, "token": "x"}, exc_info=failed)
    (record,) = kept
    other = logging.LogRecord(record.name, record.levelno, "", 0, record.msg, record.args, record.exc_info)
    other.__dict__.update(record.__dict__, created=record.created)
    syslog = SyslogHandler("angarium", SyslogFacility.MAIL)
    assert ReadableFormatter().format(record) == ReadableFormatter().format(other)
    assert json.loads(JsonFormatter().format(record)) == json.loads(JsonFormatter().format(other))
    assert syslog.datagram(record) == syslog.datagram(other)
    syslog.close()


def test_the_loggers_of_the_program_are_ours() -> None:
    assert type(dispatch.log) is EventLogger


def test_no_field_overwrites_a_part_of_another_record() -> None:
    with pytest.raises(KeyError):
        EventLogger("angarium.imap.x").warning("event", extra={"module": "x"})
