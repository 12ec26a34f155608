import logging

import pytest

from angarium.logs import word_event

CLIENT = {"host": "pc.example.org", "address": "192.0.2.7"}
FAILED = {**CLIENT, "outcome": "failed", "user": "ann"}


@pytest.mark.parametrize(
    ("event", "fields", "sentence"),
    [
        (
            "login",
            {**CLIENT, "outcome": "ok", "user": "ann", "mechanism": "PLAIN", "tls": True, "session": "s1"},
            "login: pc.example.org [192.0.2.7] ann PLAIN+TLS User logged in SESSIONID=<s1>",
        ),
        (
            "login",
            {"address": "::1", "outcome": "ok", "user": "ann", "mechanism": "plaintext", "tls": False, "session": "s1"},
            "login: [::1] ann plaintext User logged in SESSIONID=<s1>",
        ),
        (
            "login",
            {**CLIENT, "outcome": "ok", "user": "anonymous", "mechanism": "ANONYMOUS", "session": "s1", "trace": "a b"},
            'login: pc.example.org [192.0.2.7] anonymous ANONYMOUS User logged in SESSIONID=<s1> trace="a b"',
        ),
        (
            "login",
            {**FAILED, "mechanism": "PLAIN", "refusal": "AuthenticationFailed", "reason": "no such user"},
            "badlogin: pc.example.org [192.0.2.7] PLAIN (ann) [SASL(-13): authentication failure: no such user]",
        ),
        (
            "login",
            {**FAILED, "mechanism": "plaintext", "refusal": "AuthenticationFailed", "reason": "Incorrect password"},
            "badlogin: pc.example.org [192.0.2.7] plaintext ann SASL(-13): authentication failure: Incorrect password",
        ),
        (
            "login",
            {**FAILED, "mechanism": "LOGIN", "refusal": "AccessDenied", "reason": "ann is denied imap"},
            "badlogin: pc.example.org [192.0.2.7] LOGIN (ann) [SASL(-14): authorization failure: ann is denied imap]",
        ),
        (
            "login",
            {**FAILED, "mechanism": "X", "refusal": "AuthenticationUnavailable", "reason": "gone"},
            "badlogin: pc.example.org [192.0.2.7] X (ann) [SASL(-24): remote authentication server unavailable: gone]",
        ),
        (
            "login",
            {**FAILED, "mechanism": "PLAIN", "refusal": "SessionLimitExceeded", "reason": "too many"},
            "badlogin: pc.example.org [192.0.2.7] PLAIN (ann) [SASL(-1): generic failure: too many]",
        ),
        (
            "delivered",
            {"message_id": "<a@b>", "mailbox": "user.ann"},
            "Delivered: <a@b> to mailbox: user.ann",
        ),
        (
            "duplicate_eliminated",
            {"message_id": "<a@b>", "mailbox": "user.ann"},
            "dupelim: eliminated duplicate message to user.ann id <a@b>",
        ),
        ("session_ended", {"user": "ann", "user_s": 0.25}, "USAGE ann user: 0.250000 sys: 0.000000"),
        ("worker_exited", {"worker": 31003, "signal": 11}, "process 31003 exited, signaled to death by 11"),
        ("worker_exited", {"worker": 31003, "status": 1}, "process 31003 exited, status 1"),
        ("other", {"service": "imap", "path": "a b", "count": 2}, 'other path="a b" count=2'),
    ],
)
def test_events_in_the_words_of_syslog(event: str, fields: dict[str, object], sentence: str) -> None:
    assert word_event(logging.makeLogRecord({"msg": event, **fields})) == sentence
