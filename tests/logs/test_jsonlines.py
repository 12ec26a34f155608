import json
import logging
import sys
from datetime import datetime

from angarium.logs import JsonFormatter


def record(**fields: object) -> logging.LogRecord:
    return logging.makeLogRecord(
        {
            "name": "angarium.lmtp.session",
            "msg": "delivered",
            "levelno": logging.INFO,
            "process": 7,
            "created": 10.25,
            **fields,
        }
    )


def test_an_object_has_the_fields_beside_those_of_every_event() -> None:
    value = json.loads(JsonFormatter().format(record(mailbox="user.ann", size_octets=3, event="forged")))
    moment = value.pop("time")
    assert datetime.fromisoformat(moment).timestamp() == 10.25
    assert value == {
        "mailbox": "user.ann",
        "size_octets": 3,
        "level": "info",
        "service": "lmtp",
        "process": 7,
        "event": "delivered",
    }


def test_a_traceback_is_a_field_on_the_same_line() -> None:
    try:
        raise ValueError("reason")
    except ValueError:
        line = JsonFormatter().format(record(exc_info=sys.exc_info()))
    assert "\n" not in line
    assert json.loads(line)["traceback"].endswith("ValueError: reason")
