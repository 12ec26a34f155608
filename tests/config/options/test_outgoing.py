from datetime import timedelta
from pathlib import Path

import pytest

from angarium.config import OutgoingSettings, Relay, SmtpBackend, parse_settings
from angarium.errors import ConfigError

BASE = "configdirectory: /c\npartition-default: /p\n"


def outgoing(text: str = "") -> OutgoingSettings:
    return parse_settings(BASE + text, file=Path("/etc/imapd.conf")).settings.outgoing


def test_defaults_are_those_of_cyrus() -> None:
    settings = outgoing()
    assert settings.smtp_backend is SmtpBackend.SENDMAIL
    assert settings.sendmail == Path("/usr/lib/sendmail")
    assert settings.sendmail_auth_id == "CYRUS_SENDMAIL_AUTH_ID"
    assert settings.smtp_host == Relay("localhost", 587)
    assert settings.postmaster == "postmaster"
    assert settings.queue_lifetime == timedelta(days=5)
    assert (settings.srs_domain, settings.srs_secrets, settings.srs_hashlength) == (None, (), 0)


def test_options_are_read() -> None:
    settings = outgoing(
        "smtp_backend: host\nsmtp_host: mx:25/tls\nsrs_domain: Ours.Example\nsrs_secrets: one two\nqueue_lifetime: 2d\n"
        "srs_separator: +\nsendmail_auth_id:\n"
    )
    assert settings.smtp_backend is SmtpBackend.HOST
    assert settings.smtp_host == Relay("mx", 25, requires_tls=True)
    assert (settings.srs_domain, settings.srs_secrets, settings.srs_separator) == ("ours.example", ("one", "two"), "+")
    assert settings.queue_lifetime == timedelta(days=2)
    assert settings.sendmail_auth_id == ""


@pytest.mark.parametrize(
    "line",
    [
        "sendmail: sendmail",
        "smtp_host: mx:x",
        "srs_separator: #",
        "srs_hashlength: 99",
        "postmaster: a b",
        "queue_parallel: 0",
        "queue_lifetime: 0",
        "sendmail_auth_id: A=B",
    ],
)
def test_bad_values_stop_the_start(line: str) -> None:
    with pytest.raises(ConfigError):
        parse_settings(f"{BASE}{line}\n", file=Path("/etc/imapd.conf"))
