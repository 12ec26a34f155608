from pathlib import Path

import pytest

from angarium.config import EventGroup, EventNotifier, EventParameter, Machine, Settings, parse_settings
from angarium.errors import ConfigError

BASE = "configdirectory: /c\npartition-default: /p\n"


def load(text: str) -> Settings:
    return parse_settings(BASE + text, file=Path("imapd.conf"), machine=Machine("host", 2)).settings


def test_nobody_is_told_unless_somebody_is_named() -> None:
    events = load("").events
    assert events.event_notifier == ()
    assert events.event_groups == (EventGroup.MESSAGE, EventGroup.MAILBOX)
    assert events.event_extra_params == (EventParameter.TIMESTAMP,)
    assert str(events.notifysocket) == "/c/socket/notify"


def test_parameters_may_be_spelled_as_in_cyrus() -> None:
    events = load("event_extra_params: vnd_cmu_sessionId MODSEQ vnd.cmu.midset bodystructure\n").events
    assert events.event_extra_params == (
        EventParameter.SESSIONID,
        EventParameter.MODSEQ,
        EventParameter.MIDSET,
        EventParameter.BODYSTRUCTURE,
    )


def test_a_number_alone_is_of_octets_as_in_cyrus() -> None:
    assert load("event_content_size: 65536\n").events.event_content_size == 65536
    assert load("event_content_size: 64K\n").events.event_content_size == 65536


def test_several_may_be_told() -> None:
    text = "event_notifier: socket webhook external\nnotify_external: /bin/n\nevent_webhook: https://h:1/x?y\n"
    assert load(text).events.event_notifier == (EventNotifier.SOCKET, EventNotifier.WEBHOOK, EventNotifier.EXTERNAL)


@pytest.mark.parametrize(
    "text",
    [
        "event_notifier: external",
        "event_notifier: webhook",
        "event_notifier: everybody",
        "event_groups: everything",
        "event_extra_params: everything",
        "notify_external: notify",
        *[
            f"event_webhook: {url}"
            for url in ("x", "ftp://h/", "http:///x", "http://u@h/", "http://h:0/", "http://h/#f")
        ],
        "event_webhook: http://h:99999/",
        "event_webhook: http://h/ä",
    ],
)
def test_what_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        load(text + "\n")
